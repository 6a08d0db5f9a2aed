"""The SQL of opening balances."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Import:
    """One file imported, or being imported. `report` counts its rows and points by what became of them."""

    import_id: int
    file_name: str
    fingerprint: str
    started_at: datetime
    finished_at: datetime | None
    rows: int
    rows_done: int
    report: dict[str, Any]


def insert_import(tx: Transaction, *, new: Import) -> int:
    """Note that an import began, unless it had."""
    return tx.run(
        """
        insert into ledger_imports (import_id, file_name, fingerprint, started_at, rows, report)
        values (%(import_id)s, %(file_name)s, %(fingerprint)s, %(started_at)s, %(rows)s, %(report)s)
        on conflict (import_id) do nothing
        """,
        import_id=new.import_id, file_name=new.file_name, fingerprint=new.fingerprint, started_at=new.started_at,
        rows=new.rows, report=Jsonb(new.report),
    )  # fmt: skip


def reset_import(tx: Transaction, *, import_id: int, report: dict[str, Any]) -> int:
    """Begin an import again from its first row."""
    return tx.run(
        "update ledger_imports set rows_done = 0, finished_at = null, report = %(report)s where import_id = %(import_id)s",
        import_id=import_id, report=Jsonb(report),
    )  # fmt: skip


def advance_import(tx: Transaction, *, import_id: int, before: int, done: int, report: dict[str, Any]) -> int:
    """Note that rows are done, if they were the next ones."""
    return tx.run(
        """
        update ledger_imports set rows_done = %(done)s, report = %(report)s
        where import_id = %(import_id)s and rows_done = %(before)s
        """,
        import_id=import_id, before=before, done=done, report=Jsonb(report),
    )  # fmt: skip


def finish_import(tx: Transaction, *, import_id: int, at: datetime) -> int:
    """Note that an import is complete, unless that was noted."""
    return tx.run(
        """
        update ledger_imports set finished_at = %(at)s
        where import_id = %(import_id)s and rows_done = rows and finished_at is null
        """,
        import_id=import_id,
        at=at,
    )


def select_imports(tx: Transaction, *, import_id: int | None, before: datetime | None, limit: int) -> list[Import]:
    """Imports, the latest first."""
    return tx.all(
        """
        select import_id, file_name, fingerprint, started_at, finished_at, rows, rows_done, report
        from ledger_imports
        where (%(import_id)s::bigint is null or import_id = %(import_id)s)
          and (%(before)s::timestamptz is null or started_at < %(before)s)
        order by started_at desc limit %(limit)s
        """,
        Import, import_id=import_id, before=before, limit=limit,
    )  # fmt: skip
