"""What every request and answer has in common: ids, problems, strictness, paging, limits, ETags, dry runs."""

import re
from dataclasses import replace

import pytest
from litestar.testing import TestClient

from api.calls import OLGA, VERA, Caller, facts_of, flaws, issue_keys, order, problem, refusal
from regulars.api._meter import Meter
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.storage import Database


def test_a_problem_tells_what_where_and_whether_to_repeat(unmoved: Caller):
    answer = unmoved.get("/v1/members/mem_0000000000000", headers={"X-Request-Id": "till-7:4711"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/v1/errors/MemberNotFound",
        "title": "Member not found",
        "status": 404,
        "detail": "There is no member mem_0000000000000.",
        "code": "MemberNotFound",
        "instance": "/v1/members/mem_0000000000000",
        "request_id": "till-7:4711",
        "retryable": False,
        "details": {"member": "mem_0000000000000"},
    }
    kind = unmoved.get(answer.json()["type"], by=None).json()
    assert kind == {
        "code": "MemberNotFound",
        "status": 404,
        "title": "Member not found",
        "message": "There is no member {member}.",
        "retryable": False,
    }


def test_every_answer_carries_a_request_id_the_callers_if_it_is_usable(unmoved: Caller):
    assert unmoved.get("/v1/shops", headers={"X-Request-Id": "abc-1.2"}).headers["x-request-id"] == "abc-1.2"
    for unusable in ("", "a b", "x" * 129, "é".encode("latin-1"), "<script>"):
        made = unmoved.get("/v1/shops", headers={"X-Request-Id": unusable}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", made)
    ids = {unmoved.get("/v1/shops").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


def test_without_a_key_or_with_a_wrong_one_nothing_is_answered(unmoved: Caller):
    missing = unmoved.get("/v1/shops", by=None)
    assert problem(missing) == {
        "status": 401,
        "code": "KeyMissing",
        "detail": "This needs an API key: send the header `Authorization: Bearer rk_…`.",
        "retryable": False,
    }
    assert missing.headers["www-authenticate"] == 'Bearer realm="Regulars"'
    for sent in ("Basic eDp5", "Bearer", "Bearer ", "rk_x"):
        assert refusal(unmoved.get("/v1/shops", headers={"Authorization": sent})) == (401, "KeyMissing")
    for sent in ("Bearer x", "Bearer rk_", "Bearer rk_" + "a" * 43, "Bearer rk_é".encode("latin-1")):
        assert refusal(unmoved.get("/v1/shops", headers={"Authorization": sent})) == (401, "KeyUnknown")


def test_a_revoked_key_is_refused_at_once(api: Caller):
    key = api.get("/v1/key", by=VERA).json()
    assert (key["name"], key["role"]) == ("viewer", "viewer")
    assert api.tokens[VERA].startswith(key["hint"])
    with api.app.database.transaction() as tx:
        tx.run("update access_keys set revoked_at = now() where role = 'viewer'")
    assert refusal(api.get("/v1/key", by=VERA)) == (401, "KeyUnknown")


def test_an_address_that_is_none_and_a_method_that_is_not_offered(unmoved: Caller):
    assert refusal(unmoved.get("/v1/nothing")) == (404, "NoSuchAddress")
    assert refusal(unmoved.get("/v1/")) == (404, "NoSuchAddress")
    for method in ("DELETE", "PUT", "PATCH", "TRACE"):
        refused = unmoved(method, "/v1/shops")
        assert refusal(refused) == (405, "MethodNotOffered")
        assert "GET" in refused.headers["allow"]
        assert "POST" in refused.headers["allow"]
    assert unmoved("OPTIONS", "/v1/shops").headers["allow"] == "GET, OPTIONS, POST"
    assert unmoved("OPTIONS", "/v1/members/x", by=None).headers["allow"] == "GET, OPTIONS, PATCH"


def test_a_whole_number_may_be_written_as_some_languages_do(api: Caller):
    body = b'{"shop":"uk","external_id":"1","placed_at":"2026-03-01T12:00:00Z","lines":[{"sku":"A","quantity":2.0,"unit_minor":1e3}]}'
    answer = api("POST", "/v1/orders", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["order"]["total_minor"] == 2000
    halves = body.replace(b"2.0", b"2.5")
    assert flaws(api("POST", "/v1/orders", content=halves)) == [
        {"detail": "Expected int, got float", "pointer": "#/lines/0/quantity"}
    ]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("limit=" + "9" * 30, "limit"),
        ("limit=1&limit=2", "limit"),
        ("limt=5", "limt"),
        ("after=%00", "after"),
        ("state=lost", "state"),
        ("placed_from=2026-03-02", "placed_from"),
        ("placed_from=1740000000", "placed_from"),
        ("dry_run=true", "dry_run"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(unmoved: Caller, query: str, name: str):
    assert [flaw["parameter"] for flaw in flaws(unmoved.get(f"/v1/orders?{query}"))] == [name]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b"[]",
        b"null",
        b'"text"',
        b"5",
        b"{}" * 2,
        b"\xff",
        b'{"a":"\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_a_body_that_is_no_object_is_refused(unmoved: Caller, body: bytes):
    refused = unmoved("POST", "/v1/orders", content=body, headers={"Content-Type": "application/json"})
    assert flaws(refused)[0]["pointer"].startswith("#")


def test_a_body_of_another_kind_is_refused(unmoved: Caller):
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data; boundary=x",
    ):
        refused = unmoved("POST", "/v1/orders", content=b"a=b", headers={"Content-Type": kind})
        assert refusal(refused) == (415, "UnsupportedMediaType")


def test_a_body_that_is_too_large_is_refused(unmoved: Caller):
    refused = unmoved(
        "POST", "/v1/orders", content=b" " * (16 * 1024 * 1024 + 1), headers={"Content-Type": "application/json"}
    )
    assert refusal(refused) == (413, "BodyTooLarge")


def test_the_key_of_a_repeatable_request_must_be_printable(unmoved: Caller):
    for key in ("", "a b", "x" * 256, "é".encode("latin-1")):
        refused = unmoved.post("/v1/orders", order(), headers={"Idempotency-Key": key})
        assert flaws(refused)[0]["parameter"] == "Idempotency-Key"


def test_an_unchanged_answer_is_not_sent_again(api: Caller):
    first = api.get("/v1/shops")
    again = api.get("/v1/shops", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    api.post("/v1/shops", {"code": "de", "name": "DE", "currency": "EUR", "time_zone": "Europe/Berlin"}, by=OLGA)
    changed = api.get("/v1/shops", headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, len(changed.json()["items"])) == (200, 2)


def test_a_dry_run_answers_as_it_would_and_changes_nothing(api: Caller):
    tried = api.post("/v1/orders?dry_run=true", order(), headers={"Idempotency-Key": "k"})
    assert (tried.status_code, tried.headers["dry-run"]) == (201, "true")
    assert facts_of(api.app.database) == []
    assert api.get("/v1/orders").json()["items"] == []
    done = api.post("/v1/orders", order(), headers={"Idempotency-Key": "k"})
    assert done.json() == tried.json()
    assert "dry-run" not in done.headers
    changed = order(lines=[{"sku": "MUG", "quantity": 9, "unit_minor": 1}])
    assert refusal(api.post("/v1/orders?dry_run=true", changed)) == (409, "OrderChanged")
    assert flaws(api.post("/v1/orders?dry_run=maybe", order("2")))[0]["parameter"] == "dry_run"


def test_a_dry_run_tells_of_the_points_too(api: Caller):
    api.post("/v1/orders", order())
    tried = api.post("/v1/members/uk:17850/points/spends?dry_run=true", {"amount": 150, "reference": "r"})
    assert tried.json()["available"] == 50
    assert api.get("/v1/members/uk:17850/points").json()["available"] == 200


def test_a_meter_refills_evenly_and_says_when_to_come_back():
    meter = Meter(limit=60)
    readings = [meter.take(1, 0.0) for _ in range(60)]
    assert [one.remaining for one in readings] == [*range(59, -1, -1)]
    assert all(one.retry_after_s is None for one in readings)
    assert meter.take(1, 0.0).retry_after_s == 1
    assert meter.take(2, 0.0).retry_after_s is None
    assert meter.take(1, 1.0).retry_after_s is None
    assert meter.take(1, 1.0).retry_after_s == 1
    assert meter.take(1, 1000.0).headers == {
        "RateLimit-Limit": "60",
        "RateLimit-Remaining": "59",
        "RateLimit-Reset": "1",
        "RateLimit-Policy": "60;w=60",
    }


def test_a_key_that_asks_too_often_is_told_to_wait(app: App):
    busy = replace(app, settings=replace(app.settings, requests_per_minute=2))
    with TestClient(create_asgi(busy)) as client:
        api = Caller(client, busy, issue_keys(app.database))
        assert [api.get("/v1/shops").headers["ratelimit-remaining"] for _ in range(2)] == ["1", "0"]
        refused = api.get("/v1/shops")
        told = problem(refused)
        assert (told["status"], told["code"], told["retryable"]) == (429, "TooManyRequests", True)
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        assert refused.headers["ratelimit-limit"] == "2"
        assert api.get("/v1/shops", by=VERA).status_code == 200


def test_when_the_database_is_away_the_caller_is_told_to_come_back(app: App):
    url = "postgresql://127.0.0.1:1/nowhere?connect_timeout=1"
    nowhere = replace(app, database=Database(url, pool_size=1, patience_seconds=0.2))
    try:
        with TestClient(create_asgi(nowhere)) as client:
            for path in ("/v1/shops", "/health/ready"):
                refused = client.get(path, headers={"Authorization": "Bearer rk_x"})
                told = problem(refused)
                assert (told["status"], told["retryable"], refused.headers["retry-after"]) == (
                    503,
                    True,
                    refused.headers["retry-after"],
                )
                assert "127.0.0.1" not in refused.text or path == "/health/ready"
            assert client.get("/health/live").json() == {"status": "live"}
    finally:
        nowhere.database.close()


def test_health_needs_no_key(unmoved: Caller):
    assert unmoved.get("/health/live", by=None).json() == {"status": "live"}
    assert unmoved.get("/health/ready", by=None).json() == {"status": "ready"}


def test_an_agent_is_the_least_who_records(unmoved: Caller):
    assert problem(unmoved.post("/v1/orders", order(), by=VERA)) == {
        "status": 403,
        "code": "NotAllowed",
        "detail": "A viewer may not record members and orders; it takes the role agent.",
        "retryable": False,
        "details": {"role": "viewer", "permission": "record members and orders", "needed": "agent"},
    }
