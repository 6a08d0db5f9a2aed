"""What is left of each reward: counted by hand, and by every redemption."""

from collections.abc import Iterable
from datetime import datetime

from regulars import facts
from regulars.errors import Conflict, Invalid
from regulars.programme.rewards import _queries
from regulars.programme.rewards._queries import Stock, StockChange
from regulars.programme.rewards._rules import MOST, Reward
from regulars.storage import Transaction
from regulars.types import random_id


class BadStock(Invalid):
    """{field} is {value!r}: {remedy}."""


class StockTooLow(Conflict):
    """Only {stock} of reward {reward} are left, so {amount} cannot be taken off."""


class SoldOut(Conflict):
    """Nothing is left of reward {reward}: put some in stock, or offer another one."""


class TotalReached(Conflict):
    """Reward {reward} has been given as often as it may be in all."""


def stock(tx: Transaction, rewards: Iterable[str]) -> dict[str, Stock]:
    """What is left of rewards, by code; those nobody has counted or taken have a stock of None."""
    codes = sorted(set(rewards))
    found = {one.reward: one for one in _queries.select_stock(tx, rewards=codes)}
    return {code: found.get(code, Stock(code, None, 0)) for code in codes}


def change_stock(tx: Transaction, reward: str, amount: int, *, reason: str, by: str, at: datetime) -> StockChange:
    """Put so many into stock, or take them off it (`amount` below 0). Facts: `reward.stocked`.

    Raises:
        BadStock: it is no change, or says nothing for a reason.
        StockTooLow: fewer are left than are to be taken off.
    """
    if not 0 < abs(amount) <= MOST:
        raise BadStock(field="amount", value=amount, remedy="give how many come in, below 0 how many go")
    if not 0 < len(reason) <= 500 or not reason.isprintable():
        raise BadStock(field="reason", value=reason, remedy="give 1 to 500 printable characters on one line")
    _queries.ensure_stock(tx, reward=reward)
    left = _queries.change_stock(tx, reward=reward, amount=amount)
    if left is None:
        raise StockTooLow(stock=stock(tx, [reward])[reward].stock or 0, reward=reward, amount=-amount)
    change = StockChange(random_id(), reward, amount, left, reason, None, at, by)
    _queries.insert_change(tx, new=change)
    about = {"reward": reward, "amount": amount, "stock": left, "reason": reason, "by": by}
    facts.record(tx, [facts.Fact("reward.stocked", at, None, None, about)], at=at)
    return change


def stock_changes(
    tx: Transaction, reward: str, *, before: tuple[datetime, int] | None = None, limit: int = 50
) -> list[StockChange]:
    """What changed what is left, the latest first; page on with the last one's `(at, change_id)` as `before`."""
    return _queries.select_changes(tx, reward=reward, before=before, limit=limit)


def take(tx: Transaction, reward: Reward, redemption_id: int, at: datetime) -> None:
    """Take one, for a redemption.

    Raises:
        SoldOut: none is left.
        TotalReached: it may be had no more.
    """
    if not reward.stocked and reward.total is None:
        return
    _queries.ensure_stock(tx, reward=reward.code)
    left = _queries.take(tx, reward=reward.code, stocked=reward.stocked, total=reward.total)
    if not left:
        found = stock(tx, [reward.code])[reward.code]
        if reward.stocked and not found.stock:
            raise SoldOut(reward=reward.code)
        raise TotalReached(reward=reward.code)
    if reward.stocked:
        _keep(tx, reward, -1, left[0], "redeemed", redemption_id, at)


def put_back(tx: Transaction, reward: Reward, redemption_id: int, at: datetime, *, restock: bool) -> None:
    """Let one be had again that was given back; into stock, if it is still good."""
    if not reward.stocked and reward.total is None:
        return
    kept = reward.stocked and restock
    left = _queries.put_back(tx, reward=reward.code, stocked=kept)
    if kept and left:
        _keep(tx, reward, 1, left[0], "given back", redemption_id, at)


def _keep(
    tx: Transaction, reward: Reward, amount: int, left: int, reason: str, redemption_id: int, at: datetime
) -> None:
    change = StockChange(random_id(), reward.code, amount, left, reason, redemption_id, at, "regulars")
    _queries.insert_change(tx, new=change)
