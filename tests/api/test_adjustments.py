"""Points by hand, freezes, kinds of points and the proof, over HTTP."""

import pytest

from api.calls import MAX, OLGA, VERA, Caller, facts_of, order, problem
from conftest import NOON
from regulars.ledger import proof

MEMBER = "/v1/members/uk:17850/points"


@pytest.fixture
def rich(api: Caller) -> Caller:
    """Customer 17850 holds 200 points."""
    api.post("/v1/orders", order())
    return api


def available(api: Caller) -> int:
    return api.get(MEMBER).json()["available"]


def test_a_few_points_are_given_at_once_with_the_reason_on_the_statement(rich: Caller):
    done = rich.post(f"{MEMBER}/adjustments", {"amount": 500, "reason": "lost parcel"}, by=MAX)
    assert (done.status_code, done.json()["decision"], available(rich)) == (201, "posted", 700)
    entry = rich.get(f"{MEMBER}/entries").json()["items"][0]
    assert (entry["kind"], entry["amount"], entry["reason"]) == ("earn", 500, "lost parcel")


def test_many_need_a_second_person(rich: Caller):
    asked = rich.post(f"{MEMBER}/adjustments", {"amount": 1001, "reason": "goodwill"}, by=MAX).json()
    assert (asked["decision"], available(rich)) == (None, 200)
    own = rich.post(f"/v1/adjustments/{asked['id']}/approval", by=MAX)
    assert (own.status_code, own.json()["code"]) == (409, "OwnAdjustment")
    done = rich.post(f"/v1/adjustments/{asked['id']}/approval", by=OLGA)
    assert (done.status_code, done.json()["decision"], available(rich)) == (201, "posted", 1201)
    again = rich.post(f"/v1/adjustments/{asked['id']}/rejection", by=OLGA)
    assert (again.status_code, again.json()["code"]) == (409, "AdjustmentDecided")
    listed = rich.get("/v1/adjustments", by=MAX).json()["items"]
    assert [one["id"] for one in listed] == [asked["id"]]


def test_more_than_there_is_cannot_be_taken_and_nothing_is_kept(rich: Caller):
    before = facts_of(rich.app.database)
    refused = rich.post(f"{MEMBER}/adjustments", {"amount": -201, "reason": "booked twice"}, by=MAX)
    assert problem(refused)["code"] == "InsufficientPoints"
    assert facts_of(rich.app.database) == before
    assert rich.get("/v1/adjustments", by=MAX).json()["items"] == []
    taken = rich.post(f"{MEMBER}/adjustments", {"amount": -200, "reason": "booked twice"}, by=MAX)
    assert (taken.status_code, available(rich)) == (201, 0)


def test_a_dry_run_moves_nothing(rich: Caller):
    ran = rich.post(f"{MEMBER}/adjustments?dry_run=true", {"amount": 5, "reason": "lost parcel"}, by=MAX)
    assert ran.json()["decision"] == "posted"
    assert available(rich) == 200


def test_nobody_adjusts_by_nothing(rich: Caller):
    assert rich.post(f"{MEMBER}/adjustments", {"amount": 0, "reason": "x"}, by=MAX).status_code == 422


def test_frozen_points_stay_until_they_are_freed(rich: Caller):
    frozen = rich.post(f"{MEMBER}/freezes", {"reason": "card reported stolen"}, by=MAX)
    assert (frozen.status_code, frozen.json()["lifted_at"]) == (201, None)
    refused = rich.post(f"{MEMBER}/spends", {"amount": 1, "reference": "till-1"})
    assert problem(refused)["code"] == "AccountFrozen"
    rich.post(f"{MEMBER}/freezes/lifting", {}, by=MAX)
    assert rich.post(f"{MEMBER}/spends", {"amount": 1, "reference": "till-1"}).status_code == 201


def test_a_kind_of_points_is_defined_once(api: Caller):
    stars = {"code": "stars", "role": "qualifying", "decimals": 2}
    first, again = (api.post("/v1/point-types", stars, by=MAX) for _ in range(2))
    assert first.json() == again.json()
    named = api.post("/v1/point-types", stars | {"name_en": "Stars", "name_zh": "星星"}, by=MAX).json()
    assert named == first.json() | {"name_en": "Stars", "name_zh": "星星"}
    other = api.post("/v1/point-types", stars | {"decimals": 0}, by=MAX)
    assert problem(other)["code"] == "PointTypeInUse"
    assert [one["code"] for one in api.get("/v1/point-types", by=VERA).json()["items"]] == ["stars"]


def test_the_proof_is_there_for_all_who_may_audit(rich: Caller):
    before = rich.get("/v1/reconciliation", by=MAX).json()
    assert (before["last"], before["running"], before["findings"]) == (None, None, [])
    assert before["totals"][0] | {"issued": 200, "outstanding": 200} == before["totals"][0]
    with rich.app.database.transaction() as tx:
        proof.reconcile(tx, at=NOON)
    after = rich.get("/v1/reconciliation", by=MAX).json()
    assert (after["last"]["accounts"], after["last"]["entries"], after["last"]["discrepancies"]) == (1, 1, 0)
    assert len(after["last"]["root"]) == 64
    assert rich.get("/v1/reconciliation/passes", by=MAX).json()["items"] == [after["last"]]
    with rich.app.database.transaction() as tx:
        tx.run("update ledger_entries set amount = amount + 1")
        proof.reconcile(tx, at=NOON)
    broken = {(one["entry"], one["invariant"]) for one in rich.get("/v1/reconciliation", by=MAX).json()["findings"]}
    assert (1, "the hash is that of the entry and the hash before") in broken


def test_a_decision_and_the_end_of_a_freeze_may_say_why(rich: Caller):
    asked = rich.post(f"{MEMBER}/adjustments", {"amount": 1001, "reason": "goodwill"}, by=MAX).json()
    empty = rich.post(f"/v1/adjustments/{asked['id']}/rejection", {"because": ""}, by=OLGA)
    assert empty.status_code == 400
    done = rich.post(f"/v1/adjustments/{asked['id']}/rejection", {"because": "sent twice"}, by=OLGA).json()
    assert (done["decision"], done["decided_because"]) == ("rejected", "sent twice")
    other = rich.post(f"{MEMBER}/adjustments", {"amount": 1002, "reason": "goodwill"}, by=MAX).json()
    seen = rich.post(f"/v1/adjustments/{other['id']}/approval", {"because": "seen"}, by=OLGA).json()
    assert (seen["decision"], seen["decided_because"]) == ("posted", "seen")
    rich.post(f"{MEMBER}/freezes", {"reason": "stolen"}, by=MAX)
    [freeze] = rich.post(f"{MEMBER}/freezes/lifting", {"because": "card replaced"}, by=MAX).json()["items"]
    assert freeze["lifted_because"] == "card replaced"
