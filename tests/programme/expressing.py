"""Random expressions of rules, and rows to evaluate them on; what DuckDB and another CEL make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import cel
import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from regulars.programme import expressions
from regulars.programme.expressions import FIELDS, LINE, Failed, Typed

TEXTS = ("", "A", "B", "uk", "it's", "茶", 'say "hi"', "AB")
SMALL = st.integers(-3, 12)
NUMBERS = st.one_of(SMALL, st.sampled_from([10**9, 10**12, 2**62, 2**63 - 1, -(2**63)]))

ORDER_COLUMNS = {one.column: one.type for one in FIELDS.values() if not one.name.startswith("line.")}
ROW: Any = st.fixed_dictionaries(
    {
        one.column: (
            st.integers(max(one.low, -50), min(one.high, 50))
            if one.type == "int"
            else st.lists(st.sampled_from(TEXTS), max_size=2)
            if one.type == "texts"
            else st.sampled_from(TEXTS)
        )
        for one in FIELDS.values()
        if not one.name.startswith("line.")
    }
    | {"history_orders_30": st.integers(0, 9)}
)
A_LINE: Any = st.tuples(
    *(
        st.sampled_from(TEXTS) if FIELDS[f"line.{name}"].type == "text"
        else st.lists(st.sampled_from(TEXTS), max_size=2) if FIELDS[f"line.{name}"].type == "texts" else st.integers(0, 9)
        if name == "quantity" else st.one_of(SMALL, st.just(10**12))
        for name in LINE
    )
)  # fmt: skip
LINES: Any = st.lists(A_LINE, max_size=4)


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes expressions at random; `looking` while it is in a look at a list, where no other may begin."""

    random: Random
    looking: bool = False

    def pick(self, *of: str) -> str:
        return self.random.choice(of)

    def number(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.2:
            return self._leaf()
        a, b, c = (self.number(depth - 1 - self.random.randrange(2)) for _ in range(3))
        forms = [
            f"({a} {self.pick(*'+-*/%')} {b})", f"(-{a})", f"{self.pick('min', 'max')}({a}, {b})",
            f"({self.condition(depth - 1)} ? {b} : {c})",
        ]  # fmt: skip
        if not self.looking:
            inside = replace(self, looking=True)
            number, condition = inside.number(depth - 1), inside.condition(depth - 1)
            forms += [f"lines.map(l, {number}).sum()", f"size(lines.filter(l, {condition}))",
                      f"sum(lines.filter(l, {condition}).map(l, {number}))"]  # fmt: skip
        return self.pick(*forms)

    def _leaf(self) -> str:
        if self.looking and self.random.random() < 0.6:
            return self.pick("l.quantity", "l.amount_minor", "l.unit_minor")
        number = self.random.choice([*range(-3, 12), 10**9, 10**12, 2**62, 2**63 - 1, -(2**63)])
        return self.pick(str(number), str(number), self.pick(*ORDER_NUMBERS), "history.orders(30)", "size(order.shop)")

    def _word(self) -> str:
        words = ["order.shop", "order.country", "member.tier", *map(quoted, TEXTS)]
        return self.pick(*words, *(["l.sku", "l.name", "l.category"] if self.looking else []))

    def condition(self, depth: int) -> str:
        a, b, c = (self.number(depth - 1) for _ in range(3))
        word, other, third = self._word(), self._word(), self._word()
        forms = [
            f"({a} {self.pick('<', '<=', '==', '!=', '>', '>=')} {b})", f"({a} in [{b}, {c}])",
            f"({word} {self.pick('<', '==', '!=')} {other})", f"({word} in [{other}, {third}])",
            f"{word}.{self.pick('startsWith', 'endsWith', 'contains')}({other})",
            self.pick("true", "false", '("A" in member.segments)', "(member.segments.size() > 1)"),
        ]  # fmt: skip
        if self.looking:
            forms += [f"({word} in l.tags)", "(l.tags.size() > 1)"]
        if depth > 0:
            left, right = self.condition(depth - 1), self.condition(depth - 1)
            forms += [f"({left} {self.pick('&&', '||')} {right})", f"(!{left})"] * 2
        if not self.looking:
            inside = replace(self, looking=True).condition(depth - 1)
            forms += [f"lines.{self.pick('exists', 'all')}(l, {inside})"] * 2
            forms += [f'member.segments.{self.pick("exists", "all")}(s, s {self.pick("==", "!=")} "A")']
        return self.pick(*forms)


ORDER_NUMBERS = [name for name, one in FIELDS.items() if one.type == "int" and not name.startswith("line.")]
EXPRESSIONS = st.integers(0, 2**40).map(lambda seed: Writer(Random(seed)).number(4))
CONDITIONS = st.integers(0, 2**40).map(lambda seed: Writer(Random(seed)).condition(4))


def by_python(tree: Typed, row: Mapping[str, Any], lines: Sequence[tuple[Any, ...]]) -> Any:
    """What a tree is for a row; None where there is no answer."""
    try:
        return expressions.compiled(tree)(row, None, lines)
    except Failed:
        return None


_TYPES = {"int": pa.int64(), "text": pa.string(), "texts": pa.list_(pa.string())}
_LINES = pa.list_(pa.struct([(name, _TYPES[FIELDS[f"line.{name}"].type]) for name in LINE]))


def frame(rows: Sequence[tuple[Mapping[str, Any], Sequence[tuple[Any, ...]]]]) -> pa.Table:
    """Rows with their lines as a table."""
    columns = ORDER_COLUMNS | {"history_orders_30": "int"}
    values: dict[str, Any] = {
        column: pa.array([row[column] for row, _ in rows], _TYPES[kind]) for column, kind in columns.items()
    }
    values["lines"] = pa.array([[dict(zip(LINE, line, strict=True)) for line in lines] for _, lines in rows], _LINES)
    return pa.table(values)


def by_duckdb(code: str, rows: Sequence[tuple[Mapping[str, Any], Sequence[tuple[Any, ...]]]]) -> list[Any]:
    """What SQL makes of an expression for rows."""
    connection = duckdb.connect()
    connection.register("orders", frame(rows))
    return [value for (value,) in connection.execute(f"select {code} from orders").fetchall()]


def by_rust(text: str, row: Mapping[str, Any], lines: Sequence[tuple[Any, ...]]) -> Any:
    """What the CEL of the Rust library makes of an expression; None where there is no answer."""
    context: dict[str, Any] = {"lines": [dict(zip(LINE, line, strict=True)) for line in lines]}
    for name, one in FIELDS.items():
        if not name.startswith("line."):
            *path, last = name.split(".")
            inner = context
            for part in path:
                inner = inner.setdefault(part, {})
            inner[last] = row[one.column]
    try:
        return cel.evaluate(text, context)
    except (ValueError, RuntimeError, TypeError, OverflowError):
        return None


def in_rust(text: str) -> bool:
    """Whether the Rust library knows all of an expression: sums, the least and the greatest, history and days are ours.

    The size of a text it gives in bytes, where CEL asks for characters.
    """
    return not any(
        word in text
        for word in ("size(order.shop)", "sum(", "min(", "max(", "history.", "date(", "9223372036854775808")
    )
