"""Returns that were told before the orders they name: kept as they came, and recorded when the order comes.

The invariant: a return that names an order is recorded, or waits here, or was refused and said so; it is never awarded first
and forgotten.

    commerce.record_returns(tx, shop, Returns.of([NewReturn("R1", at, lines, order="77")]), at=at)  # status: waiting
    commerce.record_orders(tx, shop, Orders.of([NewOrder("77", ...)]), at=at)                        # both are recorded
"""

from regulars.commerce.early._early import (
    KEPT,
    PATIENCE,
    EarlyReturnNotFound,
    alarm_due,
    amount,
    discard,
    documents,
    forget,
    let_go_due,
    listed,
    park,
    refuse,
    take,
)
from regulars.commerce.early._queries import Early, any_early

__all__ = [
    "KEPT",
    "PATIENCE",
    "Early",
    "EarlyReturnNotFound",
    "alarm_due",
    "amount",
    "any_early",
    "discard",
    "documents",
    "forget",
    "let_go_due",
    "listed",
    "park",
    "refuse",
    "take",
]
