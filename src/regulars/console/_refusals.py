"""Why something asked for was not done, in the visitor's language and beside the form."""

from typing import Final

from regulars.console._addresses import BadAddress
from regulars.console._kinds import Kinds
from regulars.errors import RegularsError
from regulars.ledger import AccountFrozen, InsufficientPoints, InvalidPosting, NotSpendable, ReferenceReused
from regulars.ledger.desk import AdjustmentDecided, HoldNotFound, OwnAdjustment

REFUSALS: Final = (
    AccountFrozen,
    AdjustmentDecided,
    BadAddress,
    HoldNotFound,
    InsufficientPoints,
    InvalidPosting,
    NotSpendable,
    OwnAdjustment,
    ReferenceReused,
)
"""What a form is answered with in place; everything else has a page of its own."""


def told(kinds: Kinds, error: RegularsError) -> str:
    """An error in words that say what would do."""
    _ = kinds.language.gettext
    details = error.details
    match error:
        case InsufficientPoints():
            kind = str(details["point_type"])
            amounts = {name: kinds.write(int(str(details[name])), kind) for name in ("available", "amount")}
            return _("Only %(available)s are available, and %(amount)s would be taken. Take fewer.") % amounts
        case AccountFrozen():
            return _("These points are frozen: nothing can be taken out until somebody unfreezes them.")
        case NotSpendable():
            return _("Points of this kind only count, they cannot be taken.")
        case OwnAdjustment():
            return _("You asked for this yourself: somebody else has to decide on it.")
        case AdjustmentDecided():
            return _("Somebody has decided on it in the meantime.")
        case HoldNotFound():
            return _("Nothing is set aside there any more: it was spent, given back, or its time was up.")
        case ReferenceReused():
            return _("This form was sent before with something else in it. Open it again to send another one.")
        case _:
            return _invalid(kinds, error)


def _invalid(kinds: Kinds, error: RegularsError) -> str:
    _ = kinds.language.gettext
    return {
        "reason": _("Give a reason of 1 to 500 letters on one line."),
        "because": _("Give a reason of 1 to 500 letters on one line."),
        "amount": _("Give a number above 0, with no more decimals than points of this kind have."),
        "expires_at": _("Give a day in the future, or none."),
    }.get(str(error.details.get("field")), str(error))
