"""How likely it is that a referral is not one: parts with weights, which sum to a score. Pure."""

# ruff: noqa: RUF001 - Chinese is written with Chinese commas

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

Decision = Literal["pass", "hold", "refuse"]
WEIGHTS: Final[Mapping[str, int]] = {
    "email": 100, "payment": 60, "phone": 60, "device": 50, "address": 35, "network": 10,
}  # fmt: skip
"""What it weighs when exactly two have it in common; halved, thirded, … for each doubling of how many have it."""

MOST: Final = 100
HOUSEHOLD: Final = 3
"""So many friends may have one address besides: a household is no ring."""


@dataclass(frozen=True, slots=True)
class Part:
    """One reason, what it weighs, and the figures of its sentence."""

    code: str
    weight: int
    values: Mapping[str, int]

    def words(self, language: str) -> str:
        """The reason as a sentence: `zh…` in Chinese, anything else in English."""
        english, chinese = WORDS[self.code]
        return (chinese if language.startswith("zh") else english).format(**self.values)


WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "shared_email": ("The same mailbox; {owners} use it.", "使用同一邮箱；共 {owners} 人使用。"),
    "shared_payment": (
        "The same card or account; {owners} paid with it.",
        "使用同一支付账户；共 {owners} 人用其付款。",
    ),
    "shared_phone": ("The same phone number; {owners} gave it.", "使用同一手机号；共 {owners} 人留过此号。"),
    "shared_device": ("The same device; {owners} were seen on it.", "使用同一设备；共 {owners} 人在此设备上出现。"),
    "shared_address": ("The same address; {owners} live or receive there.", "使用同一地址；共 {owners} 人在此收货。"),
    "shared_network": ("The same network; {owners} were seen in it.", "处于同一网络；共 {owners} 人在此网络出现。"),
    "velocity": (
        "The advocate brought {friends} friends within 24 hours.",
        "推荐人在 24 小时内带来了 {friends} 位好友。",
    ),
    "circle": (
        "The friend brought the advocate, {steps} steps on: they refer in a circle.",
        "好友间接推荐了推荐人，相隔 {steps} 步：形成循环推荐。",
    ),
    "cluster": (
        "Of the advocate's other friends, {friends} hang together with this one by devices or cards.",
        "推荐人的其他好友中，有 {friends} 位与此好友通过设备或支付账户相互关联。",
    ),
    "one_roof": (
        "Of the advocate's other friends, {friends} have this one's address: more than a household.",
        "推荐人的其他好友中，有 {friends} 位与此好友地址相同：超过一般家庭人数。",
    ),
    "disposable_mail": ("The friend's address is of throw-away mail.", "好友使用一次性邮箱。"),
    "least_order": ("The friend bought just as much as was needed.", "好友的订单金额刚好达到最低要求。"),
    "returned_before": (
        "{returned} of the advocate's {friends} earlier friends sent everything back.",
        "推荐人此前的 {friends} 位好友中，有 {returned} 位全部退货。",
    ),
}
"""The sentence of every part, in English and Chinese."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about a referral when it is scored."""

    shared: Sequence[tuple[str, int]] = ()
    """Kinds that advocate and friend have in common, and how many have it."""

    friends_in_a_day: int = 1
    circle_steps: int | None = None
    cluster: int = 0
    """How many of the advocate's other friends are within two steps, by devices and cards."""

    one_roof: int = 0
    """How many of them have the same address."""

    disposable: bool = False
    goods_minor: int | None = None
    least_minor: int = 0
    friends_before: int = 0
    returned_before: int = 0


def parts_of(known: Circumstances) -> tuple[Part, ...]:
    """The reasons, in a fixed order; those that weigh nothing are left out."""
    return tuple(part for part in _parts(known) if part.weight)


def _parts(known: Circumstances) -> Iterable[Part]:
    for kind, owners in sorted(known.shared, key=lambda one: list(WEIGHTS).index(one[0])):
        yield Part(f"shared_{kind}", WEIGHTS[kind] // max(1, (owners - 1).bit_length()), {"owners": owners})
    yield Part("velocity", min(40, 8 * max(0, known.friends_in_a_day - 3)), {"friends": known.friends_in_a_day})
    if known.circle_steps is not None:
        yield Part("circle", 60, {"steps": known.circle_steps})
    yield Part("cluster", min(75, 25 * known.cluster), {"friends": known.cluster})
    yield Part("one_roof", min(40, 10 * max(0, known.one_roof - HOUSEHOLD)), {"friends": known.one_roof})
    if known.disposable:
        yield Part("disposable_mail", 30, {})
    least, goods = known.least_minor, known.goods_minor
    if least and goods is not None and goods * 100 <= least * 105:
        yield Part("least_order", 10, {})
    if known.returned_before >= 2 and known.returned_before * 2 >= known.friends_before:
        about = {"returned": known.returned_before, "friends": known.friends_before}
        yield Part("returned_before", 30, about)


def total(parts: Sequence[Part]) -> int:
    """The score: what the parts weigh together, at most 100."""
    return min(MOST, sum(part.weight for part in parts))


def decision(score: int, *, hold_from: int, refuse_from: int) -> Decision:
    """What a score leads to."""
    if score >= refuse_from:
        return "refuse"
    return "hold" if score >= hold_from else "pass"


def written(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """The parts as they are kept."""
    return msgspec.to_builtins(list(parts))


def read(document: object) -> tuple[Part, ...]:
    """Parts that were kept."""
    return msgspec.convert(document, tuple[Part, ...])
