"""Rewards, coupons and gift cards in the console."""

import re

import pytest

from conftest import NOON
from console import shops
from console.rewarding import furnish
from console.shops import Visitor, links, words
from regulars import ledger, members
from regulars.programme import coupons, gift_cards, rewards


@pytest.fixture
def places(shop: Visitor) -> dict[str, str]:
    return furnish(shop.app)


def sent(visitor: Visitor, path: str, **data: str) -> str:
    """What a form is answered with, after following where it leads."""
    answer = visitor.post(path, {"form_token": visitor.token("/rewards"), **data})
    if answer.status_code == 303:
        answer = visitor.get(answer.headers["location"])
    return words(answer.text)


def test_every_page_says_its_figures_in_both_languages(shop: Visitor, places: dict[str, str]):
    said = {name: words(shop.get(path).text) for name, path in places.items()}
    assert "Wooden toy Gift everybody 50 30 Gold — 19 1" in said["rewards"]
    assert "1 reward waits to be sent." in said["rewards"]
    assert "Sold out" in said["rewards"]
    assert "5 times a month" in said["reward"]
    assert "Given to a member" in said["reward"]
    assert "Ada Lovelace blue" in said["rewards to send"]
    assert "Summer summer 10.0% off Running low 6 5 1" in said["coupons"]
    assert "£5.00 off" in said["coupon pool, shared"]
    assert "Owed in GBP £30.00 on 2 cards" in said["gift cards"]
    assert "Set aside £5.00" in said["gift card"]
    assert "In use" in said["member's rewards"]
    timeline = words(shop.get(places["member's rewards"].partition("?")[0]).text)
    for sentence in ("Took Wooden toy", "Wooden toy waits to be sent", "Was given a coupon that ends in", "Was given a gift card of £25.00"):  # fmt: skip
        assert sentence in timeline
    shop.client.cookies.set("regulars_language", "zh-CN")
    assert "木玩具 礼品 所有人" in words(shop.get(places["rewards"]).text)
    assert "兑换了 木玩具" in words(shop.get(places["member's rewards"].partition("?")[0]).text)


def test_what_is_sent_goes_step_by_step_and_back(shop: Visitor, places: dict[str, str]):
    place = places["redemption"]
    assert "It is packed." in sent(shop, f"{place}/fulfilment", to="packed")
    assert "It is on its way." in sent(shop, f"{place}/fulfilment", to="sent", note="RM1", back="one")
    assert "further than that" in sent(shop, f"{place}/fulfilment", to="packed")
    assert "Give a reason" in sent(shop, f"{place}/refund", reason=" ", restock="yes")
    assert "the points are where they came from" in sent(shop, f"{place}/refund", reason="broken", restock="yes")
    with shop.app.database.transaction() as tx:
        ada = members.by_external_id(tx, "ada", issuer="uk").member_id
        assert ledger.balance(tx, ada, at=NOON).available == 990
        assert rewards.stock(tx, ["toy"])["toy"].stock == 20
    assert "Nothing waits" in words(shop.get("/rewards/queue").text)


def test_stock_is_changed_with_a_reason(shop: Visitor, places: dict[str, str]):
    assert "The stock was changed." in sent(shop, "/rewards/toy/stock", amount="-9", reason="counted")
    assert "Fewer are left" in sent(shop, "/rewards/toy/stock", amount="-11", reason="counted")
    assert "Give a number that fits" in sent(shop, "/rewards/toy/stock", amount="many", reason="counted")
    assert "counted" in sent(shop, "/rewards/toy/stock", amount="5", reason="more")


def test_a_pool_is_opened_filled_exported_and_closed(shop: Visitor):
    usual = {"code": "may", "name_en": "May", "name_zh": "五月", "kind": "amount", "amount": "2.50", "least": "10", "low_water": "3", "until": "2026-05-31"}  # fmt: skip
    assert "Give an amount of money above 0." in sent(shop, "/coupons/new", **usual | {"amount": "0"})
    assert "Give it a name in English." in sent(shop, "/coupons/new", **usual | {"name_en": " "})
    assert "£2.50 off" in sent(shop, "/coupons/new", **usual)
    assert "There is a pool with this code already." in sent(shop, "/coupons/new", **usual | {"amount": "3"})
    assert "5 codes came in. Each holds 53.4 random bits." in sent(shop, "/coupons/may/codes", way="make", count="5", prefix="", characters="12")  # fmt: skip
    assert "more characters" in sent(shop, "/coupons/may/codes", way="make", count="5", prefix="", characters="4")
    said = sent(shop, "/coupons/may/codes", way="import", codes="ABC-1\r\n!\r\nABC-1")
    assert "1 code came in. 1 was there already." in said
    assert "2 ! give at least 3 letters or digits" in said
    lines = shop.get("/coupons/may/codes.csv").text.splitlines()
    assert (len(lines), lines[0].lstrip("\ufeff")) == (7, "code,member_id,claimed_at,ends_at,uses,revoked_at")
    assert "its codes are good no more" in sent(shop, "/coupons/may/closure")
    assert "closed" in sent(shop, "/coupons/may/codes", way="make", count="5", prefix="", characters="12")


def test_a_code_is_looked_up_and_taken_out_of_use(shop: Visitor, places: dict[str, str]):
    with shop.app.database.transaction() as tx:
        free = next(one for one in coupons.codes(tx, coupons.pool(tx, "summer").pool_id) if one.member_id is None)
        taken = next(one for one in coupons.codes(tx, coupons.pool(tx, "summer").pool_id) if one.member_id is not None)
    assert "Ada Lovelace" in sent(shop, "/coupons/lookup", typed=taken.code.lower())
    assert "in use at a checkout" in sent(shop, "/coupons/revocation", typed=taken.code, reason="lost")
    assert "Out of use" in sent(shop, "/coupons/revocation", typed=free.code, reason="lost")
    for _ in range(5):
        assert "No code reads like this." in sent(shop, "/coupons/lookup", typed="NOPE")
    assert "Too many wrong codes" in sent(shop, "/coupons/lookup", typed=free.code)


def test_a_card_is_issued_once_and_its_code_shown_once(shop: Visitor, places: dict[str, str]):
    form = {"amount": "20", "currency": "GBP", "until": "2027-01-31", "once": "1"}
    token = shop.token("/rewards")
    first, again = (shop.post("/gift-cards/new", {"form_token": token, **form}).text for _ in range(2))
    code = re.search(r">([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</pre>", first)
    assert code is not None
    assert "Its code was shown then" in words(again)
    [there] = links(first, "/gift-cards/gft_")
    assert "Give a day in the future" in sent(shop, "/gift-cards/new", **form | {"until": "2020-01-01", "once": "2"})
    assert "To spend £20.00" in sent(shop, "/gift-cards/lookup", typed=code[1])
    assert "No code reads like this." in sent(shop, "/gift-cards/lookup", typed="AAAA")
    assert "The card is blocked." in sent(shop, f"{there}/block", to="blocked", reason="stolen")
    assert "Give a reason" in sent(shop, f"{there}/block", to="unblocked", reason="")
    assert "can be used again" in sent(shop, f"{there}/block", to="unblocked", reason="found")
    with shop.app.database.transaction() as tx:
        assert gift_cards.audit(tx) == []


def test_an_agent_sends_gifts_and_changes_nothing_else(shop: Visitor, places: dict[str, str]):
    shops.be(shop, shops.AGNES)
    assert "It is packed." in sent(shop, f"{places['redemption']}/fulfilment", to="packed")
    for path in ("/gift-cards", "/coupons/new", "/gift-cards/new", "/coupons/summer/codes.csv"):
        assert shop.get(path).status_code == 403
    for path in ("/rewards/toy/stock", "/coupons/summer/codes", f"{places['redemption']}/refund", "/coupons/lookup"):
        assert shop.post(path, {"form_token": shop.token("/rewards")}).status_code == 403
    assert "New pool" not in shop.get("/coupons").text


def test_without_rewards_every_page_says_what_to_do(shop: Visitor):
    assert "No rewards yet" in words(shop.get("/rewards").text)
    assert "No pools yet" in words(shop.get("/coupons").text)
    assert "No gift cards yet" in words(shop.get("/gift-cards").text)
    assert shop.get("/rewards/none").status_code == 404


def test_staff_give_a_reward_with_a_reason_and_once(shop: Visitor, places: dict[str, str]):
    form = places["reward given"]
    assert "Wooden toy · Gift · 19 left" in words(shop.get(form).text)
    data = {"reward": "toy", "reason": "Late parcel", "once": "1"}
    for _ in range(2):
        said = sent(shop, form, **data)
        assert "It was given." in said
        assert "Given for By staff Late parcel" in said
    with shop.app.database.transaction() as tx:
        assert rewards.stock(tx, ["toy"])["toy"].stock == 18
    assert "Give a reason" in sent(shop, form, reward="toy", reason="", once="2")
    assert "no such reward any more" in sent(shop, form, reward="none", reason="x", once="3")
    card = shop.post(form, {"form_token": shop.token("/rewards"), "reward": "card", "reason": "x", "once": "4"})
    assert "It is shown this once" in words(card.text)
    assert "Was given Wooden toy" in words(shop.get(places["member's rewards"].partition("?")[0]).text)
    shops.be(shop, shops.AGNES)
    assert shop.get(form).status_code == 403
    assert "Give a reward" not in words(shop.get(places["member's rewards"]).text)
