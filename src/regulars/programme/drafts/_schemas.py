"""The programme's JSON Schema, made of its records: types by msgspec, words from the records' own documentation."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, cast

import msgspec

from regulars.ledger import Expiry, Pending
from regulars.programme._rules import EXPIRIES, PENDINGS, Programme

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

KINDS: Final[Mapping[Any, Mapping[str, type[Any]]]] = {Expiry: EXPIRIES, Pending: PENDINGS}
"""The parts that are of one kind or another, each a record with a `kind` of its own."""

EVERYWHERE: Final = {
    "code": "What it goes by in the document and at every door; never another's, and never changed.",
    "name_en": "What people who read English call it.",
    "name_zh": "What people who read Chinese call it.",
    "kind": "Which of the kinds it is.",
}
"""What these fields say wherever they stand, unless their record says more."""


@cache
def _schema() -> dict[str, Any]:
    (main,), parts = msgspec.json.schema_components([Programme], schema_hook=_kinds, ref_template="#/$defs/{name}")
    records = {record.__name__: record for record in _records(Programme)}
    for name in records.keys() - parts.keys():  # what stands only within a part of several kinds
        _, more = msgspec.json.schema_components([records[name]], schema_hook=_kinds, ref_template="#/$defs/{name}")
        parts |= {each: one for each, one in more.items() if each not in parts}
    for name, part in parts.items():
        if name in records:
            _tell(part, records[name])
    whole = parts.pop("Programme", main)
    del whole["properties"]["version_id"]
    said = {
        "title": "Programme",
        "description": "What a loyalty programme says, from the day on that it is published for.",
    }
    return {"$schema": DIALECT, **whole, **said, "$defs": dict(sorted(parts.items()))}


def schema() -> dict[str, Any]:
    """The JSON Schema of a programme's document, every field described in it."""
    return cast("dict[str, Any]", msgspec.to_builtins(_schema()))


def headlines() -> dict[str, str]:
    """What each part of a document means, in its order."""
    return {name: one["description"] for name, one in _schema()["properties"].items() if "description" in one}


def _kinds(kind: Any) -> dict[str, Any]:
    """The schema of a type that msgspec does not know."""
    if kind not in KINDS:
        raise NotImplementedError(f"{kind} is read by a hook: say in KINDS which records it can be")
    return {"anyOf": [{"$ref": f"#/$defs/{record.__name__}"} for record in KINDS[kind].values()]}


def _records(root: type[Any]) -> Iterator[type[Any]]:
    """Every record that a document can be made of."""
    seen: dict[type[Any], None] = {}
    waiting: list[msgspec.inspect.Type] = [msgspec.inspect.type_info(root)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, msgspec.inspect.CustomType):
            waiting += [msgspec.inspect.type_info(record) for record in KINDS[one.cls].values()]
        elif isinstance(one, msgspec.inspect.DataclassType | msgspec.inspect.StructType):
            if one.cls not in seen:
                seen[one.cls] = None
                waiting += [each.type for each in one.fields]
        else:
            waiting += _inside(one)
    yield from seen


def _inside(kind: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    """The types that a list, a union, a mapping, … is made of."""
    for name in kind.__struct_fields__:
        held: Any = getattr(kind, name)
        for one in cast("tuple[Any, ...]", held) if isinstance(held, tuple) else (held,):
            if isinstance(one, msgspec.inspect.Type):
                yield one


def _tell(part: dict[str, Any], record: type[Any]) -> None:
    """Say in words what a record's fields mean, and that it has no others."""
    part["additionalProperties"] = False
    part["description"] = " ".join(part.get("description", "").split())
    words = documented(record)
    for name, field in part["properties"].items():
        said = words.get(name) or EVERYWHERE.get(name)
        own = {"description": said} if said and "description" not in field else {}
        part["properties"][name] = {**own, **_flat(field)}
    kind = part["properties"].get("kind", {})
    if len(kind.get("enum", ())) == 1:  # by it the record is known from the other kinds: it can never be left out
        part["required"] = ["kind", *(name for name in part.get("required", ()) if name != "kind")]


def _flat(field: dict[str, Any]) -> dict[str, Any]:
    """One list of what a field can be, instead of lists within lists."""
    choices = field.get("anyOf")
    if choices is None:
        return field
    return field | {"anyOf": [each for one in choices for each in (one["anyOf"] if set(one) == {"anyOf"} else [one])]}


@cache
def documented(record: type[Any]) -> dict[str, str]:
    """The documentation of a record's fields: the text that stands below each in the code."""
    [body] = [
        one for one in ast.parse(inspect.cleandoc(inspect.getsource(record))).body if isinstance(one, ast.ClassDef)
    ]
    words: dict[str, str] = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            said = text.value
            if isinstance(said, ast.Constant) and isinstance(said.value, str):
                words[field.target.id] = re.sub(r"\bNone\b", "null", " ".join(said.value.split()))
    return words
