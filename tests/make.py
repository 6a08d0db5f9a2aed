"""Short ways to make what tests need, through the same verbs everyone uses."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from conftest import NOON
from regulars import commerce
from regulars.app import App
from regulars.commerce import NewLine, NewOrder, NewReturn, Orders, Outcome, Returns, Shop
from regulars.facts.webhooks import Vault
from regulars.settings import Settings
from regulars.storage import Database, Transaction

DAY = timedelta(days=1)


SECRET_KEY = "cmVndWxhcnMtdGVzdC1rZXktbm90LWZvci11c2UtISE="
VAULT = Vault([SECRET_KEY])


def shop(tx: Transaction, code: str = "uk", *, currency: str = "GBP", time_zone: str = "Europe/London") -> Shop:
    return commerce.open_shop(tx, code, name="Gifts", currency=currency, time_zone=time_zone, at=NOON)


def line(sku: str = "MUG", quantity: int = 1, unit_minor: int = 1000, **more: object) -> NewLine:
    return NewLine(sku, quantity, unit_minor, **more)  # pyright: ignore[reportArgumentType]


def order(
    number: str,
    customer: str | None = None,
    *lines: NewLine,
    placed_at: datetime = NOON,
    paid: bool = True,
    **more: object,
) -> NewOrder:
    return NewOrder(
        number, placed_at, list(lines) or [line()], customer=customer, paid_at=placed_at if paid else None, **more
    )  # pyright: ignore[reportArgumentType]


def came_back(
    number: str,
    customer: str | None = None,
    *lines: NewLine,
    returned_at: datetime = NOON + DAY,
    of: str | None = None,
) -> NewReturn:
    return NewReturn(number, returned_at, list(lines) or [line()], order=of, customer=customer)


def record(tx: Transaction, where: Shop, *orders: NewOrder, at: datetime = NOON) -> list[Outcome]:
    return commerce.record_orders(tx, where, Orders.of(orders), at=at)


def take_in(tx: Transaction, where: Shop, *returns: NewReturn, at: datetime = NOON) -> list[Outcome]:
    return commerce.record_returns(tx, where, Returns.of(returns), at=at)


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def app(database: Database, *, at: datetime = NOON, alone: bool = True) -> App:
    """An installation; `alone`: of one operator, who may publish what they wrote."""
    quick = Settings(requests_per_minute=10**6, approve_alone=alone, secret_key=SECRET_KEY)  # it asks more than 1,200
    return App(quick, database, lambda: at)
