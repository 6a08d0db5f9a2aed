"""One member's timeline: every fact as a sentence in the visitor's language."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Final

from markupsafe import Markup, escape

from regulars import commerce
from regulars.console._language import Language
from regulars.console._visits import Visit
from regulars.facts import Recorded
from regulars.storage import Transaction
from regulars.types import from_public, to_public

_ORDER: Final = re.compile(r"ord_[0-9a-z]{13}")
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


@dataclass(frozen=True, slots=True)
class Teller:
    """What sentences are told with."""

    language: Language
    tiers: Mapping[str, str]
    """What tiers are called by their code, events by the name of their fact, and rules as `rule.<code>`."""
    paid: bool

    def say(self, sentence: str, **values: object) -> Markup:
        """A translated sentence with its values; only what is `Markup` already may be more than text."""
        return Markup(escape(sentence)) % values  # noqa: S704  the sentence is escaped, and `%` escapes the values

    def money(self, fact: Recorded, field: str) -> str:
        """An amount of the fact in its currency."""
        amount, currency = fact.data.get(field), fact.data.get("currency")
        known = isinstance(amount, int) and isinstance(currency, str)
        return self.language.money(amount, currency) if known else "—"

    def points(self, fact: Recorded) -> tuple[int, str]:
        """How many points the fact moved, and the number written out."""
        amount = fact.data.get("amount")
        moved = abs(amount) if isinstance(amount, int) else 0
        return moved, self.language.number(moved)

    def gain(self, points: int) -> str:
        """Points that came or went with something else."""
        sentence = self.language.ngettext("%(num)s point", "%(num)s points", abs(points))
        return sentence % {"num": f"{'+' if points > 0 else '-'}{self.language.number(abs(points))}"}

    def tier(self, fact: Recorded, field: str) -> str:
        """What a tier in the fact is called."""
        code = str(fact.data.get(field, ""))
        return self.tiers.get(code, code)


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
    words = _SENTENCES.get(noun, _other)(teller, fact)
    if gain:
        words += Markup('<span class="gain{}">{}</span>').format("" if gain > 0 else " is-less", teller.gain(gain))
    drawing = _ICONS.get(fact.name) or _ICONS.get(noun, "document-text")
    return Entry(fact.occurred_at, drawing, _COLOURS.get(fact.name) or _COLOURS.get(noun, ""), words, zone)


def _link(public: str, text: str) -> Markup:
    return Markup('<a href="/orders/{}">{}</a>').format(public, text)


def _member(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    if fact.name == "member.joined":
        return teller.say(_("Became a member as customer %(number)s"), number=fact.data.get("external_id", ""))
    if fact.name == "member.amended":
        return teller.say(
            _("The record was changed: %(fields)s"), fields=", ".join(map(str, fact.data.get("fields", [])))
        )
    return _other(teller, fact)


def _order(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "order.placed": _("Ordered and paid %(order)s for %(amount)s")
        if teller.paid
        else _("Ordered %(order)s for %(amount)s"),
        "order.paid": _("Paid %(order)s, %(amount)s"),
        "order.amended": _("Lines were added to %(order)s"),
        "order.revised": _("Order %(order)s was changed"),
        "order.cancelled": _("Order %(order)s was cancelled"),
        "order.delivered": _("Order %(order)s was delivered"),
        "order.returned": _("Sent goods back, %(amount)s given back (%(number)s)"),
    }
    number = str(fact.data.get("external_id", ""))
    order = _link(to_public("ord", fact.subject_id or 0), number)
    sentence = sentences.get(fact.name)
    if sentence is None:
        return _other(teller, fact)
    return teller.say(sentence, order=order, number=number, amount=teller.money(fact, "goods_minor"))


def _points(teller: Teller, fact: Recorded) -> Markup:
    if fact.name in {"points.frozen", "points.unfrozen"}:
        return _freeze(teller, fact)
    several = teller.language.ngettext
    count, num = teller.points(fact)
    sentences = {
        "points.earned": several("Earned %(num)s point", "Earned %(num)s points", count),
        "points.promised": several("%(num)s point is pending", "%(num)s points are pending", count),
        "points.matured": several(
            "%(num)s pending point can be spent now", "%(num)s pending points can be spent now", count
        ),
        "points.spent": several("Spent %(num)s point", "Spent %(num)s points", count),
        "points.restored": several("Got %(num)s spent point back", "Got %(num)s spent points back", count),
        "points.reversed": several("%(num)s point was taken back", "%(num)s points were taken back", count),
        "points.expired": several("%(num)s point lapsed", "%(num)s points lapsed", count),
        "points.held": several("%(num)s point was set aside", "%(num)s points were set aside", count),
        "points.captured": several("Spent %(num)s point set aside", "Spent %(num)s points set aside", count),
        "points.released": several("Got %(num)s point back, set aside", "Got %(num)s points back, set aside", count),
        "points.sent": several("Gave away %(num)s point", "Gave away %(num)s points", count),
        "points.received": several("Was given %(num)s point", "Was given %(num)s points", count),
        "points.extended": several("%(num)s point lives longer", "%(num)s points live longer", count),
        "points.reinstated": several("Got %(num)s lapsed point back", "Got %(num)s lapsed points back", count),
        "points.lapsed": several("%(num)s pending point was lost", "%(num)s pending points were lost", count),
        "points.forgiven": several("%(num)s point owed was forgiven", "%(num)s points owed were forgiven", count),
        "points.joined": teller.language.gettext("All points were put together with others'"),
        "points.left": teller.language.gettext("The points are the member's alone again"),
        "points.moved": teller.language.gettext("Points went between the member's own account and those shared"),
    }
    sentence = sentences.get(fact.name)
    return _other(teller, fact) if sentence is None else teller.say(sentence, num=num)


def _freeze(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    who, why = fact.data.get("by", ""), fact.data.get("reason") or fact.data.get("because")
    if fact.name == "points.frozen":
        return teller.say(_("%(who)s froze the points: %(why)s"), who=who, why=why)
    if why is None:
        return teller.say(_("%(who)s unfroze the points"), who=who)
    return teller.say(_("%(who)s unfroze the points: %(why)s"), who=who, why=why)


def _adjustment(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "adjustment.proposed": _("%(who)s asked for %(points)s by hand: %(why)s"),
        "adjustment.posted": _("%(points)s by hand, decided by %(who)s: %(why)s"),
        "adjustment.rejected": _("%(who)s rejected %(points)s by hand: %(why)s"),
    }
    sentence = sentences.get(fact.name)
    if sentence is None:
        return _other(teller, fact)
    amount = fact.data.get("amount")
    points = teller.gain(amount if isinstance(amount, int) else 0)
    why = fact.data.get("because") or fact.data.get("reason", "")
    return teller.say(sentence, who=fact.data.get("by", ""), points=points, why=why)


def _hold(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    if fact.name != "hold.released":
        return _other(teller, fact)
    sentence = _("%(who)s gave back what was set aside for %(reference)s: %(why)s")
    data = fact.data
    return teller.say(sentence, who=data.get("by", ""), reference=data.get("reference", ""), why=data.get("reason", ""))


def _tier(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "tier.reached": _("Reached %(tier)s"),
        "tier.left": _("Went from %(before)s to %(tier)s"),
        "tier.kept": _("Kept %(tier)s"),
        "tier.at_risk": _("Was told that %(tier)s is about to be lost"),
        "tier.rewarded": _("Got a gift for reaching %(tier)s"),
    }
    sentence = sentences.get(fact.name)
    if sentence is None:
        return _other(teller, fact)
    return teller.say(sentence, before=teller.tier(fact, "from"), tier=teller.tier(fact, "tier"))


def _grant(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    if fact.data.get("kind") == "membership" and fact.name in {"grant.approved", "grant.ended"}:
        bought = fact.name == "grant.approved"
        return teller.say(
            _("Bought %(tier)s") if bought else _("%(tier)s that was bought came back"), tier=teller.tier(fact, "tier")
        )
    sentences = {
        "grant.proposed": _("%(who)s asked for %(tier)s by hand: %(why)s"),
        "grant.approved": _("%(who)s gave %(tier)s by hand: %(why)s"),
        "grant.rejected": _("%(who)s rejected %(tier)s by hand: %(why)s"),
        "grant.ended": _("%(who)s ended %(tier)s by hand: %(why)s"),
    }
    sentence = sentences.get(fact.name)
    if sentence is None:
        return _other(teller, fact)
    why = fact.data.get("because") or "—"
    return teller.say(sentence, who=fact.data.get("by", ""), tier=teller.tier(fact, "tier"), why=why)


def _benefit(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    if fact.name != "benefit.used":
        return _other(teller, fact)
    return teller.say(_("Used the benefit %(benefit)s"), benefit=fact.data.get("benefit", ""))


def _household(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {"household.joined": _("Joined a household"), "household.left": _("Left the household")}
    return teller.say(sentences[fact.name]) if fact.name in sentences else _other(teller, fact)


def _referral(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    points = fact.data.get("points")
    gain = teller.gain(points if isinstance(points, int) else 0)
    place = Markup("/referrals/{}").format(to_public("rfl", fact.subject_id)) if fact.subject_id else ""
    sentences = {
        "referral.code_issued": _("Got the referral code %(code)s"),
        "referral.code_revoked": _("The referral code %(code)s was revoked"),
        "referral.touched": _("Somebody came by the referral code %(code)s"),
        "referral.attributed": _("Brought a friend (%(story)s)"),
        "referral.refused": _("A referral was refused (%(story)s)"),
        "referral.held": _("A referral waits for a person (%(story)s)"),
        "referral.approved": _("A referral was approved (%(story)s)"),
        "referral.rewarded": _("Was given %(points)s for a referral (%(story)s)"),
        "referral.reversed": _("%(points)s for a referral went back (%(story)s)"),
        "referral.capped": _("A referral counts, and the limit of rewards was reached (%(story)s)"),
    }
    sentence = sentences.get(fact.name)
    if sentence is None:
        return _other(teller, fact)
    story = Markup('<a href="{}">{}</a>').format(place, _("its story"))
    shown = teller.gain(-points) if fact.name == "referral.reversed" and isinstance(points, int) else gain
    return teller.say(sentence, code=fact.data.get("code", ""), points=shown, story=story)


def _reward(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "reward.redeemed": _("Took %(reward)s"),
        "reward.given": _("Was given %(reward)s"),
        "reward.owed": _("%(reward)s is owed: there was none to give"),
        "reward.kept": _("%(reward)s stays, though what it was given for was undone"),
        "reward.quoted": _("Was told a price for %(reward)s"),
        "reward.held": _("Set points aside for %(reward)s"),
        "reward.captured": _("Paid with points: %(reward)s"),
        "reward.released": _("Let go of %(reward)s"),
        "reward.lapsed": _("The time for %(reward)s ran out"),
        "reward.requested": _("%(reward)s waits to be sent"),
        "reward.packed": _("%(reward)s was packed"),
        "reward.sent": _("%(reward)s was sent"),
        "reward.delivered": _("%(reward)s has arrived"),
        "reward.cancelled": _("%(reward)s was cancelled, the points are back"),
        "reward.refunded": _("%(reward)s was given back"),
    }
    sentence = sentences.get(fact.name)
    if sentence is None:
        return _other(teller, fact)
    name = fact.data.get("name_zh" if teller.language.locale.language == "zh" else "name_en")
    return teller.say(sentence, reward=name or fact.data.get("reward", ""))


def _coupon(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "coupon.claimed": _("Was given a coupon that ends in %(end)s"),
        "coupon.reserved": _("Took the coupon …%(end)s to a checkout"),
        "coupon.redeemed": _("Used the coupon …%(end)s, %(amount)s off"),
        "coupon.released": _("The checkout let go of the coupon …%(end)s"),
        "coupon.refunded": _("Got the coupon …%(end)s back"),
        "coupon.revoked": _("The coupon …%(end)s was taken out of use"),
    }
    sentence = sentences.get(fact.name)
    if sentence is None:
        return _other(teller, fact)
    return teller.say(sentence, end=fact.data.get("ends_with", ""), amount=teller.money(fact, "discount_minor"))


def _gift_card(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "gift_card.issued": _("Was given a gift card of %(amount)s"),
        "gift_card.topped_up": _("%(amount)s were put on the gift card …%(end)s"),
        "gift_card.held": _("Set %(amount)s aside on the gift card …%(end)s"),
        "gift_card.captured": _("Paid %(amount)s by the gift card …%(end)s"),
        "gift_card.released": _("%(amount)s on the gift card …%(end)s are free again"),
        "gift_card.refunded": _("%(amount)s came back to the gift card …%(end)s"),
        "gift_card.expired": _("%(amount)s on the gift card …%(end)s lapsed"),
        "gift_card.blocked": _("The gift card …%(end)s was blocked"),
        "gift_card.unblocked": _("The gift card …%(end)s can be used again"),
    }
    sentence = sentences.get(fact.name)
    if sentence is None:
        return _other(teller, fact)
    return teller.say(sentence, end=fact.data.get("ends_with", ""), amount=teller.money(fact, "amount_minor"))


def _signup(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "signup.booked": _("Has a place at the salon %(salon)s"),
        "signup.waiting": _("Waits for a place at the salon %(salon)s"),
        "signup.cancelled": _("Gave up the place at the salon %(salon)s"),
        "signup.attended": _("Was at the salon %(salon)s"),
    }
    sentence = sentences.get(fact.name)
    return teller.say(sentence, salon=fact.data.get("salon", "")) if sentence else _other(teller, fact)


def _event(teller: Teller, fact: Recorded) -> Markup:
    """Something of the programme's own that the member did."""
    return teller.say("%(what)s", what=teller.tiers[fact.name]) if fact.name in teller.tiers else _other(teller, fact)


def _goal(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "goal.reached": _("Reached the goal of %(rule)s"),
        "goal.undone": _("The goal of %(rule)s is not reached any more: what led to it came back"),
    }
    code = str(fact.data.get("rule", ""))
    sentence = sentences.get(fact.name)
    return teller.say(sentence, rule=teller.tiers.get(f"rule.{code}", code)) if sentence else _other(teller, fact)


def _occasion(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentence = {
        "birthday": _("Was given points for the birthday"),
        "joined_anniversary": _("Was given points for the anniversary of joining"),
        "first_order_anniversary": _("Was given points for the anniversary of the first order"),
    }.get(str(fact.data.get("occasion")))
    return teller.say(sentence) if sentence else _other(teller, fact)


def _reaction(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "reaction.failed": _("Points or tier that should follow could not: an owner sees why"),
        "reaction.succeeded": _("Points or tier followed after all"),
    }
    return teller.say(sentences[fact.name]) if fact.name in sentences else _other(teller, fact)


def _other(teller: Teller, fact: Recorded) -> Markup:
    """A fact of a kind this console does not know yet: its name says it."""
    return teller.say("%(name)s", name=fact.name.replace(".", " ").replace("_", " "))


_SENTENCES: Final[Mapping[str, Callable[[Teller, Recorded], Markup]]] = {
    "member": _member,
    "order": _order,
    "points": _points,
    "adjustment": _adjustment,
    "hold": _hold,
    "tier": _tier,
    "grant": _grant,
    "benefit": _benefit,
    "reaction": _reaction,
    "household": _household,
    "reward": _reward,
    "coupon": _coupon,
    "gift_card": _gift_card,
    "referral": _referral,
    "signup": _signup,
    "event": _event,
    "goal": _goal,
    "occasion": _occasion,
}


def order_of(reference: str) -> str | None:
    """The order a ledger reference names, as `ord_…`, if it names one."""
    found = _ORDER.search(reference)
    return found[0] if found else None
