"""The SQL of standings: what counts, where members stand, and what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from regulars.programme.tiers._records import Standing
from regulars.programme.tiers._sets import By
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Ask:
    """What counted of one member: of what happened by `moment` and was so by `known`.

    Either of the `months` up to the moment, in a zone, or from `since` on to just before `until`.
    """

    member_id: int
    moment: datetime
    known: datetime
    zone: str
    months: int | None
    since: datetime | None
    until: datetime
    refunds_from: datetime
    """What was taken off from then on is left in `kept`."""

    of: str | None = None
    account_id: int = 0


_SPEND: Final = """
    select q.counts_at, q.amount_minor as net,
        case when q.amount_minor > 0 or q.known_at < m.refunds_from then q.amount_minor else 0 end as kept
    from programme_qualifying q
    where q.member_id = m.member_id
      and q.counts_at <= m.moment and q.counts_at < m.until and q.known_at <= m.known and q.counts_at >= m.since
      and (m.months is null
           or (q.counts_at > m.since
               and (q.counts_at > m.since + interval '4 days'  -- months differ by three days at most: only near it the exact sum decides
                    or (q.counts_at at time zone m.zone + make_interval(months => m.months)) at time zone m.zone > m.moment)))
"""

# An order counts while anything of its goods is kept: every row about it names it and bears its day.
_ORDERS: Final = """
    select o.counts_at, (o.net > 0)::int as net, (o.kept > 0)::int as kept
    from (select q.counts_at, sum(q.amount_minor) as net,
              sum(q.amount_minor) filter (where q.amount_minor > 0 or q.known_at < m.refunds_from) as kept
          from programme_qualifying q
          where q.member_id = m.member_id
            and q.counts_at <= m.moment and q.counts_at < m.until and q.known_at <= m.known and q.counts_at >= m.since
            and (m.months is null
                 or (q.counts_at > m.since
                     and (q.counts_at > m.since + interval '4 days'
                          or (q.counts_at at time zone m.zone + make_interval(months => m.months)) at time zone m.zone > m.moment)))
          group by q.counts_at, substring(q.reference from 'ord_[0-9a-z]+')) o
"""

_POINTS: Final = """
    select q.counts_at, q.amount as net,
        case when q.amount > 0 or q.known_at < m.refunds_from then q.amount else 0 end as kept
    from ledger_earnings q
    where q.account_id = m.account_id and q.bucket = m.account_id %% 256
      and q.counts_at <= m.moment and q.counts_at < m.until and q.known_at <= m.known and q.counts_at >= m.since
      and (m.months is null
           or (q.counts_at > m.since
               and (q.counts_at > m.since + interval '4 days'
                    or (q.counts_at at time zone m.zone + make_interval(months => m.months)) at time zone m.zone > m.moment)))
"""

_EVENTS: Final = """
    select q.occurred_at as counts_at, 1 as net, 1 as kept
    from facts q
    where q.member_id = m.member_id and q.name = m.what
      and q.occurred_at <= m.moment and q.occurred_at < m.until and q.occurred_at <= m.known and q.occurred_at >= m.since
      and (m.months is null
           or (q.occurred_at > m.since
               and (q.occurred_at > m.since + interval '4 days'
                    or (q.occurred_at at time zone m.zone + make_interval(months => m.months)) at time zone m.zone > m.moment)))
"""

_SOURCES: Final[Mapping[By, LiteralString]] = {
    "spend": _SPEND, "orders": _ORDERS, "points": _POINTS, "event": _EVENTS,
}  # fmt: skip


def select_seen(tx: Transaction, *, by: By, asks: Sequence[Ask]) -> list[tuple[int, int, datetime | None]]:
    """For each, what counted net, what counted towards keeping, and when, if nothing happens, it will be less.

    A window of months is counted back on the calendar: of 1 March 2026 it holds what came after 1 March 2025.
    """
    source = _SOURCES[by]
    rows = tx.rows(
        f"""
        select m.n, coalesce(sum(q.net), 0)::bigint, coalesce(sum(q.kept), 0)::bigint,
            case when m.months is not null then
                ((min(q.counts_at) filter (where q.net <> 0) at time zone m.zone) + make_interval(months => m.months)) at time zone m.zone
            end
        from (
            select v.n, v.member_id, v.moment, v.known, v.zone, v.months, v.until, v.refunds_from, v.what, v.account_id,
                case when v.months is null then v.since
                     else (v.moment at time zone v.zone - make_interval(months => v.months)) at time zone v.zone end as since
            from unnest(%(members)s::bigint[], %(moments)s::timestamptz[], %(known)s::timestamptz[], %(zones)s::text[],
                %(months)s::int[], %(since)s::timestamptz[], %(until)s::timestamptz[], %(refunds)s::timestamptz[],
                %(of)s::text[], %(accounts)s::bigint[]) with ordinality
                v (member_id, moment, known, zone, months, since, until, refunds_from, what, account_id, n)
            offset 0  -- worked out once a moment, not once for each amount it is compared with
        ) m
        left join lateral ({source}) q on true
        group by m.n, m.months, m.zone
        order by m.n
        """,
        members=[a.member_id for a in asks], moments=[a.moment for a in asks], known=[a.known for a in asks],
        zones=[a.zone for a in asks], months=[a.months for a in asks], since=[a.since for a in asks],
        until=[a.until for a in asks], refunds=[a.refunds_from for a in asks], of=[a.of for a in asks],
        accounts=[a.account_id for a in asks],
    )  # fmt: skip
    return [(net, kept, change) for _, net, kept, change in rows]


@dataclass(frozen=True, slots=True)
class Counted:
    """One thing that counts: on which day, since when it was so, and since when that was known."""

    counts_at: datetime
    known_at: datetime
    amount: int
    whole: str
    """What it is a part of: an order counts while the sum of its parts is above 0."""


def select_counted(
    tx: Transaction, *, by: By, of: str | None, member_id: int, account_id: int, until: datetime, known_at: datetime
) -> list[Counted]:
    """Everything that counts of a member, of what had been recorded by a moment, in the order in which it became so."""
    queries: Mapping[By, LiteralString] = {
        "spend": _SPENT, "orders": _SPENT, "points": _EARNED, "event": _HAPPENED,
    }  # fmt: skip
    return tx.all(
        queries[by], Counted, member_id=member_id, account_id=account_id, of=of, until=until, recorded=known_at
    )


_SPENT: Final = """
    select q.counts_at, q.known_at, q.amount_minor as amount, substring(q.reference from 'ord_[0-9a-z]+') as whole
    from programme_qualifying q
    where q.member_id = %(member_id)s and q.counts_at <= %(until)s and q.known_at <= %(until)s and q.posted_at <= %(recorded)s
    order by q.known_at, q.counts_at
"""
_EARNED: Final = """
    select q.counts_at, q.known_at, q.amount, '' as whole from ledger_earnings q
    where q.account_id = %(account_id)s and q.bucket = %(account_id)s %% 256 and q.counts_at <= %(until)s
      and q.known_at <= %(until)s and q.posted_at <= %(recorded)s
    order by q.known_at, q.counts_at
"""
_HAPPENED: Final = """
    select q.occurred_at as counts_at, q.occurred_at as known_at, 1::bigint as amount, '' as whole from facts q
    where q.member_id = %(member_id)s and q.name = %(of)s and q.occurred_at <= %(until)s and q.recorded_at <= %(recorded)s
    order by q.occurred_at
"""

_COLUMNS: Final = """member_id, set_code, place, tier, since, earned, earned_since, qualifying_minor, reviewed_at, review_at,
    cycle_begins, cycle_ends, zone, base, drop_at, fell_at, warned_at"""


def lock_standings(tx: Transaction, *, keys: Sequence[tuple[int, str]]) -> list[Standing]:
    """Where members stand in sets, locked, in one order."""
    return tx.all(
        f"""
        select {_COLUMNS} from unnest(%(members)s::bigint[], %(sets)s::text[]) v (member_id, set_code)
        join programme_standings s using (member_id, set_code)
        order by member_id, set_code for update of s
        """,
        Standing, members=[member_id for member_id, _ in keys], sets=[code for _, code in keys],
    )  # fmt: skip


def select_standings(tx: Transaction, *, member_ids: list[int]) -> list[Standing]:
    """The standings of some members."""
    return tx.all(
        f"""
        select {_COLUMNS} from programme_standings
        where member_id = any(%(member_ids)s) order by member_id, set_code
        """,
        Standing, member_ids=member_ids,
    )  # fmt: skip


def insert_standings(tx: Transaction, *, standings: Sequence[Standing]) -> int:
    """Give members who have none a standing, so that it can be locked."""
    return tx.run(_INSERT + " on conflict (member_id, set_code) do nothing", **_columns(standings))


def upsert_standings(tx: Transaction, *, standings: Sequence[Standing]) -> int:
    """Set members' standings."""
    return tx.run(
        _INSERT
        + """
        on conflict (member_id, set_code) do update set place = excluded.place, tier = excluded.tier, since = excluded.since,
            earned = excluded.earned, earned_since = excluded.earned_since, qualifying_minor = excluded.qualifying_minor,
            reviewed_at = excluded.reviewed_at, review_at = excluded.review_at, cycle_begins = excluded.cycle_begins,
            cycle_ends = excluded.cycle_ends, zone = excluded.zone, base = excluded.base, drop_at = excluded.drop_at,
            fell_at = excluded.fell_at, warned_at = excluded.warned_at
        """,
        **_columns(standings),
    )


_INSERT: Final = f"""
    insert into programme_standings ({_COLUMNS})
    select {_COLUMNS} from unnest(%(members)s::bigint[], %(sets)s::text[], %(places)s::smallint[], %(tiers)s::text[], %(since)s::timestamptz[],
        %(earned)s::text[], %(earned_since)s::timestamptz[], %(spend)s::bigint[], %(reviewed)s::timestamptz[], %(review)s::timestamptz[],
        %(begins)s::timestamptz[], %(ends)s::timestamptz[], %(zones)s::text[], %(bases)s::text[], %(drops)s::timestamptz[],
        %(fell)s::timestamptz[], %(warned)s::timestamptz[])
        v ({_COLUMNS})
    order by member_id, set_code"""


def _columns(standings: Sequence[Standing]) -> dict[str, object]:
    return {
        "members": [s.member_id for s in standings], "sets": [s.set_code for s in standings],
        "places": [s.place for s in standings], "tiers": [s.tier for s in standings], "since": [s.since for s in standings],
        "earned": [s.earned for s in standings], "earned_since": [s.earned_since for s in standings],
        "spend": [s.qualifying_minor for s in standings], "reviewed": [s.reviewed_at for s in standings],
        "review": [s.review_at for s in standings], "begins": [s.cycle_begins for s in standings],
        "ends": [s.cycle_ends for s in standings], "zones": [s.zone for s in standings],
        "bases": [s.base for s in standings], "drops": [s.drop_at for s in standings],
        "fell": [s.fell_at for s in standings], "warned": [s.warned_at for s in standings],
    }  # fmt: skip


def select_due(tx: Transaction, *, at: datetime, limit: int) -> list[tuple[int, str, datetime]]:
    """Standings to be judged again by now, by the index on their date; locked, those of another worker left out."""
    rows = tx.rows(
        """
        select member_id, set_code, review_at from programme_standings
        where review_at <= %(at)s order by review_at limit %(limit)s for update skip locked
        """,
        at=at, limit=limit,
    )  # fmt: skip
    return [(member_id, code, review_at) for member_id, code, review_at in rows]


def select_members_after(tx: Transaction, *, after: int, limit: int) -> list[int]:
    """The members after one, in order."""
    return tx.values(
        "select member_id from members where member_id > %(after)s order by member_id limit %(limit)s",
        after=after,
        limit=limit,
    )


def review_everyone(tx: Transaction, *, at: datetime) -> int:
    """Let every tier be judged again at a moment: the programme changes then."""
    return tx.run("update programme_standings set review_at = %(at)s where review_at > %(at)s and place >= 0", at=at)


@dataclass(frozen=True, slots=True)
class Someone:
    """What cycles depend on of a member."""

    member_id: int
    joined_at: datetime
    issuer: str
    time_zone: str | None


def select_people(tx: Transaction, *, member_ids: list[int]) -> list[Someone]:
    """When members joined, who knows them, and the time zone that their record names."""
    return tx.all(
        """
        select member_id, joined_at, issuer, attributes ->> 'time_zone' as time_zone
        from members where member_id = any(%(member_ids)s)
        """,
        Someone, member_ids=member_ids,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A tier that came or went."""

    member_id: int
    set_code: str
    changed_at: datetime
    from_tier: str
    tier: str
    upwards: bool


def insert_changes(tx: Transaction, *, changes: Sequence[Change], at: datetime) -> int:
    """Note how tiers came and went."""
    return tx.run(
        """
        insert into programme_tier_changes (member_id, set_code, changed_at, from_tier, tier, upwards, posted_at)
        select v.member_id, v.set_code, v.changed_at, v.from_tier, v.tier, v.upwards, %(at)s
        from unnest(%(members)s::bigint[], %(sets)s::text[], %(changed)s::timestamptz[], %(froms)s::text[], %(tiers)s::text[],
            %(upwards)s::boolean[]) v (member_id, set_code, changed_at, from_tier, tier, upwards)
        """,
        members=[c.member_id for c in changes], sets=[c.set_code for c in changes],
        changed=[c.changed_at for c in changes], froms=[c.from_tier for c in changes], tiers=[c.tier for c in changes],
        upwards=[c.upwards for c in changes], at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Closed:
    """One row of `programme_tier_cycles`: a cycle that is over, as it ended."""

    member_id: int
    set_code: str
    begins: datetime
    ends: datetime
    zone: str
    tier: str
    qualifying_minor: int
    kept: bool


def insert_cycles(tx: Transaction, *, cycles: Sequence[Closed], at: datetime) -> int:
    """Note how cycles ended."""
    return tx.run(
        """
        insert into programme_tier_cycles (member_id, set_code, begins, ends, zone, tier, qualifying_minor, kept, closed_at)
        select v.member_id, v.set_code, v.begins, v.ends, v.zone, v.tier, v.qualifying_minor, v.kept, %(at)s
        from unnest(%(members)s::bigint[], %(sets)s::text[], %(begins)s::timestamptz[], %(ends)s::timestamptz[], %(zones)s::text[],
            %(tiers)s::text[], %(amounts)s::bigint[], %(kept)s::boolean[])
            v (member_id, set_code, begins, ends, zone, tier, qualifying_minor, kept)
        """,
        members=[c.member_id for c in cycles], sets=[c.set_code for c in cycles], begins=[c.begins for c in cycles],
        ends=[c.ends for c in cycles], zones=[c.zone for c in cycles], tiers=[c.tier for c in cycles],
        amounts=[c.qualifying_minor for c in cycles], kept=[c.kept for c in cycles], at=at,
    )  # fmt: skip


def select_cycles(tx: Transaction, *, member_id: int, limit: int = 100) -> list[Closed]:
    """A member's cycles that are over, in all sets, the latest first."""
    return tx.all(
        """
        select member_id, set_code, begins, ends, zone, tier, qualifying_minor, kept from programme_tier_cycles
        where member_id = %(member_id)s order by begins desc, set_code limit %(limit)s
        """,
        Closed, member_id=member_id, limit=limit,
    )  # fmt: skip


def insert_gifts(
    tx: Transaction, *, gifts: Sequence[Mapping[str, object]], at: datetime
) -> set[tuple[int, str, str, datetime]]:
    """Note gifts for tiers reached, once a cycle; whose, of which set, tier and cycle, are new."""
    rows = tx.rows(
        """
        insert into programme_tier_gifts (member_id, set_code, tier, cycle_begins, reached_at, points, point_type, reward, given_at)
        select g.member_id, g.set_code, g.tier, g.cycle_begins, g.reached_at, g.points, g.point_type, g.reward, %(at)s
        from jsonb_to_recordset(%(gifts)s) g (member_id bigint, set_code text, tier text, cycle_begins timestamptz,
            reached_at timestamptz, points bigint, point_type text, reward text)
        order by g.member_id, g.set_code, g.tier, g.cycle_begins
        on conflict (member_id, set_code, tier, cycle_begins) do nothing
        returning member_id, set_code, tier, cycle_begins
        """,
        gifts=Jsonb(list(gifts)), at=at,
    )  # fmt: skip
    return {(member_id, code, tier, begins) for member_id, code, tier, begins in rows}
