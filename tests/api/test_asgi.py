"""What every answer of the whole application has in common, pages and API alike."""

import gzip

import pytest
import structlog
from litestar.testing import TestClient

import make
from api.calls import VERA, Caller, order
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.settings import Settings
from regulars.storage import Database

PATHS = ["/", "/sign-in", "/nothing", "/v1/nothing", "/v1/shops", "/v1/docs", "/health/live", "/static/nothing.css"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded_and_numbered(unmoved: Caller, path: str):
    headers = unmoved.get(path, follow_redirects=False).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self'; " in policy or "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-request-id"]
    assert "strict-transport-security" not in headers


def test_problems_are_for_programs_and_pages_for_people(unmoved: Caller):
    assert unmoved.get("/v1/nothing").headers["content-type"] == "application/problem+json"
    assert unmoved.get("/health/nothing").headers["content-type"] == "application/problem+json"
    assert unmoved.get("/nothing", by=None).headers["content-type"].startswith("text/html")


def test_behind_https_browsers_are_told_to_stay_there(database: Database):
    app = App(Settings(public_url="https://shop.example"), database, make.app(database).clock)
    with TestClient(create_asgi(app)) as client:
        assert client.get("/health/live").headers["strict-transport-security"] == "max-age=31536000"


def test_a_long_answer_is_compressed_for_those_who_can_read_it(unmoved: Caller):
    with unmoved.client.stream("GET", "/v1/openapi.json", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    plain = unmoved.get("/v1/openapi.json", by=None, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.content
    assert len(packed) * 5 < len(plain.content)


def test_static_files_are_kept_for_a_year(unmoved: Caller):
    answer = unmoved.get("/static/vendor/swagger-ui.css?v=1", by=None)
    assert answer.headers["cache-control"] == "max-age=31536000, public, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert unmoved.get("/static/../_pages.py", by=None).status_code == 404
    assert unmoved.get("/static/%2e%2e/_pages.py", by=None).status_code == 404


def test_every_request_leaves_one_line_that_tells_no_secret(unmoved: Caller):
    with structlog.testing.capture_logs() as logs:
        unmoved.get("/v1/shops?limit=secret", by=VERA, headers={"X-Request-Id": "abc"})
    [line] = [one for one in logs if one["event"] == "request"]
    assert (line["method"], line["path"], line["status"], line["request_id"]) == ("GET", "/v1/shops", 400, "abc")
    assert line["caller"].startswith("key_")
    assert unmoved.tokens[VERA] not in str(logs)
    assert "secret" not in str(logs)


def test_what_nobody_expected_is_500_for_the_caller_and_a_trace_without_values_in_the_log(
    api: Caller, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object, **__: object) -> None:
        secret = "the customer's password"
        raise RuntimeError(len(secret))

    monkeypatch.setattr("regulars.commerce.find_order", broken)
    with structlog.testing.capture_logs() as logs:
        answer = api.post("/v1/orders", order())
    told = answer.json()
    assert (answer.status_code, told["code"], told["retryable"]) == (500, "InternalError", False)
    [line] = [one for one in logs if one["event"] == "unexpected error"]
    assert line["request_id"] == told["request_id"]
    assert "RuntimeError" in line["traceback"]
    assert "RuntimeError" not in answer.text
    assert "17850" not in str(logs)
    assert api.get("/v1/orders").json()["items"] == []
