"""Tiers: where members stand and what would change it, tiers given by hand, benefits, and the sets in figures."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._paging import After, Int64, Limit, Page, from_cursor, page_of
from regulars.api._points import Reference
from regulars.api._routes import creating, reading
from regulars.api._shapes import Id, ImpossibleDate, Instant, find_member, sensible
from regulars.api._tiers import Benefit, Code, Tier, TierSet
from regulars.api._writing import Writer
from regulars.api.adjustments import Decision, Reason
from regulars.insight import BadCursor
from regulars.members import MemberNotFound
from regulars.programme import NoProgramme, TierSetNotFound, tiers
from regulars.programme.tiers import benefits, figures, grants
from regulars.programme.tiers.benefits import BenefitNotHeld, BenefitUsedUp, UseReused
from regulars.programme.tiers.grants import BadGrant, GrantDecided, GrantEnded, GrantNotFound, OwnGrant
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, random_id, to_public

TAG = "Tiers"
Content = TypeVar("Content")


class Words(Struct):
    """The same sentence in two languages."""

    en: str | None
    zh: str | None


class Grant(Struct):
    """A tier given: the member has at least that one while it holds."""

    id: Id
    member: Id
    set: Code
    tier: Code
    kind: Annotated[
        Literal["grant", "lock", "membership"],
        Meta(description="Given by hand; what they had, locked; or bought."),
    ]
    begins_at: datetime
    ends_at: Annotated[datetime | None, Meta(description="Null: for good.")]
    reason: str
    proposed_at: datetime
    proposed_by: str
    decision: Annotated[Literal["approved", "rejected"] | None, Meta(description="Null: it waits for a second person.")]
    decided_at: datetime | None
    decided_by: str | None
    decided_because: str | None
    ended_at: Annotated[datetime | None, Meta(description="When it was ended before its time.")]
    ended_by: str | None
    ended_because: str | None


class Standing(Struct):
    """Where a member stands in a set of tiers, and what would change it. Amounts are minor units of what the set counts."""

    set: Code
    tier: Tier
    since: Annotated[datetime | None, Meta(description="Null until the tier has been judged.")]
    qualifying_minor: Annotated[int, Meta(description="What counts towards it now.")]
    next_tier: Annotated[Tier | None, Meta(description="Null: this is the highest.")]
    missing_minor: Annotated[int, Meta(description="What is missing to the next.")]
    earned: Annotated[Code, Meta(description="The tier that was earned: another one is given.")]
    keep_minor: Annotated[int, Meta(description="What is missing to keep the tier that was earned.")]
    lost_at: Annotated[datetime | None, Meta(description="When it is lost if nothing happens; null: it is not.")]
    falls_to: Annotated[Code | None, Meta(description="To which, then.")]
    cycle_begins: datetime
    cycle_ends: Annotated[datetime | None, Meta(description="Null of a rolling window.")]
    zone: Annotated[str, Meta(description="The time zone of the cycle.")]
    grant: Annotated[Grant | None, Meta(description="What gives the tier, if it is more than was earned.")]
    following: Annotated[Words, Meta(description="What reaches the next tier.")]
    keeping: Annotated[Words, Meta(description="What keeps the tier.")]
    currency: Annotated[str | None, Meta(description="What amounts are in, where spend counts.")]


class NewGrant(Struct, forbid_unknown_fields=True):
    """A tier to give, or, without one, the tier they have to lock."""

    reason: Reason
    set: Code = "main"
    tier: Annotated[Code | None, Meta(description="Null: lock the one they have.")] = None
    begins_at: Annotated[Instant | None, Meta(description="Null: now.")] = None
    ends_at: Annotated[Instant | None, Meta(description="Null: for good.")] = None


class GrantSearch(Struct, forbid_unknown_fields=True):
    """Which tiers given."""

    waiting: Annotated[
        Literal["true", "false"], Meta(description="`true`: only those that wait for a second person.")
    ] = "false"
    limit: Limit = 50
    after: After | None = None


class Entitlement(Struct):
    """A benefit that a member has now."""

    set: Code
    tier: Code
    benefit: Benefit
    used: Annotated[int, Meta(description="How often in this cycle.")]
    left: Annotated[int | None, Meta(description="How often it still can be; null: as often as one likes.")]
    until: Annotated[datetime | None, Meta(description="When the cycle ends, and uses begin anew; null: it rolls.")]


class NewUse(Struct, forbid_unknown_fields=True):
    """A use of a benefit, as the caller names it."""

    reference: Reference


class Used(Struct):
    """A use of a benefit."""

    status: Annotated[Literal["used", "replayed"], Meta(description="`replayed`: it had been used before.")]
    benefit: Code
    reference: str
    used_at: datetime
    left: Annotated[int | None, Meta(description="How often it still can be; null: as often as one likes.")]


class SetFigures(Struct):
    """A set of tiers, and how many members have each."""

    set: TierSet
    members: Annotated[dict[str, int], Meta(description="By the tier's code.")]
    at_risk: Annotated[int, Meta(description="How many will lose a tier, as far as can be told.")]


class AtRisk(Struct):
    """A member who will lose a tier, if nothing happens."""

    member: Id
    tier: Code
    qualifying_minor: int
    until: Annotated[datetime, Meta(description="When it goes, its grace aside.")]
    in_grace: Annotated[bool, Meta(description="It is not kept any more, and its grace runs.")]


class AtRiskSearch(Struct, forbid_unknown_fields=True):
    """How many, and from where on."""

    limit: Limit = 50
    after: After | None = None


class Flow(Struct):
    """How many reached a tier in a month, and how many left it for a lower one."""

    month: date
    tier: Code
    reached: int
    left: int


class Period(Struct, forbid_unknown_fields=True):
    """From when to when."""

    since: Annotated[Instant | None, Meta(description="A year ago, unless given.")] = None
    until: Annotated[Instant | None, Meta(description="Now, unless given.")] = None


class Moment(Struct, forbid_unknown_fields=True):
    """As of when, as known when."""

    as_of: Annotated[
        Instant | None, Meta(description="As of this moment: orders up to then count. Now, unless given.")
    ] = None
    known_at: Annotated[
        Instant | None,
        Meta(description="As known at this moment: what was recorded by then counts. Now, unless given."),
    ] = None


def _standing(one: tiers.Progress, currency: str) -> Standing:
    english, chinese = (tiers.describe(one, Writer(currency, locale)) for locale in ("en_GB", "zh_CN"))
    return Standing(
        set=one.one.code,
        tier=_tier(one.tier),
        since=one.since,
        qualifying_minor=one.qualifying_minor,
        next_tier=_tier(one.next_tier) if one.next_tier else None,
        missing_minor=one.missing_minor,
        earned=one.earned.code,
        keep_minor=one.keep_minor,
        lost_at=one.lost_at,
        falls_to=one.falls_to and one.falls_to.code,
        cycle_begins=one.cycle_begins,
        cycle_ends=one.cycle_ends,
        zone=one.zone,
        grant=one.grant and _grant(one.grant),
        following=Words(english.following, chinese.following),
        keeping=Words(english.keeping, chinese.keeping),
        currency=currency if one.one.measure.by == "spend" else None,
    )


def _tier(one: programme.Tier) -> Tier:
    return msgspec.convert(msgspec.to_builtins(one), Tier)


def _grant(one: tiers.Grant) -> Grant:
    return Grant(
        to_public("tgr", one.grant_id), to_public("mem", one.member_id), one.set_code, one.tier, one.kind, one.begins_at,
        one.ends_at, one.reason, one.proposed_at, one.proposed_by, one.decision, one.decided_at, one.decided_by,
        one.decided_because, one.ended_at, one.ended_by, one.ended_because,
    )  # fmt: skip


def _entitlement(one: benefits.Entitlement) -> Entitlement:
    benefit = msgspec.convert(msgspec.to_builtins(one.benefit), Benefit)
    return Entitlement(one.one.code, one.progress.tier.code, benefit, one.used, one.left, one.progress.cycle_ends)


def _grant_id(named: str) -> int:
    try:
        return from_public("tgr", named, field="grant")
    except MalformedId as error:
        raise GrantNotFound(grant=named) from error


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _read(call: ApiCall, member: str, asked: Moment, shape: Callable[[list[Standing]], Content]) -> Response[Content]:
    at = call.app.clock()
    sensible("as_of", asked.as_of)
    sensible("known_at", asked.known_at)
    live = asked.as_of is None and asked.known_at is None

    def work(tx: Transaction) -> Content:
        currency = programme.current(tx, at=at).currency
        member_id = find_member(tx, member).member_id
        known = (
            programme.standings(tx, member_id, at=at)
            if live
            else programme.standings_as_of(tx, member_id, as_of=asked.as_of or at, known_at=asked.known_at or at)
        )
        return shape([_standing(one, currency) for one in known])

    return call.read(work) if live else call.read_past(work)


@reading("/members/{member:str}/tier", tag=TAG, refusals=[MemberNotFound, NoProgramme, ImpossibleDate])
def read_tier(call: Call, member: FromPath[str], asked: NamedDependency[Moment]) -> Response[Standing]:
    """Read a member's tier in the main set, and the way to the next; or what it should have been as of any moment.

    With `as_of` or `known_at` it is worked out from what was recorded by then, and `since` is null.
    """
    return _read(call, member, asked, lambda found: found[0])


@reading("/members/{member:str}/tiers", tag=TAG, refusals=[MemberNotFound, NoProgramme, ImpossibleDate])
def list_tiers(call: Call, member: FromPath[str], asked: NamedDependency[Moment]) -> Response[Page[Standing]]:
    """List a member's tiers in all sets, the main one first; or what they should have been as of any moment."""
    return _read(call, member, asked, lambda found: Page(found, None))


@reading("/members/{member:str}/benefits", tag=TAG, refusals=[MemberNotFound, NoProgramme])
def list_benefits(call: Call, member: FromPath[str]) -> Response[Page[Entitlement]]:
    """List what a member's tiers entitle to now: ask at checkout."""
    at = call.app.clock()

    def work(tx: Transaction) -> Page[Entitlement]:
        held = programme.entitlements(tx, find_member(tx, member).member_id, at=at)
        return Page([_entitlement(one) for one in held], None)

    return call.read(work)


@creating(
    "/members/{member:str}/benefits/{benefit:str}/uses",
    tag=TAG,
    permission=Permission.SPEND,
    statuses=[200],
    refusals=[MemberNotFound, NoProgramme, BenefitNotHeld, BenefitUsedUp, UseReused],
)
def use_benefit(call: Call, member: FromPath[str], benefit: FromPath[str], data: JSONBody[NewUse]) -> Response[Used]:
    """Use a benefit once, within its quota. The same reference again changes nothing and is answered with status 200."""

    def work(tx: Transaction, at: datetime) -> Used:
        member_id = find_member(tx, member).member_id
        held, use, new = programme.use_benefit(tx, member_id, benefit, reference=data.reference, at=at)
        return Used("used" if new else "replayed", use.benefit, use.reference, use.used_at, held.left if held else 0)

    return call.write(work, status=lambda done: 201 if done.status == "used" else 200)


@creating(
    "/members/{member:str}/tier-grants",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[MemberNotFound, NoProgramme, TierSetNotFound, BadGrant, ImpossibleDate],
)
def grant_tier(call: Call, member: FromPath[str], data: JSONBody[NewGrant]) -> Response[Grant]:
    """Give a member a tier by hand, or lock the one they have: they have at least that until it ends.

    Where the set asks for it (`approval`), another key or operator decides first.
    """
    sensible("begins_at", data.begins_at)
    sensible("ends_at", data.ends_at)

    def work(tx: Transaction, at: datetime) -> Grant:
        done = programme.grant_tier(
            tx,
            find_member(tx, member).member_id,
            data.set,
            data.tier,
            reason=data.reason,
            by=_by(call),
            at=at,
            grant_id=random_id(),
            begins_at=data.begins_at,
            ends_at=data.ends_at,
        )
        return _grant(done)

    return call.write(work)


@reading("/members/{member:str}/tier-grants", tag=TAG, refusals=[MemberNotFound])
def list_member_grants(call: Call, member: FromPath[str]) -> Response[Page[Grant]]:
    """List the tiers that were ever given to a member, in order."""

    def work(tx: Transaction) -> Page[Grant]:
        found = grants.given(tx, [find_member(tx, member).member_id])
        return Page([_grant(one) for one in found], None)

    return call.read(work)


@reading("/tier-grants", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor])
def list_grants(call: Call, asked: NamedDependency[GrantSearch]) -> Response[Page[Grant]]:
    """List the tiers given to anybody, or that wait for a decision, the latest first."""
    place = from_cursor(asked.after, tuple[datetime, Int64])

    def work(tx: Transaction) -> Page[Grant]:
        known = grants.listed(tx, waiting=asked.waiting == "true", before=place, limit=asked.limit + 1)
        return page_of(known, asked.limit, _grant, lambda last: (last.proposed_at, last.grant_id))

    return call.read(work)


@creating(
    "/tier-grants/{grant:str}/approval",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[GrantNotFound, GrantDecided, OwnGrant, NoProgramme],
)
def approve_grant(call: Call, grant: FromPath[str], data: JSONBody[Decision | None] = None) -> Response[Grant]:
    """Approve a tier that somebody else asked for; it is had at once, or from when it begins."""
    because = data.because if data else None
    return call.write(
        lambda tx, at: _grant(programme.approve_grant(tx, _grant_id(grant), by=_by(call), because=because, at=at))
    )


@creating(
    "/tier-grants/{grant:str}/rejection", tag=TAG, permission=Permission.GIVE, refusals=[GrantNotFound, GrantDecided]
)
def reject_grant(call: Call, grant: FromPath[str], data: JSONBody[Decision | None] = None) -> Response[Grant]:
    """Reject a tier that somebody asked for, or withdraw one's own."""
    because = data.because if data else None
    return call.write(lambda tx, at: _grant(grants.reject(tx, _grant_id(grant), by=_by(call), because=because, at=at)))


@creating(
    "/tier-grants/{grant:str}/ending",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[GrantNotFound, GrantEnded, NoProgramme],
)
def end_grant(call: Call, grant: FromPath[str], data: JSONBody[Decision | None] = None) -> Response[Grant]:
    """End a tier given, or a lock, before its time."""
    because = data.because if data else None
    return call.write(
        lambda tx, at: _grant(programme.end_grant(tx, _grant_id(grant), by=_by(call), because=because, at=at))
    )


@reading("/tier-sets", tag=TAG, refusals=[NoProgramme])
def list_tier_sets(call: Call) -> Response[Page[SetFigures]]:
    """List the sets of tiers, how many members have each tier, and how many are about to lose theirs."""
    at = call.app.clock()

    def work(tx: Transaction) -> Page[SetFigures]:
        return Page([_figures(tx, one) for one in programme.current(tx, at=at).tier_sets], None)

    return call.read(work)


def _figures(tx: Transaction, one: programme.TierSet) -> SetFigures:
    shown = msgspec.convert(msgspec.to_builtins(one), TierSet)
    return SetFigures(shown, figures.distribution(tx, one.code), figures.count_at_risk(tx, one.code))


@reading("/tier-sets/{tier_set:str}/at-risk", tag=TAG, refusals=[NoProgramme, TierSetNotFound, BadCursor])
def list_at_risk(call: Call, tier_set: FromPath[str], asked: NamedDependency[AtRiskSearch]) -> Response[Page[AtRisk]]:
    """List who will lose a tier of a set if nothing happens: whom `tier.at_risk` told of, and whose grace runs."""
    at = call.app.clock()
    place = from_cursor(asked.after, tuple[datetime, Int64])

    def work(tx: Transaction) -> Page[AtRisk]:
        one = programme.tier_set(tx, tier_set, at=at)
        known = figures.at_risk(tx, one.code, after=place, limit=asked.limit + 1)
        return page_of(known, asked.limit, _at_risk, lambda last: (last.until, last.member_id))

    return call.read(work)


def _at_risk(one: figures.AtRisk) -> AtRisk:
    return AtRisk(to_public("mem", one.member_id), one.tier, one.qualifying_minor, one.until, one.dropping)


@reading("/tier-sets/{tier_set:str}/flows", tag=TAG, refusals=[NoProgramme, TierSetNotFound, ImpossibleDate])
def list_tier_flows(call: Call, tier_set: FromPath[str], asked: NamedDependency[Period]) -> Response[Page[Flow]]:
    """List how many reached each tier of a set, and how many left it, by month in the programme's time zone."""
    at = call.app.clock()
    sensible("since", asked.since)
    sensible("until", asked.until)

    def work(tx: Transaction) -> Page[Flow]:
        one = programme.tier_set(tx, tier_set, at=at)
        until = asked.until or at
        since = asked.since or until.replace(year=until.year - 1, day=min(until.day, 28))
        zone = programme.current(tx, at=at).time_zone
        return Page(_flows(figures.flows(tx, one.code, since=since, until=until, zone=zone)), None)

    return call.read(work)


def _flows(found: Sequence[figures.Flow]) -> list[Flow]:
    return [Flow(one.month, one.tier, one.reached, one.left) for one in found]


HANDLERS = (
    read_tier,
    list_tiers,
    list_benefits,
    use_benefit,
    grant_tier,
    list_member_grants,
    list_grants,
    approve_grant,
    reject_grant,
    end_grant,
    list_tier_sets,
    list_at_risk,
    list_tier_flows,
)
