"""The SQL of what-ifs that PostgreSQL runs: what is replayed, and what was asked and found."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg.types.json import Jsonb

from regulars.insight.what_if._records import Report, Task, WhatIf
from regulars.storage import Transaction

SOLD: Final = """
    select order_id, member_id, placed_at, paid_at, currency, country, shop, time_zone, other_minor, goods_minor
    from commerce_rule_orders
    where member_id is not null and paid_at is not null and cancelled_at is null and goods_minor > 0
"""
LINES: Final = "select order_id, line_no, quantity, amount_minor from commerce_goods_lines"
NAMED_LINES: Final = """
    select order_id, line_no, quantity, amount_minor, unit_minor, sku, name, category, tags from commerce_rule_lines
"""
CAME_BACK: Final = "select order_id, return_id, returned_at, line_no, before, quantity from commerce_returned_goods"
PEOPLE: Final = """
    select member_id, joined_at, coalesce(country, '') as country, issuer, attributes ->> 'time_zone' as time_zone,
        attributes ->> 'birthday' as birthday,
        case when jsonb_typeof(attributes -> 'segments') = 'array' then (attributes -> 'segments')::text end as segments
    from members
"""


def history_of(*, named: bool) -> Mapping[str, LiteralString]:
    """The queries of a history by the name of its table; `named`: lines with their products and prices."""
    return {"sold": SOLD, "sold_lines": NAMED_LINES if named else LINES, "came_back": CAME_BACK, "people": PEOPLE}


def select_happened(tx: Transaction, *, names: Sequence[str]) -> list[tuple[int, str, datetime]]:
    """Facts of some names, each with its member."""
    rows = tx.rows(
        """
        select member_id, name, occurred_at from facts
        where name = any(%(names)s::text[]) and member_id is not null limit 100000000
        """,
        names=list(names),
    )
    return [(member_id, name, at) for member_id, name, at in rows]


def select_spent(tx: Transaction, *, until: datetime) -> list[tuple[int, str, int]]:
    """What members spent of each type of points by a moment, less what was given back."""
    rows = tx.rows(
        """
        select member_id, point_type, sum(points)::bigint as points from ledger_spendings
        where occurred_at <= %(until)s group by member_id, point_type limit 100000000
        """,
        until=until,
    )
    return [(member_id, point_type, points) for member_id, point_type, points in rows]


def select_all_members(tx: Transaction) -> list[int]:
    """Everybody."""
    return tx.values("select member_id from members order by member_id limit 100000000")


_COLUMNS: Final = """what_if_id, draft_id, revision, against, months, thousand_minor, asked_at, asked_by, started_at, moved_at, percent,
    finished_at, cancelled_at, cancelled_by, failed_at, reason, report"""


def _what_if(row: Sequence[Any]) -> WhatIf:
    report = row[-1]
    return WhatIf(*row[:-1], report=None if report is None else msgspec.convert(report, Report))


def insert_what_if(tx: Transaction, *, new: WhatIf, document: Mapping[str, Any], held: Mapping[str, Any]) -> int:
    """Note what is asked."""
    return tx.run(
        """
        insert into insight_what_ifs (what_if_id, draft_id, revision, document, against, held, months, thousand_minor, asked_at, asked_by,
            started_at, moved_at)
        values (%(what_if_id)s, %(draft_id)s, %(revision)s, %(document)s, %(against)s, %(held)s, %(months)s, %(thousand_minor)s,
            %(asked_at)s, %(asked_by)s, %(started_at)s, %(started_at)s)
        """,
        what_if_id=new.what_if_id, draft_id=new.draft_id, revision=new.revision, document=Jsonb(dict(document)),
        against=new.against, held=Jsonb(dict(held)), months=new.months, thousand_minor=new.thousand_minor,
        asked_at=new.asked_at, asked_by=new.asked_by, started_at=new.started_at,
    )  # fmt: skip


def select_what_if(tx: Transaction, *, what_if_id: int) -> WhatIf | None:
    """One of them."""
    rows = tx.rows(f"select {_COLUMNS} from insight_what_ifs where what_if_id = %(what_if_id)s", what_if_id=what_if_id)
    return next(map(_what_if, rows), None)


def select_what_ifs(
    tx: Transaction, *, draft_id: int | None, before: tuple[datetime, int] | None, limit: int
) -> list[WhatIf]:
    """What was asked, of one draft or of all, the latest first."""
    rows = tx.rows(
        f"""
        select {_COLUMNS} from insight_what_ifs
        where (%(draft_id)s::bigint is null or draft_id = %(draft_id)s)
          and (%(before_at)s::timestamptz is null or (asked_at, what_if_id) < (%(before_at)s, %(before_id)s::bigint))
        order by asked_at desc, what_if_id desc limit %(limit)s
        """,
        draft_id=draft_id, before_at=before and before[0], before_id=before and before[1], limit=limit,
    )  # fmt: skip
    return [_what_if(row) for row in rows]


def select_latest(tx: Transaction, *, draft_id: int, revision: int, finished: bool) -> WhatIf | None:
    """The latest of a draft's revision; `finished`: that has a report."""
    rows = tx.rows(
        f"""
        select {_COLUMNS} from insight_what_ifs
        where draft_id = %(draft_id)s and revision = %(revision)s and (finished_at is not null or not %(finished)s)
        order by asked_at desc, what_if_id desc limit 1
        """,
        draft_id=draft_id, revision=revision, finished=finished,
    )  # fmt: skip
    return next(map(_what_if, rows), None)


def select_task(tx: Transaction, *, what_if_id: int) -> Task:
    """What is to be replayed."""
    [(*row, document, held)] = tx.rows(
        f"select {_COLUMNS}, document, held from insight_what_ifs where what_if_id = %(what_if_id)s",
        what_if_id=what_if_id,
    )
    return Task(_what_if(row), document, held)


def claim(tx: Transaction, *, at: datetime, since: datetime) -> int | None:
    """Take what waits longest, or what gave no sign of life since a moment; nobody else has it."""
    return tx.value(
        """
        update insight_what_ifs set started_at = %(at)s, moved_at = %(at)s, percent = 0
        where what_if_id = (
            select what_if_id from insight_what_ifs
            where finished_at is null and cancelled_at is null and failed_at is null and (started_at is null or moved_at < %(since)s)
            order by asked_at limit 1 for update skip locked
        )
        returning what_if_id
        """,
        at=at, since=since,
    )  # fmt: skip


def advance(tx: Transaction, *, what_if_id: int, percent: int, at: datetime, started_at: datetime) -> int:
    """Note how far it is; 0 rows: it was cancelled, or somebody else took it."""
    return tx.run(
        """
        update insight_what_ifs set percent = %(percent)s, moved_at = %(at)s
        where what_if_id = %(what_if_id)s and started_at = %(started_at)s and cancelled_at is null and failed_at is null
        """,
        what_if_id=what_if_id, percent=percent, at=at, started_at=started_at,
    )  # fmt: skip


def finish(tx: Transaction, *, what_if_id: int, report: Report, at: datetime, started_at: datetime) -> int:
    """Keep what was found; 0 rows: it was cancelled, or somebody else took it."""
    return tx.run(
        """
        update insight_what_ifs set percent = 100, moved_at = %(at)s, finished_at = %(at)s, report = %(report)s
        where what_if_id = %(what_if_id)s and started_at = %(started_at)s and cancelled_at is null and failed_at is null
          and finished_at is null
        """,
        what_if_id=what_if_id, report=Jsonb(msgspec.to_builtins(report)), at=at, started_at=started_at,
    )  # fmt: skip


def cancel(tx: Transaction, *, what_if_id: int, at: datetime, by: str) -> int:
    """Let it be; 0 rows: it is over."""
    return tx.run(
        """
        update insight_what_ifs set cancelled_at = %(at)s, cancelled_by = %(by)s
        where what_if_id = %(what_if_id)s and finished_at is null and cancelled_at is null and failed_at is null
        """,
        what_if_id=what_if_id, at=at, by=by,
    )  # fmt: skip


def fail(tx: Transaction, *, what_if_id: int, reason: str, at: datetime) -> int:
    """Note that it cannot be done."""
    return tx.run(
        """
        update insight_what_ifs set failed_at = %(at)s, reason = %(reason)s
        where what_if_id = %(what_if_id)s and finished_at is null and cancelled_at is null and failed_at is null
        """,
        what_if_id=what_if_id, reason=reason, at=at,
    )  # fmt: skip
