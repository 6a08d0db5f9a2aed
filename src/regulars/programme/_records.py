"""The rows of the programme, and what its verbs work out of them. Amounts are minor units of the programme's currency."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars.types import to_public


@dataclass(frozen=True, slots=True)
class Version:
    """One row of `programme_versions`."""

    version_id: int
    document: dict[str, Any]
    published_at: datetime
    published_by: str
    effective_at: datetime
    """It holds from then on, until a later one does."""


@dataclass(frozen=True, slots=True)
class Award:
    """One row of `programme_awards`."""

    order_id: int
    member_id: int
    version_id: int
    points: int
    steps: list[int]
    """The total after each time points were given, ascending; the last is `points`."""

    spend_minor: int
    reversed: int
    spend_taken: int
    awarded_at: datetime
    inputs: dict[str, Any] | None = None
    """What was so at the time, as far as the rules read it: `row` by column, `left` by the place of a rule with limits."""


@dataclass(frozen=True, slots=True)
class Held:
    """What an award gave of one kind of points, or under a rule's own terms, in which steps, and what was taken back of it."""

    order_id: int
    point_type: str
    rule: str
    points: int
    steps: list[int]
    reversed: int

    @property
    def left(self) -> int:
        """What the order still has."""
        return self.points - self.reversed


@dataclass(frozen=True, slots=True)
class Due:
    """A paid order, and the version it is awarded under."""

    order_id: int
    version_id: int


@dataclass(frozen=True, slots=True)
class Returned:
    """Pieces of one line of an order that came back in one return, after `before` others of that line."""

    order_id: int
    return_id: int
    returned_at: datetime
    line_no: int
    before: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Earned:
    """What an order earns."""

    order_id: int
    member_id: int
    version_id: int
    placed_at: datetime
    paid_at: datetime
    points: int
    spend_minor: int
    inputs: str | None
    """As JSON."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a return or a cancellation takes from an order's tier spend, and as what."""

    order_id: int
    member_id: int
    source: str
    placed_at: datetime
    known_at: datetime
    spend_minor: int

    @property
    def reference(self) -> str:
        """The ledger's reference of the taking back."""
        return f"{self.source}/{to_public('ord', self.order_id)}"
