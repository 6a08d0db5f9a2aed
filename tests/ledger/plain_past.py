"""The past in plain Python: go through the journal, add up what counts, and let the plain ledger bring it to the instant."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ledger.plain import Hold, PlainAccount, Promise
from regulars.ledger import Balance, Lot
from regulars.ledger._rules import NEVER
from regulars.storage import Transaction

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Row(NamedTuple):
    seq: int
    kind: int
    amount: int
    pending: int
    debt: int
    held: int
    occurred_at: datetime
    posted_at: datetime
    expires_at: datetime | None
    reverses: int | None
    reference: str
    parts: list[tuple[datetime, int]]

    @property
    def own(self) -> bool:
        """It fell due by itself; what was moved to another account was moved by somebody."""
        return self.reference.startswith("@") and self.kind not in (11, 12)

    @property
    def changes(self) -> list[tuple[datetime, int]]:
        """Lots, and by how much."""
        if self.kind in (1, 3, 4):
            assert self.expires_at is not None
            return [(self.expires_at, self.amount)]
        return [] if self.kind == 9 or (self.kind == 12 and self.held) else self.parts


def journal(tx: Transaction, account_id: int) -> list[Row]:
    rows = tx.rows(
        "select seq, kind, amount, pending_change, debt_change, held_change, occurred_at, posted_at, expires_at, reverses, reference, alloc "
        "from ledger_journal where account_id = %(account_id)s order by seq",
        account_id=account_id,
    )
    return [Row(*row[:11], pairs(row[11])) for row in rows]


def pairs(alloc: list[int] | None) -> list[tuple[datetime, int]]:
    numbers = alloc or []
    return [
        (EPOCH + timedelta(microseconds=at), points) for at, points in zip(numbers[::2], numbers[1::2], strict=True)
    ]


def counted(rows: list[Row], as_of: datetime, known_at: datetime) -> list[Row]:
    known: dict[int, Row] = {}
    moments: dict[int, datetime] = {}
    for row in rows:
        if row.posted_at > known_at and not row.own:
            break
        known[row.seq] = row
        moment = min(row.occurred_at, row.posted_at)
        before = known.get(row.seq - 1)
        at_once = before and not before.own and before.posted_at == row.posted_at
        if row.reference.startswith("@forgive:"):
            moment = moments[row.seq - 1]
        elif row.reference.startswith("@expire:") and at_once and before.expires_at == row.expires_at:
            moment = max(moment, moments[row.seq - 1])
        elif row.reverses and row.posted_at > as_of:
            moment = max(moment, moments[row.reverses])
        moments[row.seq] = moment
    return [row for seq, row in known.items() if moments[seq] <= as_of]


def plain_past(
    rows: list[Row], terms: dict[int, Any], as_of: datetime, known_at: datetime
) -> tuple[Balance, list[Lot]]:
    account, payments = PlainAccount(), []
    lots: dict[datetime, int] = {}
    for row in counted(rows, as_of, known_at):
        for lot, points in row.changes:
            lots[lot] = lots.get(lot, 0) + points
        payments += paid(row)
        account.debt += row.debt
        add_promise(account, row, terms.get(row.seq))
        add_hold(account, row)
    give_back(account, lots, payments)
    cover(account, lots, as_of)
    account.settle(as_of)
    open_lots = [Lot(None if when == NEVER else when, account.lots[when]) for when in sorted(account.lots)]
    open_lots += [
        Lot(None if p.expires_at == NEVER else p.expires_at, p.amount, p.matures_at, lapses=p.lapses)
        for p in sorted(account.promises.values(), key=lambda one: (one.matures_at, one.seq))
    ]
    return Balance(account.available, account.pending, account.debt, account.held), open_lots


def paid(row: Row) -> list[tuple[datetime, int]]:
    """What an entry paid of a debt, by the lot it would have gone to."""
    if row.debt >= 0 or row.kind == 16:
        return []
    if row.kind in (1, 3):
        return [(row.expires_at, -row.debt)]
    return [(lot, -points) for lot, points in row.parts if points < 0]


def add_promise(account: PlainAccount, row: Row, end: Any) -> None:
    if row.kind == 5 or (row.kind == 12 and row.pending):
        account.promises[row.seq] = Promise(row.seq, end[0], row.expires_at, row.pending, end[1])
    elif row.pending:
        promise = account.promises[row.reverses or int(row.reference.partition(":")[2])]
        promise.amount += row.pending
        if not promise.amount:
            del account.promises[promise.seq]


def add_hold(account: PlainAccount, row: Row) -> None:
    if row.kind == 8 or (row.kind == 12 and row.held):
        parts = [(lot, -points) for lot, points in row.parts]
        account.holds[row.seq] = Hold(row.seq, row.expires_at, row.held, parts)
    elif row.held:
        hold = account.holds[row.reverses]
        hold.amount += row.held
        hold.captured -= row.held if row.kind == 9 else 0
        if not hold.amount:
            del account.holds[hold.seq]


def give_back(account: PlainAccount, lots: dict[datetime, int], payments: list[tuple[datetime, int]]) -> None:
    """What paid a debt that is none yet goes back, the last payment first."""
    for lot, points in reversed(payments):
        back = min(points, max(0, -account.debt))
        account.debt += back
        lots[lot] = lots.get(lot, 0) + back


def cover(account: PlainAccount, lots: dict[datetime, int], as_of: datetime) -> None:
    """What is overdrawn or owed is taken from what expires first."""
    missing = sum(-points for lot, points in lots.items() if points < 0) + max(0, account.debt)
    for lot in sorted(lots):
        if lots[lot] > 0 and lot > as_of:
            part = min(lots[lot], missing)
            missing -= part
            lots[lot] -= part
    account.debt = missing
    account.lots = {lot: points for lot, points in lots.items() if points > 0}
