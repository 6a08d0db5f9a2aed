"""The SQL of what people decide about points."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regulars.ledger._rules import Role, account_id, bucket
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class PointType:
    """A kind of points."""

    point_type: str
    role: Role
    decimals: int
    defined_at: datetime


@dataclass(frozen=True, slots=True)
class Freeze:
    """When an account was frozen, by whom and why, and when that ended."""

    account_id: int
    frozen_at: datetime
    frozen_by: str
    reason: str
    lifted_at: datetime | None
    lifted_by: str | None


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points given by hand, or taken (`amount` below 0); not decided yet while `decision` is None."""

    adjustment_id: int
    member_id: int
    point_type: str
    amount: int
    reason: str
    expires_at: datetime | None
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    decision: Literal["posted", "rejected"] | None


def insert_point_type(tx: Transaction, *, new: PointType) -> int:
    """Define a kind of points, unless it is defined."""
    return tx.run(
        """
        insert into ledger_point_types (point_type, role, decimals, defined_at)
        values (%(point_type)s, %(role)s, %(decimals)s, %(at)s) on conflict (point_type) do nothing
        """,
        point_type=new.point_type, role=new.role, decimals=new.decimals, at=new.defined_at,
    )  # fmt: skip


def select_point_types(tx: Transaction, *, limit: int) -> list[PointType]:
    """The kinds of points defined, by name."""
    return tx.all(
        "select point_type, role, decimals, defined_at from ledger_point_types order by point_type limit %(limit)s",
        PointType,
        limit=limit,
    )


def set_frozen(tx: Transaction, *, account_id: int, member_id: int, point_type: str, at: datetime) -> int:
    """Freeze an account, made if it is not there, unless it is frozen."""
    return tx.run(
        """
        insert into ledger_accounts as a (account_id, bucket, member_id, point_type, frozen_at)
        values (%(account_id)s, %(bucket)s, %(member_id)s, %(point_type)s, %(at)s)
        on conflict (account_id, bucket) do update set frozen_at = excluded.frozen_at where a.frozen_at is null
        """,
        account_id=account_id, bucket=bucket(account_id), member_id=member_id, point_type=point_type, at=at,
    )  # fmt: skip


def clear_frozen(tx: Transaction, *, account_id: int) -> int:
    """Unfreeze an account that is frozen."""
    return tx.run(
        """
        update ledger_accounts set frozen_at = null
        where account_id = %(account_id)s and bucket = %(bucket)s and frozen_at is not null
        """,
        account_id=account_id, bucket=bucket(account_id),
    )  # fmt: skip


def insert_freeze(tx: Transaction, *, new: Freeze) -> int:
    """Note who froze an account, and why."""
    return tx.run(
        """
        insert into ledger_freezes (account_id, number, bucket, frozen_at, frozen_by, reason)
        select %(account_id)s, coalesce(max(number), 0) + 1, %(account_id)s %% 256, %(at)s, %(by)s, %(reason)s
        from ledger_freezes where account_id = %(account_id)s
        """,
        account_id=new.account_id, at=new.frozen_at, by=new.frozen_by, reason=new.reason,
    )  # fmt: skip


def lift_freeze(tx: Transaction, *, account_id: int, by: str, at: datetime) -> int:
    """Note who ended a freeze."""
    return tx.run(
        """
        update ledger_freezes set lifted_at = %(at)s, lifted_by = %(by)s
        where account_id = %(account_id)s and lifted_at is null
        """,
        account_id=account_id, by=by, at=at,
    )  # fmt: skip


def select_freezes(tx: Transaction, *, account_id: int, limit: int) -> list[Freeze]:
    """An account's freezes, the latest first."""
    return tx.all(
        """
        select account_id, frozen_at, frozen_by, reason, lifted_at, lifted_by
        from ledger_freezes where account_id = %(account_id)s order by number desc limit %(limit)s
        """,
        Freeze, account_id=account_id, limit=limit,
    )  # fmt: skip


def insert_adjustment(tx: Transaction, *, new: Adjustment) -> int:
    """Keep an adjustment, unless it is there."""
    return tx.run(
        """
        insert into ledger_adjustments (adjustment_id, bucket, member_id, point_type, amount, reason, expires_at, proposed_at, proposed_by)
        values (%(adjustment_id)s, %(bucket)s, %(member_id)s, %(point_type)s, %(amount)s, %(reason)s, %(expires_at)s,
            %(proposed_at)s, %(proposed_by)s)
        on conflict (adjustment_id, bucket) do nothing
        """,
        adjustment_id=new.adjustment_id, bucket=bucket(account_id(new.member_id, new.point_type)), member_id=new.member_id,
        point_type=new.point_type, amount=new.amount, reason=new.reason, expires_at=new.expires_at,
        proposed_at=new.proposed_at, proposed_by=new.proposed_by,
    )  # fmt: skip


def lock_adjustment(tx: Transaction, *, adjustment_id: int) -> int:
    """Lock an adjustment, so that it is decided once."""
    return tx.run(
        "select adjustment_id from ledger_adjustments where adjustment_id = %(adjustment_id)s for update",
        adjustment_id=adjustment_id,
    )


def decide_adjustment(tx: Transaction, *, done: Adjustment) -> int:
    """Keep a decision."""
    return tx.run(
        """
        update ledger_adjustments set decided_at = %(at)s, decided_by = %(by)s, decision = %(decision)s
        where adjustment_id = %(adjustment_id)s and decided_at is null
        """,
        adjustment_id=done.adjustment_id, at=done.decided_at, by=done.decided_by, decision=done.decision,
    )  # fmt: skip


def select_adjustments_by_id(tx: Transaction, *, adjustment_id: int) -> list[Adjustment]:
    """The adjustment of that number."""
    return tx.all(
        """
        select adjustment_id, member_id, point_type, amount, reason, expires_at, proposed_at, proposed_by, decided_at, decided_by, decision
        from ledger_adjustments where adjustment_id = %(adjustment_id)s
        """,
        Adjustment, adjustment_id=adjustment_id,
    )  # fmt: skip


def select_adjustments(
    tx: Transaction, *, only_open: bool, before: tuple[datetime, int] | None, limit: int
) -> list[Adjustment]:
    """Adjustments, the latest first."""
    at, adjustment_id = before or (None, None)
    return tx.all(
        """
        select adjustment_id, member_id, point_type, amount, reason, expires_at, proposed_at, proposed_by, decided_at, decided_by, decision
        from ledger_adjustments
        where (not %(only_open)s or decided_at is null)
          and (%(at)s::timestamptz is null or (proposed_at, adjustment_id) < (%(at)s::timestamptz, %(adjustment_id)s::bigint))
        order by proposed_at desc, adjustment_id desc limit %(limit)s
        """,
        Adjustment, only_open=only_open, at=at, adjustment_id=adjustment_id, limit=limit,
    )  # fmt: skip
