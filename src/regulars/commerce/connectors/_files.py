"""Reading an export with DuckDB: every row gets a verdict, the good ones become documents in order of time.

Everything here is set-based; a row of the demonstration's file took 1 µs of CPU. DuckDB spills to disk when a file is larger than memory.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from babel.numbers import get_currency_precision

from regulars.commerce._lines import MOST_TAGS
from regulars.commerce._records import Shop
from regulars.commerce._rules import LINE, ORDER, RETURN, Orders, Returns
from regulars.commerce.connectors._profiles import Profile, guess_columns
from regulars.errors import Invalid

CHUNK_ROWS = 80_000
"""Rows recorded in one transaction: large enough to be set-based, small enough to lose little to a kill."""

FIRST_ROWS = 15_000
"""Rows of the first chunk: while it is recorded nothing else can be, so it is a small one."""

DATE_FORMATS = (
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%Y%m%d",
)

_CELLS = (
    "number, customer, date_text, placed, sku, product, quantity, price_minor, amount_minor, country, category, tags"
)
"""What makes two rows the same."""

_NO_NUMBER = "rejected: no order number"
_IGNORED = "dropped: bookkeeping document"

CONTACT = ("email", "phone", "member_name")


class UnreadableFile(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Documents of one stretch of time, and what else is known of their customers."""

    number: int
    rows: int
    orders: Orders
    returns: Returns
    people: list[dict[str, Any]]
    """Customers of whom the file says more than a number, or all of whose rows were dropped: `customer`, `joined_at`
    and what there is of contact data."""


class Source:
    """A file that was read: its verdicts, and its documents chunk by chunk."""

    def __init__(self, path: Path, profile: Profile, fingerprint: str, connection: duckdb.DuckDBPyConnection) -> None:
        """Made by `read_file`."""
        self.path, self.profile, self.fingerprint, self._db = path, profile, fingerprint, connection
        self.verdicts = {
            str(name): int(count)
            for name, count in connection.execute(
                "select verdict, count(*) from judged group by verdict order by 2 desc"
            ).fetchall()
        }
        self.rows_read = sum(self.verdicts.values())
        self.total_chunks = self._number("select coalesce(max(chunk), -1) + 1 from documents")

    def _number(self, sql: str) -> int:
        [[number]] = self._db.execute(sql).fetchall()
        return int(number)

    @property
    def rejected(self) -> int:
        """How many rows could not be understood."""
        return sum(count for verdict, count in self.verdicts.items() if verdict.startswith("rejected"))

    def chunks(self, *, after: int = 0) -> Iterator[Chunk]:
        """The documents in order of time, from the chunk numbered `after` on; the lines are read as they are wanted."""
        documents = self._table(
            "select chunk, kind, number as external_id, customer, null::bigint as member_id, placed as placed_at, "
            'placed as paid_at, country, placed as returned_at, of_order as "order" from documents order by place'
        )
        people = self._table("select * from people order by customer")
        for number, lines in self._lines_by_chunk(after):
            yield Chunk(
                number,
                lines.num_rows,
                Orders(*_of_kind("order", ORDER, _only(documents, "chunk", number), lines)),
                Returns(*_of_kind("return", RETURN, _only(documents, "chunk", number), lines)),
                _only(people, "chunk", number).drop("chunk").to_pylist(),
            )

    def _table(self, sql: str) -> pa.Table:
        return self._db.sql(sql).to_arrow_table()

    def _lines_by_chunk(self, after: int) -> Iterator[tuple[int, pa.Table]]:
        """The lines of each chunk, in order: sorted once, and held in memory no more than a chunk at a time."""
        batches = self._db.sql(
            "select d.chunk, l.kind as of_kind, d.document, l.line_no::integer as line_no, l.sku, l.product as name, "
            "l.line_kind as kind, l.quantity, l.unit_minor, l.amount_minor, l.category, l.tags "
            "from lines l join documents d on d.kind = l.kind and d.number = l.number "
            "where d.chunk >= $after order by d.place, l.line_no",
            params={"after": after},
        ).to_arrow_reader(CHUNK_ROWS)
        number, kept = after, list[pa.RecordBatch]()
        for batch in batches:
            starts, firsts = np.unique(batch.column("chunk").to_numpy(), return_index=True)
            for chunk, first, until in zip(starts, firsts, [*firsts[1:], batch.num_rows], strict=True):
                if kept and chunk != number:
                    yield number, pa.Table.from_batches(kept)
                    kept.clear()
                number = int(chunk)
                kept.append(batch.slice(first, until - first))
        if kept:
            yield number, pa.Table.from_batches(kept)

    def write_rejects(self, target: Path) -> int:
        """Write the rows that could not be understood, each with its reason, as CSV; how many."""
        if self.rejected:
            self._db.execute(
                f"copy (select f.row_no as row, substr(j.verdict, 11) as reason, f.* exclude (row_no) from file f join judged j using (row_no) where j.verdict like 'rejected%' order by row_no) to '{_quoted(target)}' (header)"
            )
        return self.rejected

    def close(self) -> None:
        """Let go of the file and of what was made of it."""
        self._db.close()


def _only(table: pa.Table, column: str, value: object) -> pa.Table:
    return table.filter(pc.equal(table.column(column), pa.scalar(value)))


def _of_kind(kind: str, schema: pa.Schema, documents: pa.Table, lines: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The documents of one kind among a chunk's, and their lines."""
    return (
        _only(documents, "kind", kind).select(schema.names).cast(schema),
        _only(lines, "of_kind", kind).select(LINE.names).cast(LINE),
    )


def read_file(path: Path, profile: Profile, shop: Shop) -> Source:
    """Read a file as `profile` says, guessing the columns it does not name.

    Raises:
        UnreadableFile: it is no CSV or Parquet file, or its dates cannot be told.
        BadProfile: a column is not there or cannot be guessed.
    """
    db = duckdb.connect()
    db.execute("set TimeZone = 'UTC'")
    db.execute("set enable_progress_bar = false")
    try:
        headers = _load(db, path)
        profile = replace(profile, columns=guess_columns(headers, profile.columns))
        _parse(db, profile, shop)
        _judge(db, profile)
        _assemble(db, profile)
    except duckdb.Error as error:
        remedy = f"give a CSV or Parquet file ({str(error).splitlines()[0]})"
        raise UnreadableFile(field="file", value=str(path), remedy=remedy) from error
    return Source(path, profile, _fingerprint(path, profile, shop), db)


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")


def _load(db: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Make table `file`: the columns as they are, and the number of each row."""
    if not path.is_file():
        raise UnreadableFile(field="file", value=str(path), remedy="there is no such file")
    with path.open("rb") as opened:
        head = opened.read(1 << 20)
    if head.startswith(b"PAR1"):
        # A view, read again for the rejects: not copied, its columns keep each different text once, which is quick to parse.
        source = f"read_parquet('{_quoted(path)}', file_row_number = true)"
        create = f"view file as select file_row_number + 1 as row_no, * exclude (file_row_number) from {source}"
    else:
        options = (
            "all_varchar = true, header = true, null_padding = true, parallel = false"  # lines may break in quotes
        )
        source = f"read_csv('{_quoted(path)}', {options}, encoding = '{_encoding(head)}')"
        create = f"table file as select row_number() over () as row_no, * from {source}"
    db.execute(f"create temp {create}")
    return [name for name, *_ in db.execute("describe file").fetchall() if name != "row_no"]


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        head[: head.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _parse(db: duckdb.DuckDBPyConnection, profile: Profile, shop: Shop) -> None:
    """Make view `parsed`: every field in its own type, null where it could not be read."""
    types = {name: kind for name, kind, *_ in db.execute("describe file").fetchall()}
    digits = get_currency_precision(shop.currency)
    scale = 10**digits

    def text(field: str) -> str:
        header = profile.columns.get(field)
        if header is None:
            return "null::varchar"
        column = f'"{header.replace(chr(34), chr(34) * 2)}"'
        if types[header] in {"DOUBLE", "FLOAT"}:
            return f"case when {column} = trunc({column}) then {column}::bigint::varchar else {column}::varchar end"
        plain = f"nullif(trim(replace({column}::varchar, chr(0), '')), '')"
        if field in {"order", "customer"} and types[header] == "VARCHAR":  # 17850.0 is what spreadsheets make of 17850
            return f"case when ends_with({plain}, '.0') then {plain}[:-3] else {plain} end"
        return plain

    def number(field: str) -> str:
        header = profile.columns.get(field)
        if header and types[header] in {"DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT"}:
            return f'"{header.replace(chr(34), chr(34) * 2)}"::double'
        point, comma = ("[.]", ",") if profile.decimal == "." else (",", "[.]")
        plain = f"regexp_replace(regexp_replace({text(field)}, '^([+-]?)[^0-9.,+-]+', '\\1'), '[^0-9.,]+$', '')"
        fits = f"regexp_full_match({plain}, '[+-]?([0-9]+|[0-9]{{1,3}}({comma}[0-9]{{3}})+)?({point}[0-9]+)?')"
        bare = f"regexp_replace({plain}, '{comma}', '', 'g')"
        plain = f"replace({bare}, ',', '.')"
        exact = f"try_cast({plain} as decimal(18, {digits}))::double, " if field in {"price", "amount"} else ""
        return f"case when {fits} then coalesce({exact}try_cast({plain} as double)) end"  # a double has no 1.005

    db.execute(
        f"""
        create temp view parsed as
        select row_no, {text("order")} as number, {text("customer" if "customer" in profile.columns else "email")} as customer,
            {text("date") if types[profile.columns["date"]] == "VARCHAR" else "null"} as date_text,
            {_date(db, profile, types, shop)} as placed,
            coalesce({text("sku")}, {text("product")}{", 'ORDER'" if not {"sku", "product"} & set(profile.columns) else ""}) as sku,
            {text("product")} as product, {number("quantity") if "quantity" in profile.columns else "1.0"} as quantity,
            {"round(" + number("price") + f" * {scale})" if "price" in profile.columns else "null"} as price_minor,
            {"round(" + number("amount") + f" * {scale})" if "amount" in profile.columns else "null"} as amount_minor,
            {text("country")} as country, {number("line") if "line" in profile.columns else "null"} as line,
            {text("category")} as category, {_tags(text("tags")) if "tags" in profile.columns else "null::varchar[]"} as tags,
            {text("email")} as email, {text("phone")} as phone, {text("member_name")} as member_name
        from file
        """
    )


def _tags(text: str) -> str:
    """Tags in one cell, each after the other: parted by commas, semicolons or bars."""
    parts = f"list_transform(regexp_split_to_array({text}, '[,;|，；、]'), lambda tag: trim(tag))"  # noqa: RUF001
    return f"list_filter({parts}, lambda tag: tag <> '')"


def _date(db: duckdb.DuckDBPyConnection, profile: Profile, types: Mapping[str, str], shop: Shop) -> str:
    header = profile.columns["date"]
    column = f'"{header.replace(chr(34), chr(34) * 2)}"'
    if types[header] == "TIMESTAMP WITH TIME ZONE":
        return column
    if types[header].startswith(("TIMESTAMP", "DATE")):
        return f"timezone('{shop.time_zone}', {column}::timestamp)"
    chosen = profile.date_format or _date_format(db, column)
    if chosen == "iso":
        local = f"timezone('{shop.time_zone}', try_cast({column} as timestamp))"
        offset = rf"regexp_replace(regexp_replace({column}, '\s*(Z|UTC|GMT)$', '+00'), '\s+([+-]\d\d(:?\d\d)?)$', '\1')"
        return (
            rf"case when regexp_matches({column}, '(\d\s*Z|UTC|GMT|:\d\d(\.\d+)?\s*[+-]\d\d(:?\d\d)?)$') "
            rf"then try_cast({offset} as timestamptz) "
            rf"when regexp_matches({column}, '[A-Za-z]$') then null else {local} end"
        )
    parsed = f"try_strptime({column}, '{_quoted(chosen)}')"
    return parsed if "%z" in chosen or "%Z" in chosen else f"timezone('{shop.time_zone}', {parsed})"


def _date_format(db: duckdb.DuckDBPyConnection, column: str) -> str:
    """The one way of writing dates that reads every row it can; a tie of day and month is the caller's to break."""
    tried = ", ".join(f"count(try_strptime({column}, '{one}'))" for one in DATE_FORMATS)
    counts = db.execute(f"select count(try_cast({column} as timestamp)), {tried} from file").fetchone() or ()
    best = max(counts, default=0)
    candidates = [name for name, count in zip(("iso", *DATE_FORMATS), counts, strict=True) if count == best and best]
    if not candidates:
        raise UnreadableFile(
            field="date", value="unreadable", remedy="say how dates are written: --date-format '%d/%m/%Y %H:%M'"
        )
    if len(candidates) > 1 and "iso" not in candidates:
        raise UnreadableFile(
            field="date",
            value="ambiguous",
            remedy=f"every date reads both as {' and as '.join(candidates)}: say which by --date-format",
        )
    return candidates[0]


def _judge(db: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Make table `judged`: what was parsed and, for each row, what becomes of it. The first test that applies decides."""
    prefix = profile.return_prefix
    returned = f"starts_with(number, '{_quoted(prefix)}')" if prefix else "quantity < 0"
    ignored = " or ".join(f"starts_with(number, '{_quoted(one)}')" for one in profile.ignored_prefixes) or "false"
    db.execute(
        f"""
        create temp table judged as
        select *, hash({_CELLS}) as mark, case
            when number is null then '{_NO_NUMBER}'
            when {ignored} then '{_IGNORED}'
            when placed is null then 'rejected: date cannot be read'
            when not isfinite(placed) or placed < '1900-01-01' or placed >= '2200-01-01' then 'rejected: date is beyond any order'
            when sku is null then 'rejected: no product'
            when quantity is null then 'rejected: quantity cannot be read'
            when quantity <> trunc(quantity) or abs(quantity) >= 2147483648 then 'rejected: quantity is not a whole number'
            when coalesce(price_minor, amount_minor) is null then 'rejected: price cannot be read'
            when greatest(abs(coalesce(amount_minor, 0)), abs(coalesce(price_minor * quantity, 0))) > 1e12 then 'rejected: price is beyond any order'
            when length(category) > 200 then 'rejected: category is longer than 200 characters'
            when len(tags) > {MOST_TAGS} or len(list_filter(tags, lambda tag: length(tag) > 100)) > 0 then 'rejected: tags are too many or too long'
            when quantity <= 0 and not ({returned}) then {"'dropped: stock adjustment'" if prefix else "'rejected: quantity is zero'"}
            when {returned} and quantity > 0 then 'rejected: a return with a positive quantity'
            when coalesce(price_minor, amount_minor) = 0 and {str(profile.drop_zero_prices).lower()} then 'dropped: no price'
            when coalesce(price_minor, amount_minor) < 0 and not ({returned}) then 'rejected: price is negative'
            when {returned} then 'return'
            else 'order' end as verdict
        from parsed
        """
    )
    if profile.drop_duplicates:
        _drop_repeats(db)


def _drop_repeats(db: duckdb.DuckDBPyConnection) -> None:
    """Let rows equal to an earlier one be dropped, unless they have no number or are no documents.

    Only rows whose hash occurs twice are compared cell by cell, which is a third of the work of comparing all.
    """
    db.execute(
        f"""
        update judged set verdict = 'dropped: duplicate row' where row_no in (
            select row_no from (
                select row_no, verdict, row_number() over (partition by {_CELLS} order by row_no) as nth
                from judged where mark in (select mark from judged group by mark having count(*) > 1))
            where nth > 1 and verdict not in ('{_NO_NUMBER}', '{_IGNORED}'))
        """
    )


def _assemble(db: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Make view `lines` and table `documents`, the documents in order of time and cut into chunks."""
    kinds = " ".join(f"when {_sku_is(code)} then '{kind}'" for kind, codes in profile.kinds.items() for code in codes)
    returned = "number" if profile.return_prefix else "number || '/return'"
    _find_positions(db)
    db.execute(
        f"""
        create temp view lines as
        select verdict as kind, case verdict when 'return' then {returned} else number end as number, number as of_order,
            customer, placed, country, email, phone, member_name, sku, product,
            coalesce(line::bigint, position, row_no - before) as line_no, abs(quantity)::bigint as quantity,
            abs(coalesce(price_minor, round(amount_minor / quantity)))::bigint as unit_minor,
            abs(coalesce(amount_minor, price_minor * quantity))::bigint as amount_minor, category, tags,
            {f"case {kinds} else 'goods' end" if kinds else "'goods'"} as line_kind
        from judged join stretches using (number) left join positions using (row_no) where verdict in ('order', 'return')
        """
    )
    db.execute(
        f"""
        create temp table documents as
        select *, (row_number() over (partition by chunk, kind order by place) - 1)::integer as document
        from (select *, row_number() over in_time as place, ((sum(lines) over in_time - lines + {CHUNK_ROWS - FIRST_ROWS}) // {CHUNK_ROWS})::bigint as chunk from (
            select kind, number, min(placed) as placed, arg_min(customer, line_no) as customer, arg_min(country, line_no) as country,
                {"null::varchar" if profile.return_prefix else "any_value(case kind when 'return' then of_order end)"} as of_order,
                {", ".join(f"arg_min({one}, line_no) as {one}" for one in CONTACT)},
                count(*) as lines
            from lines group by kind, number) window in_time as (order by placed, kind, number))
        """
    )
    contact = [one for one in CONTACT if one in profile.columns]
    has_contact = " or ".join(f"{one} is not null" for one in contact) or "false"
    db.execute(
        f"""
        create temp table people as
        select chunk, customer, min(placed) as joined_at, {", ".join(f"first({one}) as {one}" for one in CONTACT)}
        from documents where customer is not null and ({has_contact}) group by chunk, customer
        union all
        select (select greatest(max(chunk), 0) from documents), customer, min(placed), {", ".join(f"first({one})" for one in CONTACT)}
        from judged
        where verdict in ('dropped: no price', 'dropped: stock adjustment') and placed is not null
          and customer is not null and customer not in (select customer from documents where customer is not null)
        group by customer
        """
    )


def _find_positions(db: duckdb.DuckDBPyConnection) -> None:
    """Make what tells where in its document a row stands.

    Table `stretches`: how many rows lie before each number's first. Table `positions`: the place among a number's rows of
    those that lie apart, which are few, for a window over all rows costs five times as much as all else here.
    """
    db.execute(
        "create temp table stretches as "
        "select number, min(row_no) - 1 as before, max(row_no) - min(row_no) + 1 > count(*) as apart from judged group by number"
    )
    db.execute(
        "create temp table positions as "
        "select row_no, row_number() over (partition by number order by row_no) as position "
        "from judged join stretches using (number) where apart"
    )


def _sku_is(code: str) -> str:
    return f"starts_with(sku, '{_quoted(code[:-1])}')" if code.endswith("*") else f"sku = '{_quoted(code)}'"


def _fingerprint(path: Path, profile: Profile, shop: Shop) -> str:
    """What makes an import the same: the bytes of the file, how they are read, and for which shop."""
    digest = hashlib.sha256(
        msgspec.json.encode([profile.as_document(), shop.shop_id, CHUNK_ROWS], order="deterministic")
    )
    with path.open("rb") as opened:
        while block := opened.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()
