"""Points given or taken by hand, with a reason, and beyond a limit with a second person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from regulars import facts
from regulars.errors import Conflict, NotFound
from regulars.ledger._postings import ReferenceReused, post_one
from regulars.ledger._rules import Posting, check_words
from regulars.ledger.desk import _queries
from regulars.ledger.desk._queries import Adjustment, AdjustmentState
from regulars.storage import Transaction
from regulars.types import random_id, to_public


class AdjustmentNotFound(NotFound):
    """There is no adjustment {adjustment}."""


class AdjustmentDecided(Conflict):
    """Adjustment {adjustment} was {decision} by {by} already."""


class OwnAdjustment(Conflict):
    """{by} proposed adjustment {adjustment}: somebody else has to decide on it."""


def adjust(
    tx: Transaction,
    member_id: int,
    amount: int,
    *,
    reason: str,
    by: str,
    limit: int,
    at: datetime,
    expires_at: datetime | None = None,
    adjustment_id: int | None = None,
    point_type: str = "points",
) -> Adjustment:
    """Give points by hand, or take them (`amount` below 0); beyond `limit` they wait for somebody else's decision.

    With an `adjustment_id` of the caller's the same again changes nothing. Facts: `adjustment.proposed`; `adjustment.posted`
    and those of the posting when it is within the limit.

    Raises:
        InvalidPosting: an input can never be right.
        InsufficientPoints: fewer are available than are to be taken; nothing was proposed.
        AccountFrozen: nothing may be taken out.
        ReferenceReused: that adjustment is another one.
    """
    new = Adjustment(
        random_id() if adjustment_id is None else adjustment_id,
        member_id,
        point_type,
        amount,
        reason,
        expires_at,
        at,
        by,
        None,
        None,
        None,
    )
    check_words("reason", reason)
    posting = _posting(new, at)
    if not _queries.insert_adjustment(tx, new=new):
        return _as_before(tx, new)
    facts.record(tx, [_fact("proposed", new, by, at)], at=at)
    if abs(amount) > limit:
        return new
    return _decide(tx, new, posting, by, at)


def _as_before(tx: Transaction, new: Adjustment) -> Adjustment:
    known = adjustment(tx, new.adjustment_id)
    if (known.amount, known.reason, known.expires_at) != (new.amount, new.reason, new.expires_at):
        raise ReferenceReused(reference=to_public("adj", new.adjustment_id))
    return known


def approve(tx: Transaction, adjustment_id: int, *, by: str, at: datetime, because: str | None = None) -> Adjustment:
    """Post an adjustment that somebody else proposed. Facts: `adjustment.posted`, and those of the posting.

    Raises:
        InvalidPosting: `because` is given and says nothing.
        AdjustmentNotFound: there is none.
        AdjustmentDecided: it was decided already.
        OwnAdjustment: one does not approve what one proposed.
        InsufficientPoints: fewer are available than are to be taken; it stays open.
        AccountFrozen: nothing may be taken out; it stays open.
    """
    one = _open(tx, adjustment_id, by, because)
    return _decide(tx, one, _posting(one, at), by, at)


def reject(tx: Transaction, adjustment_id: int, *, by: str, at: datetime, because: str | None = None) -> Adjustment:
    """Decide against an adjustment; who proposed it may withdraw it so. Facts: `adjustment.rejected`.

    Raises:
        InvalidPosting: `because` is given and says nothing.
        AdjustmentNotFound: there is none.
        AdjustmentDecided: it was decided already.
    """
    one = _open(tx, adjustment_id, None, because)
    done = replace(one, decided_at=at, decided_by=by, decision="rejected")
    _queries.decide_adjustment(tx, done=done)
    facts.record(tx, [_fact("rejected", done, by, at)], at=at)
    return done


def adjustment(tx: Transaction, adjustment_id: int) -> Adjustment:
    """One adjustment.

    Raises:
        AdjustmentNotFound: there is none.
    """
    for one in _queries.select_adjustments_by_id(tx, adjustment_id=adjustment_id):
        return one
    raise AdjustmentNotFound(adjustment=to_public("adj", adjustment_id))


def adjustments(
    tx: Transaction,
    *,
    state: AdjustmentState | None = None,
    member_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Sequence[Adjustment]:
    """Adjustments, the latest first; page on with the last one's `(proposed_at, adjustment_id)` as `before`.

    `since` is the first instant at which one may have been proposed, `until` the first at which it may not.
    """
    return _queries.select_adjustments(
        tx, state=state, member_id=member_id, since=since, until=until, before=before, limit=limit
    )


def waiting(tx: Transaction, *, limit: int = 50) -> Sequence[Adjustment]:
    """Adjustments that nobody has decided on, those that have waited longest first."""
    return _queries.select_waiting(tx, limit=limit)


def _open(tx: Transaction, adjustment_id: int, by: str | None, because: str | None) -> Adjustment:
    """The adjustment, locked, as it is to be decided on; not by `by`."""
    if because is not None:
        check_words("because", because)
    _queries.lock_adjustment(tx, adjustment_id=adjustment_id)
    one = adjustment(tx, adjustment_id)
    name = to_public("adj", adjustment_id)
    if one.decided_at is not None:
        raise AdjustmentDecided(adjustment=name, decision=one.decision, by=one.decided_by)
    if by is not None and one.proposed_by == by:
        raise OwnAdjustment(by=by, adjustment=name)
    return replace(one, decided_because=because)


def _posting(one: Adjustment, at: datetime) -> Posting:
    return Posting(
        "earn" if one.amount > 0 else "spend",
        one.member_id,
        abs(one.amount),
        to_public("adj", one.adjustment_id),
        at,
        one.expires_at if one.amount > 0 else None,
        reason=one.reason,
        point_type=one.point_type,
    )


def _decide(tx: Transaction, one: Adjustment, posting: Posting, by: str, at: datetime) -> Adjustment:
    post_one(tx, posting, at)
    done = replace(one, decided_at=at, decided_by=by, decision="posted")
    _queries.decide_adjustment(tx, done=done)
    facts.record(tx, [_fact("posted", done, by, at)], at=at)
    return done


def _fact(what: str, one: Adjustment, by: str, at: datetime) -> facts.Fact:
    about = {"amount": one.amount, "reason": one.reason, "by": by, "point_type": one.point_type}
    if one.decided_because is not None:
        about["because"] = one.decided_because
    return facts.Fact(f"adjustment.{what}", at, one.member_id, one.adjustment_id, about)
