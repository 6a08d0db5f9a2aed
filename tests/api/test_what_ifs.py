"""What-ifs over HTTP: asked for, replayed by the jobs, read with the draft, cancelled."""

from collections.abc import Generator

import pytest
from litestar.testing import TestClient

import make
from api.calls import MAX, VERA, Caller, facts_of, issue_keys, refusal
from conftest import NOON
from regulars import jobs
from regulars.asgi import create_asgi
from regulars.insight import what_if
from regulars.storage import Database

WHAT_IFS, DRAFTS = "/v1/programme/what-ifs", "/v1/programme/drafts"


@pytest.fixture
def api(database: Database) -> Generator[Caller]:
    """A shop that sold three orders to Ada, and a piece of one came back."""
    app = make.app(database)
    with database.transaction() as tx:
        shop = make.shop(tx)
        bought = [
            make.order(f"A{n}", "ada", make.line("MUG", 2, 1000 * n), placed_at=NOON - n * make.DAY) for n in (1, 2, 3)
        ]
        make.record(tx, shop, *bought)
        make.take_in(tx, shop, make.came_back("B1", "ada", make.line("MUG", 1, 1000), of="A1", returned_at=NOON))
    jobs.react(app, patience_seconds=30)
    with TestClient(create_asgi(app)) as client:
        yield Caller(client, app, issue_keys(database))


def drafted(api: Caller, points: str = "line.amount_minor / 5") -> tuple[str, str]:
    """A draft that gives other points, and its text."""
    text = api.post(DRAFTS, {}, by=MAX).json()["text"].replace("line.amount_minor / 10", points)
    return api.post(DRAFTS, {"text": text}, by=MAX).json()["id"], text


def test_a_what_if_is_asked_for_replayed_and_kept_with_its_draft(api: Caller):
    draft, text = drafted(api)
    assert refusal(api.get(f"{DRAFTS}/{draft}/what-if", by=VERA)) == (404, "WhatIfNotMade")
    asked = api.post(WHAT_IFS, {"draft": draft, "months": 6, "thousand_minor": 2000}, by=MAX)
    assert (asked.status_code, asked.json()["state"], asked.json()["report"]) == (201, "waiting", None)
    assert jobs.try_drafts(api.app) == 1
    assert jobs.try_drafts(api.app) == 0
    told = api.get(f"{WHAT_IFS}/{asked.json()['id']}", by=VERA).json()
    assert (told["state"], told["percent"], told["revision"], told["draft"]) == ("finished", 100, 1, draft)
    [points] = told["report"]["points"]
    assert (points["now"]["earned"], points["now"]["taken_back"], points["draft"]["net"]) == (1200, 100, 2200)
    assert points["draft"]["cost_minor"] == 4400
    assert [(one["now"], one["draft"]) for one in told["report"]["won_most"]] == [(1100, 2200)]
    assert api.get(f"{DRAFTS}/{draft}/what-if", by=VERA).json() == told
    assert "programme.tried" in facts_of(api.app.database)
    changed = api.post(WHAT_IFS, {"text": text}, by=MAX).json()
    assert changed["draft"] == draft
    found = api.get(f"{WHAT_IFS}?draft={draft}", by=VERA).json()["items"]
    assert {one["id"] for one in found} == {asked.json()["id"], changed["id"]}


def test_what_waits_can_be_cancelled_and_what_is_over_cannot(api: Caller):
    asked = api.post(WHAT_IFS, {"draft": drafted(api)[0]}, by=MAX).json()
    place = f"{WHAT_IFS}/{asked['id']}"
    assert api.post(f"{place}/cancellation", {}, by=MAX).json()["state"] == "cancelled"
    assert refusal(api.post(f"{place}/cancellation", {}, by=MAX)) == (409, "WhatIfOver")
    assert jobs.try_drafts(api.app) == 0
    assert refusal(api.get(f"{WHAT_IFS}/wif_0000000000000", by=VERA)) == (404, "WhatIfNotFound")


def test_one_that_is_cancelled_while_it_runs_keeps_nothing(api: Caller):
    asked = api.post(WHAT_IFS, {"draft": drafted(api)[0]}, by=MAX).json()
    database, at = api.app.database, api.app.clock()
    with database.transaction() as tx:
        number = what_if.claim(tx, at=at)
        assert number is not None
        assert what_if.claim(tx, at=at) is None

    def cancel(_: int) -> None:
        with database.transaction() as tx:
            if what_if.find(tx, number).state == "running":
                what_if.cancel(tx, number, by="max", at=at)

    done = what_if.run(database, number, clock=api.app.clock, on_percent=cancel)
    assert (done.state, done.report) == ("cancelled", None)
    assert asked["id"] in {one["id"] for one in api.get(WHAT_IFS, by=VERA).json()["items"]}


def test_one_that_cannot_be_replayed_says_why_and_holds_up_no_other(api: Caller):
    [broken, good] = [api.post(WHAT_IFS, {"draft": drafted(api)[0]}, by=MAX).json()["id"] for _ in range(2)]
    with api.app.database.transaction() as tx:
        first = what_if.listed(tx)[-1].what_if_id
        tx.run("update insight_what_ifs set document = '{}' where what_if_id = %(one)s", one=first)
    assert jobs.try_drafts(api.app) == 2
    states = {one: api.get(f"{WHAT_IFS}/{one}", by=VERA).json()["state"] for one in (broken, good)}
    assert sorted(states.values()) == ["failed", "finished"]


def test_what_cannot_be_tried_is_refused(api: Caller):
    assert refusal(api.post(WHAT_IFS, {}, by=MAX)) == (422, "BadWhatIf")
    assert refusal(api.post(WHAT_IFS, {"text": "name: 1"}, by=MAX)) == (422, "FlawedDraft")
    assert refusal(api.post(WHAT_IFS, {"draft": "drf_1"}, by=MAX)) == (404, "DraftNotFound")
    assert api.get(WHAT_IFS, by=VERA).json()["items"] == []
