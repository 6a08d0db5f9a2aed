"""Points and tiers follow orders, returns and cancellations, whatever the order in which they come."""

from dataclasses import replace
from datetime import datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import make
from cast import ADA, CLEO
from conftest import NOON
from make import DAY, came_back, line, order
from programme.making import bring, member_of, points
from regulars import commerce, facts, jobs, ledger, programme
from regulars.app import App
from regulars.programme import proportional
from regulars.storage import Database


@pytest.fixture
def app(database: Database) -> App:
    return make.app(database)


def tier(app: App, customer: str, *, at: datetime = NOON) -> tuple[str, int]:
    with app.database.transaction() as tx:
        progress = programme.standing(tx, member_of(tx, customer), at=at)
        kept = tx.value("select tier from programme_standings where member_id = %(m)s", m=member_of(tx, customer))
    assert kept == progress.tier.code
    return kept, progress.qualifying_minor


def test_a_paid_order_earns_by_line_rounded_down(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 1, 259), line("CUP", 1, 259), line("POST", 1, 500, kind="shipping")))
    assert points(app, ADA) == (50, 0)


def test_an_unpaid_order_earns_when_it_is_paid_and_guests_earn_nothing(app: App) -> None:
    [unpaid, _] = bring(app, order("1", ADA, paid=False), order("2"))
    assert points(app, ADA) == (0, 0)
    with app.database.transaction() as tx:
        commerce.pay_order(tx, unpaid, at=NOON)
    jobs.react(app, patience_seconds=30)
    assert points(app, ADA) == (100, 0)
    with app.database.transaction() as tx:
        assert tx.value("select count(*) from ledger_balances") == 1


def test_reacting_again_to_everything_changes_nothing(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 3, 1000)), came_back("R1", ADA, line("MUG", 1, 1000)))
    before = points(app, ADA), tier(app, ADA, at=NOON + DAY)
    with app.database.transaction() as tx:
        tx.run("update facts_cursors set xact = '0', fact_id = 0")
    assert jobs.react(app, patience_seconds=30) > 0
    assert (points(app, ADA), tier(app, ADA, at=NOON + DAY)) == before == ((200, 0), ("bronze", 2000))


def test_points_lapse_with_the_month_two_years_on(app: App) -> None:
    bring(app, order("1", ADA, placed_at=NOON))
    assert points(app, ADA, at=datetime.fromisoformat("2028-03-31T22:59:59.999999+00:00")) == (100, 0)
    assert points(app, ADA, at=datetime.fromisoformat("2028-03-31T23:00:00+00:00")) == (0, 0)


def test_an_order_returned_before_it_is_paid_earns_only_what_was_kept(app: App) -> None:
    [unpaid, _] = bring(
        app, order("1", CLEO, line("MUG", 3, 1000), paid=False), came_back("R1", None, line("MUG", 2, 1000), of="1")
    )
    with app.database.transaction() as tx:
        commerce.pay_order(tx, unpaid, at=NOON + 2 * DAY)
    jobs.react(app, patience_seconds=30)
    assert points(app, CLEO, at=NOON + 2 * DAY) == (100, 0)


def test_a_cancelled_order_gives_back_what_it_still_holds(app: App) -> None:
    [bought, _] = bring(
        app, order("1", CLEO, line("MUG", 3, 1000)), came_back("R1", None, line("MUG", 1, 1000), of="1")
    )
    with app.database.transaction() as tx:
        commerce.cancel_order(tx, bought, at=NOON + 2 * DAY)
    jobs.react(app, patience_seconds=30)
    assert points(app, CLEO) == (0, 0)
    assert tier(app, CLEO, at=NOON + 2 * DAY) == ("bronze", 0)


def test_case_01_a_return_after_the_points_were_spent_becomes_a_debt_that_the_next_order_pays(app: App) -> None:
    bring(app, order("1", CLEO, line("COAT", 1, 10_000)))
    with app.database.transaction() as tx:
        ledger.spend(tx, member_of(tx, CLEO), 900, reference="voucher", at=NOON)
    bring(app, came_back("R1", None, line("COAT", 1, 10_000), of="1"))
    assert points(app, CLEO) == (0, 900)
    bring(app, order("2", CLEO, line("COAT", 1, 12_000)))
    assert points(app, CLEO) == (300, 0)


def test_case_05_a_return_takes_back_what_was_given_under_the_programme_of_that_day(app: App) -> None:
    bring(app, order("1", CLEO, line("MUG", 2, 1000)))
    with app.database.transaction() as tx:
        double = replace(programme.current(tx, at=NOON), earning=(proportional(5, 10),))
        programme.publish(tx, double, at=NOON, by="test")
    bring(app, order("2", CLEO, line("CUP", 2, 1000), placed_at=NOON + DAY))
    assert points(app, CLEO) == (200 + 1000, 0)
    bring(app, came_back("R1", None, line("MUG", 1, 1000), of="1"), came_back("R2", None, line("CUP", 1, 1000), of="2"))
    assert points(app, CLEO) == (100 + 500, 0)


NUMBERS = count(1000)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_case_02_however_an_order_comes_back_all_of_it_takes_back_all_of_its_points(
    app: App, data: st.DataObject
) -> None:
    number = str(next(NUMBERS))  # a member of its own each time: Hypothesis may leave an example half way
    sold = data.draw(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 999)), min_size=1, max_size=3))
    bring(app, order(number, number, *(line(f"S{n}", quantity, price) for n, (quantity, price) in enumerate(sold))))
    pieces = data.draw(st.permutations([f"S{n}" for n, (quantity, _) in enumerate(sold) for _ in range(quantity)]))
    for n, sku in enumerate(pieces):
        bring(app, came_back(f"{number}-{n}", None, line(sku, 1, 1), of=number), react=data.draw(st.booleans()))
    jobs.react(app, patience_seconds=30)
    assert points(app, number) == (0, 0)


def test_money_beyond_what_a_line_cost_takes_no_more_points_and_spend_than_the_line_gave(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 2, 1000)), order("2", ADA, line("CUP", 1, 5000)))
    bring(app, came_back("R1", ADA, line("MUG", 1, 99_000)))
    assert points(app, ADA) == (100 + 500, 0)
    assert tier(app, ADA, at=NOON + DAY) == ("bronze", 1000 + 5000)


def test_a_return_takes_nothing_of_an_order_placed_after_it(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 2, 1000), placed_at=NOON + 2 * DAY))
    bring(app, came_back("R1", ADA, line("MUG", 2, 1000)))
    assert points(app, ADA) == (200, 0)
    assert tier(app, ADA, at=NOON + 2 * DAY) == ("bronze", 2000)


def test_an_amended_order_keeps_the_terms_of_its_first_award(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 1, 1000, line_no=1)))
    with app.database.transaction() as tx:
        changed = replace(programme.current(tx, at=NOON), earning=(proportional(5, 10),), expiry=None)
        programme.publish(tx, changed, at=NOON, by="test")
    bring(app, order("1", ADA, line("MUG", 1, 1000, line_no=1), line("CUP", 1, 500, line_no=2)))
    with app.database.transaction() as tx:
        lots = ledger.lots(tx, member_of(tx, ADA), at=NOON)
    assert [(lot.amount, lot.expires_at and lot.expires_at.year) for lot in lots] == [(150, 2028)]


def test_tiers_follow_twelve_months_spend_both_ways(app: App) -> None:
    bring(app, order("1", ADA, line("COAT", 1, 90_000)))
    assert tier(app, ADA) == ("bronze", 90_000)
    bring(app, order("2", ADA, line("HAT", 1, 10_000), placed_at=NOON + DAY))
    assert tier(app, ADA, at=NOON + DAY) == ("silver", 100_000)
    bring(app, came_back("R", None, line("HAT", 1, 10_000), of="2", returned_at=NOON + 2 * DAY))
    assert tier(app, ADA, at=NOON + 2 * DAY) == ("bronze", 90_000)
    with app.database.transaction() as tx:
        told = [
            (fact.name, fact.data["tier"], fact.occurred_at)
            for fact in facts.timeline(tx, member_id=member_of(tx, ADA))
            if fact.name.startswith("tier.")
        ]
    assert told == [("tier.left", "bronze", NOON + 2 * DAY), ("tier.reached", "silver", NOON + DAY)]


def test_a_tier_is_left_at_the_moment_its_spend_is_a_year_old(app: App) -> None:
    bring(app, order("1", ADA, line("COAT", 1, 100_000)))
    year = datetime.fromisoformat("2027-03-02T12:00:00+00:00")
    for at, expected in ((year - DAY, "silver"), (year, "bronze")):
        jobs.tick(make.app(app.database, at=at), patience_seconds=30)
        assert tier(app, ADA, at=at)[0] == expected
    with app.database.transaction() as tx:
        left = [
            fact.occurred_at for fact in facts.timeline(tx, member_id=member_of(tx, ADA)) if fact.name == "tier.left"
        ]
    assert left == [year]


def test_case_18_an_order_that_arrives_late_counts_from_now_on_and_rewrites_nothing(app: App) -> None:
    bring(app, order("2", ADA, line("COAT", 1, 60_000), placed_at=NOON + 5 * DAY))
    bring(app, order("1", ADA, line("COAT", 1, 60_000), placed_at=NOON))
    assert tier(app, ADA, at=NOON + 5 * DAY) == ("silver", 120_000)
    with app.database.transaction() as tx:
        reached = [
            fact.occurred_at for fact in facts.timeline(tx, member_id=member_of(tx, ADA)) if fact.name == "tier.reached"
        ]
    assert reached == [NOON + 5 * DAY]


def test_a_new_programme_judges_every_tier_anew(app: App) -> None:
    bring(app, order("1", ADA, line("COAT", 1, 60_000)))
    with app.database.transaction() as tx:
        now = programme.current(tx, at=NOON)
        tiers = tuple(replace(one, reach=one.reach // 2) for one in now.main.tiers)
        programme.publish(tx, replace(now, tier_sets=(replace(now.main, tiers=tiers),)), at=NOON, by="test")
    jobs.tick(app, patience_seconds=30)
    assert tier(app, ADA) == ("silver", 60_000)


def test_without_a_shop_there_is_no_programme_and_the_first_shop_brings_the_default(app: App) -> None:
    with app.database.transaction() as tx:
        with pytest.raises(programme.NoProgramme):
            programme.current(tx, at=NOON)
        make.shop(tx, "cn", currency="CNY", time_zone="Asia/Shanghai")
        assert programme.current(tx, at=NOON).version_id == 0
        made = programme.in_force(tx, at=NOON)
    assert (made.version_id, made.currency, made.time_zone) == (1, "CNY", "Asia/Shanghai")


def test_an_amended_order_earns_the_difference(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 1, 1000, line_no=1)))
    bring(app, order("1", ADA, line("MUG", 1, 1000, line_no=1), line("CUP", 1, 500, line_no=2)))
    assert points(app, ADA) == (150, 0)
    bring(app, came_back("R1", None, line("MUG", 1, 1000), line("CUP", 1, 500), of="1"))
    assert points(app, ADA) == (0, 0)
