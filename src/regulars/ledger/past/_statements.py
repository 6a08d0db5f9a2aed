"""Account statements: what happened to a member's points, page by page, and what a period began and ended with."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from regulars.ledger._balances import Balance
from regulars.ledger._owners import owner_name
from regulars.ledger._queries import KINDS, Entry
from regulars.ledger._rules import InvalidPosting, account_id, instant_of
from regulars.ledger.archive import Elsewhere, select_elsewhere
from regulars.ledger.joined import select_home
from regulars.ledger.past import _queries
from regulars.ledger.past._chapters import Piece, pieces
from regulars.ledger.past._queries import Choice
from regulars.storage import Transaction

_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """Which entries a statement is about: all, unless something is given."""

    since: datetime | None = None
    """The first instant in it."""

    until: datetime | None = None
    """The first instant after it."""

    by: Literal["posted", "occurred"] = "posted"
    """What `since` and `until` are about: when the ledger learned of it, or when it happened."""

    as_of: datetime | None = None
    """Only what had happened by then."""

    known_at: datetime | None = None
    """Only what had been posted by then."""


EVERYTHING: Final = Period()


@dataclass(frozen=True, slots=True)
class Carried:
    """What a period began and ended with: opening + the changes of all its entries + what was found = closing, in each figure.

    These are sums of entries. What has fallen due since and is no entry yet is in `ledger.balance`, not here.
    """

    opening: Balance
    closing: Balance
    entries: int
    """How many entries of the kinds asked for there are in it."""

    found: Balance
    """What others had already when the member came to share points with them, less what stayed with them on leaving."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """From here on a statement is of another account: shared points, or the member's own again."""

    place: int
    """That of its first entry, in the statement."""

    began_at: datetime
    shared_with: str | None
    """A household or another member, as the doors show it; None: the member's own account."""

    opening: Balance
    """What was there before its first entry."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of an account, and where it lies in the statement: place = number + shift."""

    account: int
    low: int
    below: int
    """The number after its last."""

    shift: int
    began_at: datetime


def statement(
    tx: Transaction,
    member_id: int,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
    point_type: str = "points",
    period: Period = EVERYTHING,
    kinds: Collection[str] = (),
    own: bool = False,
) -> list[Entry]:
    """A member's entries, latest first; page on with the last one's `place` as `before`.

    With `after` they are those next after it, still latest first: page back with the first one's `place`. Places never
    change and have no gaps, so pages hold still whatever is posted. All of `kinds`, when none are named.

    Of a member who shares points they are those of all who share them, from joining on, and before that the member's own:
    `chapters` says where. With `own` they are what is recorded of the member's own account alone.

    A page costs its entries; with a period or kinds, at most the member's journal.

    Raises:
        InvalidPosting: there is no such kind.
    """
    choice, found = _choice(period, kinds), list[Entry]()
    parts = _parts(tx, account_id(member_id, point_type), own=own)
    if after is not None:
        for one in parts:
            above = max(one.low, after - one.shift)
            room = limit - len(found)
            below = min(one.below, above + room + 1) if choice.is_everything else one.below
            if before is not None:
                below = min(below, before - one.shift)
            if room and below > above + 1:
                found += _queries.select_later(
                    tx, account_id=one.account, choice=choice, above=above, below=below, shift=one.shift, limit=room
                )
        return found[::-1]
    for one in reversed(parts):
        below = one.below if before is None else min(one.below, before - one.shift)
        room = limit - len(found)
        above = max(one.low, below - room - 1) if choice.is_everything else one.low
        if room and below > above + 1:
            found += _queries.select_earlier(
                tx, account_id=one.account, choice=choice, above=above, below=below, shift=one.shift, limit=room
            )
    return found


def _parts(tx: Transaction, account: int, *, own: bool = False) -> list[_Part]:
    known = [Piece(account, 0, None, _EVER)] if own else pieces(tx, account)
    found: list[_Part] = []
    passed = 0
    for one in known:
        high = _queries.select_last_seq(tx, account_id=one.account) if one.high is None else one.high
        found.append(_Part(one.account, one.low, high + 1, passed - one.low, one.began_at))
        passed += high - one.low
    return found


def chapters(tx: Transaction, member_id: int, *, point_type: str = "points") -> list[Chapter]:
    """Where a member's statement goes on in another account, the earliest first; none for who never shared points."""
    account = account_id(member_id, point_type)
    return [_chapter(tx, account, one) for one in _parts(tx, account)[1:]]


def _chapter(tx: Transaction, own: int, one: _Part) -> Chapter:
    owner = None if one.account == own else _queries.select_owner(tx, account_id=one.account)
    shared_with = None if owner is None else owner_name(owner)
    return Chapter(one.low + one.shift + 1, one.began_at, shared_with, _balance_at(tx, one.account, one.low))


def _balance_at(tx: Transaction, account: int, seq: int) -> Balance:
    """What the entries of an account up to a number add up to."""
    if not seq:
        return Balance(0, 0, 0)
    sums = _queries.select_sums(tx, account_id=account, choice=_choice(EVERYTHING, ()), above=0, below=seq + 1)
    return _closing(sums)


def carried(
    tx: Transaction,
    member_id: int,
    *,
    point_type: str = "points",
    period: Period = EVERYTHING,
    kinds: Collection[str] = (),
) -> Carried:
    """What a period began and ended with; `kinds` only says which entries are counted.

    Reads the member's journal, and that of all who share the points.
    """
    choice = _choice(period, kinds)
    opening = closing = found = Balance(0, 0, 0)
    entries, last = 0, None
    for one in _parts(tx, account_id(member_id, point_type)):
        sums = _queries.select_sums(tx, account_id=one.account, choice=choice, above=one.low, below=one.below)
        entries += sums.entries
        opening, closing = _sum(opening, _opening(sums)), _sum(closing, _closing(sums))
        if last is not None and _by_then(one.began_at, period.until, period.as_of, period.known_at):
            left = _balance_at(tx, last.account, last.below - 1)
            more = _sum(_balance_at(tx, one.account, one.low), left, sign=-1)
            closing = _sum(closing, more)
            if period.since is not None and one.began_at < period.since:
                opening = _sum(opening, more)
            else:
                found = _sum(found, more)
        last = one
    return Carried(opening, closing, entries, found)


def _by_then(began_at: datetime, until: datetime | None, *moments: datetime | None) -> bool:
    return (until is None or began_at < until) and all(moment is None or began_at <= moment for moment in moments)


def _opening(sums: _queries.Sums) -> Balance:
    return Balance(sums.opening_available, sums.opening_pending, sums.opening_debt, sums.opening_held)


def _closing(sums: _queries.Sums) -> Balance:
    return Balance(sums.closing_available, sums.closing_pending, sums.closing_debt, sums.closing_held)


def _sum(one: Balance, other: Balance, *, sign: int = 1) -> Balance:
    return Balance(
        one.available + sign * other.available,
        one.pending + sign * other.pending,
        one.debt + sign * other.debt,
        one.held + sign * other.held,
    )


def elsewhere(tx: Transaction, member_id: int, *, point_type: str = "points") -> Elsewhere | None:
    """From when on a member's lines are complete, and where the references and reasons before that are; None: all is here."""
    if tx.shards is not None:
        return None
    return select_elsewhere(tx, account_id=select_home(tx, account_id=account_id(member_id, point_type)))


def lots_of(entry: Entry) -> list[tuple[datetime | None, int]]:
    """The lots an entry changed, or for a capture, those its points had come from: expiry, None for never, and by how much."""
    return [(instant_of(expires), points) for expires, points in entry.lots]


def _choice(period: Period, kinds: Collection[str]) -> Choice:
    for kind in kinds:
        if kind not in KINDS[1:]:
            raise InvalidPosting(field="kind", value=kind, remedy=f"give one of {', '.join(KINDS[1:])}")
    return Choice(
        [KINDS.index(kind) for kind in kinds] or None,
        period.since,
        period.until,
        period.by == "occurred",
        period.as_of,
        period.known_at,
    )
