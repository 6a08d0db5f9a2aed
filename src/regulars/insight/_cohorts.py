"""Cohorts: members by the month of their first purchase, followed month by month."""

from dataclasses import dataclass
from datetime import date

from regulars.insight._frames import Frame
from regulars.insight._rules import month_after


@dataclass(frozen=True, slots=True)
class CohortCell:
    """What a cohort did in one month."""

    months: int
    """Months since the month of the first purchase, which is 0."""

    active: int
    """Members of the cohort with a purchase in that month."""

    rate: float
    """`active` as a share of the cohort, 0 to 1."""

    revenue_minor: int
    """Goods they bought in that month, before refunds, in the scope's currency."""

    complete: bool
    """False for the month in which the record ends: its figures are still growing."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The members whose first purchase on record was in one month."""

    month: date
    """The first day of that month."""

    members: int
    cells: tuple[CohortCell, ...]
    """One for every month since, 0 first, months without a purchase included."""


def cohorts(frame: Frame, *, until: date, shop_id: int | None = None, currency: str | None = None) -> list[Cohort]:
    """Every cohort up to, not including, the day `until`; earliest first.

    The first month of a record that starts in the middle of a shop's life holds all who were customers before; nothing
    in the data tells them apart.
    """
    question = ("cohorts", until, shop_id, currency)
    return list(frame.remember(question, lambda: _cohorts(frame, until, shop_id, currency)))


def cohort_members(frame: Frame, *, cohort: date, months: int, until: date, shop_id: int | None = None) -> list[int]:
    """The ids of the members a `CohortCell` counts, ascending; with `months` 0 the whole cohort."""
    rows = frame.as_of(until, "cohort_members", shop_id=shop_id).to_pylist()
    return sorted(row["member_id"] for row in rows if (row["cohort"], row["months"]) == (cohort, months))


def _cohorts(frame: Frame, until: date, shop_id: int | None, currency: str | None) -> list[Cohort]:
    cells = {
        (row["cohort"], row["months"]): (row["active"], row["revenue_minor"])
        for row in frame.as_of(until, "cohorts", shop_id=shop_id, currency=currency).to_pylist()
    }
    return [_cohort(month, cells, until) for month in sorted({cohort for cohort, _ in cells})]


def _cohort(month: date, cells: dict[tuple[date, int], tuple[int, int]], until: date) -> Cohort:
    members = cells[month, 0][0]
    last = (until.year - month.year) * 12 + until.month - month.month - (1 if until.day == 1 else 0)
    row: list[CohortCell] = []
    for months in range(last + 1):
        active, revenue = cells.get((month, months), (0, 0))
        row.append(CohortCell(months, active, active / members, revenue, month_after(month, months + 1) <= until))
    return Cohort(month, members, tuple(row))
