"""Short ways to let orders, returns and deliveries happen, and to see what came of them."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import make
from conftest import NOON
from regulars import commerce, jobs, ledger, members, programme
from regulars.app import App
from regulars.commerce import NewDelivery, NewOrder, NewReturn, Shop
from regulars.storage import Transaction


def member_of(tx: Transaction, customer: str) -> int:
    return members.by_external_id(tx, customer, issuer="uk").member_id


def points(app: App, customer: str, *, at: datetime = NOON) -> tuple[int, int]:
    """What the member can spend, and owes."""
    with app.database.transaction() as tx:
        assert ledger.audit(tx) == []
        balance = ledger.balance(tx, member_of(tx, customer), at=at)
    return balance.available, balance.debt


def bring(
    app: App, *documents: NewOrder | NewReturn | NewDelivery, react: bool = True, at: datetime = NOON
) -> list[int]:
    """Record documents one after the other, and let what follows follow."""
    with app.database.transaction() as tx:
        shop = make.shop(tx)
        ids = [_record(tx, shop, one, at) for one in documents]
    if react:
        jobs.react(make.app(app.database, at=at), patience_seconds=30)
    return ids


def _record(tx: Transaction, shop: Shop, one: NewOrder | NewReturn | NewDelivery, at: datetime) -> int:
    if isinstance(one, NewOrder):
        return make.record(tx, shop, one, at=at)[0].document_id
    if isinstance(one, NewReturn):
        return make.take_in(tx, shop, one, at=at)[0].document_id
    return commerce.record_deliveries(tx, shop, [one], at=at)[0].document_id


def publish(app: App, *, at: datetime = NOON, effective_at: datetime | None = None, **terms: Any) -> None:
    """Change the terms of the programme."""
    with app.database.transaction() as tx:
        make.shop(tx)
        changed = replace(programme.current(tx, at=at), **terms)
        programme.publish(tx, changed, at=at, by="test", effective_at=effective_at)


def expiries(app: App, customer: str, *, at: datetime = NOON) -> list[tuple[int, str, str | None]]:
    """A member's lots: how many points, until the end of which day in London, and, while pending, from which day on."""
    with app.database.transaction() as tx:
        found = ledger.lots(tx, member_of(tx, customer), at=at)
    return [(lot.amount, _day(lot.expires_at, -1) or "never", _day(lot.matures_at, 0)) for lot in found]


def _day(moment: datetime | None, days: int) -> str | None:
    if moment is None:
        return None
    local = moment.astimezone(ZoneInfo("Europe/London"))
    assert local.timetz().replace(tzinfo=None) == time()
    return (local.date() + timedelta(days=days)).isoformat()


def kinds(app: App, customer: str) -> list[str]:
    """What happened to a member's points, in order."""
    with app.database.transaction() as tx:
        return [entry.kind for entry in reversed(ledger.statement(tx, member_of(tx, customer), limit=1000))]
