"""The SQL of members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from regulars.members._rules import NewMember
from regulars.storage import Transaction
from regulars.types import MemberId


@dataclass(frozen=True, slots=True)
class Member:
    """One row of `members`."""

    member_id: int
    issuer: str
    external_id: str
    name: str | None
    email: str | None
    phone: str | None
    locale: str | None
    country: str | None
    joined_at: datetime
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """A name the outside world has for a member."""

    issuer: str
    value: str


def select_member(tx: Transaction, *, member_id: int) -> Member | None:
    """One member, or None."""
    found = select_members(tx, member_ids=[member_id])
    return found[0] if found else None


def select_members(tx: Transaction, *, member_ids: list[int]) -> list[Member]:
    """The members among some identifiers."""
    return tx.all(
        """
        select member_id, issuer, external_id, name, email, phone, locale, country, joined_at, attributes
        from members where member_id = any(%(member_ids)s)
        """,
        Member, member_ids=member_ids,
    )  # fmt: skip


def lock_member(tx: Transaction, *, member_id: int) -> Member | None:
    """One member, locked against other changes but not against orders that come meanwhile; or None."""
    return tx.first(
        """
        select member_id, issuer, external_id, name, email, phone, locale, country, joined_at, attributes
        from members where member_id = %(member_id)s for no key update
        """,
        Member, member_id=member_id,
    )  # fmt: skip


def select_member_ids(tx: Transaction, *, member_ids: list[int]) -> set[int]:
    """Which of some identifiers are members'."""
    return set(
        tx.values(
            """
            select w.member_id from unnest(%(member_ids)s::bigint[]) w (member_id), lateral (
                select from members m where m.member_id = w.member_id limit 1) m
            """,
            member_ids=member_ids,
        )
    )  # fmt: skip


def identities(tx: Transaction, *, member_id: int, limit: int = 100) -> list[Identity]:
    """Every name the outside world has for a member."""
    return tx.all(
        "select issuer, value from members_identities where member_id = %(member_id)s order by issuer, value limit %(limit)s",
        Identity, member_id=member_id, limit=limit,
    )  # fmt: skip


def members_of_identities(tx: Transaction, *, issuers: list[str], values: list[str]) -> dict[tuple[str, str], int]:
    """Which members hold some identities."""
    rows = tx.rows(
        """
        select i.issuer, i.value, i.member_id
        from unnest(%(issuers)s::text[], %(values)s::text[]) wanted (issuer, value)
        join members_identities i on i.issuer = wanted.issuer and i.value = wanted.value
        """,
        issuers=issuers, values=values,
    )  # fmt: skip
    return {(issuer, value): member_id for issuer, value, member_id in rows}


def insert_members(tx: Transaction, *, members: Mapping[MemberId, NewMember], at: datetime) -> list[int]:
    """Insert those that are not there; the identifiers of those inserted."""
    people = members.values()
    return tx.values(
        """
        insert into members (member_id, issuer, external_id, name, email, phone, locale, country, joined_at, attributes)
        select * from unnest(%(ids)s::bigint[], %(issuers)s::text[], %(external_ids)s::text[], %(names)s::text[],
            %(emails)s::text[], %(phones)s::text[], %(locales)s::text[], %(countries)s::text[],
            %(joined)s::timestamptz[], %(attributes)s::jsonb[])
        order by 1
        on conflict (member_id) do nothing
        returning member_id
        """,
        ids=list(members), issuers=[m.issuer for m in people],
        external_ids=[m.external_id for m in people], names=[m.name for m in people],
        emails=[m.email for m in people], phones=[m.phone for m in people], locales=[m.locale for m in people],
        countries=[m.country for m in people], joined=[m.joined_at or at for m in people],
        attributes=[Jsonb(dict(m.attributes)) for m in people],
    )  # fmt: skip


def insert_identities(tx: Transaction, *, identities: Sequence[tuple[str, str, int]]) -> int:
    """Claim the values that are free."""
    return tx.run(
        """
        insert into members_identities (issuer, value, member_id)
        select * from unnest(%(issuers)s::text[], %(values)s::text[], %(ids)s::bigint[]) order by 1, 2
        on conflict (issuer, value) do nothing
        """,
        issuers=[i[0] for i in identities], values=[i[1] for i in identities], ids=[i[2] for i in identities],
    )  # fmt: skip


def update_member(tx: Transaction, *, member_id: int, values: dict[str, object]) -> int:
    """Set a member's amendable fields."""
    return tx.run(
        """
        update members set name = %(name)s, email = %(email)s, phone = %(phone)s, locale = %(locale)s,
            country = %(country)s, attributes = %(attributes)s
        where member_id = %(member_id)s
        """,
        member_id=member_id, **(values | {"attributes": Jsonb(values["attributes"])}),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Household:
    """Members who live together."""

    household_id: int
    name: str
    created_at: datetime
    dissolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Membership:
    """From when to when a member belonged to a household."""

    household_id: int
    member_id: int
    joined_at: datetime
    left_at: datetime | None


def insert_household(tx: Transaction, *, household_id: int, name: str, at: datetime) -> int:
    """Keep a household, unless it is there."""
    return tx.run(
        """
        insert into members_households (household_id, name, created_at) values (%(household_id)s, %(name)s, %(at)s)
        on conflict (household_id) do nothing
        """,
        household_id=household_id, name=name, at=at,
    )  # fmt: skip


def lock_household(tx: Transaction, *, household_id: int) -> int:
    """Lock a household against others who join or leave."""
    return tx.run(
        "select household_id from members_households where household_id = %(household_id)s for no key update",
        household_id=household_id,
    )


def end_household(tx: Transaction, *, household_id: int, at: datetime) -> int:
    """Note that a household is no more."""
    return tx.run(
        "update members_households set dissolved_at = %(at)s where household_id = %(household_id)s and dissolved_at is null",
        household_id=household_id, at=at,
    )  # fmt: skip


def select_household(tx: Transaction, *, household_id: int) -> list[Household]:
    """The household of that number."""
    return tx.all(
        "select household_id, name, created_at, dissolved_at from members_households where household_id = %(household_id)s",
        Household, household_id=household_id,
    )  # fmt: skip


def select_households(tx: Transaction, *, after: tuple[str, int] | None, limit: int) -> list[Household]:
    """The households, by name."""
    name, household_id = after or (None, None)
    return tx.all(
        """
        select household_id, name, created_at, dissolved_at from members_households
        where %(name)s::text is null or (name, household_id) > (%(name)s::text, %(household_id)s::bigint)
        order by name, household_id limit %(limit)s
        """,
        Household, name=name, household_id=household_id, limit=limit,
    )  # fmt: skip


def insert_membership(tx: Transaction, *, household_id: int, member_id: int, at: datetime) -> int:
    """Let a member belong to a household."""
    return tx.run(
        """
        insert into members_memberships (household_id, member_id, joined_at) values (%(household_id)s, %(member_id)s, %(at)s)
        """,
        household_id=household_id, member_id=member_id, at=at,
    )  # fmt: skip


def end_membership(tx: Transaction, *, household_id: int, member_id: int, at: datetime) -> int:
    """Let a member belong to a household no more, if that is so."""
    return tx.run(
        """
        update members_memberships set left_at = greatest(joined_at, %(at)s)
        where member_id = %(member_id)s and household_id = %(household_id)s and left_at is null
        """,
        household_id=household_id, member_id=member_id, at=at,
    )  # fmt: skip


def select_memberships(tx: Transaction, *, member_id: int, limit: int) -> list[Membership]:
    """Where a member belonged, the latest first."""
    return tx.all(
        """
        select household_id, member_id, joined_at, left_at from members_memberships
        where member_id = %(member_id)s order by joined_at desc limit %(limit)s
        """,
        Membership, member_id=member_id, limit=limit,
    )  # fmt: skip


def select_members_of_household(tx: Transaction, *, household_id: int, limit: int) -> list[Membership]:
    """Who belongs to a household now, the longest first."""
    return tx.all(
        """
        select household_id, member_id, joined_at, left_at from members_memberships
        where household_id = %(household_id)s and left_at is null order by joined_at, member_id limit %(limit)s
        """,
        Membership, household_id=household_id, limit=limit,
    )  # fmt: skip
