"""The SQL of what people decide about points."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, LiteralString

from regulars.ledger._rules import Role, account_id, bucket
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class PointType:
    """A kind of points."""

    point_type: str
    role: Role
    decimals: int
    defined_at: datetime
    name_en: str | None = None
    name_zh: str | None = None
    """What it is called; None: by its code."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """When an account was frozen, by whom and why, and when that ended."""

    account_id: int
    frozen_at: datetime
    frozen_by: str
    reason: str
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_because: str | None = None


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
    decided_because: str | None = None


AdjustmentState = Literal["waiting", "posted", "rejected"]
_IN_STATE: Final[Mapping[AdjustmentState | None, LiteralString]] = {
    None: "true",
    "waiting": "decided_at is null",
    "posted": "decision = 'posted'",
    "rejected": "decision = 'rejected'",
}
"""A text of its own for each, so that each finds its index whatever was planned for the others."""

_ADJUSTMENT: Final = """
    adjustment_id, member_id, point_type, amount, reason, expires_at, proposed_at, proposed_by, decided_at, decided_by,
    decision, decided_because
"""


def insert_point_type(tx: Transaction, *, new: PointType) -> int:
    """Define a kind of points, unless it is defined."""
    return tx.run(
        """
        insert into ledger_point_types (point_type, role, decimals, defined_at, name_en, name_zh)
        values (%(point_type)s, %(role)s, %(decimals)s, %(at)s, %(name_en)s, %(name_zh)s) on conflict (point_type) do nothing
        """,
        point_type=new.point_type, role=new.role, decimals=new.decimals, at=new.defined_at, name_en=new.name_en, name_zh=new.name_zh,
    )  # fmt: skip


def set_names(tx: Transaction, *, point_type: str, name_en: str | None, name_zh: str | None) -> int:
    """Call a kind of points otherwise, where a name is given."""
    return tx.run(
        """
        update ledger_point_types
        set name_en = coalesce(%(name_en)s::text, name_en), name_zh = coalesce(%(name_zh)s::text, name_zh)
        where point_type = %(point_type)s
          and (name_en, name_zh) is distinct from (coalesce(%(name_en)s::text, name_en), coalesce(%(name_zh)s::text, name_zh))
        """,
        point_type=point_type, name_en=name_en, name_zh=name_zh,
    )  # fmt: skip


def select_point_types(tx: Transaction, *, limit: int) -> list[PointType]:
    """The kinds of points defined, by name."""
    return tx.all(
        "select point_type, role, decimals, defined_at, name_en, name_zh from ledger_point_types order by point_type limit %(limit)s",
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


def lift_freeze(tx: Transaction, *, account_id: int, by: str, because: str | None, at: datetime) -> int:
    """Note who ended a freeze, and why."""
    return tx.run(
        """
        update ledger_freezes set lifted_at = %(at)s, lifted_by = %(by)s, lifted_because = %(because)s
        where account_id = %(account_id)s and lifted_at is null
        """,
        account_id=account_id, by=by, because=because, at=at,
    )  # fmt: skip


def select_freezes(tx: Transaction, *, account_id: int, limit: int) -> list[Freeze]:
    """An account's freezes, the latest first."""
    return tx.all(
        """
        select account_id, frozen_at, frozen_by, reason, lifted_at, lifted_by, lifted_because
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
        update ledger_adjustments set decided_at = %(at)s, decided_by = %(by)s, decision = %(decision)s, decided_because = %(because)s
        where adjustment_id = %(adjustment_id)s and decided_at is null
        """,
        adjustment_id=done.adjustment_id, at=done.decided_at, by=done.decided_by, decision=done.decision,
        because=done.decided_because,
    )  # fmt: skip


def select_adjustments_by_id(tx: Transaction, *, adjustment_id: int) -> list[Adjustment]:
    """The adjustment of that number."""
    return tx.all(
        f"select {_ADJUSTMENT} from ledger_adjustments where adjustment_id = %(adjustment_id)s",
        Adjustment,
        adjustment_id=adjustment_id,
    )


def select_adjustments(
    tx: Transaction, *, state: AdjustmentState | None, member_id: int | None, since: datetime | None, until: datetime | None,
    before: tuple[datetime, int] | None, limit: int,
) -> list[Adjustment]:  # fmt: skip
    """Adjustments, the latest first."""
    at, adjustment_id = before or (None, None)
    return tx.all(
        f"""
        select {_ADJUSTMENT} from ledger_adjustments
        where {_IN_STATE[state]} and {"true" if member_id is None else "member_id = %(member_id)s"}
          and (%(since)s::timestamptz is null or proposed_at >= %(since)s)
          and (%(until)s::timestamptz is null or proposed_at < %(until)s)
          and (%(at)s::timestamptz is null or (proposed_at, adjustment_id) < (%(at)s::timestamptz, %(adjustment_id)s::bigint))
        order by proposed_at desc, adjustment_id desc limit %(limit)s
        """,
        Adjustment, member_id=member_id, since=since, until=until, at=at, adjustment_id=adjustment_id, limit=limit,
    )  # fmt: skip


def select_waiting(tx: Transaction, *, limit: int) -> list[Adjustment]:
    """Adjustments that nobody has decided on, those that have waited longest first."""
    return tx.all(
        f"""
        select {_ADJUSTMENT} from ledger_adjustments where decided_at is null
        order by proposed_at, adjustment_id limit %(limit)s
        """,
        Adjustment, limit=limit,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frozen:
    """An account that is frozen, and what is in it."""

    account_id: int
    member_id: int
    point_type: str
    frozen_at: datetime
    frozen_by: str
    reason: str
    available: int
    held: int


def select_frozen(tx: Transaction, *, before: tuple[datetime, int] | None, limit: int) -> list[Frozen]:
    """The accounts that are frozen, the latest first."""
    at, account_id = before or (None, None)
    return tx.all(
        """
        select f.account_id, a.member_id, a.point_type, f.frozen_at, f.frozen_by, f.reason, a.available, a.held
        from (
            select f.account_id, f.bucket, f.frozen_at, f.frozen_by, f.reason from ledger_freezes f
            where f.lifted_at is null and (%(at)s::timestamptz is null
                or (f.frozen_at, f.account_id) < (%(at)s::timestamptz, %(account_id)s::bigint))
            order by f.frozen_at desc, f.account_id desc limit %(limit)s
        ) f
        join ledger_accounts a on a.account_id = f.account_id and a.bucket = f.bucket
        order by f.frozen_at desc, f.account_id desc
        """,
        Frozen, at=at, account_id=account_id, limit=limit,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Points set aside on some account; `seq` is the number of the hold's entry."""

    account_id: int
    member_id: int
    point_type: str
    seq: int
    reference: str
    amount: int
    remaining: int
    captured: int
    occurred_at: datetime
    held_until: datetime
    reason: str | None


def select_open_holds(
    tx: Transaction, *, at: datetime, after: tuple[datetime, int, int] | None, limit: int
) -> list[OpenHold]:
    """The holds that are open at `at`, whosever they are; those that end first come first."""
    until, account_id, seq = after or (at, 0, 0)
    return tx.all(
        """
        select h.account_id, a.member_id, a.point_type, h.seq, e.reference, e.held_change as amount, h.remaining, h.captured,
               e.occurred_at, h.held_until, e.reason
        from (
            select h.account_id, h.bucket, h.seq, h.held_until, h.remaining, h.captured from ledger_holds h
            where h.held_until > %(at)s and h.held_until >= %(until)s
              and (h.held_until, h.account_id, h.seq) > (%(until)s, %(account_id)s::bigint, %(seq)s::int)
            order by h.held_until, h.account_id, h.seq limit %(limit)s
        ) h
        join ledger_accounts a on a.account_id = h.account_id and a.bucket = h.bucket
        join ledger_entries e on e.account_id = h.account_id and e.seq = h.seq and e.bucket = h.bucket
        order by h.held_until, h.account_id, h.seq
        """,
        OpenHold, at=at, until=until, account_id=account_id, seq=seq, limit=limit,
    )  # fmt: skip


def select_open_hold(tx: Transaction, *, account_id: int, seq: int, at: datetime) -> OpenHold | None:
    """The open hold of that number."""
    return tx.first(
        """
        select h.account_id, a.member_id, a.point_type, h.seq, e.reference, e.held_change as amount, h.remaining, h.captured,
               e.occurred_at, h.held_until, e.reason
        from ledger_holds h
        join ledger_accounts a on a.account_id = h.account_id and a.bucket = h.bucket
        join ledger_entries e on e.account_id = h.account_id and e.seq = h.seq and e.bucket = h.bucket
        where h.account_id = %(account_id)s and h.seq = %(seq)s and h.held_until > %(at)s
        """,
        OpenHold, account_id=account_id, seq=seq, at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it was last posted to; nothing falls due on it before `due_at`."""

    account_id: int
    member_id: int
    point_type: str
    available: int
    pending: int
    debt: int
    held: int
    entries: int
    due_at: datetime
    frozen_at: datetime | None
    joined: int | None


_ACCOUNT: Final = (
    "account_id, member_id, point_type, available, pending, debt, held, seq as entries, due_at, frozen_at, joined"
)


def select_accounts(tx: Transaction, *, account_ids: list[int]) -> list[AccountRow]:
    """Those accounts that there are."""
    return tx.all(
        f"select {_ACCOUNT} from ledger_accounts where account_id = any(%(account_ids)s::bigint[])",
        AccountRow,
        account_ids=account_ids,
    )


def select_accounts_of(tx: Transaction, *, member_id: int, limit: int) -> list[AccountRow]:
    """A member's accounts, by type."""
    return tx.all(
        f"select {_ACCOUNT} from ledger_accounts where member_id = %(member_id)s order by point_type limit %(limit)s",
        AccountRow,
        member_id=member_id,
        limit=limit,
    )
