"""The programme over HTTP."""

from typing import Any

import pytest

from api.calls import MAX, VERA, Caller, facts_of, flaws, order, problem, refusal

PLAIN = {"keep": None, "benefits": [], "gift": None, "membership": None}
AT_ONCE = {"count": 0, "unit": "day"}
GENEROUS: dict[str, Any] = {
    "name": "Friends",
    "currency": "GBP",
    "time_zone": "Europe/London",
    "earning": [
        {
            "code": "goods",
            "name_en": "Goods",
            "name_zh": "商品",
            "points": "line.amount_minor / 1",
            "per": "line",
            "on": "order",
            "event": None,
            "challenge": None,
            "streak": None,
            "when": "true",
            "kind": "base",
            "point_type": "points",
            "rounding": "down",
            "starts_at": None,
            "ends_at": None,
            "stack": "add",
            "group": None,
            "most_per_order": None,
            "limits": [],
            "cooldown": None,
            "terms": None,
            "budget": None,
        }
    ],
    "expiry": {"kind": "rolling", "lasts": {"count": 2, "unit": "year"}, "end_of": "quarter"},
    "tier_sets": [
        {
            "code": "main",
            "name_en": "Friends",
            "name_zh": "朋友",
            "tiers": [
                {"code": "friend", "name_en": "Friend", "name_zh": "朋友", "reach": 0} | PLAIN,
                {"code": "best_friend", "name_en": "Best friend", "name_zh": "挚友", "reach": 2000} | PLAIN,
            ],
            "measure": {"by": "spend", "of": None},
            "window": {"kind": "rolling", "months": 12, "month": 1, "day": 1},
            "zone": "programme",
            "grace": AT_ONCE,
            "stay": AT_ONCE,
            "downgrade": "to_earned",
            "refunds": "at_once",
            "notice_days": 0,
            "approval": False,
        }
    ],
    "pending": None,
    "other_terms": {},
    "rates": [],
    "rewards": [],
    "events": [],
    "budgets": [],
    "campaigns": [],
    "referral": None,
}
FRIENDS = GENEROUS["tier_sets"][0]


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
    assert (standing["next_tier"], standing["missing_minor"]) == (FRIENDS["tiers"][1], 500)
    api.post("/v1/orders", order("2"))
    standing = api.get("/v1/members/uk:17850/tier").json()
    assert (standing["tier"]["code"], standing["next_tier"], standing["missing_minor"]) == ("best_friend", None, 0)
    assert standing["since"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tier_sets": [FRIENDS | {"tiers": FRIENDS["tiers"][1:]}]}, "#/tier_sets/0/tiers"),
        ({"tier_sets": [FRIENDS | {"tiers": FRIENDS["tiers"][::-1]}]}, "#/tier_sets/0/tiers"),
        ({"tier_sets": [FRIENDS, FRIENDS]}, "#/tier_sets"),
        ({"tier_sets": [FRIENDS | {"measure": {"by": "points"}}]}, "#/tier_sets/0/measure/of"),
        ({"tier_sets": [FRIENDS | {"tiers": [FRIENDS["tiers"][0] | {"keep": 1}]}]}, "#/tier_sets/0/tiers"),
        ({"time_zone": "Mars/Olympus"}, "#/time_zone"),
        ({"name": "   "}, "#/name"),
        ({"expiry": {"kind": "yearly", "month": 4, "day": 31}}, "#/expiry/day"),
        ({"expiry": {"kind": "rolling", "lasts": {"count": 601, "unit": "month"}}}, "#/expiry/lasts/count"),
        ({"pending": {"kind": "after", "waits": {"count": 0, "unit": "day"}}}, "#/pending/waits/count"),
        ({"effective_at": "2026-03-02T11:59:59Z"}, "#/effective_at"),
        ({"pending": {"kind": "until", "day": "9999-12-31"}}, "#/pending/day"),
        ({"other_terms": {"points": {}}}, "#/other_terms"),
        (
            {"other_terms": {"stars": {"expiry": {"kind": "sliding", "lasts": {"count": 1, "unit": "year"}}}}},
            "#/other_terms/stars/expiry",
        ),
    ],
)
def test_a_programme_that_cannot_hold_is_refused(unmoved: Caller, change: dict[str, object], field: str):
    told = problem(unmoved.post("/v1/programme/versions", GENEROUS | change, by=MAX))
    assert (told["status"], told["code"], told["errors"][0]["pointer"]) == (422, "BadProgramme", field)


@pytest.mark.parametrize(
    "terms",
    [
        {"expiry": None, "pending": None},
        {
            "other_terms": {
                "stars": {
                    "expiry": {"kind": "yearly", "month": 12, "day": 31, "at_least": {"count": 0, "unit": "day"}},
                    "pending": {"kind": "after", "waits": {"count": 3, "unit": "day"}},
                }
            }
        },
        {"expiry": {"kind": "rolling", "lasts": {"count": 90, "unit": "day"}, "end_of": "day"}},
        {"expiry": {"kind": "period_end", "end_of": "quarter", "at_least": {"count": 1, "unit": "month"}}},
        {"expiry": {"kind": "yearly", "month": 3, "day": 31, "at_least": {"count": 0, "unit": "day"}}},
        {
            "expiry": {
                "kind": "sliding",
                "lasts": {"count": 6, "unit": "month"},
                "end_of": "month",
                "activity": "earning_and_spending",
            }
        },
        {"pending": {"kind": "until", "day": "2026-12-01"}},
        {"pending": {"kind": "after", "waits": {"count": 14, "unit": "day"}}},
        {"pending": {"kind": "month_day", "day": 15, "months": 1}},
        {
            "pending": {
                "kind": "event",
                "event": "delivered",
                "within": {"count": 60, "unit": "day"},
                "otherwise": "lapse",
            }
        },
    ],
)
def test_terms_of_every_kind_are_published_and_read_again(api: Caller, terms: dict[str, object]):
    published = api.post("/v1/programme/versions", GENEROUS | terms, by=MAX)
    assert (published.status_code, published.json()) == (201, GENEROUS | terms | {"version": 1})
    assert api.get("/v1/programme").json() == GENEROUS | terms | {"version": 1}
    assert api.get("/v1/programme/versions").json()["items"][0]["programme"] == GENEROUS | terms


def test_terms_of_no_kind_are_malformed(unmoved: Caller):
    for terms in ({"expiry": {"kind": "lunar"}}, {"expiry": {}}, {"pending": {"kind": "after"}}):
        assert flaws(unmoved.post("/v1/programme/versions", GENEROUS | terms, by=MAX))


def test_a_version_begins_when_it_says(api: Caller):
    api.post("/v1/programme/versions", GENEROUS, by=MAX)
    later = GENEROUS | {"name": "Best friends", "effective_at": "2026-03-05T00:00:00Z"}
    assert api.post("/v1/programme/versions", later, by=MAX).json()["version"] == 2
    assert api.get("/v1/programme").json()["version"] == 1
    versions = api.get("/v1/programme/versions").json()["items"]
    assert [(one["version"], one["effective_at"]) for one in versions] == [
        (2, "2026-03-05T00:00:00Z"),
        (1, "2026-03-02T12:00:00Z"),
    ]
    api.post("/v1/orders", order("1", placed_at="2026-03-05T00:00:00Z", paid_at="2026-03-05T00:00:00Z"))
    with api.app.database.transaction() as tx:
        assert tx.values("select version_id from programme_awards") == [2]


def test_what_is_spent_by_api_keeps_the_rest_alive_where_spending_is_an_activity(api: Caller):
    sliding = {"kind": "sliding", "lasts": {"count": 6, "unit": "month"}, "activity": "earning_and_spending"}
    api.post("/v1/programme/versions", GENEROUS | {"expiry": sliding}, by=MAX)
    api.post("/v1/members", {"external_id": "4711"})
    points = "/v1/members/ext:4711/points"
    soon = {"amount": 100, "expires_at": "2026-03-10T00:00:00Z"}
    api.post(f"{points}/earns", soon | {"reference": "e"}, by=MAX)
    assert [lot["expires_at"] for lot in api.get(points).json()["lots"]] == ["2026-09-02T23:00:00Z"]
    for _ in range(2):
        api.post(f"{points}/spends", {"amount": 10, "reference": "s"})
    entries = api.get(f"{points}/entries").json()["items"]
    assert [(one["kind"], one["reference"]) for one in reversed(entries)] == [
        ("earn", "e"),
        ("extend", "@slide:1"),
        ("spend", "s"),  # on the same day: nothing would expire sooner
    ]


def test_a_promise_of_an_order_is_kept_by_the_event_told_of_it(api: Caller):
    installed = {"kind": "event", "event": "installed", "within": {"count": 60, "unit": "day"}}
    api.post("/v1/programme/versions", GENEROUS | {"pending": installed}, by=MAX)
    order_id = api.post("/v1/orders", order()).json()["order"]["id"]
    points = "/v1/members/uk:17850/points"
    [lot] = api.get(points).json()["lots"]
    assert (lot["awaits"], lot["matures_at"], lot["lapses"]) == (f"installed:{order_id}", "2026-04-30T23:00:00Z", False)
    assert api.post("/v1/fulfilments", {"event": f"installed:{order_id}"}, by=MAX).json()["promises"] == 1
    assert api.get(points).json()["available"] == 2000


def test_a_member_without_a_programme_has_no_tier(api: Caller):
    with api.app.database.transaction() as tx:
        tx.run("delete from commerce_shops")
    api.post("/v1/members", {"external_id": "4711"})
    assert refusal(api.get("/v1/members/ext:4711/tier")) == (404, "NoProgramme")
    assert facts_of(api.app.database) == ["member.joined"]
