"""Households over HTTP."""

import pytest

from api.calls import MAX, VERA, Caller, order, refusal

ADA, BEN = "ext:ada", "ext:ben"


@pytest.fixture
def home(api: Caller) -> str:
    """A household of Ada, who has 200 points, and Ben, who has 50; its path."""
    for number, points in ((ADA, 200), (BEN, 50)):
        api.post("/v1/members", {"external_id": number.partition(":")[2]})
        api.post(f"/v1/members/{number}/points/earns", {"amount": points, "reference": "welcome"}, by=MAX)
    formed = api.post("/v1/households", {"name": "The Lovelaces"})
    assert (formed.status_code, formed.json()["members"]) == (201, [])
    path = f"/v1/households/{formed.json()['id']}"
    for number in (ADA, BEN):
        assert api.post(f"{path}/members", {"member": number}).status_code == 201
    return path


def points(api: Caller, member: str) -> dict[str, object]:
    return api.get(f"/v1/members/{member}/points", by=VERA).json()


def test_members_share_their_points_by_the_hot_way_too(api: Caller, home: str) -> None:
    told = points(api, ADA)
    assert told == points(api, BEN)
    assert (told["available"], told["shared_with"]) == (250, home.rpartition("/")[2])
    spent = api.post(f"/v1/members/{BEN}/points/spends", {"amount": 120, "reference": "till-1"})
    assert (spent.status_code, spent.json()["available"]) == (201, 130)
    again = api.post(f"/v1/members/{BEN}/points/spends", {"amount": 120, "reference": "till-1"})
    assert (again.status_code, again.json()["available"]) == (200, 130)
    taken = api.post(
        f"/v1/members/{ADA}/points/spends?dry_run=true", {"amount": 131, "reference": "till-1"}
    )  # another member's reference
    assert refusal(taken) == (409, "InsufficientPoints")
    entries = api.get(f"/v1/members/{ADA}/points/entries").json()["items"]
    ben = api.get(f"/v1/members/{BEN}").json()["id"]
    assert [(one["kind"], one["reference"], one["member"]) for one in entries] == [
        ("spend", "till-1", ben),
        ("receive", "@receive:2", None),
        ("receive", "@receive:1", None),
        ("send", "@send:2", None),
        ("earn", "welcome", None),
    ]
    assert [one["reason"] for one in entries[1:]] == ["The Lovelaces"] * 3 + [None]


def test_a_hold_of_before_is_captured_by_its_own_name(api: Caller, home: str) -> None:
    api.post("/v1/members", {"external_id": "cleo"})
    api.post("/v1/members/ext:cleo/points/earns", {"amount": 9, "reference": "welcome"}, by=MAX)
    basket = {"amount": 5, "reference": "basket", "until": "2026-04-02T12:00:00Z"}
    api.post("/v1/members/ext:cleo/points/holds", basket)
    api.post(f"{home}/members", {"member": "ext:cleo"})
    cleo = api.get("/v1/members/ext:cleo").json()["id"]
    [hold] = api.get(f"/v1/members/{ADA}/points/holds").json()["items"]
    assert (hold["reference"], hold["member"], hold["remaining"]) == ("basket", cleo, 5)
    done = api.post("/v1/members/ext:cleo/points/captures", {"hold": "basket", "reference": "paid"})
    assert (done.status_code, done.json()["held_change"]) == (201, -5)
    assert (points(api, ADA)["available"], points(api, ADA)["held"]) == (254, 0)


def test_whoever_leaves_takes_a_share_and_the_heir_gets_the_rest(api: Caller, home: str) -> None:
    assert refusal(api.post(f"{home}/departures", {"member": ADA, "share": 251})) == (409, "InsufficientPoints")
    assert points(api, ADA)["available"] == 250
    left = api.post(f"{home}/departures", {"member": ADA, "share": 40})
    assert (left.status_code, len(left.json()["members"])) == (201, 1)
    assert (points(api, ADA)["available"], points(api, ADA)["shared_with"]) == (40, None)
    assert api.get(f"/v1/members/{ADA}/household").json() == {"household": None}
    assert refusal(api.post(f"{home}/departures", {"member": ADA})) == (409, "NotInHousehold")
    assert refusal(api.post(f"{home}/members", {"member": ADA})) == (409, "TooSoonToJoin")
    assert api.post(f"{home}/dissolution", {"heir": BEN}).json()["dissolved_at"]
    assert points(api, BEN)["available"] == 210
    assert refusal(api.post(f"{home}/members", {"member": BEN})) == (409, "HouseholdDissolved")


def test_what_an_order_earns_is_shared_and_taken_back_when_it_is_cancelled(api: Caller, home: str) -> None:
    api.post("/v1/orders", order())
    customer = "uk:17850"
    api.post(f"{home}/members", {"member": customer})
    assert points(api, ADA)["available"] == 450
    cancelled = api.post("/v1/orders/uk:536365/cancellation", {})
    assert cancelled.status_code == 201, cancelled.text
    assert points(api, customer)["available"] == points(api, ADA)["available"] == 250
    assert refusal(api.post(f"{home}/departures", {"member": "ext:nobody"})) == (404, "MemberNotFound")


def test_households_are_read_and_listed(api: Caller, home: str) -> None:
    told = api.get(home, by=VERA).json()
    assert (told["name"], len(told["members"])) == ("The Lovelaces", 2)
    assert api.get(f"/v1/members/{ADA}/household", by=VERA).json() == {"household": told}
    assert [one["name"] for one in api.get("/v1/households", by=VERA).json()["items"]] == ["The Lovelaces"]
    assert refusal(api.get("/v1/households/hou_x")) == (404, "HouseholdNotFound")
