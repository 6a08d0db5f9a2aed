"""Endpoints: who may be told what, and who changed it when."""

from datetime import timedelta
from functools import partial

import pytest

from conftest import NOON
from make import VAULT
from receiver import LOOPBACK
from regulars.facts import webhooks
from regulars.facts.webhooks import BadEndpoint, EndpointNotFound, Reach, TooManyEndpoints, Wish
from regulars.facts.webhooks.endpoints import _endpoints
from regulars.storage import Transaction

REACH = Reach(LOOPBACK)
URL = "https://crm.example/hook?token=secret"


def add(tx: Transaction, url: str = URL, *names: str) -> webhooks.AddedEndpoint:
    return webhooks.add_endpoint(
        tx, Wish(url, names or ["points.*"], "The CRM"), by="Olga", reach=REACH, vault=VAULT, at=NOON
    )


def told(tx: Transaction) -> list[tuple[str, dict[str, object]]]:
    names = [f"webhook.{what}" for what in ("added", "amended", "enabled", "disabled", "rotated", "removed")]
    return tx.rows(
        "select name, data from facts where xact = pg_current_xact_id_if_assigned() and name = any(%(names)s) order by fact_id",
        names=list(names),
    )


def test_an_endpoint_keeps_what_it_was_given_and_shows_its_secret_once(tx: Transaction):
    added = add(tx, URL, "points.earned", "order.paid", "points.*")
    assert added.secret.startswith("whsec_")
    assert len(webhooks.read_secret(added.secret)) == 32
    [found] = webhooks.list_endpoints(tx)
    assert (found.url, found.names, found.description) == (URL, ["order.paid", "points.*"], "The CRM")
    assert (found.created_by, found.created_at, found.enabled_by, found.disabled_at) == ("Olga", NOON, "Olga", None)
    assert add(tx).secret != added.secret


def test_what_happens_to_it_is_told_with_who_and_never_with_its_url(tx: Transaction):
    endpoint_id = add(tx).endpoint.endpoint_id
    wish = Wish("https://crm.example/other", ["order.paid"], "The CRM")
    webhooks.amend_endpoint(tx, endpoint_id, wish, by="Olga", reach=REACH, at=NOON)
    webhooks.amend_endpoint(tx, endpoint_id, wish, by="Olga", reach=REACH, at=NOON)
    for _ in range(2):
        webhooks.disable_endpoint(tx, endpoint_id, by="Max", at=NOON)
    for _ in range(2):
        webhooks.enable_endpoint(tx, endpoint_id, by="Olga", at=NOON)
    webhooks.rotate_secret(tx, endpoint_id, by="Olga", vault=VAULT, at=NOON)
    webhooks.remove_endpoint(tx, endpoint_id, by="Olga", at=NOON)
    names = [name.removeprefix("webhook.") for name, _ in told(tx)]
    assert names == ["added", "amended", "disabled", "enabled", "rotated", "removed"]
    assert {data["host"] for _, data in told(tx)} == {"crm.example"}
    assert "secret" not in str(told(tx))
    assert "token" not in str(told(tx))
    assert told(tx)[1][1]["fields"] == ["url", "names"]
    assert told(tx)[2][1] | {"by": "Max", "because": "asked"} == told(tx)[2][1]
    with pytest.raises(EndpointNotFound):
        webhooks.find_endpoint(tx, endpoint_id)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("http://crm.example/x", ["a.b"]), None),
        (Wish("https://10.0.0.1/x", ["a.b"]), "url"),
        (Wish(URL, []), "names"),
        (Wish(URL, ["a.b"], "x" * 201), "description"),
        (Wish(URL, ["a.b"], "a\0b"), "description"),
    ],
)
def test_what_cannot_be_used_is_refused_and_changes_nothing(tx: Transaction, wish: Wish, field: str | None):
    known = add(tx).endpoint
    before = told(tx)
    reach = REACH if field else Reach()
    for refused in (
        lambda: webhooks.add_endpoint(tx, wish, by="Olga", reach=reach, vault=VAULT, at=NOON),
        lambda: webhooks.amend_endpoint(tx, known.endpoint_id, wish, by="Olga", reach=reach, at=NOON),
    ):
        with pytest.raises(BadEndpoint) as error:
            refused()
        assert error.value.details["field"] == (field or "url")
    assert (webhooks.list_endpoints(tx), told(tx)) == ([known], before)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_secrets_overlap_for_a_week_at_most(tx: Transaction, overlap: timedelta):
    endpoint_id = add(tx).endpoint.endpoint_id
    with pytest.raises(BadEndpoint):
        webhooks.rotate_secret(tx, endpoint_id, overlap=overlap, by="Olga", vault=VAULT, at=NOON)


def test_there_are_only_so_many(tx: Transaction, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_endpoints, "MOST", 2)
    add(tx), add(tx)
    with pytest.raises(TooManyEndpoints):
        add(tx)


def test_what_does_not_exist_is_not_found(tx: Transaction):
    rotate = partial(webhooks.rotate_secret, vault=VAULT)
    for verb in (webhooks.disable_endpoint, webhooks.enable_endpoint, rotate, webhooks.remove_endpoint):
        with pytest.raises(EndpointNotFound):
            verb(tx, 7, by="Olga", at=NOON)
    with pytest.raises(EndpointNotFound):
        webhooks.ping(tx, 7, at=NOON)
    with pytest.raises(webhooks.DeliveryNotFound):
        webhooks.replay_delivery(tx, (1 << 63) - 1, by="Olga", at=NOON)
    with pytest.raises(webhooks.ReplayNotFound):
        webhooks.find_replay(tx, 7)
