"""Random programmes and random documents."""

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from regulars import programme
from regulars.ledger import AfterSpan, AtEvent, MonthDay, PeriodEnd, Rolling, Sliding, Span, UntilDay, Yearly
from regulars.programme import Programme

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | TEXTS | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
_SPANS = st.builds(Span, st.integers(1, 50), st.sampled_from(["day", "month", "year"]))
_EXPIRIES = st.none() | st.one_of(
    st.builds(Rolling, _SPANS, st.sampled_from(["day", "month", "quarter", "year"])),
    st.builds(PeriodEnd, st.sampled_from(["month", "quarter", "year"]), _SPANS),
    st.builds(Yearly, st.just(3), st.integers(1, 31), _SPANS),
    st.builds(Sliding, _SPANS),
)
_PENDINGS = st.none() | st.one_of(
    st.builds(UntilDay, st.dates(date(2026, 1, 1), date(2199, 12, 31))),
    st.builds(AfterSpan, _SPANS),
    st.builds(MonthDay, st.integers(1, 28), st.integers(0, 12)),
    st.builds(AtEvent, st.just("delivered"), _SPANS, st.sampled_from(["lapse", "mature"])),
)
PROGRAMMES: st.SearchStrategy[Programme] = st.builds(
    lambda name, expiry, pending: replace(
        programme.default("GBP", "Europe/London"), name=name, expiry=expiry, pending=pending
    ),
    TEXTS.filter(str.strip),
    _EXPIRIES,
    _PENDINGS,
)
"""Programmes whose every part reads well: those of the sections are their own business."""
