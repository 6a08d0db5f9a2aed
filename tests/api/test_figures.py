"""Measures, cohorts, the map and the overview over HTTP, and the members behind them."""

import pytest

from api.calls import VERA, Caller, order, problem, refusal
from regulars import insight


@pytest.fixture
def busy(api: Caller) -> Caller:
    """Customer 1 bought in January and February, customer 2 in February."""
    for customer, days in {"1": ["2026-01-10", "2026-02-10"], "2": ["2026-02-20"]}.items():
        for day in days:
            api.post(
                "/v1/orders",
                order(f"{customer}-{day}", customer=customer, placed_at=f"{day}T12:00:00Z", paid_at=f"{day}T12:00:00Z"),
            )
    with api.app.database.transaction() as tx:
        insight.refresh(tx, api.app.frames, api.app.database, at=api.app.clock())
    return api


def test_the_measures_are_told_as_they_are_defined(unmoved: Caller):
    listed = unmoved.get("/v1/measures", by=VERA).json()["items"]
    assert [one["name"] for one in listed] == [one.name for one in insight.measures()]
    rate = next(one for one in listed if one["name"] == "repurchase_rate")
    assert (rate["title"], rate["unit"]) == ({"en": "Repurchase rate", "zh": "复购率"}, "share")
    assert rate["sql"] == insight.measure("repurchase_rate").sql


def test_a_measure_is_read_and_opens_to_its_members(busy: Caller):
    query = "start=2026-02-01&end=2026-03-01"
    figure = busy.get(f"/v1/measures/active_members?{query}").json()
    assert (figure["measure"], figure["unit"], figure["now"]["value"]) == ("active_members", "members", 2)
    assert (figure["now"]["start"], figure["now"]["end"]) == ("2026-02-01", "2026-03-01")
    assert sum(point["value"] for point in figure["series"]) == 2
    behind = busy.get(f"/v1/measures/active_members/members?{query}&limit=1").json()
    rest = busy.get(f"/v1/measures/active_members/members?{query}&after={behind['next']}").json()
    assert sorted(one["external_id"] for one in behind["items"] + rest["items"]) == ["1", "2"]
    assert (
        busy.get("/v1/measures/repurchase_rate?start=2026-01-01&end=2026-03-01&shop=uk&step=month").json()["now"][
            "value"
        ]
        == 0.5
    )


def test_cohorts_open_to_their_members(busy: Caller):
    cohorts = busy.get("/v1/cohorts").json()["items"]
    assert [(one["month"], one["members"], [cell["active"] for cell in one["cells"]]) for one in cohorts] == [
        ("2026-01-01", 1, [1, 1, 0]),
        ("2026-02-01", 1, [1, 0]),
    ]
    assert [one["external_id"] for one in busy.get("/v1/members?cohort=2026-01-01").json()["items"]] == ["1"]


def test_the_map_opens_to_its_members(busy: Caller):
    seen = busy.get("/v1/rfm").json()
    assert sum(cell["members"] for cell in seen["rfm"]) == 2
    cell = next(cell for cell in seen["rfm"] if cell["members"])
    found = busy.get(f"/v1/members?recency={cell['recency']}&frequency={cell['frequency']}").json()
    assert found["total"] == cell["members"]
    assert sum(share["members"] for share in seen["grades"]) == 2


def test_the_overview_tells_it_all(busy: Caller):
    seen = busy.get("/v1/overview?start=2026-01-01&end=2026-03-01").json()
    figures = {one["measure"]: one["now"]["value"] for one in seen["figures"]}
    assert (figures["orders"], figures["revenue"], seen["currency"]) == (3, 6000, "GBP")
    assert len(seen["cohorts"]) == 2
    assert sum(share["members"] for share in seen["distribution"]["tiers"]) == 2


def test_without_days_it_is_the_year_before_today(unmoved: Caller):
    seen = unmoved.get("/v1/overview").json()
    assert (seen["start"], seen["end"]) == ("2025-03-02", "2026-03-02")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/measures/nothing", 404, "MeasureNotFound"),
        ("/v1/measures/nothing/members", 404, "MeasureNotFound"),
        ("/v1/measures/%00", 404, "MeasureNotFound"),
        ("/v1/measures/orders?shop=xx", 404, "ShopNotFound"),
        ("/v1/cohorts?shop=xx", 404, "ShopNotFound"),
        ("/v1/overview?start=2026-03-02&end=2026-03-02", 422, "BadScope"),
        ("/v1/overview?start=0001-01-01&end=0002-01-01", 422, "ImpossibleDate"),
        ("/v1/overview?end=0001-01-01", 422, "ImpossibleDate"),
        ("/v1/cohorts?until=9999-12-31", 422, "ImpossibleDate"),
        ("/v1/overview?start=1950-01-01&end=2026-03-02&step=day", 422, "TooManyPoints"),
        ("/v1/overview?start=yesterday", 400, "MalformedRequest"),
        ("/v1/overview?currency=gbp", 400, "MalformedRequest"),
    ],
)
def test_what_cannot_be_told_is_refused(unmoved: Caller, path: str, status: int, code: str):
    assert refusal(unmoved.get(path)) == (status, code)


def test_a_stretch_that_ends_before_it_begins_is_refused_with_what_would_do(unmoved: Caller):
    assert problem(unmoved.get("/v1/overview?start=2026-03-02&end=2026-03-01")) == {
        "status": 422,
        "code": "BadScope",
        "detail": "end is 2026-03-01: give a day after 2026-03-02, at most a hundred years later.",
        "retryable": False,
        "errors": [{"detail": "give a day after 2026-03-02, at most a hundred years later", "parameter": "end"}],
        "details": {"field": "end", "value": "2026-03-01"},
    }
