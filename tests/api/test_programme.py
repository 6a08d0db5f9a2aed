"""The programme over HTTP."""

import pytest

from api.calls import MAX, VERA, Caller, facts_of, order, problem, refusal

GENEROUS = {
    "name": "Friends",
    "currency": "GBP",
    "time_zone": "Europe/London",
    "earning": {"points": 1, "per_minor": 1},
    "expiry": {"kind": "rolling", "lasts": {"count": 2, "unit": "year"}, "end_of": "quarter"},
    "tiers": [
        {"code": "friend", "name_en": "Friend", "name_zh": "朋友", "from_minor": 0},
        {"code": "best_friend", "name_en": "Best friend", "name_zh": "挚友", "from_minor": 2000},
    ],
    "pending": None,
    "window_months": 12,
}


def test_the_default_programme_is_published_when_there_is_a_reason(api: Caller):
    assert api.get("/v1/programme").json()["version"] == 0
    assert api.get("/v1/programme/versions").json() == {"items": [], "next": None}
    api.post("/v1/orders", order())
    assert api.get("/v1/programme", by=VERA).json()["version"] == 1


def test_a_published_programme_holds_for_what_comes_after(api: Caller):
    api.post("/v1/orders", order("1"))
    published = api.post("/v1/programme/versions", GENEROUS, by=MAX)
    assert (published.status_code, published.json()) == (201, GENEROUS | {"version": 2})
    assert api.get("/v1/programme").json() == GENEROUS | {"version": 2}
    api.post("/v1/orders", order("2"))
    assert api.get("/v1/members/uk:17850/points").json()["available"] == 200 + 2000
    versions = api.get("/v1/programme/versions").json()["items"]
    assert [(one["version"], one["published_by"][:4]) for one in versions] == [(2, "key_"), (1, "regu")]
    assert versions[0]["programme"] == GENEROUS


def test_a_member_stands_where_the_years_spend_says(api: Caller):
    api.post("/v1/programme/versions", GENEROUS, by=MAX)
    api.post("/v1/orders", order("1", lines=[{"sku": "MUG", "quantity": 1, "unit_minor": 1500}]))
    standing = api.get("/v1/members/uk:17850/tier").json()
    assert (standing["tier"]["code"], standing["qualifying_minor"]) == ("friend", 1500)
    assert (standing["next_tier"], standing["missing_minor"]) == (GENEROUS["tiers"][1], 500)
    api.post("/v1/orders", order("2"))
    standing = api.get("/v1/members/uk:17850/tier").json()
    assert (standing["tier"]["code"], standing["next_tier"], standing["missing_minor"]) == ("best_friend", None, 0)
    assert standing["since"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tiers": [GENEROUS["tiers"][1]]}, "#/tiers"),
        ({"tiers": [*reversed(GENEROUS["tiers"])]}, "#/tiers"),
        ({"time_zone": "Mars/Olympus"}, "#/time_zone"),
        ({"name": "   "}, "#/name"),
    ],
)
def test_a_programme_that_cannot_hold_is_refused(unmoved: Caller, change: dict[str, object], field: str):
    told = problem(unmoved.post("/v1/programme/versions", GENEROUS | change, by=MAX))
    assert (told["status"], told["code"], told["errors"][0]["pointer"]) == (422, "BadProgramme", field)


def test_a_member_without_a_programme_has_no_tier(api: Caller):
    with api.app.database.transaction() as tx:
        tx.run("delete from commerce_shops")
    api.post("/v1/members", {"external_id": "4711"})
    assert refusal(api.get("/v1/members/ext:4711/tier")) == (404, "NoProgramme")
    assert facts_of(api.app.database) == ["member.joined"]
