"""Gift cards: money on a card, paid with at checkouts in two steps."""

from datetime import datetime
from typing import Annotated, Final, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._carts import GUESSING, Code, Said, Visitor, member_named, slowly
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._points import Seq
from regulars.api._routes import creating, reading
from regulars.api._shapes import Currency, Id, ImpossibleDate, Instant, MemberRef, member_id_of, sensible, shown
from regulars.insight import BadCursor
from regulars.members import MemberNotFound
from regulars.programme import gift_cards
from regulars.programme.gift_cards import (
    BadCard,
    CardBlocked,
    CardCurrency,
    CardExpired,
    CardNotFound,
    CardReferenceReused,
    CardTooLow,
    NothingHeld,
    RefundTooMuch,
)
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG: Final = "Gift cards"
Money = Annotated[int, Meta(ge=1, le=10**12, description="Minor units of the card's currency.", examples=[5000])]
LastFour = Annotated[
    str, Meta(min_length=4, max_length=4, pattern="^[0-9A-Z]*$", description="The last four letters of the code.")
]
Reference = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=150,
        pattern=r"^(?!@)[^\x00-\x1f\x7f]*$",
        description="Your own name for this: sent again, it is done once.",
        examples=["order-000123"],
    ),
]


class NewCard(Struct, forbid_unknown_fields=True):
    """A card to issue."""

    currency: Currency
    amount_minor: Money
    reference: Reference
    member: Annotated[MemberRef | None, Meta(description="Whose it is; null: whoever holds it.")] = None
    expires_at: Annotated[Instant | None, Meta(description="From then on it is worth nothing; null: never.")] = None


class Card(Struct):
    """A card, and what is on it."""

    id: Id
    ends_with: Annotated[str, Meta(description="The last four letters of its code.")]
    currency: str
    balance_minor: Annotated[int, Meta(description="What can be spent.")]
    held_minor: Annotated[int, Meta(description="What checkouts have set aside.")]
    member: Id | None
    issued_at: datetime
    expires_at: datetime | None
    blocked_at: datetime | None


class IssuedCard(Struct):
    """A new card, and its code."""

    card: Card
    code: Annotated[str | None, Meta(description="Shown this once; null: it was issued before.")]


class CardCode(Struct, forbid_unknown_fields=True):
    """A card's code, and who typed it."""

    code: Code
    visitor: Visitor | None = None


class TopUp(Struct, forbid_unknown_fields=True):
    """Money to put on."""

    amount_minor: Money
    reference: Reference


class NewCardHold(Struct, forbid_unknown_fields=True):
    """Money to set aside."""

    amount_minor: Money
    currency: Currency
    reference: Reference
    until: Annotated[Instant, Meta(description="When it goes back by itself.")]


class OfCardHold(Struct, forbid_unknown_fields=True):
    """Money that was set aside."""

    amount_minor: Money
    hold: Annotated[Reference, Meta(description="The reference of the hold.")]
    reference: Reference


class CardRefund(Struct, forbid_unknown_fields=True):
    """Money to put back."""

    amount_minor: Money
    capture: Annotated[Reference, Meta(description="The reference of the capture.")]
    reference: Reference


class Blocking(Struct, forbid_unknown_fields=True):
    """Why."""

    reason: Said


class CardEntry(Struct):
    """One change of a card."""

    seq: int
    kind: Literal["issue", "top_up", "hold", "capture", "release", "refund", "expire", "block", "unblock"]
    amount_minor: Annotated[int, Meta(description="Change of what can be spent.")]
    held_change_minor: int
    balance_minor: int
    held_minor: int
    reference: str
    follows: Annotated[str | None, Meta(description="The hold or capture it follows from.")]
    reason: str | None
    at: datetime
    by: str


class Owed(Struct):
    """What cards of one currency are worth to those who hold them."""

    currency: str
    cards: int
    balance_minor: int
    held_minor: int
    blocked_minor: Annotated[int, Meta(description="Of the balance, what is on blocked cards.")]


class PagingOfCards(Paging, forbid_unknown_fields=True, kw_only=True):
    """Which cards."""

    member: Annotated[MemberRef | None, Meta(description="Of one member.")] = None
    ends_with: LastFour | None = None


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _id_of(card: str) -> int:
    try:
        return from_public("gft", card, field="card")
    except MalformedId as error:
        raise CardNotFound(card=card) from error


def _card(one: gift_cards.Card) -> Card:
    return Card(
        to_public("gft", one.card_id),
        one.last_four,
        one.currency,
        one.balance,
        one.held,
        shown("mem", one.member_id),
        one.issued_at,
        gift_cards.expired_at(one),
        one.blocked_at,
    )


@creating(
    "/gift-cards",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[BadCard, CardReferenceReused, MemberNotFound, ImpossibleDate],
)
def issue_gift_card(call: Call, data: JSONBody[NewCard]) -> Response[IssuedCard]:
    """Issue a card with money on it. Its code is in this answer alone; the same again issues no second one."""
    sensible("expires_at", data.expires_at)

    def work(tx: Transaction, at: datetime) -> IssuedCard:
        done = gift_cards.issue(
            tx,
            data.currency,
            data.amount_minor,
            reference=data.reference,
            at=at,
            by=_by(call),
            member_id=member_named(tx, data.member),
            expires_at=data.expires_at,
        )
        return IssuedCard(_card(done.card), done.code)

    return call.write(work)


@reading("/gift-cards", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor, MemberNotFound])
def list_gift_cards(call: Call, asked: NamedDependency[PagingOfCards]) -> Response[Page[Card]]:
    """List cards, the latest first."""
    place = from_cursor(asked.after, tuple[datetime, Int64])

    def work(tx: Transaction) -> Page[Card]:
        known = gift_cards.cards(
            tx,
            member_id=member_id_of(tx, asked.member),
            last_four=asked.ends_with,
            before=place,
            limit=asked.limit + 1,
        )
        return page_of(known, asked.limit, _card, lambda last: (last.issued_at, last.card_id))

    return call.read(work)


@reading("/gift-card-liability", tag=TAG, permission=Permission.AUDIT)
def read_gift_card_liability(call: Call) -> Response[Page[Owed]]:
    """Read what is owed on cards, by currency."""
    at = call.app.clock()

    def work(tx: Transaction) -> Page[Owed]:
        known = gift_cards.owed(tx, at=at)
        return Page(
            [Owed(one.currency, one.cards, one.balance_minor, one.held_minor, one.blocked_minor) for one in known], None
        )

    return call.read(work)


@creating("/gift-cards/lookups", tag=TAG, permission=Permission.SPEND, refusals=GUESSING, status_code=200)
def look_up_gift_card(call: Call, data: JSONBody[CardCode]) -> Response[Card]:
    """Find a card by its code, however it was typed. Whoever tries five that are none has to wait."""
    return slowly(call, lambda tx, _: _card(gift_cards.find_by_code(tx, data.code)), member=None, visitor=data.visitor)


@reading("/gift-cards/{card:str}", tag=TAG, permission=Permission.RECORD, refusals=[CardNotFound])
def read_gift_card(call: Call, card: FromPath[str]) -> Response[Card]:
    """Read what is on a card, as of its last change."""
    return call.read(lambda tx: _card(gift_cards.card(tx, _id_of(card))))


@reading("/gift-cards/{card:str}/entries", tag=TAG, permission=Permission.RECORD, refusals=[CardNotFound, BadCursor])
def list_gift_card_entries(
    call: Call, card: FromPath[str], asked: NamedDependency[Paging]
) -> Response[Page[CardEntry]]:
    """List every change of a card, the latest first."""
    place = from_cursor(asked.after, tuple[Seq])

    def work(tx: Transaction) -> Page[CardEntry]:
        card_id = gift_cards.card(tx, _id_of(card)).card_id
        known = gift_cards.entries(tx, card_id, before_seq=place[0] if place else None, limit=asked.limit + 1)
        return page_of(known, asked.limit, _entry, lambda last: (last.seq,))

    return call.read(work)


def _entry(one: gift_cards.Entry) -> CardEntry:
    return CardEntry(
        one.seq, one.kind, one.amount, one.held_change, one.balance, one.held, one.reference, one.follows, one.reason,
        one.at, one.by,
    )  # fmt: skip


@creating(
    "/gift-cards/{card:str}/top-ups",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[CardNotFound, CardBlocked, CardExpired, CardReferenceReused, BadCard],
)
def top_up_gift_card(call: Call, card: FromPath[str], data: JSONBody[TopUp]) -> Response[Card]:
    """Put more money on a card."""
    return call.write(
        lambda tx, at: _card(
            gift_cards.top_up(tx, _id_of(card), data.amount_minor, reference=data.reference, at=at, by=_by(call))
        )
    )


@creating(
    "/gift-cards/{card:str}/holds",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[
        CardNotFound, CardBlocked, CardExpired, CardCurrency, CardTooLow, CardReferenceReused, BadCard, ImpossibleDate,
    ],
)  # fmt: skip
def hold_gift_card(call: Call, card: FromPath[str], data: JSONBody[NewCardHold]) -> Response[Card]:
    """Set money of a card aside for a checkout, until it is captured or released, or until `until`."""
    sensible("until", data.until)

    def work(tx: Transaction, at: datetime) -> Card:
        return _card(
            gift_cards.hold(
                tx,
                _id_of(card),
                data.amount_minor,
                currency=data.currency,
                reference=data.reference,
                until=data.until,
                at=at,
                by=_by(call),
            )
        )

    return call.write(work)


@creating(
    "/gift-cards/{card:str}/captures",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[CardNotFound, NothingHeld, CardReferenceReused, BadCard],
)
def capture_gift_card(call: Call, card: FromPath[str], data: JSONBody[OfCardHold]) -> Response[Card]:
    """Spend money that was set aside, all of it or some."""
    return call.write(
        lambda tx, at: _card(
            gift_cards.capture(
                tx, _id_of(card), data.amount_minor, hold=data.hold, reference=data.reference, at=at, by=_by(call)
            )
        )
    )


@creating(
    "/gift-cards/{card:str}/releases",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[CardNotFound, NothingHeld, CardReferenceReused, BadCard],
)
def release_gift_card(call: Call, card: FromPath[str], data: JSONBody[OfCardHold]) -> Response[Card]:
    """Give back money that was set aside, all of it or some."""
    return call.write(
        lambda tx, at: _card(
            gift_cards.release(
                tx, _id_of(card), data.amount_minor, hold=data.hold, reference=data.reference, at=at, by=_by(call)
            )
        )
    )


@creating(
    "/gift-cards/{card:str}/refunds",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[CardNotFound, RefundTooMuch, CardReferenceReused, BadCard],
)
def refund_gift_card(call: Call, card: FromPath[str], data: JSONBody[CardRefund]) -> Response[Card]:
    """Put money back that was captured, all of it or some. On a card whose time is over it is good for seven days."""
    return call.write(
        lambda tx, at: _card(
            gift_cards.refund(
                tx, _id_of(card), data.amount_minor, capture=data.capture, reference=data.reference, at=at, by=_by(call)
            )
        )
    )


@creating("/gift-cards/{card:str}/block", tag=TAG, permission=Permission.GIVE, refusals=[CardNotFound, BadCard])
def block_gift_card(call: Call, card: FromPath[str], data: JSONBody[Blocking]) -> Response[Card]:
    """Let nothing be taken off a card or put on. What is held may still be captured."""
    return call.write(lambda tx, at: _card(gift_cards.block(tx, _id_of(card), reason=data.reason, at=at, by=_by(call))))


@creating("/gift-cards/{card:str}/block/lifting", tag=TAG, permission=Permission.GIVE, refusals=[CardNotFound, BadCard])
def unblock_gift_card(call: Call, card: FromPath[str], data: JSONBody[Blocking]) -> Response[Card]:
    """Let a card be used again."""
    return call.write(
        lambda tx, at: _card(gift_cards.unblock(tx, _id_of(card), reason=data.reason, at=at, by=_by(call)))
    )


HANDLERS = (
    issue_gift_card,
    list_gift_cards,
    read_gift_card_liability,
    look_up_gift_card,
    read_gift_card,
    list_gift_card_entries,
    top_up_gift_card,
    hold_gift_card,
    capture_gift_card,
    release_gift_card,
    refund_gift_card,
    block_gift_card,
    unblock_gift_card,
)
