"""The console's pages about referrals: what waits is decided with a reason, and one referral's story says why."""

from collections.abc import Generator

import pytest
from litestar.testing import TestClient

from conftest import NOON
from console import shops
from console.shops import Visitor, be, read_token, words
from make import DAY
from programme.referrals.making import World
from regulars import access
from regulars.access import Role
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.settings import Settings
from regulars.storage import Database


@pytest.fixture
def olga(database: Database) -> Generator[Visitor]:
    """Olga at a shop where Ada brought Ben, which is fine, and Cleo, on one phone with her."""
    with database.transaction() as tx:
        shops.operators(tx)
        access.add_operator(tx, email=shops.AGNES, name="Agnes", role=Role.AGENT, password=shops.PASSWORD, at=NOON)
        world = World(tx, now=NOON - DAY)
        ada = world.join("ada")
        world.friend("ben", ada)
        world.buy("ben")
        cleo = world.friend("cleo", ada)
        for one in (ada, cleo):
            world.seen(one, device="one phone")
        world.buy("cleo")
    app = App(Settings(identity_secret="sixteen letters!"), database, lambda: NOON)
    with TestClient(create_asgi(app)) as client:
        visitor = Visitor(client, app)
        assert visitor.sign_in().status_code == 303
        yield visitor


def test_a_shop_without_referrals_is_told_what_to_do(shop: Visitor):
    said = words(shop.get("/referrals").text)
    assert "The programme has no referrals" in said
    assert "Nobody has brought a friend yet" in said
    assert "No code was issued yet." not in words(shop.get(f"/members/{shop.member('ada')}").text)


def test_what_waits_is_decided_with_a_reason(olga: Visitor):
    page = olga.get("/referrals").text
    said = words(page)
    assert "at most" not in said  # no limit was set
    assert "Score held from 50, refused from 100" in said
    assert "The same device; 2 were seen on it. +50" in said
    assert "Touches 2 Joined 2 First order 2 Rewarded 1" in said
    path = page.partition('action="/referrals/rfl_')[2].partition("/decision")[0]
    place = f"/referrals/rfl_{path}"
    form = {"form_token": read_token(page), "decision": "refused", "because": ""}
    assert (answer := olga.post(f"{place}/decision", form)).status_code == 422
    assert "Give a reason" in words(answer.text)
    answer = olga.post(f"{place}/decision", form | {"because": "one phone"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{place}?done=refused")
    story = words(olga.get(answer.headers["location"]).text)
    assert "It was refused; what had been given was taken back." in story
    assert "The same device; 2 were seen on it. 50" in story
    assert "Link opened" in story
    assert "A person refused it." in story
    assert olga.post(f"{place}/decision", form | {"because": "again"}).status_code == 422
    assert olga.post(f"{place}/decision", form | {"decision": "approved", "because": "sisters"}).status_code == 303
    olga.client.cookies.set("regulars_language", "zh-CN")
    assert "推荐了" in words(olga.get(place).text)


def test_a_member_s_page_shows_the_code_and_who_brought_them(olga: Visitor):
    ada = f"/members/{olga.member('ada')}"
    page = olga.get(ada).text
    said = words(page)
    assert "Friends who joined 2 Rewarded 1 1 waits for a person" in said
    assert "Somebody came by the referral code" in said
    assert "How this member came" in words(olga.get(f"/members/{olga.member('ben')}").text)
    token = {"form_token": read_token(page)}
    assert olga.post(f"{ada}/referral/revocation", token | {"because": "posted in public"}).status_code == 303
    assert "No code was issued yet." in words(olga.get(ada).text)
    assert olga.post(f"{ada}/referral", token).status_code == 303
    assert "No code was issued yet." not in words(olga.get(ada).text)


def test_an_agent_may_not_decide(olga: Visitor):
    be(olga, shops.AGNES)
    assert olga.get("/referrals").status_code == 403
    page = olga.get(f"/members/{olga.member('ben')}").text
    assert "This member came by a referral." in words(page)
    form = {"form_token": read_token(page), "decision": "approved", "because": "x"}
    assert olga.post("/referrals/rfl_0000000000000/decision", form).status_code == 403
