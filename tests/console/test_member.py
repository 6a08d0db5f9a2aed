# ruff: noqa: RUF001 - Chinese is written with Chinese commas
import re

import pytest

from console.shops import Visitor, words
from regulars import commerce, facts, ledger, members, programme
from regulars.console import members as pages
from regulars.types import from_public


def member_page(olga: Visitor, who: str, query: str = "") -> str:
    return olga.get(f"/members/{olga.member(who)}{query}").text


def test_the_portrait_says_who_it_is_and_what_they_bought(olga: Visitor):
    said = words(member_page(olga, "ada"))
    assert "Ada Lovelace" in said
    assert "ada@example.com" in said
    assert "+442071234567" in said
    assert "United Kingdom" in said
    assert "Orders 12" in said  # twelve in the shop, one of them cancelled, one imported


def test_the_balance_and_the_lots_are_the_ledgers(olga: Visitor):
    page = member_page(olga, "ada")
    member_id = from_public("mem", olga.member("ada"))
    with olga.app.database.transaction() as tx:
        balance = ledger.balance(tx, member_id, at=olga.app.clock())
        lots = ledger.lots(tx, member_id, at=olga.app.clock())
    assert f"{balance.available:,} to spend" in words(page)
    table = words(page.partition("Points by when they lapse")[2].partition("</table>")[0])
    for lot in lots[:8]:
        assert f"{lot.amount:,}" in table


def test_the_way_to_the_next_tier_is_told(olga: Visitor):
    member_id = from_public("mem", olga.member("ben"))
    with olga.app.database.transaction() as tx:
        progress = programme.standing(tx, member_id, at=olga.app.clock())
    said = words(member_page(olga, "ben"))
    assert f"£{progress.missing_minor / 100:,.2f} more within twelve months reaches Silver." in said


def test_whoever_has_not_bought_has_a_page_too(olga: Visitor):
    said = words(member_page(olga, "dan"))
    assert "Orders 0" in said
    assert "Last purchase —" in said


def test_the_timeline_tells_one_moment_in_one_line(olga: Visitor):
    page = words(member_page(olga, "ben"))
    assert "Ordered and paid B-1 for £25.00 +250 points" in page
    assert "Became a member as customer ben" in page
    assert page.count("B-1") == 1


def test_the_timeline_speaks_chinese(olga: Visitor):
    olga.client.cookies.set("regulars_language", "zh-CN")
    page = words(member_page(olga, "ben"))
    assert "下单并付款 B-1 ，£25.00 +250 积分" in page
    assert "成为会员，客户编号 ben" in page


def test_what_came_back_takes_its_points_with_it(olga: Visitor):
    assert "Sent goods back, £12.50 given back (R-1) -125 points" in words(member_page(olga, "cleo"))


def test_a_cancelled_order_and_points_spent_are_told(olga: Visitor):
    said = words(member_page(olga, "ada"))
    assert "Order A-2 was cancelled" in said
    assert "Spent 500 points" in said
    assert "Reached Gold" in said


def test_paging_on_through_the_timeline_leaves_nothing_out(olga: Visitor, monkeypatch: pytest.MonkeyPatch):
    member_id = from_public("mem", olga.member("ada"))
    with olga.app.database.transaction() as tx:
        happened = facts.timeline(tx, member_id=member_id, limit=1000)
    monkeypatch.setattr(pages, "_ROWS", 1)  # one fact a page: nothing is joined, so every fact is a line
    address, lines = f"/members/{olga.member('ada')}", 0
    while address:
        page = olga.get(address, **{"HX-Request": "true"}).text
        lines += page.count('class="line-item"')
        found = re.search(r'<a class="btn" href="([^"]+)"', page)
        address = found[1].replace("&amp;", "&") if found else ""
    assert lines == len(happened)


def test_the_statement_of_points_names_the_orders(olga: Visitor):
    page = member_page(olga, "ada", "?tab=points")
    said = words(page)
    assert "A-1" in said
    assert "voucher 9" in said
    assert "-500" in said
    member_id = from_public("mem", olga.member("ada"))
    with olga.app.database.transaction() as tx:
        entries = ledger.statement(tx, member_id)
    for entry in entries:
        assert f"{entry.available:,}" in said


def test_the_orders_of_a_member_are_theirs_alone(olga: Visitor):
    page = member_page(olga, "cleo", "?tab=orders")
    assert re.findall(r'class="row-link" href="/orders/ord_[0-9a-z]{13}">([^<]+)<', page) == [
        "C-1",
        "C-2",
        "C-3",
        "C-4",
    ]


def test_a_tab_there_is_not_is_refused(olga: Visitor):
    assert olga.get(f"/members/{olga.member('ada')}?tab=secrets").status_code == 400


def test_every_name_the_world_has_for_a_member_is_shown(olga: Visitor):
    with olga.app.database.transaction() as tx:
        cleo = members.by_external_id(tx, "cleo", issuer="uk")
        assert commerce.list_orders(tx, member_id=cleo.member_id)
    said = words(member_page(olga, "cleo"))
    assert "size M" in said
    assert "China" in said
