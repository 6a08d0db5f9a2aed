"""The SQL of coupons."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import pyarrow as pa
from psycopg.types.json import Jsonb

from regulars.programme.coupons._rules import Terms
from regulars.storage import Transaction

State = Literal["reserved", "redeemed", "released", "refunded"]


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One row of `programme_coupon_pools`."""

    pool_id: int
    code: str
    name_en: str
    name_zh: str
    shared: bool
    terms: dict[str, Any]
    low_water: int
    low_since: datetime | None
    created_at: datetime
    created_by: str
    closed_at: datetime | None


_POOL: Final = "pool_id, code, name_en, name_zh, shared, terms, low_water, low_since, created_at, created_by, closed_at"


def insert_pool(
    tx: Transaction, *, pool_id: int, code: str, name_en: str, name_zh: str, shared: bool, terms: Terms, low_water: int,
    at: datetime, by: str,
) -> int:  # fmt: skip
    """Open a pool, unless one of that code is there."""
    return tx.run(
        """
        insert into programme_coupon_pools (pool_id, code, name_en, name_zh, shared, terms, low_water, created_at, created_by)
        values (%(pool_id)s, %(code)s, %(name_en)s, %(name_zh)s, %(shared)s, %(terms)s, %(low_water)s, %(at)s, %(by)s)
        on conflict (code) do nothing
        """,
        pool_id=pool_id, code=code, name_en=name_en, name_zh=name_zh, shared=shared, terms=Jsonb(terms.as_document()),
        low_water=low_water, at=at, by=by,
    )  # fmt: skip


def select_pools(tx: Transaction, *, after: str, limit: int) -> list[PoolRow]:
    """Pools by their code."""
    return tx.all(
        f"select {_POOL} from programme_coupon_pools where code > %(after)s order by code limit %(limit)s",
        PoolRow, after=after, limit=limit,
    )  # fmt: skip


def select_pool(tx: Transaction, *, code: str) -> PoolRow | None:
    """The pool of that code."""
    return tx.first(f"select {_POOL} from programme_coupon_pools where code = %(code)s", PoolRow, code=code)


def select_pools_by_id(tx: Transaction, *, pool_ids: list[int]) -> list[PoolRow]:
    """Pools by their identifiers."""
    return tx.all(
        f"select {_POOL} from programme_coupon_pools where pool_id = any(%(pool_ids)s::bigint[])",
        PoolRow, pool_ids=pool_ids,
    )  # fmt: skip


def close_pool(tx: Transaction, *, pool_id: int, at: datetime) -> int:
    """Close a pool that is open."""
    return tx.run(
        "update programme_coupon_pools set closed_at = %(at)s where pool_id = %(pool_id)s and closed_at is null",
        pool_id=pool_id, at=at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """How many codes a pool has, by what became of them."""

    pool_id: int
    codes: int
    free: int
    claimed: int
    revoked: int


def select_levels(tx: Transaction, *, pool_ids: list[int]) -> list[Level]:
    """Count the codes of pools."""
    return tx.all(
        """
        select pool_id, count(*) as codes, count(*) filter (where claim_id is null and revoked_at is null) as free,
               count(*) filter (where claim_id is not null) as claimed, count(*) filter (where revoked_at is not null) as revoked
        from programme_coupons where pool_id = any(%(pool_ids)s::bigint[]) group by pool_id
        """,
        Level, pool_ids=pool_ids,
    )  # fmt: skip


def stage_codes(tx: Transaction, codes: pa.Table) -> None:
    """Bring codes over, for the statements below."""
    tx.stage("coupon_codes_new", codes)


def insert_staged(tx: Transaction, *, pool_id: int) -> int:
    """Put the staged codes into a pool; how many were not there."""
    return tx.run(
        """
        insert into programme_coupons (key, pool_id, code)
        select n.key, %(pool_id)s, n.code from coupon_codes_new n on conflict (key) do nothing
        """,
        pool_id=pool_id,
    )


def select_taken(tx: Transaction, *, pool_id: int, limit: int) -> list[tuple[Any, ...]]:
    """The rows of staged codes that read like another code, or are another pool's."""
    return tx.rows(
        """
        select n.row, n.code, c.code, c.pool_id <> %(pool_id)s
        from coupon_codes_new n join programme_coupons c on c.key = n.key
        where c.pool_id <> %(pool_id)s or c.code <> n.code order by n.row limit %(limit)s
        """,
        pool_id=pool_id, limit=limit,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """Codes that came into a pool at once."""

    batch_id: int
    pool_id: int
    source: str
    added: int
    known: int
    refused: int
    at: datetime
    by: str


def insert_batch(tx: Transaction, *, new: Batch) -> int:
    """Note that codes came."""
    return tx.run(
        """
        insert into programme_coupon_batches (batch_id, pool_id, source, added, known, refused, at, by)
        values (%(batch_id)s, %(pool_id)s, %(source)s, %(added)s, %(known)s, %(refused)s, %(at)s, %(by)s)
        """,
        batch_id=new.batch_id, pool_id=new.pool_id, source=new.source, added=new.added, known=new.known,
        refused=new.refused, at=new.at, by=new.by,
    )  # fmt: skip


def select_batches(tx: Transaction, *, pool_id: int, limit: int) -> list[Batch]:
    """What came into a pool, the latest first."""
    return tx.all(
        """
        select batch_id, pool_id, source, added, known, refused, at, by from programme_coupon_batches
        where pool_id = %(pool_id)s order by at desc, batch_id desc limit %(limit)s
        """,
        Batch, pool_id=pool_id, limit=limit,
    )  # fmt: skip


_FREE_BUT_ONE: Final = """
    (select count(*) from (
        select 1 from programme_coupons c where c.pool_id = p.pool_id and c.claim_id is null and c.revoked_at is null
        limit p.low_water + 1) f)
"""


def mark_low(tx: Transaction, *, pool_ids: list[int] | None, at: datetime) -> list[Any]:
    """Note of pools that they have run low, if they have and it was not noted; which."""
    return tx.values(
        f"""
        update programme_coupon_pools p set low_since = %(at)s
        where (%(pool_ids)s::bigint[] is null or p.pool_id = any(%(pool_ids)s::bigint[]))
          and not p.shared and p.closed_at is null and p.low_since is null and {_FREE_BUT_ONE} <= p.low_water
        returning p.pool_id
        """,
        pool_ids=pool_ids, at=at,
    )  # fmt: skip


def clear_low(tx: Transaction, *, pool_id: int) -> int:
    """Note of a pool that it is low no more, if so."""
    return tx.run(
        f"""
        update programme_coupon_pools p set low_since = null
        where p.pool_id = %(pool_id)s and p.low_since is not null and {_FREE_BUT_ONE} > p.low_water
        """,
        pool_id=pool_id,
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """A code that a member was given."""

    claim_id: int
    pool_id: int
    code: str
    member_id: int
    reference: str
    claimed_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None
    uses: int


_CLAIM: Final = """
    m.claim_id, m.pool_id, c.code, m.member_id, m.reference, m.claimed_at, m.ends_at, m.revoked_at,
    case when m.shared then 0 else c.uses end as uses
"""


def select_claims_by_reference(
    tx: Transaction, *, pool_id: int, member_ids: list[int], references: list[str]
) -> list[Claim]:
    """What was claimed under these references before."""
    return tx.all(
        f"""
        select {_CLAIM} from unnest(%(member_ids)s::bigint[], %(references)s::text[]) w(member_id, reference)
        join programme_coupon_claims m on m.pool_id = %(pool_id)s and m.member_id = w.member_id and m.reference = w.reference
        join programme_coupons c on c.key = m.key
        """,
        Claim, pool_id=pool_id, member_ids=member_ids, references=references,
    )  # fmt: skip


def take_codes(tx: Transaction, *, pool_id: int, claim_ids: list[int]) -> list[tuple[Any, ...]]:
    """Take free codes of a pool, a claim each; what others are taking is passed over. Claim, key and code of each."""
    return tx.rows(
        """
        with free as (
            select f.key, row_number() over () as place from (
                select key from programme_coupons
                where pool_id = %(pool_id)s and claim_id is null and revoked_at is null
                order by code limit %(count)s for update skip locked) f
        )
        update programme_coupons c set claim_id = (%(claim_ids)s::bigint[])[f.place]
        from free f where c.key = f.key and c.claim_id is null returning c.claim_id, c.key, c.code
        """,
        pool_id=pool_id, claim_ids=claim_ids, count=len(claim_ids),
    )  # fmt: skip


def insert_claims(
    tx: Transaction, *, pool_id: int, claim_ids: list[int], keys: list[str], member_ids: list[int], references: list[str],
    shared: bool, ends_at: datetime | None, at: datetime,
) -> list[Any]:  # fmt: skip
    """Note whose codes are; the claims that are new, for another may have come in between with the same reference."""
    return tx.values(
        """
        insert into programme_coupon_claims (claim_id, pool_id, key, member_id, reference, shared, claimed_at, ends_at)
        select w.claim_id, %(pool_id)s, w.key, w.member_id, w.reference, %(shared)s, %(at)s, %(ends_at)s
        from unnest(%(claim_ids)s::bigint[], %(keys)s::text[], %(member_ids)s::bigint[], %(references)s::text[])
             w(claim_id, key, member_id, reference)
        on conflict (pool_id, member_id, reference) do nothing returning claim_id
        """,
        pool_id=pool_id, claim_ids=claim_ids, keys=keys, member_ids=member_ids, references=references, shared=shared,
        ends_at=ends_at, at=at,
    )  # fmt: skip


def select_shared_code(tx: Transaction, *, pool_id: int) -> tuple[str, str] | None:
    """Key and code of a shared pool's code; the first of several."""
    found = tx.rows(
        "select key, code from programme_coupons where pool_id = %(pool_id)s and revoked_at is null order by key limit 1",
        pool_id=pool_id,
    )
    return (found[0][0], found[0][1]) if found else None


def put_back(tx: Transaction, *, claim_ids: list[int]) -> int:
    """Let codes be free again that were taken for claims somebody else had made."""
    return tx.run(
        "update programme_coupons set claim_id = null where claim_id = any(%(claim_ids)s::bigint[])",
        claim_ids=claim_ids,
    )


def select_claims_of(
    tx: Transaction, *, member_id: int, before: tuple[datetime, int] | None, limit: int
) -> list[Claim]:
    """What a member was given, the latest first."""
    at, claim_id = before or (None, None)
    return tx.all(
        f"""
        select {_CLAIM} from programme_coupon_claims m join programme_coupons c on c.key = m.key
        where m.member_id = %(member_id)s
          and (%(at)s::timestamptz is null or (m.claimed_at, m.claim_id) < (%(at)s::timestamptz, %(claim_id)s::bigint))
        order by m.claimed_at desc, m.claim_id desc limit %(limit)s
        """,
        Claim, member_id=member_id, at=at, claim_id=claim_id, limit=limit,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class CouponRow:
    """A code, its pool, and, where it is one member's, whose."""

    key: str
    code: str
    pool_id: int
    uses: int
    revoked_at: datetime | None
    claim_id: int | None
    member_id: int | None
    claimed_at: datetime | None
    ends_at: datetime | None


_COUPON: Final = """
    select c.key, c.code, c.pool_id, c.uses, c.revoked_at, c.claim_id, m.member_id, m.claimed_at, m.ends_at
    from programme_coupons c left join programme_coupon_claims m on m.claim_id = c.claim_id where c.key = %(key)s
"""


def select_coupons(tx: Transaction, *, keys: list[str]) -> list[CouponRow]:
    """The codes that read so, those that there are."""
    return tx.all(
        """
        select c.key, c.code, c.pool_id, c.uses, c.revoked_at, c.claim_id, m.member_id, m.claimed_at, m.ends_at
        from programme_coupons c left join programme_coupon_claims m on m.claim_id = c.claim_id
        where c.key = any(%(keys)s::text[])
        """,
        CouponRow, keys=keys,
    )  # fmt: skip


def select_coupon(tx: Transaction, *, key: str) -> CouponRow | None:
    """The code that reads so."""
    return tx.first(_COUPON, CouponRow, key=key)


def lock_coupon(tx: Transaction, *, key: str) -> CouponRow | None:
    """As `select_coupon`, nobody else reserving it until the transaction ends."""
    return tx.first(f"{_COUPON} for update of c", CouponRow, key=key)


def revoke_coupon(tx: Transaction, *, key: str, at: datetime) -> int:
    """Let a code be good no more."""
    return tx.run(
        "update programme_coupons set revoked_at = %(at)s where key = %(key)s and revoked_at is null", key=key, at=at
    )


def revoke_claim(tx: Transaction, *, claim_id: int, at: datetime) -> int:
    """Note on a claim that its code is good no more."""
    return tx.run(
        "update programme_coupon_claims set revoked_at = %(at)s where claim_id = %(claim_id)s and revoked_at is null",
        claim_id=claim_id, at=at,
    )  # fmt: skip


def lock_words(tx: Transaction, *, words: list[str]) -> None:
    """Let one transaction at a time go on that names any of these, until it ends; in one order, so that none waits in a circle."""
    tx.rows(
        """
        select pg_advisory_xact_lock(v.number) from (
            select hashtextextended(unnest(%(words)s::text[]), 21) as number order by number) v
        """,
        words=words,
    )


@dataclass(frozen=True, slots=True)
class Issued:
    """A code of a pool, and whose it is."""

    code: str
    key: str
    member_id: int | None
    claimed_at: datetime | None
    ends_at: datetime | None
    uses: int
    revoked_at: datetime | None


def select_codes(tx: Transaction, *, pool_id: int, after: str, limit: int) -> list[Issued]:
    """The codes of a pool, by how they read."""
    return tx.all(
        """
        select c.code, c.key, m.member_id, m.claimed_at, m.ends_at, c.uses, c.revoked_at from (
            select key, code, claim_id, uses, revoked_at from programme_coupons
            where pool_id = %(pool_id)s and key > %(after)s order by key limit %(limit)s) c
        left join programme_coupon_claims m on m.claim_id = c.claim_id order by c.key
        """,
        Issued, pool_id=pool_id, after=after, limit=limit,
    )  # fmt: skip
