"""What a rule says, and what may be said: the section `earning` of the programme's document."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal

from regulars.ledger import Expiry, Pending, Span
from regulars.programme import events, expressions
from regulars.programme._refusals import BadProgramme
from regulars.programme.events import EventType
from regulars.programme.expressions import BadExpression, Evaluate, Events, Field, Rounding, Scope, Typed

MOST_POINTS: Final = 10**12
"""What one order can earn at most of one kind of points: what the ledger moves at once."""

MOST_RULES: Final = 200
MOST_LIMITS: Final = 8
CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")

Period = Literal["day", "week", "month", "year", "ever"]
On = Literal["order", "event", "birthday", "joined_anniversary", "first_order_anniversary"]
MOST_IN_A_ROW: Final = 366


@dataclass(frozen=True, slots=True)
class Trigger:
    """Which rules are looked at together: those for orders, for an event of one code, for a birthday or an anniversary.

    Those that give when a goal is reached are looked at by themselves: each order or event is a step towards it.
    """

    on: On = "order"
    event: str = ""
    goal: bool = False


ORDERS: Final = Trigger()


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
class Challenge:
    """So much of something within a period of the calendar, in the programme's time zone: reached once in each period."""

    reach: int
    """How much it takes."""

    counts: str = "1"
    """What each order or event counts, as an expression: 1 for how many there are."""

    per: Period = "month"
    """Within which period: a day, a week, a month or a year of the calendar, or ever."""


@dataclass(frozen=True, slots=True)
class Streak:
    """Something in so many days, weeks or months one after the other, in the programme's time zone."""

    times: int
    """How many in a row. Those of a streak that was reached count for no other."""

    per: Literal["day", "week", "month"] = "day"
    """Days, weeks or months of the calendar; weeks begin on Monday."""


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
    """Of a rule for orders, whether it looks at each line of goods by itself, or at the order as a whole."""

    on: On = "order"
    """What it is for: orders, an event of the programme's own, a birthday, or the anniversary of joining or of the first order."""

    event: str | None = None
    """With `on: event`, the event's code."""

    challenge: Challenge | None = None
    """It gives when so much has come together; `when` says which orders or events count. Null: at once."""

    streak: Streak | None = None
    """It gives for so many periods in a row; `when` says which orders or events count. Null: at once."""

    when: str = "true"
    """On which condition, as an expression."""

    kind: Literal["base", "bonus", "multiplier"] = "base"
    """Base points are what multipliers multiply; a bonus is not multiplied."""

    point_type: str = "points"
    """Points of which kind."""

    rounding: Rounding = "down"
    """Where the last division of `points`, or a multiplier, leaves a fraction: towards zero, to the nearest (from the middle to the even), or up."""

    starts_at: datetime | None = None
    """What was placed, happened or came from then on; None: from the start."""

    ends_at: datetime | None = None
    """What was placed, happened or came before then; None: without end."""

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

    budget: str | None = None
    """Out of which budget it gives, by its code; None: out of none."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The campaign that a rule belongs to."""

    campaign: str
    group: str | None
    """Of the campaigns of a group an order gets only the first that gives something."""


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
    counts: Evaluate | None = None
    """Of a challenge, what one order or event counts."""
    owner: Owner | None = None

    def excludes(self, other: "Compiled") -> bool:
        """Whether a rule after it gives nothing when this one gives something."""
        if self.rule.stack == "exclusive" and self.rule.group in {None, other.rule.group}:
            return True
        mine, theirs = self.owner, other.owner
        if mine is None or theirs is None or mine.group is None:
            return False
        return mine.group == theirs.group and mine.campaign != theirs.campaign


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a document, ready to be evaluated, and what they read."""

    rules: tuple[Compiled, ...]
    columns: frozenset[str]
    pinned: tuple[str, ...]
    """The columns of what was so at the time, in order: kept with an award."""

    history: tuple[int, ...]
    """Over how many days back they look at orders."""

    events: tuple[tuple[str, int], ...]
    """At which events, over how many days back."""

    named: bool
    """Whether they read of a line more than pieces and amount."""

    labelled: bool
    """Whether they read what a line is filed under, or marked with."""

    counted: bool
    excluding: bool
    """Whether any rule keeps others from giving."""

    barring: tuple[int, ...]
    """The places of the multipliers that keep others from giving, while they give something themselves."""

    budgeted: frozenset[int]
    """The places of the rules that give out of a budget."""

    owned: bool
    """Whether any belongs to a campaign."""


def trigger_of(rule: Rule) -> Trigger:
    """What a rule is looked at for."""
    return Trigger(rule.on, rule.event or "", rule.challenge is not None or rule.streak is not None)


@lru_cache(maxsize=256)
def compiled(
    rules: tuple[Rule, ...],
    owners: tuple[Owner | None, ...] = (),
    declared: tuple[EventType, ...] = (),
    trigger: Trigger = ORDERS,
    *,
    section: str = "earning",
) -> Rules:
    """The rules of a document that are looked at together, compiled once; `owners`: the campaign of each, or none.

    Raises:
        BadProgramme: an expression does not fit; says where, and what would do.
    """
    known = _known_events(declared, trigger)
    owned = zip(rules, owners or (None,) * len(rules), strict=True)
    ready = tuple(
        _compile(rule, f"{section}[{place}]", known, owner)
        for place, (rule, owner) in enumerate(owned)
        if trigger_of(rule) == trigger
    )
    trees = [tree for one in ready for tree in _trees(one, known)]
    fields: dict[str, Field] = {name: field for tree in trees for name, field in tree.fields().items()}
    pinned = sorted(field.column for field in fields.values() if field.pinned)
    back = [field.name.rpartition("_") for field in fields.values() if field.name.startswith("history.")]
    events_back = sorted((head[15:], int(days)) for head, _, days in back if head.startswith("history.events_"))
    days_back = sorted({int(days) for head, _, days in back if not head.startswith("history.events_")})
    return Rules(
        ready, frozenset(field.column for field in fields.values()), tuple(pinned), tuple(days_back), tuple(events_back),
        any(_reads(tree, _NAMES) for tree in trees), any(_reads(tree, _LABELS) for tree in trees),
        any(one.counted for one in ready),
        any(one.rule.stack == "exclusive" or (one.owner is not None and one.owner.group) for one in ready),
        tuple(
            place for place, one in enumerate(ready)
            if one.rule.kind == "multiplier" and any(one.excludes(other) for other in ready[place + 1 :])
        ),
        frozenset(place for place, one in enumerate(ready) if one.rule.budget is not None),
        any(one.owner is not None for one in ready),
    )  # fmt: skip


def _trees(one: Compiled, known: Events) -> Iterator[Typed]:
    """All that a rule looks at."""
    yield one.amount
    yield from (condition.tree for condition in one.conditions)
    if one.rule.challenge is not None:
        yield _counts(one.rule, "", known)


def _known_events(declared: Sequence[EventType], trigger: Trigger) -> Events:
    own = next((one for one in declared if one.code == trigger.event), None)
    return Events(events.fields_of(own) if own else (), tuple(one.code for one in declared))


_LABELS: Final = frozenset({"line.category", "line.tags"})
_NAMES: Final = frozenset({"line.sku", "line.name", "line.unit_minor"}) | _LABELS


def _reads(tree: Typed, names: frozenset[str]) -> bool:
    """Whether a tree reads one of some fields of a line."""
    field = tree.field.name if tree.field is not None else ""
    return field in names or any(_reads(part, names) for part in tree.parts)


def _scope(rule: Rule) -> Scope:
    if rule.on == "order":
        return rule.per
    return "event" if rule.on == "event" else "occasion"


def _compile(rule: Rule, path: str, known: Events, owner: Owner | None) -> Compiled:
    scope = _scope(rule)
    try:
        pieces = expressions.conjuncts(rule.when, field=f"{path}.when", scope=scope, events=known)
        amount = expressions.read(rule.points, field=f"{path}.points", scope=scope, wanted="int", events=known)
        counts = _counts(rule, path, known) if rule.challenge else None
    except BadExpression as error:
        told = error.details
        raise BadProgramme(
            field=told["field"], value=told["value"], remedy=f"at character {told['place']}, {told['remedy']}"
        ) from error
    conditions = tuple(
        Condition(text, tree, expressions.compiled(tree), _shown(tree)) for text, tree in pieces if not _always(tree)
    )
    rounding = "down" if rule.kind == "multiplier" else rule.rounding
    limited = bool(rule.limits) or rule.cooldown is not None
    whole = rule if rule.on == "order" else replace(rule, per="order")  # an event has no lines: it is looked at whole
    worth = expressions.compiled(amount, rounding)
    step = expressions.compiled(counts) if counts else None
    return Compiled(whole, conditions, amount, worth, limited, step, owner)


def _counts(rule: Rule, path: str, known: Events) -> Typed:
    assert rule.challenge is not None  # noqa: S101  only such were given
    where = f"{path}.challenge.counts"
    return expressions.read(rule.challenge.counts, field=where, scope=_scope(rule), wanted="int", events=known)


def _always(tree: Typed) -> bool:
    return tree.op == "literal" and tree.value is True


def _shown(tree: Typed) -> tuple[Field, ...]:
    return tuple(field for field in tree.fields().values() if field.type != "lines")


def check(
    rules: Sequence[Rule],
    declared: Sequence[EventType] = (),
    sets: Sequence[str] = (),
    *,
    section: str = "earning",
) -> None:
    """Refuse what no rules can say; `sets` are the codes of the tier sets, `section` is where the rules stand in the document.

    Raises:
        BadProgramme: names the place, the value and what would do.
    """
    _must(len(rules) <= MOST_RULES, section, len(rules), f"give at most {MOST_RULES} rules")
    codes = [rule.code for rule in rules]
    for place, rule in enumerate(rules):
        path = f"{section}[{place}]"
        _must(CODE.fullmatch(rule.code), f"{path}.code", rule.code, "give at most 32 of a-z, 0-9 and _, a letter first")
        _must(rule.code not in codes[:place], f"{path}.code", rule.code, "give every rule a code of its own")
        for name in ("name_en", "name_zh"):
            _must(getattr(rule, name).strip(), f"{path}.{name}", getattr(rule, name), "give it a name")
        _must(CODE.fullmatch(rule.point_type), f"{path}.point_type", rule.point_type, "give the code of a point type")
        _check_bounds(rule, path)
        _check_group(rule, path, rules)
        _check_trigger(rule, path, [one.code for one in declared])
    for trigger in {trigger_of(rule): None for rule in rules}:
        _check_sets(compiled(tuple(rules), (), tuple(declared), trigger, section=section), rules, sets, section)


def _check_trigger(rule: Rule, path: str, declared: Sequence[str]) -> None:
    goals = [name for name in ("challenge", "streak") if getattr(rule, name) is not None]
    if rule.on == "event":
        _must(rule.event in declared, f"{path}.event", rule.event, f"name one of {', '.join(declared) or 'the events'}")
    else:
        _must(rule.event is None, f"{path}.event", rule.event, "leave it out, or let the rule be `on` event")
    if goals or rule.on != "order":
        _must(rule.budget is None, f"{path}.budget", rule.budget, "leave it out: budgets pay for orders")
    if not goals:
        return
    where = f"{path}.{goals[0]}"
    _must(len(goals) == 1, where, goals, "give a challenge or a streak: a rule has one goal")
    _must(rule.on in {"order", "event"}, where, rule.on, "leave it out: only orders and events lead to a goal")
    _must(
        rule.on == "event" or rule.per == "order", f"{path}.per", rule.per, "let it be per order: a goal counts orders"
    )
    _must(rule.kind != "multiplier", f"{path}.kind", rule.kind, "let it be a bonus: a goal multiplies nothing")
    _must(
        rule.stack == "add" and rule.group is None, f"{path}.stack", rule.stack, "leave stack and group out of a goal"
    )
    if rule.challenge is not None:
        _must(
            0 < rule.challenge.reach <= MOST_POINTS, f"{where}.reach", rule.challenge.reach, f"give 1 to {MOST_POINTS}"
        )
    if rule.streak is not None:
        _must(
            2 <= rule.streak.times <= MOST_IN_A_ROW, f"{where}.times", rule.streak.times, f"give 2 to {MOST_IN_A_ROW}"
        )


def _check_sets(ready: Rules, rules: Sequence[Rule], sets: Sequence[str], section: str) -> None:
    if not any(column.startswith("member_tiers_") for column in ready.columns):
        return
    for one in ready.rules:
        trees = [(one.rule.points, one.amount), *((condition.text, condition.tree) for condition in one.conditions)]
        for text, tree in trees:
            for name in tree.fields():
                known = not name.startswith("member.tiers.") or name[13:] in sets
                place = next(number for number, rule in enumerate(rules) if rule.code == one.rule.code)
                _must(known, f"{section}[{place}]", text, f"name a tier set: there is {', '.join(sets)}")


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
