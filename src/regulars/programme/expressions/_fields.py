"""What an expression can speak of: every field with its type, its limits, and what it is called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Type = Literal["bool", "int", "text", "line", "ints", "texts", "lines", "bools"]
"""The types of expressions; the last four are lists."""

ELEMENT: Final[Mapping[str, Type]] = {"ints": "int", "texts": "text", "lines": "line", "bools": "bool"}
LIST_OF: Final[Mapping[str, Type]] = {of: kind for kind, of in ELEMENT.items()}  # pyright: ignore[reportAssignmentType]

WORST: Final = 2**63 - 1
LONGEST_HISTORY: Final = 3660
"""How many days back `history` reaches."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its dotted name, and what can be in it."""

    name: str
    type: Type
    name_en: str
    name_zh: str
    about: str
    low: int = 0
    high: int = WORST
    unit: Literal["minor", "number", "text", "day"] = "number"
    pinned: bool = False
    """It says what was so at the time: kept with an award, and used again when the order changes."""

    @property
    def column(self) -> str:
        """What it is called in a row."""
        return self.name.replace(".", "_")


def _date(of: str, en: str, zh: str, about: str) -> list[Field]:
    parts = (
        ("year", 1, 9999, "year", "年份", "The year."),
        ("month", 1, 12, "month", "月份", "1 to 12."),
        ("day", 1, 31, "day of the month", "日", "1 to 31."),
        ("weekday", 1, 7, "weekday", "星期", "1 is Monday, 7 is Sunday."),
        ("hour", 0, 23, "hour", "小时", "0 to 23."),
        ("date", -(10**6), 10**7, "day", "日期", 'A day, to compare with `date("2026-11-11")`.'),
    )
    return [
        Field(
            f"{of}.{name}", "int", f"{en} ({part_en})", f"{zh}({part_zh})", f"{about} {what}", low, high,
            "day" if name == "date" else "number",
        )
        for name, low, high, part_en, part_zh, what in parts
    ]  # fmt: skip


_MONEY: Final = 10**16
_SPENT: Final = 10**18

_ORDER: Final = [
    Field("order.total_minor", "int", "order total", "订单总额",
          "All lines, in minor units: shipping and fees too, what came back left out.", -_MONEY, _MONEY, "minor"),
    Field("order.goods_minor", "int", "goods of the order", "订单商品金额",
          "The lines of goods, in minor units, what came back left out.", -_MONEY, _MONEY, "minor"),
    Field("order.pieces", "int", "pieces", "件数", "How many pieces of goods.", 0, _MONEY),
    Field("order.currency", "text", "currency", "币种", "An ISO 4217 code.", unit="text"),
    Field("order.shop", "text", "shop", "店铺", "The shop's code: the channel it was sold through.", unit="text"),
    Field("order.country", "text", "country", "国家", "As the shop writes it; empty when it did not.", unit="text"),
    *_date("order.placed", "ordered", "下单时间", "When the order was placed, in the programme's time zone."),
    *_date("order.local", "ordered, in the shop", "店铺当地下单时间", "When the order was placed, in the shop's time zone."),
    *_date("time", "when it counts", "发生时间", "When the order was paid, the event happened, or the day began, in the programme's time zone."),
]  # fmt: skip

_MEMBER: Final = [
    Field("member.tier", "text", "tier", "等级", "The code of the member's tier in the main set, when the order is awarded; empty before the first.", unit="text", pinned=True),
    Field("member.country", "text", "member's country", "会员国家", "Empty when it is not known.", unit="text", pinned=True),
    Field("member.joined_days", "int", "days since joining", "入会天数", "Whole days from joining to the order.", -10**6, 10**6, pinned=True),
    Field("member.segments", "texts", "segments", "分群", "The member's attribute `segments`, a list of texts.", unit="text", pinned=True),
    Field("member.birthday_month", "int", "month of birth", "生日月份", "1 to 12, of the attribute `birthday` (1990-05-17 or 05-17); 0 when it is not known.", 0, 12, pinned=True),
    Field("member.birthday_day", "int", "day of birth", "生日日", "1 to 31; 0 when it is not known.", 0, 31, pinned=True),
    Field("member.orders_before", "int", "orders before", "此前订单数", "Paid orders placed before this one.", 0, 10**9, pinned=True),
    Field("member.spend_before", "int", "spend before", "此前消费", "Goods of those orders, in minor units, as they were then.", -_SPENT, _SPENT, "minor", pinned=True),
]  # fmt: skip

_LINE: Final = [
    Field("line.sku", "text", "article number", "货号", "The shop's number of the product.", unit="text"),
    Field("line.name", "text", "product", "商品", "What the shop calls it.", unit="text"),
    Field("line.quantity", "int", "pieces of the line", "行件数", "Pieces that were kept.", 0, 2**31),
    Field("line.unit_minor", "int", "price of one", "单价", "In minor units.", -10**12, 10**12, "minor"),
    Field("line.amount_minor", "int", "amount of the line", "行金额", "In minor units, discounts taken off.", -10**12, 10**12, "minor"),
    Field("line.category", "text", "category", "类目", "What the shop files the product under, as it was sold; empty when it did not say.", unit="text"),
    Field("line.tags", "texts", "tags", "标签", "What the shop marks it with, as it was sold.", unit="text"),
]  # fmt: skip

FIELDS: Final[Mapping[str, Field]] = {one.name: one for one in (*_ORDER, *_MEMBER, *_LINE)}
"""All fields but `lines` and `history`, by their dotted name."""

LINE: Final = tuple(one.name.removeprefix("line.") for one in _LINE)
"""What a line is made of, in this order."""

_OCCASION: Final = [
    Field("occasion.years", "int", "years", "周年数",
          "The age, or years since joining or since the first order; 0 when the year of birth is not known.", 0, 10**4),
]  # fmt: skip

MORE: Final[Mapping[str, Field]] = {
    one.name: one for one in (*_MEMBER, *_ORDER) if one.name.startswith(("member.", "time."))
}
"""What rules for other things than orders can speak of as well."""

OCCASION: Final[Mapping[str, Field]] = MORE | {one.name: one for one in _OCCASION}
"""What rules for birthdays and anniversaries can speak of."""

LINES: Final = Field("lines", "lines", "lines", "明细行", "The order's lines of goods that were kept.")

ROOTS: Final = frozenset({"order", "member", "time", "history", "line", "lines", "event", "occasion"})
_TIER: Final = re.compile(r"member\.tiers\.([a-z][a-z0-9_]{0,31})")

_HISTORY: Final[Mapping[str, tuple[str, str, str, int, Literal["minor", "number"]]]] = {
    "orders": ("orders in the last {days} days", "最近{days}天订单数", "Paid orders placed in so many days before this one.", 10**9, "number"),
    "spend_minor": ("spend in the last {days} days", "最近{days}天消费", "Goods of those orders, in minor units.", _SPENT, "minor"),
}  # fmt: skip


def history(name: str, days: int) -> Field | None:
    """The field of `history.orders(30)`, None when there is no such."""
    if name not in _HISTORY:
        return None
    en, zh, about, most, unit = _HISTORY[name]
    low = -most if unit == "minor" else 0
    return Field(
        f"history.{name}_{days}", "int", en.format(days=days), zh.format(days=days), about, low, most, unit, pinned=True
    )


def event_history(code: str, days: int) -> Field:
    """The field of `history.events("review", 30)`."""
    about = "The member's events of that code in so many days before this."
    return Field(
        f"history.events_{code}_{days}", "int", f"{code} in the last {days} days", f"最近{days}天{code}次数", about,
        0, 10**9, pinned=True,
    )  # fmt: skip


def event_field(name: str, kind: Type, name_en: str, name_zh: str, *, low: int = 0, high: int = WORST) -> Field:
    """The field of one value of an event's data: `event.rating`."""
    return Field(f"event.{name}", kind, name_en, name_zh, "A value of the event's data.", low, high,
                 "text" if kind == "text" else "number")  # fmt: skip


def tier_field(path: str) -> Field | None:
    """The field of the tier in a set, None when a path is no such: `member.tiers.club`."""
    match = _TIER.fullmatch(path)
    if match is None:
        return None
    about = "The code of the member's tier in that set; empty before the first."
    return Field(path, "text", f"tier ({match[1]})", f"等级({match[1]})", about, unit="text", pinned=True)


def documented() -> list[Field]:
    """Every field as the reference lists it, in its order."""
    examples = [history(name, 30) for name in _HISTORY]
    tier = tier_field("member.tiers.club")
    examples += [event_history("review", 30), tier]
    event = event_field("rating", "int", "rating", "评分")
    return [*_ORDER, *_MEMBER, *_LINE, LINES, *(one for one in examples if one), event, *_OCCASION]
