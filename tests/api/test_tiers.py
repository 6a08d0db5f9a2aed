"""Tiers over HTTP."""

import pytest

from api.calls import AGNES, MAX, OLGA, Caller, facts_of, order, refusal
from api.test_programme import FRIENDS, GENEROUS

SHIPPING = {
    "code": "shipping",
    "kind": "free_shipping",
    "name_en": "Free shipping",
    "name_zh": "免运费",
    "value": None,
    "note_en": "",
    "note_zh": "",
    "uses": 1,
}
YEARLY = FRIENDS | {
    "window": {"kind": "calendar", "months": 12, "month": 1, "day": 1},
    "tiers": [FRIENDS["tiers"][0], FRIENDS["tiers"][1] | {"keep": 1500, "benefits": [SHIPPING]}],
}
CLUB = FRIENDS | {
    "code": "club",
    "name_en": "Club",
    "name_zh": "俱乐部",
    "measure": {"by": "points", "of": "points"},
    "approval": True,
    "tiers": [FRIENDS["tiers"][0], FRIENDS["tiers"][1] | {"reach": 5000}],
}
MEMBER = "/v1/members/uk:17850"


@pytest.fixture
def club(api: Caller) -> Caller:
    """Somebody with an order of 20.00, by whom 2,000 points were earned."""
    api.post("/v1/programme/versions", GENEROUS | {"tier_sets": [YEARLY, CLUB]}, by=MAX)
    api.post("/v1/orders", order())
    return api


def test_a_member_stands_in_every_set_and_is_told_in_words_what_comes_next(club: Caller):
    main, other = club.get(f"{MEMBER}/tiers").json()["items"]
    assert (main["set"], main["tier"]["code"], main["cycle_ends"]) == ("main", "best_friend", "2027-01-01T00:00:00Z")
    assert main["keeping"]["en"] == "Best friend is kept for the year after 31 December 2026."
    assert (other["tier"]["code"], other["qualifying_minor"], other["missing_minor"]) == ("friend", 2000, 3000)
    assert other["following"] == {
        "en": "3,000 points more within twelve months reaches Best friend.",
        "zh": "12 个月内再累计 3,000 积分即可升为挚友。",
    }
    assert club.get(f"{MEMBER}/tier").json() == main


def test_points_given_by_api_move_a_tier_that_counts_them(club: Caller):
    club.post(f"{MEMBER}/points/earns", {"amount": 3000, "reference": "e"}, by=MAX)
    assert [one["tier"]["code"] for one in club.get(f"{MEMBER}/tiers").json()["items"]] == [
        "best_friend",
        "best_friend",
    ]


def test_a_benefit_is_asked_for_and_used_once(club: Caller):
    [held] = club.get(f"{MEMBER}/benefits").json()["items"]
    assert (held["benefit"], held["left"], held["set"]) == (SHIPPING, 1, "main")
    uses = f"{MEMBER}/benefits/shipping/uses"
    first = club.post(uses, {"reference": "cart-1"}, by=AGNES)
    assert (first.status_code, first.json()["left"]) == (201, 0)
    assert club.post(uses, {"reference": "cart-1"}, by=AGNES).status_code == 200
    assert refusal(club.post(uses, {"reference": "cart-2"}, by=AGNES)) == (409, "BenefitUsedUp")
    assert refusal(club.post(f"{MEMBER}/benefits/agent/uses", {"reference": "x"}, by=AGNES)) == (409, "BenefitNotHeld")
    assert facts_of(club.app.database).count("benefit.used") == 1


def test_a_tier_is_given_where_the_set_asks_for_it_by_two(club: Caller):
    asked = club.post(f"{MEMBER}/tier-grants", {"set": "club", "tier": "best_friend", "reason": "Press"}, by=MAX).json()
    assert asked["decision"] is None
    assert club.get("/v1/tier-grants?waiting=true", by=MAX).json()["items"] == [asked]
    place = f"/v1/tier-grants/{asked['id']}"
    assert refusal(club.post(f"{place}/approval", by=MAX)) == (409, "OwnGrant")
    assert club.post(f"{place}/approval", {"because": "Agreed"}, by=OLGA).json()["decision"] == "approved"
    standing = club.get(f"{MEMBER}/tiers").json()["items"][1]
    assert (standing["tier"]["code"], standing["earned"], standing["grant"]["reason"]) == (
        "best_friend",
        "friend",
        "Press",
    )
    assert club.post(f"{place}/ending", {"because": "Over"}, by=MAX).json()["ended_because"] == "Over"
    assert club.get(f"{MEMBER}/tiers").json()["items"][1]["tier"]["code"] == "friend"
    assert [one["id"] for one in club.get(f"{MEMBER}/tier-grants").json()["items"]] == [asked["id"]]
    assert refusal(club.post(f"{place}/ending", by=MAX)) == (409, "GrantEnded")


def test_without_a_tier_the_one_they_have_is_locked(club: Caller):
    made = club.post(f"{MEMBER}/tier-grants", {"reason": "Never drops"}, by=MAX).json()
    assert (made["kind"], made["tier"], made["ends_at"], made["decision"]) == ("lock", "best_friend", None, "approved")


def test_sets_are_listed_with_who_is_where_and_how_they_came(club: Caller):
    main, other = club.get("/v1/tier-sets").json()["items"]
    assert (main["set"], main["members"], main["at_risk"]) == (YEARLY, {"best_friend": 1}, 0)
    assert other["members"] == {"friend": 1}
    assert club.get("/v1/tier-sets/main/flows").json()["items"] == [
        {"month": "2026-03-01", "tier": "best_friend", "reached": 1, "left": 0}
    ]
    assert club.get("/v1/tier-sets/main/at-risk").json() == {"items": [], "next": None}
    assert refusal(club.get("/v1/tier-sets/vip/flows")) == (404, "TierSetNotFound")
