"""The programme: what it says, its versions, and where members stand in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Page
from regulars.api._referrals import Referral
from regulars.api._routes import creating, reading
from regulars.api._shapes import Currency, ImpossibleDate, Instant, Name, Text, find_member, sensible
from regulars.api._terms import Expiry, Pending
from regulars.members import MemberNotFound
from regulars.programme import BadProgramme, NoProgramme
from regulars.storage import Transaction
from regulars.types import to_public

TAG = "Programme"


class Earning(Struct, forbid_unknown_fields=True):
    """`points` for every full `per_minor` of each line of goods."""

    points: Annotated[int, Meta(ge=0, le=10**6, examples=[1])]
    per_minor: Annotated[int, Meta(ge=1, le=10**9, description="Minor units of the currency.", examples=[10])]


class Tier(Struct, forbid_unknown_fields=True):
    """A tier, and the net spend on goods within the window from which it is had."""

    code: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$", examples=["silver"])]
    name_en: Annotated[Text, Meta(examples=["Silver"])]
    name_zh: Annotated[Text, Meta(examples=["银卡"])]
    from_minor: Annotated[int, Meta(ge=0, le=10**15, examples=[100_000])]


class NewProgramme(Struct, forbid_unknown_fields=True):
    """What a programme says."""

    name: Annotated[Text, Meta(examples=["Regulars"])]
    currency: Currency
    time_zone: Annotated[
        Text, Meta(description="An IANA name: whose months points expire with.", examples=["Europe/London"])
    ]
    earning: Earning
    expiry: Annotated[
        Expiry | None,
        Meta(
            description="How long points last, counted from when they can be spent, or their wait is over; null: for ever."
        ),
    ]
    tiers: Annotated[
        list[Tier], Meta(min_length=1, max_length=20, description="From the lowest, which begins at 0, to the highest.")
    ]
    pending: Annotated[
        Pending | None, Meta(description="How long points wait before they can be spent; null: not at all.")
    ] = None
    window_months: Annotated[int, Meta(ge=1, le=120, description="How far back spend counts towards a tier.")] = 12
    referral: Annotated[
        Referral | None, Meta(description="How members are rewarded for bringing friends; null: not at all.")
    ] = None


class NewVersion(NewProgramme, forbid_unknown_fields=True, kw_only=True):
    """What a programme says, and from when on."""

    effective_at: Annotated[
        Instant | None, Meta(description="It holds from then on, which is not in the past; null: at once.")
    ] = None


class Programme(NewProgramme, kw_only=True):
    """A version of the programme."""

    version: Annotated[int, Meta(description="Counted from 1.")]


class Version(Struct):
    """A version of the programme, and who published it when."""

    version: int
    published_at: datetime
    published_by: Name
    effective_at: Annotated[datetime, Meta(description="It holds from then on, until a later one does.")]
    programme: NewProgramme


class Standing(Struct):
    """Where a member stands."""

    tier: Tier
    since: Annotated[datetime | None, Meta(description="Null until the tier has been judged.")]
    qualifying_minor: Annotated[int, Meta(description="What counts towards it now.")]
    next_tier: Annotated[Tier | None, Meta(description="Null: this is the highest.")]
    missing_minor: Annotated[int, Meta(description="What is missing to the next.")]
    currency: str


def _programme(one: programme.Programme) -> Programme:
    return msgspec.convert({**one.as_document(), "version": one.version_id}, Programme)


def _tier(one: programme.Tier) -> Tier:
    return Tier(one.code, one.name_en, one.name_zh, one.from_minor)


def _versions(known: Sequence[programme.Version]) -> Page[Version]:
    items = [
        Version(
            one.version_id,
            one.published_at,
            one.published_by,
            one.effective_at,
            msgspec.convert(one.document, NewProgramme),
        )
        for one in known
    ]
    return Page(items, None)


@reading("/programme", tag=TAG, refusals=[NoProgramme])
def read_programme(call: Call) -> Response[Programme]:
    """Read the programme that holds."""
    at = call.app.clock()
    return call.read(lambda tx: _programme(programme.current(tx, at=at)))


@reading("/programme/versions", tag=TAG)
def list_programme_versions(call: Call) -> Response[Page[Version]]:
    """List the versions published, the latest first."""
    return call.read(lambda tx: _versions(programme.versions(tx)))


@creating("/programme/versions", tag=TAG, permission=Permission.CONFIGURE, refusals=[BadProgramme, ImpossibleDate])
def publish_programme(call: Call, data: JSONBody[NewVersion]) -> Response[Programme]:
    """Publish a version of the programme, which holds from now on, or from a later moment.

    What was earned before keeps its terms, and an order earns under the version that held when it was paid; every member's
    tier is judged anew when the version begins.
    """
    sensible("effective_at", data.effective_at)
    document = msgspec.to_builtins(data)
    del document["effective_at"]
    new = programme.Programme.from_document(document)

    def work(tx: Transaction, at: datetime) -> Programme:
        by = to_public("key", call.key.key_id)
        return _programme(programme.publish(tx, new, at=at, by=by, effective_at=data.effective_at))

    return call.write(work)


class Moment(Struct, forbid_unknown_fields=True):
    """As of when, as known when."""

    as_of: Annotated[
        Instant | None, Meta(description="As of this moment: orders up to then count. Now, unless given.")
    ] = None
    known_at: Annotated[
        Instant | None,
        Meta(description="As known at this moment: what was recorded by then counts. Now, unless given."),
    ] = None


@reading("/members/{member:str}/tier", tag=TAG, refusals=[MemberNotFound, NoProgramme, ImpossibleDate])
def read_tier(call: Call, member: FromPath[str], asked: NamedDependency[Moment]) -> Response[Standing]:
    """Read a member's tier, and the way to the next; or what it should have been as of any moment, as known at any moment.

    With `as_of` or `known_at` it is worked out from what was recorded by then, and `since` is null.
    """
    at = call.app.clock()
    sensible("as_of", asked.as_of)
    sensible("known_at", asked.known_at)
    live = asked.as_of is None and asked.known_at is None

    def work(tx: Transaction) -> Standing:
        currency = programme.current(tx, at=at).currency
        member_id = find_member(tx, member).member_id
        known = (
            programme.standing(tx, member_id, at=at)
            if live
            else programme.standing_as_of(tx, member_id, as_of=asked.as_of or at, known_at=asked.known_at or at)
        )
        following = _tier(known.next_tier) if known.next_tier else None
        return Standing(
            _tier(known.tier), known.since, known.qualifying_minor, following, known.missing_minor, currency
        )

    return call.read(work) if live else call.read_past(work)


HANDLERS = (read_programme, list_programme_versions, publish_programme, read_tier)
