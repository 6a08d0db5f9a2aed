"""Which days a figure is about, and how they are cut."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.insight import BadScope, Scope, fitting_step
from regulars.insight._rules import month_after, series_spans, whole_span

days = st.dates(date(2000, 1, 1), date(2050, 1, 1))
scopes = st.builds(lambda start, length: Scope(start, start + timedelta(days=length)), days, st.integers(1, 800))
steps = st.sampled_from(["day", "week", "month"])


@given(scopes, steps)
def test_the_points_of_a_series_cover_each_day_once(scope, step) -> None:
    spans = series_spans(scope, step)
    assert spans[0].start == scope.start
    assert spans[-1].end == scope.end
    assert all(one.end == following.start for one, following in itertools.pairwise(spans))
    assert all(span.before < span.start < span.end for span in spans)


@given(scopes, steps)
def test_only_the_first_and_last_point_can_be_incomplete(scope, step) -> None:
    assert all(span.complete for span in series_spans(scope, step)[1:-1])


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    scope = Scope(date(2024, 1, 31), date(2024, 3, 2))
    weeks, months = series_spans(scope, "week"), series_spans(scope, "month")
    assert [span.start for span in weeks[1:]] == [date(2024, 2, 5) + timedelta(weeks=n) for n in range(4)]
    assert [(span.start, span.complete) for span in months] == [
        (date(2024, 1, 31), False),
        (date(2024, 2, 1), True),
        (date(2024, 3, 1), False),
    ]
    assert [span.before for span in months] == [date(2024, 1, 30), date(2024, 1, 3), date(2024, 2, 29)]


def test_a_scope_is_compared_with_the_equally_long_time_before_it() -> None:
    scope = Scope(date(2024, 3, 1), date(2024, 3, 31), shop_id=7, currency="EUR")
    assert scope.previous == Scope(date(2024, 1, 31), date(2024, 3, 1), shop_id=7, currency="EUR")
    assert whole_span(scope).before == scope.previous.start
    assert Scope.last(30, date(2024, 3, 31)) == Scope(date(2024, 3, 1), date(2024, 3, 31))


@pytest.mark.parametrize(
    ("length", "step"),
    [(1, "day"), (31, "day"), (32, "week"), (92, "week"), (190, "week"), (191, "month"), (3650, "month")],
)
def test_the_step_fits_the_length(length, step) -> None:
    assert fitting_step(Scope(date(2024, 1, 1), date(2024, 1, 1) + timedelta(days=length))) == step


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2024, 1, 2), date(2024, 1, 2)),
        (date(2024, 1, 2), date(2024, 1, 1)),
        (date(1901, 1, 1), date(2024, 1, 1)),
        (date(1, 1, 1), date(1, 1, 2)),
        (date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_a_scope_that_cannot_be_is_refused(start, end) -> None:
    with pytest.raises(BadScope):
        Scope(start, end)


def test_months_are_counted_across_years() -> None:
    assert [month_after(date(2024, 11, 1), months) for months in (-11, 0, 2, 14)] == [
        date(2023, 12, 1), date(2024, 11, 1), date(2025, 1, 1), date(2026, 1, 1)
    ]  # fmt: skip
