"""Gift cards: stored value in money, one currency a card, with a journal that is only ever added to.

The invariant: what a card holds is the sum of its entries, what is set aside on it the sum of its holds; a code is shown once
and kept as a keyed hash alone.

    issued = gift_cards.issue(tx, "GBP", 5000, reference="order-1", at=now, by="Ada")   # issued.code, this once
    gift_cards.hold(tx, card_id, 2000, currency="GBP", reference="basket-1", until=later, at=now, by="key_…")
    gift_cards.capture(tx, card_id, 2000, hold="basket-1", reference="paid-1", at=now, by="key_…")
    assert gift_cards.audit(tx) == []
"""

from regulars.programme.gift_cards._cards import (
    BadCard,
    CardBlocked,
    CardCurrency,
    CardExpired,
    CardNotFound,
    CardReferenceReused,
    CardTooLow,
    Issued,
    NothingHeld,
    RefundTooMuch,
    Spendable,
    audit,
    block,
    capture,
    card,
    cards,
    entries,
    expired_at,
    find_by_code,
    hold,
    issue,
    look_all,
    owed,
    refund,
    release,
    settle_due,
    top_up,
    unblock,
)
from regulars.programme.gift_cards._queries import Card, Entry, Flaw, Owed

__all__ = [
    "BadCard",
    "Card",
    "CardBlocked",
    "CardCurrency",
    "CardExpired",
    "CardNotFound",
    "CardReferenceReused",
    "CardTooLow",
    "Entry",
    "Flaw",
    "Issued",
    "NothingHeld",
    "Owed",
    "RefundTooMuch",
    "Spendable",
    "audit",
    "block",
    "capture",
    "card",
    "cards",
    "entries",
    "expired_at",
    "find_by_code",
    "hold",
    "issue",
    "look_all",
    "owed",
    "refund",
    "release",
    "settle_due",
    "top_up",
    "unblock",
]
