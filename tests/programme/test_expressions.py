"""One expression, two evaluators, one meaning; and what is refused, with its place."""

from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programme.expressing import CONDITIONS, EXPRESSIONS, LINES, ROW, by_duckdb, by_python, by_rust, in_rust
from regulars.programme import expressions
from regulars.programme.expressions import BadExpression

ROWS = st.lists(st.tuples(ROW, LINES), min_size=1, max_size=4)


def _read(text: str) -> Any:
    """The tree of a random expression; None where it grew beyond what is allowed."""
    try:
        return expressions.read(text, field="points", scope="order")
    except BadExpression as refused:
        if "nest at most" in str(refused) or "parts" in str(refused) or "characters" in str(refused):
            return None
        raise


@settings(max_examples=60, deadline=None)
@given(st.one_of(EXPRESSIONS, CONDITIONS), ROWS)
def test_python_and_sql_and_another_cel_give_the_same_answers(text: str, rows: Any) -> None:
    tree = _read(text)
    if tree is None:
        return
    answers = [by_python(tree, row, lines) for row, lines in rows]
    assert by_duckdb(expressions.sql(tree), rows) == answers
    assert None not in answers or tree.fails
    if tree.type == "int":
        assert all(answer is None or tree.low <= answer <= tree.high for answer in answers)
    if in_rust(text):
        others = [by_rust(text, row, lines) for row, lines in rows]
        if tree.fails:  # it may give up where `false && failure` has an answer
            assert all(other is None or other == answer for other, answer in zip(others, answers, strict=True))
        else:
            assert others == answers


@settings(max_examples=60, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), st.sampled_from(["down", "half_even", "up"]))
def test_the_last_division_is_rounded_as_the_rule_says_in_both(value: int, by: int, mode: Any) -> None:
    tree = expressions.read(f"true ? {value} / {by} : 1", field="points", scope="order")
    try:
        answer = expressions.compiled(tree, mode)({}, None, [])
    except expressions.Failed:
        answer = None
    assert duckdb.connect().execute(f"select {expressions.sql(tree, mode)}").fetchall() == [(answer,)]
    if answer is not None:
        exact = abs(value) / abs(by) if max(abs(value), abs(by)) < 2**50 else None
        if exact is not None:
            assert abs(abs(answer) - exact) < 1 if mode != "half_even" else abs(abs(answer) - exact) <= 0.5


@pytest.mark.parametrize(
    ("value", "mode", "answer"),
    [(7, "down", 3), (7, "up", 4), (7, "half_even", 4), (5, "half_even", 2), (-7, "down", -3), (-7, "up", -4)],
)
def test_halves_go_where_the_rule_says(value: int, mode: Any, answer: int) -> None:
    tree = expressions.read(f"{value} / 2", field="points", scope="order")
    assert expressions.compiled(tree, mode)({}, None, []) == answer


REFUSED = {
    "order.goods > 1": "at character 1, there is no `order.goods`",
    "order.goods_minor > 'x'": "at character 21, give a number: `'x'` is a text",
    "order.goods_minor * 1.5 > 3": "at character 21, write a whole number: halves are `* 3 / 2`",
    "1 < 2 < 3": "at character 9, join comparisons with && or ||",
    "order.goods_minor >": "at character 20, write a value, a field or a function here",
    "line.sku == 'A'": "at character 1, this rule looks at whole orders",
    "lines.exists(l, lines.exists(m, m.sku == 'A'))": "the work would have no limit",
    "lines.exists(l, l.colour == 'red')": "at character 17, there is no `l.colour`: there is line.sku",
    "lines.exists('A')": "at character 1, write exists(l, …)",
    "history.orders(order.pieces) > 1": "at character 16, give a number of days from 1 to 3660",
    "order.placed.date > date('2026-02-30')": "at character 26, there is no such day",
    "order.shop == 'a\\d'": "means nothing",
    "order.shop.matches('a*')": "at character 1, there is no function `matches`",
    "order.goods_minor": "at character 1, the whole must be true or false",
    "#": "at character 1, '#' cannot stand here",
    "99999999999999999999 > 1": "at character 1, write a number of 64 bits",
    "(" * 40 + "true" + ")" * 40: "nest at most 24 deep",
    "order.pieces in [1, 'a']": "at character 21, give a number",
    " || ".join(["true"] * 200): "write an expression of at most 300 parts",
}


@pytest.mark.parametrize("text", REFUSED, ids=[text[:30] for text in REFUSED])
def test_what_cannot_be_meant_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(BadExpression) as refused:
        expressions.read(text, field="when", scope="order", wanted="bool")
    assert REFUSED[text] in str(refused.value)
    assert refused.value.details["field"] == "when"


def test_false_and_a_failure_is_false_from_either_side() -> None:
    for text, answer in {
        "false && 1 / order.pieces > 0": False,
        "1 / order.pieces > 0 && false": False,
        "1 / order.pieces > 0 || true": True,
        "1 / order.pieces > 0 && true": None,
        "9223372036854775807 + order.pieces > 0": True,
    }.items():
        tree = expressions.read(text, field="when", scope="order")
        assert by_python(tree, {"order_pieces": 0}, []) is answer
