"""What the ledger's tables weigh, and how much of that is air."""

from datetime import datetime
from typing import Any

from regulars.storage import Database, Transaction

KINDS = {3: "matured", 4: "expired", 10: "released", 15: "lapsed"}
OPEN = ("ledger_accounts", "ledger_lots", "ledger_pending_lots", "ledger_holds", "ledger_flows")
"""Tables whose rows are changed and deleted: they may bloat."""


def kinds_at(tx: Transaction, at: datetime) -> dict[str, int]:
    """What a night did, by kind."""
    rows = tx.rows("select kind, sum(entries)::bigint from ledger_flows where posted_at = %(at)s group by kind", at=at)
    return {KINDS[kind]: count for kind, count in rows if kind in KINDS}


def sizes(database: Database) -> dict[str, Any]:
    """Per table: bytes with and without indexes, rows, and dead ones."""
    with database.transaction() as tx:
        tx.value("select pg_stat_force_next_flush()")
        rows = tx.rows(
            """
            select s.relname, pg_table_size(s.relid), pg_indexes_size(s.relid), pg_relation_size(s.relid), s.n_live_tup, s.n_dead_tup, s.autovacuum_count
            from pg_stat_user_tables s where s.relname like 'ledger%%' or s.relname = 'facts' order by 1
            """
        )
        counts = {name: tx.value(f"select count(*) from {name}") for name in OPEN}  # pyright: ignore[reportArgumentType]
        wal = tx.value("select sum(size)::bigint from pg_ls_waldir()")
    found = {
        name: {
            "table": table, "indexes": indexes, "heap": heap, "rows": counts.get(name, live), "dead": dead, "vacuums": vacuums,
        }
        for name, table, indexes, heap, live, dead, vacuums in rows
    }  # fmt: skip
    return {"tables": found, "wal": wal}


def told(taken: list[dict[str, Any]], *, entries: int) -> dict[str, Any]:
    """The figures of the last time, and how the tables that may bloat went from the middle to the end."""
    last, middle = taken[-1]["tables"], taken[len(taken) // 2]["tables"]

    def whole(name: str) -> int:
        return last[name]["table"] + last[name]["indexes"]

    def per_row(tables: Any, name: str) -> float | None:
        return round(tables[name]["heap"] / tables[name]["rows"]) if tables[name]["rows"] else None

    ours = [name for name in last if name.startswith("ledger")]
    return {
        "bytes_per_posting": {
            "entries": round(whole("ledger_entries") / entries, 1),
            "entries_indexes": round(last["ledger_entries"]["indexes"] / entries, 1),
            "ledger": round(sum(map(whole, ours)) / entries, 1),
            "facts": round(whole("facts") / entries, 1),
            "all": round((sum(map(whole, ours)) + whole("facts")) / entries, 1),
        },
        "table_mib": {name: round(one["table"] / 2**20, 1) for name, one in last.items() if one["rows"]},
        "index_mib": {name: round(one["indexes"] / 2**20, 1) for name, one in last.items() if one["rows"]},
        "wal_mib": round(taken[-1]["wal"] / 2**20),
        "dead_tuples": {name: last[name]["dead"] for name in OPEN},
        "vacuums": {name: last[name]["vacuums"] for name in OPEN},
        "heap_bytes_per_row": {name: {"middle": per_row(middle, name), "end": per_row(last, name)} for name in OPEN},
    }
