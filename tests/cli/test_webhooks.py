"""`regulars webhooks`, against a receiver."""

from datetime import UTC, datetime

import make
from receiver import receiving, settings, verifies
from regulars import cli, jobs
from regulars.app import App


def test_an_endpoint_from_its_adding_to_its_removal(regulars, database, monkeypatch) -> None:
    monkeypatch.setenv("REGULARS_WEBHOOK_NETWORKS", "127.0.0.0/8")
    app = App(settings(), database, lambda: datetime.now(UTC))
    with receiving() as receiver:
        added = regulars("webhooks", "add", receiver.url, "--name", "order.*", "--description", "CRM", "--json").json
        assert added["names"] == "order.*"
        listed = regulars("webhooks", "list", "--json")
        assert added["secret"] not in listed.out
        assert [(row["endpoint"], row["waiting"]) for row in listed.json] == [(added["endpoint"], 0)]
        ping = regulars("webhooks", "ping", added["endpoint"], "--json").json
        receiver.answer = lambda got: 200 if got.type == "webhook.pinged" else 410
        with database.transaction() as tx:
            make.record(tx, make.shop(tx), make.order("1", "ada"))
        jobs.react(app, patience_seconds=30)
        jobs.deliver(app)
        assert verifies(receiver.got[0], added["secret"])
        shown = regulars("webhooks", "delivery", ping["delivery"], "--json").json
        assert (shown["body"]["type"], shown["attempts"][0]["status"]) == ("webhook.pinged", 200)
        assert '"type": "webhook.pinged"' in regulars("webhooks", "delivery", ping["delivery"]).out
        assert regulars("webhooks", "list", "--json").json[0]["disabled"] == "gone"
        [dead] = regulars("webhooks", "deliveries", "--state", "dead", "--json").json
        assert dead["last"] == 410
        refused = regulars("webhooks", "replay", "--delivery", dead["delivery"])
        assert refused.code == cli.EXIT_CODES["conflict"]
        assert "enable it first" in refused.err
        regulars("webhooks", "enable", added["endpoint"])
        receiver.answer = lambda _: 200
        receiver.take()
        assert regulars("webhooks", "replay", added["endpoint"], "--dead-letters", "--json").json["deliveries"] == 1
        jobs.deliver(app)
        assert len(receiver.take()) == 2
        again = regulars("webhooks", "replay", added["endpoint"], "--from", "2020-01-01", "--json").json
        assert again["deliveries"] == 2
        jobs.deliver(app)
        assert len(receiver.take()) == 2
        rotated = regulars("webhooks", "rotate", added["endpoint"], "--overlap-hours", "1", "--json").json
        assert rotated["secret"] != added["secret"]
        assert regulars("webhooks", "amend", added["endpoint"], "--name", "tier.*", "--json").json["names"] == "tier.*"
        assert regulars("webhooks", "disable", added["endpoint"], "--json").json["disabled"] == "asked"
        assert regulars("webhooks", "remove", added["endpoint"]).code == 0
        assert regulars("webhooks", "list").out == "Nothing is sent anywhere yet.\n"


def test_what_cannot_be_done_is_said_in_one_line(regulars) -> None:
    for arguments, kind in (
        (("add", "http://crm.example/hook"), "invalid"),
        (("add", "https://127.0.0.1/hook"), "invalid"),
        (("ping", "whe_0000000000001"), "not_found"),
        (("replay",), "invalid"),
        (("delivery", "whd_0000000000001"), "not_found"),
    ):
        ran = regulars("webhooks", *arguments)
        assert (ran.code, ran.out, ran.err.count("\n")) == (cli.EXIT_CODES[kind], "", 1), arguments
