"""What a reward is, what it costs whom, and how a return shares between money and points. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from regulars.ledger import Span, day_begins
from regulars.programme._refusals import BadProgramme

Kind = Literal[
    "cash_off", "gift", "coupon", "gift_card", "donation", "service", "trial", "upgrade", "trade_in", "early_access"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Per = Literal["day", "week", "month", "year"]
Returns = Literal["pro_rata", "money_first", "points_first"]
Fulfilment = Literal["requested", "packed", "sent", "delivered"]
FULFILMENTS: Final[tuple[Fulfilment, ...]] = get_args(Fulfilment)
MOST: Final = 10**12
_WORTH: Final = frozenset({"cash_off", "gift_card", "donation"})
"""The kinds that are worth an amount of money."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a reward costs in one type of points; with a tier, whoever has that tier."""

    points: int
    """How many points."""

    point_type: str = "points"
    """Of which kind."""

    tier: str | None = None
    """Only for whoever has this tier; None: for everybody."""


@dataclass(frozen=True, slots=True)
class Reward:
    """Something a member can have for points."""

    code: str
    name_en: str
    name_zh: str
    kind: Kind
    prices: tuple[Price, ...]
    """Any one of them; of several in one type, the least that the member's tiers allow."""

    value_minor: int = 0
    """What it is worth: of cash off, what one price takes off; of a gift card, what is on it; of a donation, what is given."""

    sku: str | None = None
    """What is given: of a gift its product, of other kinds what the shop knows it as."""

    pool: str | None = None
    """The pool a coupon is taken from."""

    lasts: Span | None = None
    """How long a gift card lasts; None: for ever."""

    stocked: bool = False
    """Whether there is a stock of it, and none is given when that is empty."""

    fulfilled: bool = False
    """Whether somebody has to pack, send or do something."""

    valid_from: datetime | None = None
    """The first instant at which it is to be had; None: at once."""

    valid_until: datetime | None = None
    """The first instant at which it is not to be had any more."""

    tiers: tuple[str, ...] = ()
    """Who can have it; none: everybody."""

    per_member: int | None = None
    """How many one member can have in the period `per`; None: any number."""

    per: Per | None = None
    """How often one member can have it in a day, week, month or year of the programme's time zone; None: ever."""

    total: int | None = None
    """How many are given in all; None: any number."""

    least_minor: int = 0
    """What the goods in the cart cost at least."""

    most_percent: int = 100
    """How much of the goods cash off can pay for, in percent."""

    quote_minutes: int = 15
    """How long a quoted price holds."""

    hold_minutes: int = 60
    """How long a checkout keeps the points."""

    returns: Returns = "pro_rata"
    """What comes back first when goods come back that were paid with points in part."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The rewards in force, and the currency and time zone they are meant in."""

    rewards: tuple[Reward, ...]
    currency: str
    time_zone: str

    def reward(self, code: str) -> Reward | None:
        """The reward of that code."""
        return next((one for one in self.rewards if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Holder:
    """A member, and the tiers the member has."""

    member_id: int
    tiers: frozenset[str] = frozenset()


def check_rewards(rewards: Sequence[Reward], *, tiers: Iterable[str]) -> None:
    """Let rewards pass that can be given.

    Raises:
        BadProgramme: names the reward's place, its field, and what would do.
    """
    known = frozenset(tiers)
    codes = [one.code for one in rewards]
    if len(rewards) > 500:
        raise BadProgramme(field="rewards", value=len(rewards), remedy="list at most 500")
    for place, one in enumerate(rewards):
        if codes.index(one.code) != place:
            raise BadProgramme(
                field=f"rewards[{place}].code", value=one.code, remedy="give each reward a code of its own"
            )
        _check(f"rewards[{place}]", one, known)


def givable(rewards: Iterable[Reward]) -> frozenset[str]:
    """The codes of the rewards that can be given without points: all but cash off, which only a cart can use."""
    return frozenset(one.code for one in rewards if one.kind != "cash_off")


def _check(where: str, one: Reward, tiers: frozenset[str]) -> None:
    def must(condition: object, field: str, value: object, remedy: str) -> None:
        if not condition:
            raise BadProgramme(field=f"{where}.{field}", value=value, remedy=remedy)

    must(_is_code(one.code), "code", one.code, "give a to z first, then at most 31 of a to z, 0 to 9 and _")
    for field in ("name_en", "name_zh"):
        must(getattr(one, field).strip(), field, getattr(one, field), "give it a name")
    must(one.prices, "prices", [], "give at least one price; 0 points is one")
    for number, price in enumerate(one.prices):
        must(0 <= price.points <= MOST, f"prices.{number}.points", price.points, f"give 0 to {MOST}")
        must(_is_code(price.point_type), f"prices.{number}.point_type", price.point_type, "name a point type")
        must(price.tier is None or price.tier in tiers, f"prices.{number}.tier", price.tier, "name a tier there is")
    for tier in one.tiers:
        must(tier in tiers, "tiers", tier, "name tiers there are")
    _check_kind(one, must)
    begins, ends = one.valid_from, one.valid_until
    must(begins is None or begins.tzinfo, "valid_from", begins, "give an instant with its offset from UTC")
    must(ends is None or ends.tzinfo, "valid_until", ends, "give an instant with its offset from UTC")
    must(begins is None or ends is None or begins < ends, "valid_until", ends, "give an instant after valid_from")
    for field, low, high in (("per_member", 1, 10**6), ("total", 1, MOST)):
        limit: int | None = getattr(one, field)
        must(limit is None or low <= limit <= high, field, limit, f"give {low} to {high}, or nothing for no limit")
    must(one.per is None or one.per_member is not None, "per_member", None, "say how often in that time")
    must(0 <= one.least_minor <= MOST, "least_minor", one.least_minor, f"give 0 to {MOST}")
    must(1 <= one.most_percent <= 100, "most_percent", one.most_percent, "give 1 to 100")
    must(1 <= one.quote_minutes <= 1440, "quote_minutes", one.quote_minutes, "give 1 to 1440, which is a day")
    must(1 <= one.hold_minutes <= 43_200, "hold_minutes", one.hold_minutes, "give 1 to 43200, which is a month")


def _check_kind(one: Reward, must: Callable[[object, str, object, str], None]) -> None:
    must(one.kind not in _WORTH or 1 <= one.value_minor <= MOST, "value_minor", one.value_minor, f"give 1 to {MOST}")
    must(0 <= one.value_minor <= MOST, "value_minor", one.value_minor, f"give 0 to {MOST}")
    must(one.kind != "coupon" or one.pool, "pool", one.pool, "name the pool the coupon is taken from")
    must(one.kind != "gift" or one.sku, "sku", one.sku, "name the product that is given")
    free = one.kind != "cash_off" or all(price.points for price in one.prices)
    must(free, "prices", 0, "let cash off cost points, or it would take off everything")
    must(one.lasts is None or one.lasts.count > 0, "lasts", one.lasts, "give 1 or more, or nothing for ever")


def _is_code(code: str) -> bool:
    return 0 < len(code) <= 32 and code.isascii() and code == code.lower() and code.isidentifier() and code[0] != "_"


def prices_for(reward: Reward, tiers: frozenset[str]) -> list[Price]:
    """What a reward costs somebody with these tiers: of each type of points the least price that is theirs."""
    least: dict[str, Price] = {}
    for price in reward.prices:
        if price.tier is None or price.tier in tiers:
            known = least.get(price.point_type)
            least[price.point_type] = price if known is None or price.points < known.points else known
    return list(least.values())


def period_begins(per: Per | None, at: datetime, zone: str) -> datetime | None:
    """When the day, week, month or year began that it is now in a time zone; None: there is none to count in."""
    if per is None:
        return None
    today = at.astimezone(ZoneInfo(zone)).date()
    first = {
        "day": today,
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": date(today.year, 1, 1),
    }[per]
    return day_begins(first, zone)


def card_ends(lasts: Span | None, at: datetime, zone: str) -> datetime | None:
    """The first instant at which a card given now is worth nothing; None: never."""
    if lasts is None:
        return None
    return day_begins(lasts.after(at.astimezone(ZoneInfo(zone)).date()) + timedelta(days=1), zone)


def most_times(reward: Reward, price: Price, *, available: int, goods_minor: int) -> int:
    """How often cash off can be taken at once: as the points last, and as the goods allow."""
    payable = goods_minor * reward.most_percent // 100
    return min(available // price.points, payable // reward.value_minor)


def part(whole: int, part_minor: int, of_minor: int) -> int:
    """The part of `whole` that goes with so much of a value, rounded down: the parts of all of it sum to the whole."""
    return whole * part_minor // of_minor if of_minor else 0


def points_back_minor(returns: Returns, *, paid_minor: int, of_minor: int, returned_minor: int) -> int:
    """What of goods that came back, all told, comes back as points.

    `of_minor` is what the goods cost, of which `paid_minor` was paid with points; the rest of what came back is money.
    """
    if returns == "money_first":
        return max(0, returned_minor - (of_minor - paid_minor))
    if returns == "points_first":
        return min(paid_minor, returned_minor)
    return part(paid_minor, returned_minor, of_minor)


def from_captures(captures: Sequence[int], *, gone: int, points: int) -> list[tuple[int, int]]:
    """Which captures `points` come back from, after `gone` have: the number of each, from 1, and how many of it."""
    found: list[tuple[int, int]] = []
    for number, (below, upto) in enumerate(pairwise([0, *captures]), start=1):
        some = min(upto, gone + points) - max(below, gone)
        if some > 0:
            found.append((number, some))
    return found
