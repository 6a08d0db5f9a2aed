"""What orders earn under a programme, and what is taken back of it: at once, or, where limits hang together, one by one."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import pyarrow as pa

from regulars.insight.engine import Session
from regulars.insight.what_if._orders import parts_of, rules_of, sums
from regulars.programme import Programme, earning
from regulars.programme.earning import Allowance, Case, Decision, Item, Rules
from regulars.programme.expressions import LINE

_NOT_ITS_TURN: Final[Mapping[str, int]] = {"earned": 0, "limit": -5, "cooldown": -6}
_INSTANT: Final = pa.timestamp("us", "UTC")
_TAKEN: Final = pa.schema(
    {"order_id": pa.int64(), "member_id": pa.int64(), "known_at": _INSTANT, "part": pa.int64(), "points": pa.int64()}
)


def earn(session: Session, programme: Programme) -> None:
    """Make `verdicts` (a column `why` and `points` for each rule), `earned` and `taken` (by order and kind of points) of `cases`."""
    rules = rules_of(programme)
    if not rules.rules:
        _nothing(session)
        return
    alone = _alone(session, rules)
    _judge(session, rules, programme.time_zone)
    _take_back(session, rules, programme.time_zone)
    if alone:
        _one_by_one(session, rules, programme.time_zone)
    parts = range(len(parts_of(rules)))
    session.keep(
        "earned",
        " union all ".join(
            f"select c.order_id, c.member_id, c.placed_at, c.paid_at, {n} as part, w.p{n} as points"
            f" from worth w join cases c using (order_id) where w.p{n} > 0"
            for n in parts
        ),
    )


def _nothing(session: Session) -> None:
    session.keep("verdicts", "select null::bigint as order_id where false")
    session.keep(
        "earned",
        "select order_id, member_id, placed_at, paid_at, 0 as part, 0::bigint as points from cases where false",
    )
    session.give("no_taken", _TAKEN.empty_table())
    session.keep("taken", "select * from no_taken")


def _alone(session: Session, rules: Rules) -> int:
    """Choose whom to follow one by one: where limits depend on each other, or on what came back; how many members."""
    where = "false"
    if rules.counted:
        where = "order_id in (select order_id from back)" if earning.is_set_based(rules) else "true"
    session.keep("alone", f"select distinct member_id from cases where {where}")
    return session.ask("select count(*) as members from alone")["members"][0].as_py()


def _judge(session: Session, rules: Rules, zone: str) -> None:
    set_based = earning.is_set_based(rules)
    session.define(
        "_orders", f"select * from cases anti join alone using (member_id){'' if set_based else ' where false'}"
    )
    session.define("_lines", "select * from bought_lines semi join _orders using (order_id)")
    if set_based:
        session.keep("verdicts", earning.statement(rules, zone))
    else:
        columns = ", ".join(
            f"0 as why{n}, 0::bigint as points{n}, 0::bigint as other{n}" for n in range(len(rules.rules))
        )
        session.keep("verdicts", f"select null::bigint as order_id, {columns} where false")
    session.keep("worth", f"select order_id, {', '.join(sums(rules))} from verdicts")


def _take_back(session: Session, rules: Rules, zone: str) -> None:
    """What returns took: of each part what it was worth less, step by step, and never more than was left of it."""
    session.define("_orders", _BACK_ORDERS)
    session.define("_lines", _BACK_LINES)
    parts = range(len(parts_of(rules)))
    if rules.counted:  # those of whom anything came back are followed one by one
        session.give("no_taken", _TAKEN.empty_table())
        session.keep("taken", "select * from no_taken")
        return
    columns = ", ".join(f"coalesce(v.p{n}, 0) as p{n}" for n in parts)
    session.keep(
        "steps",
        "select order_id, 0 as step, null::timestamptz as known_at, columns('^p\\d+$') from worth semi join back using (order_id)"
        f" union all select b.order_id, b.step, b.returned_at, {columns} from back b"
        f" left join (select order_id as case_id, {', '.join(sums(rules))} from ({earning.statement(rules, zone, returned=True)})) v"
        " using (case_id)",
    )
    session.keep("taken", " union all ".join(_TAKEN_PART.format(n=n) for n in parts))


_BACK_ORDERS: Final = "select b.case_id as order_id, c.* exclude (order_id) from back b join cases c using (order_id)"
_BACK_LINES: Final = """
    select b.case_id as order_id, l.line_no, l.sku, l.name, l.quantity, l.unit_minor, l.amount_minor, l.category, l.tags,
        coalesce(sum(r.quantity) filter (r.step <= b.step), 0)::bigint as returned
    from back b join bought_lines l using (order_id) left join back_lines r on r.order_id = l.order_id and r.line_no = l.line_no
    group by all
"""
_TAKEN_PART: Final = """
    select order_id, member_id, known_at, {n} as part, points from (
        select order_id, step, known_at, least(less, greatest(had - coalesce(sum(less) over w, 0), 0))::bigint as points
        from (
            select order_id, step, known_at, first_value(p{n}) over o as had,
                greatest(lag(p{n}, 1, p{n}) over o - p{n}, 0) as less
            from steps window o as (partition by order_id order by step)
        ) window w as (partition by order_id order by step rows between unbounded preceding and 1 preceding)
    ) join cases using (order_id) where points > 0
"""


@dataclass(slots=True)
class _Sold:
    """One order as it is followed through its returns."""

    row: Mapping[str, Any]
    items: list[Item]
    left: dict[int, Allowance]
    had: dict[earning.Part, int]
    held: dict[earning.Part, int]
    back: dict[int, int] = field(default_factory=dict[int, int])


def _one_by_one(session: Session, rules: Rules, zone: str) -> None:
    """Follow the members of `alone` from order to return to order, as it happens to them."""
    rows = session.ask("select * from cases semi join alone using (member_id) order by member_id, paid_at, order_id")
    lines = _by_order(session, "bought_lines", "line_no")
    back = _by_order(session, "back_lines", "step, line_no")
    verdicts: list[dict[str, int]] = []
    taken: list[dict[str, Any]] = []
    for _, orders in groupby(rows.to_pylist(), key=itemgetter("member_id")):
        _follow(rules, zone, list(orders), lines, back, verdicts, taken)
    schema = pa.schema([pa.field("order_id", pa.int64()), *(pa.field(name, pa.int64()) for name in _names(rules))])
    session.give("alone_verdicts", pa.Table.from_pylist(verdicts, schema))
    session.give("alone_taken", pa.Table.from_pylist(taken, _TAKEN))
    session.keep("verdicts", "select * from verdicts union all by name select * from alone_verdicts")
    session.keep("worth", f"select order_id, {', '.join(sums(rules))} from verdicts")
    session.keep("taken", "select * from taken union all by name select * from alone_taken")


def _names(rules: Rules) -> Iterator[str]:
    for n in range(len(rules.rules)):
        yield from (f"why{n}", f"points{n}", f"other{n}")


def _by_order(session: Session, table: str, order: str) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    own = f"select l.* from {table} l join cases using (order_id) semi join alone using (member_id) order by {order}"
    for row in session.ask(own).to_pylist():
        found[row["order_id"]].append(row)
    return found


def _follow(
    rules: Rules,
    zone: str,
    orders: Sequence[Mapping[str, Any]],
    lines: Mapping[int, list[dict[str, Any]]],
    back: Mapping[int, list[dict[str, Any]]],
    verdicts: list[dict[str, int]],
    taken: list[dict[str, Any]],
) -> None:
    """One member's orders and returns, in order of time. What came back of an order before it was paid follows at once."""
    moments: list[tuple[Any, int, int, Any]] = []
    for row in orders:
        moments.append((row["paid_at"], 0, row["order_id"], row))
        for (_, at), pieces in groupby(back.get(row["order_id"], ()), key=itemgetter("step", "returned_at")):
            moments.append((max(at, row["paid_at"]), 1, row["order_id"], (at, list(pieces))))
    known: earning.Known = defaultdict(list[earning.Use])
    parts = parts_of(rules)
    sold: dict[int, _Sold] = {}
    for _, is_return, order_id, what in sorted(moments, key=itemgetter(0, 1, 2)):
        if not is_return:
            sold[order_id] = _award(rules, zone, what, lines[order_id], known, verdicts)
            continue
        at, pieces = what
        for part, points in _lose(rules, sold[order_id], pieces, known).items():
            row = {"order_id": order_id, "member_id": sold[order_id].row["member_id"], "known_at": at}
            taken.append(row | {"part": parts.index(part), "points": points})


def _award(
    rules: Rules,
    zone: str,
    row: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    known: earning.Known,
    verdicts: list[dict[str, int]],
) -> _Sold:
    items = [Item(line["line_no"], tuple(line[name] for name in LINE)) for line in lines]
    member_id, order_id, placed_at = row["member_id"], row["order_id"], row["placed_at"]
    left = earning.allowances(rules, known, member_id=member_id, order_id=order_id, placed_at=placed_at, zone=zone)
    pinned = {place: one for place, one in left.items() if one.points is not None}
    one = _Sold(row, items, pinned, {}, {})
    decision = _decide(rules, one)
    one.had, one.held = dict(decision.parts), dict(decision.parts)
    for use in earning.uses_of(rules, decision, member_id=member_id, order_id=order_id, placed_at=placed_at):
        known[member_id, use.rule].append(use)
    told = {"order_id": order_id}
    for n, verdict in enumerate(decision.verdicts):
        told |= {
            f"why{n}": _NOT_ITS_TURN.get(verdict.why, -1),
            f"points{n}": verdict.points,
            f"other{n}": verdict.other,
        }
    verdicts.append(told)
    return one


def _decide(rules: Rules, one: _Sold) -> Decision:
    items = earning.less(one.items, one.back) if one.back else one.items
    return earning.evaluate(rules, Case(one.row, items, one.row["other_minor"], one.row["placed_at"], one.left))


def _lose(
    rules: Rules, one: _Sold, pieces: Sequence[Mapping[str, Any]], known: earning.Known
) -> dict[earning.Part, int]:
    """What one return takes; what it gives back of limits, others may have."""
    for piece in pieces:
        one.back[piece["line_no"]] = one.back.get(piece["line_no"], 0) + piece["quantity"]
    after = _decide(rules, one)
    lost: dict[earning.Part, int] = {}
    for part, held in one.held.items():
        worth = one.had.get(part, 0)
        less = (min(held, worth) if one.left else worth) - after.parts.get(part, 0)
        if (less := max(min(less, held), 0)) > 0:
            lost[part] = less
            one.held[part] = held - less
    one.had = dict(after.parts)
    member_id, order_id = one.row["member_id"], one.row["order_id"]
    for use in earning.uses_of(rules, after, member_id=member_id, order_id=order_id, placed_at=one.row["placed_at"]):
        own = known[member_id, use.rule]
        own[:] = [use if each.source_id == order_id and each.points > use.points else each for each in own]
    return lost
