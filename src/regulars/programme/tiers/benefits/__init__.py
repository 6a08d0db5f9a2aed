"""What a tier entitles to, for the shop to ask for at checkout, and how often it was used.

The invariant: a reference is used once, and nothing more often in a cycle than its quota says, however many ask at once.

    benefits.entitlements(tx, member_id, progress, at=now)
    benefits.use(tx, member_id, progress, "free_shipping", reference="cart-17", at=now)
"""

from regulars.programme.tiers.benefits._benefits import (
    BenefitNotHeld,
    BenefitUsedUp,
    Entitlement,
    Use,
    UseReused,
    entitlements,
    use,
    uses,
)

__all__ = [
    "BenefitNotHeld",
    "BenefitUsedUp",
    "Entitlement",
    "Use",
    "UseReused",
    "entitlements",
    "use",
    "uses",
]
