"""The SQL of gift cards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from regulars.storage import Transaction

Kind = Literal["issue", "top_up", "hold", "capture", "release", "refund", "expire", "block", "unblock"]


@dataclass(frozen=True, slots=True)
class Card:
    """One row of `programme_gift_cards`."""

    card_id: int
    last_four: str
    currency: str
    balance: int
    """What can be spent, in minor units."""

    held: int
    """What checkouts have set aside."""

    seq: int
    member_id: int | None
    reference: str
    issued_at: datetime
    issued_by: str
    expires_at: datetime
    blocked_at: datetime | None


_CARD: Final = """
    card_id, last_four, currency, balance, held, seq, member_id, reference, issued_at, issued_by, expires_at, blocked_at
"""


def select_secret(tx: Transaction, *, fresh: bytes) -> bytes:
    """What codes are hashed with; `fresh`, if there is none yet."""
    tx.run("insert into programme_gift_card_keys (secret) values (%(fresh)s) on conflict do nothing", fresh=fresh)
    return bytes(tx.value("select secret from programme_gift_card_keys"))


def select_known_secret(tx: Transaction) -> bytes | None:
    """What codes are hashed with; None before the first card."""
    found = tx.value("select secret from programme_gift_card_keys")
    return None if found is None else bytes(found)


def insert_card(tx: Transaction, *, new: Card, digest: bytes) -> int:
    """Keep a card, unless one was issued under the same reference."""
    return tx.run(
        """
        insert into programme_gift_cards (card_id, hash, last_four, currency, member_id, reference, issued_at, issued_by, expires_at)
        values (%(card_id)s, %(digest)s, %(last_four)s, %(currency)s, %(member_id)s, %(reference)s, %(issued_at)s, %(issued_by)s,
                %(expires_at)s)
        on conflict (reference) do nothing
        """,
        card_id=new.card_id, digest=digest, last_four=new.last_four, currency=new.currency, member_id=new.member_id,
        reference=new.reference, issued_at=new.issued_at, issued_by=new.issued_by, expires_at=new.expires_at,
    )  # fmt: skip


def lock_card(tx: Transaction, *, card_id: int) -> Card | None:
    """A card, nobody else changing it until the transaction ends."""
    return tx.first(
        f"select {_CARD} from programme_gift_cards where card_id = %(card_id)s for update", Card, card_id=card_id
    )


def select_card(tx: Transaction, *, card_id: int) -> Card | None:
    """A card."""
    return tx.first(f"select {_CARD} from programme_gift_cards where card_id = %(card_id)s", Card, card_id=card_id)


def select_card_by_hash(tx: Transaction, *, digest: bytes) -> Card | None:
    """The card with that code."""
    return tx.first(f"select {_CARD} from programme_gift_cards where hash = %(digest)s", Card, digest=digest)


def select_card_by_reference(tx: Transaction, *, reference: str) -> Card | None:
    """The card issued under that reference."""
    return tx.first(
        f"select {_CARD} from programme_gift_cards where reference = %(reference)s", Card, reference=reference
    )


def select_cards(
    tx: Transaction, *, member_id: int | None, last_four: str | None, before: tuple[datetime, int] | None, limit: int
) -> list[Card]:
    """Cards, the latest first."""
    at, card_id = before or (None, None)
    return tx.all(
        f"""
        select {_CARD} from programme_gift_cards
        where (%(member_id)s::bigint is null or member_id = %(member_id)s)
          and (%(last_four)s::text is null or last_four = %(last_four)s)
          and (%(at)s::timestamptz is null or (issued_at, card_id) < (%(at)s::timestamptz, %(card_id)s::bigint))
        order by issued_at desc, card_id desc limit %(limit)s
        """,
        Card, member_id=member_id, last_four=last_four, at=at, card_id=card_id, limit=limit,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Purse:
    """A card somebody could pay with."""

    card_id: int
    digest: str
    """What its code hashes to, in hexadecimal digits."""

    last_four: str
    currency: str
    balance: int
    lapsed: int
    """What is still set aside though its time is over: it can be spent."""

    expires_at: datetime
    blocked_at: datetime | None


def select_purses(
    tx: Transaction, *, digests: list[str], member_id: int | None, at: datetime, limit: int
) -> list[Purse]:
    """The cards with these codes, and the latest of a member's that anything is on."""
    return tx.all(
        """
        select c.card_id, encode(c.hash, 'hex') as digest, c.last_four, c.currency, c.balance,
            (select coalesce(sum(h.remaining), 0)::bigint from programme_gift_card_holds h
             where h.card_id = c.card_id and h.held_until <= %(at)s) as lapsed, c.expires_at, c.blocked_at
        from programme_gift_cards c
        where c.card_id in (
            select k.card_id from programme_gift_cards k join unnest(%(digests)s::text[]) d (digest) on k.hash = decode(d.digest, 'hex')
            union all
            (select k.card_id from programme_gift_cards k where k.member_id = %(member_id)s and (k.balance > 0 or k.held > 0)
             order by k.issued_at desc, k.card_id desc limit %(limit)s))
        order by c.issued_at desc, c.card_id desc
        """,
        Purse, digests=digests, member_id=member_id, at=at, limit=limit,
    )  # fmt: skip


def update_card(tx: Transaction, *, card: Card) -> int:
    """Keep what a card holds now."""
    return tx.run(
        """
        update programme_gift_cards set balance = %(balance)s, held = %(held)s, seq = %(seq)s, blocked_at = %(blocked_at)s,
               expires_at = %(expires_at)s
        where card_id = %(card_id)s and seq = %(seq)s - 1
        """,
        card_id=card.card_id, balance=card.balance, held=card.held, seq=card.seq, blocked_at=card.blocked_at,
        expires_at=card.expires_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a card."""

    card_id: int
    seq: int
    kind: Kind
    amount: int
    """Change of the balance."""

    held_change: int
    balance: int
    held: int
    reference: str
    follows: str | None
    """The hold that was captured or released, the capture that was refunded."""

    reason: str | None
    at: datetime
    by: str


_ENTRY: Final = "card_id, seq, kind, amount, held_change, balance, held, reference, follows, reason, at, by"


def insert_entry(tx: Transaction, *, new: Entry) -> int:
    """Add to the journal."""
    return tx.run(
        f"""
        insert into programme_gift_card_entries ({_ENTRY})
        values (%(card_id)s, %(seq)s, %(kind)s, %(amount)s, %(held_change)s, %(balance)s, %(held)s, %(reference)s, %(follows)s,
                %(reason)s, %(at)s, %(by)s)
        """,
        card_id=new.card_id, seq=new.seq, kind=new.kind, amount=new.amount, held_change=new.held_change, balance=new.balance,
        held=new.held, reference=new.reference, follows=new.follows, reason=new.reason, at=new.at, by=new.by,
    )  # fmt: skip


def select_entry(tx: Transaction, *, card_id: int, reference: str) -> Entry | None:
    """The entry of that reference."""
    return tx.first(
        f"select {_ENTRY} from programme_gift_card_entries where card_id = %(card_id)s and reference = %(reference)s",
        Entry, card_id=card_id, reference=reference,
    )  # fmt: skip


def select_entries(tx: Transaction, *, card_id: int, before_seq: int | None, limit: int) -> list[Entry]:
    """The journal of a card, the latest first."""
    return tx.all(
        f"""
        select {_ENTRY} from programme_gift_card_entries
        where card_id = %(card_id)s and (%(before)s::int is null or seq < %(before)s) order by seq desc limit %(limit)s
        """,
        Entry, card_id=card_id, before=before_seq, limit=limit,
    )  # fmt: skip


def sum_refunds(tx: Transaction, *, card_id: int, follows: str) -> int:
    """What of a capture was refunded."""
    return tx.value(
        """
        select coalesce(sum(amount), 0)::bigint from programme_gift_card_entries
        where card_id = %(card_id)s and kind = 'refund' and follows = %(follows)s
        """,
        card_id=card_id, follows=follows,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hold:
    """What a checkout has set aside of a card."""

    card_id: int
    reference: str
    remaining: int
    held_until: datetime


def insert_hold(tx: Transaction, *, new: Hold) -> int:
    """Keep a hold."""
    return tx.run(
        """
        insert into programme_gift_card_holds (card_id, reference, remaining, held_until)
        values (%(card_id)s, %(reference)s, %(remaining)s, %(held_until)s)
        """,
        card_id=new.card_id, reference=new.reference, remaining=new.remaining, held_until=new.held_until,
    )  # fmt: skip


def select_hold(tx: Transaction, *, card_id: int, reference: str) -> Hold | None:
    """A hold that something is left of."""
    return tx.first(
        """
        select card_id, reference, remaining, held_until from programme_gift_card_holds
        where card_id = %(card_id)s and reference = %(reference)s
        """,
        Hold, card_id=card_id, reference=reference,
    )  # fmt: skip


def lessen_hold(tx: Transaction, *, card_id: int, reference: str, amount: int) -> int:
    """Take from a hold; what is used up is gone."""
    gone = tx.run(
        """
        delete from programme_gift_card_holds
        where card_id = %(card_id)s and reference = %(reference)s and remaining = %(amount)s
        """,
        card_id=card_id, reference=reference, amount=amount,
    )  # fmt: skip
    return gone or _take_from_hold(tx, card_id=card_id, reference=reference, amount=amount)


def _take_from_hold(tx: Transaction, *, card_id: int, reference: str, amount: int) -> int:
    return tx.run(
        """
        update programme_gift_card_holds set remaining = remaining - %(amount)s
        where card_id = %(card_id)s and reference = %(reference)s
        """,
        card_id=card_id, reference=reference, amount=amount,
    )  # fmt: skip


def select_holds_due(tx: Transaction, *, card_id: int | None, at: datetime, limit: int) -> list[Hold]:
    """The holds whose time is over, of a card or of all."""
    return tx.all(
        """
        select card_id, reference, remaining, held_until from programme_gift_card_holds
        where held_until <= %(at)s and (%(card_id)s::bigint is null or card_id = %(card_id)s)
        order by held_until, card_id, reference limit %(limit)s
        """,
        Hold, card_id=card_id, at=at, limit=limit,
    )  # fmt: skip


def select_ending(tx: Transaction, *, at: datetime, limit: int) -> list[Any]:
    """The cards whose time is over and that something is left on."""
    return tx.values(
        """
        select card_id from programme_gift_cards where expires_at <= %(at)s and balance > 0
        order by expires_at, card_id limit %(limit)s
        """,
        at=at, limit=limit,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owed:
    """What cards of one currency are worth to those who hold them."""

    currency: str
    cards: int
    balance_minor: int
    held_minor: int
    blocked_minor: int
    """Of the balance, what is on cards that are blocked."""


def select_owed(tx: Transaction, *, at: datetime) -> list[Owed]:
    """What is owed on cards, by currency."""
    return tx.all(
        """
        select currency, count(*) as cards,
               coalesce(sum(balance) filter (where expires_at > %(at)s), 0)::bigint as balance_minor, coalesce(sum(held), 0)::bigint as held_minor,
               coalesce(sum(balance) filter (where blocked_at is not null and expires_at > %(at)s), 0)::bigint as blocked_minor
        from programme_gift_cards where balance > 0 or held > 0 group by currency order by currency
        """,
        Owed, at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flaw:
    """What of a card does not fit its journal."""

    card_id: int
    flaw: str


def select_flaws(tx: Transaction, *, limit: int) -> list[Flaw]:
    """The cards that are not what their journal and their holds sum to."""
    return tx.all(
        """
        select c.card_id, case when e.balance is distinct from c.balance then 'balance' when e.held is distinct from c.held then 'held'
                               when h.held is distinct from c.held then 'holds' else 'numbers' end as flaw
        from programme_gift_cards c
        cross join lateral (select coalesce(sum(amount), 0)::bigint as balance, coalesce(sum(held_change), 0)::bigint as held,
                                   count(*) as entries, coalesce(max(seq), 0) as last
                            from programme_gift_card_entries e where e.card_id = c.card_id) e
        cross join lateral (select coalesce(sum(remaining), 0)::bigint as held
                            from programme_gift_card_holds h where h.card_id = c.card_id) h
        where (e.balance, e.held, h.held, e.entries, e.last) is distinct from (c.balance, c.held, c.held, c.seq::bigint, c.seq)
        order by c.card_id limit %(limit)s
        """,
        Flaw, limit=limit,
    )  # fmt: skip
