"""Calling the API as somebody: Olga owns the shop, Max manages it, Agnes is an agent, Vera may look."""

from collections.abc import Mapping
from typing import Any

import httpx
from litestar.testing import TestClient

from conftest import NOON
from regulars import access
from regulars.access import Role
from regulars.app import App
from regulars.storage import Database

OLGA, MAX, AGNES, VERA = Role.OWNER, Role.MANAGER, Role.AGENT, Role.VIEWER


class Caller:
    """A client of the API that calls with the key of a role, Agnes's unless another is named."""

    def __init__(self, client: TestClient[Any], app: App, tokens: Mapping[Role, str]) -> None:
        self.client, self.app, self.tokens = client, app, tokens

    def __call__(self, method: str, path: str, *, by: Role | None = AGNES, **request: Any) -> httpx.Response:
        headers = dict(request.pop("headers", {}))
        if by is not None:
            headers.setdefault("Authorization", f"Bearer {self.tokens[by]}")
        return self.client.request(method, path, headers=headers, **request)

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self("GET", path, **request)

    def post(self, path: str, json: object = None, **request: Any) -> httpx.Response:
        return self("POST", path, json=json, **request)

    def patch(self, path: str, json: object, **request: Any) -> httpx.Response:
        return self("PATCH", path, json=json, **request)


def issue_keys(database: Database) -> dict[Role, str]:
    with database.transaction() as tx:
        return {role: access.issue_key(tx, name=role.value, role=role, at=NOON).token for role in Role}


def order(number: str = "536365", **more: object) -> dict[str, Any]:
    """An order of two mugs at £10.00, paid, by customer 17850."""
    return {
        "shop": "uk",
        "external_id": number,
        "customer": "17850",
        "placed_at": "2026-03-01T12:00:00Z",
        "paid_at": "2026-03-01T12:00:00Z",
        "lines": [{"sku": "MUG", "quantity": 2, "unit_minor": 1000, "name": "Mug"}],
    } | more


def came_back(number: str = "C536365", **more: object) -> dict[str, Any]:
    """One of the two mugs, returned."""
    return {
        "shop": "uk",
        "external_id": number,
        "order": "536365",
        "returned_at": "2026-03-02T10:00:00Z",
        "lines": [{"sku": "MUG", "quantity": 1, "unit_minor": 1000}],
    } | more


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem an answer tells of, without what differs each time."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told.pop("request_id") == answer.headers["x-request-id"]
    assert told.pop("type") == f"/v1/errors/{told['code']}"
    assert told["status"] == answer.status_code
    del told["instance"], told["title"]
    return told


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem."""
    told = problem(answer)
    return told["status"], told["code"]


def flaws(answer: httpx.Response) -> list[dict[str, str]]:
    """What was wrong with a malformed request."""
    assert refusal(answer) == (400, "MalformedRequest"), answer.text
    return answer.json()["errors"]


def facts_of(database: Database) -> list[str]:
    """The names of everything recorded, in order: what changed, and in a refusal's case, what did not."""
    with database.transaction() as tx:
        return tx.values("select name from facts where name not like 'key.%%' order by xact, fact_id")
