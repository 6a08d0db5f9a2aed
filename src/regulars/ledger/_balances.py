"""What an account holds at an instant, worked out from its rows as it was last posted to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.ledger._rules import GRACE, NEVER, instant_of, or_never, read_parts


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, in the smallest unit of its point type."""

    available: int
    pending: int
    debt: int
    held: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """Open points with one expiry; not available before `matures_at`, when that is given."""

    expires_at: datetime | None
    amount: int
    matures_at: datetime | None = None
    awaits: str | None = None
    """The event that makes them available sooner."""

    lapses: bool = False
    """Lost at `matures_at` unless the event has come."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An account as it was last posted to, with one row per lot, promise and hold; `amount` 0 when it has none."""

    debt: int
    held: int
    seq: int
    """Of the entry of a promise or a hold; 0 for an open lot."""

    expires_at: datetime
    amount: int
    matures_at: datetime | None
    """Of a promise; of a hold, when it ends."""

    awaits: str | None
    lapses: bool
    captured: int
    of_held: int
    """Of a hold, what it was made of: 0 for others."""

    alloc: str | None


@dataclass(slots=True)
class _Purse:
    """An account on its way from its last posting to a later instant."""

    debt: int
    lots: dict[datetime, int]
    promises: list[Holding]
    holds: list[Holding]

    def credit(self, expires_at: datetime, points: int) -> None:
        paid = min(self.debt, points)
        self.debt -= paid
        if points > paid:
            self.lots[expires_at] = self.lots.get(expires_at, 0) + points - paid

    def settle_lots(self, upto: datetime) -> None:
        for one in sorted(self.promises, key=lambda promise: (promise.matures_at or NEVER, promise.seq)):
            if (one.matures_at or NEVER) <= upto:
                self.promises.remove(one)
                if not one.lapses:
                    self.credit(one.expires_at, one.amount)
        self.lots = {expires_at: points for expires_at, points in self.lots.items() if expires_at > upto}

    def release(self, hold: Holding, at: datetime) -> None:
        """Give back what is left of a hold, its last lot first; a debt is paid by what then expires first."""
        self.holds.remove(hold)
        skip, give = hold.of_held - hold.amount - hold.captured, hold.amount
        for expires, points in reversed(read_parts(hold.alloc)):
            passed = min(skip, -points)
            skip -= passed
            back = min(-points - passed, give)
            give -= back
            if back:
                expires_at = instant_of(expires) or NEVER
                lot = expires_at if expires_at > at else at + GRACE
                self.lots[lot] = self.lots.get(lot, 0) + back
        for lot in sorted(self.lots):
            paid = min(self.debt, self.lots[lot])
            self.debt -= paid
            self.lots[lot] -= paid
        self.lots = {lot: points for lot, points in self.lots.items() if points}


def as_of(rows: Sequence[Holding], at: datetime) -> tuple[Balance, list[Lot]]:
    """The balance and lots at `at`, which is not before the last posting, whether or not the jobs have run."""
    if not rows:
        return Balance(0, 0, 0), []
    purse = _Purse(
        rows[0].debt,
        {row.expires_at: row.amount for row in rows if row.seq == 0 and row.amount},
        [row for row in rows if row.seq and not row.of_held],
        [row for row in rows if row.of_held],
    )
    for hold in sorted(purse.holds, key=lambda one: (one.matures_at or NEVER, one.seq)):
        ends = hold.matures_at or NEVER
        if ends <= at:
            purse.settle_lots(ends)
            purse.release(hold, ends)
    purse.settle_lots(at)
    lots = [Lot(or_never(expires_at), purse.lots[expires_at]) for expires_at in sorted(purse.lots)]
    waiting = [
        Lot(or_never(one.expires_at), one.amount, one.matures_at, one.awaits, one.lapses)
        for one in sorted(purse.promises, key=lambda promise: (promise.matures_at or NEVER, promise.seq))
    ]
    held = sum(one.amount for one in purse.holds)
    return Balance(
        sum(lot.amount for lot in lots), sum(one.amount for one in waiting), purse.debt, held
    ), lots + waiting
