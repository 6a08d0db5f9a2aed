"""A programme's parts in plain words, read from their forms: so even what is not finished can be told."""

# ruff: noqa: RUF001 - Chinese is written with Chinese punctuation

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from regulars.console._language import Language
from regulars.console.forms import _labels
from regulars.console.forms._conditions import BY_NAME
from regulars.console.forms._documents import mapping_of
from regulars.console.forms._phrases import PHRASES, WEEKDAYS
from regulars.console.forms._units import Units
from regulars.console.forms._values import Form, filled, row_names
from regulars.programme.drafts import Shape

_SHOWN: Final = 6
"""How many fields are told of something that has no sentence of its own."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells parts of a document in a language."""

    language: Language
    units: Units
    names: Mapping[str, Mapping[str, str]]

    @property
    def short(self) -> str:
        """The language, as the tables know it."""
        return self.language.short

    def title(self, item: Any, place: int) -> str:
        """What something is called."""
        known = mapping_of(item)
        found = known.get("name_zh" if self.short == "zh" else "name_en") or known.get("name") or known.get("code")
        return found if isinstance(found, str) and found.strip() else f"#{place + 1}"

    def lines(self, section: str, shape: Shape, item: Any) -> list[str]:
        """What something says, sentence by sentence."""
        form = filled(shape, item, self.units)
        if form.get("kept"):
            return [str(item)]
        special = _TOLD.get(section)
        return special(self, form) if special else self.fields(shape, form)

    def fields(self, shape: Shape, form: Form, at: str = "") -> list[str]:
        """The fields of a record that say something, by name."""
        plain = [one for one in shape.parts if one.name not in {"code", "name_en", "name_zh", "name"}]
        colon = "：" if self.short == "zh" else ": "
        found = [
            f"{_labels.label(shape.record, one.name, self.short)}{colon}{said}"
            for one in plain
            if (said := self._said(shape.record, one.name, one.shape, form, f"{at}{one.name}"))
        ]
        return found[:_SHOWN]

    def _said(self, record: str, name: str, shape: Shape, form: Form, at: str) -> str:  # noqa: PLR0911  one line a sort
        value = form.get(at, "")
        if shape.sort == "word" and value:
            return _labels.word(record, name, value, self.short)
        if shape.sort in {"list", "map"}:
            count = len(row_names(form.get(f"{at}.rows", "")))
            return str(count) if count else ""
        if shape.sort == "kinds":
            return self._kind(shape, form, at)
        if shape.sort == "record" and (not shape.nullable or f"{at}.on" in form):
            if shape.record == "Span":
                unit = _labels.word("Span", "unit", form.get(f"{at}.unit", ""), self.short)
                return f"{form.get(f'{at}.count', '')} {unit}"
            comma = "，" if self.short == "zh" else ", "
            return comma.join(self.fields(shape, form, f"{at}."))
        if shape.sort == "whole" and value:
            return self.amount(at, form)
        return value if shape.sort in {"text", "texts", "moment", "day"} else ""

    def _kind(self, shape: Shape, form: Form, at: str) -> str:
        chosen = next((one for one in shape.kinds if one.kind == form.get(f"{at}.kind")), None)
        if chosen is None:
            return ""
        word = _labels.word(chosen.record, "kind", chosen.kind, self.short)
        parts = replace(chosen, parts=tuple(one for one in chosen.parts if one.name != "kind"))
        said = self.fields(parts, form, f"{at}.{chosen.kind}.")
        return f"{word} ({', '.join(said)})" if said else word

    def amount(self, at: str, form: Form) -> str:
        """A number of a form with its unit."""
        kind, of = self.units.unit(at, form)
        value = form.get(at, "")
        return self.money(value, of) if kind == "money" else self.points(value, of) if kind == "points" else value

    def money(self, value: str, currency: str | None = None) -> str:
        """An amount of a form as money."""
        try:
            code = currency or self.units.currency
            return self.language.money(int(Decimal(value).scaleb(self.language.digits(code))), code) if code else value
        except (InvalidOperation, ValueError):
            return value

    def points(self, value: str, kind: str = "points") -> str:
        """So many points of a kind, with what they are called."""
        several, number = self.language.ngettext, self._number(value)
        if kind in {"points", ""}:
            return several("%(num)s point", "%(num)s points", 1 if number == "1" else 2) % {"num": number}
        return f"{number} {self.units.kinds.name(kind)}"

    def _number(self, value: str) -> str:
        try:
            return self.language.number(float(Decimal(value)))
        except (InvalidOperation, ValueError):
            return value

    def rule(self, form: Form) -> list[str]:
        """A rule: what it gives, on which conditions, at most how much, and from when until when."""
        _ = self.language.gettext
        found = [self._gives(form)]
        conditions = [self.condition(f"when.{row}", form) for row in row_names(form.get("when.rows", ""))]
        if conditions:
            both = "；" if self.short == "zh" else " and "
            found.append(_("Only when %(conditions)s.") % {"conditions": both.join(conditions)})
        limits = [self._limit(f"limits.{row}", form) for row in row_names(form.get("limits.rows", ""))]
        if form.get("most_per_order"):
            limits.insert(0, _("%(points)s for one order") % {"points": self.amount("most_per_order", form)})
        if limits:
            found.append(_("At most %(limits)s.") % {"limits": ("、" if self.short == "zh" else ", ").join(limits)})
        words = {"starts_at": _("From %(moment)s."), "ends_at": _("Until %(moment)s.")}
        return found + [said % {"moment": self._moment(form[name])} for name, said in words.items() if form.get(name)]

    def _moment(self, text: str) -> str:
        try:
            return self.language.moment(datetime.fromisoformat(text).replace(tzinfo=UTC), UTC)
        except ValueError:
            return text

    def _gives(self, form: Form) -> str:
        _, kind = self.language.gettext, form.get("point_type", "points")
        how = form.get("points.is")
        if form.get("kind") == "multiplier" and how == "fixed":
            percent = form.get("points.fixed", "")
            if percent == "200":
                return _("Double points.")
            return _("%(percent)s %% of the base points.") % {"percent": percent}
        if how == "each":
            values = {"points": self.points(form["points.n"], kind), "amount": self.money(form["points.per"])}
            return _("%(points)s for each %(amount)s spent.") % values
        if how == "fixed":
            return self._per(form) % {"points": self.points(form["points.fixed"], kind)}
        return _("Points by an expression: %(expression)s") % {"expression": form.get("points.text", "")}

    def _per(self, form: Form) -> str:
        """What so many points are given for."""
        _ = self.language.gettext
        if "challenge.on" in form or "streak.on" in form:
            return _("%(points)s when the goal is reached.")
        match form.get("on", "order"):
            case "event":
                return _("%(points)s for an event.")
            case "birthday":
                return _("%(points)s on the birthday.")
            case "joined_anniversary" | "first_order_anniversary":
                return _("%(points)s on the anniversary.")
            case _:
                whole = form.get("per") == "order"
                return _("%(points)s for an order.") if whole else _("%(points)s for each line of goods.")

    def budget(self, form: Form) -> list[str]:
        """A budget: how much, for how long, and what happens at its end."""
        period = _labels.word("Budget", "period", form.get("period", ""), self.short)
        end = _labels.word("Budget", "at_end", form.get("at_end", ""), self.short)
        comma = "，" if self.short == "zh" else ", "
        return [comma.join([self.amount("amount", form), period]), end]

    def campaign(self, form: Form) -> list[str]:
        """A campaign: what it is, when it is open, and what its rules are called."""
        _ = self.language.gettext
        found = [_labels.word("Campaign", "kind", form.get("kind", ""), self.short)]
        words = {"starts_at": _("From %(moment)s."), "ends_at": _("Until %(moment)s.")}
        found += [said % {"moment": self._moment(form[name])} for name, said in words.items() if form.get(name)]
        name = "name_zh" if self.short == "zh" else "name_en"
        rules = [form.get(f"rules.{row}.{name}", "") for row in row_names(form.get("rules.rows", ""))]
        return [*found, ("、" if self.short == "zh" else ", ").join(rules)]

    def condition(self, at: str, form: Form) -> str:
        """One condition in words."""
        choice = BY_NAME.get(form.get(f"{at}.is", ""), BY_NAME["text"])
        words = PHRASES[choice.name][3 if self.short == "zh" else 2]
        match choice.operand:
            case "none":
                return words
            case "days":
                days = WEEKDAYS[1 if self.short == "zh" else 0]
                said = self._or([days[one - 1] for one in range(1, 8) if f"{at}.days.{one}" in form])
            case "amount":
                said = self.money(form.get(f"{at}.amount", ""))
            case "day":
                said = self._day(form.get(f"{at}.day", ""))
            case "texts":
                given = [one.strip() for one in form.get(f"{at}.texts", "").split(",")]
                named: Mapping[str, str] = self.names.get("tier", {}) if choice.name == "tier" else {}
                said = self._or([named.get(one, one) for one in given])
            case _:
                said = form.get(f"{at}.{choice.operand}", "")
        return words % said

    def _or(self, words: Sequence[str]) -> str:
        if self.short == "zh":
            return "或".join(words)
        return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)

    def _day(self, text: str) -> str:
        try:
            return self.language.full_date(date.fromisoformat(text), UTC)
        except ValueError:
            return text

    def _limit(self, at: str, form: Form) -> str:
        _, several = self.language.gettext, self.language.ngettext
        said = [self.amount(f"{at}.most_points", form)] if form.get(f"{at}.most_points") else []
        times = form.get(f"{at}.most_times", "")
        if times:
            said.append(several("%(num)s time", "%(num)s times", 1 if times == "1" else 2) % {"num": times})
        period = form.get(f"{at}.per", "")
        if period == "ever":
            return _("%(amounts)s ever") % {"amounts": ", ".join(said)}
        words = {"amounts": ", ".join(said), "period": _labels.word("Limit", "per", period, self.short)}
        return _("%(amounts)s a %(period)s") % words

    def tier_set(self, form: Form) -> list[str]:
        """A set of tiers: what counts, and from what each is reached."""
        _ = self.language.gettext
        counts = _labels.word("Measure", "by", form.get("measure.by", ""), self.short)
        window = _labels.word("Window", "kind", form.get("window.kind", ""), self.short)
        found = [_("Counts %(what)s over %(window)s.") % {"what": counts, "window": window}]
        for row in row_names(form.get("tiers.rows", "")):
            name = form.get(f"tiers.{row}.name_zh" if self.short == "zh" else f"tiers.{row}.name_en", "")
            values = {"tier": name, "amount": self.amount(f"tiers.{row}.reach", form)}
            found.append(_("%(tier)s from %(amount)s.") % values)
        return found

    def reward(self, form: Form) -> list[str]:
        """A reward: its kind, what it costs, and who can have it."""
        _ = self.language.gettext
        rows = row_names(form.get("prices.rows", ""))
        prices = [self.amount(f"prices.{row}.points", form) for row in rows]
        kind = _labels.word("Reward", "kind", form.get("kind", ""), self.short)
        between = "：" if self.short == "zh" else ": "
        found = [f"{kind[:1].upper()}{kind[1:]}{between}{self._or(prices)}"]
        if form.get("value_minor") and Decimal(form["value_minor"] or 0):
            found.append(_("Worth %(amount)s.") % {"amount": self.money(form["value_minor"])})
        if form.get("per_member"):
            found.append(_("At most %(limits)s.") % {"limits": form["per_member"]})
        return found


_TOLD: Final[Mapping[str, Callable[[Teller, Form], list[str]]]] = {
    "earning": Teller.rule,
    "tier_sets": Teller.tier_set,
    "rewards": Teller.reward,
    "budgets": Teller.budget,
    "campaigns": Teller.campaign,
}
