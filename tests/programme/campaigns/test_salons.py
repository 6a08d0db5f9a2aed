"""Salons: places, waiting lists, prices, codes at the door; and a state machine against plain lists."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import make
from conftest import NOON
from programme.racing import race, wide
from regulars import ledger, members
from regulars.programme import salons
from regulars.programme.rewards import Holder
from regulars.programme.salons import NewSalon, Salon, Signup
from regulars.storage import Database, Transaction

DAY = make.DAY
TEA = NewSalon("tea", "Tea tasting", "品茶会", NOON + 7 * DAY, NOON + 7 * DAY + timedelta(hours=2), capacity=2)


def opened(tx: Transaction, **change: object) -> Salon:
    make.shop(tx)
    return salons.open_salon(tx, replace(TEA, **change), at=NOON, by="op")


def guest(tx: Transaction, name: str, points: int = 0, *tiers: str) -> Holder:
    shop = make.shop(tx)
    make.record(tx, shop, make.order(f"o-{name}", name))
    member_id = members.by_external_id(tx, name, issuer="uk").member_id
    if points:
        ledger.earn(tx, member_id, points, reference=f"gift-{name}", at=NOON)
    return Holder(member_id, frozenset(tiers))


def join(tx: Transaction, salon: Salon, name: str, points: int = 0, *tiers: str) -> Signup:
    return salons.sign_up(tx, salon.salon_id, guest(tx, name, points, *tiers), at=NOON, by="op")


def has(tx: Transaction, of: Signup) -> int:
    return ledger.balance(tx, of.member_id, at=NOON).available


def test_who_comes_too_late_waits_and_has_the_place_that_is_given_up(tx: Transaction) -> None:
    tea = opened(tx)
    first, second, third, fourth = (join(tx, tea, name) for name in ("ada", "ben", "cy", "di"))
    assert [one.state for one in (first, second, third, fourth)] == ["booked", "booked", "waiting", "waiting"]
    salons.cancel(tx, third.signup_id, at=NOON, by="op")
    salons.cancel(tx, first.signup_id, at=NOON, by="op")
    assert salons.signup(tx, fourth.signup_id).state == "booked"
    again = salons.salon(tx, tea.salon_id)
    assert (again.taken, again.waiting) == (2, 0)


def test_signing_up_again_keeps_the_place_and_after_giving_it_up_it_is_a_new_one(tx: Transaction) -> None:
    tea = opened(tx, price=10)
    first = join(tx, tea, "ada", 100)
    assert salons.sign_up(tx, tea.salon_id, Holder(first.member_id, frozenset()), at=NOON, by="op") == first
    assert has(tx, first) == 90
    salons.cancel(tx, first.signup_id, at=NOON, by="op")
    salons.cancel(tx, first.signup_id, at=NOON, by="op")
    assert has(tx, first) == 100
    second = salons.sign_up(tx, tea.salon_id, Holder(first.member_id, frozenset()), at=NOON, by="op")
    assert (second.number, has(tx, first)) == (2, 90)


def test_after_the_deadline_the_place_is_free_and_the_points_are_not_given_back(tx: Transaction) -> None:
    tea = opened(tx, price=10, cancel_until=NOON + DAY)
    one = join(tx, tea, "ada", 100)
    salons.cancel(tx, one.signup_id, at=NOON + DAY, by="op")
    assert ledger.balance(tx, one.member_id, at=NOON + DAY).available == 90
    assert salons.salon(tx, tea.salon_id).taken == 0


def test_a_place_that_cannot_be_paid_is_refused_and_nobody_has_it(tx: Transaction) -> None:
    tea = opened(tx, price=10)
    with pytest.raises(ledger.InsufficientPoints), tx.savepoint():
        join(tx, tea, "ada")
    assert (salons.salon(tx, tea.salon_id).taken, salons.signups(tx, tea.salon_id)) == (0, [])


def test_who_waits_and_cannot_pay_is_passed_over_and_goes_on_waiting(tx: Transaction) -> None:
    tea = opened(tx, price=10, capacity=1)
    first, poor, rich = join(tx, tea, "ada", 10), join(tx, tea, "ben"), join(tx, tea, "cy", 10)
    salons.cancel(tx, first.signup_id, at=NOON, by="op")
    assert [salons.signup(tx, one.signup_id).state for one in (poor, rich)] == ["waiting", "booked"]
    assert has(tx, rich) == 0


def test_more_places_are_for_who_waits_and_fewer_than_are_taken_there_cannot_be(tx: Transaction) -> None:
    tea = opened(tx, capacity=1)
    _, second, third = (join(tx, tea, name) for name in ("ada", "ben", "cy"))
    assert salons.change_capacity(tx, tea.salon_id, 2, at=NOON, by="op").taken == 2
    assert [salons.signup(tx, one.signup_id).state for one in (second, third)] == ["booked", "waiting"]
    with pytest.raises(salons.BadSalon):
        salons.change_capacity(tx, tea.salon_id, 1, at=NOON, by="op")


def test_who_is_there_is_checked_in_once_and_rewarded_once(tx: Transaction) -> None:
    tea = opened(tx, reward=50, capacity=1)
    one, waiting = join(tx, tea, "ada"), join(tx, tea, "ben")
    typed = salons.shown_key(one.key).lower()
    assert salons.check_in(tx, tea.salon_id, typed, at=TEA.starts_at, by="op").state == "attended"
    assert salons.check_in(tx, tea.salon_id, typed, at=TEA.starts_at, by="op").rewarded == 50
    assert ledger.balance(tx, one.member_id, at=TEA.starts_at).available == 50
    with pytest.raises(salons.NotSignedUp):
        salons.check_in(tx, tea.salon_id, "nobody", at=TEA.starts_at, by="op")
    with pytest.raises(salons.SignupEnded):
        salons.check_in(tx, tea.salon_id, waiting.key, at=TEA.starts_at, by="op")
    with pytest.raises(salons.SignupEnded):
        salons.cancel(tx, one.signup_id, at=TEA.starts_at, by="op")


def test_what_is_called_off_gives_everything_back(tx: Transaction) -> None:
    tea = opened(tx, price=10, capacity=1, cancel_until=NOON)
    one, other = join(tx, tea, "ada", 10), join(tx, tea, "ben")
    off = salons.call_off(tx, tea.salon_id, reason="rain", at=NOON + DAY, by="op")
    assert (off.taken, off.waiting, off.called_off_for) == (0, 0, "rain")
    assert ledger.balance(tx, one.member_id, at=NOON + DAY).available == 10
    assert salons.signup(tx, other.signup_id).state == "cancelled"
    with pytest.raises(salons.SalonRefused):
        join(tx, tea, "cy")


def test_what_is_over_is_not_called_off_any_more(tx: Transaction) -> None:
    tea = opened(tx, price=10)
    one = join(tx, tea, "ada", 10)
    with pytest.raises(salons.BadSalon, match="it is over"):
        salons.call_off(tx, tea.salon_id, reason="rain", at=tea.ends_at, by="op")
    assert ledger.balance(tx, one.member_id, at=tea.ends_at).available == 0


def test_it_is_for_its_tiers_between_its_times_and_the_list_has_an_end(tx: Transaction) -> None:
    tea = opened(tx, tiers=("gold",), opens_at=NOON + DAY, closes_at=NOON + 2 * DAY, capacity=1, waiting_most=1)
    holders = [
        guest(tx, name, 0, tier) for name, tier in (("ada", "gold"), ("ben", "gold"), ("cy", "gold"), ("di", "silver"))
    ]

    def trying(number: int, days: float) -> str:
        return salons.sign_up(tx, tea.salon_id, holders[number], at=NOON + days * DAY, by="op").state

    for number, days in ((0, 0.5), (0, 2), (3, 1)):
        with pytest.raises(salons.SalonRefused):
            trying(number, days)
    assert [trying(0, 1), trying(1, 1)] == ["booked", "waiting"]
    with pytest.raises(salons.SalonFull):
        trying(2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "T"},
        {"name_zh": ""},
        {"capacity": 0},
        {"ends_at": TEA.starts_at},
        {"price": -1},
        {"closes_at": NOON + 99 * DAY},
    ],
)
def test_what_no_salon_can_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(salons.BadSalon) as refused:
        salons.check_salon(replace(TEA, **change))
    assert refused.value.details["field"] in change


def test_the_same_salon_twice_is_one_and_another_of_its_code_is_refused(tx: Transaction) -> None:
    assert opened(tx) == opened(tx)
    with pytest.raises(salons.SalonExists):
        opened(tx, capacity=3)


def test_two_hundred_at_once_have_no_place_too_many(database: Database) -> None:
    with database.transaction() as tx:
        tea = opened(tx, capacity=37, waiting_most=100)
        holders = [guest(tx, f"m{n}") for n in range(200)]

    def signing(holder: Holder) -> Callable[[Transaction], str]:
        return lambda tx: salons.sign_up(tx, tea.salon_id, holder, at=NOON, by="op").state

    with wide(database) as many:
        told = [one if isinstance(one, str) else one.code for one in race(many, [signing(one) for one in holders])]
    assert {each: told.count(each) for each in set(told)} == {"booked": 37, "waiting": 100, "SalonFull": 63}
    with database.transaction() as tx:
        found = salons.salon(tx, tea.salon_id)
        assert (found.taken, found.waiting) == (37, 100)


_STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "leave", "enlarge", "enter"]), st.integers(0, 5)), min_size=4, max_size=16
)


@given(_STEPS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_it_is_as_with_two_plain_lists(tx: Transaction, steps: list[tuple[str, int]]) -> None:
    with tx.savepoint(undo=True):
        tea = opened(tx, price=5, reward=7, capacity=2, waiting_most=3)
        holders = [guest(tx, f"m{n}", 5) for n in range(6)]
        booked, waiting, there, capacity = list[int](), list[int](), set[int](), 2
        tickets: dict[int, Signup] = {}
        for what, who in steps:
            if what == "join" and who not in booked + waiting:
                if len(booked) == capacity and len(waiting) == 3:
                    with pytest.raises(salons.SalonFull), tx.savepoint():
                        salons.sign_up(tx, tea.salon_id, holders[who], at=NOON, by="op")
                    continue
                tickets[who] = salons.sign_up(tx, tea.salon_id, holders[who], at=NOON, by="op")
                (booked if len(booked) < capacity else waiting).append(who)
            elif what == "leave" and who in booked + waiting and who not in there:
                salons.cancel(tx, tickets[who].signup_id, at=NOON, by="op")
                (booked if who in booked else waiting).remove(who)
            elif what == "enlarge":
                capacity += 1
                salons.change_capacity(tx, tea.salon_id, capacity, at=NOON, by="op")
            elif what == "enter" and who in booked:
                salons.check_in(tx, tea.salon_id, tickets[who].key, at=NOON, by="op")
                there.add(who)
            while waiting and len(booked) < capacity:
                booked.append(waiting.pop(0))
        found = salons.salon(tx, tea.salon_id)
        assert (found.taken, found.waiting) == (len(booked), len(waiting))
        for number, holder in enumerate(holders):
            wanted = 0 if number in booked else 5
            assert ledger.balance(tx, holder.member_id, at=NOON).available == wanted + (7 if number in there else 0)
        assert ledger.audit(tx) == []
