"""Points over HTTP: held, spent, given back, stated."""

import pytest

from api.calls import MAX, VERA, Caller, came_back, facts_of, flaws, order, problem, refusal

SPENDS, REVERSALS = "/v1/members/uk:17850/points/spends", "/v1/members/uk:17850/points/reversals"

LOT = {"amount": 200, "expires_at": "2028-03-31T23:00:00Z", "matures_at": None, "awaits": None, "lapses": False}


@pytest.fixture
def rich(api: Caller) -> Caller:
    """Customer 17850 holds 200 points."""
    api.post("/v1/orders", order())
    return api


def test_what_a_member_holds_and_when_it_expires(rich: Caller):
    assert rich.get("/v1/members/uk:17850/points", by=VERA).json() == {
        "available": 200,
        "pending": 0,
        "held": 0,
        "debt": 0,
        "lots": [LOT],
        "shared_with": None,
    }


def test_somebody_without_points_holds_none(api: Caller):
    api.post("/v1/members", {"external_id": "4711"})
    assert api.get("/v1/members/ext:4711/points").json() == {
        "available": 0,
        "pending": 0,
        "held": 0,
        "debt": 0,
        "lots": [],
        "shared_with": None,
    }
    assert api.get("/v1/members/ext:4711/points/entries").json() == {"items": [], "next": None}


def test_points_are_spent_once(rich: Caller):
    first, again = (rich.post(SPENDS, {"amount": 150, "reference": "till-1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {"status": "posted", "reference": "till-1", "amount": -150, "available": 50, "number": 2}
    assert again.json() == first.json() | {"status": "replayed"}
    assert rich.get("/v1/members/uk:17850/points").json()["available"] == 50


def test_no_more_is_spent_than_is_held(rich: Caller):
    before = facts_of(rich.app.database)
    assert problem(rich.post(SPENDS, {"amount": 201, "reference": "till-1"})) == {
        "status": 409,
        "code": "InsufficientPoints",
        "detail": "200 points are available and 201 are needed: spend less, or earn more first.",
        "retryable": False,
        "details": {"available": 200, "point_type": "points", "amount": 201},
    }
    assert facts_of(rich.app.database) == before
    assert rich.post(SPENDS, {"amount": 200, "reference": "till-1"}).status_code == 201


def test_a_reference_names_one_spend(rich: Caller):
    rich.post(SPENDS, {"amount": 10, "reference": "till-1"})
    assert refusal(rich.post(SPENDS, {"amount": 11, "reference": "till-1"})) == (409, "ReferenceReused")
    assert rich.get("/v1/members/uk:17850/points").json()["available"] == 190


def test_a_spend_is_given_back_whole_or_in_part_and_never_more(rich: Caller):
    rich.post(SPENDS, {"amount": 100, "reference": "till-1"})
    part = rich.post(REVERSALS, {"reverses": "till-1", "amount": 60, "reference": "till-2"})
    assert (part.status_code, part.json()["available"]) == (201, 160)
    assert rich.post(REVERSALS, {"reverses": "till-1", "amount": 60, "reference": "till-2"}).status_code == 200
    assert refusal(rich.post(REVERSALS, {"reverses": "till-1", "amount": 41, "reference": "till-3"})) == (
        409,
        "ReversesTooMuch",
    )
    assert refusal(rich.post(REVERSALS, {"reverses": "till-9", "amount": 1, "reference": "till-4"})) == (
        404,
        "NothingToReverse",
    )
    assert rich.get("/v1/members/uk:17850/points").json()["available"] == 160


@pytest.mark.parametrize("reference", ["ord_0000000000000", "ret_x", "@expire:1", "", "a\0b", "x" * 201])
def test_a_reference_cannot_take_the_programmes_names(unmoved: Caller, reference: str):
    assert flaws(unmoved.post(SPENDS, {"amount": 1, "reference": reference}))[0]["pointer"] == "#/reference"


@pytest.mark.parametrize("amount", [0, -1, 1.5, "1", True, 10**13, 2**63, 10**40, None])
def test_an_amount_is_a_whole_number_of_points(unmoved: Caller, amount: object):
    assert flaws(unmoved.post(SPENDS, {"amount": amount, "reference": "till-1"}))[0]["pointer"] == "#/amount"


def test_everything_is_on_the_statement_latest_first(rich: Caller):
    rich.post(SPENDS, {"amount": 150, "reference": "till-1"})
    rich.post("/v1/returns", came_back())
    first = rich.get("/v1/members/uk:17850/points/entries?limit=2").json()
    rest = rich.get(f"/v1/members/uk:17850/points/entries?after={first['next']}").json()
    told = [(one["number"], one["kind"], one["amount"], one["available"]) for one in first["items"] + rest["items"]]
    assert told == [(3, "clawback", -50, 0), (2, "spend", -150, 50), (1, "earn", 200, 200)]
    assert rest["next"] is None
    assert rich.get("/v1/members/uk:17850/points").json()["debt"] == 50


def test_a_reason_is_kept_in_the_statement(rich: Caller):
    rich.post(SPENDS, {"amount": 1, "reference": "till-1", "reason": "A pen"})
    rich.post(REVERSALS, {"reverses": "till-1", "amount": 1, "reference": "till-2", "reason": "It was broken"})
    rich.post("/v1/members/uk:17850/points/earns", {"amount": 1, "reference": "x", "reason": "Sorry"}, by=MAX)
    told = rich.get("/v1/members/uk:17850/points/entries").json()["items"]
    assert [one["reason"] for one in told] == ["Sorry", "It was broken", "A pen", None]
    assert flaws(rich.post(SPENDS, {"amount": 1, "reference": "r", "reason": "a\nb"}))[0]["pointer"] == "#/reason"
