"""The SQL of tiers given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regulars.programme.tiers._records import Grant
from regulars.storage import Transaction

_COLUMNS: Final = """grant_id, member_id, set_code, tier, kind, begins_at, ends_at, reason, proposed_at, proposed_by, decision,
    decided_at, decided_by, decided_because, ended_at, ended_by, ended_because"""


def select_grants_of(tx: Transaction, *, member_ids: list[int]) -> list[Grant]:
    """Everything that was ever given to some members, in order."""
    return tx.all(
        f"""
        select {_COLUMNS} from programme_tier_grants
        where member_id = any(%(member_ids)s) order by member_id, proposed_at, grant_id
        """,
        Grant, member_ids=member_ids,
    )  # fmt: skip


def select_grant(tx: Transaction, *, grant_id: int) -> Grant | None:
    """One of them, or None."""
    return tx.first(
        f"select {_COLUMNS} from programme_tier_grants where grant_id = %(grant_id)s", Grant, grant_id=grant_id
    )


def select_grants(tx: Transaction, *, waiting: bool, before: tuple[datetime, int] | None, limit: int) -> list[Grant]:
    """What was given, or waits for a second person, the latest first."""
    return tx.all(
        f"""
        select {_COLUMNS} from programme_tier_grants
        where (not %(waiting)s or decision is null)
          and (%(before_at)s::timestamptz is null or (proposed_at, grant_id) < (%(before_at)s, %(before_id)s::bigint))
        order by proposed_at desc, grant_id desc limit %(limit)s
        """,
        Grant, waiting=waiting, before_at=before and before[0], before_id=before and before[1], limit=limit,
    )  # fmt: skip


def insert_grants(tx: Transaction, *, grants: Sequence[Grant]) -> list[int]:
    """Add some; the numbers of those that were not there."""
    return tx.values(
        """
        insert into programme_tier_grants (grant_id, member_id, set_code, tier, kind, begins_at, ends_at, reason, proposed_at, proposed_by,
            decision, decided_at, decided_by)
        select * from unnest(%(ids)s::bigint[], %(members)s::bigint[], %(sets)s::text[], %(tiers)s::text[], %(kinds)s::text[],
            %(begins)s::timestamptz[], %(ends)s::timestamptz[], %(reasons)s::text[], %(proposed)s::timestamptz[], %(by)s::text[],
            %(decisions)s::text[], %(decided)s::timestamptz[], %(deciders)s::text[])
        order by 1
        on conflict (grant_id) do nothing
        returning grant_id
        """,
        ids=[g.grant_id for g in grants], members=[g.member_id for g in grants], sets=[g.set_code for g in grants],
        tiers=[g.tier for g in grants], kinds=[g.kind for g in grants], begins=[g.begins_at for g in grants],
        ends=[g.ends_at for g in grants], reasons=[g.reason for g in grants], proposed=[g.proposed_at for g in grants],
        by=[g.proposed_by for g in grants], decisions=[g.decision for g in grants], decided=[g.decided_at for g in grants],
        deciders=[g.decided_by for g in grants],
    )  # fmt: skip


def decide_grant(
    tx: Transaction, *, grant_id: int, decision: str, by: str, because: str | None, at: datetime
) -> Grant | None:
    """Decide on one that waits; None when it does not. What begins late begins with the decision."""
    return tx.first(
        f"""
        update programme_tier_grants set decision = %(decision)s, decided_at = %(at)s, decided_by = %(by)s,
            decided_because = %(because)s, begins_at = greatest(begins_at, %(at)s)
        where grant_id = %(grant_id)s and decision is null and (ends_at is null or ends_at > %(at)s or %(decision)s = 'rejected')
        returning {_COLUMNS}
        """,
        Grant, grant_id=grant_id, decision=decision, by=by, because=because, at=at,
    )  # fmt: skip


def end_grant(tx: Transaction, *, grant_id: int, by: str, because: str | None, at: datetime) -> Grant | None:
    """End one before its time; None when it has ended, or never held."""
    return tx.first(
        f"""
        update programme_tier_grants set ended_at = %(at)s, ended_by = %(by)s, ended_because = %(because)s
        where grant_id = %(grant_id)s and decision = 'approved' and ended_at is null and (ends_at is null or ends_at > %(at)s)
        returning {_COLUMNS}
        """,
        Grant, grant_id=grant_id, by=by, because=because, at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bought:
    """What an order holds of a product by now."""

    order_id: int
    member_id: int
    line_no: int
    sku: str
    paid_at: datetime
    quantity: int


def select_bought(tx: Transaction, *, order_ids: list[int], skus: list[str]) -> list[Bought]:
    """What paid orders hold by now of some products; 0 where all of it came back, or the order was cancelled."""
    return tx.all(
        """
        select b.order_id, b.member_id, b.line_no, b.sku, b.paid_at,
            case when b.cancelled_at is null then b.quantity else 0 end as quantity
        from commerce_bought b
        where b.order_id = any(%(order_ids)s) and b.sku = any(%(skus)s)
        order by b.member_id, b.paid_at, b.order_id, b.line_no
        """,
        Bought, order_ids=order_ids, skus=skus,
    )  # fmt: skip


def select_orders_of(tx: Transaction, *, return_ids: list[int]) -> list[int]:
    """The orders of which anything came back in some returns."""
    return tx.values(
        "select distinct order_id from commerce_order_returns where return_id = any(%(return_ids)s)",
        return_ids=return_ids,
    )
