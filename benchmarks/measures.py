"""RFM, cohorts and the lifetime models' summary of ten million lines, beside pandas, polars and plain DuckDB.

Everyone gives the same: fifths of the last day, the purchase days and the money (ties by customer), how many of each month's
cohort came in each month, and x, tx and t of each customer. The answers are compared before anything is timed. Each side
starts from one Parquet file; `read` is what reading it alone takes. A ratio is the peer's CPU seconds over ours, the read
counted in; `ratio_without_read` leaves it out. Ours is one function, `insight.buyers`. DuckDB runs on one thread, which
costs it least; polars and pandas as they come. Numba compiles before anything is timed: the first call ever takes
longer.

    uv run --group dev --group bench python benchmarks/measures.py [--quick] [--rounds N]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from regulars import insight

UNTIL = date(2026, 1, 1)
EDGES = ["first_day", "last_day", "days", "amount_minor", "r", "f", "m", "x", "tx", "t"]


def write(path: Path, lines: int) -> None:
    """Two years of lines of a tenth as many customers, of whom some buy much more than others."""
    random = np.random.default_rng(5)
    customers = (lines // 10 * random.random(lines) ** 2).astype(np.int64) + 1
    days = np.datetime64("2024-01-01") + random.integers(0, 730, lines)
    found = pa.table(
        {"customer": customers, "day": pa.array(days), "amount_minor": random.integers(100, 20_000, lines)}
    )
    pq.write_table(found, path, compression="zstd")


def ours(path: Path) -> tuple[pa.Table, pa.Table]:
    found = insight.buyers(path, until=UNTIL)
    return found.customers, found.cohorts


def in_pandas(path: Path) -> tuple[Any, Any]:
    lines = pd.read_parquet(path)
    lines["day"] = pd.to_datetime(lines["day"])
    found = lines.groupby("customer").agg(
        first_day=("day", "min"), last_day=("day", "max"), amount_minor=("amount_minor", "sum")
    )
    daily = lines[["customer", "day"]].drop_duplicates()
    found["days"] = daily.groupby("customer").size()
    for score, by in (("r", "last_day"), ("f", "days"), ("m", "amount_minor")):
        rank = found[by].rank(method="first").astype("int64") - 1
        found[score] = ntile(rank, len(found))
    found["x"], found["tx"] = found["days"] - 1, (found["last_day"] - found["first_day"]).dt.days
    found["t"] = (pd.Timestamp(UNTIL) - found["first_day"]).dt.days - 1
    month = daily["day"].dt.year * 12 + daily["day"].dt.month - 1
    monthly = pd.DataFrame({"customer": daily["customer"], "month": month}).drop_duplicates()
    begun = monthly.groupby("customer")["month"].min().rename("cohort")
    cells = monthly.join(begun, on="customer").groupby(["cohort", "month"]).size()
    return found, cells


def ntile(rank: Any, count: int) -> Any:
    small, larger = divmod(count, 5)
    edge = larger * (small + 1)
    return np.where(rank < edge, rank // (small + 1), larger + (rank - edge) // max(small, 1)) + 1


def in_polars(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    lines = pl.read_parquet(path)
    daily = lines.group_by("customer", "day").agg(pl.col("amount_minor").sum())
    found = (
        daily.group_by("customer")
        .agg(
            pl.col("day").min().alias("first_day"), pl.col("day").max().alias("last_day"),
            pl.len().cast(pl.Int64).alias("days"), pl.col("amount_minor").sum(),
        )
        .sort("customer")
    )  # fmt: skip
    small, larger = divmod(len(found), 5)
    edge = larger * (small + 1)

    def fifth(by: str) -> pl.Expr:
        rank = pl.col(by).rank("ordinal").cast(pl.Int64) - 1
        low, high = rank // (small + 1), larger + (rank - edge) // max(small, 1)
        return pl.when(rank < edge).then(low).otherwise(high) + 1

    found = found.with_columns(
        fifth("last_day").alias("r"), fifth("days").alias("f"), fifth("amount_minor").alias("m"),
        (pl.col("days") - 1).alias("x"), (pl.col("last_day") - pl.col("first_day")).dt.total_days().alias("tx"),
        (pl.lit(UNTIL) - pl.col("first_day")).dt.total_days().alias("t") - 1,
    )  # fmt: skip
    monthly = daily.select("customer", pl.col("day").dt.truncate("1mo").alias("month")).unique()
    begun = monthly.group_by("customer").agg(pl.col("month").min().alias("cohort"))
    cells = monthly.join(begun, on="customer").group_by("cohort", "month").len().sort("cohort", "month")
    return found, cells


def in_duckdb(path: Path) -> tuple[pa.Table, pa.Table]:
    connection = duckdb.connect(config={"threads": 1})
    connection.query(f"create view lines as select * from read_parquet('{path}')")
    connection.query(f"create table edge as select date '{UNTIL}' as until")
    connection.query("set preserve_insertion_order = false")
    texts = Path(insight.__file__).parent / "relations"
    return tuple(
        connection.query((texts / f"{name}.sql").read_text()).to_arrow_table() for name in ("buyers", "buyer_cohorts")
    )


def checked(name: str, found: Any, cells: Any) -> tuple[int, ...]:
    """Sums over every column and cell that no two different answers share by chance."""
    if name == "pandas":
        found, active = found.reset_index(), cells.to_numpy()
        columns = {
            each: found[each].to_numpy().astype("datetime64[D]") if each.endswith("_day") else found[each]
            for each in EDGES
        }
    else:
        active = np.asarray(cells["active" if name != "polars" else "len"])
        columns = {each: np.asarray(found[each]) for each in EDGES}
    order = np.arange(1, len(columns["x"]) + 1) % 9973
    numbers = [np.asarray(columns[each]) for each in EDGES]
    plain = [(each.astype("datetime64[D]") if each.dtype.kind == "M" else each).astype(np.int64) for each in numbers]
    spots = np.arange(1, len(active) + 1)
    return (*(int((each * order).sum()) for each in plain), len(active), int((np.asarray(active) * spots).sum()))


def cpu(run: Callable[[], object]) -> float:
    begun = time.process_time()
    run()
    return time.process_time() - begun


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--rounds", type=int, default=3)
    chosen = asked.parse_args()
    lines = 1_000_000 if chosen.quick else 10_000_000
    sides = {"ours": ours, "pandas": in_pandas, "polars": in_polars, "duckdb": in_duckdb}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.parquet"
        write(path, lines)
        checks = {name: checked(name, *run(path)) for name, run in sides.items()}
        assert len(set(checks.values())) == 1, checks
        reads = {"ours": lambda: read(path), "pandas": lambda: pd.read_parquet(path)}
        reads |= {"polars": lambda: pl.read_parquet(path), "duckdb": lambda: scan(path)}
        spent: dict[str, list[float]] = {name: [] for name in sides}
        reading: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(chosen.rounds):
            for name, run in sides.items():
                spent[name].append(cpu(lambda run=run: run(path)))
                reading[name].append(cpu(reads[name]))
    whole = {name: statistics.median(values) for name, values in spent.items()}
    apart = {name: statistics.median(values) for name, values in reading.items()}
    for name in sides:
        print(f"{name:8} {whole[name]:7.2f} CPU s, of which reading {apart[name]:.2f}")
    peers = [name for name in sides if name != "ours"]
    ours_alone = whole["ours"] - apart["ours"]
    bare = {name: round((whole[name] - apart[name]) / ours_alone, 2) for name in peers}
    ratio = {name: round(whole[name] / whole["ours"], 2) for name in peers}
    print(json.dumps({"ratio": ratio, "ratio_without_read": bare, "cpu_s": whole, "lines": lines, "check": checks["ours"][-2:]}))  # fmt: skip


def read(path: Path) -> None:
    with pq.ParquetFile(path) as file:
        for _ in file.iter_batches(1 << 17, use_threads=False):
            pass


def scan(path: Path) -> None:
    # sums, for the largest value would be answered from the file's own statistics
    connection = duckdb.connect(config={"threads": 1})
    connection.query(
        f"select sum(customer), count(distinct day), sum(amount_minor) from read_parquet('{path}')"
    ).fetchall()


if __name__ == "__main__":
    main()
