"""Where a member stands, in words: what reaches the next tier, and what keeps this one, until when."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from regulars.programme.tiers._cycles import local_day
from regulars.programme.tiers._records import Progress
from regulars.programme.tiers._sets import Benefit, Tier, TierSet


class Writer(Protocol):
    """How amounts of money, numbers and days are written in a language."""

    @property
    def chinese(self) -> bool:
        """Whether sentences are Chinese; they are English otherwise."""
        ...

    def money(self, minor: int) -> str:
        """An amount of the programme's currency."""
        ...

    def number(self, number: int) -> str:
        """A number."""
        ...

    def day(self, day: date) -> str:
        """A day."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Sentences about a standing; None where there is nothing to say."""

    following: str
    """What reaches the next tier, or that there is none."""

    keeping: str | None
    """What keeps the tier that was earned, or that it is kept."""

    given: str | None
    """That the tier was given, and until when."""


def describe(progress: Progress, writer: Writer) -> Told:
    """Where a member stands and what would change it, in the writer's language."""
    return Told(_following(progress, writer), _keeping(progress, writer), _given(progress, writer))


def amount_of(one: TierSet, amount: int, writer: Writer) -> str:
    """So much of what a set counts."""
    if one.measure.by == "spend":
        return writer.money(amount)
    number = writer.number(amount)
    if writer.chinese:
        return number + {"points": " 积分", "orders": " 笔订单"}.get(one.measure.by, " 次")
    noun = {"points": "point", "orders": "order"}.get(one.measure.by, "time")
    return f"{number} {noun}" if amount == 1 else f"{number} {noun}s"


def name_of(tier: Tier | TierSet | Benefit, writer: Writer) -> str:
    """What a tier, a set or a benefit is called."""
    return tier.name_zh if writer.chinese else tier.name_en


def _last_day(progress: Progress) -> date | None:
    """The last day of the cycle; None of a rolling window."""
    return progress.cycle_ends and local_day(progress.cycle_ends, progress.zone) - timedelta(days=1)


def _following(progress: Progress, writer: Writer) -> str:
    if progress.next_tier is None:
        counts = amount_of(progress.one, progress.qualifying_minor, writer)
        return f"已是最高等级，目前累计 {counts}。" if writer.chinese else f"The highest tier. {counts} counts now."  # noqa: RUF001
    amount, tier = amount_of(progress.one, progress.missing_minor, writer), name_of(progress.next_tier, writer)
    last, months = _last_day(progress), progress.one.window.months
    if writer.chinese:
        within = f"{writer.day(last)}前" if last else f"{months} 个月内"
        return f"{within}再累计 {amount}即可升为{tier}。"
    within = f"by {writer.day(last)}" if last else f"within {'twelve' if months == 12 else months} months"
    return f"{amount} more {within} reaches {tier}."


def _keeping(progress: Progress, writer: Writer) -> str | None:
    if progress.earned.reach == 0:
        return None
    tier, last = name_of(progress.earned, writer), _last_day(progress)
    if progress.lost_at is None or progress.falls_to is None:
        if last is None:
            return None
        chinese = f"{tier}已保级，下一周期继续有效。"  # noqa: RUF001 - Chinese is written with Chinese commas
        return chinese if writer.chinese else f"{tier} is kept for the year after {writer.day(last)}."
    lost, lower = local_day(progress.lost_at, progress.zone), name_of(progress.falls_to, writer)
    by = min(last, lost - timedelta(days=1)) if last else lost - timedelta(days=1)
    amount = amount_of(progress.one, progress.keep_minor, writer)
    if writer.chinese:
        return f"{writer.day(by)}前再累计 {amount}可保住{tier}，否则 {writer.day(lost)}起降为{lower}。"  # noqa: RUF001
    return f"{amount} more by {writer.day(by)} keeps {tier}; otherwise it becomes {lower} on {writer.day(lost)}."


def _given(progress: Progress, writer: Writer) -> str | None:
    if progress.grant is None:
        return None
    tier, until = name_of(progress.tier, writer), progress.grant.ends_at
    if until is None:
        return f"{tier}长期有效。" if writer.chinese else f"{tier} is given for good."
    last = writer.day(local_day(until - timedelta(microseconds=1), progress.zone))
    return f"{tier}有效至 {last}。" if writer.chinese else f"{tier} is given until {last}."
