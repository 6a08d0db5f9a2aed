"""What a programme says, and the arithmetic of it. Points and money are integers throughout."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from regulars.errors import Invalid

MOST_POINTS = 10**12
"""What one order can earn at most: what the ledger moves at once."""


class BadProgramme(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Earning:
    """`points` for every full `per_minor` of each line of goods."""

    points: int
    per_minor: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """Points lapse at the end of the month that is `months` after the one they were earned in; None: never."""

    months: int | None


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier, and the net spend on goods within twelve months from which it is had."""

    code: str
    name_en: str
    name_zh: str
    from_minor: int


@dataclass(frozen=True, slots=True)
class Programme:
    """One version of the programme. `version_id` is 0 until it is published."""

    name: str
    currency: str
    time_zone: str
    earning: Earning
    expiry: Expiry
    tiers: tuple[Tier, ...]
    """From the lowest, which begins at 0, to the highest."""
    window_months: int = 12
    version_id: int = 0

    def as_document(self) -> dict[str, object]:
        """The programme as it is stored and exchanged."""
        document = asdict(self)
        del document["version_id"]
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, object], *, version_id: int = 0) -> "Programme":
        """Read a programme.

        Raises:
            BadProgramme: a field is missing, unknown or cannot be used.
        """
        try:
            programme = msgspec.convert(document, cls)
        except msgspec.ValidationError as error:
            raise BadProgramme(field="programme", value=document, remedy=str(error)) from error
        unknown = sorted(set(document) - set(cls.__dataclass_fields__))
        if unknown:
            raise BadProgramme(field=unknown[0], value=document[unknown[0]], remedy="there is no such field")
        _check(programme)
        return replace(programme, version_id=version_id)


@cache
def _time_zones() -> frozenset[str]:
    """The IANA names: reading them from the disk takes 15 ms, and a programme is read for every order."""
    return frozenset(available_timezones())


def _check(programme: Programme) -> None:
    def must(condition: object, field: str, value: object, remedy: str) -> None:
        if not condition:
            raise BadProgramme(field=field, value=value, remedy=remedy)

    must(programme.name.strip(), "name", programme.name, "give it a name")
    currency = programme.currency
    must(
        len(currency) == 3 and currency.isascii() and currency.isupper(),
        "currency",
        currency,
        "give an ISO 4217 code such as GBP",
    )
    must(
        programme.time_zone in _time_zones(),
        "time_zone",
        programme.time_zone,
        "give an IANA name such as Europe/London",
    )
    must(0 <= programme.earning.points <= 10**6, "earning.points", programme.earning.points, "give 0 to 1000000")
    must(
        1 <= programme.earning.per_minor <= 10**9,
        "earning.per_minor",
        programme.earning.per_minor,
        "give 1 to 1000000000",
    )
    months = programme.expiry.months
    must(months is None or 1 <= months <= 600, "expiry.months", months, "give 1 to 600, or null for never")
    must(1 <= programme.window_months <= 120, "window_months", programme.window_months, "give 1 to 120")
    thresholds = [tier.from_minor for tier in programme.tiers]
    must(thresholds[:1] == [0], "tiers", thresholds, "let the first tier begin at 0")
    must(
        thresholds == sorted(set(thresholds)),
        "tiers",
        thresholds,
        "list tiers from the lowest to the highest, each from more",
    )
    codes = [tier.code for tier in programme.tiers]
    must(
        len(set(codes)) == len(codes) and all(code.isidentifier() for code in codes),
        "tiers",
        codes,
        "give every tier a code of its own, of a-z, 0-9 and _",
    )


def default(currency: str, time_zone: str) -> Programme:
    """The programme a new installation starts with: 1 point per 10 minor units, and three tiers by a year's spend."""
    return Programme(
        name="Regulars",
        currency=currency,
        time_zone=time_zone,
        earning=Earning(points=1, per_minor=10),
        expiry=Expiry(months=24),
        tiers=(
            Tier("bronze", "Bronze", "铜卡", 0),
            Tier("silver", "Silver", "银卡", 100_000),
            Tier("gold", "Gold", "金卡", 500_000),
        ),
    )


def points_for(amount_minor: int, earning: Earning) -> int:
    """What a line of goods earns: `⌊amount · points / per⌋`. The SQL of awards says the same (a test holds them equal)."""
    return amount_minor * earning.points // earning.per_minor


def share(whole: int, *, before: int, quantity: int, of: int) -> int:
    """The part of `whole` that belongs to `quantity` of `of` pieces when `before` have gone already.

    Rounded so that the parts of all pieces sum to the whole, in whatever steps they go.
    """
    return whole * (before + quantity) // of - whole * before // of


def tier_for(spend_minor: int, tiers: Sequence[Tier]) -> Tier:
    """The highest tier that a spend reaches, of `tiers` from the lowest to the highest; the lowest for anything less."""
    for tier in reversed(tiers):
        if tier.from_minor <= spend_minor:
            return tier
    return tiers[0]


def expires_at(earned_at: datetime, expiry: Expiry, time_zone: str) -> datetime | None:
    """The first instant at which points earned then are gone: the start of a month on the programme's calendar."""
    if expiry.months is None:
        return None
    local = earned_at.astimezone(ZoneInfo(time_zone))
    month = local.year * 12 + local.month - 1 + expiry.months + 1
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=ZoneInfo(time_zone))
