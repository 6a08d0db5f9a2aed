"""Posting points for callers: many at once, each for whoever it names, each answered by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from regulars import ledger, members, programme
from regulars.api import _terms
from regulars.api._shapes import named_member, sensible
from regulars.errors import RegularsError
from regulars.ledger import InvalidPosting, Outcome, Posting
from regulars.members import MemberNotFound
from regulars.programme import NoProgramme, Programme, Terms
from regulars.storage import Transaction

Policy = TypeVar("Policy")
Kind = Literal[
    "earn",
    "spend",
    "reverse_earn",
    "reverse_spend",
    "hold",
    "capture",
    "release",
    "extend",
    "reinstate",
    "forgive",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller wants posted, for a member named in the caller's way; the fields are named as callers name them."""

    kind: Kind
    member: str
    reference: str
    amount: int | None = None
    reverses: str | None = None
    hold: str | None = None
    entry: int | None = None
    until: datetime | None = None
    expires_at: datetime | UnsetType | None = UNSET
    expiry: _terms.Expiry | None = None
    matures_at: datetime | UnsetType | None = UNSET
    pending: _terms.Pending | None = None
    awaits: str | None = None
    lapses: bool = False
    shortfall: str | None = None
    reason: str | None = None
    point_type: str = "points"


_FIELDS: Final[Mapping[Kind, tuple[frozenset[str], frozenset[str]]]] = {
    "earn": (
        frozenset({"amount"}),
        frozenset({"expires_at", "expiry", "matures_at", "pending", "awaits", "lapses"}),
    ),
    "spend": (frozenset({"amount"}), frozenset()),
    "reverse_earn": (frozenset({"amount", "reverses"}), frozenset({"shortfall"})),
    "reverse_spend": (frozenset({"amount", "reverses"}), frozenset()),
    "hold": (frozenset({"amount", "until"}), frozenset()),
    "capture": (frozenset({"hold"}), frozenset({"amount"})),
    "release": (frozenset({"hold"}), frozenset({"amount"})),
    "extend": (frozenset({"until"}), frozenset()),
    "reinstate": (frozenset({"amount", "entry", "until"}), frozenset()),
    "forgive": (frozenset({"amount", "reason"}), frozenset()),
}
"""Per kind the fields it needs, and those it may have; all may have a reason."""

_OPTIONAL: Final = tuple(sorted({"reason"}.union(*(needed | possible for needed, possible in _FIELDS.values()))))


def post(tx: Transaction, asked: Sequence[Asked], *, at: datetime) -> list[Outcome | RegularsError]:
    """Post in the order given; for each what was posted (or had been), or why not."""
    found = members_named(tx, [one.member for one in asked])
    holds = _programme(tx, asked, at)
    answers: list[Any] = [_posting(one, found[one.member], holds, at) for one in asked]
    places = [place for place, one in enumerate(answers) if isinstance(one, Posting)]
    postings: list[Posting] = [answers[place] for place in places]
    for place, posting, outcome in zip(places, postings, programme.post(tx, postings, at=at), strict=True):
        answers[place] = ledger.refusal(posting, outcome) or outcome
    return answers


def members_named(tx: Transaction, names: Sequence[str]) -> dict[str, int | MemberNotFound]:
    """The identifiers of members by what callers call them."""
    wanted = {name: _named(name) for name in dict.fromkeys(names)}
    numbers = [one for one in wanted.values() if isinstance(one, int)]
    identities = [one for one in wanted.values() if isinstance(one, tuple)]
    ids, held = members.known_among(tx, member_ids=numbers, identities=identities)
    return {name: _known(name, one, ids, held) for name, one in wanted.items()}


def _named(name: str) -> int | tuple[str, str] | MemberNotFound:
    try:
        return named_member(name)
    except MemberNotFound as error:
        return error


def _known(
    name: str, one: int | tuple[str, str] | MemberNotFound, ids: set[int], held: dict[tuple[str, str], int]
) -> int | MemberNotFound:
    if isinstance(one, MemberNotFound):
        return one
    if isinstance(one, int):
        return one if one in ids else MemberNotFound(member=name)
    if one in held:
        return held[one]
    return MemberNotFound(member=f"known to {one[0]} as {one[1]}")


def _programme(tx: Transaction, asked: Sequence[Asked], at: datetime) -> Programme | None:
    """The programme that says what earns leave to it, or whose time zone they go by; None where nobody asks."""
    if all(one.kind != "earn" or _says_all(one) for one in asked):
        return None
    try:
        return programme.current(tx, at=at)
    except NoProgramme:
        return None


def _says_all(one: Asked) -> bool:
    return one.expires_at is not UNSET and _waits_explicitly(one)


def _waits_explicitly(one: Asked) -> bool:
    return one.matures_at is not UNSET or one.awaits is not None or one.lapses


def _posting(
    one: Asked, member: int | MemberNotFound, holds: Programme | None, at: datetime
) -> Posting | RegularsError:  # fmt: skip
    if isinstance(member, MemberNotFound):
        return member
    try:
        _check_fields(one)
        for field in ("expires_at", "matures_at", "until"):
            sensible(field, getattr(one, field) or None)
        lasts = _lasting(one, holds, at) if one.kind == "earn" else _Lasting(None, None, None, lapses=False)
    except RegularsError as error:
        return error
    try:
        return Posting(
            one.kind,
            member,
            one.amount or 0,
            one.reference,
            at,
            lasts.expires_at or one.until,
            lasts.matures_at,
            reverses=_followed(one),
            point_type=one.point_type,
            reason=one.reason,
            awaits=lasts.awaits,
            lapses=lasts.lapses,
            shortfall=one.shortfall,
        )
    except InvalidPosting as error:
        return _as_called(one, error)


@dataclass(frozen=True, slots=True)
class _Lasting:
    """When points that are earned come, and go."""

    expires_at: datetime | None
    matures_at: datetime | None
    awaits: str | None
    lapses: bool


def _lasting(one: Asked, holds: Programme | None, at: datetime) -> _Lasting:
    """What the caller says of each side, as instants or as policies; else what the programme says of the kind of points."""
    own = holds.terms_of(one.point_type) if holds else Terms()
    zone = holds.time_zone if holds else "UTC"
    pending = own.pending if one.pending is None else _read(one, "pending", programme.read_pending)
    expiry = own.expiry if one.expiry is None else _read(one, "expiry", programme.read_expiry)
    if one.expiry is not None and one.point_type != "points" and isinstance(expiry, ledger.Sliding):
        raise InvalidPosting(field="expiry", value="sliding", remedy="only points live by activity")
    if _waits_explicitly(one):
        matures, awaits, lapses = one.matures_at or None, one.awaits, one.lapses
        expires = ledger.expires_at(max(matures or at, at), expiry, zone)
    else:
        matures, expires = programme.moments(at, Terms(expiry, pending), zone, told_at=at)
        waits = pending if matures and isinstance(pending, ledger.AtEvent) else None
        awaits = waits and f"{waits.event}:{one.reference}"
        lapses = waits is not None and waits.otherwise == "lapse"
    return _Lasting(expires if one.expires_at is UNSET else one.expires_at or None, matures, awaits, lapses)


def _read(one: Asked, name: Literal["expiry", "pending"], read: Callable[[Mapping[str, Any]], Policy]) -> Policy:
    try:
        return read(msgspec.to_builtins(getattr(one, name)))
    except ledger.BadPolicy as error:
        raise InvalidPosting(**error.details) from error


def _check_fields(one: Asked) -> None:
    """Refuse a field that is missing, and one that another kind would need: it would be lost without a word."""
    needed, possible = _FIELDS[one.kind]
    values = {field: getattr(one, field) for field in _OPTIONAL}
    given = {
        field for field, value in values.items() if value is not None and value is not False and value is not UNSET
    }
    for field in sorted(needed - given):
        raise InvalidPosting(field=field, value=None, remedy=f"{one.kind} needs it")
    for field in sorted(given - needed - possible - {"reason"}):
        raise InvalidPosting(field=field, value=str(getattr(one, field)), remedy=f"leave it out, {one.kind} has none")
    if one.expiry is not None and one.expires_at is not UNSET:
        raise InvalidPosting(field="expiry", value=_kind(one.expiry), remedy="leave it out, or expires_at")
    if one.pending is not None and _waits_explicitly(one):
        remedy = "leave it out, or matures_at, awaits and lapses"
        raise InvalidPosting(field="pending", value=_kind(one.pending), remedy=remedy)


def _kind(policy: _terms.Expiry | _terms.Pending) -> object:
    return policy.__struct_config__.tag


def _followed(one: Asked) -> str | None:
    return f"@expire:{one.entry}" if one.entry is not None else one.hold or one.reverses


def _as_called(one: Asked, error: InvalidPosting) -> InvalidPosting:
    """The error with the caller's names of the fields."""
    names = {"expires_at": "until" if one.until else "expires_at", "reverses": "hold" if one.hold else "reverses"}
    field = str(error.details["field"])
    return InvalidPosting(**{**error.details, "field": names.get(field, field)})
