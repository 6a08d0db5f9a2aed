"""Importing a file chunk by chunk, and the profiles it is read with."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars import members
from regulars.commerce._documents import Arrived, arrive
from regulars.commerce._orders import book_orders
from regulars.commerce._records import Shop
from regulars.commerce._returns import book_returns, record_returns
from regulars.commerce._rules import Outcome
from regulars.commerce.connectors import _queries
from regulars.commerce.connectors._files import Chunk, Source
from regulars.commerce.connectors._profiles import Profile
from regulars.commerce.connectors._queries import Import
from regulars.errors import Conflict, NotFound
from regulars.storage import Transaction
from regulars.types import stable_id, to_public

MOST_REFUSALS = 1000
"""How many refused documents a report names one by one; the rest are counted."""


class ImportNotFound(NotFound):
    """There is no import {import_id}."""


class ProfileNotFound(NotFound):
    """There is no import profile {name}."""


class ImportMoved(Conflict):
    """Another process is importing {file} too: wait for it, or stop one of them."""


def begin_import(tx: Transaction, shop: Shop, source: Source, *, at: datetime, again: bool = False) -> Import:
    """Begin importing a file, or take up where an earlier run of the same file stopped.

    A finished import is answered as it is; `again` records every document once more, which changes nothing that is
    already there.
    """
    import_id = _id_of(source)
    report: dict[str, Any] = {
        "rows_read": source.rows_read,
        "verdicts": source.verdicts,
        "documents": {},
        "refusals": [],
    }
    new = Import(
        import_id, shop.shop_id, source.path.name, source.fingerprint, at, None, 0, source.total_chunks, report
    )
    if not _queries.insert_import(tx, new=new) and again:
        _queries.reset_import(tx, import_id=import_id, report=report)
    return find_import(tx, import_id)


def known_import(tx: Transaction, source: Source) -> Import | None:
    """The import of this very file, read in this very way for this shop, if there was one; it may not be finished."""
    return next(iter(_queries.select_imports(tx, import_id=_id_of(source), before=None, limit=1)), None)


def _id_of(source: Source) -> int:
    return stable_id("import", source.fingerprint)


@dataclass(frozen=True, slots=True)
class Announced:
    """A chunk whose customers are members and whose products are known, so that its documents can be booked."""

    chunk: Chunk
    orders: Arrived
    returns: Arrived | None
    """None if they name orders: those may not be recorded yet."""


def announce_chunk(tx: Transaction, shop: Shop, chunk: Chunk, *, at: datetime) -> Announced:
    """Make members of one chunk's customers and products of what they bought, ahead of its documents.

    It may run beside the recording of the chunk before: that one's were announced in their turn, so the two never
    write the same row.
    """
    people = [_person(shop, row) for row in chunk.people if _usable(_clean_name, row["customer"])]
    if people:
        members.enrol(tx, people, at=at)
    orders = arrive(tx, shop, chunk.orders, at=at)
    returns = arrive(tx, shop, chunk.returns, at=at)
    named = chunk.returns.documents.column("order")
    return Announced(chunk, orders, returns if named.null_count == len(named) else None)


def record_chunk(tx: Transaction, shop: Shop, running: Import, announced: Announced, *, at: datetime) -> Import:
    """Record one chunk's orders and returns, and that it is done, all or nothing.

    Raises:
        ImportMoved: somebody else recorded it meanwhile; nothing was recorded twice.
    """
    orders = book_orders(tx, announced.orders, at=at)
    if announced.returns is None:
        returns = record_returns(tx, shop, announced.chunk.returns, at=at)
    else:
        returns = book_returns(tx, announced.returns, {}, at=at)
    report = _add(running.report, orders, returns)
    if not _queries.advance_import(tx, import_id=running.import_id, chunk=announced.chunk.number, report=report):
        raise ImportMoved(file=running.file_name)
    return find_import(tx, running.import_id)


def _person(shop: Shop, row: dict[str, Any]) -> members.NewMember:
    email, phone = _usable(members.clean_email, row.get("email")), _usable(members.clean_phone, row.get("phone"))
    return members.NewMember(
        str(row["customer"]),
        issuer=shop.code,
        name=_usable(_clean_name, row.get("member_name")),
        email=email,
        phone=phone,
        joined_at=row["joined_at"],
    )


def _clean_name(text: str) -> str:
    return members.clean_text("name", text)


def _usable(clean: Any, text: str | None) -> str | None:
    """Contact data of an export as far as it can be used: a bad address must not keep an order out."""
    try:
        return clean(text) if text else None
    except members.BadMember:
        return None


def _add(report: dict[str, Any], orders: Iterable[Outcome], returns: Iterable[Outcome]) -> dict[str, Any]:
    counts: Counter[str] = Counter(report["documents"])
    refusals: list[dict[str, str]] = list(report["refusals"])
    for kind, outcomes in (("orders", orders), ("returns", returns)):
        for outcome in outcomes:
            counts[f"{kind} {outcome.status}"] += 1
            if outcome.error is not None and len(refusals) < MOST_REFUSALS:
                refusals.append(
                    {"document": outcome.external_id, "code": outcome.error.code, "reason": str(outcome.error)}
                )
    return report | {"documents": dict(counts), "refusals": refusals}


def finish_import(tx: Transaction, running: Import, *, at: datetime) -> Import:
    """Note that every chunk is recorded; noting it again changes nothing."""
    if running.finished_at is None:
        _queries.finish_import(tx, import_id=running.import_id, at=at)
    return find_import(tx, running.import_id)


def find_import(tx: Transaction, import_id: int) -> Import:
    """One import.

    Raises:
        ImportNotFound: there is no such import.
    """
    for found in _queries.select_imports(tx, import_id=import_id, before=None, limit=1):
        return found
    raise ImportNotFound(import_id=to_public("imp", import_id))


def list_imports(tx: Transaction, *, before: datetime | None = None, limit: int = 50) -> list[Import]:
    """Imports, the latest first; page on with the last one's `started_at`."""
    return _queries.select_imports(tx, import_id=None, before=before, limit=limit)


def save_profile(tx: Transaction, name: str, profile: Profile, *, at: datetime) -> None:
    """Keep a profile under a name, to be used again."""
    _queries.upsert_profile(tx, name=name, document=profile.as_document(), at=at)


def load_profile(tx: Transaction, name: str) -> Profile:
    """A saved profile.

    Raises:
        ProfileNotFound: none was saved under that name.
    """
    document = _queries.select_profile(tx, name=name)
    if document is None:
        raise ProfileNotFound(name=name)
    return Profile.from_document(document)
