"""Enrolling members, finding them and keeping their record right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regulars import facts
from regulars.members import _queries
from regulars.members._queries import Member
from regulars.members._rules import (
    DIRECT,
    ISSUER,
    BadMember,
    MemberNotFound,
    NewMember,
    clean_email,
    clean_phone,
    clean_text,
)
from regulars.storage import Transaction
from regulars.types import MemberId, to_public


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What became of one `NewMember`."""

    member_id: MemberId
    status: Literal["enrolled", "existing"]


def enrol(tx: Transaction, people: Sequence[NewMember], *, at: datetime) -> list[Enrolment]:
    """Make members of people who are not yet; those who are stay untouched. One answer per person, in order.

    An identity named before (a merged or renamed member) leads to the member that holds it. An e-mail address or phone
    number that belongs to another member is kept as contact data and claims nothing.

    Raises:
        BadMember: a field cannot be used; nobody was enrolled.
    """
    cleaned = [_clean(person) for person in people]
    known = _queries.members_of_identities(
        tx, issuers=[p.issuer for p in cleaned], values=[p.external_id for p in cleaned]
    )
    strangers = [p for p in cleaned if (p.issuer, p.external_id) not in known]
    fresh = {p.member_id: p for p in strangers}
    added = set(_queries.insert_members(tx, members=fresh, at=at)) if fresh else set[int]()
    if added:
        newcomers = {member_id: person for member_id, person in fresh.items() if member_id in added}
        _queries.insert_identities(
            tx, identities=[identity for newcomer in newcomers.items() for identity in _identities(*newcomer)]
        )
        facts.record(tx, [_joined(*newcomer, at) for newcomer in newcomers.items()], at=at)
    known |= {(person.issuer, person.external_id): member_id for member_id, person in fresh.items()}
    answers = [known[p.issuer, p.external_id] for p in cleaned]
    return [Enrolment(MemberId(m), "enrolled" if m in added else "existing") for m in answers]


def known_to(tx: Transaction, issuer: str, values: Sequence[str]) -> dict[str, int]:
    """Whom an issuer knows by some values; those nobody holds are left out."""
    known = _queries.members_of_identities(tx, issuers=[issuer] * len(values), values=list(values))
    return {value: member_id for (_, value), member_id in known.items()}


def find(tx: Transaction, member_id: int) -> Member:
    """One member.

    Raises:
        MemberNotFound: there is no such member.
    """
    member = _queries.select_member(tx, member_id=member_id)
    if member is None:
        raise MemberNotFound(member=to_public("mem", member_id))
    return member


def find_all(tx: Transaction, member_ids: Sequence[int]) -> list[Member]:
    """The members among these identifiers, in no promised order."""
    return _queries.select_members(tx, member_ids=list(member_ids))


def known_among(
    tx: Transaction, *, member_ids: Sequence[int], identities: Sequence[tuple[str, str]]
) -> tuple[set[int], dict[tuple[str, str], int]]:
    """Which of these identifiers are members', and who holds these identities: for many at once, without the records."""
    held = _queries.members_of_identities(
        tx, issuers=[issuer for issuer, _ in identities], values=[value for _, value in identities]
    ) if identities else {}  # fmt: skip
    return _queries.select_member_ids(tx, member_ids=list(member_ids)) if member_ids else set(), held


def by_external_id(tx: Transaction, external_id: str, *, issuer: str = DIRECT) -> Member:
    """The member an issuer knows by that name.

    Raises:
        MemberNotFound: nobody is.
    """
    return by_identity(tx, issuer, external_id)


def by_identity(tx: Transaction, issuer: str, value: str) -> Member:
    """The member who holds an identity: a shop's number, `("email", …)` or `("phone", …)`.

    Raises:
        MemberNotFound: nobody does.
    """
    known = _queries.members_of_identities(tx, issuers=[issuer], values=[value])
    if not known:
        raise MemberNotFound(member=f"known to {issuer} as {value}")
    return find(tx, known[issuer, value])


def amend(tx: Transaction, member_id: int, changes: Mapping[str, object], *, at: datetime) -> Member:
    """Change name, e-mail, phone, locale, country or attributes; an attribute set to None is removed.

    The member is locked first: of two changes at once the second builds upon the first.

    Raises:
        BadMember: a field is unknown or its value cannot be used; nothing changed.
        MemberNotFound: there is no such member.
    """
    unknown = sorted(set(changes) - {"name", "email", "phone", "locale", "country", "attributes"})
    if unknown:
        raise BadMember(field=unknown[0], value=changes[unknown[0]], remedy="it cannot be amended")
    cleaned: dict[str, object] = {name: _clean_field(name, value) for name, value in changes.items()}
    before = _queries.lock_member(tx, member_id=member_id)
    if before is None:
        raise MemberNotFound(member=to_public("mem", member_id))
    if "attributes" in cleaned:
        merged = {**before.attributes, **_mapping(cleaned["attributes"])}
        cleaned["attributes"] = {key: value for key, value in merged.items() if value is not None}
    changed = sorted(name for name, value in cleaned.items() if value != getattr(before, name))
    if not changed:
        return before
    _queries.update_member(tx, member_id=member_id, values={**_amendable(before), **cleaned})
    claims = [(kind, str(cleaned[kind]), member_id) for kind in ("email", "phone") if kind in changed and cleaned[kind]]
    _queries.insert_identities(tx, identities=claims)
    facts.record(tx, [facts.Fact("member.amended", at, member_id, member_id, {"fields": changed})], at=at)
    return find(tx, member_id)


def _clean(person: NewMember) -> NewMember:
    if not ISSUER.fullmatch(person.issuer):
        raise BadMember(field="issuer", value=person.issuer, remedy="use a-z, 0-9, - and _, at most 64 characters")
    return NewMember(
        external_id=clean_text("external_id", person.external_id),
        issuer=person.issuer,
        name=clean_text("name", person.name) if person.name else None,
        email=clean_email(person.email) if person.email else None,
        phone=clean_phone(person.phone) if person.phone else None,
        locale=clean_text("locale", person.locale) if person.locale else None,
        country=clean_text("country", person.country) if person.country else None,
        joined_at=person.joined_at,
        attributes=person.attributes,
    )


def _clean_field(field: str, value: object) -> object:
    if field == "attributes":
        return _mapping(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadMember(field=field, value=value, remedy="give a text")
    if field == "email":
        return clean_email(value)
    return clean_phone(value) if field == "phone" else clean_text(field, value)


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise BadMember(field="attributes", value=value, remedy="give an object of names and values")
    return {str(key): content for key, content in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _amendable(member: Member) -> dict[str, object]:
    return {name: getattr(member, name) for name in ("name", "email", "phone", "locale", "country", "attributes")}


def _identities(member_id: int, person: NewMember) -> list[tuple[str, str, int]]:
    named = [(person.issuer, person.external_id), ("email", person.email), ("phone", person.phone)]
    return [(issuer, value, member_id) for issuer, value in named if value]


def _joined(member_id: int, person: NewMember, at: datetime) -> facts.Fact:
    about = {"issuer": person.issuer, "external_id": person.external_id}
    return facts.Fact("member.joined", person.joined_at or at, member_id, member_id, about)
