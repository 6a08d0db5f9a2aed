"""What a programme says, and the arithmetic of it. Points and money are integers throughout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

import msgspec

from regulars.ledger import (
    AfterSpan,
    AtEvent,
    BadPolicy,
    Expiry,
    MonthDay,
    Pending,
    PeriodEnd,
    Rolling,
    Sliding,
    Span,
    UntilDay,
    Yearly,
    expires_at,
    matures_at,
)
from regulars.programme._refusals import BadProgramme
from regulars.programme.referrals import Referral, check_referral

MOST_POINTS = 10**12
"""What one order can earn at most: what the ledger moves at once."""


@dataclass(frozen=True, slots=True)
class Earning:
    """`points` for every full `per_minor` of each line of goods."""

    points: int
    per_minor: int


EXPIRIES: Final[Mapping[str, type[Any]]] = {
    "rolling": Rolling,
    "period_end": PeriodEnd,
    "yearly": Yearly,
    "sliding": Sliding,
}
"""How long points can last, by the name in documents."""

PENDINGS: Final[Mapping[str, type[Any]]] = {
    "until": UntilDay,
    "after": AfterSpan,
    "month_day": MonthDay,
    "event": AtEvent,
}
"""How long points can wait, by the name in documents."""


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
    expiry: Expiry | None
    """How long points last, counted from when they can be spent, or their wait is over; None: for ever."""

    tiers: tuple[Tier, ...]
    """From the lowest, which begins at 0, to the highest."""

    pending: Pending | None = None
    """How long points wait before they can be spent; None: not at all."""

    window_months: int = 12
    referral: Referral | None = None
    """How members are rewarded for bringing friends; None: not at all."""

    version_id: int = 0

    def as_document(self) -> dict[str, object]:
        """The programme as it is stored and exchanged."""
        document: dict[str, object] = msgspec.to_builtins(self)
        del document["version_id"]
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, object], *, version_id: int = 0) -> "Programme":
        """Read a programme.

        Raises:
            BadProgramme: a field is missing, unknown or cannot be used.
        """
        try:
            programme = msgspec.convert(document, cls, dec_hook=_policy)
        except BadPolicy as error:
            raise BadProgramme(**error.details) from error
        except msgspec.ValidationError as error:
            raise BadProgramme(field="programme", value=document, remedy=str(error)) from error
        unknown = sorted(set(document) - set(cls.__dataclass_fields__))
        if unknown:
            raise BadProgramme(field=unknown[0], value=document[unknown[0]], remedy="there is no such field")
        _check(programme)
        check_referral(programme.referral, document=document.get("referral"))
        return replace(programme, version_id=version_id)


def _policy(wanted: type[Any], document: Any) -> object:
    """Read how long points last, or how long they wait."""
    name, kinds = ("expiry", EXPIRIES) if wanted is Expiry else ("pending", PENDINGS)
    given: dict[str, object] = msgspec.convert(document, dict[str, object])
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise BadPolicy(field=f"{name}.kind", value=kind, remedy=f"give one of {', '.join(kinds)}")
    fields = [*kinds[kind].__dataclass_fields__]
    for field in sorted(set(given).difference(fields)):
        raise BadPolicy(field=f"{name}.{field}", value=given[field], remedy=f"{kind} has {', '.join(fields)} alone")
    spans = {
        field: _read(f"{name}.{field}", value, Span) for field, value in given.items() if isinstance(value, Mapping)
    }
    return _read(name, given | spans, kinds[kind])


def _read(name: str, document: Any, wanted: type[Any]) -> object:
    try:
        return msgspec.convert(document, wanted)
    except BadPolicy as error:
        raise BadPolicy(**{**error.details, "field": f"{name}.{error.details['field']}"}) from error


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
        expiry=Rolling(Span(24, "month"), end_of="month"),
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


def terms(earned_at: datetime, programme: Programme, *, told_at: datetime) -> tuple[datetime | None, datetime | None]:
    """When points earned then can be spent, or their wait is over, and when they are gone; None: at once, and never.

    What would be lost without an event waits its whole time from when we were told: the event may be told late as well.
    """
    pending = programme.pending
    if isinstance(pending, AtEvent) and pending.otherwise == "lapse":
        earned_at = max(earned_at, told_at)
    matures = matures_at(earned_at, pending, programme.time_zone)
    return matures, expires_at(matures or earned_at, programme.expiry, programme.time_zone)
