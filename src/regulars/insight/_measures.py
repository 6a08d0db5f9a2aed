"""The measures: what each is called, what it counts in one sentence, and its SQL. Nothing else defines a figure.

A measure's SQL gives parts of members in periods: `period, member_id, part` and, for an average or a share, `whole`.
Guests are a row whose member is null. The figure is Σ part, or Σ part / Σ whole; the members behind it are those with
a part. So a figure and its members can never disagree.

The relations a measure reads (made by the files in `relations/`):

    bought    period, member_id, orders, days (different days with an order), priced_orders, goods_minor
    refunded  period, member_id, goods_minor
    earlier   period, member_id                   who purchased in the equally long time before the period
    begun     period, member_id                   whose first purchase is in the period

`priced_orders` and `goods_minor` count what is in the currency of the scope; nothing is converted.
"""
# ruff: noqa: RUF001 - Chinese is written with Chinese commas

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal

from regulars.errors import NotFound

Unit = Literal["members", "orders", "money", "number", "share"]
"""`members`, `orders`: a count. `money`: minor units. `number`: an average with a fraction. `share`: 0 to 1."""

Better = Literal["higher", "lower", "neither"]


class MeasureNotFound(NotFound):
    """There is no measure {measure!r}; there are {known}."""


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    en: str
    zh: str

    def in_(self, locale: str) -> str:
        """The text for a locale such as `zh-CN`, `zh_Hans` or `en`."""
        return self.zh if locale.lower().startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure, defined once; the console, the API, the command line and the documentation read it from here."""

    name: str
    title: Words
    sentence: Words
    """What exactly is counted, over what."""

    unit: Unit
    divided: bool = False
    """The figure is Σ part / Σ whole rather than Σ part."""

    better: Better = "higher"
    looks_back: bool = False
    """It also reads the equally long time before, so there is no figure where the record does not reach that far."""

    @property
    def sql(self) -> str:
        """Its SQL in DuckDB's dialect."""
        return text(self.name)


_MEASURES: Final = (
    Measure(
        "active_members",
        Words("Active members", "活跃会员"),
        Words(
            "Members with at least one purchase in the period.",
            "期间内至少有一次购买的会员数。",
        ),
        "members",
    ),
    Measure(
        "new_members",
        Words("New members", "新会员"),
        Words(
            "Members whose first purchase on record is in the period.",
            "首次购买记录落在期间内的会员数。",
        ),
        "members",
    ),
    Measure(
        "orders",
        Words("Orders", "订单数"),
        Words(
            "Purchases in the period, guests included. A purchase is a paid order, not cancelled, with goods in it.",
            "期间内的购买次数，包括游客。一次购买是指已付款、未取消且含有商品的订单。",
        ),
        "orders",
    ),
    Measure(
        "revenue",
        Words("Revenue", "销售额"),
        Words(
            "What was paid for goods in the period's purchases, guests included, before refunds; no shipping, gift cards or fees.",
            "期间内购买商品所支付的金额，包括游客，未扣除退款；不含运费、礼品卡和手续费。",
        ),
        "money",
    ),
    Measure(
        "net_revenue",
        Words("Net revenue", "净销售额"),
        Words(
            "Revenue less the money given back for goods in the period, whenever they had been bought; guests included.",
            "销售额减去期间内退还的商品款，无论商品何时购买；包括游客。",
        ),
        "money",
    ),
    Measure(
        "average_order_value",
        Words("Average order value", "平均订单金额"),
        Words(
            "Revenue divided by the number of purchases it came from, guests included.",
            "销售额除以产生该销售额的购买次数，包括游客。",
        ),
        "money",
        divided=True,
    ),
    Measure(
        "purchase_frequency",
        Words("Purchase frequency", "购买频率"),
        Words(
            "Purchases by members in the period divided by the members who made them.",
            "期间内会员的购买次数除以有购买的会员数。",
        ),
        "number",
        divided=True,
    ),
    Measure(
        "repurchase_rate",
        Words("Repurchase rate", "复购率"),
        Words(
            "Of the members with a purchase in the period, the share who purchased on two or more different days of it;"
            " several orders on one day count as one occasion.",
            "期间内有购买的会员中，在两个或以上不同日期购买的会员所占比例；同一天的多个订单算作一次。",
        ),
        "share",
        divided=True,
    ),
    Measure(
        "retention_rate",
        Words("Retention rate", "留存率"),
        Words(
            "Of the members with a purchase in the equally long time before the period, the share who purchased again in it.",
            "在期间之前同等长度的时间内有购买的会员中，期间内再次购买的会员所占比例。",
        ),
        "share",
        divided=True,
        looks_back=True,
    ),
)


def measures() -> tuple[Measure, ...]:
    """Every measure, in the order they are shown."""
    return _MEASURES


def measure(name: str) -> Measure:
    """The measure of that name.

    Raises:
        MeasureNotFound: there is none; says which there are.
    """
    by_name: Mapping[str, Measure] = {known.name: known for known in _MEASURES}
    if name not in by_name:
        raise MeasureNotFound(measure=name, known=", ".join(by_name))
    return by_name[name]


@cache
def text(name: str) -> str:
    """The SQL text kept in `measures/<name>.sql`."""
    return (resources.files("regulars.insight") / "measures" / f"{name}.sql").read_text("utf-8").strip()
