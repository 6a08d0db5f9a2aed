"""The how-to of points for more than orders is true: its programmes can be published, and its request is answered."""

import json
import re
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

import make
from api.calls import AGNES, MAX, Caller, issue_keys
from conftest import NOON
from regulars import members, programme
from regulars.asgi import create_asgi
from regulars.members import NewMember
from regulars.programme import Programme
from regulars.programme.drafts import _texts
from regulars.storage import Database

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "give-points-for-more-than-orders.md"
TEXT = PAGE.read_text("utf-8")


def documents() -> list[dict[str, Any]]:
    plain = programme.default("GBP", "Europe/London").as_document()
    found = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    return [plain | _texts.read(text).document for text in found]


def test_every_programme_of_the_page_can_be_published() -> None:
    published = [Programme.from_document(one) for one in documents()]
    assert [len(one.earning) for one in published] == [2, 3, 2]


def test_the_request_of_the_page_is_answered(database: Database) -> None:
    app = make.app(database)
    with database.transaction() as tx:
        make.shop(tx)
        programme.publish(tx, Programme.from_document(documents()[0]), at=NOON - 9 * make.DAY, by="test")
        members.enrol(tx, [NewMember("17850", "uk")], at=NOON)
    [body] = re.findall(r"POST /v1/events\n\n(.*?)```", TEXT, re.DOTALL)
    with TestClient(create_asgi(app)) as client:
        api = Caller(client, app, issue_keys(database))
        [told] = api.post("/v1/events", json.loads(body), by=AGNES).json()["items"]
        assert told["given"] == [{"point_type": "points", "points": 50}]
        assert api.get("/v1/members/uk:17850/goals", by=MAX).json() == {"goals": [], "occasions": []}
