"""The SQL of tiers in figures."""

from dataclasses import dataclass
from datetime import date, datetime

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A member who will lose a tier, if nothing happens."""

    member_id: int
    tier: str
    qualifying_minor: int
    until: datetime
    dropping: bool
    """The tier is not kept any more, and its grace runs."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How many reached a tier in a month, and how many left it for a lower one."""

    month: date
    tier: str
    reached: int
    left: int


def distribution(tx: Transaction, set_code: str) -> dict[str, int]:
    """How many members have each tier of a set."""
    rows = tx.rows(
        "select tier, count(*) from programme_standings where set_code = %(set)s and place >= 0 group by tier",
        set=set_code,
    )
    return dict(rows)


def main(tx: Transaction) -> dict[str, int]:
    """How many members have each tier of the main set."""
    return dict(tx.rows("select tier, count(*) from programme_standings where place = 0 group by tier"))


def at_risk(tx: Transaction, set_code: str, *, after: tuple[datetime, int] | None = None, limit: int) -> list[AtRisk]:
    """Who was told that a tier will be lost, or has not kept it, in the order of when it goes."""
    return tx.all(
        """
        select member_id, earned as tier, qualifying_minor, coalesce(drop_at, cycle_ends) as until, drop_at is not null as dropping
        from programme_standings
        where set_code = %(set)s and place >= 0 and (drop_at is not null or warned_at >= cycle_begins)
          and (%(after_at)s::timestamptz is null
               or (coalesce(drop_at, cycle_ends), member_id) > (%(after_at)s, %(after_id)s::bigint))
        order by coalesce(drop_at, cycle_ends), member_id limit %(limit)s
        """,
        AtRisk, set=set_code, after_at=after and after[0], after_id=after and after[1], limit=limit,
    )  # fmt: skip


def count_at_risk(tx: Transaction, set_code: str, tier: str | None = None) -> int:
    """How many those are, of all tiers or of one."""
    return tx.value(
        """
        select count(*) from programme_standings
        where set_code = %(set)s and place >= 0 and (drop_at is not null or warned_at >= cycle_begins)
          and (%(tier)s::text is null or earned = %(tier)s)
        """,
        set=set_code, tier=tier,
    )  # fmt: skip


def flows(tx: Transaction, set_code: str, *, since: datetime, until: datetime, zone: str) -> list[Flow]:
    """By month in a time zone, how many reached each tier, and how many left it downwards."""
    return tx.all(
        """
        select date_trunc('month', c.changed_at at time zone %(zone)s)::date as month,
            case when c.upwards then c.tier else c.from_tier end as tier,
            count(*) filter (where c.upwards) as reached, count(*) filter (where not c.upwards) as left
        from programme_tier_changes c
        where c.set_code = %(set)s and c.changed_at >= %(since)s and c.changed_at < %(until)s
        group by 1, 2 order by 1, 2
        limit 10000
        """,
        Flow, set=set_code, since=since, until=until, zone=zone,
    )  # fmt: skip
