"""Budgets: what rules and campaigns may give altogether, by period; strict, whoever gives at the same time.

The invariant: what was taken of a budget in a period never exceeds its amount, unless it only alerts; and it is the sum of
what those who took it still have.

    purses = budgets.open_purses(tx, [("pot", "2026-03-01")], ["ord_04h8…:gift"])
    purses.note(budget, "ord_04h8…:gift", 500, moment, zone="Europe/London")
    budgets.settle(tx, purses, at=now)
    budgets.give_back(tx, {("ord_04h8…:gift", "pot"): 0}, at=now)
    budgets.spent(tx, [budget], zone="Europe/London", at=now)[0].taken  # 0
"""

from regulars.programme.budgets._counters import (
    Purses,
    Spent,
    burn,
    give_back,
    look_into,
    open_purses,
    settle,
    spent,
)
from regulars.programme.budgets._queries import Burned, Used
from regulars.programme.budgets._rules import (
    Budget,
    BudgetNotFound,
    Purse,
    Worth,
    check_budgets,
    check_named,
    named,
    period_of,
)

__all__ = [
    "Budget",
    "BudgetNotFound",
    "Burned",
    "Purse",
    "Purses",
    "Spent",
    "Used",
    "Worth",
    "burn",
    "check_budgets",
    "check_named",
    "give_back",
    "look_into",
    "named",
    "open_purses",
    "period_of",
    "settle",
    "spent",
]
