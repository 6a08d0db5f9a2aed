"""What the shop owes in points: how it came about, step by step, and when it will lapse.

The invariant: what is owed at the end of the last step is `outstanding + pending + held` of `ledger.totals`.

    for step in liability.flows(tx, since=january, until=today, step="week"): print(step.start, step.issued, step.owed)
    for month in liability.expiring(tx, at=now, time_zone="Europe/London"): print(month.month, month.points)
"""

from regulars.ledger.liability._queries import Expiring, Flow, Step
from regulars.ledger.liability._reports import beginning, expiring, flows

__all__ = ["Expiring", "Flow", "Step", "beginning", "expiring", "flows"]
