"""What `ledger.py` measures: our lanes, and the usual ways of posting points on the very same tables."""

import asyncio
import contextlib
import hashlib
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import psycopg

from regulars import ledger
from regulars.ledger import Outcome, Posting
from regulars.storage import Lanes, Transaction

EXPIRY = datetime(2031, 1, 1, tzinfo=UTC)
POOL = 32
Post = Callable[[int, str, int, str], Awaitable[bool]]
"""Post `kind` and `amount` for the n-th member under a reference; whether it was posted."""


def now() -> datetime:
    return datetime.now(UTC)


def account_ids(members: int) -> list[int]:
    return [ledger.account_id(member_id, "points") for member_id in range(members)]


def fill(connection: psycopg.Connection, accounts: Sequence[int]) -> None:
    """Members with an account, an entry and a lot each: 1,000,000 points, enough for every spend to succeed."""
    with connection.cursor() as cursor:
        with cursor.copy(
            "copy ledger_accounts (account_id, bucket, seq, member_id, available, due_at, point_type) from stdin"
        ) as copy:
            for member_id, account in enumerate(accounts):
                copy.write_row((account, account % 256, 1, member_id, 1_000_000, EXPIRY, "points"))
        with cursor.copy("copy members (member_id, issuer, external_id, joined_at) from stdin") as copy:
            for member_id in range(len(accounts)):
                copy.write_row((member_id, "shop", str(member_id), EXPIRY))
    connection.execute(
        """
        insert into ledger_entries (account_id, seq, bucket, kind, amount, available, occurred_at, posted_at, idem, expires_at, reference, hash)
        select account_id, 1, bucket, 1, available, available, '2026-01-01', '2026-01-01', ledger_idem('opening'), due_at, 'opening',
               sha256(ledger_text(account_id, 1, 1::smallint, available, 0, 0, 0, available, ledger_micros('2026-01-01'),
                                  ledger_micros('2026-01-01'), ledger_micros(due_at), null, null, 'opening', null))
        from ledger_accounts
        """
    )
    connection.execute(
        "update ledger_accounts a set head = e.hash from ledger_entries e where e.account_id = a.account_id"
    )
    connection.execute("alter table ledger_entries alter hash set default ''")  # the peers chain nothing
    connection.execute(
        "insert into ledger_lots (account_id, expires_at, bucket, remaining) "
        "select account_id, due_at, bucket, available from ledger_accounts"
    )
    for table in ("ledger_accounts", "ledger_entries", "ledger_lots", "members"):
        connection.execute(f"vacuum (full, analyze) {table}")
    connection.execute("checkpoint")


# --- ours


def work(tx: Transaction, postings: Sequence[Posting], at: datetime) -> list[Outcome]:
    return ledger.post(tx, postings, at=at)


@contextlib.asynccontextmanager
async def through_lanes(
    url: str, accounts: Sequence[int], *, lanes: int = 2, most_batch: int = 256
) -> AsyncGenerator[Post]:
    opened: Lanes[Posting, Outcome] = Lanes(url, work, clock=now, count=lanes, most_batch=most_batch)

    async def post(member: int, kind: Any, amount: int, reference: str) -> bool:
        expiry = EXPIRY if kind == "earn" else None
        posting = Posting(kind, member, amount, reference, now(), expiry)
        done = await opened.ask(posting, key=accounts[member], caller=1)
        return done.status == "posted"

    try:
        yield post
    finally:
        await asyncio.get_running_loop().run_in_executor(None, opened.close)


# --- a transaction per request, with `select … for update`

_ACCOUNT = "select available, debt, seq from ledger_accounts where account_id = $1 and bucket = $2 for update"
_KNOWN = "select kind, amount from ledger_entries where account_id = $1 and idem = $2 and bucket = $3"
_ADD = """
    insert into ledger_lots as l (account_id, expires_at, bucket, remaining) values ($1, $2, $3, $4)
    on conflict (account_id, expires_at, bucket) do update set remaining = l.remaining + excluded.remaining
"""
_LOTS = """
    select expires_at, remaining from ledger_lots where account_id = $1 and bucket = $2 and expires_at > $3
    order by expires_at for update
"""
_EMPTY = "delete from ledger_lots where account_id = $1 and expires_at = $2 and bucket = $3"
_LESS = "update ledger_lots set remaining = $4 where account_id = $1 and expires_at = $2 and bucket = $3"
_ENTRY = """
    insert into ledger_entries (account_id, seq, bucket, kind, amount, available, occurred_at, posted_at, idem, expires_at, reference, alloc)
    values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11)
"""
_BALANCE = "update ledger_accounts set available = $3, seq = $4, due_at = least(due_at, $5) where account_id = $1 and bucket = $2"
_FACT = """
    insert into facts (name, occurred_at, recorded_at, member_id, subject_id, data)
    values ($1, $2, $2, $3, $4, jsonb_build_object('amount', $5::bigint, 'balance', $6::bigint, 'reference', $7::text))
"""


def digest(reference: str) -> UUID:
    return UUID(bytes=hashlib.sha256(reference.encode()).digest()[:16])


async def post_for_update(connection: Any, account: int, member: int, kind: str, amount: int, reference: str) -> bool:
    at, bucket, idem = now(), account % 256, digest(reference)
    async with connection.transaction():
        held = await connection.fetchrow(_ACCOUNT, account, bucket)
        if await connection.fetchrow(_KNOWN, account, idem, bucket):
            return False
        available, seq, alloc = held["available"], held["seq"] + 1, None
        if kind == "earn":
            available += amount
            await connection.execute(_ADD, account, EXPIRY, bucket, amount)
        elif available < amount:
            return False
        else:
            available -= amount
            alloc = await _take(connection, account, bucket, amount, at)
        expiry = EXPIRY if kind == "earn" else None
        change, code = (amount, 1) if kind == "earn" else (-amount, 2)
        await connection.execute(
            _ENTRY, account, seq, bucket, code, change, available, at, idem, expiry, reference, alloc
        )
        await connection.execute(_BALANCE, account, bucket, available, seq, expiry or EXPIRY)
        name = "points.earned" if kind == "earn" else "points.spent"
        await connection.execute(_FACT, name, at, member, account, amount, available, reference)
    return True


async def _take(connection: Any, account: int, bucket: int, amount: int, at: datetime) -> list[int]:
    alloc: list[int] = []
    for expires_at, remaining in await connection.fetch(_LOTS, account, bucket, at):
        taken = min(remaining, amount)
        if taken == remaining:
            await connection.execute(_EMPTY, account, expires_at, bucket)
        else:
            await connection.execute(_LESS, account, expires_at, bucket, remaining - taken)
        alloc += [int(expires_at.timestamp()) * 1_000_000, -taken]
        amount -= taken
        if not amount:
            break
    return alloc


@contextlib.asynccontextmanager
async def by_for_update(url: str, accounts: Sequence[int]) -> AsyncGenerator[Post]:
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:

        async def post(member: int, kind: str, amount: int, reference: str) -> bool:
            async with pool.acquire() as connection:
                return await post_for_update(connection, accounts[member], member, kind, amount, reference)

        yield post


# --- one call of our own function per request, with its fact, in one statement

_CALL = """
    with posted as (
        select outcome, kind, amount, pending_change, debt_change, available, seq, account_id
        from ledger_post(array[$1::bigint], array[$2::bigint], array['points'], array[$1], array[$3::smallint], array[$4::bigint],
                         array[$5::uuid], array[$6::text], array[$7::bigint], array[$8::bigint],
                         null, null, null, null, null, null, null, null, null, null, $9)
    ), told as (
        insert into facts (name, occurred_at, recorded_at, member_id, subject_id, data)
        select $10, $9, $9, $2, account_id, jsonb_build_object('amount', $4, 'balance', available, 'reference', $6)
        from posted where outcome = 0
    )
    select outcome, amount, available, seq from posted
"""


@contextlib.asynccontextmanager
async def by_function(url: str, accounts: Sequence[int]) -> AsyncGenerator[Post]:
    expiry = int(EXPIRY.timestamp()) * 1_000_000
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:

        async def post(member: int, kind: str, amount: int, reference: str) -> bool:
            at, earning = now(), kind == "earn"
            async with pool.acquire() as connection:
                done = await connection.fetchrow(
                    _CALL, accounts[member], member, 1 if earning else 2, amount, digest(reference), reference,
                    int(at.timestamp() * 1_000_000), expiry if earning else 0, at,
                    "points.earned" if earning else "points.spent",
                )  # fmt: skip
                return done["outcome"] == 0

        yield post


# --- clients


async def load(post: Post, *, clients: int, members: int, seconds: float) -> tuple[float, list[float]]:
    """Postings per second that `clients` make, each waiting for its answer, four earns to a spend; and the waits, sorted."""
    waits: list[float] = []
    begin = time.perf_counter()
    end = begin + seconds
    run = f"{random.getrandbits(48):x}"

    async def client(number: int) -> None:
        chance, count, then = random.Random(number), 0, time.perf_counter()
        while then < end:
            count += 1
            kind = "spend" if chance.random() < 0.2 else "earn"
            assert await post(chance.randrange(members), kind, 1 + count % 50, f"{run}-{number}-{count}")
            after = time.perf_counter()
            waits.append(after - then)
            then = after

    await asyncio.gather(*(client(number) for number in range(clients)))
    return len(waits) / (time.perf_counter() - begin), sorted(waits)
