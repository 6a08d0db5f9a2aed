"""Replaying the orders of a chunk of members under one programme, from the first order on, as if it had always held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa

from regulars.insight.engine import Session
from regulars.insight.what_if._earnings import earn
from regulars.insight.what_if._histories import History
from regulars.insight.what_if._orders import cases, parts_of, rules_of, sell
from regulars.insight.what_if._standings import judge
from regulars.ledger import AtEvent, Sliding, expires_at
from regulars.programme import Programme, Terms, moments
from regulars.programme.earning import Part
from regulars.programme.tiers import GiftDue

_MOST_ROUNDS: Final = 1000
_GIFT: Final = -1
_ACTIVITY: Final = -2
_GOES: Final = pa.schema({"part": pa.int64(), "day": pa.date32(), "gone": pa.timestamp("us", "UTC")})


class RestlessReplay(RuntimeError):
    """Tiers and points that depend on each other came to no end: this cannot be, for both follow from what was before."""


def replay(session: Session, programme: Programme, history: History) -> None:
    """Make `earned`, `taken`, `gifts`, `verdicts`, `stands` and `lots` of what `history` has of some members.

    Where rules ask for the tier, and the tier for what rules gave, both are worked out again until they agree: each round
    settles at least what comes next, as what comes later never changes what was before.
    """
    sell(session, programme)
    _begin(session)
    reads = "member_tier" in rules_of(programme).columns
    gifts: Sequence[GiftDue] = ()
    if reads:
        cases(session, programme)
        gifts = judge(session, programme, history, gifts).gifts
    for _ in range(_MOST_ROUNDS):
        before = _state(session, gifts, reads=reads)
        cases(session, programme)
        earn(session, programme)
        gifts = judge(session, programme, history, gifts).gifts
        if _state(session, gifts, reads=reads) == before or not (reads or _gifts_count(programme)):
            break
    else:
        raise RestlessReplay
    _keep_gifts(session, gifts)
    _keep_lots(session, programme, history)


def _begin(session: Session) -> None:
    session.keep("tiers_before", "select order_id, '' as tier from bought where false")
    session.keep(
        "earned",
        "select order_id, member_id, placed_at, paid_at, 0 as part, 0::bigint as points from bought where false",
    )
    session.keep(
        "taken",
        "select order_id, member_id, paid_at as known_at, 0::bigint as part, 0::bigint as points from bought where false",
    )


def _state(session: Session, gifts: Sequence[GiftDue], *, reads: bool) -> tuple[object, ...]:
    """What the next round depends on."""
    tiers = (
        session.ask("select bit_xor(hash(order_id, tier)) as state from tiers_before")["state"][0].as_py()
        if reads
        else 0
    )
    return tiers, frozenset((one.member_id, one.set_code, one.tier.code, one.reached_at) for one in gifts)


def _gifts_count(programme: Programme) -> bool:
    """Whether the points that tiers give count towards tiers."""
    given = {
        tier.gift.point_type for one in programme.tier_sets for tier in one.tiers if tier.gift and tier.gift.points
    }
    return any(one.measure.by == "points" and one.measure.of in given for one in programme.tier_sets)


def _keep_gifts(session: Session, gifts: Sequence[GiftDue]) -> None:
    rows = [
        {"member_id": one.member_id, "point_type": gift.point_type, "reached_at": one.reached_at, "points": gift.points}
        for one in gifts
        if (gift := one.tier.gift) and gift.points
    ]
    schema = pa.schema(
        {
            "member_id": pa.int64(),
            "point_type": pa.string(),
            "reached_at": pa.timestamp("us", "UTC"),
            "points": pa.int64(),
        }
    )
    session.give("gifts_due", pa.Table.from_pylist(rows, schema))
    session.keep("gifts", "select * from gifts_due")


def _keep_lots(session: Session, programme: Programme, history: History) -> None:
    """Points by order and kind, less what came back, and whether they are gone at the end."""
    parts = parts_of(rules_of(programme))
    session.give(
        "parts",
        pa.table(
            {
                "part": pa.array(range(len(parts)), pa.int64()),
                "point_type": [part[0] for part in parts] or pa.array([], pa.string()),
            }
        ),
    )
    session.keep("granted_lots", _LOTS)
    days = session.ask(_DAYS.format(zone=programme.time_zone)).to_pylist()
    session.give("goes", pa.Table.from_pylist([_goes(row, programme, parts) for row in days], _GOES))
    until = history.until.isoformat()
    session.keep("broken", _BROKEN.format(zone=programme.time_zone, until=until))
    slides = "'points'" if isinstance(programme.expiry, Sliding) else "''"
    session.keep("lots", _GONE.format(zone=programme.time_zone, until=until, slides=slides))


_LOTS: Final = f"""
    select e.member_id, p.point_type, e.part::bigint as part, e.paid_at as moment, e.order_id,
        e.points as earned, coalesce(t.points, 0)::bigint as taken, 0::bigint as given
    from earned e join parts p using (part)
    left join (select order_id, part, sum(points) as points from taken group by all) t using (order_id, part)
    union all
    select member_id, point_type, {_GIFT}, reached_at, null, 0, 0, points from gifts
"""
_DAYS: Final = f"""
    select part, timezone('{{zone}}', moment)::date as day, min(moment) as moment from granted_lots group by all
    union all
    select {_ACTIVITY}, timezone('{{zone}}', moment)::date as day, min(moment) from granted_lots where point_type = 'points' group by all
"""
_BROKEN: Final = f"""
    select member_id, max(moment) as moment from (
        select l.member_id, l.moment, g.gone, lead(l.moment) over (partition by l.member_id order by l.moment) as following
        from granted_lots l join goes g on g.part = {_ACTIVITY} and g.day = timezone('{{zone}}', l.moment)::date
        where l.point_type = 'points' and l.earned + l.given > 0
    ) where coalesce(following, timestamptz '{{until}}') >= gone
    group by member_id
"""
_GONE: Final = """
    select l.*, (g.gone <= timestamptz '{until}' and (l.point_type <> {slides} or l.moment <= b.moment)) is true as gone
    from granted_lots l
    left join goes g on g.part = l.part and g.day = timezone('{zone}', l.moment)::date
    left join broken b on b.member_id = l.member_id
"""


def _terms(programme: Programme, part: Part) -> Terms:
    return (programme.own_terms(part[1]) if part[1] else None) or programme.terms_of(part[0])


def _goes(row: Mapping[str, Any], programme: Programme, parts: Sequence[Part]) -> dict[str, Any]:
    """When points of one kind that were earned on a day are gone. What waits for an event is taken as if that had come."""
    part: int = row["part"]
    own = programme.terms_of("points") if part < 0 else _terms(programme, parts[part])
    if isinstance(own.pending, AtEvent):
        own = replace(own, pending=None)
    at: datetime = row["moment"]
    if isinstance(own.expiry, Sliding) or part == _ACTIVITY:
        gone = expires_at(at, own.expiry, programme.time_zone)
    else:
        _, gone = moments(at, own, programme.time_zone, told_at=at)
    return {"part": part, "day": row["day"], "gone": gone}


@dataclass(frozen=True, slots=True)
class Tally:
    """What one programme came to for a chunk of members; `members`, `stands` and `segments` a row each."""

    members: pa.Table
    """Who ordered in the months: member_id, orders, points, country, cohort."""

    stands: pa.Table
    issued: Sequence[Mapping[str, Any]]
    """By point type: earned, taken, given, in the months; owed at the end."""

    rules: Sequence[Mapping[str, Any]]
    months: Mapping[date, int]


def tally(session: Session, programme: Programme, *, begins: datetime) -> Tally:
    """Sum up what was replayed of orders paid from a moment on."""
    since = f"timestamptz '{begins.isoformat()}'"
    months = session.ask(_MONTHS.format(zone=programme.time_zone, since=since)).to_pylist()
    return Tally(
        session.ask(_MEMBERS.format(zone=programme.time_zone, since=since)),
        session.ask("select * from stands"),
        session.ask(_ISSUED.format(since=since)).to_pylist(),
        [_contribution(session, n, since) for n in range(len(rules_of(programme).rules))],
        {row["month"]: row["points"] for row in months},
    )


_MEMBERS: Final = """
    select b.member_id, b.orders, coalesce(l.points, 0)::bigint as points, coalesce(nullif(p.country, ''), b.country) as country,
        strftime(b.first, '%Y-%m') as cohort, coalesce(p.segments, []) as segments
    from (
        select member_id, count(*) filter (paid_at >= {since}) as orders, min(timezone('{zone}', placed_at)) as first,
            max_by(country, placed_at) as country
        from bought group by member_id
    ) b
    left join (
        select member_id, sum(earned - taken + given) as points from lots where moment >= {since} and point_type = 'points' group by member_id
    ) l using (member_id)
    left join here_people p using (member_id)
    where b.orders > 0 or l.points <> 0
    order by b.member_id
"""
_ISSUED: Final = """
    with held as (
        select member_id, point_type, coalesce(sum(earned - taken + given) filter (not gone), 0) as alive,
            coalesce(sum(earned - taken + given) filter (gone), 0) as gone
        from lots group by all
    ), owed as (
        select point_type, sum(greatest(alive - greatest(coalesce(s.points, 0) - h.gone, 0), 0)) as owed
        from held h left join here_spent s using (member_id, point_type) group by point_type
    )
    select point_type, coalesce(sum(earned) filter (moment >= {since}), 0)::bigint as earned,
        coalesce(sum(taken) filter (moment >= {since}), 0)::bigint as taken,
        coalesce(sum(given) filter (moment >= {since}), 0)::bigint as given, any_value(owed.owed)::bigint as owed
    from lots join owed using (point_type) group by point_type
"""
_MONTHS: Final = """
    select date_trunc('month', timezone('{zone}', moment))::date as month, sum(earned - taken + given)::bigint as points
    from lots where moment >= {since} and point_type = 'points' group by month
"""


def _contribution(session: Session, n: int, since: str) -> Mapping[str, Any]:
    limited = f"why{n} in (-5, -6) or (why{n} = 0 and other{n} > points{n})"
    return session.ask(
        f"select count(*) filter (why{n} = 0) as orders, coalesce(sum(points{n}) filter (why{n} = 0), 0)::bigint as points,"
        f" count(*) filter ({limited}) as limited from verdicts join cases using (order_id) where paid_at >= {since}"
    ).to_pylist()[0]
