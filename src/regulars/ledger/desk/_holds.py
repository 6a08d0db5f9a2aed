"""Points set aside, whosever they are, and giving them back by hand."""

from dataclasses import replace
from datetime import datetime

from regulars import facts
from regulars.errors import NotFound
from regulars.ledger._owners import told
from regulars.ledger._postings import Outcome, post_one
from regulars.ledger._rules import Posting, account_id, check_words, derived
from regulars.ledger.desk import _queries
from regulars.ledger.desk._queries import OpenHold
from regulars.ledger.joined import select_home
from regulars.storage import Transaction


class HoldNotFound(NotFound):
    """There is no open hold number {number} on this account: it was captured or released, or has ended."""


def open_holds(
    tx: Transaction, *, at: datetime, after: tuple[datetime, int, int] | None = None, limit: int = 50
) -> list[OpenHold]:
    """The holds that are open at `at`, whosever they are; those that end first come first.

    One on points that a household shares is told as that of the member who made it. Page on with the last one's
    `(held_until, account_id, seq)` as `after`.
    """
    return [_whose(one) for one in _queries.select_open_holds(tx, at=at, after=after, limit=limit)]


def _whose(one: OpenHold) -> OpenHold:
    reference, member_id = told(one.reference)
    return one if one.member_id >= 0 or member_id is None else replace(one, member_id=member_id, reference=reference)


def open_hold(tx: Transaction, member_id: int, number: int, *, at: datetime, point_type: str = "points") -> OpenHold:
    """The hold whose entry has that number, among those of all who share the member's points.

    Raises:
        HoldNotFound: there is none that is open at `at`.
    """
    account = select_home(tx, account_id=account_id(member_id, point_type))
    found = _queries.select_open_hold(tx, account_id=account, seq=number, at=at)
    if found is None:
        raise HoldNotFound(number=number)
    return found


def release_hold(
    tx: Transaction, member_id: int, number: int, *, reason: str, by: str, at: datetime, point_type: str = "points"
) -> Outcome:
    """Give back all that is left of a hold, because somebody decided so. Facts: `hold.released`, `points.released`.

    Raises:
        InvalidPosting: the reason is none.
        HoldNotFound: there is none that is open at `at`.
    """
    check_words("reason", reason)
    hold = open_hold(tx, member_id, number, at=at, point_type=point_type)
    name = derived(hold.reference, " released by hand")
    owner = hold.member_id  # of the account that has it, under the reference it has there
    posting = Posting("release", owner, 0, name, at, reverses=hold.reference, reason=reason, point_type=point_type)
    done = post_one(tx, posting, at)
    about = {
        "amount": -done.held_change,
        "reference": hold.reference,
        "reason": reason,
        "by": by,
        "point_type": point_type,
    }
    facts.record(tx, [facts.Fact("hold.released", at, member_id, hold.account_id, about)], at=at)
    return done
