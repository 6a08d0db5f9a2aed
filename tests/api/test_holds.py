"""A checkout with points over HTTP: held, then captured or released."""

from datetime import timedelta

import pytest

from api.calls import AGNES, MAX, VERA, Caller, facts_of, flaws, order, problem, refusal
from conftest import NOON
from regulars import ledger

POINTS = "/v1/members/uk:17850/points"
HOLDS, CAPTURES, RELEASES = (f"{POINTS}/{what}" for what in ("holds", "captures", "releases"))
BASKET = {"amount": 120, "reference": "basket-1", "until": "2026-04-02T12:00:00Z"}


@pytest.fixture
def rich(api: Caller) -> Caller:
    """Customer 17850 holds 200 points."""
    api.post("/v1/orders", order())
    return api


def purse(api: Caller) -> tuple[int, int]:
    told = api.get(POINTS).json()
    return told["available"], told["held"]


def test_points_are_held_once_and_cannot_be_spent_otherwise(rich: Caller):
    first, again = (rich.post(HOLDS, BASKET) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {
        "status": "posted",
        "reference": "basket-1",
        "amount": -120,
        "available": 80,
        "number": 2,
        "held_change": 120,
    }
    assert again.json() == first.json() | {"status": "replayed"}
    assert purse(rich) == (80, 120)
    assert refusal(rich.post(f"{POINTS}/spends", {"amount": 81, "reference": "till-1"})) == (409, "InsufficientPoints")


def test_a_hold_is_captured_in_parts_and_the_rest_released(rich: Caller):
    rich.post(HOLDS, BASKET | {"reason": "Basket 1"})
    part = rich.post(CAPTURES, {"hold": "basket-1", "amount": 50, "reference": "paid-1"})
    assert (part.status_code, part.json()["held_change"], part.json()["amount"]) == (201, -50, 0)
    assert rich.get(HOLDS, by=VERA).json() == {
        "items": [
            {
                "number": 2,
                "reference": "basket-1",
                "amount": 120,
                "remaining": 70,
                "captured": 50,
                "held_at": part_of(rich),
                "until": "2026-04-02T12:00:00Z",
                "reason": "Basket 1",
                "member": None,
            }
        ],
        "next": None,
    }
    assert rich.post(CAPTURES, {"hold": "basket-1", "amount": 50, "reference": "paid-1"}).status_code == 200
    rest = rich.post(RELEASES, {"hold": "basket-1", "reference": "freed-1"})
    assert (rest.json()["amount"], rest.json()["held_change"], purse(rich)) == (70, -70, (150, 0))
    assert rich.get(HOLDS).json()["items"] == []
    assert (
        rich.post(f"{POINTS}/reversals", {"reverses": "paid-1", "amount": 50, "reference": "back"}).status_code == 201
    )
    assert purse(rich) == (200, 0)
    with rich.app.database.transaction() as tx:
        assert ledger.audit(tx) == []


def part_of(api: Caller) -> str:
    return api.get(f"{POINTS}/entries").json()["items"][1]["occurred_at"]


def test_all_that_is_left_is_captured_when_no_amount_is_named(rich: Caller):
    rich.post(HOLDS, BASKET)
    assert rich.post(CAPTURES, {"hold": "basket-1", "reference": "paid-1"}).json()["held_change"] == -120
    assert purse(rich) == (80, 0)
    assert problem(rich.post(RELEASES, {"hold": "basket-1", "amount": 1, "reference": "freed-1"})) == {
        "status": 409,
        "code": "ReversesTooMuch",
        "detail": "Of 'basket-1' only 0 are left to undo, not 1.",
        "retryable": False,
        "details": {"reverses": "basket-1", "left": 0, "amount": 1},
    }


def test_holds_are_listed_page_by_page(rich: Caller):
    for number in range(3):
        rich.post(HOLDS, BASKET | {"amount": 1, "reference": f"basket-{number}"})
    first = rich.get(f"{HOLDS}?limit=2").json()
    rest = rich.get(f"{HOLDS}?after={first['next']}").json()
    assert [one["reference"] for one in first["items"] + rest["items"]] == ["basket-2", "basket-1", "basket-0"]
    assert rest["next"] is None


@pytest.mark.parametrize("dry", ["", "?dry_run=true"])
def test_what_cannot_be_held_or_captured_is_refused_and_changes_nothing(rich: Caller, dry: str):
    rich.post(HOLDS, BASKET)
    before = facts_of(rich.app.database)
    asked = {
        (409, "InsufficientPoints"): rich.post(HOLDS + dry, BASKET | {"amount": 81, "reference": "basket-2"}),
        (409, "ReferenceReused"): rich.post(HOLDS + dry, BASKET | {"amount": 119}),
        (404, "NothingToReverse"): rich.post(CAPTURES + dry, {"hold": "basket-9", "reference": "paid-1"}),
        (409, "ReversesTooMuch"): rich.post(CAPTURES + dry, {"hold": "basket-1", "amount": 121, "reference": "paid-1"}),
        (404, "MemberNotFound"): rich.post(HOLDS.replace("17850", "1") + dry, BASKET),
        (403, "NotAllowed"): rich.post(HOLDS + dry, BASKET, by=VERA),
    }
    for expected, answer in asked.items():
        assert refusal(answer) == expected
    assert facts_of(rich.app.database) == before
    assert purse(rich) == (80, 120)


def test_an_end_in_the_past_and_a_strange_hold_are_pointed_at_by_the_callers_names(rich: Caller):
    past = problem(rich.post(HOLDS, BASKET | {"until": "2020-01-01T00:00:00Z"}))
    assert (past["status"], past["errors"]) == (422, [{"detail": "give a later instant", "pointer": "#/until"}])
    far = problem(rich.post(HOLDS, BASKET | {"until": "2500-01-01T00:00:00Z"}))
    assert (far["code"], far["errors"][0]["pointer"]) == ("ImpossibleDate", "#/until")
    strange = problem(rich.post(CAPTURES, {"hold": "\u200b", "reference": "r"}))
    assert (strange["status"], strange["errors"][0]["pointer"]) == (422, "#/hold")
    assert flaws(rich.post(HOLDS, {"amount": 1, "reference": "r"}))[0]["pointer"] == "#"
    assert flaws(rich.post(CAPTURES, {"hold": "ord_1", "reference": "r"}))[0]["pointer"] == "#/hold"


def test_a_dry_run_tells_what_would_be_held_and_holds_nothing(rich: Caller):
    dry = rich.post(f"{HOLDS}?dry_run=true", BASKET)
    assert (dry.status_code, dry.headers["dry-run"], purse(rich)) == (201, "true", (200, 0))
    done = rich.post(HOLDS, BASKET)
    assert done.json() == dry.json()
    freed = rich.post(f"{RELEASES}?dry_run=true", {"hold": "basket-1", "reference": "freed-1"})
    assert (freed.status_code, freed.json()["available"], purse(rich)) == (201, 200, (80, 120))


def test_a_key_is_answered_once(rich: Caller):
    first, again = (rich.post(HOLDS, BASKET, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (201, first.content, "true")


def test_a_hold_ends_by_itself(rich: Caller):
    """With no job: the next to look sees it."""
    soon = NOON + timedelta(hours=1)
    with rich.app.database.transaction() as tx:
        member = tx.value("select member_id from ledger_accounts")
        ledger.hold(tx, member, 30, reference="old", until=NOON - timedelta(hours=1), at=NOON - timedelta(hours=2))
        ledger.hold(tx, member, 20, reference="new", until=soon, at=NOON - timedelta(hours=2))
    assert [one["reference"] for one in rich.get(HOLDS).json()["items"]] == ["new"]
    assert purse(rich) == (180, 20)
    assert refusal(rich.post(CAPTURES, {"hold": "old", "reference": "paid-1"})) == (409, "ReversesTooMuch")


def test_other_kinds_of_points_are_held_apart(rich: Caller):
    star = {"point_type": "stars"}
    rich.post(f"{POINTS}/earns", {"amount": 9, "reference": "quiz", **star}, by=MAX)
    assert rich.post(HOLDS, BASKET | {"amount": 5, **star}, by=AGNES).json()["available"] == 4
    assert rich.get(f"{POINTS}?point_type=stars").json()["held"] == 5
    assert [one["kind"] for one in rich.get(f"{POINTS}/entries?point_type=stars").json()["items"]] == ["hold", "earn"]
    assert [one["amount"] for one in rich.get(f"{HOLDS}?point_type=stars").json()["items"]] == [5]
    assert (rich.get(HOLDS).json()["items"], purse(rich)) == ([], (200, 0))
    assert refusal(rich.post(CAPTURES, {"hold": "basket-1", "reference": "p"})) == (404, "NothingToReverse")
    assert rich.post(CAPTURES, {"hold": "basket-1", "reference": "p", **star}).status_code == 201
    assert flaws(rich.get(f"{POINTS}?point_type=Stars"))[0]["parameter"] == "point_type"


def test_points_of_a_kind_that_only_counts_are_not_spent(rich: Caller):
    with rich.app.database.transaction() as tx:
        tx.run(
            "insert into ledger_point_types (point_type, role, defined_at) values ('nights', 'qualifying', %(at)s)",
            at=NOON,
        )
    night = {"point_type": "nights"}
    rich.post(f"{POINTS}/earns", {"amount": 9, "reference": "stay", **night}, by=MAX)
    for path, body in ((HOLDS, BASKET), (f"{POINTS}/spends", {"amount": 1, "reference": "s"})):
        assert refusal(rich.post(path, body | {"amount": 1, **night})) == (409, "NotSpendable")


def test_nothing_is_taken_out_of_a_frozen_account(rich: Caller):
    with rich.app.database.transaction() as tx:
        tx.run("update ledger_accounts set frozen_at = %(at)s", at=NOON)
    assert refusal(rich.post(HOLDS, BASKET)) == (409, "AccountFrozen")
    assert purse(rich) == (200, 0)
