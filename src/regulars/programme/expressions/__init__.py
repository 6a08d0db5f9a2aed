r"""The language of rules: a part of CEL over orders, lines and members; one typed tree, two evaluators, one meaning.

Numbers are whole and of 64 bits; what leaves them, or divides by zero, has no answer: `Failed` in Python, NULL in SQL. Work
is bounded: a list is looked at once, and never inside another look.

    goods = expressions.read("order.goods_minor >= 30000 && order.shop == 'uk'", field="when", scope="order")
    compiled(goods)({"order_goods_minor": 40000, "order_shop": "uk"}, None, [])  # True
    sql(goods)  # '((order_goods_minor >= (30000)::bigint) and (order_shop = 'uk'))'
"""

from regulars.programme.expressions._checking import HIGH, LOW, NO_EVENTS, Events, Scope, Typed, check
from regulars.programme.expressions._fields import FIELDS, LINE, Field, Type, documented, event_field
from regulars.programme.expressions._python import Evaluate, Failed, Line, Rounding, Row, compiled, rounded
from regulars.programme.expressions._sql import sql, text
from regulars.programme.expressions._syntax import BadExpression, Node, parse

__all__ = [
    "FIELDS",
    "HIGH",
    "LINE",
    "LOW",
    "NO_EVENTS",
    "BadExpression",
    "Evaluate",
    "Events",
    "Failed",
    "Field",
    "Line",
    "Node",
    "Rounding",
    "Row",
    "Scope",
    "Type",
    "Typed",
    "compiled",
    "conjuncts",
    "documented",
    "event_field",
    "read",
    "rounded",
    "sql",
    "text",
]


def read(text: str, *, field: str, scope: Scope, wanted: Type | None = None, events: Events = NO_EVENTS) -> Typed:
    """Read and check an expression that is to be of a type; `field` names it in what is refused.

    Raises:
        BadExpression: it cannot be read, or does not fit; says where, and what would do.
    """
    node = parse(text, field=field)
    tree = check(node, text, field=field, scope=scope, events=events)
    if wanted is not None and tree.type != wanted:
        is_wanted = "true or false" if wanted == "bool" else "a number"
        raise BadExpression(field=field, value=text, place=node.at + 1, remedy=f"the whole must be {is_wanted}")
    return tree


def conjuncts(text: str, *, field: str, scope: Scope, events: Events = NO_EVENTS) -> list[tuple[str, Typed]]:
    """The conditions that `&&` joins at the outside, each with its text: all of them must hold.

    Raises:
        BadExpression: one of them cannot be read, or does not fit.
    """
    read(text, field=field, scope=scope, wanted="bool", events=events)
    pieces = [text[node.at : node.until] for node in _split(parse(text, field=field))]
    return [(piece, read(piece, field=field, scope=scope, wanted="bool", events=events)) for piece in pieces]


def _split(node: Node) -> list[Node]:
    if node.kind != "&&":
        return [node]
    return [piece for part in node.parts for piece in _split(part)]
