"""A million coupon codes: made, imported and handed out, beside the plainest thing PostgreSQL can do with as many rows.

The peers run beside each in the same database: COPY of the same codes into a table with the same primary key (making,
importing), and one `insert … select` of as many rows into a table like that of claims (handing out). Handing out is
measured in batches and one at a time.

    uv run --group dev python benchmarks/coupons.py [--quick]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from regulars.programme import coupons
from regulars.programme.coupons import NewPool, Terms, Wanted
from regulars.storage import Database, Transaction, embedded_server, migrate

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
BATCH = 10_000
SINGLES = 2_000


def timed(database: Database, work: Callable[[Transaction], object]) -> float:
    began = time.perf_counter()
    with database.transaction() as tx:
        work(tx)
    return time.perf_counter() - began


def in_batches(database: Database, count: int) -> float:
    began = time.perf_counter()
    for start in range(0, count, BATCH):
        wanted = [Wanted(number, f"mail {number}") for number in range(start, min(start + BATCH, count))]
        with database.transaction() as tx:
            given = coupons.claim_all(tx, "made", wanted, at=AT)
        assert None not in given
    return time.perf_counter() - began


def singly(database: Database) -> float:
    began = time.perf_counter()
    for number in range(SINGLES):
        with database.transaction() as tx:
            coupons.claim(tx, "imported", number, reference="one", at=AT)
    return (time.perf_counter() - began) / SINGLES


def plain_copy(tx: Transaction, codes: pa.Table) -> None:
    tx.connection.execute("create table plain_codes (key text primary key, code text not null)")
    tx.copy("plain_codes (key, code)", codes.select(["key", "code"]))


def plain_claims(tx: Transaction, count: int) -> None:
    tx.connection.execute(
        "create table plain_claims (key text primary key, member_id bigint not null, at timestamptz not null)"
    )
    tx.connection.execute(
        "insert into plain_claims select key, row_number() over (), now() from plain_codes limit %s", [count]
    )


def run(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, embedded_server(Path(folder) / "data") as url:
        migrate(url)
        database = Database(url)
        with database.transaction() as tx:
            for code in ("made", "imported"):
                coupons.open_pool(tx, NewPool(code, code, code, Terms("percent", 10)), at=AT, by="bench")
        codes = coupons.new_codes(count, prefix="COPY", characters=12)
        lines = [f"{code}\n" for code in coupons.new_codes(count, prefix="FILE", characters=12)["code"].to_pylist()]
        copied = timed(database, lambda tx: plain_copy(tx, codes))
        made = timed(database, lambda tx: coupons.generate(tx, "made", count, at=AT, by="bench"))
        imported = timed(
            database, lambda tx: coupons.import_codes(tx, "imported", lines, source="f", at=AT, by="bench")
        )
        inserted = timed(database, lambda tx: plain_claims(tx, count))
        claimed, one = in_batches(database, count), singly(database)
        with database.transaction() as tx:
            level = coupons.levels(tx, [coupons.pool(tx, "made").pool_id])
            assert [each.claimed for each in level.values()] == [count]
        database.close()
    print(f"{count:,} codes       seconds   against the peer")
    for name, took, peer in (
        ("COPY, plainly", copied, copied),
        ("made", made, copied),
        ("imported", imported, copied),
        ("inserted, plainly", inserted, inserted),
        ("handed out", claimed, inserted),
    ):
        print(f"{name:18} {took:9.2f}   {took / peer:6.1f}")
    print(f"handed out one at a time, each durable: {one * 1000:.2f} ms")
    ratios = {
        "made_against_copy": round(copied / made, 3),
        "imported_against_copy": round(copied / imported, 3),
        "claimed_against_insert": round(inserted / claimed, 3),
    }
    figures = {"codes": count, "made_s": round(made, 2), "imported_s": round(imported, 2), "claimed_s": round(claimed, 2), "single_claim_ms": round(one * 1000, 2)}  # fmt: skip
    print(json.dumps({"ratio": ratios, **figures}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the codes")
    run(100_000 if parser.parse_args().quick else 1_000_000)
