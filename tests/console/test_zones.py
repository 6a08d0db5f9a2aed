"""With several shops, what happened in each is written on its own clock."""

import re
from datetime import timedelta

import pytest

import make
from cast import ADA
from conftest import NOON
from console.shops import Visitor, words
from make import DAY
from regulars import commerce, jobs, members
from regulars.types import to_public

EVENING = NOON.replace(hour=20)
"""The third of March in Shanghai, the second in London."""


@pytest.fixture
def two(bare: Visitor) -> Visitor:
    """Olga at a shop in London and, opened later, one in Shanghai; Ada bought in both and sent one thing back."""
    with bare.app.database.transaction() as tx:
        uk = make.shop(tx)
        make.record(tx, uk, make.order("U-1", ADA, placed_at=EVENING - timedelta(minutes=30)))
        ada = members.by_external_id(tx, ADA, issuer="uk").member_id
        cn = commerce.open_shop(
            tx, "cn", name="礼品", currency="CNY", time_zone="Asia/Shanghai", at=NOON + timedelta(hours=1)
        )
        bought = make.order("C-1", None, placed_at=EVENING - timedelta(hours=1), member_id=ada)
        make.record(tx, cn, bought)
        make.take_in(tx, cn, make.came_back("R-1", None, returned_at=EVENING, of="C-1"))
        promised = commerce.NewDelivery("C-1", "P-1", promised_at=EVENING, delivered_at=EVENING)
        commerce.record_deliveries(tx, cn, [promised], at=NOON + DAY)
    jobs.react(bare.app, patience_seconds=30)
    bare.sign_in()
    return bare


def test_the_list_writes_each_order_on_the_clock_of_its_shop(two: Visitor):
    said = words(two.get("/orders").text)
    assert "2 Mar 2026, 19:30 (Europe/London)" in said
    assert "3 Mar 2026, 03:00 (Asia/Shanghai)" in said


def test_an_order_writes_all_its_times_so(two: Visitor):
    said = words(two.get(f"/orders/{two.order('C-1')}").text)
    assert "3 Mar 2026, 03:00 (Asia/Shanghai)" in said
    assert "2 Mar 2026" not in said
    assert "3 Mar 2026" not in words(two.get(f"/orders/{two.order('U-1')}").text)


def test_a_timeline_holds_each_fact_on_the_day_and_clock_of_its_shop(two: Visitor):
    page = two.get(f"/members/{two.member(ADA)}").text
    days = re.findall(r'class="line-day">([^<]+)<', page)
    assert days == ["3 Mar 2026", "2 Mar 2026"]
    later, earlier = page.split('class="line-day">')[1:]
    assert re.findall(r'title="([^"]+)">(\d\d:\d\d)<', later)[:1] == [("Asia/Shanghai", "04:00")]
    assert ("Asia/Shanghai", "03:00") in re.findall(r'title="([^"]+)">(\d\d:\d\d)<', later)
    assert {zone for zone, _ in re.findall(r'title="([^"]+)">(\d\d:\d\d)<', earlier)} == {"Europe/London"}
    assert "Ordered and paid U-1" in words(earlier)
    assert "Ordered and paid C-1" in words(later)


def test_the_statement_writes_points_on_the_clock_of_the_order_that_brought_them(two: Visitor):
    said = words(two.get(f"/members/{two.member(ADA)}?tab=points").text)
    assert "2 Mar 2026, 19:30 (Europe/London) U-1" in said


def test_the_console_keeps_the_clock_of_the_shop_opened_first(two: Visitor):
    said = words(two.get("/programme").text)
    assert "2 Mar 2026, 12:00" in said


def test_with_one_zone_no_time_names_it(olga: Visitor):
    assert "(Europe/London)" not in words(olga.get("/orders").text)
    assert 'title="Europe/London"' not in olga.get(f"/members/{olga.member('ada')}").text


def test_a_fact_of_no_shop_is_written_on_the_console_clock(two: Visitor):
    with two.app.database.transaction() as tx:
        ada = members.by_external_id(tx, ADA, issuer="uk").member_id
        members.amend(tx, ada, {"name": "Ada"}, at=EVENING)
    page = two.get(f"/members/{to_public('mem', ada)}").text
    assert "The record was changed" in words(page.split("2 Mar 2026")[-1])
