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
