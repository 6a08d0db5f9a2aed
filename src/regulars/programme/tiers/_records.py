"""The rows of tiers, and what is worked out of them.

Amounts are minor units of what a set counts: of money, of points; orders and events count one each.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from regulars.programme.tiers._sets import Tier, TierSet

NEVER: Final = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
GrantKind = Literal["grant", "lock", "membership"]


@dataclass(frozen=True, slots=True)
class Reign:
    """The tier sets of one version of the programme, and from when until when it holds."""

    sets: tuple[TierSet, ...]
    time_zone: str
    begins: datetime
    ends: datetime = NEVER

    def of(self, code: str) -> TierSet | None:
        """A set by its code."""
        return next((one for one in self.sets if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Reigns:
    """Versions one after the other. Before the first, the first holds."""

    each: Sequence[Reign]

    def at(self, moment: datetime) -> Reign:
        """The one that holds at a moment."""
        if len(self.each) == 1:
            return self.each[0]
        return self.each[max(bisect_right([one.begins for one in self.each], moment) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of `programme_standings`: where a member stands in a set."""

    member_id: int
    set_code: str
    place: int
    """The set's place in the programme; 0: the main one; -1: it is there no more."""

    tier: str
    """What the member has: what was earned, or what was given if that is more."""

    since: datetime
    earned: str
    earned_since: datetime
    qualifying_minor: int
    """What counted when it was last judged."""

    reviewed_at: datetime
    review_at: datetime
    cycle_begins: datetime
    cycle_ends: datetime
    zone: str
    base: str
    """What the last cycle left: it is not lost before this one ends."""

    drop_at: datetime | None = None
    """When the earned tier will be lost, if nothing happens: it is not kept, and its grace runs."""

    fell_at: datetime | None = None
    warned_at: datetime | None = None

    def judged(self, qualifying_minor: int, at: datetime, review_at: datetime) -> "Standing":
        """The same, judged at a moment. Written out, for it is made for every order: `replace` takes ten times as long."""
        return Standing(
            self.member_id, self.set_code, self.place, self.tier, self.since, self.earned, self.earned_since,
            qualifying_minor, at, review_at, self.cycle_begins, self.cycle_ends, self.zone, self.base, self.drop_at,
            self.fell_at, self.warned_at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What counted at a moment."""

    net: int
    kept: int
    """The same, but for refunds that do not count against keeping yet."""

    next_change_at: datetime | None = None
    """When, if nothing happens, it will be less."""


NOTHING: Final = Seen(0, 0)


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of `programme_tier_grants`: a tier that a member has at least, whatever was earned."""

    grant_id: int
    member_id: int
    set_code: str
    tier: str
    kind: GrantKind
    """`lock`: what they had is not lost; `grant`: given by hand; `membership`: bought."""

    begins_at: datetime
    ends_at: datetime | None
    reason: str
    proposed_at: datetime
    proposed_by: str
    decision: Literal["approved", "rejected"] | None
    decided_at: datetime | None
    decided_by: str | None
    decided_because: str | None
    ended_at: datetime | None
    """When somebody, or a return, ended it before its time."""

    ended_by: str | None
    ended_because: str | None

    @property
    def until(self) -> datetime:
        """The first instant at which it no longer holds."""
        return min(self.ends_at or NEVER, self.ended_at or NEVER)

    def holds(self, at: datetime) -> bool:
        """Whether it gives its tier at a moment."""
        return self.decision == "approved" and self.begins_at <= at < self.until


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A tier to be given, or the one that is had to be locked; begins at once and holds for good unless it says otherwise."""

    tier: str
    reason: str
    kind: GrantKind = "grant"
    begins_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GiftDue:
    """What somebody is given for reaching a tier, once in a cycle."""

    member_id: int
    set_code: str
    tier: Tier
    cycle_begins: datetime
    reached_at: datetime


@dataclass(frozen=True, slots=True)
class Left:
    """A tier that somebody has lost, and the cycle that runs then."""

    member_id: int
    set_code: str
    tier: str
    to: str
    cycle_begins: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A change of a standing, for the facts: `tier.reached`, `tier.left`, `tier.kept`, `tier.at_risk`."""

    name: str
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """What cycles depend on of a member."""

    joined_at: datetime
    zones: dict[str, str]
    """`member` and `shop`: their zones, as far as they are known."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A member's tier in a set, what counts towards it now, what the next one takes, and what keeps this one."""

    one: TierSet
    tier: Tier
    since: datetime | None
    qualifying_minor: int
    next_tier: Tier | None
    missing_minor: int
    """What is missing to the next."""

    cycle_begins: datetime
    cycle_ends: datetime | None
    """None of a rolling window: every moment has its own."""

    zone: str
    earned: Tier
    keep_minor: int
    """What is missing to keep the tier that was earned."""

    lost_at: datetime | None
    """When it is lost if nothing happens; None: it is not, as far as can be told."""

    falls_to: Tier | None
    """To what, then."""

    grant: Grant | None
    """What gives the tier, if it is more than was earned."""
