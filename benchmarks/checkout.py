"""A checkout quote over real HTTP, beside a request to the same server that asks its database for `select 1`.

A member with an order behind them, 30 rules, two sets of benefits, ten rewards, a cart of five lines with two coupons and a
gift card; one client, one connection, the two kinds of requests in turn. The peer's request goes the same way, key and all.

    uv run --group dev python benchmarks/checkout.py [--quick]
"""

import argparse
import json
import logging
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import structlog
import uvicorn
from _server import passing_server
from litestar import Litestar, get

from regulars import access, commerce, jobs, programme
from regulars.access import Role
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.commerce import NewLine, NewOrder, Orders
from regulars.programme import Rule, coupons, gift_cards
from regulars.programme.coupons import NewPool, Terms
from regulars.programme.rewards import Price, Reward
from regulars.programme.tiers import Benefit
from regulars.settings import Settings
from regulars.storage import Database, Transaction, migrate

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
PORT = 8765
WHEN = (
    "line.quantity > 1",
    "line.amount_minor >= 2000",
    "order.goods_minor >= 5000",
    "member.tier == 'silver'",
    "history.orders(90) > 2",
)


def rules() -> tuple[Rule, ...]:
    some = [
        Rule(f"r{n}", "R", "R", "line.amount_minor / 100", when=WHEN[n % len(WHEN)], kind="bonus") for n in range(29)
    ]
    return (programme.proportional(1, 10), *some)


def document(now: programme.Programme) -> programme.Programme:
    shipping = Benefit("shipping", "free_shipping", "Free shipping", "免运费", uses=10)
    ten = Benefit("ten", "discount", "10 % off", "九折", value=10)
    first, *others = now.main.tiers
    main = replace(now.main, tiers=(replace(first, benefits=(shipping, ten)), *others))
    rewards = tuple(
        Reward(f"off_{n}", "Off", "立减", "cash_off", (Price(100 * n),), value_minor=100 * n) for n in range(1, 11)
    )
    return replace(now, earning=rules(), tier_sets=(main,), rewards=rewards)


def furnish(tx: Transaction) -> tuple[str, dict[str, Any]]:
    """A key, and what is asked."""
    shop = commerce.open_shop(tx, "uk", name="Shop", currency="GBP", time_zone="Europe/London", at=AT)
    programme.publish(tx, document(programme.current(tx, at=AT)), at=AT, by="bench")
    order = NewOrder("1", AT, [NewLine("COAT", 1, 50_000)], customer="ada", paid_at=AT)
    [recorded] = commerce.record_orders(tx, shop, Orders.of([order]), at=AT)
    jobs.react_within(tx, at=AT)
    member_id = commerce.find_order(tx, recorded.document_id).order.member_id or 0
    codes: list[str] = []
    for pool in ("summer", "autumn"):
        terms = Terms("percent", percent=5)
        coupons.open_pool(tx, NewPool(pool, "Pool", "券", terms), at=AT, by="bench")
        coupons.generate(tx, pool, 1000, at=AT, by="bench")
        codes += [coupons.claim(tx, pool, member_id, reference=f"{n}", at=AT).code for n in range(3)]
    card = gift_cards.issue(tx, "GBP", 500, reference="card", at=AT, by="bench").code
    lines = [{"sku": f"S{n}", "quantity": n + 1, "unit_minor": 995} for n in range(5)]
    asked = {"shop": "uk", "member": "uk:ada", "lines": lines, "shipping_minor": 395, "coupons": [codes[0], codes[3]],
             "gift_cards": [card], "points": {"most": 1000}}  # fmt: skip
    return access.issue_key(tx, name="bench", role=Role.MANAGER, at=AT).token, asked


def application(app: App) -> Any:
    """The whole application, and beside it the peer: the least that a request to a database can be."""
    ours = create_asgi(app)

    @get("/select-1", sync_to_thread=True)
    def peer() -> dict[str, int]:
        with app.database.transaction(read_only=True) as tx:
            return {"one": tx.value("select 1")}

    theirs = Litestar([peer], openapi_config=None)

    async def either(scope: Any, receive: Any, send: Any) -> None:
        await (theirs if scope.get("path") == "/select-1" else ours)(scope, receive, send)

    return either


@contextmanager
def served(app: App) -> Generator[None]:
    server = uvicorn.Server(uvicorn.Config(application(app), port=PORT, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def measured(token: str, asked: dict[str, Any], count: int) -> tuple[list[float], list[float]]:
    quotes: list[float] = []
    ones: list[float] = []
    body = json.dumps(asked).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", headers=headers) as client:
        for number in range(-50, count):
            for times, method, path, content in (
                (quotes, "POST", "/v1/checkout/quotes", body),
                (ones, "GET", "/select-1", None),
            ):
                began = time.perf_counter()
                answer = client.request(method, path, content=content)
                assert answer.status_code == 200, answer.text
                if number >= 0:
                    times.append((time.perf_counter() - began) * 1000)
    return sorted(quotes), sorted(ones)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    count = 500 if parser.parse_args().quick else 5000
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with passing_server() as (_, url):
        migrate(url)
        database = Database(url)
        try:
            with database.transaction() as tx:
                token, asked = furnish(tx)
            app = App(Settings(requests_per_minute=10**9), database, lambda: AT)
            with served(app):
                quotes, ones = measured(token, asked, count)
        finally:
            database.close()
    figures = {
        name: (times[len(times) // 2], times[len(times) * 99 // 100])
        for name, times in (("quote", quotes), ("select 1", ones))
    }
    for name, (median, worst) in figures.items():
        sys.stdout.write(f"{name:10}  p50 {median:6.1f} ms   p99 {worst:6.1f} ms\n")
    ratio = {"p50": figures["quote"][0] / figures["select 1"][0], "p99": figures["quote"][1] / figures["select 1"][1]}
    sys.stdout.write(json.dumps({"ratio": {name: round(value, 2) for name, value in ratio.items()}}) + "\n")


if __name__ == "__main__":
    main()
