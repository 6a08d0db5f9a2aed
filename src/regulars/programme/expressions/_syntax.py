"""From the text of an expression to its tree: the part of CEL's grammar that rules are written in."""

import re
from dataclasses import dataclass
from typing import Final

from regulars.errors import Invalid

LONGEST: Final = 2000
"""Characters an expression may have."""

DEEPEST: Final = 24
"""How deep an expression may be nested."""

MOST: Final = 2**63 - 1

_TOKEN: Final = re.compile(
    r"""\s+ | (?P<name>[A-Za-z_][A-Za-z0-9_]*) | (?P<number>\d+(?:\.\d+)?[A-Za-z_]*)
    | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<sign>&&|\|\||<=|>=|==|!=|[-+*/%<>!?:.,()\[\]])""",
    re.VERBOSE,
)
_ESCAPES: Final = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}
_RELATIONS: Final = frozenset({"<", "<=", ">", ">=", "==", "!=", "in"})


class BadExpression(Invalid):
    """{field} is {value!r}: at character {place}, {remedy}."""


@dataclass(frozen=True, slots=True)
class Node:
    """One piece of an expression as it was written: `at` is where it begins, from 0, and `until` where it ends."""

    kind: str
    """literal, name, field, call, list, or the sign of an operation."""
    at: int
    until: int
    parts: tuple["Node", ...] = ()
    value: bool | int | str = 0
    """What a literal is, or the name of a name, a field or a function."""


def parse(text: str, *, field: str) -> Node:
    """The tree of an expression.

    Raises:
        BadExpression: it is not one, and why.
    """
    return _Reader(text, field).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    """Reads from left to right; each method reads one level of CEL's precedence, the loosest first."""

    def __init__(self, text: str, field: str) -> None:
        self.text, self.field, self.place, self.depth = text, field, 0, 0
        if len(text) > LONGEST:
            raise self.refuse(LONGEST, f"write at most {LONGEST} characters")
        self.tokens = [*self._tokens(), _Token("end", "", len(text))]

    def refuse(self, at: int, remedy: str) -> BadExpression:
        return BadExpression(field=self.field, value=self.text, place=at + 1, remedy=remedy)

    def _tokens(self) -> list[_Token]:
        found: list[_Token] = []
        at = 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise self.refuse(at, f"{self.text[at]!r} cannot stand here")
            if match.lastgroup:
                found.append(_Token(match.lastgroup, match.group(), at))
            at = match.end()
        return found

    @property
    def next(self) -> _Token:
        return self.tokens[self.place]

    def take(self, *signs: str) -> str | None:
        token = self.next
        if token.text not in signs or token.kind not in {"sign", "name"}:
            return None
        self.place += 1
        return token.text

    def must(self, sign: str) -> int:
        if self.take(sign) is None:
            raise self.refuse(self.next.at, f"write {sign!r} here")
        return self.tokens[self.place - 1].at + len(sign)

    def whole(self) -> Node:
        node = self.choice()
        if self.next.kind != "end":
            raise self.refuse(self.next.at, f"{self.next.text!r} cannot stand here")
        return node

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refuse(self.next.at, f"nest at most {DEEPEST} deep")
        first = self.either()
        if self.take("?"):
            then = self.choice()
            self.must(":")
            other = self.choice()
            first = Node("?", first.at, other.until, (first, then, other))
        self.depth -= 1
        return first

    def _chain(self, signs: tuple[str, ...], below: str) -> Node:
        node: Node = getattr(self, below)()
        while sign := self.take(*signs):
            right: Node = getattr(self, below)()
            node = Node(sign, node.at, right.until, (node, right))
        return node

    def either(self) -> Node:
        return self._chain(("||",), "both")

    def both(self) -> Node:
        return self._chain(("&&",), "relation")

    def relation(self) -> Node:
        node = self._chain(tuple(_RELATIONS), "sum")
        if node.kind in _RELATIONS and node.parts[0].kind in _RELATIONS:
            bracketed = self.text[node.at] == "("
            if not bracketed:
                raise self.refuse(node.parts[1].at, "join comparisons with && or ||")
        return node

    def sum(self) -> Node:
        return self._chain(("+", "-"), "product")

    def product(self) -> Node:
        return self._chain(("*", "/", "%"), "single")

    def single(self) -> Node:
        at = self.next.at
        sign = self.take("-", "!")
        if sign is None:
            return self.member()
        if sign == "-" and self.next.kind == "number":
            return self._number(at, minus=True)
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refuse(at, f"nest at most {DEEPEST} deep")
        inner = self.single()
        self.depth -= 1
        return Node("minus" if sign == "-" else "!", at, inner.until, (inner,))

    def member(self) -> Node:
        node = self.primary()
        while self.take("."):
            token = self.next
            if token.kind != "name":
                raise self.refuse(token.at, "write a field's name after the point")
            self.place += 1
            until = token.at + len(token.text)
            if self.take("("):
                parts, until = self._until(")")
                node = Node("call", node.at, until, (node, *parts), "." + token.text)
            else:
                node = Node("field", node.at, until, (node,), token.text)
        return node

    def primary(self) -> Node:
        token = self.next
        if token.kind == "number":
            return self._number(token.at, minus=False)
        if token.kind == "text":
            self.place += 1
            return Node("literal", token.at, token.at + len(token.text), value=self._text(token))
        if self.take("("):
            node = self.choice()
            until = self.must(")")
            return Node(node.kind, token.at, until, node.parts, node.value)
        if self.take("["):
            parts, until = self._until("]")
            return Node("list", token.at, until, parts)
        if token.kind == "name" and token.text != "in":
            self.place += 1
            return self._named(token)
        raise self.refuse(token.at, "write a value, a field or a function here")

    def _named(self, token: _Token) -> Node:
        until = token.at + len(token.text)
        if token.text in {"true", "false"}:
            return Node("literal", token.at, until, value=token.text == "true")
        if self.take("("):
            parts, until = self._until(")")
            return Node("call", token.at, until, parts, token.text)
        return Node("name", token.at, until, value=token.text)

    def _until(self, end: str) -> tuple[tuple[Node, ...], int]:
        parts: list[Node] = []
        while self.next.text != end or self.next.kind != "sign":
            parts.append(self.choice())
            if not self.take(","):
                break
        return tuple(parts), self.must(end)

    def _number(self, at: int, *, minus: bool) -> Node:
        token = self.next
        self.place += 1
        if not token.text.isdigit():
            raise self.refuse(token.at, "write a whole number: halves are `* 3 / 2`")
        value = -int(token.text) if minus else int(token.text)
        if not -MOST - 1 <= value <= MOST:
            raise self.refuse(token.at, "write a number of 64 bits")
        return Node("literal", at, token.at + len(token.text), value=value)

    def _text(self, token: _Token) -> str:
        def escaped(match: re.Match[str]) -> str:
            if match.group(1) not in _ESCAPES:
                raise self.refuse(
                    token.at + match.start() + 1, f"\\{match.group(1)} means nothing: write it without \\"
                )
            return _ESCAPES[match.group(1)]

        if "\x00" in token.text:
            raise self.refuse(token.at, "write a text without NUL")
        return re.sub(r"\\(.)", escaped, token.text[1:-1])
