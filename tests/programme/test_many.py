"""A million orders at once are judged as each by itself."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import NOON
from programme.expressing import TEXTS
from regulars.programme import Rule, _deciding, earning
from regulars.programme.earning import Limit, Owner, Trigger, Use
from regulars.programme.events import DataSchema, EventType, Property
from regulars.programme.expressions import LINE

ZONE = "Asia/Shanghai"
ORDER_WHEN = ["true", "order.goods_minor >= 1500", "order.pieces < 6 && order.shop == 'uk'", "lines.exists(l, l.sku == 'A')",
              "order.goods_minor / (order.pieces - 3) > 200", "lines.exists(l, l.category == 'A' || 'uk' in l.tags)", "order.placed.hour >= 12"]  # fmt: skip
LINE_WHEN = [
    "true",
    "line.quantity > 1",
    "line.sku in ['A', 'B'] && order.goods_minor > 900",
    "line.amount_minor % (line.quantity - 2) == 0",
    "line.category != 'A' && !('B' in line.tags)",
]
ORDER_POINTS = [
    "50",
    "order.goods_minor / 7",
    "order.pieces * 9223372036854775807",
    "lines.map(l, l.quantity).sum()",
    "order.goods_minor - 2000",
]
LINE_POINTS = ["line.amount_minor / 10", "line.quantity * 3 / 2", "line.amount_minor * 9223372036854775807", "0"]


def drawn(random: Random, place: int, *, limits: bool) -> Rule:
    per: Any = random.choice(["line", "order"])
    kind: Any = random.choice(["base", "bonus", "bonus", "multiplier"])
    points = random.choice(LINE_POINTS if per == "line" else ORDER_POINTS)
    if kind == "multiplier":
        points = random.choice(["200", "150", "100 + line.quantity * 7" if per == "line" else "90 + order.pieces * 5"])
    stack: Any = random.choice(["add", "add", "best"] + ([] if limits else ["exclusive"]))
    own: dict[str, Any] = {}
    if limits and kind != "multiplier" and stack == "add" and random.random() < 0.6:
        own["limits"] = (
            Limit(random.choice(["day", "week", "month", "ever"]), *random.choice([(70, None), (None, 2)])),
        )
    return Rule(
        f"r{place}", "R", "R", points, per=per, kind=kind, stack=stack, when=random.choice(LINE_WHEN if per == "line" else ORDER_WHEN),
        group=random.choice(["g", "h"]) + ("b" if kind == "base" else "") if stack == "best" else random.choice([None, "g"]) if stack == "exclusive" else None,
        point_type=random.choice(["points", "points", "stars"]), rounding=random.choice(["down", "half_even", "up"]),
        starts_at=random.choice([None, None, NOON + timedelta(hours=3)]), ends_at=random.choice([None, None, NOON + timedelta(hours=20)]),
        most_per_order=random.choice([None, None, 60]), **own,
    )  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**40))
def test_the_verdicts_of_many_are_those_of_each(seed: int) -> None:
    random = Random(seed)
    limits = random.random() < 0.5
    document = tuple(drawn(random, place, limits=limits) for place in range(random.randint(1, 5)))
    earning.check(document)
    campaigns = [None, *(Owner(code, group) for code in "xy" for group in (None, "festive"))]
    owners = () if limits else tuple(random.choice(campaigns) for _ in document)
    rules = earning.compiled(document, owners)
    assert earning.is_set_based(rules)
    orders = [_order(random, number) for number in range(12)]
    assert _many(rules, orders) == _each(rules, orders)


def _order(random: Random, number: int) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    placed = NOON + timedelta(minutes=random.randrange(3000))
    row = {"order_id": number, "member_id": random.randrange(3), "placed_at": placed, "paid_at": NOON + timedelta(days=3, minutes=number),
           "other_minor": random.randrange(500), "order_shop": random.choice(["uk", "de"]), "order_placed_hour": placed.hour}  # fmt: skip
    lines = [
        (
            random.choice(TEXTS),
            "",
            random.randint(1, 4),
            100,
            random.choice([-30, 0, 55, 400, 999]),
            random.choice(TEXTS),
            random.sample(TEXTS, random.randint(0, 2)),
        )
        for _ in range(random.randint(1, 3))
    ]
    return row, lines


def _each(rules: earning.Rules, orders: list[Any]) -> list[Any]:
    known: earning.Known = defaultdict(list[Use])
    told: list[Any] = []
    for row, lines in orders:
        who, placed = row["member_id"], row["placed_at"]
        left = earning.allowances(rules, known, member_id=who, order_id=row["order_id"], placed_at=placed, zone=ZONE)
        items = None if lines is None else [earning.Item(n, line) for n, line in enumerate(lines)]
        decision = earning.evaluate(rules, earning.Case(row, items, row["other_minor"], placed, left))
        for use in earning.uses_of(rules, decision, member_id=who, order_id=row["order_id"], placed_at=placed):
            known[use.member_id, use.rule].append(use)
        told.append(
            [
                (0 if one.why == "earned" else _deciding.CODES[one.why], one.points, one.other)
                for one in decision.verdicts
            ]
        )
    return told


def _many(rules: earning.Rules, orders: list[Any]) -> list[Any]:
    lines = [
        {"order_id": row["order_id"], "line_no": n, **dict(zip(LINE, line, strict=True))}
        for row, bought in orders
        for n, line in enumerate(bought)
    ]
    found = earning.evaluate_many(
        rules, pa.Table.from_pylist([row for row, _ in orders]), pa.Table.from_pylist(lines), zone=ZONE
    )
    return _verdicts(rules, found)


def _verdicts(rules: earning.Rules, found: pa.Table) -> list[Any]:
    return [
        [(row[f"why{n}"], row[f"points{n}"], row[f"other{n}"]) for n in range(len(rules.rules))]
        for row in found.to_pylist()
    ]


EVENT_WHEN = [
    "true",
    "event.rating > 2",
    "event.photo && event.channel == 'A'",
    "event.rating / (event.rating - 3) > 1",
]
EVENT_POINTS = ["10", "event.rating * 7", "event.rating * 9223372036854775807", "event.rating - 2", "time.hour * 2"]
NAMED = {"name_en": "N", "name_zh": "N"}
REVIEW = EventType(
    "review", "Review", "评价",
    DataSchema({"rating": Property("integer", **NAMED), "photo": Property("boolean", **NAMED), "channel": Property("string", **NAMED)}),
)  # fmt: skip


def drawn_for_events(random: Random, place: int, *, limits: bool) -> Rule:
    own = drawn(random, place, limits=limits)
    points = random.choice(["200", "100 + event.rating * 9"] if own.kind == "multiplier" else EVENT_POINTS)
    return replace(own, on="event", event="review", when=random.choice(EVENT_WHEN), points=points)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**40))
def test_the_verdicts_of_many_events_are_those_of_each(seed: int) -> None:
    random = Random(seed)
    limits = random.random() < 0.5
    document = tuple(drawn_for_events(random, place, limits=limits) for place in range(random.randint(1, 5)))
    earning.check(document, [REVIEW])
    rules = earning.compiled(document, declared=(REVIEW,), trigger=Trigger("event", "review"))
    assert earning.compiled(document, declared=(REVIEW,)).rules == ()
    told = [_event(random, number) for number in range(12)]
    found = earning.evaluate_many(rules, pa.Table.from_pylist(told), None, zone=ZONE)
    assert _verdicts(rules, found) == _each(rules, [(row, None) for row in told])


def _event(random: Random, number: int) -> dict[str, Any]:
    happened = NOON + timedelta(minutes=random.randrange(3000))
    return {"order_id": number, "member_id": random.randrange(3), "placed_at": happened, "paid_at": NOON + timedelta(days=3, minutes=number),
            "other_minor": 0, "event_rating": random.randrange(6), "event_photo": random.random() < 0.5,
            "event_channel": random.choice(TEXTS), "time_hour": happened.hour}  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**40))
def test_the_verdicts_of_many_that_came_back_are_those_of_each(seed: int) -> None:
    random = Random(seed)
    document = tuple(drawn(random, place, limits=False) for place in range(random.randint(1, 5)))
    earning.check(document)
    rules = earning.compiled(document)
    orders = [_order(random, number) for number in range(12)]
    back = [[random.randint(0, line[2]) if random.random() < 0.6 else 0 for line in lines] for _, lines in orders]
    assert _many_kept(rules, orders, back) == _each_kept(rules, orders, back)


def _each_kept(rules: earning.Rules, orders: list[Any], back: list[list[int]]) -> dict[int, Any]:
    told: dict[int, Any] = {}
    for (row, lines), returned in zip(orders, back, strict=True):
        if all(came == line[2] for came, line in zip(returned, lines, strict=True)):
            continue
        items = [earning.Item(n, line, came) for n, (line, came) in enumerate(zip(lines, returned, strict=True))]
        decision = earning.evaluate(rules, earning.Case(row, items, row["other_minor"], row["placed_at"]))
        told[row["order_id"]] = [
            (0 if one.why == "earned" else _deciding.CODES[one.why], one.points) for one in decision.verdicts
        ]
    return told


def _many_kept(rules: earning.Rules, orders: list[Any], back: list[list[int]]) -> dict[int, Any]:
    lines = [
        {"order_id": row["order_id"], "line_no": n, "returned": came, **dict(zip(LINE, line, strict=True))}
        for (row, bought), returned in zip(orders, back, strict=True)
        for n, (line, came) in enumerate(zip(bought, returned, strict=True))
    ]
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.register("_orders", pa.Table.from_pylist([row for row, _ in orders]))
    connection.register("_lines", pa.Table.from_pylist(lines))
    found = connection.sql(earning.statement(rules, ZONE, returned=True)).to_arrow_table().to_pylist()
    return {row["order_id"]: [(row[f"why{n}"], row[f"points{n}"]) for n in range(len(rules.rules))] for row in found}
