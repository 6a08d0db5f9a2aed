"""The audit agrees with what the verbs wrote, and names whatever is tampered with."""

import pytest

import make
from regulars.commerce import audit
from regulars.storage import Transaction


@pytest.fixture
def sold(tx: Transaction) -> Transaction:
    """An order of two lines, one of which has come back in part."""
    shop = make.shop(tx)
    make.record(tx, shop, make.order("1", "ada", make.line("MUG", 3), make.line("POT", 1, 2500)))
    make.take_in(tx, shop, make.came_back("R1", "ada", make.line("MUG", 2)))
    return tx


def test_what_the_verbs_write_agrees(sold: Transaction) -> None:
    assert sold.value("select sum(returned) from commerce_order_lines") == 2
    assert audit.contradictions(sold) == []


TAMPERING = {
    "documents have their shop": "update commerce_orders set shop_id = 7",
    "documents have their member": "update commerce_returns set member_id = 7",
    "matched lines have their order line": "insert into commerce_return_lines select return_id, 9, 1, product_id, 1, 0, goods, 7, 1 from commerce_return_lines limit 1",
    "lines have their document": "insert into commerce_order_lines select 7, 1, 1, product_id, 0, 0, 0, true from commerce_products limit 1",
    "lines have their product": "update commerce_order_lines set product_id = 7 where line_no = 1",
    "an order's total is the sum of its lines": "update commerce_orders set total_minor = total_minor + 1",
    "an order's goods are the sum of its lines of goods": "update commerce_orders set goods_minor = goods_minor + 1",
    "a return's total is the sum of its lines": "update commerce_returns set total_minor = total_minor + 1",
    "a return's goods are the sum of its lines of goods": "update commerce_returns set goods_minor = goods_minor + 1",
    "an order line counts what has come back of it": "update commerce_order_lines set returned = 1 where line_no = 1",
}


@pytest.mark.parametrize("invariant", TAMPERING)
def test_each_invariant_notices_its_breach(sold: Transaction, invariant: str) -> None:
    sold.run(TAMPERING[invariant])
    assert [found.invariant for found in audit.contradictions(sold)] == [invariant]


def test_a_returned_line_without_its_return_is_noticed(sold: Transaction) -> None:
    sold.run("insert into commerce_return_lines select 7, 1, 1, product_id, 1, 0, true from commerce_products limit 1")
    [found] = audit.contradictions(sold)
    assert (found.invariant, found.document, found.document_id) == ("lines have their document", "return", 7)
