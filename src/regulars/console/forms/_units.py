"""In which units a form's numbers are written: money and points in major ones, with their decimals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from babel.core import UnknownLocaleError
from babel.numbers import get_currency_precision

from regulars.console._kinds import Kinds

_POINTS: Final = frozenset({"points", "most_points", "most_per_order"})
_REACHES: Final = frozenset({"reach", "keep"})


@dataclass(frozen=True, slots=True)
class Units:
    """The currency, the time zone and the kinds of points a document is meant in."""

    currency: str
    zone: str
    kinds: Kinds

    @classmethod
    def of(cls, document: Mapping[str, object], kinds: Kinds) -> "Units":
        """Those of a document; where it has none that can be used, plain ones."""
        currency, zone = document.get("currency"), document.get("time_zone")
        try:
            known = zone if isinstance(zone, str) and ZoneInfo(zone) else "UTC"
        except (ValueError, OSError, LookupError):
            known = "UTC"
        usable = isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isupper()
        return cls(str(currency) if usable else "", known, kinds)

    def decimals(self, point_type: str | None) -> int:
        """How many decimals points of a kind have."""
        return self.kinds.decimals.get(point_type or "points", 0)

    def money_digits(self, currency: str | None = None) -> int:
        """How many decimals amounts of a currency have; of the document's where none is named."""
        try:
            return get_currency_precision(currency or self.currency) if currency or self.currency else 2
        except UnknownLocaleError:
            return 2

    def unit(self, at: str, form: Mapping[str, str]) -> tuple[str, str]:  # noqa: PLR0911  one line a sort
        """What a number is of: `money` and its currency, `points` and their kind, or `count` and nothing."""
        around, _, name = at.rpartition(".")
        beside = f"{around}." if around else ""
        if name == "per_minor" and f"{beside}currency" in form:
            return "money", form[f"{beside}currency"]
        if name.endswith("_minor"):
            return "money", self.currency
        if name in _REACHES:
            measure = form.get("measure.by", "spend")
            of = {"spend": ("money", self.currency), "points": ("points", form.get("measure.of") or "points")}
            return of.get(measure, ("count", ""))
        if name == "amount" and f"{beside}unit" in form:
            of = form.get(f"{beside}point_type") or "points"
            return {"money": ("money", self.currency), "points": ("points", of)}.get(
                form[f"{beside}unit"], ("count", "")
            )
        if name == "minor" and f"{beside}points" in form:
            return "money", self.currency
        if name in _POINTS:
            return "points", form.get(f"{beside}point_type") or form.get("point_type") or "points"
        return "count", ""

    def digits(self, at: str, form: Mapping[str, str]) -> int:
        """How many decimals a number has."""
        kind, of = self.unit(at, form)
        if kind == "money":
            return self.money_digits(of if len(of) == 3 and of.isascii() and of.isupper() else None)
        return self.decimals(of) if kind == "points" else 0
