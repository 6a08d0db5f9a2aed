"""What people decide: kinds of points, freezes, adjustments with a second person."""

import pytest

from conftest import NOON
from ledger.making import ADA, BEN, DAY, LATER, SOON, balance, earn, post, spend, statuses, take_back
from regulars import ledger
from regulars.ledger import InvalidPosting, desk
from regulars.storage import Database, Transaction


def adjust(tx: Transaction, amount: int, **more: object) -> desk.Adjustment:
    return desk.adjust(tx, ADA, amount, reason="lost parcel", by="Olga", limit=100, at=NOON, **more)  # pyright: ignore[reportArgumentType]


def test_a_kind_of_points_is_defined_once(tx: Transaction) -> None:
    stars = desk.define_point_type(tx, "stars", role="qualifying", decimals=2, at=NOON)
    assert desk.define_point_type(tx, "stars", role="qualifying", decimals=2, at=NOON + DAY) == stars
    with pytest.raises(desk.PointTypeInUse, match="stars is qualifying with 2 decimals"):
        desk.define_point_type(tx, "stars", role="redeemable", at=NOON)
    with pytest.raises(InvalidPosting, match="point_type"):
        desk.define_point_type(tx, "Stars!", at=NOON)
    assert desk.point_types(tx) == [stars]


def test_qualifying_points_are_counted_and_never_spent(tx: Transaction) -> None:
    desk.define_point_type(tx, "stars", role="qualifying", at=NOON)
    post(tx, earn(ADA, 50, "a", point_type="stars"), earn(ADA, 50, "b"))
    with pytest.raises(ledger.NotSpendable):
        ledger.spend(tx, ADA, 1, reference="v", at=NOON, point_type="stars")
    assert statuses(post(tx, spend(ADA, 1, "v", point_type="stars"), spend(ADA, 1, "v"))) == ["not_spendable", "posted"]
    assert statuses(post(tx, take_back(ADA, 50, "r", "a", point_type="stars"))) == ["posted"]


def test_case_35_a_freeze_stops_what_goes_out_and_nothing_else(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", SOON))
    ledger.hold(tx, ADA, 40, reference="cart", until=LATER, at=NOON)
    frozen = desk.freeze(tx, ADA, reason="card reported stolen", by="Olga", at=NOON)
    assert desk.freeze(tx, ADA, reason="again", by="Ben", at=NOON + DAY) == frozen
    with pytest.raises(ledger.AccountFrozen):
        ledger.spend(tx, ADA, 1, reference="v", at=NOON)
    with pytest.raises(ledger.AccountFrozen):
        ledger.hold(tx, ADA, 1, reference="h", until=LATER, at=NOON)
    with pytest.raises(ledger.AccountFrozen):
        ledger.transfer(tx, ADA, BEN, 1, reference="t", at=NOON)
    ledger.capture(tx, ADA, 30, reference="order", hold="cart", at=NOON)
    assert statuses(post(tx, earn(ADA, 5, "b"), take_back(ADA, 10, "r", "a"))) == ["posted", "posted"]
    assert ledger.expire_due(tx, at=SOON) == 1
    assert desk.unfreeze(tx, ADA, by="Ben", at=SOON)
    assert not desk.unfreeze(tx, ADA, by="Ben", at=SOON)
    assert statuses(post(tx, spend(ADA, 5, "v"), at=SOON)) == ["posted"]
    [known] = desk.freezes(tx, ADA)
    assert desk.freeze(tx, ADA, reason="once more", by="Olga", at=NOON).lifted_at is None  # at the very same instant
    assert (known.frozen_by, known.reason, known.lifted_by, known.lifted_at) == (
        "Olga",
        "card reported stolen",
        "Ben",
        SOON,
    )
    assert ledger.audit(tx) == []


def test_an_account_can_be_frozen_before_its_first_point(tx: Transaction) -> None:
    desk.freeze(tx, ADA, reason="under review", by="Olga", at=NOON)
    assert statuses(post(tx, earn(ADA, 5, "a"), spend(ADA, 5, "v"))) == ["posted", "frozen"]
    assert ledger.audit(tx) == []


def test_within_the_limit_an_adjustment_is_posted_at_once(tx: Transaction) -> None:
    given = adjust(tx, 100, expires_at=LATER)
    assert (given.decision, given.decided_by, balance(tx, ADA)) == ("posted", "Olga", (100, 0, 0))
    taken = adjust(tx, -30)
    assert (taken.decision, balance(tx, ADA)) == ("posted", (70, 0, 0))
    entry = ledger.statement(tx, ADA)[0]
    assert (entry.kind, entry.amount, entry.reason) == ("spend", -30, "lost parcel")


def test_beyond_it_somebody_else_decides(tx: Transaction) -> None:
    asked = adjust(tx, 101)
    assert (asked.decision, balance(tx, ADA)) == (None, (0, 0, 0))
    with pytest.raises(desk.OwnAdjustment):
        desk.approve(tx, asked.adjustment_id, by="Olga", at=NOON)
    assert [one.adjustment_id for one in desk.adjustments(tx, only_open=True)] == [asked.adjustment_id]
    done = desk.approve(tx, asked.adjustment_id, by="Ben", at=NOON + DAY)
    assert (done.decision, done.decided_by, balance(tx, ADA)) == ("posted", "Ben", (101, 0, 0))
    with pytest.raises(desk.AdjustmentDecided):
        desk.reject(tx, asked.adjustment_id, by="Ben", at=NOON)
    assert desk.adjustments(tx, only_open=True) == []
    assert desk.adjustments(tx) == [done]


def test_what_is_rejected_moves_nothing(tx: Transaction) -> None:
    asked = adjust(tx, 5000)
    assert desk.reject(tx, asked.adjustment_id, by="Olga", at=NOON).decision == "rejected"
    assert balance(tx, ADA) == (0, 0, 0)


def test_the_same_adjustment_again_changes_nothing(tx: Transaction) -> None:
    first = adjust(tx, 50, adjustment_id=7)
    assert adjust(tx, 50, adjustment_id=7).decision == first.decision == "posted"
    assert balance(tx, ADA) == (50, 0, 0)


def test_what_is_not_there_cannot_be_taken(database: Database) -> None:
    with pytest.raises(ledger.InsufficientPoints), database.transaction() as tx:
        adjust(tx, -1)
    with database.transaction() as tx:
        assert desk.adjustments(tx) == []
    with pytest.raises(InvalidPosting, match="reason"), database.transaction() as tx:
        desk.adjust(tx, ADA, 5, reason="", by="Olga", limit=100, at=NOON)
