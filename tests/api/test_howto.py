"""The how-to is true: its requests are sent, in order, and answered as it says."""

import json
import re
from pathlib import Path

from litestar.testing import TestClient

from api.calls import MAX, Caller, issue_keys
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.storage import Database

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "use-the-api.md"
STEP = re.compile(
    r"```http\n(?P<method>[A-Z]+) (?P<path>\S+)\n(?P<headers>(?:[\w-]+: .*\n)*)\n?(?P<body>(?:.|\n)*?)```\n\nAnswer: (?P<status>\d+)"
)
SHOWN = re.compile(r"```json\n((?:.|\n)*?)```")


def test_every_request_of_the_page_is_answered_as_it_says(app: App, database: Database):
    with database.transaction() as tx:
        tx.run("delete from commerce_shops")
    text = PAGE.read_text("utf-8")
    steps = list(STEP.finditer(text))
    assert len(steps) == text.count("```http\n")
    with TestClient(create_asgi(app)) as client:
        api = Caller(client, app, issue_keys(database))
        for step in steps:
            headers = dict(line.split(": ", 1) for line in step["headers"].splitlines())
            body = json.loads(step["body"]) if step["body"].strip() else None
            answer = api(step["method"], step["path"], by=MAX, headers=headers, json=body)
            assert str(answer.status_code) == step["status"], (step["path"], answer.text)
            if "InsufficientPoints" in answer.text:
                assert answer.json() | {"request_id": "…"} == json.loads(SHOWN.findall(text)[0])
