"""The programme's drafts over HTTP: Max writes, Olga approves."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from litestar.testing import TestClient

import make
from api.calls import MAX, OLGA, VERA, Caller, facts_of, flaws, issue_keys, problem, refusal
from regulars.asgi import create_asgi
from regulars.storage import Database

DRAFTS = "/v1/programme/drafts"


@pytest.fixture
def api(database: Database) -> Generator[Caller]:
    """A shop where two people are needed."""
    with database.transaction() as tx:
        make.shop(tx)
    app = make.app(database, alone=False)
    with TestClient(create_asgi(app)) as client:
        yield Caller(client, app, issue_keys(database))


def lasting(document: dict[str, Any], months: int) -> dict[str, Any]:
    """The expiry of a document with another span."""
    return document["expiry"] | {"lasts": {"count": months, "unit": "month"}}


def test_a_draft_is_written_changed_approved_by_another_and_published(api: Caller):
    begun = api.post(DRAFTS, {"note": "Shorter"}, by=MAX)
    assert begun.status_code == 201
    one, place = begun.json(), f"{DRAFTS}/{begun.json()['id']}"
    assert (one["state"], one["revision"], begun.headers["etag"]) == ("open", 1, '"1-open"')
    assert one["text"].startswith("# A loyalty programme")
    document = one["document"] | {"expiry": lasting(one["document"], 12)}
    change = {"document": document, "note": "One year"}
    changed = api.patch(place, change, by=MAX, headers={"If-Match": begun.headers["etag"]})
    assert (changed.status_code, changed.json()["text"]) == (
        200,
        one["text"].replace("count: 24", "count: 12"),
    )
    assert api.get(f"{place}/validation").json() == {"valid": True, "flaws": []}
    plan = api.get(f"{place}/plan").json()
    assert plan == {
        "against": 0,
        "changes": [{"kind": "changed", "path": "expiry.lasts.count", "was": 24, "now": 12}],
        "moves": [],
        "members": 0,
    }
    assert api.post(f"{place}/submission", by=MAX).json()["state"] == "submitted"
    assert refusal(api.post(f"{place}/approval", by=MAX)) == (409, "OwnDraft")
    assert api.post(f"{place}/approval", {"because": "Fine", "revision": 2}, by=OLGA).headers["etag"] == '"2-approved"'
    published = api.post(f"{place}/publication", by=MAX).json()
    assert (published["state"], published["version"]) == ("published", 1)
    assert api.get("/v1/programme").json()["expiry"]["lasts"]["count"] == 12
    version = api.get("/v1/programme/versions/1").json()
    assert (version["draft"], version["note"], version["document"]) == (one["id"], "One year", document)
    assert version["text"] == changed.json()["text"]
    assert [one["version"] for one in api.get(DRAFTS, by=VERA).json()["items"]] == [1]


def test_a_change_names_what_was_read(api: Caller):
    begun = api.post(DRAFTS, {"text": "name: x"}, by=MAX).json()
    place = f"{DRAFTS}/{begun['id']}"
    before = facts_of(api.app.database)
    assert api.get(place, headers={"If-None-Match": '"1-open"'}).status_code == 304
    missing = api.patch(place, {"text": "name: y"}, by=MAX)
    assert flaws(missing)[0]["parameter"] == "If-Match"
    stale = api.patch(place, {"text": "name: y"}, by=MAX, headers={"If-Match": '"2-open"'})
    assert refusal(stale) == (412, "DraftChanged")
    assert facts_of(api.app.database) == before
    assert api.get(place).json()["text"] == "name: x"
    assert api.patch(place, {"text": "name: y"}, by=MAX, headers={"If-Match": '"1-open"'}).json()["revision"] == 2
    again = api.patch(place, {"text": "name: z"}, by=OLGA, headers={"If-Match": '"1-open"'})
    assert refusal(again) == (412, "DraftChanged")


def test_what_is_wrong_is_told_with_its_line_and_nothing_is_kept(api: Caller):
    told = api.post("/v1/programme/validation", {"text": "name: Friends\ncurrency: GB\n"}, by=VERA)
    assert (told.status_code, told.json()["valid"]) == (200, False)
    text = api.post(DRAFTS, {}, by=MAX).json()["text"].replace("currency: GBP", "currency: 7")
    line = text.split("\n").index("currency: 7") + 1
    told = api.post("/v1/programme/validation", {"text": text}, by=VERA).json()
    wrong = {"field": "currency", "value": "7", "remedy": "give what fits: expected str, got int"}
    assert told["flaws"] == [wrong | {"line": line}]
    refused = problem(api.post("/v1/programme/plan", {"text": text}, by=VERA))
    assert (refused["status"], refused["code"], refused["details"]["line"]) == (422, "FlawedDraft", line)
    place = f"{DRAFTS}/{api.post(DRAFTS, {'text': text}, by=MAX).json()['id']}"
    assert refusal(api.post(f"{place}/submission", by=MAX)) == (422, "FlawedDraft")
    for strange in ({"text": "a", "document": {}}, {}):
        assert refusal(api.post("/v1/programme/validation", strange)) == (422, "UnusableNote")
    deep: dict[str, object] = {}
    for _ in range(900):
        deep = {"a": deep}
    assert api.post("/v1/programme/validation", {"document": deep}).status_code in (200, 400, 422)


def test_versions_are_compared_and_an_earlier_one_holds_again(api: Caller):
    def publish(months: int) -> None:
        document = api.get("/v1/programme").json()
        document["expiry"] = lasting(document, months)
        del document["version"]
        place = f"{DRAFTS}/{api.post(DRAFTS, {'document': document}, by=MAX).json()['id']}"
        for step, by in (("submission", MAX), ("approval", OLGA), ("publication", MAX)):
            assert api.post(f"{place}/{step}", by=by).status_code == 201

    publish(6)
    publish(3)
    assert api.get("/v1/programme/versions/2/changes").json() == {
        "since": 1,
        "version": 2,
        "changes": [{"kind": "changed", "path": "expiry.lasts.count", "was": 6, "now": 3}],
    }
    back = api.post("/v1/programme/versions/1/restoration", {"note": "Too hard"}, by=OLGA)
    assert (back.status_code, back.json()["version"], back.json()["restores"]) == (201, 3, 1)
    assert api.get("/v1/programme/versions/3/changes?since=1").json()["changes"] == []
    assert len(api.get("/v1/programme/versions").json()["items"]) == 3
    for nowhere in ("4", "0", "x", "9" * 30):
        assert refusal(api.get(f"/v1/programme/versions/{nowhere}")) == (404, "VersionNotFound")


def test_a_programme_is_published_at_once_only_where_one_person_may(api: Caller):
    document = api.get("/v1/programme").json()
    del document["version"]
    assert refusal(api.post("/v1/programme/versions", document, by=OLGA)) == (409, "OwnDraft")
    assert facts_of(api.app.database) == []
    assert api.get(DRAFTS).json()["items"] == []


def test_the_schema_is_published(api: Caller):
    schema = api.get("/v1/programme/schema", by=VERA).json()
    assert schema["properties"].keys() >= {"name", "tier_sets", "expiry"}
    assert "description" in schema["properties"]["expiry"]
    assert json.dumps(schema).count("#/$defs/")
