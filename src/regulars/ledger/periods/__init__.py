"""The books of points: what points are worth, what became of each month's points, and the months that are closed.

The invariant: what a month closed with is what the next one opens with, and a closed month never changes. What is posted
later, whenever it happened, belongs to the month that is open.

    periods.set_value(tx, value, at=now)
    for piece in periods.pieces(tx, point_type="points", until=november): print(piece.cohort, piece.gone, piece.points)
    periods.keep(tx, "points", october, books, by="agnes", at=now)
    periods.reopen(tx, "points", october, by="max", because="a return was told late", at=now)
"""

from regulars.ledger.periods._closings import (
    PeriodClosed,
    PeriodNotClosed,
    PeriodNotLast,
    PeriodNotOver,
    PeriodOutOfTurn,
    account_names,
    closings,
    keep,
    latest,
    name_accounts,
    next_period,
    owed_net,
    pieces,
    reopen,
)
from regulars.ledger.periods._records import (
    MONTHS_A_YEAR,
    PURPOSES,
    BadPeriod,
    Books,
    Closing,
    Method,
    PeriodUnknown,
    Piece,
    PointValue,
    Purpose,
    RollForward,
    Standing,
    month_of,
    month_start,
    number_of,
    read_period,
)
from regulars.ledger.periods._values import BadPointValue, PointValueMissing, set_value, value_at, values

__all__ = [
    "MONTHS_A_YEAR",
    "PURPOSES",
    "BadPeriod",
    "BadPointValue",
    "Books",
    "Closing",
    "Method",
    "PeriodClosed",
    "PeriodNotClosed",
    "PeriodNotLast",
    "PeriodNotOver",
    "PeriodOutOfTurn",
    "PeriodUnknown",
    "Piece",
    "PointValue",
    "PointValueMissing",
    "Purpose",
    "RollForward",
    "Standing",
    "account_names",
    "closings",
    "keep",
    "latest",
    "month_of",
    "month_start",
    "name_accounts",
    "next_period",
    "number_of",
    "owed_net",
    "pieces",
    "read_period",
    "reopen",
    "set_value",
    "value_at",
    "values",
]
