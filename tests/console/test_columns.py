from hypothesis import given
from hypothesis import strategies as st

from regulars.console._columns import HEIGHT, STEP, columns

VALUE = st.integers(0, 10**12)


@given(st.lists(st.tuples(VALUE, VALUE, VALUE, VALUE, VALUE), max_size=60))
def test_columns_stay_in_their_box_in_order_and_lose_nothing_that_is(values):
    drawn = columns([row[:2] for row in values], [row[2:] for row in values])
    assert drawn.width == STEP * max(12, len(values))
    for row, parts in zip(values, drawn.columns, strict=True):
        assert [part.series for part in parts] == [n for n, value in enumerate(row) if value]
        for part in parts:
            assert part.height > 0
            assert 0 <= part.top <= part.top + part.height <= HEIGHT + 0.01
            above = part.series < 2
            assert (part.top + part.height <= drawn.axis + 0.01) if above else (part.top >= drawn.axis - 0.01)


@given(st.lists(VALUE, min_size=2, max_size=60))
def test_more_is_never_lower(values):
    drawn = columns([(value,) for value in values])
    heights = [parts[0].height if parts else 0 for parts in drawn.columns]
    for one, height in zip(values, heights, strict=True):
        for other, beside in zip(values, heights, strict=True):
            assert (one < other) <= (height <= beside)


def test_nothing_is_an_empty_picture():
    assert columns([]).columns == []
    assert columns([(0,), (0,)]).columns == [[], []]
