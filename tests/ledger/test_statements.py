# ruff: noqa: RUF001 - Chinese has a comma of its own
"""Account statements: opening and closing, pages both ways, filters, words, files."""

import csv
import io
import json

import pytest

from conftest import NOON
from ledger.making import ADA, BEN, DAY, LAST, LATER, SOON, earn, post, spend, take_back
from regulars import ledger
from regulars.ledger import Balance, InvalidPosting, Period, Posting, past
from regulars.storage import Transaction


@pytest.fixture
def busy(tx: Transaction) -> Transaction:
    """Ada's first ten days."""
    post(tx, earn(ADA, 200, "ord_04h8z2k1q9x0b"), spend(ADA, 50, "till-1", reason="A mug"))
    post(tx, Posting("hold", ADA, 30, "basket", NOON + DAY, NOON + 9 * DAY), at=NOON + DAY)
    post(tx, Posting("capture", ADA, 10, "sale", NOON + 2 * DAY, reverses="basket"), at=NOON + 2 * DAY)
    post(tx, take_back(ADA, 150, "ret_0000000000001/ord_04h8z2k1q9x0b", "ord_04h8z2k1q9x0b"), at=NOON + 3 * DAY)
    post(tx, Posting("earn", ADA, 40, "receipt", NOON + DAY, LAST, NOON + 8 * DAY), at=NOON + 4 * DAY)
    ledger.expire_due(tx, at=NOON + 10 * DAY)
    return tx


def numbers(entries: list[ledger.Entry]) -> list[int]:
    return [entry.seq for entry in entries]


def test_an_entry_says_what_it_did_what_it_follows_from_and_which_lots_it_changed(busy: Transaction) -> None:
    told = [
        (past.in_words(one), one.follows_reference, one.lots and one.lots[0][1]) for one in ledger.statement(busy, ADA)
    ]
    assert told[::-1] == [
        ("Earned 200 points, for order ord_04h8z2k1q9x0b.", None, 200),
        ("Spent 50 points.", None, -50),
        ("Set 30 points aside.", None, -30),
        ("Spent 10 points that had been set aside.", "basket", -10),
        (
            "150 points that had been earned were taken back, for order ord_04h8z2k1q9x0b; 30 points are owed.",
            "ord_04h8z2k1q9x0b",
            -120,
        ),
        ("Promised 40 points.", None, ()),
        ("40 points became available; 30 points paid what was owed.", "receipt", 10),
        ("20 points are no longer set aside.", "basket", 20),
    ]


def test_the_words_are_chinese_too_for_every_kind(busy: Transaction) -> None:
    first = ledger.statement(busy, ADA, kinds=["earn"])[0]
    assert past.in_words(first, "zh_CN") == "获得 200 积分，订单 ord_04h8z2k1q9x0b。"
    assert past.in_words(first, point_type="stars").startswith("Earned 200 stars")
    from regulars.ledger._queries import KINDS
    from regulars.ledger.past._words import _EN, _ZH

    assert set(_EN) == set(_ZH) == set(KINDS[1:])


def test_pages_go_both_ways_and_hold_still_under_writes(busy: Transaction) -> None:
    first = ledger.statement(busy, ADA, limit=3)
    second = ledger.statement(busy, ADA, limit=3, before=first[-1].seq)
    assert numbers(first + second) == [8, 7, 6, 5, 4, 3]
    post(busy, earn(ADA, 1, "meanwhile"), earn(ADA, 1, "and again"), at=NOON + 10 * DAY)
    assert ledger.statement(busy, ADA, limit=3, after=second[0].seq) == first
    assert ledger.statement(busy, ADA, limit=3, before=first[-1].seq) == second
    assert numbers(ledger.statement(busy, ADA, limit=5, after=8)) == [10, 9]
    assert ledger.statement(busy, ADA, after=10) == []


def test_pages_of_some_kinds_go_both_ways(busy: Transaction) -> None:
    kinds = ["spend", "capture", "release"]
    assert numbers(ledger.statement(busy, ADA, kinds=kinds, limit=2)) == [8, 4]
    assert numbers(ledger.statement(busy, ADA, kinds=kinds, limit=2, before=4)) == [2]
    assert numbers(ledger.statement(busy, ADA, kinds=kinds, limit=2, after=2)) == [8, 4]
    assert numbers(ledger.statement(busy, ADA, kinds=kinds, limit=1, after=2)) == [4]
    with pytest.raises(InvalidPosting, match=r"kind is 'gift': give one of earn, spend"):
        ledger.statement(busy, ADA, kinds=["gift"])


def test_a_period_is_of_posting_or_of_happening(busy: Transaction) -> None:
    day = {"since": NOON + DAY, "until": NOON + 2 * DAY}
    assert numbers(ledger.statement(busy, ADA, period=Period(**day))) == [3]
    assert numbers(ledger.statement(busy, ADA, period=Period(**day, by="occurred"))) == [6, 3]
    assert numbers(ledger.statement(busy, ADA, period=Period(**day, by="occurred", known_at=NOON + 3 * DAY))) == [3]
    assert numbers(ledger.statement(busy, ADA, period=Period(as_of=NOON))) == [5, 2, 1]


@pytest.mark.parametrize("by", ["posted", "occurred"])
@pytest.mark.parametrize("since", [None, 0, 1, 3, 20])
@pytest.mark.parametrize("until", [None, 2, 8, 20])
def test_opening_and_all_changes_make_the_closing(busy: Transaction, by, since, until) -> None:
    period = Period(*(days if days is None else NOON + days * DAY for days in (since, until)), by)
    sums = past.carried(busy, ADA, period=period)
    lines = ledger.statement(busy, ADA, limit=100, period=period)
    assert sums.entries == len(lines)
    assert sums.closing == Balance(
        sums.opening.available + sum(one.amount for one in lines),
        sums.opening.pending + sum(one.pending_change for one in lines),
        sums.opening.debt + sum(one.debt_change for one in lines),
        sums.opening.held + sum(one.held_change for one in lines),
    )


def test_a_period_ends_with_what_the_next_one_begins_with(busy: Transaction) -> None:
    first, second = Period(until=NOON + 3 * DAY), Period(since=NOON + 3 * DAY)
    assert past.carried(busy, ADA, period=first).closing == past.carried(busy, ADA, period=second).opening
    assert past.carried(busy, ADA, period=second).closing == ledger.balance(busy, ADA, at=NOON + 10 * DAY)
    assert past.carried(busy, BEN) == past.Carried(Balance(0, 0, 0), Balance(0, 0, 0), 0, Balance(0, 0, 0))


def test_a_file_for_a_spreadsheet(busy: Transaction) -> None:
    post(busy, spend(ADA, 1, "=1+1", reason="@SUM(A1)"), at=NOON + 10 * DAY)
    rows = list(csv.DictReader(io.StringIO("".join(past.written(busy, ADA, as_json=False)))))
    assert [row["kind"] for row in (rows[0], rows[-1])] == ["opening", "closing"]
    assert [int(row["number"]) for row in rows[1:-1]] == list(range(1, 10))
    assert (rows[-2]["reference"], rows[-2]["reason"]) == ("'=1+1", "'@SUM(A1)")
    assert rows[4]["lots"] == f"-10@{LATER.isoformat().replace('+00:00', 'Z')}"
    assert sum(int(row["amount"]) for row in rows[1:-1]) == int(rows[-1]["available"]) == 29


def test_a_file_of_json_lines_in_pieces(busy: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regulars.ledger.past._exports._AT_ONCE", 3)
    pieces = list(past.written(busy, ADA, as_json=True, period=Period(since=NOON + DAY), language="zh_CN"))
    assert len(pieces) == 4
    lines = [json.loads(line) for line in "".join(pieces).splitlines()]
    assert lines[0] == {"kind": "opening", "available": 150, "pending": 0, "held": 0, "debt": 0}
    assert [line["number"] for line in lines[1:-1]] == [3, 4, 5, 6, 7, 8]
    assert lines[2]["words"] == "使用预留的 10 积分。"
    assert lines[2]["follows"] == "basket"
    assert lines[-1] == {"kind": "closing", "available": 30, "pending": 0, "held": 0, "debt": 0}


def test_an_expiry_names_its_lot(tx: Transaction) -> None:
    post(tx, earn(ADA, 5, "a", SOON), earn(ADA, 6, "b", None))
    ledger.expire_due(tx, at=SOON)
    expired, never, _ = ledger.statement(tx, ADA)
    assert past.lots_of(expired) == [(SOON, -5)]
    assert past.lots_of(never) == [(None, 6)]
