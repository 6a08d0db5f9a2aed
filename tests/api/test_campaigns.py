"""Campaigns, budgets, undos and salons over HTTP."""

from typing import Any

import pytest

from api.calls import AGNES, MAX, OLGA, Caller, facts_of, order, problem, refusal
from api.test_programme import GENEROUS
from regulars import jobs

GIFT = {"code": "extra", "name_en": "Extra", "name_zh": "赠分", "points": "100", "per": "order", "kind": "bonus"}
CAMPAIGN: dict[str, Any] = {
    "code": "spring", "name_en": "Spring", "name_zh": "春日", "kind": "festival", "rules": [GIFT], "budget": "pot",
    "days": {"month_days": [1], "weekdays": [7]},
}  # fmt: skip
POT = {"code": "pot", "name_en": "Pot", "name_zh": "预算池", "amount": 150}
SPAN = {"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}
TEA: dict[str, Any] = {
    "code": "tea", "name_en": "Tea", "name_zh": "品茶会", "starts_at": "2026-03-20T10:00:00Z", "ends_at": "2026-03-20T12:00:00Z",
    "capacity": 1, "price": 100, "reward": 30,
}  # fmt: skip


@pytest.fixture
def spring(api: Caller) -> Caller:
    """Two orders on a day of the campaign, of which the budget paid the first."""
    said = GENEROUS | {"campaigns": [CAMPAIGN], "budgets": [POT]}
    assert api.post("/v1/programme/versions", said, by=MAX).status_code == 201
    api.post("/v1/orders", order())
    api.post("/v1/orders", order("2", customer="17851"))
    return api


def test_what_is_on_and_what_clashes_is_read_of_what_holds_and_of_a_draft(spring: Caller):
    [one] = spring.get("/v1/campaigns").json()["items"]
    assert (one["campaign"]["code"], one["campaign"]["days"]["month_days"], one["open"]) == ("spring", [1], False)
    spring.post("/v1/salons", TEA, by=MAX)
    month = spring.get("/v1/campaigns/calendar").json()
    assert [one["day"] for one in month["days"] if one["campaigns"]] == [
        "2026-03-01", "2026-03-08", "2026-03-15", "2026-03-22", "2026-03-29"
    ]  # fmt: skip
    assert [one["day"] for one in month["days"] if one["salons"] == ["tea"]] == ["2026-03-20"]
    assert month["clashes"] == []
    other = CAMPAIGN | {"code": "other", "rules": [GIFT | {"code": "more"}]}
    text = __import__("json").dumps(GENEROUS | {"campaigns": [CAMPAIGN, other], "budgets": [POT]})
    draft = spring.post("/v1/programme/drafts", {"text": text}, by=MAX).json()["id"]
    [clash] = spring.get(f"/v1/campaigns/calendar?draft={draft}&month=2026-04").json()["clashes"]
    assert clash == {"one": "spring", "other": "other", "kind": "budget", "first": "2026-04-01", "days": 5}


def test_results_and_budgets_say_what_was_given(spring: Caller):
    found = spring.get("/v1/campaigns/spring/results").json()
    assert (found["orders"], found["members"], found["goods"]) == (1, 1, [{"currency": "GBP", "goods_minor": 2000}])
    assert found["points"][0] == {
        "point_type": "points",
        "orders": 1,
        "members": 1,
        "first": 100,
        "points": 100,
        "undone": 0,
    }
    assert found["days"] == [{"day": "2026-03-01", "point_type": "points", "orders": 1, "points": 100}]
    [pot] = spring.get("/v1/budgets").json()["items"]
    assert (pot["taken"], pot["left"], pot["period"]) == (100, 50, "")
    assert spring.get("/v1/budgets/pot/burn").json()["items"] == [{"day": "2026-03-01", "taken": 100}]
    assert refusal(spring.get("/v1/budgets/none/burn")) == (404, "BudgetNotFound")
    assert refusal(spring.get("/v1/campaigns/none/results")) == (404, "CampaignNotFound")


def test_the_decision_of_an_order_says_that_the_budget_was_used_up(spring: Caller):
    [told] = spring.get("/v1/orders/uk:2/decisions").json()["items"]
    last = told["reasons"][-1]
    assert (last["rule"], last["outcome"], last["sentence"]) == ("extra", "budget", "Its budget was used up.")


def test_a_campaign_is_undone_once_somebody_else_agrees(spring: Caller):
    seen = spring.get("/v1/campaigns/spring/undo-preview", params=SPAN, by=MAX).json()
    assert (seen["orders"], seen["points"][0]["points"], seen["debtors"]) == (1, 100, [])
    made = spring.post("/v1/campaigns/spring/undos", SPAN | {"reason": "twice"}, by=MAX)
    assert (made.status_code, made.json()["state"]) == (201, "running")
    jobs.tick(spring.app, patience_seconds=30)
    done = spring.get(f"/v1/undos/{made.json()['id']}", by=MAX).json()
    assert (done["state"], done["points_done"]) == ("finished", 100)
    assert spring.get("/v1/members/uk:17850/points").json()["available"] == 2000
    assert refusal(spring.post("/v1/campaigns/spring/undos", SPAN | {"reason": "again"}, by=MAX)) == (
        409,
        "NothingToUndo",
    )
    assert refusal(spring.post(f"/v1/undos/{made.json()['id']}/approval", by=OLGA)) == (409, "UndoDecided")
    assert [one["id"] for one in spring.get("/v1/undos", by=MAX).json()["items"]] == [made.json()["id"]]


def test_a_refused_undo_changes_nothing(spring: Caller):
    before = facts_of(spring.app.database)
    backwards = {"since": SPAN["until"], "until": SPAN["since"], "reason": "x"}
    assert problem(spring.post("/v1/campaigns/spring/undos", backwards, by=MAX))["code"] == "BadUndo"
    assert refusal(spring.post("/v1/undos/und_0000000000001/rejection", by=MAX)) == (404, "UndoNotFound")
    assert facts_of(spring.app.database) == before


def test_a_salon_from_opening_to_the_door(spring: Caller):
    assert spring.post("/v1/salons", TEA, by=MAX).json()["taken"] == 0
    first = spring.post("/v1/salons/tea/signups", {"member": "uk:17850"}).json()
    second = spring.post("/v1/salons/tea/signups", {"member": "uk:17851"}).json()
    assert (first["state"], first["paid"], second["state"]) == ("booked", 100, "waiting")
    assert spring.post("/v1/salons/tea/signups", {"member": "uk:17850"}).json() == first
    assert spring.post("/v1/salons/tea/capacity", {"capacity": 2}, by=MAX).json()["taken"] == 2
    there = spring.post("/v1/salons/tea/check-ins", {"ticket": first["ticket"].lower()}).json()
    assert (there["state"], there["rewarded"]) == ("attended", 30)
    assert refusal(spring.post("/v1/salons/tea/check-ins", {"ticket": "nobody"})) == (404, "NotSignedUp")
    assert spring.post(f"/v1/signups/{second['id']}/cancellation").json()["state"] == "cancelled"
    assert [one["state"] for one in spring.get("/v1/salons/tea/signups", by=AGNES).json()["items"]] == [
        "attended",
        "cancelled",
    ]
    assert [one["salon"] for one in spring.get("/v1/members/uk:17850/signups").json()["items"]] == ["tea"]
    off = spring.post("/v1/salons/tea/calling-off", {"reason": "rain"}, by=MAX).json()
    assert (off["called_off_for"], off["taken"]) == ("rain", 0)
    assert refusal(spring.post("/v1/salons/tea/signups", {"member": "uk:17851"})) == (409, "SalonRefused")
    assert refusal(spring.get("/v1/salons/none")) == (404, "SalonNotFound")
