"""The SQL of coupons at checkouts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from regulars.programme.coupons._queries import State
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Use:
    """One row of `programme_coupon_uses`, with the code as it is printed."""

    use_id: int
    key: str
    code: str
    pool_id: int
    member_id: int | None
    checkout: str
    state: State
    reserved_at: datetime
    reserved_until: datetime
    changed_at: datetime
    discount_minor: int
    currency: str
    sku: str | None
    free_shipping: bool
    stack_group: str | None
    exclusive: bool


_USE: Final = """
    u.use_id, u.key, c.code, u.pool_id, u.member_id, u.checkout, u.state, u.reserved_at, u.reserved_until, u.changed_at,
    u.discount_minor, u.currency, u.sku, u.free_shipping, u.stack_group, u.exclusive
"""


def select_open_uses(tx: Transaction, *, checkout: str, at: datetime) -> list[Use]:
    """What a checkout has taken: redeemed, or reserved and still so at `at`."""
    return tx.all(
        f"""
        select {_USE} from programme_coupon_uses u join programme_coupons c on c.key = u.key
        where u.checkout = %(checkout)s and u.state in ('reserved', 'redeemed')
          and (u.state = 'redeemed' or u.reserved_until > %(at)s) order by u.reserved_at, u.use_id
        """,
        Use, checkout=checkout, at=at,
    )  # fmt: skip


def select_uses_of(tx: Transaction, *, key: str, limit: int) -> list[Use]:
    """Where a code was used, the latest first."""
    return tx.all(
        f"""
        select {_USE} from programme_coupon_uses u join programme_coupons c on c.key = u.key
        where u.key = %(key)s order by u.reserved_at desc, u.use_id desc limit %(limit)s
        """,
        Use, key=key, limit=limit,
    )  # fmt: skip


def lock_use(tx: Transaction, *, checkout: str, key: str) -> Use | None:
    """The latest use of a code in a checkout, nobody else changing it until the transaction ends."""
    return tx.first(
        f"""
        select {_USE} from programme_coupon_uses u join programme_coupons c on c.key = u.key
        where u.checkout = %(checkout)s and u.key = %(key)s
        order by u.state in ('reserved', 'redeemed') desc, u.reserved_at desc, u.use_id desc limit 1 for update of u
        """,
        Use, checkout=checkout, key=key,
    )  # fmt: skip


def insert_use(tx: Transaction, *, new: Use) -> int:
    """Note that a checkout has reserved a code."""
    return tx.run(
        """
        insert into programme_coupon_uses (use_id, key, pool_id, member_id, checkout, state, reserved_at, reserved_until, changed_at,
                                           discount_minor, currency, sku, free_shipping, stack_group, exclusive)
        values (%(use_id)s, %(key)s, %(pool_id)s, %(member_id)s, %(checkout)s, %(state)s, %(reserved_at)s, %(reserved_until)s,
                %(changed_at)s, %(discount_minor)s, %(currency)s, %(sku)s, %(free_shipping)s, %(stack_group)s, %(exclusive)s)
        """,
        use_id=new.use_id, key=new.key, pool_id=new.pool_id, member_id=new.member_id, checkout=new.checkout, state=new.state,
        reserved_at=new.reserved_at, reserved_until=new.reserved_until, changed_at=new.changed_at,
        discount_minor=new.discount_minor, currency=new.currency, sku=new.sku, free_shipping=new.free_shipping,
        stack_group=new.stack_group, exclusive=new.exclusive,
    )  # fmt: skip


def set_state(tx: Transaction, *, use_id: int, state: State, at: datetime) -> int:
    """Note what became of a use."""
    return tx.run(
        "update programme_coupon_uses set state = %(state)s, changed_at = %(at)s where use_id = %(use_id)s",
        use_id=use_id, state=state, at=at,
    )  # fmt: skip


def count_use(tx: Transaction, *, key: str, most: int | None) -> int:
    """Count one more use of a code, if it may be used once more."""
    return tx.run(
        "update programme_coupons set uses = uses + 1 where key = %(key)s and (%(most)s::bigint is null or uses < %(most)s)",
        key=key, most=most,
    )  # fmt: skip


def count_use_of_pool(tx: Transaction, *, pool_id: int, most: int) -> int:
    """Count one more use of a pool's codes, if they may be used once more."""
    return tx.run(
        "update programme_coupon_pools set uses = uses + 1 where pool_id = %(pool_id)s and uses < %(most)s",
        pool_id=pool_id, most=most,
    )  # fmt: skip


def give_back(tx: Transaction, *, keys: list[str]) -> int:
    """Count uses no more that were given back, one for each time a key is named."""
    return tx.run(
        """
        update programme_coupons c set uses = c.uses - n.times
        from (select key, count(*) as times from unnest(%(keys)s::text[]) as k(key) group by key) n where c.key = n.key
        """,
        keys=keys,
    )


def give_back_of_pools(tx: Transaction, *, pool_ids: list[int]) -> int:
    """As `give_back`, of the pools that count theirs."""
    return tx.run(
        """
        update programme_coupon_pools p set uses = p.uses - n.times
        from (select pool_id, count(*) as times from unnest(%(pool_ids)s::bigint[]) as k(pool_id) group by pool_id) n
        where p.pool_id = n.pool_id and (p.terms->>'total') is not null
        """,
        pool_ids=pool_ids,
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a code is in use, and how often codes of its pool are, by a member and by all; reservations that are over aside."""

    key: str
    of_code: int
    of_member: int
    of_pool: int


def select_tallies(tx: Transaction, *, keys: list[str], member_id: int | None, at: datetime) -> list[Tally]:
    """How often codes are in use, as it is counted at `at`."""
    return tx.all(
        """
        select c.key,
            c.uses - (select count(*) from programme_coupon_uses u
                      where u.key = c.key and u.state = 'reserved' and u.reserved_until <= %(at)s) as of_code,
            (select count(*) from programme_coupon_uses u where u.pool_id = c.pool_id and u.member_id = %(member_id)s
                and (u.state = 'redeemed' or u.state = 'reserved' and u.reserved_until > %(at)s)) as of_member,
            p.uses - (select count(*) from programme_coupon_uses u
                      where u.pool_id = c.pool_id and u.state = 'reserved' and u.reserved_until <= %(at)s) as of_pool
        from programme_coupons c join programme_coupon_pools p on p.pool_id = c.pool_id
        where c.key = any(%(keys)s::text[])
        """,
        Tally, keys=keys, member_id=member_id, at=at,
    )  # fmt: skip


def lapse_uses(
    tx: Transaction, *, key: str | None, pool_id: int | None, at: datetime, limit: int
) -> list[tuple[Any, ...]]:
    """Release what was reserved for as long as it was to be, of a code, of a pool or of all; what others hold is passed over."""
    return tx.rows(
        """
        with due as (
            select use_id from programme_coupon_uses
            where state = 'reserved' and reserved_until <= %(at)s and (%(key)s::text is null or key = %(key)s)
              and (%(pool_id)s::bigint is null or pool_id = %(pool_id)s)
            order by reserved_until limit %(limit)s for update skip locked
        )
        update programme_coupon_uses u set state = 'released', changed_at = %(at)s from due d where u.use_id = d.use_id
        returning u.use_id, u.key, u.pool_id, u.member_id, u.checkout
        """,
        key=key, pool_id=pool_id, at=at, limit=limit,
    )  # fmt: skip
