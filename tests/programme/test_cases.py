"""The hard cases of the field that the programme answers, by their number in docs/explanation/ledger.md."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
        moved = replace(programme.current(tx, at=changed_at), time_zone="Asia/Shanghai")
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
        programme.publish(
            tx, replace(programme.current(tx, at=MONTH_END), time_zone="Pacific/Apia"), at=MONTH_END + DAY, by="Olga"
        )
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


def edit(
    app: App, number: str, *lines: commerce.NewLine, at: datetime = NOON + DAY, **more: datetime
) -> commerce.Order:
    """Put other lines in the place of an order's, and let what follows follow."""
    with app.database.transaction() as tx:
        [found] = commerce.list_orders(tx, number=number)
        done = commerce.revise_order(tx, found.order_id, lines, at=at, **more)
    jobs.react(app, patience_seconds=30)
    return done


def holds(app: App, customer: str = ADA, *, at: datetime = NOON + 9 * DAY) -> tuple[int, int, int]:
    """A member's points, debt, and spend towards the tier."""
    with app.database.transaction() as tx:
        assert ledger.audit(tx) == []
        member_id = members.by_external_id(tx, customer, issuer="uk").member_id
        balance = ledger.balance(tx, member_id, at=at)
        return balance.available, balance.debt, programme.standing(tx, member_id, at=at).qualifying_minor


MUG, CUP = line("MUG", 2, 1000, line_no=1), line("CUP", 1, 1500, line_no=2)


def test_case_20_an_exchange_takes_and_gives_the_difference_only(app: App) -> None:
    bring(app, order("1", ADA, MUG, CUP))
    assert holds(app) == (350, 0, 3500)
    edit(app, "1", MUG, line("BOWL", 1, 1200, line_no=2))
    assert holds(app) == (320, 0, 3200)
    edit(app, "1", MUG, line("TRAY", 1, 2000, line_no=2))
    assert holds(app) == (400, 0, 4000)
    with app.database.transaction() as tx:
        told = [(one.kind, one.amount) for one in reversed(ledger.statement(tx, ada(tx)))]
    assert told == [
        ("earn", 350),
        ("clawback", -30),
        ("earn", 80),
    ]  # each edit is its own delta, nothing is undone and redone


def test_case_20_a_price_adjustment_follows_the_money_and_keeps_the_expiry(app: App) -> None:
    bring(app, order("1", ADA, MUG))
    before = lots(app, at=NOON)
    edit(app, "1", line("MUG", 2, 1000, line_no=1, discount_minor=500))
    assert holds(app) == (150, 0, 1500)
    edit(app, "1", MUG, at=NOON + 2 * DAY)
    assert (holds(app), lots(app, at=NOON + 2 * DAY)) == ((200, 0, 2000), before)


def test_case_20_an_edit_and_returns_together_end_with_what_was_kept(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 4, 1000, line_no=1), CUP))
    bring(app, came_back("R1", None, line("MUG", 1, 1000), of="1"), at=NOON + DAY)
    assert holds(app) == (450, 0, 4500)
    # The cup is gone, and 200 of each mug that was kept were given back: 3400 were paid for the line.
    edit(app, "1", line("MUG", 4, 1000, line_no=1, discount_minor=600))
    assert holds(app) == (255, 0, 2550)
    bring(app, came_back("R2", None, line("MUG", 3, 800), of="1", returned_at=NOON + 2 * DAY), at=NOON + 2 * DAY)
    assert holds(app) == (0, 0, 0)


def test_case_20_an_edit_before_its_return_was_followed_takes_nothing_twice(app: App) -> None:
    bring(app, order("1", ADA, line("MUG", 4, 1000, line_no=1)))
    with app.database.transaction() as tx:
        shop = make.shop(tx)
        take_in(tx, shop, came_back("R1", None, line("MUG", 2, 1000), of="1"), at=NOON + DAY)
        [found] = commerce.list_orders(tx, number="1")
        commerce.revise_order(tx, found.order_id, [line("MUG", 3, 1000, line_no=1)], at=NOON + DAY)
    jobs.react(app, patience_seconds=30)
    assert holds(app) == (100, 0, 1000)
    with app.database.transaction() as tx:
        tx.run("update facts_cursors set xact = '0', fact_id = 0")
    jobs.react(app, patience_seconds=30)
    assert holds(app) == (100, 0, 1000)


def test_case_20_a_split_shipment_and_the_same_version_again_change_nothing(app: App) -> None:
    bring(app, order("1", ADA, MUG, CUP))
    with app.database.transaction() as tx:
        before = past(tx)
        [found] = commerce.list_orders(tx, number="1")
        commerce.record_deliveries(
            tx,
            make.shop(tx),
            [commerce.NewDelivery("1", f"D{n}", shipped_at=NOON + n * DAY) for n in (1, 2)],
            at=NOON + DAY,
        )
        assert commerce.revise_order(tx, found.order_id, [MUG, CUP], at=NOON + DAY) == found
    jobs.react(app, patience_seconds=30)
    with app.database.transaction() as tx:
        assert past(tx)[:4] == before[:4]


def test_case_20_a_reopened_order_has_its_points_again_as_often_as_it_is_cancelled(app: App) -> None:
    bring(app, order("1", ADA, MUG))
    for n in range(1, 4):
        with app.database.transaction() as tx:
            [found] = commerce.list_orders(tx, number="1")
            commerce.cancel_order(tx, found.order_id, at=NOON + n * DAY)
        jobs.react(app, patience_seconds=30)
        assert holds(app) == (0, 0, 0)
        assert edit(app, "1", MUG, at=NOON + n * DAY).cancelled_at is None
        assert holds(app) == (200, 0, 2000)


def test_case_20_an_edit_after_the_points_were_spent_leaves_a_debt_and_a_later_one_pays_it(app: App) -> None:
    bring(app, order("1", ADA, MUG))
    with app.database.transaction() as tx:
        ledger.spend(tx, ada(tx), 180, reference="voucher", at=NOON)
    edit(app, "1", line("MUG", 1, 1000, line_no=1))
    assert holds(app) == (0, 80, 1000)
    edit(app, "1", line("MUG", 3, 1000, line_no=1))
    assert holds(app) == (120, 0, 3000)


def test_case_20_a_version_that_would_undo_a_return_is_refused_and_changes_nothing(app: App) -> None:
    bring(app, order("1", ADA, MUG, CUP))
    bring(app, came_back("R1", None, line("MUG", 2, 1000), of="1"), at=NOON + DAY)
    with app.database.transaction() as tx:
        before = past(tx)
    for lines in ([line("MUG", 1, 1000, line_no=1)], [CUP], [line("POT", 2, 1000, line_no=1)]):
        with pytest.raises(commerce.RevisionRefused, match="2 of line 1 came back already"):
            edit(app, "1", *lines)
    with pytest.raises(commerce.BadDocument):
        edit(app, "1")
    with app.database.transaction() as tx:
        assert past(tx) == before


def test_case_20_an_unpaid_order_earns_by_its_version_when_it_is_paid(app: App) -> None:
    bring(app, order("1", ADA, MUG, paid=False))
    edit(app, "1", CUP)
    assert holds(app)[0] == 0
    edit(app, "1", CUP, paid_at=NOON + DAY)
    assert holds(app) == (150, 0, 1500)


NUMBERS = count(5000)
LINES = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 999)), min_size=1, max_size=3)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_case_20_whatever_happens_to_an_order_it_has_earned_what_is_left_of_its_last_version(
    app: App, data: st.DataObject
) -> None:
    number = str(next(NUMBERS))
    version = data.draw(LINES)
    bring(app, order(number, number, *_lines(version)))
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            with app.database.transaction() as tx:
                [found] = commerce.list_orders(tx, number=number)
                commerce.cancel_order(tx, found.order_id, at=NOON + DAY)
            jobs.react(app, patience_seconds=30)
            assert holds(app, number) == (0, 0, 0)
        version = data.draw(LINES)
        edit(app, number, *_lines(version))
        points = sum(quantity * unit // 10 for quantity, unit in version)
        assert holds(app, number) == (points, 0, sum(quantity * unit for quantity, unit in version))


def _lines(version: list[tuple[int, int]]) -> list[commerce.NewLine]:
    return [line(f"S{n}", quantity, unit, line_no=n + 1) for n, (quantity, unit) in enumerate(version)]
