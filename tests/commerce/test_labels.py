"""What lines are filed under and marked with: kept as they were sold, by API, file and revision."""

from pathlib import Path

import pytest

import make
from cast import ADA
from commerce.test_files import bring_in, csv, read
from conftest import NOON
from make import line, order, record, statuses
from regulars import commerce
from regulars.commerce import BadDocument
from regulars.storage import Transaction

TEA = line("TEA", 1, 500, category="Drinks", tags=["new", "bio", "new"])


def labels(tx: Transaction, order_id: int) -> list[tuple[str, str | None, list[str]]]:
    return [(one.sku, one.category, one.tags) for one in commerce.find_order(tx, order_id).lines]


def test_lines_keep_their_category_and_their_tags_each_once(tx: Transaction) -> None:
    shop = make.shop(tx)
    odd = line("ODD", 1, 100, category='a "b" \\ c', tags=["{x, y}", '"', "茶"])
    [first, second] = record(tx, shop, order("1", ADA, TEA, line("MUG")), order("2", ADA, odd))
    assert labels(tx, first.document_id) == [("TEA", "Drinks", ["bio", "new"]), ("MUG", None, [])]
    assert labels(tx, second.document_id) == [("ODD", 'a "b" \\ c', ['"', "{x, y}", "茶"])]


def test_an_order_that_comes_again_is_the_same_with_the_same_labels_only(tx: Transaction) -> None:
    shop = make.shop(tx)
    [first] = record(tx, shop, order("1", ADA, TEA))
    same = line("TEA", 1, 500, category="Drinks", tags=["bio", "new"])
    assert statuses(record(tx, shop, order("1", ADA, same))) == ["replayed"]
    [other] = record(tx, shop, order("1", ADA, line("TEA", 1, 500, category="Food")))
    assert isinstance(other.error, commerce.OrderChanged)
    assert statuses(record(tx, shop, order("1", ADA, TEA, line("MUG", category="Kitchen")))) == ["amended"]
    assert labels(tx, first.document_id) == [("TEA", "Drinks", ["bio", "new"]), ("MUG", "Kitchen", [])]


def test_a_revision_files_a_line_elsewhere(tx: Transaction) -> None:
    shop = make.shop(tx)
    [first] = record(tx, shop, order("1", ADA, line("TEA", 2, 500), line("MUG")))
    make.take_in(tx, shop, make.came_back("R", None, line("TEA", 1, 500), of="1"))
    lines = [line("TEA", 2, 500, category="Drinks", tags=["bio"]), line("MUG", category="Kitchen")]
    commerce.revise_order(tx, first.document_id, lines, at=NOON)
    assert labels(tx, first.document_id) == [("TEA", "Drinks", ["bio"]), ("MUG", "Kitchen", [])]


@pytest.mark.parametrize(
    ("field", "change"),
    [("lines.category", {"category": "x" * 201}), ("lines.category", {"category": ""}), ("lines.tags", {"tags": ["\n"]}),
     ("lines.tags", {"tags": [str(n) for n in range(21)]})],
)  # fmt: skip
def test_labels_nobody_can_read_are_refused(tx: Transaction, field: str, change: dict[str, object]) -> None:
    [outcome] = record(tx, make.shop(tx), order("1", ADA, line("TEA", **change)))
    assert isinstance(outcome.error, BadDocument)
    assert outcome.error.details["field"] == field
    assert tx.value("select count(*) from commerce_order_lines") == 0


def test_a_file_brings_categories_and_tags_under_their_usual_headers(tx: Transaction, tmp_path: Path) -> None:
    rows = ['1,2026-01-05,ada,TEA,1,5.00,Drinks,"new; bio"', "1,2026-01-05,ada,MUG,1,5.00,,", f"2,2026-01-05,ada,MUG,1,5.00,{'x' * 201},"]  # fmt: skip
    source = read(
        tx, csv(tmp_path, *rows, header="Order,Date,Customer,SKU,Quantity,Price,Product Category,Product Tags")
    )
    assert (source.profile.columns["category"], source.profile.columns["tags"]) == ("Product Category", "Product Tags")
    assert bring_in(tx, source).report["verdicts"] == {
        "order": 2,
        "rejected: category is longer than 200 characters": 1,
    }
    [found] = commerce.list_orders(tx)
    assert labels(tx, found.order_id) == [("TEA", "Drinks", ["bio", "new"]), ("MUG", None, [])]
