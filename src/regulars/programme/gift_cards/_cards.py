"""Cards with money on them, and the journal of each: every change is one entry under the caller's own reference."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from regulars import facts
from regulars.errors import Conflict, Invalid, NotFound
from regulars.programme.coupons import new_codes, normal_form
from regulars.programme.gift_cards import _queries
from regulars.programme.gift_cards._queries import Card, Entry, Hold, Kind, Owed
from regulars.programme.guesses import CodeUnknown
from regulars.storage import Transaction
from regulars.types import random_id, to_public

CHARACTERS: Final = 16
"""Of a card's code; 72 bits are random."""

MOST: Final = 10**12
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_FACTS: Final[dict[Kind, str]] = {
    "issue": "issued",
    "top_up": "topped_up",
    "hold": "held",
    "capture": "captured",
    "release": "released",
    "refund": "refunded",
    "expire": "expired",
    "block": "blocked",
    "unblock": "unblocked",
}


class BadCard(Invalid):
    """{field} is {value!r}: {remedy}."""


class CardNotFound(NotFound):
    """There is no gift card {card}."""


class CardReferenceReused(Conflict):
    """Reference {reference!r} was used for something else: give each change a reference of its own."""


class CardTooLow(Conflict):
    """{available} {currency} minor units are on this card and {amount} are needed: take less, or top it up."""


class CardBlocked(Conflict):
    """This gift card is blocked: nothing may be taken off until somebody unblocks it."""


class CardExpired(Conflict):
    """This gift card was good until {until}: nothing is on it any more."""


class CardCurrency(Conflict):
    """This gift card holds {currency}, not {given}: pay with another one."""


class NothingHeld(Conflict):
    """Of {hold!r} only {left} minor units are set aside on this card, not {amount}: it was captured or released, or its time is over."""


class RefundTooMuch(Conflict):
    """Of {capture!r} only {left} minor units are left to refund, not {amount}."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new card. `code` is shown this once; None when the card was issued before under the same reference."""

    card: Card
    code: str | None


def issue(
    tx: Transaction,
    currency: str,
    amount: int,
    *,
    reference: str,
    at: datetime,
    by: str,
    member_id: int | None = None,
    expires_at: datetime | None = None,
) -> Issued:
    """Make a card with money on it. Facts: `gift_card.issued`.

    Raises:
        BadCard: an input can never be right.
        CardReferenceReused: another card was issued under that reference.
    """
    _check(reference, amount)
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise BadCard(field="currency", value=currency, remedy="give an ISO 4217 code such as GBP")
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= at):
        raise BadCard(field="expires_at", value=expires_at.isoformat(), remedy="give a later instant with its offset")
    [code] = new_codes(1, prefix="", characters=CHARACTERS)["code"].to_pylist()
    ends = NEVER if expires_at is None else min(expires_at, NEVER)
    new = Card(random_id(), code[-4:], currency, 0, 0, 0, member_id, reference, at, by, ends, None)
    digest = _hashed(_queries.select_secret(tx, fresh=secrets.token_bytes(32)), code)
    if not _queries.insert_card(tx, new=new, digest=digest):
        return _as_before(tx, new, amount)
    card = _post(tx, new, "issue", amount, reference=reference, at=at, by=by)
    return Issued(card, code)


def _as_before(tx: Transaction, new: Card, amount: int) -> Issued:
    known = _queries.select_card_by_reference(tx, reference=new.reference)
    first = None if known is None else _queries.select_entry(tx, card_id=known.card_id, reference=new.reference)
    if known is None or first is None:
        raise CardReferenceReused(reference=new.reference)
    if (known.currency, first.amount, known.member_id) != (new.currency, amount, new.member_id):
        raise CardReferenceReused(reference=new.reference)
    return Issued(known, None)


def _hashed(secret: bytes, code: str) -> bytes:
    return hmac.digest(secret, normal_form(code).encode(), hashlib.sha256)


def find_by_code(tx: Transaction, code: str) -> Card:
    """The card with that code, however it is typed.

    Raises:
        CodeUnknown: there is none.
    """
    secret = _queries.select_known_secret(tx)
    found = None if secret is None else _queries.select_card_by_hash(tx, digest=_hashed(secret, code))
    if found is None:
        raise CodeUnknown
    return found


@dataclass(frozen=True, slots=True)
class Spendable:
    """What can be paid with a card at a moment, or why nothing can."""

    card_id: int
    last_four: str
    currency: str
    available: int
    expires_at: datetime | None
    why: Literal["blocked", "expired", "currency", "empty"] | None


def look_all(
    tx: Transaction, codes: Sequence[str], *, currency: str, at: datetime, member_id: int | None = None
) -> tuple[list[Spendable | None], list[Spendable]]:
    """What could be paid with cards, however their codes are typed, None for a code that is none; and a member's others.

    Nothing is written, however late the work that is due; two statements, however many codes there are.
    """
    secret = _queries.select_known_secret(tx)
    if secret is None:
        return [None] * len(codes), []
    digests = [_hashed(secret, code).hex() for code in codes]
    purses = _queries.select_purses(tx, digests=digests, member_id=member_id, at=at, limit=50)
    found = {one.digest: _spendable(one, currency, at) for one in purses}
    return [found.get(one) for one in digests], [one for digest, one in found.items() if digest not in digests]


def _spendable(one: _queries.Purse, currency: str, at: datetime) -> Spendable:
    available = 0 if one.expires_at <= at else one.balance + one.lapsed
    why = None
    if one.blocked_at is not None:
        why = "blocked"
    elif one.expires_at <= at:
        why = "expired"
    elif one.currency != currency:
        why = "currency"
    elif not available:
        why = "empty"
    ends = None if one.expires_at >= NEVER else one.expires_at
    return Spendable(one.card_id, one.last_four, one.currency, available, ends, why)


def card(tx: Transaction, card_id: int) -> Card:
    """A card by its identifier.

    Raises:
        CardNotFound: there is none.
    """
    found = _queries.select_card(tx, card_id=card_id)
    if found is None:
        raise CardNotFound(card=to_public("gft", card_id))
    return found


def cards(
    tx: Transaction,
    *,
    member_id: int | None = None,
    last_four: str | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Card]:
    """Cards, the latest first; page on with the last one's `(issued_at, card_id)` as `before`."""
    return _queries.select_cards(tx, member_id=member_id, last_four=last_four, before=before, limit=limit)


def entries(tx: Transaction, card_id: int, *, before_seq: int | None = None, limit: int = 50) -> list[Entry]:
    """The journal of a card, the latest first; page on with the last one's `seq`."""
    return _queries.select_entries(tx, card_id=card_id, before_seq=before_seq, limit=limit)


def owed(tx: Transaction, *, at: datetime) -> list[Owed]:
    """What is owed on cards, by currency."""
    return _queries.select_owed(tx, at=at)


def audit(tx: Transaction, *, limit: int = 1000) -> list[_queries.Flaw]:
    """The cards that are not what their journal and holds sum to; an empty list when all are."""
    return _queries.select_flaws(tx, limit=limit)


def top_up(tx: Transaction, card_id: int, amount: int, *, reference: str, at: datetime, by: str) -> Card:
    """Put more money on a card. The same reference again changes nothing. Facts: `gift_card.topped_up`.

    Raises:
        CardNotFound, CardBlocked, CardExpired: there is no card to put it on.
        BadCard, CardReferenceReused: as `issue`.
    """
    found, before = _open(tx, card_id, "top_up", amount, reference, at)
    if before:
        return found
    _usable(found, at)
    return _post(tx, found, "top_up", amount, reference=reference, at=at, by=by)


def hold(
    tx: Transaction,
    card_id: int,
    amount: int,
    *,
    currency: str,
    reference: str,
    until: datetime,
    at: datetime,
    by: str,
) -> Card:
    """Set money of a card aside until it is captured or released, or until `until`. Facts: `gift_card.held`.

    Raises:
        CardNotFound, CardBlocked, CardExpired, CardCurrency, CardTooLow: it cannot be paid with.
        BadCard, CardReferenceReused: as `issue`.
    """
    if until.tzinfo is None or until <= at:
        raise BadCard(field="until", value=until.isoformat(), remedy="give a later instant with its offset")
    found, before = _open(tx, card_id, "hold", amount, reference, at)
    if before:
        return found
    _usable(found, at)
    if found.currency != currency:
        raise CardCurrency(currency=found.currency, given=currency)
    if found.balance < amount:
        raise CardTooLow(available=found.balance, currency=found.currency, amount=amount)
    _queries.insert_hold(tx, new=Hold(card_id, reference, amount, until))
    return _post(tx, found, "hold", -amount, held=amount, reference=reference, at=at, by=by)


def capture(tx: Transaction, card_id: int, amount: int, *, hold: str, reference: str, at: datetime, by: str) -> Card:
    """Spend money that was set aside, all of it or some, in as many parts as you like. Facts: `gift_card.captured`.

    A card blocked, or at its end, in the meantime is no hindrance: what is held was promised.

    Raises:
        CardNotFound: there is none.
        NothingHeld: so much is not set aside.
        BadCard, CardReferenceReused: as `issue`.
    """
    found, before = _open(tx, card_id, "capture", amount, reference, at, follows=hold)
    if before:
        return found
    _from_hold(tx, found, hold, amount)
    return _post(tx, found, "capture", 0, held=-amount, reference=reference, follows=hold, at=at, by=by)


def release(tx: Transaction, card_id: int, amount: int, *, hold: str, reference: str, at: datetime, by: str) -> Card:
    """Give back money that was set aside, all of it or some. Facts: `gift_card.released`.

    Raises:
        CardNotFound, NothingHeld, BadCard, CardReferenceReused: as `capture`.
    """
    found, before = _open(tx, card_id, "release", amount, reference, at, follows=hold)
    if before:
        return found
    _from_hold(tx, found, hold, amount)
    return _post(tx, found, "release", amount, held=-amount, reference=reference, follows=hold, at=at, by=by)


def refund(tx: Transaction, card_id: int, amount: int, *, capture: str, reference: str, at: datetime, by: str) -> Card:
    """Put back money that was captured, all of it or some. Facts: `gift_card.refunded`.

    On a card whose time is over it is good for another seven days.

    Raises:
        CardNotFound: there is none.
        RefundTooMuch: so much of it was not captured, or was refunded before.
        BadCard, CardReferenceReused: as `issue`.
    """
    found, before = _open(tx, card_id, "refund", amount, reference, at, follows=capture)
    if before:
        return found
    taken = _queries.select_entry(tx, card_id=card_id, reference=capture)
    captured = -taken.held_change if taken is not None and taken.kind == "capture" else 0
    left = captured - _queries.sum_refunds(tx, card_id=card_id, follows=capture)
    if amount > left:
        raise RefundTooMuch(capture=capture, left=left, amount=amount)
    longer = replace(found, expires_at=max(found.expires_at, at + timedelta(days=7)))
    return _post(tx, longer, "refund", amount, reference=reference, follows=capture, at=at, by=by)


def block(tx: Transaction, card_id: int, *, reason: str, at: datetime, by: str) -> Card:
    """Let nothing be taken off a card, or put on; again changes nothing. Facts: `gift_card.blocked`.

    Raises:
        CardNotFound: there is none.
        BadCard: the reason says nothing.
    """
    return _turn(tx, card_id, "block", reason, at, by)


def unblock(tx: Transaction, card_id: int, *, reason: str, at: datetime, by: str) -> Card:
    """Let a card be used again; again changes nothing. Facts: `gift_card.unblocked`.

    Raises:
        CardNotFound, BadCard: as `block`.
    """
    return _turn(tx, card_id, "unblock", reason, at, by)


def _turn(tx: Transaction, card_id: int, kind: Kind, reason: str, at: datetime, by: str) -> Card:
    if not 0 < len(reason) <= 500 or not reason.isprintable():
        raise BadCard(field="reason", value=reason, remedy="give 1 to 500 printable characters on one line")
    found = _settled(tx, card_id, at)
    if (found.blocked_at is not None) == (kind == "block"):
        return found
    changed = replace(found, blocked_at=at if kind == "block" else None)
    return _post(tx, changed, kind, 0, reference=f"@{kind}:{found.seq + 1}", reason=reason, at=at, by=by)


def settle_due(tx: Transaction, *, at: datetime, limit: int = 1000) -> int:
    """Give back what was set aside for as long as it was to be, and write off cards whose time is over; how many cards.

    Cards are exact without it. Facts: `gift_card.released`, `gift_card.expired`.
    """
    due = [one.card_id for one in _queries.select_holds_due(tx, card_id=None, at=at, limit=limit)]
    concerned = sorted({*due, *_queries.select_ending(tx, at=at, limit=limit)})
    for card_id in concerned:
        _settled(tx, card_id, at)
    return len(concerned)


def _settled(tx: Transaction, card_id: int, at: datetime) -> Card:
    """The card, locked, with what fell due by now posted."""
    found = _queries.lock_card(tx, card_id=card_id)
    if found is None:
        raise CardNotFound(card=to_public("gft", card_id))
    for one in _queries.select_holds_due(tx, card_id=card_id, at=at, limit=1000):
        _queries.lessen_hold(tx, card_id=card_id, reference=one.reference, amount=one.remaining)
        found = _post(
            tx, found, "release", one.remaining, held=-one.remaining, reference=f"@lapse:{found.seq + 1}",
            follows=one.reference, at=at, by="regulars",
        )  # fmt: skip
    if found.expires_at <= at and found.balance:
        found = _post(tx, found, "expire", -found.balance, reference=f"@expire:{found.seq + 1}", at=at, by="regulars")
    return found


def _open(
    tx: Transaction, card_id: int, kind: Kind, amount: int, reference: str, at: datetime, *, follows: str | None = None
) -> tuple[Card, bool]:
    """The card, locked and settled, and whether this change was made before under the same reference."""
    _check(reference, amount)
    found = _settled(tx, card_id, at)
    before = _queries.select_entry(tx, card_id=card_id, reference=reference)
    if before is None:
        return found, False
    moved = abs(before.amount or before.held_change)
    if (before.kind, moved, before.follows) != (kind, amount, follows):
        raise CardReferenceReused(reference=reference)
    return found, True


def _check(reference: str, amount: int) -> None:
    if not 0 < amount <= MOST:
        raise BadCard(field="amount", value=amount, remedy=f"give a whole number of minor units from 1 to {MOST}")
    if not 0 < len(reference) <= 200 or reference[0] == "@" or not reference.isprintable():
        remedy = "give 1 to 200 printable characters, the first of them not @"
        raise BadCard(field="reference", value=reference, remedy=remedy)


def _usable(found: Card, at: datetime) -> None:
    if found.blocked_at is not None:
        raise CardBlocked
    if found.expires_at <= at:
        raise CardExpired(until=found.expires_at.isoformat())


def _from_hold(tx: Transaction, found: Card, reference: str, amount: int) -> None:
    held = _queries.select_hold(tx, card_id=found.card_id, reference=reference)
    left = held.remaining if held else 0
    if amount > left:
        raise NothingHeld(hold=reference, left=left, amount=amount)
    _queries.lessen_hold(tx, card_id=found.card_id, reference=reference, amount=amount)


def _post(
    tx: Transaction,
    found: Card,
    kind: Kind,
    amount: int,
    *,
    reference: str,
    at: datetime,
    by: str,
    held: int = 0,
    follows: str | None = None,
    reason: str | None = None,
) -> Card:
    """Write one entry, and what the card holds after it."""
    card = replace(found, balance=found.balance + amount, held=found.held + held, seq=found.seq + 1)
    _queries.update_card(tx, card=card)
    entry = Entry(
        card.card_id, card.seq, kind, amount, held, card.balance, card.held, reference, follows, reason, at, by
    )
    _queries.insert_entry(tx, new=entry)
    about: dict[str, object] = {
        "amount_minor": abs(amount or held),
        "balance_minor": card.balance,
        "currency": card.currency,
        "ends_with": card.last_four,
        "reference": reference,
        "by": by,
    }
    facts.record(tx, [facts.Fact(f"gift_card.{_FACTS[kind]}", at, card.member_id, card.card_id, about)], at=at)
    return card


def expired_at(card: Card) -> datetime | None:
    """The first instant at which a card is worth nothing; None: never."""
    return None if card.expires_at >= NEVER else card.expires_at
