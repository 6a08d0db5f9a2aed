"""Writes docs/reference/expressions.md from the fields that expressions can speak of: `just reference`."""

from pathlib import Path

from regulars.programme import expressions
from regulars.programme.expressions import Field

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "expressions.md"

HEAD = """# Expressions of rules

Written from the code by `just reference`.

The `when` and `points` of an earning rule are written in a part of [CEL](https://cel.dev), the Common Expression Language.
They are checked when a programme is published: what does not fit is refused with its place. How rules are made of them
is told in [Write earning rules](../howto/write-earning-rules.md).

## What it is made of

| | |
|---|---|
| values | whole numbers of 64 bits, texts in `"` or `'`, `true`, `false`, lists `["A", "B"]` |
| arithmetic | `+ - * / %`, `min(a, b)`, `max(a, b)`; `/` drops the fraction, but the last division of `points` is rounded as the rule says |
| comparisons | `== != < <= > >=`, `in` a list |
| logic | `&&`, `||`, `!`, `condition ? a : b` |
| texts | `t.startsWith("A")`, `t.endsWith("A")`, `t.contains("A")`, `size(t)` |
| lists | `lines.exists(l, …)`, `.all(l, …)`, `.filter(l, …)`, `.map(l, …)`, `.size()`, `.sum()` of numbers |
| days | `date("2026-11-11")`, to compare with the fields `.date` |

There are no halves: one and a half times an amount is `order.goods_minor * 3 / 2`. A number that leaves 64 bits, or a division
by zero, is the rule's failure: it gives nothing, the decision says so, and the other rules go on. `false && failure` is
false, from either side. An expression has at most 2,000 characters and 300 parts, and one look at a list has no other in it.

## What it can speak of

Amounts are in minor units of the programme's currency: an order in another is first converted by the programme's rate.
Rules for orders speak of all but `event` and `occasion`. Rules for events speak of `event.<name>`, as the programme's schema of the
event says, of `member`, `history` and `time`; those for birthdays and anniversaries of `occasion`, `member`, `history` and `time`.
`member.tiers.<set>` is the tier in any set of the programme.

Fields marked "then" are kept with the award: when goods come back, they are what they were.

| field | type | 中文 | |
|---|---|---|---|
"""

TYPES = {"int": "number", "text": "text", "texts": "list of texts", "lines": "list of lines", "bool": "true or false"}


def written() -> str:
    """The page."""
    return HEAD + "".join(map(_row, expressions.documented()))


def _row(field: Field) -> str:
    name = f"history.{field.name[8:-3]}(30)" if field.name.startswith("history.") else field.name
    if field.name.startswith("history.events_"):
        name = 'history.events("review", 30)'
    then = " *Then.*" if field.pinned else ""
    return f"| `{name}` | {TYPES[field.type]} | {field.name_zh} | {field.about}{then} |\n"


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
