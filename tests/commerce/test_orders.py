"""Orders: recorded once, amended by more of the same, never changed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import make
from cast import ADA, BEN
from conftest import NOON
from make import DAY, line, order, record, statuses
from regulars import commerce, facts, members
from regulars.commerce import Orders
from regulars.storage import Database, Transaction


def test_an_order_is_recorded_with_its_totals_and_its_customer_becomes_a_member(tx: Transaction) -> None:
    shop = make.shop(tx)
    [outcome] = record(
        tx, shop, order("1", ADA, line("MUG", 3, 250, name="Mug"), line("POST", 1, 495, kind="shipping"))
    )
    detail = commerce.find_order(tx, outcome.document_id)
    ada = members.by_external_id(tx, ADA, issuer="uk")
    assert outcome.status == "recorded"
    assert (detail.order.goods_minor, detail.order.total_minor, detail.order.member_id) == (750, 1245, ada.member_id)
    assert [(one.sku, one.name, one.quantity, one.amount_minor, one.kind) for one in detail.lines] == [
        ("MUG", "Mug", 3, 750, "goods"),
        ("POST", "POST", 1, 495, "shipping"),
    ]
    assert [fact.name for fact in facts.timeline(tx, member_id=ada.member_id)] == [
        "order.paid",
        "order.placed",
        "member.joined",
    ]


def test_a_discount_is_taken_off_its_line(tx: Transaction) -> None:
    [outcome] = record(tx, make.shop(tx), order("1", ADA, line("MUG", 2, 500, discount_minor=150)))
    assert commerce.find_order(tx, outcome.document_id).order.goods_minor == 850


def test_the_same_order_again_changes_nothing(tx: Transaction) -> None:
    shop = make.shop(tx)
    first = record(tx, shop, order("1", ADA, line("MUG"), line("CUP", 2)))
    again = record(tx, shop, order("1", ADA, line("MUG"), line("CUP", 2)))
    assert (statuses(first), statuses(again)) == (["recorded"], ["replayed"])
    assert first[0].document_id == again[0].document_id
    assert tx.value("select count(*) from commerce_order_lines") == 2
    assert tx.value("select count(*) from facts where name = 'order.placed'") == 1


def test_an_order_that_comes_again_with_more_lines_is_amended(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", ADA, line("MUG", line_no=1), line("CUP", line_no=3)))
    [outcome] = record(
        tx, shop, order("1", ADA, line("MUG", line_no=1), line("PEN", 2, 300, line_no=2), line("CUP", line_no=3))
    )
    detail = commerce.find_order(tx, outcome.document_id)
    assert outcome.status == "amended"
    assert [one.sku for one in detail.lines] == ["MUG", "PEN", "CUP"]
    assert detail.order.goods_minor == 2600
    assert (
        record(
            tx, shop, order("1", ADA, line("MUG", line_no=1), line("PEN", 2, 300, line_no=2), line("CUP", line_no=3))
        )[0].status
        == "replayed"
    )


@pytest.mark.parametrize(
    "other",
    [
        order("1", ADA, line("MUG", 2)),
        order("1", ADA, line("MUG", 1, 999)),
        order("1", BEN, line("MUG")),
        order("1", ADA, line("CUP"), line("MUG")),
        order("1", ADA, line("MUG"), placed_at=NOON + DAY),
    ],
    ids=["other quantity", "other price", "other customer", "lines renumbered", "other time"],
)
def test_an_order_that_comes_again_with_another_content_is_refused_and_stays(
    tx: Transaction, other: commerce.NewOrder
) -> None:
    shop = make.shop(tx)
    [first] = record(tx, shop, order("1", ADA, line("MUG")))
    before = commerce.find_order(tx, first.document_id)
    [outcome] = record(tx, shop, other)
    assert outcome.status == "refused"
    assert isinstance(outcome.error, commerce.OrderChanged)
    assert commerce.find_order(tx, first.document_id) == before


def test_one_refused_order_keeps_no_other_back(tx: Transaction) -> None:
    shop = make.shop(tx)
    outcomes = record(
        tx,
        shop,
        order("1", ADA),
        order("2", ADA, line(quantity=0)),
        order("", ADA),
        order("3", BEN),
        order("3", BEN, line("CUP")),
    )
    assert statuses(outcomes) == ["recorded", "refused", "refused", "recorded", "refused"]
    assert str(outcomes[1].error) == "lines.quantity is 0: give a whole number from 1 to 2147483647."
    assert "twice in this batch" in str(outcomes[4].error)
    assert tx.value("select count(*) from commerce_orders") == 2


def test_an_order_without_lines_is_refused(tx: Transaction) -> None:
    [outcome] = commerce.record_orders(tx, make.shop(tx), Orders.of([commerce.NewOrder("1", NOON, [])]), at=NOON)
    assert str(outcome.error) == "lines is 'empty': give at least one line."


def test_a_number_beyond_any_order_is_refused_not_an_overflow(tx: Transaction) -> None:
    [outcome] = record(tx, make.shop(tx), order("1", ADA, line("MUG", 2**31 - 1, 10**12)))
    assert outcome.status == "refused"
    assert tx.value("select count(*) from members") == 0


def test_a_customer_nobody_can_be_called_keeps_back_their_order_alone(tx: Transaction) -> None:
    outcomes = record(tx, make.shop(tx), order("1", "a\nb"), order("2", ADA), order("3", BEN, country="x" * 201))
    assert statuses(outcomes) == ["refused", "recorded", "refused"]
    assert str(outcomes[0].error) == "customer is 'a\\nb': give 1 to 200 printable characters."
    assert tx.values("select external_id from members") == [ADA]


def test_an_order_or_a_return_of_a_member_nobody_is_leaves_no_trace(tx: Transaction) -> None:
    shop = make.shop(tx)
    refused, kept = make.record(tx, shop, make.order("1", member_id=7), make.order("2", "ada"))
    back = replace(make.came_back("R1"), member_id=7)
    [unmatched] = make.take_in(tx, shop, back)
    assert [one.error and one.error.code for one in (refused, kept, unmatched)] == [
        "MemberNotFound",
        None,
        "MemberNotFound",
    ]
    assert tx.values("select external_id from commerce_orders") == ["2"]
    assert tx.values("select external_id from commerce_returns") == []


def test_a_guest_order_belongs_to_nobody(tx: Transaction) -> None:
    [outcome] = record(tx, make.shop(tx), order("1"))
    assert commerce.find_order(tx, outcome.document_id).order.member_id is None
    assert tx.value("select count(*) from members") == 0


def test_two_shops_may_use_the_same_numbers_for_different_people(tx: Transaction) -> None:
    outcomes = [
        *record(tx, make.shop(tx, "uk"), order("1", "17")),
        *record(tx, make.shop(tx, "fr", currency="EUR"), order("1", "17")),
    ]
    assert statuses(outcomes) == ["recorded", "recorded"]
    assert tx.value("select count(distinct member_id) from commerce_orders") == 2


def test_a_product_has_the_name_it_was_last_sold_under(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("2", ADA, line("MUG", name="Mug, blue"), placed_at=NOON + DAY))
    record(tx, shop, order("1", ADA, line("MUG", name="Mug"), placed_at=NOON))
    record(tx, shop, order("3", ADA, line("MUG"), placed_at=NOON + 2 * DAY))
    assert tx.values("select name from commerce_products") == ["Mug, blue"]


def test_an_order_is_paid_once_and_not_after_it_was_cancelled(tx: Transaction) -> None:
    shop = make.shop(tx)
    one, two = (o.document_id for o in record(tx, shop, order("1", ADA, paid=False), order("2", ADA, paid=False)))
    assert commerce.pay_order(tx, one, at=NOON + DAY).paid_at == NOON + DAY
    assert commerce.pay_order(tx, one, at=NOON + 2 * DAY).paid_at == NOON + DAY
    commerce.cancel_order(tx, two, at=NOON + DAY)
    with pytest.raises(commerce.OrderCancelled):
        commerce.pay_order(tx, two, at=NOON + 2 * DAY)
    assert tx.values("select name from facts where name in ('order.paid', 'order.cancelled') order by fact_id") == [
        "order.paid",
        "order.cancelled",
    ]


def test_unknown_orders_are_named_in_the_error(tx: Transaction) -> None:
    with pytest.raises(commerce.OrderNotFound, match="There is no order ord_0000000000005"):
        commerce.find_order(tx, 5)


def test_orders_are_listed_latest_first_and_page_without_gaps(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, *(order(str(n), ADA, placed_at=NOON + (n // 2) * DAY) for n in range(7)))
    seen: list[str] = []
    before = None
    while page := commerce.list_orders(tx, before=before, limit=2):
        seen += [one.external_id for one in page]
        before = (page[-1].placed_at, page[-1].order_id)
    assert len(seen) == 7 == len(set(seen))
    assert seen[0] == "6"
    assert [one.external_id for one in commerce.list_orders(tx, number="3")] == ["3"]


def test_the_same_orders_sent_at_once_by_several_are_recorded_once(database: Database) -> None:
    with database.transaction() as tx:
        shop = make.shop(tx)
    batch = [order(str(n), ADA, line("MUG", n + 1), line(f"SKU{n}")) for n in range(20)]

    def send(_: int) -> list[str]:
        with database.transaction() as tx:
            return statuses(record(tx, shop, *batch))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(send, range(4)))
    with database.transaction() as tx:
        assert tx.value("select count(*) from commerce_order_lines") == 40
        assert tx.value("select count(*) from facts where name = 'order.placed'") == 20
    assert sorted(status for result in results for status in result) == ["recorded"] * 20 + ["replayed"] * 60


def test_an_order_that_comes_again_paid_is_paid(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", ADA, paid=False))
    [outcome] = record(tx, shop, order("1", ADA))
    assert outcome.status == "amended"
    assert commerce.find_order(tx, outcome.document_id).order.paid_at == NOON
    assert statuses(record(tx, shop, order("1", ADA))) == ["replayed"]
    assert tx.value("select count(*) from facts where name = 'order.paid'") == 1


def test_an_order_from_the_future_is_refused(tx: Transaction) -> None:
    [soon, later] = record(
        tx, make.shop(tx), order("1", ADA, placed_at=NOON + 31 * DAY), order("2", ADA, placed_at=NOON + 32 * DAY)
    )
    assert (soon.status, later.status) == ("recorded", "refused")
    assert str(later.error).endswith("it is 2026-03-02 12:00 UTC; check the shop's clock and time zone.")


def test_goods_that_come_again_as_something_else_are_a_change(tx: Transaction) -> None:
    shop = make.shop(tx)
    record(tx, shop, order("1", ADA, line("MUG")))
    assert statuses(record(tx, shop, order("1", ADA, line("MUG", kind="shipping")))) == ["refused"]
