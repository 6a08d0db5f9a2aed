"""The programme: what it says, and its versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta, Struct

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._campaigns import Budget, Campaign
from regulars.api._earning import Rate, Rule
from regulars.api._events import EventType
from regulars.api._paging import Page
from regulars.api._referrals import Referral
from regulars.api._rewards import Reward
from regulars.api._routes import creating, reading
from regulars.api._shapes import Currency, ImpossibleDate, Instant, Name, Text, sensible
from regulars.api._terms import Expiry, Pending, Terms
from regulars.api._tiers import TierSet
from regulars.programme import BadProgramme, NoProgramme, drafts
from regulars.programme.drafts import FlawedDraft, OwnDraft
from regulars.storage import Transaction
from regulars.types import to_public

TAG = "Programme"


class NewProgramme(Struct, forbid_unknown_fields=True):
    """What a programme says."""

    name: Annotated[Text, Meta(examples=["Regulars"])]
    currency: Currency
    time_zone: Annotated[
        Text, Meta(description="An IANA name: whose months points expire with.", examples=["Europe/London"])
    ]
    earning: Annotated[
        list[Rule], Meta(max_length=200, description="What earns, in the order in which it is looked at.")
    ]
    expiry: Annotated[
        Expiry | None,
        Meta(
            description="How long points last, counted from when they can be spent, or their wait is over; null: for ever."
        ),
    ]
    tier_sets: Annotated[
        list[TierSet], Meta(min_length=1, max_length=10, description="Sets of tiers; the first is the main one.")
    ]
    pending: Annotated[
        Pending | None, Meta(description="How long points wait before they can be spent; null: not at all.")
    ] = None
    other_terms: Annotated[
        dict[Annotated[str, Meta(max_length=32, pattern="^[a-z][a-z0-9_]{0,31}$")], Terms],
        Meta(
            max_length=100,
            description="How long points of other kinds last and wait, by their `point_type`; those that are not named last for "
            "ever and do not wait.",
        ),
    ] = {}
    rates: Annotated[
        list[Rate],
        Meta(max_length=200, description="What orders in other currencies are worth; those in any other earn nothing."),
    ] = []
    rewards: Annotated[
        list[Reward], Meta(max_length=500, description="What members can have for their points, in the order shown.")
    ] = []
    referral: Annotated[
        Referral | None, Meta(description="How members are rewarded for bringing friends; null: not at all.")
    ] = None
    budgets: Annotated[
        list[Budget], Meta(max_length=200, description="What rules and campaigns may give altogether, by period.")
    ] = []
    campaigns: Annotated[
        list[Campaign], Meta(max_length=100, description="Rules that hold for some time, for some members.")
    ] = []
    events: Annotated[
        list[EventType], Meta(max_length=100, description="What members can do beside buying that rules may reward.")
    ] = []


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


def _programme(one: programme.Programme) -> Programme:
    return msgspec.convert({**one.as_document(), "version": one.version_id}, Programme)


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


@creating(
    "/programme/versions",
    tag=TAG,
    permission=Permission.APPROVE,
    refusals=[BadProgramme, ImpossibleDate, OwnDraft, FlawedDraft],
)
def publish_programme(call: Call, data: JSONBody[NewVersion]) -> Response[Programme]:
    """Publish a version of the programme at once, where one person may: it holds from now on, or from a later moment.

    With `REGULARS_APPROVE_ALONE=yes` this drafts, approves and publishes. Without it this is refused: make a draft, and let
    somebody else approve it.

    What was earned before keeps its terms, and an order earns under the version that held when it was paid; every member's
    tier is judged anew when the version begins.
    """
    sensible("effective_at", data.effective_at)
    document = msgspec.to_builtins(data)
    del document["effective_at"]
    new = programme.Programme.from_document(document)

    def work(tx: Transaction, at: datetime) -> Programme:
        by = to_public("key", call.key.key_id)
        done = drafts.publish_alone(
            tx, new, by=by, at=at, alone=call.app.settings.approve_alone, effective_at=data.effective_at
        )
        return _programme(done)

    return call.write(work)


HANDLERS = (read_programme, list_programme_versions, publish_programme)
