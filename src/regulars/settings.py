"""What an installation can set, all of it from the environment, all of it here (docs/reference/settings.md).

Read once, at a door, and passed on in `App`; nothing else looks at the environment.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from regulars.errors import Invalid


class BadSetting(Invalid):
    """{field} is {value!r}: {remedy}."""


def _data_dir() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "regulars"


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation's settings. The `REGULARS_…` name of each field is its name in capitals."""

    database_url: str | None = None
    """PostgreSQL 15 or newer, as a `postgresql://` URL. Unset: an embedded server in `data_dir`."""

    replica_url: str | None = None
    """A streaming replica (hot standby) of that database, as a `postgresql://` URL: statements, exports, the past and reconciliation are read there while it keeps up. Unset: all is read from the database itself."""

    replica_behind_seconds: int = 10
    """How far behind the replica may be and still be read from, in seconds."""

    data_dir: Path = field(default_factory=_data_dir)
    """Where the embedded server and the demonstration shop live. Unset: `$XDG_DATA_HOME/regulars`, or `~/.local/share/regulars`."""

    secret_key: str | None = field(default=None, repr=False)
    """The key that the secrets of webhooks are encrypted with, from `regulars webhooks new-key`; the newest first, with commas between several. Unset: a file `secret.key` in `data_dir` with the embedded server, made on first use; without it, no webhook can be added."""

    host: str = "127.0.0.1"
    """The address the console and the API listen on."""

    port: int = 8787
    """The port they listen on."""

    public_url: str | None = None
    """The address people reach the console at; `https://` marks cookies secure. Unset: `http://host:port`."""

    session_hours: int = 12
    """How long a sign-in to the console lasts, in hours."""

    requests_per_minute: int = 1200
    """How many API requests one key may make in a minute."""

    pool_size: int = 8
    """How many connections to PostgreSQL one process keeps, beside those of its lanes."""

    lanes: int = 2
    """How many lanes post points for the API, each with a connection of its own. What many ask at once is one commit per lane.
    Where the ledger is on several servers, there is one per shard."""

    lane_queue: int = 4096
    """How many requests may wait for one lane; beyond it they are told to come back (503)."""

    adjustment_limit: int = 1000
    """Up to how many points one person may give or take by hand alone; beyond, a second one approves."""

    undo_limit: int = 10_000
    """Up to how many points given by a campaign one person may undo alone in 30 days; beyond, a second one approves."""

    approve_alone: bool = False
    """`yes` where one operator runs the shop: who wrote a draft of the programme may approve it. It is recorded each time."""

    webhook_networks: tuple[str, ...] = ()
    """Private networks that webhooks may be sent to, and over plain http, as CIDR with commas between: `127.0.0.0/8,::1/128` on a developer's machine. Unset: public addresses only, and https only."""

    webhook_timeout_seconds: int = 15
    """How long one attempt to send a webhook may take in all, in seconds."""

    webhooks_at_once: int = 32
    """How many webhooks one process sends at the same time."""

    webhook_days: int = 30
    """How long webhooks that were delivered or given up are kept, with every attempt, in days."""

    decision_days: int = 730
    """How long it is kept why each order earned what it did, in days."""

    identity_secret: str | None = field(default=None, repr=False)
    """What signals of fraud (devices, cards, addresses) are hashed with; at least 16 characters, the same for ever. Unset: none are kept."""

    @property
    def identity_key(self) -> bytes | None:
        """The secret that signals are hashed with."""
        return self.identity_secret.encode() if self.identity_secret else None


def _number(name: str, text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise BadSetting(field=name, value=text, remedy=f"give a whole number from {low} to {high}")
    return int(text)


def _yes(name: str, text: str) -> bool:
    if text not in {"yes", "no"}:
        raise BadSetting(field=name, value=text, remedy="give yes or no")
    return text == "yes"


def _networks(name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(part.strip())) for part in text.split(","))
    except ValueError as error:
        remedy = "give networks such as 10.0.0.0/8, with commas between them"
        raise BadSetting(field=name, value=text, remedy=remedy) from error


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises:
        BadSetting: one of them cannot be used; names it and what would do.
    """
    env = os.environ if environ is None else environ
    given = {key: value for key, value in env.items() if key.startswith("REGULARS_") and value}
    limits = {
        "port": (0, 65535),
        "session_hours": (1, 8760),
        "requests_per_minute": (1, 10**7),
        "pool_size": (2, 200),
        "replica_behind_seconds": (0, 86_400),
        "lanes": (1, 64),
        "lane_queue": (16, 10**6),
        "adjustment_limit": (0, 10**12),
        "undo_limit": (0, 10**15),
        "webhook_timeout_seconds": (1, 60),
        "webhooks_at_once": (1, 500),
        "webhook_days": (4, 3650),
        "decision_days": (1, 36_500),
    }
    values: dict[str, object] = {}
    for name in Settings.__dataclass_fields__:
        text = given.get(f"REGULARS_{name.upper()}")
        if text is None:
            continue
        if name in limits:
            values[name] = _number(f"REGULARS_{name.upper()}", text, *limits[name])
        elif name == "approve_alone":
            values[name] = _yes(f"REGULARS_{name.upper()}", text)
        elif name == "webhook_networks":
            values[name] = _networks(f"REGULARS_{name.upper()}", text)
        else:
            values[name] = Path(text).expanduser() if name == "data_dir" else text
    secret = values.get("identity_secret")
    if isinstance(secret, str) and len(secret) < 16:
        raise BadSetting(field="REGULARS_IDENTITY_SECRET", value="…", remedy="give at least 16 characters")
    for name in ("replica_url", "database_url"):
        url = values.get(name)
        if isinstance(url, str) and not url.startswith(("postgresql://", "postgres://")):
            raise BadSetting(
                field=f"REGULARS_{name.upper()}", value=url.partition(":")[0] + ":…", remedy="give a postgresql:// URL"
            )
    if "replica_url" in values and url is None:
        remedy = "set REGULARS_DATABASE_URL, too: the embedded PostgreSQL has no replica"
        raise BadSetting(
            field="REGULARS_REPLICA_URL", value=f"{str(values['replica_url']).partition(':')[0]}:…", remedy=remedy
        )
    return Settings(**values)  # pyright: ignore[reportArgumentType]
