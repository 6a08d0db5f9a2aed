"""A what-if, and what it found. Money is in minor units of the programme's currency, points in minor units of their type."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

State = Literal["waiting", "running", "finished", "cancelled", "failed"]
By = Literal["tier", "country", "segment", "cohort"]


@dataclass(frozen=True, slots=True)
class Points:
    """What one programme gives of one type of points for the orders of the months replayed, and what is owed in the end."""

    earned: int
    """As the orders were bought."""

    taken_back: int
    """Of that, for what came back of them."""

    gifts: int
    """For tiers reached."""

    owed: int
    """What members would hold at the end, of all orders there ever were: not expired, and not spent as they did spend."""

    thousand_minor: int | None
    """What a thousand points are worth; None: that is not known."""

    @property
    def net(self) -> int:
        """What was given and not taken back."""
        return self.earned - self.taken_back + self.gifts

    @property
    def cost_minor(self) -> int | None:
        """What that is worth."""
        return None if self.thousand_minor is None else self.net * self.thousand_minor // 1000

    @property
    def liability_minor(self) -> int | None:
        """What is owed in the end is worth."""
        return None if self.thousand_minor is None else self.owed * self.thousand_minor // 1000


@dataclass(frozen=True, slots=True)
class PointsCompared:
    """One type of points under the programme that holds, and under the draft."""

    point_type: str
    now: Points
    draft: Points


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one rule gave for the orders of the months replayed, as they were bought."""

    orders: int
    points: int
    limited: int
    """So many orders had less of it, or nothing, because a limit was reached or it was too soon."""


@dataclass(frozen=True, slots=True)
class RuleCompared:
    """A rule under the programme that holds, and under the draft; None: it is not there."""

    code: str
    name_en: str
    name_zh: str
    point_type: str
    now: Contribution | None
    draft: Contribution | None


@dataclass(frozen=True, slots=True)
class Move:
    """So many members stand in one tier of a set at the end under the programme that holds, and in another under the draft."""

    tier_set: str
    was: str | None
    """None: there is no such set now."""

    becomes: str
    members: int


@dataclass(frozen=True, slots=True)
class Decile:
    """A tenth of the members, by what they win or lose, from the most that is lost to the most that is won."""

    members: int
    least: int
    most: int
    total: int


@dataclass(frozen=True, slots=True)
class Individual:
    """What one member had, and would have had, for the orders of the months replayed."""

    member_id: int
    now: int
    draft: int

    @property
    def difference(self) -> int:
        """What is won; below 0: lost."""
        return self.draft - self.now


@dataclass(frozen=True, slots=True)
class Group:
    """Members who have something in common."""

    by: By
    key: str
    """The tier's code, the country, the segment, or the month of the first order as 2026-03; empty: it is not known."""

    members: int
    now: int
    draft: int
    winners: int
    losers: int


@dataclass(frozen=True, slots=True)
class Month:
    """The points of the orders that were paid in one month, less what came back of them."""

    first: date
    now: int
    draft: int


@dataclass(frozen=True, slots=True)
class Report:
    """What would have happened. Members, winners and groups are of points of the type `points`, gifts for tiers among them."""

    currency: str
    begins: datetime
    ends: datetime
    orders: int
    members: int
    """Who ordered in these months."""

    winners: int
    losers: int
    points: Sequence[PointsCompared]
    rules: Sequence[RuleCompared]
    moves: Sequence[Move]
    deciles: Sequence[Decile]
    won_most: Sequence[Individual]
    lost_most: Sequence[Individual]
    groups: Sequence[Group]
    months: Sequence[Month]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One row of `insight_what_ifs`."""

    what_if_id: int
    draft_id: int | None
    revision: int | None
    against: int
    """The version it is compared with; 0: none was published."""

    months: int
    thousand_minor: int | None
    asked_at: datetime
    asked_by: str
    started_at: datetime | None
    moved_at: datetime | None
    percent: int
    finished_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    failed_at: datetime | None
    reason: str | None
    report: Report | None

    @property
    def state(self) -> State:
        """How far it has come."""
        if self.finished_at is not None:
            return "finished"
        if self.cancelled_at is not None:
            return "cancelled"
        if self.failed_at is not None:
            return "failed"
        return "waiting" if self.started_at is None else "running"


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be replayed: the documents of both sides."""

    what_if: WhatIf
    document: dict[str, Any]
    held: dict[str, Any]
