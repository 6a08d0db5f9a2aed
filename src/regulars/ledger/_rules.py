"""What a posting is, how a batch of them is laid out for the database, and what a balance is at an instant."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from regulars import types
from regulars.errors import Invalid

NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for "never" where the database needs an instant; drivers cannot read PostgreSQL's own infinity."""

GRACE: Final = timedelta(days=7)
"""How long given-back points live whose lot has expired, unless the caller says otherwise."""

MOST: Final = 10**12
"""The most points one posting may move: nine million of them fit into an account before a `bigint` overflows."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST_GRACE: Final = timedelta(days=3660)
_CODES: Final = {"earn": 1, "spend": 2, "reverse_spend": 6, "reverse_earn": 7}
_POINT_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


class InvalidPosting(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One thing to post. Making one checks it, so that a batch holds none that could fail its neighbours.

    The reference is the caller's name for it, unique per account for ever: posting it again is a replay.
    """

    kind: Literal["earn", "spend", "reverse_earn", "reverse_spend"]
    member_id: int
    amount: int
    """Points, more than 0, in the smallest unit of the point type."""

    reference: str
    occurred_at: datetime
    """When it happened in the world; when the ledger learned of it is the `at` of `post`."""

    expires_at: datetime | None = None
    """Earn: the first instant at which the points are gone, None for never. Rounding is the programme's business."""

    matures_at: datetime | None = None
    """Earn: the first instant at which they are available; until then they are pending. None: at once."""

    reverses: str | None = None
    """A reverse: the reference of the earn or spend of which to undo `amount`."""

    grace: timedelta = GRACE
    """A reverse of a spend: how long points live that are given back after their lot has expired."""

    point_type: str = "points"

    def __post_init__(self) -> None:
        """Refuse what can never be posted.

        Raises:
            InvalidPosting: names the field and what would do.
        """
        if self.kind not in _CODES:
            raise InvalidPosting(field="kind", value=self.kind, remedy=f"give one of {', '.join(_CODES)}")
        if not 0 < self.amount <= MOST:
            raise InvalidPosting(field="amount", value=self.amount, remedy=f"give a whole number from 1 to {MOST}")
        if not 0 <= self.member_id < 1 << 63:
            raise InvalidPosting(field="member_id", value=self.member_id, remedy="give a member's identifier")
        if self.point_type != "points" and not _POINT_TYPE.fullmatch(self.point_type):
            raise InvalidPosting(
                field="point_type", value=self.point_type, remedy="give at most 32 of a to z, 0 to 9 and _"
            )
        _check_reference("reference", self.reference)
        _check_times(self)


def _check_reference(field: str, reference: str) -> None:
    if not 0 < len(reference) <= 200 or reference[0] == "@" or not reference.isprintable():
        remedy = "give 1 to 200 printable characters, the first of them not @, which marks the ledger's own"
        raise InvalidPosting(field=field, value=reference, remedy=remedy)


def _check_times(posting: Posting) -> None:
    _check_aware("occurred_at", posting.occurred_at)
    if posting.kind != "earn":
        if posting.expires_at is not None or posting.matures_at is not None:
            field, instant = (
                ("expires_at", posting.expires_at) if posting.expires_at else ("matures_at", posting.matures_at)
            )
            raise InvalidPosting(field=field, value=str(instant), remedy="only earned points mature and expire")
        if posting.kind != "spend":
            _check_reverse(posting)
            return
    if posting.reverses is not None:
        raise InvalidPosting(field="reverses", value=posting.reverses, remedy="only a reverse undoes something")
    if posting.matures_at is not None:
        _check_aware("matures_at", posting.matures_at)
    if posting.expires_at is not None:
        _check_aware("expires_at", posting.expires_at)
        if posting.expires_at <= max(posting.occurred_at, posting.matures_at or posting.occurred_at):
            remedy = "points expire after they are earned and have matured"
            raise InvalidPosting(field="expires_at", value=posting.expires_at.isoformat(), remedy=remedy)


def _check_aware(field: str, instant: datetime) -> None:
    if instant.tzinfo is None:
        raise InvalidPosting(field=field, value=instant.isoformat(), remedy="give an instant with its offset from UTC")


def _check_reverse(posting: Posting) -> None:
    if posting.reverses is None:
        raise InvalidPosting(field="reverses", value=None, remedy="give the reference of the posting to undo")
    _check_reference("reverses", posting.reverses)
    if not timedelta(0) < posting.grace <= _LONGEST_GRACE:
        raise InvalidPosting(
            field="grace", value=str(posting.grace), remedy="give more than no time and at most ten years"
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Postings in columns, by account and within an account in the order given, as `ledger_post` takes them."""

    order: list[int]
    """Where each item stood in the caller's list."""

    accounts: list[int]
    members: list[int]
    types: list[str]
    ids: list[int]
    kinds: list[int]
    amounts: list[int]
    idems: list[str]
    references: list[str]
    occurred: list[int]
    expires: list[int]
    matures: list[int] | None
    undoes: list[str | None] | None
    earlier: list[int] | None
    """Per item, counted from 1: the last item before it with its reference; 0 for none. None: there is no such pair."""

    targets: list[int] | None
    """The last item before it with the reference it undoes."""

    siblings: list[int] | None
    """The last item before it that undoes the same reference."""


def account_id(member_id: int, point_type: str) -> int:
    """The account of a member's points of one type."""
    return types.stable_id("account", member_id, point_type)


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def arrange(postings: Sequence[Posting], at: datetime) -> Batch:
    """Lay postings out for posting at `at`."""
    owners = {(posting.member_id, posting.point_type) for posting in postings}
    accounts = {owner: account_id(*owner) for owner in owners}
    given = [accounts[posting.member_id, posting.point_type] for posting in postings]
    order = sorted(range(len(given)), key=given.__getitem__)
    items = [postings[position] for position in order]
    ids = [given[position] for position in order]
    idems = [_digest(item.reference) for item in items]
    owned = sorted((account, member_id, point_type) for (member_id, point_type), account in accounts.items())
    undoes = [None if item.reverses is None else _digest(item.reverses) for item in items]
    reversing = any(undoes)
    return Batch(
        order=order,
        accounts=[account for account, _, _ in owned],
        members=[member_id for _, member_id, _ in owned],
        types=[point_type for _, _, point_type in owned],
        ids=ids,
        kinds=[_CODES[item.kind] for item in items],
        amounts=[item.amount for item in items],
        idems=idems,
        references=[item.reference for item in items],
        occurred=[micros(item.occurred_at) for item in items],
        expires=[_expiry(item, at) for item in items],
        matures=[0 if item.matures_at is None else micros(item.matures_at) for item in items]
        if any(item.matures_at is not None for item in items)
        else None,
        undoes=undoes if reversing else None,
        earlier=_last_before(ids, idems, idems) if _repeated(ids, idems) else None,
        targets=_last_before(ids, idems, undoes) if reversing else None,
        siblings=_last_before(ids, undoes, undoes) if reversing else None,
    )


def _digest(reference: str) -> str:
    return hashlib.sha256(reference.encode()).hexdigest()[:32]


def _expiry(item: Posting, at: datetime) -> int:
    if item.kind == "earn":
        return micros(NEVER if item.expires_at is None else min(item.expires_at, NEVER))
    return micros(at + item.grace) if item.kind == "reverse_spend" else 0


def _repeated(ids: list[int], idems: list[str]) -> bool:
    return len(set(zip(ids, idems, strict=True))) < len(ids)


def _last_before(ids: list[int], written: Sequence[str | None], sought: Sequence[str | None]) -> list[int]:
    """Per item the last one before it, of the same account, that wrote what this one seeks; from 1, 0 for none."""
    places: dict[tuple[int, str], int] = {}
    found: list[int] = []
    for place, (account, mark, wanted) in enumerate(zip(ids, written, sought, strict=True), start=1):
        found.append(0 if wanted is None else places.get((account, wanted), 0))
        if mark is not None:
            places[account, mark] = place
    return found


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, in the smallest unit of its point type."""

    available: int
    pending: int
    debt: int


@dataclass(frozen=True, slots=True)
class Lot:
    """Open points with one expiry; not available before `matures_at`, when that is given."""

    expires_at: datetime | None
    amount: int
    matures_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """An account as it was last posted to, with one row per lot, pending or not; `amount` 0 when it has none."""

    available: int
    pending: int
    debt: int
    expires_at: datetime
    amount: int
    matures_at: datetime | None


def as_of(rows: Sequence[Holding], at: datetime) -> tuple[Balance, list[Lot]]:
    """The balance and lots at `at`, which is not before the last posting, whether or not the expiry job has run.

    `rows` are in the order of maturing, the open lots first: what matures pays a debt in that order.
    """
    if not rows:
        return Balance(0, 0, 0), []
    debt = rows[0].debt
    open_lots: dict[datetime, int] = {}
    waiting: list[Lot] = []
    for row in rows:
        if row.matures_at is not None and row.matures_at > at:
            waiting.append(Lot(_or_never(row.expires_at), row.amount, row.matures_at))
            continue
        paid = min(debt, row.amount) if row.matures_at is not None else 0
        debt -= paid
        if row.expires_at > at and row.amount > paid:
            open_lots[row.expires_at] = open_lots.get(row.expires_at, 0) + row.amount - paid
    lots = [Lot(_or_never(expires_at), open_lots[expires_at]) for expires_at in sorted(open_lots)]
    return Balance(sum(open_lots.values()), sum(lot.amount for lot in waiting), debt), lots + waiting


def _or_never(expires_at: datetime) -> datetime | None:
    return None if expires_at >= NEVER else expires_at
