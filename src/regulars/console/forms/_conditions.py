"""Expressions as fields: conditions and amounts that are common are chosen and filled in, all others stay text.

A condition is rows that must all hold. What is sent back as it was shown keeps the letters it was written with.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from regulars.console.forms._units import Units
from regulars.programme import expressions
from regulars.programme.expressions import BadExpression, Node

Operand = Literal["texts", "amount", "number", "day", "days", "none", "text"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A common condition: what it asks of, how, and what has to be filled in."""

    name: str
    operand: Operand
    field: str
    sign: str = ""
    other: str = ""
    """What it is compared with, where nothing is to be filled in."""


CHOICES: Final[tuple[Choice, ...]] = (
    Choice("sku", "texts", "line.sku", "in"),
    Choice("category", "texts", "line.category", "in"),
    Choice("name", "texts", "line.name", "contains"),
    Choice("goods", "amount", "order.goods_minor", ">="),
    Choice("total", "amount", "order.total_minor", ">="),
    Choice("price", "amount", "line.unit_minor", ">="),
    Choice("pieces", "number", "order.pieces", ">="),
    Choice("tier", "texts", "member.tier", "in"),
    Choice("segment", "texts", "member.segments", "has"),
    Choice("first", "none", "member.orders_before", "==", "0"),
    Choice("birthday_month", "none", "member.birthday_month", "==", "order.placed.month"),
    Choice("joined", "number", "member.joined_days", ">="),
    Choice("from", "day", "order.placed.date", ">="),
    Choice("until", "day", "order.placed.date", "<="),
    Choice("weekday", "days", "order.placed.weekday", "in"),
    Choice("shop", "texts", "order.shop", "in"),
    Choice("country", "texts", "order.country", "in"),
    Choice("text", "text", ""),
)
"""In the order offered; those whose field there is not are not offered."""

BY_NAME: Final[Mapping[str, Choice]] = {one.name: one for one in CHOICES}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_SIMPLE: Final = re.compile(r"[^\s,，、]+( [^\s,，、]+)*")  # noqa: RUF001  the commas people write
_COMMAS: Final = re.compile(r"[,，、\n]")  # noqa: RUF001  the commas people write
_EACH: Final = re.compile(r"(?P<of>line\.amount_minor|order\.goods_minor)(?: \* (?P<n>\d{1,9}))? / (?P<per>\d{1,12})")
_BASES: Final = {"line": "line.amount_minor", "order": "order.goods_minor"}


@dataclass(frozen=True, slots=True)
class Around:
    """What an expression's fields depend on: whether it looks at lines or orders, and how its numbers are written."""

    scope: str
    money_digits: int
    decimals: int


def around(at: str, form: Mapping[str, str], units: Units) -> Around:
    """That of an expression which is the field `at` of a form."""
    beside = at.rpartition(".")[0]
    look = {name: form.get(f"{beside}.{name}" if beside else name, "") for name in ("per", "kind", "point_type")}
    scope = "order" if look["per"] == "order" else "line"
    decimals = 0 if look["kind"] == "multiplier" else units.decimals(look["point_type"])
    return Around(scope, units.money_digits(), decimals)


def offered() -> list[Choice]:
    """The conditions that can be chosen."""
    return [one for one in CHOICES if not one.field or one.field in expressions.FIELDS]


@dataclass(frozen=True, slots=True)
class Piece:
    """One of the conditions that must all hold, as it was understood."""

    choice: Choice
    text: str
    """The expression."""

    texts: tuple[str, ...] = ()
    number: int = 0

    def form(self, at: str, of: Around) -> dict[str, str]:
        """The fields of its row."""
        filled = {f"{at}.is": self.choice.name}
        match self.choice.operand:
            case "texts":
                filled[f"{at}.texts"] = ", ".join(self.texts)
            case "day":
                filled[f"{at}.day"] = self.texts[0]
            case "days":
                filled |= {f"{at}.days.{one}": "1" for one in self.texts}
            case "amount":
                filled[f"{at}.amount"] = f"{Decimal(self.number).scaleb(-of.money_digits):f}"
            case "number":
                filled[f"{at}.number"] = str(self.number)
            case "text":
                filled[f"{at}.text"] = self.text
            case _:
                pass
        return filled


def pieces(text: str, scope: str) -> list[Piece]:
    """An expression as the conditions that must all hold; none where it always holds."""
    try:
        node = expressions.parse(text, field="when")
    except BadExpression:
        return [Piece(BY_NAME["text"], text)]
    if node.kind == "literal" and node.value is True and text.strip() == "true":
        return []
    return [_piece(one, text[one.at : one.until], scope) for one in _split(node, text)]


def _split(node: Node, text: str) -> list[Node]:
    if node.kind != "&&" or _wrapped(node, text):
        return [node]
    return [one for part in node.parts for one in _split(part, text)]


def _wrapped(node: Node, text: str) -> bool:
    """Whether brackets stand around the whole."""
    return text[node.at] == "(" and node.parts[0].at > node.at


def _piece(node: Node, text: str, scope: str) -> Piece:
    for choice in offered():
        found = _fit(choice, node, scope) if choice.field else None
        if found is not None and written_as(choice, found[0], found[1], scope) == _squeezed(text):
            return Piece(choice, text, found[0], found[1])
    return Piece(BY_NAME["text"], text)


def _squeezed(text: str) -> str:
    """A text with its quotation marks and spaces as they are written here."""
    try:
        return _again(expressions.parse(text, field="when"))
    except BadExpression:
        return text


def _again(node: Node) -> str:  # noqa: PLR0911  one line a kind of node
    """A simple relation, written in one form; anything else gives what fits nothing."""
    match node.kind:
        case "literal":
            if isinstance(node.value, bool):
                return "true" if node.value else "false"
            return json.dumps(node.value, ensure_ascii=False)
        case "name":
            return str(node.value)
        case "field":
            return f"{_again(node.parts[0])}.{node.value}"
        case "list":
            return f"[{', '.join(map(_again, node.parts))}]"
        case "call" if str(node.value).startswith("."):
            return f"{_again(node.parts[0])}{node.value}({', '.join(map(_again, node.parts[1:]))})"
        case "call":
            return f"{node.value}({', '.join(map(_again, node.parts))})"
        case "in" | "==" | ">=" | "<=":
            return f"{_again(node.parts[0])} {node.kind} {_again(node.parts[1])}"
        case _:
            return "?"


def _fit(choice: Choice, node: Node, scope: str) -> tuple[tuple[str, ...], int] | None:  # noqa: PLR0911  one a form
    """What is filled in of a choice, if a relation could be one."""
    inner = node
    if choice.field.startswith("line.") and scope == "order":
        if node.kind != "call" or node.value != ".exists" or len(node.parts) != 3:
            return None
        inner = node.parts[2]
    if choice.sign == "contains":
        text = inner.parts[1] if inner.kind == "call" and len(inner.parts) == 2 else inner
        return _texts([text])
    if len(inner.parts) != 2:
        return None
    value = inner.parts[1]
    match choice.operand:
        case "texts" if choice.sign == "has":
            return _texts([inner.parts[0]])
        case "texts":
            return _texts(value.parts if value.kind == "list" else [value])
        case "days":
            numbers = value.parts if value.kind == "list" else [value]
            texts = tuple(str(one.value) for one in numbers if one.kind == "literal" and one.value in range(1, 8))
            return (texts, 0) if texts and len(set(texts)) == len(numbers) else None
        case "day":
            said = str(value.parts[0].value) if value.kind == "call" and len(value.parts) == 1 else ""
            return ((said,), 0) if _DATE.fullmatch(said) else None
        case "none":
            return (), 0
        case _:
            whole = value.kind == "literal" and isinstance(value.value, int) and not isinstance(value.value, bool)
            return ((), int(value.value)) if whole else None


def _texts(nodes: Sequence[Node]) -> tuple[tuple[str, ...], int] | None:
    found = tuple(str(one.value) for one in nodes if one.kind == "literal" and isinstance(one.value, str))
    usable = len(found) == len(nodes) > 0 and all(_SIMPLE.fullmatch(one) for one in found)
    return (found, 0) if usable else None


def written_as(choice: Choice, texts: Sequence[str], number: int, scope: str) -> str:
    """The expression of a choice that is filled in."""
    field, wraps = choice.field, choice.field.startswith("line.") and scope == "order"
    if wraps:
        field = f"l.{field.removeprefix('line.')}"
    quoted = [json.dumps(one, ensure_ascii=False) for one in texts]
    match choice.operand:
        case "texts" if choice.sign == "contains":
            said = f"{field}.contains({quoted[0]})"
        case "texts" if choice.sign == "has":
            said = f"{quoted[0]} in {field}"
        case "texts":
            said = f"{field} == {quoted[0]}" if len(quoted) == 1 else f"{field} in [{', '.join(quoted)}]"
        case "days":
            said = f"{field} == {texts[0]}" if len(texts) == 1 else f"{field} in [{', '.join(texts)}]"
        case "day":
            said = f"{field} {choice.sign} date({quoted[0]})"
        case "none":
            said = f"{field} {choice.sign} {choice.other}"
        case _:
            said = f"{field} {choice.sign} {number}"
    return f"lines.exists(l, {said})" if wraps else said


def condition_form(at: str, text: str, of: Around) -> dict[str, str]:
    """The fields of a condition."""
    found = pieces(text, of.scope)
    filled = {f"{at}.rows": ",".join(str(place) for place in range(len(found)))}
    for place, one in enumerate(found):
        filled |= one.form(f"{at}.{place}", of)
    return filled


def amount_form(at: str, text: str, of: Around) -> dict[str, str]:
    """The fields of an amount: so many for each so much, a fixed number, or an expression."""
    filled = {f"{at}.is": "text", f"{at}.text": text, f"{at}.n": "1", f"{at}.per": "", f"{at}.fixed": ""}
    found = _EACH.fullmatch(text)
    if not text:
        return filled | {f"{at}.is": "each", f"{at}.per": f"{Decimal(1):f}"}
    if found and found["of"] == _BASES[of.scope] and (found["n"] is None or found["n"] == str(int(found["n"]))):
        per = f"{Decimal(int(found['per'])).scaleb(-of.money_digits):f}"
        count = f"{Decimal(int(found['n'] or 1)).scaleb(-of.decimals):f}"
        return filled | {f"{at}.is": "each", f"{at}.n": count, f"{at}.per": per}
    if text.isascii() and text.isdigit() and len(text) < 13:
        return filled | {f"{at}.is": "fixed", f"{at}.fixed": f"{Decimal(int(text)).scaleb(-of.decimals):f}"}
    return filled


def written(sort: str, at: str, form: Mapping[str, str], was: Mapping[str, str], raw: str, of: Around) -> str | None:
    """The expression that a form says; None: the one that was, in every letter."""
    if sort == "amount":
        return _written_amount(at, form, was, of)
    rows = form.get(f"{at}.rows")
    if rows is None or (
        all(_of(form, f"{at}.{row}") == _of(was, f"{at}.{row}") for row in _names(rows)) and (rows == was[f"{at}.rows"])
    ):
        return None
    before = pieces(raw or "true", of.scope)
    said: list[str] = []
    for row in _names(rows):
        same = row.isdecimal() and int(row) < len(before) and _of(form, f"{at}.{row}") == _of(was, f"{at}.{row}")
        said.append(before[int(row)].text if same else _written_row(f"{at}.{row}", form, of))
    said = [one for one in said if one]
    return " && ".join(said if len(said) == 1 else map(_enclosed, said)) or "true"


def _names(rows: str) -> list[str]:
    return [one for one in rows.split(",") if one.isalnum()]


def _of(form: Mapping[str, str], at: str) -> dict[str, str]:
    """What a row says: what was chosen, and what belongs to it."""
    choice = BY_NAME.get(form.get(f"{at}.is", ""), BY_NAME["text"])
    if choice.operand == "days":
        return {"is": choice.name} | {str(day): "1" for day in range(1, 8) if f"{at}.days.{day}" in form}
    said = form.get(f"{at}.{choice.operand}", "").replace("\r\n", "\n")
    return {"is": choice.name, choice.operand: said} if choice.operand != "none" else {"is": choice.name}


def _enclosed(text: str) -> str:
    """A condition that can stand beside others."""
    try:
        node = expressions.parse(text, field="when")
    except BadExpression:
        return text
    loose = node.kind in {"||", "?"} and not _wrapped(node, text)
    return f"({text})" if loose else text


def _written_row(at: str, form: Mapping[str, str], of: Around) -> str:
    choice = BY_NAME.get(form.get(f"{at}.is", ""), BY_NAME["text"])
    if choice.operand == "text":
        return form.get(f"{at}.text", "").replace("\r\n", "\n").strip()
    texts, number = [], 0
    if choice.operand == "texts":
        texts = [one.strip() for one in _COMMAS.split(form.get(f"{at}.texts", "")) if one.strip()]
        if choice.sign in {"has", "contains"} and len(texts) > 1:
            several = [written_as(choice, [one], 0, of.scope) for one in texts]
            return f"({' || '.join(several)})"
    elif choice.operand == "days":
        texts = [str(day) for day in range(1, 8) if f"{at}.days.{day}" in form]
    elif choice.operand == "day":
        texts = [form.get(f"{at}.day", "").strip()]
    elif choice.operand in {"amount", "number"}:
        given = form.get(f"{at}.{choice.operand}", "").strip()
        found = minor(given, of.money_digits if choice.operand == "amount" else 0)
        if found is None:
            return f"{choice.field} {choice.sign} {given}"
        number = found
    if choice.operand in {"texts", "days"} and not texts:
        return f"{choice.field} in []"
    return written_as(choice, texts, number, of.scope)


def minor(text: str, digits: int) -> int | None:
    """Minor units of an amount written in major ones; None where it is none."""
    plain = text.replace(",", "")
    if not re.fullmatch(r"\d{1,15}(\.\d{1,6})?", plain):
        return None
    value = Decimal(plain).scaleb(digits)
    return int(value) if value == value.to_integral_value() else None


def _written_amount(at: str, form: Mapping[str, str], was: Mapping[str, str], of: Around) -> str | None:
    chosen = form.get(f"{at}.is")
    fields = {"each": ("n", "per"), "fixed": ("fixed",), "text": ("text",)}.get(chosen or "", ())
    said = {name: form.get(f"{at}.{name}", "").replace("\r\n", "\n") for name in fields}
    if not fields or (chosen == was[f"{at}.is"] and all(said[name] == was[f"{at}.{name}"] for name in fields)):
        return None
    if chosen == "text":
        return said["text"].strip()
    if chosen == "fixed":
        found = minor(said["fixed"].strip(), of.decimals)
        return said["fixed"].strip() if found is None else str(found)
    count, per = minor(said["n"].strip(), of.decimals), minor(said["per"].strip(), of.money_digits)
    base = _BASES[of.scope]
    amount = base if count == 1 else f"{base} * {said['n'].strip() if count is None else count}"
    return f"{amount} / {said['per'].strip() if per is None else per}"
