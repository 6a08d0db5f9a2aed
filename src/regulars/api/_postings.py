"""Posting points for callers: many at once, each for whoever it names, each answered by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from regulars import ledger, members, programme
from regulars.api._shapes import named_member, sensible
from regulars.errors import RegularsError
from regulars.ledger import InvalidPosting, Outcome, Posting
from regulars.members import MemberNotFound
from regulars.storage import Transaction

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
    expires_at: datetime | None = None
    matures_at: datetime | None = None
    awaits: str | None = None
    lapses: bool = False
    shortfall: str | None = None
    reason: str | None = None
    point_type: str = "points"


_FIELDS: Final[Mapping[Kind, tuple[frozenset[str], frozenset[str]]]] = {
    "earn": (frozenset({"amount"}), frozenset({"expires_at", "matures_at", "awaits", "lapses"})),
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
    found = _members(tx, [one.member for one in asked])
    answers: list[Any] = [_posting(one, found[one.member], at) for one in asked]
    places = [place for place, one in enumerate(answers) if isinstance(one, Posting)]
    postings: list[Posting] = [answers[place] for place in places]
    for place, posting, outcome in zip(places, postings, programme.post(tx, postings, at=at), strict=True):
        answers[place] = ledger.refusal(posting, outcome) or outcome
    return answers


def _members(tx: Transaction, names: Sequence[str]) -> dict[str, int | MemberNotFound]:
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


def _posting(one: Asked, member: int | MemberNotFound, at: datetime) -> Posting | RegularsError:
    if isinstance(member, MemberNotFound):
        return member
    try:
        _check_fields(one)
        for field in ("expires_at", "matures_at", "until"):
            sensible(field, getattr(one, field))
    except RegularsError as error:
        return error
    try:
        return Posting(
            one.kind,
            member,
            one.amount or 0,
            one.reference,
            at,
            one.expires_at or one.until,
            one.matures_at,
            reverses=_followed(one),
            point_type=one.point_type,
            reason=one.reason,
            awaits=one.awaits,
            lapses=one.lapses,
            shortfall=one.shortfall,
        )
    except InvalidPosting as error:
        return _as_called(one, error)


def _check_fields(one: Asked) -> None:
    """Refuse a field that is missing, and one that another kind would need: it would be lost without a word."""
    needed, possible = _FIELDS[one.kind]
    given = {field for field in _OPTIONAL if getattr(one, field) is not None and getattr(one, field) is not False}
    for field in sorted(needed - given):
        raise InvalidPosting(field=field, value=None, remedy=f"{one.kind} needs it")
    for field in sorted(given - needed - possible - {"reason"}):
        raise InvalidPosting(field=field, value=str(getattr(one, field)), remedy=f"leave it out, {one.kind} has none")


def _followed(one: Asked) -> str | None:
    return f"@expire:{one.entry}" if one.entry is not None else one.hold or one.reverses


def _as_called(one: Asked, error: InvalidPosting) -> InvalidPosting:
    """The error with the caller's names of the fields."""
    names = {"expires_at": "until" if one.until else "expires_at", "reverses": "hold" if one.hold else "reverses"}
    field = str(error.details["field"])
    return InvalidPosting(**{**error.details, "field": names.get(field, field)})
