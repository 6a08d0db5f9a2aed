"""What a budget says, and its arithmetic: the section `budgets` of the programme's document."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from regulars.errors import NotFound
from regulars.programme._refusals import BadProgramme

MOST: Final = 10**15
MOST_BUDGETS: Final = 200
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Worth:
    """What points cost: so many minor units for so many points, rounded up."""

    minor: int
    """So many minor units of the programme's currency …"""

    points: int
    """… for so many points."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be given altogether by all that name it, in each of its periods."""

    code: str
    name_en: str
    name_zh: str
    amount: int
    """So much in each period: points, minor units of money, or uses."""

    unit: Literal["points", "money", "uses"] = "points"
    """What is counted: points of one kind, money in the programme's currency, or how often something was given."""

    point_type: str = "points"
    """With `points`: of which kind."""

    worth: Worth | None = None
    """With `money`: what points cost, where rules that give points name it."""

    period: Literal["once", "day", "week", "month", "quarter", "year"] = "once"
    """For how long an amount lasts: once and for all, or anew with each day, week (from Monday), … in the programme's time zone."""

    at_end: Literal["stop", "partial", "alert"] = "stop"
    """What happens when it is not enough: nothing is given; what is left is given; or all is given, and it is only told."""

    alerts: tuple[int, ...] = (80, 100)
    """At which percents it is told, once in a period, as the fact `budget.reached`."""

    def cost(self, points: int) -> int:
        """What so many points take of it."""
        if self.unit == "uses":
            return 1 if points else 0
        if self.unit == "money" and self.worth is not None:
            return -(-points * self.worth.minor // self.worth.points)
        return points

    def most(self, units: int) -> int:
        """At most how many points so much of it pays for; for uses it makes no difference how many."""
        if self.unit == "money" and self.worth is not None:
            return units * self.worth.points // self.worth.minor
        return units


@dataclass(frozen=True, slots=True)
class Purse:
    """A budget, and what is left of it for one who would take of it."""

    budget: Budget
    left: int | None
    """None: as much as anybody wants, since it only alerts."""
    had: int = 0
    """So much of it one has already, and keeps, however little is left by now."""

    def pays(self, points: int, spent: int) -> int:
        """How many of some points it pays for, after so much of it was spent on others."""
        if self.left is None:
            return points
        left, had = self.left - spent, self.had - spent
        if self.budget.cost(points) <= max(left, had):
            return points
        room = max(left, had) if self.budget.at_end == "partial" else had
        if self.budget.unit == "uses" or room <= 0:
            return 0
        return min(self.budget.most(room), points)


def period_of(budget: Budget, moment: datetime, zone: str) -> str:
    """The period of a budget that a moment is in, by its first day; empty for the only one."""
    if budget.period == "once":
        return ""
    day = moment.astimezone(ZoneInfo(zone)).date()
    if budget.period == "week":
        return day.fromordinal(day.toordinal() - day.weekday()).isoformat()
    if budget.period == "month":
        return day.replace(day=1).isoformat()
    if budget.period == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1).isoformat()
    return (day.replace(month=1, day=1) if budget.period == "year" else day).isoformat()


def reached(budget: Budget, taken: int) -> int:
    """The highest of its percents that has been reached, 0 for none."""
    return max((percent for percent in budget.alerts if taken * 100 >= percent * budget.amount), default=0)


def check_budgets(budgets: Sequence[Budget]) -> None:
    """Refuse what no budgets can say.

    Raises:
        BadProgramme: names the place, the value and what would do.
    """
    _must(len(budgets) <= MOST_BUDGETS, "budgets", len(budgets), f"give at most {MOST_BUDGETS}")
    codes = [one.code for one in budgets]
    for place, one in enumerate(budgets):
        path = f"budgets[{place}]"
        _must(_CODE.fullmatch(one.code), f"{path}.code", one.code, "give at most 32 of a-z, 0-9 and _, a letter first")
        _must(one.code not in codes[:place], f"{path}.code", one.code, "give every budget a code of its own")
        for name in ("name_en", "name_zh"):
            _must(getattr(one, name).strip(), f"{path}.{name}", getattr(one, name), "give it a name")
        _must(0 < one.amount <= MOST, f"{path}.amount", one.amount, f"give 1 to {MOST}")
        _must(_CODE.fullmatch(one.point_type), f"{path}.point_type", one.point_type, "give the code of a point type")
        good = all(1 <= each <= 1000 for each in one.alerts) and list(one.alerts) == sorted(set(one.alerts))
        _must(good, f"{path}.alerts", list(one.alerts), "give percents from 1 to 1000, the lowest first")
        if one.worth is not None:
            _must(one.unit == "money", f"{path}.worth", one.unit, "points cost something in a budget of money alone")
            for name in ("minor", "points"):
                value = getattr(one.worth, name)
                _must(0 < value <= 10**6, f"{path}.worth.{name}", value, "give 1 to 1000000")


def check_named(budgets: Collection[Budget], code: str | None, path: str, *, point_type: str | None = None) -> None:
    """Refuse the name of a budget that there is not, or that cannot count points of a kind (None: money, or uses).

    Raises:
        BadProgramme: names the place, and what would do.
    """
    if code is None:
        return
    found = next((one for one in budgets if one.code == code), None)
    if found is None:
        names = ", ".join(sorted(one.code for one in budgets)) or "one first under budgets"
        raise BadProgramme(field=path, value=code, remedy=f"give {names}")
    if point_type is None:
        return
    if found.unit == "points":
        _must(
            found.point_type == point_type,
            path,
            code,
            f"it counts {found.point_type}: name one that counts {point_type}",
        )
    if found.unit == "money":
        _must(found.worth, path, code, "say in the budget's worth what points cost")


class BudgetNotFound(NotFound):
    """There is no budget {budget} in the programme that holds."""


def named(budgets: Collection[Budget], code: str) -> Budget:
    """The budget of a code.

    Raises:
        BudgetNotFound: there is none.
    """
    for one in budgets:
        if one.code == code:
            return one
    raise BudgetNotFound(budget=code)


def _must(condition: object, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise BadProgramme(field=field, value=value, remedy=remedy)
