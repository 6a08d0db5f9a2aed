"""Returns: matched to what was sold, never beyond it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from cast import ADA, BEN, CLEO
from conftest import NOON
from make import DAY, came_back, line, order, record, statuses, take_in
from regulars import commerce, jobs
from regulars.commerce import early
from regulars.commerce._rules import Came, Shelf, Sold
from regulars.storage import Database, Transaction


def matches(tx: Transaction) -> list[tuple[object, ...]]:
    return tx.rows(
        """
        select r.external_id, o.external_id, l.quantity, l.before, l.amount_minor from commerce_return_lines l
        join commerce_returns r using (return_id) left join commerce_orders o using (order_id)
        order by r.returned_at, r.external_id, l.line_no, l.part_no
        """
    )


def test_a_return_that_names_its_order_counts_on_its_lines(tx: Transaction) -> None:
    shop = make.shop(tx)
    [bought] = record(tx, shop, order("1", CLEO, line("MUG", 3, 1000)))
    [outcome] = take_in(tx, shop, came_back("R1", None, line("MUG", 2, 1000), of="1"))
    detail = commerce.find_order(tx, bought.document_id)
    assert outcome.status == "recorded"
    assert [one.returned for one in detail.lines] == [2]
    assert [(one.quantity, one.amount_minor) for one in detail.returns] == [(2, 2000)]
    assert tx.value("select member_id from commerce_returns") == detail.order.member_id


def test_a_return_that_names_no_order_goes_to_the_latest_purchases_before_it(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 5)), order("2", CLEO, line("MUG", 2), placed_at=NOON + DAY))
    record(
        tx,
        shop,
        order("3", CLEO, line("MUG", 9), placed_at=NOON + 9 * DAY),
        order("4", BEN, line("MUG", 9), placed_at=NOON + DAY),
    )
    take_in(tx, shop, came_back("R1", CLEO, line("MUG", 4), returned_at=NOON + 2 * DAY))
    assert matches(tx) == [("R1", "2", 2, 0, 2000), ("R1", "1", 2, 0, 2000)]


def test_a_return_goes_first_to_what_was_sold_at_its_price(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(
        tx, shop, order("1", CLEO, line("MUG", 2, 495)), order("2", CLEO, line("MUG", 9, 64_950), placed_at=NOON + DAY)
    )
    take_in(tx, shop, came_back("R1", CLEO, line("MUG", 3, 495), returned_at=NOON + 2 * DAY))
    assert matches(tx) == [("R1", "1", 2, 0, 990), ("R1", "2", 1, 0, 495)]


def test_what_was_not_sold_here_is_kept_as_a_return_of_nothing(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 1)))
    take_in(tx, shop, came_back("R1", CLEO, line("MUG", 3, 999)), came_back("R2", None, line("CUP", 1)))
    assert matches(tx) == [("R1", "1", 1, 0, 999), ("R1", None, 2, 0, 1998), ("R2", None, 1, 0, 1000)]


def test_no_more_can_come_back_of_an_order_than_was_sold(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 3), line("CUP", 1)))
    take_in(tx, shop, came_back("R1", None, line("MUG", 2), of="1"))
    [outcome] = take_in(tx, shop, came_back("R2", None, line("CUP", 1), line("MUG", 2), of="1"))
    assert str(outcome.error) == "Only 1 of MUG in order 1 can still come back, not 2: correct the quantity."
    assert matches(tx) == [("R1", "1", 2, 0, 2000)]
    assert statuses(take_in(tx, shop, came_back("R2", None, line("CUP", 1), line("MUG", 1), of="1"))) == ["recorded"]


def test_no_more_money_is_given_back_for_a_line_than_it_cost(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 3, 1000, discount_minor=500)))
    take_in(tx, shop, came_back("R1", None, line("MUG", 1, 2000), of="1"))
    dear, goodwill = take_in(
        tx, shop, came_back("R2", None, line("MUG", 1, 501), of="1"), came_back("R3", None, line("MUG", 1, 900), of="1")
    )
    assert str(dear.error) == (
        "lines.amount_minor is 501 for MUG: of what order 1 cost for it only 500 is left to give back, and goodwill is no"
        " return."
    )
    assert (dear.status, goodwill.status) == ("refused", "refused")
    assert matches(tx) == [("R1", "1", 1, 0, 2000)]
    assert statuses(take_in(tx, shop, came_back("R2", None, line("MUG", 2, 250), of="1"))) == ["recorded"]


def test_two_lines_of_one_return_do_not_give_back_the_same_money_twice(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 2, 1000)))
    [outcome] = take_in(tx, shop, came_back("R1", None, line("MUG", 1, 1500), line("MUG", 1, 600), of="1"))
    assert isinstance(outcome.error, commerce.OverRefunded)
    assert outcome.error.details["open"] == 2000
    assert matches(tx) == []


def test_money_goes_to_the_lines_that_it_was_paid_for(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 2, 1000), line("MUG", 1, 400)))
    take_in(tx, shop, came_back("R1", None, line("MUG", 3, 800), of="1"))
    assert matches(tx) == [("R1", "1", 2, 0, 2000), ("R1", "1", 1, 0, 400)]


def test_a_return_before_its_order_was_placed_is_refused(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 1)))
    early, at_once = take_in(
        tx,
        shop,
        came_back("R1", "new", line("MUG", 1), of="1", returned_at=NOON - timedelta(seconds=1)),
        came_back("R2", None, line("MUG", 1), of="1", returned_at=NOON),
    )
    assert str(early.error) == (
        "returned_at is '2026-03-02 11:59:59 UTC': order 1 was placed at 2026-03-02 12:00:00 UTC; give the time at which"
        " its goods came back."
    )
    assert at_once.status == "recorded"
    assert matches(tx) == [("R2", "1", 1, 0, 1000)]
    assert tx.value("select count(*) from members") == 1


def test_a_return_that_names_no_order_keeps_the_money_that_was_given_back(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 1, 1000)))
    assert statuses(take_in(tx, shop, came_back("R1", CLEO, line("MUG", 1, 9000)))) == ["recorded"]
    assert matches(tx) == [("R1", "1", 1, 0, 9000)]


def test_a_return_told_before_its_order_waits_for_it(tx: Transaction) -> None:
    shop = make.shop(tx)
    early_one = came_back(
        "R1",
        None,
        line("MUG", 2, 1000, name="A mug", discount_minor=100, line_no=7, category="mugs", tags=["blue"]),
        of="77",
    )
    [outcome] = take_in(tx, shop, early_one)
    assert (outcome.status, outcome.error) == ("waiting", None)
    assert tx.value("select count(*) from commerce_returns") == 0
    [waits] = early.listed(tx)
    assert (waits.external_id, waits.order_number, early.documents([waits])) == ("R1", "77", [early_one])
    record(tx, shop, order("76", CLEO, line("MUG", 3)))
    assert matches(tx) == []
    record(tx, shop, order("77", CLEO, line("MUG", 3)))
    assert matches(tx) == [("R1", "77", 2, 0, 1900)]
    assert early.listed(tx) == []
    assert statuses(take_in(tx, shop, early_one)) == ["replayed"]


def test_what_its_order_cannot_have_sold_is_refused_when_the_order_comes(tx: Transaction) -> None:
    shop = make.shop(tx)
    take_in(tx, shop, came_back("R1", None, line("MUG", 5), of="77"), came_back("R2", None, line("MUG", 1), of="77"))
    record(tx, shop, order("77", CLEO, line("MUG", 3)))
    assert matches(tx) == [("R2", "77", 1, 0, 1000)]
    [waits] = early.listed(tx)
    assert waits.problem == "Only 3 of MUG in order 77 can still come back, not 5: correct the quantity."
    told = tx.rows("select data->>'external_id', data->>'code' from facts where name = 'return.refused'")
    assert told == [("R1", "OverReturned")]
    assert commerce.record_early_returns(tx, at=NOON) == 0
    assert statuses(take_in(tx, shop, came_back("R1", None, line("MUG", 2), of="77"))) == ["recorded"]
    assert early.listed(tx) == []


def test_an_early_return_that_could_never_be_recorded_is_refused_at_once(tx: Transaction) -> None:
    [outcome] = take_in(tx, make.shop(tx), came_back("R1", None, line("MUG", 0), of="77"))
    assert isinstance(outcome.error, commerce.BadDocument)
    assert early.listed(tx) == []


def test_it_is_told_once_that_an_order_does_not_come_and_its_return_goes_on_waiting(tx: Transaction) -> None:
    shop = make.shop(tx)
    take_in(tx, shop, came_back("R1", None, line("MUG"), of="77"))
    late = NOON + early.PATIENCE
    assert [early.alarm_due(tx, at=at, limit=9) for at in (late - DAY, late, late + DAY)] == [0, 1, 0]
    assert tx.rows("select data->>'order' from facts where name = 'return.unmatched'") == [("77",)]
    record(tx, shop, order("77", CLEO, line("MUG")))
    assert matches(tx) == [("R1", "77", 1, 0, 1000)]


def test_a_return_does_not_wait_for_ever(database: Database) -> None:
    with database.transaction() as tx:
        shop = make.shop(tx)
        take_in(tx, shop, came_back("R1", None, line("MUG"), of="77"))
        take_in(tx, shop, came_back("R2", None, line("MUG"), of="78"), at=NOON + DAY)
    jobs.tick(make.app(database, at=NOON + early.KEPT))
    with database.transaction() as tx:
        assert [one.external_id for one in early.listed(tx)] == ["R2"]
        gone = tx.rows("select data->>'external_id', data->>'by' from facts where name = 'return.discarded'")
    assert gone == [("R1", "regulars")]


def test_a_return_that_was_told_by_mistake_is_discarded(tx: Transaction) -> None:
    shop = make.shop(tx)
    [outcome] = take_in(tx, shop, came_back("R1", None, line("MUG"), of="77"))
    assert early.discard(tx, outcome.document_id, at=NOON, by="ada@shop.example").external_id == "R1"
    with pytest.raises(early.EarlyReturnNotFound):
        early.discard(tx, outcome.document_id, at=NOON, by="ada@shop.example")
    record(tx, shop, order("77", CLEO, line("MUG")))
    assert matches(tx) == []


def test_a_return_and_its_order_told_at_the_same_time_find_each_other(database: Database) -> None:
    with database.transaction() as tx:
        shop = make.shop(tx)
    with database.transaction() as one, database.transaction() as other:
        record(one, shop, order("77", CLEO, line("MUG")))
        assert statuses(take_in(other, shop, came_back("R1", None, line("MUG"), of="77"))) == ["waiting"]
    jobs.tick(make.app(database))
    with database.transaction() as tx:
        assert matches(tx) == [("R1", "77", 1, 0, 1000)]


def test_nothing_comes_back_of_a_cancelled_order(tx: Transaction) -> None:
    shop = make.shop(tx)
    [bought] = record(tx, shop, order("1", CLEO, line("MUG", 3)))
    commerce.cancel_order(tx, bought.document_id, at=NOON)
    [outcome] = take_in(tx, shop, came_back("R1", None, line("MUG", 1), of="1"))
    assert isinstance(outcome.error, commerce.OrderCancelled)
    assert matches(tx) == []


def test_the_same_return_again_changes_nothing_and_another_under_its_number_is_refused(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", CLEO, line("MUG", 3)))
    take_in(tx, shop, came_back("R1", CLEO, line("MUG", 1)))
    again = take_in(tx, shop, came_back("R1", CLEO, line("MUG", 1)), came_back("R1x", CLEO, line("MUG", 1)))
    other = take_in(tx, shop, came_back("R1", CLEO, line("MUG", 2)))
    assert statuses([*again, *other]) == ["replayed", "recorded", "refused"]
    assert isinstance(other[0].error, commerce.ReturnChanged)
    assert tx.value("select sum(returned) from commerce_order_lines") == 2


def test_returns_of_one_line_sent_at_once_never_exceed_it(database: Database) -> None:
    with database.transaction() as tx:
        shop = make.shop(tx)
        record(tx, shop, order("1", CLEO, line("MUG", 5)))

    def send(n: int) -> str:
        with database.transaction() as tx:
            return take_in(tx, shop, came_back(f"R{n}", None, line("MUG", 1), of="1"))[0].status

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(send, range(12)))
    with database.transaction() as tx:
        assert tx.value("select returned from commerce_order_lines") == 5
        assert tx.value("select sum(quantity) from commerce_return_lines") == 5
    assert sorted(results) == ["recorded"] * 5 + ["refused"] * 7


def test_returns_sent_at_once_never_give_back_more_than_a_line_cost(database: Database) -> None:
    with database.transaction() as tx:
        shop = make.shop(tx)
        record(tx, shop, order("1", CLEO, line("MUG", 9, 100)))

    def send(n: int) -> str:
        with database.transaction() as tx:
            return take_in(tx, shop, came_back(f"R{n}", None, line("MUG", 1, 300), of="1"))[0].status

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(send, range(8)))
    with database.transaction() as tx:
        assert tx.value("select sum(amount_minor) from commerce_return_lines") == 900
    assert sorted(results) == ["recorded"] * 3 + ["refused"] * 5


@given(
    sold=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=6),
    came=st.lists(st.tuples(st.integers(0, 6), st.integers(1, 12), st.integers(0, 10_000)), max_size=6),
)
def test_however_things_come_back_every_piece_and_penny_is_placed_once(
    sold: list[tuple[int, int]], came: list[tuple[int, int, int]]
) -> None:
    shelf = Shelf([Sold(n, 1, 7, 1, NOON + day * DAY, 100, quantity, 0, 0) for n, (day, quantity) in enumerate(sold)])
    taken: dict[int, int] = {}
    for row, (day, quantity, amount) in enumerate(came):
        parts = shelf.match(Came(row, 1, 7, None, 1, 100, quantity, amount, NOON + day * DAY))
        assert sum(part.quantity for part in parts) == quantity
        assert sum(part.amount_minor for part in parts) == amount
        for part in parts:
            if part.order_id is not None:
                assert part.before == taken.get(part.order_id, 0)
                assert sold[part.order_id][0] <= day
                taken[part.order_id] = part.before + part.quantity
    assert all(quantity <= sold[n][1] for n, quantity in taken.items())


def test_ada_may_return_what_ben_may_not(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", ADA, line("MUG", 1)))
    take_in(tx, shop, came_back("R1", BEN, line("MUG", 1)))
    assert matches(tx) == [("R1", None, 1, 0, 1000)]


@given(
    sold=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 900)), min_size=1, max_size=4),
    came=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2000)), max_size=5),
)
def test_a_penny_is_beyond_an_order_only_when_none_of_its_lines_has_room_for_it(
    sold: list[tuple[int, int]], came: list[tuple[int, int]]
) -> None:
    shelf = Shelf([Sold(1, n, 7, 1, NOON, 100, quantity, 0, paid) for n, (quantity, paid) in enumerate(sold, start=1)])
    given: dict[int, int] = {}
    for row, (quantity, amount) in enumerate(came):
        before = dict(given)
        parts = shelf.match(Came(row, 1, 7, 1, 1, 100, quantity, amount, NOON))
        assert sum(part.amount_minor for part in parts) == amount
        for part in parts:
            if part.order_line_no is not None:
                given[part.order_line_no] = given.get(part.order_line_no, 0) + part.amount_minor
        if all(part.order_line_no for part in parts):
            room = sum(
                max(0, sold[line - 1][1] - before.get(line, 0)) for line in {part.order_line_no or 0 for part in parts}
            )
            assert sum(part.beyond_minor for part in parts) == max(0, amount - room)
