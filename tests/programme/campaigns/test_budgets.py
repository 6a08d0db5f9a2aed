"""Budgets: never more than there is, given back by what comes back, whoever takes at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import make
from conftest import NOON
from programme.campaigns.campaigning import bonus, budget, campaign, double, has, publish, sell, taken
from programme.racing import race, wide
from regulars import commerce, jobs, ledger, members, programme
from regulars.programme import BadProgramme, Programme, Rule, budgets
from regulars.programme.budgets import Purse, Worth, period_of
from regulars.programme.campaigns import Campaign
from regulars.programme.earning import Challenge
from regulars.storage import Database, Transaction


def test_what_stops_gives_nothing_once_it_cannot_pay(tx: Transaction) -> None:
    pot = budget(amount=250)
    publish(tx, campaign("gifts", bonus(), budget="pot"), pots=(pot,))
    sell(tx, *(make.order(str(n), f"m{n}") for n in range(4)))
    assert [has(tx, f"m{n}") for n in range(4)] == [200, 200, 100, 100]
    assert taken(tx, pot) == 200


def test_what_pays_what_is_left_is_used_up_to_the_last_point(tx: Transaction) -> None:
    pot = budget(amount=250, at_end="partial")
    publish(tx, campaign("gifts", bonus(), budget="pot"), pots=(pot,))
    sell(tx, *(make.order(str(n), f"m{n}") for n in range(4)))
    assert [has(tx, f"m{n}") for n in range(4)] == [200, 200, 150, 100]
    assert taken(tx, pot) == 250


def test_what_only_alerts_gives_all_and_tells_each_percent_once(tx: Transaction) -> None:
    pot = budget(amount=250, at_end="alert", alerts=(50, 100, 120))
    publish(tx, campaign("gifts", bonus(), budget="pot"), pots=(pot,))
    sell(tx, *(make.order(str(n), f"m{n}") for n in range(4)))
    assert taken(tx, pot) == 400
    told = tx.values("select (data ->> 'percent')::int from facts where name = 'budget.reached' order by fact_id")
    assert told == [50, 120]


def test_a_rule_whose_budget_is_used_up_keeps_no_other_from_giving(tx: Transaction) -> None:
    publish(
        tx,
        campaign("high", bonus("big", "100"), group="g", priority=1, budget="pot"),
        campaign("low", bonus("small", "10"), group="g"),
        pots=(budget(amount=150),),
    )
    [_, second] = sell(tx, make.order("1", "ada"), make.order("2", "ben"))
    assert (has(tx, "ada"), has(tx, "ben")) == (200, 110)
    trial = programme.try_order(tx, programme.current(tx, at=NOON), second)
    assert {one.code: one.sentence for one in trial.reasons("en", "member")}["big"] == "Its budget was used up."


def test_returns_and_cancellations_give_a_budget_back(tx: Transaction) -> None:
    pot = budget(amount=150)
    publish(tx, campaign("gifts", double(), budget="pot"), pots=(pot,))
    first, _ = sell(tx, make.order("1", "ada", make.line(quantity=2, unit_minor=500)), make.order("2", "ben"))
    assert (has(tx, "ada"), has(tx, "ben"), taken(tx, pot)) == (200, 100, 100)
    sell(tx, make.came_back("r1", "ada", make.line(unit_minor=500), of="1"), at=NOON + make.DAY)
    assert (has(tx, "ada"), taken(tx, pot)) == (100, 50)
    sell(tx, make.order("3", "cy"))
    assert (has(tx, "cy"), taken(tx, pot)) == (200, 150)
    cancel(tx, first)
    assert (has(tx, "ada"), taken(tx, pot)) == (0, 100)


def cancel(tx: Transaction, order_id: int) -> None:
    commerce.cancel_order(tx, order_id, at=NOON + 2 * make.DAY)
    jobs.react_within(tx, at=NOON + 2 * make.DAY)


def test_what_a_budget_would_not_pay_stays_unpaid_when_the_order_changes(tx: Transaction) -> None:
    pot = budget(amount=100)
    publish(tx, campaign("gifts", bonus(), budget="pot"), pots=(pot,))
    first, _ = sell(tx, make.order("1", "ada"), make.order("2", "ben"))
    cancel(tx, first)
    assert taken(tx, pot) == 0
    sell(tx, make.came_back("r", "ben", make.line(unit_minor=1000), of="2"), at=NOON + make.DAY)
    assert (has(tx, "ben"), taken(tx, pot)) == (0, 0)


def test_a_period_s_amount_is_there_anew_with_the_next(tx: Transaction) -> None:
    pot = budget(amount=100, period="month")
    publish(tx, campaign("gifts", bonus(), budget="pot"), pots=(pot,))
    april = datetime(2026, 3, 31, 23, 0, tzinfo=UTC)  # in London it is April
    sell(
        tx, make.order("1", "ada"), make.order("2", "ben", placed_at=april - timedelta(seconds=1)),
        make.order("3", "cy", placed_at=april), at=april,
    )  # fmt: skip
    assert [has(tx, name, at=april) for name in ("ada", "ben", "cy")] == [200, 100, 200]
    assert (taken(tx, pot), taken(tx, pot, at=april)) == (100, 100)


def test_money_is_what_points_cost_and_uses_are_how_often(tx: Transaction) -> None:
    money = budget(amount=3, unit="money", worth=Worth(1, 50), at_end="partial")
    uses = budget("times", amount=2, unit="uses")
    publish(
        tx, campaign("a", bonus("paid"), budget="pot"), campaign("b", bonus("counted", "7"), budget="times"),
        pots=(money, uses),
    )  # fmt: skip
    sell(tx, *(make.order(str(n), f"m{n}") for n in range(3)))
    assert [has(tx, f"m{n}") for n in range(3)] == [207, 157, 100]
    assert (taken(tx, money), taken(tx, uses)) == (3, 2)


@pytest.mark.parametrize(
    ("period", "first"),
    [("once", ""), ("day", "2026-03-02"), ("week", "2026-03-02"), ("month", "2026-03-01"), ("quarter", "2026-01-01"),
     ("year", "2026-01-01")],
)  # fmt: skip
def test_a_period_is_named_by_its_first_day(period: str, first: str) -> None:
    assert period_of(budget(period=period), NOON, "UTC") == first


def test_a_purse_never_pays_more_than_is_left() -> None:
    pot = budget(amount=10, unit="money", worth=Worth(3, 7), at_end="partial")
    for left in range(12):
        for points in range(40):
            paid = Purse(pot, left).pays(points, 0)
            assert 0 <= paid <= points
            assert pot.cost(paid) <= left
            assert paid == points or pot.cost(paid + 1) > left


@pytest.mark.parametrize(
    ("change", "field"),
    [({"amount": 0}, "amount"), ({"code": "A"}, "code"), ({"alerts": (100, 80)}, "alerts"), ({"name_en": ""}, "name_en"),
     ({"worth": Worth(1, 1)}, "worth"), ({"unit": "money", "worth": Worth(0, 1)}, "worth.minor")],
)  # fmt: skip
def test_what_no_budget_can_say_is_refused(change: dict[str, object], field: str) -> None:
    one = replace(budget(), **change)
    with pytest.raises(BadProgramme) as refused:
        Programme.from_document(replace(programme.default("GBP", "UTC"), budgets=(one,)).as_document())
    assert refused.value.details["field"] == f"budgets[0].{field}"


def test_case_23_a_budget_is_never_overshot_by_two_hundred_at_once(database: Database) -> None:
    pot = budget(amount=4_250, at_end="partial")
    with database.transaction() as tx:
        publish(tx, campaign("gifts", bonus(), budget="pot"), pots=(pot,))
        shop = make.shop(tx)
        ids = [one.document_id for one in make.record(tx, shop, *(make.order(str(n), f"m{n}") for n in range(200)))]

    def awarding(order_id: int) -> Callable[[Transaction], int]:
        return lambda tx: programme.award(tx, [order_id], at=NOON)

    with wide(database) as many:
        assert race(many, [awarding(order_id) for order_id in ids]) == [1] * 200
    with database.transaction() as tx:
        got = sorted(has(tx, f"m{n}") - 100 for n in range(200))
        assert got == [0] * 157 + [50] + [100] * 42
        assert taken(tx, pot) == 4_250


def test_the_same_order_awarded_twice_at_once_takes_once(database: Database) -> None:
    pot = budget(amount=1000)
    with database.transaction() as tx:
        publish(tx, campaign("gifts", bonus(), budget="pot"), pots=(pot,))
        [order_id] = [one.document_id for one in make.record(tx, make.shop(tx), make.order("1", "ada"))]
    with wide(database) as many:
        race(many, [lambda tx: programme.award(tx, [order_id], at=NOON)] * 40)
    with database.transaction() as tx:
        assert (has(tx, "ada"), taken(tx, pot)) == (200, 100)


_STEPS = st.lists(st.tuples(st.sampled_from(["buy", "half", "cancel"]), st.integers(0, 3)), min_size=3, max_size=9)


@given(_STEPS, st.sampled_from(["stop", "partial"]))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_bought_and_comes_back_a_budget_is_what_its_orders_have_of_it(
    tx: Transaction, steps: list[tuple[str, int]], at_end: str
) -> None:
    with tx.savepoint(undo=True):
        pot = budget(amount=250, at_end=at_end)
        publish(tx, campaign("double", double(), budget="pot"), pots=(pot,))
        orders: dict[int, int] = {}
        kept: dict[int, int] = {}
        for number, (what, who) in enumerate(steps):
            at = NOON + (number + 1) * timedelta(hours=1)
            if what == "buy" and who not in orders:
                lines = make.line(quantity=2, unit_minor=500)
                [orders[who]] = sell(tx, make.order(f"o{who}", f"m{who}", lines, placed_at=at), at=at)
                kept[who] = 2
            elif what == "half" and kept.get(who):
                back = make.came_back(f"r{number}", f"m{who}", make.line(unit_minor=500), of=f"o{who}", returned_at=at)
                sell(tx, back, at=at)
                kept[who] -= 1
            elif what == "cancel" and kept.get(who):
                commerce.cancel_order(tx, orders[who], at=at)
                jobs.react_within(tx, at=at)
                kept[who] = 0
            extra = [has(tx, f"m{each}", at=at) - 50 * kept[each] for each in orders]
            assert min(extra, default=0) >= 0
            assert taken(tx, pot) == sum(extra) <= 250


def stairs(big: str | None, small: str | None) -> tuple[Campaign, Campaign]:
    """500 from £100, or else 200 from £50: the first that gives something."""
    return (
        campaign("big", bonus("big_gift", "500", when="order.goods_minor >= 10000"), group="g", priority=1, budget=big),
        campaign("small", bonus("small_gift", "200", when="order.goods_minor >= 5000"), group="g", budget=small),
    )


def half_back(tx: Transaction, number: str) -> None:
    sell(tx, make.came_back(f"R{number}", None, make.line(unit_minor=6000), of=number), at=NOON + make.DAY)


def test_what_another_rule_gives_in_place_of_the_first_after_a_return_is_counted(tx: Transaction) -> None:
    pot = budget(amount=500)
    publish(tx, *stairs("pot", "pot"), pots=(pot,), earning=())
    sell(tx, make.order("1", "ada", make.line(quantity=2, unit_minor=6000)))
    half_back(tx, "1")
    assert (has(tx, "ada"), taken(tx, pot)) == (200, 200)
    sell(tx, make.order("2", "ben", make.line(quantity=2, unit_minor=6000)))
    assert (has(tx, "ben"), taken(tx, pot)) == (200, 400)  # 500 are not there any more
    gifts = tx.rows("select rule, sum(points)::int from programme_campaign_gifts where points > 0 group by rule")
    assert gifts == [("small_gift", 400)]


def test_a_return_never_moves_an_order_to_a_budget_that_cannot_pay(tx: Transaction) -> None:
    pot, few = budget(amount=5000), budget("few", amount=200)
    publish(tx, *stairs("pot", "few"), pots=(pot, few), earning=())
    for number in ("1", "2", "3"):
        sell(tx, make.order(number, f"m{number}", make.line(quantity=2, unit_minor=6000)))
    for number in ("1", "2", "3"):
        half_back(tx, number)
    assert [has(tx, f"m{number}") for number in ("1", "2", "3")] == [200, 0, 0]
    assert (taken(tx, pot), taken(tx, few)) == (0, 200)


def test_an_order_that_grows_keeps_what_a_budget_paid_for_it(tx: Transaction) -> None:
    pot = budget(amount=250)
    publish(tx, campaign("each", bonus("each_gift", "order.pieces * 100"), budget="pot"), pots=(pot,), earning=())
    [order_id] = sell(tx, make.order("1", "ada", make.line(quantity=2, line_no=1)))
    assert has(tx, "ada") == 200
    commerce.revise_order(tx, order_id, [make.line(quantity=3, line_no=1)], at=NOON)
    jobs.react_within(tx, at=NOON)
    assert (has(tx, "ada"), taken(tx, pot)) == (200, 200)


def test_what_an_edit_asked_of_an_empty_budget_is_not_given_when_there_is_some_again(tx: Transaction) -> None:
    pot = budget(amount=100)
    big = bonus(when="order.goods_minor >= 2000")
    publish(tx, campaign("big", big, budget="pot"), pots=(pot,))
    first, second = sell(
        tx, make.order("1", "ada", make.line(unit_minor=2000)), make.order("2", "ben", make.line(unit_minor=1000))
    )

    def edit(pieces: int) -> int:
        commerce.revise_order(tx, second, [make.line(quantity=pieces, unit_minor=1000, line_no=1)], at=NOON)
        jobs.react_within(tx, at=NOON)
        return has(tx, "ben")

    assert edit(2) == 200
    commerce.cancel_order(tx, first, at=NOON)
    jobs.react_within(tx, at=NOON)
    assert taken(tx, pot) == 0
    assert edit(3) == 300
    assert taken(tx, pot) == 0


def test_who_waits_for_a_budget_has_not_posted_for_a_goal_yet(database: Database) -> None:
    pot = budget()
    with database.transaction() as tx:
        goal = Rule("second", "Second", "第二单", "50", per="order", kind="bonus", challenge=Challenge(1, per="day"))
        make.shop(tx)
        goods = programme.current(tx, at=NOON).earning
        publish(tx, campaign("gifts", bonus(), budget="pot"), pots=(pot,), earning=(*goods, goal))
        sell(tx, make.order("1", "ada"))
        ada = members.by_external_id(tx, "ada", issuer="uk").member_id

    def buy() -> None:
        with database.transaction() as tx:
            sell(tx, make.order("2", "ada", placed_at=NOON + make.DAY), at=NOON + make.DAY)

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as tx:
            budgets.open_purses(tx, [("pot", "")], [])
            bought = other.submit(buy)
            waits = "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
            while not tx.value(waits):
                pass
            ledger.spend(tx, ada, 1, reference="cart", at=NOON + make.DAY)  # of an account that nobody has locked
        bought.result()
    with database.transaction() as tx:
        assert has(tx, "ada", at=NOON + make.DAY) == 2 * (100 + 100 + 50) - 1
