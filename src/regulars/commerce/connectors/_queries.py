"""The SQL of imports and profiles."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Import:
    """One file imported, or being imported. `report` counts its rows and documents by what became of them."""

    import_id: int
    shop_id: int
    file_name: str
    fingerprint: str
    started_at: datetime
    finished_at: datetime | None
    chunks_done: int
    chunks: int
    report: dict[str, Any]


def insert_import(tx: Transaction, *, new: Import) -> int:
    """Note that an import began, unless it had."""
    return tx.run(
        """
        insert into commerce_imports (import_id, shop_id, file_name, fingerprint, started_at, chunks, report)
        values (%(import_id)s, %(shop_id)s, %(file_name)s, %(fingerprint)s, %(started_at)s, %(chunks)s, %(report)s)
        on conflict (import_id) do nothing
        """,
        import_id=new.import_id, shop_id=new.shop_id, file_name=new.file_name, fingerprint=new.fingerprint,
        started_at=new.started_at, chunks=new.chunks, report=Jsonb(new.report),
    )  # fmt: skip


def reset_import(tx: Transaction, *, import_id: int, report: dict[str, Any]) -> int:
    """Begin a finished import again from its first chunk."""
    return tx.run(
        "update commerce_imports set chunks_done = 0, finished_at = null, report = %(report)s where import_id = %(import_id)s",
        import_id=import_id, report=Jsonb(report),
    )  # fmt: skip


def advance_import(tx: Transaction, *, import_id: int, chunk: int, report: dict[str, Any]) -> int:
    """Note that a chunk is done, if it was the next one."""
    return tx.run(
        """
        update commerce_imports set chunks_done = %(chunk)s + 1, report = %(report)s
        where import_id = %(import_id)s and chunks_done = %(chunk)s
        """,
        import_id=import_id, chunk=chunk, report=Jsonb(report),
    )  # fmt: skip


def finish_import(tx: Transaction, *, import_id: int, at: datetime) -> int:
    """Note that an import is complete."""
    return tx.run(
        "update commerce_imports set finished_at = %(at)s where import_id = %(import_id)s and chunks_done = chunks",
        import_id=import_id,
        at=at,
    )


def select_imports(tx: Transaction, *, import_id: int | None, before: datetime | None, limit: int) -> list[Import]:
    """Imports, the latest first."""
    return tx.all(
        """
        select import_id, shop_id, file_name, fingerprint, started_at, finished_at, chunks_done, chunks, report
        from commerce_imports
        where (%(import_id)s::bigint is null or import_id = %(import_id)s)
          and (%(before)s::timestamptz is null or started_at < %(before)s)
        order by started_at desc limit %(limit)s
        """,
        Import, import_id=import_id, before=before, limit=limit,
    )  # fmt: skip


def upsert_profile(tx: Transaction, *, name: str, document: dict[str, object], at: datetime) -> int:
    """Save a profile under a name, in place of an earlier one."""
    return tx.run(
        """
        insert into commerce_import_profiles (name, document, saved_at) values (%(name)s, %(document)s, %(at)s)
        on conflict (name) do update set document = excluded.document, saved_at = excluded.saved_at
        """,
        name=name, document=Jsonb(document), at=at,
    )  # fmt: skip


def select_profile(tx: Transaction, *, name: str) -> Any:
    """A saved profile's document, or None."""
    return tx.value("select document from commerce_import_profiles where name = %(name)s", name=name)
