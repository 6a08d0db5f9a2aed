"""What awarded orders have: every kind of points they were given, and what was taken back of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from regulars.programme import _queries
from regulars.programme._records import Held
from regulars.programme.earning import Part
from regulars.storage import Transaction
from regulars.types import to_public

MAIN: Final[Part] = ("points", "")
"""Points by the programme's own terms: they are with the award itself, any other part in a row of its own."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one awarded order has, by kind of points."""

    order_id: int
    member_id: int
    version_id: int
    inputs: dict[str, Any] | None
    parts: dict[Part, Held]
    spend_minor: int
    spend_taken: int

    @property
    def spend_left(self) -> int:
        """What still counts of it towards the tier."""
        return self.spend_minor - self.spend_taken


def lock_holdings(tx: Transaction, order_ids: Sequence[int]) -> dict[int, Holding]:
    """What awarded orders have, locked, in one order."""
    if not order_ids:
        return {}
    found: dict[int, Holding] = {}
    for award in _queries.lock_awards(tx, order_ids=list(order_ids)):
        main = Held(award.order_id, *MAIN, award.points, award.steps, award.reversed)
        found[award.order_id] = Holding(
            award.order_id,
            award.member_id,
            award.version_id,
            award.inputs,
            {MAIN: main},
            award.spend_minor,
            award.spend_taken,
        )
    for held in _queries.select_parts(tx, order_ids=list(found)):
        found[held.order_id].parts[held.point_type, held.rule] = held
    return found


def write_holdings(tx: Transaction, holdings: Sequence[Holding]) -> None:
    """Note what orders have by now; their awards are locked."""
    if not holdings:
        return
    _queries.update_awards(
        tx, held=[one.parts[MAIN] for one in holdings], spend=[one.spend_minor for one in holdings],
        spend_taken=[one.spend_taken for one in holdings],
    )  # fmt: skip
    others = [held for one in holdings for part, held in one.parts.items() if part != MAIN]
    if others:
        _queries.upsert_parts(tx, parts=others)


def reference_of(order_id: int, rule: str, upto: int | None = None) -> str:
    """The ledger's reference of one step of an order's award: the order, a rule with terms of its own, and for a later step the total it led to."""
    first = to_public("ord", order_id) + (f":{rule}" if rule else "")
    return first if upto is None else f"{first}+{upto}"
