"""What a million orders earn, set-based: the rules as one statement of DuckDB over Arrow tables.

The same verdicts as `evaluate` gives one order at a time (a test holds them equal on random rules and orders). Conditions and
amounts are the same typed trees as SQL; stacking is a chain of columns; a limit is a running sum of the member's period.
"""

from collections.abc import Iterator
from typing import Final

import duckdb
import pyarrow as pa

from regulars.programme import expressions
from regulars.programme.earning._rules import MOST_POINTS, Compiled, Limit, Rules
from regulars.programme.expressions import LINE, Rounding, text

_UNLABELLED: Final = LINE.index("category")
"""How much of a line there is where no rule reads its labels."""

_KEPT: Final = """select order_id, line_no, sku, name, quantity - returned as quantity, unit_minor{labels},
    amount_minor - (amount_minor::hugeint * returned // greatest(quantity, 1))::bigint as amount_minor
    from _lines where returned = 0 or returned < quantity"""
"""The lines without the pieces that came back and their share: as `kept_of` has them, whose division drops fractions too."""

_PERIODS: Final = {"day": "day", "week": "week", "month": "month", "year": "year"}


def is_set_based(rules: Rules) -> bool:
    """Whether limits can be running sums: each by itself, on what no other rule takes away."""
    counted = [one.rule for one in rules.rules if one.counted]
    alone = all(
        len(rule.limits) == 1 and rule.cooldown is None and rule.stack == "add" and rule.kind != "multiplier"
        for rule in counted
    )
    return not counted or (alone and not rules.excluding)


def evaluate_many(rules: Rules, orders: pa.Table, lines: pa.Table | None, *, zone: str) -> pa.Table:
    """What orders earn by each rule, in the order in which they were paid, as they were bought.

    `orders`: order_id, member_id, placed_at, paid_at, other_minor, and the columns that the rules read; `lines`: order_id,
    line_no and what a line is made of, category and tags only where a rule reads them; amounts in the programme's currency. Without
    lines they are events, birthdays or anniversaries, with their number as order_id. Budgets are not looked at: each pays all. Of
    each rule, by its place: `why0` (0 it earned,
    else the number of the reason), `points0`, and `other0` as in a verdict. Rules must be set-based (`is_set_based`).
    """
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.register("_orders", orders)
    if lines is not None:
        connection.register("_lines", lines)
    return connection.sql(statement(rules, zone, lines=lines is not None)).to_arrow_table()


def statement(rules: Rules, zone: str, *, lines: bool = True, returned: bool = False) -> str:
    """The statement that evaluates rules over `_orders` and `_lines`, or over `_orders` alone.

    With `returned`, `_lines` says of each line how many of its pieces came back (`returned`), and orders are worth what was
    kept, as in `evaluate`; one of which nothing was kept is left out. Only for rules without limits: those depend on the
    order in which things came back.
    """
    return _Statement(rules, zone, lines=lines, returned=returned).text()


class _Statement:
    """Puts the statement together, a stage after the other; `n` in a column's name is the rule's place."""

    def __init__(self, rules: Rules, zone: str, *, lines: bool, returned: bool) -> None:
        self.rules, self.zone = list(enumerate(rules.rules)), zone
        self.lines, self.returned = lines, returned
        self.lined = [(n, one) for n, one in self.rules if one.rule.per == "line"]
        self.listed = any("lines" in self._columns(one) for _, one in self.rules)
        self.labelled, self.barring = rules.labelled, rules.barring

    @staticmethod
    def _columns(one: Compiled) -> set[str]:
        trees = [one.amount, *(condition.tree for condition in one.conditions)]
        return {name for tree in trees for name in tree.fields()}

    def text(self) -> str:
        stages = [("whole", self._whole())]
        if self.returned:
            stages.insert(0, ("kept", _KEPT.format(labels=", category, tags" if self.labelled else "")))
        source = "whole"
        if self.lined:
            stages += [*self._by_line(), ("summed", self._summed())]
            source = "whole join summed using (order_id)"
        stages.append(("judged", f"select *, {', '.join(self._judged())} from {source}"))
        judged = "judged"
        for number in range(len(self.barring)):  # each time one at least is found to be barren, or none is any more
            stages += self._until_multiplied(judged, str(number))
            stages.append((f"fertile{number}", self._fertile(judged, f"multiplied{number}")))
            judged = f"fertile{number}"
        stages += [
            *self._until_multiplied(judged, ""),
            ("chosen", f"select *, {', '.join(self._best('m', 'c', base=False))} from multiplied"),
            ("capped", f"select *, {', '.join(self._capped())} from chosen"),
        ]
        stated = ", ".join(f"{name} as ({code})" for name, code in stages)
        return f"with {stated} select order_id, {', '.join(self._verdicts())} from capped order by order_id"

    def _until_multiplied(self, judged: str, suffix: str) -> Iterator[tuple[str, str]]:
        """Who gives something beside the others, and what multipliers come to."""
        yield f"live{suffix}", f"select *, {', '.join(self._live())} from {judged}"
        yield f"based{suffix}", f"select *, {', '.join(self._best('l', 'b', base=True))} from live{suffix}"
        based = f"based{suffix}"
        if any(one.rule.kind == "multiplier" for _, one in self.lined):
            yield f"extras{suffix}", self._extras(based)
            based = f"{based} left join extras{suffix} using (order_id)"
        yield f"multiplied{suffix}", f"select *, {', '.join(self._multiplied())} from {based}"

    def _fertile(self, judged: str, multiplied: str) -> str:
        """What was judged, with multipliers that exclude others left out where they find nothing to multiply."""
        ks = ", ".join(
            f"case when m.l{n} and not m.m{n} then (case when m.s{n} = 0 then -4 else -9 end) else j.k{n} end as k{n}"
            for n in self.barring
        )
        return f"select j.* replace ({ks}) from {judged} j join {multiplied} m on m.order_id = j.order_id"

    def _whole(self) -> str:
        if not self.lines:
            return "select * from _orders"
        made = ", ".join(f"{name}: {name}" for name in (LINE if self.labelled else LINE[:_UNLABELLED]))
        lines = f", list({{{made}}} order by line_no) as lines"
        return (
            "select o.*, g.goods as order_goods_minor, g.goods + o.other_minor as order_total_minor, g.pieces as order_pieces"
            f"{', g.lines' if self.listed else ''} from _orders o join (select order_id, sum(amount_minor)::bigint as goods,"
            f" sum(quantity)::bigint as pieces{lines if self.listed else ''} from {'kept' if self.returned else '_lines'}"
            " group by order_id) g using (order_id)"
        )

    def _by_line(self) -> Iterator[tuple[str, str]]:
        """Rules of lines, line by line: of what came back, the condition sees what was kept, and the amount what was bought."""
        held = [self._held(n, one) for n, one in self.lined]
        worth = [self._worth(n, one) for n, one in self.lined]
        if not self.returned:
            both = [piece for pair in zip(held, worth, strict=True) for piece in pair]
            yield (
                "per_line",
                f"select order_id, line.line_no, {', '.join(both)} from _lines as line join whole using (order_id)",
            )
            return
        yield (
            "looked",
            f"select order_id, line.line_no, {', '.join(held)} from kept as line join whole using (order_id)",
        )
        flags = ", ".join(f"f{n}" for n, _ in self.lined)
        source = "_lines as line join looked using (order_id, line_no) join whole using (order_id)"
        yield "per_line", f"select order_id, line.line_no, {flags}, {', '.join(worth)} from {source}"

    def _worth(self, n: int, one: Compiled) -> str:
        """`v`: the amount where the conditions hold; of points the share of the pieces that came back is taken off."""
        rounding = "down" if one.rule.kind == "multiplier" else one.rule.rounding
        amount = expressions.sql(one.amount, rounding)
        if self.returned and one.rule.per == "line" and one.rule.kind != "multiplier":
            left = "_worth - (_worth::hugeint * line.returned // line.quantity)::bigint"
            share = f"list_transform([{amount}], lambda _worth: {left})[1]"
            amount = f"case when line.returned > 0 then {share} else {amount} end"
        return f"case when f{n} = -1 then {amount} end as v{n}"

    @staticmethod
    def _held(n: int, one: Compiled) -> str:
        """`f`: the first condition that does not hold, -1 when all do, -2 when that has no answer."""
        conditions = [expressions.sql(condition.tree) for condition in one.conditions]
        cases = [f"when ({code}) = false then {number}" for number, code in enumerate(conditions)]
        fails = any(condition.tree.fails for condition in one.conditions)
        whole = f"when ({' and '.join(conditions)}) is null then -2" if fails else ""
        return f"case {' '.join(cases)} {whole} else -1 end as f{n}" if cases else f"-1 as f{n}"

    def _summed(self) -> str:
        columns: list[str] = []
        for n, one in self.lined:
            more = f" and v{n} > 100" if one.rule.kind == "multiplier" else ""
            columns += [
                f"bool_or(f{n} = -2 or (f{n} = -1 and v{n} is null)) as failed{n}",
                f"bool_or(f{n} = -1{more}) as holds{n}",
                f"max(f{n}) as cond{n}",
                f"sum(v{n}) as t{n}",
            ]
        return f"select order_id, {', '.join(columns)} from per_line group by order_id"

    def _judged(self) -> Iterator[str]:
        """`k`: 0 where a rule gives something, else why not; `r`: what."""
        for n, one in self.rules:
            rule, multiplier = one.rule, one.rule.kind == "multiplier"
            early = (
                f"when placed_at < {text(rule.starts_at.isoformat())}::timestamptz then -2" if rule.starts_at else ""
            )
            late = f"when placed_at >= {text(rule.ends_at.isoformat())}::timestamptz then -3" if rule.ends_at else ""
            if rule.per == "line":
                kept = f"when failed{n} then -9 when not coalesce(holds{n}, false) then (case when cond{n} >= 0 then -1 else -4 end)"
                amount = "" if multiplier else f"when t{n} < 0 or t{n} > {MOST_POINTS} then -9 when t{n} = 0 then -4"
                yield f"case {early} {late} {kept} {amount} else 0 end as k{n}"
                yield f"case when t{n} between 0 and {MOST_POINTS} then t{n}::bigint else 0 end as r{n}"
                continue
            yield self._held(n, one)
            yield self._worth(n, one)
            least = f"v{n} <= 100" if multiplier else f"v{n} = 0"
            failed = f"when f{n} = -2 or (f{n} = -1 and v{n} is null) then -9 when f{n} >= 0 then -1"
            yield (
                f"case {early} {late} {failed} when v{n} < 0 or v{n} > {MOST_POINTS} then -9 when {least} then -4 else 0 end as k{n}"
            )
            yield f"coalesce(v{n}, 0) as r{n}"
            yield f"f{n} as cond{n}"

    def _live(self) -> Iterator[str]:
        """`l`: gives something, and none before it excludes it; `x`: the first that does."""
        for n, one in self.rules:
            by = [m for m, other in self.rules[:n] if other.excludes(one)]
            cases = " ".join(f"when l{m} then {m}" for m in by)
            yield f"case {cases} end as x{n}" if by else f"null::int as x{n}"
            yield f"k{n} = 0 and x{n} is null as l{n}"

    def _best(self, of: str, into: str, *, base: bool) -> Iterator[str]:
        """`into`: is live, and of its group the one that gives most; `w`: the one that does."""
        own = [(n, one) for n, one in self.rules if (one.rule.kind == "base") == base]
        groups = sorted({one.rule.group or "" for _, one in own if one.rule.stack == "best"})
        raw = "r" if base else "s"
        for number, group in enumerate(groups):
            rivals = [n for n, one in own if one.rule.stack == "best" and one.rule.group == group]
            most = ", ".join(f"case when {of}{n} then {raw}{n} end" for n in rivals)
            yield f"greatest({most}, -1) as {into}most{number}"
            cases = " ".join(f"when {of}{n} and {raw}{n} = {into}most{number} then {n}" for n in rivals)
            yield f"case {cases} end as {into}won{number}"
        for n, one in own:
            if one.rule.stack == "best":
                yield f"{of}{n} and {into}won{groups.index(one.rule.group or '')} = {n} as {into}{n}"
            else:
                yield f"{of}{n} as {into}{n}"
        if not own:
            yield f"true as {into}none"

    def _base_of(self, point_type: str) -> list[tuple[int, Compiled]]:
        return [(n, one) for n, one in self.rules if one.rule.kind == "base" and one.rule.point_type == point_type]

    def _extras(self, based: str) -> str:
        """What multipliers of lines add, line by line."""
        columns: list[str] = []
        for n, one in self.lined:
            if one.rule.kind == "multiplier":
                parts = [
                    f"case when b{m} and f{m} = -1 and v{n} > 100 then {_percent(f'v{m}', f'v{n}', one.rule.rounding)} else 0 end"
                    for m, other in self._base_of(one.rule.point_type)
                    if other.rule.per == "line"
                ]
                columns.append(f"sum({' + '.join(parts) or '0'}) as e{n}")
        flags = ", ".join(f"b{m}" for m, one in self.rules if one.rule.kind == "base") or "1 as none"
        return f"select order_id, {', '.join(columns)} from per_line join (select order_id, {flags} from {based}) using (order_id) group by order_id"

    def _multiplied(self) -> Iterator[str]:
        """`s`: what a rule gives once multipliers are worked out; `m`: it does give something."""
        for n, one in self.rules:
            rule = one.rule
            if rule.kind == "base":
                yield f"r{n} as s{n}"
                continue
            if rule.kind == "bonus":
                yield f"r{n} as s{n}"
                yield f"l{n} as m{n}"
                continue
            if rule.per == "line":
                yield f"coalesce(e{n}, 0) as s{n}"
            else:
                own = (
                    " + ".join(f"case when b{m} then r{m} else 0 end" for m, _ in self._base_of(rule.point_type)) or "0"
                )
                yield f"{_percent(f'({own})', f'r{n}', rule.rounding)} as s{n}"
            yield f"l{n} and s{n} > 0 and s{n} <= {MOST_POINTS} as m{n}"

    def _capped(self) -> Iterator[str]:
        """`g`: whether a rule counts in the end; `q`: what it gives of one order at most; `before`: what its period had."""
        for n, one in self.rules:
            most = one.rule.most_per_order
            yield f"{'b' if one.rule.kind == 'base' else 'c'}{n} as g{n}"
            yield f"least(s{n}, {most or MOST_POINTS})::bigint as q{n}"
            if one.counted:
                [limit] = one.rule.limits
                what = f"case when g{n} then {'1' if limit.most_points is None else f'q{n}'} else 0 end"
                yield f"coalesce(sum({what}) over ({self._window(limit)}), 0) as before{n}"
                yield f"coalesce(count(*) filter (g{n}) over ({self._window(limit)}), 0) as times{n}"

    def _window(self, limit: Limit) -> str:
        unit = _PERIODS.get(limit.per)
        period = f", date_trunc('{unit}', timezone({text(self.zone)}, placed_at))" if unit else ""
        return f"partition by member_id{period} order by paid_at, order_id rows between unbounded preceding and 1 preceding"

    def _verdicts(self) -> Iterator[str]:
        for n, one in self.rules:
            given, full = f"q{n}", self._full(n, one)
            if one.counted and one.rule.limits[0].most_points is not None:
                given = f"least(q{n}, {one.rule.limits[0].most_points} - before{n})::bigint"
            limited = f"when {full} then -5" if full else ""
            multiplier = (
                f"when l{n} and not m{n} then (case when s{n} = 0 then -4 else -9 end)"
                if one.rule.kind == "multiplier"
                else ""
            )
            early = f"when k{n} in (-2, -3) then k{n}"
            yield f"case {early} {limited} when g{n} then 0 when k{n} <> 0 then k{n} when x{n} is not null then -8 {multiplier} else -7 end as why{n}"
            yield f"case when why{n} = 0 then {given} when why{n} = -7 then s{n} else 0 end::bigint as points{n}"
            yield (
                f"case why{n} when 0 then (case when points{n} <> s{n} then s{n} else 0 end) when -1 then cond{n} when -8 then x{n}"
                f" when -7 then {self._winner(one)} else 0 end::bigint as other{n}"
            )

    @staticmethod
    def _full(n: int, one: Compiled) -> str:
        if not one.counted:
            return ""
        limit = one.rule.limits[0]
        tests = [
            *([f"before{n} >= {limit.most_points}"] if limit.most_points is not None else []),
            *([f"times{n} >= {limit.most_times}"] if limit.most_times is not None else []),
        ]
        return f"({' or '.join(tests)})"

    def _winner(self, one: Compiled) -> str:
        base = one.rule.kind == "base"
        own = [other for _, other in self.rules if (other.rule.kind == "base") == base]
        groups = sorted({other.rule.group or "" for other in own if other.rule.stack == "best"})
        if one.rule.stack != "best":
            return "0"
        return f"{'b' if base else 'c'}won{groups.index(one.rule.group or '')}"


def _percent(base: str, percent: str, rounding: Rounding) -> str:
    """What a percentage beyond the whole adds to base points."""
    product = f"(({base})::hugeint * ({percent} - 100))"
    if rounding == "down":
        return f"({product} // 100)"
    size = f"abs({product})"
    more = (
        f"{size} % 100 > 0"
        if rounding == "up"
        else f"{size} % 100 > 50 or ({size} % 100 = 50 and ({size} // 100) % 2 = 1)"
    )
    return f"(sign({product})::int * ({size} // 100 + case when {more} then 1 else 0 end))"
