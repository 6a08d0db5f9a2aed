"""What a member is on the way to: challenges, streaks, and the next birthday or anniversary."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from regulars import programme
from regulars.console import _pictures
from regulars.console._language import Language
from regulars.console._visits import Visit
from regulars.programme import GoalProgress, Programme, Rule, occasions
from regulars.programme.earning import Period
from regulars.programme.events import EventType
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Followed:
    """A challenge or a streak in a visitor's language."""

    one: GoalProgress
    language: Language

    @property
    def name(self) -> str:
        """What the rule is called."""
        return name_of(self.one.rule, self.language)

    @property
    def width(self) -> str:
        """How far it is, for a bar."""
        return _pictures.width(min(self.one.progress.done, self.one.progress.takes), self.one.progress.takes)

    @property
    def period(self) -> str:
        """Over what it is counted."""
        _, rule = self.language.gettext, self.one.rule
        if rule.streak is not None:
            return {"day": _("days in a row"), "week": _("weeks in a row"), "month": _("months in a row")}[
                rule.streak.per
            ]
        per: Period = rule.challenge.per if rule.challenge else "ever"
        return {
            "day": _("today"), "week": _("this week"), "month": _("this month"), "year": _("this year"), "ever": _("ever"),
        }[per]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Coming:
    """A day that will be celebrated."""

    name: str
    day: date


def name_of(one: Rule | EventType, language: Language) -> str:
    """What a rule or an event is called in a language."""
    return one.name_zh if language.locale.language == "zh" else one.name_en


def names(found: Programme | None, language: Language) -> Mapping[str, str]:
    """What events are called, by the name of their fact, and rules, as `rule.<code>`."""
    if found is None:
        return {}
    events = {f"event.{one.code}": name_of(one, language) for one in found.events}
    return events | {f"rule.{one.code}": name_of(one, language) for one in found.earning}


def occasion_name(kind: str, language: Language) -> str:
    """What an occasion is called."""
    _ = language.gettext
    return {
        "birthday": _("Birthday"),
        "joined_anniversary": _("Anniversary of joining"),
        "first_order_anniversary": _("Anniversary of the first order"),
    }.get(kind, kind)


def shown(tx: Transaction, visit: Visit, member_id: int, found: Programme | None) -> dict[str, Any]:
    """What a member's page says of goals."""
    if found is None:
        return {"followed": [], "coming": []}
    wanted = {rule.on for rule in found.earning}
    return {
        "followed": [Followed(one, visit.language) for one in programme.goal_progress(tx, member_id, at=visit.now)],
        "coming": [
            Coming(occasion_name(one.kind, visit.language), one.due_on)
            for one in occasions.select_of_member(tx, member_id=member_id)
            if one.due_on is not None and one.kind in wanted
        ],
    }
