"""What a what-if says of the orders of the last months."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conftest import NOON
from insight.what_if.making import ADA, BEN, CAT, DOUBLE, HELD, history, order, table
from regulars.insight import what_if
from regulars.insight.what_if import Contribution, Group, Individual, Move
from regulars.ledger import Rolling, Span
from regulars.programme import Rule, Tier
from regulars.programme.earning import Limit
from regulars.programme.rewards import Price, Reward

ORDERS = (order(1, ADA, 4000, 3), order(2, BEN, 1000, 40), order(3, CAT, 1000, 400), order(4, CAT, 2000, 2))


def test_winners_and_losers_are_by_what_orders_of_these_months_were_worth_in_the_end():
    report = what_if.compare(history(*ORDERS, back=1), HELD, DOUBLE, months=12)
    [points] = report.points
    assert (points.now.earned, points.now.taken_back, points.now.net) == (700, 200, 500)
    assert (points.draft.earned, points.draft.taken_back, points.draft.net) == (1200, 400, 800)
    assert (report.orders, report.members, report.winners, report.losers) == (3, 3, 2, 1)
    assert report.won_most == [Individual(ADA, 200, 400), Individual(CAT, 200, 400)]
    assert report.lost_most == [Individual(BEN, 100, 0)]
    assert [(one.least, one.members) for one in report.deciles] == [(-100, 1), (200, 1), (200, 1)]
    assert [(month.first.isoformat(), month.now, month.draft) for month in report.months] == [
        ("2026-01-01", 100, 0), ("2026-02-01", 400, 800),
    ]  # fmt: skip


def test_groups_have_everybody_by_tier_country_segment_and_month_of_the_first_order():
    report = what_if.compare(history(*ORDERS), HELD, DOUBLE, months=12)
    found = [one for one in report.groups if one.by in {"country", "segment", "cohort"}]
    assert found == [
        Group("country", "GB", 2, 500, 800, 1, 1), Group("country", "FR", 1, 200, 400, 1, 0),
        Group("cohort", "2025-01", 1, 200, 400, 1, 0), Group("cohort", "2026-01", 1, 100, 0, 0, 1),
        Group("cohort", "2026-02", 1, 400, 800, 1, 0), Group("segment", "", 2, 300, 400, 1, 1),
        Group("segment", "vip", 1, 400, 800, 1, 0),
    ]  # fmt: skip


def test_tiers_move_and_everybody_is_in_the_matrix():
    main = replace(
        HELD.main,
        tiers=(Tier("bronze", "B", "铜", 0), Tier("silver", "S", "银", 2500), Tier("gold", "G", "金", 90_000)),
    )
    report = what_if.compare(history(*ORDERS), HELD, replace(HELD, tier_sets=(main,)), months=12)
    assert report.moves == [Move("main", "bronze", "bronze", 2), Move("main", "bronze", "silver", 1)]


def test_a_tier_of_other_orders_decides_on_the_points_of_the_next():
    more = Rule("silver", "S", "银", "50", per="order", kind="bonus", when="member.tier == 'silver'")
    main = replace(HELD.main, tiers=(Tier("bronze", "B", "铜", 0), Tier("silver", "S", "银", 2500)))
    wanted = replace(HELD, earning=(*HELD.earning, more), tier_sets=(main,))
    found = history(order(1, ADA, 2000, 30), order(2, ADA, 1000, 20), order(3, ADA, 1000, 10), order(4, BEN, 9000, 10))
    [rule] = [one for one in what_if.compare(found, HELD, wanted, months=12).rules if one.code == "silver"]
    assert (rule.now, rule.draft) == (None, Contribution(1, 50, 0))


def test_limits_that_were_reached_are_counted_and_what_came_back_frees_them():
    once = Rule(
        "once",
        "Once",
        "一次",
        "70",
        per="order",
        kind="bonus",
        when="order.goods_minor >= 1000",
        limits=(Limit("year", most_times=1),),
    )
    wanted = replace(HELD, earning=(once,))
    twice = [order(1, ADA, 1000, 20), order(2, ADA, 1000, 10)]
    [points] = what_if.compare(history(*twice), HELD, wanted, months=12).points
    assert points.draft.net == 70
    report = what_if.compare(history(*twice, back=1), HELD, wanted, months=12)
    assert (report.points[0].draft.earned, report.points[0].draft.taken_back) == (140, 70)
    [rule] = [one for one in what_if.compare(history(*twice), HELD, wanted, months=12).rules if one.code == "once"]
    assert rule.draft == Contribution(1, 70, 1)


def test_what_is_owed_is_what_has_not_expired_less_what_was_spent_of_the_oldest():
    wanted = replace(HELD, expiry=Rolling(Span(1, "month")))
    spent = table("spent", [{"member_id": ADA, "point_type": "points", "points": 250}])
    found = history(order(1, ADA, 2000, 100), order(2, ADA, 3000, 1), spent=spent)
    [points] = what_if.compare(found, HELD, wanted, months=12, thousand_minor=5000).points
    assert (points.now.owed, points.draft.owed) == (250, 250)
    assert (points.now.cost_minor, points.draft.liability_minor) == (2500, 1250)


def test_a_point_is_worth_what_cash_off_gives_for_it_at_best():
    pound = Reward("pound", "A pound", "一镑", "cash_off", (Price(200), Price(100, tier="gold")), value_minor=100)
    wanted = replace(HELD, rewards=(pound,))
    [points] = what_if.compare(history(*ORDERS), HELD, wanted, months=12).points
    assert (points.now.cost_minor, points.draft.thousand_minor, points.draft.cost_minor) == (None, 1000, 700)


def test_chunks_come_to_the_same_as_the_whole():
    found = history(*ORDERS, back=4)
    told: list[int] = []
    whole = what_if.compare(found, HELD, DOUBLE, months=12)
    assert what_if.compare(found, HELD, DOUBLE, months=12, at_once=1, on_chunk=told.append) == whole
    assert told == [12, 25, 37, 50, 62, 75, 87, 99]


def test_what_is_told_stops_a_replay():
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        what_if.compare(history(*ORDERS), HELD, DOUBLE, months=12, on_chunk=stop)


def test_months_begin_with_the_day_so_many_months_before():
    until = NOON.replace(month=3, day=31)
    assert what_if.first_moment(until, 1, "Asia/Shanghai").isoformat() == "2026-02-27T16:00:00+00:00"
    assert what_if.compare(history(*ORDERS, until=NOON - timedelta(days=30)), HELD, DOUBLE, months=1).orders == 1


def test_no_orders_make_an_empty_report():
    report = what_if.compare(history(), HELD, DOUBLE, months=12)
    assert (report.orders, report.points, report.deciles, report.moves) == (0, [], [], [])
