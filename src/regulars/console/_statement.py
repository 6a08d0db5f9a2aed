"""A member's statement: which one an address asks for, its rows, and its file. What is read of the ledger is read here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from regulars import commerce, ledger, members
from regulars.commerce import Order
from regulars.console import _addresses, _columns, _downloads, _sentences
from regulars.console._columns import Columns
from regulars.console._kinds import USUAL, Kinds
from regulars.console._visits import Visit
from regulars.ledger import Entry, Hold, Lot, Period, desk, past
from regulars.ledger.desk import Account, Freeze
from regulars.ledger.past import Chapter
from regulars.members import Member
from regulars.storage import Transaction
from regulars.types import from_public, to_public

_EXPORTED_AT_ONCE: Final = 500
_EXPORT: Final = (
    "entry", "kind", "happened_at", "booked_at", "points", "pending_change", "held_change", "debt_change", "balance",
    "expires_at", "follows_entry", "reference", "reason",
)  # fmt: skip
_ADJUSTMENT: Final = "adj_"
_MOST_HOLDS: Final = 20
_A_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries of which kind of points an address asks for; None does not restrict."""

    kind: str
    start: date | None
    end: date | None
    """The last day wanted."""
    before: int | None

    @classmethod
    def of(cls, query: Mapping[str, str], known: Sequence[str]) -> "Wanted":
        """Read a query; `known` are the kinds of points that the member has.

        Raises:
            BadAddress: a part of it cannot be understood.
        """
        given = {name: text.strip() for name, text in query.items() if text.strip()}
        usual = USUAL if USUAL in known or not known else known[0]
        return cls(
            kind=_addresses.one_of("type", given.get("type", usual), (*known, USUAL)),
            start=_addresses.day("from", given["from"]) if "from" in given else None,
            end=_addresses.day("to", given["to"]) if "to" in given else None,
            before=_addresses.whole("before", given["before"], 1, 999_999_999) if "before" in given else None,
        )

    def query(self, **changes: object) -> dict[str, object]:
        """The query that asks for the same from the beginning, with some of it changed."""
        asked: dict[str, object] = {
            "type": None if self.kind == USUAL else self.kind,
            "from": self.start,
            "to": self.end,
        }
        return asked | changes

    @property
    def narrowed(self) -> bool:
        """Whether only some days are asked for."""
        return self.start is not None or self.end is not None


@dataclass(frozen=True, slots=True)
class Month:
    """What can be used last in a month; None: it never lapses."""

    month: date | None
    points: int


@dataclass(frozen=True, slots=True)
class Purse:
    """A member's points of one kind, as of now."""

    account: Account | None
    lots: list[Lot]
    promises: list[Lot]
    months: list[Month]
    columns: Columns
    freeze: Freeze | None
    """Why it is frozen; None: it is not."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, the orders that they name, and the number to go on from."""

    entries: list[Entry]
    named: dict[int, str]
    orders: dict[str, Order]
    whose: dict[int, Member]
    """By the place of an entry, where several share the points: the member whose it is."""

    chapters: dict[int, Chapter]
    """By the entry before which, read downwards, it is said that the points are others' from here on back: the first of a chapter."""

    following: int | None

    def adjustment(self, entry: Entry) -> str | None:
        """The adjustment that an entry was booked for, as `adj_…`."""
        reference = self.reference(entry)
        return reference if reference.startswith(_ADJUSTMENT) and len(reference) == 17 else None

    def reference(self, entry: Entry) -> str:
        """What whoever posted an entry calls it."""
        return ledger.told(entry.reference)[0]


def purse(tx: Transaction, visit: Visit, member_id: int, kind: str, accounts: Sequence[Account]) -> Purse:
    """What a member holds of one kind of points."""
    account = next((one for one in accounts if one.point_type == kind), None)
    found = ledger.lots(tx, member_id, at=visit.now, point_type=kind) if account else []
    lots = [lot for lot in found if lot.matures_at is None]
    months = [
        Month(month, sum(lot.amount for lot in group))
        for month, group in groupby(lots, key=lambda lot: _last_month(visit, lot.expires_at))
    ]
    frozen = account is not None and account.frozen_at is not None
    return Purse(
        account,
        lots,
        [lot for lot in found if lot.matures_at is not None],
        months,
        _columns.columns([(month.points,) for month in months]),
        desk.freezes(tx, member_id, point_type=kind, limit=1)[0] if frozen else None,
    )


def _last_month(visit: Visit, expires_at: datetime | None) -> date | None:
    """The month in which points can be used last: what is gone at its end is gone at the first instant of the next."""
    if expires_at is None:
        return None
    last = (expires_at - _A_MOMENT).astimezone(visit.zone)
    return date(last.year, last.month, 1)


def holds(tx: Transaction, visit: Visit, member_id: int, kind: str) -> list[Hold]:
    """What is set aside now, the latest first."""
    return ledger.holds(tx, member_id, at=visit.now, limit=_MOST_HOLDS, point_type=kind)


def read(tx: Transaction, visit: Visit, member_id: int, wanted: Wanted, *, limit: int) -> Page:
    """A page of the statement."""
    found = _entries(tx, visit, member_id, wanted, before=wanted.before, limit=limit + 1)
    rows = found[:limit]
    named = {entry.place: order for entry in rows if (order := _sentences.order_of(entry.reference))}
    orders = commerce.find_orders(tx, sorted({from_public("ord", order) for order in named.values()}))
    known = {to_public("ord", order.order_id): order for order in orders}
    owners = {entry.place: who for entry in rows if (who := ledger.told(entry.reference)[1]) is not None}
    people = {one.member_id: one for one in members.find_all(tx, sorted(set(owners.values())))}
    whose = {seq: people[who] for seq, who in owners.items() if who in people}
    return Page(
        rows,
        named,
        known,
        whose,
        _begun(tx, member_id, wanted, found, rows),
        rows[-1].place if len(found) > limit else None,
    )


def _begun(
    tx: Transaction, member_id: int, wanted: Wanted, found: Sequence[Entry], rows: Sequence[Entry]
) -> dict[int, Chapter]:
    """Per row that is the first shown of a chapter, that chapter: the row below it is of an earlier one."""
    known = past.chapters(tx, member_id, point_type=wanted.kind)
    below = [*(entry.place for entry in found[1:]), 0]
    return {
        entry.place: chapter
        for entry, next_place in zip(rows, below, strict=False)
        for chapter in known
        if next_place < chapter.place <= entry.place
    }


def _entries(
    tx: Transaction, visit: Visit, member_id: int, wanted: Wanted, *, before: int | None, limit: int
) -> list[Entry]:
    """The one place that asks the ledger for entries."""
    since = _addresses.midnight(wanted.start, visit.zone)
    until = _addresses.midnight(wanted.end, visit.zone, after=1)
    period = Period(since, until, by="occurred")
    return ledger.statement(tx, member_id, before=before, limit=limit, point_type=wanted.kind, period=period)


def lines(visit: Visit, member_id: int, wanted: Wanted) -> Iterator[str]:
    """The statement as lines of a CSV file, the latest entry first."""
    yield _downloads.rows([_EXPORT])
    before: int | None = None
    with visit.app.database.transaction(read_only=True) as tx:
        kinds = Kinds.read(tx, visit.language)
        while True:
            found = _entries(tx, visit, member_id, wanted, before=before, limit=_EXPORTED_AT_ONCE)
            yield _downloads.rows([_exported(visit, kinds, wanted.kind, entry) for entry in found])
            if len(found) < _EXPORTED_AT_ONCE:
                return
            before = found[-1].place


def _exported(visit: Visit, kinds: Kinds, kind: str, entry: Entry) -> Sequence[object]:
    moved = (entry.amount, entry.pending_change, entry.held_change, entry.debt_change, entry.available)
    return (
        entry.seq, entry.kind, _instant(visit, entry.occurred_at), _instant(visit, entry.posted_at),
        *(kinds.exact(amount, kind) for amount in moved), entry.expires_at and _instant(visit, entry.expires_at),
        entry.reverses, *map(_downloads.harmless, (entry.reference, entry.reason)),
    )  # fmt: skip


def _instant(visit: Visit, at: datetime) -> str:
    return at.astimezone(visit.zone).isoformat(timespec="seconds")
