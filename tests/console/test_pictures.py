import re

from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.console import _pictures

VALUES = st.lists(st.none() | st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9), max_size=60)


@settings(max_examples=30)
@given(VALUES)
def test_a_sparkline_stays_in_its_box_and_has_every_point(values):
    drawn = _pictures.spark(values)
    known = [value for value in values if value is not None]
    if len(known) < 2:
        assert drawn is None
        return
    points = re.findall(r"[ML]([\d.-]+) ([\d.-]+)", drawn.line)
    assert len(points) == len(known)
    assert all(0 <= float(x) <= 100 and 0 <= float(y) <= 40 for x, y in points)
    assert drawn.area.startswith(drawn.line)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e9))
def test_more_is_never_lighter(one, other, most):
    low, high = sorted((one, other))
    assert 0 <= _pictures.heat(low, most) <= _pictures.heat(high, most) < _pictures.STEPS


def test_nothing_has_a_colour_of_its_own():
    assert _pictures.heat(0, 10) == _pictures.heat(None, 10) == _pictures.heat(5, 0) == 0
    assert _pictures.heat(1, 1000) == 1
    assert _pictures.heat(1000, 1000) == _pictures.STEPS - 1


@given(st.integers(-(10**15), 10**15), st.integers(-5, 10**15))
def test_a_bar_is_never_longer_than_its_track(part, whole):
    assert 0 <= float(_pictures.width(part, whole).rstrip("%")) <= 100
