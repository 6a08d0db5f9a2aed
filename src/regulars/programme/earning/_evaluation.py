"""What rules make of an order: pure, and the same whenever it is asked again with what was pinned.

A rule of lines sees in its condition the line and the order as they were kept; its points are worked out for the line as it
was bought and shared by its pieces, so that the parts of all pieces sum to the whole in whatever steps they come back. A rule
of orders sees the order that was kept, and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from regulars.programme.budgets import Purse
from regulars.programme.earning._rules import MOST_POINTS, Compiled, Rules
from regulars.programme.expressions import LINE, Failed, Line, rounded

Why = Literal[
    "earned", "condition", "early", "late", "nothing", "limit", "cooldown", "beaten", "excluded", "failed", "budget", "undone",
    "counted",
]  # fmt: skip
"""What became of a rule: it earned; its condition did not hold; it had not begun, or was over; it came to no points; the member had
had all of it; it was too soon; another of its group gave more; a rule before it excludes it; a number left 64 bits; its budget could
not pay it; what it gave was undone; it was a step towards the rule's goal."""

Part = tuple[str, str]
"""A kind of points, and the code of the rule whose own terms they have; empty for the programme's."""


class Item(NamedTuple):
    """A line of goods as it was bought, in the programme's currency, and how many of its pieces came back.

    A tuple, since there are half a million of them in an import and a frozen dataclass takes four times as long to make.
    """

    line_no: int
    line: Line
    """In the order of `expressions.LINE`; category and tags only where a rule reads them."""
    returned: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a member may still get by a rule that is counted, or whose budget could not pay all; None restricts nothing."""

    points: int | None = None
    why: Literal["limit", "cooldown", "budget", "undone"] = "limit"
    """`undone`: it gave once, and what it gave was taken back; what it keeps others from giving they still do not give."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is evaluated: an order or a basket; or, without items, an event, a birthday, an anniversary."""

    row: Mapping[str, Any]
    """The columns of what is neither line nor worked out from the lines."""
    items: Sequence[Item] | None
    """None where there are no lines to keep."""
    other_minor: int
    """What the order came to beside its goods: shipping, fees."""
    placed_at: datetime
    allowances: Mapping[int, Allowance] = field(default_factory=dict[int, Allowance])
    """By the place of the rule in the document."""
    purses: Mapping[str, Purse] = field(default_factory=dict[str, Purse])
    """By the code of the budget; one that is not here pays everything."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule."""

    place: int
    """Of the rule in the document."""
    why: Why
    points: int = 0
    other: int = 0
    """`counted`: how much the goal takes, while `points` is how much there is. `condition`: the number of the condition. `beaten`, `excluded`: the place of the other rule. `earned`, `budget`: what it would have come to."""
    values: tuple[Any, ...] = ()
    """`condition`: the values of the fields it reads."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an order earns, and why."""

    parts: dict[Part, int]
    verdicts: list[Verdict]


_QUANTITY: Final = 2
_AMOUNT: Final = 4


@dataclass(slots=True)
class _Found:
    """A rule that gives something, while the others are looked at."""

    place: int
    one: Compiled
    raw: int
    by_line: dict[int, int]
    """What it gives for each line that counts, or the percent of it."""


def evaluate(rules: Rules, case: Case) -> Decision:
    """What a case earns under rules. An order of which nothing was kept earns nothing, whatever its rules ask for.

    A rule whose budget cannot pay it is as if it were not there: it keeps no other from giving.
    """
    decision = _evaluate(rules, case)
    while short := [
        one.place
        for one in decision.verdicts
        if one.why == "budget" and case.allowances.get(one.place, Allowance()).why != "budget"
    ]:
        refused = {place: Allowance(0, "budget") for place in short}
        case = replace(case, allowances={**case.allowances, **refused})
        decision = _evaluate(rules, case)
    return decision


def _evaluate(rules: Rules, case: Case) -> Decision:
    row, kept = _kept(case)
    if case.items is not None and not kept:
        return Decision({}, [Verdict(place, "nothing") for place in range(len(rules.rules))])
    verdicts: dict[int, Verdict] = {}
    found: list[_Found] = []
    for place, one in enumerate(rules.rules):
        told = _looked_at(place, one, case, row, kept)
        if isinstance(told, Verdict):
            verdicts[place] = told
        else:
            found.append(told)
    if rules.barring:
        found = _without_barren(rules, found, verdicts)
    found = _stood(rules, found, verdicts)
    return Decision(_parts(found, verdicts, case), [verdicts[place] for place in range(len(rules.rules))])


def _without_barren(rules: Rules, found: list[_Found], verdicts: dict[int, Verdict]) -> list[_Found]:
    """Leave out multipliers that would keep others from giving, and find nothing to multiply: they keep none.

    What they had kept out may let others give, or keep others out; so it is looked at until all that are left give something.
    """
    while True:
        told: dict[int, Verdict] = {}
        _stood(rules, [replace(each) for each in found], told)
        barren = {
            place: told[place] for place in rules.barring if place in told and told[place].why in {"nothing", "failed"}
        }
        if not barren:
            return found
        verdicts.update(barren)
        found = [each for each in found if each.place not in barren]


def _stood(rules: Rules, found: list[_Found], verdicts: dict[int, Verdict]) -> list[_Found]:
    """Of what would give something, what gives it beside the others, multipliers worked out."""
    if rules.excluding:
        found = _exclusive(found, verdicts)
    base = [each for each in found if each.one.rule.kind == "base"]
    if len(base) < len(found):
        return _stacked(found, base, verdicts)
    return _best(base, verdicts) if any(each.one.rule.stack == "best" for each in base) else found


def _kept(case: Case) -> tuple[Mapping[str, Any], list[Line]]:
    """The row with what is worked out from the lines, and the lines as they were kept."""
    kept: list[Line] = []
    if case.items is None:
        return case.row, kept
    goods = pieces = 0
    for _, line, returned in case.items:
        left = kept_of(line, returned) if returned else line
        if left[_QUANTITY]:
            kept.append(left)
            goods += left[_AMOUNT]
            pieces += left[_QUANTITY]
    row = {
        **case.row,
        "order_goods_minor": goods,
        "order_total_minor": goods + case.other_minor,
        "order_pieces": pieces,
    }
    return row, kept


def kept_of(line: Line, returned: int) -> Line:
    """A line without the pieces that came back, and their share of what was paid."""
    sku, name, quantity, unit, amount, *labels = line
    return sku, name, quantity - returned, unit, amount - shared(amount, returned, quantity), *labels


def shared(whole: int, part: int, of: int) -> int:
    """The share of so many pieces, its fraction dropped towards zero, as the database divides."""
    return whole * part // of if whole >= 0 else -(-whole * part // of)


def _looked_at(place: int, one: Compiled, case: Case, row: Mapping[str, Any], kept: list[Line]) -> Verdict | _Found:
    rule = one.rule
    if rule.starts_at is not None and case.placed_at < rule.starts_at:
        return Verdict(place, "early")
    if rule.ends_at is not None and case.placed_at >= rule.ends_at:
        return Verdict(place, "late")
    if case.allowances:
        allowance = case.allowances.get(place)
        if (
            allowance is not None and allowance.points is not None and allowance.points <= 0
            and allowance.why != "undone"
        ):  # fmt: skip
            return Verdict(place, allowance.why)
    try:
        if rule.per == "line":
            return _lines(place, one, case, row, kept)
        return _order(place, one, row, kept)
    except Failed:
        return Verdict(place, "failed")


def step(one: Compiled, case: Case) -> int | Verdict:
    """What an order or an event counts towards the goal of a rule, or why it counts nothing; `place` is then 0."""
    row, kept = _kept(case)
    if case.items is not None and not kept:
        return Verdict(0, "nothing")
    if one.rule.starts_at is not None and case.placed_at < one.rule.starts_at:
        return Verdict(0, "early")
    if one.rule.ends_at is not None and case.placed_at >= one.rule.ends_at:
        return Verdict(0, "late")
    try:
        number = _first_not(one, row, None, kept)
        if number is not None:
            return _not(0, one, number, row, None)
        amount = 1 if one.counts is None else one.counts(row, None, kept)
    except Failed:
        return Verdict(0, "failed")
    return amount if 0 < amount <= MOST_POINTS else Verdict(0, "failed" if amount else "nothing")


def worth(place: int, one: Compiled, case: Case) -> Verdict:
    """What the goal of a rule gives that was reached with an order or an event: its conditions were looked at step by step."""
    allowance = case.allowances.get(place)
    if allowance is not None and allowance.points is not None and allowance.points <= 0:
        return Verdict(place, allowance.why)
    row, kept = _kept(case)
    try:
        raw = one.points(row, None, kept)
    except Failed:
        return Verdict(place, "failed")
    found = _giving(_Found(place, one, raw, {}), raw)
    if isinstance(found, Verdict):
        return found
    verdicts: dict[int, Verdict] = {}
    _parts([found], verdicts, case)
    return verdicts[place]


def _order(place: int, one: Compiled, row: Mapping[str, Any], kept: list[Line]) -> Verdict | _Found:
    if one.conditions:
        number = _first_not(one, row, None, kept)
        if number is not None:
            return _not(place, one, number, row, None)
    raw = one.points(row, None, kept)
    return _giving(_Found(place, one, raw, {}), raw)


def _giving(found: _Found, raw: int) -> Verdict | _Found:
    """What gives something; a multiplier only beyond the whole it is of."""
    if raw < 0 or raw > MOST_POINTS:
        return Verdict(found.place, "failed")
    if raw == 0 or (found.one.rule.kind == "multiplier" and not found.by_line and raw <= 100):
        return Verdict(found.place, "nothing")
    return found


def _lines(  # noqa: C901  one pass over the lines
    place: int, one: Compiled, case: Case, row: Mapping[str, Any], kept: list[Line]
) -> Verdict | _Found:
    points, conditions = one.points, one.conditions
    multiplier = one.rule.kind == "multiplier"
    by_line: dict[int, int] = {}
    failing: tuple[int, Line] | None = None
    total = 0
    for line_no, line, returned in case.items or ():
        if returned and returned == line[_QUANTITY]:
            continue
        if conditions:
            now = kept_of(line, returned) if returned else line
            number = _first_not(one, row, now, kept)
            if number is not None:
                if failing is None or number > failing[0]:
                    failing = number, now
                continue
        each = points(row, line, kept)
        if multiplier:
            if each > 100:
                by_line[line_no] = each
            continue
        if returned:
            each -= shared(each, returned, line[_QUANTITY])
        by_line[line_no] = each
        total += each
    if not by_line:
        return Verdict(place, "nothing") if failing is None else _not(place, one, failing[0], row, failing[1])
    if multiplier:
        return _Found(place, one, 0, by_line)
    return _giving(_Found(place, one, total, by_line), total)


def _first_not(one: Compiled, row: Mapping[str, Any], line: Line | None, kept: list[Line]) -> int | None:
    """The first condition that does not hold, None when all do. One that is false decides, whatever failed before it."""
    failed = None
    for number, condition in enumerate(one.conditions):
        try:
            if not condition.holds(row, line, kept):
                return number
        except Failed as error:
            failed = error
    if failed is not None:
        raise failed
    return None


def _not(place: int, one: Compiled, number: int, row: Mapping[str, Any], line: Line | None) -> Verdict:
    return Verdict(place, "condition", other=number, values=_values(one, number, row, line))


def _values(one: Compiled, number: int, row: Mapping[str, Any], line: Line | None) -> tuple[Any, ...]:
    return tuple(
        line[LINE.index(read.name[5:])] if line is not None and read.name.startswith("line.") else row[read.column]
        for read in one.conditions[number].fields
    )


def _exclusive(found: list[_Found], verdicts: dict[int, Verdict]) -> list[_Found]:
    """Leave out what a rule before it excludes."""
    left: list[_Found] = []
    for each in found:
        by = next((one for one in left if one.one.excludes(each.one)), None)
        if by is None:
            left.append(each)
        else:
            verdicts[each.place] = Verdict(each.place, "excluded", other=by.place)
    return left


def _best(found: list[_Found], verdicts: dict[int, Verdict]) -> list[_Found]:
    """Of each group only the rule that gives most, and of equal ones the first."""
    best: dict[str, _Found] = {}
    for each in found:
        rule = each.one.rule
        if rule.stack == "best" and rule.group is not None:
            known = best.get(rule.group)
            if known is None or each.raw > known.raw:
                best[rule.group] = each
    left: list[_Found] = []
    for each in found:
        rule = each.one.rule
        chosen = best.get(rule.group or "") if rule.stack == "best" else None
        if chosen is None or chosen is each:
            left.append(each)
        else:
            verdicts[each.place] = Verdict(each.place, "beaten", each.raw, chosen.place)
    return left


def _stacked(found: list[_Found], base: list[_Found], verdicts: dict[int, Verdict]) -> list[_Found]:
    """Base rules, then what multipliers make of them, then the groups among multipliers and bonuses."""
    base = _best(base, verdicts)
    others: list[_Found] = []
    for each in found:
        if each.one.rule.kind == "base":
            continue
        if each.one.rule.kind == "multiplier":
            each.raw = _multiplied(each, base)
            if not 0 < each.raw <= MOST_POINTS:
                verdicts[each.place] = Verdict(each.place, "failed" if each.raw else "nothing")
                continue
        others.append(each)
    return [*base, *_best(others, verdicts)]


def _multiplied(each: _Found, base: list[_Found]) -> int:
    """What a multiplier adds to the base points of its kind: of each line it holds for, or of the order."""
    rule = each.one.rule
    own = [one for one in base if one.one.rule.point_type == rule.point_type]
    if rule.per == "order":
        return rounded(sum(one.raw for one in own) * (each.raw - 100), 100, rule.rounding)
    return sum(
        rounded(one.by_line.get(line_no, 0) * (percent - 100), 100, rule.rounding)
        for one in own
        for line_no, percent in each.by_line.items()
    )


def _parts(found: list[_Found], verdicts: dict[int, Verdict], case: Case) -> dict[Part, int]:
    parts: dict[Part, int] = {}
    spent: dict[str, int] = {}
    for each in found:
        rule, points = each.one.rule, each.raw
        if rule.most_per_order is not None and points > rule.most_per_order:
            points = rule.most_per_order
        allowance = case.allowances.get(each.place) if case.allowances else None
        if allowance is not None and allowance.points is not None and points > allowance.points:
            points = allowance.points
            if not points:
                verdicts[each.place] = Verdict(each.place, allowance.why)
                continue
        purse = case.purses.get(rule.budget) if rule.budget is not None else None
        if purse is not None:
            points = purse.pays(points, spent.get(purse.budget.code, 0))
            if not points:
                verdicts[each.place] = Verdict(each.place, "budget", other=each.raw)
                continue
            spent[purse.budget.code] = spent.get(purse.budget.code, 0) + purse.budget.cost(points)
        part = (rule.point_type, rule.code if rule.terms is not None else "")
        before = parts.get(part, 0)
        points = min(points, MOST_POINTS - before)
        parts[part] = before + points
        verdicts[each.place] = Verdict(each.place, "earned", points, each.raw if each.raw != points else 0)
    return parts
