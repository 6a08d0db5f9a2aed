"""The how-to on the past is true: its requests and commands are sent, and its table is what comes of them."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from litestar.testing import TestClient
from typer.testing import CliRunner

import make
from api.calls import MAX, Caller, issue_keys, order
from regulars import commerce, ledger, members
from regulars.asgi import create_asgi
from regulars.cli import app as commands
from regulars.ledger import Posting, past
from regulars.storage import Database, Transaction
from regulars.types import to_public

TEXT = (Path(__file__).parents[2] / "docs" / "howto" / "read-the-past.md").read_text("utf-8")


def lines(language: str) -> list[str]:
    return [
        line
        for block in re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
        for line in block.strip().splitlines()
    ]


def test_every_request_of_the_page_is_answered(database: Database) -> None:
    with database.transaction() as tx:
        make.shop(tx)
    app = make.app(database)
    with TestClient(create_asgi(app)) as client:
        caller = Caller(client, app, issue_keys(database))
        caller.post("/v1/orders", order())
        for line in lines("http"):
            answer = caller.get(line.removeprefix("GET "), by=MAX)
            assert answer.status_code == 200, answer.text


def test_every_command_of_the_page_runs(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with database.transaction() as tx:
        make.record(tx, make.shop(tx), make.order("1", "17850"))
        member = to_public("mem", members.by_external_id(tx, "17850", issuer=commerce.shops(tx)[0].code).member_id)
    monkeypatch.setenv("REGULARS_DATABASE_URL", database.url)
    for line in lines("sh"):
        words = line.partition(" > ")[0].replace("mem_04h8z2k1q9x0b", member).split()
        ran = CliRunner().invoke(commands, words[1:], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output


def test_the_table_is_true(tx: Transaction) -> None:
    march, april, may, june = (datetime.fromisoformat(f"2026-0{month}-15T12:00:00+00:00") for month in (3, 4, 5, 6))
    ledger.post(tx, [Posting("earn", 1, 100, "order of March", march)], at=may)
    table = re.findall(r"\| `as_of` (April|June) \| (.*?) \| (.*?) \|", TEXT)
    when = {"April": april, "June": june}
    for month, in_april, in_june in table:
        for said, known_at in ((in_april, april), (in_june, june)):
            held = past.holding(tx, 1, as_of=when[month], known_at=known_at).balance.available
            assert said == ("is in it" if held else "is not in it")
    assert len(table) == 2
