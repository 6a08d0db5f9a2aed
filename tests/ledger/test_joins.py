"""Members who share their points, and two members who were one: nothing is stranded, nothing doubled."""

import pytest

from conftest import NOON
from ledger.making import (
    ADA,
    BEN,
    CLEO,
    DAN,
    DAY,
    LATER,
    SOON,
    balance,
    earn,
    give_back,
    kinds,
    lots,
    post,
    spend,
    statuses,
    take_back,
)
from regulars import ledger
from regulars.ledger import Posting
from regulars.storage import Transaction

HOME, OTHER = ledger.pool(77), ledger.pool(78)


def join(tx: Transaction, member_id: int, target: int = HOME, reference: str = "in", at=NOON) -> ledger.Join:
    return ledger.join(tx, member_id, target, reference=reference, at=at)


def leave(tx: Transaction, member_id: int, share: int = 0, reference: str = "out") -> ledger.Join:
    return ledger.leave(tx, member_id, HOME, share=share, reference=reference, at=NOON)


def hold(member_id: int, amount: int, reference: str) -> Posting:
    return Posting("hold", member_id, amount, reference, NOON, SOON)


def follow(kind, member_id: int, amount: int, reference: str, held: str) -> Posting:
    return Posting(kind, member_id, amount, reference, NOON, reverses=held)


def test_whoever_joins_brings_all_points_with_their_expiry(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a", SOON), earn(ADA, 30, "b", LATER), earn(BEN, 20, "a", SOON))
    post(tx, earn(ADA, 7, "p", LATER, matures_at=SOON), hold(ADA, 10, "h"))
    done = join(tx, ADA)
    assert (done.available, done.pending, done.held, done.debt) == (70, 7, 10, 0)
    join(tx, BEN)
    for member_id in (ADA, BEN):
        found = ledger.balance(tx, member_id, at=NOON)
        assert (found.available, found.pending, found.held, found.debt) == (90, 7, 10, 0)
        assert lots(tx, member_id) == {SOON: 60, LATER: 30}
    assert ledger.audit(tx) == []


def test_what_one_earns_another_spends(tx: Transaction) -> None:
    join(tx, ADA)
    join(tx, BEN)
    assert statuses(post(tx, earn(ADA, 50, "r"), earn(BEN, 5, "r"), spend(BEN, 55, "v"), spend(ADA, 1, "w"))) == [
        "posted", "posted", "posted", "insufficient",
    ]  # fmt: skip
    assert statuses(post(tx, earn(ADA, 50, "r"), earn(BEN, 50, "r"))) == ["replayed", "reference_reused"]
    assert balance(tx, ADA) == balance(tx, BEN) == (0, 0, 0)
    assert ledger.audit(tx) == []


def test_what_was_posted_before_is_undone_with_the_points_shared(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a"), spend(ADA, 20, "v"), earn(BEN, 100, "b"))
    join(tx, ADA)
    join(tx, BEN)
    assert balance(tx, ADA) == (130, 0, 0)
    assert statuses(post(tx, give_back(ADA, 15, "g", "v"), take_back(ADA, 50, "c", "a"))) == ["posted", "posted"]
    assert balance(tx, BEN) == (95, 0, 0)
    assert statuses(post(tx, take_back(ADA, 1, "c2", "a"), give_back(ADA, 6, "g2", "v"))) == ["exceeds", "exceeds"]
    assert statuses(post(tx, give_back(ADA, 15, "g", "v"), take_back(ADA, 50, "c", "a"))) == ["replayed", "replayed"]
    assert balance(tx, BEN) == (95, 0, 0)
    assert ledger.audit(tx) == []
