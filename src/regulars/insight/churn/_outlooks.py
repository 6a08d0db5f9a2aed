"""Where each customer stands against their own rhythm, and how likely it is that they are lost."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa

from regulars.insight.churn._chances import HORIZON_DAYS, BackTest, Chances, back_test, cells, counted, wilson, windows
from regulars.insight.churn._histories import Histories, histories, number
from regulars.insight.churn._rhythms import Base, Rhythms, base, rhythms

STATES: Final = ("on_time", "late", "slipping", "gone")
LIMITS: Final = (0.75, 0.9, 0.98)
"""Late: three quarters of their own gaps would be over by now. Slipping: nine in ten. Gone: 98 in a hundred."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The customers as of one day."""

    customers: pa.Table
    """A row for each who ever bought, ascending: customer, state, purchase_days, last_day, usual_days (their usual gap), own_weight (how
    much of it is their own, 0 to 1), silent_days, due_on (the first day on which they count as late), lateness (0 to 1), loss (the
    chance that they do not buy within the horizon), loss_low, loss_high (95 %), looked (how many are behind it), value_minor (the
    last 365 days, returns taken off), at_risk_minor (value times chance, rounded)."""

    base: Base
    chances: Chances
    back_test: BackTest | None
    """None while the record is too short to judge by."""


def outlook(purchases: Any, *, on: date, horizon_days: int = HORIZON_DAYS) -> Outlook:
    """Where everybody stands at the end of the day `on`; `purchases` as for `histories`.

    Chances are counted on earlier days whose horizon is over. While there is none, they are null, and so is what is at risk.

    Raises:
        BadPurchases: a column is missing or holds something else.
        TooLittleHistory: too few ever came back.
    """
    found = histories(purchases, on=on)
    of = base(found)
    known, days = rhythms(found, of), windows(found, number(on), horizon_days)
    chances = counted(found, days, horizon_days)
    table = _table(found, known, chances, number(on))
    return Outlook(table, of, chances, back_test(found, days, horizon_days))


def _table(found: Histories, known: Rhythms, chances: Chances, day: int) -> pa.Table:
    there = known.purchase_days > 0
    lateness, place = known.lateness(day), cells(known, day)
    looked, gone = chances.pooled(place)
    low, high = wilson(gone, looked)
    none = looked == 0
    loss = chances.lost(place)
    due = known.last + known.reached(LIMITS[0])
    state = np.array(STATES)[np.searchsorted(np.array(LIMITS), lateness, side="right")]
    return pa.table(
        {
            "customer": found.customers,
            "state": pa.array(state, pa.string()),
            "purchase_days": pa.array(known.purchase_days, pa.int32()),
            "last_day": pa.array(known.last.astype(np.int32), pa.date32()),
            "usual_days": pa.array(np.exp(known.theta)),
            "own_weight": pa.array(known.weight),
            "silent_days": pa.array(day - known.last, pa.int32()),
            "due_on": pa.array(due.astype(np.int32), pa.date32()),
            "lateness": pa.array(lateness),
            "loss": pa.array(loss, mask=none),
            "loss_low": pa.array(low, mask=none),
            "loss_high": pa.array(high, mask=none),
            "looked": pa.array(looked),
            "value_minor": pa.array(found.year_minor),
            "at_risk_minor": pa.array(np.rint(found.year_minor * loss).astype(np.int64), mask=none),
        }
    ).filter(pa.array(there))
