"""Accounts that join another: members who share their points, and two members who were one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars import facts
from regulars.errors import Conflict
from regulars.ledger import _accounts, joined
from regulars.ledger._balances import Balance
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
    known = _left(tx, member_id, target, reference, places, point_type)
    if known:
        return known
    home = places.home(account_id(target, point_type))
    if share:
        frozen = any(places.locked[one].frozen for one in (account_id(member_id, point_type), home))
        _check_share(tx, target, share, frozen=frozen, at=at, point_type=point_type)
    moves = [_Move(share)] if share else []
    about: dict[str, object] = {
        "from": owner_name(target),
        "share": share,
        "reference": reference,
        "point_type": point_type,
    }
    return _leave(tx, member_id, home, moves, reference, reason or reference, about, point_type, at)


def _left(
    tx: Transaction, member_id: int, target: int, reference: str, places: Places, point_type: str
) -> Join | None:  # fmt: skip
    """Refuse what cannot be left; what this reference left before, if it did."""
    source, there = account_id(member_id, point_type), account_id(target, point_type)
    for one in _queries.select_joins(tx, account_id=source, limit=_MOST):
        if one.left_by == reference:
            if one.target != there:
                raise ReferenceReused(reference=reference)
            return one
    if there == source or places.locked[source].joined != there:
        raise NotJoined(owner=owner_name(member_id), other=owner_name(target), point_type=point_type)
    return None


@dataclass(frozen=True, slots=True)
class _Move:
    """Some points that go along, of the lot that expires first or of the lot named; or a promise or a hold."""

    most: int
    lot: int | None = None
    seqs: tuple[int, ...] = ()
    names: tuple[str, ...] = ()


def _leave(
    tx: Transaction,
    member_id: int,
    home: int,
    moves: Sequence[_Move],
    reference: str,
    reason: str,
    about: dict[str, object],
    point_type: str,
    at: datetime,
) -> Join:
    source = account_id(member_id, point_type)
    _queries.set_joined(tx, account_id=source, target=source)
    own_seq = _seq(tx, source)
    for one in moves:
        _queries.move(
            tx, source=home, target=source, most=one.most, first=one.lot, seqs=list(one.seqs), names=list(one.names),
            reason=reason, at=at,
        )  # fmt: skip
    _queries.end_join(
        tx, account_id=source, reference=reference, own_seq=own_seq, home=home, home_seq=_seq(tx, home), at=at
    )  # fmt: skip
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


@dataclass(frozen=True, slots=True)
class Unmerged:
    """What a member's account of one kind got back of what it had brought, and what it did not."""

    join: Join
    available: int
    pending: int
    held: int

    @property
    def kept(self) -> Balance:
        """What stayed where it was: spent or expired meanwhile, matured or lapsed, captured or released; and the debt brought."""
        one = self.join
        return Balance(
            one.available - self.available, one.pending - self.pending, one.debt, one.held - self.held
        )  # fmt: skip


def unmerge(
    tx: Transaction, member_id: int, from_: int, *, reference: str, at: datetime, reason: str | None = None
) -> Sequence[Unmerged]:
    """Undo a merge: the member's own accounts are posted to again, and get back what they brought as far as it is there.

    Of each lot that was moved so much as there still is with its expiry; the promises and holds that were moved and are
    open, what is left of them. What was owed stays owed there, and what paid a debt stays paid. The same reference again
    changes nothing. Facts: `points.left`, with what came back and what did not.

    Raises:
        NotShareable: the ledger is spread over several servers.
        InvalidPosting: an input can never be right.
        NotJoined: the points are not there.
        AccountFrozen: one of the accounts is, and something is to be given back.
        ReferenceReused: the reference was that of leaving another.
    """
    check_reference("reference", reference)
    kinds = _types(tx, member_id, from_)
    places = lock(tx, (member_id, from_), kinds, at)
    left: list[Join] = []
    for kind in kinds:
        source, there = account_id(member_id, kind), account_id(from_, kind)
        current = _queries.select_joins(tx, account_id=source, limit=_MOST)
        if not any(one.target == there and (one.left_at is None or one.left_by == reference) for one in current):
            continue
        known = _left(tx, member_id, from_, reference, places, kind)
        left.append(known or _take_back(tx, current[0], member_id, places, reference, reason, kind, at))
    if not left:
        raise NotJoined(owner=owner_name(member_id), other=owner_name(from_), point_type="points")
    return [_unmerged(tx, one) for one in left]


def _take_back(
    tx: Transaction,
    join: Join,
    member_id: int,
    places: Places,
    reference: str,
    reason: str | None,
    point_type: str,
    at: datetime,
) -> Join:
    home = places.home(join.target)
    moves = _what_came(tx, join, home, member_id, places.locked[home].owner) if join.home is not None else []
    if moves and any(places.locked[one].frozen for one in (join.account_id, home)):
        raise AccountFrozen(point_type=point_type)
    share = sum(one.most for one in moves)
    about: dict[str, object] = {
        "from": owner_name(join.target_owner), "share": share, "reference": reference, "point_type": point_type,
        "brought": {"available": join.available, "pending": join.pending, "held": join.held, "debt": join.debt},
    }  # fmt: skip
    return _leave(tx, member_id, home, moves, reference, reason or reference, about, point_type, at)


def _what_came(tx: Transaction, join: Join, home: int, member_id: int, owner: int) -> list[_Move]:
    """What a join brought, as far as it is still there: by lot, and then promises and holds."""
    assert join.home is not None  # noqa: S101  the caller looked
    there = _queries.select_lots(tx, account_id=home)
    brought = _queries.select_brought(tx, home=join.home, above=join.home_seq, joined_at=join.joined_at)
    lots = [_Move(min(points, there.get(lot, 0)), lot) for lot, points in brought if there.get(lot, 0)]
    if home != join.home:  # it went on with others, under other names
        return lots
    mark = shared("", member_id)
    found = _queries.select_brought_open(tx, home=home, above=join.home_seq, joined_at=join.joined_at)
    mine = [(seq, shared(name, owner)) for seq, name in found if name.endswith(mark)]
    if mine:
        lots.append(_Move(0, None, tuple(seq for seq, _ in mine), tuple(name for _, name in mine)))
    return lots


def _unmerged(tx: Transaction, join: Join) -> Unmerged:
    upto = join.left_at or join.joined_at
    back = _queries.select_returned(tx, account_id=join.account_id, above=join.left_own_seq, upto=upto)
    return Unmerged(join, back.available, back.pending, back.held)


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
