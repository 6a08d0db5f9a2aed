"""Giving tiers, deciding on them, ending them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from regulars import facts
from regulars.errors import Conflict, Invalid, NotFound
from regulars.ledger import Span
from regulars.programme.tiers._cycles import whole
from regulars.programme.tiers._records import Grant, NewGrant
from regulars.programme.tiers._sets import TierSet
from regulars.programme.tiers.grants import _queries
from regulars.programme.tiers.grants._queries import Bought
from regulars.storage import Transaction
from regulars.types import stable_id, to_public

_LONGEST = 500


class GrantNotFound(NotFound):
    """There is no tier given as {grant!r}."""


class GrantDecided(Conflict):
    """{grant} was decided on already, or its time is over: look at it again."""


class GrantEnded(Conflict):
    """{grant} holds no more, or never did: there is nothing to end."""


class OwnGrant(Conflict):
    """{by} asked for this tier: somebody else has to decide on it."""


class BadGrant(Invalid):
    """{field} is {value!r}: {remedy}."""


def give(
    tx: Transaction, member_id: int, one: TierSet, wish: NewGrant, *, by: str, at: datetime, grant_id: int
) -> Grant:
    """Give a member a tier by hand, or lock the one they have; where the set asks for it, somebody else decides first.

    The same grant again changes nothing. Facts: `grant.proposed`, or `grant.approved`.

    Raises:
        BadGrant: there is no such tier, or the time cannot be.
    """
    begins = max(wish.begins_at or at, at)
    _check(one, wish, begins)
    decided = (None, None, None) if one.approval else ("approved", at, by)
    made = Grant(
        grant_id, member_id, one.code, wish.tier, wish.kind, begins, wish.ends_at, wish.reason, at, by, *decided,
        decided_because=None, ended_at=None, ended_by=None, ended_because=None,
    )  # fmt: skip
    if _queries.insert_grants(tx, grants=[made]):
        _record(tx, "proposed" if one.approval else "approved", made, by, wish.reason, at)
    return find(tx, grant_id)


def _check(one: TierSet, wish: NewGrant, begins: datetime) -> None:
    codes = [each.code for each in one.tiers]
    if wish.tier not in codes:
        raise BadGrant(field="tier", value=wish.tier, remedy=f"give one of {', '.join(codes)}")
    if not 0 < len(wish.reason.strip()) <= _LONGEST or not wish.reason.isprintable():
        raise BadGrant(field="reason", value=wish.reason, remedy=f"give 1 to {_LONGEST} letters on one line")
    if wish.ends_at is not None and wish.ends_at <= begins:
        raise BadGrant(field="ends_at", value=wish.ends_at.isoformat(), remedy="give a later moment, or none")


def _record(tx: Transaction, what: str, one: Grant, by: str, because: str | None, at: datetime) -> None:
    about: dict[str, object] = {
        "set": one.set_code,
        "tier": one.tier,
        "kind": one.kind,
        "by": by,
        "because": because,
        "until": one.ends_at.isoformat() if one.ends_at else None,
    }
    facts.record(tx, [facts.Fact(f"grant.{what}", at, one.member_id, one.grant_id, about)], at=at)


def approve(tx: Transaction, grant_id: int, *, by: str, because: str | None = None, at: datetime) -> Grant:
    """Give what somebody else asked for. Facts: `grant.approved`.

    Raises:
        GrantNotFound: there is none.
        OwnGrant: who asked for it would decide.
        GrantDecided: it was decided on, or its time is over.
    """
    asked = find(tx, grant_id)
    if asked.proposed_by == by:
        raise OwnGrant(by=by)
    return _decide(tx, asked, "approved", by, because, at)


def reject(tx: Transaction, grant_id: int, *, by: str, because: str | None = None, at: datetime) -> Grant:
    """Refuse what somebody asked for, or withdraw one's own. Facts: `grant.rejected`.

    Raises:
        GrantNotFound: there is none.
        GrantDecided: it was decided on.
    """
    return _decide(tx, find(tx, grant_id), "rejected", by, because, at)


def _decide(tx: Transaction, asked: Grant, decision: str, by: str, because: str | None, at: datetime) -> Grant:
    done = _queries.decide_grant(tx, grant_id=asked.grant_id, decision=decision, by=by, because=because or None, at=at)
    if done is None:
        raise GrantDecided(grant=to_public("tgr", asked.grant_id))
    _record(tx, decision, done, by, because, at)
    return done


def end(tx: Transaction, grant_id: int, *, by: str, because: str | None = None, at: datetime) -> Grant:
    """End a tier given, or a lock, before its time. Facts: `grant.ended`.

    Raises:
        GrantNotFound: there is none.
        GrantEnded: it holds no more, or never did.
    """
    asked = find(tx, grant_id)
    done = _queries.end_grant(tx, grant_id=grant_id, by=by, because=because or None, at=at)
    if done is None:
        raise GrantEnded(grant=to_public("tgr", asked.grant_id))
    _record(tx, "ended", done, by, because, at)
    return done


def find(tx: Transaction, grant_id: int) -> Grant:
    """One tier given.

    Raises:
        GrantNotFound: there is none.
    """
    found = _queries.select_grant(tx, grant_id=grant_id)
    if found is None:
        raise GrantNotFound(grant=to_public("tgr", grant_id))
    return found


def given(tx: Transaction, member_ids: Collection[int]) -> list[Grant]:
    """Everything that was ever given to some members, in order."""
    return _queries.select_grants_of(tx, member_ids=list(member_ids))


def listed(
    tx: Transaction, *, waiting: bool = False, before: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Grant]:
    """What was given, or waits for a second person, the latest first; page on with the last one's time and number."""
    return _queries.select_grants(tx, waiting=waiting, before=before, limit=limit)


def buy(
    tx: Transaction,
    order_ids: Sequence[int],
    *,
    return_ids: Sequence[int] = (),
    sets: Sequence[TierSet],
    zone: str,
    at: datetime,
) -> list[tuple[int, datetime]]:
    """Give the tiers that paid orders bought, and end those whose product came back; whose standings change, and when.

    What is bought while the same is still had begins when that ends. Facts: `grant.approved`, `grant.ended`.
    """
    sold = {
        tier.membership.sku: (one, tier.code, tier.membership.lasts)
        for one in sets
        for tier in one.tiers
        if tier.membership
    }
    if not sold:
        return []
    returned = _queries.select_orders_of(tx, return_ids=list(return_ids)) if return_ids else []
    found = _queries.select_bought(tx, order_ids=sorted({*order_ids, *returned}), skus=sorted(sold))
    known = {one.grant_id: one for one in given(tx, {one.member_id for one in found})}
    changed: list[tuple[int, datetime]] = []
    for one in found:
        changed += _settle(tx, one, sold[one.sku], known, zone, at)
    return changed


def _settle(
    tx: Transaction, one: Bought, sold: tuple[TierSet, str, Span], known: dict[int, Grant], zone: str, at: datetime
) -> list[tuple[int, datetime]]:
    """Let one line's memberships be as many as its pieces that were kept."""
    of, tier, lasts = sold
    numbers = [stable_id("tier bought", one.order_id, one.line_no, piece) for piece in range(_pieces(one, known))]
    changed: list[tuple[int, datetime]] = []
    for piece, number in enumerate(numbers):
        had = known.get(number)
        if had is None and piece < one.quantity:
            begins = _begins(known, one, of.code, tier)
            ends = whole(lasts, begins, zone)
            made = Grant(
                number, one.member_id, of.code, tier, "membership", begins, ends, f"Bought with {to_public('ord', one.order_id)}",
                at, "regulars", "approved", at, "regulars", None, None, None, None,
            )  # fmt: skip
            known[number] = made
            _queries.insert_grants(tx, grants=[made])
            _record(tx, "approved", made, "regulars", None, at)
            changed.append((one.member_id, min(begins, at)))
        elif had is not None and piece >= one.quantity and had.ended_at is None and had.until > at:
            ended = _queries.end_grant(tx, grant_id=number, by="regulars", because="It came back", at=at)
            if ended:
                known[number] = ended
                _record(tx, "ended", ended, "regulars", "It came back", at)
                changed.append((one.member_id, at))
    return changed


def _pieces(one: Bought, known: Mapping[int, Grant]) -> int:
    """How many pieces of a line there are, or were."""
    most = one.quantity
    while stable_id("tier bought", one.order_id, one.line_no, most) in known:
        most += 1
    return most


def _begins(known: Mapping[int, Grant], one: Bought, code: str, tier: str) -> datetime:
    """When what was bought begins: when it was paid, or when what is had of it already ends."""
    same = [
        grant.until
        for grant in known.values()
        if (grant.member_id, grant.set_code, grant.tier, grant.kind) == (one.member_id, code, tier, "membership")
        and grant.until > one.paid_at
    ]
    return max([one.paid_at, *same])
