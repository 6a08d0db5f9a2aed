"""Where members come to stand in a programme's tiers, and what they had when each order was paid.

A set whose tier is nothing but what counts in a rolling window is judged set-based: every amount is an event when it comes to
count and another when it leaves the window, and the tier is their running sum. Of other sets, and of members to whom tiers
were given, only those who can ever rise are followed, by the rules that judge them every day.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import pyarrow as pa

from regulars.insight.engine import Session
from regulars.insight.what_if import _memberships
from regulars.insight.what_if._histories import History
from regulars.insight.what_if._orders import parts_of, rules_of
from regulars.programme import Programme, TierSet, tiers
from regulars.programme.expressions import text
from regulars.programme.tiers import Ask, By, Counted, GiftDue, Grant, Line, Person, Reign, Reigns, Seen, World

_EVER: Final = datetime(1900, 1, 1, tzinfo=UTC)
_INSTANT: Final = pa.timestamp("us", "UTC")
_STANDS: Final = pa.schema({"set_code": pa.string(), "member_id": pa.int64(), "tier": pa.string()})
_CHANGES: Final = pa.schema({"member_id": pa.int64(), "moment": _INSTANT, "tier": pa.string()})
_GIFTS: Final = pa.schema(
    {"member_id": pa.int64(), "point_type": pa.string(), "reached_at": _INSTANT, "points": pa.int64()}
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was judged of a chunk of members: `stands` and `tiers_before` are kept in the session."""

    gifts: Sequence[GiftDue]


def judge(session: Session, programme: Programme, history: History, gifts: Sequence[GiftDue]) -> Judged:
    """Make `stands` (every member's tier in every set) and `tiers_before` (in the main set, when each order was paid).

    `gifts`: those for tiers reached that are known so far: their points count as well.
    """
    _give_gifts(session, gifts)
    grants = _memberships.with_bought(session, programme, history)
    given, found = list[pa.Table](), list[GiftDue]()
    for number, one in enumerate(programme.tier_sets):
        session.keep("counted", _counted(programme, one))
        stands, due = _judge_set(session, programme, history, one, grants, main=number == 0)
        given.append(stands)
        found += due
    session.give("stands_given", pa.concat_tables(given))
    session.keep("stands", "select * from stands_given")
    return Judged(found)


def _give_gifts(session: Session, gifts: Sequence[GiftDue]) -> None:
    rows = [
        {"member_id": one.member_id, "point_type": gift.point_type, "reached_at": one.reached_at, "points": gift.points}
        for one in gifts
        if (gift := one.tier.gift) and gift.points
    ]
    session.give("gifts_given", pa.Table.from_pylist(rows, _GIFTS))
    session.keep("gifts", "select * from gifts_given")


def _counted(programme: Programme, one: TierSet) -> str:
    """What counts: on which day, since when that is known, how much, of which order, and whether it is the order itself."""
    measure = one.measure
    if measure.by in {"spend", "orders"}:
        return _SPENT
    if measure.by == "points":
        own = [n for n, part in enumerate(parts_of(rules_of(programme))) if part[0] == measure.of]
        parts = ", ".join(map(str, own)) or "null"
        return _EARNED.format(parts=parts, of=text(measure.of or ""))
    return _HAPPENED.format(name=text(measure.of or ""))


_SPENT: Final = """
    select b.member_id, b.placed_at as counts_at, b.paid_at as known_at, s.spend as amount, b.order_id, true as itself
    from bought b join bought_spend s using (order_id)
    union all
    select b.member_id, b.placed_at, r.returned_at, -r.spend, b.order_id, false from bought b join back r using (order_id)
"""
_EARNED: Final = """
    select member_id, paid_at as counts_at, paid_at as known_at, points as amount, order_id, true as itself from earned where part in ({parts})
    union all
    select t.member_id, c.paid_at, t.known_at, -t.points, t.order_id, false
    from taken t join cases c using (order_id) where t.part in ({parts})
    union all
    select member_id, reached_at, reached_at + interval '1 microsecond', points, null, false from gifts where point_type = {of}
"""  # a gift counts once the tier was reached: what came of it must not undo that
_HAPPENED: Final = """
    select member_id, occurred_at as counts_at, occurred_at as known_at, 1::bigint as amount, null::bigint as order_id, false as itself
    from here_happened where name = {name}
"""


def is_plain(one: TierSet) -> bool:
    """Whether a member's tier is, at every moment, what counts in a rolling window comes to, and nothing else."""
    kept = all(tier.keep is None or tier.keep == tier.reach for tier in one.tiers)
    lasting = one.grace.count or one.stay.count or one.downgrade != "to_earned"
    return (
        one.window.kind == "rolling" and one.zone == "programme" and one.refunds == "at_once" and kept and not lasting
        and not any(tier.gift for tier in one.tiers)
    )  # fmt: skip


def _judge_set(
    session: Session,
    programme: Programme,
    history: History,
    one: TierSet,
    grants: Mapping[int, Sequence[Grant]],
    *,
    main: bool,
) -> tuple[pa.Table, list[GiftDue]]:
    """Where members come to stand in one set; of the main one what they had when orders were paid."""
    lowest, plain = text(one.tiers[0].code), is_plain(one)
    given = [member_id for member_id, own in grants.items() if any(grant.set_code == one.code for grant in own)]
    session.give("granted", pa.table({"member_id": pa.array(given, pa.int64())}))
    rising = "" if plain or len(one.tiers) == 1 else (
        f" union select member_id from counted where amount > 0 group by member_id having sum(amount) >= {one.tiers[1].reach}"
        if one.measure.by not in {"orders", "event"}
        else f" union select member_id from counted where amount > 0 group by member_id having count(*) >= {one.tiers[1].reach}"
    )  # fmt: skip
    session.keep("followed", f"select member_id from granted{rising}")
    if plain:
        session.keep(
            "events", _EVENTS.format(rows=_plain_rows(one), zone=text(programme.time_zone), months=one.window.months)
        )
        session.keep("running", _RUNNING)
        tier = _tier(one, "coalesce(net, 0)")
        stands = session.ask(
            f"select {text(one.code)} as set_code, member_id, {tier} as tier from here_people left join"
            f" (select member_id, sum(delta)::bigint as net from events where moment <= timestamptz '{history.until.isoformat()}'"
            " group by member_id) using (member_id) anti join followed using (member_id)"
        )
        before = _tier(one, "net")
    else:
        stands = session.ask(
            f"select {text(one.code)} as set_code, member_id, {lowest} as tier from here_people anti join followed using (member_id)"
        )
        session.keep("running", "select member_id, order_id, 0 as net from bought")
        before = lowest
    ranked, gifts, changes = _follow(session, programme, history, one, grants)
    if main:
        session.give("changes", changes)
        session.keep("tiers_before", _BEFORE.format(tier=before, lowest=lowest))
    return pa.concat_tables([stands.select(_STANDS.names).cast(_STANDS), ranked]), gifts


def _plain_rows(one: TierSet) -> str:
    """Of orders, each counts as one while anything of it is kept."""
    return _WHOLE if one.measure.by == "orders" else "select * from counted"


_WHOLE: Final = """
    select member_id, counts_at, known_at, (had > 0)::bigint - (had - amount > 0)::bigint as amount, order_id, itself
    from (select *, sum(amount) over (partition by order_id order by known_at, itself desc rows unbounded preceding) as had from counted)
"""
_EVENTS: Final = """
    with parts as (
        select *, greatest(counts_at, known_at) as since,
            timezone({zone}, timezone({zone}, counts_at) + interval '{months} months') as gone
        from ({rows})
    )
    select member_id, since as moment, case when itself then 3 else 1 end as place, coalesce(order_id, 0) as order_id, amount as delta
    from parts where since < gone
    union all
    select member_id, gone, 0, 0, -amount from parts where since < gone
    union all
    select member_id, paid_at, 2, order_id, 0 from bought
"""
_RUNNING: Final = """
    select member_id, order_id, net from (
        select member_id, order_id, place,
            sum(delta) over (partition by member_id order by moment, place, order_id rows unbounded preceding)::bigint as net
        from events
    ) where place = 2
"""
_BEFORE: Final = """
    with first as (
        select b.order_id, b.member_id, b.paid_at, {tier} as plain, f.member_id is not null as by_hand,
            p.joined_at < b.paid_at or min(b.paid_at) over (partition by b.member_id) < b.paid_at as known
        from bought b join running r using (order_id) left join here_people p on p.member_id = b.member_id
        left join followed f on f.member_id = b.member_id
    )
    select f.order_id, case when by_hand then coalesce(c.tier, case when known then {lowest} else '' end)
        when known then plain else '' end as tier
    from first f asof left join changes c on f.member_id = c.member_id and f.paid_at > c.moment
"""


def _tier(one: TierSet, net: str) -> str:
    cases = " ".join(f"when {net} >= {tier.reach} then {text(tier.code)}" for tier in reversed(one.tiers[1:]))
    return f"case {cases} else {text(one.tiers[0].code)} end" if cases else text(one.tiers[0].code)


def _follow(
    session: Session, programme: Programme, history: History, one: TierSet, grants: Mapping[int, Sequence[Grant]]
) -> tuple[pa.Table, list[GiftDue], pa.Table]:
    """Follow members from moment to moment: where they stand, what they are given, and when their tier changed."""
    rows = session.ask(
        "select c.* from counted c semi join followed using (member_id) order by member_id, known_at, counts_at, order_id"
    ).to_pylist()
    counted: dict[int, list[Counted]] = defaultdict(list)
    for member_id, own in groupby(rows, key=itemgetter("member_id")):
        counted[member_id] = [
            Counted(row["counts_at"], row["known_at"], row["amount"], str(row["order_id"])) for row in own
        ]
    people = session.ask("select p.* from here_people p semi join followed using (member_id)").to_pylist()
    reign = Reign((one,), programme.time_zone, _EVER)
    world = World(Reigns([reign]), {row["member_id"]: _person(row, history.zones) for row in people})
    lines = [_line(one, row, counted[row["member_id"]], grants, history.until) for row in people]

    def look(by: By, asks: Sequence[Ask]) -> list[Seen]:
        return [tiers.seen(by, counted[ask.member_id], ask) for ask in asks]

    tiers.follow(lines, world, look)
    stands = [
        {"set_code": one.code, "member_id": line.member_id, "tier": line.standing.tier}
        for line in lines
        if line.standing
    ]
    changes = [row for line in lines for row in _changes(line)]
    return (
        pa.Table.from_pylist(stands, _STANDS),
        [gift for line in lines for gift in _once(line.gifts)],
        pa.Table.from_pylist(changes, _CHANGES),
    )


def _person(row: Mapping[str, Any], shops: Mapping[str, str]) -> Person:
    zone = row["time_zone"] if tiers.known_zone(row["time_zone"]) else None
    zones = {"shop": shops.get(row["issuer"] or ""), "member": zone}
    return Person(row["joined_at"], {name: known for name, known in zones.items() if known})


def _line(
    one: TierSet,
    row: Mapping[str, Any],
    counted: Sequence[Counted],
    grants: Mapping[int, Sequence[Grant]],
    until: datetime,
) -> Line:
    """A member who is to be followed, at every moment at which something came to count, and at the end."""
    moments = {max(each.counts_at, each.known_at) for each in counted} | {row["joined_at"], until}
    own = [grant for grant in grants.get(row["member_id"], ()) if grant.set_code == one.code]
    return Line(row["member_id"], one.code, None, sorted(each for each in moments if each <= until), own)


def _changes(line: Line) -> Iterator[dict[str, object]]:
    for told in line.told:
        if told.name in {"tier.reached", "tier.left"}:
            yield {"member_id": line.member_id, "moment": told.at, "tier": told.data["tier"]}


def _once(gifts: Sequence[GiftDue]) -> list[GiftDue]:
    """Of each tier one gift a cycle, the first."""
    return list({(one.tier.code, one.cycle_begins): one for one in reversed(gifts)}.values())[::-1]
