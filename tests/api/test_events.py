# ruff: noqa: RUF001 - Chinese has commas of its own
"""Events of the programme's own over HTTP."""

from typing import Any

import pytest

from api.calls import MAX, VERA, Caller, facts_of, order, refusal
from api.test_programme import GENEROUS
from regulars import programme

REVIEW: dict[str, Any] = {
    "code": "review", "name_en": "Review", "name_zh": "评价",
    "schema": {"properties": {"rating": {"type": "integer", "name_en": "rating", "name_zh": "评分", "minimum": 1, "maximum": 5}},
               "required": ["rating"]},
}  # fmt: skip
STARS: dict[str, Any] = {
    "code": "stars", "name_en": "Stars", "name_zh": "星", "points": "event.rating * 10", "on": "event", "event": "review",
    "when": "event.rating > 2",
}  # fmt: skip
TWICE: dict[str, Any] = {
    "code": "twice", "name_en": "Twice", "name_zh": "两次", "points": "7", "on": "event", "event": "review",
    "challenge": {"reach": 2},
}  # fmt: skip
RULES: dict[str, Any] = GENEROUS | {"earning": [STARS, TWICE], "events": [REVIEW]}


@pytest.fixture
def shop(api: Caller) -> Caller:
    assert api.post("/v1/programme/versions", RULES, by=MAX).status_code == 201
    api.post("/v1/orders", order())
    return api


def told(number: str, rating: object = 5, **more: Any) -> dict[str, Any]:
    return {"event": "review", "external_id": number, "member": "uk:17850", "data": {"rating": rating}} | more


def test_events_are_answered_one_by_one_and_earn_once(shop: Caller):
    wrong = [told("b", 6), told("c", member="uk:nobody"), told("d", event="dance"), told("e", member="no")]
    answer = shop.post("/v1/events", {"events": [told("a"), *wrong, told("a")]}).json()
    first, *refused, again = answer["items"]
    assert (first["status"], first["given"]) == ("recorded", [{"point_type": "points", "points": 50}])
    assert answer["refused"] == 4
    assert [(one["refusal"]["code"], one["refusal"]["status"]) for one in refused] == [
        ("BadEvent", 422), ("MemberNotFound", 404), ("BadEvent", 422), ("MemberNotFound", 404),
    ]  # fmt: skip
    assert refused[0]["refusal"]["detail"] == "data.rating is 6: give a whole number from 1 to 5."
    assert again == first | {"status": "replayed"}
    changed = shop.post("/v1/events", {"events": [told("a", 1)]}).json()["items"][0]
    assert changed["refusal"]["code"] == "EventChanged"
    assert shop.get("/v1/members/uk:17850/points").json()["available"] == 50
    assert facts_of(shop.app.database).count("event.review") == 1


def test_a_members_events_goals_and_reasons_can_be_read(shop: Caller):
    shop.post("/v1/events", {"events": [told("a", happened_at="2026-03-01T10:00:00Z"), told("b", 2)]})
    page = shop.get("/v1/members/uk:17850/events?limit=1", by=VERA).json()
    assert [(one["external_id"], one["given"]) for one in page["items"]] == [("b", [])]
    rest = shop.get(f"/v1/members/uk:17850/events?limit=1&after={page['next']}", by=VERA).json()
    assert [(one["external_id"], one["data"]) for one in rest["items"]] == [("a", {"rating": 5})]
    [goal] = shop.get("/v1/members/uk:17850/goals", by=VERA).json()["goals"]
    assert (goal["rule"], goal["done"], goal["takes"], goal["reached"][0]["points"]) == ("twice", 2, 2, 7)
    kinds = shop.get("/v1/members/uk:17850/decisions?language=zh").json()["items"]
    assert {one["kind"] for one in kinds} >= {"event", "event_step"}
    counted = [each["sentence"] for one in kinds if one["kind"] == "event_step" for each in one["reasons"]]
    assert counted == ["已发放 7 分。", "已计入：1 / 2。"]
    assert all((one["order"] is None) == one["kind"].startswith("event") for one in kinds)
    assert shop.get("/v1/members/uk:17850/points").json()["available"] == 57


def test_a_birthday_is_announced(shop: Caller):
    cake = {"code": "cake", "name_en": "Cake", "name_zh": "蛋糕", "points": "100", "on": "birthday"}
    shop.post("/v1/programme/versions", RULES | {"earning": [cake]}, by=MAX)
    with shop.app.database.transaction() as tx:
        programme.adopt_occasions(tx, at=shop.app.clock())
    shop.patch("/v1/members/uk:17850", {"attributes": {"birthday": "1990-04-05"}})
    shop.post("/v1/orders", order("2"))
    assert shop.get("/v1/members/uk:17850/goals").json() == {
        "goals": [], "occasions": [{"kind": "birthday", "day": "2026-04-05", "last": None}],
    }  # fmt: skip


def test_a_dry_run_of_events_changes_nothing(shop: Caller):
    tried = shop.post("/v1/events?dry_run=true", {"events": [told("a")]}).json()
    assert tried["items"][0]["given"] == [{"point_type": "points", "points": 50}]
    assert shop.get("/v1/members/uk:17850/events").json()["items"] == []


@pytest.mark.parametrize(
    "more", [{"schema": {"properties": {"n": {"type": "number"}}}}, {"schema": {"minProperties": 1}}, {"code": "A"}]
)
def test_an_event_that_cannot_be_declared_is_refused(api: Caller, more: dict[str, Any]):
    answer = api.post("/v1/programme/versions", RULES | {"events": [REVIEW | more]}, by=MAX)
    assert answer.status_code == 400
    other = {**RULES, "earning": [STARS | {"when": "event.stars > 1"}]}
    assert refusal(api.post("/v1/programme/versions", other, by=MAX)) == (422, "BadProgramme")
