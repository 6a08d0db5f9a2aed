"""Portraits: computed from what is committed, written once, taken away when there is nothing left to portray."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import psycopg
import pytest

import make
from cast import ADA, BEN, CLEO
from conftest import NOON
from make import DAY, came_back, line, order
from regulars import commerce, insight, members
from regulars.insight import Frames, Refreshed, Share
from regulars.storage import Database


@pytest.fixture
def shop(database: Database) -> commerce.Shop:
    with database.transaction() as tx:
        shop = make.shop(tx)
        make.record(
            tx,
            shop,
            order("1", ADA, line(quantity=5)),
            order("2", ADA, placed_at=NOON + 40 * DAY),
            order("3", BEN, placed_at=NOON + 10 * DAY),
            order("4", None),
            at=NOON + 40 * DAY,
        )
        make.take_in(tx, shop, came_back("R1", ADA, line(quantity=2), of="1"))
        members.enrol(tx, [members.NewMember(CLEO, issuer=shop.code)], at=NOON)
    return shop


def refresh(database: Database, frames: Frames, at=NOON) -> Refreshed:
    with database.transaction() as tx:
        return insight.refresh(tx, frames, database, at=at)


def written(database: Database) -> list[tuple[object, ...]]:
    with database.transaction() as tx:
        return tx.rows("select p.*, p.xmin::text from insight_portraits p order by member_id")


def member(tx, name: str) -> int:
    return members.by_external_id(tx, name, issuer="uk").member_id


def test_a_refresh_writes_the_portrait_of_each_member_with_a_purchase(database: Database, shop: commerce.Shop) -> None:
    assert refresh(database, Frames()) == Refreshed(members=2, changed=2, currency="GBP")
    with database.transaction() as tx:
        ada = insight.portrait(tx, member(tx, ADA))
        assert insight.portrait(tx, member(tx, CLEO)) is None
    assert ada is not None
    assert (ada.cohort, ada.first_day, ada.last_day) == (date(2026, 3, 1), date(2026, 3, 2), date(2026, 4, 11))
    assert (ada.orders, ada.days, ada.spend_minor) == (2, 2, 4000)
    assert ada.changed_at == NOON


def test_a_second_refresh_touches_no_portrait(database: Database, shop: commerce.Shop) -> None:
    frames = Frames()
    refresh(database, frames)
    before = written(database)
    assert refresh(database, frames, at=NOON + DAY).changed == 0
    assert refresh(database, Frames(), at=NOON + DAY) == Refreshed(members=2, changed=0, currency="GBP")
    assert written(database) == before
    with database.transaction() as tx:
        assert insight.distribution(tx).computed_at == NOON + DAY


def test_a_refresh_replaces_what_changed_and_only_that(database: Database, shop: commerce.Shop) -> None:
    frames = Frames()
    refresh(database, frames)
    before = {row[0]: row for row in written(database)}
    with database.transaction() as tx:
        make.take_in(tx, shop, came_back("R2", ADA, line(), of="1"))
        ada = member(tx, ADA)
    assert refresh(database, frames, at=NOON + DAY).changed == 1
    after = {row[0]: row for row in written(database)}
    assert {number for number in after if after[number] != before[number]} == {ada}


def test_a_member_whose_purchases_are_all_cancelled_has_no_portrait_left(
    database: Database, shop: commerce.Shop
) -> None:
    frames = Frames()
    refresh(database, frames)
    with database.transaction() as tx:
        ben = member(tx, BEN)
        [bought] = commerce.list_orders(tx, member_id=ben)
        commerce.cancel_order(tx, bought.order_id, cancelled_at=NOON, at=NOON)
    assert refresh(database, frames).members == 1
    with database.transaction() as tx:
        assert insight.portrait(tx, ben) is None


def test_a_refresh_that_is_rolled_back_is_done_again(database: Database, shop: commerce.Shop) -> None:
    frames = Frames()
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        insight.refresh(tx, frames, database, at=NOON)
        raise ZeroDivisionError
    assert written(database) == []
    assert refresh(database, frames).changed == 2


def test_refreshes_at_the_same_time_take_turns(database: Database, shop: commerce.Shop) -> None:
    shared = Frames()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda number: refresh(database, shared if number % 2 else Frames()), range(8)))
    assert sorted(one.changed for one in done) == [0] * 7 + [2]


def test_two_refreshes_in_one_transaction_are_fine(database: Database, shop: commerce.Shop) -> None:
    with database.transaction() as tx:
        insight.refresh(tx, Frames(), database, at=NOON)
        assert insight.refresh(tx, Frames(), database, at=NOON).changed == 0


def test_an_empty_shop_has_an_empty_distribution(database: Database) -> None:
    assert refresh(database, Frames()) == Refreshed(members=0, changed=0, currency=None)
    with database.transaction() as tx:
        found = insight.distribution(tx)
    assert [(cell.r, cell.f) for cell in found.rfm] == [(r, f) for r in range(5, 0, -1) for f in range(1, 6)]
    assert all((cell.members, cell.average_spend_minor) == (0, None) for cell in found.rfm)
    assert found.grades == (Share("gold", 0), Share("silver", 0), Share("bronze", 0))
    assert (found.tiers, found.currency) == ((), None)


def test_the_distribution_counts_each_portrait_once(database: Database, shop: commerce.Shop) -> None:
    refresh(database, Frames())
    with database.transaction() as tx:
        columns = (
            "member_id, set_code, place, tier, since, earned, earned_since, base, qualifying_minor, reviewed_at, review_at, "
            "cycle_begins, cycle_ends, zone"
        )
        everyone = (
            "select member_id, 'main', 0, 'gold', %(at)s, 'gold', %(at)s, 'bronze', 1, %(at)s, %(at)s, %(at)s, %(at)s, 'UTC' "
            "from members"
        )
        tx.run(f"insert into programme_standings ({columns}) {everyone}", at=NOON)
        found = insight.distribution(tx)
    people = [cell for cell in found.rfm if cell.members]
    assert sum(cell.members for cell in people) == sum(grade.members for grade in found.grades) == 2
    assert sum(cell.average_spend_minor * cell.members for cell in people) == 5000
    assert found.tiers == (Share("gold", 3),)


def test_there_is_one_row_of_refreshes_and_cannot_be_two(database: Database) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), database.transaction() as tx:
        tx.run("insert into insight_refreshes default values")
