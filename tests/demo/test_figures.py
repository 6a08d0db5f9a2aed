"""The demonstration's figures equal those worked out by hand from the raw file, to the penny and cell by cell."""

import sys
from collections import Counter
from collections.abc import Generator
from datetime import date
from pathlib import Path

import pytest

from conftest import on_database, temporary_database
from regulars import commerce, demo, insight, jobs, ledger, settings
from regulars.app import App
from regulars.commerce import connectors as files
from regulars.storage import Database

sys.path.insert(0, str(Path(__file__).parent))
from by_hand import ByHand


@pytest.fixture(scope="module")
def by_hand() -> ByHand:
    with demo.export() as path:
        return ByHand(path)


@pytest.fixture(scope="module")
def app(server_url: str, template: str) -> Generator[App]:
    """The year, imported as `regulars demo` does."""
    with temporary_database(server_url, template) as name:
        database = Database(on_database(server_url, name))
        opened = App(settings.Settings(), database, lambda: demo.NOW, demo=True)
        import_year(opened)
        yield opened
        database.close()


def import_year(app: App, *, again: bool = False) -> files.Import:
    with app.database.transaction() as tx:
        shop = demo.open_shop(tx, at=demo.NOW)
    with demo.export() as path:
        source = files.read_file(path, demo.PROFILE, shop)
        try:
            return jobs.import_file(app, shop, source, again=again)
        finally:
            source.close()


WHOLE = insight.Scope(date(2010, 12, 1), date(2011, 12, 10))


def figure(app: App, name: str) -> float | int | None:
    return insight.figure(app.frames.read(app.database), name, WHOLE).value


def test_every_row_of_the_file_is_counted_once(app: App, by_hand: ByHand) -> None:
    with app.database.transaction() as tx:
        [done] = commerce.list_imports(tx)
        members = tx.value("select count(*) from members")
    assert done.report["rows_read"] == len(by_hand.rows) == 541_909
    assert done.report["verdicts"] == {
        "order": sum(len(order.lines) for order in by_hand.orders.values()),
        "return": sum(len(one.lines) for one in by_hand.returns.values()),
        "dropped: duplicate row": by_hand.dropped["duplicate"],
        "dropped: stock adjustment": by_hand.dropped["stock adjustment"],
        "dropped: no price": by_hand.dropped["no price"],
        "dropped: bookkeeping document": by_hand.dropped["bookkeeping"],
    }
    assert members == len(by_hand.customers) == 4_372


def test_orders_revenue_and_repurchase_rate(app: App, by_hand: ByHand) -> None:
    assert figure(app, "orders") == len(by_hand.purchases)
    assert figure(app, "revenue") == by_hand.revenue()
    assert figure(app, "net_revenue") == by_hand.revenue() - by_hand.refunds()
    assert figure(app, "repurchase_rate") == pytest.approx(by_hand.repurchase_rate(), abs=1e-12)
    assert figure(app, "active_members") == len(by_hand.by_customer)


def test_every_cell_of_the_cohort_table(app: App, by_hand: ByHand) -> None:
    table = insight.cohorts(app.frames.read(app.database), until=demo.NOW.date())
    cells = {(cohort.month, cell.months): cell.active for cohort in table for cell in cohort.cells if cell.active}
    assert cells == by_hand.cohorts()
    assert len(table) == 13


def test_every_members_recency_frequency_and_money(app: App, by_hand: ByHand) -> None:
    with app.database.transaction() as tx:
        rows = tx.rows("select external_id, r, f, m from insight_portraits join members using (member_id)")
        cells = {(cell.r, cell.f): cell.members for cell in insight.distribution(tx).rfm}
    expected = by_hand.rfm()
    assert {external_id: tuple(scores) for external_id, *scores in rows} == expected
    assert {cell: count for cell, count in cells.items() if count} == Counter((r, f) for r, f, _ in expected.values())


def test_every_members_points_before_and_after_all_returns(app: App, by_hand: ByHand) -> None:
    earned, left = by_hand.points
    with app.database.transaction() as tx:
        before = tx.rows(
            "select external_id, sum(points)::bigint from programme_awards join members using (member_id) group by external_id"
        )
        stamped = tx.rows(
            "select external_id, sum(p.points)::bigint from programme_award_parts p join programme_awards using (order_id)"
            " join members using (member_id) where point_type = 'stamps' group by external_id"
        )
        held = "select external_id, available + pending - debt from ledger_accounts join members using (member_id) where point_type = %(kind)s"
        after, stamps = tx.rows(held, kind="points"), tx.rows(held, kind="stamps")
    assert {name: points for name, points in before if points} == {
        name: points for name, points in earned.items() if points
    }
    assert {name: points for name, points in after if points} == {
        name: points for name, points in left.items() if points
    }
    assert len(before) > 4_000
    assert dict(stamped) == by_hand.stamps[0]
    assert {name: held for name, held in stamps if held} == {
        name: held for name, held in by_hand.stamps[1].items() if held
    }


def test_every_account_balances_with_its_entries_and_its_lots(app: App) -> None:
    with app.database.transaction() as tx:
        assert ledger.audit(tx) == []
        totals = {one.point_type: one for one in ledger.totals(tx)}
        assert all(one.issued - one.reversed == one.outstanding - one.debt for one in totals.values())
        assert totals["points"].issued == tx.value("select sum(points)::bigint from programme_awards")
        assert totals["stamps"].issued == tx.value("select sum(points)::bigint from programme_award_parts")


def test_every_members_tier(app: App, by_hand: ByHand) -> None:
    assert by_hand.points  # which also notes on the lines what came back of them
    with app.database.transaction() as tx:
        assert dict(tx.rows("select tier, count(*) from programme_standings group by tier")) == by_hand.tiers()


TABLES = {
    "members": "member_id, external_id, country, joined_at",
    "commerce_orders": "order_id, external_id, member_id, placed_at, paid_at, goods_minor, total_minor, fingerprint",
    "commerce_order_lines": "order_id, line_no, quantity, product_id, unit_minor, amount_minor, returned, goods",
    "commerce_returns": "return_id, external_id, member_id, returned_at, goods_minor, total_minor, fingerprint",
    "commerce_return_lines": "return_id, line_no, part_no, product_id, quantity, amount_minor, order_id, order_line_no, before",
    "commerce_products": "product_id, sku, name, kind",
    "programme_awards": "order_id, member_id, version_id, points, spend_minor, reversed, spend_taken",
    "programme_qualifying": "member_id, counts_at, known_at, reference, amount_minor",
    "programme_standings": "member_id, tier, since, qualifying_minor",
    "ledger_accounts": "member_id, point_type, available, pending, debt, seq",
    "ledger_lots": "account_id, expires_at, remaining",
    "insight_portraits": "member_id, cohort, first_day, last_day, orders, spend_minor, r, f, m, grade",
}


def contents(database: Database) -> dict[str, tuple[int, str]]:
    """For each table how many rows there are and a digest of all of them."""
    with database.transaction() as tx:
        return {
            table: tx.rows(
                f"select count(*), md5(string_agg(md5(({columns})::text), '' order by md5(({columns})::text))) from {table}"
            )[0]  # pyright: ignore[reportArgumentType]
            for table, columns in TABLES.items()
        }


def test_importing_the_file_again_changes_nothing(app: App) -> None:
    before = contents(app.database)
    again = import_year(app, again=True)
    assert again.report["documents"] == {"orders replayed": 19_959, "returns replayed": 3_836}
    assert contents(app.database) == before
    with app.database.transaction() as tx:
        assert tx.value("select count(*) from facts where name = 'order.placed'") == 19_959
        assert ledger.audit(tx) == []
