"""Points that live by activity, in the ledger alone: what a slide moves, what it leaves, and what it writes down."""

import pytest

from ledger.making import (
    ADA,
    BEN,
    CLEO,
    DAY,
    LAST,
    LATER,
    SOON,
    balance,
    earn,
    everything,
    kinds,
    lots,
    post,
    spend,
    told,
)
from regulars import ledger
from regulars.ledger import Active
from regulars.storage import Transaction


def test_a_slide_moves_what_would_expire_sooner_and_names_the_activity(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", SOON), earn(ADA, 20, "b", LATER), earn(ADA, 5, "for ever", None))
    [activity] = post(tx, spend(ADA, 2, "v"))
    assert ledger.slide(tx, [Active(ADA, activity.seq, LAST)], at=SOON - 2 * DAY) == 1
    assert lots(tx, ADA) == {LAST: 28, None: 5}
    entry = ledger.statement(tx, ADA, limit=1)[0]
    assert (entry.kind, entry.reference, entry.amount, entry.expires_at) == ("extend", "@slide:4", 0, LAST)
    assert told(tx)[-1] == ("points.extended", ADA, 28, 33, "@slide:4")
    assert ledger.audit(tx) == []


def test_a_slide_to_an_earlier_time_or_by_the_same_activity_changes_nothing(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", SOON))
    ledger.slide(tx, [Active(ADA, 1, LATER)], at=SOON - DAY)
    before = everything(tx)
    assert ledger.slide(tx, [Active(ADA, 1, LATER)], at=SOON - DAY) == 0
    assert ledger.slide(tx, [Active(ADA, 1, SOON)], at=SOON - DAY) == 0
    assert ledger.slide(tx, [Active(ADA, 1, LAST)], at=SOON - DAY) == 0  # once by each activity
    assert ledger.slide(tx, [Active(BEN, 1, LAST)], at=SOON - DAY) == 0  # who has no account gets none
    assert everything(tx) == before


def test_what_is_pending_held_or_gone_does_not_slide(tx: Transaction) -> None:
    post(tx, earn(CLEO, 10, "gone", SOON), earn(CLEO, 20, "held", LATER), earn(CLEO, 5, "p", LATER, matures_at=SOON))
    ledger.hold(
        tx, CLEO, 25, reference="cart", until=SOON + 5 * DAY, at=SOON - DAY
    )  # all of the first, 15 of the second
    ledger.slide(tx, [Active(CLEO, 4, LAST)], at=SOON - DAY)
    ledger.release(tx, CLEO, reference="left", hold="cart", at=SOON + DAY)
    assert lots(tx, CLEO, SOON + DAY) == {SOON + DAY + ledger.GRACE: 10, LATER: 15 + 5, LAST: 5}
    assert ledger.audit(tx) == []


def test_many_slide_in_two_statements_however_many_they_are(tx: Transaction) -> None:
    members = range(100, 400)
    post(tx, *[earn(member_id, 10, "a", SOON if member_id % 2 else LAST) for member_id in members])
    asked = tx.value("select count(*) from ledger_entries")
    assert ledger.slide(tx, [Active(member_id, 1, LATER) for member_id in members], at=SOON - DAY) == 150
    assert tx.value("select count(*) from ledger_entries") == asked + 150
    assert tx.value("select count(*) from ledger_flows where kind = 13") == 1  # one batch
    assert balance(tx, 101, LATER - DAY) == (10, 0, 0)
    assert kinds(tx, 100) == ["earn"]
    assert ledger.audit(tx) == []


def test_nobody_else_may_call_an_extension_a_slide(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", SOON))
    with pytest.raises(ledger.InvalidPosting) as refused:
        ledger.extend(tx, ADA, until=LAST, reference="@slide:1", at=SOON - DAY)
    assert refused.value.details["field"] == "reference"
    assert lots(tx, ADA) == {SOON: 10}
