"""An export that was read: what is known of it, and its purchases."""

import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import pyarrow as pa
from babel.numbers import get_currency_precision

from regulars.insight.engine import Session
from regulars.insight.exports import _guesses
from regulars.insight.exports._files import Opened, named, open_file
from regulars.insight.exports._lines import REASONS, Form, money_of, statement
from regulars.insight.exports._records import Column, DateOrder, Dates, Dropped, Read, UnreadableExport

if TYPE_CHECKING:
    import duckdb

_SAMPLE_ROWS: Final = 20_000
_SIGNS: Final = {"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "R$": "BRL", "US$": "USD", "元": "CNY", "￥": "CNY"}


class Export:
    """Purchases on disk: `session` has `days` and `names`, `purchases()` gives them as Arrow."""

    def __init__(self, db: "duckdb.DuckDBPyConnection", read: Read) -> None:
        """Made by `read_export`."""
        self._db, self.read = db, read
        self.session = Session(db)

    def purchases(self) -> pa.Table:
        """A row for every day on which a customer bought, and one for the money given back on a day.

        `customer` (int64, ascending; `names` has what the file calls them), `day`, `amount_minor` (negative: given back).
        """
        return self.session.ask(
            "select customer, day, amount_minor from days where orders > 0 "
            "union all select customer, day, -refund_minor from days where refund_minor > 0 order by 1, 2, 3 desc"
        )

    def names(self, customers: list[int]) -> dict[int, str]:
        """What the file calls some of them."""
        listed = ", ".join(map(str, map(int, customers))) or "null"
        rows = self.session.ask(f"select customer, name from names where customer in ({listed})").to_pylist()
        return {row["customer"]: row["name"] for row in rows}


@contextmanager
def read_export(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal: Literal[".", ","] | None = None,
    date_order: DateOrder | None = None,
    date_format: str | None = None,
    currency: str | None = None,
    memory: str = "4GB",
    on_columns: Callable[[tuple[Column, ...]], None] = lambda _: None,
) -> Generator[Export]:
    """Read an export of orders; what is not given is guessed. It is on disk, in a folder that goes with the block.

    `columns` is field → header. `memory` bounds what DuckDB takes before it spills to that folder. `on_columns` is
    told how the columns are understood before the file is read.

    Raises:
        BadProfile: a given column is not there.
        UnreadableExport: nothing can be read, or nobody bought anything.
    """
    import duckdb  # noqa: PLC0415 - it takes long to import, and most commands never come here

    with tempfile.TemporaryDirectory(prefix="regulars-", ignore_cleanup_errors=True) as folder:
        db = duckdb.connect(str(Path(folder) / "export.duckdb"))
        try:
            _limit(db, folder, memory)
            opened = open_file(db, path, Path(folder), encoding=encoding, delimiter=delimiter)
            form = _form(db, opened, columns or {}, decimal, date_order, date_format, currency)
            on_columns(tuple(form.columns.values()))
            yield Export(db, _read(db, path, opened, form))
        except duckdb.Error as error:
            remedy = f"give a CSV, Parquet or Excel file of orders ({str(error).splitlines()[0]})"
            raise UnreadableExport(field="file", value=str(path), remedy=remedy) from error
        finally:
            db.close()


def _limit(db: "duckdb.DuckDBPyConnection", folder: str, memory: str) -> None:
    db.execute("set enable_progress_bar = false")
    db.execute("set TimeZone = 'UTC'")
    db.execute("set preserve_insertion_order = false")
    db.execute("set memory_limit = $memory", {"memory": memory})
    db.execute("set temp_directory = $folder", {"folder": folder})
    db.execute("set autoinstall_known_extensions = false")


def _form(
    db: "duckdb.DuckDBPyConnection", opened: Opened, given: Mapping[str, str], decimal: Literal[".", ","] | None,
    date_order: DateOrder | None, date_format: str | None, currency: str | None,
) -> Form:  # fmt: skip
    """How the rows are to be read, from what was given and a look at the first of them."""
    texts = ", ".join(f"nullif(trim({named(header)}::varchar), '')" for header in opened.headers)
    rows = db.execute(f"select {texts} from file limit {_SAMPLE_ROWS}").fetchall()
    if not rows:
        raise UnreadableExport(
            field="file", value="no rows", remedy="it has a header and nothing below it: export the orders again"
        )
    sample = dict(zip(opened.headers, zip(*rows, strict=True), strict=True))
    columns = {
        column.field: column
        for column in _guesses.columns(opened.headers, given, sample, any_dates=date_format is not None)
    }
    priced = [text for field in ("amount", "price") if field in columns for text in sample[columns[field].header]]
    point = decimal or _guesses.decimal_of(priced)
    header = columns["date"].header
    native = opened.types[header].startswith(("DATE", "TIMESTAMP"))
    european = point == "," or (opened.text is not None and opened.text.delimiter == ";")
    dates = _guesses.dates_of(sample[header], native=native, order=date_order, form=date_format, european=european)
    if currency is None:
        currency = _currency(columns, sample, priced)
    digits = get_currency_precision(currency) if currency else 2
    return Form(columns, opened.types, point, dates, digits, currency, money_of(columns))


def _currency(columns: Mapping[str, Column], sample: _guesses.Sample, priced: list[str | None]) -> str | None:
    """The code most rows have, or what a sign at the amounts means."""
    if "currency" in columns:
        codes = [
            text.upper() for text in sample[columns["currency"].header] if text and len(text) == 3 and text.isascii()
        ]
        return max(set(codes), key=codes.count) if codes else None
    joined = " ".join(text for text in priced[:1000] if text)
    return next((code for sign, code in _SIGNS.items() if sign in joined), None)


def _read(db: "duckdb.DuckDBPyConnection", path: Path, opened: Opened, form: Form) -> Read:
    scans = _scans(db)
    db.execute(statement(form))
    dates = _settle_dates(db, form.dates)
    db.execute("create table undone as " + _UNDONE)
    db.execute("create temp view counted as " + _COUNTED)
    db.execute("create table names as " + _NAMES)
    db.execute("create table days as " + _DAYS)
    drops, used = _drops(db, scans)
    [facts] = db.execute(_FACTS).fetchall()
    if not facts[0]:
        most = max(drops, key=lambda one: one.rows, default=None)
        remedy = (
            f"{most.rows:,} rows: {most.reason.replace('_', ' ')}, as in {most.example!r}"
            if most
            else "there are no rows"
        )
        raise UnreadableExport(
            field="file", value="without a purchase", remedy=f"name the columns by --map; of {remedy}"
        )
    customers, first_day, last_day, refund_rows, refund_minor, undone = facts
    text = opened.text
    return Read(
        path.name, path.stat().st_size, opened.kind, text.encoding if text else None, text.delimiter if text else None,
        opened.headers, text is None or text.has_header, tuple(form.columns.values()), form.decimal, dates, form.currency, form.digits,
        form.money, used + sum(one.rows for one in drops), used, drops, refund_rows, refund_minor, undone, customers, first_day, last_day,
    )  # fmt: skip


def _settle_dates(db: "duckdb.DuckDBPyConnection", dates: Dates) -> Dates:
    """Now that all dates were seen: keep the reading that reads more of them. Both read all: it was ambiguous, and stays."""
    db.execute("create view dated as select * from lines")
    if dates.order not in {"dmy", "mdy"} or dates.why == "given":
        return dates
    [[chosen, other]] = db.execute("select count(day), count(other_day) from lines").fetchall()
    if other == chosen:
        return dates
    if other < chosen:
        return Dates(dates.form, dates.order, ambiguous=False, why="file")
    db.execute("create or replace view dated as select * replace (other_day as day, day as other_day) from lines")
    order: DateOrder = "mdy" if dates.order == "dmy" else "dmy"
    form = ("%m-%d" if order == "mdy" else "%d-%m") + dates.form[5:]
    return Dates(form, order, ambiguous=False, why="file")


def _scans(db: "duckdb.DuckDBPyConnection") -> int:
    try:
        [[last]] = db.execute("select coalesce(max(scan_id), 0) from reject_scans").fetchall()
    except Exception:  # noqa: BLE001 - the table is there from the first text file on
        return 0
    return int(last)


def _drops(db: "duckdb.DuckDBPyConnection", scans: int) -> tuple[tuple[Dropped, ...], int]:
    """What was dropped, the most rows first, and how many rows were used."""
    rows: list[tuple[int, int, str | None]] = db.execute(
        "select case when verdict = 0 and day is null then 4 else verdict end as why, count(*), min(coalesce(said, customer)) "
        "from dated group by why order by 2 desc"
    ).fetchall()
    drops = [Dropped(REASONS[why - 1], count, example or "") for why, count, example in rows if why]
    return (*drops, *_broken(db, scans)), sum(count for why, count, _ in rows if not why)


def _broken(db: "duckdb.DuckDBPyConnection", scans: int) -> list[Dropped]:
    """Lines that could not be cut into cells."""
    if not _scans(db):
        return []
    [[lines, example]] = db.execute(
        "select count(distinct line), min(csv_line) from reject_errors where scan_id > $scans", {"scans": scans}
    ).fetchall()
    return [Dropped("broken_line", lines, str(example)[:200])] if lines else []


_UNDONE: Final = """
    select order_key from lines
    where verdict = 0 and order_key in (select order_key from lines where verdict = 0 and refund and order_key is not null)
    group by order_key having bool_or(not refund) and sum(amount) <= 0
"""
_COUNTED: Final = """
    select customer, day, order_key, amount, refund, discounted from dated
    where verdict = 0 and day is not null and (order_key is null or order_key not in (select order_key from undone))
"""
_NAMES: Final = """
    select row_number() over (order by name) - 1 as customer, name
    from (select distinct customer as name from counted where not refund)
"""
_DAYS: Final = """
    select n.customer, d.day, sum(d.purchase)::integer as orders, coalesce(sum(d.bought), 0)::bigint as amount_minor,
        coalesce(-sum(d.back), 0)::bigint as refund_minor, coalesce(sum(d.discounted), 0)::integer as discounted_orders
    from (
        select customer, day, order_key, max(case when refund then 0 else 1 end) as purchase,
            sum(case when refund then 0 else amount end) as bought, sum(case when refund then amount else 0 end) as back,
            max(case when discounted and not refund then 1 else 0 end) as discounted
        from counted group by customer, day, order_key
    ) as d
    join names as n on n.name = d.customer
    group by n.customer, d.day
"""
_FACTS: Final = """
    select (select count(*) from names), min(day), max(day),
        (select count(*) from counted where refund), (select coalesce(-sum(amount), 0)::bigint from counted where refund),
        (select count(*) from undone)
    from days where orders > 0
"""
