"""What orders take of budgets, and what campaigns give them: read and written beside their awards."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from regulars.programme import budgets, campaigns
from regulars.programme.budgets import Purse, Purses
from regulars.programme.campaigns import Gift
from regulars.programme.earning import Allowance, Basis, Decision, Rule, Sold, Verdict
from regulars.storage import Transaction
from regulars.types import to_public


def reference_of(order_id: int, rule: str) -> str:
    """What an order takes by a rule goes by in `programme_budget_uses`."""
    return f"{to_public('ord', order_id)}:{rule}"


def _budgeted(basis: Basis) -> Iterator[tuple[int, Rule]]:
    for place in sorted(basis.rules.budgeted):
        yield place, basis.rules.rules[place].rule


def _begun(rule: Rule, placed_at: datetime) -> bool:
    return not (rule.starts_at and placed_at < rule.starts_at) and not (rule.ends_at and placed_at >= rule.ends_at)


def open_for(tx: Transaction, orders: Sequence[tuple[Sold, Basis]]) -> Purses:
    """Lock what orders may take of, as late as there is: an order outside the time of every rule with a budget locks nothing."""
    keys, references = wanted(orders)
    return budgets.open_purses(tx, keys, references) if keys else Purses()


def wanted(orders: Sequence[tuple[Sold, Basis]]) -> tuple[set[tuple[str, str]], set[str]]:
    """The periods of budgets that orders may take of, and what they go by there."""
    keys, references = set[tuple[str, str]](), set[str]()
    for sold, basis in orders:
        for _, rule in _budgeted(basis):
            if rule.budget is not None and _begun(rule, sold.placed_at):
                period = budgets.period_of(basis.budgets[rule.budget], sold.placed_at, basis.time_zone)
                keys.add((rule.budget, period))
                references.add(reference_of(sold.order_id, rule.code))
    return keys, references


def look_for(tx: Transaction, sold: Sold, basis: Basis) -> Purses:
    """What there is to take of for an order, to look at only."""
    keys = {(code, budgets.period_of(one, sold.placed_at, basis.time_zone)) for code, one in basis.budgets.items()}
    own = [reference_of(sold.order_id, rule.code) for _, rule in _budgeted(basis)]
    return budgets.look_into(tx, keys, own) if keys else Purses()


def purses_of(purses: Purses, basis: Basis, sold: Sold) -> Mapping[str, Purse]:
    """What is left of each budget for an order; what the order has of it aside."""
    if not basis.budgets:
        return {}
    own = [reference_of(sold.order_id, rule.code) for _, rule in _budgeted(basis)]
    return {code: purses.purse(one, sold.placed_at, basis.time_zone, own) for code, one in basis.budgets.items()}


def note(purses: Purses, basis: Basis, sold: Sold, decision: Decision) -> None:
    """Let an order have of budgets what it earns by each rule, in place of what it had."""
    for place, rule in _budgeted(basis):
        if rule.budget is not None and _begun(rule, sold.placed_at):
            budget = basis.budgets[rule.budget]
            taken = budget.cost(_points(decision.verdicts[place]))
            purses.note(budget, reference_of(sold.order_id, rule.code), taken, sold.placed_at, basis.time_zone)


def _points(verdict: Verdict) -> int:
    return verdict.points if verdict.why == "earned" else 0


def narrowed(basis: Basis, decision: Decision, left: Mapping[int, Allowance]) -> Mapping[int, Allowance]:
    """What was left of rules, with what their budgets would not pay: kept with the award, so that it never earns it later."""
    found = dict(left)
    for place in basis.rules.budgeted:
        verdict = decision.verdicts[place]
        if verdict.why == "budget":
            found[place] = Allowance(0, "budget")
        elif verdict.why == "earned" and verdict.points < _asked(
            basis.rules.rules[place].rule, verdict, left.get(place)
        ):
            found[place] = Allowance(verdict.points)
    return found


def _asked(rule: Rule, verdict: Verdict, allowance: Allowance | None) -> int:
    """What a rule asked of its budget: what it came to, within its own limits."""
    most = [rule.most_per_order, allowance.points if allowance else None]
    return min([verdict.other or verdict.points, *(one for one in most if one is not None)])


def gifts_of(basis: Basis, sold: Sold, decision: Decision, version_id: int) -> list[Gift]:
    """What an order was given by the rules of campaigns; those that gave nothing are not named."""
    return [
        Gift(
            sold.order_id, one.rule.code, one.owner.campaign, sold.member_id, version_id, one.rule.point_type,
            verdict.points, sold.placed_at,
        )
        for one, verdict in zip(basis.rules.rules, decision.verdicts, strict=True)
        if one.owner is not None and _points(verdict)
    ]  # fmt: skip


def lessen(tx: Transaction, judged: Sequence[tuple[Sold, Basis, Decision | None]], *, at: datetime) -> None:
    """Give back what orders were given beyond what they earn by now, to budgets and on the books of campaigns; None: all of it."""
    left = dict[tuple[str, str], int]()
    gifts = list[tuple[int, str, int]]()
    for sold, basis, decision in judged:
        for place, one in enumerate(basis.rules.rules):
            points = _points(decision.verdicts[place]) if decision else 0
            if one.rule.budget is not None:
                cost = basis.budgets[one.rule.budget].cost(points)
                left[reference_of(sold.order_id, one.rule.code), one.rule.budget] = cost
            if one.owner is not None:
                gifts.append((sold.order_id, one.rule.code, points))
    budgets.give_back(tx, left, at=at)
    campaigns.lessen_gifts(tx, left=gifts)
