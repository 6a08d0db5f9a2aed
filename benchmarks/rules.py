"""Thirty earning rules over orders of five lines, verdicts kept: set-based, one order at a time, and another CEL.

The same rules and orders three ways. `evaluate_many`: one statement of DuckDB over Arrow tables. `evaluate`: plain Python, one
order at a time, as an award or a checkout does it. The peer: the CEL of the Rust library (`common-expression-language`),
its programs compiled once, which is given each order and does conditions and amounts alone: no stacking, no shares, no verdicts.
The ratios are of orders per second.

Another peer is a shop's engine: the offers of django-oscar, as many of them, over baskets of five lines, in a process of its own
(`_rules_oscar.py`). They are simpler than the rules (so much spent, or one of some products, and percent or money off) and leave
no verdicts.

    uv run --group dev --group bench python benchmarks/rules.py [--quick]
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import cel
import pyarrow as pa

from regulars.programme import Rule, earning
from regulars.programme.earning import Case, Item
from regulars.programme.expressions import LINE

START = datetime(2026, 1, 1, tzinfo=UTC)
SKUS = [f"S{n:03}" for n in range(200)]


def document() -> tuple[Rule, ...]:
    """A base rule, and campaigns of the kinds that shops run."""
    rules = [Rule("base", "Base", "基础", "line.amount_minor / 10")]
    for n in range(29):
        code, names = f"r{n}", {"name_en": f"Rule {n}", "name_zh": f"规则{n}"}
        shape: list[dict[str, Any]] = [
            {"per": "order", "kind": "bonus", "when": f"order.goods_minor >= {10_000 + 1_000 * n} && order.shop == 'uk'", "points": "50"},
            {"per": "line", "kind": "bonus", "when": f"line.sku in ['S{n:03}', 'S{n + 40:03}', 'S{n + 90:03}']", "points": "line.quantity * 5"},
            {"per": "order", "kind": "multiplier", "when": f"order.placed.weekday == {n % 7 + 1} && member.tier == 'gold'", "points": "150",
             "stack": "best", "group": "days"},
            {"per": "order", "kind": "bonus", "when": f"lines.exists(l, l.sku.startsWith('S{n % 20:02}') && l.quantity > 1)", "points": "order.pieces * 2"},
            {"per": "order", "kind": "bonus", "when": f"member.orders_before == {n}", "points": "order.goods_minor / 100", "most_per_order": 200},
        ]  # fmt: skip
        rules.append(Rule(code, **names, **shape[n % 5]))
    return tuple(rules)


def sold(number: int) -> tuple[list[dict[str, Any]], list[list[tuple[Any, ...]]]]:
    """Orders of five lines."""
    random = Random(1)
    rows: list[dict[str, Any]] = []
    lines: list[list[tuple[Any, ...]]] = []
    for n in range(number):
        placed = START + timedelta(minutes=n % 500_000)
        rows.append({"order_id": n, "member_id": n % 50_000, "placed_at": placed, "paid_at": placed, "other_minor": 499,
                     "order_shop": random.choice(["uk", "de"]), "order_placed_weekday": placed.isoweekday(),
                     "member_tier": random.choice(["bronze", "silver", "gold"]), "member_orders_before": random.randrange(40)})  # fmt: skip
        lines.append(
            [(random.choice(SKUS), "", random.randint(1, 4), 1000, random.randint(500, 9000)) for _ in range(5)]
        )
    return rows, lines


def tables(rows: list[dict[str, Any]], lines: list[list[tuple[Any, ...]]]) -> tuple[pa.Table, pa.Table]:
    """The orders as `insight` has them."""
    flat = [line for bought in lines for line in bought]
    columns: dict[str, Any] = {
        "order_id": [row["order_id"] for row in rows for _ in range(5)],
        "line_no": [n for _ in rows for n in range(5)],
    }
    columns |= {name: [line[k] for line in flat] for k, name in enumerate(LINE[: len(flat[0])])}
    return pa.Table.from_pylist(rows), pa.table(columns)


def one_by_one(rules: earning.Rules, rows: list[dict[str, Any]], lines: list[list[tuple[Any, ...]]]) -> list[list[int]]:
    """Each order by `evaluate`: the points of every rule."""
    told: list[list[int]] = []
    for row, bought in zip(rows, lines, strict=True):
        items = [Item(n, line) for n, line in enumerate(bought)]
        decision = earning.evaluate(rules, Case(row, items, row["other_minor"], row["placed_at"]))
        told.append([one.points if one.why == "earned" else 0 for one in decision.verdicts])
    return told


def by_peer(rules: tuple[Rule, ...], rows: list[dict[str, Any]], lines: list[list[tuple[Any, ...]]]) -> int:
    """Each order by the Rust library: how many rules held."""
    programs = [(rule.per, cel.compile(rule.when), cel.compile(rule.points)) for rule in rules]
    held = 0
    for row, bought in zip(rows, lines, strict=True):
        named = [dict(zip(LINE, line, strict=False)) for line in bought]
        goods, pieces = sum(line[4] for line in bought), sum(line[2] for line in bought)
        context: dict[str, Any] = {
            "order": {"goods_minor": goods, "total_minor": goods + 499, "pieces": pieces, "shop": row["order_shop"],
                      "placed": {"weekday": row["order_placed_weekday"]}},
            "member": {"tier": row["member_tier"], "orders_before": row["member_orders_before"]}, "lines": named,
        }  # fmt: skip
        for per, when, points in programs:
            for line in named if per == "line" else [None]:
                context["line"] = line
                if when.execute(context):
                    held += points.execute(context) >= 0
    return held


def by_oscar(offers: int, baskets: int) -> float:
    """Baskets a second, by django-oscar."""
    program = Path(__file__).with_name("_rules_oscar.py")
    command = [sys.executable, program, str(offers), str(baskets)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    per_second, given = said.stdout.split()
    assert int(given) > 0, "no basket was given anything"
    return float(per_second)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long work takes, and what came of it."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def main() -> None:
    """Run, and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    number, single, peer = (100_000, 4_000, 300) if quick else (1_000_000, 40_000, 2_000)
    rules = document()
    compiled = earning.compiled(rules)
    rows, lines = sold(number)
    orders, flat = tables(rows, lines)
    seconds, found = timed(lambda: earning.evaluate_many(compiled, orders, flat, zone="Europe/London"))
    single_seconds, told = timed(lambda: one_by_one(compiled, rows[:single], lines[:single]))
    peer_seconds, _ = timed(lambda: by_peer(rules, rows[:peer], lines[:peer]))
    counted = [
        [row[f"points{n}"] if row[f"why{n}"] == 0 else 0 for n in range(len(rules))]
        for row in found.slice(0, single).to_pylist()
    ]
    assert counted == told, "the two evaluators disagree"
    many, each, other = number / seconds, single / single_seconds, peer / peer_seconds
    oscar = by_oscar(len(rules), 60 if quick else 300)
    print(
        f"set-based {many:,.0f} orders/s · one at a time {each:,.0f} · Rust CEL, no stacking {other:,.0f} · django-oscar {oscar:,.1f}"
    )
    ratio = {
        "one_at_a_time": round(many / each, 1),
        "rust_cel": round(many / other, 1),
        "one_at_a_time_to_rust_cel": round(each / other, 1),
        "one_at_a_time_to_django_oscar": round(each / oscar),
    }
    print(json.dumps({"ratio": ratio, "orders_per_second": round(many), "rules": len(rules), "orders": number}))


if __name__ == "__main__":
    main()
