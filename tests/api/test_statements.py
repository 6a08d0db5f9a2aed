"""Statements, files, totals and the past over HTTP."""

import json
import os
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from litestar.testing import TestClient

from api.calls import MAX, VERA, Caller, came_back, flaws, issue_keys, order, refusal
from conftest import NOON
from ledger.archiving import put_away, written
from make import DAY
from regulars.asgi import create_asgi
from regulars.ledger import archive
from regulars.storage import Replica
from replicas import Standby, standby_of

POINTS = "/v1/members/uk:17850/points"
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
STATEMENT = f"{POINTS}/statement"


@pytest.fixture
def busy(api: Caller) -> Caller:
    """Customer 17850 earned 200 points, spent 150 and gave back half of the goods."""
    api.post("/v1/orders", order())
    api.post(f"{POINTS}/spends", {"amount": 150, "reference": "till-1", "reason": "A mug"})
    api.post("/v1/returns", came_back())
    return api


def test_a_statement_says_what_each_entry_did(busy: Caller) -> None:
    told = busy.get(STATEMENT, by=VERA).json()
    assert told["opening"] == {"available": 0, "pending": 0, "held": 0, "debt": 0}
    assert told["closing"] == {"available": 0, "pending": 0, "held": 0, "debt": 50}
    assert (told["entries"], told["next"], told["previous"]) == (3, None, None)
    taken, spent, earned = told["items"]
    assert earned["order"] == taken["order"]
    assert earned["words"] == f"Earned 200 points, for order {earned['order']}."
    assert (spent["words"], spent["reason"], spent["lots"]) == (
        "Spent 150 points.",
        "A mug",
        [{"amount": -150, "expires_at": "2028-03-31T23:00:00Z"}],
    )
    assert taken["follows"] == {"number": 1, "kind": "earn", "reference": earned["order"]}
    assert taken["words"].endswith("; 50 points are owed.")
    assert busy.get(f"{STATEMENT}?language=zh_CN").json()["items"][1]["words"] == "使用 150 积分。"


def test_pages_lead_both_ways(busy: Caller) -> None:
    first = busy.get(f"{STATEMENT}?limit=2").json()
    second = busy.get(f"{STATEMENT}?limit=2&after={first['next']}").json()
    assert [one["number"] for one in first["items"] + second["items"]] == [3, 2, 1]
    assert (first["previous"], second["next"]) == (None, None)
    busy.post(f"{POINTS}/earns", {"amount": 60, "reference": "sorry"}, by=MAX)
    back = busy.get(f"{STATEMENT}?limit=2&before={second['previous']}").json()
    assert back["items"] == first["items"]
    newest = busy.get(f"{STATEMENT}?limit=2&before={back['previous']}").json()
    assert [one["number"] for one in newest["items"]] == [4]
    both = busy.get(f"{STATEMENT}?after={first['next']}&before={first['next']}")
    assert refusal(both) == (422, "BadCursor")


def test_a_period_and_a_kind_choose(busy: Caller) -> None:
    occurred = busy.get(f"{STATEMENT}?by=occurred&since=2026-03-02T00:00:00Z&until=2026-03-02T11:00:00Z").json()
    assert [one["kind"] for one in occurred["items"]] == ["clawback"]
    assert (occurred["opening"]["available"], occurred["closing"]["available"]) == (
        200,
        200 + occurred["items"][0]["amount"],
    )
    assert [one["kind"] for one in busy.get(f"{STATEMENT}?kind=spend").json()["items"]] == ["spend"]
    assert flaws(busy.get(f"{STATEMENT}?kind=gift"))[0]["parameter"] == "kind"
    assert refusal(busy.get(f"{STATEMENT}?since=0001-01-01T00:00:00Z")) == (422, "ImpossibleDate")


def test_a_statement_is_a_file(busy: Caller) -> None:
    table = busy.get(f"{STATEMENT}/export?kind=spend")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.headers["content-disposition"] == 'attachment; filename="points-2026-03-02.csv"'
    assert [row.split(",")[3] for row in table.text.splitlines()] == ["kind", "opening", "spend", "closing"]
    lines = busy.get(f"{STATEMENT}/export?format=jsonl&by=occurred")
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    told = [json.loads(line) for line in lines.text.splitlines()]
    assert [one["kind"] for one in told] == ["opening", "earn", "spend", "clawback", "closing"]
    assert lines.headers["as-known-at"] == "2026-03-02T12:00:00Z"
    assert refusal(busy.get("/v1/members/uk:4711/points/statement/export")) == (404, "MemberNotFound")


def test_what_was_held_as_of_any_moment_as_known_at_any_moment(busy: Caller) -> None:
    past = busy.get(f"{POINTS}?as_of=2026-03-01T12:00:00Z", by=VERA)
    assert (past.json()["available"], past.json()["lots"][0]["expires_at"]) == (200, "2028-03-31T23:00:00Z")
    assert (past.headers["as-known-at"], past.headers["read-from"]) == ("2026-03-02T12:00:00Z", "primary")
    then = busy.get(f"{POINTS}?as_of=2026-03-01T12:00:00Z&known_at=2026-03-01T12:00:00Z").json()
    assert (then["available"], then["lots"]) == (0, [])
    assert busy.get(f"{POINTS}?as_of=2026-03-02T12:00:00Z").json() == busy.get(POINTS).json()
    assert refusal(busy.get(f"{POINTS}?known_at=2300-01-01T00:00:00Z")) == (422, "ImpossibleDate")


def test_a_tier_as_of_any_moment(busy: Caller) -> None:
    tier = "/v1/members/uk:17850/tier"
    now = busy.get(tier).json()
    assert now["qualifying_minor"] == 1000
    before = busy.get(f"{tier}?as_of=2026-03-01T12:00:00Z").json()
    assert (before["qualifying_minor"], before["since"]) == (2000, None)
    assert busy.get(f"{tier}?as_of=2026-03-01T12:00:00Z&known_at=2026-03-01T12:00:00Z").json()["qualifying_minor"] == 0


def test_totals_live_and_as_of_any_moment(busy: Caller) -> None:
    [live] = busy.get("/v1/points/totals", by=MAX).json()["items"]
    assert (live["issued"], live["outstanding"], live["debt"]) == (200, 0, 50)
    assert busy.get("/v1/points/totals?as_of=2026-03-02T12:00:00Z", by=MAX).json()["items"] == [live]
    [past] = busy.get("/v1/points/totals?as_of=2026-03-01T12:00:00Z", by=MAX).json()["items"]
    assert (past["issued"], past["spent"], past["outstanding"]) == (200, 0, 200)
    assert busy.get("/v1/points/totals?known_at=2026-03-01T12:00:00Z", by=MAX).json()["items"] == []


@pytest.fixture
def standby(busy: Caller, tmp_path_factory: pytest.TempPathFactory) -> Generator[Standby]:
    """A replica of the tests' own server."""
    if "REGULARS_TEST_DATABASE_URL" in os.environ:
        pytest.skip("NO REPLICA IS TESTED: the server of REGULARS_TEST_DATABASE_URL is not ours to copy")
    folder = tmp_path_factory.getbasetemp()
    with standby_of(
        busy.app.database.url, (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "server"
    ) as made:
        made.catch_up(busy.app.database.url)
        yield made


def test_the_past_is_read_from_a_replica_and_the_present_is_not(busy: Caller, standby: Standby) -> None:
    app = replace(busy.app, replica=Replica(standby.url, most_behind=timedelta(hours=1)))
    with TestClient(create_asgi(app)) as client:
        caller = Caller(client, app, issue_keys(app.database))
        standby.catch_up(app.database.url)
        standby.hold()
        caller.post(f"{POINTS}/earns", {"amount": 60, "reference": "sorry"}, by=MAX)
        for path in (STATEMENT, f"{STATEMENT}/export", f"{POINTS}?as_of=2026-03-01T12:00:00Z"):
            answer = caller.get(path)
            assert answer.headers["read-from"] == "replica"
            assert datetime.fromisoformat(answer.headers["as-known-at"]) < NOON
        assert caller.get(STATEMENT).json()["entries"] == 3
        assert caller.get("/v1/reconciliation", by=MAX).headers["read-from"] == "replica"
        now = caller.get(POINTS)
        assert (now.json()["available"], "read-from" in now.headers) == (10, False)
        standby.go_on()
        standby.stop()
        assert caller.get(STATEMENT).json()["entries"] == 4
        assert caller.get(STATEMENT).headers["read-from"] == "primary"
        standby.start()
    app.replica.close()


def test_everything_waits_for_its_time_in_the_past_as_it_did(api: Caller) -> None:
    api.post("/v1/orders", order())
    hold = {"amount": 50, "reference": "basket", "until": (NOON + DAY).isoformat()}
    api.post(f"{POINTS}/holds", hold)
    later = api.get(f"{POINTS}?as_of={(NOON + 2 * DAY).strftime('%Y-%m-%dT%H:%M:%SZ')}").json()
    assert (later["available"], later["held"]) == (200, 0)


def test_what_was_put_away_is_told_and_what_left_the_house_is_said_to_be_elsewhere(
    busy: Caller, tmp_path: Path
) -> None:
    before = busy.get(STATEMENT).json()
    assert busy.get("/v1/ledger/archive", by=MAX).json() == {
        "entries": 0,
        "complete_from": None,
        "years": [],
        "last": None,
    }
    with busy.app.database.transaction() as tx:
        put_away(tx, NEXT_YEAR)
    assert busy.get(STATEMENT).json() == before
    with busy.app.database.transaction() as tx:
        written(tx, 2026, tmp_path)
        archive.detach(tx, 2026, tmp_path, at=NEXT_YEAR)
    told = busy.get("/v1/ledger/archive", by=MAX).json()
    [year] = told["years"]
    assert (told["entries"], told["complete_from"], told["last"]["entries"]) == (3, None, 3)
    assert (year["year"], year["entries"], year["folder"]) == (2026, 3, str(tmp_path))
    busy.post(f"{POINTS}/earns", {"amount": 60, "reference": "sorry"}, by=MAX)
    after = busy.get(STATEMENT).json()
    assert after["elsewhere"] == {"upto": 3, "since": after["items"][0]["posted_at"], "folders": [str(tmp_path)]}
    assert after["items"][1] == before["items"][0] | {
        "reference": "",
        "order": None,
        "words": after["items"][1]["words"],
        "follows": {"number": 1, "kind": "earn", "reference": ""},
    }
    assert after["items"][1]["words"].endswith("in the archive's files.")
    again = busy.post(f"{POINTS}/spends", {"amount": 150, "reference": "till-1", "reason": "A mug"})
    assert (again.json()["status"], again.json()["amount"]) == ("replayed", -150)
