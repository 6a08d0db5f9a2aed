"""Figures into a page: numbers written for readers, and the heights of pictures."""

from decimal import Decimal
from functools import partial
from typing import Final

from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import Environment, PackageLoader, StrictUndefined

from regulars.cli.report._words import words
from regulars.insight.exports import Read
from regulars.insight.report import Advice, Findings

_MONEY: Final = ("yearly_minor",)
_SHARES: Final = ("share", "once")


def money(minor: float, read: Read, locale: str) -> str:
    """An amount in major units, with its currency if that is known."""
    amount = Decimal(round(minor)).scaleb(-read.digits)
    if read.currency:
        return format_currency(amount, read.currency, locale=locale)
    return format_decimal(amount, "#,##0" + ("." + "0" * read.digits if read.digits else ""), locale=locale)


def share(value: float, locale: str) -> str:
    """A share as a percentage with one decimal."""
    return format_percent(value, "0.0 %", locale=locale)


def count(value: float, locale: str) -> str:
    """A whole number with thousands parted."""
    return format_decimal(round(value), locale=locale)


def sentence(advice: Advice, read: Read, language: str) -> str:
    """A piece of advice in words, with its figures."""
    locale = "zh" if language == "zh" else "en"
    figures = {
        name: money(value, read, locale)
        if name in _MONEY
        else share(value, locale)
        if name in _SHARES
        else count(value, locale)
        for name, value in advice.figures.items()
    }
    return words(language)[advice.name].format(**figures)


def page(findings: Findings, *, language: str) -> str:
    """The whole report, with its pictures and styles inside."""
    locale = "zh" if language == "zh" else "en"
    environment = Environment(
        loader=PackageLoader("regulars.cli.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    read = findings.data
    return environment.get_template("report.html").render(
        f=findings, t=words(language), language="zh-CN" if language == "zh" else "en",
        money=partial(money, read=read, locale=locale), share=partial(share, locale=locale), count=partial(count, locale=locale),
        advice=[sentence(one, read, language) for one in findings.advice],
    )  # fmt: skip
