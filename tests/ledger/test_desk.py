"""What people decide: kinds of points, freezes, adjustments with a second person."""

import pytest

from conftest import NOON
from ledger.making import ADA, BEN, CLEO, DAY, LATER, SOON, balance, earn, post, spend, statuses, take_back
from regulars import facts, ledger
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
    named = desk.define_point_type(tx, "stars", role="qualifying", decimals=2, name_en="Stars", at=NOON)
    assert (named.name_en, named.name_zh) == ("Stars", None)
    with pytest.raises(desk.PointTypeInUse):
        desk.define_point_type(tx, "stars", role="unit", name_en="Suns", at=NOON)
    again = desk.define_point_type(tx, "stars", role="qualifying", decimals=2, name_zh="星星", at=NOON)
    assert (again.name_en, again.name_zh) == ("Stars", "星星")
    with pytest.raises(InvalidPosting, match="name_zh"):
        desk.define_point_type(tx, "stars", role="qualifying", decimals=2, name_zh=" ", at=NOON)
    assert desk.point_types(tx) == [again]


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
    assert [one.adjustment_id for one in desk.adjustments(tx, state="waiting")] == [asked.adjustment_id]
    done = desk.approve(tx, asked.adjustment_id, by="Ben", at=NOON + DAY)
    assert (done.decision, done.decided_by, balance(tx, ADA)) == ("posted", "Ben", (101, 0, 0))
    with pytest.raises(desk.AdjustmentDecided):
        desk.reject(tx, asked.adjustment_id, by="Ben", at=NOON)
    assert desk.adjustments(tx, state="waiting") == []
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


def test_another_adjustment_under_the_same_name_is_refused(tx: Transaction) -> None:
    adjust(tx, 50, adjustment_id=7)
    with pytest.raises(ledger.ReferenceReused):
        adjust(tx, 60, adjustment_id=7)
    assert balance(tx, ADA) == (50, 0, 0)


def test_a_decision_has_a_reason(tx: Transaction) -> None:
    asked = [adjust(tx, 1000 + n) for n in range(2)]
    with pytest.raises(InvalidPosting, match="because"):
        desk.reject(tx, asked[0].adjustment_id, by="Ben", at=NOON, because="")
    done = desk.reject(tx, asked[0].adjustment_id, by="Ben", at=NOON, because="sent twice")
    assert desk.adjustment(tx, asked[0].adjustment_id) == done
    assert done.decided_because == "sent twice"
    assert desk.approve(tx, asked[1].adjustment_id, by="Ben", at=NOON, because="seen").decided_because == "seen"
    fact = facts.timeline(tx, member_id=ADA, limit=50)
    assert [one.data["because"] for one in fact if one.name == "adjustment.rejected"] == ["sent twice"]
    desk.freeze(tx, ADA, reason="stolen", by="Olga", at=NOON)
    assert desk.unfreeze(tx, ADA, by="Ben", because="card replaced", at=NOON)
    assert desk.freezes(tx, ADA)[0].lifted_because == "card replaced"


def test_adjustments_are_found_by_state_member_and_day(tx: Transaction) -> None:
    made = [
        desk.adjust(tx, who, amount, reason="r", by="Olga", limit=100, at=NOON + n * DAY)
        for n, (who, amount) in enumerate([(ADA, 5), (BEN, 500), (ADA, 600), (ADA, 7), (BEN, 700)])
    ]
    ids = [one.adjustment_id for one in made]
    desk.reject(tx, ids[1], by="Ben", at=NOON + 9 * DAY)

    def found(**asked: object) -> list[int]:
        return [ids.index(one.adjustment_id) for one in desk.adjustments(tx, **asked)]  # pyright: ignore[reportArgumentType]

    assert found() == [4, 3, 2, 1, 0]
    assert found(state="waiting") == [4, 2]
    assert [ids.index(one.adjustment_id) for one in desk.waiting(tx)] == [2, 4]
    assert len(desk.waiting(tx, limit=1)) == 1
    assert found(state="posted") == [3, 0]
    assert found(state="rejected") == [1]
    assert found(member_id=ADA) == [3, 2, 0]
    assert found(since=NOON + DAY, until=NOON + 3 * DAY) == [2, 1]
    assert found(member_id=ADA, before=(made[3].proposed_at, ids[3]), limit=1) == [2]


def test_the_frozen_accounts_are_listed_the_latest_first(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"))
    desk.freeze(tx, ADA, reason="stolen", by="Olga", at=NOON)
    desk.freeze(tx, BEN, reason="dispute", by="Olga", at=NOON + DAY)
    latest, first = desk.frozen(tx)
    assert (latest.member_id, latest.reason, latest.available) == (BEN, "dispute", 0)
    assert (first.member_id, first.reason, first.available) == (ADA, "stolen", 100)
    assert desk.frozen(tx, before=(latest.frozen_at, latest.account_id)) == [first]
    desk.unfreeze(tx, BEN, by="Olga", at=NOON)
    assert desk.frozen(tx) == [first]


def test_open_holds_are_listed_by_when_they_end_and_given_back_by_hand(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"), earn(BEN, 100, "b"))
    for member_id, name, until in ((ADA, "late", LATER), (BEN, "soon", SOON), (ADA, "too", SOON)):
        ledger.hold(tx, member_id, 30, reference=name, until=until, at=NOON)
    found = desk.open_holds(tx, at=NOON)
    assert [one.held_until for one in found] == [SOON, SOON, LATER]
    assert {one.reference for one in found[:2]} == {"soon", "too"}
    paged = [desk.open_holds(tx, at=NOON, limit=1)[0]]
    while more := desk.open_holds(
        tx, at=NOON, after=(paged[-1].held_until, paged[-1].account_id, paged[-1].seq), limit=1
    ):
        paged += more
    assert paged == found
    assert [one.reference for one in desk.open_holds(tx, at=SOON)] == ["late"]
    late = found[-1]
    ledger.capture(tx, ADA, 10, reference="part", hold="late", at=NOON)
    with pytest.raises(InvalidPosting, match="reason"):
        desk.release_hold(tx, ADA, late.seq, reason="", by="Olga", at=NOON)
    done = desk.release_hold(tx, ADA, late.seq, reason="basket left", by="Olga", at=NOON)
    assert (done.held_change, done.balance) == (-20, 60)
    entry = ledger.statement(tx, ADA)[0]
    assert (entry.kind, entry.reason) == ("release", "basket left")
    [fact] = [one for one in facts.timeline(tx, member_id=ADA, limit=50) if one.name == "hold.released"]
    assert (fact.data["by"], fact.data["amount"]) == ("Olga", 20)
    with pytest.raises(desk.HoldNotFound):
        desk.release_hold(tx, ADA, late.seq, reason="basket left", by="Olga", at=NOON)
    with pytest.raises(desk.HoldNotFound):
        desk.open_hold(tx, CLEO, late.seq, at=NOON)
    assert ledger.audit(tx) == []


def test_many_accounts_are_exact_whether_or_not_the_jobs_have_run(tx: Transaction) -> None:
    desk.define_point_type(tx, "stars", role="qualifying", at=NOON)
    post(
        tx,
        earn(ADA, 100, "a", SOON),
        earn(ADA, 7, "b"),
        earn(BEN, 50, "c", LATER),
        earn(ADA, 3, "d", point_type="stars"),
    )
    ledger.hold(tx, BEN, 20, reference="h", until=SOON, at=NOON)
    found = desk.balances(tx, [(ADA, "points"), (BEN, "points"), (CLEO, "points"), (ADA, "points")], at=NOON)
    assert {who: one.balance.available for who, one in found.items()} == {(ADA, "points"): 107, (BEN, "points"): 30}
    later = desk.balances(tx, [(ADA, "points"), (BEN, "points")], at=SOON)
    assert later[ADA, "points"].balance.available == 7
    assert (later[BEN, "points"].balance.available, later[BEN, "points"].balance.held) == (50, 0)
    assert [(one.point_type, one.entries) for one in desk.accounts(tx, ADA, at=NOON)] == [("points", 2), ("stars", 1)]
    assert desk.owners(tx, [found[ADA, "points"].account_id, 1]) == {found[ADA, "points"].account_id: (ADA, "points")}
