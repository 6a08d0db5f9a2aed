"""Accounts out of which nothing may be taken for now."""

from datetime import datetime

from regulars import facts
from regulars.ledger._rules import account_id, check_words
from regulars.ledger.desk import _queries
from regulars.ledger.desk._queries import Freeze, Frozen
from regulars.storage import Transaction


def freeze(
    tx: Transaction, member_id: int, *, reason: str, by: str, at: datetime, point_type: str = "points"
) -> Freeze:
    """Let nothing be taken out of an account until it is unfrozen: no spend, hold or transfer.

    Everything else goes on: points come in, holds already made are captured or end, returns and expiry are accounted.
    A frozen account stays frozen as it was. Facts: `points.frozen`.

    Raises:
        InvalidPosting: the reason is none.
    """
    check_words("reason", reason)
    account = account_id(member_id, point_type)
    if _queries.set_frozen(tx, account_id=account, member_id=member_id, point_type=point_type, at=at):
        _queries.insert_freeze(tx, new=Freeze(account, at, by, reason, None, None))
        about = {"reason": reason, "by": by, "point_type": point_type}
        facts.record(tx, [facts.Fact("points.frozen", at, member_id, account, about)], at=at)
    return _queries.select_freezes(tx, account_id=account, limit=1)[0]


def unfreeze(
    tx: Transaction, member_id: int, *, by: str, at: datetime, because: str | None = None, point_type: str = "points"
) -> bool:
    """Lift the freeze; whether there was one. Facts: `points.unfrozen`.

    Raises:
        InvalidPosting: `because` is given and says nothing.
    """
    if because is not None:
        check_words("because", because)
    account = account_id(member_id, point_type)
    if not _queries.clear_frozen(tx, account_id=account):
        return False
    _queries.lift_freeze(tx, account_id=account, by=by, because=because, at=at)
    about = {"by": by, "point_type": point_type} | ({} if because is None else {"because": because})
    facts.record(tx, [facts.Fact("points.unfrozen", at, member_id, account, about)], at=at)
    return True


def freezes(tx: Transaction, member_id: int, *, point_type: str = "points", limit: int = 50) -> list[Freeze]:
    """When and why an account was frozen, the latest first."""
    return _queries.select_freezes(tx, account_id=account_id(member_id, point_type), limit=limit)


def frozen(tx: Transaction, *, before: tuple[datetime, int] | None = None, limit: int = 50) -> list[Frozen]:
    """The accounts that are frozen, the latest first; page on with the last one's `(frozen_at, account_id)` as `before`."""
    return _queries.select_frozen(tx, before=before, limit=limit)
