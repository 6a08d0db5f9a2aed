"""What a checkout is told is what the order, the coupons and the points then do."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import make
from cast import ADA, BEN
from conftest import NOON
from make import DAY, line, order
from programme.coupons.making import pool
from programme.rewards.making import TEN_OFF, reward
from regulars import jobs, ledger, members, programme
from regulars.members import NewMember
from regulars.programme import Rule, TierSet, checkouts, coupons, gift_cards, proportional, rewards
from regulars.programme.checkouts import BadCheckout, Line, Quote, Wanted
from regulars.programme.coupons import uses
from regulars.programme.earning import Limit
from regulars.programme.rewards import Holder, Shelf
from regulars.programme.tiers import Benefit, Tier
from regulars.storage import Transaction

SHIPPING = Benefit("shipping", "free_shipping", "Free shipping", "免运费", uses=2)
FIVE = Benefit("five", "discount", "5 % off", "九五折", value=5)
TEN = Benefit("ten", "discount", "10 % off", "九折", value=10)
AGENT = Benefit("agent", "agent", "An agent of your own", "专属客服")
TIERS = TierSet(
    "main", "Tiers", "等级",
    (
        Tier("bronze", "Bronze", "铜卡", 0, benefits=(FIVE, AGENT)),
        Tier("silver", "Silver", "银卡", 10_000, benefits=(TEN, SHIPPING)),
    ),
)  # fmt: skip
GOODS = proportional(1, 10)


class Plain:
    """How sentences are written, for these tests."""

    def __init__(self, *, chinese: bool = False) -> None:
        self.chinese = chinese

    def money(self, minor: int) -> str:
        return f"£{minor / 100:.2f}"

    def number(self, number: int) -> str:
        return f"{number:,}"

    def day(self, day: date) -> str:
        return day.isoformat()


def says(tx: Transaction, *rules: Rule, **more: Any) -> int:
    """Publish a programme, and let Ada be silver in it; her id."""
    make.shop(tx)
    usual: dict[str, Any] = {"earning": rules or (GOODS,), "tier_sets": (TIERS,), "rewards": (TEN_OFF,)}
    programme.publish(tx, replace(programme.current(tx, at=NOON), **usual | more), at=NOON, by="test")
    make.record(tx, make.shop(tx), order("first", ADA, line("COAT", 1, 10_000)))
    jobs.react_within(tx, at=NOON)
    return members.by_external_id(tx, ADA, issuer="uk").member_id


def wanted(member_id: int | None, *lines: Line, **more: Any) -> Wanted:
    return Wanted(member_id, "uk", "GBP", "Europe/London", lines or (Line("MUG", 2, 1000),), **more)


def quoted(tx: Transaction, asked: Wanted) -> Quote:
    return programme.quote_checkout(tx, programme.current(tx, at=NOON), asked, at=NOON)[0]


def steps(one: Quote) -> list[tuple[str, str, int, int]]:
    return [(each.kind, each.name, each.amount_minor, each.total_minor) for each in one.steps]


def test_a_cart_is_told_everything_in_the_order_in_which_a_checkout_takes_it(tx: Transaction) -> None:
    ada = says(tx)
    pool(tx, codes=1)
    code = coupons.claim(tx, "summer", ada, reference="r", at=NOON).code
    card = gift_cards.issue(tx, "GBP", 500, reference="c", at=NOON, by="test")
    cart = (Line("MUG", 2, 1000), Line("HAT", 1, 2000, discount_minor=200))
    one = quoted(
        tx,
        wanted(
            ada, *cart, shipping_minor=395, other_minor=50, coupons=(code, "NONE"), gift_cards=(card.code or "", "NONE"), points=250
        ),
    )  # fmt: skip
    assert steps(one) == [
        ("goods", "", 4000, 4000),
        ("discount", "", -200, 3800),
        ("benefit", "ten", -380, 3420),
        ("coupon", code, -342, 3078),
        ("shipping", "", 395, 3473),
        ("free_shipping", "shipping", -395, 3078),
        ("other", "", 50, 3128),
        ("points", "ten_off", -200, 2928),
        ("gift_card", card.card.last_four, -500, 2428),
    ]
    assert (one.goods_minor, one.shipping_minor, one.total_minor, one.to_pay_minor) == (3078, 0, 3128, 2428)
    assert one.earned == {("points", ""): 162 + 145}
    assert [(line.discount_minor, line.amount_minor) for line in one.lines] == [(380, 1620), (542, 1458)]
    assert [(each.entitlement.benefit.code, each.off_minor, each.why_not) for each in one.benefits] == [
        ("five", 0, "beaten"), ("agent", 0, None), ("ten", 380, None), ("shipping", 395, None),
    ]  # fmt: skip
    assert [look and look.why for look in one.coupons] == [None, None]
    assert one.coupons[1] is None and one.cards[1] is None  # noqa: PT018


def test_words_say_what_applies_and_what_does_not_in_both_languages(tx: Transaction) -> None:
    ada = says(tx, rewards=(TEN_OFF, reward("toy", points=5000)))
    pool(tx, "big", codes=1, least_minor=9000, currency="GBP")
    coupons.claim(tx, "big", ada, reference="r", at=NOON)
    one = quoted(tx, wanted(ada, benefits=("shipping",), shipping_minor=395, points=100))
    en, zh = Plain(), Plain(chinese=True)
    assert [checkouts.of_benefit(each, en) for each in one.benefits] == [
        "Not used for this order.", "Not used for this order.", "Not used for this order.", "£3.95 off. 2 left in this cycle.",
    ]  # fmt: skip
    assert checkouts.of_benefit(one.benefits[3], zh) == "减 £3.95。本周期剩余 2 次。"
    assert [checkouts.of_coupon(each, en) for each in one.own_coupons] == ["The goods that count cost too little."]
    assert checkouts.of_coupon(None, zh) == "此码无效，请检查是否输入正确。"  # noqa: RUF001
    assert [checkouts.of_option(each, en, "Europe/London") for each in one.options] == [
        "Up to £10.00 off for 1,000 points.", "4,000 points more, and it can be had.",
    ]  # fmt: skip
    assert one.payment is not None
    assert checkouts.of_payment(one.payment, zh) == "使用 100 积分抵 £1.00。"
    assert checkouts.of_quote(one, en) == "£19.00 to pay; it earns 200 points."
    assert checkouts.of_quote(one, zh) == "应付 £19.00，可获得 200 积分。"  # noqa: RUF001


def test_the_way_to_the_next_tier_is_what_is_missing_once_it_is_ordered(tx: Transaction) -> None:
    says(tx)
    [enrolled] = members.enrol(tx, [NewMember(external_id=BEN)], at=NOON)
    ben = enrolled.member_id
    one = quoted(tx, wanted(ben, Line("MUG", 4, 1000)))
    assert [(way.progress.missing_minor, way.brings, way.missing_after) for way in one.ways] == [(10_000, 3800, 6200)]
    assert checkouts.of_way(one.ways[0], Plain()) == "This order brings £38.00; £62.00 more reaches Silver."
    more = quoted(tx, wanted(ben, Line("COAT", 1, 20_000)))
    assert checkouts.of_way(more.ways[0], Plain(chinese=True)) == "本单完成后即可升为银卡。"


def test_a_guest_is_told_what_a_new_member_would_earn_and_nothing_of_anybody(tx: Transaction) -> None:
    says(tx)
    one = quoted(tx, wanted(None, points=100))
    assert (one.earned, one.benefits, one.options, one.ways, one.payment) == ({("points", ""): 200}, [], [], [], None)
    assert one.to_pay_minor == 2000


def test_a_benefit_used_up_takes_nothing_off(tx: Transaction) -> None:
    ada = says(tx)
    for number in range(2):
        programme.use_benefit(tx, ada, "shipping", reference=f"use {number}", at=NOON)
    one = quoted(tx, wanted(ada, shipping_minor=395))
    assert [(each.why_not, each.off_minor) for each in one.benefits if each.entitlement.benefit == SHIPPING] == [
        ("used_up", 0)
    ]
    assert one.shipping_minor == 395


def test_what_a_checkout_has_reserved_is_not_counted_against_it(tx: Transaction) -> None:
    ada = says(tx)
    pool(tx, codes=1)
    [code] = [one.code for one in coupons.codes(tx, coupons.pool(tx, "summer").pool_id)]
    first = quoted(tx, wanted(ada, coupons=(code,), checkout="basket"))
    uses.reserve(tx, code, first.cart, checkout="basket", member_id=ada, at=NOON)
    assert steps(quoted(tx, wanted(ada, coupons=(code,), checkout="basket"))) == steps(first)
    [other] = quoted(tx, wanted(ada, coupons=(code,), checkout="another")).coupons
    assert other is not None
    assert other.why == "used_up"


def test_a_line_that_takes_off_more_than_it_costs_is_refused(tx: Transaction) -> None:
    ada = says(tx)
    with pytest.raises(BadCheckout, match=r"lines\[0\]\.discount_minor is 1001: give 0 to 1000"):
        quoted(tx, wanted(ada, Line("MUG", 1, 1000, discount_minor=1001)))


def test_nothing_is_written(tx: Transaction) -> None:
    ada = says(tx)
    pool(tx, codes=2)
    code = coupons.claim(tx, "summer", ada, reference="r", at=NOON).code
    card = gift_cards.issue(tx, "GBP", 500, reference="c", at=NOON, by="test", member_id=ada, expires_at=NOON + DAY)
    asked = wanted(
        ada, coupons=(code, "NONE"), gift_cards=(card.code or "",), points=1000, checkout="basket", shipping_minor=395
    )
    with frozen(tx):
        assert quoted(tx, asked).to_pay_minor < 2000
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            make.shop(tx, "de")


@contextmanager
def frozen(tx: Transaction) -> Generator[None]:
    """Let the transaction write nothing more; what it wrote is rolled back with it."""
    with tx.savepoint(undo=True):
        tx.run("set transaction read only")
        yield


def test_a_bigger_cart_with_more_codes_takes_no_more_statements(
    tx: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = says(tx, *(Rule(f"r{n}", "R", "R", "order.goods_minor / 100", per="order", kind="bonus") for n in range(9)))
    pool(tx, codes=10)
    codes = [coupons.claim(tx, "summer", ada, reference=f"r{n}", at=NOON).code for n in range(10)]
    cards = [gift_cards.issue(tx, "GBP", 5, reference=f"c{n}", at=NOON, by="test").code or "" for n in range(5)]
    counted: list[str] = []
    execute = psycopg.Cursor.execute

    def counting(self: Any, query: Any, *more: Any, **options: Any) -> Any:
        counted.append(str(query))
        return execute(self, query, *more, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counting)

    def count(asked: Wanted) -> int:
        counted.clear()
        quoted(tx, asked)
        return len(counted)

    few = count(wanted(ada, coupons=tuple(codes[:1]), gift_cards=tuple(cards[:1]), points=10))
    lines = (Line(f"S{n}", n + 1, 100) for n in range(30))
    assert count(wanted(ada, *lines, coupons=tuple(codes), gift_cards=tuple(cards), points=10)) == few > 0


RULES = [
    Rule(
        "tea", "T", "T", "line.amount_minor / 5", when="line.category == 'Tea' && !('sale' in line.tags)", kind="bonus"
    ),
    Rule("goods", "G", "G", "line.amount_minor / 7"),
    Rule("hats", "H", "H", "line.quantity * 3", when="line.sku == 'S1'", kind="bonus"),
    Rule("much", "M", "M", "40", per="order", when="order.goods_minor >= 2000", kind="bonus", point_type="stars"),
    Rule("all", "A", "A", "order.total_minor / 9", per="order", kind="bonus", limits=(Limit("day", 150),)),
    Rule("double", "D", "D", "200", per="order", when="member.tier == 'silver' && order.pieces > 3", kind="multiplier"),
    Rule("again", "A", "A", "5", per="order", when="member.orders_before > 0 && history.orders(30) < 9", kind="bonus"),
]


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**40))
def test_what_a_quote_promises_the_order_the_coupons_and_the_points_keep(tx: Transaction, seed: int) -> None:
    random = Random(seed)
    with tx.savepoint(undo=True):
        ada = says(tx, *(random.sample(RULES, random.randint(1, len(RULES)))))
        ledger.earn(tx, ada, random.randrange(1, 5000), reference="some", at=NOON)
        asked = _drawn(tx, random, ada)
        one = quoted(tx, asked)
        assert 0 <= one.to_pay_minor <= one.total_minor and all(each.amount_minor >= 0 for each in one.lines)  # noqa: PT018
        _reserved(tx, asked, one)
        _paid(tx, ada, one)
        assert _ordered(tx, one) == one.earned


def _drawn(tx: Transaction, random: Random, ada: int) -> Wanted:
    lines = [
        Line(f"S{n}", random.randint(1, 4), random.choice([1, 99, 1000, 2345])) for n in range(random.randint(1, 4))
    ]
    lines = [
        replace(
            one, discount_minor=random.choice([0, 0, one.unit_minor // 3]), category=random.choice(["", "Tea"]),
            tags=random.choice([(), ("sale", "new"), ("new",)]),
        )
        for one in lines
    ]  # fmt: skip
    kinds: list[dict[str, Any]] = [
        {"percent": 15}, {"percent": 100, "products": ("S0",)}, {"kind": "amount", "amount_minor": 700, "currency": "GBP"},
        {"kind": "free_shipping"}, {"kind": "gift", "sku": "TOY"}, {"percent": 20, "stack_group": "g"},
        {"percent": 30, "stack_group": "g"}, {"percent": 40, "exclusive": True}, {"percent": 5, "per_member": 1},
    ]  # fmt: skip
    codes: list[str] = []
    for number, terms in enumerate(random.sample(kinds, random.randint(0, 5))):
        pool(tx, f"p{number}", codes=2, **terms)
        codes += [
            coupons.claim(tx, f"p{number}", ada, reference=f"{n}", at=NOON).code for n in range(random.randint(1, 2))
        ]
    return wanted(
        ada, *lines, coupons=tuple(codes), points=random.choice([None, 100, 350, 10**6]), checkout="basket",
        shipping_minor=random.choice([0, 395]), benefits=random.choice([None, (), ("shipping",), ("ten",)]),
    )  # fmt: skip


def _reserved(tx: Transaction, asked: Wanted, one: Quote) -> None:
    for code, look in zip(asked.coupons, one.coupons, strict=True):
        assert look is not None
        try:
            use = uses.reserve(tx, code, one.cart, checkout="basket", member_id=asked.member_id, at=NOON)
        except uses.CouponNotUsable as error:
            assert error.details["why"] == look.why  # noqa: PT017  either it is refused for what was said, or it gives what was said
        else:
            assert look.worth is not None
            assert (use.discount_minor, use.free_shipping) == (look.worth.discount_minor, look.worth.free_shipping)
    off = sum(each.coupon_minor for each in one.lines)
    assert off == sum(
        look.worth.discount_minor for look in one.coupons if look and look.worth and not look.worth.free_shipping
    )


def _paid(tx: Transaction, ada: int, one: Quote) -> None:
    if one.payment is None:
        return
    shelf = Shelf((TEN_OFF,), "GBP", "Europe/London")
    quote = rewards.quote(
        tx, shelf, Holder(ada), "ten_off", one.net_cart, reference="basket", times=one.payment.times, at=NOON, by="test"
    )
    held = rewards.hold(tx, shelf, quote.redemption_id, at=NOON, by="test")
    assert (held.points, held.value_minor) == (one.payment.points, one.payment.value_minor)


def _ordered(tx: Transaction, one: Quote) -> dict[tuple[str, str], int]:
    lines = [
        line(
            each.line.sku, each.line.quantity, each.line.unit_minor, discount_minor=each.discount_minor,
            category=each.line.category or None, tags=each.line.tags,
        )
        for each in one.lines
    ]  # fmt: skip
    if one.shipping_minor:
        lines.append(line("POST", 1, one.shipping_minor, kind="shipping"))
    [recorded] = make.record(tx, make.shop(tx), order("basket", ADA, *lines))
    jobs.react_within(tx, at=NOON)
    parts: dict[tuple[str, str], int] = {}
    for award in programme.awards_of(tx, [recorded.document_id]):
        parts["points", ""] = award.points
    for held in programme._queries.select_parts(tx, order_ids=[recorded.document_id]):
        parts[held.point_type, held.rule] = held.points
    return {part: points for part, points in parts.items() if points or part in one.earned}
