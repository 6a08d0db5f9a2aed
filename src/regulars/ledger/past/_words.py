# ruff: noqa: RUF001 - Chinese has a comma of its own
"""What an entry did, in a sentence a member understands."""

import re
from collections.abc import Mapping
from typing import Final, Literal

from regulars.ledger._queries import Entry

Language = Literal["en", "zh_CN"]
LANGUAGES: Final = ("en", "zh_CN")

_ORDER: Final = re.compile(r"(?:(?:ret_[0-9a-z]+|cancellation)/)?(ord_[0-9a-z]+)")
_EN: Final[Mapping[str, str]] = {
    "earn": "Earned {points}",
    "promise": "Promised {points}",
    "mature": "{points} became available",
    "lapse": "{points} that had been promised lapsed",
    "spend": "Spent {points}",
    "expire": "{points} expired",
    "restore": "{points} that had been spent were given back",
    "clawback": "{points} that had been earned were taken back",
    "hold": "Set {points} aside",
    "capture": "Spent {points} that had been set aside",
    "release": "{points} are no longer set aside",
    "send": "Sent {points} to somebody else",
    "receive": "Received {points} from somebody else",
    "extend": "{points} live longer",
    "reinstate": "{points} that had expired were given back",
    "forgive": "{points} that were owed were written off",
}
_ZH: Final[Mapping[str, str]] = {
    "earn": "获得 {points}",
    "promise": "将获得 {points}，尚未生效",
    "mature": "{points} 已生效",
    "lapse": "待生效的 {points} 已失效",
    "spend": "使用 {points}",
    "expire": "{points} 已过期",
    "restore": "退回已使用的 {points}",
    "clawback": "收回已获得的 {points}",
    "hold": "预留 {points}",
    "capture": "使用预留的 {points}",
    "release": "{points} 不再预留",
    "send": "转赠他人 {points}",
    "receive": "收到他人转赠的 {points}",
    "extend": "{points} 延长有效期",
    "reinstate": "恢复已过期的 {points}",
    "forgive": "免除所欠的 {points}",
}
_MORE: Final[Mapping[Language, tuple[str, str, str, str]]] = {
    "en": (", for order {order}", "; {points} paid what was owed", "; {points} are owed", "."),
    "zh_CN": ("，订单 {order}", "，其中 {points} 用于偿还欠分", "，其中 {points} 记为欠分", "。"),
}


_ELSEWHERE: Final[Mapping[Language, str]] = {
    "en": " Its reference and reason are in the archive's files.",
    "zh_CN": "编号与原因见归档文件。",
}
"""Of an entry whose words have left the house."""

_DEBTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "send": "{points} that were owed are owed by an account that others share",
        "receive": "{points} that another account owed are owed by this one",
    },
    "zh_CN": {"send": "所欠的 {points} 转入共享账户", "receive": "转入其他账户所欠的 {points}"},
}
"""Of a debt that was moved."""


def in_words(entry: Entry, language: Language = "en", *, point_type: str = "points") -> str:
    """A sentence on what an entry did; its reason is not in it."""
    order, paid, owed, end = _MORE[language]
    end += "" if entry.worded else _ELSEWHERE[language]
    if entry.kind in _DEBTS["en"] and entry.debt_change * (entry.kind == "receive" or -1) > 0:
        return _DEBTS[language][entry.kind].format(points=_points(moved(entry), language, point_type)) + end
    text = (_ZH if language == "zh_CN" else _EN)[entry.kind].format(points=_points(moved(entry), language, point_type))
    known = order_of(entry)
    if known is not None:
        text += order.format(order=known)
    if entry.debt_change < 0 and entry.kind != "forgive":
        text += paid.format(points=_points(-entry.debt_change, language, point_type))
    if entry.debt_change > 0:
        text += owed.format(points=_points(entry.debt_change, language, point_type))
    return text + end


def moved(entry: Entry) -> int:
    """How many points an entry is about, whichever way they went."""
    if entry.held_change:
        return abs(entry.held_change)
    if entry.kind in {"mature", "lapse"}:
        return -entry.pending_change
    if entry.kind == "extend":
        return sum(points for _, points in entry.lots if points > 0)
    return abs(entry.amount + entry.pending_change - entry.debt_change)


def order_of(entry: Entry) -> str | None:
    """The order that an entry is about, or that what it follows from is about."""
    for reference in (entry.reference, entry.follows_reference or ""):
        match = _ORDER.match(reference)
        if match:
            return match[1]
    return None


def _points(count: int, language: Language, point_type: str) -> str:
    if language == "zh_CN":
        return f"{count:,} 积分" if point_type == "points" else f"{count:,} {point_type}"
    noun = "point" if point_type == "points" and count == 1 else point_type
    return f"{count:,} {noun}"
