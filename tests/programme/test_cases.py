"""The hard cases of the field that the programme answers, by their number in docs/explanation/ledger.md."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import make
from cast import ADA
from conftest import NOON
from make import DAY, came_back, line, order, record, take_in
from regulars import commerce, jobs, ledger, members, programme
from regulars.app import App
from regulars.storage import Database, Transaction

MONTH_END = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
"""Half past eleven on 31 March in London, half past six on 1 April in Shanghai."""


@pytest.fixture
def app(database: Database) -> App:
    return make.app(database)


def bring(app: App, *documents: commerce.NewOrder | commerce.NewReturn, at: datetime = NOON) -> list[str]:
    """Record documents, let what follows follow, and say what became of them."""
    with app.database.transaction() as tx:
        shop = make.shop(tx)
        told = [
            (record(tx, shop, one, at=at) if isinstance(one, commerce.NewOrder) else take_in(tx, shop, one, at=at))[0]
            for one in documents
        ]
    jobs.react(app, patience_seconds=30)
    return [one.status for one in told]


def ada(tx: Transaction) -> int:
    return members.by_external_id(tx, ADA, issuer="uk").member_id


def lots(app: App, *, at: datetime) -> dict[datetime | None, int]:
    with app.database.transaction() as tx:
        assert ledger.audit(tx) == []
        return {lot.expires_at: lot.amount for lot in ledger.lots(tx, ada(tx), at=at)}


def past(tx: Transaction) -> list[list[tuple[Any, ...]]]:
    """Everything that was decided about points and tiers."""
    return [
        tx.rows("select * from ledger_entries order by account_id, seq"),
        tx.rows("select * from ledger_lots order by account_id, expires_at"),
        tx.rows("select * from programme_awards order by order_id"),
        tx.rows("select * from programme_qualifying order by member_id, counts_at, reference"),
        tx.rows("select * from facts where name ~ '^(points|tier|order)[.]' order by xact, fact_id"),
    ]


def test_case_11_a_change_of_time_zone_rewrites_nothing_and_holds_from_then_on(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 2, 1000, line_no=1), placed_at=MONTH_END), at=MONTH_END)
    in_london = datetime(2028, 3, 31, 23, tzinfo=UTC)  # the start of April there
    assert lots(app, at=MONTH_END) == {in_london: 200}
    changed_at = MONTH_END + 10 * DAY
    with app.database.transaction() as tx:
        before = past(tx)
        moved = replace(programme.current(tx), time_zone="Asia/Shanghai")
        programme.publish(tx, moved, at=changed_at, by="Olga")
    jobs.tick(replace(app, clock=lambda: changed_at), patience_seconds=30)
    with app.database.transaction() as tx:
        assert past(tx) == before
        tx.run("update facts_cursors set xact = '0', fact_id = 0")  # last month's facts come once more
    jobs.react(app, patience_seconds=30)
    with app.database.transaction() as tx:
        assert past(tx) == before
    next_month = datetime(2026, 4, 30, 22, 30, tzinfo=UTC)
    bring(app, order("2", ADA, line("CUP", 1, 500), placed_at=next_month), at=next_month)
    in_shanghai = datetime(2028, 5, 31, 16, tzinfo=UTC)  # the start of June there: it was May already
    assert lots(app, at=next_month) == {in_london: 200, in_shanghai: 50}
    bring(  # a correction of the old order is of its own period
        app,
        order("1", ADA, line("MUG", 2, 1000, line_no=1), line("PEN", 1, 100, line_no=2), placed_at=MONTH_END),
        came_back("R1", None, line("MUG", 1, 1000), of="1", returned_at=next_month),
        at=next_month,
    )
    assert lots(app, at=next_month) == {in_london: 110, in_shanghai: 50}
    with app.database.transaction() as tx:
        versions = tx.rows("select version_id, points, reversed from programme_awards order by version_id")
    assert versions == [(1, 210, 100), (2, 50, 0)]


def test_case_11_points_at_the_edge_of_a_day_expire_once_whatever_zone_the_job_runs_in(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 2, 1000), placed_at=MONTH_END), at=MONTH_END)
    end = datetime(2028, 3, 31, 23, tzinfo=UTC)
    with app.database.transaction() as tx:
        programme.publish(tx, replace(programme.current(tx), time_zone="Pacific/Apia"), at=MONTH_END + DAY, by="Olga")
    for at, left in (
        (end - timedelta(hours=13), 200),
        (end - timedelta(microseconds=1), 200),
        (end, 0),
        (end + DAY, 0),
    ):
        with app.database.transaction() as tx:
            ledger.expire_due(tx, at=at)
            assert ledger.balance(tx, ada(tx), at=at).available == left
    with app.database.transaction() as tx:
        assert tx.value("select count(*) from facts where name = 'points.expired'") == 1
