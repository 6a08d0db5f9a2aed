"""Rewards, coupons and gift cards by HTTP, as a shop's checkout asks for them."""

from typing import Any

from api.calls import MAX, VERA, Caller, facts_of, order, refusal

CART = {"currency": "GBP", "lines": [{"sku": "MUG", "quantity": 2, "unit_minor": 1000}], "shipping_minor": 300}
REWARDS = [
    {"code": "pound_off", "name_en": "A pound off", "name_zh": "立减", "kind": "cash_off", "prices": [{"points": 100}], "value_minor": 100},
    {"code": "toy", "name_en": "Toy", "name_zh": "玩具", "kind": "gift", "prices": [{"points": 50}], "sku": "TOY", "stocked": True,
     "fulfilled": True},
    {"code": "card", "name_en": "Card", "name_zh": "礼品卡", "kind": "gift_card", "prices": [{"points": 20}], "value_minor": 500},
    {"code": "ten", "name_en": "Ten", "name_zh": "九折", "kind": "coupon", "prices": [{"points": 10}], "pool": "summer"},
]  # fmt: skip
WHO = "/v1/members/uk:17850"


def publish(api: Caller, rewards: list[dict[str, Any]] = REWARDS) -> None:
    held = api.get("/v1/programme").json()
    del held["version"]
    answer = api.post("/v1/programme/versions", held | {"rewards": rewards}, by=MAX)
    assert answer.status_code == 201, answer.text
    assert [one["code"] for one in answer.json()["rewards"]] == [one["code"] for one in rewards]


def furnish(api: Caller) -> None:
    """A member with 200 points, and rewards to have for them."""
    publish(api)
    api.post("/v1/orders", order())
    terms = {"kind": "percent", "percent": 10, "valid_for": {"count": 30, "unit": "day"}}
    pool = {"code": "summer", "name_en": "Summer", "name_zh": "夏季", "terms": terms, "low_water": 1}
    assert api.post("/v1/coupon-pools", pool, by=MAX).status_code == 201


def done(answer: Any, status: int = 201) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_checkout_pays_with_points_in_two_steps_and_gives_back_what_comes_back(api: Caller):
    furnish(api)
    options = done(api.post(f"{WHO}/rewards/options", {"cart": CART}, by=VERA), 200)["items"]
    assert [(one["code"], one["usable"], one["times"]) for one in options][:2] == [
        ("pound_off", True, 2),
        ("toy", False, 0),
    ]
    assert [one["reason"] for one in options[1]["reasons"]] == ["sold out"]
    quoted = done(api.post(f"{WHO}/rewards/quotes", {"reward": "pound_off", "reference": "b1", "cart": CART}))
    place = f"/v1/redemptions/{quoted['id']}"
    assert (quoted["state"], quoted["points"], quoted["value_minor"]) == ("quoted", 200, 200)
    for _ in range(2):
        assert done(api.post(f"{place}/hold"))["state"] == "held"
    assert api.get(f"{WHO}/points").json()["available"] == 0
    for _ in range(2):
        assert done(api.post(f"{place}/captures", {"upto_minor": 150}))["captured"] == 150
    assert done(api.post(f"{place}/release"))["state"] == "captured"
    back = done(api.post(f"{place}/returns", {"returned_minor": 1000, "of_minor": 2000}))
    assert (back["points"], back["money_minor"]) == (75, 925)
    assert api.get(f"{WHO}/points").json()["available"] == 125
    assert api.get(place).json()["refunded"] == 75
    assert refusal(api.post(f"{place}/hold")) == (409, "WrongState")
    assert refusal(api.get("/v1/redemptions/rdm_0000000000001")) == (404, "RedemptionNotFound")


def test_a_gift_goes_from_the_shelf_to_the_door_and_back(api: Caller):
    furnish(api)
    asked = {"reward": "toy", "reference": "g1", "note": "blue"}
    assert refusal(api.post(f"{WHO}/rewards/redemptions", asked)) == (409, "SoldOut")
    stock = {"amount": 3, "reason": "delivered"}
    assert done(api.post("/v1/rewards/toy/stock-changes?dry_run=true", stock, by=MAX))["stock"] == 3
    assert done(api.post("/v1/rewards/toy/stock-changes", stock, by=MAX))["stock"] == 3
    assert refusal(api.post("/v1/rewards/none/stock-changes", stock, by=MAX)) == (404, "RewardNotFound")
    taken = done(api.post(f"{WHO}/rewards/redemptions", asked))["redemption"]
    assert (taken["state"], taken["fulfilment"], taken["note"]) == ("captured", "requested", "blue")
    [waiting] = api.get("/v1/redemptions?waiting=true").json()["items"]
    assert waiting["id"] == taken["id"]
    assert (
        done(api.post(f"/v1/redemptions/{taken['id']}/fulfilment", {"to": "sent", "note": "RM123"}))["note"] == "RM123"
    )
    refunded = done(api.post(f"/v1/redemptions/{taken['id']}/refund", {"reason": "broken", "restock": False}, by=MAX))
    assert (refunded["state"], refunded["refunded"]) == ("refunded", 50)
    changes = api.get("/v1/rewards/toy/stock-changes?limit=1", by=MAX).json()
    assert api.get(f"/v1/rewards/toy/stock-changes?limit=1&after={changes['next']}", by=MAX).json()["next"] is None
    assert [one["stock"] for one in api.get("/v1/rewards").json()["items"]] == [None, 2, None, None]
    mine = api.get("/v1/redemptions?member=uk:17850&reward=toy").json()["items"]
    assert [one["id"] for one in mine] == [taken["id"]]


def test_codes_are_made_handed_out_used_and_looked_up(api: Caller):
    furnish(api)
    made = done(api.post("/v1/coupon-pools/summer/generations", {"count": 2, "prefix": "SUN"}, by=MAX))
    assert (made["added"], round(made["entropy_bits"])) == (2, 53)
    sent = done(api.post("/v1/coupon-pools/summer/imports", {"codes": ['AB"C', "!", "ABC-DEF"]}, by=MAX))
    assert (sent["added"], sent["refused"]) == (2, 1)
    assert sent["refusals"] == [{"row": 2, "code": "!", "reason": "give at least 3 letters or digits"}]
    first = api.get("/v1/coupon-pools/summer/codes?limit=3", by=MAX).json()
    rest = api.get(f"/v1/coupon-pools/summer/codes?limit=3&after={first['next']}", by=MAX).json()
    assert len({one["code"] for one in first["items"] + rest["items"]}) == 4
    claim = {"member": "uk:17850", "reference": "mail"}
    given = done(api.post("/v1/coupon-pools/summer/claims", claim, by=MAX))
    assert done(api.post("/v1/coupon-pools/summer/claims", claim, by=MAX)) == given
    assert [one["code"] for one in api.get(f"{WHO}/coupons").json()["items"]] == [given["code"]]
    shown = {"code": given["code"].lower(), "cart": CART, "checkout": "b1", "member": "uk:17850"}
    assert done(api.post("/v1/coupons/checks", shown), 200)["discount_minor"] == 200
    assert refusal(api.post("/v1/coupons/checks", shown | {"member": None})) == (404, "CodeUnknown")
    reserved = done(api.post("/v1/coupons/reservations", shown))
    assert (reserved["state"], reserved["discount_minor"]) == ("reserved", 200)
    assert refusal(api.post("/v1/coupons/reservations", shown | {"checkout": "b2"})) == (409, "CouponNotUsable")
    at = {"code": given["code"], "checkout": "b1"}
    assert done(api.post("/v1/coupons/redemptions", at))["state"] == "redeemed"
    assert refusal(api.post("/v1/coupons/releases", at)) == (409, "UseOver")
    assert done(api.post("/v1/coupons/refunds", at))["state"] == "refunded"
    known = done(api.post("/v1/coupons/lookups", {"code": given["code"]}, by=MAX), 200)
    assert (known["pool"], len(known["uses"])) == ("summer", 1)
    assert done(api.post("/v1/coupons/revocations", {"code": given["code"], "reason": "lost"}, by=MAX))["revoked_at"]
    taken = done(api.post(f"{WHO}/rewards/redemptions", {"reward": "ten", "reference": "t"}))
    assert taken["coupon"] != given["code"]
    pool = api.get("/v1/coupon-pools/summer").json()
    assert (pool["codes"], pool["free"], pool["claimed"]) == (4, 2, 2)
    assert done(api.post("/v1/coupon-pools/summer/closure", by=MAX))["closed_at"]
    assert [one["code"] for one in api.get("/v1/coupon-pools").json()["items"]] == ["summer"]


def test_guessing_codes_is_slowed_for_whoever_guesses_alone(api: Caller):
    furnish(api)
    for number in range(5):
        wrong = {"code": f"NOPE-{number}", "cart": CART, "checkout": "b", "visitor": "192.0.2.7"}
        assert refusal(api.post("/v1/coupons/checks", wrong)) == (404, "CodeUnknown")
    slowed = api.post("/v1/coupons/reservations", wrong)
    assert refusal(slowed) == (429, "TooManyGuesses")
    assert slowed.headers["retry-after"] == "31"
    assert refusal(api.post("/v1/coupons/checks", wrong | {"visitor": "192.0.2.8"})) == (404, "CodeUnknown")
    for _ in range(5):
        assert refusal(api.post("/v1/gift-cards/lookups", {"code": "AAAA", "visitor": "c"})) == (404, "CodeUnknown")
    assert refusal(api.post("/v1/gift-cards/lookups", {"code": "AAAA", "visitor": "c"})) == (429, "TooManyGuesses")


def test_a_gift_card_from_its_issue_to_its_end(api: Caller):
    furnish(api)
    new = {"currency": "GBP", "amount_minor": 5000, "reference": "o1", "member": "uk:17850"}
    issued = done(api.post("/v1/gift-cards", new, by=MAX))
    assert done(api.post("/v1/gift-cards", new, by=MAX))["code"] is None
    card = f"/v1/gift-cards/{issued['card']['id']}"
    found = done(api.post("/v1/gift-cards/lookups", {"code": issued["code"].replace("-", "")}), 200)
    assert found == issued["card"]
    hold = {"amount_minor": 3000, "currency": "GBP", "reference": "b1", "until": "2026-03-02T13:00:00Z"}
    assert done(api.post(f"{card}/holds", hold))["held_minor"] == 3000
    part = {"amount_minor": 2000, "hold": "b1", "reference": "p1"}
    assert done(api.post(f"{card}/captures", part))["held_minor"] == 1000
    assert (
        done(api.post(f"{card}/releases", {"amount_minor": 1000, "hold": "b1", "reference": "r1"}))["held_minor"] == 0
    )
    assert (
        done(api.post(f"{card}/refunds", {"amount_minor": 500, "capture": "p1", "reference": "f1"}))["balance_minor"]
        == 3500
    )
    assert done(api.post(f"{card}/top-ups", {"amount_minor": 100, "reference": "t1"}, by=MAX))["balance_minor"] == 3600
    assert done(api.post(f"{card}/block", {"reason": "stolen"}, by=MAX))["blocked_at"]
    assert refusal(api.post(f"{card}/holds", hold | {"reference": "b2"})) == (409, "CardBlocked")
    assert api.get("/v1/gift-card-liability", by=MAX).json()["items"] == [
        {"currency": "GBP", "cards": 1, "balance_minor": 3600, "held_minor": 0, "blocked_minor": 3600}
    ]
    assert done(api.post(f"{card}/block/lifting", {"reason": "found"}, by=MAX))["blocked_at"] is None
    kinds = [one["kind"] for one in api.get(f"{card}/entries").json()["items"]]
    assert kinds == ["unblock", "block", "top_up", "refund", "release", "capture", "hold", "issue"]
    mine = api.get("/v1/gift-cards?member=uk:17850", by=MAX).json()["items"]
    assert [one["id"] for one in mine] == [issued["card"]["id"]]
    assert api.get("/v1/gift-cards?ends_with=0000", by=MAX).json()["items"] == []
    taken = done(api.post(f"{WHO}/rewards/redemptions", {"reward": "card", "reference": "c"}))
    assert done(api.post("/v1/gift-cards/lookups", {"code": taken["gift_card_code"]}), 200)["balance_minor"] == 500


def test_what_is_refused_changes_nothing(api: Caller):
    furnish(api)
    before = facts_of(api.app.database)
    for path, body, by, told in (
        (f"{WHO}/rewards/redemptions", {"reward": "none", "reference": "r"}, None, (404, "RewardNotFound")),
        (f"{WHO}/rewards/redemptions", {"reward": "pound_off", "reference": "r"}, None, (409, "WrongKind")),
        (f"{WHO}/rewards/redemptions", {"reward": "ten", "reference": "r"}, None, (409, "PoolEmpty")),
        (
            f"{WHO}/rewards/quotes",
            {"reward": "pound_off", "reference": "r", "cart": CART, "times": 3},
            None,
            (422, "BadRedemption"),
        ),
        (
            "/v1/coupon-pools",
            {"code": "x", "name_en": "X", "name_zh": "X", "terms": {"kind": "gift"}},
            MAX,
            (422, "BadCoupon"),
        ),
        ("/v1/coupon-pools/none/claims", {"member": "uk:17850", "reference": "r"}, MAX, (404, "PoolNotFound")),
        ("/v1/coupons/redemptions", {"code": "ABC", "checkout": "c"}, None, (404, "UseNotFound")),
        ("/v1/gift-cards/gft_0000000000001/block", {"reason": "r"}, MAX, (404, "CardNotFound")),
    ):
        answer = api.post(path, body, **({"by": by} if by else {}))
        assert refusal(answer) == told, answer.text
    assert facts_of(api.app.database) == before


def test_a_repeated_request_is_answered_once_with_the_code_it_gave(api: Caller):
    furnish(api)
    asked = {"reward": "card", "reference": "c"}
    first, again = (api.post(f"{WHO}/rewards/redemptions", asked, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.content == again.content
    assert first.json()["gift_card_code"]


def test_a_reward_is_given_without_points_and_once(api: Caller):
    furnish(api)
    gift = {"reward": "card", "reference": "sorry-1", "reason": "Late parcel"}
    given = api.post(f"{WHO}/rewards/gifts", gift, by=MAX)
    assert given.status_code == 201, given.text
    told = given.json()["redemption"]
    assert (told["points"], told["cause"], told["reason"], told["state"]) == (0, "staff", "Late parcel", "fulfilled")
    again = api.post(f"{WHO}/rewards/gifts", gift, by=MAX).json()
    assert (again["redemption"]["id"], again["gift_card_code"]) == (told["id"], None)
    assert refusal(api.post(f"{WHO}/rewards/gifts", gift)) == (403, "NotAllowed")
    other = gift | {"reward": "none"}
    assert refusal(api.post(f"{WHO}/rewards/gifts", other, by=MAX)) == (404, "RewardNotFound")
    assert api.get("/v1/owed-rewards").json() == {"items": [], "next": None}
