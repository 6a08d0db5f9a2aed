"""Households on the member's page: who shares, and the forms to join and to leave."""

from collections.abc import Generator

import pytest
from litestar.testing import TestClient

import make
from conftest import NOON
from console import shops
from console.shops import Visitor, read_token, words
from ledger.making import LATER
from regulars import ledger, members
from regulars.asgi import create_asgi
from regulars.storage import Database
from regulars.types import from_public


@pytest.fixture
def olga(database: Database) -> Generator[Visitor]:
    """Olga at a shop where Ada has 1,000 points and Ben has 200."""
    with database.transaction() as tx:
        shops.operators(tx)
        make.shop(tx)
        for one, points in zip(members.enrol(tx, shops.PEOPLE[:2], at=NOON), (1000, 200), strict=True):
            ledger.earn(tx, one.member_id, points, reference="welcome", at=NOON, expires_at=LATER)
    with TestClient(create_asgi(make.app(database))) as client:
        visitor = Visitor(client, make.app(database))
        assert visitor.sign_in().status_code == 303
        yield visitor


def page_of(visitor: Visitor, who: str, query: str = "") -> str:
    return visitor.get(f"/members/{visitor.member(who)}{query}").text


def send(visitor: Visitor, who: str, path: str, **data: str) -> int:
    token = read_token(page_of(visitor, who))
    return visitor.post(f"/members/{visitor.member(who)}{path}", {"form_token": token, **data}).status_code


def test_two_members_share_their_points_and_one_leaves_with_some(olga: Visitor):
    assert "Share points with" in page_of(olga, "ben")
    assert send(olga, "ben", "/household", **{"with": olga.member("ada")}) == 303
    for who, other in (("ada", "Ben Bitdiddle"), ("ben", "Ada Lovelace")):
        said = words(page_of(olga, who))
        assert "1,200 to spend" in said
        assert "Shares all points with the others of Ada Lovelace." in said
        assert other in said
    assert "Joined a household" in words(page_of(olga, "ben"))
    assert send(olga, "ben", "/household/leave", share="1201") == 409
    assert send(olga, "ben", "/household/leave", share="10") == 303
    assert "10 to spend" in words(page_of(olga, "ben"))
    assert "Left the household" in words(page_of(olga, "ben"))
    said = words(page_of(olga, "ada"))
    assert "1,190 to spend" in said
    assert "nobody else belongs to it" in said
    olga.client.cookies.set("regulars_language", "zh-CN")
    assert "退出了家庭" in words(page_of(olga, "ben"))


def test_the_statement_of_shared_points_names_who_each_entry_is_for(olga: Visitor):
    send(olga, "ben", "/household", **{"with": olga.member("ada")})
    with olga.app.database.transaction() as tx:
        ledger.spend(tx, from_public("mem", olga.member("ben")), 1, reference="till-9", at=NOON)
    assert "till-9 Ben Bitdiddle" in words(page_of(olga, "ada", "?tab=points"))


def test_a_viewer_sees_no_form_and_may_not_share(olga: Visitor):
    ada = olga.member("ada")
    olga.client.cookies.clear()
    olga.sign_in("vera@shop.example")
    assert "Share points with" not in page_of(olga, "ben")
    token = read_token(olga.get("/").text)
    refused = olga.post(f"/members/{olga.member('ben')}/household", {"form_token": token, "with": ada})
    assert refused.status_code == 403
    with olga.app.database.transaction() as tx:
        assert members.household_of(tx, from_public("mem", ada)) is None


def test_nobody_shares_with_themselves_or_with_nobody(olga: Visitor):
    assert send(olga, "ben", "/household", **{"with": "mem_nobody"}) == 400
    assert send(olga, "ben", "/household", **{"with": olga.member("ben")}) == 400
    with olga.app.database.transaction() as tx:
        assert members.households(tx) == []
