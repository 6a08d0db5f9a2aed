"""Transfers, promises that wait for an event, longer lives, expiries undone and debts written off, over HTTP."""

from datetime import timedelta

import pytest

from api.calls import AGNES, MAX, VERA, Caller, came_back, facts_of, flaws, order, problem, refusal
from conftest import NOON
from regulars import ledger

POINTS, BEN = "/v1/members/uk:17850/points", "/v1/members/ext:4711/points"
EARNS, SPENDS, TRANSFERS, EXTENSIONS, REINSTATEMENTS, FORGIVENESS = (
    f"{POINTS}/{what}" for what in ("earns", "spends", "transfers", "extensions", "reinstatements", "forgiveness")
)
GIFT = {"to": "ext:4711", "amount": 70, "reference": "gift-1", "reason": "Happy birthday"}


@pytest.fixture
def rich(api: Caller) -> Caller:
    """Customer 17850 holds 200 points, 4711 none."""
    api.post("/v1/orders", order())
    api.post("/v1/members", {"external_id": "4711"})
    return api


def available(api: Caller, path: str = POINTS) -> int:
    return api.get(path).json()["available"]


def sound(api: Caller) -> bool:
    with api.app.database.transaction() as tx:
        return ledger.audit(tx) == []


# --- transfers


def test_points_go_to_somebody_else_once_and_keep_their_expiry(rich: Caller):
    first, again = (rich.post(TRANSFERS, GIFT) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    side = {"status": "posted", "reference": "gift-1"}
    assert first.json() == {
        "status": "posted",
        "reference": "gift-1",
        "amount": 70,
        "sent": side | {"amount": -70, "available": 130, "number": 2},
        "received": side | {"amount": 70, "available": 70, "number": 1},
    }
    assert again.json()["status"] == again.json()["sent"]["status"] == again.json()["received"]["status"] == "replayed"
    assert (available(rich), available(rich, BEN)) == (130, 70)
    assert [one["expires_at"] for one in rich.get(BEN).json()["lots"]] == ["2028-03-31T23:00:00Z"]
    [entry] = rich.get(f"{BEN}/entries").json()["items"]
    assert (entry["kind"], entry["reason"]) == ("receive", "Happy birthday")
    assert sound(rich)


@pytest.mark.parametrize("dry", ["", "?dry_run=true"])
def test_a_transfer_that_cannot_be_is_refused_on_both_sides(rich: Caller, dry: str):
    rich.post(TRANSFERS, GIFT)
    before = facts_of(rich.app.database)
    assert refusal(rich.post(TRANSFERS + dry, GIFT | {"amount": 131, "reference": "g"})) == (409, "InsufficientPoints")
    assert refusal(rich.post(TRANSFERS + dry, GIFT | {"amount": 71})) == (409, "ReferenceReused")
    assert refusal(rich.post(TRANSFERS + dry, GIFT | {"to": "ext:1"})) == (404, "MemberNotFound")
    assert refusal(rich.post(TRANSFERS + dry, GIFT, by=VERA)) == (403, "NotAllowed")
    told = problem(rich.post(TRANSFERS + dry, GIFT | {"to": "uk:17850"}))
    assert (told["status"], told["code"], told["errors"][0]["pointer"]) == (422, "InvalidPosting", "#/to")
    assert facts_of(rich.app.database) == before
    assert (available(rich), available(rich, BEN)) == (130, 70)


def test_a_reference_sent_to_somebody_else_is_refused(rich: Caller):
    rich.post(TRANSFERS, GIFT)
    rich.post("/v1/members", {"external_id": "4712"})
    assert refusal(rich.post(TRANSFERS, GIFT | {"to": "ext:4712"})) == (409, "ReferenceReused")
    assert available(rich, "/v1/members/ext:4712/points") == 0


def test_a_transfer_is_tried_out(rich: Caller):
    dry = rich.post(f"{TRANSFERS}?dry_run=true", GIFT)
    assert (dry.status_code, available(rich), available(rich, BEN)) == (201, 200, 0)
    assert rich.post(TRANSFERS, GIFT).json() == dry.json()


# --- promises


def test_an_event_makes_available_what_waits_for_it(rich: Caller):
    promise = {"amount": 40, "matures_at": "2026-06-01T00:00:00Z", "awaits": "delivered:9", "lapses": True}
    first = rich.post(EARNS, promise | {"reference": "p1"}, by=MAX)
    assert (first.status_code, first.json()["amount"], first.json()["pending_change"]) == (201, 0, 40)
    rich.post(f"{BEN}/earns", promise | {"reference": "p2", "point_type": "stars"}, by=MAX)
    rich.post(EARNS, promise | {"reference": "p3", "awaits": "delivered:8"}, by=MAX)
    lot = {
        "amount": 40,
        "expires_at": "2028-06-30T23:00:00Z",
        "matures_at": "2026-06-01T00:00:00Z",
        "awaits": "delivered:9",
        "lapses": True,
    }
    assert lot in rich.get(POINTS).json()["lots"]
    event = {"event": "delivered:9"}
    dry = rich.post("/v1/fulfilments?dry_run=true", event, by=MAX)
    assert (dry.headers["dry-run"], available(rich)) == ("true", 200)
    done, again = (rich.post("/v1/fulfilments", event, by=MAX) for _ in range(2))
    assert (done.status_code, done.json(), again.json()["promises"]) == (200, dry.json(), 0)
    assert done.json() == {"event": "delivered:9", "promises": 2}
    assert (available(rich), rich.get(POINTS).json()["pending"]) == (240, 40)
    assert available(rich, f"{BEN}?point_type=stars") == 40
    assert sound(rich)


def test_an_event_is_told_by_a_manager_and_named(rich: Caller):
    before = facts_of(rich.app.database)
    assert refusal(rich.post("/v1/fulfilments", {"event": "e"}, by=AGNES)) == (403, "NotAllowed")
    assert flaws(rich.post("/v1/fulfilments", {"event": "@e"}, by=MAX))[0]["pointer"] == "#/event"
    assert problem(rich.post(EARNS, {"amount": 1, "reference": "r", "awaits": "e"}, by=MAX))["errors"] == [
        {"detail": "say until when they wait, or what waits for ever stays pending for ever", "pointer": "#/matures_at"}
    ]
    assert rich.post("/v1/fulfilments", {"event": "nobody waits"}, by=MAX).json()["promises"] == 0
    assert facts_of(rich.app.database) == before


# --- corrections


def test_open_points_live_longer(rich: Caller):
    body = {"until": "2029-01-01T00:00:00Z", "reference": "spring", "reason": "Spring is late"}
    dry = rich.post(f"{EXTENSIONS}?dry_run=true", body, by=MAX)
    assert (dry.status_code, rich.get(POINTS).json()["lots"][0]["expires_at"]) == (201, "2028-03-31T23:00:00Z")
    first, again = (rich.post(EXTENSIONS, body, by=MAX) for _ in range(2))
    assert (first.status_code, first.json(), again.status_code) == (201, dry.json(), 200)
    assert [one["expires_at"] for one in rich.get(POINTS).json()["lots"]] == ["2029-01-01T00:00:00Z"]
    before = facts_of(rich.app.database)
    assert refusal(rich.post(EXTENSIONS, body, by=AGNES)) == (403, "NotAllowed")
    assert problem(rich.post(EXTENSIONS, body | {"until": "2999-01-01T00:00:00Z"}, by=MAX))["errors"][0]["pointer"] == (
        "#/until"
    )
    rich.post(SPENDS, {"amount": 1, "reference": "till-1"})
    assert refusal(rich.post(EXTENSIONS, body | {"reference": "till-1"}, by=MAX)) == (409, "ReferenceReused")
    assert facts_of(rich.app.database) == [*before, "points.spent"]
    assert sound(rich)


def test_points_that_expired_are_given_back(rich: Caller):
    with rich.app.database.transaction() as tx:
        member = tx.value("select member_id from ledger_accounts")
        gone, before = NOON - timedelta(days=1), NOON - timedelta(days=2)
        ledger.earn(tx, member, 30, reference="old", at=before, expires_at=gone)
        ledger.expire_due(tx, at=NOON)
    [expiry] = [one for one in rich.get(f"{POINTS}/entries").json()["items"] if one["kind"] == "expire"]
    body = {"entry": expiry["number"], "amount": 20, "until": "2026-06-01T00:00:00Z", "reference": "case-1"}
    dry = rich.post(f"{REINSTATEMENTS}?dry_run=true", body | {"reason": "He was ill"}, by=MAX)
    assert (dry.json()["available"], available(rich)) == (220, 200)
    first, again = (rich.post(REINSTATEMENTS, body | {"reason": "He was ill"}, by=MAX) for _ in range(2))
    assert (first.status_code, first.json(), again.status_code) == (201, dry.json(), 200)
    facts = facts_of(rich.app.database)
    more = body | {"amount": 11, "reference": "case-2"}
    assert refusal(rich.post(REINSTATEMENTS, more, by=MAX)) == (409, "ReversesTooMuch")
    assert refusal(rich.post(REINSTATEMENTS, more | {"entry": 1}, by=MAX)) == (404, "NothingToReverse")
    assert refusal(rich.post(REINSTATEMENTS, more, by=AGNES)) == (403, "NotAllowed")
    past = problem(rich.post(REINSTATEMENTS, more | {"amount": 1, "until": "2020-01-01T00:00:00Z"}, by=MAX))
    assert (past["code"], past["errors"][0]["pointer"]) == ("InvalidPosting", "#/until")
    assert facts_of(rich.app.database) == facts
    assert (available(rich), sound(rich)) == (220, True)


def test_points_owed_are_written_off_for_a_reason(rich: Caller):
    rich.post(SPENDS, {"amount": 200, "reference": "till-1"})
    rich.post("/v1/returns", came_back())
    assert rich.get(POINTS).json()["debt"] == 100
    body = {"amount": 60, "reference": "case-1", "reason": "A good customer"}
    dry = rich.post(f"{FORGIVENESS}?dry_run=true", body, by=MAX)
    assert (dry.json()["debt_change"], rich.get(POINTS).json()["debt"]) == (-60, 100)
    first, again = (rich.post(FORGIVENESS, body, by=MAX) for _ in range(2))
    assert (first.status_code, first.json(), again.status_code) == (201, dry.json(), 200)
    facts = facts_of(rich.app.database)
    assert problem(rich.post(FORGIVENESS, body | {"amount": 41, "reference": "case-2"}, by=MAX))["detail"] == (
        "Of 'the debt' only 40 are left to undo, not 41."
    )
    assert refusal(rich.post(FORGIVENESS, body, by=AGNES)) == (403, "NotAllowed")
    assert flaws(rich.post(FORGIVENESS, {"amount": 1, "reference": "r"}, by=MAX))
    assert facts_of(rich.app.database) == facts
    assert (rich.get(POINTS).json()["debt"], sound(rich)) == (40, True)
