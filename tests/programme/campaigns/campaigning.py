"""Short ways to publish campaigns and budgets, to let orders earn, and to see what they took."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import make
from conftest import NOON
from regulars import jobs, ledger, members, programme
from regulars.commerce import NewOrder, NewReturn
from regulars.programme import Rule, budgets
from regulars.programme.budgets import Budget, _queries
from regulars.programme.campaigns import Campaign, Days
from regulars.storage import Transaction


def budget(code: str = "pot", amount: int = 1000, **more: Any) -> Budget:
    return Budget(code, "Pot", "预算池", amount, **more)


def campaign(code: str, *rules: Rule, **more: Any) -> Campaign:
    return Campaign(code, code.title(), "活动", rules, **more)


def bonus(code: str = "gift", points: str = "100", **more: Any) -> Rule:
    return Rule(code, code.title(), "赠分", points, per="order", kind="bonus", **more)


def double(code: str = "double", **more: Any) -> Rule:
    return Rule(code, code.title(), "双倍", "200", per="order", kind="multiplier", **more)


EVERY_EIGHTH = Days(month_days=(8,))


def publish(
    tx: Transaction, *campaigns: Campaign, pots: tuple[Budget, ...] = (), at: datetime = NOON, **more: Any
) -> None:
    make.shop(tx)
    now = programme.current(tx, at=at)
    programme.publish(tx, replace(now, campaigns=campaigns, budgets=pots, **more), at=at, by="test")


def sell(tx: Transaction, *documents: NewOrder | NewReturn, at: datetime = NOON) -> list[int]:
    """Let orders and returns come, one after the other, each followed by what follows."""
    shop, ids = make.shop(tx), list[int]()
    for one in documents:
        if isinstance(one, NewOrder):
            ids.append(make.record(tx, shop, one, at=at)[0].document_id)
        else:
            ids.append(make.take_in(tx, shop, one, at=at)[0].document_id)
        jobs.react_within(tx, at=at)
    return ids


def has(tx: Transaction, customer: str, *, at: datetime = NOON) -> int:
    member_id = members.by_external_id(tx, customer, issuer="uk").member_id
    balance = ledger.balance(tx, member_id, at=at)
    return balance.available - balance.debt


def taken(tx: Transaction, one: Budget, *, at: datetime = NOON, zone: str = "Europe/London") -> int:
    """What was taken of a budget in the period that holds; its counter is what was taken by each."""
    assert _queries.select_uncounted(tx, limit=10) == []
    return budgets.spent(tx, [one], zone=zone, at=at)[0].taken
