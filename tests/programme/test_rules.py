"""The programme's arithmetic, held to by many random cases."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars import programme
from regulars.programme import Earning, Expiry, Programme

amounts = st.integers(0, 10**12)


@given(amounts, amounts, st.integers(1, 100), st.integers(1, 1000))
def test_more_spend_never_earns_less_and_splitting_never_earns_more(
    one: int, other: int, points: int, per_minor: int
) -> None:
    earning = Earning(points, per_minor)
    together = programme.points_for(one + other, earning)
    apart = programme.points_for(one, earning) + programme.points_for(other, earning)
    assert apart <= together <= apart + 1
    assert together >= programme.points_for(one, earning)


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
    tiers = programme.default("GBP", "Europe/London").tiers
    assert programme.tier_for(spend + more, tiers).from_minor >= programme.tier_for(spend, tiers).from_minor


@pytest.mark.parametrize(
    ("spend", "tier"),
    [(-1, "bronze"), (0, "bronze"), (99_999, "bronze"), (100_000, "silver"), (499_999, "silver"), (500_000, "gold")],
)
def test_a_tier_begins_at_its_threshold(spend: int, tier: str) -> None:
    assert programme.tier_for(spend, programme.default("GBP", "Europe/London").tiers).code == tier


def test_a_programme_survives_being_written_down() -> None:
    made = programme.default("CNY", "Asia/Shanghai")
    assert Programme.from_document(made.as_document()) == made


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"currency": "pounds"}, "currency is 'pounds': give an ISO 4217 code such as GBP."),
        ({"time_zone": "Mars"}, "time_zone is 'Mars': give an IANA name such as Europe/London."),
        ({"earning": {"points": -1, "per_minor": 10}}, "earning.points is -1: give 0 to 1000000."),
        ({"expiry": {"months": 0}}, "expiry.months is 0: give 1 to 600, or null for never."),
        ({"tiers": []}, "tiers is []: let the first tier begin at 0."),
        ({"colour": "red"}, "colour is 'red': there is no such field."),
    ],
    ids=["currency", "time zone", "earning", "expiry", "tiers", "unknown field"],
)
def test_a_programme_that_cannot_work_says_which_field(change: dict[str, object], message: str) -> None:
    with pytest.raises(programme.BadProgramme) as refused:
        Programme.from_document(programme.default("GBP", "Europe/London").as_document() | change)
    assert str(refused.value) == message
