"""The SQL of insight that PostgreSQL runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, LiteralString

import pyarrow as pa

from regulars.storage import DatabaseUnavailable, Transaction


def snapshot_if_same(tx: Transaction, *, snapshot: str) -> str | None:
    """The present snapshot if nothing that a frame holds has changed since `snapshot`, otherwise None.

    Every change of an order or a return records a fact in its own transaction, so a fact that is visible now and was
    not then is a change, unless it is one of those known not to be. Positions and times alone would miss a transaction
    that began early and committed late.
    """
    return tx.value(
        r"""
        select pg_current_snapshot()::text
        where not exists (
            select from facts
            where xact >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)
              and not pg_visible_in_snapshot(xact, %(snapshot)s::pg_snapshot)
              and name !~ '^(points|tier|programme|operator|key|reaction)\.'
              and name not in ('member.joined', 'member.amended', 'order.delivered')
        )
        """,
        snapshot=snapshot,
    )


class Reader:
    """Reads a PostgreSQL database as Arrow tables, by ADBC, on a connection of its own each time.

    What is kept between readings is the driver's knowledge of PostgreSQL's types: to gather it takes longer than to
    read twenty thousand purchases.
    """

    def __init__(self, url: str) -> None:
        """Learn the types.

        Raises:
            DatabaseUnavailable: nothing answers there.
        """
        import adbc_driver_manager  # noqa: PLC0415 - this and the next take long to import, and most commands never come here
        import adbc_driver_postgresql  # noqa: PLC0415

        self._connect, self._statement = adbc_driver_manager.AdbcConnection, adbc_driver_manager.AdbcStatement
        try:
            self._types = adbc_driver_postgresql.connect(url)
        except adbc_driver_manager.Error as error:
            raise DatabaseUnavailable(reason=str(error).partition("\n")[0]) from error

    def read(self) -> tuple[str, pa.Table, pa.Table]:
        """Purchases and refunds, and the snapshot both were read at."""
        columns = "shop_id, member_id, day, goods_minor, currency"
        found = self.tables(
            {
                "snapshot": "select pg_current_snapshot()::text as snapshot",
                "purchases": f"select {columns} from commerce_purchases",
                "refunds": f"select {columns} from commerce_refunds",
            }
        )
        [snapshot] = found["snapshot"]["snapshot"].to_pylist()
        return snapshot, found["purchases"], found["refunds"]

    def tables(self, queries: Mapping[str, LiteralString]) -> dict[str, pa.Table]:
        """The rows of some queries, by name, all as of one moment."""
        with self._connect(self._types) as connection, self._statement(connection) as statement:

            def answer(sql: LiteralString) -> pa.Table:
                statement.set_sql_query(sql)
                return pa.RecordBatchReader.from_stream(statement.execute_query()[0]).read_all()

            connection.set_autocommit(False)
            answer("set transaction isolation level repeatable read, read only")
            return {name: answer(sql) for name, sql in queries.items()}


@dataclass(frozen=True, slots=True)
class Portrait:
    """One row of `insight_portraits`: what a member has bought, and the fifths it puts them in."""

    member_id: int
    cohort: date
    """The first day of the month of the first purchase."""

    first_day: date
    last_day: date
    orders: int
    days: int
    """Different days with a purchase."""

    spend_minor: int
    """Goods bought less goods money given back, in the currency of the last refresh; can be negative."""

    r: int
    f: int
    m: int
    grade: str
    changed_at: datetime
    """Since when it has been so."""


@dataclass(frozen=True, slots=True)
class RfmCell:
    """The members with one recency and frequency score."""

    r: int
    f: int
    members: int
    average_spend_minor: int | None
    """None where nobody is."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many members have a grade or a tier of that name."""

    name: str
    members: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One line of the directory. Without a purchase: 0 orders, 0 spend, no scores."""

    member_id: int
    external_id: str
    name: str | None
    email: str | None
    country: str | None
    joined_at: datetime
    tier: str | None
    points: int
    """Available now."""

    orders: int
    spend_minor: int
    last_day: date | None
    r: int | None
    f: int | None
    m: int | None
    grade: str | None


@dataclass(frozen=True, slots=True)
class Refresh:
    """The row of `insight_refreshes`."""

    computed_at: datetime | None
    currency: str | None
    members: int
    frame: str | None
    """Which frame the portraits were computed from."""


def lock_refresh(tx: Transaction) -> Refresh | None:
    """Take the turn to refresh, held until the transaction ends."""
    return tx.first("select computed_at, currency, members, frame from insight_refreshes for update", Refresh)


def stage_portraits(tx: Transaction, portraits: pa.Table) -> None:
    """Put computed portraits beside the kept ones, to be compared with them."""
    tx.stage("insight_staged", portraits)
    tx.run("analyze insight_staged")


def upsert_portraits(tx: Transaction, *, at: datetime) -> int:
    """Add the staged portraits that are new, replace those that differ; how many. The others are not touched at all."""
    return tx.run(
        """
        insert into insight_portraits as kept
            (member_id, cohort, first_day, last_day, orders, days, spend_minor, r, f, m, grade, changed_at)
        select s.member_id, s.cohort, s.first_day, s.last_day, s.orders, s.days, s.spend_minor, s.r, s.f, s.m, s.grade,
               %(at)s::timestamptz
        from insight_staged s
        where not exists (
            select from insight_portraits p
            where p.member_id = s.member_id
              and (p.cohort, p.first_day, p.last_day, p.orders, p.days, p.spend_minor, p.r, p.f, p.m, p.grade)
                = (s.cohort, s.first_day, s.last_day, s.orders, s.days, s.spend_minor, s.r, s.f, s.m, s.grade)
        )
        on conflict (member_id) do update
        set cohort = excluded.cohort, first_day = excluded.first_day, last_day = excluded.last_day,
            orders = excluded.orders, days = excluded.days, spend_minor = excluded.spend_minor,
            r = excluded.r, f = excluded.f, m = excluded.m, grade = excluded.grade, changed_at = excluded.changed_at
        """,
        at=at,
    )


def delete_missing_portraits(tx: Transaction) -> int:
    """Take away the portraits of members who no longer have a purchase; how many."""
    return tx.run(
        """
        delete from insight_portraits p
        where not exists (select from insight_staged s where s.member_id = p.member_id)
        """
    )


def analyze_portraits(tx: Transaction) -> None:
    """Let the planner know the new distribution; a page of the directory right after an import depends on it."""
    tx.run("analyze insight_portraits")


def update_refresh(tx: Transaction, *, at: datetime, currency: str | None, members: int, frame: str) -> None:
    """Note the refresh."""
    tx.run(
        """
        update insight_refreshes
        set computed_at = %(at)s, currency = %(currency)s, members = %(members)s, frame = %(frame)s
        """,
        at=at, currency=currency, members=members, frame=frame,
    )  # fmt: skip


def select_refresh(tx: Transaction) -> Refresh | None:
    """The last refresh."""
    return tx.first("select computed_at, currency, members, frame from insight_refreshes", Refresh)


def select_portrait(tx: Transaction, *, member_id: int) -> Portrait | None:
    """One member's portrait."""
    return tx.first(
        """
        select member_id, cohort, first_day, last_day, orders, days, spend_minor, r, f, m, grade, changed_at
        from insight_portraits where member_id = %(member_id)s
        """,
        Portrait, member_id=member_id,
    )  # fmt: skip


def select_rfm_cells(tx: Transaction) -> list[RfmCell]:
    """How many members each recency and frequency has, and what they spent on average."""
    return tx.all(
        """
        select r, f, count(*) as members, round(avg(spend_minor))::bigint as average_spend_minor
        from insight_portraits group by r, f limit 25
        """,
        RfmCell,
    )


def select_grades(tx: Transaction) -> list[Share]:
    """How many members have each grade."""
    return tx.all("select grade as name, count(*) as members from insight_portraits group by grade limit 3", Share)


Sort = Literal["joined", "name", "spend", "orders", "last_purchase", "points"]
"""What the directory can be sorted by."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which members. What is None does not restrict; the rest must all hold."""

    search: str | None = None
    """Beginnings of words of the name, e-mail, phone or external id, in any order; or a whole external id."""

    tier: str | None = None
    r: int | None = None
    f: int | None = None
    m: int | None = None
    grade: str | None = None
    cohort: date | None = None
    """The first day of the month of the first purchase."""

    country: str | None = None
    last_day_from: date | None = None
    """The last purchase was on this day or later."""

    last_day_to: date | None = None
    """The last purchase was on this day or earlier."""

    among: Sequence[int] | None = None
    """Only these members: what `members_behind` or `cohort_members` answered."""


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which row a page begins: its value, its id, and whether it has a value to sort by at all."""

    key: object
    member_id: int
    valued: bool


SHOWN_AS: Final[Mapping[Sort, str]] = {
    "joined": "joined_at",
    "name": "name",
    "spend": "spend_minor",
    "orders": "orders",
    "last_purchase": "last_day",
    "points": "points",
}
"""The field of `MemberRow` each sort goes by."""

KEYS: Final[Mapping[Sort, type]] = {
    "joined": datetime, "name": str, "spend": int, "orders": int, "last_purchase": date, "points": int
}  # fmt: skip
OF_PORTRAIT: Final[frozenset[Sort]] = frozenset[Sort]({"spend", "orders", "last_purchase"})

UNVALUED: Final[Mapping[Sort, LiteralString]] = {
    "name": "m.name",
    "spend": "p.member_id",
    "orders": "p.member_id",
    "last_purchase": "p.member_id",
    "points": "b.member_id",
}
"""The sorts for which a member may have no value, and what is null then."""

_KEY: Final[Mapping[Sort, LiteralString]] = {
    "joined": "m.joined_at",
    "name": "m.name",
    "spend": "p.spend_minor",
    "orders": "p.orders",
    "last_purchase": "p.last_day",
    "points": "b.available",
}
_TABLES: Final[Mapping[LiteralString, LiteralString]] = {
    "m": "members m",
    "p": "insight_portraits p",
    "s": "programme_current_tiers s",
    "b": "(select member_id, available from ledger_balances where point_type = 'points') b",
}


def select_valued(
    tx: Transaction, chosen: Filter, sort: Sort, *, descending: bool, place: Place | None, limit: int, gather: bool
) -> list[MemberRow]:
    """The members that fit and have a value to sort by, in its order.

    With `gather`, all that fit are found first and then sorted; without, PostgreSQL may walk an index in the order
    asked for until it has found enough, which never ends soon when few fit or those that fit are at its far end.
    """
    key = _KEY[sort]
    direction: LiteralString = "desc" if descending else "asc"
    beyond: LiteralString = "<" if descending else ">"
    where: list[LiteralString] = [f"{UNVALUED[sort]} is not null"] if sort in UNVALUED else []
    if place is not None:
        where.append(f"({key}, {key[0]}.member_id) {beyond} (%(key)s, %(after_id)s)")
    return _select(tx, chosen, key[0], key, where, direction, place, limit, gather=gather)


def select_unvalued(
    tx: Transaction, chosen: Filter, sort: Sort, *, place: Place | None, limit: int, gather: bool
) -> list[MemberRow]:
    """The members that fit and have no value to sort by, in the order of their ids."""
    where: list[LiteralString] = [f"{UNVALUED[sort]} is null"]
    if place is not None:
        where.append("m.member_id > %(after_id)s")
    return _select(tx, chosen, "m", "null::int", where, "asc", place, limit, gather=gather)


def _select(
    tx: Transaction,
    chosen: Filter,
    base: LiteralString,
    key: LiteralString,
    where: list[LiteralString],
    direction: LiteralString,
    place: Place | None,
    limit: int,
    *,
    gather: bool,
) -> list[MemberRow]:
    # The page is chosen from no more tables than that takes, and only its rows are looked up in the others: left to
    # itself, the planner would at times join everything before it sorts.
    conditions, values = _conditions(chosen)
    conditions += where
    order: LiteralString = f"key {direction}, member_id {direction}"
    return tx.all(
        f"""
        with fitting as {"" if gather else "not "}materialized (
            select {base}.member_id, {key} as key
            from {_joined(base, conditions)} where {" and ".join(conditions) or "true"}
        ), page as materialized (
            select member_id, row_number() over (order by {order}) as line
            from fitting order by {order} limit %(limit)s
        )
        select m.member_id, m.external_id, m.name, m.email, m.country, m.joined_at, s.tier,
               coalesce(b.available, 0) as points, coalesce(p.orders, 0) as orders,
               coalesce(p.spend_minor, 0) as spend_minor, p.last_day, p.r, p.f, p.m, p.grade
        from page
        join members m using (member_id)
        left join insight_portraits p using (member_id)
        left join programme_current_tiers s using (member_id)
        left join ledger_balances b on b.member_id = page.member_id and b.point_type = 'points'
        order by page.line
        """,
        MemberRow,
        key=None if place is None else place.key,
        after_id=None if place is None else place.member_id,
        limit=limit,
        **values,
    )


def count_members(tx: Transaction, chosen: Filter, *, limit: int) -> int:
    """How many members fit, counting no further than `limit`."""
    conditions, values = _conditions(chosen)
    base: LiteralString = "p" if of_portrait(chosen) else "m"
    return tx.value(
        f"""
        select count(*) from (
            select from {_joined(base, conditions)} where {" and ".join(conditions) or "true"} limit %(limit)s
        ) as counted
        """,
        limit=limit,
        **values,
    )


def of_portrait(chosen: Filter) -> bool:
    """Whether the filter asks about portraits."""
    return any("p." in condition for condition in _conditions(chosen)[0])


def _conditions(chosen: Filter) -> tuple[list[LiteralString], dict[str, object]]:
    """The conditions of a filter and their values: only those asked for, so that each can use its index."""
    asked = [name for name in _CONDITIONS if getattr(chosen, name) is not None]
    conditions: list[LiteralString] = [_CONDITIONS[name] for name in asked]
    values: dict[str, object] = {name: getattr(chosen, name) for name in asked}
    query = prefix_query(chosen.search or "")
    if query:
        values |= {"query": query, "search": (chosen.search or "").replace("\0", "").strip()}
        conditions.append("(m.search @@ to_tsquery('simple', %(query)s) or m.external_id = %(search)s)")
    return conditions, values


def _joined(base: LiteralString, conditions: list[LiteralString]) -> LiteralString:
    """The base table, joined with those that the conditions speak of."""
    used = " ".join(conditions)
    others: list[LiteralString] = [
        f"left join {table} on {alias}.member_id = {base}.member_id"
        for alias, table in _TABLES.items()
        if alias != base and f"{alias}." in used
    ]
    return " ".join([_TABLES[base], *others])


_CONDITIONS: Final[Mapping[str, LiteralString]] = {
    "tier": "s.tier = %(tier)s",
    "r": "p.r = %(r)s",
    "f": "p.f = %(f)s",
    "m": "p.m = %(m)s",
    "grade": "p.grade = %(grade)s",
    "cohort": "p.cohort = %(cohort)s",
    "country": "m.country = %(country)s",
    "last_day_from": "p.last_day >= %(last_day_from)s",
    "last_day_to": "p.last_day <= %(last_day_to)s",
    "among": "m.member_id = any(%(among)s::bigint[])",
}


def prefix_query(search: str) -> str:
    """A text-search query for texts with words that begin as these words do, whatever characters are in them."""
    words = search.replace("\0", "").replace("\\", "\\\\").replace("'", "''").split()
    return " & ".join(f"'{word}':*" for word in words)
