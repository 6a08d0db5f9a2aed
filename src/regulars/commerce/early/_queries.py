"""The SQL of returns that wait for their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from regulars.storage import Transaction

_COLUMNS: Final = "return_id, shop_id, external_id, order_id, order_number, document, told_at, problem"


@dataclass(frozen=True, slots=True)
class Early:
    """One row of `commerce_early_returns`."""

    return_id: int
    shop_id: int
    external_id: str
    order_id: int
    order_number: str
    document: dict[str, Any]
    told_at: datetime
    problem: str | None
    """Why it could not be recorded when its order came; None: its order has not come."""


def upsert_early(tx: Transaction, *, early: Sequence[Early], texts: list[str], alarm_at: datetime) -> int:
    """Keep returns, their documents as `texts`; one that came again is kept as it came last, with its first time."""
    return tx.run(
        """
        insert into commerce_early_returns as e
            (return_id, shop_id, external_id, order_id, order_number, document, told_at, alarm_at)
        select v.return_id, v.shop_id, v.external_id, v.order_id, v.order_number, v.document::jsonb, v.told_at, %(alarm_at)s
        from unnest(%(ids)s::bigint[], %(shops)s::bigint[], %(names)s::text[], %(orders)s::bigint[], %(numbers)s::text[],
            %(texts)s::text[], %(told)s::timestamptz[])
            v (return_id, shop_id, external_id, order_id, order_number, document, told_at)
        order by v.return_id
        on conflict (return_id) do update
        set order_id = excluded.order_id, order_number = excluded.order_number, document = excluded.document, problem = null
        """,
        ids=[e.return_id for e in early], shops=[e.shop_id for e in early], names=[e.external_id for e in early],
        orders=[e.order_id for e in early], numbers=[e.order_number for e in early], texts=texts,
        told=[e.told_at for e in early], alarm_at=alarm_at,
    )  # fmt: skip


def any_early(tx: Transaction) -> bool:
    """Whether any return waits."""
    return tx.value("select exists (select from commerce_early_returns)")


def lock_come(tx: Transaction, *, order_ids: list[int] | None, limit: int) -> list[Early]:
    """Returns whose order is here by now, locked: those of some orders, or any; those of another worker left out."""
    return tx.all(
        f"""
        select {_COLUMNS} from commerce_early_returns e
        where problem is null and (%(order_ids)s::bigint[] is null or order_id = any(%(order_ids)s))
          and exists (select from commerce_orders o where o.order_id = e.order_id)
        order by return_id limit %(limit)s for update skip locked
        """,
        Early, order_ids=order_ids, limit=limit,
    )  # fmt: skip


def select_early(tx: Transaction, *, before: tuple[datetime, int] | None, limit: int) -> list[Early]:
    """Returns that wait, the latest first."""
    return tx.all(
        f"""
        select {_COLUMNS} from commerce_early_returns
        where %(before_at)s::timestamptz is null or (told_at, return_id) < (%(before_at)s, %(before_id)s::bigint)
        order by told_at desc, return_id desc limit %(limit)s
        """,
        Early, before_at=before and before[0], before_id=before and before[1], limit=limit,
    )  # fmt: skip


def delete_early(tx: Transaction, *, return_ids: list[int]) -> list[Early]:
    """Let some go; those there were."""
    return tx.all(
        f"delete from commerce_early_returns where return_id = any(%(return_ids)s) returning {_COLUMNS}",
        Early, return_ids=return_ids,
    )  # fmt: skip


def delete_old(tx: Transaction, *, before: datetime, limit: int) -> list[Early]:
    """Let those go that were told before a moment, the oldest first; those of another worker left out."""
    return tx.all(
        f"""
        delete from commerce_early_returns where return_id in (
            select return_id from commerce_early_returns where told_at <= %(before)s
            order by told_at, return_id limit %(limit)s for update skip locked
        )
        returning {_COLUMNS}
        """,
        Early, before=before, limit=limit,
    )  # fmt: skip


def set_problems(tx: Transaction, *, return_ids: list[int], problems: list[str]) -> int:
    """Note why some could not be recorded; nobody needs to be told any more that they wait."""
    return tx.run(
        """
        update commerce_early_returns e set problem = v.problem, alarm_at = null
        from unnest(%(return_ids)s::bigint[], %(problems)s::text[]) v (return_id, problem) where e.return_id = v.return_id
        """,
        return_ids=return_ids, problems=problems,
    )  # fmt: skip


def take_alarms(tx: Transaction, *, at: datetime, limit: int) -> list[Early]:
    """Returns that have waited too long and of which that was not told: it is now."""
    return tx.all(
        f"""
        update commerce_early_returns set alarm_at = null
        where return_id in (
            select return_id from commerce_early_returns where alarm_at <= %(at)s
            order by alarm_at limit %(limit)s for update skip locked
        )
        returning {_COLUMNS}
        """,
        Early, at=at, limit=limit,
    )  # fmt: skip
