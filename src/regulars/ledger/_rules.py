"""What a posting is, how a batch of them is laid out for the database, and what a balance is at an instant."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeVar

from regulars import types
from regulars.errors import Invalid

Value = TypeVar("Value")
Filled = TypeVar("Filled")

NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for "never" where the database needs an instant; drivers cannot read PostgreSQL's own infinity."""

GRACE: Final = timedelta(days=7)
"""How long given-back points live whose lot has expired, unless the caller says otherwise."""

MOST: Final = 10**12
"""The most points one posting may move: nine million of them fit into an account before a `bigint` overflows."""

POOLS: Final = 1 << 62
"""From here on accounts are of pools: whoever locks accounts in ascending order has those of members before any pool's."""

LONGEST: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST_GRACE: Final = timedelta(days=3660)
_CODES: Final = {
    "earn": 1,
    "spend": 2,
    "mature": 3,
    "reverse_spend": 6,
    "reverse_earn": 7,
    "hold": 8,
    "capture": 9,
    "release": 10,
    "send": 11,
    "receive": 12,
    "extend": 13,
    "slide": 13,
    "reinstate": 14,
    "forgive": 16,
}
_FOLLOWING: Final = {"mature", "reverse_spend", "reverse_earn", "capture", "release", "reinstate"}
"""What follows from an entry, which `reverses` names."""

_ALL_THAT_IS_LEFT: Final = {"mature", "capture", "release"}
"""Where an amount of 0 stands for whatever is left."""

_EXTENDING: Final = {"extend", "slide"}
"""What moves every lot. A slide is an extension by the ledger itself, and named so: `@slide:` and the activity's entry."""

POINT_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")

Role = Literal["redeemable", "qualifying", "unit"]
"""What points are for: to be spent, to be counted only, or a unit of the shop's own (stamps, trees)."""

Kind = Literal[
    "earn",
    "spend",
    "mature",
    "reverse_spend",
    "reverse_earn",
    "hold",
    "capture",
    "release",
    "send",
    "receive",
    "extend",
    "slide",
    "reinstate",
    "forgive",
]
Parts = tuple[tuple[int, int], ...]
"""Lots, or changes of lots: pairs of an expiry, in microseconds since 1970, and points."""


class InvalidPosting(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One thing to post. Making one checks it, so that a batch holds none that could fail its neighbours.

    The reference is the caller's name for it, unique per account for ever: posting it again is a replay.
    """

    kind: Kind
    member_id: int
    amount: int
    """Points, more than 0, in the smallest unit of the point type. 0 with `mature`, `capture` and `release` means all that
    is left, and is the only amount of `extend`, which moves every lot."""

    reference: str
    occurred_at: datetime
    """When it happened in the world; when the ledger learned of it is the `at` of `post`."""

    expires_at: datetime | None = None
    """Earn: the first instant at which the points are gone, None for never. Rounding is the programme's business.
    Hold: the first instant at which what is left goes back by itself. Extend, reinstate: the new expiry."""

    matures_at: datetime | None = None
    """Earn: the first instant at which they are available; until then they are pending. None: at once."""

    reverses: str | None = None
    """The reference of what it follows from: the earn or spend to undo, the hold to capture or release, the promise whose
    event has come, the expiry to undo."""

    grace: timedelta = GRACE
    """What is given back: how long points live whose lot has expired."""

    point_type: str = "points"
    reason: str | None = None
    """Why, in a person's words."""

    awaits: str | None = None
    """Earn: the event that makes the points available at once; `matures_at` is then the time-out."""

    lapses: bool = False
    """Earn: at the time-out the points are lost, not available."""

    shortfall: str | None = None
    """A reverse of an earn: why points that are not there any more are not owed (`netted from the refund`). None: they are."""

    lots: Parts = ()
    """Receive: the lots sent."""

    def __post_init__(self) -> None:
        """Refuse what can never be posted.

        Raises:
            InvalidPosting: names the field and what would do.
        """
        if self.kind not in _CODES:
            raise InvalidPosting(field="kind", value=self.kind, remedy=f"give one of {', '.join(_CODES)}")
        if not 0 < self.amount <= MOST and not (self.amount == 0 and self.kind in _ALL_THAT_IS_LEFT | _EXTENDING):
            raise InvalidPosting(field="amount", value=self.amount, remedy=f"give a whole number from 1 to {MOST}")
        if not -(1 << 63) < self.member_id < 1 << 63:
            raise InvalidPosting(field="member_id", value=self.member_id, remedy="give a member's identifier")
        if self.point_type != "points" and not POINT_TYPE.fullmatch(self.point_type):
            raise InvalidPosting(
                field="point_type", value=self.point_type, remedy="give at most 32 of a to z, 0 to 9 and _"
            )
        if self.kind != "slide":
            check_reference("reference", self.reference)
        _check_aware("occurred_at", self.occurred_at)
        if self.kind == "earn":
            _check_earn(self)
        elif self.kind != "spend":
            _check_others(self)
        _check_absent(self)
        if self.reason is not None:
            check_words("reason", self.reason)


def check_reference(field: str, reference: str) -> None:
    """Refuse what cannot be a caller's name for a posting.

    Raises:
        InvalidPosting: it is empty, too long, not one line, or would be taken for one of the ledger's own.
    """
    if not 0 < len(reference) <= LONGEST or reference[0] == "@" or not reference.isprintable():
        remedy = "give 1 to 200 printable characters, the first of them not @, which marks the ledger's own"
        raise InvalidPosting(field=field, value=reference, remedy=remedy)


def check_words(field: str, words: str) -> None:
    """Refuse what no person would read.

    Raises:
        InvalidPosting: it is empty, too long, or not one line.
    """
    if not 0 < len(words) <= 500 or not words.isprintable():
        raise InvalidPosting(field=field, value=words, remedy="give 1 to 500 printable characters on one line")


def _check_aware(field: str, instant: datetime) -> None:
    if instant.tzinfo is None:
        raise InvalidPosting(field=field, value=instant.isoformat(), remedy="give an instant with its offset from UTC")


def _check_earn(posting: Posting) -> None:
    if posting.matures_at is not None:
        _check_aware("matures_at", posting.matures_at)
    elif posting.awaits is not None or posting.lapses:
        remedy = "say until when they wait, or what waits for ever stays pending for ever"
        raise InvalidPosting(field="matures_at", value=None, remedy=remedy)
    if posting.awaits is not None:
        check_reference("awaits", posting.awaits)
    if posting.expires_at is not None:
        _check_aware("expires_at", posting.expires_at)
        if posting.expires_at <= max(posting.occurred_at, posting.matures_at or posting.occurred_at):
            remedy = "points expire after they are earned and have matured"
            raise InvalidPosting(field="expires_at", value=posting.expires_at.isoformat(), remedy=remedy)


def _check_others(posting: Posting) -> None:
    if posting.kind in _FOLLOWING:
        _check_following(posting)
    if posting.kind in {"hold", "reinstate"} | _EXTENDING:
        if posting.expires_at is None:
            raise InvalidPosting(field="expires_at", value=None, remedy="give an instant")
        _check_aware("expires_at", posting.expires_at)
        if posting.kind not in _EXTENDING and posting.expires_at <= posting.occurred_at:
            raise InvalidPosting(
                field="expires_at", value=posting.expires_at.isoformat(), remedy="give a later instant"
            )
    if posting.kind == "receive" and sum(points for _, points in posting.lots) != posting.amount:
        raise InvalidPosting(field="lots", value=posting.lots, remedy="give lots that sum to the amount")
    if posting.kind in _EXTENDING and posting.amount:
        raise InvalidPosting(field="amount", value=posting.amount, remedy="give 0: every lot is extended")


def _check_following(posting: Posting) -> None:
    if posting.reverses is None:
        raise InvalidPosting(field="reverses", value=None, remedy="give the reference of the posting it follows from")
    if not (posting.kind == "reinstate" and posting.reverses.startswith("@expire:")):
        check_reference("reverses", posting.reverses)
    if not timedelta(0) < posting.grace <= _LONGEST_GRACE:
        raise InvalidPosting(
            field="grace", value=str(posting.grace), remedy="give more than no time and at most ten years"
        )


def _check_absent(posting: Posting) -> None:
    """Refuse what another kind of posting would need: it would be lost without a word."""
    kind = posting.kind
    if posting.expires_at is not None and kind not in {"earn", "hold", "reinstate"} | _EXTENDING:
        raise InvalidPosting(field="expires_at", value=str(posting.expires_at), remedy="only earned points expire")
    if kind != "earn" and (posting.matures_at is not None or posting.awaits is not None or posting.lapses):
        raise InvalidPosting(field="matures_at", value=str(posting.matures_at), remedy="only earned points mature")
    if posting.reverses is not None and kind not in _FOLLOWING:
        raise InvalidPosting(field="reverses", value=posting.reverses, remedy="it follows from nothing")
    if posting.shortfall is not None:
        if kind != "reverse_earn":
            raise InvalidPosting(field="shortfall", value=posting.shortfall, remedy="only undone earns fall short")
        check_words("shortfall", posting.shortfall)
    if posting.lots and kind != "receive":
        raise InvalidPosting(field="lots", value=posting.lots, remedy="only what was sent brings its lots")


@dataclass(frozen=True, slots=True)
class Batch:
    """Postings in columns, by account and within an account in the order given, as `ledger_post` takes them.

    A column that no posting of the batch needs is None.
    """

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
    awaits: list[str | None] | None
    lapses: list[bool] | None
    gives: list[str | None] | None
    settles: list[str | None] | None
    reasons: list[str | None] | None
    undoes: list[str | None] | None
    earlier: list[int] | None
    """Per item, counted from 1: the last item before it with its reference; 0 for none. None: there is no such pair."""

    targets: list[int] | None
    """The last item before it with the reference it follows from."""

    siblings: list[int] | None
    """The last item before it that follows from the same reference."""


def account_id(owner: int, point_type: str) -> int:
    """The account of a member's points of one type, or of a pool's."""
    number = types.stable_id("account", owner, point_type) % POOLS
    return number if owner >= 0 else number + POOLS


def bucket(account: int) -> int:
    """What an account's rows are distributed by, where they are on several servers."""
    return account % 256


def apart(postings: Sequence[Posting], shards: Sequence[int] | None) -> list[Sequence[int]]:
    """The places of postings by the shard of their account, ascending; all in one where there are no shards."""
    if shards is None:
        return [range(len(postings))]
    places: dict[int, list[int]] = {}
    for place, posting in enumerate(postings):
        places.setdefault(shards[bucket(account_id(posting.member_id, posting.point_type))], []).append(place)
    return [places[shard] for shard in sorted(places)]


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> datetime | None:
    """The instant so many microseconds after 1970; None for what stands for "never"."""
    return or_never(_EPOCH + microseconds * _MICROSECOND)


def arrange(postings: Sequence[Posting], at: datetime) -> Batch:
    """Lay postings out for posting at `at`."""
    owners = {(posting.member_id, posting.point_type) for posting in postings}
    accounts = {owner: account_id(*owner) for owner in owners}
    given = [accounts[posting.member_id, posting.point_type] for posting in postings]
    order = sorted(range(len(given)), key=given.__getitem__)
    items = [postings[position] for position in order]
    ids = [given[position] for position in order]
    idems = [digest(item.reference) for item in items]
    owned = sorted((account, member_id, point_type) for (member_id, point_type), account in accounts.items())
    undoes = [None if item.reverses is None else digest(item.reverses) for item in items]
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
        matures=_column([item.matures_at and micros(item.matures_at) for item in items], 0),
        awaits=_column([item.awaits for item in items], None),
        lapses=_column([item.lapses or None for item in items], False),
        gives=_column([_literal(item.lots) for item in items], None),
        settles=_column([item.shortfall for item in items], None),
        reasons=_column([item.reason for item in items], None),
        undoes=undoes if reversing else None,
        earlier=_last_before(ids, idems, idems) if _repeated(ids, idems) else None,
        targets=_last_before(ids, idems, undoes) if reversing else None,
        siblings=_last_before(ids, undoes, undoes) if reversing else None,
    )


def digest(reference: str) -> str:
    """The first 128 bits of the SHA-256 of a reference, by which the journal is searched."""
    return hashlib.sha256(reference.encode()).hexdigest()[:32]


def derived(reference: str, more: str) -> str:
    """A reference made of another one; where both are too long, a digest of them stands for the second."""
    made = reference + more
    return made if len(made) <= LONGEST else f"{reference[: LONGEST - 33]} {digest(made)}"


def _expiry(item: Posting, at: datetime) -> int:
    if item.kind == "reinstate" and item.expires_at is not None:  # late: into a lot all the same, which then expires
        return micros(min(max(item.expires_at, at + _MICROSECOND), NEVER))
    if item.expires_at is not None:
        return micros(min(item.expires_at, NEVER))
    if item.kind == "earn":
        return micros(NEVER)
    return micros(at + item.grace) if item.kind in {"reverse_spend", "release", "receive"} else 0


def _column(values: list[Value | None], blank: Filled) -> list[Value | Filled] | None:
    """A column, or None where it is blank all along."""
    return [blank if value is None else value for value in values] if any(values) else None


def _literal(parts: Parts) -> str | None:
    return f"{{{','.join(f'{expires},{points}' for expires, points in parts)}}}" if parts else None


def read_parts(text: str | None) -> Parts:
    """The changes of lots that an entry keeps as PostgreSQL's array literal."""
    numbers = [int(number) for number in (text or "{}")[1:-1].split(",") if number]
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


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


def or_never(expires_at: datetime) -> datetime | None:
    """An instant; None for what stands for "never"."""
    return None if expires_at >= NEVER else expires_at
