"""What is said of each kind of fact, in the visitor's language."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from regulars.console._language import Language
from regulars.facts import Recorded
from regulars.types import to_public

_ORDER: Final = re.compile(r"ord_[0-9a-z]{13}")


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


def order_of(reference: str) -> str | None:
    """The order a ledger reference names, as `ord_…`, if it names one."""
    found = _ORDER.search(reference)
    return found[0] if found else None


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
    return other(teller, fact)


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
        return other(teller, fact)
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
    return other(teller, fact) if sentence is None else teller.say(sentence, num=num)


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
        return other(teller, fact)
    amount = fact.data.get("amount")
    points = teller.gain(amount if isinstance(amount, int) else 0)
    why = fact.data.get("because") or fact.data.get("reason", "")
    return teller.say(sentence, who=fact.data.get("by", ""), points=points, why=why)


def _hold(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    if fact.name != "hold.released":
        return other(teller, fact)
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
        return other(teller, fact)
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
        return other(teller, fact)
    why = fact.data.get("because") or "—"
    return teller.say(sentence, who=fact.data.get("by", ""), tier=teller.tier(fact, "tier"), why=why)


def _benefit(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    if fact.name != "benefit.used":
        return other(teller, fact)
    return teller.say(_("Used the benefit %(benefit)s"), benefit=fact.data.get("benefit", ""))


def _household(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {"household.joined": _("Joined a household"), "household.left": _("Left the household")}
    return teller.say(sentences[fact.name]) if fact.name in sentences else other(teller, fact)


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
        return other(teller, fact)
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
        return other(teller, fact)
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
        return other(teller, fact)
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
        return other(teller, fact)
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
    return teller.say(sentence, salon=fact.data.get("salon", "")) if sentence else other(teller, fact)


def _event(teller: Teller, fact: Recorded) -> Markup:
    """Something of the programme's own that the member did."""
    return teller.say("%(what)s", what=teller.tiers[fact.name]) if fact.name in teller.tiers else other(teller, fact)


def _goal(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "goal.reached": _("Reached the goal of %(rule)s"),
        "goal.undone": _("The goal of %(rule)s is not reached any more: what led to it came back"),
    }
    code = str(fact.data.get("rule", ""))
    sentence = sentences.get(fact.name)
    return teller.say(sentence, rule=teller.tiers.get(f"rule.{code}", code)) if sentence else other(teller, fact)


def _occasion(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentence = {
        "birthday": _("Was given points for the birthday"),
        "joined_anniversary": _("Was given points for the anniversary of joining"),
        "first_order_anniversary": _("Was given points for the anniversary of the first order"),
    }.get(str(fact.data.get("occasion")))
    return teller.say(sentence) if sentence else other(teller, fact)


def _reaction(teller: Teller, fact: Recorded) -> Markup:
    _ = teller.language.gettext
    sentences = {
        "reaction.failed": _("Points or tier that should follow could not: an owner sees why"),
        "reaction.succeeded": _("Points or tier followed after all"),
    }
    return teller.say(sentences[fact.name]) if fact.name in sentences else other(teller, fact)


def other(teller: Teller, fact: Recorded) -> Markup:
    """A fact of a kind this console does not know yet: its name says it."""
    return teller.say("%(name)s", name=fact.name.replace(".", " ").replace("_", " "))


SENTENCES: Final[Mapping[str, Callable[[Teller, Recorded], Markup]]] = {
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
