"""The economics of points: how much of them will be redeemed, what they are worth, and a month's deferred revenue.

The invariant: opening + every move = closing, in points and in money, for every month; and what all months' points come
to is the ledger's total. What is estimated says from what, how surely, and when there was too little to say anything.

    economics.estimate(economics.cohorts(pieces, through=last_month), "chain_ladder").cohorts[0].chance
    economics.valued(tx, at=now).fair_minor
    economics.close(tx, date(2026, 10, 1), by="agnes", at=now).books.rolled.closing_minor
    economics.journal(ledger.periods.closings(tx, "points", standing=False))
"""

from regulars.insight.economics._back_tests import BackTest, back_test
from regulars.insight.economics._back_tests import Month as ForecastMonth
from regulars.insight.economics._books import (
    BACK_TEST_MONTHS,
    BooksDisagree,
    NothingRedeemed,
    Valuation,
    books,
    close,
    read_books,
    redemption_value,
    valued,
)
from regulars.insight.economics._cohorts import Cohort, cohorts, standing_cohorts
from regulars.insight.economics._decay import Decay, exposures, fit
from regulars.insight.economics._estimates import FEWEST_COHORTS, MILLION, Age, Estimate, Outlook, curve, estimate
from regulars.insight.economics._journals import JournalLine, journal, journal_csv
from regulars.insight.economics._ladder import Ladder, ladder
from regulars.insight.economics._rolls import Rolled, Sales, allocated, fair_value, liability, opening, roll, split

__all__ = [
    "BACK_TEST_MONTHS",
    "FEWEST_COHORTS",
    "MILLION",
    "Age",
    "BackTest",
    "BooksDisagree",
    "Cohort",
    "Decay",
    "Estimate",
    "ForecastMonth",
    "JournalLine",
    "Ladder",
    "NothingRedeemed",
    "Outlook",
    "Rolled",
    "Sales",
    "Valuation",
    "allocated",
    "back_test",
    "books",
    "close",
    "cohorts",
    "curve",
    "estimate",
    "exposures",
    "fair_value",
    "fit",
    "journal",
    "journal_csv",
    "ladder",
    "liability",
    "opening",
    "read_books",
    "redemption_value",
    "roll",
    "split",
    "standing_cohorts",
    "valued",
]
