"""What is owed in points, over all members, over HTTP: the same queries as the console's pages."""

from datetime import timedelta

import pytest

from api.calls import AGNES, MAX, OLGA, Caller, flaws, order, refusal
from conftest import NOON
from regulars import ledger, members
from regulars.ledger import desk, sharing
from regulars.members import NewMember
from regulars.types import to_public

DAY = timedelta(days=1)


@pytest.fixture
def busy(api: Caller) -> Caller:
    """Five members with points, promises, holds and freezes; two of them share theirs; stars are defined and nobody's."""
    with api.app.database.transaction() as tx:
        people = [one.member_id for one in members.enrol(tx, [NewMember(f"m{n}") for n in range(5)], at=NOON)]
        for n, who in enumerate(people):
            ledger.earn(tx, who, 10 + n, reference="a", expires_at=NOON + (1 + n // 2) * DAY, at=NOON)
            event = "launch" if n % 2 else None
            ledger.earn(tx, who, 5, reference="p", matures_at=NOON + (1 + n // 2) * DAY, awaits=event, at=NOON)
            ledger.hold(tx, who, 4, reference="h", until=NOON + timedelta(hours=1 + n // 2), at=NOON)
            desk.freeze(tx, who, reason="r", by="olga", at=NOON + n * DAY)
        desk.define_point_type(tx, "stars", role="qualifying", decimals=1, at=NOON)
    return api


def all_of(api: Caller, path: str) -> list[dict[str, object]]:
    """All items, two a page."""
    found: list[dict[str, object]] = []
    after = ""
    while True:
        page = api.get(f"{path}{'&' if '?' in path else '?'}limit=2{after}", by=MAX).json()
        assert len(page["items"]) <= 2
        found += page["items"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


@pytest.mark.parametrize(
    ("path", "figure", "by"),
    [
        ("/v1/points/holds", "remaining", "until"),
        ("/v1/points/promises", "points", "matures_at"),
        ("/v1/points/expiring", "points", "expires_at"),
        ("/v1/points/freezes", "held", "frozen_at"),
    ],
)
def test_what_all_members_have_is_listed_once_page_by_page_in_order(busy: Caller, path: str, figure: str, by: str):
    found = all_of(busy, path)
    assert len({one["owner"] for one in found}) == len(found) == 5
    assert all(str(one["owner"]).startswith("mem_") and one["point_type"] == "points" for one in found)
    moments = [str(one[by]) for one in found]
    assert moments == sorted(moments, reverse=path.endswith("freezes"))
    expected = {"remaining": 20, "held": 20}.get(figure, 25 if path.endswith("promises") else 40)
    assert sum(int(str(one[figure])) for one in found) == expected


def test_promises_are_found_by_their_event(busy: Caller):
    assert [one["awaits"] for one in all_of(busy, "/v1/points/promises?event=launch")] == ["launch"] * 2
    assert all_of(busy, "/v1/points/promises?event=never") == []


def test_points_that_expire_are_told_by_day_and_then_by_member(busy: Caller):
    told = busy.get("/v1/liability/expiring?by=day", by=MAX).json()
    assert told["time_zone"] == "Europe/London"
    assert [one["points"] for one in told["items"]] == [13, 17, 10]
    for one in told["items"]:
        owners = all_of(busy, f"/v1/points/expiring?day={one['last']}")
        assert sum(int(str(lot["points"])) for lot in owners) == one["points"]
    soon = busy.get(f"/v1/liability/expiring?by=day&until={told['items'][0]['last']}", by=MAX).json()
    assert soon["items"] == told["items"][:1]
    assert len(all_of(busy, f"/v1/points/expiring?until={(NOON + DAY).isoformat().replace('+00:00', 'Z')}")) == 2
    [month] = busy.get("/v1/liability/expiring", by=MAX).json()["items"]
    assert (month["last"], month["points"]) == (NOON.date().replace(day=1).isoformat(), 40)
    assert busy.get("/v1/liability/expiring?point_type=stars", by=MAX).json()["items"] == []


def test_the_liability_of_each_kind_adds_up_with_the_flows(busy: Caller):
    points, stars = busy.get("/v1/liability", by=MAX).json()["items"]
    assert points == {
        "point_type": "points",
        "role": "redeemable",
        "decimals": 0,
        "available": 40,
        "pending": 25,
        "held": 20,
        "owed": 85,
        "debt": 0,
    }
    assert (stars["point_type"], stars["role"], stars["decimals"], stars["owed"]) == ("stars", "qualifying", 1, 0)
    since = (NOON - 2 * DAY).date()
    flows = all_of(busy, f"/v1/liability/flows?since={since.isoformat()}")
    assert [one["start"] for one in flows] == [(since + n * DAY).isoformat() for n in range(3)]
    assert [one["issued"] for one in flows] == [0, 0, 85]
    assert flows[-1]["owed"] == points["owed"]
    assert all_of(busy, "/v1/liability/flows?point_type=stars") == []


def test_what_a_household_shares_is_told_as_the_households(busy: Caller):
    with busy.app.database.transaction() as tx:
        one, other = (members.by_external_id(tx, f"m{n}", issuer=members.DIRECT).member_id for n in (2, 3))
        for who in (one, other):
            desk.unfreeze(tx, who, by="olga", at=NOON)
        home = members.form_household(tx, "Us", at=NOON).household_id
        for who in (one, other):
            sharing.join(tx, home, who, at=NOON)
    assert [lot["owner"] for lot in all_of(busy, "/v1/points/expiring")].count(to_public("hou", home)) == 1
    named = {to_public("mem", one), to_public("mem", other)}
    for path in ("/v1/points/promises", "/v1/points/holds"):
        found = all_of(busy, path)
        assert named <= {item["owner"] for item in found}
        assert {item["reference"] for item in found} == ({"p"} if path.endswith("promises") else {"h"})


def test_who_may_not_audit_sees_what_is_set_aside_alone(unmoved: Caller):
    assert unmoved.get("/v1/points/holds", by=AGNES).json() == {"items": [], "next": None}
    for path in (
        "liability",
        "liability/flows",
        "liability/expiring",
        "points/expiring",
        "points/promises",
        "points/freezes",
    ):
        assert refusal(unmoved.get(f"/v1/{path}", by=AGNES)) == (403, "NotAllowed")
        assert unmoved.get(f"/v1/{path}", by=OLGA).status_code == 200


@pytest.mark.parametrize("path", ["holds", "promises", "expiring", "freezes"])
def test_a_cursor_of_something_else_is_refused(unmoved: Caller, path: str):
    assert refusal(unmoved.get(f"/v1/points/{path}?after=WzFd", by=OLGA)) == (422, "BadCursor")
    assert flaws(unmoved.get(f"/v1/points/{path}?limit=201", by=OLGA))


def test_days_nobody_can_mean_are_refused(unmoved: Caller):
    for query in (
        "liability/flows?since=0001-01-01",
        "liability/expiring?until=9999-12-31",
        "points/expiring?day=9999-12-31",
    ):
        assert refusal(unmoved.get(f"/v1/{query}", by=OLGA)) == (422, "ImpossibleDate")


def test_an_order_is_in_the_flows_of_the_day_it_was_told(api: Caller):
    api.post("/v1/orders", order())
    [today] = all_of(api, "/v1/liability/flows")
    assert (today["start"], today["issued"], today["owed"]) == (NOON.date().isoformat(), 200, 200)
