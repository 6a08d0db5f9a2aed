"""What people decide about points: which kinds there are, whose are frozen, what is given or taken by hand.

The invariant: nobody alone moves more points by hand than the limit, and every decision has a name, a time and a reason.

    desk.define_point_type(tx, "stars", role="qualifying", at=now)
    desk.freeze(tx, member_id, reason="card reported stolen", by="Olga", at=now)
    asked = desk.adjust(tx, member_id, 5000, reason="lost parcel", by="Ada", limit=1000, at=now)
    desk.approve(tx, asked.adjustment_id, by="Ben", at=now)
"""

from regulars.ledger._rules import Role
from regulars.ledger.desk._accounts import Account, accounts, balances, owners
from regulars.ledger.desk._adjustments import (
    AdjustmentDecided,
    AdjustmentNotFound,
    OwnAdjustment,
    adjust,
    adjustment,
    adjustments,
    approve,
    reject,
    waiting,
)
from regulars.ledger.desk._freezes import freeze, freezes, frozen, unfreeze
from regulars.ledger.desk._holds import HoldNotFound, open_hold, open_holds, release_hold
from regulars.ledger.desk._point_types import PointTypeInUse, define_point_type, point_types
from regulars.ledger.desk._queries import Adjustment, AdjustmentState, Freeze, Frozen, OpenHold, PointType

__all__ = [
    "Account",
    "Adjustment",
    "AdjustmentDecided",
    "AdjustmentNotFound",
    "AdjustmentState",
    "Freeze",
    "Frozen",
    "HoldNotFound",
    "OpenHold",
    "OwnAdjustment",
    "PointType",
    "PointTypeInUse",
    "Role",
    "accounts",
    "adjust",
    "adjustment",
    "adjustments",
    "approve",
    "balances",
    "define_point_type",
    "freeze",
    "freezes",
    "frozen",
    "open_hold",
    "open_holds",
    "owners",
    "point_types",
    "reject",
    "release_hold",
    "unfreeze",
    "waiting",
]
