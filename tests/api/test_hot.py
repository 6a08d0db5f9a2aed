"""The hot way over real HTTP: as the framework answers, and many requests in one commit."""

import threading
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from api.calls import AGNES, MAX, VERA, Caller, facts_of, flaws, issue_keys, order, problem, refusal
from api.serving import serving
from conftest import NOON
from regulars import access, ledger
from regulars.api import _gate
from regulars.app import App
from regulars.settings import Settings
from regulars.storage import connect

EARNS, SPENDS, REVERSALS = (f"/v1/members/uk:17850/points/{what}" for what in ("earns", "spends", "reversals"))
HOLDS, CAPTURES, RELEASES = (f"/v1/members/uk:17850/points/{what}" for what in ("holds", "captures", "releases"))


@pytest.fixture
def rich(api: Caller) -> Caller:
    """Customer 17850 holds 200 points."""
    api.post("/v1/orders", order())
    return api


@pytest.fixture
def keys(app: App) -> dict[access.Role, str]:
    return issue_keys(app.database)


@pytest.fixture
def client(app: App, keys: dict[access.Role, str]) -> Generator[httpx.Client]:
    """Max, who may give points, on a server with one narrow lane; 17850 is a member."""
    narrow = replace(app, settings=Settings(lanes=1, lane_queue=16, requests_per_minute=10**6))
    headers = {"Authorization": f"Bearer {keys[MAX]}"}
    limits = httpx.Limits(max_connections=128)
    with serving(narrow) as address, httpx.Client(base_url=address, headers=headers, timeout=60, limits=limits) as max_:
        max_.post("/v1/orders", json=order()).raise_for_status()
        yield max_


def test_points_are_given_once_and_expire_when_told(rich: Caller):
    body = {"amount": 50, "reference": "thanks", "expires_at": "2027-01-01T00:00:00Z"}
    first, again = (rich.post(EARNS, body, by=MAX) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {"status": "posted", "reference": "thanks", "amount": 50, "available": 250, "number": 2}
    assert again.json() == first.json() | {"status": "replayed"}
    lots = rich.get("/v1/members/uk:17850/points").json()["lots"]
    assert (50, "2027-01-01T00:00:00Z", None) in [(one["amount"], one["expires_at"], one["matures_at"]) for one in lots]


def test_an_agent_may_spend_and_not_give(rich: Caller):
    before = facts_of(rich.app.database)
    assert problem(rich.post(EARNS, {"amount": 1, "reference": "r"}, by=AGNES))["detail"] == (
        "A agent may not give points; it takes the role manager."
    )
    assert refusal(rich.post(SPENDS, {"amount": 1, "reference": "r"}, by=VERA)) == (403, "NotAllowed")
    assert refusal(rich.post(SPENDS, {"amount": 1, "reference": "r"}, by=None)) == (401, "KeyMissing")
    assert facts_of(rich.app.database) == before


BODIES = [
    (SPENDS, {"amount": 500, "reference": "r"}),
    (SPENDS, {"amount": 5, "reference": "ord_1"}),
    (SPENDS, {"amount": 5, "reference": "\u200b"}),
    (SPENDS, {"amount": "5", "reference": "r"}),
    (SPENDS, {"amount": 5, "reference": "r", "more": 1}),
    (SPENDS, {"amount": 5.0, "reference": "r"}),
    (SPENDS.replace("uk:17850", "uk:1"), {"amount": 5, "reference": "r"}),
    (SPENDS.replace("uk:17850", "mem_0000000000000"), {"amount": 5, "reference": "r"}),
    (SPENDS.replace("uk:17850", "nobody"), {"amount": 5, "reference": "r"}),
    (REVERSALS, {"amount": 5, "reference": "r", "reverses": "s"}),
    (EARNS, {"amount": 5, "reference": "r", "expires_at": "2020-01-01T00:00:00Z"}),
    (EARNS, {"amount": 5, "reference": "r", "expires_at": "2500-01-01T00:00:00Z"}),
    (EARNS, {"amount": 5, "reference": "r", "expires_at": "2027-01-01T00:00:00"}),
    (EARNS, {"amount": 5, "reference": "r", "matures_at": "2027-01-01T00:00:00Z"}),
    (EARNS, {"amount": 5, "reference": "r", "matures_at": "2027-01-01T00:00:00Z", "awaits": "e", "lapses": True}),
    (EARNS, {"amount": 5, "reference": "r", "awaits": "e"}),
    (EARNS, {"amount": 5, "reference": "r", "point_type": "stars", "reason": "Quiz"}),
    (SPENDS, {"amount": 5, "reference": "r", "point_type": "stars"}),
    (HOLDS, {"amount": 5, "reference": "r", "until": "2026-04-01T00:00:00Z"}),
    (HOLDS, {"amount": 500, "reference": "r", "until": "2026-04-01T00:00:00Z"}),
    (HOLDS, {"amount": 5, "reference": "r", "until": "2020-04-01T00:00:00Z"}),
    (CAPTURES, {"hold": "h", "reference": "r"}),
    (CAPTURES, {"hold": "\u200b", "reference": "r"}),
    (RELEASES, {"hold": "h", "amount": 5, "reference": "r"}),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_both_ways_answer_the_same(rich: Caller, path: str, body: object):
    """A dry run goes the framework's way; what it tells is what the hot way then does."""
    slow = rich.post(path + "?dry_run=true", body, by=MAX)
    hot = rich.post(path, body, by=MAX)
    assert hot.status_code == slow.status_code
    skipped = {"x-request-id", "dry-run", "content-length"}
    ratelimit = {name for name in slow.headers if name.startswith("ratelimit")}
    assert ratelimit <= hot.headers.keys()
    assert {n: v for n, v in hot.headers.items() if n not in skipped | ratelimit} == {
        n: v for n, v in slow.headers.items() if n not in skipped | ratelimit
    }
    assert {n: v for n, v in hot.json().items() if n != "request_id"} == {
        n: v for n, v in slow.json().items() if n != "request_id"
    }


@pytest.mark.parametrize(
    ("headers", "content", "expected"),
    [
        ({"Content-Type": "text/plain"}, b"{}", (415, "UnsupportedMediaType")),
        ({}, b"", (400, "MalformedRequest")),
        ({}, b"{", (400, "MalformedRequest")),
        ({"Idempotency-Key": "a b"}, b'{"amount": 1, "reference": "r"}', (400, "MalformedRequest")),
    ],
)
def test_a_request_that_cannot_be_read_is_told_so(
    unmoved: Caller, headers: dict[str, str], content: bytes, expected: tuple[int, str]
):
    for path in (SPENDS, SPENDS + "?dry_run=true"):
        assert refusal(unmoved.post(path, headers=headers, content=content)) == expected


def test_what_is_too_large_is_refused_unread(unmoved: Caller):
    assert refusal(unmoved.post(SPENDS, content=b" " * (16 * 1024 * 1024 + 1))) == (413, "BodyTooLarge")


def test_a_dry_run_changes_nothing_and_does_not_take_the_reference(rich: Caller):
    dry = rich.post(SPENDS + "?dry_run=true", {"amount": 10, "reference": "r"})
    assert (dry.status_code, dry.headers["dry-run"], dry.json()["available"]) == (201, "true", 190)
    done = rich.post(SPENDS, {"amount": 10, "reference": "r"})
    assert (done.status_code, "dry-run" in done.headers, done.json()) == (201, False, dry.json())


def test_the_answer_for_a_key_is_the_first_one_seven_days_later(rich: Caller):
    body, headers = {"amount": 10, "reference": "r"}, {"Idempotency-Key": "k"}
    first = rich.post(SPENDS, body, headers=headers)
    with rich.app.database.transaction() as tx:
        access.forget_expired(tx, at=NOON + timedelta(days=7))
    again = rich.post(SPENDS, body, headers=headers)
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (201, first.content, "true")
    assert refusal(rich.post(SPENDS, body | {"amount": 11}, headers=headers)) == (422, "RequestReused")
    assert refusal(rich.post(REVERSALS, body | {"reverses": "r"}, headers=headers)) == (422, "RequestReused")


def test_a_key_that_is_being_answered_elsewhere_is_told_to_come_back(rich: Caller):
    body, headers = {"amount": 10, "reference": "r"}, {"Idempotency-Key": "k"}
    with rich.app.database.transaction() as tx:
        [key] = [one for one in access.keys(tx) if one.role is AGNES]
        access.recall(tx, caller_id=key.key_id, key="k", request=b"")
        pending = rich.post(SPENDS, body, headers=headers)
    assert (refusal(pending), pending.headers["retry-after"]) == ((409, "AnswerPending"), "1")
    assert rich.post(SPENDS, body, headers=headers).status_code == 201


def test_a_refusal_keeps_neither_key_nor_reference(rich: Caller):
    headers = {"Idempotency-Key": "k"}
    assert refusal(rich.post(SPENDS, {"amount": 300, "reference": "r"}, headers=headers))[1] == "InsufficientPoints"
    done = rich.post(SPENDS, {"amount": 30, "reference": "r"}, headers=headers)
    assert (done.status_code, done.json()["available"]) == (201, 170)


def test_a_revoked_key_stops_within_seconds_here_and_at_once_elsewhere(rich: Caller, monkeypatch: pytest.MonkeyPatch):
    assert rich.post(SPENDS, {"amount": 1, "reference": "r1"}).status_code == 201
    with rich.app.database.transaction() as tx:
        [key] = [one for one in access.keys(tx) if one.role is AGNES]
        access.revoke_key(tx, key.key_id, at=NOON)
    assert refusal(rich.get("/v1/key")) == (401, "KeyUnknown")
    later = time.monotonic() + _gate.KEY_SECONDS
    monkeypatch.setattr(_gate.time, "monotonic", lambda: later)
    assert refusal(rich.post(SPENDS, {"amount": 1, "reference": "r2"})) == (401, "KeyUnknown")
    assert rich.get("/v1/members/uk:17850/points", by=VERA).json()["available"] == 199


def test_the_limit_counts_both_ways_together(app: App, keys: dict[access.Role, str]):
    strict = replace(app, settings=Settings(requests_per_minute=2))
    with (
        serving(strict) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {keys[MAX]}"}, timeout=60) as max_,
    ):
        assert max_.post("/v1/orders", json=order()).headers["ratelimit-remaining"] == "1"
        assert max_.post(SPENDS, json={"amount": 1, "reference": "r"}).headers["ratelimit-remaining"] == "0"
        limited = max_.post(SPENDS, json={"amount": 1, "reference": "s"})
    assert (refusal(limited), int(limited.headers["retry-after"]) > 0) == ((429, "TooManyRequests"), True)


def _all_at_once(client: httpx.Client, bodies: list[dict[str, object]], **more: object) -> list[httpx.Response]:
    ready = threading.Barrier(len(bodies))

    def send(body: dict[str, object]) -> httpx.Response:
        ready.wait()
        return client.post(EARNS, json=body, **more)  # type: ignore[arg-type]

    with ThreadPoolExecutor(len(bodies)) as threads:
        return list(threads.map(send, bodies))


def test_many_at_once_are_few_commits_and_every_answer_is_the_right_one(client: httpx.Client, app: App):
    bodies: list[dict[str, object]] = [{"amount": 1 + n, "reference": f"r{n}"} for n in range(64)]
    answers = _all_at_once(client, bodies)
    done = [one for one in answers if one.status_code == 201]
    for told, body in zip(answers, bodies, strict=True):
        assert told.status_code == 503 or (told.json()["amount"], told.json()["reference"]) == tuple(body.values())
    reading = client.get("/health/lanes").json()["lanes"][0]
    assert (reading["lane"], reading["waiting"], reading["items"]) == (1, 0, len(done))
    assert reading["batches"] < len(done)
    with app.database.transaction() as tx:
        assert (
            tx.value("select count(distinct xmin::text) from ledger_entries where reference like 'r%%'")
            == (reading["batches"])
        )
        assert ledger.audit(tx) == []


def test_two_clients_with_one_reference_get_one_posting_and_one_replay(client: httpx.Client):
    for n in range(10):
        answers = _all_at_once(client, [{"amount": 5, "reference": f"r{n}"}] * 2)
        assert sorted(one.status_code for one in answers) == [200, 201]
        assert sorted(one.json()["status"] for one in answers) == ["posted", "replayed"]


def test_many_with_one_key_get_one_answer_or_are_told_to_come_back(client: httpx.Client):
    answers = _all_at_once(client, [{"amount": 5, "reference": "r"}] * 12, headers={"Idempotency-Key": "k"})
    fresh = [one for one in answers if one.status_code == 201 and "idempotency-replayed" not in one.headers]
    replayed = [one for one in answers if one.headers.get("idempotency-replayed") == "true"]
    pending = [one for one in answers if one.status_code == 409]
    assert (len(fresh), len(fresh) + len(replayed) + len(pending)) == (1, 12)
    assert {one.content for one in replayed} <= {fresh[0].content}
    assert {refusal(one) for one in pending} <= {(409, "AnswerPending")}


def test_when_too_many_wait_the_answer_is_503_with_retry_after_and_a_retry_is_done_once(client: httpx.Client, app: App):
    bodies: list[dict[str, object]] = [{"amount": 1, "reference": f"r{n}"} for n in range(64)]
    with connect(app.database.url) as other:
        other.execute("begin")
        other.execute("select from ledger_accounts for update")
        refused = _all_at_once(client, bodies)
        other.execute("rollback")
    codes = Counter(refusal(one) for one in refused)
    assert set(codes) == {(503, "LaneFull"), (503, "Unavailable")}
    assert codes[503, "LaneFull"] >= 16
    assert all(int(one.headers["retry-after"]) >= 1 and one.json()["retryable"] for one in refused)
    assert client.get("/health/lanes").json()["lanes"][0]["refused"] == codes[503, "LaneFull"]
    assert client.get("/v1/members/uk:17850/points").json()["available"] == 200
    with ThreadPoolExecutor(8) as threads:
        again = list(threads.map(lambda body: client.post(EARNS, json=body), bodies))
    assert Counter(one.status_code for one in again) == {201: 64}
    assert client.get("/v1/members/uk:17850/points").json()["available"] == 264


def test_the_server_ends_only_when_everybody_has_an_answer(app: App, keys: dict[access.Role, str]):
    with app.database.transaction() as tx:
        ledger.earn(tx, 1, 1, reference="some", at=NOON)
    headers = {"Authorization": f"Bearer {keys[MAX]}"}
    with (
        connect(app.database.url) as other,
        ThreadPoolExecutor(8) as threads,
        httpx.Client(headers=headers, timeout=60) as max_,
    ):
        with serving(app) as address:
            max_.post(address + "/v1/orders", json=order()).raise_for_status()
            other.execute("begin")
            other.execute("select from ledger_accounts for update")
            asked: list[Future[httpx.Response]] = [
                threads.submit(max_.post, address + EARNS, json={"amount": 1, "reference": f"r{n}"}) for n in range(8)
            ]
            while sum(one["items"] + one["waiting"] for one in max_.get(address + "/health/lanes").json()["lanes"]) < 8:
                time.sleep(0.01)
            threading.Timer(0.1, lambda: other.execute("rollback")).start()
        assert {one.result(60).status_code for one in asked} == {201}
    assert not [one for one in threading.enumerate() if one.name.startswith("lane-")]


# --- many in one request


def test_a_batch_answers_for_each_posting_as_alone(rich: Caller):
    postings = [
        {"kind": "earn", "member": "uk:17850", "amount": 50, "reference": "a", "expires_at": "2027-01-01T00:00:00Z"},
        {"kind": "spend", "member": "uk:17850", "amount": 240, "reference": "b"},
        {"kind": "spend", "member": "uk:17850", "amount": 240, "reference": "c"},
        {"kind": "reverse_spend", "member": "uk:17850", "amount": 40, "reference": "d", "reverses": "b"},
        {"kind": "reverse_earn", "member": "uk:17850", "amount": 51, "reference": "e", "reverses": "a"},
        {"kind": "spend", "member": "uk:1", "amount": 1, "reference": "f"},
        {"kind": "earn", "member": "uk:17850", "amount": 50, "reference": "a"},
        {"kind": "earn", "member": "uk:17850", "amount": 5, "reference": "a"},
        {"kind": "spend", "member": "uk:17850", "amount": 5, "reference": "g", "reverses": "a"},
    ]
    answer = rich.post("/v1/postings", {"postings": postings}, by=MAX)
    told = answer.json()
    assert answer.status_code == 200
    assert [(one["reference"], one["status"], one["code"]) for one in told["items"]] == [
        ("a", "posted", 201),
        ("b", "posted", 201),
        ("c", "refused", 409),
        ("d", "posted", 201),
        ("e", "refused", 409),
        ("f", "refused", 404),
        ("a", "replayed", 200),
        ("a", "refused", 409),
        ("g", "refused", 422),
    ]
    assert [one["refusal"]["code"] for one in told["items"] if one["status"] == "refused"] == [
        "InsufficientPoints",
        "ReversesTooMuch",
        "MemberNotFound",
        "ReferenceReused",
        "InvalidPosting",
    ]
    assert told["refused"] == 5
    assert told["items"][3] == {
        "reference": "d", "status": "posted", "code": 201, "amount": 40, "available": 50, "number": 4,
    }  # fmt: skip
    assert rich.get("/v1/members/uk:17850/points").json()["available"] == 50
    again = rich.post("/v1/postings", {"postings": postings}, by=MAX).json()["items"]
    assert {one["status"] for one in again} == {"replayed", "refused"}
    with rich.app.database.transaction() as tx:
        assert ledger.audit(tx) == []


def test_a_batch_takes_every_kind_that_concerns_one_account(rich: Caller):
    later, member = "2027-01-01T00:00:00Z", {"member": "uk:17850"}
    postings = [
        {"kind": "hold", "amount": 120, "reference": "h", "until": "2026-04-01T00:00:00Z", **member},
        {"kind": "capture", "hold": "h", "amount": 100, "reference": "c", **member},
        {"kind": "release", "hold": "h", "reference": "d", **member},
        {"kind": "extend", "until": "2029-01-01T00:00:00Z", "reference": "e", **member},
        {"kind": "earn", "amount": 50, "reference": "p", "matures_at": later, "awaits": "x", "lapses": True, **member},
        {"kind": "earn", "amount": 30, "reference": "q", "point_type": "stars", "expires_at": later, **member},
        {"kind": "spend", "amount": 30, "reference": "s", "point_type": "stars", "reason": "A star chart", **member},
        {"kind": "reverse_earn", "amount": 20, "reference": "f", "reverses": "q", "point_type": "stars", **member},
        {"kind": "forgive", "amount": 15, "reference": "g", "reason": "Sorry", "point_type": "stars", **member},
        {"kind": "forgive", "amount": 6, "reference": "i", "reason": "Sorry", "point_type": "stars", **member},
        {"kind": "reverse_earn", "amount": 5, "reference": "j", "reverses": "q", "shortfall": "Netted", **member}
        | {"point_type": "stars"},
        {"kind": "reinstate", "amount": 1, "reference": "k", "entry": 1, "until": later, **member},
    ]
    told = rich.post("/v1/postings", {"postings": postings}, by=MAX).json()["items"]
    assert [(one["reference"], one["code"], one.get("amount"), one.get("available")) for one in told] == [
        ("h", 201, -120, 80),
        ("c", 201, 0, 80),
        ("d", 201, 20, 100),
        ("e", 201, 0, 100),
        ("p", 201, 0, 100),
        ("q", 201, 30, 30),
        ("s", 201, -30, 0),
        ("f", 201, 0, 0),
        ("g", 201, 0, 0),
        ("i", 409, None, None),
        ("j", 201, 0, 0),
        ("k", 404, None, None),
    ]
    changes = ("held_change", "pending_change", "debt_change")
    assert [{name: one[name] for name in changes if name in one} for one in told] == [
        {"held_change": 120}, {"held_change": -100}, {"held_change": -20}, {}, {"pending_change": 50},
        {}, {}, {"debt_change": 20}, {"debt_change": -15}, {}, {"debt_change": 5}, {},
    ]  # fmt: skip
    with rich.app.database.transaction() as tx:
        assert ledger.audit(tx) == []


@pytest.mark.parametrize(
    ("posting", "field"),
    [
        ({"kind": "earn"}, "amount"),
        ({"kind": "earn", "amount": 1, "until": "2027-01-01T00:00:00Z"}, "until"),
        ({"kind": "earn", "amount": 1, "shortfall": "x"}, "shortfall"),
        ({"kind": "earn", "amount": 1, "lapses": True}, "matures_at"),
        ({"kind": "spend", "amount": 1, "expires_at": "2027-01-01T00:00:00Z"}, "expires_at"),
        ({"kind": "spend", "amount": 1, "lapses": True}, "lapses"),
        ({"kind": "reverse_spend", "amount": 1}, "reverses"),
        ({"kind": "hold", "amount": 1}, "until"),
        (
            {"kind": "hold", "amount": 1, "expires_at": "2027-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"},
            "expires_at",
        ),
        ({"kind": "capture"}, "hold"),
        ({"kind": "release", "hold": "h", "reverses": "h"}, "reverses"),
        ({"kind": "extend", "amount": 1, "until": "2027-01-01T00:00:00Z"}, "amount"),
        ({"kind": "reinstate", "amount": 1, "until": "2027-01-01T00:00:00Z"}, "entry"),
        ({"kind": "forgive", "amount": 1}, "reason"),
    ],
)
def test_a_field_that_is_missing_or_means_nothing_is_named(rich: Caller, posting: dict[str, object], field: str):
    before = facts_of(rich.app.database)
    asked = {"postings": [{"member": "uk:17850", "reference": "r", **posting}]}
    [told] = rich.post("/v1/postings", asked, by=MAX).json()["items"]
    assert (told["code"], told["refusal"]["code"]) == (422, "InvalidPosting")
    assert told["refusal"]["detail"].startswith(f"{field} is ")
    assert facts_of(rich.app.database) == before


def test_a_batch_is_one_transaction_repeatable_and_can_be_tried_out(rich: Caller):
    body = {
        "postings": [{"kind": "earn", "member": "uk:17850", "amount": 1, "reference": f"r{n}"} for n in range(1000)]
    }
    assert rich.post("/v1/postings?dry_run=true", body, by=MAX).json()["refused"] == 0
    first, again = (rich.post("/v1/postings", body, by=MAX, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.content, again.headers["idempotency-replayed"]) == (again.content, "true")
    assert {one["status"] for one in first.json()["items"]} == {"posted"}
    with rich.app.database.transaction() as tx:
        assert tx.value("select count(distinct xmin::text) from ledger_entries where reference like 'r%%'") == 1
    assert rich.get("/v1/members/uk:17850/points").json()["available"] == 1200


def test_a_batch_has_a_bound_and_needs_a_manager(unmoved: Caller):
    one = {"kind": "spend", "member": "uk:17850", "amount": 1, "reference": "r"}
    assert flaws(unmoved.post("/v1/postings", {"postings": [one] * 1001}, by=MAX))[0]["pointer"] == "#/postings"
    assert flaws(unmoved.post("/v1/postings", {"postings": []}, by=MAX))[0]["pointer"] == "#/postings"
    assert refusal(unmoved.post("/v1/postings", {"postings": [one]}, by=AGNES)) == (403, "NotAllowed")
