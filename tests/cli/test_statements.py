"""`regulars ledger statement|totals`."""

import csv
import io
import json

import pytest

import make
from cast import ADA
from conftest import NOON
from ledger.making import DAY, LATER, earn, post, spend
from make import order, record
from regulars import ledger, members
from regulars.types import to_public


@pytest.fixture
def ada(database) -> str:
    """Earned 100 and spent 30 at noon; 5 more were learned of a day later."""
    with database.transaction() as tx:
        record(tx, make.shop(tx), order("1", ADA))
        member_id = members.by_external_id(tx, ADA, issuer="uk").member_id
        post(tx, earn(member_id, 100, "a"), spend(member_id, 30, "s", reason="A mug"))
        post(tx, earn(member_id, 5, "late", LATER), at=NOON + DAY)
        assert ledger.audit(tx) == []
    return to_public("mem", member_id)


def test_a_statement_is_printed_with_its_opening_and_closing(regulars, ada) -> None:
    lines = regulars("ledger", "statement", ada).out.splitlines()
    assert lines[0] == "Opening: 0 available, 0 pending, 0 held, 0 owed"
    assert "Spent 30 points. A mug" in lines[2]
    assert lines[-1] == "Closing: 75 available, 0 pending, 0 held, 0 owed"
    assert regulars("ledger", "statement", ADA).out.splitlines() == lines


def test_a_period_and_a_moment(regulars, ada) -> None:
    day = (NOON + DAY).strftime("%Y-%m-%d")
    lines = regulars("ledger", "statement", ada, "--from", day).out.splitlines()
    assert lines[0].startswith("Opening: 70 available")
    assert len(lines) == 3
    moment = NOON.strftime("%Y-%m-%dT%H:%M:%S")
    then = regulars("ledger", "statement", ada, "--as-of", moment, "--known-at", moment).out.splitlines()
    assert then[-1].startswith(f"As of {NOON.isoformat()}, known at {NOON.isoformat()}: 70 available")
    assert len(then) == 5


def test_a_statement_as_csv_and_as_json_lines(regulars, ada) -> None:
    rows = list(csv.DictReader(io.StringIO(regulars("ledger", "statement", ada, "--csv").out)))
    assert [row["kind"] for row in rows] == ["opening", "earn", "spend", "earn", "closing"]
    lines = [
        json.loads(line) for line in regulars("ledger", "statement", ada, "--json", "--kind", "spend").out.splitlines()
    ]
    assert [(line["kind"], line.get("reason")) for line in lines] == [
        ("opening", None),
        ("spend", "A mug"),
        ("closing", None),
    ]
    assert regulars("ledger", "statement", ada, "--kind", "gift").code == 2


def test_totals_live_and_as_of(regulars, ada) -> None:
    [live] = regulars("ledger", "totals", "--json").json
    assert (live["issued"], live["outstanding"]) == (105, 75)
    [then] = regulars(
        "ledger", "totals", "--json", "--known-at", NOON.strftime("%Y-%m-%dT%H:%M:%S"), "--as-of", "2026-03-03"
    ).json
    assert (then["issued"], then["outstanding"]) == (100, 70)
