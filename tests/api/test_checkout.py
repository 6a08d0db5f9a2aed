"""One call says everything about a cart; what it says is what the calls that follow it do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from api.calls import MAX, VERA, Caller, facts_of, order, refusal
from programme.making import publish
from programme.rewards.making import TEN_OFF
from programme.test_checkouts import TIERS

CART = {
    "shop": "uk",
    "member": "uk:17850",
    "lines": [{"sku": "MUG", "quantity": 2, "unit_minor": 1000}],
    "shipping_minor": 395,
}


@pytest.fixture
def shop(api: Caller) -> Caller:
    """A shop whose customer 17850 is silver, with 1,000 points and a coupon."""
    publish(api.app, tier_sets=(TIERS,), rewards=(TEN_OFF,))
    lines = [{"sku": "COAT", "quantity": 1, "unit_minor": 10_000}]
    assert api.post("/v1/orders", order("first", lines=lines)).status_code == 201
    terms = {"kind": "percent", "percent": 10}
    pool = {"code": "summer", "name_en": "Summer", "name_zh": "夏季", "terms": terms}
    assert api.post("/v1/coupon-pools", pool, by="manager").status_code == 201  # pyright: ignore[reportArgumentType]
    return api


def code_of(api: Caller) -> str:
    api.post("/v1/coupon-pools/summer/generations", {"count": 1}, by=MAX)
    claim = {"member": "uk:17850", "reference": "r"}
    return api.post("/v1/coupon-pools/summer/claims", claim, by=MAX).json()["code"]


def quote(api: Caller, **more: Any) -> dict[str, Any]:
    answer = api.post("/v1/checkout/quotes", CART | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_cart_is_quoted_ordered_and_kept(shop: Caller) -> None:
    code, before = code_of(shop), facts_of(shop.app.database)
    told = quote(shop, coupons=[code], points={"most": 350}, checkout="basket")
    assert facts_of(shop.app.database) == before
    assert told["totals"] == {
        "goods_minor": 1620, "shipping_minor": 0, "total_minor": 1620, "points_minor": 300, "gift_card_minor": 0,
        "to_pay_minor": 1320,
    }  # fmt: skip
    assert told["earned"] == [{"point_type": "points", "points": 162, "rule": None}]
    assert told["sentence"] == "£13.20 to pay; it earns 162 points."
    assert [(one["code"], one["applies"], one["why"], one["sentence"]) for one in told["benefits"]] == [
        ("five", False, "beaten", "Another of your benefits gives more."),
        ("agent", True, None, "An agent of your own."),
        ("ten", True, None, "£2.00 off."),
        ("shipping", True, None, "£3.95 off. 2 left in this cycle."),
    ]
    reserved = {"code": code, "cart": told["coupon_cart"], "checkout": "basket", "member": "uk:17850"}
    assert (
        shop.post("/v1/coupons/reservations", reserved).json()["discount_minor"] == told["coupons"][0]["discount_minor"]
    )
    asked = {"reward": "ten_off", "reference": "basket", "cart": told["reward_cart"], "times": told["points"]["times"]}
    held = shop.post("/v1/members/uk:17850/rewards/quotes", asked).json()
    assert (held["points"], held["value_minor"]) == (told["points"]["points"], told["totals"]["points_minor"])
    lines = [{name: one[name] for name in ("sku", "quantity", "unit_minor", "discount_minor")} for one in told["lines"]]
    day = {"placed_at": "2026-03-02T12:00:00Z", "paid_at": "2026-03-02T12:00:00Z"}
    assert shop.post("/v1/orders", order("second", lines=lines, **day)).status_code == 201
    [decision] = shop.get("/v1/orders/uk:second/decisions").json()["items"]
    assert decision["reasons"] == told["reasons"]


def test_the_howto_is_true(shop: Caller) -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "quote-a-checkout.md").read_text("utf-8")
    asked, shown = (
        re.search(r"```http\nPOST (\S+)\n\n(.*?)```", page, re.DOTALL),
        re.search(r"```json\n(.*?)```", page, re.DOTALL),
    )
    assert asked is not None
    assert shown is not None
    told = shop.post(asked[1], json.loads(asked[2])).json()
    expected = json.loads(shown[1])
    assert {name: told[name] for name in expected} == expected


def test_sentences_are_in_the_language_asked_for(shop: Caller) -> None:
    assert quote(shop, language="zh")["sentence"] == "应付 £18.00，可获得 180 积分。"  # noqa: RUF001
    wanted = {"Accept-Language": "fr, zh-CN;q=0.9, en;q=0.5"}
    answer = shop.post("/v1/checkout/quotes", CART, headers=wanted)
    assert answer.json()["sentence"] == "应付 £18.00，可获得 180 积分。"  # noqa: RUF001
    assert shop.post("/v1/checkout/quotes", CART | {"language": "en"}, headers=wanted).json()["sentence"][0] == "£"


def test_codes_that_are_none_are_said_to_be_and_whoever_tries_too_many_waits(shop: Caller) -> None:
    told = quote(shop, coupons=["NONE"], gift_cards=["NONE"], visitor="192.0.2.1")
    assert [(one["usable"], one["why"], one["sentence"]) for one in told["coupons"]] == [
        (False, "unknown", "This code is not good here: check how it is written.")
    ]
    assert [(one["id"], one["why"]) for one in told["gift_cards"]] == [(None, "unknown")]
    quote(shop, coupons=["A1", "A2", "A3", "A4"])
    answer = shop.post("/v1/checkout/quotes", CART | {"coupons": ["A5"]})
    assert refusal(answer) == (429, "TooManyGuesses")
    assert quote(shop)["totals"]["to_pay_minor"] == 1800  # without a code nothing is guessed


def test_a_guest_is_quoted_what_a_new_member_would_earn(shop: Caller) -> None:
    told = quote(shop, member=None)
    assert (told["guest"], told["earned"][0]["points"], told["ways"], told["benefits"]) == (True, 200, [], [])


def test_what_cannot_be_quoted_is_refused(shop: Caller) -> None:
    for change, expected in (
        ({"shop": "none"}, (404, "ShopNotFound")),
        ({"member": "uk:none"}, (404, "MemberNotFound")),
        ({"currency": "EUR"}, (422, "BadCheckout")),
        ({"points": {"reward": "none"}}, (404, "RewardNotFound")),
        ({"lines": []}, (400, "MalformedRequest")),
    ):
        assert refusal(shop.post("/v1/checkout/quotes", CART | change)) == expected
    assert refusal(shop.post("/v1/checkout/quotes", CART, by=VERA)) == (403, "NotAllowed")
