"""A typed tree as a function of Python: for one order at a time.

A row is a mapping from columns to values, a line a tuple in the order of `LINE`. Where limits show that nothing can fail,
the code is plain arithmetic; elsewhere each step looks whether it left 64 bits. `&&` and `||` are CEL's: `false && failure`
is false from either side.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from regulars.programme.expressions._checking import HIGH, LOW, Typed
from regulars.programme.expressions._fields import LINE

Rounding = Literal["down", "half_even", "up"]
Line = tuple[Any, ...]
Row = Mapping[str, Any]
Evaluate = Callable[[Row, Line | None, Sequence[Line]], Any]


class Failed(ArithmeticError):
    """A number left 64 bits, or was divided by zero: there is no answer."""


def within(value: int) -> int:
    """The number, if it is one of 64 bits."""
    if LOW <= value <= HIGH:
        return value
    raise Failed("overflow")


def divided(value: int, by: int) -> int:
    """The quotient without its fraction, as CEL has it: -7 / 2 is -3."""
    if by == 0:
        raise Failed("zero")
    quotient = abs(value) // abs(by)
    return within(quotient if (value < 0) == (by < 0) else -quotient)


def rest(value: int, by: int) -> int:
    """What is left over: it has the sign of what was divided."""
    if by == 0:
        raise Failed("zero")
    left = abs(value) % abs(by)
    return -left if value < 0 else left


def rounded(value: int, by: int, mode: Rounding) -> int:
    """The quotient rounded as a rule says: towards zero, to the nearest and from the middle to the even, or away from zero."""
    if by == 0:
        raise Failed("zero")
    quotient, left = divmod(abs(value), abs(by))
    if (mode == "up" and left) or (
        mode == "half_even" and (left * 2 > abs(by) or (left * 2 == abs(by) and quotient % 2))
    ):
        quotient += 1
    return within(quotient if (value < 0) == (by < 0) else -quotient)


def _either(values: Iterable[Callable[[], bool]], decisive: bool) -> bool:  # noqa: FBT001  which answer decides
    failure: Failed | None = None
    for value in values:
        try:
            if value() is decisive:
                return decisive
        except Failed as error:
            failure = error
    if failure:
        raise failure
    return not decisive


def _among(test: Callable[[Any], bool], items: Sequence[Any], decisive: bool) -> bool:  # noqa: FBT001
    return _either([lambda item=item: test(item) for item in items], decisive)


_KNOWN: Final[Mapping[str, Any]] = {
    "within": within, "divided": divided, "rest": rest, "rounded": rounded, "either": _either, "among": _among,
    "sum": sum, "len": len, "min": min, "max": max, "any": any, "all": all, "__builtins__": {},
}  # fmt: skip
_SIGNS: Final = {"==", "!=", "<", "<=", ">", ">=", "+", "-", "*"}
_TEXTS: Final = {"startsWith": "startswith", "endsWith": "endswith"}


def compiled(tree: Typed, rounding: Rounding | None = None) -> Evaluate:
    """The function of (row, line, lines) that a tree is; with a rounding, its last division is rounded so.

    It raises `Failed` where there is no answer.
    """
    code = _code(tree) if rounding is None else _rounded(tree, rounding)
    return eval(f"lambda row, line, lines: {code}", dict(_KNOWN))  # noqa: S307  made of a checked tree, not of text


def _rounded(tree: Typed, rounding: Rounding) -> str:
    if tree.op == "?":
        condition, then, other = tree.parts
        return f"({_rounded(then, rounding)} if {_code(condition)} else {_rounded(other, rounding)})"
    if tree.op == "/":
        left, right = tree.parts
        if rounding == "down":
            return _code(tree)
        return f"rounded({_code(left)}, {_code(right)}, {rounding!r})"
    return _code(tree)


def _code(tree: Typed) -> str:  # noqa: PLR0911  one line a kind of node
    match tree.op:
        case "literal":
            return repr(tree.value)
        case "field":
            return _field(tree)
        case "item":
            assert tree.field is not None  # noqa: S101  an item is a field of a line
            return f"_{tree.value}[{LINE.index(tree.field.name.removeprefix('line.'))}]"
        case "element":
            return f"_{tree.value}"
        case "list":
            return f"({', '.join(map(_code, tree.parts))},)"
        case "exists" | "all" | "filter" | "map":
            return _macro(tree)
        case "&&" | "||":
            return _joined(tree)
        case _:
            return _operation(tree, [_code(part) for part in tree.parts])


def _field(tree: Typed) -> str:
    assert tree.field is not None  # noqa: S101  the checker found it
    if tree.field.name == "lines":
        return "lines"
    if tree.field.name.startswith("line."):
        return f"line[{LINE.index(tree.field.name.removeprefix('line.'))}]"
    return f"row[{tree.field.column!r}]"


def _macro(tree: Typed) -> str:
    source, body = tree.parts
    over, test, name = _code(source), _code(body), f"_{tree.value}"
    if tree.op == "map":
        return f"[{test} for {name} in {over}]"
    if tree.op == "filter":
        return f"[{name} for {name} in {over} if {test}]"
    decisive = tree.op == "exists"
    if body.fails:
        return f"among(lambda {name}: {test}, {over}, {decisive})"
    return f"{'any' if decisive else 'all'}([{test} for {name} in {over}])"


def _joined(tree: Typed) -> str:
    left, right = tree.parts
    if left.fails:
        return f"either((lambda: {_code(left)}, lambda: {_code(right)}), {tree.op == '||'})"
    return f"({_code(left)} {'and' if tree.op == '&&' else 'or'} {_code(right)})"


def _divided(tree: Typed, value: str, by: str) -> str:
    """A division by a number written down needs no call: this is done for every line of every order."""
    left, right = tree.parts
    if right.op != "literal" or right.low <= 0:
        return f"divided({value}, {by})"
    return f"({value} // {by})" if left.low >= 0 else f"(v // {by} if (v := {value}) >= 0 else -(-v // {by}))"


def _operation(tree: Typed, parts: list[str]) -> str:  # noqa: C901, PLR0911  one line an operation
    match tree.op:
        case "!":
            return f"(not {parts[0]})"
        case "?":
            return f"({parts[1]} if {parts[0]} else {parts[2]})"
        case "minus":
            return f"within(-{parts[0]})" if tree.unbounded else f"(-{parts[0]})"
        case "in":
            return f"({parts[0]} in {parts[1]})"
        case "contains":
            return f"({parts[1]} in {parts[0]})"
        case "startsWith" | "endsWith":
            return f"{parts[0]}.{_TEXTS[tree.op]}({parts[1]})"
        case "size":
            return f"len({parts[0]})"
        case "sum":
            return f"within(sum({parts[0]}))"
        case "min" | "max":
            return f"{tree.op}({parts[0]}, {parts[1]})"
        case "/":
            return _divided(tree, *parts)
        case "%":
            return f"rest({parts[0]}, {parts[1]})"
        case sign:
            assert sign in _SIGNS  # noqa: S101  the checker knows no other
            code = f"({parts[0]} {sign} {parts[1]})"
            return f"within({code[1:-1]})" if tree.unbounded else code
