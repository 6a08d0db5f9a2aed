# ruff: noqa: RUF001 - Chinese has commas of its own
"""Members earn for more than orders: events, challenges, streaks, birthdays and anniversaries."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cast import ADA, BEN
from conftest import NOON
from make import DAY, came_back, line, order
from programme.test_earning import bring, has, says
from regulars import facts, jobs, ledger, members, programme
from regulars.facts import decisions
from regulars.ledger import Span
from regulars.members import NewMember
from regulars.programme import BadProgramme, Programme, Rule, earning, goals, occasions
from regulars.programme.earning import Challenge, Limit, Streak
from regulars.programme.events import BadEvent, DataSchema, EventChanged, EventType, NewEvent, Property
from regulars.programme.goals import Step
from regulars.programme.occasions import Origin
from regulars.programme.tiers import Measure
from regulars.storage import Transaction

REVIEW = EventType(
    "review", "Review written", "写评价",
    DataSchema(
        {
            "rating": Property("integer", "rating", "评分", 1, 5),
            "photo": Property("boolean", "with a photo", "带图"),
            "channel": Property("string", "channel", "渠道", enum=("app", "web")),
        },
        ("rating",),
    ),
)  # fmt: skip
VISIT = EventType("visit", "Visit", "到访")


def rule(code: str, points: str, when: str = "true", **more: Any) -> Rule:
    return Rule(code, code, code, points, when=when, **{"kind": "bonus", "event": None, **more})


def reviews(code: str, points: str, when: str = "true", **more: Any) -> Rule:
    return rule(code, points, when, on="event", event="review", **more)


def declared(tx: Transaction, *rules: Rule, **terms: Any) -> None:
    says(tx, *rules, events=(REVIEW, VISIT), **terms)


def enrol(tx: Transaction, name: str = ADA, **more: Any) -> int:
    return members.enrol(tx, [NewMember(name, "uk", **more)], at=NOON)[0].member_id


def review(
    tx: Transaction, number: str, rating: int = 5, *, who: str = ADA, at: datetime = NOON, **data: Any
) -> NewEvent:
    return NewEvent("review", number, enrol(tx, who), at, {"rating": rating, **data})


def visit(tx: Transaction, day: int, *, who: str = ADA) -> NewEvent:
    return NewEvent("visit", f"v{who}{day}", enrol(tx, who), NOON + day * DAY)


def tell(tx: Transaction, *told: NewEvent, at: datetime = NOON) -> list[programme.EventOutcome]:
    done = programme.record_events(tx, told, at=at)
    assert [one.status for one in done if one.error] == ["refused" for one in done if one.error]
    return done


def why(tx: Transaction, subject_id: int, *, language: Any = "en") -> list[str]:
    latest = next(one for one in decisions.of_subject(tx, subject_id) if one.verdicts)
    return [
        one.sentence
        for one in programme.explain(tx, [latest], language=language, audience="member")[latest.decision_id]
    ]


def test_an_event_earns_by_its_data_once_and_says_why(tx: Transaction) -> None:
    declared(
        tx,
        reviews("stars", "event.rating * 10", "event.rating >= 3 && event.channel != 'web'"),
        reviews("photo", "7", "event.photo"),
    )
    [done] = tell(tx, review(tx, "r1", 4, channel="app"))
    assert (done.status, done.given, has(tx)) == ("recorded", {"points": 40}, 40)
    assert why(tx, done.event_id or 0) == ["Gave 40.", "Its condition did not hold."]
    [low] = tell(tx, review(tx, "r2", 2, photo=True))
    assert why(tx, low.event_id or 0, language="zh") == ["评分须不少于 3，当时为 2。", "已发放 7 分。"]
    [again] = tell(tx, review(tx, "r1", 4, channel="app"), at=NOON + DAY)
    assert (again.status, again.event_id, again.given, has(tx)) == ("replayed", done.event_id, {"points": 40}, 47)
    assert [fact.name for fact in facts.timeline(tx, member_id=enrol(tx)) if fact.name.startswith("event.")] == [
        "event.review"
    ] * 2


def test_events_are_recorded_or_refused_each_by_itself(tx: Transaction) -> None:
    declared(tx, reviews("stars", "10"))
    good = review(tx, "r1")
    wrong = [
        replace(good, external_id="a", code="dance"), replace(good, external_id="b", data={}),
        replace(good, external_id="c", data={"rating": 6}), replace(good, external_id="d", data={"rating": True}),
        replace(good, external_id="e", data={"rating": 5, "channel": "fax"}), replace(good, external_id="f", data={"rating": 5, "x": 1}),
        replace(good, external_id="g", happened_at=NOON + 3 * DAY), replace(good, data={"rating": 1}), replace(good, external_id="h\n"),
    ]  # fmt: skip
    done = tell(tx, good, *wrong, good)
    assert [one.status for one in done] == ["recorded", *["refused"] * len(wrong), "replayed"]
    told = [one.error.details["field"] if isinstance(one.error, BadEvent) else type(one.error) for one in done[1:-1]]
    assert told == ["event", "data.rating", "data.rating", "data.rating", "data.channel", "data.x", "happened_at", EventChanged, "external_id"]  # fmt: skip
    assert str(done[5].error) == "data.channel is 'fax': give one of app, web."
    [later] = tell(tx, replace(good, data={"rating": 2}))
    assert isinstance(later.error, EventChanged)
    assert has(tx) == 10


def test_limits_cooldowns_stacking_and_multipliers_hold_for_events(tx: Transaction) -> None:
    declared(
        tx, reviews("base", "10", kind="base"), reviews("double", "200", kind="multiplier", limits=(Limit("month", most_times=1),)),
        reviews("best", "3", stack="best", group="g"), reviews("better", "event.rating", stack="best", group="g"),
        reviews("rare", "100", cooldown=Span(7, "day")),
    )  # fmt: skip
    first, second = tell(tx, review(tx, "r1"), review(tx, "r2", at=NOON + timedelta(minutes=1)))
    assert (first.given, second.given) == ({"points": 10 + 10 + 5 + 100}, {"points": 10 + 5})
    assert why(tx, second.event_id or 0)[1] == "Its limit had been reached."
    assert why(tx, second.event_id or 0)[4] == "It was too soon after the last time."


def test_case_05_an_event_told_late_earns_by_the_rules_of_its_day(tx: Transaction) -> None:
    declared(tx, reviews("old", "10"))
    says(tx, reviews("new", "500"), at=NOON + 2 * DAY, events=(REVIEW,))
    tell(tx, review(tx, "r1", at=NOON + DAY), review(tx, "r2", at=NOON + 2 * DAY), at=NOON + 3 * DAY)
    assert has(tx) == 510


def test_rules_read_tiers_of_every_set_and_events_of_before(tx: Transaction) -> None:
    declared(tx)
    club = replace(programme.current(tx, at=NOON).main, code="club", name_en="Club", name_zh="俱乐部")
    sets = (*programme.current(tx, at=NOON).tier_sets, club)
    second = reviews("second", "9", "history.events('review', 30) == 1")
    declared(
        tx, second, reviews("silver", "5", "member.tiers.club == 'silver' && member.tier == 'silver'"), tier_sets=sets
    )
    tell(tx, review(tx, "r1"))
    assert has(tx) == 0
    bring(tx, order("1", ADA, line("SOFA", 1, 100_000)))
    tell(tx, review(tx, "r2", at=NOON + DAY), at=NOON + DAY)
    assert has(tx) == 14
    with pytest.raises(BadProgramme, match="name a tier set"):
        declared(tx, reviews("gold", "5", "member.tiers.vip == 'gold'"))


def test_tiers_can_count_events(tx: Transaction) -> None:
    declared(tx)
    one = programme.current(tx, at=NOON).main
    tiers = tuple(replace(tier, reach=place * 2) for place, tier in enumerate(one.tiers))
    declared(tx, tier_sets=(replace(one, tiers=tiers, measure=Measure("event", "event.review")),))
    tell(tx, review(tx, "r1"), review(tx, "r2"))
    jobs.react_within(tx, at=NOON)
    assert programme.standing(tx, enrol(tx), at=NOON).tier.code == "silver"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"on": "event"}, "earning[0].event"),
    ({"event": "review"}, "earning[0].event"),
    ({"on": "event", "event": "dance"}, "earning[0].event"),
    ({"on": "birthday", "challenge": Challenge(3)}, "earning[0].challenge"),
    ({"challenge": Challenge(3)}, "earning[0].per"),
    ({"per": "order", "challenge": Challenge(3), "streak": Streak(3)}, "earning[0].challenge"),
    ({"per": "order", "challenge": Challenge(0)}, "earning[0].challenge.reach"),
    ({"per": "order", "streak": Streak(1)}, "earning[0].streak.times"),
    ({"per": "order", "streak": Streak(3), "kind": "multiplier"}, "earning[0].kind"),
    ({"per": "order", "streak": Streak(3), "stack": "exclusive"}, "earning[0].stack"),
    ({"per": "order", "challenge": Challenge(3, "order.shop")}, "earning[0].challenge.counts"),
    ({"on": "event", "event": "review", "when": "event.stars > 1"}, "earning[0].when"),
    ({"on": "event", "event": "review", "when": "order.pieces > 1"}, "earning[0].when"),
    ({"on": "birthday", "when": "lines.exists(l, l.quantity > 1)"}, "earning[0].when"),
    ({"per": "order", "when": "history.events('dance', 3) > 1"}, "earning[0].when"),
]


@pytest.mark.parametrize(("more", "field"), BAD)
def test_what_no_rule_can_say_is_refused(more: dict[str, Any], field: str) -> None:
    with pytest.raises(BadProgramme) as refused:
        earning.check([rule("r", "1", **more)], [REVIEW], ["main"])
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"code": "Review"}, "events[0].code"),
        ({"name_zh": " "}, "events[0].name_zh"),
        ({"schema": {"properties": {"n": {"type": "integer", "name_en": "N", "name_zh": "数", "minLength": 3}}}}, "events[0].schema.properties.n.minLength"),
        ({"schema": {"required": ["n"]}}, "events[0].schema.required[0]"),
        ({"schema": {"properties": {"n": {"type": "string", "name_en": "N", "name_zh": "数", "minimum": 3}}}}, "events[0].schema.properties.n.minimum"),
        ({"schema": {"properties": {"n": {"type": "integer", "name_en": "N", "name_zh": "数", "minimum": 3, "maximum": 2}}}}, "events[0].schema.properties.n.maximum"),
    ],
)  # fmt: skip
def test_what_no_event_can_say_is_refused(more: dict[str, Any], field: str) -> None:
    document = programme.default("GBP", "Europe/London").as_document()
    document["events"] = [{"code": "review", "name_en": "Review", "name_zh": "评价", **more}]
    with pytest.raises(BadProgramme) as refused:
        Programme.from_document(document)
    assert refused.value.details["field"] == field


# Challenges and streaks


def three(**more: Any) -> Rule:
    return rule("three", "50", "order.goods_minor >= 1000", per="order", challenge=Challenge(3, per="month"), **more)


def days(tx: Transaction, *numbers: int, who: str = ADA) -> None:
    tell(tx, *(visit(tx, day, who=who) for day in numbers), at=NOON + 40 * DAY)


def test_a_challenge_is_reached_once_in_its_month_and_can_be_followed(tx: Transaction) -> None:
    declared(tx, three())
    ids = bring(
        tx,
        *(order(str(n), ADA, line("MUG", 1, 1000 if n != 1 else 10), placed_at=NOON + n * DAY) for n in range(6)),
        at=NOON + 6 * DAY,
    )
    assert has(tx) == 50
    told = [why(tx, order_id)[0] for order_id in ids]
    assert told[0] == "It counts: 1 of 3."
    assert told[1].startswith("Goods of the order must be at least 10.00 GBP")
    assert told[2:] == ["It counts: 2 of 3.", "Gave 50.", "It counts: 4 of 3.", "It counts: 5 of 3."]
    [followed] = programme.goal_progress(tx, enrol(tx), at=NOON + 6 * DAY)
    assert (followed.progress.done, followed.progress.takes, [one.points for one in followed.reached]) == (5, 3, [50])
    bring(tx, *(order(f"a{n}", ADA, placed_at=NOON + (35 + n) * DAY) for n in range(3)), at=NOON + 40 * DAY)
    assert has(tx, at=NOON + 40 * DAY) == 100
    assert [
        fact.data["begins_on"] for fact in facts.timeline(tx, member_id=enrol(tx)) if fact.name == "goal.reached"
    ] == ["2026-04-01", "2026-03-01"]


def test_a_challenge_can_sum_what_an_expression_says(tx: Transaction) -> None:
    mugs = "lines.filter(l, l.sku == 'MUG').map(l, l.quantity).sum()"
    declared(tx, rule("mugs", "order.pieces", per="order", challenge=Challenge(10, mugs, "year")))
    bring(tx, order("1", ADA, line("MUG", 6)), order("2", ADA, line("HAT", 9)))
    assert has(tx) == 0
    bring(tx, order("3", ADA, line("MUG", 4), line("HAT", 3)))
    assert has(tx) == 7


def test_case_03_a_goal_goes_with_the_orders_that_led_to_it_and_comes_again(tx: Transaction) -> None:
    declared(tx, three(limits=(Limit("year", most_points=60),)))
    bring(tx, *(order(str(n), ADA, placed_at=NOON + n * DAY) for n in range(3)), at=NOON + 3 * DAY)
    assert has(tx) == 50
    member = enrol(tx)
    ledger.spend(tx, member, 45, reference="voucher", at=NOON + 3 * DAY)
    bring(tx, came_back("R1", None, of="1", returned_at=NOON + 4 * DAY), at=NOON + 4 * DAY)
    assert has(tx) == -45
    bring(tx, came_back("R1", None, of="1", returned_at=NOON + 4 * DAY), at=NOON + 4 * DAY)
    assert has(tx) == -45
    bring(tx, order("9", ADA, placed_at=NOON + 5 * DAY), at=NOON + 5 * DAY)
    assert has(tx) == 5
    [followed] = programme.goal_progress(tx, member, at=NOON + 5 * DAY)
    assert [one.round for one in followed.reached] == [2]
    assert ledger.audit(tx) == []


def test_a_version_that_asks_for_something_else_takes_no_goal_back(tx: Transaction) -> None:
    declared(tx, replace(three(), challenge=Challenge(2, per="week")))
    bring(tx, *(order(str(n), ADA, placed_at=NOON + n * DAY) for n in range(2)), at=NOON + DAY)
    assert has(tx) == 50
    says(tx, replace(three(), challenge=Challenge(5, per="month")), at=NOON + 2 * DAY)
    bring(tx, order("3", ADA, placed_at=NOON + 8 * DAY), at=NOON + 8 * DAY)
    assert has(tx) == 50


def test_a_streak_counts_days_in_a_row_and_each_day_once(tx: Transaction) -> None:
    weekly = rule("row", "20", on="event", event="visit", streak=Streak(3))
    declared(tx, weekly)
    days(tx, 0, 1)
    days(tx, 3, 4)
    assert has(tx, at=NOON + 40 * DAY) == 0
    days(tx, 2)  # told late: it joins two runs to one of five
    assert has(tx, at=NOON + 40 * DAY) == 20
    days(tx, 5)
    assert has(tx, at=NOON + 40 * DAY) == 40
    [followed] = programme.goal_progress(tx, enrol(tx), at=NOON + 5 * DAY)
    assert (followed.progress.done, followed.progress.takes) == (3, 3)
    [followed] = programme.goal_progress(tx, enrol(tx), at=NOON + 7 * DAY)
    assert followed.progress.done == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**40))
def test_streaks_are_the_same_looked_at_whole_and_step_by_step(seed: int) -> None:
    """What is known of the days around a step is enough: the goals told one by one never overlap and miss none that is possible."""
    random = Random(seed)
    times, per = random.randint(2, 4), random.choice(["day", "week", "month"])
    one = rule("s", "1", on="event", event="visit", streak=Streak(times, per))  # pyright: ignore[reportArgumentType]
    numbers = random.sample(range(24), random.randint(1, 20))
    start = goals.number_of(per, date(2026, 3, 2))
    present: list[Step] = []
    held: dict[date, int] = {}
    for number in numbers:
        day = _first(per, start + number)
        present.append(Step(number, NOON + number * DAY, day, 1))
        around = goals.around(one, [day])
        near = [each for each in present if around.since <= each.day <= around.until]
        live = {
            begins: took for begins, took in held.items() if begins >= around.goals_since and begins <= around.until
        }
        found = goals.reached(one, near, live, around)
        assert set(live) <= set(found)
        held |= dict.fromkeys(found, times)
    used = [goals.number_of(per, begins) + n for begins in held for n in range(times)]
    assert len(used) == len(set(used))
    assert set(used) <= {start + number for number in numbers}
    left = sorted({start + number for number in numbers}.difference(used))
    assert not any(set(range(n, n + times)) <= set(left) for n in left)


def _first(per: Any, number: int) -> date:
    from regulars.programme.goals._rules import first_day

    return first_day(per, number)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 3))
def test_a_challenge_is_the_same_in_whatever_order_it_is_told(way: list[int], returned: int) -> None:
    one = rule("c", "1", per="order", challenge=Challenge(3, "1", "month"))
    steps = [Step(n, NOON + n * DAY, (NOON + n * DAY).date(), int(n != returned)) for n in range(4)]
    found = goals.reached(one, [steps[n] for n in way], {})
    assert found == {date(2026, 3, 1): NOON + (3 if returned < 3 else 2) * DAY}


def test_a_day_is_the_programmes_day_also_when_clocks_change(tx: Transaction) -> None:
    """Three in a row across 29 March 2026, when a day in London has 23 hours: 00:30 there is 23:30 of the day before in UTC."""
    declared(tx, rule("row", "20", on="event", event="visit", streak=Streak(3)))
    london = ZoneInfo("Europe/London")
    for number, day in enumerate((28, 29, 30)):
        moment = datetime(2026, 3, day, 0, 30, tzinfo=london)
        tell(tx, NewEvent("visit", f"n{number}", enrol(tx), moment), at=NOON + 60 * DAY)
    assert has(tx, at=NOON + 60 * DAY) == 20


# Birthdays and anniversaries


def test_a_birthday_comes_once_a_year_at_midnight_and_late_jobs_catch_up(tx: Transaction) -> None:
    declared(tx, rule("cake", "100 + occasion.years", on="birthday"))
    member = enrol(tx, attributes={"birthday": "1990-06-10"})
    _tick(tx, NOON)
    _tick(tx, datetime(2026, 6, 9, 22, 59, tzinfo=UTC))
    assert has(tx) == 0
    midnight = datetime(2026, 6, 9, 23, 0, tzinfo=UTC)
    _tick(tx, midnight)
    assert has(tx, at=midnight) == 136
    _tick(tx, midnight + DAY)
    assert has(tx, at=midnight + DAY) == 136
    late = datetime(2028, 9, 1, tzinfo=UTC)
    _tick(tx, late)
    given = [entry.reference for entry in ledger.statement(tx, member) if entry.kind == "earn"]
    assert given == ["birthday/2028", "birthday/2027", "birthday/2026"]
    [latest, *_] = decisions.of_member(tx, member)
    assert latest.kind == decisions.BIRTHDAY
    assert why(tx, member) == ["Gave 138."]
    assert [fact.name for fact in facts.timeline(tx, member_id=member)].count("occasion.rewarded") == 3


def _tick(tx: Transaction, at: datetime) -> int:
    while programme.adopt_occasions(tx, at=at, limit=2):
        pass
    total = 0
    while done := programme.celebrate_due(tx, at=at, limit=2):
        total += done
    return total


def test_a_birthday_that_is_edited_brings_no_second_one(tx: Transaction) -> None:
    declared(tx, rule("cake", "100", on="birthday"))
    member = enrol(tx, attributes={"birthday": "1990-03-05"})
    _tick(tx, NOON)
    _tick(tx, NOON + 4 * DAY)
    assert has(tx) == 100
    for number, edited in enumerate([None, "1990-03-09", "03-10", "1990-11-11", "nonsense", "1990-01-02"]):
        at = NOON + (5 + number) * DAY
        members.amend(tx, member, {"attributes": {"birthday": edited}}, at=at)
        jobs.react_within(tx, at=at)
        _tick(tx, at + DAY)
    _tick(tx, NOON + 290 * DAY)
    assert has(tx, at=NOON + 290 * DAY) == 100
    [kept] = occasions.select_of_member(tx, member_id=member)
    assert kept.due_on == date(2027, 1, 2)
    _tick(tx, NOON + 310 * DAY)
    assert has(tx, at=NOON + 310 * DAY) == 200


def test_anniversaries_come_from_the_first_year_on(tx: Transaction) -> None:
    declared(
        tx,
        rule("joined", "occasion.years * 10", on="joined_anniversary"),
        rule("first", "7", on="first_order_anniversary"),
    )
    enrol(tx, joined_at=NOON - 400 * DAY)
    enrol(tx, BEN)
    _tick(tx, NOON)
    bring(tx, order("1", ADA, placed_at=NOON), order("2", ADA, placed_at=NOON + DAY))
    _tick(tx, NOON + 364 * DAY)
    assert (has(tx, at=NOON + 364 * DAY), has(tx, BEN, at=NOON + 364 * DAY)) == (20, 0)
    _tick(tx, NOON + 365 * DAY)
    assert (has(tx, at=NOON + 365 * DAY), has(tx, BEN, at=NOON + 365 * DAY)) == (27, 10)


def test_nobody_is_given_for_birthdays_of_before_there_was_a_rule(tx: Transaction) -> None:
    member = enrol(tx, attributes={"birthday": "1990-03-01"})
    declared(tx, rule("cake", "100", on="birthday"))
    _tick(tx, NOON)
    assert occasions.select_of_member(tx, member_id=member)[0].due_on == date(2027, 3, 1)
    assert has(tx) == 0


@settings(max_examples=200, deadline=None)
@given(st.dates(date(2024, 1, 1), date(2024, 12, 31)), st.dates(date(2025, 1, 1), date(2032, 12, 31)), st.booleans())
def test_the_next_day_is_that_day_of_a_year_and_years_follow_each_other(day: date, since: date, dealt: bool) -> None:  # noqa: FBT001
    origin = Origin(1990, day.month, day.day)
    first = occasions.next_day(origin, since=since, last=None)
    assert first is not None
    assert first >= since
    assert (first.month, first.day) in {(day.month, day.day), (2, 28)}
    assert first.day == day.day or (first.year % 4 and (day.month, day.day) == (2, 29))
    following = occasions.next_day(origin, since=first + DAY, last=first if dealt else None)
    assert following is not None
    assert following.year == first.year + 1


def test_a_29_february_is_celebrated_on_the_28th_where_there_is_none(tx: Transaction) -> None:
    declared(tx, rule("cake", "1", on="birthday"))
    member = enrol(tx, attributes={"birthday": "1992-02-29"})
    _tick(tx, NOON)
    _tick(tx, datetime(2028, 3, 1, 12, tzinfo=UTC))
    days = [entry.occurred_at.date() for entry in reversed(ledger.statement(tx, member))]
    assert days == [date(2027, 2, 28), date(2028, 2, 29)]


# Many at once


def test_a_thousand_events_take_as_many_statements_as_one(tx: Transaction) -> None:
    goal = rule("row", "20", on="event", event="review", challenge=Challenge(2))
    declared(
        tx,
        reviews("stars", "event.rating", "history.events('review', 9) < 3", limits=(Limit("month", most_times=3),)),
        goal,
    )
    people = [f"m{number}" for number in range(40)]
    for who in people:
        enrol(tx, who)
    pair = [review(tx, number, who=people[0]) for number in ("one", "two")]
    few = _statements(lambda: tell(tx, *pair))
    told = [review(tx, f"{who}-{n}", who=who) for who in people[1:] for n in range(4)]
    many = _statements(lambda: tell(tx, *told))
    assert has(tx, people[7]) == 3 * 5 + 20
    assert few > 5
    assert many <= few


def _statements(work: Callable[[], object]) -> int:
    """How many statements something takes."""
    counted = 0
    run = psycopg.Cursor.execute

    def counting(self: Any, *args: Any, **more: Any) -> Any:
        nonlocal counted
        counted += 1
        return run(self, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counting)
        work()
    return counted
