"""Checkouts: everything that the programme has to say about a cart, in one answer; nothing is taken, nothing is written.

The invariant: what a quote says is what the verbs that follow it do, because it is worked out by the same rules in the order
in which a checkout takes them: benefits, coupons, shipping, points, gift cards.

    wanted = Wanted(member_id, "uk", "GBP", "Europe/London", (Line("MUG", 1, 1000),))
    quoted, trial = programme.quote_checkout(tx, programme.current(tx, at=now), wanted, at=now)
    quoted.to_pay_minor, quoted.earned  # 1000, {("points", ""): 100}
"""

from regulars.programme.checkouts._records import (
    Applied,
    BadCheckout,
    Line,
    Paid,
    Payment,
    Priced,
    Quote,
    Step,
    StepKind,
    Wanted,
    Way,
    WhyNot,
)
from regulars.programme.checkouts._rules import (
    afterwards,
    apply_benefits,
    best_payment,
    cart_of,
    check,
    free_of,
    pay_by_cards,
    priced,
    steps_of,
    take_off,
    usable,
    way_of,
)
from regulars.programme.checkouts._words import of_benefit, of_card, of_coupon, of_option, of_payment, of_quote, of_way

__all__ = [
    "Applied",
    "BadCheckout",
    "Line",
    "Paid",
    "Payment",
    "Priced",
    "Quote",
    "Step",
    "StepKind",
    "Wanted",
    "Way",
    "WhyNot",
    "afterwards",
    "apply_benefits",
    "best_payment",
    "cart_of",
    "check",
    "free_of",
    "of_benefit",
    "of_card",
    "of_coupon",
    "of_option",
    "of_payment",
    "of_quote",
    "of_way",
    "pay_by_cards",
    "priced",
    "steps_of",
    "take_off",
    "usable",
    "way_of",
]
