"""Recording facts and reading them back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import pyarrow as pa

from regulars.errors import Conflict
from regulars.facts import _queries
from regulars.facts._queries import Cursor, Happened, Position, Recorded
from regulars.storage import Transaction
from regulars.types import random_id

START = Position(0, 0)

_TIME = pa.timestamp("us", "UTC")
FACT = pa.schema(
    {
        "name": pa.string(),
        "occurred_at": _TIME,
        "member_id": pa.int64(),
        "subject_id": pa.int64(),
        "data": pa.string(),  # JSON
    }
)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened: `noun.past_participle`, and whom and what it concerns."""

    name: str
    occurred_at: datetime
    member_id: int | None = None
    subject_id: int | None = None
    data: Mapping[str, object] = field(default_factory=dict[str, object])


def record(tx: Transaction, facts: Sequence[Fact], *, at: datetime) -> None:
    """Append facts, learned of at `at`."""
    if not facts:
        return
    _queries.insert_facts(
        tx,
        names=[fact.name for fact in facts],
        occurred=[fact.occurred_at for fact in facts],
        members=[fact.member_id for fact in facts],
        subjects=[fact.subject_id for fact in facts],
        data=json_texts([fact.data for fact in facts]),
        at=at,
    )


def record_columns(tx: Transaction, facts: pa.Table, *, at: datetime) -> None:
    """Append facts laid out as in `FACT`, learned of at `at`: of many, this takes a third of the time."""
    recorded = pa.repeat(pa.scalar(at, _TIME), facts.num_rows)
    _queries.copy_facts(tx, facts.append_column("recorded_at", recorded))


def json_texts(values: Sequence[Mapping[str, object]]) -> list[str]:
    """What facts say, as the column `data` holds it."""
    return [text.decode() for text in map(msgspec.json.encode, values)]


def timeline(
    tx: Transaction, *, member_id: int, before: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Recorded]:
    """A member's facts, latest first; page on with the last one's `(occurred_at, fact_id)` as `before`."""
    return _queries.select_timeline(tx, member_id=member_id, before=before, limit=limit)


class FactsRenumbered(Conflict):
    """{field} is {value!r}, a place from before the database was restored elsewhere: leave it out and start over."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Some facts, in order, and the place after them."""

    facts: list[Recorded]
    next: Cursor


def feed(tx: Transaction, *, after: Cursor | None = None, names: Collection[str] = (), limit: int = 100) -> Feed:
    """The facts after a place, in order; only final ones, so that none is ever skipped.

    Raises:
        FactsRenumbered: the place is of another numbering, so that facts would be skipped.
    """
    numbering = _queries.select_numbering(tx)
    if after is not None and (after.numbering != numbering or not _queries.is_reached(tx, xact=after.xact)):
        raise FactsRenumbered(field="after", value=f"{after.xact}-{after.fact_id}")
    place = START if after is None else Position(after.xact, after.fact_id)
    known = _queries.select_feed(tx, after=place, names=list(names), limit=limit)
    last = Position(known[-1].xact, known[-1].fact_id) if known else place
    return Feed(known, Cursor(numbering, last.xact, last.fact_id))


def recorded_here(tx: Transaction, *, names: Collection[str]) -> list[Happened]:
    """The facts of some names that this transaction has recorded so far, in order; the feed will bring them too."""
    return _queries.select_recorded_here(tx, names=list(names))


@dataclass(frozen=True, slots=True)
class Unread:
    """What a reader has still to look at, and the position up to which it will then have read."""

    facts: list[Happened]
    upto: Position


def unread(tx: Transaction, *, reader: str, names: Collection[str], limit: int = 20_000) -> Unread | None:
    """The facts of some names among the next `limit` that `reader` has not read; None when there is nothing to read.

    What one transaction recorded is never torn apart: the last one is read whole, beyond the limit.

    The reader's place is locked until the transaction ends: of two workers one gets the facts, the other nothing.
    """
    place = _queries.lock_cursor(tx, reader=reader)
    upto = None if place is None else _queries.select_horizon(tx, after=place, limit=limit)
    if place is None or upto is None:
        return None
    return Unread(_queries.select_between(tx, after=place, upto=upto, names=list(names)), upto)


def mark_read(tx: Transaction, *, reader: str, upto: Position) -> None:
    """Move `reader`'s place; it commits with the work that was done about the facts."""
    _queries.move_cursor(tx, reader=reader, position=upto)


def is_behind(tx: Transaction, *, reader: str) -> bool:
    """Whether there are facts that `reader` has not read: `unread` may hold them back while older writers are at work."""
    return _queries.is_behind(tx, reader=reader)


def adopt(tx: Transaction) -> bool:
    """Make facts that were restored into another server readable there; whether there was anything to do.

    A dump keeps the numbers of the old server's transactions, which the new one would wait for. Readers may see facts
    a second time, as they may anyway; a place kept outside is of another numbering from then on, and refused.
    """
    if not _queries.is_restored(tx):
        return False
    _queries.rebase_cursors(tx)
    _queries.rebase_webhooks(tx)
    _queries.rebase_facts(tx)
    _queries.set_numbering(tx, numbering=random_id())
    return True
