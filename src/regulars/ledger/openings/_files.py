"""Reading a file of opening balances with DuckDB: every row gets a verdict, the good ones become openings in the file's order."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import available_timezones

import duckdb

from regulars.errors import Invalid
from regulars.ledger._rules import MOST

CHUNK_ROWS = 10_000
"""Rows posted in one transaction."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "member": ("member", "memberid", "customer", "customerid", "customernumber", "email", "会员", "会员号", "客户"),
    "points": ("points", "balance", "amount", "remaining", "积分", "余额"),
    "expires_at": ("expiresat", "expires", "expiry", "expirydate", "validuntil", "有效期", "到期", "到期时间"),
    "earned_at": ("earnedat", "earned", "date", "createdat", "获得时间", "日期"),
    "reference": ("reference", "id", "transactionid", "lot", "流水号", "单号"),
    "point_type": ("pointtype", "type", "wallet", "类型"),
    "reason": ("reason", "note", "comment", "description", "原因", "备注"),
}
"""What a column can mean, and the headers it is usually found under, compared by letters and digits only."""


class BadLayout(Invalid):
    """{field} is {value!r}: {remedy}."""


class UnreadableOpenings(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read."""

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Field → header, for those that are not called as usual."""

    time_zone: str = "UTC"
    """Where times without an offset are at home, and where the days of dates begin and end."""

    date_format: str | None = None
    """How dates are written, in strptime's terms; None: ISO 8601."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A row that could be read."""

    row_no: int
    member: str
    points: int
    point_type: str
    reference: str
    earned_at: datetime | None
    expires_at: datetime | None
    reason: str | None


class Source:
    """A file that was read: its verdicts and totals, and its rows chunk by chunk."""

    def __init__(self, path: Path, layout: Layout, fingerprint: str, connection: duckdb.DuckDBPyConnection) -> None:
        """Made by `read_file`."""
        self.path, self.layout, self.fingerprint, self._db = path, layout, fingerprint, connection
        counted = "select verdict, count(*) from judged group by verdict order by 2 desc, 1"
        self.verdicts = {str(name): int(count) for name, count in connection.execute(counted).fetchall()}
        self.rows_read = sum(self.verdicts.values())
        self.rows = self.verdicts.get("read", 0)
        summed = "select point_type, verdict = 'read', sum(points)::bigint from judged where points is not null group by all order by all"
        self.totals: dict[str, int] = {}
        self.unread: dict[str, int] = {}
        """Of the totals, what is in rows that were rejected or dropped."""
        for point_type, was_read, points in connection.execute(summed).fetchall():
            self.totals[point_type] = self.totals.get(point_type, 0) + points
            self.unread[point_type] = self.unread.get(point_type, 0) + (0 if was_read else points)

    def chunks(self, *, after: int = 0, size: int = CHUNK_ROWS) -> Iterator[list[Opening]]:
        """The rows that could be read, in the file's order, from the one at place `after` on."""
        while after < self.rows:
            wanted = "select * exclude (place) from readable where place >= $after and place < $until order by place"
            found = self._db.sql(wanted, params={"after": after, "until": after + size}).to_arrow_table()
            yield [Opening(**one) for one in found.to_pylist()]
            after += size

    def write_rejects(self, target: Path, refused: Sequence[tuple[int, str]]) -> int:
        """Write the rows that could not be read, and those `refused` later, each with its reason, as CSV; how many."""
        self._db.execute("create or replace temp table refused (row_no bigint, reason varchar)")
        if refused:
            self._db.executemany("insert into refused values (?, ?)", [list(one) for one in refused])
        reasons = (
            "select row_no, substr(verdict, 11) as reason from judged where verdict like 'rejected%' "
            "union all select row_no, reason from refused"
        )
        [[count]] = self._db.execute(f"select count(*) from ({reasons})").fetchall()
        if count:
            rows = f"select r.row_no as row, r.reason, f.* exclude (row_no) from ({reasons}) r join file f using (row_no) order by 1"
            self._db.execute(f"copy ({rows}) to '{_quoted(target)}' (header)")
        return int(count)

    def close(self) -> None:
        """Let go of the file and of what was made of it."""
        self._db.close()


def read_file(path: Path, layout: Layout, *, at: datetime) -> Source:
    """Read a file of opening balances, guessing the columns that the layout does not name.

    Raises:
        UnreadableOpenings: it is no CSV or Parquet file.
        BadLayout: a column is not there or cannot be guessed, or the time zone is none.
    """
    if layout.time_zone not in available_timezones():
        raise BadLayout(field="time_zone", value=layout.time_zone, remedy="give an IANA name such as Europe/London")
    db = duckdb.connect()
    db.execute("set TimeZone = 'UTC'")
    db.execute("set enable_progress_bar = false")
    try:
        headers = _load(db, path)
        layout = Layout(_columns(headers, layout.columns), layout.time_zone, layout.date_format)
        db.execute(_parsed(layout))
        db.execute(_JUDGED, {"at": at, "most": MOST})
        db.execute(_READABLE)
    except duckdb.Error as error:
        remedy = f"give a CSV or Parquet file ({str(error).splitlines()[0]})"
        raise UnreadableOpenings(field="file", value=str(path), remedy=remedy) from error
    return Source(path, layout, _fingerprint(path, layout), db)


def _load(db: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Make table `file`: the columns as they are, and the number of each row."""
    if not path.is_file():
        raise UnreadableOpenings(field="file", value=str(path), remedy="there is no such file")
    with path.open("rb") as opened:
        is_parquet = opened.read(4) == b"PAR1"
    source = (
        f"read_parquet('{_quoted(path)}')"
        if is_parquet
        else f"read_csv('{_quoted(path)}', all_varchar = true, header = true, null_padding = true, parallel = false)"
    )
    db.execute(f"create temp table file as select row_number() over () as row_no, * from {source}")
    return [str(name) for name, *_ in db.execute("describe file").fetchall() if name != "row_no"]


def _columns(headers: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    for name, header in given.items():
        if name not in FIELDS:
            raise BadLayout(field="--map", value=name, remedy=f"map one of {', '.join(FIELDS)}")
        if header not in headers:
            raise BadLayout(field=f"--map {name}", value=header, remedy=f"the file has {', '.join(headers)}")
    columns = dict(given)
    plain = {re.sub(r"[\W_]", "", header.lower()): header for header in reversed(headers)}
    for name, usual in FIELDS.items():
        free = [plain[word] for word in usual if word in plain and plain[word] not in columns.values()]
        if name not in columns and free:
            columns[name] = free[0]
    for name in ("member", "points"):
        if name not in columns:
            remedy = f"say which column it is: --map {name}=…; the file has {', '.join(headers)}"
            raise BadLayout(field=name, value="unmapped", remedy=remedy)
    return columns


def _parsed(layout: Layout) -> str:
    """View `parsed`: every field in its own type, null where it could not be read, and beside it the text."""

    def text(name: str) -> str:
        header = layout.columns.get(name)
        return "null::varchar" if header is None else f"""nullif(trim("{header.replace('"', '""')}"::varchar), '')"""

    whole = r"[+-]?[0-9]{1,18}([.]0+)?"  # spreadsheets make 100.0 of 100
    points = f"case when regexp_full_match({text('points')}, '{whole}') then split_part({text('points')}, '.', 1)::bigint end"
    member = f"case when regexp_full_match({text('member')}, '[0-9]+[.]0') then {text('member')}[:-3] else {text('member')} end"
    return f"""
        create temp view parsed as
        select row_no, {member} as member, {text("points")} as points_text, {points} as points,
            coalesce({text("point_type")}, 'points') as point_type, {text("reference")} as given_reference, {text("reason")} as reason,
            {text("earned_at")} as earned_text, {_instant(text("earned_at"), layout, days=0)} as earned_at,
            {text("expires_at")} as expires_text, {_instant(text("expires_at"), layout, days=1)} as expires_at
        from file
        """


def _instant(text: str, layout: Layout, *, days: int) -> str:
    """A date is the start of its day, `days` later, there; a time without an offset is local; with one, it is exact."""
    zone = _quoted(layout.time_zone)
    if layout.date_format is not None:
        read = f"try_strptime({text}, '{_quoted(layout.date_format)}')"
        has_time = any(mark in layout.date_format for mark in ("%H", "%I", "%c", "%X"))
        has_zone = "%z" in layout.date_format or "%Z" in layout.date_format
        shifted = read if has_time else f"{read} + interval {days} day"
        return f"{read}::timestamptz" if has_zone else f"timezone('{zone}', {shifted})"
    return rf"""case
        when regexp_full_match({text}, '\d{{4}}-\d\d-\d\d') then timezone('{zone}', try_cast({text} as timestamp) + interval {days} day)
        when regexp_matches({text}, ':\d\d(\.\d+)?\s*(Z|[+-]\d\d(:?\d\d)?)$') then try_cast({text} as timestamptz)
        else timezone('{zone}', try_cast({text} as timestamp)) end"""


_JUDGED = """
    create temp table judged as
    with numbered as (
        select *, row_number() over (partition by member, point_type, points, earned_text, expires_text order by row_no) as alike,
            row_number() over (partition by member, point_type, given_reference order by row_no) as place,
            first_value(row_no) over (partition by member, point_type, given_reference order by row_no) as first_row,
            first_value(points) over (partition by member, point_type, given_reference order by row_no) as first_points
        from parsed
    )
    select row_no, member, points, point_type, earned_at, expires_at, reason,
        coalesce(given_reference, concat('opening/', coalesce(earned_text, '-'), '/', coalesce(expires_text, '-'), '/', points, '/', alike))
            as reference,
        case when member is null then 'rejected: no member'
            when points_text is null then 'rejected: no points'
            when points is null then 'rejected: points is not a whole number'
            when points = 0 then 'dropped: no points left'
            when points < 0 then 'rejected: points is negative: what a member owes is not opened by a file'
            when points > $most then 'rejected: points is too large'
            when expires_text is not null and expires_at is null then 'rejected: expires_at cannot be read'
            when earned_text is not null and earned_at is null then 'rejected: earned_at cannot be read'
            when earned_at > $at then 'rejected: earned_at is in the future'
            when expires_at <= earned_at then 'rejected: expires_at is not after earned_at'
            when expires_at <= $at then 'dropped: expired already'
            when given_reference is null or place = 1 then 'read'
            when points = first_points then 'dropped: a row again'
            else 'rejected: the reference of row ' || first_row || ' with other points' end as verdict
    from numbered
"""


_READABLE = """
    create temp table readable as
    select row_number() over (order by row_no) - 1 as place, row_no, member, points, point_type, reference, earned_at, expires_at, reason
    from judged where verdict = 'read' order by row_no
"""


def _fingerprint(path: Path, layout: Layout) -> str:
    digest = hashlib.sha256(json.dumps(asdict(layout), sort_keys=True).encode())
    with path.open("rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")
