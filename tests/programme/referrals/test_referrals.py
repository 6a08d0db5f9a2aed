"""Links and codes, who brought whom, what both sides get, and what goes back."""

from dataclasses import replace
from datetime import date

import pytest

from cast import ADA, BEN, CLEO
from conftest import NOON
from make import DAY
from programme.referrals.making import BASIC, KEY, World, states
from regulars import commerce, facts, ledger, members, programme
from regulars.commerce import NewDelivery
from regulars.ledger import Sliding, Span
from regulars.programme import BadProgramme, Programme, referrals, rewards
from regulars.programme.referrals import CodeNotFound, Milestone, NoCode, NotReviewable, Thanks, graph
from regulars.programme.rewards import Price, Reward
from regulars.storage import Transaction


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx)


def names(world: World) -> list[str]:
    rows = world.tx.rows("select name from facts where name ~ '^referral[.]' order by xact, fact_id")
    return [name.partition(".")[2] for (name,) in rows]


def test_both_sides_get_a_promise_that_matures_by_itself_when_the_return_window_is_past(world: World) -> None:
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    assert states(world, [ben]) == ["joined"]
    world.buy(BEN)
    assert (world.given(ada), world.given(ben)) == ((0, 500, 0), (0, 200, 0))
    world.later(15 * DAY)
    assert (world.given(ada), world.given(ben)) == ((500, 0, 0), (200, 0, 0))
    world.buy(BEN)
    assert (world.given(ada), world.given(ben)) == ((500, 0, 0), (200, 0, 0))
    assert names(world) == ["code_issued", "touched", "attributed", "rewarded", "rewarded"]
    assert ledger.audit(world.tx) == []


def test_an_order_below_the_minimum_is_not_rewarded_and_the_next_one_is(world: World) -> None:
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    world.buy(BEN, minor=900)
    assert states(world, [ben]) == ["joined"]
    world.buy(BEN, minor=1200)
    assert (states(world, [ben]), world.given(ada)) == (["rewarded"], (0, 500, 0))


@pytest.mark.parametrize(
    ("policy", "after_one", "after_two"),
    [("in_proportion", 375, 250), ("whole", 0, 0), ("keep", 500, 500)],
)
def test_each_side_gives_back_as_its_policy_says(tx: Transaction, policy: str, after_one: int, after_two: int) -> None:
    world = World(tx, replace(BASIC, advocate_returns=policy, friend_returns="keep"))  # pyright: ignore[reportArgumentType]
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    world.buy(BEN, number="first")
    world.send_back("first", BEN, 1)
    assert (world.given(ada), world.given(ben)) == ((0, after_one, 0), (0, 200, 0))
    world.send_back("first", BEN, 1)
    assert (world.given(ada), world.given(ben)) == ((0, after_two, 0), (0, 200, 0))
    world.later(20 * DAY)
    world.send_back("first", BEN, 2)  # after the window
    assert (world.given(ada)[0], world.given(ben)[0]) == (after_two, 200)
    assert ledger.audit(tx) == []


def test_what_is_left_must_have_been_enough_for_a_reward(world: World) -> None:
    ada = world.join(ADA)
    world.friend(BEN, ada)
    world.buy(BEN, number="first")
    world.send_back("first", BEN, 3)  # 500 of 2,000 are left, and 1,000 are needed
    assert world.given(ada) == (0, 0, 0)


def test_a_cancelled_order_takes_all_back_once(world: World) -> None:
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    order_id = world.buy(BEN)
    world.cancel(order_id)
    programme.undo_referrals(world.tx, [order_id], at=world.later())
    assert (world.given(ada), world.given(ben)) == ((0, 0, 0), (0, 0, 0))
    assert world.of(ben).undone_at is not None
    world.buy(BEN)  # one reward a friend
    assert world.given(ada) == (0, 0, 0)
    assert names(world).count("reversed") == 2


def test_reactions_may_happen_again(world: World) -> None:
    ada = world.join(ADA)
    world.friend(BEN, ada)
    order_id = world.buy(BEN)
    for _ in range(2):
        world.react()
        programme.reward_referrals(world.tx, [order_id], at=world.now)
    assert (world.given(ada), names(world).count("rewarded")) == ((0, 500, 0), 2)


def test_every_order_is_rewarded_for_the_advocate_and_one_for_the_friend(tx: Transaction) -> None:
    world = World(tx, replace(BASIC, when="every_order", most=2))
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    for _ in range(3):
        world.buy(BEN)
    assert (world.given(ada)[1], world.given(ben)[1]) == (1000, 200)
    assert names(world).count("capped") == 1
    world.later(40 * DAY)  # another month
    world.buy(BEN)
    assert sum(world.given(ada)) == 1500


def test_joining_is_rewarded_where_the_programme_says_so(tx: Transaction) -> None:
    world = World(tx, replace(BASIC, when="joined", return_days=0))
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    assert (world.given(ada), world.given(ben)) == ((500, 0, 0), (200, 0, 0))
    world.buy(BEN)
    assert world.given(ada) == (500, 0, 0)


def test_milestones_are_reached_once_and_lost_when_friends_become_fewer(tx: Transaction) -> None:
    world = World(
        tx, replace(BASIC, milestones=(Milestone(2, Thanks(1000, "credit")),), hold_from=101, refuse_from=101)
    )
    ada = world.join(ADA)
    friends = [world.friend(f"friend{n}", ada) for n in range(3)]
    orders = [world.buy(f"friend{n}") for n in range(2)]
    assert sum(world.given(ada)) == 2000
    world.cancel(orders[0])
    assert sum(world.given(ada)) == 500
    world.buy("friend2")  # two again
    assert sum(world.given(ada)) == 2000
    assert states(world, friends) == ["rewarded"] * 3
    assert ledger.audit(tx) == []


def test_the_reward_waits_for_the_delivery_where_that_completes_an_order(tx: Transaction) -> None:
    world = World(tx, replace(BASIC, complete="delivered"))
    ada = world.join(ADA)
    world.friend(BEN, ada)
    world.buy(BEN, number="first")
    assert world.given(ada) == (0, 0, 0)
    arrived = NewDelivery("first", "p1", shipped_at=world.now, delivered_at=world.later())
    commerce.record_deliveries(tx, world.shop, [arrived], at=world.now)
    world.react()
    assert world.given(ada) == (0, 500, 0)


def test_what_was_spent_is_owed_or_forgiven_as_each_side_s_policy_says(tx: Transaction) -> None:
    world = World(tx, replace(BASIC, friend_shortfall="forgiven"))
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    world.buy(BEN)
    world.later(15 * DAY)
    for member, points in ((ada, 500), (ben, 200)):
        ledger.spend(tx, member, points, reference="till", at=world.now, point_type="credit")
    world.refuse(ben)
    assert (world.given(ada), world.given(ben)) == ((0, 0, 500), (0, 0, 0))


def test_a_held_reward_waits_for_a_person_and_is_lost_without_one(world: World) -> None:
    ada = world.join(ADA)
    ben, cleo = (world.friend(name, ada) for name in (BEN, CLEO))
    for friend in (ben, cleo):
        for member in (ada, friend):
            world.seen(member, device=f"tablet of {friend}")
    for name in (BEN, CLEO):
        world.buy(name)
    assert states(world, [ben, cleo]) == ["held", "held"]
    assert world.given(ada) == (0, 1000, 0)
    world.approve(ben)
    assert (states(world, [ben]), world.given(ada)) == (["rewarded"], (0, 1000, 0))
    world.later(15 * DAY)
    assert world.given(ada) == (500, 500, 0)
    world.approve(cleo)  # the window is over: at once
    assert world.given(ada) == (1000, 0, 0)
    dan = world.friend("dan", ada)
    for member in (ada, dan):
        world.seen(member, device="a laptop")
    world.buy("dan")
    assert states(world, [dan]) == ["held"]
    world.later(80 * DAY)
    assert referrals.lapse_due(world.tx, terms_of=programme.referral_terms_of, at=world.now) == 1
    assert referrals.lapse_due(world.tx, terms_of=programme.referral_terms_of, at=world.now) == 0
    assert (world.of(dan).refusal, world.given(ada), world.given(dan)) == ("not_reviewed", (1000, 0, 0), (0, 0, 0))
    assert ledger.audit(world.tx) == []


def test_a_decision_can_be_reversed_both_ways(world: World) -> None:
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    world.buy(BEN, number="first")
    world.send_back("first", BEN, 1)
    assert world.given(ada) == (0, 375, 0)
    for _ in range(2):
        world.refuse(ben)
        assert (world.given(ada), world.given(ben)) == ((0, 0, 0), (0, 0, 0))
        with pytest.raises(NotReviewable, match="is refused"):
            world.refuse(ben)
        world.approve(ben)
        assert (world.given(ada), world.given(ben)) == ((0, 375, 0), (0, 150, 0))
        with pytest.raises(NotReviewable, match="is rewarded"):
            world.approve(ben)
    world.send_back("first", BEN, 1)
    assert world.given(ada) == (0, 250, 0)
    world.later(20 * DAY)
    assert (world.given(ada), world.given(ben)) == ((250, 0, 0), (100, 0, 0))
    told = referrals.story(world.tx, world.of(ben).referral_id)
    assert [one.decision for one in told.reviews] == ["approved", "refused", "approved", "refused"]
    assert ledger.audit(world.tx) == []


def test_signals_that_come_after_the_reward_hold_it_while_it_waits(world: World) -> None:
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    world.buy(BEN)
    world.seen(ada, payment="card 1")
    world.seen(ben, payment="card 1")
    terms_of = programme.referral_terms_of
    assert referrals.rescore(world.tx, [ben], terms_of=terms_of, at=world.later()) == 1
    assert referrals.rescore(world.tx, [ben], terms_of=terms_of, at=world.later()) == 0
    assert (states(world, [ben]), world.given(ada)) == (["held"], (0, 500, 0))
    world.later(20 * DAY)
    assert world.given(ada) == (0, 500, 0)
    world.refuse(ben)
    assert (world.given(ada), world.given(ben)) == ((0, 0, 0), (0, 0, 0))


def test_the_same_touches_in_any_order_lead_to_the_same_advocate(tx: Transaction) -> None:
    told: list[int] = []
    for turned in (False, True):
        with tx.savepoint(undo=True):
            world = World(tx)
            ada, cleo = world.join(ADA), world.join(CLEO)
            code = {"ada": world.code(ada), "cleo": world.code(cleo)}
            world.now = NOON + 3 * DAY
            touches = [(code["ada"], NOON + DAY), (code["cleo"], NOON + 2 * DAY)]
            ben = world.join(BEN)
            world.seen(ben, device="phone")
            for which, moment in reversed(touches) if turned else touches:
                world.touch(which, device="phone", touched_at=moment)
                programme.refer(tx, [ben], key=KEY, at=world.now)
            told.append(world.of(ben).advocate_id)
            assert [one["verdict"] for one in world.of(ben).evidence] == ["counts", "counts"]
    assert told == [cleo, cleo]


def test_a_code_is_revoked_and_the_next_one_is_another(world: World) -> None:
    ada = world.join(ADA)
    first = world.code(ada)
    assert world.code(ada) == first
    assert referrals.find_code(world.tx, f" {first[:4].lower()}-{first[4:].lower()} ").member_id == ada
    world.touch(first, device="a phone")
    referrals.revoke(world.tx, ada, by="max", because="posted on a coupon site", at=world.later())
    with pytest.raises(NoCode):
        referrals.revoke(world.tx, ada, by="max", because="again", at=world.now)
    assert world.code(ada) != first
    ben = world.join(BEN)
    world.seen(ben, device="a phone")
    programme.refer(world.tx, [ben], key=KEY, at=world.now)
    assert states(world, [ben]) == ["joined"]  # it was live when the link was opened
    world.touch(first, device="another phone")
    cleo = world.join(CLEO)
    world.seen(cleo, device="another phone")
    programme.refer(world.tx, [cleo], key=KEY, at=world.now)
    assert world.of(cleo).refusal == "code_revoked"
    with pytest.raises(CodeNotFound):
        world.touch("22222223")


def test_case_30_an_erased_member_leaves_the_graph_for_good_and_the_counts_stay(world: World) -> None:
    ada = world.join(ADA, email="ada@example.com")
    ben = world.friend(BEN, ada, email="ben@example.com")
    world.seen(ben, payment="card 1")
    before = referrals.stories.funnel(world.tx)
    assert referrals.forget(world.tx, ben, at=world.now) == 3
    world.seen(ben, payment="card 1")
    graph.adopt(world.tx, key=KEY)
    assert world.tx.value("select count(*) from programme_identity_edges where owner_id = %(ben)s", ben=ben) == 0
    assert world.tx.values("select distinct device from programme_referral_touches") == [None]
    assert referrals.stories.funnel(world.tx) == before


def test_the_members_of_before_are_taken_into_the_graph_once_and_again_with_another_key(world: World) -> None:
    world.publish(None)
    for n in range(5):
        world.join(f"m{n}", email=f"m{n}@example.com")
    assert [graph.adopt(world.tx, key=KEY, limit=3) for _ in range(3)] == [3, 2, 0]
    assert world.tx.value("select count(*) from programme_identity_edges") == 5
    assert graph.adopt(world.tx, key=b"another secret key", limit=9) == 5


MUG = Reward("mug", "Mug", "马克杯", "gift", (Price(100),), sku="MUG", fulfilled=True)
FOR_A_MUG = replace(BASIC, advocate=Thanks(reward="mug"), milestones=(Milestone(2, Thanks(reward="mug")),))


def mugs(world: World, member_id: int) -> list[tuple[str, str]]:
    return [(one.reference.partition("/")[2], one.state) for one in rewards.redemptions(world.tx, member_id=member_id)]


def hand_over(world: World) -> int:
    return programme.hand_over_referrals(world.tx, at=world.now)


@pytest.fixture
def mug_world(tx: Transaction) -> World:
    world = World(tx, None)  # pyright: ignore[reportArgumentType]
    new = replace(programme.current(tx, at=NOON), referral=FOR_A_MUG, rewards=(MUG,))
    programme.publish(tx, new, at=NOON, by="test")
    return world


def test_a_reward_is_handed_over_when_its_window_is_over_and_once(mug_world: World) -> None:
    world = mug_world
    ada = world.join(ADA)
    world.friend(BEN, ada)
    world.buy(BEN)
    assert (hand_over(world), mugs(world, ada)) == (0, [])
    world.later(15 * DAY)
    assert [hand_over(world) for _ in range(2)] == [1, 0]
    assert mugs(world, ada) == [("advocate/first", "captured")]


def test_so_many_friends_bring_a_reward_besides(mug_world: World) -> None:
    world = mug_world
    ada = world.join(ADA)
    for name in (BEN, CLEO):
        world.friend(name, ada)
        world.buy(name)
    world.later(15 * DAY)
    assert hand_over(world) == 3
    assert max(mugs(world, ada)) == ("milestone/friends:2", "captured")


def test_a_friend_who_sends_everything_back_in_time_brings_no_reward(mug_world: World) -> None:
    world = mug_world
    ada = world.join(ADA)
    world.friend(BEN, ada)
    world.cancel(world.buy(BEN))
    world.later(15 * DAY)
    assert (hand_over(world), mugs(world, ada)) == (0, [])


def test_a_referral_refused_later_takes_back_what_was_not_sent_and_gives_it_again_when_approved(
    mug_world: World,
) -> None:
    world = mug_world
    ada = world.join(ADA)
    ben = world.friend(BEN, ada)
    world.buy(BEN)
    world.later(15 * DAY)
    hand_over(world)
    world.refuse(ben)
    assert mugs(world, ada) == [("advocate/first", "cancelled")]
    world.approve(ben)
    assert hand_over(world) == 1
    assert sorted(state for _, state in mugs(world, ada)) == ["cancelled", "captured"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"advocate": None, "friend": None}, "referral.advocate is None: give something"),
        ({"advocate": {"points": 0}}, "referral.advocate is 0: give points, or the code of a reward"),
        ({"friend": {"points": 0, "reward": "mug"}}, "referral.friend.reward is 'mug': name a reward"),
        ({"friend": {"points": 5, "point_type": "No"}}, "referral.friend.point_type is 'No'"),
        ({"milestones": [{"friends": 3, "gives": {"points": 1}}] * 2}, r"referral.milestones is \[3, 3\]"),
        (
            {"milestones": [{"friends": 3, "gives": {"point": 1}}]},
            "referral.milestones.0.gives.point is 1: there is no such",
        ),
        ({"return_days": 731}, "referral.return_days is 731: give 0 to 730"),
        ({"most": 0}, "referral.most is 0"),
        ({"hold_from": 60, "refuse_from": 50}, "referral.refuse_from is 50: give hold_from or more"),
        ({"link": "https://shop.example/"}, "referral.link is 'https://shop.example/'"),
        ({"link": "javascript:{code}"}, "referral.link is 'javascript"),
        ({"disposable_domains": ["Mail"]}, "referral.disposable_domains is 'Mail'"),
        ({"self_referral": ["gait"]}, "gait"),
        ({"returndays": 5}, "referral.returndays is 5: there is no such field"),
    ],
)
def test_what_cannot_be_kept_is_refused(change: dict[str, object], message: str) -> None:
    document = programme.default("GBP", "Europe/London").as_document()
    good = {"advocate": {"points": 500}, "friend": {"points": 100}, "link": "https://shop.example/?ref={code}"}
    kept = Programme.from_document(document | {"referral": good})
    assert Programme.from_document(kept.as_document()) == kept
    with pytest.raises(BadProgramme, match=message):
        Programme.from_document(document | {"referral": good | change})


def test_a_programme_without_referrals_weighs_nobody(tx: Transaction) -> None:
    world = World(tx)
    ada = world.join(ADA)
    world.publish(None)
    ben = world.friend(BEN, ada)
    world.buy(BEN)
    assert tx.value("select count(*) from programme_referrals") == 0
    assert world.given(ben) == (0, 0, 0)
    assert members.find(tx, ben).name is None
    assert facts.timeline(tx, member_id=ada)[0].name == "referral.touched"


def test_what_is_given_for_a_friend_is_an_activity_that_lets_points_live_on(tx: Transaction) -> None:
    world = World(tx, replace(BASIC, advocate=Thanks(50), friend=None, complete="paid", return_days=0))
    sliding = replace(programme.current(tx, at=world.now), expiry=Sliding(Span(100, "day")))
    programme.publish(tx, sliding, at=world.now, by="test")
    ada = world.join("ada")
    world.buy("ada")
    world.later(60 * DAY)
    world.friend("ben", ada)
    world.buy("ben")
    [lot] = ledger.lots(tx, ada, at=world.now)
    assert (lot.amount, lot.expires_at) == (250, ledger.day_begins(date(2026, 8, 10), "Europe/London"))
