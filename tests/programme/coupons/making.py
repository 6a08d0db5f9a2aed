"""Short ways to make pools and carts."""

from typing import Any

from conftest import NOON
from regulars.programme import coupons
from regulars.programme.coupons import Cart, CartLine, NewPool, Terms
from regulars.storage import Transaction

ADA, BEN = 1, 2


def pool(
    tx: Transaction, code: str = "summer", *, codes: int = 0, shared: bool = False, low_water: int = 0, **terms: Any
) -> None:
    wanted = Terms(**({"kind": "percent", "percent": 10} | terms))
    coupons.open_pool(tx, NewPool(code, "Summer", "夏季", wanted, shared, low_water), at=NOON, by="test")
    if codes:
        coupons.generate(tx, code, codes, at=NOON, by="test")


def some_codes(tx: Transaction, code: str = "summer") -> list[str]:
    return [one.code for one in coupons.codes(tx, coupons.pool(tx, code).pool_id, limit=1000)]


def cart(*lines: tuple[str, int, int], currency: str = "GBP", shipping: int = 0) -> Cart:
    return Cart(currency, tuple(CartLine(*line) for line in lines or [("MUG", 2, 1000)]), shipping)


def names(tx: Transaction) -> list[str]:
    return tx.values("select name from facts where name like 'coupon%%' order by fact_id")
