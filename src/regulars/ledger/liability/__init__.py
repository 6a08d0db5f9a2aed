"""What the shop owes in points: how it came about, step by step, and when it will lapse.

The invariant: what is owed at the end of the last step is `outstanding + pending + held` of `ledger.totals`.

    for step in liability.flows(tx, since=january, until=today, step="week"): print(step.start, step.issued, step.owed)
    for month in liability.expiring(tx, at=now, time_zone="Europe/London"): print(month.month, month.points)
    for lot in liability.expiring_lots(tx, since=now, until=next_week): print(lot.owner, lot.points)
"""

from regulars.ledger.liability._queries import Expiring, ExpiringLot, Flow, Promised, Step
from regulars.ledger.liability._reports import (
    beginning,
    expiring,
    expiring_lots,
    flows,
    last_usable,
    promised,
)

__all__ = [
    "Expiring",
    "ExpiringLot",
    "Flow",
    "Promised",
    "Step",
    "beginning",
    "expiring",
    "expiring_lots",
    "flows",
    "last_usable",
    "promised",
]
