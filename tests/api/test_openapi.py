"""The description of the API: up to date, complete, readable here without anything from elsewhere."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from api.calls import Caller
from regulars import api as door

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_the_pages_made_from_the_code_are_up_to_date():
    for name, text in door.reference_pages().items():
        assert (REFERENCE / name).read_text("utf-8") == text, f"run `python -m regulars.api docs/reference` for {name}"


def test_the_document_is_served_to_everyone(unmoved: Caller):
    served = unmoved.get("/v1/openapi.json", by=None)
    assert served.headers["content-type"] == "application/json"
    assert served.json() == door.openapi_document()


def operations() -> list[dict[str, Any]]:
    return [one for methods in door.openapi_document()["paths"].values() for one in methods.values()]


def test_every_operation_says_what_it_does_and_what_it_may_refuse():
    for one in operations():
        assert one["summary"], one
        assert one["operationId"].isidentifier()
        assert {"400", "401", "403", "429", "503"} <= one["responses"].keys()
        assert any(status.startswith("2") for status in one["responses"])
        for parameter in one["parameters"]:
            assert parameter.get("description"), (one["operationId"], parameter["name"])


def parts(
    schema: dict[str, Any], where: str, schemas: dict[str, Any], seen: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and everything it is made of, each with its place."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in seen:
        return
    if name:
        seen.add(name)
        schema = schemas[name]
    yield where, schema
    inner = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    for one in inner:
        yield from parts(one, where, schemas, seen)
    for field, one in schema.get("properties", {}).items():
        yield from parts(one, f"{name or where}.{field}", schemas, seen)


def is_bounded(schema: dict[str, Any]) -> bool:
    match schema.get("type"):
        case "object" if "properties" in schema:
            return schema["additionalProperties"] is False
        case "string":
            return bool({"maxLength", "pattern", "enum"} & schema.keys()) or schema.get("format") in (
                "date",
                "date-time",
            )
        case "integer":
            return {"minimum", "maximum"} <= schema.keys()
        case "array":
            return "maxItems" in schema
        case _:
            return True


def test_every_field_that_a_caller_writes_is_bounded():
    """What is unbounded is a way to hurt: texts have a longest, numbers a largest, lists a most."""
    schemas: dict[str, Any] = door.openapi_document()["components"]["schemas"]
    bodies = [
        one["requestBody"]["content"]["application/json"]["schema"] for one in operations() if "requestBody" in one
    ]
    seen: set[str] = set()
    written = [part for body in bodies for part in parts(body, "", schemas, seen)]
    assert len(written) > 100
    assert [where for where, schema in written if not is_bounded(schema)] == []


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.links: list[str] = []
        self.inline = ""
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in_script = tag == "script"
        if tag == "script":
            self.scripts.append(given.get("src") or "")
        if tag == "link":
            self.links.append(given.get("href") or "")
        assert not [name for name in given if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.inline += data.strip() if self._in_script else ""


def test_the_page_to_read_it_needs_nothing_from_elsewhere_and_no_inline_script(unmoved: Caller):
    served = unmoved.get("/v1/docs", by=None)
    page = _Page()
    page.feed(served.text)
    assert served.headers["content-type"].startswith("text/html")
    assert "script-src 'self';" in served.headers["content-security-policy"]
    assert page.inline == ""
    for address in page.scripts + page.links:
        assert address.startswith("/")
        found = unmoved.get(address, by=None)
        assert found.status_code == 200, f"{address}: build the front-end first"
    assert "/v1/openapi.json" in unmoved.get("/v1/docs/start.js", by=None).text


def test_a_kind_of_problem_that_is_none_is_not_found(unmoved: Caller):
    assert unmoved.get("/v1/errors/Nothing", by=None).json()["code"] == "ProblemNotFound"
