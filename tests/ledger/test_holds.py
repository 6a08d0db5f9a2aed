"""Holds as they are listed, and what the other new verbs do at the edges."""

import pytest

from conftest import NOON
from ledger.making import ADA, BEN, CLEO, DAY, LATER, SOON, TICK, balance, earn, kinds, lots, post
from regulars import ledger
from regulars.ledger import Hold, Posting, ReferenceReused
from regulars.storage import Transaction


def test_open_holds_are_listed_latest_first_with_what_is_left_of_each(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"), earn(ADA, 9, "a", point_type="stars"))
    for number in (1, 2, 3):
        ledger.hold(tx, ADA, 10 * number, reference=f"h{number}", until=SOON + number * DAY, at=NOON)
    ledger.capture(tx, ADA, 5, reference="c", hold="h3", at=NOON)
    ledger.release(tx, ADA, 4, reference="r", hold="h3", at=NOON)
    ledger.release(tx, ADA, reference="s", hold="h2", at=NOON)
    third = Hold(4, "h3", 30, 21, 5, NOON, SOON + 3 * DAY, None)
    first = Hold(2, "h1", 10, 10, 0, NOON, SOON + DAY, None)
    assert ledger.holds(tx, ADA, at=NOON) == [third, first]
    assert ledger.holds(tx, ADA, at=NOON, limit=1) == [third]
    assert ledger.holds(tx, ADA, at=NOON, before_seq=4) == [first]
    assert ledger.holds(tx, ADA, at=SOON + DAY - TICK) == [third, first]
    assert ledger.holds(tx, ADA, at=SOON + DAY) == [third]
    assert ledger.holds(tx, ADA, at=NOON, point_type="stars") == ledger.holds(tx, BEN, at=NOON) == []


def test_a_reinstatement_that_comes_too_late_is_given_and_expires(tx: Transaction) -> None:
    """Posted long after it was decided: it must not fall into a lot that lives longer."""
    post(tx, earn(ADA, 10, "a", SOON), earn(ADA, 7, "b", LATER))
    ledger.expire_due(tx, at=SOON)
    decided, posted = SOON + DAY, SOON + 5 * DAY
    late = Posting("reinstate", ADA, 10, "r", decided, decided + DAY, reverses="@expire:3")
    assert [one.status for one in post(tx, late, at=posted)] == ["posted"]
    assert lots(tx, ADA, posted + TICK) == {LATER: 7}
    ledger.expire_due(tx, at=posted + TICK)
    assert kinds(tx, ADA) == ["earn", "earn", "expire", "reinstate", "expire"]
    assert ledger.audit(tx) == []


def test_promises_whose_names_are_long_and_alike_are_all_kept(tx: Transaction) -> None:
    event = "e" * 200
    for number in range(3):
        ledger.earn(tx, ADA, 5, reference="r" * 190 + str(number), at=NOON, matures_at=SOON, awaits=event)
    assert ledger.fulfil(tx, event, at=NOON) == 3
    assert ledger.fulfil(tx, event, at=NOON) == 0
    assert balance(tx, ADA) == (15, 0, 0)


def test_transfers_whose_names_are_long_are_known_again(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a"))
    names = ["x" * 199 + end for end in "ab"]
    for name in names:
        ledger.transfer(tx, ADA, BEN, 5, reference=name, at=NOON)
    ledger.deliver(tx, at=NOON)
    again = ledger.transfer(tx, ADA, BEN, 5, reference=names[0], at=NOON)
    assert again.sent.status == "replayed"
    assert again.received is None if tx.shards else again.received.status == "replayed"
    assert (balance(tx, ADA), balance(tx, BEN)) == ((0, 0, 0), (10, 0, 0))


def test_what_was_sent_to_one_does_not_arrive_at_another(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a"))
    ledger.transfer(tx, ADA, BEN, 5, reference="gift", at=NOON)
    ledger.deliver(tx, at=NOON)
    with pytest.raises(ReferenceReused), tx.savepoint():
        ledger.transfer(tx, ADA, CLEO, 5, reference="gift", at=NOON)
    assert [balance(tx, one) for one in (ADA, BEN, CLEO)] == [(5, 0, 0), (5, 0, 0), (0, 0, 0)]
