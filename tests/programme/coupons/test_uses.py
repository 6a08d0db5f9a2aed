"""Coupons at checkouts: worth, limits, stacking, time; two at once."""

from datetime import timedelta

import pytest

from conftest import NOON
from programme.coupons.making import ADA, BEN, cart, names, pool, some_codes
from programme.racing import race, wide
from regulars.programme import coupons, guesses
from regulars.programme.coupons import CouponUsed, uses
from regulars.programme.coupons.uses import CouponNotUsable, Use, UseNotFound, UseOver
from regulars.programme.guesses import CodeUnknown, TooManyGuesses
from regulars.storage import Database, Transaction

LATER = NOON + timedelta(minutes=31)


@pytest.mark.parametrize(
    ("terms", "off"),
    [
        ({"percent": 15}, 451),
        ({"percent": 15, "most_minor": 300, "currency": "GBP"}, 300),
        ({"percent": 50, "products": ("PEN",)}, 504),
        ({"kind": "amount", "amount_minor": 500, "currency": "GBP"}, 500),
        ({"kind": "amount", "amount_minor": 50_000, "currency": "GBP"}, 3009),
        ({"kind": "free_shipping"}, 399),
        ({"kind": "gift", "sku": "TOY"}, 0),
    ],
)
def test_a_coupon_takes_off_what_its_terms_say(tx: Transaction, terms: dict[str, object], off: int) -> None:
    pool(tx, codes=1, **terms)
    [code] = some_codes(tx)
    bought = cart(("MUG", 2, 1000), ("PEN", 1, 1009), shipping=399)
    seen = uses.look(tx, code.lower(), bought, at=NOON)
    assert seen.worth is not None
    assert seen.worth.discount_minor == off
    assert seen.worth.free_shipping is (terms.get("kind") == "free_shipping")
    assert seen.worth.sku == terms.get("sku")


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"valid_from": LATER}, "not_yet"),
        ({"valid_until": NOON}, "over"),
        ({"currency": "EUR"}, "currency"),
        ({"products": ("PEN",)}, "products"),
        ({"least_minor": 2001, "currency": "GBP"}, "spend_more"),
        ({"per_member": 1}, "members_only"),
    ],
)
def test_a_coupon_says_why_it_gives_nothing(tx: Transaction, terms: dict[str, object], why: str) -> None:
    pool(tx, codes=1, **terms)
    [code] = some_codes(tx)
    assert uses.look(tx, code, cart(), at=NOON).why == why
    with pytest.raises(CouponNotUsable) as refused:
        uses.reserve(tx, code, cart(), checkout="c", at=NOON)
    assert refused.value.details["why"] == why
    assert "coupon.reserved" not in names(tx)


def test_what_was_reserved_is_redeemed_once_and_given_back_once(tx: Transaction) -> None:
    pool(tx, codes=1)
    [code] = some_codes(tx)
    for _ in range(2):
        assert uses.reserve(tx, code, cart(), checkout="c", at=NOON).discount_minor == 200
    with pytest.raises(CouponNotUsable, match="used up"):
        uses.reserve(tx, code, cart(), checkout="d", at=NOON)
    for _ in range(2):
        assert uses.redeem(tx, code, checkout="c", at=NOON).state == "redeemed"
    with pytest.raises(UseOver):
        uses.reserve(tx, code, cart(), checkout="c", at=NOON)
    with pytest.raises(UseOver):
        uses.release(tx, code, checkout="c", at=NOON)
    with pytest.raises(UseNotFound):
        uses.redeem(tx, code, checkout="d", at=NOON)
    for _ in range(2):
        assert uses.refund(tx, code, checkout="c", at=NOON).state == "refunded"
    uses.reserve(tx, code, cart(), checkout="d", at=NOON)
    assert [name for name in names(tx) if name.startswith("coupon.")] == [
        "coupon.reserved",
        "coupon.redeemed",
        "coupon.refunded",
        "coupon.reserved",
    ]


def test_a_reservation_is_worked_out_anew_when_the_cart_changes(tx: Transaction) -> None:
    pool(tx, codes=1)
    [code] = some_codes(tx)
    uses.reserve(tx, code, cart(), checkout="c", at=NOON)
    assert uses.reserve(tx, code, cart(("MUG", 3, 1000)), checkout="c", at=NOON).discount_minor == 300
    assert uses.redeem(tx, code, checkout="c", at=NOON).discount_minor == 300


def test_a_reservation_ends_by_itself_whether_or_not_the_job_came_by(tx: Transaction) -> None:
    pool(tx, codes=1, total=1)
    [code] = some_codes(tx)
    uses.reserve(tx, code, cart(), checkout="c", at=NOON)
    assert uses.look(tx, code, cart(), at=NOON).why == "used_up"
    assert uses.look(tx, code, cart(), at=LATER).why is None
    with pytest.raises(UseOver):
        uses.redeem(tx, code, checkout="c", at=LATER)
    uses.reserve(tx, code, cart(), checkout="d", at=LATER)
    assert uses.lapse_due(tx, at=LATER) == 0
    assert uses.lapse_due(tx, at=LATER + timedelta(hours=1)) == 1
    assert uses.look(tx, code, cart(), at=LATER).why is None


def test_case_25_what_was_reserved_in_time_is_redeemed_though_the_coupon_has_ended(tx: Transaction) -> None:
    pool(tx, codes=1, valid_until=NOON + timedelta(minutes=1))
    [code] = some_codes(tx)
    uses.reserve(tx, code, cart(), checkout="c", at=NOON)
    assert uses.redeem(tx, code, checkout="c", at=NOON + timedelta(minutes=20)).state == "redeemed"


def test_one_of_a_group_and_nothing_beside_what_stands_alone(tx: Transaction) -> None:
    for name, terms in (
        ("a", {"stack_group": "g"}),
        ("b", {"stack_group": "g"}),
        ("c", {}),
        ("d", {"exclusive": True}),
    ):
        pool(tx, name, codes=1, **terms)
    one, two, three, alone = (some_codes(tx, name)[0] for name in "abcd")
    uses.reserve(tx, one, cart(), checkout="c", at=NOON)
    assert uses.look(tx, two, cart(), checkout="c", at=NOON).why == "group"
    assert uses.look(tx, alone, cart(), checkout="c", at=NOON).why == "alone"
    assert uses.reserve(tx, three, cart(), checkout="c", at=NOON).discount_minor == 180  # of what is left to pay
    uses.reserve(tx, alone, cart(), checkout="e", at=NOON)
    assert uses.look(tx, two, cart(), checkout="e", at=NOON).why == "alone"


def test_coupons_together_never_take_off_more_than_the_goods_cost(tx: Transaction) -> None:
    pool(tx, "a", codes=1, kind="amount", amount_minor=1500, currency="GBP")
    pool(tx, "b", codes=1, kind="amount", amount_minor=1500, currency="GBP")
    assert [
        uses.reserve(tx, some_codes(tx, name)[0], cart(), checkout="c", at=NOON).discount_minor for name in "ab"
    ] == [1500, 500]


def test_anothers_code_a_revoked_one_and_one_that_is_none_are_answered_alike(tx: Transaction) -> None:
    pool(tx, codes=3)
    bens = coupons.claim(tx, "summer", BEN, reference="r", at=NOON).code
    other, revoked = (code for code in some_codes(tx) if code != bens)
    coupons.revoke(tx, revoked, reason="lost", by="test", at=NOON)
    for code in (bens, revoked, "NO-SUCH-CODE"):
        with pytest.raises(CodeUnknown) as refused:
            uses.look(tx, code, cart(), member_id=ADA, at=NOON)
        assert (
            str(refused.value) == "This code is not known here, or not good for this member: check how it is written."
        )
    assert uses.look(tx, other, cart(), member_id=ADA, at=NOON).why is None
    assert uses.look(tx, bens, cart(), member_id=BEN, at=NOON).why is None


def test_a_code_in_use_is_not_revoked(tx: Transaction) -> None:
    pool(tx, codes=1)
    code = coupons.claim(tx, "summer", ADA, reference="r", at=NOON).code
    uses.reserve(tx, code, cart(), checkout="c", member_id=ADA, at=NOON)
    with pytest.raises(CouponUsed):
        coupons.revoke(tx, code, reason="lost", by="test", at=NOON)


def test_guessing_is_slowed_and_forgiven_after_a_day(tx: Transaction) -> None:
    for _ in range(5):
        guesses.let_try(tx, "mem_1", at=NOON)
        guesses.note(tx, "mem_1", at=NOON)
    with pytest.raises(TooManyGuesses, match="wait 31 seconds"):
        guesses.let_try(tx, "mem_1", at=NOON)
    guesses.let_try(tx, "mem_2", at=NOON)
    guesses.let_try(tx, "mem_1", at=NOON + timedelta(minutes=1))
    assert guesses.forget(tx, at=NOON + timedelta(days=2)) == 1


def test_case_23_limits_hold_when_200_checkouts_want_a_code_at_once(database: Database) -> None:
    with database.transaction() as tx:
        pool(tx, shared=True, per_code=70, total=60, per_member=2)
        coupons.share_code(tx, "summer", "SUMMER26", at=NOON, by="test")
    with wide(database) as many:
        answers = race(
            many,
            [
                lambda tx, n=n: uses.reserve(tx, "SUMMER26", cart(), checkout=f"c{n}", member_id=n % 50, at=NOON)
                for n in range(200)
            ],
        )
        done = [one for one in answers if isinstance(one, Use)]
        assert len(done) == 60
        assert max(sum(one.member_id == member for one in done) for member in range(50)) <= 2
        race(
            many, [lambda tx, one=one: uses.release(tx, "SUMMER26", checkout=one.checkout, at=NOON) for one in done] * 2
        )
    with database.transaction() as tx:
        assert tx.rows("select p.uses, c.uses from programme_coupon_pools p, programme_coupons c") == [(0, 0)]
