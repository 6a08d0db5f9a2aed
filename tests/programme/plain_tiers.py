"""One member in one set of tiers, in plain Python: every instant at which anything could change is gone through, and everything
is summed anew at each. It shares no code with what it checks.

What is known from one instant on comes in the order in which it was told: whoever looks in between (`looks`: after how many of the
events) sees those before and not those after, and what is judged then stays judged. Who looks when all are told sees one sum.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from regulars.programme import TierSet


@dataclass(frozen=True)
class Event:
    """An amount that counts on a day, and is known from an instant on: goods bought, or, below 0, brought back."""

    counts_at: datetime
    known_at: datetime
    amount: int


@dataclass
class Outcome:
    told: list[tuple[str, datetime, str]]
    tier: str
    qualifying: int
    cycle: tuple[datetime, datetime]
    drop_at: datetime | None


def plus_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def aged(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    wall = datetime.combine(plus_months(local.date(), months), local.time())
    options = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return max(options)  # what clocks skip is later by as much, of what comes twice it is the second


def year_of(one: TierSet, joined: date, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The year of a calendar or an anniversary that a day is in."""
    month, number = (one.window.month, one.window.day) if one.window.kind == "calendar" else (joined.month, joined.day)
    starts = [date(y, month, min(number, monthrange(y, month)[1])) for y in range(day.year - 1, day.year + 2)]
    begins = max(start for start in starts if start <= day)
    ends = min(start for start in starts if start > day)
    return midnight(begins, zone), midnight(ends, zone)


class Plain:
    def __init__(
        self, one: TierSet, zone: str, joined_at: datetime, events: list[Event], looks: Sequence[int] = ()
    ) -> None:
        self.one, self.zone, self.events = one, ZoneInfo(zone), events
        self.looks, self.seen = sorted(looks), events
        self.joined = joined_at.astimezone(self.zone).date()
        self.fixed = one.window.kind != "rolling"
        self.held, self.base, self.since = 0, 0, events[0].known_at
        self.drop_at: datetime | None = None
        self.fell_at: datetime | None = None
        self.told: list[tuple[str, datetime, str]] = []
        today = events[0].known_at.astimezone(self.zone).date()
        self.cycle = year_of(one, self.joined, today, self.zone) if self.fixed else self._months(today)

    def _months(self, day: date) -> tuple[datetime, datetime]:
        return midnight(day, self.zone), midnight(plus_months(day, self.one.window.months), self.zone)

    def run(self, until: datetime) -> Outcome:
        at = self.events[0].known_at
        while at <= until:
            for upto in [*(n for n in self.looks if self.events[n - 1].known_at == at), len(self.events)]:
                self.seen = self.events[:upto]
                if at >= self.cycle[1]:
                    self.end_cycle()
                self.judge(at)
            at = self.following(at)
        return Outcome(self.told, self.one.tiers[self.held].code, self.net(until), self.cycle, self.drop_at)

    def following(self, at: datetime) -> datetime:
        moments = [e.known_at for e in self.events] + [self.cycle[1]]
        moments += [self.drop_at] if self.drop_at else []
        if not self.fixed:
            moments += [aged(e.counts_at, self.one.window.months, self.zone) for e in self.events]
        return min(moment for moment in moments if moment > at)

    def counting(self, at: datetime) -> list[Event]:
        known = [e for e in self.seen if e.known_at <= at and e.counts_at <= at]
        if self.fixed:
            return [e for e in known if self.cycle[0] <= e.counts_at < self.cycle[1]]
        return [e for e in known if aged(e.counts_at, self.one.window.months, self.zone) > at]

    def net(self, at: datetime) -> int:
        return sum(e.amount for e in self.counting(at))

    def end_cycle(self) -> None:
        ends = self.cycle[1]
        if self.fixed:
            level = self.worth(self.net(ends), self.net(ends))
            if 0 < self.held <= level and not self.drop_at:
                self.told.append(("tier.kept", ends, self.one.tiers[self.held].code))
            self.base = max(level, self.spared())
        day = ends.astimezone(self.zone).date()
        self.cycle = year_of(self.one, self.joined, day, self.zone) if self.fixed else self._months(day)

    def worth(self, net: int, kept: int) -> int:
        return max(
            rank
            for rank, tier in enumerate(self.one.tiers)
            if tier.reach <= net
            or rank == 0
            or (rank <= self.held and (tier.reach if tier.keep is None else tier.keep) <= kept)
        )

    def spared(self) -> int:
        return {"never": self.held, "one_step": max(self.held - 1, 0), "to_earned": 0}[self.one.downgrade]

    def judge(self, at: datetime) -> None:
        while True:
            counting = self.counting(at)
            late = self.one.refunds == "cycle_end"
            kept = sum(e.amount for e in counting if not (late and e.amount < 0 and e.known_at >= self.cycle[0]))
            level = max(self.worth(self.net(at), kept), self.base, self.spared())
            if level == self.held:
                if self.drop_at:
                    self.told.append(("tier.kept", at, self.one.tiers[self.held].code))
                self.drop_at = None
                return
            if level < self.held:
                self.drop_at = self.drop_at or self.when_lost(at)
                if at < self.drop_at:
                    return
                self.fell_at = at
            self.told.append(("tier.reached" if level > self.held else "tier.left", at, self.one.tiers[level].code))
            self.held, self.since, self.drop_at = level, at, None

    def days_over(self, start: datetime, days: int) -> datetime:
        """When so many days are over that begin at an instant or after it."""
        first = start.astimezone(self.zone).date()
        if midnight(first, self.zone) < start:
            first += timedelta(days=1)
        return midnight(first + timedelta(days=days), self.zone)

    def when_lost(self, at: datetime) -> datetime:
        moments = [at]
        for start, span in ((at, self.one.grace), (self.since, self.one.stay)):
            if span.count:
                moments.append(self.days_over(start, span.count))
        if self.one.downgrade == "one_step" and self.fell_at and self.fell_at >= self.cycle[0]:
            moments.append(self.cycle[1])
        return max(moments)
