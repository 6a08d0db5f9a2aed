"""The receiver of the how-to works as printed: run in a process of its own, sent real facts."""

import os
import re
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import make
from receiver import settings
from regulars import jobs
from regulars.app import App
from regulars.facts import webhooks
from regulars.facts.webhooks import AddedEndpoint, Wish
from regulars.storage import Database

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "receive-webhooks.md"
[RECEIVER] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def app(database: Database) -> App:
    return App(settings(), database, lambda: datetime.now(UTC))


def added(app: App, url: str) -> AddedEndpoint:
    with app.database.transaction() as tx:
        wish = Wish(url, ["order.paid", "points.*"])
        return webhooks.add_endpoint(tx, wish, by="Olga", reach=app.reach, vault=app.vault, at=app.clock())


def amended(app: App, endpoint: AddedEndpoint, url: str) -> None:
    with app.database.transaction() as tx:
        wish = Wish(url, endpoint.endpoint.names)
        webhooks.amend_endpoint(tx, endpoint.endpoint.endpoint_id, wish, by="Olga", reach=app.reach, at=app.clock())


@pytest.fixture
def running(app: App, tmp_path: Path) -> Generator[tuple[subprocess.Popen[str], AddedEndpoint, str]]:
    endpoint = added(app, "http://127.0.0.1:9/")
    script = tmp_path / "receiver.py"
    script.write_text(RECEIVER, "utf-8")
    environment = os.environ | {"WEBHOOK_SECRET": endpoint.secret, "PORT": "0"}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        port = re.fullmatch(r"listening on (\d+)\n", process.stdout.readline())[1]
        url = f"http://127.0.0.1:{port}/"
        amended(app, endpoint, url)
        yield process, endpoint, url
        process.kill()


def test_the_receiver_takes_what_is_signed_once_and_refuses_the_rest(app: App, running) -> None:
    process, endpoint, url = running
    with app.database.transaction() as tx:
        make.record(tx, make.shop(tx), make.order("1", "ada"))
    jobs.react(app, patience_seconds=30)
    assert jobs.deliver(app) == 2
    with app.database.transaction() as tx:
        found = webhooks.list_deliveries(tx)
        assert {one.last_status for one in found} == {204}
        webhooks.replay_delivery(tx, found[-1].delivery_id, by="Olga", at=app.clock())
        webhooks.rotate_secret(tx, endpoint.endpoint.endpoint_id, by="Olga", vault=app.vault, at=app.clock())
    assert jobs.deliver(app) == 1
    with app.database.transaction() as tx:
        assert {one.last_status for one in webhooks.list_deliveries(tx)} == {204}

    secret = webhooks.read_secret(endpoint.secret)
    now, body = datetime.now(UTC), b'{"type": "x.done", "member": null, "sequence": null}'
    for secrets, at, sent, status in (
        ([secret], now, body, 204),
        ([secret], now, body + b" ", 401),
        ([secret], now - timedelta(minutes=6), body, 401),
        ([b"another" * 4], now, body, 401),
        ([b"another" * 4, secret], now, body, 204),
    ):
        message = webhooks.Message(f"fct_{status}{len(secrets)}", body)
        stream = webhooks.Stream(0, 0, 0, url, [make.VAULT.seal(one) for one in secrets])
        headers = dict(webhooks.headers(stream, message, vault=make.VAULT, at=at))
        assert httpx.post(url, content=sent, headers=headers).status_code == status
    assert httpx.post(url, content=body).status_code == 401
    process.kill()
    said = process.stdout.read().splitlines()
    assert [line.split()[0] for line in said] == ["order.paid", "points.earned", "x.done", "x.done"]
    assert [line.split()[2] for line in said] == ["1", "2", "None", "None"]


def test_the_fact_names_of_the_page_are_those_there_are() -> None:
    listed = set(re.findall(r"`([a-z]+\.[a-z]+)`", PAGE.read_text("utf-8")))
    code = "\n".join(
        path.read_text("utf-8")
        for path in (PAGE.parents[2] / "src" / "regulars").rglob("*.py")
        if path.parent.name not in {"expressions", "forms"}
    )
    known = set(re.findall(r'"((?:member|order|points|tier|programme|webhook)\.[a-z]+)"', code))
    known |= {f"webhook.{what}" for what in re.findall(r'_tell\(tx, "(\w+)"', code)}
    known = {name for name in known if not name.endswith(".html")}
    nouns = ("member", "order", "points", "tier")
    assert {name for name in listed if name.startswith(nouns)} == {name for name in known if name.startswith(nouns)}
    assert {name for name in listed if name.startswith("webhook.")} <= known
