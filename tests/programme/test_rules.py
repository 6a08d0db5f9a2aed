"""The programme's arithmetic, held to by many random cases."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import NOON
from regulars import programme
from regulars.ledger import (
    AfterSpan,
    AtEvent,
    Expiry,
    MonthDay,
    Pending,
    PeriodEnd,
    Rolling,
    Sliding,
    Span,
    UntilDay,
    Yearly,
)
from regulars.programme import Programme, earning, proportional

amounts = st.integers(0, 10**9)


@given(amounts, amounts, st.integers(1, 100), st.integers(1, 1000))
def test_more_spend_never_earns_less_and_splitting_never_earns_more(
    one: int, other: int, points: int, per_minor: int
) -> None:
    rules = earning.compiled((proportional(points, per_minor),))

    def earned(*amounts: int) -> int:
        items = [earning.Item(n, ("", "", 1, amount, amount)) for n, amount in enumerate(amounts)]
        return earning.evaluate(rules, earning.Case({}, items, 0, NOON)).parts.get(("points", ""), 0)

    together, apart = earned(one + other), earned(one, other)
    assert apart <= together <= apart + 1
    assert together >= earned(one)


@given(st.integers(0, 10**12), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_the_shares_of_all_pieces_sum_to_the_whole_however_they_go(whole: int, steps: list[int]) -> None:
    of, before, total = sum(steps), 0, 0
    for quantity in steps:
        part = programme.share(whole, before=before, quantity=quantity, of=of)
        assert part >= 0
        total, before = total + part, before + quantity
    assert total == whole


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**9))
def test_more_spend_never_means_a_lower_tier(spend: int, more: int) -> None:
    tiers = programme.default("GBP", "Europe/London").main.tiers
    assert programme.tier_for(spend + more, tiers).reach >= programme.tier_for(spend, tiers).reach


@pytest.mark.parametrize(
    ("spend", "tier"),
    [(-1, "bronze"), (0, "bronze"), (99_999, "bronze"), (100_000, "silver"), (499_999, "silver"), (500_000, "gold")],
)
def test_a_tier_begins_at_its_threshold(spend: int, tier: str) -> None:
    assert programme.tier_for(spend, programme.default("GBP", "Europe/London").main.tiers).code == tier


@pytest.mark.parametrize(
    "expiry",
    [
        None,
        Rolling(Span(2, "year"), "quarter"),
        PeriodEnd("year", Span(3, "month")),
        Yearly(3, 31, Span(90, "day")),
        Sliding(Span(6, "month"), "month", "earning_and_spending"),
    ],
)
@pytest.mark.parametrize(
    "pending",
    [
        None,
        UntilDay(date(2026, 12, 1)),
        AfterSpan(Span(14, "day")),
        MonthDay(15, 1),
        AtEvent("delivered", Span(60, "day"), "lapse"),
    ],
)
def test_a_programme_survives_being_written_down(expiry: Expiry | None, pending: Pending | None) -> None:
    made = replace(programme.default("CNY", "Asia/Shanghai"), expiry=expiry, pending=pending)
    assert Programme.from_document(json.loads(json.dumps(made.as_document()))) == made


def test_points_last_from_when_they_can_be_spent() -> None:
    made = replace(
        programme.default("GBP", "UTC"), expiry=Rolling(Span(1, "month")), pending=AfterSpan(Span(14, "day"))
    )
    matures, expires = programme.terms(datetime.fromisoformat("2026-01-31T12:00+00:00"), made, told_at=NOON)
    assert matures == datetime.fromisoformat("2026-02-15T00:00+00:00")
    assert expires == datetime.fromisoformat("2026-03-16T00:00+00:00")


@pytest.mark.parametrize(("otherwise", "waits_from"), [("mature", -100), ("lapse", 0)])
def test_what_would_be_lost_waits_its_whole_time_from_when_we_are_told(otherwise: str, waits_from: int) -> None:
    pending = AtEvent("delivered", Span(30, "day"), "lapse" if otherwise == "lapse" else "mature")
    made = replace(programme.default("GBP", "UTC"), pending=pending)
    matures, _ = programme.terms(NOON - timedelta(days=100), made, told_at=NOON)
    assert matures == NOON.replace(hour=0) + timedelta(days=waits_from + 31)


RULE = {"code": "goods", "name_en": "Goods", "name_zh": "商品", "points": "line.amount_minor / 10"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"currency": "pounds"}, "currency is 'pounds': give an ISO 4217 code such as GBP."),
        ({"time_zone": "Mars"}, "time_zone is 'Mars': give an IANA name such as Europe/London."),
        (
            {"earning": [RULE | {"points": "line.amount_minor / x"}]},
            (
                "earning[0].points is 'line.amount_minor / x': at character 21, there is no `x`: "
                "everything begins with history, line, lines, member, order, time."
            ),
        ),
        (
            {"earning": [RULE | {"colour": "red"}]},
            (
                "earning[0].colour is 'red': there is code, name_en, name_zh, points, per, on, event, challenge, streak, when, kind, point_type, rounding, "
                "starts_at, ends_at, stack, group, most_per_order, limits, cooldown, terms, budget."
            ),
        ),
        (
            {"earning": [RULE | {"limits": [{"per": "day"}]}]},
            "earning[0].limits[0] is 'day': say how many points, or how many times.",
        ),
        ({"earning": [RULE, RULE]}, "earning[1].code is 'goods': give every rule a code of its own."),
        (
            {"rates": [{"currency": "GBP", "to_minor": 1, "per_minor": 1}]},
            "rates[0].currency is 'GBP': give every other currency once, by its ISO 4217 code.",
        ),
        ({"expiry": {"kind": "lunar"}}, "expiry.kind is 'lunar': give one of rolling, period_end, yearly, sliding."),
        (
            {"expiry": {"kind": "yearly", "month": 4, "day": 31}},
            "expiry.day is 31: give 1 to 30, that month has no other.",
        ),
        (
            {"expiry": {"kind": "yearly", "month": 3, "day": 31, "lasts": 1}},
            "expiry.lasts is 1: yearly has month, day, at_least, kind alone.",
        ),
        (
            {"pending": {"kind": "after", "waits": {"count": 0, "unit": "day"}}},
            "pending.waits.count is 0: give 1 or more.",
        ),
        ({"tier_sets": []}, "tier_sets is []: give one set at least."),
        ({"colour": "red"}, "colour is 'red': there is no such field."),
    ],
    ids=[
        "currency",
        "time zone",
        "expression",
        "field of a rule",
        "limit",
        "same code",
        "rate",
        "kind",
        "day",
        "field of another",
        "pending",
        "tiers",
        "unknown field",
    ],
)
def test_a_programme_that_cannot_work_says_which_field(change: dict[str, object], message: str) -> None:
    with pytest.raises(programme.BadProgramme) as refused:
        Programme.from_document(programme.default("GBP", "Europe/London").as_document() | change)
    assert str(refused.value) == message
