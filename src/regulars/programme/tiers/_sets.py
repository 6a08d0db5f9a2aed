"""What a programme says about tiers: the section `tier_sets` of its document, and what cannot be used of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from regulars.ledger import Span
from regulars.programme._refusals import BadProgramme

CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FACT: Final = re.compile(r"[a-z_]+\.[a-z_]+")
_MOST_DAYS: Final = 366
MOST: Final = 10**15
"""The most that a tier can ask for."""

By = Literal["spend", "points", "orders", "event"]
WindowKind = Literal["rolling", "calendar", "anniversary"]
Zone = Literal["member", "shop", "programme"]
Downgrade = Literal["to_earned", "one_step", "never"]
Refunds = Literal["at_once", "cycle_end"]
BenefitKind = Literal[
    "discount",
    "free_shipping",
    "agent",
    "early_access",
    "multiplier",
    "birthday_gift",
    "free_trial",
    "free_upgrade",
    "trade_in",
    "custom",
]

KINDS: Final[tuple[BenefitKind, ...]] = (
    "discount", "free_shipping", "agent", "early_access", "multiplier", "birthday_gift", "free_trial", "free_upgrade",
    "trade_in", "custom",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """What qualifies: net spend on goods, points earned of a type (not what is left of them), orders kept, or events."""

    by: By = "spend"
    """Net spend on goods, points earned, orders kept, or events."""

    of: str | None = None
    """Of `points` the point type, of `event` the name of the fact: `order.delivered`."""


@dataclass(frozen=True, slots=True)
class Window:
    """Over how long it is counted.

    `rolling`: the last `months`, at every moment. `calendar`: the year that begins on `day` of `month`. `anniversary`: the
    year that begins on the day of joining.
    """

    kind: WindowKind = "rolling"
    """Which of the three."""

    months: int = 12
    """Of a rolling window, how many months back."""

    month: int = 1
    """Of a calendar window, the month its year begins in."""

    day: int = 1
    """Of a calendar window, the day of that month."""


@dataclass(frozen=True, slots=True)
class Benefit:
    """Something that whoever has a tier is entitled to, for the shop to ask for at checkout."""

    code: str
    kind: BenefitKind
    name_en: str
    name_zh: str
    value: int | None = None
    """Of a discount the percent, of a multiplier the hundredths (150: one and a half times), of a trial the days."""

    note_en: str = ""
    """What else is to be said of it, in English."""

    note_zh: str = ""
    """The same in Chinese."""

    uses: int | None = None
    """How often in a cycle; None: as often as one likes."""


@dataclass(frozen=True, slots=True)
class Gift:
    """What reaching a tier brings, once in a cycle: points, or a reward by its code."""

    points: int = 0
    """How many points; 0: none."""

    point_type: str = "points"
    """Points of which kind."""

    reward: str | None = None
    """A reward's code; None: none."""


@dataclass(frozen=True, slots=True)
class Membership:
    """The product that buys a tier, and for how long: a paid membership."""

    sku: str
    """What has to be bought."""

    lasts: Span
    """How long it gives the tier."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier: from how much on it is reached, and how much keeps it."""

    code: str
    name_en: str
    name_zh: str
    reach: int
    """From how much of what the set measures it is reached; the lowest begins at 0."""

    keep: int | None = None
    """None: as much as reaching it takes."""

    benefits: tuple[Benefit, ...] = ()
    """What it entitles to, beside what lower tiers do."""

    gift: Gift | None = None
    """What reaching it brings; None: nothing."""

    membership: Membership | None = None
    """What buys it; None: nothing does."""

    @property
    def keeps(self) -> int:
        """How much keeps it."""
        return self.reach if self.keep is None else self.keep


NO_DAYS: Final = Span(0, "day")


@dataclass(frozen=True, slots=True)
class TierSet:
    """Tiers from the lowest, which everybody has, to the highest, and how they are reached, kept and lost."""

    code: str
    name_en: str
    name_zh: str
    tiers: tuple[Tier, ...]
    """From the lowest, which everybody has, to the highest."""

    measure: Measure = Measure()
    """What counts."""

    window: Window = Window()
    """Over how long it counts."""

    zone: Zone = "programme"
    """Whose time zone years begin in; each cycle keeps the one it began with."""

    grace: Span = NO_DAYS
    """How long a tier is still had when it is not kept."""

    stay: Span = NO_DAYS
    """How long a tier is had at least."""

    downgrade: Downgrade = "to_earned"
    """When a tier is not kept: to the one that was earned, one step down, or never."""

    refunds: Refunds = "at_once"
    """When goods that came back are taken off what keeps a tier. They never count towards reaching one."""

    notice_days: int = 0
    """How many days before a tier is lost the member is told; 0: not at all."""

    approval: bool = False
    """Whether a second person decides on a tier given by hand."""

    def rank(self, code: str) -> int:
        """The place of a tier among the set's, counted from the lowest, 0; of one that is not there, 0."""
        for rank, tier in enumerate(self.tiers):
            if tier.code == code:
                return rank
        return 0

    def benefits_of(self, code: str) -> list[Benefit]:
        """What a tier entitles to: its own benefits, and of the lower ones those it does not replace by the same code."""
        held = {one.code: one for tier in self.tiers[: self.rank(code) + 1] for one in tier.benefits}
        return list(held.values())


def check_sets(sets: Sequence[TierSet]) -> None:
    """Refuse tier sets that cannot be used.

    Raises:
        BadProgramme: names the place, the value and what would do.
    """
    codes = [one.code for one in sets]
    _must(codes, "tier_sets", codes, "give one set at least")
    _must(len(set(codes)) == len(codes), "tier_sets", codes, "give every set a code of its own")
    for number, one in enumerate(sets):
        _check_set(f"tier_sets[{number}]", one)


def _must(condition: object, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise BadProgramme(field=field, value=value, remedy=remedy)


def _check_names(at: str, one: TierSet | Tier | Benefit) -> None:
    _must(CODE.fullmatch(one.code), f"{at}.code", one.code, "give a to z, 0 to 9 and _, at most 32")
    _must(one.name_en.strip(), f"{at}.name_en", one.name_en, "give it a name")
    _must(one.name_zh.strip(), f"{at}.name_zh", one.name_zh, "give it a name")


def _check_set(at: str, one: TierSet) -> None:
    _check_names(at, one)
    _check_measure(f"{at}.measure", one.measure)
    _check_window(f"{at}.window", one.window)
    _must(0 <= one.notice_days <= _MOST_DAYS, f"{at}.notice_days", one.notice_days, f"give 0 to {_MOST_DAYS}")
    reaches = [tier.reach for tier in one.tiers]
    _must(reaches[:1] == [0], f"{at}.tiers", reaches, "let the first tier begin at 0")
    _must(
        reaches == sorted(set(reaches)) and reaches[-1] <= MOST,
        f"{at}.tiers",
        reaches,
        f"list tiers from the lowest to the highest, each from more, at most {MOST}",
    )
    keeps = [tier.keeps for tier in one.tiers]
    _must(keeps == sorted(keeps) and keeps[0] == 0, f"{at}.tiers", keeps, "let a higher tier not be kept by less")
    codes = [tier.code for tier in one.tiers]
    _must(len(set(codes)) == len(codes), f"{at}.tiers", codes, "give every tier a code of its own")
    for number, tier in enumerate(one.tiers):
        _check_tier(f"{at}.tiers[{number}]", tier)


def _check_measure(at: str, measure: Measure) -> None:
    of = measure.of or ""
    if measure.by == "points":
        _must(CODE.fullmatch(of), f"{at}.of", measure.of, "name the point type that counts, points say")
    elif measure.by == "event":
        _must(_FACT.fullmatch(of), f"{at}.of", measure.of, "name the fact that counts, order.delivered say")
    else:
        _must(measure.of is None, f"{at}.of", measure.of, f"leave it out: {measure.by} needs no name")


def _check_window(at: str, window: Window) -> None:
    _must(1 <= window.months <= 120, f"{at}.months", window.months, "give 1 to 120")
    _must(1 <= window.month <= 12, f"{at}.month", window.month, "give 1 to 12")
    most = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(window.month, 31)
    _must(1 <= window.day <= most, f"{at}.day", window.day, f"give 1 to {most}, that month has no other")


def _check_tier(at: str, tier: Tier) -> None:
    _check_names(at, tier)
    _must(0 <= tier.keeps <= tier.reach, f"{at}.keep", tier.keep, f"give 0 to {tier.reach}, what it is reached from")
    codes = [one.code for one in tier.benefits]
    _must(len(set(codes)) == len(codes), f"{at}.benefits", codes, "give every benefit a code of its own")
    for number, one in enumerate(tier.benefits):
        _check_benefit(f"{at}.benefits[{number}]", one)
    if tier.gift:
        _check_gift(f"{at}.gift", tier.gift)
    if tier.membership:
        _must(tier.membership.sku.strip(), f"{at}.membership.sku", tier.membership.sku, "name the product")
        lasts = tier.membership.lasts
        _must(lasts.count, f"{at}.membership.lasts.count", lasts.count, "give 1 or more")


def _check_benefit(at: str, one: Benefit) -> None:
    _check_names(at, one)
    _must(one.uses is None or 1 <= one.uses <= 10**6, f"{at}.uses", one.uses, "give 1 to 1000000, or leave it out")
    limits = {"discount": (1, 100), "multiplier": (1, 10_000), "free_trial": (1, 3660)}
    if one.kind in limits:
        low, high = limits[one.kind]
        _must(one.value is not None and low <= one.value <= high, f"{at}.value", one.value, f"give {low} to {high}")
    elif one.kind == "custom":
        _must(one.note_en.strip(), f"{at}.note_en", one.note_en, "say what it is")
        _must(one.note_zh.strip(), f"{at}.note_zh", one.note_zh, "say what it is")
    _must(one.value is None or 0 <= one.value <= MOST, f"{at}.value", one.value, f"give 0 to {MOST}")


def _check_gift(at: str, gift: Gift) -> None:
    _must(0 <= gift.points <= 10**12, f"{at}.points", gift.points, "give 0 to 1000000000000")
    _must(CODE.fullmatch(gift.point_type), f"{at}.point_type", gift.point_type, "name a point type")
    _must(gift.points or gift.reward, f"{at}.points", gift.points, "give points, or name a reward")
    _must(gift.reward is None or CODE.fullmatch(gift.reward), f"{at}.reward", gift.reward, "name a reward by its code")
