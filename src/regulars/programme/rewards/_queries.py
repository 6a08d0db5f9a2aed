"""The SQL of rewards: what is left, and who has what on which way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from psycopg.types.json import Jsonb

from regulars.programme.rewards._rules import Fulfilment, Kind
from regulars.storage import Transaction

Cause = Literal["tier", "referral", "staff"]
State = Literal["quoted", "held", "captured", "fulfilled", "released", "lapsed", "cancelled", "refunded"]


@dataclass(frozen=True, slots=True)
class Redemption:
    """A reward on its way to a member: one row of `programme_redemptions`."""

    redemption_id: int
    member_id: int
    reward: str
    kind: Kind
    reference: str
    terms: dict[str, Any]
    """The reward as it was promised."""

    state: State
    fulfilment: Fulfilment | None
    point_type: str
    points: int
    value_minor: int
    currency: str
    good_until: datetime | None
    captures: list[int]
    """The points taken after each capture, ascending."""

    captured_minor: int
    refunds: int
    refunded: int
    """Points that came back, in so many steps."""

    refunded_minor: int
    returned_minor: int
    key: str | None
    card_id: int | None
    note: str | None
    created_at: datetime
    changed_at: datetime
    cause: Cause | None = None
    """For what it was given without points; None: it was paid."""

    reason: str | None = None
    undone_at: datetime | None = None
    """Since when it stays though what it was given for was undone."""

    @property
    def captured(self) -> int:
        """The points taken so far."""
        return self.captures[-1] if self.captures else 0


_REDEMPTION: Final = """
    redemption_id, member_id, reward, kind, reference, terms, state, fulfilment, point_type, points, value_minor, currency,
    good_until, captures, captured_minor, refunds, refunded, refunded_minor, returned_minor, key, card_id, note, created_at,
    changed_at, cause, reason, undone_at
"""


def insert_redemption(tx: Transaction, *, new: Redemption) -> int:
    """Keep a redemption."""
    return tx.run(
        f"""
        insert into programme_redemptions ({_REDEMPTION})
        values (%(redemption_id)s, %(member_id)s, %(reward)s, %(kind)s, %(reference)s, %(terms)s, %(state)s, %(fulfilment)s,
                %(point_type)s, %(points)s, %(value_minor)s, %(currency)s, %(good_until)s, %(captures)s::bigint[],
                %(captured_minor)s, 0, 0, 0, 0, %(key)s, %(card_id)s, %(note)s, %(created_at)s, %(changed_at)s,
                %(cause)s, %(reason)s, null)
        """,
        redemption_id=new.redemption_id, member_id=new.member_id, reward=new.reward, kind=new.kind, reference=new.reference,
        terms=Jsonb(new.terms), state=new.state, fulfilment=new.fulfilment, point_type=new.point_type, points=new.points,
        value_minor=new.value_minor, currency=new.currency, good_until=new.good_until, captures=list(new.captures),
        captured_minor=new.captured_minor, key=new.key, card_id=new.card_id, note=new.note, created_at=new.created_at,
        changed_at=new.changed_at, cause=new.cause, reason=new.reason,
    )  # fmt: skip


def update_redemption(tx: Transaction, *, now: Redemption) -> int:
    """Keep what became of a redemption."""
    return tx.run(
        """
        update programme_redemptions set state = %(state)s, fulfilment = %(fulfilment)s, good_until = %(good_until)s,
               captures = %(captures)s::bigint[], captured_minor = %(captured_minor)s, refunds = %(refunds)s,
               refunded = %(refunded)s, refunded_minor = %(refunded_minor)s, returned_minor = %(returned_minor)s,
               note = %(note)s, changed_at = %(changed_at)s, undone_at = %(undone_at)s
        where redemption_id = %(redemption_id)s
        """,
        redemption_id=now.redemption_id, state=now.state, fulfilment=now.fulfilment, good_until=now.good_until,
        captures=list(now.captures), captured_minor=now.captured_minor, refunds=now.refunds, refunded=now.refunded,
        refunded_minor=now.refunded_minor, returned_minor=now.returned_minor, note=now.note, changed_at=now.changed_at,
        undone_at=now.undone_at,
    )  # fmt: skip


def select_redemption(tx: Transaction, *, redemption_id: int) -> Redemption | None:
    """A redemption."""
    return tx.first(
        f"select {_REDEMPTION} from programme_redemptions where redemption_id = %(redemption_id)s",
        Redemption, redemption_id=redemption_id,
    )  # fmt: skip


def lock_redemption(tx: Transaction, *, redemption_id: int) -> Redemption | None:
    """A redemption, nobody else changing it until the transaction ends."""
    return tx.first(
        f"select {_REDEMPTION} from programme_redemptions where redemption_id = %(redemption_id)s for update",
        Redemption, redemption_id=redemption_id,
    )  # fmt: skip


def select_redemptions(
    tx: Transaction, *, member_id: int | None, reward: str | None, before: tuple[datetime, int] | None, limit: int
) -> list[Redemption]:
    """Redemptions, the latest first."""
    at, redemption_id = before or (None, None)
    return tx.all(
        f"""
        select {_REDEMPTION} from programme_redemptions
        where {"true" if member_id is None else "member_id = %(member_id)s"} and (%(reward)s::text is null or reward = %(reward)s)
          and (%(at)s::timestamptz is null or (created_at, redemption_id) < (%(at)s::timestamptz, %(redemption_id)s::bigint))
        order by created_at desc, redemption_id desc limit %(limit)s
        """,
        Redemption, member_id=member_id, reward=reward, at=at, redemption_id=redemption_id, limit=limit,
    )  # fmt: skip


def select_to_fulfil(tx: Transaction, *, after: tuple[datetime, int] | None, limit: int) -> list[Redemption]:
    """What somebody has to pack, send or do, what has waited longest first."""
    at, redemption_id = after or (None, None)
    return tx.all(
        f"""
        select {_REDEMPTION} from programme_redemptions where state = 'captured' and fulfilment in ('requested', 'packed', 'sent')
          and (%(at)s::timestamptz is null or (changed_at, redemption_id) > (%(at)s::timestamptz, %(redemption_id)s::bigint))
        order by changed_at, redemption_id limit %(limit)s
        """,
        Redemption, at=at, redemption_id=redemption_id, limit=limit,
    )  # fmt: skip


def select_due(tx: Transaction, *, at: datetime, limit: int) -> list[Redemption]:
    """Quotes and holds whose time is over; what others are at is passed over."""
    return tx.all(
        f"""
        select {_REDEMPTION} from programme_redemptions where state in ('quoted', 'held') and good_until <= %(at)s
        order by good_until, redemption_id limit %(limit)s for update skip locked
        """,
        Redemption, at=at, limit=limit,
    )  # fmt: skip


def count_had(
    tx: Transaction, *, member_id: int, rewards: Sequence[str], sinces: Sequence[datetime], at: datetime
) -> list[tuple[Any, ...]]:
    """How often a member has had rewards since a time for each; what lapsed, was given back, or given without points is not had."""
    return tx.rows(
        """
        select w.reward, count(*) from unnest(%(rewards)s::text[], %(sinces)s::timestamptz[]) w(reward, since)
        join programme_redemptions r on r.member_id = %(member_id)s and r.reward = w.reward and r.created_at >= w.since and r.cause is null
          and (r.state in ('captured', 'fulfilled') or r.state = 'held' and (r.good_until > %(at)s or r.captured_minor > 0))
        group by w.reward
        """,
        member_id=member_id, rewards=list(rewards), sinces=list(sinces), at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owed:
    """One row of `programme_rewards_owed`: a reward that could not be given yet."""

    member_id: int
    reference: str
    reward: str
    cause: Cause
    reason: str
    why: str
    """The code of the refusal; empty until it was tried."""

    since: datetime
    try_at: datetime


_OWED: Final = "member_id, reference, reward, cause, reason, why, since, try_at"


def upsert_owed(tx: Transaction, *, new: Owed) -> bool:
    """Note what could not be given, and when it is tried again; whether that is so for the first time."""
    return bool(
        tx.value(
            f"""
            with before as (
                select why from programme_rewards_owed where member_id = %(member_id)s and reference = %(reference)s
            )
            insert into programme_rewards_owed ({_OWED})
            values (%(member_id)s, %(reference)s, %(reward)s, %(cause)s, %(reason)s, %(why)s, %(since)s, %(try_at)s)
            on conflict (member_id, reference) do update set why = excluded.why, try_at = excluded.try_at
            returning coalesce((select why from before), '') = ''
            """,
            member_id=new.member_id, reference=new.reference, reward=new.reward, cause=new.cause, reason=new.reason,
            why=new.why, since=new.since, try_at=new.try_at,
        )
    )  # fmt: skip


def insert_owed(tx: Transaction, *, new: Sequence[Owed]) -> int:
    """Note what is to be given; what is noted already stays."""
    return tx.run(
        f"""
        insert into programme_rewards_owed ({_OWED})
        select v.member_id, v.reference, v.reward, v.cause, v.reason, '', v.since, v.since
        from unnest(%(members)s::bigint[], %(references)s::text[], %(rewards)s::text[], %(causes)s::text[], %(reasons)s::text[],
                    %(moments)s::timestamptz[]) v (member_id, reference, reward, cause, reason, since)
        order by v.member_id, v.reference on conflict (member_id, reference) do nothing
        """,
        members=[one.member_id for one in new], references=[one.reference for one in new], rewards=[one.reward for one in new],
        causes=[one.cause for one in new], reasons=[one.reason for one in new], moments=[one.since for one in new],
    )  # fmt: skip


def delete_owed(tx: Transaction, *, member_id: int, reference: str) -> int:
    """Let something be owed no more."""
    return tx.run(
        "delete from programme_rewards_owed where member_id = %(member_id)s and reference = %(reference)s",
        member_id=member_id, reference=reference,
    )  # fmt: skip


def select_owed_due(tx: Transaction, *, at: datetime, limit: int) -> list[Owed]:
    """What is owed and to be tried again; what others are at is passed over."""
    return tx.all(
        f"select {_OWED} from programme_rewards_owed where try_at <= %(at)s order by try_at limit %(limit)s for update skip locked",
        Owed, at=at, limit=limit,
    )  # fmt: skip


def select_owed(tx: Transaction, *, member_id: int | None, limit: int) -> list[Owed]:
    """What could not be given, to a member or to all, the longest first."""
    return tx.all(
        f"""
        select {_OWED} from programme_rewards_owed
        where why <> '' and (%(member_id)s::bigint is null or member_id = %(member_id)s) order by since, member_id, reference limit %(limit)s
        """,
        Owed, member_id=member_id, limit=limit,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stock:
    """What is left of a reward, and how often it was taken."""

    reward: str
    stock: int | None
    taken: int


def select_stock(tx: Transaction, *, rewards: list[str]) -> list[Stock]:
    """What is left of rewards."""
    return tx.all(
        "select reward, stock, taken from programme_reward_stock where reward = any(%(rewards)s::text[])",
        Stock, rewards=rewards,
    )  # fmt: skip


def take(tx: Transaction, *, reward: str, stocked: bool, total: int | None) -> list[Any]:
    """Take one of a reward, if one is left and may be taken: what is left then; nothing, if not."""
    return tx.values(
        """
        update programme_reward_stock set taken = taken + 1, stock = case when %(stocked)s then stock - 1 else stock end
        where reward = %(reward)s and (not %(stocked)s or stock > 0) and (%(total)s::bigint is null or taken < %(total)s)
        returning stock
        """,
        reward=reward, stocked=stocked, total=total,
    )  # fmt: skip


def put_back(tx: Transaction, *, reward: str, stocked: bool) -> list[Any]:
    """Count one of a reward as taken no more, and put it back if it is kept: what is left then."""
    return tx.values(
        """
        update programme_reward_stock
        set taken = greatest(taken - 1, 0), stock = case when %(stocked)s then coalesce(stock, 0) + 1 else stock end
        where reward = %(reward)s returning stock
        """,
        reward=reward, stocked=stocked,
    )  # fmt: skip


def ensure_stock(tx: Transaction, *, reward: str) -> int:
    """Let there be a row for a reward."""
    return tx.run(
        "insert into programme_reward_stock (reward) values (%(reward)s) on conflict do nothing", reward=reward
    )


def change_stock(tx: Transaction, *, reward: str, amount: int) -> int | None:
    """Change what is left, if that is not less than nothing; what is left then, or None."""
    return tx.value(
        """
        update programme_reward_stock set stock = coalesce(stock, 0) + %(amount)s
        where reward = %(reward)s and coalesce(stock, 0) + %(amount)s >= 0 returning stock
        """,
        reward=reward, amount=amount,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StockChange:
    """A change of what is left of a reward, and why."""

    change_id: int
    reward: str
    amount: int
    stock: int
    """What is left after it."""

    reason: str
    redemption_id: int | None
    at: datetime
    by: str


def insert_change(tx: Transaction, *, new: StockChange) -> int:
    """Keep a change of what is left."""
    return tx.run(
        """
        insert into programme_reward_stock_changes (change_id, reward, amount, stock, reason, redemption_id, at, by)
        values (%(change_id)s, %(reward)s, %(amount)s, %(stock)s, %(reason)s, %(redemption_id)s, %(at)s, %(by)s)
        on conflict (change_id) do nothing
        """,
        change_id=new.change_id, reward=new.reward, amount=new.amount, stock=new.stock, reason=new.reason,
        redemption_id=new.redemption_id, at=new.at, by=new.by,
    )  # fmt: skip


def select_changes(
    tx: Transaction, *, reward: str, before: tuple[datetime, int] | None, limit: int
) -> list[StockChange]:
    """What changed what is left of a reward, the latest first."""
    at, change_id = before or (None, None)
    return tx.all(
        """
        select change_id, reward, amount, stock, reason, redemption_id, at, by from programme_reward_stock_changes
        where reward = %(reward)s
          and (%(at)s::timestamptz is null or (at, change_id) < (%(at)s::timestamptz, %(change_id)s::bigint))
        order by at desc, change_id desc limit %(limit)s
        """,
        StockChange, reward=reward, at=at, change_id=change_id, limit=limit,
    )  # fmt: skip


def select_empty_pools(tx: Transaction, *, pools: list[str]) -> list[Any]:
    """Which pools, by their code, have nothing to hand out."""
    return tx.values(
        """
        select w.code from unnest(%(pools)s::text[]) w(code)
        left join programme_coupon_pools p on p.code = w.code and p.closed_at is null
        where p.pool_id is null or not exists (
            select 1 from programme_coupons c
            where c.pool_id = p.pool_id and (p.shared or c.claim_id is null) and c.revoked_at is null)
        """,
        pools=pools,
    )
