"""What a campaign says: the section `campaigns` of the programme's document, and how it becomes rules.

A campaign's rules are rules as any other. Its window and its audience become conditions of each, so that both evaluators
look at them, and a decision says in words which did not hold.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from regulars.programme import earning, expressions
from regulars.programme._refusals import BadProgramme
from regulars.programme.budgets import Budget, check_named
from regulars.programme.earning import Owner, Rule
from regulars.programme.events import EventType
from regulars.programme.expressions import BadExpression

MOST_CAMPAIGNS: Final = 100
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_DATE: Final = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_NEVER: Final = frozenset({"02-30", "02-31", "04-31", "06-31", "09-31", "11-31"})
"""What looks like a day, and comes in no year; 02-29 comes in some."""

Kind = Literal["member_day", "festival", "double_points", "pre_sale", "limited_edition", "other"]


@dataclass(frozen=True, slots=True)
class Days:
    """On which days of its window a campaign is open, in the programme's time zone: on all that any of these names."""

    month_days: tuple[int, ...] = ()
    """Days of every month: 8 for each month's eighth."""

    weekdays: tuple[int, ...] = ()
    """Days of every week: 1 is Monday, 5 is Friday."""

    dates: tuple[str, ...] = ()
    """Days of every year, as month and day: 11-11."""

    from_hour: int = 0
    """From this hour of such a day on."""

    until_hour: int = 24
    """Until this hour of it begins; 24 for the end of the day."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Rules that hold for some time, for some members, out of one budget."""

    code: str
    name_en: str
    name_zh: str
    rules: tuple[Rule, ...]
    """What earns while it is open, for its audience; each with a code that no other rule of the programme has."""

    kind: Kind = "other"
    """What it is called in the calendar; it changes nothing."""

    starts_at: datetime | None = None
    """For orders placed from then on; null: from the start."""

    ends_at: datetime | None = None
    """For orders placed before then; null: without end."""

    days: Days | None = None
    """On which days of its window; null: on all."""

    tiers: tuple[str, ...] = ()
    """For members with one of these tiers of the main set; none: for all."""

    audience: str = "true"
    """For members of whom this holds: an expression that reads the member and the history alone."""

    budget: str | None = None
    """Out of which budget its rules give, unless they name their own."""

    group: str | None = None
    """Of the campaigns of one group an order gets only the first that gives something, by priority."""

    priority: int = 0
    """The higher comes first; among equal ones the first of the document."""


def owned(base: Sequence[Rule], campaigns: Sequence[Campaign]) -> tuple[tuple[Rule, ...], tuple[Owner | None, ...]]:
    """All rules of a programme in the order in which they are looked at, and whose each is: those of no campaign first."""
    rules: list[Rule] = list(base)
    owners: list[Owner | None] = [None] * len(base)
    for one in sorted(campaigns, key=lambda each: -each.priority):
        rules += [_within(one, rule) for rule in one.rules]
        owners += [Owner(one.code, one.group)] * len(one.rules)
    return tuple(rules), tuple(owners)


def _within(campaign: Campaign, rule: Rule) -> Rule:
    """A rule of a campaign as one that stands by itself."""
    starts = [moment for moment in (campaign.starts_at, rule.starts_at) if moment]
    ends = [moment for moment in (campaign.ends_at, rule.ends_at) if moment]
    conditions = [*_conditions(campaign), *([] if rule.when == "true" else [f"({rule.when})"])]
    return replace(
        rule,
        when=" && ".join(conditions) or "true",
        starts_at=max(starts, default=None),
        ends_at=min(ends, default=None),
        budget=rule.budget or campaign.budget,
    )


def _conditions(campaign: Campaign) -> Iterator[str]:
    days = campaign.days
    if days is not None:
        yield from _on(days)
    if campaign.tiers:
        tiers = ", ".join(f'"{tier}"' for tier in campaign.tiers)
        yield f"member.tier in [{tiers}]"
    if campaign.audience != "true":
        yield f"({campaign.audience})"


def _on(days: Days) -> Iterator[str]:
    either: list[str] = []
    if days.month_days:
        either.append(f"order.placed.day in [{', '.join(map(str, days.month_days))}]")
    if days.weekdays:
        either.append(f"order.placed.weekday in [{', '.join(map(str, days.weekdays))}]")
    for one in days.dates:
        month, day = one.split("-")
        either.append(f"(order.placed.month == {int(month)} && order.placed.day == {int(day)})")
    if either:
        yield either[0] if len(either) == 1 else f"({' || '.join(either)})"
    if days.from_hour:
        yield f"order.placed.hour >= {days.from_hour}"
    if days.until_hour < 24:
        yield f"order.placed.hour < {days.until_hour}"


def is_open(campaign: Campaign, moment: datetime, zone: str) -> bool:
    """Whether an order placed then is within a campaign's window: the same as its conditions say."""
    if (campaign.starts_at and moment < campaign.starts_at) or (campaign.ends_at and moment >= campaign.ends_at):
        return False
    if campaign.days is None:
        return True
    local = moment.astimezone(ZoneInfo(zone))
    return _names(campaign.days, local.date()) and campaign.days.from_hour <= local.hour < campaign.days.until_hour


def _names(days: Days, day: date) -> bool:
    if not (days.month_days or days.weekdays or days.dates):
        return True
    return day.day in days.month_days or day.isoweekday() in days.weekdays or f"{day:%m-%d}" in days.dates


def open_days(campaign: Campaign, first: date, last: date, zone: str) -> list[date]:
    """The days between two, both included, of which an hour or more is within a campaign's window."""
    place = ZoneInfo(zone)
    hours = campaign.days or Days()
    found: list[date] = []
    day = first
    while day <= last:
        begins = datetime.combine(day, time(hours.from_hour), place)
        ends = datetime.combine(day + timedelta(days=hours.until_hour // 24), time(hours.until_hour % 24), place)
        late = campaign.starts_at is not None and ends <= campaign.starts_at
        early = campaign.ends_at is not None and begins >= campaign.ends_at
        if not late and not early and _names(hours, day):
            found.append(day)
        day += timedelta(days=1)
    return found


def on(campaigns: Sequence[Campaign], day: date, zone: str) -> list[str]:
    """The codes of the campaigns that are open on a day."""
    return [one.code for one in campaigns if open_days(one, day, day, zone)]


def month_of(month: str | None, at: datetime, zone: str) -> list[date]:
    """The days of a month such as 2026-11; None: of the one that `at` is in."""
    first = date.fromisoformat(f"{month}-01") if month else at.astimezone(ZoneInfo(zone)).date().replace(day=1)
    days = monthrange(first.year, first.month)[1]
    return [first.replace(day=day) for day in range(1, days + 1)]


def check_campaigns(
    campaigns: Sequence[Campaign],
    base: Sequence[Rule],
    budgets: Collection[Budget],
    tiers: Collection[str],
    *,
    declared: Sequence[EventType] = (),
    sets: Sequence[str] = (),
) -> None:
    """Refuse what no campaigns can say. `tiers`: those of the main set; `declared` and `sets` as in `earning.check`.

    Raises:
        BadProgramme: names the place, the value and what would do.
    """
    for place, rule in enumerate(base):
        check_named(budgets, rule.budget, f"earning[{place}].budget", point_type=rule.point_type)
    _must(len(campaigns) <= MOST_CAMPAIGNS, "campaigns", len(campaigns), f"give at most {MOST_CAMPAIGNS}")
    codes, known = set[str](), {rule.code for rule in base}
    for place, one in enumerate(campaigns):
        path = f"campaigns[{place}]"
        _must(_CODE.fullmatch(one.code), f"{path}.code", one.code, "give at most 32 of a-z, 0-9 and _, a letter first")
        _must(one.code not in codes, f"{path}.code", one.code, "give every campaign a code of its own")
        codes.add(one.code)
        _check_one(one, path, budgets, tiers)
        _check_audience(one, path, declared)
        earning.check(one.rules, declared, sets, section=f"{path}.rules")
        earning.check([_within(one, rule) for rule in one.rules], declared, sets, section=f"{path}.rules")
        for number, rule in enumerate(one.rules):
            where = f"{path}.rules[{number}]"
            _must(
                earning.trigger_of(rule) == earning.ORDERS,
                f"{where}.on",
                rule.on,
                "let it be for orders, without a goal",
            )
            _must(
                rule.code not in known, f"{where}.code", rule.code, "give every rule of the programme a code of its own"
            )
            known.add(rule.code)
            name = f"{where}.budget" if rule.budget else f"{path}.budget"
            check_named(budgets, rule.budget or one.budget, name, point_type=rule.point_type)
    rules, _ = owned(base, campaigns)
    _must(len(rules) <= earning.MOST_RULES, "campaigns", len(rules), f"give at most {earning.MOST_RULES} rules in all")


def _check_one(one: Campaign, path: str, budgets: Collection[Budget], tiers: Collection[str]) -> None:
    for name in ("name_en", "name_zh"):
        _must(getattr(one, name).strip(), f"{path}.{name}", getattr(one, name), "give it a name")
    _must(one.rules, f"{path}.rules", [], "give at least one rule")
    for name in ("starts_at", "ends_at"):
        moment = getattr(one, name)
        _must(moment is None or moment.tzinfo, f"{path}.{name}", str(moment), "give an instant with an offset from UTC")
    if one.starts_at and one.ends_at:
        _must(one.starts_at < one.ends_at, f"{path}.ends_at", one.ends_at.isoformat(), "let it end after it starts")
    _must(-1000 <= one.priority <= 1000, f"{path}.priority", one.priority, "give -1000 to 1000")
    _must(
        one.group is None or _CODE.fullmatch(one.group), f"{path}.group", one.group, "give at most 32 of a-z, 0-9 and _"
    )
    for tier in one.tiers:
        _must(tier in tiers, f"{path}.tiers", tier, f"give {', '.join(tiers)}")
    check_named(budgets, one.budget, f"{path}.budget")
    if one.days is not None:
        _check_days(one.days, f"{path}.days")


def _check_days(days: Days, path: str) -> None:
    for name, low, high in (("month_days", 1, 31), ("weekdays", 1, 7)):
        given: tuple[int, ...] = getattr(days, name)
        good = all(low <= day <= high for day in given) and len(set(given)) == len(given)
        _must(good, f"{path}.{name}", list(given), f"give each of {low} to {high} at most once")
    for day in days.dates:
        _must(_DATE.fullmatch(day), f"{path}.dates", day, "give month and day such as 11-11")
        _must(day not in _NEVER, f"{path}.dates", day, "give a day that comes in some year")
    _must(len(days.dates) <= 31, f"{path}.dates", len(days.dates), "give at most 31")
    _must(0 <= days.from_hour <= 23, f"{path}.from_hour", days.from_hour, "give 0 to 23")
    _must(
        days.from_hour < days.until_hour <= 24, f"{path}.until_hour", days.until_hour, "give a later hour, 24 at most"
    )


def _check_audience(one: Campaign, path: str, declared: Sequence[EventType]) -> None:
    known = expressions.Events((), tuple(each.code for each in declared))
    try:
        tree = expressions.read(one.audience, field=f"{path}.audience", scope="order", wanted="bool", events=known)
    except BadExpression as error:
        told = error.details
        raise BadProgramme(
            field=told["field"], value=told["value"], remedy=f"at character {told['place']}, {told['remedy']}"
        ) from error
    strange = sorted(name for name in tree.fields() if not name.startswith(("member.", "history.")))
    _must(
        not strange,
        f"{path}.audience",
        one.audience,
        "read member.… and history.… alone: of orders, conditions of rules speak",
    )


def _must(condition: object, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise BadProgramme(field=field, value=value, remedy=remedy)
