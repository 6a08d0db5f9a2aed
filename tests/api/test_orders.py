"""Orders, payments, cancellations, returns and deliveries over HTTP, and the points that follow."""

import pytest

from api.calls import VERA, Caller, came_back, facts_of, flaws, order, problem, refusal


def points(api: Caller, member: str = "uk:17850") -> int:
    return api.get(f"/v1/members/{member}/points").json()["available"]


def test_an_order_is_recorded_and_its_points_are_there(api: Caller):
    answer = api.post("/v1/orders", order())
    assert answer.status_code == 201
    detail = answer.json()
    member = api.get("/v1/members/uk:17850").json()
    assert detail["order"] == {
        "id": detail["order"]["id"],
        "shop": "uk",
        "external_id": "536365",
        "member": member["id"],
        "placed_at": "2026-03-01T12:00:00Z",
        "paid_at": "2026-03-01T12:00:00Z",
        "cancelled_at": None,
        "currency": "GBP",
        "country": None,
        "goods_minor": 2000,
        "total_minor": 2000,
    }
    assert detail["lines"] == [
        {
            "line_no": 1,
            "sku": "MUG",
            "name": "Mug",
            "kind": "goods",
            "quantity": 2,
            "unit_minor": 1000,
            "amount_minor": 2000,
            "returned": 0,
            "category": None,
            "tags": [],
        }
    ]
    assert (detail["returns"], detail["deliveries"]) == ([], [])
    assert points(api) == 200


def test_the_same_order_again_changes_nothing(api: Caller):
    first, again = api.post("/v1/orders", order()), api.post("/v1/orders", order())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert points(api) == 200


def test_a_changed_order_is_refused(api: Caller):
    api.post("/v1/orders", order())
    before = facts_of(api.app.database)
    changed = order(lines=[{"sku": "MUG", "quantity": 3, "unit_minor": 1000}])
    assert problem(api.post("/v1/orders", changed)) == {
        "status": 409,
        "code": "OrderChanged",
        "detail": "Order 536365 is already recorded with another content: record a return, or a revision.",
        "retryable": False,
        "details": {"order": "536365"},
    }
    assert facts_of(api.app.database) == before
    assert points(api) == 200


def test_a_revision_replaces_the_lines_and_points_follow_the_difference(api: Caller):
    api.post("/v1/orders", order())
    lines = [
        {"sku": "MUG", "quantity": 1, "unit_minor": 1000, "line_no": 1},
        {"sku": "CUP", "quantity": 1, "unit_minor": 500, "line_no": 2},
    ]
    answer = api.post("/v1/orders/uk:536365/revision", {"lines": lines})
    assert answer.status_code == 201
    assert [(one["sku"], one["quantity"]) for one in answer.json()["lines"]] == [("MUG", 1), ("CUP", 1)]
    assert answer.json()["order"]["goods_minor"] == 1500
    assert points(api) == 150
    before = facts_of(api.app.database)
    assert api.post("/v1/orders/uk:536365/revision", {"lines": lines}).json() == answer.json()
    assert facts_of(api.app.database) == before


def test_a_revision_that_would_undo_a_return_is_refused_and_changes_nothing(api: Caller):
    api.post("/v1/orders", order())
    api.post("/v1/returns", came_back(order="536365"))
    before, had = facts_of(api.app.database), points(api)
    cup = {"sku": "CUP", "quantity": 1, "unit_minor": 500, "line_no": 1}
    answer = problem(api.post("/v1/orders/uk:536365/revision", {"lines": [cup]}))
    assert (answer["status"], answer["code"]) == (409, "RevisionRefused")
    assert "of line 1 came back already; keep that line" in answer["detail"]
    assert (facts_of(api.app.database), points(api)) == (before, had)


def test_a_cancelled_order_is_opened_again_by_a_revision(api: Caller):
    api.post("/v1/orders", order())
    api.post("/v1/orders/uk:536365/cancellation", {})
    assert points(api) == 0
    lines = [{"sku": "MUG", "quantity": 2, "unit_minor": 1000}]
    assert api.post("/v1/orders/uk:536365/revision", {"lines": lines}).json()["order"]["cancelled_at"] is None
    assert points(api) == 200


def test_an_order_is_read_by_our_id_and_by_the_shops_number(api: Caller):
    detail = api.post("/v1/orders", order()).json()
    assert api.get(f"/v1/orders/{detail['order']['id']}", by=VERA).json() == detail
    assert api.get("/v1/orders/uk:536365", by=VERA).json() == detail


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ord_0000000000000", "OrderNotFound"),
        ("ord_x", "OrderNotFound"),
        ("mem_0000000000000", "OrderNotFound"),
        ("uk:1", "OrderNotFound"),
        ("uk:%00", "OrderNotFound"),
        ("xx:1", "ShopNotFound"),
        ("%00:1", "ShopNotFound"),
    ],
)
def test_an_order_that_is_not_there_is_not_found(unmoved: Caller, name: str, code: str):
    assert refusal(unmoved.get(f"/v1/orders/{name}")) == (404, code)
    assert refusal(unmoved.post(f"/v1/orders/{name}/payment", {})) == (404, code)
    assert refusal(unmoved.post(f"/v1/orders/{name}/cancellation", {})) == (404, code)


def test_an_order_of_a_known_member(api: Caller):
    member = api.post("/v1/members", {"external_id": "4711"}).json()["member"]
    for number, name in enumerate([member["id"], "ext:4711"]):
        answer = api.post("/v1/orders", order(str(number), customer=None, member=name))
        assert answer.json()["order"]["member"] == member["id"]
    assert points(api, "ext:4711") == 400


def test_an_order_of_a_guest_earns_nobody_anything(api: Caller):
    answer = api.post("/v1/orders", order(customer=None))
    assert (answer.status_code, answer.json()["order"]["member"]) == (201, None)
    assert facts_of(api.app.database) == ["order.placed", "order.paid", "programme.published"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"shop": "xx"}, 404, "ShopNotFound"),
        ({"shop": "shop_0000000000000"}, 404, "ShopNotFound"),
        ({"customer": None, "member": "mem_0000000000000"}, 404, "MemberNotFound"),
        ({"placed_at": "0001-01-01T00:00:00Z"}, 422, "ImpossibleDate"),
        ({"paid_at": "9999-12-31T23:59:59-12:00"}, 422, "ImpossibleDate"),
        ({"lines": [{"sku": "MUG", "quantity": 1, "unit_minor": -1}]}, 422, "BadDocument"),
        ({"lines": [{"sku": "MUG", "quantity": 2**31 - 1, "unit_minor": 10**12}]}, 422, "BadDocument"),
        ({"lines": [{"sku": "MUG", "quantity": 1, "unit_minor": 1, "line_no": 1}] * 2}, 422, "BadDocument"),
        ({"customer": "\u200b"}, 422, "BadMember"),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_changes_nothing(
    unmoved: Caller, change: dict[str, object], status: int, code: str
):
    assert refusal(unmoved.post("/v1/orders", order(**change))) == (status, code)
    assert unmoved.get("/v1/orders").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": []}, "#/lines"),
        ({"lines": [{"sku": "", "quantity": 1, "unit_minor": 1}]}, "#/lines/0/sku"),
        (
            {"lines": [{"sku": "A", "quantity": 1, "unit_minor": 1}, {"sku": "A", "quantity": 0, "unit_minor": 1}]},
            "#/lines/1/quantity",
        ),
        ({"lines": [{"sku": "A", "quantity": 1.5, "unit_minor": 1}]}, "#/lines/0/quantity"),
        ({"lines": [{"sku": "A", "quantity": 1, "unit_minor": 10**13}]}, "#/lines/0/unit_minor"),
        ({"lines": [{"sku": "A", "quantity": 1, "unit_minor": 1, "kind": "gift"}]}, "#/lines/0/kind"),
        ({"placed_at": "yesterday"}, "#/placed_at"),
        ({"placed_at": 1740000000}, "#/placed_at"),
        ({"customer": "a\0b"}, "#/customer"),
        ({"external_id": "1" * 201}, "#/external_id"),
        ({"colour": "red"}, "#"),
    ],
)
def test_an_order_that_does_not_fit_is_refused_with_where(unmoved: Caller, change: dict[str, object], pointer: str):
    assert [flaw["pointer"] for flaw in flaws(unmoved.post("/v1/orders", order(**change)))] == [pointer]


def test_orders_are_recorded_in_a_batch_each_by_itself(api: Caller):
    api.post("/v1/orders", order("1"))
    without_shop = [
        {key: value for key, value in order(str(number)).items() if key != "shop"} for number in range(1, 4)
    ]
    without_shop[1]["lines"] = [{"sku": "MUG", "quantity": 1, "unit_minor": -5}]
    answer = api.post("/v1/orders/batch", {"shop": "uk", "orders": without_shop})
    assert answer.status_code == 200
    done = answer.json()
    assert done["refused"] == 1
    assert [(one["external_id"], one["status"]) for one in done["items"]] == [
        ("1", "replayed"),
        ("2", "refused"),
        ("3", "recorded"),
    ]
    assert done["items"][1] == {
        "external_id": "2",
        "status": "refused",
        "id": None,
        "refusal": {
            "code": "BadDocument",
            "status": 422,
            "detail": "lines.amount_minor is -5: a discount cannot exceed the line.",
        },
    }
    assert api.get(f"/v1/orders/{done['items'][2]['id']}").json()["order"]["external_id"] == "3"
    assert points(api) == 400


def test_a_batch_holds_at_most_a_thousand(api: Caller):
    one = {key: value for key, value in order().items() if key != "shop"}
    assert flaws(api.post("/v1/orders/batch", {"shop": "uk", "orders": [one] * 1001})) == [
        {"detail": "Expected array of length <= 1000", "pointer": "#/orders"}
    ]
    thousand = [one | {"external_id": str(number)} for number in range(1000)]
    assert api.post("/v1/orders/batch", {"shop": "uk", "orders": thousand}).json()["refused"] == 0
    assert points(api) == 200_000


def test_orders_are_listed_filtered_and_paged(api: Caller):
    for day in range(1, 6):
        api.post("/v1/orders", order(f"A{day}", placed_at=f"2026-02-0{day}T12:00:00Z", paid_at=None))
    api.post("/v1/orders", order("B1", customer="2"))
    first = api.get("/v1/orders?limit=2&member=uk:17850").json()
    second = api.get(f"/v1/orders?limit=3&member=uk:17850&after={first['next']}").json()
    assert [one["external_id"] for one in first["items"] + second["items"]] == ["A5", "A4", "A3", "A2", "A1"]
    assert second["next"] is None

    def numbers(query: str) -> list[str]:
        return [one["external_id"] for one in api.get(f"/v1/orders?{query}").json()["items"]]

    assert numbers("state=paid") == ["B1"]
    assert numbers("shop=uk&number=A&placed_from=2026-02-02T12:00:00Z&placed_until=2026-02-04T12:00:00Z") == [
        "A3",
        "A2",
    ]
    assert refusal(api.get("/v1/orders?member=nobody")) == (404, "MemberNotFound")
    assert refusal(api.get("/v1/orders?shop=xx")) == (404, "ShopNotFound")


def test_an_order_earns_when_it_is_paid_and_once(api: Caller):
    api.post("/v1/orders", order(paid_at=None))
    assert points(api) == 0
    for _ in range(2):
        paid = api.post("/v1/orders/uk:536365/payment", {"paid_at": "2026-03-02T09:00:00Z"})
        assert (paid.status_code, paid.json()["order"]["paid_at"]) == (201, "2026-03-02T09:00:00Z")
    assert points(api) == 200


def test_a_cancelled_order_gives_its_points_back_and_cannot_be_paid(api: Caller):
    api.post("/v1/orders", order())
    api.post("/v1/orders", order("2", paid_at=None))
    for number in ("536365", "2"):
        cancelled = api.post(f"/v1/orders/uk:{number}/cancellation", {})
        assert (cancelled.status_code, cancelled.json()["order"]["cancelled_at"]) == (201, "2026-03-02T12:00:00Z")
    assert points(api) == 0
    told = problem(api.post("/v1/orders/uk:2/payment", {}))
    assert (told["code"], told["detail"]) == ("OrderCancelled", "Order 2 was cancelled at 2026-03-02T12:00:00+00:00.")


def test_a_return_takes_its_share_of_the_points_back(api: Caller):
    api.post("/v1/orders", order())
    first, again = api.post("/v1/returns", came_back()), api.post("/v1/returns", came_back())
    assert (first.status_code, again.status_code) == (201, 200)
    assert [one.json()["status"] for one in (first, again)] == ["recorded", "replayed"]
    assert points(api) == 100
    detail = api.get("/v1/orders/uk:536365").json()
    assert detail["lines"][0]["returned"] == 1
    assert detail["returns"] == [
        {
            "return_id": first.json()["id"],
            "external_id": "C536365",
            "returned_at": "2026-03-02T10:00:00Z",
            "line_no": 1,
            "sku": "MUG",
            "quantity": 1,
            "amount_minor": 1000,
        }
    ]
    listed = api.get("/v1/returns?member=uk:17850").json()["items"]
    assert [(one["external_id"], one["goods_minor"]) for one in listed] == [("C536365", 1000)]


def test_no_more_comes_back_than_was_sold(api: Caller):
    api.post("/v1/orders", order())
    before = facts_of(api.app.database)
    too_many = came_back(lines=[{"sku": "MUG", "quantity": 3, "unit_minor": 1000}])
    assert problem(api.post("/v1/returns", too_many)) == {
        "status": 409,
        "code": "OverReturned",
        "detail": "Only 2 of MUG in order 536365 can still come back, not 3: correct the quantity.",
        "retryable": False,
        "details": {"open": 2, "sku": "MUG", "order": "536365", "quantity": 3},
    }
    assert facts_of(api.app.database) == before
    assert points(api) == 200


def test_returns_are_recorded_in_a_batch_each_by_itself(api: Caller):
    api.post("/v1/orders", order())
    batch = [{key: value for key, value in came_back(number).items() if key != "shop"} for number in ("C1", "C2", "C3")]
    done = api.post("/v1/returns/batch", {"shop": "uk", "returns": batch}).json()
    assert [one["status"] for one in done["items"]] == ["recorded", "recorded", "refused"]
    assert done["items"][2]["refusal"]["code"] == "OverReturned"
    assert points(api) == 0


def test_case_19_a_return_that_is_told_before_its_order_waits_for_it(api: Caller):
    waits = api.post("/v1/returns", came_back())
    assert (waits.status_code, waits.json()["status"]) == (202, "waiting")
    assert api.post("/v1/returns", came_back()).status_code == 202
    [one] = api.get("/v1/returns/waiting").json()["items"]
    assert (one["id"], one["order"], one["problem"]) == (waits.json()["id"], "536365", None)
    api.post("/v1/orders", order())
    assert points(api) == 100
    assert api.get("/v1/returns/waiting").json()["items"] == []
    assert api.post("/v1/returns", came_back()).json()["status"] == "replayed"


def test_a_return_that_waits_is_given_up(api: Caller):
    told = api.post("/v1/returns", came_back()).json()
    gone = api.post(f"/v1/returns/waiting/{told['id']}/discard", {})
    assert (gone.status_code, gone.json()["external_id"], gone.json()["total_minor"]) == (200, "C536365", 1000)
    assert refusal(api.post(f"/v1/returns/waiting/{told['id']}/discard", {})) == (404, "EarlyReturnNotFound")
    api.post("/v1/orders", order())
    assert points(api) == 200


def test_a_delivery_is_completed_as_more_becomes_known(api: Caller):
    api.post("/v1/orders", order())
    parcel = {"shop": "uk", "order": "536365", "external_id": "P1", "carrier": "Royal Mail"}
    api.post("/v1/deliveries", parcel | {"promised_at": "2026-03-03T12:00:00Z"})
    answer = api.post(
        "/v1/deliveries", parcel | {"promised_at": "2026-03-05T12:00:00Z", "delivered_at": "2026-03-04T12:00:00Z"}
    )
    assert (answer.status_code, answer.json()["status"]) == (201, "recorded")
    assert api.get("/v1/orders/uk:536365").json()["deliveries"] == [
        {
            "external_id": "P1",
            "carrier": "Royal Mail",
            "promised_at": "2026-03-03T12:00:00Z",
            "shipped_at": None,
            "delivered_at": "2026-03-04T12:00:00Z",
        }
    ]


def test_a_delivery_of_an_order_that_is_not_there_is_refused(unmoved: Caller):
    parcel = {"order": "1", "external_id": "P1"}
    assert refusal(unmoved.post("/v1/deliveries", parcel | {"shop": "uk"})) == (404, "OrderNotFound")
    done = unmoved.post("/v1/deliveries/batch", {"shop": "uk", "deliveries": [parcel]}).json()
    assert (done["refused"], done["items"][0]["refusal"]["code"]) == (1, "OrderNotFound")


def test_lines_show_what_they_were_filed_under(api: Caller):
    lines = [{"sku": "TEA", "quantity": 1, "unit_minor": 500, "category": "Drinks", "tags": ["new", "bio"]}]
    api.post("/v1/orders", order(lines=[*lines, {"sku": "MUG", "quantity": 1, "unit_minor": 500}]))
    found = api.get("/v1/orders/uk:536365").json()["lines"]
    assert [(one["category"], one["tags"]) for one in found] == [("Drinks", ["bio", "new"]), (None, [])]
    replayed = api.post("/v1/orders", order(lines=[*lines, {"sku": "MUG", "quantity": 1, "unit_minor": 500}]))
    assert replayed.status_code == 200  # the same again
    refused = api.post("/v1/orders", order("2", lines=[lines[0] | {"tags": ["\n"]}]))
    assert refusal(refused) == (422, "BadDocument")
