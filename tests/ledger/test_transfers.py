"""Transfers in two steps, as between servers: whatever stops them, the points arrive once or come back."""

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import NOON
from ledger.making import ADA, BEN, CLEO, DAY, LATER, SOON, balance, earn, kinds, lots, post, told
from regulars import ledger
from regulars.ledger import Posting, ReferenceReused
from regulars.ledger._rules import derived
from regulars.storage import Database, Transaction
from regulars.types import to_public


def dispatch(tx: Transaction, amount: int = 60, receiver: int = BEN, reference: str = "gift") -> ledger.Transfer:
    return ledger.dispatch(tx, ADA, receiver, amount, reference=reference, at=NOON, reason="for you")


def test_points_under_way_are_in_neither_account_and_arrive_with_their_expiries(tx: Transaction) -> None:
    post(tx, earn(ADA, 40, "a", SOON), earn(ADA, 40, "b", LATER))
    sent = dispatch(tx)
    assert (sent.sent.status, sent.received) == ("posted", None)
    assert (balance(tx, ADA), balance(tx, BEN)) == ((20, 0, 0), (0, 0, 0))
    assert [(one.sender, one.receiver, one.amount) for one in ledger.under_way(tx)] == [(ADA, BEN, 60)]
    assert ledger.audit(tx) == []
    assert ledger.deliver(tx, at=NOON + DAY) == 1
    assert (lots(tx, ADA), lots(tx, BEN, NOON + DAY)) == ({LATER: 20}, {SOON: 40, LATER: 20})
    assert (ledger.under_way(tx), ledger.deliver(tx, at=NOON + DAY)) == ([], 0)
    assert [fact[:3] for fact in told(tx)[2:]] == [("points.sent", ADA, 60), ("points.received", BEN, 60)]
    assert ledger.audit(tx) == []


def test_what_is_sent_again_is_sent_once_before_and_after_it_arrived(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"))
    for _ in range(2):
        dispatch(tx)
    ledger.deliver(tx, at=NOON)
    assert dispatch(tx).sent.status == "replayed"
    assert ledger.deliver(tx, at=NOON) == 0
    assert (balance(tx, ADA), balance(tx, BEN)) == ((40, 0, 0), (60, 0, 0))


@pytest.mark.parametrize("arrived", [False, True])
def test_what_was_sent_to_one_is_not_sent_to_another(tx: Transaction, arrived: bool) -> None:  # noqa: FBT001
    post(tx, earn(ADA, 100, "a"))
    dispatch(tx)
    if arrived:
        ledger.deliver(tx, at=NOON)
    with pytest.raises(ReferenceReused), tx.savepoint():
        dispatch(tx, receiver=CLEO)
    with pytest.raises(ReferenceReused), tx.savepoint():
        dispatch(tx, amount=59)
    ledger.deliver(tx, at=NOON)
    assert [balance(tx, one)[0] for one in (ADA, BEN, CLEO)] == [40, 60, 0]


def test_what_went_in_one_step_is_known_when_it_is_sent_again_in_two(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"), Posting("send", ADA, 60, "gift", NOON, reason="for you"))
    with pytest.raises(ReferenceReused), tx.savepoint():
        dispatch(tx)  # it was sent, but not to Ben
    name = derived("gift", f" from {to_public('mem', ADA)}")
    post(tx, Posting("receive", BEN, 60, name, NOON, lots=((_micros(), 60),)))
    assert (dispatch(tx).received or pytest.fail("it has arrived")).status == "replayed"
    assert (ledger.under_way(tx), balance(tx, BEN)) == ([], (60, 0, 0))


def _micros() -> int:
    return int(LATER.timestamp()) * 1_000_000


def test_one_that_cannot_arrive_goes_back_and_holds_up_no_other(tx: Transaction) -> None:
    post(tx, earn(ADA, 40, "a", SOON), earn(ADA, 40, "b", LATER))
    dispatch(tx, 50)
    dispatch(tx, 10, reference="another")
    post(tx, earn(BEN, 7, derived("gift", f" from {to_public('mem', ADA)}")))  # its name is taken
    assert ledger.deliver(tx, at=NOON) == 2
    assert (lots(tx, ADA), balance(tx, BEN)) == ({SOON: 40, LATER: 30}, (17, 0, 0))
    assert kinds(tx, ADA) == ["earn", "earn", "send", "send", "receive"]
    assert tx.rows("select member_id, data ->> 'reference' from facts where name = 'transfer.returned'") == [
        (ADA, "gift")
    ]
    assert (ledger.under_way(tx), ledger.deliver(tx, at=NOON), ledger.audit(tx)) == ([], 0, [])


def test_no_more_arrive_at_once_than_asked(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"))
    for number in range(5):
        dispatch(tx, 10, reference=f"g{number}")
    assert [ledger.deliver(tx, at=NOON, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert balance(tx, BEN) == (50, 0, 0)


COURIER = Path(__file__).with_name("courier.py")


@pytest.mark.parametrize(
    "step", ["before it is sent", "when it was sent", "before it has arrived", "when it has arrived"]
)
def test_a_transfer_killed_at_any_step_is_finished_by_whoever_comes_next(database: Database, step: str) -> None:
    with database.transaction() as tx:
        post(tx, earn(ADA, 100, "a"))
    killed = subprocess.run([sys.executable, COURIER, database.url, step], check=False, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    with database.transaction() as tx:
        assert ledger.audit(tx) == []
        under_way = sum(one.amount for one in ledger.under_way(tx))
        assert balance(tx, ADA)[0] + balance(tx, BEN)[0] + under_way == 100
    with database.transaction() as tx:
        dispatch(tx)
    for _ in range(2):
        with database.transaction() as tx:
            ledger.deliver(tx, at=NOON)
    with database.transaction() as tx:
        assert (balance(tx, ADA), balance(tx, BEN), ledger.under_way(tx)) == ((40, 0, 0), (60, 0, 0), [])
        assert ledger.audit(tx) == []
        assert tx.values("select name from facts where name like 'points.%%' order by name") == [
            "points.earned",
            "points.received",
            "points.sent",
        ]
