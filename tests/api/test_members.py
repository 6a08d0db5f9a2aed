"""Members over HTTP."""

import pytest

from api.calls import VERA, Caller, facts_of, flaws, order, problem, refusal

ADA = {
    "external_id": "4711",
    "name": "Ada Lovelace",
    "email": "Ada@Example.com",
    "phone": "+44 20 7946 0000",
    "locale": "en-GB",
    "country": "GB",
    "attributes": {"size": "M", "newsletter": True, "children": 2, "height": 1.65},
}


def test_a_member_is_enrolled_once(api: Caller):
    first = api.post("/v1/members", ADA)
    assert (first.status_code, first.json()["status"]) == (201, "enrolled")
    again = api.post("/v1/members", ADA | {"name": "Someone else"})
    assert (again.status_code, again.json()["status"]) == (200, "existing")
    assert again.json()["member"] == first.json()["member"]
    member = first.json()["member"]
    assert member.pop("id").startswith("mem_")
    assert member == ADA | {
        "issuer": "direct",
        "email": "ada@example.com",
        "phone": "+442079460000",
        "joined_at": "2026-03-02T12:00:00Z",
    }


@pytest.mark.parametrize(
    "name", ["ext:4711", "direct:4711", "email:ada@example.com", "email:ADA@example.com", "phone:+442079460000"]
)
def test_a_member_is_found_by_every_name_they_have(api: Caller, name: str):
    member = api.post("/v1/members", ADA).json()["member"]
    for path in (name, member["id"]):
        found = api.get(f"/v1/members/{path}", by=VERA)
        assert (found.status_code, found.json()) == (200, member)


def test_a_customer_of_a_shop_is_found_by_the_shops_number(api: Caller):
    api.post("/v1/orders", order())
    assert api.get("/v1/members/uk:17850").json()["external_id"] == "17850"
    assert api.get("/v1/members/uk:17850/identities").json()["items"] == [{"issuer": "uk", "value": "17850"}]


@pytest.mark.parametrize(
    "name",
    [
        "mem_0000000000000",
        "mem_zzzzzzzzzzzzz",
        "mem_",
        "ord_0000000000000",
        "nobody",
        "uk:",
        "ext:4711",
        ":",
        "%00",
        "ext:%00",
        "a%ff",
    ],
)
def test_whoever_is_not_there_is_not_found(unmoved: Caller, name: str):
    for path in ("", "/facts", "/identities", "/points", "/points/entries"):
        assert refusal(unmoved.get(f"/v1/members/{name}{path}")) == (404, "MemberNotFound")


def test_a_member_is_amended_and_what_is_left_out_stays(api: Caller):
    api.post("/v1/members", ADA)
    amended = api.patch(
        "/v1/members/ext:4711", {"name": "Ada King", "phone": None, "attributes": {"size": "L", "newsletter": None}}
    )
    assert amended.status_code == 200
    member = amended.json()
    assert (member["name"], member["phone"], member["email"]) == ("Ada King", None, "ada@example.com")
    assert member["attributes"] == {"size": "L", "children": 2, "height": 1.65}
    assert api.get("/v1/members/ext:4711").json() == member
    assert "member.amended" in facts_of(api.app.database)


def test_amending_nothing_changes_nothing(api: Caller):
    before = api.post("/v1/members", ADA).json()["member"]
    assert api.patch("/v1/members/ext:4711", {}).json() == before
    assert "member.amended" not in facts_of(api.app.database)


def test_an_address_that_is_none_is_refused_and_changes_nothing(api: Caller):
    before = api.post("/v1/members", ADA).json()["member"]
    assert problem(api.patch("/v1/members/ext:4711", {"name": "X", "email": "nowhere"})) == {
        "status": 422,
        "code": "BadMember",
        "detail": "email is 'nowhere': give an address like ada@example.com.",
        "retryable": False,
        "errors": [{"detail": "give an address like ada@example.com", "pointer": "#/email"}],
        "details": {"field": "email", "value": "nowhere"},
    }
    assert api.get("/v1/members/ext:4711").json() == before


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({}, "#", "Object missing required field external_id"),
        ({"external_id": 5}, "#/external_id", "Expected str, got int"),
        ({"external_id": ""}, "#/external_id", "Expected str of length >= 1"),
        ({"external_id": "x" * 201}, "#/external_id", "Expected str of length <= 200"),
        ({"external_id": "1", "joined_at": 1740000000}, "#/joined_at", "Expected datetime | null, got int"),
        (
            {"external_id": "1", "joined_at": "2026-03-02T12:00:00"},
            "#/joined_at",
            "Expected datetime with a timezone component",
        ),
        ({"external_id": "1", "attributes": {"a": []}}, "#/attributes", "Expected bool | int | float | str, got array"),
        ({"external_id": "1", "attributes": {"": 1}}, "#/attributes", "Expected str of length >= 1"),
        ({"external_id": "1", "nickname": "A"}, "#", "Object contains unknown field nickname"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_where(unmoved: Caller, body: object, pointer: str, detail: str):
    assert flaws(unmoved.post("/v1/members", body)) == [{"detail": detail, "pointer": pointer}]


def test_a_date_that_no_shop_can_mean_is_refused(unmoved: Caller):
    refused = unmoved.post("/v1/members", {"external_id": "1", "joined_at": "9999-12-31T23:59:59-12:00"})
    assert refusal(refused) == (422, "ImpossibleDate")


def test_members_are_searched_and_paged(api: Caller):
    for number in range(5):
        api.post("/v1/members", {"external_id": str(number), "name": f"Member {number}"})
    api.post("/v1/members", {"external_id": "other", "name": "Ben"})
    names: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = api.get(
            "/v1/members", params={"search": "memb", "sort": "name", "order": "ascending", "limit": 2} | after
        ).json()
        assert (page["total"], page["more"]) == (5, False)
        names += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert names == [f"Member {number}" for number in range(5)]


def test_a_cursor_of_another_search_is_refused(api: Caller):
    for number in range(3):
        api.post("/v1/members", {"external_id": str(number), "name": f"Member {number}"})
    cursor = api.get("/v1/members?limit=1").json()["next"]
    told = problem(api.get(f"/v1/members?limit=1&sort=name&after={cursor}"))
    assert (told["status"], told["code"]) == (422, "BadCursor")
    assert told["errors"][0]["parameter"] == "after"


def test_what_happened_to_a_member_is_told_from_the_latest_on(api: Caller):
    recorded = api.post("/v1/orders", order()).json()["order"]
    first = api.get("/v1/members/uk:17850/facts?limit=2").json()
    rest = api.get(f"/v1/members/uk:17850/facts?limit=200&after={first['next']}").json()
    told = first["items"] + rest["items"]
    assert rest["next"] is None
    assert sorted(one["name"] for one in told) == ["member.joined", "order.paid", "order.placed", "points.earned"]
    paid = next(one for one in told if one["name"] == "order.paid")
    assert (paid["member"], paid["subject"]) == (recorded["member"], recorded["id"])
    assert paid["data"] == {"external_id": "536365", "goods_minor": 2000, "currency": "GBP"}
