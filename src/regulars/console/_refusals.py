"""Why something asked for was not done, in the visitor's language and beside the form."""

from collections.abc import Mapping
from typing import Final

from regulars.console._addresses import BadAddress
from regulars.console._kinds import Kinds
from regulars.errors import RegularsError
from regulars.ledger import AccountFrozen, InsufficientPoints, InvalidPosting, NotSpendable, ReferenceReused
from regulars.ledger.desk import AdjustmentDecided, OwnAdjustment

REFUSALS: Final = (
    AccountFrozen,
    AdjustmentDecided,
    BadAddress,
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
    if isinstance(error, InsufficientPoints):
        return _insufficient(kinds, error)
    words: Mapping[type[RegularsError], str] = {
        AccountFrozen: _("These points are frozen: nothing can be taken out until somebody unfreezes them."),
        NotSpendable: _("Points of this kind only count, they cannot be taken."),
        OwnAdjustment: _("You asked for this yourself: somebody else has to decide on it."),
        AdjustmentDecided: _("Somebody has decided on it in the meantime."),
        ReferenceReused: _("This form was sent before with something else in it. Open it again to send another one."),
    }
    return words.get(type(error)) or _invalid(kinds, error)


def _insufficient(kinds: Kinds, error: InsufficientPoints) -> str:
    _ = kinds.language.gettext
    kind = str(error.details["point_type"])
    amounts = {name: kinds.write(int(str(error.details[name])), kind) for name in ("available", "amount")}
    return _("Only %(available)s are available, and %(amount)s would be taken. Take fewer.") % amounts


def _invalid(kinds: Kinds, error: RegularsError) -> str:
    _ = kinds.language.gettext
    return {
        "reason": _("Give a reason of 1 to 500 letters on one line."),
        "because": _("Give a reason of 1 to 500 letters on one line."),
        "amount": _("Give a number above 0, with no more decimals than points of this kind have."),
        "expires_at": _("Give a day in the future, or none."),
    }.get(str(error.details.get("field")), str(error))
