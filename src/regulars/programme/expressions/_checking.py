"""From an expression's tree to its typed tree: every name found, every type fitting, every number's limits known."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from regulars.programme.expressions._fields import (
    ELEMENT,
    FIELDS,
    LINES,
    LIST_OF,
    LONGEST_HISTORY,
    MORE,
    OCCASION,
    ROOTS,
    Field,
    Type,
    event_history,
    history,
    tier_field,
)
from regulars.programme.expressions._syntax import BadExpression, Node

Scope = Literal["order", "line", "event", "occasion"]
"""What a rule looks at: with `line`, each line of the order in turn; an event; a birthday or an anniversary."""


@dataclass(frozen=True, slots=True)
class Events:
    """What an expression can know of the programme's own events."""

    own: tuple[Field, ...] = ()
    """The fields of the event that the rule is for."""
    codes: tuple[str, ...] = ()
    """Of all that are declared: `history.events` asks for them."""


NO_EVENTS: Final = Events()

MOST_PARTS: Final = 300
LOW: Final = -(2**63)
HIGH: Final = 2**63 - 1
_EPOCH: Final = date(1970, 1, 1)
_NAMES: Final[Mapping[Type, str]] = {
    "bool": "true or false", "int": "a number", "text": "a text", "line": "a line",
    "ints": "a list of numbers", "texts": "a list of texts", "lines": "a list of lines", "bools": "a list of true or false",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """One piece of a checked expression."""

    op: str
    """literal, field, item (a field of the line a macro looks at), element (the number or text itself), or an operation."""
    type: Type
    parts: tuple["Typed", ...] = ()
    value: bool | int | str = 0
    low: int = LOW
    high: int = HIGH
    fails: bool = False
    """Whether it can fail for some input: by overflow, or by division by zero."""
    field: Field | None = None

    @property
    def unbounded(self) -> bool:
        """Whether the step itself can leave 64 bits: its limits are not known."""
        return (self.low, self.high) == (LOW, HIGH)

    def fields(self) -> dict[str, Field]:
        """The fields it reads, by name."""
        own = {self.field.name: self.field} if self.field is not None and self.op == "field" else {}
        for part in self.parts:
            own |= part.fields()
        return own


@dataclass(frozen=True, slots=True)
class _Checker:
    text: str
    name: str
    scope: Scope
    fields: Mapping[str, Field]
    events: Events
    macros: Mapping[str, Type]
    """The names that macros around gave to what they look at."""

    def refuse(self, node: Node, remedy: str) -> BadExpression:
        return BadExpression(field=self.name, value=self.text, place=node.at + 1, remedy=remedy)

    def need(self, node: Node, wanted: Type) -> Typed:
        found = self.typed(node)
        if found.type != wanted:
            raise self.refuse(node, f"give {_NAMES[wanted]}: `{self._said(node)}` is {_NAMES[found.type]}")
        return found

    def _said(self, node: Node) -> str:
        return self.text[node.at : node.until]

    def typed(self, node: Node) -> Typed:  # noqa: PLR0911  one line a kind of node
        """The typed tree of a node."""
        match node.kind:
            case "literal":
                return literal(node.value)
            case "name" | "field":
                return self._field(node)
            case "list":
                return self._list(node)
            case "call":
                return self._call(node)
            case "&&" | "||":
                parts = tuple(self.need(part, "bool") for part in node.parts)
                return Typed(node.kind, "bool", parts, fails=any(part.fails for part in parts))
            case "!":
                inner = self.need(node.parts[0], "bool")
                return Typed("!", "bool", (inner,), fails=inner.fails)
            case "?":
                return self._choice(node)
            case "+" | "-" | "*" | "/" | "%" | "minus":
                return bounded(node.kind, tuple(self.need(part, "int") for part in node.parts))
            case _:
                return self._relation(node)

    def _choice(self, node: Node) -> Typed:
        condition, then = self.need(node.parts[0], "bool"), self.typed(node.parts[1])
        other = self.need(node.parts[2], then.type)
        return Typed(
            "?", then.type, (condition, then, other), low=min(then.low, other.low), high=max(then.high, other.high),
            fails=condition.fails or then.fails or other.fails,
        )  # fmt: skip

    def _relation(self, node: Node) -> Typed:
        left = self.typed(node.parts[0])
        if node.kind == "in":
            right = self.typed(node.parts[1])
            if ELEMENT.get(right.type) != left.type or left.type not in {"int", "text"}:
                raise self.refuse(node.parts[1], f"give a list of what `{self._said(node.parts[0])}` is")
            return Typed("in", "bool", (left, right), fails=left.fails or right.fails)
        allowed: tuple[Type, ...] = ("int", "text", "bool") if node.kind in {"==", "!="} else ("int", "text")
        if left.type not in allowed:
            raise self.refuse(node.parts[0], f"{_NAMES[left.type]} cannot be compared by {node.kind}")
        right = self.need(node.parts[1], left.type)
        return Typed(node.kind, "bool", (left, right), fails=left.fails or right.fails)

    def _list(self, node: Node) -> Typed:
        if not node.parts:
            raise self.refuse(node, "put something into the list")
        first = self.typed(node.parts[0])
        if first.type not in {"int", "text"}:
            raise self.refuse(node.parts[0], "make lists of numbers or of texts")
        parts = (first, *(self.need(part, first.type) for part in node.parts[1:]))
        low, high = min(part.low for part in parts), max(part.high for part in parts)
        return Typed("list", LIST_OF[first.type], parts, low=low, high=high, fails=any(part.fails for part in parts))

    def _field(self, node: Node) -> Typed:
        path = dotted(node)
        root, _, rest = path.partition(".")
        if root in self.macros:
            return self._item(node, root, rest)
        if root == "line" and self.scope == "order":
            raise self.refuse(
                node, "this rule looks at whole orders: ask for lines.exists(l, …), or let it be per line"
            )
        if path == "lines" and self.scope in {"order", "line"}:
            return Typed("field", "lines", field=LINES)
        known = self.fields.get(path) or tier_field(path)
        if known is None:
            raise self.refuse(node, f"there is no `{path}`{_instead(path, self.fields)}")
        return Typed("field", known.type, low=known.low, high=known.high, field=known)

    def _item(self, node: Node, root: str, rest: str) -> Typed:
        kind = self.macros[root]
        if kind != "line":
            if rest:
                raise self.refuse(node, f"`{root}` has no fields")
            return Typed("element", kind, value=root)
        if not rest:
            raise self.refuse(node, f"ask for a field of the line, such as `{root}.sku`")
        known = FIELDS.get(f"line.{rest}")
        if known is None:
            raise self.refuse(node, f"there is no `{root}.{rest}`{_instead(f'line.{rest}', FIELDS)}")
        return Typed("item", known.type, value=root, low=known.low, high=known.high, field=known)

    def _call(self, node: Node) -> Typed:
        name, parts = str(node.value), node.parts
        if name.startswith("."):
            if parts[0].kind == "name" and parts[0].value == "history":
                return self._history(node)
            if name[1:] in _MACROS and len(parts) == 3:
                return self._macro(node)
            if name[1:] in {"exists", "all", "filter", "map"}:
                raise self.refuse(node, f"write {name[1:]}(l, …): a name, and what is asked of it")
            if name[1:] in _METHODS:
                return self._method(node)
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](self, node)
        raise self.refuse(node, f"there is no function `{name.lstrip('.')}`")

    def _events(self, node: Node) -> Typed:
        """How many of the member's events there were: `history.events("review", 30)`."""
        _, code, days = node.parts
        if code.kind != "literal" or code.value not in self.events.codes:
            declared = ", ".join(self.events.codes) or "none: declare it in `events`"
            raise self.refuse(code, f"name an event of the programme: there is {declared}")
        if days.kind != "literal" or not isinstance(days.value, int) or not 1 <= days.value <= LONGEST_HISTORY:
            raise self.refuse(days, f"give a number of days from 1 to {LONGEST_HISTORY}")
        known = event_history(str(code.value), days.value)
        return Typed("field", "int", low=known.low, high=known.high, field=known)

    def _history(self, node: Node) -> Typed:
        if node.value == ".events" and len(node.parts) == 3:
            return self._events(node)
        days = node.parts[1] if len(node.parts) == 2 else node
        if days.kind != "literal" or not isinstance(days.value, int) or not 1 <= days.value <= LONGEST_HISTORY:
            raise self.refuse(days, f"give a number of days from 1 to {LONGEST_HISTORY}")
        known = history(str(node.value)[1:], days.value)
        if known is None:
            raise self.refuse(
                node, 'ask for history.orders(30), history.spend_minor(30) or history.events("review", 30)'
            )
        return Typed("field", "int", low=known.low, high=known.high, field=known)

    def _macro(self, node: Node) -> Typed:
        name, (of, binder, body) = str(node.value)[1:], node.parts
        source = self.typed(of)
        if source.type not in ELEMENT:
            raise self.refuse(of, f"{name} looks at a list: `{self._said(of)}` is {_NAMES[source.type]}")
        if self.macros:
            raise self.refuse(node, "let one list be looked at in another nowhere: the work would have no limit")
        if binder.kind != "name" or binder.value in ROOTS:
            raise self.refuse(binder, "give a name of your own, such as `l`")
        inside = replace(self, macros={str(binder.value): ELEMENT[source.type]})
        wanted = inside.typed(body) if name == "map" else inside.need(body, "bool")
        kind: Type = "bool" if name in {"exists", "all"} else source.type
        if name == "map":
            if wanted.type not in LIST_OF:
                raise self.refuse(body, "map to numbers, texts, or true and false")
            kind = LIST_OF[wanted.type]
        limits = wanted if name == "map" else source
        return Typed(
            name, kind, (source, wanted), value=str(binder.value), low=limits.low, high=limits.high,
            fails=source.fails or wanted.fails,
        )  # fmt: skip

    def _method(self, node: Node) -> Typed:
        name, parts = str(node.value)[1:], node.parts
        if name in {"size", "sum"}:
            return self.measured(node)
        if len(parts) != 2:
            raise self.refuse(node, f"{name} takes one text")
        texts = (self.need(parts[0], "text"), self.need(parts[1], "text"))
        return Typed(name, "bool", texts, fails=any(part.fails for part in texts))

    def measured(self, node: Node) -> Typed:
        """The size of a text or a list, or the sum of a list of numbers."""
        name = str(node.value).lstrip(".")
        if len(node.parts) != 1:
            raise self.refuse(node, f"{name} takes one thing")
        of = self.typed(node.parts[0])
        if name == "sum":
            if of.type != "ints":
                raise self.refuse(node.parts[0], "sum a list of numbers, such as lines.map(l, l.quantity)")
            return Typed("sum", "int", (of,), fails=True)
        if of.type not in ELEMENT and of.type != "text":
            raise self.refuse(node.parts[0], "size takes a text or a list")
        return Typed("size", "int", (of,), low=0, high=2**31, fails=of.fails)

    def chosen(self, node: Node) -> Typed:
        """The least, or the greatest, of numbers."""
        if len(node.parts) != 2:
            raise self.refuse(node, f"{node.value} takes two numbers")
        parts = (self.need(node.parts[0], "int"), self.need(node.parts[1], "int"))
        pick: Callable[[int, int], int] = min if node.value == "min" else max
        low, high = pick(parts[0].low, parts[1].low), pick(parts[0].high, parts[1].high)
        return Typed(str(node.value), "int", parts, low=low, high=high, fails=parts[0].fails or parts[1].fails)

    def day(self, node: Node) -> Typed:
        """A day, from its text: `date("2026-11-11")`."""
        given = node.parts[0] if len(node.parts) == 1 else node
        if given.kind != "literal" or not re.fullmatch(r"\d{4}-\d\d-\d\d", str(given.value)):
            raise self.refuse(given, 'give a day such as date("2026-11-11")')
        try:
            return literal((date.fromisoformat(str(given.value)) - _EPOCH).days)
        except ValueError as error:
            raise self.refuse(given, "there is no such day") from error


_MACROS: Final = frozenset({"exists", "all", "filter", "map"})
_METHODS: Final = frozenset({"startsWith", "endsWith", "contains", "size", "sum"})
_FUNCTIONS: Final[Mapping[str, Callable[[_Checker, Node], Typed]]] = {
    "size": _Checker.measured,
    "sum": _Checker.measured,
    "min": _Checker.chosen,
    "max": _Checker.chosen,
    "date": _Checker.day,
}


def check(node: Node, text: str, *, field: str, scope: Scope, events: Events = NO_EVENTS) -> Typed:
    """The typed tree of an expression.

    Raises:
        BadExpression: a name, a type or a limit does not fit; says where, and what would do.
    """
    checker = _Checker(text, field, scope, _fields(scope, events), events, {})
    if _count(node) > MOST_PARTS:
        raise checker.refuse(node, f"write an expression of at most {MOST_PARTS} parts")
    return checker.typed(node)


def _count(node: Node) -> int:
    return 1 + sum(_count(part) for part in node.parts)


def dotted(node: Node) -> str:
    """`order.placed.month`, of the nodes it is written by; of anything else the name it ends with."""
    if node.kind == "field":
        return f"{dotted(node.parts[0])}.{node.value}"
    return str(node.value) if node.kind == "name" else "…"


def _fields(scope: Scope, events: Events) -> Mapping[str, Field]:
    """What a rule that looks at this can speak of, beside lines, history and tiers."""
    if scope == "event":
        return {**MORE, **{one.name: one for one in events.own}}
    return OCCASION if scope == "occasion" else FIELDS


def _instead(path: str, fields: Mapping[str, Field]) -> str:
    """The fields that could have been meant."""
    head = path.rpartition(".")[0] or path
    near = [name for name in fields if name.rpartition(".")[0] == head or name.startswith(f"{head}.")][:8]
    roots = sorted(
        {name.partition(".")[0] for name in fields} | {"history", *(["lines"] if "order.shop" in fields else [])}
    )
    return f": there is {', '.join(near)}" if near else f": everything begins with {', '.join(roots)}"


def literal(value: bool | int | str) -> Typed:  # noqa: FBT001  a value, not a switch
    """A literal as a typed tree."""
    if isinstance(value, bool):
        return Typed("literal", "bool", value=value)
    if isinstance(value, int):
        return Typed("literal", "int", value=value, low=value, high=value)
    return Typed("literal", "text", value=value)


def bounded(op: str, parts: tuple[Typed, ...]) -> Typed:
    """Arithmetic, with the limits of what can come of it: where they are within 64 bits nothing has to be looked at later."""
    corners = _corners(op, parts)
    fails = any(part.fails for part in parts)
    if corners is None:
        return Typed(op, "int", parts, fails=True)
    low, high = min(corners), max(corners)
    if low < LOW or high > HIGH:
        return Typed(op, "int", parts, fails=True)
    return Typed(op, "int", parts, low=low, high=high, fails=fails)


def _corners(op: str, parts: tuple[Typed, ...]) -> list[int] | None:  # noqa: PLR0911  one line an operation
    """The extremes of an operation; None when it can fail whatever they are."""
    left = parts[0]
    if op == "minus":
        return [-left.low, -left.high]
    right = parts[1]
    ends = [(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    match op:
        case "+":
            return [a + b for a, b in ends]
        case "-":
            return [a - b for a, b in ends]
        case "*":
            return [a * b for a, b in ends]
        case _ if right.low <= 0 <= right.high:
            return None
        case "/":
            most = max(abs(left.low), abs(left.high))
            least = min(abs(right.low), abs(right.high))
            return [-(most // least) if left.low < 0 or right.low < 0 else 0, most // least]
        case _:
            most = max(abs(right.low), abs(right.high)) - 1
            return [-most if left.low < 0 else 0, most]
