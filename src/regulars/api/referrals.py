"""Referrals: members' codes and links, touches, signals, who brought whom, and what people decide about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import commerce, programme
from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._referral_answers import (
    Advocate,
    Code,
    Funnel,
    Progress,
    Referral,
    Story,
    Touch,
    code_of,
    referral_of,
    story_of,
    touch_of,
)
from regulars.api._referrals import Kind
from regulars.api._routes import creating, reading
from regulars.api._shapes import (
    ImpossibleDate,
    Instant,
    MemberRef,
    Name,
    Text,
    find_member,
    member_id_of,
    sensible,
)
from regulars.api.adjustments import Reason
from regulars.api.orders import find_order_id
from regulars.commerce import OrderNotFound, ShopNotFound
from regulars.errors import Conflict, Invalid
from regulars.insight import BadCursor
from regulars.members import MemberNotFound
from regulars.programme import NoProgramme, referrals
from regulars.programme.referrals import CodeNotFound, NoCode, NotReviewable, ReferralNotFound, graph, stories
from regulars.programme.referrals.graph import BadSignal, Signal
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG = "Referrals"
MOST = 1000
Seen = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class NoIdentitySecret(Conflict):
    """Nothing can be hashed here: set REGULARS_IDENTITY_SECRET, or leave the signals out."""


class WhoseSignals(Invalid):
    """{field} is {value}: {remedy}."""


class CodeRevocation(Struct, forbid_unknown_fields=True):
    """Why a code ends."""

    because: Reason


class Because(Struct, forbid_unknown_fields=True):
    """Why somebody decides so."""

    because: Annotated[Reason, Meta(examples=["Known in person"])]


class NewTouch(Struct, forbid_unknown_fields=True):
    """A link opened, a code typed, an app installed. What it was seen with is kept as a keyed hash alone."""

    code: Annotated[
        Text, Meta(description="As it was typed: case, spaces and hyphens do not matter.", examples=["7KQ2M9XA"])
    ]
    kind: Literal["link_opened", "code_typed", "app_installed"]
    touched_at: Annotated[Instant | None, Meta(description="Null: now.")] = None
    source: Annotated[Name | None, Meta(description="Where the link stood, say.", examples=["newsletter"])] = None
    member: Annotated[MemberRef | None, Meta(description="The friend, if a member already.")] = None
    device: Annotated[Seen | None, Meta(description="The device's fingerprint, or a cookie of the shop.")] = None
    email: Annotated[Seen | None, Meta(description="What the friend gave there.")] = None
    ip: Annotated[
        Seen | None, Meta(description="Where it came from; its network is kept, hashed.", examples=["203.0.113.7"])
    ] = None


class Seeing(Struct, forbid_unknown_fields=True):
    """What a member, or the guest of an order, was seen with. It is kept as keyed hashes alone."""

    member: MemberRef | None = None
    order: Annotated[
        Text | None, Meta(description="Instead: an order, our id or `shop:number`, and with it its member or guest.")
    ] = None
    seen_at: Annotated[Instant | None, Meta(description="Null: now.")] = None
    device: Seen | None = None
    payment: Annotated[Seen | None, Meta(description="The card's or account's fingerprint, never its number.")] = None
    address: Annotated[Seen | None, Meta(description="Where goods go.")] = None
    email: Seen | None = None
    phone: Seen | None = None
    ip: Seen | None = None


class Seeings(Struct, forbid_unknown_fields=True):
    """What up to 1,000 were seen with."""

    seen: Annotated[list[Seeing], Meta(min_length=1, max_length=MOST)]


class Noted(Struct):
    """How many signals were kept."""

    signals: int
    held: Annotated[int, Meta(description="How many referrals wait for a person since then.")]


class Asked(Paging, forbid_unknown_fields=True, kw_only=True):
    """Which referrals."""

    state: Annotated[
        Literal["joined", "held", "rewarded", "refused"] | None, Meta(description="Only those; `held`: the queue.")
    ] = None
    advocate: Annotated[MemberRef | None, Meta(description="Only those of this member.")] = None


class Span(Struct, forbid_unknown_fields=True):
    """From when to when."""

    since: Annotated[Instant | None, Meta(description="From then on.")] = None
    until: Annotated[Instant | None, Meta(description="Before then.")] = None


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _id_of(referral: str) -> int:
    try:
        return from_public("rfl", referral, field="referral")
    except MalformedId as error:
        raise ReferralNotFound(referral=referral) from error


def _terms(tx: Transaction, at: datetime) -> referrals.Terms | None:
    try:
        return programme.referral_terms(tx, at=at)
    except NoProgramme:
        return None


@reading("/members/{member:str}/referral", tag=TAG, refusals=[MemberNotFound])
def read_referral_progress(call: Call, member: FromPath[str]) -> Response[Progress]:
    """Read a member's code and link, and what became of the friends."""
    at = call.app.clock()

    def work(tx: Transaction) -> Progress:
        terms = _terms(tx, at)
        found = referrals.progress(tx, find_member(tx, member).member_id, terms)
        return Progress(
            code_of(found.code, terms) if found.code else None,
            found.touches, found.joined, found.rewarded, found.held, found.points, found.next_milestone,
        )  # fmt: skip

    return call.read(work)


@creating("/members/{member:str}/referral/code", tag=TAG, permission=Permission.RECORD, refusals=[MemberNotFound])
def issue_referral_code(call: Call, member: FromPath[str]) -> Response[Code]:
    """Give a member a code and link; who has one keeps it."""
    return call.write(
        lambda tx, at: code_of(referrals.issue(tx, find_member(tx, member).member_id, at=at), _terms(tx, at))
    )


@creating(
    "/members/{member:str}/referral/revocation",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[MemberNotFound, NoCode],
)
def revoke_referral_code(call: Call, member: FromPath[str], data: JSONBody[CodeRevocation]) -> Response[Code]:
    """End a member's code. Touches of before still count, later ones do not; a new code may be issued."""

    def work(tx: Transaction, at: datetime) -> Code:
        member_id = find_member(tx, member).member_id
        return code_of(referrals.revoke(tx, member_id, by=_by(call), because=data.because, at=at), _terms(tx, at))

    return call.write(work)


def _hashed(call: ApiCall, seen: Mapping[Kind, str | None]) -> dict[Kind, bytes]:
    """The keyed hashes of what was seen.

    Raises:
        NoIdentitySecret: there is nothing to hash with.
        BadSignal: something is none of its kind.
    """
    given: dict[Kind, str] = {kind: text for kind, text in seen.items() if text is not None}
    key = call.app.settings.identity_key
    if given and key is None:
        raise NoIdentitySecret
    return {kind: graph.keyed(key or b"", kind, text) for kind, text in given.items()}


@creating(
    "/referrals/touches",
    tag=TAG,
    permission=Permission.RECORD,
    refusals=[CodeNotFound, MemberNotFound, NoIdentitySecret, BadSignal, ImpossibleDate],
)
def record_touch(call: Call, data: JSONBody[NewTouch]) -> Response[Touch]:
    """Record that somebody came by a member's link or code.

    The same again changes nothing. If the friend is a member already, it is weighed at once who brought them; otherwise when
    a member joins who is seen with the same device or mailbox.
    """
    sensible("touched_at", data.touched_at)
    hashes = _hashed(call, {"device": data.device, "email": data.email, "network": data.ip})

    def work(tx: Transaction, at: datetime) -> Touch:
        friend_id = member_id_of(tx, data.member)
        new = referrals.NewTouch(
            data.code, data.kind, data.touched_at or at, data.source, friend_id,
            hashes.get("device"), hashes.get("email"), hashes.get("network"),
        )  # fmt: skip
        [one] = referrals.touch(tx, [new], at=at)
        if friend_id is not None:
            _weigh(call, tx, [friend_id], at)
        return touch_of(one)

    return call.write(work)


def _weigh(call: ApiCall, tx: Transaction, member_ids: list[int], at: datetime) -> None:
    if _terms(tx, at) is not None:
        programme.refer(tx, member_ids, key=call.app.settings.identity_key, at=at, note=member_ids)


@creating(
    "/referrals/signals",
    tag=TAG,
    permission=Permission.RECORD,
    status_code=200,
    refusals=[MemberNotFound, OrderNotFound, ShopNotFound, NoIdentitySecret, BadSignal, WhoseSignals, ImpossibleDate],
)
def record_signals(call: Call, data: JSONBody[Seeings]) -> Response[Noted]:
    """Record what members and guests were seen with: devices, cards, addresses, mailboxes, numbers, networks.

    Who brought them is weighed anew, and rewards that still wait are scored anew: what looks bad by now is held for a person.
    """
    for one in data.seen:
        sensible("seen_at", one.seen_at)
    hashes = [
        _hashed(
            call,
            {
                "device": one.device, "payment": one.payment, "address": one.address, "email": one.email,
                "phone": one.phone, "network": one.ip,
            },
        )
        for one in data.seen
    ]  # fmt: skip

    def work(tx: Transaction, at: datetime) -> Noted:
        signals: list[Signal] = []
        for one, found in zip(data.seen, hashes, strict=True):
            owner, guest = _owner(tx, one)
            signals += [Signal(owner, kind, value, one.seen_at or at, guest) for kind, value in found.items()]
        kept = graph.note(tx, signals)
        known = sorted({one.owner_id for one in signals if not one.guest})
        _weigh(call, tx, known, at)
        held = referrals.rescore(tx, known, terms_of=programme.referral_terms_of, at=at)
        return Noted(kept, held)

    return call.write(work)


def _owner(tx: Transaction, one: Seeing) -> tuple[int, bool]:
    """Whom signals are about, and whether that is a guest, known by the order alone."""
    if (one.member is None) == (one.order is None):
        raise WhoseSignals(field="member", value="given with an order, or missing", remedy="name a member or an order")
    if one.member is not None:
        return find_member(tx, one.member).member_id, False
    order = commerce.find_order(tx, find_order_id(tx, one.order or "")).order
    return (order.order_id, True) if order.member_id is None else (order.member_id, False)


@reading("/referrals", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor, MemberNotFound])
def list_referrals(call: Call, asked: NamedDependency[Asked]) -> Response[Page[Referral]]:
    """List referrals, the latest first; those that wait for a person with `state=held`."""
    place = from_cursor(asked.after, tuple[datetime, Int64])

    def work(tx: Transaction) -> Page[Referral]:
        found = stories.list_referrals(
            tx, state=asked.state, advocate_id=member_id_of(tx, asked.advocate), before=place, limit=asked.limit + 1
        )
        return page_of(found, asked.limit, referral_of, lambda last: (last.attributed_at, last.referral_id))

    return call.read(work)


@reading("/referrals/funnel", tag=TAG, permission=Permission.AUDIT, refusals=[ImpossibleDate])
def read_referral_funnel(call: Call, asked: NamedDependency[Span]) -> Response[Funnel]:
    """Read how far touches and referrals came: joined, ordered, rewarded."""
    sensible("since", asked.since)
    sensible("until", asked.until)

    def work(tx: Transaction) -> Funnel:
        one = stories.funnel(tx, since=asked.since, until=asked.until)
        return Funnel(one.touches, one.joined, one.ordered, one.rewarded, one.held, one.refused)

    return call.read(work)


@reading("/referrals/advocates", tag=TAG, permission=Permission.AUDIT, refusals=[ImpossibleDate])
def list_advocates(call: Call, asked: NamedDependency[Span]) -> Response[Page[Advocate]]:
    """List the 50 members who brought the most friends that were rewarded."""
    sensible("since", asked.since)

    def work(tx: Transaction) -> Page[Advocate]:
        found = stories.advocates(tx, since=asked.since, limit=50)
        items = [
            Advocate(to_public("mem", one.member_id), one.touches, one.joined, one.rewarded, one.refused, one.points)
            for one in found
        ]
        return Page(items, None)

    return call.read(work)


@reading("/referrals/{referral:str}", tag=TAG, permission=Permission.AUDIT, refusals=[ReferralNotFound])
def read_referral(call: Call, referral: FromPath[str]) -> Response[Story]:
    """Read one referral: the touches weighed, the parts of the score in words, what was given, what people decided."""
    return call.read(lambda tx: story_of(referrals.story(tx, _id_of(referral))))


_REVIEWS = (ReferralNotFound, NotReviewable)


@creating("/referrals/{referral:str}/approval", tag=TAG, permission=Permission.GIVE, refusals=_REVIEWS)
def approve_referral(call: Call, referral: FromPath[str], data: JSONBody[Because]) -> Response[Story]:
    """Let a referral count that was held or refused. What it has come to is given; no score holds it again."""

    def work(tx: Transaction, at: datetime) -> Story:
        number = _id_of(referral)
        terms_of = programme.referral_terms_of
        referrals.approve(tx, number, by=_by(call), because=data.because, terms_of=terms_of, at=at)
        return story_of(referrals.story(tx, number))

    return call.write(work)


@creating("/referrals/{referral:str}/refusal", tag=TAG, permission=Permission.GIVE, refusals=_REVIEWS)
def refuse_referral(call: Call, referral: FromPath[str], data: JSONBody[Because]) -> Response[Story]:
    """Refuse a referral. All that was given for it is taken back on both sides, however long ago it was."""

    def work(tx: Transaction, at: datetime) -> Story:
        number = _id_of(referral)
        terms_of = programme.referral_terms_of
        referrals.refuse(tx, number, by=_by(call), because=data.because, terms_of=terms_of, at=at)
        return story_of(referrals.story(tx, number))

    return call.write(work)


HANDLERS = (
    read_referral_progress,
    issue_referral_code,
    revoke_referral_code,
    record_touch,
    record_signals,
    list_referrals,
    read_referral_funnel,
    list_advocates,
    read_referral,
    approve_referral,
    refuse_referral,
)
