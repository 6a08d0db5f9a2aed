"""PostgreSQL: connections, transactions, migrations, and the embedded server.

The invariant: a `Transaction` is opened by a door, given to verbs and queries, committed when the door's block ends
and rolled back when it raises. Nothing else begins, commits or rolls back.

    with open_database(settings) as database:
        with database.transaction() as tx:
            rows = tx.all("select …", Record, member_id=7)
"""

from regulars.storage._connections import (
    Database,
    DatabaseUnavailable,
    Transaction,
    connect,
    lost_a_race,
    open_database,
)
from regulars.storage._distribution import (
    KEPT_WHOLE,
    MOST_ENTRIES,
    SHARDED,
    SHARDS,
    BadShards,
    Distribution,
    NotDistributable,
    distribute,
)
from regulars.storage._embedded import (
    EmbeddedServerFailed,
    EmbeddedServerInUse,
    embedded_programs,
    embedded_server,
    erase_embedded_server,
)
from regulars.storage._lanes import LaneFull, LaneReading, Lanes
from regulars.storage._migrations import Migration, MigrationChanged, applied, migrate, pending
from regulars.storage._replicas import Read, Replica, open_replica, read_past

__all__ = [
    "KEPT_WHOLE",
    "MOST_ENTRIES",
    "SHARDED",
    "SHARDS",
    "BadShards",
    "Database",
    "DatabaseUnavailable",
    "Distribution",
    "EmbeddedServerFailed",
    "EmbeddedServerInUse",
    "LaneFull",
    "LaneReading",
    "Lanes",
    "Migration",
    "MigrationChanged",
    "NotDistributable",
    "Read",
    "Replica",
    "Transaction",
    "applied",
    "connect",
    "distribute",
    "embedded_programs",
    "embedded_server",
    "erase_embedded_server",
    "lost_a_race",
    "migrate",
    "open_database",
    "open_replica",
    "pending",
    "read_past",
]
