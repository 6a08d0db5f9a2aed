"""Campaigns as rules: when they are open, for whom, beside which others, and what is refused of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import make
from conftest import NOON
from programme.campaigns.campaigning import EVERY_EIGHTH, bonus, budget, campaign, double, has, publish, sell
from regulars import members, programme
from regulars.programme import BadProgramme, Programme, Rule, campaigns, earning
from regulars.programme.campaigns import Campaign, Days
from regulars.programme.earning import Case, Item
from regulars.programme.events import EventType, NewEvent
from regulars.storage import Transaction

DAY = make.DAY
EIGHTH = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)


def test_member_day_doubles_what_is_bought_on_every_eighth(tx: Transaction) -> None:
    publish(tx, campaign("member_day", double(), kind="member_day", days=EVERY_EIGHTH))
    sell(tx, make.order("1", "ada"), at=NOON)
    assert has(tx, "ada") == 100
    sell(tx, make.order("2", "ada", placed_at=EIGHTH), at=EIGHTH)
    assert has(tx, "ada", at=EIGHTH) == 300


def test_a_day_is_one_of_the_programme_s_time_zone(tx: Transaction) -> None:
    publish(tx, campaign("member_day", double(), days=EVERY_EIGHTH), time_zone="Asia/Shanghai")
    evening = datetime(2026, 3, 7, 16, 0, tzinfo=UTC)  # the eighth begins in Shanghai
    sell(tx, make.order("1", "ada", placed_at=evening - timedelta(seconds=1)), at=EIGHTH)
    assert has(tx, "ada", at=EIGHTH) == 100
    sell(tx, make.order("2", "ada", placed_at=evening), at=EIGHTH)
    assert has(tx, "ada", at=EIGHTH) == 300


def test_an_audience_is_of_tiers_and_of_what_is_so_of_the_member(tx: Transaction) -> None:
    publish(
        tx,
        campaign("for_silver", bonus("silver_gift"), tiers=("silver",)),
        campaign("first", bonus("first_gift", "7"), audience="member.orders_before == 0"),
    )
    sell(tx, make.order("1", "ada", make.line(unit_minor=100_000)))
    assert has(tx, "ada") == 10_000 + 7
    sell(tx, make.order("2", "ada", placed_at=NOON + timedelta(hours=1)), at=NOON + timedelta(hours=1))
    assert has(tx, "ada") == 10_000 + 7 + 100 + 100


def test_of_a_group_an_order_gets_the_first_that_gives_by_priority_and_all_its_rules(tx: Transaction) -> None:
    publish(
        tx,
        campaign("low", bonus("low_gift", "30"), group="festival"),
        campaign("high", bonus("a", "5"), bonus("b", "6"), group="festival", priority=10),
        campaign("apart", bonus("c", "1")),
    )
    [order_id] = sell(tx, make.order("1", "ada"))
    assert has(tx, "ada") == 100 + 5 + 6 + 1
    trial = programme.try_order(tx, programme.current(tx, at=NOON), order_id)
    said = {one.code: one.sentence for one in trial.reasons("en", "operator")}
    assert said["low_gift"] == "A excludes it."


def test_a_campaign_that_is_closed_leaves_its_group_to_the_next(tx: Transaction) -> None:
    publish(
        tx,
        campaign("high", bonus("a", "5"), group="festival", priority=10, days=EVERY_EIGHTH),
        campaign("low", bonus("b", "30"), group="festival"),
    )
    sell(tx, make.order("1", "ada"))
    assert has(tx, "ada") == 130


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "Member Day"}, "campaigns[0].code"),
        ({"name_zh": " "}, "campaigns[0].name_zh"),
        ({"rules": ()}, "campaigns[0].rules"),
        ({"tiers": ("platinum",)}, "campaigns[0].tiers"),
        ({"audience": "order.pieces > 1"}, "campaigns[0].audience"),
        ({"audience": "member.tier =="}, "campaigns[0].audience"),
        ({"days": Days(month_days=(0,))}, "campaigns[0].days.month_days"),
        ({"days": Days(weekdays=(8,))}, "campaigns[0].days.weekdays"),
        ({"days": Days(dates=("02-30x",))}, "campaigns[0].days.dates"),
        ({"days": Days(from_hour=9, until_hour=9)}, "campaigns[0].days.until_hour"),
        ({"budget": "none"}, "campaigns[0].budget"),
        ({"starts_at": EIGHTH, "ends_at": EIGHTH}, "campaigns[0].ends_at"),
        ({"rules": (bonus("goods"),)}, "campaigns[0].rules[0].code"),
        ({"rules": (bonus(points="order.what"),)}, "campaigns[0].rules[0].points"),
        ({"rules": (bonus(budget="stars_pot"),)}, "campaigns[0].rules[0].budget"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(change: dict[str, Any], field: str) -> None:
    good = campaign("one", bonus(), budget="pot")
    start = replace(programme.default("GBP", "UTC"), budgets=(budget(), budget("stars_pot", point_type="stars")))
    Programme.from_document(replace(start, campaigns=(good,)).as_document())
    with pytest.raises(BadProgramme) as refused:
        Programme.from_document(replace(start, campaigns=(replace(good, **change),)).as_document())
    assert refused.value.details["field"] == field


def test_campaigns_that_meet_are_told_before_they_are_published() -> None:
    found = campaigns.conflicts(
        [
            campaign("a", bonus("a"), days=EVERY_EIGHTH, group="g"),
            campaign("b", bonus("b"), days=Days(weekdays=(7,)), group="g", priority=1),
            campaign("c", bonus("c"), days=Days(dates=("03-08",)), tiers=("gold",), budget="pot"),
            campaign("d", bonus("d"), days=Days(dates=("03-08",)), tiers=("gold",), budget="pot"),
            campaign("e", bonus("e"), days=EVERY_EIGHTH, tiers=("silver",), group="g"),
            campaign("f", bonus("f", point_type="stars"), days=Days(month_days=(9,))),
        ],
        date(2026, 3, 1), date(2026, 3, 31), "UTC",
    )  # fmt: skip
    told = {(one.one, one.other): (one.kind, one.days) for one in found}
    assert told == {
        ("b", "a"): ("exclusive", 1), ("b", "c"): ("both", 1), ("b", "d"): ("both", 1), ("b", "e"): ("exclusive", 1),
        ("a", "c"): ("both", 1), ("a", "d"): ("both", 1), ("a", "e"): ("tie", 1), ("c", "d"): ("budget", 1),
    }  # fmt: skip


_DAYS = st.builds(
    Days,
    month_days=st.lists(st.integers(1, 31), unique=True, max_size=3).map(tuple),
    weekdays=st.lists(st.integers(1, 7), unique=True, max_size=2).map(tuple),
    dates=st.lists(st.sampled_from(["03-01", "11-11", "12-31"]), unique=True, max_size=2).map(tuple),
    from_hour=st.integers(0, 11),
    until_hour=st.integers(12, 24),
)


@given(
    _DAYS,
    st.integers(0, 2 * 365 * 24 * 4).map(lambda quarters: NOON + quarters * timedelta(minutes=15)),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
)
@settings(max_examples=60)
def test_the_conditions_of_a_window_say_what_the_calendar_says(days: Days, moment: datetime, zone: str) -> None:
    one = Campaign("one", "One", "一", (Rule("flat", "Flat", "定额", "1", per="order"),), days=days)
    rules, owners = campaigns.owned((), (one,))
    basis = earning.Basis(earning.compiled(rules, owners), "GBP", zone, {"GBP": (1, 1)})
    sold = earning.Sold(1, 1, moment, moment, None, "GBP", "", "uk", zone, 0, [1], [1], [0], [10], None, None, None)
    case = Case(earning.order_row(sold, basis), [Item(1, ("", "", 1, 10, 10))], 0, moment)
    assert (earning.evaluate(basis.rules, case).verdicts[0].why == "earned") == campaigns.is_open(one, moment, zone)
    local = moment.astimezone(ZoneInfo(zone)).date()
    if campaigns.is_open(one, moment, zone):
        assert campaigns.open_days(one, local, local, zone) == [local]


def test_an_audience_can_be_of_whoever_did_something(tx: Transaction) -> None:
    visit = EventType("visit", "Visit", "到店")
    publish(tx, campaign("regulars", bonus(), audience='history.events("visit", 30) > 1'), events=(visit,))
    [member] = members.enrol(tx, [members.NewMember("ada", "uk")], at=NOON)
    sell(tx, make.order("1", "ada", placed_at=NOON))
    told = [NewEvent("visit", str(n), member.member_id, NOON + timedelta(hours=n + 1)) for n in range(2)]
    programme.record_events(tx, told, at=NOON + DAY)
    sell(tx, make.order("2", "ada", placed_at=NOON + DAY), at=NOON + DAY)
    assert has(tx, "ada", at=NOON + DAY) == 100 + 200


@pytest.mark.parametrize("day", ["02-30", "04-31", "11-31"])
def test_a_day_that_comes_in_no_year_is_refused(tx: Transaction, day: str) -> None:
    with pytest.raises(BadProgramme, match=day):
        publish(tx, campaign("never", bonus(), days=Days(dates=(day,))))
    publish(tx, campaign("leap", bonus(), days=Days(dates=("02-29",))))


def test_a_multiplier_that_finds_nothing_to_multiply_shuts_out_nobody(tx: Transaction) -> None:
    publish(
        tx,
        campaign("stars", double("double_stars", point_type="stars"), group="festival", priority=2),
        campaign("low", bonus("low_gift", "30"), group="festival"),
    )
    [order_id] = sell(tx, make.order("1", "ada"))
    assert has(tx, "ada") == 130
    assert tx.value("select verdicts from facts_decisions where subject_id = %(one)s", one=order_id) == [
        [100],
        [-4],
        [30],
    ]
