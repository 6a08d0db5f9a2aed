import re

import pytest

import make
from console.shops import Visitor, words
from regulars import commerce
from regulars.console import orders as pages
from regulars.types import to_public

PART = {"HX-Request": "true"}


def numbers(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="/orders/ord_[0-9a-z]{13}">([^<]+)<', page)


def test_the_latest_order_comes_first(olga: Visitor):
    assert numbers(olga.get("/orders").text)[0] == "B-1"


def test_an_order_is_found_by_the_beginning_of_its_number(olga: Visitor):
    assert set(numbers(olga.get("/orders?q=C-").text)) == {"C-1", "C-2", "C-3", "C-4"}
    answer = olga.get("/orders?q=C-1&state=&from=", **PART)
    assert numbers(answer.text) == ["C-1"]
    assert answer.headers["hx-replace-url"] == "/orders?q=C-1"
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=unpaid", ["D-1"]),
        ("state=cancelled", ["A-2"]),
        ("state=returned", ["C-1"]),
        ("from=2026-02-27&to=2026-02-28", ["B-1"]),
        ("q=nothing", []),
    ],
)
def test_orders_are_filtered_by_state_and_by_day(olga: Visitor, query: str, found: list[str]):
    assert [number for number in numbers(olga.get(f"/orders?{query}").text) if not number.startswith("O-")] == found


def test_paging_on_shows_every_order_once(olga: Visitor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "_ROWS", 9)
    seen, address = [], "/orders"
    while address:
        page = olga.get(address).text
        seen += numbers(page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    with olga.app.database.transaction() as tx:
        everything = [order.external_id for order in commerce.list_orders(tx, limit=1000)]
    assert seen == everything


def test_an_order_shows_its_lines_returns_deliveries_and_points(olga: Visitor):
    said = words(olga.get(f"/orders/{olga.order('C-1')}").text)
    assert "Mug, blue" in said
    assert "R-1" in said
    assert "375 125 taken back" in said
    said = words(olga.get(f"/orders/{olga.order('A-1')}").text)
    assert "Postage Shipping" in said
    assert "Parcel" in said
    assert "Late" in said
    assert "Nothing of this order has come back." in said


def test_a_guests_order_says_so(olga: Visitor):
    assert "Guest" in words(olga.get(f"/orders/{olga.order('G-1')}").text)


def test_an_order_leads_to_its_member(olga: Visitor):
    assert f'href="/members/{olga.member("cleo")}"' in olga.get(f"/orders/{olga.order('C-1')}").text


def test_the_orders_of_one_member_can_be_asked_for(olga: Visitor):
    assert set(numbers(olga.get(f"/orders?member={olga.member('cleo')}").text)) == {"C-1", "C-2", "C-3", "C-4"}


def test_returns_that_wait_for_their_orders_are_listed_and_given_up(shop: Visitor):
    assert "Returns waiting for their orders" not in words(shop.get("/orders").text)
    told = make.came_back("R-77", None, make.line("MUG", 2, 1000), of="A-77")
    with shop.app.database.transaction() as tx:
        [outcome] = make.take_in(tx, commerce.shop_by_code(tx, "uk"), told)
    assert "Returns waiting for their orders" in words(shop.get("/orders").text)
    listed = words(shop.get("/orders/waiting").text)
    assert "R-77" in listed
    assert "£20.00" in listed
    address = f"/orders/waiting/{to_public('ret', outcome.document_id)}/discard"
    assert shop.post(address, {"form_token": shop.token("/orders/waiting")}).status_code == 303
    assert "No return waits" in words(shop.get("/orders/waiting").text)
