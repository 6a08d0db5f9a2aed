"""Portraits: recency, frequency and money of each member, computed from a frame and kept in the database."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import pyarrow as pa

from regulars import programme
from regulars.insight import _queries
from regulars.insight._frames import Frame, Frames
from regulars.insight._queries import Portrait, RfmCell, Share
from regulars.storage import Database, Transaction

GRADES: Final = ("gold", "silver", "bronze")
"""Gold: 4 or 5 in all three of recency, frequency and money. Silver: 9 or more together. Bronze: everyone else."""

_FOREVER: Final = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did."""

    members: int
    """How many portraits there are now."""

    changed: int
    """How many were added, changed or taken away."""

    currency: str | None
    """What `spend_minor` is in; None while there is no purchase."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the members are distributed as of the last refresh."""

    rfm: tuple[RfmCell, ...]
    """25 cells, recency 5 to 1, and within it frequency 1 to 5; also those nobody is in."""

    grades: tuple[Share, ...]
    tiers: tuple[Share, ...]
    computed_at: datetime | None
    currency: str | None


def rfm(
    frame: Frame, *, until: date | None = None, shop_id: int | None = None, currency: str | None = None
) -> pa.Table:
    """Recency, frequency and money of every member with a purchase before the day `until` (all purchases if None).

    Columns: member_id, cohort (first day of the month of the first purchase), first_day, last_day, orders, days
    (different days with a purchase), spend_minor (goods bought less goods money given back, can be negative), r, f, m
    (fifths of the members by last_day, orders and spend_minor; 5 is the most recent, most frequent, highest; members
    who tie are ordered by id), grade (`GRADES`). Ascending by member_id.
    """
    return frame.as_of(until or _FOREVER, "portraits", shop_id=shop_id, currency=currency)


def refresh(tx: Transaction, frames: Frames, database: Database, *, at: datetime) -> Refreshed:
    """Bring every member's portrait up to what has been committed by now; running it again costs and changes nothing.

    Two refreshes take turns, and the frame is read after the turn has come, so an older one never overwrites a newer.
    """
    last = _queries.lock_refresh(tx)
    frame = frames.read(database)
    currency = next(iter(frame.currencies()), None)
    if last is not None and last.frame == frame.token:
        members, changed = last.members, 0
    else:
        members, changed = _write(tx, rfm(frame, currency=currency), at)
    _queries.update_refresh(tx, at=at, currency=currency, members=members, frame=frame.token)
    return Refreshed(members, changed, currency)


def _write(tx: Transaction, computed: pa.Table, at: datetime) -> tuple[int, int]:
    _queries.stage_portraits(tx, computed)
    changed = _queries.upsert_portraits(tx, at=at) + _queries.delete_missing_portraits(tx)
    if changed * 10 > computed.num_rows:
        _queries.analyze_portraits(tx)
    return computed.num_rows, changed


def portrait(tx: Transaction, member_id: int) -> Portrait | None:
    """One member's figures, or None as long as they have no purchase or none has been counted yet."""
    return _queries.select_portrait(tx, member_id=member_id)


def distribution(tx: Transaction) -> Distribution:
    """The RFM map and the distribution of grades and tiers."""
    found = {(cell.r, cell.f): cell for cell in _queries.select_rfm_cells(tx)}
    cells = tuple(found.get((r, f), RfmCell(r, f, 0, None)) for r in range(5, 0, -1) for f in range(1, 6))
    grades = {share.name: share.members for share in _queries.select_grades(tx)}
    last = _queries.select_refresh(tx)
    return Distribution(
        cells,
        tuple(Share(name, grades.get(name, 0)) for name in GRADES),
        tuple(Share(name, members) for name, members in sorted(programme.tier_counts(tx).items())),
        last.computed_at if last else None,
        last.currency if last else None,
    )
