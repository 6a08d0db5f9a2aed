"""What members are entitled to, and using it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars import facts
from regulars.errors import Conflict
from regulars.programme.tiers._records import Progress
from regulars.programme.tiers._sets import Benefit, TierSet
from regulars.programme.tiers.benefits import _queries
from regulars.programme.tiers.benefits._queries import Use
from regulars.storage import Transaction


class BenefitNotHeld(Conflict):
    """{benefit!r} does not belong to the member's tier: ask which benefits do."""


class BenefitUsedUp(Conflict):
    """{benefit!r} was used {uses} times in this cycle, which is as often as it can be: it comes back on {back_at}."""


class UseReused(Conflict):
    """{reference!r} was used before for {benefit!r}: give every use a reference of its own."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A benefit that a member has now."""

    one: TierSet
    progress: Progress
    benefit: Benefit
    used: int

    @property
    def left(self) -> int | None:
        """How often it can still be used in this cycle; None: as often as one likes."""
        return None if self.benefit.uses is None else max(self.benefit.uses - self.used, 0)


def entitlements(tx: Transaction, member_id: int, standings: Sequence[Progress]) -> list[Entitlement]:
    """Everything that a member's tiers entitle to, set by set in the order of the programme."""
    since = {each.one.code: each.cycle_begins for each in standings}
    used = _queries.count_uses(tx, member_id=member_id, since=since)
    return [
        Entitlement(each.one, each, benefit, used.get((each.one.code, benefit.code), 0))
        for each in standings
        for benefit in each.one.benefits_of(each.tier.code)
    ]


def use(
    tx: Transaction, member_id: int, standings: Sequence[Progress], benefit: str, *, reference: str, at: datetime
) -> tuple[Entitlement | None, Use, bool]:
    """Use a benefit once; what is left of it, the use, and whether it is new. The same reference again changes nothing.

    Of two sets with a benefit of the same code it is that of the first with anything left. Facts: `benefit.used`.

    Raises:
        BenefitNotHeld: the member's tiers do not have it.
        BenefitUsedUp: its quota of this cycle is used.
        UseReused: the reference was used for another benefit.
    """
    _queries.lock_member(tx, member_id=member_id)
    before = _queries.select_use(tx, member_id=member_id, reference=reference)
    if before is not None and before.benefit != benefit:
        raise UseReused(reference=reference, benefit=before.benefit)
    held = [one for one in entitlements(tx, member_id, standings) if one.benefit.code == benefit]
    if before is not None:
        return next((one for one in held if one.one.code == before.set_code), None), before, False
    if not held:
        raise BenefitNotHeld(benefit=benefit)
    chosen = next((one for one in held if one.left is None or one.left), None)
    if chosen is None:
        back = held[0].progress.cycle_ends
        raise BenefitUsedUp(
            benefit=benefit, uses=held[0].benefit.uses, back_at=back.isoformat() if back else "a new cycle"
        )
    made = Use(member_id, reference, chosen.one.code, benefit, at)
    _queries.insert_use(tx, use=made, cycle_begins=chosen.progress.cycle_begins)
    about = {"set": chosen.one.code, "tier": chosen.progress.tier.code, "benefit": benefit, "reference": reference}
    facts.record(tx, [facts.Fact("benefit.used", at, member_id, member_id, about)], at=at)
    return Entitlement(chosen.one, chosen.progress, chosen.benefit, chosen.used + 1), made, True


def uses(tx: Transaction, member_id: int, *, limit: int = 100) -> list[Use]:
    """What a member used, the latest first."""
    return _queries.select_uses(tx, member_id=member_id, limit=limit)
