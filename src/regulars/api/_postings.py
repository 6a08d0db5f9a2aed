"""Posting points for callers: many at once, each for whoever it names, each answered by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from regulars import ledger, members
from regulars.api._shapes import named_member, sensible
from regulars.errors import RegularsError
from regulars.ledger import Outcome, Posting
from regulars.members import MemberNotFound
from regulars.storage import Transaction

Kind = Literal["earn", "spend", "reverse_earn", "reverse_spend"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller wants posted, for a member named in the caller's way."""

    kind: Kind
    member: str
    amount: int
    reference: str
    reverses: str | None = None
    expires_at: datetime | None = None
    matures_at: datetime | None = None


def post(tx: Transaction, asked: Sequence[Asked], *, at: datetime) -> list[Outcome | RegularsError]:
    """Post in the order given; for each what was posted (or had been), or why not."""
    found = _members(tx, [one.member for one in asked])
    answers: list[Any] = [_posting(one, found[one.member], at) for one in asked]
    places = [place for place, one in enumerate(answers) if isinstance(one, Posting)]
    postings: list[Posting] = [answers[place] for place in places]
    for place, posting, outcome in zip(places, postings, ledger.post(tx, postings, at=at), strict=True):
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
        sensible("expires_at", one.expires_at)
        sensible("matures_at", one.matures_at)
        return Posting(
            one.kind, member, one.amount, one.reference, at, one.expires_at, one.matures_at, reverses=one.reverses
        )
    except RegularsError as error:
        return error
