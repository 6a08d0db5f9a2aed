"""Frames: read from PostgreSQL by ADBC, and read again exactly when something has changed."""

import contextlib
import threading

import psycopg
import pytest

import make
from cast import ADA, BEN, CLEO
from conftest import NOON
from make import DAY, came_back, line, order
from regulars import commerce, facts, insight, members
from regulars.insight import Frames, Scope
from regulars.storage import Database, DatabaseUnavailable, Transaction, connect


@pytest.fixture
def shop(database: Database) -> commerce.Shop:
    with database.transaction() as tx:
        return make.shop(tx)


def buy(database: Database, shop: commerce.Shop, *orders: commerce.NewOrder) -> list[commerce.Outcome]:
    with database.transaction() as tx:
        return make.record(tx, shop, *orders)


def test_a_frame_holds_what_counts_as_a_purchase_and_as_a_refund(database: Database, shop: commerce.Shop) -> None:
    late = NOON.replace(day=30, hour=23, minute=30)  # already the next day in London
    outcomes = buy(
        database,
        shop,
        order("1", ADA, line(quantity=2), line("POST", kind="shipping")),
        order("2", None, placed_at=late),
        order("3", BEN, paid=False),
        order("4", BEN),
        order("5", BEN, line("POST", kind="shipping")),
    )
    with database.transaction() as tx:
        commerce.cancel_order(tx, outcomes[3].document_id, cancelled_at=NOON + DAY, at=NOON)
        make.take_in(tx, shop, came_back("R1", ADA, line(), of="1"))
        ada = members.by_external_id(tx, ADA, issuer=shop.code).member_id
    frame = Frames().read(database)
    bought = {"shop_id": shop.shop_id, "currency": "GBP"}
    assert sorted(frame.purchases.to_pylist(), key=lambda row: row["day"]) == [
        {"member_id": ada, "day": NOON.date(), "goods_minor": 2000} | bought,
        {"member_id": None, "day": late.date() + DAY, "goods_minor": 1000} | bought,
    ]
    assert frame.refunds.to_pylist() == [{"member_id": ada, "day": (NOON + DAY).date(), "goods_minor": 1000} | bought]
    assert (frame.first_day, frame.last_day) == (NOON.date(), late.date() + DAY)


def test_an_empty_database_is_an_empty_frame(database: Database) -> None:
    frame = Frames().read(database)
    assert (frame.purchases.num_rows, frame.refunds.num_rows, frame.first_day, frame.currencies()) == (0, 0, None, [])


def test_a_frame_is_kept_until_something_changes(database: Database, shop: commerce.Shop) -> None:
    frames = Frames()
    [bought] = buy(database, shop, order("1", ADA, paid=False))
    first = frames.read(database)
    assert frames.read(database) is first
    with database.transaction() as tx:
        facts.record(tx, [facts.Fact("points.earned", NOON)], at=NOON)
    assert frames.read(database) is first
    with database.transaction() as tx:
        commerce.pay_order(tx, bought.document_id, paid_at=NOON, at=NOON)
    paid = frames.read(database)
    assert (first.purchases.num_rows, paid.purchases.num_rows) == (0, 1)
    with database.transaction() as tx:
        commerce.cancel_order(tx, bought.document_id, cancelled_at=NOON, at=NOON)
    assert frames.read(database).purchases.num_rows == 0
    with database.transaction() as tx:
        make.take_in(tx, shop, came_back("R1", CLEO))
    last = frames.read(database)
    assert last.refunds.num_rows == 1
    assert frames.read(database) is last


def test_what_is_not_committed_is_not_seen_and_what_is_rolled_back_never_was(
    database: Database, shop: commerce.Shop
) -> None:
    frames = Frames()
    first = frames.read(database)
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        make.record(tx, shop, order("1", ADA))
        assert frames.read(database) is first
        raise ZeroDivisionError
    assert frames.read(database) is first


def test_an_early_transaction_that_commits_late_is_noticed(database: Database, shop: commerce.Shop) -> None:
    """Its facts are numbered before those of a frame read in between, so that no position would tell."""
    frames = Frames()
    one, two = buy(database, shop, order("1", ADA), order("2", BEN))
    with contextlib.closing(connect(database.url)) as early:
        with early.transaction():
            commerce.cancel_order(Transaction(early), one.document_id, cancelled_at=NOON, at=NOON)
            with database.transaction() as tx:
                commerce.cancel_order(tx, two.document_id, cancelled_at=NOON, at=NOON)
            between = frames.read(database)
            assert frames.read(database) is between
        after = frames.read(database)
    assert (between.purchases.num_rows, after.purchases.num_rows) == (1, 0)


def test_purchases_and_refunds_belong_to_one_moment(database: Database, shop: commerce.Shop) -> None:
    """While a writer adds an order and its return together, no frame has one without the other."""
    stop, torn = threading.Event(), []

    def read() -> None:
        frames = Frames()
        while not stop.is_set():
            frame = frames.read(database)
            torn.append(frame.purchases.num_rows != frame.refunds.num_rows)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(25):
        with database.transaction() as tx:
            make.record(tx, shop, order(f"{number}", ADA))
            make.take_in(tx, shop, came_back(f"R{number}", ADA, of=f"{number}"))
    stop.set()
    reader.join()
    assert torn
    assert not any(torn)


def test_several_threads_share_one_reading(database: Database, shop: commerce.Shop) -> None:
    buy(database, shop, order("1", ADA))
    frames, found = Frames(), []
    threads = [threading.Thread(target=lambda: found.append(frames.read(database))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1
    figures = []
    days = Scope(NOON.date(), NOON.date() + 30 * DAY)
    threads = [threading.Thread(target=lambda: figures.append(insight.figures(found[0], days))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(figures) == 4
    assert all(each == figures[0] for each in figures)


def test_a_frame_reads_nothing_but_its_tables(tmp_path) -> None:
    import duckdb

    (tmp_path / "secret.csv").write_text("a\n1\n")
    with (
        insight.Frame(insight.SCHEMA.empty_table()).session() as session,
        pytest.raises(duckdb.Error, match="disabled"),
    ):
        session.ask(f"select * from '{tmp_path}/secret.csv'")


def test_a_database_that_is_gone_is_an_error_and_not_an_old_frame(database: Database, shop: commerce.Shop) -> None:
    frames = Frames()
    buy(database, shop, order("1", ADA))
    frames.read(database)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("alter table facts rename to facts_gone")
    with pytest.raises(psycopg.Error):
        frames.read(database)


def test_a_database_that_does_not_answer_is_named_with_the_remedy() -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable, match="check REGULARS_DATABASE_URL"):
        Frames().read(nowhere)
    nowhere.close()
