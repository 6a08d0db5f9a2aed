"""Referrals over HTTP."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from litestar.testing import TestClient

from api.calls import MAX, OLGA, VERA, Caller, came_back, issue_keys, order, refusal
from regulars.app import App
from regulars.asgi import create_asgi

REFERRAL = {
    "advocate": {"points": 500, "point_type": "credit"},
    "friend": {"points": 200, "point_type": "credit"},
    "milestones": [{"friends": 3, "gives": {"points": 1000, "point_type": "credit"}}],
    "link": "https://shop.example/?ref={code}",
}


@pytest.fixture
def shop(app: App) -> Generator[Caller]:
    """A shop whose programme has referrals, and Ada with a code."""
    keyed = replace(app, settings=replace(app.settings, identity_secret="sixteen letters!"))
    with TestClient(create_asgi(keyed)) as client:
        caller = Caller(client, keyed, issue_keys(keyed.database))
        caller.post("/v1/members", {"external_id": "ada", "joined_at": "2026-01-01T12:00:00Z"})
        programme = caller.get("/v1/programme").json()
        del programme["version"]
        assert caller.post("/v1/programme/versions", programme | {"referral": REFERRAL}, by=MAX).status_code == 201
        yield caller


def code_of(shop: Caller) -> str:
    issued = shop.post("/v1/members/ext:ada/referral/code")
    assert issued.status_code == 201
    assert issued.json()["link"] == f"https://shop.example/?ref={issued.json()['code']}"
    return issued.json()["code"]


def bring(shop: Caller, **seen: str) -> dict[str, Any]:
    """Customer 17850 opens Ada's link on a phone, joins by ordering, and is seen on it; the referral."""
    touch = {
        "code": code_of(shop),
        "kind": "link_opened",
        "touched_at": "2026-02-20T12:00:00Z",
        "device": "phone",
        "ip": "10.0.0.9",
    }
    made = shop.post("/v1/referrals/touches", touch)
    assert (made.status_code, made.json()["member"], len(made.json()["device"])) == (201, None, 32)
    assert shop.post("/v1/referrals/touches", touch).json() == made.json()
    shop.post("/v1/orders", order())
    noted = shop.post("/v1/referrals/signals", {"seen": [{"member": "uk:17850", "device": "phone", **seen}]})
    assert noted.json() == {"signals": 1 + len(seen), "held": 0}
    [one] = shop.get("/v1/referrals", by=MAX).json()["items"]
    return one


def credit(shop: Caller, member: str) -> tuple[int, int]:
    found = shop.get(f"/v1/members/{member}/points?point_type=credit").json()
    return found["available"], found["pending"]


def test_a_friend_comes_by_a_link_and_both_sides_are_promised_their_points(shop: Caller):
    one = bring(shop)
    assert (one["state"], one["score"], one["refusal"]) == ("rewarded", 0, None)
    assert (credit(shop, "ext:ada"), credit(shop, "uk:17850")) == ((0, 500), (0, 200))
    told = shop.get("/v1/members/ext:ada/referral", by=VERA).json()
    code = told.pop("code")
    assert told == {"touches": 1, "joined": 1, "rewarded": 1, "held": 0, "points": 0, "next_milestone": 3}
    assert code["revoked_at"] is None
    story = shop.get(f"/v1/referrals/{one['id']}", by=MAX).json()
    assert [(each["by"], each["verdict"], each["en"], each["zh"]) for each in story["evidence"]] == [
        ("device", "counts", "It counts.", "有效。")
    ]
    assert [(gift["side"], gift["left"], gift["held"]) for gift in story["gifts"]] == [
        ("advocate", 500, False),
        ("friend", 200, False),
    ]
    shop.post("/v1/returns", came_back())
    assert (credit(shop, "ext:ada"), credit(shop, "uk:17850")) == ((0, 250), (0, 100))
    assert shop.get("/v1/referrals/funnel", by=MAX).json() == {
        "touches": 1, "joined": 1, "ordered": 1, "rewarded": 1, "held": 0, "refused": 0,
    }  # fmt: skip
    assert [one["rewarded"] for one in shop.get("/v1/referrals/advocates", by=MAX).json()["items"]] == [1]
    names = {fact["name"] for fact in shop.get("/v1/facts", by=OLGA).json()["items"]}
    assert {"referral.touched", "referral.attributed", "referral.rewarded", "referral.reversed"} <= names


def test_what_is_held_a_person_refuses_and_approves_with_a_reason(shop: Caller):
    shop.post("/v1/referrals/signals", {"seen": [{"member": "ext:ada", "device": "phone", "address": "1, High St."}]})
    one = bring(shop, address="1 high st")
    path = f"/v1/referrals/{one['id']}"
    assert (one["state"], one["score"]) == ("held", 85)
    assert [item["id"] for item in shop.get("/v1/referrals?state=held", by=MAX).json()["items"]] == [one["id"]]
    assert shop.get("/v1/referrals?state=rewarded&advocate=ext:ada", by=MAX).json()["items"] == []
    for what, state, points in (("refusal", "refused", 0), ("approval", "rewarded", 500)):
        assert refusal(shop.post(f"{path}/{what}", {}, by=MAX))[0] == 400
        assert refusal(shop.post(f"{path}/{what}", {"because": "no"})) == (403, "NotAllowed")
        done = shop.post(f"{path}/{what}", {"because": "looked into"}, by=MAX)
        assert (done.status_code, done.json()["state"], credit(shop, "ext:ada")[1]) == (201, state, points)
        assert refusal(shop.post(f"{path}/{what}", {"because": "again"}, by=MAX)) == (409, "NotReviewable")
    reviews = shop.get(path, by=MAX).json()["reviews"]
    assert [(one["decision"], one["because"]) for one in reviews] == [
        ("approved", "looked into"),
        ("refused", "looked into"),
    ]


def test_a_guest_s_order_is_seen_with_a_mailbox(shop: Caller):
    shop.post("/v1/orders", order("1", customer=None))
    noted = shop.post("/v1/referrals/signals", {"seen": [{"order": "uk:1", "email": "B.en+x@gmail.com"}]})
    assert noted.json()["signals"] == 1
    touch = {
        "code": code_of(shop),
        "kind": "code_typed",
        "touched_at": "2026-03-01T18:00:00Z",
        "email": "ben@gmail.com",
    }
    shop.post("/v1/referrals/touches", touch)
    shop.post("/v1/members", {"external_id": "ben", "email": "ben@googlemail.com"})
    [one] = shop.get("/v1/referrals", by=MAX).json()["items"]
    assert (one["state"], one["refusal"]) == ("refused", "known_customer")


def test_a_revoked_code_ends_and_what_is_none_is_not_found(shop: Caller):
    first = code_of(shop)
    assert code_of(shop) == first
    ended = shop.post("/v1/members/ext:ada/referral/revocation", {"because": "posted in public"}, by=MAX)
    assert (ended.status_code, ended.json()["revoked_at"]) == (201, "2026-03-02T12:00:00Z")
    assert code_of(shop) != first
    touch = {"code": "AAAAAAAA", "kind": "link_opened"}
    assert refusal(shop.post("/v1/referrals/touches", touch)) == (404, "CodeNotFound")
    assert refusal(shop.get("/v1/referrals/rfl_0", by=MAX)) == (404, "ReferralNotFound")
    both = {"seen": [{"member": "ext:ada", "order": "ord_0000000000000", "device": "x"}]}
    assert refusal(shop.post("/v1/referrals/signals", both)) == (422, "WhoseSignals")
    ill = {"seen": [{"member": "ext:ada", "phone": "none"}]}
    assert refusal(shop.post("/v1/referrals/signals", ill)) == (422, "BadSignal")


def test_without_a_secret_nothing_is_hashed_and_a_known_friend_is_weighed_all_the_same(api: Caller):
    for name in ("ada", "ben"):
        api.post("/v1/members", {"external_id": name})
    code = api.post("/v1/members/ext:ada/referral/code").json()
    assert code["link"] is None
    touch = {"code": code["code"], "kind": "link_opened", "device": "phone"}
    assert refusal(api.post("/v1/referrals/touches", touch)) == (409, "NoIdentitySecret")
    del touch["device"]
    assert api.post("/v1/referrals/touches", touch | {"member": "ext:ben"}).status_code == 201
    assert api.get("/v1/referrals", by=MAX).json()["items"] == []  # the programme has no referrals
