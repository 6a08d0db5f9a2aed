"""Shops over HTTP."""

from api.calls import MAX, VERA, Caller, facts_of, flaws, problem

NEW = {"code": "de", "name": "Geschenke", "currency": "EUR", "time_zone": "Europe/Berlin"}


def test_a_shop_is_opened_and_listed(api: Caller):
    opened = api.post("/v1/shops", NEW, by=MAX)
    assert opened.status_code == 201
    shop = opened.json()
    assert shop.pop("id").startswith("shop_")
    assert shop == NEW | {"created_at": "2026-03-02T12:00:00Z"}
    listed = api.get("/v1/shops", by=VERA).json()
    assert [one["code"] for one in listed["items"]] == ["de", "uk"]
    assert listed["next"] is None


def test_opening_it_again_changes_nothing(api: Caller):
    first, again = (api.post("/v1/shops", NEW, by=MAX) for _ in range(2))
    assert first.json() == again.json()


def test_another_currency_under_the_same_code_is_refused(api: Caller):
    api.post("/v1/shops", NEW, by=MAX)
    assert problem(api.post("/v1/shops", NEW | {"currency": "CHF"}, by=MAX)) == {
        "status": 409,
        "code": "ShopExists",
        "detail": "Shop de is already open with currency EUR, which cannot be changed under its orders.",
        "retryable": False,
        "details": {"code": "de", "field": "currency", "value": "EUR"},
    }


def test_a_time_zone_that_is_none_is_refused_with_what_would_do(api: Caller):
    assert problem(api.post("/v1/shops", NEW | {"time_zone": "Mars/Olympus"}, by=MAX)) == {
        "status": 422,
        "code": "BadShop",
        "detail": "time_zone is 'Mars/Olympus': give an IANA name such as Europe/London.",
        "retryable": False,
        "errors": [{"detail": "give an IANA name such as Europe/London", "pointer": "#/time_zone"}],
        "details": {"field": "time_zone", "value": "Mars/Olympus"},
    }
    assert facts_of(api.app.database) == []
    assert len(api.get("/v1/shops").json()["items"]) == 1


def test_a_code_with_capitals_does_not_fit(api: Caller):
    assert flaws(api.post("/v1/shops", NEW | {"code": "DE"}, by=MAX)) == [
        {"detail": "Expected str matching regex '^[a-z0-9_-]{1,64}$'", "pointer": "#/code"}
    ]
