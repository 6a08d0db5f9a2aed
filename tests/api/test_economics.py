"""The economics of points over HTTP."""

from datetime import timedelta

import pytest

from api.calls import AGNES, MAX, Caller, flaws, refusal
from conftest import NOON
from regulars import ledger, members
from regulars.members import NewMember

DAY = timedelta(days=1)
VALUE = {"effective_from": "2026-01-01", "currency": "GBP", "minor_per_million": 1_000_000}


@pytest.fixture
def earlier(api: Caller) -> Caller:
    """Somebody earned in January and spent in February; it is March."""
    with api.app.database.transaction() as tx:
        [ada] = members.enrol(tx, [NewMember("ada")], at=NOON - 60 * DAY)
        ledger.earn(tx, ada.member_id, 1000, reference="a", at=NOON - 50 * DAY, expires_at=NOON + 700 * DAY)
        ledger.spend(tx, ada.member_id, 300, reference="v", at=NOON - 20 * DAY)
    return api


def test_a_month_from_value_to_journal(earlier: Caller) -> None:
    assert refusal(earlier.post("/v1/economics/periods/2026-01/closing", {}, by=MAX)) == (409, "PointValueMissing")
    assert earlier.post("/v1/economics/values", VALUE, by=MAX).json()["basis"] == "by_hand"
    assert len(earlier.get("/v1/economics/values", by=MAX).json()["items"]) == 1
    worth = earlier.get("/v1/economics/liability", by=MAX).json()
    assert (worth["outstanding"], worth["fair_minor"], worth["breakage_minor"]) == (700, 700, 0)
    assert (worth["method"], worth["method_used"], worth["reason"]) == ("chain_ladder", "no_breakage", "few_months")
    [month] = earlier.get("/v1/economics/cohorts", by=MAX).json()["items"]
    assert (month["month"], month["base"], month["redeemed"], month["left"]) == ("2026-01-01", 1000, 300, 700)
    found = earlier.get("/v1/economics/breakage?months=3", by=MAX).json()
    assert [age["redeemed"] for age in found["curve"]] == [0.0, 0.3]
    assert found["back_test"] is None
    named = earlier.post("/v1/economics/accounts", {"liability": "2150"}, by=MAX).json()
    assert named == earlier.get("/v1/economics/accounts", by=MAX).json()
    assert (named["liability"], named["cost"]) == ("2150", "cost")

    preview = earlier.get("/v1/economics/periods/2026-01", by=MAX).json()
    dry = earlier.post("/v1/economics/periods/2026-01/closing?dry_run=true", {}, by=MAX).json()
    january = earlier.post("/v1/economics/periods/2026-01/closing", {}, by=MAX).json()
    assert (preview["state"], january["state"], january["closing"]) == ("open", "closed", 1)
    assert preview["roll_forward"] == january["roll_forward"] == dry["roll_forward"]
    assert refusal(earlier.post("/v1/economics/periods/2026-01/closing", {}, by=MAX)) == (409, "PeriodClosed")
    february = earlier.post("/v1/economics/periods/2026-02/closing", {}, by=MAX).json()["roll_forward"]
    assert (february["opening_points"], february["redeemed_points"], february["closing_points"]) == (1000, -300, 700)
    lines = earlier.get("/v1/economics/journal", by=MAX).json()["items"]
    assert sum(one["debit_minor"] for one in lines) == sum(one["credit_minor"] for one in lines) == 1300
    assert {one["number"] for one in lines} == {"points-2026-01-1", "points-2026-02-1"}
    text = earlier.get("/v1/economics/journal/export?period=2026-02", by=MAX).text
    assert text.splitlines()[1] == "points-2026-02-1,1,2026-02-28,redeemed,2150,300,0,GBP"
    assert earlier.get("/v1/economics/journal/export?period=2026-02", by=MAX).text == text
    assert earlier.get("/v1/economics/journal/export?format=jsonl", by=MAX).text.count("\n") == len(lines)

    opened = earlier.post("/v1/economics/periods/2026-02/reopening", {"because": "a return was forgotten"}, by=MAX)
    assert (opened.json()["state"], opened.json()["reopened_because"]) == ("reopened", "a return was forgotten")
    every = earlier.get("/v1/economics/periods?limit=1", by=MAX).json()
    rest = earlier.get(f"/v1/economics/periods?limit=1&after={every['next']}", by=MAX).json()
    assert [one["period"] for one in every["items"] + rest["items"]] == ["2026-02", "2026-01"]
    assert rest["next"] is None


def test_what_cannot_be_is_refused_and_changes_nothing(earlier: Caller) -> None:
    def post(path: str, body: dict[str, object]) -> str:
        return refusal(earlier.post(f"/v1/economics/{path}", body, by=MAX))[1]

    def get(path: str) -> str:
        return refusal(earlier.get(f"/v1/economics/{path}", by=MAX))[1]

    assert post("periods/2026-13/closing", {}) == get("periods/march") == "PeriodUnknown"
    assert get("journal?period=2026-1") == "BadPeriod"
    assert post("values", VALUE | {"effective_from": "0001-01-01"}) == "ImpossibleDate"
    assert post("values", VALUE | {"minor_per_million": None}) == "NothingRedeemed"
    assert post("periods/2026-03/closing", {}) == "PeriodNotOver"
    assert post("periods/2026-01/reopening", {"because": "so"}) == "PeriodNotClosed"
    assert get("periods/2026-01") == get("liability") == "PointValueMissing"
    assert earlier.get("/v1/economics/periods", by=MAX).json()["items"] == []
    assert earlier.get("/v1/economics/values", by=MAX).json()["items"] == []
    assert earlier.post("/v1/economics/periods/2026-01/closing", {}, by=AGNES).status_code == 403
    assert flaws(earlier.post("/v1/economics/periods/2026-01/reopening", {"because": ""}, by=MAX))
