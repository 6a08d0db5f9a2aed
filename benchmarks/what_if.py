"""A year of a million orders replayed under two programmes, set-based, beside the same orders evaluated one at a time.

The orders are Arrow tables, as they are read from PostgreSQL: three lines each, one order in twelve with a return, 200,000
members. The draft has a multiplier by tier, bonuses for articles, first orders and large ones, and other tiers. The peer is
the same product one order at a time: `evaluate` for the rules and `tiers.follow` for the tiers, as an award and a review do it,
over the orders of some members that are at hand already; no returns, no liability, no comparison. The ratio is of time.

    uv run --group dev python benchmarks/what_if.py [--quick]
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars import programme
from regulars.insight import what_if
from regulars.programme import Programme, Rule, Tier, TierSet, earning, tiers
from regulars.programme.earning import Case, Item
from regulars.programme.tiers import Ask, By, Counted, Line, Reign, Reigns, Seen, World, follow

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
LINES = 3
MEMBERS = 1000


def wanted(held: Programme) -> Programme:
    """A draft of the kind that is tried: easier silver, more for whoever has it, and bonuses."""
    names = {"name_en": "R", "name_zh": "规"}
    more = (
        Rule("silver", **names, points="150", per="order", kind="multiplier", when="member.tier != 'bronze'"),
        Rule("mugs", **names, points="line.quantity * 20", kind="bonus", when="line.sku.startsWith('S00')"),
        Rule("first", **names, points="200", per="order", kind="bonus", when="member.orders_before == 0"),
        Rule("large", **names, points="50", per="order", kind="bonus", when="order.goods_minor >= 9000"),
    )
    tiers = (Tier("bronze", "B", "铜", 0), Tier("silver", "S", "银", 60_000), Tier("gold", "G", "金", 300_000))
    return replace(held, earning=(*held.earning, *more), tier_sets=(TierSet("main", "T", "级", tiers),))


def tables(orders: int) -> dict[str, pa.Table]:
    """A year of orders, what came back of them, and who ordered."""
    random, members = np.random.default_rng(1), max(orders // 5, 1)
    start = UNTIL - timedelta(days=365)
    placed = np.datetime64(start.replace(tzinfo=None), "us") + np.sort(random.integers(0, 365 * 86_400, orders)).astype(
        "timedelta64[s]"
    )
    instant = pa.timestamp("us", "UTC")
    ids = np.arange(1, orders + 1)
    sold = {
        "order_id": ids, "member_id": (members * random.random(orders) ** 2).astype(int) + 1, "placed_at": pa.array(placed).cast(instant),
        "paid_at": pa.array(placed).cast(instant), "currency": pa.array(["GBP"] * orders), "country": pa.array(["GB"] * orders),
        "shop": pa.array(["uk"] * orders), "time_zone": pa.array(["Europe/London"] * orders),
        "other_minor": np.full(orders, 499), "goods_minor": np.full(orders, 4000),
    }  # fmt: skip
    quantity = random.integers(1, 4, orders * LINES)
    lines = {
        "order_id": np.repeat(ids, LINES), "line_no": np.tile(np.arange(1, LINES + 1), orders), "quantity": quantity,
        "amount_minor": quantity * random.integers(300, 3000, orders * LINES), "unit_minor": np.full(orders * LINES, 1000),
        "sku": np.array([f"S{n:03}" for n in range(200)])[random.integers(0, 200, orders * LINES)],
        "name": pa.array([""] * (orders * LINES)),
    }  # fmt: skip
    back = ids[::12]
    came = {
        "order_id": back, "return_id": back, "returned_at": pa.array(placed[::12] + np.timedelta64(9, "D")).cast(instant),
        "line_no": np.ones(len(back), int), "before": np.zeros(len(back), int), "quantity": np.ones(len(back), int),
    }  # fmt: skip
    people = {
        "member_id": np.arange(1, members + 1), "joined_at": pa.array([start] * members, instant),
        "country": pa.array(["GB"] * members), "issuer": pa.array(["uk"] * members),
    }  # fmt: skip
    named: dict[str, dict[str, Any]] = {"sold": sold, "sold_lines": lines, "came_back": came, "people": people}
    return {name: pa.table(columns) for name, columns in named.items()}


def one_at_a_time(programmes: list[Programme], found: dict[str, pa.Table]) -> float:
    """Seconds an order, of the orders of some members: its rules evaluated and its tier judged, under each programme."""
    some = np.random.default_rng(2).choice(len(found["people"]), MEMBERS, replace=False) + 1
    orders = found["sold"].filter(pc.is_in(found["sold"]["member_id"], pa.array(some))).to_pylist()
    kept = found["sold_lines"].filter(
        pc.is_in(found["sold_lines"]["order_id"], pa.array([one["order_id"] for one in orders]))
    )
    lines = {key: list(own) for key, own in groupby(kept.to_pylist(), key=itemgetter("order_id"))}
    started = time.perf_counter()
    for each in programmes:
        rules = earning.compiled(each.earning)
        counted: dict[int, list[Counted]] = defaultdict(list)
        for order in orders:
            items = [
                Item(one["line_no"], (one["sku"], "", one["quantity"], one["unit_minor"], one["amount_minor"]))
                for one in lines[order["order_id"]]
            ]
            before = counted[order["member_id"]]
            row = {"member_tier": "silver", "member_orders_before": len(before)}
            earning.evaluate(rules, Case(row, items, order["other_minor"], order["placed_at"]))
            at, spend = order["placed_at"], sum(item.line[4] for item in items)
            before.append(Counted(at, at, spend, str(order["order_id"])))
        _follow(each, counted)
    return (time.perf_counter() - started) / len(orders)


def _follow(each: Programme, counted: dict[int, list[Counted]]) -> None:
    """Judge members at every order, as `tiers` does it every day."""
    world = World(Reigns([Reign(each.tier_sets, each.time_zone, datetime(1900, 1, 1, tzinfo=UTC))]), {})

    def look(by: By, asks: Sequence[Ask]) -> list[Seen]:
        return [tiers.seen(by, counted[ask.member_id], ask) for ask in asks]

    follow(
        [Line(who, each.main.code, None, [one.known_at for one in own]) for who, own in counted.items()], world, look
    )


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the orders")
    orders = 100_000 if parser.parse_args().quick else 1_000_000
    found, held = tables(orders), programme.default("GBP", "Europe/London")
    draft = wanted(held)
    each = one_at_a_time([held, draft], found)
    started, busy = time.perf_counter(), time.process_time()
    history = what_if.history(found, until=UNTIL)
    report = what_if.compare(history, held, draft, months=12, thousand_minor=1000)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    assert report.orders > 0.99 * orders
    print(
        f"{orders:,} orders under two programmes in {seconds:.1f} s ({busy:.1f} s of processor): {report.winners:,} winners, {report.losers:,} losers"
    )
    print(f"one at a time, rules and tiers alone: {each * 1e6:.0f} µs an order, {each * orders:.1f} s for all")
    ratio = each * orders / seconds
    print(
        json.dumps(
            {
                "ratio": {"one order at a time": round(ratio, 2)},
                "seconds": round(seconds, 1),
                "cpu_seconds": round(busy, 1),
                "orders": orders,
            }
        )
    )


if __name__ == "__main__":
    main()
