"""What every door is given: the settings, the database and the clock. There are no globals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from typing import TypeVar

from regulars.facts.webhooks import Reach, Vault, kept_key
from regulars.insight import Frames
from regulars.settings import Settings
from regulars.storage import Database, Read, Replica, Transaction, read_past

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class App:
    """One installation at run time."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    """The time as an aware datetime. Doors ask it once and pass the answer on; verbs never look at a clock."""

    demo: bool = False
    """The demonstration shop: the console says so, and that its clock stands in 2011."""

    replica: Replica | None = None
    """Where what may be a few seconds old is read, when there is one: `app.read_past(work)`."""

    frames: Frames = field(default_factory=Frames)
    """The purchases that figures are computed on, held in memory until they change: `app.frames.read(app.database)`."""

    def read_past(self, work: Callable[[Transaction], Found]) -> Read[Found]:
        """What `work` finds in the replica, if there is one that keeps up, else in the database itself."""
        return read_past(self.database, self.replica, work)

    @property
    def vault(self) -> Vault:
        """What encrypts the secrets of webhooks: with `secret_key`, or on the embedded database with a key kept beside it."""
        if self.settings.secret_key is not None:
            return Vault(self.settings.secret_key.split(","))
        if self.settings.database_url is not None:
            return Vault(())
        return Vault([kept_key(self.settings.data_dir / "secret.key")])

    @property
    def reach(self) -> Reach:
        """Where webhooks may be sent."""
        networks = tuple(map(ip_network, self.settings.webhook_networks))
        return Reach(networks, self.settings.webhook_timeout_seconds)
