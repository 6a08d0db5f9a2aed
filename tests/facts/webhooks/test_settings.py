"""Where webhooks may go is a setting, and one that cannot be used is refused at the start."""

import ipaddress

import pytest

from conftest import NOON
from regulars.app import App
from regulars.settings import BadSetting, Settings, from_environment
from regulars.storage import Database


def test_networks_are_named_with_commas(database: Database):
    settings = from_environment(
        {"REGULARS_WEBHOOK_NETWORKS": "127.0.0.0/8, ::1", "REGULARS_WEBHOOK_TIMEOUT_SECONDS": "7"}
    )
    reach = App(settings, database, lambda: NOON).reach
    assert reach.networks == (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert reach.timeout_seconds == 7
    assert App(Settings(), database, lambda: NOON).reach.networks == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGULARS_WEBHOOK_NETWORKS", "localhost"),
        ("REGULARS_WEBHOOK_NETWORKS", "10.0.0.1/8"),
        ("REGULARS_WEBHOOK_NETWORKS", "10.0.0.0/8,"),
        ("REGULARS_WEBHOOK_TIMEOUT_SECONDS", "0"),
        ("REGULARS_WEBHOOK_DAYS", "1"),
        ("REGULARS_WEBHOOKS_AT_ONCE", "many"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(name: str, value: str):
    with pytest.raises(BadSetting, match=name):
        from_environment({name: value})
