"""The registry: one definition of each measure, complete in both languages, and the page that shows it."""

import re
from importlib import resources

import pytest

from insight import measures_page
from regulars import insight
from regulars.insight import Words


def test_the_page_of_measures_is_current() -> None:
    assert measures_page.FILE.read_text("utf-8") == measures_page.page(), "run `just reference`"


def test_every_measure_is_said_in_both_languages_and_has_its_sql() -> None:
    for measure in insight.measures():
        assert re.fullmatch(r"[a-z_]+", measure.name)
        assert re.search(r"[\u4e00-\u9fff]", measure.title.zh)
        assert measure.sentence.en.endswith(".")
        assert measure.sentence.zh.endswith("。")
        assert ("as whole" in measure.sql) == measure.divided


def test_every_sql_text_belongs_to_a_measure() -> None:
    texts = {file.name for file in (resources.files("regulars.insight") / "measures").iterdir()}
    assert texts == {f"{measure.name}.sql" for measure in insight.measures()}


def test_a_measure_reads_only_the_relations_that_are_explained() -> None:
    for measure in insight.measures():
        read = set(re.findall(r"\b(?:from|join)\s+([a-z_]+)", measure.sql))
        assert read <= set(measures_page.RELATIONS)


@pytest.mark.parametrize(
    ("locale", "text"), [("en", "one"), ("zh", "一"), ("zh-CN", "一"), ("zh_Hans", "一"), ("de", "one")]
)
def test_words_are_said_in_the_language_of_a_locale(locale, text) -> None:
    assert Words("one", "一").in_(locale) == text
