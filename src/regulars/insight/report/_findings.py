"""From the days of an export to what is said of it."""

import itertools
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import resources
from math import sqrt
from typing import Any, Final

from regulars.insight._rules import month_after
from regulars.insight.exports import Export, Read
from regulars.insight.lifetime import Unit
from regulars.insight.report._lifetimes import lifetimes
from regulars.insight.report._records import (
    Advice,
    AtRisk,
    Base,
    CohortRow,
    Findings,
    Group,
    Month,
    Rate,
    Rhythm,
    Slipping,
)

Row = dict[str, Any]
_BINS: Final = (7, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)
_FIRST_SLIPPING: Final = 20
_Z: Final = 1.959964
_GRADES: Final = ("gold", "silver", "bronze")
_TYPES: Final = ("relationship", "price_sensitive", "convenience", "occasional", "once")


def findings(export: Export, *, calibrate_until: date | None = None, unit: Unit = "week") -> Findings:
    """Everything the report says of an export.

    With `calibrate_until` the lifetime models are fitted on what came up to and on that day, and held against the rest.

    Raises:
        Unusable: nobody bought until `calibrate_until`, or nobody after it.
    """
    session, read = export.session, export.read
    session.keep("customers", _sql("customers"))
    gaps = _rows(export, "gaps")
    quantiles = [_quantile(gaps, share) for share in (0.25, 0.5, 0.75, 0.9)]
    session.keep("edge", f"select date '{read.last_day}' as last_day, {quantiles[1] or 30} as median_gap")
    session.keep("scored", _sql("rfm"))
    base, rhythm, at_risk = _base(export), _rhythm(export, gaps, quantiles), _at_risk(export)
    top, months = _top(export), _months(export)
    grades = _groups(
        export,
        "select grade as name, count(*) as customers, sum(spend_minor)::bigint as spend_minor from scored group by 1",
        _GRADES,
    )
    types = _groups(export, f"select type as name, customers, spend_minor from ({_sql('types')})", _TYPES)
    weekdays = {row["weekday"]: row["orders"] for row in _rows(export, "weekdays")}
    lifetime = lifetimes(
        export.purchases(), read.last_day, digits=read.digits, calibrate_until=calibrate_until, unit=unit
    )
    return Findings(
        read, base, months, rhythm, _cohorts(export), _cells(export), grades, top, types,
        tuple(weekdays.get(day, 0) for day in range(1, 8)), at_risk, lifetime, _advice(read, base, rhythm, top, at_risk),
    )  # fmt: skip


def rate(count: int, of: int) -> Rate:
    """A share with its Wilson interval (Wilson 1927): (p + z²/2n ± z√(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    if not of:
        return Rate(0.0, 0.0, 1.0, 0, 0)
    share, square = count / of, _Z * _Z / of
    middle, half = share + square / 2, _Z * sqrt(share * (1 - share) / of + square / (4 * of))
    return Rate(share, max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square)), count, of)


def _sql(name: str) -> str:
    return (resources.files("regulars.insight.report") / "measures" / f"{name}.sql").read_text("utf-8")


def _rows(export: Export, name: str) -> list[Row]:
    return export.session.ask(_sql(name)).to_pylist()


def _base(export: Export) -> Base:
    [row] = _rows(export, "base")
    repeaters = row.pop("repeaters")
    return Base(**row, repurchase=rate(repeaters, row["customers"]))


def _quantile(gaps: list[Row], share: float) -> int | None:
    left = share * sum(row["times"] for row in gaps)
    for row in gaps:
        left -= row["times"]
        if left <= 0:
            return int(row["gap"])
    return None


def _rhythm(export: Export, gaps: list[Row], quantiles: list[int | None]) -> Rhythm:
    edges = [0, *_BINS, 100_000]
    bins = tuple(
        (until, sum(row["times"] for row in gaps if after < row["gap"] <= until))
        for after, until in itertools.pairwise(edges)
    )
    within = tuple((row["within"], rate(row["returned"], row["customers"])) for row in _rows(export, "second"))
    return Rhythm(quantiles[0], quantiles[1], quantiles[2], quantiles[3], bins, within)


def _months(export: Export) -> tuple[Month, ...]:
    first, last = export.read.first_day, export.read.last_day
    rows = _rows(export, "months")
    return tuple(
        Month(
            **row,
            complete=row["month"] >= first.replace(day=1) and month_after(row["month"], 1) <= last + timedelta(days=1),
        )
        for row in rows
    )


def _cohorts(export: Export) -> tuple[CohortRow, ...]:
    """Matured cells only: a month that is not over says nothing yet."""
    rows = _rows(export, "cohorts")
    active = {(row["cohort"], row["months"]): row["active"] for row in rows}
    after = export.read.last_day + timedelta(days=1)
    found = list[CohortRow]()
    for month in sorted({row["cohort"] for row in rows})[-24:]:
        size, whole = active[month, 0], (after.year - month.year) * 12 + after.month - month.month
        found.append(CohortRow(month, size, tuple(active.get((month, one), 0) / size for one in range(min(whole, 24)))))
    return tuple(found)


def _cells(export: Export) -> tuple[tuple[int, int, int], ...]:
    rows = export.session.ask("select r, f, count(*) as customers from scored group by r, f").to_pylist()
    found = {(row["r"], row["f"]): row["customers"] for row in rows}
    return tuple((r, f, found.get((r, f), 0)) for r in range(5, 0, -1) for f in range(1, 6))


def _groups(export: Export, sql: str, names: tuple[str, ...]) -> tuple[Group, ...]:
    found: Mapping[str, Row] = {row["name"]: row for row in export.session.ask(sql).to_pylist()}
    nobody = {"customers": 0, "spend_minor": 0}
    return tuple(
        Group(name, found.get(name, nobody)["customers"], found.get(name, nobody)["spend_minor"]) for name in names
    )


def _top(export: Export) -> tuple[tuple[float, float], ...]:
    rows, points, so_far = _rows(export, "shares"), [(0.0, 0.0)], 0
    whole = sum(row["spend_minor"] for row in rows)
    for place, row in enumerate(rows, 1):
        so_far += row["spend_minor"]
        points.append((place / len(rows), so_far / whole if whole else 0.0))
    return tuple(points)


def _at_risk(export: Export) -> AtRisk:
    rows = _rows(export, "slipping")
    first = rows[:_FIRST_SLIPPING]
    names = export.names([row["customer"] for row in first])
    slipping = tuple(
        Slipping(
            names[row["customer"]],
            row["days"],
            row["last_day"],
            row["silent_days"],
            row["usual_days"],
            row["yearly_minor"],
        )
        for row in first
    )
    return AtRisk(len(rows), sum(row["yearly_minor"] for row in rows), slipping)


def _advice(
    read: Read, base: Base, rhythm: Rhythm, top: tuple[tuple[float, float], ...], at_risk: AtRisk
) -> tuple[Advice, ...]:
    """Sentences that hold for these figures; one without a figure is not said."""
    found = list[Advice]()
    if at_risk.customers:
        found.append(Advice("call", {"customers": at_risk.customers, "yearly_minor": at_risk.yearly_minor}))
    once = 1 - base.repurchase.share
    if once > 0.4 and rhythm.median is not None:
        found.append(Advice("second", {"once": once, "median_days": rhythm.median}))
    share = next((money for people, money in top if people >= 0.1999), 0.0)
    if share > 0.5:
        found.append(Advice("best", {"share": share}))
    lost = next((one.rows for one in read.drops if one.reason == "no_customer"), 0)
    if lost > 0.05 * read.rows:
        found.append(Advice("guests", {"share": lost / read.rows}))
    if base.gross_minor and base.refund_minor > 0.05 * base.gross_minor:
        found.append(Advice("refunds", {"share": base.refund_minor / base.gross_minor}))
    return tuple(found)
