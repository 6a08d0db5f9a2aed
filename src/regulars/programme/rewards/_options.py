"""What a member can have, and why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from regulars.errors import Conflict
from regulars.ledger import desk
from regulars.programme.coupons import Cart
from regulars.programme.rewards import _queries
from regulars.programme.rewards._rules import Holder, Per, Price, Reward, Shelf, most_times, period_begins, prices_for
from regulars.programme.rewards._stock import stock
from regulars.storage import Transaction

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Why = Literal[
    "not_yet", "over", "tier", "currency", "spend_more", "goods_too_few", "sold_out", "total_reached", "no_codes", "used",
    "short", "frozen",
]  # fmt: skip


class RewardRefused(Conflict):
    """Reward {reward} is not for this member now: {reason}."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is in the way, and what it is measured by."""

    why: Why
    values: Mapping[str, object] = field(default_factory=dict[str, object])

    def __str__(self) -> str:
        """The reason in words."""
        return _WORDS[self.why].format(**self.values) if self.why != "used" else _used(self.values)


_WORDS: Final[dict[Why, str]] = {
    "not_yet": "it begins at {begins}",
    "over": "it was to be had until {ended}",
    "tier": "{tiers} only",
    "currency": "the cart is in another currency than {currency}",
    "spend_more": "{missing_minor} minor units short of the least cart",
    "goods_too_few": "the goods cost too little for it",
    "sold_out": "sold out",
    "total_reached": "given as often as it may be in all",
    "no_codes": "no coupon is left",
    "short": "{missing} {point_type} short",
    "frozen": "these points are frozen",
    "used": "",
}
_PERIODS: Final[dict[Per, str]] = {"day": "today", "week": "this week", "month": "this month", "year": "this year"}


def _used(values: Mapping[str, object]) -> str:
    times = {1: "once", 2: "twice"}.get(int(str(values["times"])), f"{values['times']} times")
    period = next((words for per, words in _PERIODS.items() if per == values.get("per")), "")
    return f"used {times} {period}".rstrip()


@dataclass(frozen=True, slots=True)
class Option:
    """A reward at a price, what it would give here, and what is in the way."""

    reward: Reward
    price: Price
    times: int
    """How often it can be taken in this cart; of cash off, as often as points and goods allow, 1 of others."""

    points: int
    value_minor: int
    reasons: tuple[Reason, ...]

    @property
    def usable(self) -> bool:
        """Whether nothing is in the way."""
        return not self.reasons


def options(tx: Transaction, shelf: Shelf, holder: Holder, cart: Cart | None, *, at: datetime) -> list[Option]:
    """Every reward in its order, by price in each type of points, with all that is in the way of this member having it.

    A constant number of statements, however many rewards there are.
    """
    known = _known(tx, shelf, shelf.rewards, holder, at)
    return [
        _option(shelf, reward, price, holder, cart, known, at)
        for reward in shelf.rewards
        for price in prices_for(reward, holder.tiers) or reward.prices[:1]
    ]


def option(
    tx: Transaction, shelf: Shelf, reward: Reward, holder: Holder, cart: Cart | None, *, point_type: str, at: datetime
) -> Option | None:
    """One reward for one type of points; None: it has no price in that type for this member."""
    price = next((one for one in prices_for(reward, holder.tiers) if one.point_type == point_type), None)
    if price is None:
        return None
    return _option(shelf, reward, price, holder, cart, _known(tx, shelf, [reward], holder, at), at)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of rewards and of a member."""

    stock: Mapping[str, _queries.Stock]
    had: Mapping[str, int]
    empty: frozenset[str]
    balances: Mapping[str, int]
    frozen: frozenset[str]


def _known(tx: Transaction, shelf: Shelf, rewards: Sequence[Reward], holder: Holder, at: datetime) -> _Known:
    limited = [one for one in rewards if one.per_member is not None]
    had = _queries.count_had(
        tx,
        member_id=holder.member_id,
        rewards=[one.code for one in limited],
        sinces=[period_begins(one.per, at, shelf.time_zone) or _EPOCH for one in limited],
        at=at,
    )
    pools = sorted({one.pool for one in rewards if one.pool is not None})
    types = sorted({price.point_type for one in rewards for price in one.prices})
    accounts = desk.balances(tx, [(holder.member_id, one) for one in types], at=at)
    return _Known(
        stock(tx, [one.code for one in rewards]),
        {str(code): int(count) for code, count in had},
        frozenset(_queries.select_empty_pools(tx, pools=pools)) if pools else frozenset(),
        {kind: account.balance.available for (_, kind), account in accounts.items()},
        frozenset(kind for (_, kind), account in accounts.items() if account.frozen_at is not None),
    )


def _option(
    shelf: Shelf, reward: Reward, price: Price, holder: Holder, cart: Cart | None, known: _Known, at: datetime
) -> Option:
    available = known.balances.get(price.point_type, 0)
    reasons = [*_time(reward, at), *_whom(reward, price, holder), *_cart(shelf, reward, cart), *_left(reward, known)]
    if price.point_type in known.frozen and price.points:
        reasons.append(Reason("frozen"))
    if available < price.points:
        missing = price.points - available
        reasons.append(Reason("short", {"missing": missing, "point_type": price.point_type}))
    if reward.kind != "cash_off":
        return Option(reward, price, 0 if reasons else 1, price.points, reward.value_minor, tuple(reasons))
    times = most_times(reward, price, available=available, goods_minor=cart.goods_minor if cart else 0)
    if cart is not None and cart.goods_minor * reward.most_percent // 100 < reward.value_minor:
        reasons.append(Reason("goods_too_few"))
    times = 0 if reasons else times
    return Option(reward, price, times, times * price.points, times * reward.value_minor, tuple(reasons))


def _time(reward: Reward, at: datetime) -> list[Reason]:
    if reward.valid_from is not None and at < reward.valid_from:
        return [Reason("not_yet", {"begins": reward.valid_from.isoformat()})]
    if reward.valid_until is not None and at >= reward.valid_until:
        return [Reason("over", {"ended": reward.valid_until.isoformat()})]
    return []


def _whom(reward: Reward, price: Price, holder: Holder) -> list[Reason]:
    wanted = reward.tiers or ((price.tier,) if price.tier is not None else ())
    if wanted and not holder.tiers.intersection(wanted):
        return [Reason("tier", {"tiers": ", ".join(wanted)})]
    return []


def _cart(shelf: Shelf, reward: Reward, cart: Cart | None) -> list[Reason]:
    if cart is None:
        return []
    if cart.currency != shelf.currency and (reward.kind == "cash_off" or reward.least_minor):
        return [Reason("currency", {"currency": shelf.currency})]
    missing = reward.least_minor - cart.goods_minor
    return [Reason("spend_more", {"missing_minor": missing})] if missing > 0 else []


def _left(reward: Reward, known: _Known) -> list[Reason]:
    reasons: list[Reason] = []
    left = known.stock[reward.code]
    if reward.stocked and not left.stock:
        reasons.append(Reason("sold_out"))
    if reward.total is not None and left.taken >= reward.total:
        reasons.append(Reason("total_reached"))
    if reward.pool in known.empty:
        reasons.append(Reason("no_codes"))
    times = known.had.get(reward.code, 0)
    if reward.per_member is not None and times >= reward.per_member:
        reasons.append(Reason("used", {"times": times, "per": reward.per}))
    return reasons
