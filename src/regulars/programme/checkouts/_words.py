# ruff: noqa: RUF001 - Chinese has commas of its own
"""What is said about a cart, in words, English and Chinese: to whoever is about to buy it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from regulars.programme.checkouts._records import Applied, Payment, Quote, Way, WhyNot
from regulars.programme.coupons import Why as WhyNoCoupon
from regulars.programme.coupons.uses import Look
from regulars.programme.gift_cards import Spendable
from regulars.programme.rewards import Option, Reason, WhyNoReward
from regulars.programme.tiers import Writer, amount_of, name_of

Both = tuple[str, str]

_BENEFITS: Final[Mapping[WhyNot, Both]] = {
    "used_up": ("Used as often as it can be in this cycle.", "本周期次数已用完。"),
    "beaten": ("Another of your benefits gives more.", "您的另一项权益更优惠，已按其计算。"),
    "not_wanted": ("Not used for this order.", "本单未使用。"),
    "nothing": ("There is nothing here to take off.", "本单无可减免的金额。"),
}
_COUPONS: Final[Mapping[WhyNoCoupon, Both]] = {
    "not_yet": ("It is not good yet.", "尚未到使用时间。"),
    "over": ("Its time is over.", "已过期。"),
    "currency": ("It is for another currency.", "不适用于此币种。"),
    "products": ("None of its products is in the cart.", "购物车中没有适用的商品。"),
    "spend_more": ("The goods that count cost too little.", "适用商品金额未达门槛。"),
    "used_up": ("It has been used up.", "已被用完。"),
    "used_by_member": ("You have used it as often as one may.", "您的使用次数已达上限。"),
    "members_only": ("It is for members: sign in.", "仅限会员使用，请先登录。"),
    "group": ("The checkout has another coupon of its kind.", "已使用同类优惠券。"),
    "alone": ("It does not go together with other coupons.", "不可与其他优惠券同时使用。"),
}
_UNKNOWN: Final[Both] = ("This code is not good here: check how it is written.", "此码无效，请检查是否输入正确。")
_REWARDS: Final[Mapping[WhyNoReward, Both]] = {
    "not_yet": ("It begins on {begins}.", "{begins}起可兑换。"),
    "over": ("It was to be had until {ended}.", "兑换已于{ended}截止。"),
    "tier": ("It is for other tiers.", "您的等级暂不可兑换。"),
    "currency": ("The cart is in another currency.", "不适用于此币种。"),
    "spend_more": ("{missing_minor} more in the cart, and it can be had.", "再购 {missing_minor}即可使用。"),
    "goods_too_few": ("The goods cost too little for it.", "商品金额不足，无法使用。"),
    "sold_out": ("It is sold out.", "已兑完。"),
    "total_reached": ("It has been given as often as it may be.", "兑换总量已达上限。"),
    "no_codes": ("No coupon of it is left.", "优惠券已领完。"),
    "used": ("You have had it as often as one may.", "您的兑换次数已达上限。"),
    "short": ("{missing} more, and it can be had.", "还差 {missing}。"),
    "frozen": ("Your points are frozen.", "您的积分已被冻结。"),
}
_CARDS: Final[Mapping[str, Both]] = {
    "blocked": ("This card is blocked.", "此卡已被停用。"),
    "expired": ("This card's time is over.", "此卡已过期。"),
    "currency": ("This card holds another currency.", "此卡币种不同。"),
    "empty": ("Nothing is left on this card.", "此卡余额为零。"),
}


def _pick(both: Both, writer: Writer) -> str:
    return both[1] if writer.chinese else both[0]


def of_benefit(one: Applied, writer: Writer) -> str:
    """What a benefit does here, or why it does nothing."""
    if one.why_not is not None:
        return _pick(_BENEFITS[one.why_not], writer)
    left, benefit = one.entitlement.left, one.entitlement.benefit
    said = name_of(benefit, writer) + ("。" if writer.chinese else ".")
    if one.off_minor:
        off = writer.money(one.off_minor)
        said = _pick((f"{off} off.", f"减 {off}。"), writer)
    if left is None:
        return said
    number = writer.number(left)
    return said + _pick((f" {number} left in this cycle.", f"本周期剩余 {number} 次。"), writer)


def of_coupon(look: Look | None, writer: Writer) -> str:
    """What a coupon gives here, or why it gives nothing."""
    if look is None:
        return _pick(_UNKNOWN, writer)
    if look.worth is None:
        return _pick(_COUPONS[look.why or "over"], writer)
    off = writer.money(look.worth.discount_minor)
    if look.worth.sku is not None:
        return _pick((f"{look.worth.sku} is given along.", f"赠送 {look.worth.sku}。"), writer)
    if not look.worth.discount_minor:
        return _pick(_BENEFITS["nothing"], writer)
    if look.worth.free_shipping:
        return _pick((f"{off} off shipping.", f"运费减 {off}。"), writer)
    return _pick((f"{off} off.", f"减 {off}。"), writer)


def of_option(one: Option, writer: Writer, zone: str) -> str:
    """What a reward gives here for points, or what is in the way; of several things the first."""
    if one.reasons:
        return of_reason(one.reasons[0], writer, zone)
    points = points_of(one.points, one.price.point_type, writer)
    if one.reward.kind == "cash_off":
        off = writer.money(one.value_minor)
        return _pick((f"Up to {off} off for {points}.", f"最多可用 {points}抵 {off}。"), writer)
    return _pick((f"To be had for {points}.", f"{points}可兑换。"), writer)


def of_reason(one: Reason, writer: Writer, zone: str) -> str:
    """One thing that is in the way of a reward."""
    values = {name: _value(name, value, one, writer, zone) for name, value in one.values.items()}
    return _pick(_REWARDS[one.why], writer).format(**values)


def _value(name: str, value: object, one: Reason, writer: Writer, zone: str) -> str:
    if name in {"begins", "ended"}:
        return writer.day(datetime.fromisoformat(str(value)).astimezone(ZoneInfo(zone)).date())
    if name == "missing_minor":
        return writer.money(int(str(value)))
    if name == "missing":
        return points_of(int(str(value)), str(one.values.get("point_type", "points")), writer)
    return str(value)


def points_of(points: int, point_type: str, writer: Writer) -> str:
    """So many points of a kind."""
    number = writer.number(points)
    if point_type != "points":
        return f"{number} {point_type}"
    if writer.chinese:
        return f"{number} 积分"
    return f"{number} point" if points == 1 else f"{number} points"


def of_payment(one: Payment, writer: Writer) -> str:
    """What points pay."""
    points, off = points_of(one.points, one.option.price.point_type, writer), writer.money(one.value_minor)
    return _pick((f"{points} pay {off}.", f"使用 {points}抵 {off}。"), writer)


def of_card(card: Spendable | None, amount_minor: int, writer: Writer) -> str:
    """What a gift card pays, or why it cannot."""
    if card is None:
        return _pick(_UNKNOWN, writer)
    if card.why is not None:
        return _pick(_CARDS[card.why], writer)
    paid, left = writer.money(amount_minor), writer.money(card.available - amount_minor)
    return _pick((f"{paid} is paid with it; {left} is left.", f"支付 {paid}，余额 {left}。"), writer)


def of_way(way: Way, writer: Writer) -> str | None:
    """What this order brings towards the next tier; None: nothing, or there is none."""
    progress = way.progress
    if progress.next_tier is None or way.brings <= 0:
        return None
    tier, brings = name_of(progress.next_tier, writer), amount_of(progress.one, way.brings, writer)
    if not way.missing_after:
        return _pick((f"This order reaches {tier}.", f"本单完成后即可升为{tier}。"), writer)
    missing = amount_of(progress.one, way.missing_after, writer)
    return _pick(
        (f"This order brings {brings}; {missing} more reaches {tier}.", f"本单累计 {brings}，再累计 {missing}可升为{tier}。"), writer
    )  # fmt: skip


def of_quote(one: Quote, writer: Writer) -> str:
    """What is to pay, and what it earns."""
    pay = writer.money(one.to_pay_minor)
    kinds: dict[str, int] = {}
    for (kind, _), points in one.earned.items():
        kinds[kind] = kinds.get(kind, 0) + points
    join = "、" if writer.chinese else " and "
    earned = join.join(points_of(points, kind, writer) for kind, points in kinds.items() if points)
    if not earned:
        return _pick((f"{pay} to pay; it earns nothing.", f"应付 {pay}，本单不获得积分。"), writer)
    return _pick((f"{pay} to pay; it earns {earned}.", f"应付 {pay}，可获得 {earned}。"), writer)
