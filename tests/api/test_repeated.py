"""A request that is sent twice is done once: by its key, on a real server, with real threads."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
import uvicorn

from api.calls import AGNES, MAX, OLGA, Caller, issue_keys, order, refusal
from conftest import NOON
from regulars import access
from regulars.app import App
from regulars.asgi import create_asgi

SPENDS = "/v1/members/uk:17850/points/spends"


def test_the_same_request_gets_the_first_answer_again(api: Caller):
    first, again = (api.post("/v1/orders", order(), headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["x-request-id"] != again.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/orders", order("2")),
        ("/v1/orders", order() | {"country": "GB"}),
        ("/v1/orders?dry_run=false", order()),
    ],
)
def test_another_request_with_that_key_is_refused(api: Caller, path: str, body: object):
    api.post("/v1/orders", order(), headers={"Idempotency-Key": "k"})
    assert refusal(api.post(path, body, headers={"Idempotency-Key": "k"})) == (422, "RequestReused")
    assert [one["external_id"] for one in api.get("/v1/orders").json()["items"]] == ["536365"]


def test_callers_do_not_share_keys(api: Caller):
    shop = {"code": "de", "name": "DE", "currency": "EUR", "time_zone": "Europe/Berlin"}
    for by in (MAX, OLGA):
        opened = api.post("/v1/shops", shop, by=by, headers={"Idempotency-Key": "k"})
        assert opened.status_code == 201
        assert "idempotency-replayed" not in opened.headers


def test_a_refusal_is_not_kept_since_it_changed_nothing(api: Caller):
    api.post("/v1/members", {"external_id": "4711"})
    spend, headers = {"amount": 100, "reference": "r"}, {"Idempotency-Key": "k"}
    assert refusal(api.post("/v1/members/ext:4711/points/spends", spend, headers=headers)) == (
        409,
        "InsufficientPoints",
    )
    api.post("/v1/orders", order(customer=None, member="ext:4711"))
    done = api.post("/v1/members/ext:4711/points/spends", spend, headers=headers)
    assert (done.status_code, "idempotency-replayed" in done.headers) == (201, False)


def test_answers_are_kept_for_seven_days_at_least(api: Caller):
    api.post("/v1/orders", order(), headers={"Idempotency-Key": "k"})
    with api.app.database.transaction() as tx:
        access.forget_expired(tx, at=NOON + timedelta(days=7))
    assert api.post("/v1/orders", order(), headers={"Idempotency-Key": "k"}).headers["idempotency-replayed"] == "true"


def test_a_patch_is_repeatable_too(api: Caller):
    api.post("/v1/members", {"external_id": "4711"})
    for _ in range(2):
        answer = api.patch("/v1/members/ext:4711", {"name": "Ada"}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.headers["idempotency-replayed"]) == (200, "true")


@pytest.fixture
def served(app: App) -> Generator[httpx.Client]:
    """A real server on a port of its own, and a client with Agnes's key; customer 17850 holds 200 points."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_asgi(app), log_level="error", lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        headers = {"Authorization": f"Bearer {issue_keys(app.database)[AGNES]}"}
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
            client.post("/v1/orders", json=order()).raise_for_status()
            yield client
        server.should_exit = True
        thread.join()


def _at_once(
    served: httpx.Client, times: int, body: dict[str, object], headers: dict[str, str]
) -> list[httpx.Response]:
    ready = threading.Barrier(times)

    def send(_: int) -> httpx.Response:
        ready.wait()
        return served.post(SPENDS, json=body, headers=headers)

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(send, range(times)))


def test_of_many_at_once_one_is_done_and_the_others_get_its_answer_or_are_told_to_come_back(served: httpx.Client):
    answers = _at_once(served, 12, {"amount": 10, "reference": "r"}, {"Idempotency-Key": "k"})
    fresh = [one for one in answers if one.status_code == 201 and "idempotency-replayed" not in one.headers]
    replayed = [one for one in answers if one.headers.get("idempotency-replayed") == "true"]
    pending = [one for one in answers if one.status_code == 409]
    assert (len(fresh), len(fresh) + len(replayed) + len(pending)) == (1, 12)
    assert {one.content for one in replayed} <= {fresh[0].content}
    assert {refusal(one) for one in pending} <= {(409, "AnswerPending")}
    assert {one.headers["retry-after"] for one in pending} <= {"1"}
    again = served.post(SPENDS, json={"amount": 10, "reference": "r"}, headers={"Idempotency-Key": "k"})
    assert (again.headers["idempotency-replayed"], again.content) == ("true", fresh[0].content)
    assert served.get("/v1/members/uk:17850/points").json()["available"] == 190


def test_without_a_key_the_reference_alone_keeps_it_to_once(served: httpx.Client):
    answers = _at_once(served, 12, {"amount": 10, "reference": "r"}, {})
    assert Counter(one.status_code for one in answers) == {201: 1, 200: 11}
    assert served.get("/v1/members/uk:17850/points").json()["available"] == 190


def test_points_are_never_spent_twice(served: httpx.Client):
    def spend(number: int) -> int:
        return served.post(SPENDS, json={"amount": 30, "reference": f"r{number}"}).status_code

    with ThreadPoolExecutor(12) as threads:
        statuses = Counter(threads.map(spend, range(24)))
    assert statuses == {201: 6, 409: 18}
    assert served.get("/v1/members/uk:17850/points").json()["available"] == 20


def test_the_same_order_at_once_is_recorded_and_earns_once(served: httpx.Client):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: served.post("/v1/orders", json=order("2")), range(8)))
    assert Counter(one.status_code for one in answers) == {201: 1, 200: 7}
    assert served.get("/v1/members/uk:17850/points").json()["available"] == 400
