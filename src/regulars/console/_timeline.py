"""One member's timeline: every fact as a sentence in the visitor's language."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Final

from markupsafe import Markup

from regulars import commerce
from regulars.console._sentences import SENTENCES, Teller, order_of, other
from regulars.console._visits import Visit
from regulars.facts import Recorded
from regulars.storage import Transaction
from regulars.types import from_public, to_public

_DOCUMENTS: Final = {"order.placed": "ord", "order.paid": "ord", "order.returned": "ret"}
_ICONS: Final = {
    "member": "user-plus",
    "order": "shopping-bag",
    "points": "sparkles",
    "household": "user-plus",
    "referral": "user-plus",
    "tier": "trophy",
    "grant": "trophy",
    "benefit": "gift",
    "order.returned": "receipt-refund",
    "order.cancelled": "x-circle",
    "order.delivered": "truck",
    "points.expired": "clock",
    "points.reversed": "arrow-uturn-left",
    "points.spent": "gift",
    "member.amended": "identification",
    "points.frozen": "lock-closed",
    "points.unfrozen": "lock-closed",
    "adjustment": "gift",
    "hold": "clock",
    "reaction.failed": "exclamation-triangle",
    "reward": "gift",
    "event": "sparkles",
    "goal": "trophy",
    "occasion": "gift",
    "coupon": "receipt-refund",
    "gift_card": "gift",
}
_COLOURS: Final = {
    "order.returned": "is-back",
    "order.cancelled": "is-back",
    "points.expired": "is-back",
    "points.reversed": "is-back",
    "points.frozen": "is-back",
    "adjustment.rejected": "is-back",
    "reaction.failed": "is-back",
    "referral.refused": "is-back",
    "referral.reversed": "is-back",
    "points": "is-points",
    "tier": "is-tier",
    "grant": "is-tier",
    "benefit": "is-tier",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    drawing: str
    colour: str
    words: Markup
    zone: tzinfo
    """Of the shop that it belongs to, as far as that is known."""

    @property
    def day(self) -> date:
        """The day it was there."""
        return self.at.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day, each in the time zone of its shop, latest first."""

    day: date
    entries: list[Entry]


def days(visit: Visit, happened: Sequence[Recorded], tiers: Mapping[str, str], shops: Mapping[int, int]) -> list[Day]:
    """The facts by day and in words; `shops` says for each fact whose shop is known which one it is.

    What happened in one moment is one line: an order placed and paid, and the points that it earned.
    """
    paid = {(fact.subject_id, fact.occurred_at) for fact in happened if fact.name == "order.paid"}
    placed = {(fact.subject_id, fact.occurred_at) for fact in happened if fact.name == "order.placed"}
    lines = [
        fact for fact in happened if fact.name != "order.paid" or (fact.subject_id, fact.occurred_at) not in placed
    ]
    gains, told = _gains(lines)
    entries: list[Entry] = []
    for fact in lines:
        if fact.fact_id not in told:
            teller = Teller(visit.language, tiers, paid=(fact.subject_id, fact.occurred_at) in paid)
            zone = visit.zone_of(shops.get(fact.fact_id))
            entries.append(_entry(teller, fact, gains.get(fact.fact_id, 0), zone))
    by_day = groupby(sorted(entries, key=lambda entry: entry.day, reverse=True), key=lambda entry: entry.day)
    return [Day(day, list(group)) for day, group in by_day]


def _gains(lines: Sequence[Recorded]) -> tuple[dict[int, int], set[int]]:
    """Points that came of a document in the same moment, by the document's fact; and the facts that are told so."""
    documents = {
        (to_public(_DOCUMENTS[fact.name], fact.subject_id), fact.occurred_at): fact.fact_id
        for fact in lines
        if fact.name in _DOCUMENTS and fact.subject_id is not None
    }
    gains: dict[int, int] = {}
    told: set[int] = set()
    for fact in lines:
        sign = {"points.earned": 1, "points.reversed": -1}.get(fact.name, 0)
        amount = fact.data.get("amount")
        source = re.split(r"[/+]", str(fact.data.get("reference", "")), maxsplit=1)[0]
        document = documents.get((source, fact.occurred_at))
        if sign and document is not None and isinstance(amount, int):
            gains[document] = gains.get(document, 0) + sign * abs(amount)
            told.add(fact.fact_id)
    return gains, told


def shops_of(tx: Transaction, visit: Visit, happened: Sequence[Recorded]) -> dict[int, int]:
    """The shop that each fact belongs to, by the fact: that of its order or return, or the one that named the member."""
    documents = {fact.fact_id: named for fact in happened if (named := _document_of(fact))}
    orders = commerce.find_orders(tx, [number for prefix, number in documents.values() if prefix == "ord"])
    returns = commerce.find_returns(tx, [number for prefix, number in documents.values() if prefix == "ret"])
    known = {("ord", one.order_id): one.shop_id for one in orders} | {
        ("ret", one.return_id): one.shop_id for one in returns
    }
    issuers: Mapping[object, int] = {shop.code: shop.shop_id for shop in visit.shops}
    joined = {fact.fact_id: fact.data.get("issuer") for fact in happened if fact.name == "member.joined"}
    return {fact_id: known[named] for fact_id, named in documents.items() if named in known} | {
        fact_id: issuers[issuer] for fact_id, issuer in joined.items() if issuer in issuers
    }


def _document_of(fact: Recorded) -> tuple[str, int] | None:
    """The order or return that a fact is about, or that moved its points."""
    about = str(fact.data.get("fact", "")) if fact.name.startswith("reaction.") else fact.name
    if about.startswith("order.") and fact.subject_id is not None:
        return ("ret" if about == "order.returned" else "ord"), fact.subject_id
    order = order_of(str(fact.data.get("reference", "")))
    return ("ord", from_public("ord", order)) if order else None


def _entry(teller: Teller, fact: Recorded, gain: int, zone: tzinfo) -> Entry:
    noun = fact.name.partition(".")[0]
    words = SENTENCES.get(noun, other)(teller, fact)
    if gain:
        words += Markup('<span class="gain{}">{}</span>').format("" if gain > 0 else " is-less", teller.gain(gain))
    drawing = _ICONS.get(fact.name) or _ICONS.get(noun, "document-text")
    return Entry(fact.occurred_at, drawing, _COLOURS.get(fact.name) or _COLOURS.get(noun, ""), words, zone)
