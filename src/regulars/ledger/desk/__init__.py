"""What people decide about points: which kinds there are, whose are frozen, what is given or taken by hand.

The invariant: nobody alone moves more points by hand than the limit, and every decision has a name, a time and a reason.

    desk.define_point_type(tx, "stars", role="qualifying", at=now)
    desk.freeze(tx, member_id, reason="card reported stolen", by="Olga", at=now)
    asked = desk.adjust(tx, member_id, 5000, reason="lost parcel", by="Ada", limit=1000, at=now)
    desk.approve(tx, asked.adjustment_id, by="Ben", at=now)
"""

from regulars.ledger.desk._adjustments import (
    AdjustmentDecided,
    AdjustmentNotFound,
    OwnAdjustment,
    adjust,
    adjustment,
    adjustments,
    approve,
    reject,
)
from regulars.ledger.desk._freezes import freeze, freezes, unfreeze
from regulars.ledger.desk._point_types import PointTypeInUse, define_point_type, point_types
from regulars.ledger.desk._queries import Adjustment, Freeze, PointType

__all__ = [
    "Adjustment",
    "AdjustmentDecided",
    "AdjustmentNotFound",
    "Freeze",
    "OwnAdjustment",
    "PointType",
    "PointTypeInUse",
    "adjust",
    "adjustment",
    "adjustments",
    "approve",
    "define_point_type",
    "freeze",
    "freezes",
    "point_types",
    "reject",
    "unfreeze",
]
