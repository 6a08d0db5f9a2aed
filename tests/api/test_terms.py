"""How long points given by API last and wait: by instants, by policies, or as the programme says of their kind."""

from typing import Any

import pytest

from api.calls import MAX, Caller, order, problem
from api.test_programme import GENEROUS

POINTS = "/v1/members/ext:4711/points"
MARCH, LONDON = "2026-03-02T12:00:00Z", "23:00:00Z"
DAYS_14 = {"kind": "after", "waits": {"count": 14, "unit": "day"}}
YEAR_END = {"kind": "period_end", "end_of": "year"}


@pytest.fixture
def api(api: Caller) -> Caller:
    """A member, and a programme whose points wait 14 days and last a year; whose stars last to the end of the year."""
    api.post("/v1/members", {"external_id": "4711"})
    terms = {
        "expiry": {"kind": "rolling", "lasts": {"count": 1, "unit": "year"}, "end_of": "month"},
        "pending": DAYS_14,
        "other_terms": {"stars": {"expiry": YEAR_END}},
    }
    assert api.post("/v1/programme/versions", GENEROUS | terms, by=MAX).status_code == 201
    return api


def earned(api: Caller, **more: Any) -> dict[str, Any]:
    """The one lot there is after an earn."""
    kind = f"?point_type={more['point_type']}" if "point_type" in more else ""
    done = api.post(f"{POINTS}/earns", {"amount": 5, "reference": "x"} | more, by=MAX)
    assert done.status_code == 201, done.text
    [lot] = api.get(POINTS + kind).json()["lots"]
    return {name: lot[name] for name in ("matures_at", "expires_at", "awaits", "lapses")}


def lot(matures: str | None, expires: str | None, awaits: str | None = None, *, lapses: bool = False) -> dict[str, Any]:
    return {"matures_at": matures, "expires_at": expires, "awaits": awaits, "lapses": lapses}


WAIT = "2026-03-17T00:00:00Z"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, lot(WAIT, "2027-03-31T23:00:00Z"), id="the programme's own"),
        pytest.param({"point_type": "stars"}, lot(None, "2027-01-01T00:00:00Z"), id="the programme's own of stars"),
        pytest.param({"point_type": "trees"}, lot(None, None), id="a kind of which it says nothing"),
        pytest.param({"matures_at": None, "expires_at": None}, lot(None, None), id="at once, for ever"),
        pytest.param({"matures_at": None}, lot(None, "2027-03-31T23:00:00Z"), id="at once, as long as the programme says"),
        pytest.param({"expires_at": "2026-06-01T00:00:00Z"}, lot(WAIT, "2026-06-01T00:00:00Z"), id="an instant"),
        pytest.param({"expiry": YEAR_END, "matures_at": None}, lot(None, "2027-01-01T00:00:00Z"), id="period end"),
        pytest.param(
            {"expiry": YEAR_END, "matures_at": "2027-02-01T00:00:00Z"},
            lot("2027-02-01T00:00:00Z", "2028-01-01T00:00:00Z"),
            id="counted from when they can be spent",
        ),
        pytest.param(
            {"expiry": {"kind": "rolling", "lasts": {"count": 1, "unit": "month"}}, "pending": {"kind": "month_day", "day": 15}},
            lot("2026-04-14T23:00:00Z", "2026-05-15T23:00:00Z"),
            id="rolling, a day of the month",
        ),
        pytest.param(
            {"expiry": {"kind": "yearly", "month": 3, "day": 31}, "pending": {"kind": "until", "day": "2026-03-20"}},
            lot("2026-03-20T00:00:00Z", "2026-03-31T23:00:00Z"),
            id="yearly, until a day",
        ),
        pytest.param(
            {"expiry": {"kind": "sliding", "lasts": {"count": 10, "unit": "day"}}, "matures_at": None},
            lot(None, "2026-03-13T00:00:00Z"),
            id="sliding",
        ),
        pytest.param(
            {"pending": {"kind": "event", "event": "installed", "within": {"count": 2, "unit": "day"}, "otherwise": "lapse"}},
            lot("2026-03-05T00:00:00Z", "2027-03-31T23:00:00Z", "installed:x", lapses=True),
            id="an event, named after the reference",
        ),
    ],
)  # fmt: skip
def test_points_come_and_go_as_the_caller_says_and_else_as_the_programme_does(
    api: Caller, more: dict[str, Any], expected: dict[str, Any]
):
    assert earned(api, **more) == expected


def test_many_at_once_follow_the_same_terms(api: Caller):
    one = {"kind": "earn", "member": "ext:4711", "amount": 5}
    asked = [one | {"reference": "x"}, one | {"reference": "y", "expiry": YEAR_END, "pending": DAYS_14}]
    assert api.post("/v1/postings", {"postings": asked}, by=MAX).json()["refused"] == 0
    assert [lot["expires_at"] for lot in api.get(POINTS).json()["lots"]] == [
        "2027-03-31T23:00:00Z",
        "2027-01-01T00:00:00Z",
    ]


def test_what_waits_for_an_event_is_told_by_its_reference(api: Caller):
    event = {"kind": "event", "event": "installed", "within": {"count": 2, "unit": "day"}}
    earned(api, pending=event)
    assert api.post("/v1/fulfilments", {"event": "installed:x"}, by=MAX).json()["promises"] == 1
    assert api.get(POINTS).json()["available"] == 5


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"expires_at": None, "expiry": YEAR_END}, "expiry"),
        ({"matures_at": None, "pending": DAYS_14}, "pending"),
        ({"awaits": "e", "pending": DAYS_14}, "pending"),
        ({"awaits": "e"}, "matures_at"),
        ({"expires_at": "2026-03-03T00:00:00Z"}, "expires_at"),  # before the programme lets them be spent
        ({"expiry": {"kind": "sliding", "lasts": {"count": 1, "unit": "day"}}, "point_type": "stars"}, "expiry"),
        ({"expiry": {"kind": "yearly", "month": 4, "day": 31}}, "expiry.day"),
        ({"pending": {"kind": "until", "day": "9999-12-31"}}, "pending.day"),
    ],
)
def test_what_says_two_things_or_none_is_refused_by_its_field(api: Caller, more: dict[str, Any], field: str):
    told = problem(api.post(f"{POINTS}/earns", {"amount": 5, "reference": "x"} | more, by=MAX))
    assert (told["status"], told["code"], told["details"]["field"]) == (422, "InvalidPosting", field)
    assert api.get(POINTS).json()["lots"] == []


def test_only_an_earn_has_terms(api: Caller):
    spend = {"kind": "spend", "member": "ext:4711", "amount": 1, "reference": "x", "expiry": YEAR_END}
    [done] = api.post("/v1/postings", {"postings": [spend]}, by=MAX).json()["items"]
    assert done["refusal"]["code"] == "InvalidPosting"


def test_an_earn_sent_again_is_the_same_whatever_the_programme_says_by_then(api: Caller):
    body = {"amount": 5, "reference": "x"}
    first = api.post(f"{POINTS}/earns", body, by=MAX)
    api.post("/v1/programme/versions", GENEROUS | {"expiry": YEAR_END}, by=MAX)
    again = api.post(f"{POINTS}/earns", body, by=MAX)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"status": "replayed"}


def test_where_there_is_no_programme_points_come_at_once_and_stay(api: Caller):
    with api.app.database.transaction() as tx:
        tx.run("delete from programme_versions")
        tx.run("delete from commerce_shops")
    assert earned(api) == lot(None, None)


def test_an_order_still_earns_by_the_programme(api: Caller):
    api.post("/v1/orders", order())
    [one] = api.get("/v1/members/uk:17850/points").json()["lots"]
    assert one["expires_at"] == "2027-03-31T23:00:00Z"
