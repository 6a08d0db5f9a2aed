"""What a rule says, and what may be said: the section `earning` of the programme's document."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal

from regulars.ledger import Expiry, Pending, Span
from regulars.programme import expressions
from regulars.programme._refusals import BadProgramme
from regulars.programme.expressions import BadExpression, Evaluate, Field, Rounding, Typed

MOST_POINTS: Final = 10**12
"""What one order can earn at most of one kind of points: what the ledger moves at once."""

MOST_RULES: Final = 200
MOST_LIMITS: Final = 8
CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")

Period = Literal["day", "week", "month", "year", "ever"]


@dataclass(frozen=True, slots=True)
class Limit:
    """What one member gets by a rule within a period of the calendar, in the programme's time zone; weeks begin on Monday."""

    per: Period
    """The period: a day, a week, a month or a year of the calendar, or ever."""

    most_points: int | None = None
    """At most so many points; None: as many as it comes to."""

    most_times: int | None = None
    """For so many orders at most; None: for any number."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a rule's points last and wait, where it is otherwise than the programme says."""

    expiry: Expiry | None = None
    """How long they last; None: for ever."""

    pending: Pending | None = None
    """How long they wait before they can be spent; None: not at all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to earn. Rules are looked at in the order of the document."""

    code: str
    name_en: str
    name_zh: str
    points: str
    """How many points, as an expression. Of a multiplier: how many per cent of the base points there are altogether, 200 for double."""

    per: Literal["line", "order"] = "line"
    """Whether it looks at each line of goods by itself, or at the order as a whole."""

    when: str = "true"
    """On which condition, as an expression."""

    kind: Literal["base", "bonus", "multiplier"] = "base"
    """Base points are what multipliers multiply; a bonus is not multiplied."""

    point_type: str = "points"
    """Points of which kind."""

    rounding: Rounding = "down"
    """Where the last division of `points`, or a multiplier, leaves a fraction: towards zero, to the nearest (from the middle to the even), or up."""

    starts_at: datetime | None = None
    """Orders placed from then on; None: from the start."""

    ends_at: datetime | None = None
    """Orders placed before then; None: without end."""

    stack: Literal["add", "best", "exclusive"] = "add"
    """Add to what other rules give; of its group only the one that gives most; or, when it gives something, the rules after it give nothing."""

    group: str | None = None
    """With `best`: the rules it is compared with. With `exclusive`: the rules after it that give nothing; None: all."""

    most_per_order: int | None = None
    """At most so many points for one order."""

    limits: tuple[Limit, ...] = ()
    """What one member gets by it at most, by period."""

    cooldown: Span | None = None
    """How long after an order that it gave something for it gives nothing."""

    terms: Terms | None = None
    """How long these points last and wait; None: as the programme says."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the conditions that all must hold."""

    text: str
    tree: Typed
    holds: Evaluate
    fields: tuple[Field, ...]
    """What it reads, apart from lists: the values shown when it does not hold."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule, ready to be evaluated."""

    rule: Rule
    conditions: tuple[Condition, ...]
    amount: Typed
    points: Evaluate
    counted: bool
    """Whether what members got by it is counted: it has limits, or a cooldown."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a document, ready to be evaluated, and what they read."""

    rules: tuple[Compiled, ...]
    columns: frozenset[str]
    pinned: tuple[str, ...]
    """The columns of what was so at the time, in order: kept with an award."""

    history: tuple[int, ...]
    """Over how many days back they look."""

    named: bool
    """Whether they read of a line more than pieces and amount."""

    labelled: bool
    """Whether they read what a line is filed under, or marked with."""

    counted: bool


@lru_cache(maxsize=64)
def compiled(rules: tuple[Rule, ...]) -> Rules:
    """Rules, compiled once.

    Raises:
        BadProgramme: an expression does not fit; says where, and what would do.
    """
    ready = tuple(_compile(rule, f"earning[{place}]") for place, rule in enumerate(rules))
    fields: dict[str, Field] = {}
    for one in ready:
        fields |= one.amount.fields()
        for condition in one.conditions:
            fields |= condition.tree.fields()
    pinned = sorted(field.column for field in fields.values() if field.pinned)
    days = sorted(
        {int(field.name.rpartition("_")[2]) for field in fields.values() if field.name.startswith("history.")}
    )
    trees = [tree for one in ready for tree in (one.amount, *(condition.tree for condition in one.conditions))]
    return Rules(
        ready, frozenset(field.column for field in fields.values()), tuple(pinned), tuple(days),
        any(_reads(tree, _NAMES) for tree in trees), any(_reads(tree, _LABELS) for tree in trees), any(one.counted for one in ready),
    )  # fmt: skip


_LABELS: Final = frozenset({"line.category", "line.tags"})
_NAMES: Final = frozenset({"line.sku", "line.name", "line.unit_minor"}) | _LABELS


def _reads(tree: Typed, names: frozenset[str]) -> bool:
    """Whether a tree reads one of some fields of a line."""
    field = tree.field.name if tree.field is not None else ""
    return field in names or any(_reads(part, names) for part in tree.parts)


def _compile(rule: Rule, path: str) -> Compiled:
    try:
        pieces = expressions.conjuncts(rule.when, field=f"{path}.when", scope=rule.per)
        amount = expressions.read(rule.points, field=f"{path}.points", scope=rule.per, wanted="int")
    except BadExpression as error:
        told = error.details
        raise BadProgramme(
            field=told["field"], value=told["value"], remedy=f"at character {told['place']}, {told['remedy']}"
        ) from error
    conditions = tuple(
        Condition(text, tree, expressions.compiled(tree), _shown(tree)) for text, tree in pieces if not _always(tree)
    )
    rounding = "down" if rule.kind == "multiplier" else rule.rounding
    counted = bool(rule.limits) or rule.cooldown is not None
    return Compiled(rule, conditions, amount, expressions.compiled(amount, rounding), counted)


def _always(tree: Typed) -> bool:
    return tree.op == "literal" and tree.value is True


def _shown(tree: Typed) -> tuple[Field, ...]:
    return tuple(field for field in tree.fields().values() if field.type != "lines")


def check(rules: Sequence[Rule]) -> None:
    """Refuse what no rules can say.

    Raises:
        BadProgramme: names the place, the value and what would do.
    """
    _must(len(rules) <= MOST_RULES, "earning", len(rules), f"give at most {MOST_RULES} rules")
    codes = [rule.code for rule in rules]
    for place, rule in enumerate(rules):
        path = f"earning[{place}]"
        _must(CODE.fullmatch(rule.code), f"{path}.code", rule.code, "give at most 32 of a-z, 0-9 and _, a letter first")
        _must(rule.code not in codes[:place], f"{path}.code", rule.code, "give every rule a code of its own")
        for name in ("name_en", "name_zh"):
            _must(getattr(rule, name).strip(), f"{path}.{name}", getattr(rule, name), "give it a name")
        _must(CODE.fullmatch(rule.point_type), f"{path}.point_type", rule.point_type, "give the code of a point type")
        _check_bounds(rule, path)
        _check_group(rule, path, rules)
    compiled(tuple(rules))


def _must(condition: object, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise BadProgramme(field=field, value=value, remedy=remedy)


def _check_bounds(rule: Rule, path: str) -> None:
    for name in ("starts_at", "ends_at"):
        moment = getattr(rule, name)
        _must(moment is None or moment.tzinfo, f"{path}.{name}", str(moment), "give an instant with an offset from UTC")
    if rule.starts_at and rule.ends_at:
        _must(rule.starts_at < rule.ends_at, f"{path}.ends_at", rule.ends_at.isoformat(), "let it end after it starts")
    most = rule.most_per_order
    _must(most is None or 0 < most <= MOST_POINTS, f"{path}.most_per_order", most, f"give 1 to {MOST_POINTS}")
    _must(len(rule.limits) <= MOST_LIMITS, f"{path}.limits", len(rule.limits), f"give at most {MOST_LIMITS}")
    for number, limit in enumerate(rule.limits):
        where = f"{path}.limits[{number}]"
        _must(
            limit.most_points is not None or limit.most_times is not None,
            where, limit.per, "say how many points, or how many times",
        )  # fmt: skip
        for name in ("most_points", "most_times"):
            value = getattr(limit, name)
            _must(value is None or 0 < value <= MOST_POINTS, f"{where}.{name}", value, f"give 1 to {MOST_POINTS}")
    if rule.cooldown is not None:
        _must(rule.cooldown.count > 0, f"{path}.cooldown", rule.cooldown.count, "give a span, or leave it out")


def _check_group(rule: Rule, path: str, rules: Sequence[Rule]) -> None:
    if rule.stack == "best":
        _must(rule.group, f"{path}.group", rule.group, "name the group whose best rule counts")
    if rule.group is None:
        return
    _must(CODE.fullmatch(rule.group), f"{path}.group", rule.group, "give at most 32 of a-z, 0-9 and _, a letter first")
    kinds = {one.kind == "base" for one in rules if one.group == rule.group and one.stack == "best"}
    _must(len(kinds) < 2, f"{path}.group", rule.group, "keep base rules in a group of their own")
