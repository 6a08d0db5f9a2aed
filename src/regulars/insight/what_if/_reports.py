"""From what both programmes came to, chunk by chunk, to what would have happened."""

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from regulars.insight.engine import Engine, Session
from regulars.insight.what_if._histories import History
from regulars.insight.what_if._orders import rules_of
from regulars.insight.what_if._records import (
    By,
    Contribution,
    Decile,
    Group,
    Individual,
    Month,
    Move,
    Points,
    PointsCompared,
    Report,
    RuleCompared,
)  # fmt: skip
from regulars.insight.what_if._replays import Tally, replay, tally
from regulars.ledger import day_begins
from regulars.programme import Programme
from regulars.programme.expressions import text

AT_ONCE: Final = 100_000
"""How many orders are replayed at once: their verdicts are held in memory."""

_LISTED: Final = 10
_GROUPS: Final = 40
_GROUPED: Final[Mapping[By, str]] = {
    "tier": "coalesce(tier, '')", "country": "coalesce(country, '')", "cohort": "cohort",
    "segment": "unnest(case when len(segments) = 0 then [''] else segments end)",
}  # fmt: skip


@dataclass(slots=True)
class Side:
    """One programme, and what it came to so far."""

    programme: Programme
    thousand_minor: int | None
    members: list[pa.Table] = field(default_factory=list[pa.Table])
    points: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict[str, Counter[str]](Counter))
    rules: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict[str, Counter[str]](Counter))
    months: Counter[date] = field(default_factory=Counter[date])

    def add(self, one: Tally) -> None:
        """Count a chunk in."""
        self.members.append(one.members)
        for row in one.issued:
            self.points[row["point_type"]].update({name: row[name] for name in ("earned", "taken", "given", "owed")})
        for rule, row in zip(rules_of(self.programme).rules, one.rules, strict=True):
            self.rules[rule.rule.code].update(row)
        self.months.update(one.months)

    def worth(self, point_type: str) -> int | None:
        """What a thousand points are worth: as was said, or what cash off gives for them at best."""
        if self.thousand_minor is not None and point_type == "points":
            return self.thousand_minor
        found = [
            reward.value_minor * 1000 // price.points
            for reward in self.programme.rewards
            for price in reward.prices
            if reward.kind == "cash_off" and reward.value_minor and price.points and price.point_type == point_type
        ]
        return max(found, default=None)

    def of(self, point_type: str) -> Points:
        """What there is of one type of points."""
        had = self.points.get(point_type, Counter[str]())
        return Points(had["earned"], had["taken"], had["given"], had["owed"], self.worth(point_type))

    def contribution(self, code: str) -> Contribution | None:
        """What a rule gave; None where there is none of that code."""
        if all(one.rule.code != code for one in rules_of(self.programme).rules):
            return None
        had = self.rules[code]
        return Contribution(had["orders"], had["points"], had["limited"])


def first_moment(until: datetime, months: int, zone: str) -> datetime:
    """Where the months before a moment begin: at the beginning of the day that is so many months before."""
    day = until.astimezone(ZoneInfo(zone)).date()
    back = day.year * 12 + day.month - 1 - months
    year, month = back // 12, back % 12 + 1
    return day_begins(date(year, month, min(day.day, monthrange(year, month)[1])), zone)


def compare(
    history: History,
    held: Programme,
    wanted: Programme,
    *,
    months: int,
    thousand_minor: int | None = None,
    at_once: int = AT_ONCE,
    on_chunk: Callable[[int], object] = lambda _: None,
) -> Report:
    """What the orders of the last months would have brought under `wanted`, beside what they bring under `held`.

    Both are replayed in the same way, from the first order on, so that only what they say differs. `on_chunk` is told the
    per cent done; what it raises ends the replay.
    """
    begins = first_moment(history.until, months, held.time_zone)
    now, draft = Side(held, thousand_minor), Side(wanted, thousand_minor)
    moves: Counter[tuple[str, str | None, str]] = Counter()
    stands: list[pa.Table] = []
    chunks = max(-(-history.orders // at_once), 1)
    for number in range(chunks):
        found: list[Tally] = []
        for place, side in enumerate((now, draft)):
            with history.chunk(number, chunks) as session:
                replay(session, side.programme, history)
                found.append(tally(session, side.programme, begins=begins))
            side.add(found[-1])
            on_chunk(min((2 * number + place + 1) * 100 // (2 * chunks), 99))
        moves += _moves(*found)
        stands.append(_main(found[0], held))
    return _report(now, draft, moves, pa.concat_tables(stands), (begins, history.until))


def _moves(now: Tally, draft: Tally) -> Counter[tuple[str, str | None, str]]:
    with Engine({"was": now.stands, "becomes": draft.stands}).session() as session:
        rows = session.ask(
            "select b.set_code, w.tier as was, b.tier, count(*) as members from becomes b"
            " left join was w using (set_code, member_id) group by all"
        ).to_pylist()
    return Counter({(row["set_code"], row["was"], row["tier"]): row["members"] for row in rows})


def _main(one: Tally, held: Programme) -> pa.Table:
    with Engine({"stands": one.stands}).session() as session:
        return session.ask(f"select member_id, tier from stands where set_code = {text(held.main.code)}")


def _report(
    now: Side,
    draft: Side,
    moves: Mapping[tuple[str, str | None, str], int],
    stands: pa.Table,
    span: tuple[datetime, datetime],
) -> Report:
    tables = {"was": pa.concat_tables(now.members), "becomes": pa.concat_tables(draft.members), "stands": stands}
    with Engine(tables).session() as session:
        session.keep("paired", _PAIRED)
        whole = session.ask(_WHOLE).to_pylist()[0]
        values: dict[str, Any] = {
            "deciles": [Decile(**row) for row in session.ask(_DECILES).to_pylist()],
            "won_most": _individuals(session, "draft - now > 0 order by draft - now desc"),
            "lost_most": _individuals(session, "draft - now < 0 order by draft - now"),
            "groups": [one for by in _GROUPED for one in _groups(session, by)],
        }
    return Report(
        currency=now.programme.currency,
        begins=span[0],
        ends=span[1],
        **whole,
        points=[PointsCompared(name, now.of(name), draft.of(name)) for name in sorted({*now.points, *draft.points})],
        rules=_rules(now, draft),
        moves=[Move(*key, members) for key, members in sorted(moves.items(), key=lambda one: (one[0][0], -one[1], str(one[0])))],
        months=[Month(day, now.months[day], draft.months[day]) for day in sorted({*now.months, *draft.months})],
        **values,
    )  # fmt: skip


_PAIRED: Final = """
    select coalesce(w.member_id, b.member_id) as member_id, greatest(coalesce(w.orders, 0), coalesce(b.orders, 0)) as orders,
        coalesce(w.points, 0) as now, coalesce(b.points, 0) as draft, coalesce(w.country, b.country) as country,
        coalesce(w.cohort, b.cohort) as cohort, coalesce(w.segments, b.segments) as segments, s.tier
    from was w full join becomes b using (member_id) left join stands s on s.member_id = coalesce(w.member_id, b.member_id)
"""
_WHOLE: Final = """
    select coalesce(sum(orders), 0)::bigint as orders, count(*) as members, count(*) filter (draft > now) as winners,
        count(*) filter (draft < now) as losers from paired
"""
_DECILES: Final = """
    select count(*) as members, min(difference) as least, max(difference) as most, sum(difference)::bigint as total
    from (select draft - now as difference, ntile(10) over (order by draft - now, member_id) as tenth from paired)
    group by tenth order by tenth
"""


def _individuals(session: Session, where: str) -> list[Individual]:
    rows = session.ask(f"select member_id, now, draft from paired where {where}, member_id limit {_LISTED}").to_pylist()
    return [Individual(**row) for row in rows]


def _groups(session: Session, by: By) -> list[Group]:
    rows = session.ask(
        f"select key, count(*) as members, sum(now)::bigint as now, sum(draft)::bigint as draft,"
        f" count(*) filter (draft > now) as winners, count(*) filter (draft < now) as losers"
        f" from (select {_GROUPED[by]} as key, now, draft from paired) group by key"
        f" order by members desc, key limit {_GROUPS}"
    ).to_pylist()
    found = [Group(by, **row) for row in rows]
    return sorted(found, key=lambda one: one.key) if by == "cohort" else found


def _rules(now: Side, draft: Side) -> Sequence[RuleCompared]:
    known = {one.rule.code: one.rule for side in (now, draft) for one in rules_of(side.programme).rules}
    return [
        RuleCompared(
            code, rule.name_en, rule.name_zh, rule.point_type, now.contribution(code), draft.contribution(code)
        )
        for code, rule in known.items()
    ]
