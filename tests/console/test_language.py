"""Everything the console says is said in both languages, and numbers and dates are written as each writes them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from regulars.console import _language, _pages
from regulars.console._language import LOCALES, choose, languages

LONDON = ZoneInfo("Europe/London")
SOURCES = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "several": (1, 2)}


def said() -> Catalog:
    """Every message in the templates and the Python of the console."""
    catalog = Catalog()
    for _file, _line, message, _comments, context in extract_from_dir(_pages.STATIC.parent, SOURCES, OPTIONS, KEYWORDS):
        catalog.add(message, context=context)
    return catalog


def translated() -> Catalog:
    with (LOCALES / "zh_CN.po").open("rb") as source:
        return read_po(source, locale="zh_CN")


def ids(catalog: Catalog) -> set[object]:
    return {message.id for message in catalog if message.id}


def test_every_message_is_translated():
    missing = ids(said()) - ids(translated())
    assert not missing, "add these to locales/zh_CN.po"
    empty = [message.id for message in translated() if message.id and not all(_forms(message.string))]
    assert not empty


def _forms(string: object) -> list[object]:
    return list(string) if isinstance(string, tuple | list) else [string]


def test_no_translation_is_a_guess():
    assert not [message.id for message in translated() if message.id and message.fuzzy]


def test_no_translation_is_for_what_nobody_says_any_more():
    assert not ids(translated()) - ids(said())
    assert not translated().obsolete


def test_every_translation_keeps_the_places_of_its_values():
    catalog = translated()
    for message in catalog:
        if message.id:
            assert not list(message.check(catalog)), message.id


@pytest.mark.parametrize(
    ("cookie", "accepted", "tag"),
    [
        (None, "", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        (None, "zh-Hant-TW", "zh-CN"),
        (None, "en-GB,en;q=0.9,zh;q=0.1", "en"),
        (None, "fr;q=1, zh;q=0.2", "zh-CN"),
        (None, "zh;q=0, en", "en"),
        (None, "nonsense;q=x,,;", "en"),
        ("zh-CN", "en", "zh-CN"),
        ("xx", "zh", "zh-CN"),
    ],
)
def test_the_language_is_the_one_chosen_or_the_best_of_those_accepted(cookie: str | None, accepted: str, tag: str):
    assert choose(cookie, accepted).tag == tag


def test_numbers_money_and_dates_are_written_as_each_language_does():
    english, chinese = languages().values()
    assert english.money(123456, "GBP") == chinese.money(123456, "GBP") == "£1,234.56"
    assert english.money(-123456, "GBP") == "-£1,234.56"
    assert english.money(123456, "GBP", whole=True) == "£1,235"
    assert english.money(1234, "JPY") == "JP¥1,234"
    assert chinese.money(123456, "CNY") == "¥1,234.56"
    assert english.money(None, "GBP") == english.money(5, None) == "—"
    assert english.percent(0.4567) == "45.7%"
    assert english.signed(5.25) == "+5.2"
    assert english.signed(-5.25) == "-5.2"
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert english.full_date(late, LONDON) == "1 Jul 2026"
    assert english.moment(late, LONDON) == "1 Jul 2026, 00:30"
    assert chinese.moment(late, LONDON) == "2026年7月1日 00:30"
    assert chinese.month(date(2026, 7, 1)) == "2026年7月"
    assert english.full_date(None, LONDON) == "—"


@pytest.mark.parametrize(
    ("written", "english", "chinese"),
    [
        ("GB", "United Kingdom", "英国"),
        ("United Kingdom", "United Kingdom", "英国"),
        ("EIRE", "Ireland", "爱尔兰"),
        ("Channel Islands", "Channel Islands", "Channel Islands"),
        (None, "", ""),
    ],
)
def test_a_country_is_named_in_the_language_however_the_shop_wrote_it(written: str | None, english: str, chinese: str):
    assert [language.country(written) for language in _language.languages().values()] == [english, chinese]
