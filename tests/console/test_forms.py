"""Forms of documents: what is filled in and read again is the same, whatever stands there; expressions as fields."""

# ruff: noqa: RUF001 - Chinese is written with Chinese punctuation

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.forming import RICH
from programme.drafts.documents import PROGRAMMES, VALUES
from regulars.console import forms
from regulars.console._kinds import Kinds
from regulars.console._language import languages
from regulars.console._remedies import said
from regulars.console.forms import Units
from regulars.console.forms._conditions import BY_NAME, CHOICES, Around, condition_form, pieces, written, written_as
from regulars.console.forms._values import number
from regulars.programme import Programme, drafts, earning, expressions

UNITS = Units("GBP", "Europe/London", Kinds(languages()["en"], {"stars": 1}, {}))
SHAPE = drafts.shape()
DOCUMENTS = PROGRAMMES.map(drafts.document_of) | st.just(forms.document_of(RICH))


def again(document: Any) -> Any:
    """What a form says that was filled in with a document."""
    return forms.read(SHAPE, document, forms.filled(SHAPE, document, UNITS), UNITS)


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS)
def test_every_programme_comes_out_of_its_form_as_it_went_in(document: dict[str, Any]):
    assert again(document) == document
    assert list(again(document)) == list(document)
    assert Programme.from_document(again(document)) == Programme.from_document(document)


def spoilt(draw: st.DataObject, value: Any) -> Any:
    """A document with parts left out, and others in the place of some."""
    if draw.draw(st.integers(0, 12)) == 0:
        return draw.draw(VALUES)
    if isinstance(value, dict):
        return {name: spoilt(draw, one) for name, one in value.items() if draw.draw(st.integers(0, 9))}
    return [spoilt(draw, one) for one in value] if isinstance(value, list) else value


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS, st.data())
def test_so_does_what_is_no_programme_at_all(document: dict[str, Any], draw: st.DataObject):
    strange = {name: spoilt(draw, value) for name, value in document.items()}
    assert again(strange) == strange


def test_a_new_rule_has_proposals_and_only_what_is_written():
    rule = forms.sections()["earning"].shape
    form = forms.filled(rule, drafts.NOTHING, UNITS)
    assert (form["kind"], form["points.is"], form["cooldown.count"], form["cooldown.unit"]) == (
        "base",
        "each",
        "12",
        "month",
    )
    given_ = form | {"code": "a", "name_en": "A", "name_zh": "甲", "points.n": "2", "cooldown.on": "1"}
    made = forms.read(rule, drafts.NOTHING, given_, UNITS)
    assert made == {
        "code": "a", "name_en": "A", "name_zh": "甲", "points": "line.amount_minor * 2 / 100",
        "cooldown": {"count": 12, "unit": "month"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "digits", "value"),
    [("12.5", 2, 1250), ("1,234.56", 2, 123456), ("1，000", 0, 1000), ("12.345", 2, "12.345"), ("7", 0, 7), ("x", 2, "x"), ("NaN", 0, "NaN"), ("1e3", 0, 1000)],
)  # fmt: skip
def test_numbers_are_written_in_major_units(text: str, digits: int, value: object):
    assert number(text, digits) == value


OPERANDS: dict[str, tuple[list[str], int]] = {
    "texts": (["A-1", "B 2"], 0), "amount": ([], 1250), "number": ([], 7), "day": (["2026-05-01"], 0), "days": (["6", "7"], 0),
    "none": ([], 0),
}  # fmt: skip


@pytest.mark.parametrize("scope", ["line", "order"])
@pytest.mark.parametrize("name", [one.name for one in CHOICES if one.field in expressions.FIELDS])
def test_every_common_condition_is_written_checked_and_known_again(name: str, scope: Any):
    choice = BY_NAME[name]
    texts, count = OPERANDS[choice.operand]
    texts = texts[:1] if choice.sign in {"has", "contains"} else texts
    text = written_as(choice, texts, count, scope)
    assert expressions.read(text, field="when", scope=scope, wanted="bool").type == "bool"
    [piece] = pieces(text, scope)
    assert (piece.choice.name, list(piece.texts), piece.number) == (name, texts, count)
    around = Around(scope, 2, 0)
    form = {"when.rows": "n0"} | {
        field.replace("when.0", "when.n0"): value for field, value in condition_form("when", text, around).items() if field != "when.rows"
    }  # fmt: skip
    assert written("condition", "when", form, condition_form("when", "true", around), "true", around) == text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("true", []),
        ("order.goods_minor > 5", ["text"]),
        ("order.goods_minor >= 5 && (member.tier == 'gold' || order.pieces >= 3)", ["goods", "text"]),
        ("(order.pieces >= 3) && member.orders_before == 0", ["pieces", "first"]),
        ('lines.exists(x, x.sku == "A")', ["text"]),
        ("order.shop == 'a, b'", ["text"]),
        ("order.placed.date >= date('2026-01-01') && order.placed.date <= date('2026-01-31')", ["from", "until"]),
        ("order.goods_minor >=", ["text"]),
    ],
)
def test_what_is_no_common_condition_stays_text(text: str, names: list[str]):
    assert [one.choice.name for one in pieces(text, "order")] == names


def test_conditions_that_stay_keep_their_letters_and_loose_ones_are_enclosed():
    around = Around("order", 2, 0)
    text = "order.shop  ==  'uk' && member.orders_before==0"
    was = condition_form("when", text, around)
    assert written("condition", "when", was, was, text, around) is None
    more = was | {"when.rows": "0,1,n0", "when.n0.is": "text", "when.n0.text": "order.pieces > 3 || order.pieces < 1"}
    assert written("condition", "when", more, was, text, around) == f"{text} && (order.pieces > 3 || order.pieces < 1)"
    assert written("condition", "when", was | {"when.rows": ""}, was, text, around) == "true"


def test_a_rule_that_looks_at_orders_instead_of_lines_asks_the_same_of_them():
    rule = forms.sections()["earning"].shape
    raw = {
        "code": "a",
        "name_en": "A",
        "name_zh": "甲",
        "points": "line.amount_minor / 10",
        "when": 'line.sku in ["A", "B"]',
    }
    made = forms.read(rule, raw, forms.filled(rule, raw, UNITS) | {"per": "order"}, UNITS)
    assert (made["points"], made["when"]) == ("order.goods_minor / 10", 'lines.exists(l, l.sku in ["A", "B"])')
    earning.check(Programme.from_document(forms.document_of(RICH) | {"earning": [made]}).earning)


def test_what_would_do_instead_is_told_in_chinese_as_far_as_it_is_known():
    assert said("give 0 to 366", "zh") == ("请填 0 到 366", True)
    assert said("at character 7, there is no `x`: there is y", "zh") == ("第 7 个字符处：没有 `x`: there is y", True)
    assert said("something nobody has translated", "zh") == ("something nobody has translated", False)
    assert said("give what fits: expected int | null, got str", "en") == ("give a number", True)
