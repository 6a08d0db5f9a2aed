"""The common conditions of rules in words: what is chosen, and what it says when it is filled in."""

# ruff: noqa: RUF001 - a table; Chinese is written with Chinese punctuation

from collections.abc import Mapping
from typing import Final

PHRASES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "sku": ("Article number is one of", "货号是其中之一", "the article number is %s", "货号为 %s"),
    "category": ("Category is one of", "类目是其中之一", "the category is %s", "类目为 %s"),
    "name": ("Product name contains", "商品名称包含", "the product’s name contains %s", "商品名称包含 %s"),
    "goods": ("Goods cost at least", "商品金额至少", "the goods cost at least %s", "商品金额至少 %s"),
    "total": ("Order total is at least", "订单总额至少", "the order total is at least %s", "订单总额至少 %s"),
    "price": ("One piece costs at least", "单价至少", "one piece costs at least %s", "单价至少 %s"),
    "pieces": ("Pieces of goods, at least", "件数至少", "there are at least %s pieces", "至少 %s 件"),
    "tier": ("Member’s tier is one of", "会员等级是其中之一", "the member’s tier is %s", "会员等级为 %s"),
    "segment": ("Member is in the segment", "会员属于分群", "the member is in the segment %s", "会员属于分群 %s"),
    "first": ("It is the member’s first order", "是会员的首个订单", "it is the member’s first order", "是会员的首个订单"),
    "birthday_month": ("It is the month of the member’s birthday", "是会员的生日月", "it is the month of the member’s birthday", "是会员的生日月"),
    "joined": ("Days since joining, at least", "入会天数至少", "the member joined at least %s days ago", "入会至少 %s 天"),
    "from": ("Ordered on this day or later", "此日或之后下单", "it was ordered on %s or later", "%s 或之后下单"),
    "until": ("Ordered on this day or before", "此日或之前下单", "it was ordered on %s or before", "%s 或之前下单"),
    "weekday": ("Ordered on a weekday", "星期几下单", "it was ordered on %s", "在%s下单"),
    "shop": ("Shop is one of", "店铺是其中之一", "the shop is %s", "店铺为 %s"),
    "country": ("Country is one of", "国家是其中之一", "the country is %s", "国家为 %s"),
    "text": ("An expression", "表达式", "%s", "%s"),
}  # fmt: skip
"""As something to choose and filled in, each in English and Chinese."""

WEEKDAYS: Final = (
    ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
)
