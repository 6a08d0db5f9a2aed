# ruff: noqa: RUF001 - Chinese has commas of its own
"""Why orders earned what they did, and what they would earn, over HTTP."""

from typing import Any

import pytest

from api.calls import MAX, VERA, Caller, came_back, order, problem, refusal
from api.test_programme import GENEROUS

BONUS: dict[str, Any] = {
    "code": "spend_300", "name_en": "Spend 300, get 50", "name_zh": "满300送50", "points": "50", "per": "order", "kind": "bonus",
    "when": "order.goods_minor >= 30000",
}  # fmt: skip
BASE: dict[str, Any] = GENEROUS
RULES: dict[str, Any] = BASE | {"earning": [*BASE["earning"], BONUS]}
BASKET: dict[str, Any] = {"shop": "uk", "lines": [{"sku": "COAT", "quantity": 3, "unit_minor": 10_000}]}


def test_each_order_says_why_it_earned_what_it_did(api: Caller):
    api.post("/v1/programme/versions", RULES, by=MAX)
    api.post("/v1/orders", order("1"))
    api.post("/v1/returns", came_back(order="1"))
    told = api.get("/v1/orders/uk:1/decisions").json()["items"]
    assert [(one["kind"], [each["points"] for each in one["reasons"]]) for one in told] == [
        ("returned", [1000, 0]),
        ("awarded", [2000, 0]),
    ]
    bonus = told[1]["reasons"][1]
    assert bonus["sentence"] == "Goods of the order must be at least 300.00 GBP; it was 20.00 GBP."
    assert bonus["condition"] == "order.goods_minor >= 30000"
    said = api.get(f"/v1/decisions/{told[1]['id']}?language=zh&audience=member", by=VERA).json()["reasons"][1]
    assert (said["sentence"], said["condition"]) == ("订单商品金额须不少于 300.00 GBP，当时为 20.00 GBP。", None)
    first = api.get("/v1/members/uk:17850/decisions?limit=1").json()
    assert [one["id"] for one in first["items"]] == [told[0]["id"]]
    rest = api.get(f"/v1/members/uk:17850/decisions?limit=1&after={first['next']}").json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([told[1]["id"]], None)


def test_a_decision_nobody_made_is_not_found(api: Caller):
    assert refusal(api.get("/v1/decisions/dec_0000000000001")) == (404, "DecisionNotFound")
    assert refusal(api.get("/v1/decisions/nonsense")) == (404, "DecisionNotFound")
    assert refusal(api.get("/v1/orders/ord_0000000000001/decisions")) == (404, "OrderNotFound")


def test_an_order_and_a_basket_are_tried_and_nothing_changes(api: Caller):
    api.post("/v1/orders", order("1"))
    before = api.get("/v1/members/uk:17850/points").json()
    tried = api.post("/v1/programme/evaluation", {"order": "uk:1", "programme": RULES}, by=VERA).json()
    assert tried["earned"] == [{"point_type": "points", "points": 2000, "rule": None}]
    assert [one["outcome"] for one in tried["reasons"]] == ["earned", "condition"]
    basket = api.post("/v1/programme/evaluation", {"basket": BASKET | {"member": "uk:17850"}, "programme": RULES})
    assert [one["points"] for one in basket.json()["reasons"]] == [30_000, 50]
    assert api.post("/v1/programme/evaluation", {"basket": BASKET}).json()["earned"][0]["points"] == 3000
    assert api.get("/v1/members/uk:17850/points").json() == before
    assert len(api.get("/v1/members/uk:17850/decisions").json()["items"]) == 1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "NothingToEvaluate"),
        ({"order": "ord_0000000000001"}, "OrderNotFound"),
        ({"basket": BASKET | {"shop": "moon"}}, "ShopNotFound"),
        ({"basket": BASKET, "programme": BASE | {"currency": "EUR"}}, "NoRate"),
        ({"basket": BASKET, "programme": BASE | {"earning": [BONUS | {"when": "order.total"}]}}, "BadProgramme"),
    ],
)
def test_what_cannot_be_tried_is_refused(unmoved: Caller, asked: dict[str, object], code: str):
    assert refusal(unmoved.post("/v1/programme/evaluation", asked))[1] == code


def test_an_expression_that_does_not_fit_says_where(unmoved: Caller):
    told = problem(unmoved.post("/v1/programme/versions", BASE | {"earning": [BONUS | {"points": "5 +"}]}, by=MAX))
    assert told["errors"][0]["pointer"] == "#/earning/0/points"
    assert "at character 4, write a value" in told["errors"][0]["detail"]
