"""Sets of tiers in words: what counts, over how long, and how a tier is kept and lost."""

from dataclasses import dataclass
from datetime import date

from regulars.console import _ranks
from regulars.console._language import Language
from regulars.console._ranks import Writer
from regulars.ledger import Span
from regulars.programme import Programme, Tier, TierSet
from regulars.programme.tiers import Benefit, amount_of


@dataclass(frozen=True, slots=True)
class Words:
    """A set of tiers, told in a visitor's language."""

    one: TierSet
    name: str
    language: Language
    writer: Writer

    @classmethod
    def of(cls, one: TierSet, programme: Programme, language: Language) -> "Words":
        """A set of a programme."""
        return cls(one, _ranks.set_name(one, language), language, Writer(language, programme.currency))

    def amount(self, amount: int) -> str:
        """So much of what counts; pence are left away where there are none."""
        whole = self.one.measure.by == "spend" and amount % 10 ** self.language.digits(self.writer.currency) == 0
        if whole:
            return self.language.money(amount, self.writer.currency, whole=True)
        return amount_of(self.one, amount, self.writer)

    def tier(self, code: str) -> str:
        """What a tier is called."""
        return next((_ranks.tier_name(one, self.language) for one in self.one.tiers if one.code == code), code)

    def benefits(self, tier: Tier) -> list[str]:
        """What a tier entitles to."""
        return [benefit_words(one, self.language) for one in self.one.benefits_of(tier.code)]

    @property
    def counts(self) -> str:
        """What counts, and over how long."""
        _, several, window = self.language.gettext, self.language.ngettext, self.one.window
        what = {
            "spend": _("what a member spent on goods, returns taken off"),
            "points": _("points of the kind %(kind)s that were earned"),
            "orders": _("orders of which anything was kept"),
            "event": _("how often %(kind)s happened"),
        }[self.one.measure.by] % {"kind": self.one.measure.of}
        when = {
            "rolling": several("in the last %(num)s month", "in the last %(num)s months", window.months),
            "calendar": _("in the year from %(day)s on"),
            "anniversary": _("in the year from the day of joining on"),
        }[window.kind] % {"num": window.months, "day": self.language.day(date(2024, window.month, window.day))}
        return _("Counted: %(what)s, %(when)s.") % {"what": what, "when": when}

    @property
    def terms(self) -> list[str]:
        """How a tier is kept and lost, sentence by sentence."""
        _, one = self.language.gettext, self.one
        said = [
            {
                "to_earned": _("Whoever does not keep a tier falls to what was earned."),
                "one_step": _("Whoever does not keep a tier falls by one in a cycle."),
                "never": _("A tier once reached is not lost."),
            }[one.downgrade]
        ]
        if one.grace.count:
            said.append(_("It is still had for %(span)s.") % {"span": self._span(one.grace)})
        if one.stay.count:
            said.append(_("A tier is had for %(span)s at least.") % {"span": self._span(one.stay)})
        if one.refunds == "cycle_end":
            said.append(_("What came back counts against keeping a tier when the cycle ends."))
        if one.notice_days:
            said.append(_("Members are told %(days)s days ahead.") % {"days": one.notice_days})
        zones = {
            "member": _("Years begin in the member's time zone."),
            "shop": _("Years begin in the shop's time zone."),
        }
        return said + ([zones[one.zone]] if one.zone in zones else [])

    def _span(self, span: Span) -> str:
        several = self.language.ngettext
        return {
            "day": several("%(num)s day", "%(num)s days", span.count),
            "month": several("%(num)s month", "%(num)s months", span.count),
            "year": several("%(num)s year", "%(num)s years", span.count),
        }[span.unit] % {"num": span.count}


def benefit_words(one: Benefit, language: Language) -> str:
    """A benefit, with how much it is and how often it can be used."""
    several = language.ngettext
    chinese = language.locale.language == "zh"
    words = one.name_zh if chinese else one.name_en
    note = one.note_zh if chinese else one.note_en
    if one.kind == "discount" and one.value is not None:
        words += f" · {one.value} %"
    if one.kind == "multiplier" and one.value is not None:
        words += f" · {one.value / 100:g}\N{MULTIPLICATION SIGN}"
    if one.uses is not None:
        words += " · " + several("%(num)s time a cycle", "%(num)s times a cycle", one.uses) % {"num": one.uses}
    return f"{words} ({note})" if note else words
