"""How a standing changes from one moment to the next. Pure: whoever calls has looked up what counted then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from regulars.ledger import Span
from regulars.programme.tiers._cycles import Cycle, days_before, whole
from regulars.programme.tiers._records import NEVER, GiftDue, Grant, Seen, Standing, Told
from regulars.programme.tiers._sets import Tier, TierSet


def tier_for(amount: int, tiers: Sequence[Tier]) -> Tier:
    """The highest tier that an amount reaches, of `tiers` from the lowest to the highest; the lowest for anything less."""
    for tier in reversed(tiers):
        if tier.reach <= amount:
            return tier
    return tiers[0]


def reached(one: TierSet, amount: int) -> int:
    """The rank of the highest tier that an amount reaches."""
    for rank in range(len(one.tiers) - 1, 0, -1):
        if one.tiers[rank].reach <= amount:
            return rank
    return 0


def kept(one: TierSet, amount: int, held: int) -> int:
    """The rank of the highest tier, up to the one held, that an amount keeps."""
    for rank in range(held, 0, -1):
        if one.tiers[rank].keeps <= amount:
            return rank
    return 0


def is_fixed(one: TierSet) -> bool:
    """Whether amounts count from the beginning of a cycle, and not back from the moment."""
    return one.window.kind != "rolling"


def watches_cycles(one: TierSet) -> bool:
    """Whether the end of a cycle changes what counts."""
    return is_fixed(one) or one.refunds == "cycle_end" or one.zone != "programme"


def after(moment: datetime, span: Span, zone: str) -> datetime:
    """A moment, or, where there is a span, when it is over."""
    return whole(span, moment, zone) if span.count else moment


@dataclass(slots=True)
class Judgement:
    """One member's standing in one set as it is followed, and what is to be told of it."""

    one: TierSet
    standing: Standing
    told: list[Told]
    gifts: list[GiftDue]

    def close(self, seen: Seen, following: Cycle) -> bool:
        """End the cycle: what was earned is kept, or only so much of it is left for the next one; whether it is kept."""
        was = self.standing
        held = self.one.rank(was.earned)
        level = max(reached(self.one, seen.net), kept(self.one, seen.net, held)) if is_fixed(self.one) else 0
        if is_fixed(self.one) and 0 < held <= level and was.drop_at is None:
            self._tell("tier.kept", was.cycle_ends, {"qualifying_minor": seen.net})
        base = max(level, self._floor_of_policy(held)) if is_fixed(self.one) else 0
        self.standing = replace(
            was,
            cycle_begins=following.begins,
            cycle_ends=following.ends,
            zone=following.zone,
            base=self.one.tiers[base].code,
            review_at=following.ends,
        )
        return held <= level

    def _floor_of_policy(self, held: int) -> int:
        """The rank below which a downgrade does not go."""
        return {"never": held, "one_step": max(held - 1, 0)}.get(self.one.downgrade, 0)

    def judge(self, at: datetime, seen: Seen, *, ahead: Seen | None, grants: Sequence[Grant], ends: datetime) -> None:
        """Follow to a moment: what counted then, what will count in `notice_days`, the tiers given, and when the version ends."""
        self._know_tiers()
        self._earn(at, seen)
        coming = self._notice(at, seen, ahead)
        self._have(at, seen, grants)
        now = self.standing
        moments = [ends, seen.next_change_at, now.drop_at, coming]
        if watches_cycles(self.one) or self.one.rank(now.base):
            moments.append(now.cycle_ends)
        for grant in grants:
            if grant.decision == "approved":
                moments += [grant.begins_at, grant.until]
        review_at = min((moment for moment in moments if moment is not None and moment > at), default=NEVER)
        self.standing = now.judged(seen.net, at, review_at)

    def _know_tiers(self) -> None:
        """Of a tier that is there no more, begin again at the lowest."""
        now, tiers = self.standing, self.one.tiers
        earned, base = tiers[self.one.rank(now.earned)].code, tiers[self.one.rank(now.base)].code
        if earned != now.earned or base != now.base:
            self.standing = replace(now, earned=earned, base=base, drop_at=None)

    def _level(self, held: int, seen: Seen) -> int:
        """The rank that a member is entitled to who holds one."""
        return max(
            reached(self.one, seen.net),
            kept(self.one, seen.kept, held),
            self.one.rank(self.standing.base),
            self._floor_of_policy(held),
        )

    def _earn(self, at: datetime, seen: Seen) -> None:
        tiers = self.one.tiers
        while True:
            now = self.standing
            held = self.one.rank(now.earned)
            level = self._level(held, seen)
            if level > held:
                self.standing = replace(now, earned=tiers[level].code, earned_since=at, drop_at=None)
                if tiers[level].gift:
                    self.gifts.append(GiftDue(now.member_id, self.one.code, tiers[level], now.cycle_begins, at))
                return
            if level == held:
                if now.drop_at is not None:
                    self._tell("tier.kept", at, {"qualifying_minor": seen.net})
                    self.standing = replace(now, drop_at=None)
                return
            drop_at = now.drop_at or self._drops(at)
            if at < drop_at:
                warned_at = at if now.drop_at is None and self._warned_lately(at) else now.warned_at
                self.standing = replace(now, drop_at=drop_at, warned_at=warned_at)
                return
            self.standing = replace(now, earned=tiers[level].code, earned_since=at, drop_at=None, fell_at=at)

    def _warned_lately(self, at: datetime) -> bool:
        """Whether what begins now was told in time: then it is not told again in the new cycle."""
        warned_at = self.standing.warned_at
        return warned_at is not None and warned_at >= at - timedelta(days=self.one.notice_days + 1)

    def _drops(self, at: datetime) -> datetime:
        """When a tier is lost that is not kept any more: after its grace, not before its least stay, one step a cycle."""
        now = self.standing
        soonest = [after(at, self.one.grace, now.zone), after(now.earned_since, self.one.stay, now.zone)]
        if self.one.downgrade == "one_step" and now.fell_at is not None and now.fell_at >= now.cycle_begins:
            soonest.append(now.cycle_ends)
        return max(soonest)

    def _notice(self, at: datetime, seen: Seen, ahead: Seen | None) -> datetime | None:
        """Say once in a cycle that a tier is about to be lost; when to look again."""
        now, days = self.standing, self.one.notice_days
        held = self.one.rank(now.earned)
        warned = now.warned_at is not None and now.warned_at >= now.cycle_begins
        if not days or not held or warned or self.one.downgrade == "never":
            return None
        if is_fixed(self.one):
            begins, expected, lost_at = days_before(now.cycle_ends, days, now.zone), seen, now.cycle_ends
        else:
            begins, expected, lost_at = at, ahead or seen, at + timedelta(days=days)
        lost_at = now.drop_at or after(lost_at, self.one.grace, now.zone)
        falls_to = max(
            reached(self.one, expected.net), kept(self.one, expected.kept, held), self._floor_of_policy(held)
        )
        if now.drop_at is None and at < begins:
            return begins
        if now.drop_at is not None or falls_to < held:
            missing = max(self.one.tiers[held].keeps - seen.kept, 0)
            about = {"falls_to": self.one.tiers[falls_to].code, "until": lost_at.isoformat(), "missing_minor": missing}
            self._tell("tier.at_risk", at, {"qualifying_minor": seen.net, **about})
            self.standing = replace(now, warned_at=at)
            return None
        changes = ahead.next_change_at if ahead else None
        return changes and changes - timedelta(days=days)

    def _have(self, at: datetime, seen: Seen, grants: Sequence[Grant]) -> None:
        """Have what was earned, or what was given, if that is more."""
        now = self.standing
        given = [self.one.rank(grant.tier) for grant in grants if grant.holds(at)]
        rank, before = max([self.one.rank(now.earned), *given]), self.one.rank(now.tier)
        if self.one.tiers[rank].code == now.tier:
            return
        self.standing = replace(now, tier=self.one.tiers[rank].code, since=at)
        if rank != before:
            about: dict[str, object] = {"from": now.tier, "qualifying_minor": seen.net}
            self._tell("tier.reached" if rank > before else "tier.left", at, about)

    def _tell(self, name: str, at: datetime, about: dict[str, object]) -> None:
        now = self.standing
        tier = now.tier if name in {"tier.reached", "tier.left"} else now.earned
        self.told.append(Told(name, at, {"set": self.one.code, "tier": tier, **about}))


def begin(one: TierSet, member_id: int, at: datetime, cycle: Cycle) -> Standing:
    """The standing of somebody of whom nothing was known: in the lowest tier from then on."""
    lowest = one.tiers[0].code
    return Standing(
        member_id=member_id,
        set_code=one.code,
        place=0,
        tier=lowest,
        since=at,
        earned=lowest,
        earned_since=at,
        qualifying_minor=0,
        reviewed_at=at,
        review_at=NEVER,
        cycle_begins=cycle.begins,
        cycle_ends=cycle.ends,
        zone=cycle.zone,
        base=lowest,
    )
