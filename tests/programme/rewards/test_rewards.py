"""Rewards: who can have what, what is taken, and what is given back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conftest import NOON
from programme.coupons.making import cart, pool
from programme.racing import race, wide
from programme.rewards.making import ADA, BEN, TEN_OFF, balance, give, hold, names, quote, redeem, reward, shelf
from regulars import ledger, programme
from regulars.ledger import AccountFrozen, InsufficientPoints, Span, desk
from regulars.programme import BadProgramme, Programme, coupons, gift_cards, rewards
from regulars.programme.coupons import CouponUsed, PoolEmpty
from regulars.programme.rewards import (
    BadRedemption,
    CapturesTooMuch,
    Holder,
    NoPrice,
    Price,
    QuoteOver,
    Redeemed,
    Redemption,
    RedemptionReused,
    RewardNotFound,
    RewardRefused,
    SoldOut,
    StockTooLow,
    TotalReached,
    WrongKind,
    WrongState,
)
from regulars.programme.rewards._rules import from_captures, part, period_begins, points_back_minor
from regulars.storage import Database, Transaction

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TOY = reward(stocked=True, fulfilled=True)


def stock(tx: Transaction, left: int, code: str = "toy") -> None:
    rewards.change_stock(tx, code, left, reason="delivered", by="test", at=NOON)


def test_rewards_are_part_of_the_programmes_document() -> None:
    held = programme.default("GBP", "Europe/London")
    full = replace(held, rewards=(TOY, TEN_OFF, reward("vip", prices=(Price(5, "stars", "gold"),), valid_until=NOON)))
    assert Programme.from_document(full.as_document()) == full


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (reward("Toy"), "code"),
        (reward(prices=()), "prices"),
        (reward(points=-1), "prices.0.points"),
        (reward(prices=(Price(1, tier="platinum"),)), "prices.0.tier"),
        (reward(tiers=("platinum",)), "tiers"),
        (reward("c", "coupon"), "pool"),
        (reward("c", "cash_off"), "value_minor"),
        (reward("c", "cash_off", 0, value_minor=1), "prices"),
        (reward(sku=None), "sku"),
        (reward(per="day"), "per_member"),
        (reward(valid_from=NOON, valid_until=NOON), "valid_until"),
        (reward(quote_minutes=0), "quote_minutes"),
        (reward(name_zh=" "), "name_zh"),
    ],
)
def test_a_reward_that_cannot_be_given_is_refused_by_its_field(wrong: rewards.Reward, field: str) -> None:
    with pytest.raises(BadProgramme) as refused:
        Programme.from_document(replace(programme.default("GBP", "UTC"), rewards=(TOY if wrong.code != "toy" else TEN_OFF, wrong)).as_document())  # fmt: skip
    assert refused.value.details["field"] == f"rewards[1].{field}"


def test_two_rewards_have_two_codes() -> None:
    with pytest.raises(BadProgramme, match="code of its own"):
        rewards.check_rewards([TOY, TOY], tiers=())


def why(tx: Transaction, one: rewards.Reward, holder: Holder | None = None, **more: object) -> list[str]:
    [option] = rewards.options(tx, shelf(one), holder or Holder(ADA), more.get("cart"), at=NOON)  # pyright: ignore[reportArgumentType]
    return [str(reason) for reason in option.reasons]


def test_an_option_says_everything_that_is_in_the_way(tx: Transaction) -> None:
    give(tx, 80)
    assert why(tx, reward(points=200)) == ["120 points short"]
    assert why(tx, reward(points=10, tiers=("gold",))) == ["gold only"]
    assert why(tx, reward(points=10, prices=(Price(10, tier="gold"),))) == ["gold only"]
    assert why(tx, reward(points=10, stocked=True)) == ["sold out"]
    assert why(tx, reward("c", "coupon", 10, pool="none")) == ["no coupon is left"]
    assert why(tx, reward(points=10, valid_until=NOON)) == [f"it was to be had until {NOON.isoformat()}"]
    assert why(tx, reward(points=10, valid_from=NOON + DAY)) == [f"it begins at {(NOON + DAY).isoformat()}"]
    assert why(tx, reward(points=10, least_minor=2500), cart=cart()) == ["500 minor units short of the least cart"]
    assert why(tx, replace(TEN_OFF, prices=(Price(10),)), cart=cart(currency="EUR")) == [
        "the cart is in another currency than GBP"
    ]
    assert why(tx, replace(TEN_OFF, prices=(Price(10),)), cart=cart(("PEN", 1, 99))) == [
        "the goods cost too little for it"
    ]
    assert why(tx, reward(points=200, tiers=("gold",), stocked=True)) == ["gold only", "sold out", "120 points short"]
    twice = reward(points=10, per_member=2, per="month")
    for reference in "ab":
        redeem(tx, twice, reference)
    assert why(tx, twice) == ["used twice this month"]
    desk.freeze(tx, ADA, reason="stolen", by="test", at=NOON)
    assert why(tx, reward(points=10)) == ["these points are frozen"]
    assert why(tx, reward(points=0)) == []


def test_the_price_is_the_least_that_the_members_tiers_allow(tx: Transaction) -> None:
    give(tx)
    one = reward(prices=(Price(500), Price(300, tier="gold"), Price(400, tier="silver"), Price(3, "stars")))
    by_tier = [
        [(option.price.point_type, option.price.points) for option in rewards.options(tx, shelf(one), Holder(ADA, frozenset(tiers)), None, at=NOON)]
        for tiers in ((), ("silver",), ("silver", "gold"))
    ]  # fmt: skip
    assert by_tier == [
        [("points", 500), ("stars", 3)],
        [("points", 400), ("stars", 3)],
        [("points", 300), ("stars", 3)],
    ]
    assert redeem(tx, one, tiers=frozenset({"gold"})).redemption.points == 300
    with pytest.raises(NoPrice):
        redeem(tx, one, "s", point_type="miles")


def test_a_gift_takes_points_and_stock_and_waits_to_be_sent(tx: Transaction) -> None:
    give(tx)
    stock(tx, 2)
    for _ in range(2):
        done = redeem(tx, TOY, note="for Ada").redemption
        assert (done.state, done.fulfilment, done.note) == ("captured", "requested", "for Ada")
    assert balance(tx) == (900, 0)
    assert rewards.stock(tx, ["toy"])["toy"].stock == 1
    assert [one.redemption_id for one in rewards.to_fulfil(tx)] == [done.redemption_id]
    for to in ("packed", "packed", "sent", "delivered"):
        after = rewards.advance(tx, done.redemption_id, to, at=NOON, by="test")
    assert (after.state, after.fulfilment) == ("fulfilled", "delivered")
    with pytest.raises(WrongState):
        rewards.advance(tx, done.redemption_id, "packed", at=NOON, by="test")
    assert rewards.to_fulfil(tx) == []
    assert names(tx) == [
        f"reward.{what}" for what in ("stocked", "redeemed", "requested", "packed", "sent", "delivered")
    ]
    assert [(one.amount, one.stock, one.reason) for one in rewards.stock_changes(tx, "toy")][::-1] in (
        [(2, 2, "delivered"), (-1, 1, "redeemed")],
        [(-1, 1, "redeemed"), (2, 2, "delivered")],
    )
    with pytest.raises(RedemptionReused):
        redeem(tx, reward("other"))


def test_what_is_given_back_returns_points_and_stock_once(tx: Transaction) -> None:
    give(tx)
    stock(tx, 1)
    done = redeem(tx, TOY).redemption
    for _ in range(2):
        back = rewards.give_back(tx, done.redemption_id, reason="changed her mind", at=NOON, by="test")
        assert (back.state, balance(tx)) == ("cancelled", (1000, 0))
    assert rewards.stock(tx, ["toy"])["toy"].stock == 1
    second = redeem(tx, TOY, "s").redemption
    rewards.advance(tx, second.redemption_id, "sent", at=NOON, by="test")
    assert (
        rewards.give_back(tx, second.redemption_id, reason="broken", restock=False, at=NOON, by="test").state
        == "refunded"
    )
    assert (rewards.stock(tx, ["toy"])["toy"].stock, balance(tx)) == (0, (1000, 0))
    with pytest.raises(SoldOut):
        redeem(tx, TOY, "t")
    assert ledger.audit(tx) == []


def test_stock_is_never_below_zero(tx: Transaction) -> None:
    stock(tx, 2)
    with pytest.raises(StockTooLow):
        stock(tx, -3)
    assert rewards.stock(tx, ["toy"])["toy"].stock == 2


def test_a_coupon_and_a_gift_card_come_with_their_codes_and_go_back(tx: Transaction) -> None:
    give(tx)
    pool(tx, codes=2)
    ten = reward("ten", "coupon", pool="summer")
    done, again = redeem(tx, ten), redeem(tx, ten)
    assert done.coupon is not None
    assert done.coupon == again.coupon
    assert coupons.uses.look(tx, done.coupon, cart(), member_id=ADA, at=NOON).worth is not None
    card = reward("card", "gift_card", value_minor=500, lasts=Span(1, "year"))
    given = redeem(tx, card, "c")
    assert given.card is not None
    found = gift_cards.find_by_code(tx, given.card)
    assert (found.balance, found.member_id) == (500, ADA)
    assert redeem(tx, card, "c").card is None
    coupons.uses.reserve(tx, done.coupon, cart(), checkout="k", member_id=ADA, at=NOON)
    with pytest.raises(CouponUsed):
        rewards.give_back(tx, done.redemption.redemption_id, reason="no", at=NOON, by="test")
    assert balance(tx) == (800, 0)
    coupons.uses.release(tx, done.coupon, checkout="k", at=NOON)
    for one in (done, given):
        rewards.give_back(tx, one.redemption.redemption_id, reason="no", at=NOON, by="test")
    assert balance(tx) == (1000, 0)
    assert gift_cards.card(tx, found.card_id).blocked_at is not None


@pytest.mark.parametrize("kind", ["donation", "service", "trial", "upgrade", "trade_in", "early_access"])
def test_other_kinds_are_taken_at_once_or_wait_for_somebody(tx: Transaction, kind: rewards.Kind) -> None:
    give(tx)
    assert redeem(tx, reward("a", kind, value_minor=300)).redemption.state == "fulfilled"
    assert redeem(tx, reward("b", kind, value_minor=300, fulfilled=True), "s").redemption.fulfilment == "requested"


def test_case_24_what_is_out_of_stock_or_of_codes_takes_no_points(tx: Transaction) -> None:
    give(tx)
    pool(tx)
    for one, error in ((TOY, SoldOut), (reward("ten", "coupon", pool="summer"), PoolEmpty)):
        with pytest.raises(error):
            redeem(tx, one)
    assert (balance(tx), names(tx)) == ((1000, 0), [])
    with pytest.raises(InsufficientPoints):
        stock(tx, 1)
        redeem(tx, replace(TOY, prices=(Price(5000),)))
    assert rewards.stock(tx, ["toy"])["toy"].stock == 1


def test_case_24_what_fails_at_the_last_step_gives_back_the_steps_before(tx: Transaction) -> None:
    give(tx)
    stock(tx, 1, "ten")
    pool(tx, codes=1)
    desk.define_point_type(tx, "stars", role="qualifying", at=NOON)
    give(tx, 10, point_type="stars")
    one = reward("ten", "coupon", pool="summer", stocked=True, prices=(Price(5, "stars"),))
    with pytest.raises(ledger.NotSpendable):
        redeem(tx, one, point_type="stars")
    assert rewards.stock(tx, ["ten"])["ten"].stock == 1
    assert [one.free for one in coupons.levels(tx, [coupons.pool(tx, "summer").pool_id]).values()] == [1]


def test_limits_of_a_member_are_by_the_calendar_and_what_was_given_back_counts_no_more(tx: Transaction) -> None:
    give(tx)
    once = reward(per_member=1, per="day")
    first = redeem(tx, once).redemption
    with pytest.raises(RewardRefused, match="used once today"):
        redeem(tx, once, "s")
    rewards.give_back(tx, first.redemption_id, reason="no", at=NOON, by="test")
    redeem(tx, once, "t")
    redeem(tx, once, "u", at=NOON + DAY)
    begins = [
        period_begins(per, NOON.replace(month=7), "Europe/London") for per in ("day", "week", "month", "year", None)
    ]
    assert [str(one and one.isoformat()) for one in begins] == [
        "2026-07-01T23:00:00+00:00", "2026-06-28T23:00:00+00:00", "2026-06-30T23:00:00+00:00", "2026-01-01T00:00:00+00:00", "None",
    ]  # fmt: skip


def test_what_cannot_be_asked_is_refused(tx: Transaction) -> None:
    give(tx)
    with pytest.raises(RewardNotFound):
        rewards.redeem(tx, shelf(), Holder(ADA), "toy", reference="r", at=NOON, by="test")
    with pytest.raises(WrongKind):
        redeem(tx, TEN_OFF)
    with pytest.raises(WrongKind):
        quote(tx, TOY)
    with pytest.raises(BadRedemption):
        redeem(tx, reward(), "")
    with pytest.raises(BadRedemption, match="1 to 10"):
        quote(tx, times=11)
    with pytest.raises(AccountFrozen):
        desk.freeze(tx, ADA, reason="stolen", by="test", at=NOON)
        redeem(tx, reward())


def test_cash_off_is_quoted_held_captured_in_parts_and_the_rest_released(tx: Transaction) -> None:
    give(tx)
    quoted = quote(tx, times=7)
    assert (quoted.points, quoted.value_minor, balance(tx)) == (700, 700, (1000, 0))
    for _ in range(2):
        held = hold(tx, quote(tx, times=7))
        assert (held.state, balance(tx)) == ("held", (300, 700))
    for _ in range(2):
        part_of = rewards.capture(tx, held.redemption_id, upto_minor=250, at=NOON, by="test")
        assert (part_of.state, part_of.captured, balance(tx)) == ("held", 250, (300, 450))
    with pytest.raises(CapturesTooMuch):
        rewards.capture(tx, held.redemption_id, upto_minor=701, at=NOON, by="test")
    for _ in range(2):
        done = (
            rewards.release(tx, held.redemption_id, at=NOON, by="test")
            if _ == 0
            else rewards.redemption(tx, held.redemption_id)
        )
        assert (done.state, balance(tx)) == ("captured", (750, 0))
    assert names(tx) == ["reward.quoted", "reward.held", "reward.captured", "reward.released"]
    assert ledger.audit(tx) == []


def test_cash_off_goes_as_far_as_points_and_goods_do(tx: Transaction) -> None:
    give(tx)
    assert quote(tx).value_minor == 1000
    assert quote(tx, replace(TEN_OFF, code="half", most_percent=25), "h").value_minor == 500


def test_holds_end_by_themselves_and_so_do_quotes(tx: Transaction) -> None:
    give(tx)
    once = replace(TEN_OFF, total=1)
    held = hold(tx, quote(tx, once))
    with pytest.raises(TotalReached):
        quote(tx, once, "other")
    late = NOON + 61 * MINUTE
    with pytest.raises(WrongState, match="lapsed"):
        rewards.capture(tx, held.redemption_id, at=late, by="test")
    assert rewards.lapse_due(tx, at=late) == 1
    assert (rewards.redemption(tx, held.redemption_id).state, balance(tx, at=late)) == ("lapsed", (1000, 0))
    quoted = quote(tx, once, "other", at=late)
    with pytest.raises(QuoteOver):
        hold(tx, quoted, at=late + 15 * MINUTE)
    assert rewards.lapse_due(tx, at=late + 15 * MINUTE) == 1
    with pytest.raises(QuoteOver):
        hold(tx, quoted, at=late + 16 * MINUTE)
    assert names(tx).count("reward.lapsed") == 2


def test_case_25_a_quote_is_honoured_once_the_payment_has_begun(tx: Transaction) -> None:
    give(tx)
    ends = replace(TEN_OFF, valid_until=NOON + 5 * MINUTE)
    begun, late = quote(tx, ends, "begun", times=3), quote(tx, ends, "late", times=3)
    with pytest.raises(RewardRefused):
        quote(tx, ends, "new", at=NOON + 5 * MINUTE)
    held = hold(tx, begun, at=NOON + 14 * MINUTE)  # the promotion is over, the quote is not
    done = rewards.capture(tx, held.redemption_id, at=NOON + 70 * MINUTE, by="test")
    assert (done.state, done.captured, done.value_minor) == ("captured", 300, 300)
    with pytest.raises(QuoteOver):
        hold(tx, late, at=NOON + 15 * MINUTE)


def test_case_15_several_orders_confirmed_at_once_never_take_more_than_one_balance(database: Database) -> None:
    with database.transaction() as tx:
        give(tx, 1000)
        quoted = [quote(tx, reference=f"o{number}", times=3) for number in range(40)]  # each would pass alone
    with wide(database) as many:
        held = race(many, [lambda tx, one=one: hold(tx, one) for one in quoted])
        fine = [one for one in held if isinstance(one, Redemption)]
        assert len(fine) == 3
        assert {type(one) for one in held} == {Redemption, InsufficientPoints}
        race(many, [lambda tx, one=one: rewards.capture(tx, one.redemption_id, at=NOON, by="t") for one in fine] * 14)
    with database.transaction() as tx:
        assert balance(tx) == (100, 0)
        assert ledger.audit(tx) == []


def test_case_14_200_redemptions_at_once_of_one_balance_spend_it_once(database: Database) -> None:
    with database.transaction() as tx:
        give(tx, 1050)
    with wide(database) as many:
        answers = race(many, [lambda tx, n=n: redeem(tx, reward(), f"r{n}") for n in range(200)])
    assert sum(isinstance(one, Redeemed) for one in answers) == 10
    with database.transaction() as tx:
        assert balance(tx) == (50, 0)
        assert len(rewards.redemptions(tx, limit=300)) == 10
        assert ledger.audit(tx) == []


def test_case_23_stock_and_limits_hold_when_200_members_want_one_at_once(database: Database) -> None:
    limited = replace(TOY, total=30, per_member=1)
    with database.transaction() as tx:
        stock(tx, 50)
        for member in range(50):
            give(tx, 1000, member)
    with wide(database) as many:
        answers = race(many, [lambda tx, n=n: redeem(tx, limited, f"r{n}", n % 50) for n in range(200)])
    done = [one.redemption for one in answers if isinstance(one, Redeemed)]
    assert (len(done), len({one.member_id for one in done})) == (30, 30)
    with database.transaction() as tx:
        left = rewards.stock(tx, ["toy"])["toy"]
        assert (left.stock, left.taken) == (20, 30)
        assert tx.value("select sum(available) from ledger_accounts") == 50_000 - 3000


@pytest.mark.parametrize(
    ("returns", "steps"),
    [
        ("pro_rata", [(500, 150, 350), (1000, 150, 350), (2000, 300, 700)]),
        ("money_first", [(500, 0, 500), (1600, 200, 900), (2000, 400, 0)]),
        ("points_first", [(500, 500, 0), (1000, 100, 400), (2000, 0, 1000)]),
    ],
)
def test_case_04_goods_paid_with_points_in_part_give_back_points_and_money_as_set(
    tx: Transaction, returns: str, steps: list[tuple[int, int, int]]
) -> None:
    give(tx, 400, expires_at=NOON + DAY)
    give(tx, 600, expires_at=NOON + 90 * DAY)
    held = hold(tx, quote(tx, replace(TEN_OFF, returns=returns), times=6))  # £6 of £20
    rewards.capture(tx, held.redemption_id, at=NOON, by="test")
    late = NOON + 2 * DAY
    for returned, points, money in steps:
        for again in range(2):
            back = rewards.settle_return(
                tx, held.redemption_id, returned_minor=returned, of_minor=2000, at=late, by="t"
            )
            assert (back.points, back.points_minor, back.money_minor) == (
                (points, points, money) if not again else (0, 0, 0)
            )
    assert back.redemption.state == "refunded"
    lots = {lot.expires_at: lot.amount for lot in ledger.lots(tx, ADA, at=late)}
    assert lots == {NOON + 90 * DAY: 600, late + 7 * DAY: 400}  # the lot that expired lives a week from then
    with pytest.raises(BadRedemption):
        rewards.settle_return(tx, held.redemption_id, returned_minor=2001, of_minor=2000, at=late, by="t")
    assert ledger.audit(tx) == []


def test_shares_sum_to_the_whole_in_whatever_steps() -> None:
    assert [part(100, minor, 3) for minor in range(4)] == [0, 33, 66, 100]
    assert from_captures([30, 50, 90], gone=20, points=40) == [(1, 10), (2, 20), (3, 10)]
    assert points_back_minor("pro_rata", paid_minor=0, of_minor=0, returned_minor=0) == 0


def test_somebody_elses_reference_is_somebody_elses(tx: Transaction) -> None:
    give(tx)
    give(tx, member_id=BEN)
    assert redeem(tx, reward()).redemption.redemption_id != redeem(tx, reward(), member_id=BEN).redemption.redemption_id
