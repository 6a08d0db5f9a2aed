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
    is_new: bool


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a return or a cancellation takes from an order's points and tier spend."""

    order_id: int
    member_id: int
    source: str
    placed_at: datetime
    known_at: datetime
    points: int
    spend_minor: int

    @property
    def reference(self) -> str:
        """The ledger's reference of the taking back."""
        return f"{self.source}/{to_public('ord', self.order_id)}"


@dataclass(frozen=True, slots=True)
class Worth:
    """What an awarded order is worth by now, what came back left out, and what it has been given and lost."""

    order_id: int
    member_id: int
    version_id: int
    placed_at: datetime
    paid_at: datetime
    points: int
    spend_minor: int
    given: int
    taken: int
    steps: list[int]
    counted_minor: int
    spend_taken: int

    @property
    def difference(self) -> int:
        """The points that are missing, or too many."""
        return self.points - (self.given - self.taken)

    @property
    def spend_difference(self) -> int:
        """What is missing of the tier spend, or too much."""
        return self.spend_minor + self.spend_taken - self.counted_minor
