"""Keeping returns that came before their orders, and handing them out when those are here."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from regulars import facts
from regulars.commerce._records import Shop
from regulars.commerce._rules import NewReturn
from regulars.commerce.early import _queries
from regulars.commerce.early._queries import Early
from regulars.errors import NotFound, RegularsError
from regulars.storage import Transaction
from regulars.types import stable_id, to_public

PATIENCE: Final = timedelta(days=30)
"""After how long it is told, once, that an order has not come. Its returns go on waiting."""

KEPT: Final = timedelta(days=400)
"""For how long a return waits at most: a year and a month, so that the year's accounts are closed before it goes. It is a document
about a person, of which nothing has come, and who reads the feed was told of it a year ago."""


class EarlyReturnNotFound(NotFound):
    """No return {return_id} waits for its order."""


def park(tx: Transaction, shop: Shop, returns: Sequence[NewReturn], *, at: datetime) -> None:
    """Keep returns that name orders which are not here; one that came again is kept as it came last."""
    early = {stable_id("return", shop.shop_id, one.external_id): one for one in returns if one.order}
    rows = [
        Early(
            return_id, shop.shop_id, one.external_id, stable_id("order", shop.shop_id, one.order), str(one.order),
            {}, at, None,
        )
        for return_id, one in early.items()
    ]  # fmt: skip
    texts = [msgspec.json.encode(one).decode() for one in early.values()]
    _queries.upsert_early(tx, early=rows, texts=texts, alarm_at=at + PATIENCE)


def take(tx: Transaction, order_ids: Sequence[int] | None = None, *, limit: int = 1000) -> list[Early]:
    """Returns whose orders are here by now, of some orders or of any, locked: record them, then `forget` or `refuse` them.

    It costs one small query while none waits.
    """
    if not _queries.any_early(tx):
        return []
    return _queries.lock_come(tx, order_ids=None if order_ids is None else list(order_ids), limit=limit)


def documents(early: Sequence[Early]) -> list[NewReturn]:
    """The returns as they were told."""
    return [msgspec.convert(one.document, NewReturn) for one in early]


def amount(told: NewReturn) -> int:
    """The money that a return gives back, in minor units."""
    return sum(line.quantity * line.unit_minor - line.discount_minor for line in told.lines)


def forget(tx: Transaction, return_ids: Collection[int]) -> int:
    """Let go of returns that have been recorded; how many waited."""
    return len(_queries.delete_early(tx, return_ids=list(return_ids))) if _queries.any_early(tx) else 0


def refuse(tx: Transaction, refused: Sequence[tuple[Early, RegularsError]], *, at: datetime) -> None:
    """Keep what could not be recorded when its order came, with the reason, for a person. Facts: `return.refused`."""
    _queries.set_problems(
        tx, return_ids=[one.return_id for one, _ in refused], problems=[str(error) for _, error in refused]
    )
    told = [_fact("return.refused", one, at, reason=str(error), code=error.code) for one, error in refused]
    facts.record(tx, told, at=at)


def alarm_due(tx: Transaction, *, at: datetime, limit: int) -> int:
    """Tell of returns whose orders have not come in `PATIENCE`; of how many. Facts: `return.unmatched`."""
    late = _queries.take_alarms(tx, at=at, limit=limit)
    facts.record(tx, [_fact("return.unmatched", one, at) for one in late], at=at)
    return len(late)


def let_go_due(tx: Transaction, *, at: datetime, limit: int) -> int:
    """Let go of returns that have waited for `KEPT`, or were refused and nobody cared for so long; how many. Facts: `return.discarded`."""
    if not _queries.any_early(tx):
        return 0
    gone = _queries.delete_old(tx, before=at - KEPT, limit=limit)
    facts.record(tx, [_fact("return.discarded", one, at, by="regulars") for one in gone], at=at)
    return len(gone)


def _fact(name: str, one: Early, at: datetime, **more: str) -> facts.Fact:
    about = {"external_id": one.external_id, "order": one.order_number, "told_at": one.told_at.isoformat(), **more}
    return facts.Fact(name, at, None, one.return_id, about)


def listed(tx: Transaction, *, before: tuple[datetime, int] | None = None, limit: int = 50) -> list[Early]:
    """Returns that wait, the latest first; page on with the last one's `(told_at, return_id)` as `before`."""
    return _queries.select_early(tx, before=before, limit=limit)


def discard(tx: Transaction, return_id: int, *, at: datetime, by: str) -> Early:
    """Give up a return that waits: it was a mistake. Facts: `return.discarded`.

    Raises:
        EarlyReturnNotFound: no such return waits.
    """
    for one in _queries.delete_early(tx, return_ids=[return_id]):
        facts.record(tx, [_fact("return.discarded", one, at, by=by)], at=at)
        return one
    raise EarlyReturnNotFound(return_id=to_public("ret", return_id))
