"""Postings that can be made, and what a balance is at an instant."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import NOON
from ledger.making import ADA, BEN, DAY, LATER, SOON, TICK, earn, spend, take_back
from ledger.plain import PlainAccount, Promise
from regulars.ledger import Balance, InvalidPosting, Lot, Posting
from regulars.ledger._balances import Holding, as_of
from regulars.ledger._rules import MOST, NEVER, account_id, arrange, micros

FINE: dict[str, Any] = {"kind": "earn", "member_id": ADA, "amount": 5, "reference": "ord_1", "occurred_at": NOON}
UNDO: dict[str, Any] = FINE | {"kind": "reverse_spend", "reverses": "voucher_1"}
NAIVE = datetime(2026, 3, 2, 12, 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (FINE | {"kind": "gift"}, "kind"),
        (FINE | {"amount": 0}, "amount"),
        (FINE | {"amount": -1}, "amount"),
        (FINE | {"amount": MOST + 1}, "amount"),
        (FINE | {"member_id": -(1 << 63)}, "member_id"),
        (FINE | {"member_id": 1 << 63}, "member_id"),
        (FINE | {"point_type": "Points"}, "point_type"),
        (FINE | {"point_type": ""}, "point_type"),
        (FINE | {"reference": ""}, "reference"),
        (FINE | {"reference": "x" * 201}, "reference"),
        (FINE | {"reference": "a\0b"}, "reference"),
        (FINE | {"reference": "a\ud800b"}, "reference"),
        (FINE | {"reference": "@mature:1"}, "reference"),
        (FINE | {"occurred_at": NAIVE}, "occurred_at"),
        (FINE | {"expires_at": NAIVE}, "expires_at"),
        (FINE | {"matures_at": NAIVE}, "matures_at"),
        (FINE | {"expires_at": NOON}, "expires_at"),
        (FINE | {"expires_at": SOON, "matures_at": SOON}, "expires_at"),
        (FINE | {"reverses": "ord_0"}, "reverses"),
        (FINE | {"kind": "spend", "expires_at": SOON}, "expires_at"),
        (FINE | {"kind": "spend", "matures_at": SOON}, "matures_at"),
        (FINE | {"kind": "spend", "reverses": "ord_0"}, "reverses"),
        (UNDO | {"reverses": None}, "reverses"),
        (UNDO | {"reverses": "@expire:3"}, "reverses"),
        (UNDO | {"grace": timedelta(0)}, "grace"),
        (UNDO | {"grace": timedelta(days=4000)}, "grace"),
        (UNDO | {"expires_at": SOON}, "expires_at"),
        (FINE | {"kind": "hold", "expires_at": None}, "expires_at"),
        (FINE | {"kind": "hold", "expires_at": NOON}, "expires_at"),
        (UNDO | {"kind": "reinstate", "expires_at": NOON}, "expires_at"),
    ],
)
def test_a_posting_that_can_never_be_posted_cannot_be_made(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPosting) as refusal:
        Posting(**fields)
    assert refusal.value.details["field"] == field
    assert str(refusal.value).startswith(f"{field} is ")


@pytest.mark.parametrize(
    "fields",
    [
        FINE | {"amount": MOST},
        FINE | {"reference": 'é "quoted" \\ {a,b} 积分' + "x" * 170},
        FINE | {"point_type": "stars_2"},
        FINE | {"expires_at": NOON + TICK},
        FINE | {"matures_at": NOON - DAY, "expires_at": NOON + DAY},
        UNDO | {"grace": TICK},
    ],
)
def test_the_extremes_of_what_can_be_posted_can_be_made(fields: dict[str, Any]) -> None:
    assert Posting(**fields).reference == fields["reference"]


def test_an_account_is_named_by_its_member_and_point_type() -> None:
    assert account_id(ADA, "points") == account_id(ADA, "points")
    assert len({account_id(ADA, "points"), account_id(BEN, "points"), account_id(ADA, "stars")}) == 3


def test_a_batch_is_laid_out_by_account_and_keeps_the_order_within_one() -> None:
    postings = [earn(BEN, 1, "a"), earn(ADA, 2, "b"), spend(BEN, 3, "c"), spend(ADA, 4, "d"), earn(BEN, 5, "a")]
    batch = arrange(postings, NOON)
    assert batch.ids == sorted(batch.ids)
    assert [postings[position].amount for position in batch.order] == batch.amounts
    assert sorted([[1, 3, 5], [2, 4]]) == sorted(
        [
            [amount for owner, amount in zip(batch.ids, batch.amounts, strict=True) if owner == account]
            for account in batch.accounts
        ]
    )
    ada_first = batch.ids[0] == account_id(ADA, "points")
    assert batch.earlier == ([0, 0, 0, 0, 3] if ada_first else [0, 0, 1, 0, 0])


def test_a_batch_says_which_of_its_items_undo_which() -> None:
    postings = [
        take_back(ADA, 1, "r1", "e"),
        earn(ADA, 5, "e"),
        take_back(ADA, 1, "r2", "e"),
        take_back(ADA, 1, "r3", "e"),
    ]
    batch = arrange(postings, NOON)
    assert batch.earlier is None
    assert batch.targets == [0, 0, 2, 2]
    assert batch.siblings == [0, 0, 1, 3]


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001
def test_microseconds_are_exact_for_every_date(naive: datetime) -> None:
    instant = naive.replace(tzinfo=NOON.tzinfo)
    assert datetime(1970, 1, 1, tzinfo=NOON.tzinfo) + micros(instant) * TICK == instant


def test_an_account_that_was_never_posted_to_is_empty() -> None:
    assert as_of([], NOON) == (Balance(0, 0, 0), [])


def lot(debt: int, expires_at: datetime, amount: int) -> Holding:
    return Holding(debt, 0, 0, expires_at, amount, None, None, False, 0, 0, None)


def promise(debt: int, seq: int, matures_at: datetime, expires_at: datetime, amount: int) -> Holding:
    return Holding(debt, 0, seq, expires_at, amount, matures_at, None, False, 0, 0, None)


def test_a_lot_is_there_until_the_instant_before_it_expires() -> None:
    rows = [lot(0, SOON, 7)]
    assert as_of(rows, SOON - TICK) == (Balance(7, 0, 0), [Lot(SOON, 7)])
    assert as_of(rows, SOON) == (Balance(0, 0, 0), [])


def test_what_matures_pays_a_debt_first_and_may_have_expired_since() -> None:
    rows = [promise(15, 1, SOON, LATER, 10), promise(15, 2, SOON + DAY, LATER + DAY, 20)]
    assert as_of(rows, SOON - TICK)[0] == Balance(0, 30, 15)
    assert as_of(rows, SOON)[0] == Balance(0, 20, 5)
    assert as_of(rows, SOON + DAY) == (Balance(15, 0, 0), [Lot(LATER + DAY, 15)])
    assert as_of(rows, LATER + DAY) == (Balance(0, 0, 0), [])


instants = st.integers(0, 20).map(lambda days: NOON + days * DAY)


@given(
    lots=st.dictionaries(instants, st.integers(1, 50), max_size=4),
    promises=st.lists(st.tuples(instants, instants, st.integers(1, 50)), max_size=5),
    debt=st.integers(0, 60),
    at=instants,
)
def test_reading_at_an_instant_agrees_with_settling_then(
    lots: dict[datetime, int], promises: list[tuple[datetime, datetime, int]], debt: int, at: datetime
) -> None:
    owed = 0 if lots else debt
    waiting = sorted((matures, expires + 21 * DAY, amount) for matures, expires, amount in promises)
    numbered = {seq: Promise(seq, *one) for seq, one in enumerate(waiting, start=1)}
    account = PlainAccount(dict(lots), numbered, owed)
    rows = [lot(owed, expires, amount) for expires, amount in lots.items()]
    rows += [promise(owed, seq, *one) for seq, one in enumerate(waiting, start=1)]
    if not rows:
        rows = [lot(owed, NEVER, 0)]
    account.settle(at)
    found, open_lots = as_of(rows, at)
    assert found == Balance(account.available, account.pending, account.debt)
    assert {lot.expires_at: lot.amount for lot in open_lots if lot.matures_at is None} == account.lots
