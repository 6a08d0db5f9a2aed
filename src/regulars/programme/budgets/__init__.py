"""Budgets: what rules, rewards and referrals may give altogether, by period; strict, whoever gives at the same time.

The invariant: what was taken of a budget in a period never exceeds its amount, unless it only alerts; and it is the sum of
what those who took it still have.

    took = budgets.take(tx, [Want(budget, "rdm_04h8…", 500, moment=now)], zone="Europe/London", at=now)
    took[0]  # 500, or less where the budget pays what is left, or 0
    budgets.give_back(tx, {("rdm_04h8…", budget.code): 0}, at=now)
    budgets.spent(tx, [budget], zone="Europe/London", at=now)[0].taken  # 0
"""

from regulars.programme.budgets._counters import (
    Purses,
    Spent,
    Want,
    burn,
    give_back,
    look_into,
    open_purses,
    settle,
    spent,
    take,
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
    "Want",
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
    "take",
]
