"""How amounts, numbers and days are written in the sentences of answers, English and Chinese."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision


@dataclass(frozen=True, slots=True)
class Writer:
    """How they are written in one language: `en_GB` or `zh_CN`."""

    currency: str
    locale: str

    @property
    def chinese(self) -> bool:
        """Whether sentences are Chinese."""
        return self.locale == "zh_CN"

    def money(self, minor: int) -> str:
        """An amount of the currency."""
        major = Decimal(minor).scaleb(-get_currency_precision(self.currency))
        return format_currency(major, self.currency, locale=self.locale)

    def number(self, number: int) -> str:
        """A number."""
        return format_decimal(number, locale=self.locale)

    def day(self, day: date) -> str:
        """A day."""
        return format_date(day, "long" if self.chinese else "d MMMM y", locale=self.locale)


def preferred(header: str) -> Literal["en", "zh"]:
    """Which of the two an `Accept-Language` header asks for, English if neither."""
    wanted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, quality = part.strip().partition(";q=")
        with suppress(ValueError):
            wanted.append((float(quality or 1), tag.strip().lower()))
    ranked = [tag for _, tag in sorted(wanted, key=lambda one: -one[0])]
    return "zh" if next((tag[:2] for tag in ranked if tag[:2] in {"en", "zh"}), "en") == "zh" else "en"
