"""Who is slipping away: each customer against their own rhythm, with the chance that they are lost counted from history.

The invariant: what is said of a day is computed from purchases up to that day alone, and a chance only from days whose
horizon is over: nothing that was not known then, and nobody whose time has not run out.

    found = churn.outlook(purchases, on=date(2011, 12, 9))     # customer, day, amount_minor; any frame
    found.customers                                            # an Arrow table: state, usual_days, loss, at_risk_minor, …
    found.back_test.expected, found.back_test.lost             # what was expected a horizon ago, and what happened
    found.base.usual_days                                      # the base's usual gap
"""

from regulars.insight.churn._chances import EDGES, FEWEST, HORIZON_DAYS, BackTest, Band, Chances, wilson
from regulars.insight.churn._histories import BadPurchases
from regulars.insight.churn._outlooks import LIMITS, STATES, Outlook, outlook
from regulars.insight.churn._rhythms import FEWEST_GAPS, Base, TooLittleHistory

__all__ = [
    "EDGES",
    "FEWEST",
    "FEWEST_GAPS",
    "HORIZON_DAYS",
    "LIMITS",
    "STATES",
    "BackTest",
    "BadPurchases",
    "Band",
    "Base",
    "Chances",
    "Outlook",
    "TooLittleHistory",
    "outlook",
    "wilson",
]
