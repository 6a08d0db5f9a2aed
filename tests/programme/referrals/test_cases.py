"""The hard cases of the field that referrals answer, by their number."""

from dataclasses import replace

import pytest

from cast import ADA, BEN, CLEO, DAN
from conftest import NOON
from make import DAY
from programme.referrals.making import BASIC, KEY, World
from regulars import ledger, programme
from regulars.ledger import desk
from regulars.programme import referrals
from regulars.programme.referrals import NotReviewable
from regulars.storage import Transaction


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx)


def test_case_26_the_own_code_a_second_account_and_one_card_are_refused(world: World) -> None:
    ada = world.join(ADA, email="ada@gmail.com")
    world.touch(ada, friend_id=ada, kind="code_typed")
    assert world.of(ada).refusal == "own_code"
    with pytest.raises(NotReviewable, match="nobody brings themselves"):
        world.approve(ada)
    second = world.friend("ada2", ada, email="A.d.a+again@googlemail.com")
    assert world.of(second).refusal == "self_referral"
    third = world.friend("ada3", ada)
    world.seen(ada, payment="card 1")
    world.seen(third, payment="card 1")
    programme.refer(world.tx, [third], key=KEY, at=world.now)
    world.buy("ada3")
    assert (world.of(third).refusal, world.given(ada)) == ("self_referral", (0, 0, 0))


def test_case_26_one_device_and_address_are_held_until_a_person_decides(world: World) -> None:
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    for member in (ada, ben):
        world.seen(member, device="one phone", address="1, High Street")
    world.buy(BEN)
    one = world.of(ben)
    assert (one.state, one.score) == ("held", 85)
    assert [(part.code, part.weight) for part in one.reasons] == [("shared_device", 50), ("shared_address", 35)]
    assert one.reasons[0].words("en") == "The same device; 2 were seen on it."
    assert one.reasons[1].words("zh-CN").endswith("共 2 人在此收货。")
    world.later(30 * DAY)
    assert world.given(ada) == (0, 500, 0)  # the window is over, and still it waits
    world.refuse(ben)
    assert (world.given(ada), world.given(ben)) == ((0, 0, 0), (0, 0, 0))


def test_case_26_a_ring_is_seen_by_its_circle_and_its_cluster(world: World) -> None:
    ring = [world.join("r0")]
    for n in range(1, 4):
        ring.append(world.friend(f"r{n}", ring[-1]))
    closing = world.tx.run(
        # the first of them is told late to have come by the last one's link
        """
        insert into programme_referrals (referral_id, friend_id, advocate_id, touch_id, code, version_id, touched_at,
            attributed_at, state, evidence)
        select 7, %(first)s, %(last)s, 7, code, version_id, touched_at, attributed_at, 'joined', '[]' from programme_referrals limit 1
        """,
        first=ring[0], last=ring[-1],
    )  # fmt: skip
    assert closing == 1
    world.buy("r3")
    assert [part.code for part in world.of(ring[3]).reasons] == ["circle"]
    assert world.of(ring[3]).state == "held"
    farm = world.join("farmer")
    seeds = [world.friend(f"seed{n}", farm) for n in range(4)]
    for seed in seeds:
        world.seen(seed, device="a farm")
    world.buy("seed3")
    assert [(part.code, part.weight) for part in world.of(seeds[3]).reasons] == [("velocity", 8), ("cluster", 75)]


def test_case_26_a_refund_after_the_reward_and_a_customer_of_before_earn_nobody_anything(world: World) -> None:
    ada, cleo = world.join(ADA), world.join(CLEO)
    world.buy(CLEO)
    world.touch(ada, friend_id=cleo, kind="code_typed")
    assert world.of(cleo).refusal == "joined_before"
    ben = world.friend(BEN, ada)
    world.buy(BEN, number="first")
    world.send_back("first", BEN, 4)
    assert (world.given(ada), world.given(ben)) == ((0, 0, 0), (0, 0, 0))


def test_case_26_a_code_stuffed_into_the_first_order_counts_only_where_the_programme_lets_it(tx: Transaction) -> None:
    for days, refusal in ((0, "joined_before"), (7, None)):
        with tx.savepoint(undo=True):
            world = World(tx, replace(BASIC, code_after_join_days=days))
            ada, ben = world.join(ADA), world.join(BEN)
            world.touch(ada, friend_id=ben, kind="code_typed")
            world.buy(BEN)
            assert (world.of(ben).refusal, world.given(ada)[1]) == (refusal, 0 if refusal else 500)
            world.touch(world.join(CLEO), friend_id=ben, kind="code_typed")  # a better code, after the fact
            assert world.of(ben).advocate_id in (ada, world.of(ben).advocate_id)
            assert world.given(ada)[1] == (0 if refusal else 500)


def test_case_26_a_customer_of_before_may_type_a_code_late_but_has_bought(tx: Transaction) -> None:
    world = World(tx, replace(BASIC, code_after_join_days=30))
    ada, ben = world.join(ADA), world.join(BEN)
    world.buy(BEN)
    world.touch(ada, friend_id=ben, kind="code_typed")
    assert world.of(ben).refusal == "customer_already"


def test_case_27_one_rule_decides_between_two_advocates_and_the_evidence_is_kept(tx: Transaction) -> None:
    wanted = {
        ("last_touch", False): DAN, ("first_touch", False): ADA, ("last_touch", True): CLEO, ("first_touch", True): CLEO,
    }  # fmt: skip
    for (rule, typed_wins), who in wanted.items():
        with tx.savepoint(undo=True):
            world = World(tx, replace(BASIC, between=rule, typed_code_wins=typed_wins))  # pyright: ignore[reportArgumentType]
            people = {name: world.join(name) for name in (ADA, CLEO, DAN)}
            world.touch(people[ADA], device="phone", source="newsletter")
            world.touch(people[CLEO], device="phone", kind="code_typed")
            world.touch(people[DAN], device="phone", kind="app_installed")
            ben = world.join(BEN)
            world.seen(ben, device="phone")
            programme.refer(tx, [ben], key=KEY, at=world.now)
            assert world.of(ben).advocate_id == people[who]
            told = referrals.story(tx, world.of(ben).referral_id)
            assert [(one.kind, one.source) for one in told.touches] == [
                ("link_opened", "newsletter"),
                ("code_typed", None),
                ("app_installed", None),
            ]
            assert all(one.device for one in told.touches)
            assert [(one["by"], one["verdict"]) for one in told.referral.evidence] == [("device", "counts")] * 3


def test_case_27_a_guest_who_comes_back_by_an_alias_is_known(world: World) -> None:
    ada = world.join(ADA)
    order_id = world.buy(None)
    world.seen(order_id, guest=True, email="ben.bitdiddle@gmail.com")
    ben = world.friend(BEN, ada, email="benbitdiddle+shop@googlemail.com")
    assert world.of(ben).refusal == "known_customer"
    world.buy(BEN)
    assert world.given(ada) == (0, 0, 0)


def test_case_27_a_recycled_phone_number_inherits_nothing(world: World) -> None:
    ada = world.join(ADA)
    old = world.join("old", phone="+44 20 7946 0000")
    world.buy("old")
    world.touch(ada, friend_id=old)
    world.now = NOON + 400 * DAY  # the number is somebody else's by now
    new = world.friend("new", ada, phone="+442079460000")
    assert (world.of(new).state, world.of(new).advocate_id) == ("joined", ada)
    world.buy("new")
    assert (world.of(new).state, world.of(new).score) == ("rewarded", 0)
    world.later(15 * DAY)
    brought = world.friend("brought", old)  # and the one of before shares a number with nobody
    world.buy("brought")
    assert world.of(brought).score == 0


def test_case_27_nothing_is_inherited_by_a_phone_that_another_member_still_uses(world: World) -> None:
    ada = world.join(ADA, phone="+442079460000")
    ben = world.friend(BEN, ada, phone="020 7946 0001")
    cleo = world.friend(CLEO, ada)
    world.seen(cleo, phone="+44 20 7946 0000")
    world.buy(CLEO)
    assert (world.of(ben).state, world.of(cleo).state) == ("joined", "held")
    assert [part.code for part in world.of(cleo).reasons] == ["shared_phone"]


def test_case_35_fraud_found_long_after_cash_out_is_a_debt_on_both_sides_even_of_frozen_points(world: World) -> None:
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    world.buy(BEN)
    world.later(15 * DAY)
    ledger.hold(world.tx, ada, 400, reference="till", at=world.now, until=world.now + 90 * DAY, point_type="credit")
    ledger.spend(world.tx, ben, 200, reference="gone", at=world.now, point_type="credit")
    desk.freeze(world.tx, ada, reason="looked into", by="max", at=world.now, point_type="credit")
    world.later(60 * DAY)
    world.refuse(ben)
    assert (world.given(ada), world.given(ben)) == ((0, 0, 400), (0, 0, 200))
    done = ledger.capture(world.tx, ada, 400, hold="till", reference="paid", at=world.now, point_type="credit")
    assert done.status == "posted"  # what was set aside before survives; what is owed is not lost
    assert world.given(ada) == (0, 0, 400)
    world.approve(ben)  # it was a mistake
    assert (world.given(ada), world.given(ben)) == ((100, 0, 0), (0, 0, 0))
    assert ledger.audit(world.tx) == []
