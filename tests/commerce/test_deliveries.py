"""Deliveries: what is known of one grows, in however many messages it comes."""

from collections.abc import Sequence
from itertools import permutations

import pytest

import make
from cast import ADA
from conftest import NOON
from make import DAY
from regulars import commerce
from regulars.commerce import NewDelivery
from regulars.storage import Transaction

ENTRIES = (
    NewDelivery("1", "P", promised_at=NOON + DAY),
    NewDelivery("1", "P", carrier="Parcel", promised_at=NOON + 2 * DAY, shipped_at=NOON),
    NewDelivery("1", "P", delivered_at=NOON + 3 * DAY),
    NewDelivery("1", "P", delivered_at=NOON + 4 * DAY),
)


def after(tx: Transaction, shop: commerce.Shop, batches: Sequence[Sequence[NewDelivery]]) -> tuple[object, ...]:
    """What is known of the delivery, and what was told of it, when these batches have come; undone."""
    with tx.savepoint(undo=True):
        outcomes = [one for batch in batches for one in commerce.record_deliveries(tx, shop, batch, at=NOON)]
        [delivery] = commerce.find_order(tx, tx.value("select order_id from commerce_orders")).deliveries
        told = tx.rows("select name, occurred_at, data from facts where name = 'order.delivered' order by fact_id")
        return make.statuses(outcomes), delivery, told


@pytest.mark.parametrize(
    "entries", list(permutations(ENTRIES)), ids=lambda p: "".join(str(ENTRIES.index(one)) for one in p)
)
def test_several_entries_of_one_delivery_in_a_batch_do_what_they_do_one_by_one(
    tx: Transaction, entries: tuple[NewDelivery, ...]
) -> None:
    shop = make.shop(tx)
    make.record(tx, shop, make.order("1", ADA))
    assert after(tx, shop, [entries]) == after(tx, shop, [[one] for one in entries])


def test_the_same_number_of_two_orders_is_two_deliveries(tx: Transaction) -> None:
    shop = make.shop(tx)
    ids = [one.document_id for one in make.record(tx, shop, make.order("1", ADA), make.order("2", ADA))]
    commerce.record_deliveries(tx, shop, [NewDelivery("1", "P", carrier="A"), NewDelivery("2", "P")], at=NOON)
    assert [[one.carrier for one in commerce.find_order(tx, order_id).deliveries] for order_id in ids] == [
        ["A"],
        [None],
    ]
