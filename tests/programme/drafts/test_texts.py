"""Documents as text: what is written is read again, in whatever form, and what differs is told."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from programme.drafts.documents import PROGRAMMES, TEXTS, VALUES
from regulars import programme
from regulars.programme import Programme, drafts
from regulars.programme.drafts import _texts
from regulars.programme.drafts._changes import same


@settings(max_examples=40)
@given(PROGRAMMES)
def test_a_programme_exported_and_read_again_is_the_same_and_is_written_the_same(made: Programme):
    text = drafts.canonical(made)
    checked = drafts.check(text)
    assert (checked.programme, checked.flaws) == (made, ())
    assert drafts.canonical(checked.programme) == text


@settings(max_examples=40)
@given(PROGRAMMES)
def test_json_says_the_same_as_yaml(made: Programme):
    document = drafts.document_of(made)
    for text in (json.dumps(document), json.dumps(document, indent="\t")):
        assert drafts.check(text).programme == made


@settings(max_examples=80)
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
@example({"a": "no", "b": "2027-01-01", "c": "1e3", "d": "~", "e": "", "f": "x: y #z", "g": "a\nb\n", "h": " a\nb"})
@example({"a": "\u2028\x85\x7f\ufeff", "b": "- a", "c": "|", "d": [[], {}, [[1]]], "e": "a\n\n b \n", "f": "😀"})
def test_whatever_json_holds_is_written_and_read_again(document: dict[str, Any]):
    assert same(_texts.read(_texts.write(document)).document, document)
    assert same(_texts.read(json.dumps(document)).document, document)


@settings(max_examples=20)
@given(PROGRAMMES, PROGRAMMES)
def test_a_rewritten_text_says_what_it_should(was: Programme, now: Programme):
    for text in (drafts.canonical(was), json.dumps(drafts.document_of(was)), "# nothing yet\n", "a: ["):
        assert drafts.check(drafts.rewrite(text, drafts.document_of(now))).programme == now


def test_a_rewritten_text_keeps_the_words_and_comments_of_what_stays():
    text = """\
# Our programme, agreed with Finance on 3 May.
name: 'Friends'   # as on the cards
tiers:
  # everybody
  - {code: friend, from_minor: 0}
  - code: best     # only the best
    from_minor: 5000
"""
    now = {"name": "Friends", "tiers": [{"code": "friend", "from_minor": 0}, {"code": "best", "from_minor": 6000}]}
    assert drafts.rewrite(text, now) == text.replace("5000", "6000")
    assert drafts.rewrite("x: 1\n\n# the y\ny: 2\n\n# the z\nz:  3 # !\n\n# end", {"x": 5, "z": 3, "a": 1}) == (
        "x: 5\n\n# the z\nz:  3 # !\n\n# end\na: 1\n"
    )
    flush = "tiers:  # these\n# only\n- code: best\n  from_minor: 5000\n"
    assert drafts.rewrite(flush, {"tiers": now["tiers"][1:]}) == flush.replace("5000", "6000")


DEFAULT = programme.default("GBP", "Europe/London")
UNREADABLE = [
    ("a: [1, 2", 1, "but got 'the end'"),
    ("a: 1\n b: 2\n", 2, "mapping values are not allowed here"),
    ("a: 1\nb: 2\na: 3\n", 3, "give it once"),
    ("a: &x 1\nb: *x\n", 1, "aliases are not kept"),
    ("a:\n  <<: {b: 1}\n", 2, "give a name"),
    ("a: !!binary xx\n", 1, "leave the tag"),
    ("a:\n - 0x1F\n", 2, "decimal digits"),
    ("a: .inf\n", 1, "decimal digits"),
    ("1: a\n", 1, "give a name"),
    ('a: "\\ud800"\n', 1, "whole letters"),
    ('a: "\\0"\n', 1, "NUL"),
    ("a: 1\n---\nb: 2\n", 2, "another document"),
    ("a: \x07\n", 1, "special characters"),
    ("[" * 1000, 1, "recursion"),
    ("a: " + "b" * drafts.LONGEST, 1, "write at most"),
]


@pytest.mark.parametrize(("text", "line", "said"), UNREADABLE)
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int, said: str):
    [flaw] = drafts.check(text).flaws
    assert flaw.line == line
    assert said in flaw.remedy


FLAWED = [
    ("count: 24", "cont: 24", "expiry.lasts.count", None, "needs one", "lasts:"),
    ("end_of: month", "end_of: [1]", "expiry.end_of", [1], "expected str, got array", "end_of: [1]"),
    ("currency: GBP", "currency: GB", "currency", "GB", "give an ISO 4217 code", "currency: GB"),
    ("count: 24", "count: 24\n    cuont: 2", "expiry.lasts.cuont", 2, "no such field", "cuont: 2"),
    ("count: 24", "count: 999", "expiry.lasts.count", 999, "give 0 to 600 months", "count: 999"),
    ("unit: month", "unit: moon", "expiry.lasts.unit", "moon", "invalid enum value", "unit: moon"),
    ("kind: rolling", "kind: lunar", "expiry.kind", "lunar", "give one of rolling", "kind: lunar"),
    ("name: Regulars", "name: 1.5", "name", 1.5, "expected str, got float", "1.5"),
    ("name: Regulars", "nam: Regulars", "name", None, "needs one", "nam: Regulars"),
    ("pending: null", "pending: null\nbonus: 1", "bonus", 1, "no such field", "bonus: 1"),
]


@pytest.mark.parametrize(("good", "bad", "field", "value", "remedy", "where"), FLAWED)
def test_a_flaw_names_its_path_value_remedy_and_line(
    good: str, bad: str, field: str, value: object, remedy: str, where: str
):
    text = drafts.canonical(DEFAULT).replace(good, bad, 1)
    checked = drafts.check(text)
    assert checked.programme is None
    flaw = checked.flaws[0]
    assert (flaw.field, flaw.value) == (field, value)
    assert remedy in flaw.remedy
    assert where in text.split("\n")[flaw.line - 1]


def test_flaws_of_several_parts_are_told_at_once():
    text = drafts.canonical(DEFAULT)
    for good, bad in (
        ("name: Regulars", "name: 1"),
        ("currency: GBP", "currency: 2"),
        ("pending: null", "pending: [1]\nbonus: 1"),
    ):
        text = text.replace(good, bad)
    assert [flaw.field for flaw in drafts.check(text).flaws] == ["name", "currency", "pending", "bonus"]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "null", "- a\n", "Regulars"])
def test_a_text_that_holds_no_mapping_says_what_to_write(text: str):
    [flaw] = drafts.check(text).flaws
    assert "mapping" in flaw.remedy


def test_things_of_a_list_are_moved_made_and_taken_away_with_their_comments():
    one, two = "  # the one\n  - code: one # here\n    per: 'line'\n", "  # the two\n\n  # again\n  - {code: two}\n"
    text = f"# all\nrules:\n{one}{two}\n# the rest\nrest: [1, 2]\n"
    first, second = {"code": "one", "per": "line"}, {"code": "two"}
    rest = {"rest": [1, 2]}
    assert drafts.rewrite(text, {"rules": [second, first]} | rest) == (
        "# all\nrules:\n  # again\n  - {code: two}\n  # the one\n  - code: one # here\n    per: 'line'\n  # the two\n\n\n# the rest\nrest: [1, 2]\n"
    )
    assert drafts.rewrite(text, {"rules": [first]} | rest).startswith(f"# all\nrules:\n{one}")
    more = drafts.rewrite(text, {"rules": [first | {"per": "order", "most": 5}, second, {"code": "new"}]} | rest)
    assert "  - code: one # here\n    per: 'order'\n    most: 5\n" in more
    assert "  - {code: two}\n  - code: new\n\n# the rest" in more
    assert drafts.rewrite("rules: []\n", {"rules": [first]}) == "rules:\n  - code: one\n    per: line\n"
