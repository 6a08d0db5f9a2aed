"""What the programme says about referrals, and the arithmetic of it. Pure."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from regulars import ledger
from regulars.ledger import Expiry
from regulars.programme._refusals import BadProgramme
from regulars.programme.referrals.graph import Kind
from regulars.storage import Transaction

When = Literal["joined", "first_order", "every_order"]
Complete = Literal["paid", "delivered"]
Touches = Literal["first_touch", "last_touch"]
Returns = Literal["whole", "in_proportion", "keep"]
Shortfall = Literal["owed", "forgiven"]
Per = Literal["day", "week", "month", "year"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MOST: Final = 10**12
FORGIVEN: Final = "a referral was taken back, and what had been spent is not owed"
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Thanks:
    """What one side gets: points of a type, or a reward by its code."""

    points: int = 0
    """How many points."""

    point_type: str = "points"
    """Of which kind."""

    reward: str | None = None
    """A reward's code; None: none."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """What an advocate gets besides, when so many friends have been rewarded."""

    friends: int
    """So many."""

    gives: Thanks
    """What that brings."""


@dataclass(frozen=True, slots=True)
class Referral:
    """How members are rewarded for bringing friends."""

    advocate: Thanks | None = None
    """What who brings a friend gets; None: nothing."""

    friend: Thanks | None = None
    """What the friend gets, once; None: nothing."""

    when: When = "first_order"
    """What is rewarded: joining, the friend's first order that is complete, or every one. The friend is rewarded once."""

    complete: Complete = "paid"
    """When an order is complete: paid, or delivered, all of it."""

    milestones: tuple[Milestone, ...] = ()
    """What so many friends bring besides."""

    least_minor: int = 0
    """What the goods of a friend's order cost at least."""

    return_days: int = 30
    """How long what is given waits, lest goods come back."""

    most: int | None = None
    """How many rewards an advocate gets for friends in a period; None: any number."""

    per: Per = "month"
    """That period, in the programme's time zone."""

    attribution_days: int = 30
    """How long before joining a touch counts."""

    between: Touches = "last_touch"
    """Which touch decides between two advocates."""

    typed_code_wins: bool = True
    """Whether a typed code goes before links opened and apps installed."""

    code_after_join_days: int = 0
    """How long after joining a code may still be typed; 0: not at all."""

    self_referral: tuple[Kind, ...] = ("email", "payment")
    """Who has one of these in common with the advocate is the advocate: refused."""

    hold_from: int = 50
    """From which score a reward waits for a person."""

    refuse_from: int = 100
    """From which score it is not given."""

    review_days: int = 60
    """How long after the return window a reward waits for a person; then it is lost."""

    advocate_returns: Returns = "in_proportion"
    """What is taken back of the advocate when goods come back: in proportion; all, as soon as something does; nothing."""

    friend_returns: Returns = "in_proportion"
    """What is taken back of the friend then."""

    advocate_shortfall: Shortfall = "owed"
    """What becomes of points that are taken back of the advocate and were spent."""

    friend_shortfall: Shortfall = "owed"
    """What becomes of the friend's."""

    disposable_domains: tuple[str, ...] = ()
    """Domains of throw-away mail, besides those that are known."""

    link: str | None = None
    """The address that brings a friend, with `{code}` in it."""

    def returns(self, side: str) -> Returns:
        """What a side gives back of an order's goods that come back."""
        return self.friend_returns if side == "friend" else self.advocate_returns

    def shortfall(self, side: str) -> str | None:
        """Why a side does not owe what it has spent; None: it does."""
        policy = self.friend_shortfall if side == "friend" else self.advocate_shortfall
        return FORGIVEN if policy == "forgiven" else None

    def link_of(self, code: str) -> str | None:
        """Where a code's link leads."""
        return self.link.replace("{code}", code) if self.link else None


@dataclass(frozen=True, slots=True)
class Terms:
    """A version's referrals, and what else of the version they need."""

    version_id: int
    referral: Referral | None
    currency: str
    time_zone: str
    expiry: Expiry | None

    def expires_at(self, begins: datetime) -> datetime | None:
        """When points are gone that can be spent from then on."""
        return ledger.expires_at(begins, self.expiry, self.time_zone)


TermsOf = Callable[[Transaction, Collection[int]], Mapping[int, Terms]]
"""Reads versions by their number."""


def check_referral(referral: Referral | None, *, document: object = None, rewards: Collection[str] = ()) -> None:
    """Let pass what can be kept. `rewards` are the codes of the programme's rewards, `document` is what it was read from.

    Raises:
        BadProgramme: names the field and what would do.
    """
    if referral is None:
        return
    _check_fields("", document, msgspec.to_builtins(referral))
    _check_gifts(referral, rewards)
    bounds = {
        "least_minor": (0, MOST), "return_days": (0, 730), "attribution_days": (1, 730), "code_after_join_days": (0, 365),
        "review_days": (1, 730), "hold_from": (1, 101), "refuse_from": (1, 101),
    }  # fmt: skip
    for field, (low, high) in bounds.items():
        value = getattr(referral, field)
        _must(low <= value <= high, field, value, f"give {low} to {high}")
    _must(referral.most is None or 1 <= referral.most <= 10**6, "most", referral.most, "give 1 or more, or nothing")
    _must(referral.hold_from <= referral.refuse_from, "refuse_from", referral.refuse_from, "give hold_from or more")
    for domain in referral.disposable_domains:
        _must(
            _DOMAIN.fullmatch(domain), "disposable_domains", domain, "give domains such as mail.example, in lower case"
        )
    _must(len(referral.disposable_domains) <= 10_000, "disposable_domains", "too many", "give at most 10000")
    link = referral.link
    fits = link is None or (
        "{code}" in link and link.startswith("https://") and link.isprintable() and len(link) <= 500
    )
    _must(fits, "link", link, "give an https:// address with {code} in it, of at most 500 characters")


def _check_fields(where: str, given: Any, kept: Any) -> None:
    """Refuse what was given and is not kept: a misspelt field would be lost without a word."""
    if isinstance(given, Mapping) and isinstance(kept, Mapping):
        fields: dict[str, Any] = dict(given)  # pyright: ignore[reportUnknownArgumentType]
        for name, value in fields.items():
            _must(name in kept, f"{where}{name}", value, "there is no such field")
            _check_fields(f"{where}{name}.", value, kept[name])
    elif isinstance(given, list | tuple) and isinstance(kept, list | tuple):
        pairs: list[tuple[Any, Any]] = list(zip(given, kept, strict=False))  # pyright: ignore[reportUnknownArgumentType]
        for place, (one, other) in enumerate(pairs):
            _check_fields(f"{where}{place}.", one, other)


def _must(condition: object, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise BadProgramme(field=f"referral.{field}", value=value, remedy=remedy)


def _check_gifts(referral: Referral, rewards: Collection[str]) -> None:
    given = [("advocate", referral.advocate), ("friend", referral.friend)]
    given += [(f"milestones.{place}.gives", one.gives) for place, one in enumerate(referral.milestones)]
    _must(
        any(one for _, one in given),
        "advocate",
        None,
        "give something to the advocate, to the friend or at a milestone",
    )
    for field, one in given:
        if one is not None:
            _check_gift(field, one, rewards)
    friends = [one.friends for one in referral.milestones]
    _must(len(friends) <= 50, "milestones", len(friends), "list at most 50")
    _must(friends == sorted(set(friends)), "milestones", friends, "list them from few friends to many, each once")
    _must(all(1 <= one <= 10**6 for one in friends), "milestones", friends, "give 1 to 1000000 friends")


def _check_gift(field: str, one: Thanks, rewards: Collection[str]) -> None:
    _must(0 <= one.points <= MOST, f"{field}.points", one.points, f"give 0 to {MOST}")
    _must(_CODE.fullmatch(one.point_type), f"{field}.point_type", one.point_type, "name a point type")
    _must((one.points > 0) != (one.reward is not None), field, one.points, "give points, or the code of a reward")
    _must(one.reward is None or one.reward in rewards, f"{field}.reward", one.reward, "name a reward of the programme")


def period_begins(per: Per, at: datetime, zone: str) -> datetime:
    """When the day, week, month or year began that `at` is in."""
    day = at.astimezone(ZoneInfo(zone)).date()
    first: Mapping[Per, date] = {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }
    return ledger.day_begins(first[per], zone)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A touch that may have brought a friend, and what is known about it."""

    touch_id: int
    code: str
    advocate_id: int
    kind: str
    by: str
    """What ties it to the friend: member, device or email."""

    touched_at: datetime
    joined_at: datetime
    revoked_at: datetime | None
    bought_at: datetime | None
    """When the friend first bought something, under whichever of the friend's names."""

    bought_as_other: bool
    """Whether that was as a guest or another member with the same e-mail address or card."""

    common: tuple[str, ...]
    """What advocate and friend have in common."""


def verdict(touch: Weighed, friend_id: int, terms: Referral) -> str:
    """Whether a touch counts: `counts`, or why not."""
    late = touch.touched_at - touch.joined_at
    latest = timedelta(days=terms.code_after_join_days if touch.kind == "code_typed" else 0)
    refusals = {
        "own_code": touch.advocate_id == friend_id,
        "code_revoked": touch.revoked_at is not None and touch.revoked_at <= touch.touched_at,
        "joined_before": late > latest,
        "too_long_ago": -late > timedelta(days=terms.attribution_days),
        "known_customer": _bought_before(touch) and touch.bought_as_other,
        "customer_already": _bought_before(touch),
        "self_referral": bool(set(touch.common) & set(terms.self_referral)),
    }
    return next((why for why, holds in refusals.items() if holds), "counts")


def _bought_before(touch: Weighed) -> bool:
    return touch.bought_at is not None and touch.bought_at < touch.touched_at


def decisive(touches: Sequence[Weighed], friend_id: int, terms: Referral) -> tuple[Weighed, str]:
    """The touch that decides, and its verdict: of those that count, else of all, so that a refusal can be explained."""

    def rank(touch: Weighed) -> tuple[object, ...]:
        typed = touch.kind == "code_typed" and terms.typed_code_wins
        age = touch.touched_at.timestamp()
        return (typed, -age if terms.between == "first_touch" else age, -touch.touch_id)

    judged = [(touch, verdict(touch, friend_id, terms)) for touch in touches]
    counting = [one for one in judged if one[1] == "counts"]
    return max(counting or judged, key=lambda one: rank(one[0]))


def taken_by_returns(points: int, policy: Returns, *, returned_minor: int, of_minor: int, least_minor: int) -> int:
    """How much of what an order gave goes back in all, once so much of its goods has come back.

    In proportion, rounded down; all of it when what is left would not have been enough for a reward.
    """
    if policy == "keep" or returned_minor <= 0:
        return 0
    left = of_minor - returned_minor
    if policy == "whole" or left <= 0 or left < least_minor:
        return points
    return points * returned_minor // of_minor
