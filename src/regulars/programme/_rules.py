"""What a programme says, and the arithmetic of it. Points and money are integers throughout."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, Final, cast
from zoneinfo import available_timezones

import msgspec

from regulars.ledger import (
    POINT_TYPE,
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
from regulars.programme import earning, events
from regulars.programme._refusals import BadProgramme
from regulars.programme.budgets import Budget, check_budgets
from regulars.programme.campaigns import Campaign, check_campaigns
from regulars.programme.earning import Rule, Terms, proportional
from regulars.programme.events import EventType
from regulars.programme.referrals import Referral, check_referral
from regulars.programme.rewards import Reward, check_rewards, givable
from regulars.programme.tiers import Tier, TierSet, check_sets

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
class Rate:
    """What another currency is worth: so many minor units of the programme's for so many of its own, the fraction dropped.

    It is part of the version, so an order keeps the rate it was awarded under.
    """

    currency: str
    """An ISO 4217 code."""

    to_minor: int
    """So many minor units of the programme's currency …"""

    per_minor: int
    """… are given for so many of this one's."""


@dataclass(frozen=True, slots=True)
class Programme:
    """One version of the programme. `version_id` is 0 until it is published."""

    name: str
    """What members know it by."""

    currency: str
    """An ISO 4217 code: whose minor units the amounts are."""

    time_zone: str
    """An IANA name such as Europe/London: whose days, months and years count."""

    earning: tuple[Rule, ...]
    """What earns, in the order in which it is looked at."""

    expiry: Expiry | None
    """How long points last, counted from when they can be spent, or their wait is over; None: for ever."""

    tier_sets: tuple[TierSet, ...]
    """Sets of tiers; the first is the main one."""

    pending: Pending | None = None
    """How long points wait before they can be spent; None: not at all."""

    other_terms: Mapping[str, Terms] = field(default_factory=dict[str, Terms], hash=False)
    """How long points of other kinds last and wait, by their code; those that are not named last for ever and do not wait."""

    rates: tuple[Rate, ...] = ()
    """What orders in other currencies are worth; those in a currency that is not here earn nothing."""

    rewards: tuple[Reward, ...] = field(default=(), hash=False)
    """What members can have for their points, in the order shown."""

    referral: Referral | None = None
    """How members are rewarded for bringing friends; None: not at all."""

    budgets: tuple[Budget, ...] = field(default=(), hash=False)
    """What rules and campaigns may give altogether, by period."""

    campaigns: tuple[Campaign, ...] = field(default=(), hash=False)
    """Rules that hold for some time, for some members."""

    events: tuple[EventType, ...] = field(default=(), hash=False)
    """What members can do beside buying that rules may reward, and what its data is made of."""

    version_id: int = 0

    def own_terms(self, rule: str) -> Terms | None:
        """The terms of a rule's own, under `earning` or in a campaign; None: it has those of the programme."""
        every = chain(self.earning, *(one.rules for one in self.campaigns))
        return next((one.terms for one in every if one.code == rule), None)

    @property
    def main(self) -> TierSet:
        """The set whose tier is *the* tier of a member."""
        return self.tier_sets[0]

    def terms_of(self, point_type: str) -> Terms:
        """How long points of a kind last, and wait."""
        if point_type == "points":
            return Terms(self.expiry, self.pending)
        return self.other_terms.get(point_type, Terms())

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
        rules, declared = document.get("earning"), document.get("events")
        try:
            programme = msgspec.convert(document, cls, dec_hook=_policy)
        except BadPolicy as error:
            raise BadProgramme(**error.details) from error
        except msgspec.ValidationError as error:
            raise BadProgramme(field="programme", value=document, remedy=str(error)) from error
        unknown = sorted(set(document) - set(cls.__dataclass_fields__))
        if unknown:
            raise BadProgramme(field=unknown[0], value=document[unknown[0]], remedy="there is no such field")
        if isinstance(rules, list | tuple):
            earning.refuse_unknown(rules)  # pyright: ignore[reportUnknownArgumentType]
        campaigns = document.get("campaigns")
        if isinstance(campaigns, list | tuple):
            _refuse_strays(campaigns)  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(declared, list | tuple):
            events.refuse_unknown(declared)  # pyright: ignore[reportUnknownArgumentType]
        _check(programme)
        given = givable(programme.rewards)
        check_referral(programme.referral, document=document.get("referral"), rewards=given)
        return replace(programme, version_id=version_id)


def _refuse_strays(campaigns: Sequence[Any]) -> None:
    """Refuse fields that the rules of campaigns do not have."""
    for place, one in enumerate(campaigns):
        earning.refuse_unknown(one.get("rules") or (), f"campaigns[{place}].rules")


def _policy(wanted: type[Any], document: Any) -> object:
    """Read how long points last, or how long they wait."""
    name, kinds = ("expiry", EXPIRIES) if wanted is Expiry else ("pending", PENDINGS)
    given: dict[str, object] = _read(name, document, dict[str, object])
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise BadPolicy(field=f"{name}.kind", value=kind, remedy=f"give one of {', '.join(kinds)}")
    fields = [*kinds[kind].__dataclass_fields__]
    for one in sorted(set(given).difference(fields)):
        raise BadPolicy(field=f"{name}.{one}", value=given[one], remedy=f"{kind} has {', '.join(fields)} alone")
    spans = {one: _read(f"{name}.{one}", value, Span) for one, value in given.items() if isinstance(value, Mapping)}
    return _read(name, given | spans, kinds[kind])


def _read(name: str, document: Any, wanted: type[Any]) -> Any:
    try:
        return msgspec.convert(document, wanted)
    except BadPolicy as error:
        raise BadPolicy(**{**error.details, "field": f"{name}.{error.details['field']}"}) from error
    except msgspec.ValidationError as error:
        raise BadPolicy(field=name, value=document, remedy=str(error)) from error


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
    events.check(programme.events)
    earning.check(programme.earning, programme.events, [one.code for one in programme.tier_sets])
    _check_rates(programme, must)
    for code, others in programme.other_terms.items():
        must(
            POINT_TYPE.fullmatch(code) and code != "points",
            "other_terms",
            code,
            "name kinds by a-z, 0-9 and _, points not among them",
        )
        must(
            not isinstance(others.expiry, Sliding),
            f"other_terms.{code}.expiry",
            "sliding",
            "only points live by activity",
        )
    check_sets(programme.tier_sets)
    check_budgets(programme.budgets)
    check_campaigns(
        programme.campaigns, programme.earning, programme.budgets, [one.code for one in programme.main.tiers],
        declared=programme.events, sets=[one.code for one in programme.tier_sets],
    )  # fmt: skip
    check_rewards(programme.rewards, tiers=[tier.code for one in programme.tier_sets for tier in one.tiers])
    for set_place, one in enumerate(programme.tier_sets):
        for place, tier in enumerate(one.tiers):
            code = tier.gift and tier.gift.reward
            where = f"tier_sets[{set_place}].tiers[{place}].gift.reward"
            must(
                code is None or code in givable(programme.rewards),
                where,
                code,
                "name a reward there is, but no cash off",
            )


def _check_rates(programme: Programme, must: Callable[[object, str, object, str], None]) -> None:
    known = {programme.currency}
    for place, rate in enumerate(programme.rates):
        code = rate.currency
        good = len(code) == 3 and code.isascii() and code.isupper() and code not in known
        must(good, f"rates[{place}].currency", code, "give every other currency once, by its ISO 4217 code")
        known.add(code)
        for name in ("to_minor", "per_minor"):
            must(1 <= getattr(rate, name) <= 10**6, f"rates[{place}].{name}", getattr(rate, name), "give 1 to 1000000")


def default(currency: str, time_zone: str) -> Programme:
    """The programme a new installation starts with: 1 point per 10 minor units, and three tiers by a year's spend."""
    return Programme(
        name="Regulars",
        currency=currency,
        time_zone=time_zone,
        earning=(proportional(1, 10),),
        expiry=Rolling(Span(24, "month"), end_of="month"),
        tier_sets=(
            TierSet(
                code="main",
                name_en="Tiers",
                name_zh="等级",
                tiers=(
                    Tier("bronze", "Bronze", "铜卡", 0),
                    Tier("silver", "Silver", "银卡", 100_000),
                    Tier("gold", "Gold", "金卡", 500_000),
                ),
            ),
        ),
    )


def share(whole: int, *, before: int, quantity: int, of: int) -> int:
    """The part of `whole` that belongs to `quantity` of `of` pieces when `before` have gone already.

    Rounded so that the parts of all pieces sum to the whole, in whatever steps they go.
    """
    return whole * (before + quantity) // of - whole * before // of


def terms(earned_at: datetime, programme: Programme, *, told_at: datetime) -> tuple[datetime | None, datetime | None]:
    """When points earned then can be spent, or their wait is over, and when they are gone; None: at once, and never."""
    own = programme.terms_of("points")
    return moments(earned_at, own, programme.time_zone, told_at=told_at)


def moments(
    earned_at: datetime, terms: Terms, zone: str, *, told_at: datetime
) -> tuple[datetime | None, datetime | None]:
    """When points earned then can be spent under some terms, or their wait is over, and when they are gone.

    What would be lost without an event waits its whole time from when we were told: the event may be told late as well.
    """
    if isinstance(terms.pending, AtEvent) and terms.pending.otherwise == "lapse":
        earned_at = max(earned_at, told_at)
    matures = matures_at(earned_at, terms.pending, zone)
    return matures, expires_at(matures or earned_at, terms.expiry, zone)


def read_expiry(document: Mapping[str, Any]) -> Expiry:
    """How long points last, of a document.

    Raises:
        BadPolicy: names the field.
    """
    return cast("Expiry", _policy(Expiry, document))


def read_pending(document: Mapping[str, Any]) -> Pending:
    """How long points wait, of a document.

    Raises:
        BadPolicy: names the field.
    """
    return cast("Pending", _policy(Pending, document))
