"""Nothing beyond orders is given twice: told at once from many sides, with workers that die, in whatever order."""

from datetime import timedelta
from typing import Any

import pytest

import make
from cast import ADA
from conftest import NOON
from make import DAY, came_back, order
from programme import making
from programme.racing import race, wide
from programme.test_earning import has
from programme.test_occasions import _tick, declared, enrol, reviews, rule
from regulars import commerce, jobs, ledger, members, programme
from regulars.app import App
from regulars.ledger import AfterSpan, Span
from regulars.programme import occasions
from regulars.programme.earning import Challenge, Limit
from regulars.programme.events import NewEvent
from regulars.storage import Database, Transaction

GOAL = rule("five", "50", on="event", event="visit", challenge=Challenge(5))
STARS = reviews("stars", "10", limits=(Limit("month", most_points=35),))


@pytest.fixture
def app(database: Database) -> App:
    return make.app(database)


def test_case_14_events_told_by_forty_at_once_earn_once_and_no_more_than_limits(app: App) -> None:
    with app.database.transaction() as tx:
        declared(tx, STARS, GOAL)
        member = enrol(tx)
    told = [NewEvent("review", f"r{n % 20}", member, NOON, {"rating": 5}) for n in range(40)]
    told += [NewEvent("visit", f"v{n % 20}", member, NOON + timedelta(minutes=n % 20)) for n in range(40)]

    def tell(one: NewEvent) -> Any:
        return lambda tx: programme.record_events(tx, [one], at=NOON)[0].status

    with wide(app.database) as database:
        answers = race(database, [tell(one) for one in told])
    assert sorted(map(str, answers)) == ["recorded"] * 40 + ["replayed"] * 40
    with app.database.transaction() as tx:
        assert has(tx) == 35 + 50
        assert ledger.audit(tx) == []


def test_case_33_a_worker_that_dies_leaves_birthdays_to_the_next_and_none_comes_twice(app: App) -> None:
    with app.database.transaction() as tx:
        declared(tx, rule("cake", "100", on="birthday"))
        people = [enrol(tx, f"m{number}", attributes={"birthday": "1990-03-09"}) for number in range(20)]
        while programme.adopt_occasions(tx, at=NOON, limit=7):
            pass
    later = NOON + 9 * DAY
    with app.database.transaction() as one, app.database.transaction() as other, one.savepoint(undo=True):
        assert (
            programme.celebrate_due(one, at=later, limit=8) == 8
        )  # dies with its work undone, and holds its rows until then
        assert programme.celebrate_due(other, at=later, limit=100) == 12, "the rest, without waiting"
    jobs.tick(make.app(app.database, at=later), patience_seconds=30)
    jobs.tick(make.app(app.database, at=later), patience_seconds=30)
    with app.database.transaction() as tx:
        given = [ledger.balance(tx, someone, at=later).available for someone in people]
        assert given == [100] * 20
        assert tx.value("select count(*) from facts where name = 'occasion.rewarded'") == 20


def test_case_17_orders_and_returns_are_followed_by_the_jobs_in_any_order(app: App) -> None:
    """The feed brings every fact again after the answer was given; what was counted at once is not counted twice."""
    with app.database.transaction() as tx:
        declared(tx, rule("two", "40", per="order", challenge=Challenge(2)))
        shop = make.shop(tx)
        make.record(tx, shop, order("1", ADA), order("2", ADA, placed_at=NOON + DAY))
        jobs.react_within(tx, at=NOON)
        jobs.react_within(tx, at=NOON)
        assert has(tx) == 40
    jobs.react(app, patience_seconds=30)
    with app.database.transaction() as tx:
        assert has(tx) == 40
        make.take_in(tx, shop, came_back("R", None, of="2", returned_at=NOON + 2 * DAY))
    jobs.react(app, patience_seconds=30)
    with app.database.transaction() as tx:
        assert has(tx) == 0
        assert tx.value("select count(*) from facts_decisions where kind = 8") == 3


def test_case_32_a_batch_that_was_cut_off_is_told_again_whole(app: App) -> None:
    with app.database.transaction() as tx:
        declared(tx, STARS)
        member = enrol(tx)
    told = [NewEvent("review", f"r{n}", member, NOON, {"rating": 5}) for n in range(3)]
    with app.database.transaction() as tx, tx.savepoint(undo=True):
        assert [one.status for one in programme.record_events(tx, told, at=NOON)] == ["recorded"] * 3
    with app.database.transaction() as tx:
        assert has(tx) == 0
        assert [one.status for one in programme.record_events(tx, told[:2], at=NOON)] == ["recorded"] * 2
        answers = programme.record_events(tx, told, at=NOON)
        assert [one.status for one in answers] == ["replayed", "replayed", "recorded"]
        assert has(tx) == 30


def test_points_of_events_wait_and_last_as_the_programme_says(tx: Transaction) -> None:
    declared(tx, reviews("stars", "10"), pending=AfterSpan(Span(3, "day")))
    member = enrol(tx)
    programme.record_events(tx, [NewEvent("review", "r", member, NOON, {"rating": 5})], at=NOON)
    assert (has(tx, at=NOON), has(tx, at=NOON + 5 * DAY)) == (0, 10)
    declared(tx, reviews("stars", "10"), pending=ledger.AtEvent("delivered", Span(9, "day"), "lapse"))
    programme.record_events(tx, [NewEvent("review", "s", member, NOON, {"rating": 5})], at=NOON)
    assert has(tx, at=NOON) == 10, "there is no delivery to wait for"


def test_case_12_a_return_beside_the_order_that_reaches_a_goal_leaves_what_was_kept(app: App) -> None:
    """Two transactions at once: whichever is last has seen what the other did."""
    with app.database.transaction() as tx:
        declared(tx, rule("two", "40", per="order", challenge=Challenge(2)))
        shop = make.shop(tx)
        for number in range(10):
            make.record(tx, shop, order(f"a{number}", f"m{number}"), at=NOON)
        jobs.react_within(tx, at=NOON)

    def buy(number: int) -> Any:
        def work(tx: Transaction) -> None:
            make.record(tx, shop, order(f"b{number}", f"m{number}"), at=NOON)
            jobs.react_within(tx, at=NOON)

        return work

    def send_back(number: int) -> Any:
        def work(tx: Transaction) -> None:
            make.take_in(tx, shop, came_back(f"R{number}", None, of=f"a{number}", returned_at=NOON), at=NOON)
            jobs.react_within(tx, at=NOON)

        return work

    def nothing(_: Transaction) -> None:
        """Makes up the number that begin together."""

    with wide(app.database) as database:
        verbs = [verb(number) for number in range(10) for verb in (buy, send_back)]
        race(database, [*verbs, *[nothing] * 20])
    jobs.react(app, patience_seconds=30)
    with app.database.transaction() as tx:
        assert [has(tx, f"m{number}") for number in range(10)] == [0] * 10
        assert ledger.audit(tx) == []


def test_a_first_order_that_was_cancelled_has_no_anniversary(app: App) -> None:
    with app.database.transaction() as tx:
        declared(tx, rule("first", "7", on="first_order_anniversary"))
        _tick(tx, NOON)
    [first] = making.bring(app, order("1", ADA, placed_at=NOON))
    with app.database.transaction() as tx:
        member = members.by_external_id(tx, ADA, issuer="uk").member_id
        assert len(occasions.select_of_member(tx, member_id=member)) == 1
        commerce.cancel_order(tx, first, at=NOON + DAY)
    jobs.react(make.app(app.database, at=NOON + DAY), patience_seconds=30)
    with app.database.transaction() as tx:
        assert occasions.select_of_member(tx, member_id=member) == []
        _tick(tx, NOON + 366 * DAY)
        assert has(tx, at=NOON + 366 * DAY) == 0
