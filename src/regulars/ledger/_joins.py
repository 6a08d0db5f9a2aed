"""Accounts that join another: members who share their points, and two members who were one."""

from collections.abc import Sequence
from datetime import datetime

from regulars import facts
from regulars.errors import Conflict
from regulars.ledger import _accounts, joined
from regulars.ledger._owners import owner_name, shared
from regulars.ledger._postings import AccountFrozen, InsufficientPoints, ReferenceReused, record_due
from regulars.ledger._rules import InvalidPosting, account_id, check_reference, check_words
from regulars.ledger.joined import Join, Places, _queries
from regulars.storage import Transaction

_MOST = 1000


class AlreadyJoined(Conflict):
    """The {point_type} of {owner} are with {other} already: leave there first."""


class NotShareable(Conflict):
    """{owner} cannot share points here, for the ledger lies on several servers: transfer them, or keep the ledger on one."""


class NotJoined(Conflict):
    """The {point_type} of {owner} are not with {other}: there is nothing to leave."""


def join(
    tx: Transaction,
    member_id: int,
    target: int,
    *,
    reference: str,
    at: datetime,
    reason: str | None = None,
    point_type: str = "points",
) -> Join:
    """Put a member's points together with others', from now on: `target` is a member, or `pool(household_id)`.

    All that the member has goes there: lots with their expiry, promises, open holds, and debt, which is paid there as
    far as there is anything. What is posted for the member then goes there, and what undoes something older takes it
    from there or gives it there. The same reference again changes nothing.

    Facts: `points.joined`.

    Raises:
        NotShareable: the ledger is spread over several servers.
        InvalidPosting: an input can never be right, or the target's points are with this member.
        AlreadyJoined: the points are with another.
        AccountFrozen: nothing may be taken out of the member's account.
        ReferenceReused: the reference was that of joining another.
    """
    check_reference("reference", reference)
    if reason is not None:
        check_words("reason", reason)
    places = lock(tx, (member_id, target), (point_type,), at)
    known = _joinable(tx, member_id, target, places, reference, point_type)
    return known or _join(tx, member_id, target, places, reference, reason, point_type, at)


def leave(
    tx: Transaction,
    member_id: int,
    target: int,
    *,
    reference: str,
    at: datetime,
    share: int = 0,
    reason: str | None = None,
    point_type: str = "points",
) -> Join:
    """Post to the member's own account again, and take a `share` along, of what expires first.

    All else stays: what is pending or held there, and what was posted there meanwhile, which can still be undone there.
    The same reference again changes nothing. Facts: `points.left`.

    Raises:
        NotShareable: the ledger is spread over several servers.
        InvalidPosting: an input can never be right.
        NotJoined: the points are not there.
        InsufficientPoints: fewer are available there than the share.
        AccountFrozen: of the two accounts one is, and a share is to be taken.
        ReferenceReused: the reference was that of leaving another.
    """
    check_reference("reference", reference)
    if share < 0:
        raise InvalidPosting(field="share", value=share, remedy="give 0 or more points")
    places = lock(tx, (member_id, target), (point_type,), at)
    source, there = account_id(member_id, point_type), account_id(target, point_type)
    joins = _queries.select_joins(tx, account_id=source, limit=_MOST)
    for one in joins:
        if one.left_by == reference:
            if one.target != there:
                raise ReferenceReused(reference=reference)
            return one
    if there == source or places.locked[source].joined != there:
        raise NotJoined(owner=owner_name(member_id), other=owner_name(target), point_type=point_type)
    home = places.home(there)
    if share:
        _check_share(tx, target, share, frozen=any(places.locked[one].frozen for one in (source, home)), at=at,
                     point_type=point_type)  # fmt: skip
    _queries.set_joined(tx, account_id=source, target=source)
    own_seq = _seq(tx, source)
    if share:
        _queries.move(
            tx, source=home, target=source, most=share, first=None, seqs=[], names=[], reason=reason or reference, at=at
        )
    _queries.end_join(
        tx, account_id=source, reference=reference, own_seq=own_seq, home=home, home_seq=_seq(tx, home), at=at
    )  # fmt: skip
    about = {"from": owner_name(target), "share": share, "reference": reference, "point_type": point_type}
    facts.record(tx, [facts.Fact("points.left", at, member_id, source, about)], at=at)
    return _queries.select_joins(tx, account_id=source, limit=1)[0]


def merge(
    tx: Transaction, member_id: int, into: int, *, reference: str, at: datetime, reason: str | None = None
) -> Sequence[Join]:
    """Put all points of a member, of every kind, together with another's, who is the same person: see `join`.

    Kinds that nobody had defined yet, and neither had, are not known: merge again under another reference when they come.

    Raises:
        NotShareable: the ledger is spread over several servers.
        InvalidPosting: an input can never be right, or the other's points are with this member.
        AlreadyJoined: the points are with another.
        AccountFrozen: nothing may be taken out of one of the member's accounts.
        ReferenceReused: the reference was that of joining another.
    """
    check_reference("reference", reference)
    if reason is not None:
        check_words("reason", reason)
    kinds = _types(tx, member_id, into)
    places = lock(tx, (member_id, into), kinds, at)
    known = {kind: _joinable(tx, member_id, into, places, reference, kind) for kind in kinds}
    return [one or _join(tx, member_id, into, places, reference, reason, kind, at) for kind, one in known.items()]


def unmerge(
    tx: Transaction, member_id: int, from_: int, *, reference: str, at: datetime, reason: str | None = None
) -> Sequence[Join]:
    """Undo a merge: the member's own accounts are posted to again, and get back what they brought as far as it is there.

    That is the available points that were moved, or what is left of all; debt, promises and holds stay where they are.

    Raises:
        NotShareable: the ledger is spread over several servers.
        InvalidPosting: an input can never be right.
        NotJoined: the points are not there.
        AccountFrozen: one of the accounts is, and something is to be given back.
    """
    kinds = _types(tx, member_id, from_)
    lock(tx, (member_id, from_), kinds, at)
    left: list[Join] = []
    for kind in kinds:
        joins = _queries.select_joins(tx, account_id=account_id(member_id, kind), limit=_MOST)
        with_them = [one for one in joins if one.target_owner == from_]
        if any(one.left_at is None or one.left_by == reference for one in with_them):
            there = _accounts.balance(tx, from_, at=at, point_type=kind).available
            share = min(with_them[0].available, there)
            left.append(
                leave(
                    tx, member_id, from_, reference=reference, at=at, share=share, reason=reason, point_type=kind
                )
            )  # fmt: skip
    if not left:
        raise NotJoined(owner=owner_name(member_id), other=owner_name(from_), point_type="points")
    return left


def joins(tx: Transaction, member_id: int, *, point_type: str = "points", limit: int = 50) -> list[Join]:
    """What a member's points have been joined with, the latest first."""
    return _queries.select_joins(tx, account_id=account_id(member_id, point_type), limit=limit)


def _types(tx: Transaction, *owners: int) -> list[str]:
    return sorted({"points", *_queries.select_types(tx, owners=list(owners))})


def lock(tx: Transaction, owners: Sequence[int], kinds: Sequence[str], at: datetime) -> Places:
    """Lock the accounts of some owners, all in one order; those that are not there are made.

    Raises:
        NotShareable: the ledger is spread over several servers, and these accounts may not be on one.
    """
    if tx.shards is not None:
        raise NotShareable(owner=owner_name(owners[0]))
    wanted = sorted((account_id(owner, kind), owner, kind) for owner in owners for kind in kinds)
    _queries.make_accounts(
        tx,
        accounts=[account for account, _, _ in wanted],
        owners=[owner for _, owner, _ in wanted],
        types=[kind for _, _, kind in wanted],
    )
    places = joined.lock(tx, [account for account, _, _ in wanted], at=at)
    record_due(tx, places.due, at=at)
    return places


def _joinable(
    tx: Transaction, member_id: int, target: int, places: Places, reference: str, point_type: str
) -> Join | None:
    """Refuse what cannot be joined; what this reference joined before, if it did."""
    source, there = account_id(member_id, point_type), account_id(target, point_type)
    for one in _queries.select_joins(tx, account_id=source, limit=_MOST):
        if one.reference == reference:
            if one.target != there:
                raise ReferenceReused(reference=reference)
            return one
    if places.home(there) == source:
        raise InvalidPosting(field="target", value=owner_name(target), remedy="its points are with this member already")
    now = places.locked[source]
    if now.joined not in {None, source}:
        other = places.locked[now.joined or source].owner
        raise AlreadyJoined(point_type=point_type, owner=owner_name(member_id), other=owner_name(other))
    if now.frozen:
        raise AccountFrozen(point_type=point_type)
    return None


def _join(
    tx: Transaction,
    member_id: int,
    target: int,
    places: Places,
    reference: str,
    reason: str | None,
    point_type: str,
    at: datetime,
) -> Join:
    source, there = account_id(member_id, point_type), account_id(target, point_type)
    home = places.home(there)
    names, home_seq = _queries.select_open(tx, account_id=source), _seq(tx, home)
    moved = _queries.move(
        tx,
        source=source,
        target=home,
        most=None,
        first=None,
        seqs=[seq for seq, _ in names],
        names=[shared(name, member_id) for _, name in names],
        reason=reason or reference,
        at=at,
    )
    _queries.set_joined(tx, account_id=source, target=there)
    _queries.insert_join(
        tx,
        account_id=source,
        target=there,
        reference=reference,
        reason=reason,
        moved=moved,
        own_seq=_seq(tx, source),
        home=home,
        home_seq=home_seq,
        at=at,
    )
    about = {"to": owner_name(target), "available": moved.available, "pending": moved.pending, "held": moved.held,
             "debt": moved.debt, "balance": moved.balance, "reference": reference, "point_type": point_type}  # fmt: skip
    facts.record(tx, [facts.Fact("points.joined", at, member_id, source, about)], at=at)
    return _queries.select_joins(tx, account_id=source, limit=1)[0]


def _seq(tx: Transaction, account: int) -> int:
    """The number of the last entry of an account that is locked."""
    return _queries.select_seqs(tx, account_ids=[account]).get(account, 0)


def _check_share(
    tx: Transaction, target: int, share: int, *, frozen: bool, at: datetime, point_type: str
) -> None:  # fmt: skip
    if frozen:
        raise AccountFrozen(point_type=point_type)
    available = _accounts.balance(tx, target, at=at, point_type=point_type).available
    if share > available:
        raise InsufficientPoints(available=available, point_type=point_type, amount=share)
