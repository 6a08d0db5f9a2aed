"""Figures: the measures over a scope, what they were before, their course through it, and the members behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from regulars.insight._frames import Frame
from regulars.insight._measures import Measure, measure, measures
from regulars.insight._rules import Scope, Span, Step, fitting_step, series_spans, whole_span


@dataclass(frozen=True, slots=True)
class Point:
    """A measure over the days from `start` up to, not including, `end`."""

    start: date
    end: date
    value: float | int | None
    """None where there is nothing to divide by, or the record does not reach back as far as the measure looks; otherwise
    as `Measure.unit` says, money a whole number of minor units."""

    part: int
    whole: int
    """What the value was divided by; 0 for a measure that is a plain sum."""

    complete: bool = True
    """False for the first or last point of a series that covers only part of its week or month."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure over a scope."""

    measure: Measure
    now: Point
    previous: Point | None
    """The equally long time before; None when the data on record does not reach back that far."""

    series: tuple[Point, ...]

    @property
    def value(self) -> float | int | None:
        """The figure itself."""
        return self.now.value

    @property
    def change(self) -> float | None:
        """Against `previous`: for a share the difference (0.02 is two percentage points), otherwise relative (0.1 is 10 %)."""
        before = None if self.previous is None else self.previous.value
        if before is None or self.value is None:
            return None
        if self.measure.unit == "share":
            return self.value - before
        return self.value / before - 1 if before > 0 else None


def figures(
    frame: Frame, scope: Scope, *, names: Iterable[str] | None = None, step: Step | None = None
) -> list[Figure]:
    """Measures over a scope, all of them or those named, with a series by `step` (chosen by the scope's length if None).

    Raises:
        MeasureNotFound: one of the names is not a measure.
    """
    chosen = measures() if names is None else tuple(map(measure, names))
    scope, step = frame.priced(scope), step or fitting_step(scope)
    return list(frame.remember((chosen, scope, step), lambda: _figures(frame, scope, step, chosen)))


def figure(frame: Frame, name: str, scope: Scope, *, step: Step | None = None) -> Figure:
    """One measure over a scope.

    Raises:
        MeasureNotFound: there is none of that name.
    """
    return figures(frame, scope, names=[name], step=step)[0]


def members_behind(frame: Frame, name: str, scope: Scope) -> list[int]:
    """The ids of the members who have a part in the figure, ascending: of a share, those it counts.

    Raises:
        MeasureNotFound: there is no measure of that name.
    """
    chosen, scope = measure(name), frame.priced(scope)
    with frame.periods(scope, [whole_span(scope)], [chosen]) as session:
        rows = session.ask(
            f"select distinct member_id from ({chosen.sql}) as parts where part <> 0 and member_id is not null order by member_id"
        )
    return rows["member_id"].to_pylist()


def _figures(frame: Frame, scope: Scope, step: Step, chosen: Sequence[Measure]) -> list[Figure]:
    spans = [whole_span(scope), whole_span(scope.previous), *series_spans(scope, step)]
    sums = _sums(frame, scope, spans, chosen)
    since = frame.first_day or scope.end
    answer: list[Figure] = []
    for each in chosen:
        points = [_point(each, span, sums.get((each.name, period), (0, 0)), since) for period, span in enumerate(spans)]
        previous = points[1] if since <= scope.previous.start else None
        answer.append(Figure(each, points[0], previous, tuple(points[2:])))
    return answer


def _sums(
    frame: Frame, scope: Scope, spans: Sequence[Span], chosen: Sequence[Measure]
) -> dict[tuple[str, int], tuple[int, int]]:
    sql = " union all ".join(
        f"select '{each.name}' as measure, period, cast(sum(part) as bigint) as part,"
        f" cast(sum({'whole' if each.divided else '0'}) as bigint) as whole from ({each.sql}) as parts group by period"
        for each in chosen
    )
    with frame.periods(scope, spans, chosen) as session:
        rows = session.ask(sql).to_pylist()
    return {(row["measure"], row["period"]): (row["part"], row["whole"]) for row in rows}


def _point(each: Measure, span: Span, sums: tuple[int, int], since: date) -> Point:
    part, whole = (0, 0) if each.looks_back and span.before < since else sums
    value: float | int | None = part
    if each.divided:
        value = None if whole == 0 else part / whole if each.unit != "money" else (2 * part + whole) // (2 * whole)
    return Point(span.start, span.end, value, part, whole, complete=span.complete)
