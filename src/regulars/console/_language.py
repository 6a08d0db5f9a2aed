"""The console's two languages: which one a visitor reads, its words, and how it writes numbers, money and dates.

The words are gettext: English is the message itself, Chinese is `locales/zh_CN.po`, read when the process starts (there
is no compiled file to forget). Numbers and dates are Babel's, after the Unicode CLDR.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, Literal, Protocol, cast

from babel import Locale, dates, numbers
from babel.messages import mofile, pofile
from babel.support import NullTranslations, Translations

COOKIE: Final = "regulars_language"
LOCALES: Final = Path(__file__).parent / "locales"


class Named(Protocol):
    """Something with a name in both languages."""

    @property
    def name_en(self) -> str:
        """In English."""
        ...

    @property
    def name_zh(self) -> str:
        """In Chinese."""
        ...


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the console: the formatting of `locale` and the words of `catalog`."""

    tag: str
    """As in HTML's `lang` and in the cookie."""
    name: str
    """What its own speakers call it."""
    locale: Locale
    catalog: NullTranslations

    @property
    def short(self) -> Literal["en", "zh"]:
        """As the domains that speak two languages know it."""
        return "zh" if self.tag.startswith("zh") else "en"

    def gettext(self, message: str) -> str:
        """The message in this language."""
        return self.catalog.gettext(message)

    def named(self, one: Named) -> str:
        """What something is called that has a name in both languages."""
        return one.name_zh if self.locale.language == "zh" else one.name_en

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """The message in this language, in the form that goes with `count`."""
        return self.catalog.ngettext(singular, plural, count)

    def number(self, value: float) -> str:
        """A number with at most two decimals, grouped."""
        return numbers.format_decimal(value, format="#,##0.##", locale=self.locale)

    def points(self, amount: int, decimals: int = 0, *, signed: bool = False) -> str:
        """Points of a type that is counted in units of 10^-decimals; `signed` writes the plus too."""
        digits = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
        value = Decimal(amount).scaleb(-decimals)
        return numbers.format_decimal(
            value, format=f"+{digits};-{digits}" if signed and amount else digits, locale=self.locale
        )

    def signed(self, value: float) -> str:
        """A number with its sign and one decimal, for a change."""
        return numbers.format_decimal(value, format="+#,##0.0;-#,##0.0", locale=self.locale)

    def percent(self, value: float | None) -> str:
        """A share of 1 as a percentage with one decimal."""
        return "—" if value is None else numbers.format_percent(value, format="#,##0.0%", locale=self.locale)

    def money(self, minor: float | None, currency: str | None, *, whole: bool = False) -> str:
        """An amount in minor units; `whole` leaves the pence away, for figures that are read at a glance."""
        if minor is None or currency is None:
            return "—"
        digits = self.digits(currency)
        amount = Decimal(round(minor)).scaleb(-digits)
        pattern = "¤#,##0;-¤#,##0" if whole or not digits else f"¤#,##0.{'0' * digits};-¤#,##0.{'0' * digits}"
        return numbers.format_currency(amount, currency, format=pattern, locale=self.locale, currency_digits=False)

    def digits(self, currency: str | None) -> int:
        """How many decimals a currency has."""
        return numbers.get_currency_precision(currency) if currency else 0

    def full_date(self, value: date | datetime | None, zone: tzinfo) -> str:
        """A day: 9 Dec 2011, 2011年12月9日."""
        return "—" if value is None else dates.format_date(_day(value, zone), format="medium", locale=self.locale)

    def month(self, value: date) -> str:
        """A month: Dec 2011, 2011年12月."""
        return dates.format_skeleton("yMMM", value, locale=self.locale)

    def day(self, value: date) -> str:
        """A day of a year that is clear from the rest: 9 Dec, 12月9日."""
        return dates.format_skeleton("MMMd", value, locale=self.locale)

    def day_of_year(self, month: int, day: int) -> str:
        """A day of every year: 31 Mar, 3月31日."""
        return self.day(date(2024, month, day))

    def moment(self, value: datetime, zone: tzinfo) -> str:
        """A day and a time: 9 Dec 2011, 12:50; 2011年12月9日 12:50."""
        local = value.astimezone(zone)
        clock = dates.format_time(local, format="HH:mm", locale=self.locale)
        return self.gettext("{day}, {clock}").format(day=self.full_date(local.date(), zone), clock=clock)

    def span(self, first: date, last: date) -> str:
        """From a day to another, both included: 11 Sept to 9 Dec 2011."""
        return dates.format_interval(first, last, skeleton="yMMMd", locale=self.locale)

    def country(self, code: str | None) -> str:
        """The name of a country by its ISO 3166 code or English name; what is neither stays as it is."""
        if not code:
            return ""
        names = _territories(self.locale)
        return names.get(code if code in names else _codes().get(code.casefold(), code), code)


def _territories(locale: Locale) -> Mapping[str, str]:
    return cast("Mapping[str, str]", locale.territories)


@cache
def _codes() -> dict[str, str]:
    """Country codes by what shops' exports call them: the English names, and a few that the CLDR does not have."""
    names = {name.casefold(): code for code, name in _territories(Locale("en")).items() if len(code) == 2}
    return names | {"eire": "IE", "usa": "US", "rsa": "ZA", "uk": "GB"}


def _day(value: date | datetime, zone: tzinfo) -> date:
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def _catalog(name: str) -> NullTranslations:
    compiled = io.BytesIO()
    with (LOCALES / f"{name}.po").open("rb") as source:
        mofile.write_mo(compiled, pofile.read_po(source, locale=name))
    compiled.seek(0)
    return Translations(compiled)


@cache
def languages() -> dict[str, Language]:
    """Every language by its tag; the first is the one for visitors who ask for none of them."""
    english = Language("en", "English", Locale("en", "GB"), NullTranslations())
    chinese = Language("zh-CN", "简体中文", Locale("zh", "CN", script="Hans"), _catalog("zh_CN"))
    return {language.tag: language for language in (english, chinese)}


def choose(cookie: str | None, accepted: str) -> Language:
    """The language a visitor chose, else the best of an Accept-Language header, else English."""
    known = languages()
    if cookie in known:
        return known[cookie]
    for tag in _by_preference(accepted):
        for language in known.values():
            if tag.split("-")[0].lower() == language.locale.language:
                return language
    return next(iter(known.values()))


def _by_preference(accepted: str) -> Sequence[str]:
    weighted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), place, tag))
        except ValueError:
            continue
    return [tag for weight, _, tag in sorted(weighted) if weight < 0]
