"""The SQL of benefits."""

from dataclasses import dataclass
from datetime import datetime

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Use:
    """One row of `programme_benefit_uses`: a benefit was used, as the shop calls it."""

    member_id: int
    reference: str
    set_code: str
    benefit: str
    used_at: datetime


def select_uses(tx: Transaction, *, member_id: int, limit: int) -> list[Use]:
    """What a member used, the latest first."""
    return tx.all(
        """
        select member_id, reference, set_code, benefit, used_at from programme_benefit_uses
        where member_id = %(member_id)s order by used_at desc, reference limit %(limit)s
        """,
        Use, member_id=member_id, limit=limit,
    )  # fmt: skip


def select_use(tx: Transaction, *, member_id: int, reference: str) -> Use | None:
    """The use that a reference names, or None."""
    return tx.first(
        """
        select member_id, reference, set_code, benefit, used_at from programme_benefit_uses
        where member_id = %(member_id)s and reference = %(reference)s
        """,
        Use, member_id=member_id, reference=reference,
    )  # fmt: skip


def count_uses(tx: Transaction, *, member_id: int, since: dict[str, datetime]) -> dict[tuple[str, str], int]:
    """How often a member used each benefit of each set since its cycle began."""
    rows = tx.rows(
        """
        select u.set_code, u.benefit, count(*)
        from unnest(%(sets)s::text[], %(since)s::timestamptz[]) v (set_code, since)
        join programme_benefit_uses u on u.set_code = v.set_code and u.used_at >= v.since
        where u.member_id = %(member_id)s
        group by u.set_code, u.benefit
        """,
        member_id=member_id, sets=list(since), since=list(since.values()),
    )  # fmt: skip
    return {(code, benefit): count for code, benefit, count in rows}


def insert_use(tx: Transaction, *, use: Use, cycle_begins: datetime) -> int:
    """Note a use, unless the reference was used before."""
    return tx.run(
        """
        insert into programme_benefit_uses (member_id, reference, set_code, benefit, cycle_begins, used_at)
        values (%(member_id)s, %(reference)s, %(set_code)s, %(benefit)s, %(cycle_begins)s, %(used_at)s)
        on conflict (member_id, reference) do nothing
        """,
        member_id=use.member_id, reference=use.reference, set_code=use.set_code, benefit=use.benefit,
        cycle_begins=cycle_begins, used_at=use.used_at,
    )  # fmt: skip


def lock_member(tx: Transaction, *, member_id: int) -> int:
    """Let nobody else use anything of this member until the transaction ends."""
    return tx.run("select pg_advisory_xact_lock(hashtextextended('benefit uses', %(member_id)s))", member_id=member_id)
