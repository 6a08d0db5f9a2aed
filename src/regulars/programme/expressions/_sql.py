"""A typed tree as SQL of DuckDB: for a million orders at once.

What fails is NULL: the three-valued logic of SQL is then CEL's, in which `false && failure` is false. Columns are never
NULL themselves. A line is a struct, the lines of an order a list of structs.
"""

from typing import Final

from regulars.programme.expressions._checking import Typed
from regulars.programme.expressions._python import Rounding

_TEXTS: Final = {"startsWith": "starts_with", "endsWith": "ends_with", "contains": "contains"}
_SIGNS: Final = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "&&": "and", "||": "or"}


def sql(tree: Typed, rounding: Rounding | None = None) -> str:
    """The expression over the columns of an order, `line` (a struct) and `lines`; with a rounding, its last division is rounded so."""
    return _sql(tree) if rounding is None else _rounded(tree, rounding)


def _rounded(tree: Typed, rounding: Rounding) -> str:
    if tree.op == "?":
        condition, then, other = tree.parts
        return _choice(condition, _rounded(then, rounding), _rounded(other, rounding))
    if tree.op != "/" or rounding == "down":
        return _sql(tree)
    left, right = (f"({_sql(part)})::hugeint" for part in tree.parts)
    up = f"abs({left}) % abs(nullif({right}, 0))"
    quotient = f"abs({left}) // abs(nullif({right}, 0))"
    more = (
        f"{up} > 0" if rounding == "up"
        else f"2 * ({up}) > abs({right}) or (2 * ({up}) = abs({right}) and ({quotient}) % 2 = 1)"
    )  # fmt: skip
    return (
        f"try_cast((({quotient}) + (case when {more} then 1 else 0 end))"
        f" * (case when ({left} < 0) = ({right} < 0) then 1 else -1 end) as bigint)"
    )


def _choice(tree: Typed, then: str, other: str) -> str:
    """One or the other. A condition that can fail is written once only, or nested ones would double at every step."""
    condition = _sql(tree)
    return (
        f"[{other}, {then}][{condition}::int + 1]"
        if tree.fails
        else f"(case when {condition} then {then} else {other} end)"
    )


def _bound(value: str, name: str, body: str) -> str:
    """What `body` makes of a value it names more than once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def text(value: str) -> str:
    """A text as a literal."""
    return "'" + value.replace("'", "''") + "'"


def _literal(value: bool | int | str) -> str:  # noqa: FBT001  a value, not a switch
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"({value})::bigint" if isinstance(value, int) else text(value)


def _sql(tree: Typed) -> str:  # noqa: PLR0911  one line a kind of node
    match tree.op:
        case "literal":
            return _literal(tree.value)
        case "field":
            assert tree.field is not None  # noqa: S101  the checker found it
            return tree.field.name if tree.field.name.startswith("line.") else tree.field.column
        case "item":
            assert tree.field is not None  # noqa: S101  an item is a field of a line
            return f"_{tree.value}.{tree.field.name.removeprefix('line.')}"
        case "element":
            return f"_{tree.value}"
        case "list":
            return f"[{', '.join(map(_sql, tree.parts))}]"
        case "exists" | "all" | "filter" | "map":
            return _macro(tree)
        case _:
            return _operation(tree, [_sql(part) for part in tree.parts])


def _macro(tree: Typed) -> str:
    source, body = tree.parts
    if tree.op in {"map", "filter"}:
        return _bound(_sql(source), "_over", _kept(tree, "_over")) if tree.fails else _kept(tree, _sql(source))
    asked, most = f"lambda _{tree.value}: coalesce({_sql(body)}::int * 2, 1)", tree.op == "exists"
    answers = f"list_transform({_sql(source)}, {asked})"
    if source.fails:
        answers = f"coalesce({answers}, [1])"
    return f"[false, null, true][coalesce({'list_max' if most else 'list_min'}({answers}), {0 if most else 2}) + 1]"


def _kept(tree: Typed, over: str) -> str:
    """A list mapped or filtered; NULL when that fails for one of its items."""
    body = tree.parts[1]
    asked = f"list_transform({over}, lambda _{tree.value}: {_sql(body)})"
    kept = asked if tree.op == "map" else f"list_filter({over}, lambda _{tree.value}: {_sql(body)})"
    return f"(case when list_aggregate({asked}, 'count') = len({over}) then {kept} end)" if body.fails else kept


def _operation(tree: Typed, parts: list[str]) -> str:  # noqa: PLR0911  one line an operation
    match tree.op:
        case "!":
            return f"(not {parts[0]})"
        case "?":
            return _choice(tree.parts[0], *parts[1:])
        case "minus" | "+" | "-" | "*" | "/" | "%":
            return _arithmetic(tree, parts)
        case "in":
            return _in(tree, parts)
        case "size":
            return f"{'length' if tree.parts[0].type == 'text' else 'len'}({parts[0]})::bigint"
        case "sum":
            return _bound(
                parts[0],
                "_all",
                "case when _all is not null then try_cast(list_sum(list_prepend(0::bigint, _all)) as bigint) end",
            )
        case "min" | "max":
            if tree.fails:
                order = "asc" if tree.op == "min" else "desc"
                return f"list_sort([{parts[0]}, {parts[1]}], '{order}', 'nulls first')[1]"
            return f"{'least' if tree.op == 'min' else 'greatest'}({parts[0]}, {parts[1]})"
        case "startsWith" | "endsWith" | "contains":
            return f"{_TEXTS[tree.op]}({parts[0]}, {parts[1]})"
        case sign:
            return f"({parts[0]} {_SIGNS[sign]} {parts[1]})"


def _in(tree: Typed, parts: list[str]) -> str:
    items = tree.parts[1]
    if not tree.fails:
        return f"list_contains({parts[1]}, {parts[0]})"
    if items.op == "list":
        return f"({parts[0]} in ({', '.join(map(_sql, items.parts))}))" if not items.fails else _bound(
            f"{{a: {parts[0]}, b: {parts[1]}}}", "_in",
            "case when _in.a is not null and list_aggregate(_in.b, 'count') = len(_in.b) then list_contains(_in.b, _in.a) end",
        )  # fmt: skip
    return _bound(
        f"{{a: {parts[0]}, b: {parts[1]}}}", "_in",
        "case when _in.a is not null and _in.b is not null then list_contains(_in.b, _in.a) end",
    )  # fmt: skip


def _arithmetic(tree: Typed, parts: list[str]) -> str:
    sign = "//" if tree.op == "/" else tree.op
    if not tree.unbounded:
        return f"(- {parts[0]})" if tree.op == "minus" else f"({parts[0]} {sign} {parts[1]})"
    wide = [f"({part})::hugeint" for part in parts]
    if tree.op in {"/", "%"}:
        wide[1] = f"nullif({wide[1]}, 0)"
    return f"try_cast({f'- {wide[0]}' if tree.op == 'minus' else f'({wide[0]} {sign} {wide[1]})'} as bigint)"
