"""Tiers: several sets, windows, keeping and losing, against a plain model of one member, and the hard cases of the field."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conftest import NOON
from make import DAY
from programme.plain_tiers import Event, Plain
from programme.tier_making import (
    CALENDAR,
    LONDON,
    MAIN,
    TIERS,
    count,
    day,
    enrol,
    names,
    pass_time,
    publish,
    spend,
    tier,
    told,
)
from regulars import facts, ledger, members, programme
from regulars.ledger import Span
from regulars.programme import TierSet
from regulars.programme.tiers import Gift, Measure, Window
from regulars.storage import Transaction

START = datetime(2023, 2, 20, tzinfo=UTC)
MOMENTS = st.integers(0, 1200 * 24).map(lambda hours: START + timedelta(hours=hours))
SETS = st.builds(
    TierSet,
    code=st.just("main"),
    name_en=st.just("Tiers"),
    name_zh=st.just("等级"),
    tiers=st.sampled_from([TIERS, tuple(replace(one, keep=None) for one in TIERS)]),
    window=st.one_of(
        st.builds(Window, kind=st.just("rolling"), months=st.sampled_from([1, 3, 12])),
        st.builds(
            Window, kind=st.just("calendar"), month=st.sampled_from([2, 3, 10]), day=st.sampled_from([1, 26, 29])
        ),
        st.just(Window("anniversary")),
    ),
    grace=st.sampled_from([Span(0, "day"), Span(20, "day")]),
    stay=st.sampled_from([Span(0, "day"), Span(60, "day")]),
    downgrade=st.sampled_from(["to_earned", "one_step", "never"]),
    refunds=st.sampled_from(["at_once", "cycle_end"]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    bought = draw(st.lists(st.tuples(MOMENTS, st.sampled_from([300, 800, 1000, 3000, 5000])), min_size=1, max_size=8))
    events = [Event(moment, moment, amount) for moment, amount in bought]
    for bought_at, amount in bought:
        if draw(st.integers(0, 2)) == 0:
            later = bought_at + timedelta(hours=draw(st.integers(1, 9000)))
            events.append(Event(bought_at, later, -draw(st.integers(1, amount))))
    return sorted(events, key=lambda event: event.known_at)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    one=SETS,
    events=histories(),
    zone=st.sampled_from([LONDON, "America/New_York", "Asia/Shanghai"]),
    joined=st.sampled_from([datetime(2020, 2, 29, 12, tzinfo=UTC), datetime(2023, 3, 26, 0, 30, tzinfo=UTC)]),
    jumps=st.lists(st.integers(0, 8), max_size=3),
)
@example(  # a year that ends on a leap day, and one that does not
    replace(MAIN, window=Window("calendar", month=2, day=29), grace=Span(20, "day")),
    [Event(day("2023-03-01"), day("2023-03-01"), 1000), Event(day("2024-02-29"), day("2024-02-29"), 800)],
    LONDON, datetime(2020, 2, 29, tzinfo=UTC), [1],
)  # fmt: skip
@example(  # the hour that London has twice, a month later
    replace(MAIN, window=Window("rolling", months=1)),
    [Event(day("2023-09-29", 0) + timedelta(minutes=30), day("2023-09-29", 1), 1000)], LONDON, START, [],
)  # fmt: skip
@example(  # bought, looked at, and brought back in one instant
    replace(MAIN, window=Window("rolling", months=3)),
    [Event(START, START, 1000), Event(START, START, -1000), Event(START, START, 5000)], LONDON, START, [0, 1],
)  # fmt: skip
def test_a_member_stands_where_the_plain_model_says_whenever_the_work_is_done(
    tx: Transaction, one: TierSet, events: list[Event], zone: str, joined: datetime, jumps: list[int]
) -> None:
    with tx.savepoint(undo=True):
        publish(tx, one, at=START - DAY, zone=zone)
        someone = enrol(tx, "ada", joined_at=joined)
        end = events[-1].known_at + timedelta(days=500)
        for number, event in enumerate(events):
            count(tx, someone, event)
            if number in jumps:  # the work is done now, and has been left undone until now
                programme.review(tx, [(someone, e.known_at) for e in events[: number + 1]], at=event.known_at)
                pass_time(tx, event.known_at)
        programme.review(tx, [(someone, e.known_at) for e in events], at=end)
        pass_time(tx, end)
        plain = Plain(one, zone, joined, events, [number + 1 for number in jumps if number < len(events)]).run(end)
        assert told(tx, someone) == plain.told
        [now] = tx.rows("select tier, drop_at from programme_standings where member_id = %(m)s", m=someone)
        assert now == (plain.tier, plain.drop_at)
        known = programme.standing(tx, someone, at=end)
        assert (known.tier.code, known.qualifying_minor) == (plain.tier, plain.qualifying)
        past = programme.standing_as_of(tx, someone, as_of=end, known_at=end)
        assert (past.tier.code, past.qualifying_minor) == (plain.tier, plain.qualifying)


def yearly(one: TierSet, **changes: Any) -> TierSet:
    return replace(one, window=Window("calendar"), **changes)


def test_case_10_a_year_ends_in_the_members_own_time_zone(tx: Transaction) -> None:
    publish(tx, yearly(MAIN, zone="member"), at=day("2024-01-10"))
    for name, zone, ends in (
        ("apia", "Pacific/Apia", "2024-12-31T11:00:00+00:00"),
        ("london", LONDON, "2025-01-01T00:00:00+00:00"),
        ("honolulu", "Pacific/Honolulu", "2025-01-01T10:00:00+00:00"),
        ("nowhere", "Mars/Olympus", "2025-01-01T00:00:00+00:00"),  # no zone there is: the programme's
    ):
        someone = enrol(tx, name, joined_at=day("2024-02-01"), attributes={"time_zone": zone})
        spend(tx, someone, 1000, day("2024-03-01"))
        end = datetime.fromisoformat(ends)
        assert programme.standing(tx, someone, at=day("2024-03-02")).cycle_ends == end
        spend(tx, someone, 4000, end - timedelta(microseconds=1))
        assert tier(tx, someone, end) == "gold", "the last instant of the year counts in it"
        spend(tx, someone, 1000, end)
        assert programme.standing(tx, someone, at=end).qualifying_minor == 1000, "and the first in the next"


def test_case_10_moving_house_buys_no_second_year_end(tx: Transaction) -> None:
    publish(tx, yearly(MAIN, zone="member"), at=day("2024-01-10"))
    someone = enrol(tx, "ada", joined_at=day("2024-02-01"), attributes={"time_zone": "Asia/Shanghai"})
    spend(tx, someone, 5000, day("2024-03-01"))
    first = datetime(2024, 12, 31, 16, tzinfo=UTC)
    members.amend(tx, someone, {"attributes": {"time_zone": "America/New_York"}}, at=first - DAY)
    assert programme.standing(tx, someone, at=first - DAY).cycle_ends == first, "the zone is frozen for the cycle"
    pass_time(tx, first)
    spend(tx, someone, 700, first + timedelta(hours=5))  # still the old year in New York, and the new cycle here
    now = programme.standing(tx, someone, at=first + 2 * DAY)
    assert (now.cycle_begins, now.cycle_ends) == (first, datetime(2026, 1, 1, 5, tzinfo=UTC)), "no cycle of 13 hours"
    assert (now.zone, now.qualifying_minor, now.tier.code) == ("America/New_York", 700, "gold")
    assert names(tx, someone) == ["reached gold", "kept gold"]
    past = programme.standing_as_of(tx, someone, as_of=first - DAY, known_at=first + 9 * DAY)
    assert past.cycle_ends == first, "the past keeps its zone too"


def test_case_10_a_joining_day_of_29_february_comes_every_year(tx: Transaction) -> None:
    publish(tx, replace(MAIN, window=Window("anniversary")), at=day("2023-06-01"))
    someone = enrol(tx, "ada", joined_at=day("2020-02-29"))
    spend(tx, someone, 1000, day("2023-06-02"))
    ends = [programme.standing(tx, someone, at=day(f"{year}-06-02")).cycle_ends for year in range(2023, 2028)]
    assert [end and end.date().isoformat() for end in ends] == [
        "2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
    ]  # fmt: skip


def test_case_11_a_new_time_zone_and_new_tiers_leave_the_years_that_are_over_as_they_were(tx: Transaction) -> None:
    publish(tx, CALENDAR, at=day("2023-06-01"))
    someone = enrol(tx, "ada", joined_at=day("2023-06-01"))
    spend(tx, someone, 5000, day("2023-06-02"))
    pass_time(tx, day("2024-02-01"))
    over = tx.rows("select * from programme_tier_cycles")
    before = told(tx, someone)
    harder = replace(CALENDAR, tiers=tuple(replace(one, reach=one.reach * 10, keep=None) for one in TIERS))
    publish(tx, harder, at=day("2024-02-02"), zone="Asia/Shanghai")
    pass_time(tx, day("2024-06-01"))
    assert (tx.rows("select * from programme_tier_cycles"), told(tx, someone)) == (over, before)
    assert programme.standing(tx, someone, at=day("2024-06-01")).cycle_ends == datetime(2025, 1, 1, tzinfo=UTC)
    assert tier(tx, someone, day("2024-06-01")) == "gold", "what last year gave is had until this one is over"
    pass_time(tx, day("2025-01-02"))
    assert told(tx, someone)[len(before) :] == [("tier.left", datetime(2025, 1, 1, tzinfo=UTC), "bronze")]
    assert programme.standing(tx, someone, at=day("2025-02-01")).cycle_ends == datetime(2025, 12, 31, 16, tzinfo=UTC)
    [(begins, ends)] = tx.rows("select begins, ends from programme_tier_cycles where ends > %(d)s", d=day("2024-06-01"))
    assert (begins, ends) == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)), "no gap, no overlap"


def test_case_11_a_year_that_ended_under_the_old_rules_is_closed_by_them_however_late_the_work_is_done(
    tx: Transaction,
) -> None:
    publish(tx, CALENDAR, at=day("2023-06-01"))
    someone = enrol(tx, "ada", joined_at=day("2023-06-01"))
    spend(tx, someone, 1000, day("2023-06-02"))
    easier = replace(CALENDAR, tiers=(*TIERS[:2], replace(TIERS[2], reach=1000 + 1, keep=900)))
    publish(tx, easier, at=day("2024-01-05"), effective_at=day("2024-01-05"))
    spend(tx, someone, 100, day("2024-03-01"))  # the jobs slept over the turn of the year
    assert told(tx, someone) == [
        ("tier.reached", day("2023-06-02"), "silver"),
        ("tier.kept", datetime(2024, 1, 1, tzinfo=UTC), "silver"),
    ]


def test_case_18_what_is_learned_of_a_closed_year_counts_in_it_and_rewrites_nothing(tx: Transaction) -> None:
    publish(tx, CALENDAR, at=day("2023-06-01"))
    someone = enrol(tx, "ada", joined_at=day("2023-06-01"))
    spend(tx, someone, 700, day("2023-06-02"))
    pass_time(tx, day("2024-02-01"))
    over = tx.rows("select * from programme_tier_cycles")
    count(tx, someone, Event(day("2023-07-01"), day("2023-07-01"), 600), posted_at=day("2024-03-01"))
    programme.review(tx, [(someone, day("2023-07-01"))], at=day("2024-03-01"))
    assert (tier(tx, someone, day("2024-03-01")), told(tx, someone)) == ("bronze", [])
    assert tx.rows("select * from programme_tier_cycles") == over

    def as_of(then: datetime, known: datetime) -> tuple[str, int]:
        found = programme.standing_as_of(tx, someone, as_of=then, known_at=known)
        return found.tier.code, found.qualifying_minor

    assert as_of(day("2023-08-01"), day("2024-02-28")) == ("bronze", 700)
    assert as_of(day("2023-08-01"), day("2024-03-01")) == ("silver", 1300)
    assert as_of(day("2024-01-15"), day("2024-03-01")) == ("silver", 0), "kept by the year as it is known now"


FLAPPING = replace(
    MAIN, tiers=(TIERS[0], replace(TIERS[1], gift=Gift(points=50)), replace(TIERS[2], gift=Gift(reward="mug")))
)


def test_case_29_spending_points_moves_no_tier_and_a_refund_is_hysteresis_not_flapping(tx: Transaction) -> None:
    points = replace(MAIN, measure=Measure("points", "points"))
    publish(tx, points)
    someone = enrol(tx, "ada")
    for number in range(3):
        ledger.earn(tx, someone, 400, reference=f"e{number}", at=NOON + number * DAY)
        programme.review(tx, [(someone, NOON + number * DAY)], at=NOON + number * DAY)
        ledger.spend(tx, someone, 400, reference=f"s{number}", at=NOON + number * DAY)
    assert names(tx, someone) == ["reached silver"], "what was earned counts, not what is left"
    for number, amount in enumerate((300, 100, 1)):  # 1200 - 300 = 900 keeps, 800 keeps, 799 does not
        at = NOON + (10 + number) * DAY
        ledger.reverse_earn(tx, someone, amount, reference=f"r{number}", reverses=f"e{number}", at=at)
        programme.review(tx, [(someone, at)], at=at)
    assert told(tx, someone)[1:] == [("tier.left", NOON + 12 * DAY, "bronze")]
    back = NOON + 20 * DAY
    ledger.earn(tx, someone, 100, reference="again", at=back)
    programme.review(tx, [(someone, back)], at=back)
    assert tier(tx, someone, back) == "bronze", "899 keeps silver, and does not reach it"


def test_case_29_grace_and_a_least_stay_hold_a_tier_that_wavers(tx: Transaction) -> None:
    publish(tx, replace(MAIN, grace=Span(10, "day"), stay=Span(30, "day")))
    someone = enrol(tx, "ada")
    spend(tx, someone, 1000, NOON)
    spend(tx, someone, -900, NOON + DAY)
    lost = programme.standing(tx, someone, at=NOON + 2 * DAY)
    assert (lost.tier.code, lost.falls_to and lost.falls_to.code) == ("silver", "bronze")
    assert lost.lost_at == ledger.day_begins(date(2026, 4, 2), LONDON), "31 days: a whole stay, not a grace of 10"
    spend(tx, someone, 700, NOON + 20 * DAY)
    pass_time(tx, NOON + 60 * DAY)
    assert told(tx, someone) == [("tier.reached", NOON, "silver"), ("tier.kept", NOON + 20 * DAY, "silver")]


def test_case_29_a_gift_comes_once_in_a_cycle_however_often_the_tier_is_reached(tx: Transaction) -> None:
    publish(tx, FLAPPING)
    someone = enrol(tx, "ada")
    for number in range(4):
        spend(tx, someone, 1000, NOON + 2 * number * DAY)
        spend(tx, someone, -1000, NOON + (2 * number + 1) * DAY)
    assert names(tx, someone).count("reached silver") == 4
    assert ledger.balance(tx, someone, at=NOON + 9 * DAY).available == 50
    assert [one for one in names(tx, someone) if one.startswith("rewarded")] == ["rewarded silver"]
    spend(tx, someone, 5000, NOON + 400 * DAY)
    assert ledger.balance(tx, someone, at=NOON + 400 * DAY).available == 50
    spend(tx, someone, -4000, NOON + 401 * DAY)
    spend(tx, someone, -1000, NOON + 402 * DAY)
    spend(tx, someone, 1000, NOON + 403 * DAY)
    assert ledger.balance(tx, someone, at=NOON + 403 * DAY).available == 100, "a new cycle, a new gift"
    found = [one.data["reward"] for one in facts.timeline(tx, member_id=someone) if one.name == "tier.rewarded"]
    assert found == [None, "mug", None]


@pytest.mark.parametrize(
    ("refunds", "then", "at_the_end"), [("at_once", "bronze", "bronze"), ("cycle_end", "silver", "bronze")]
)
def test_case_29_a_refund_that_undoes_a_tier_counts_at_once_or_when_the_cycle_ends(
    tx: Transaction, refunds: Any, then: str, at_the_end: str
) -> None:
    publish(tx, replace(CALENDAR, refunds=refunds), at=day("2024-01-10"))
    someone = enrol(tx, "ada", joined_at=day("2024-01-10"))
    spend(tx, someone, 1000, day("2024-03-01"))
    count(tx, someone, Event(day("2024-03-01"), day("2024-04-01"), -1000))
    programme.review(tx, [(someone, day("2024-04-01"))], at=day("2024-04-01"))
    assert tier(tx, someone, day("2024-04-02")) == then
    spend(tx, someone, 100, day("2024-05-01"))
    assert tier(tx, someone, day("2024-05-02")) == then, "what came back reaches nothing new"
    pass_time(tx, day("2025-01-02"))
    assert tier(tx, someone, day("2025-01-02")) == at_the_end


def test_orders_count_while_anything_of_them_is_kept(tx: Transaction) -> None:
    many = replace(MAIN, measure=Measure("orders"), tiers=(TIERS[0], replace(TIERS[1], reach=2, keep=None)))
    publish(tx, many)
    someone = enrol(tx, "ada")
    rows = [
        ("ord_0000000000001", 500),
        ("ord_0000000000002", 500),
        ("ret_1/ord_0000000000002", -400),
        ("ret_2/ord_0000000000002", -100),
    ]
    seen: list[int] = []
    for number, (reference, amount) in enumerate(rows):
        at = NOON + number * DAY
        counts = NOON + DAY if "2" in reference.partition("/")[2] or reference.endswith("2") else NOON
        tx.run(
            "insert into programme_qualifying (member_id, counts_at, known_at, reference, amount_minor, posted_at) "
            "values (%(m)s, %(c)s, %(k)s, %(r)s, %(a)s, %(k)s)",
            m=someone, c=counts, k=at, r=reference, a=amount,
        )  # fmt: skip
        programme.review(tx, [(someone, at)], at=at)
        seen.append(programme.standing(tx, someone, at=at).qualifying_minor)
        assert programme.standing_as_of(tx, someone, as_of=at, known_at=at).qualifying_minor == seen[-1]
    assert seen == [1, 2, 2, 1]
    assert names(tx, someone) == ["reached silver", "left bronze"]


def test_events_count_by_their_name(tx: Transaction) -> None:
    visits = replace(
        MAIN, measure=Measure("event", "store.visited"), tiers=(TIERS[0], replace(TIERS[1], reach=3, keep=None))
    )
    publish(tx, visits)
    someone = enrol(tx, "ada")
    assert programme.counted_facts(tx, at=NOON) == {"store.visited"}
    for number in range(3):
        at = NOON + number * DAY
        facts.record(tx, [facts.Fact("store.visited", at, someone), facts.Fact("store.left", at, someone)], at=at)
        programme.review(tx, [(someone, at)], at=at)
    assert told(tx, someone) == [("tier.reached", NOON + 2 * DAY, "silver")]
    assert programme.standing_as_of(tx, someone, as_of=NOON + DAY, known_at=NOON + 9 * DAY).qualifying_minor == 2


def test_several_sets_stand_side_by_side_and_the_first_is_the_members_tier(tx: Transaction) -> None:
    other = replace(
        CALENDAR, code="club", measure=Measure("orders"), tiers=(TIERS[0], replace(TIERS[2], reach=2, keep=None))
    )
    publish(tx, MAIN, other)
    someone = enrol(tx, "ada")
    for number in range(2):
        spend(tx, someone, 500, NOON + number * DAY)
    assert [(one.one.code, one.tier.code) for one in programme.standings(tx, someone, at=NOON + DAY)] == [
        ("main", "silver"), ("club", "gold"),
    ]  # fmt: skip
    shown = "select tier from programme_current_tiers"
    assert tx.values(shown) == ["silver"]
    publish(tx, other, MAIN, at=NOON + 2 * DAY)
    pass_time(tx, NOON + 2 * DAY)
    assert tx.values(shown) == ["gold"]
    publish(tx, MAIN, at=NOON + 3 * DAY)
    pass_time(tx, NOON + 3 * DAY)
    assert (tx.values(shown), programme.tiers.figures.distribution(tx, "club")) == (["silver"], {})


def test_who_is_about_to_lose_a_tier_is_told_once_in_a_cycle_with_what_is_missing(tx: Transaction) -> None:
    publish(tx, replace(CALENDAR, notice_days=30, grace=Span(14, "day")), at=day("2024-01-10"))
    someone = enrol(tx, "ada", joined_at=day("2024-01-10"))
    spend(tx, someone, 5000, day("2024-03-01"))
    pass_time(tx, day("2025-03-01"))
    assert names(tx, someone) == ["reached gold", "kept gold"]
    spend(tx, someone, 3880, day("2025-03-02"))
    pass_time(tx, day("2025-12-15"))
    [warned] = [one for one in facts.timeline(tx, member_id=someone) if one.name == "tier.at_risk"]
    assert (warned.occurred_at, warned.data["missing_minor"], warned.data["falls_to"]) == (
        day("2025-12-02", 0),
        120,
        "silver",
    )
    now = programme.standing(tx, someone, at=day("2025-12-15"))
    assert (now.keep_minor, now.falls_to and now.falls_to.code) == (120, "silver")
    assert now.lost_at == datetime(2026, 1, 15, tzinfo=UTC)
    [shown] = programme.tiers.figures.at_risk(tx, "main", limit=9)
    assert (shown.member_id, shown.tier) == (someone, "gold")
    pass_time(tx, day("2026-01-20"))
    assert names(tx, someone)[2:] == ["at_risk gold", "left silver"]
    assert told(tx, someone)[-1][1] == datetime(2026, 1, 15, tzinfo=UTC), "two weeks of grace, and the day is over"


def test_notice_of_a_rolling_window_looks_ahead(tx: Transaction) -> None:
    publish(tx, replace(MAIN, notice_days=30))
    someone = enrol(tx, "ada")
    spend(tx, someone, 900, NOON)
    spend(tx, someone, 300, NOON + 100 * DAY)
    pass_time(tx, NOON + 500 * DAY)
    assert [(name, at.date().isoformat()) for name, at, _ in told(tx, someone)] == [
        ("tier.reached", "2026-06-10"), ("tier.at_risk", "2027-01-31"), ("tier.left", "2027-03-02"),
    ]  # fmt: skip
