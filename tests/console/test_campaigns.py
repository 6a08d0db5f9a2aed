"""Campaigns and salons in the console."""

import re

import pytest

from console import shops
from console.campaigning import furnish
from console.shops import Visitor, words


@pytest.fixture
def places(shop: Visitor) -> dict[str, str]:
    return furnish(shop.app)


def sent(visitor: Visitor, path: str, **data: str) -> tuple[int, str]:
    """What a form is answered with, after following where it leads."""
    answer = visitor.post(path, {"form_token": visitor.token("/salons"), **data})
    status = answer.status_code
    if status == 303:
        answer = visitor.get(answer.headers["location"])
    return status, words(answer.text)


def test_every_page_says_its_figures_in_both_languages(shop: Visitor, places: dict[str, str]):
    said = {name: words(shop.get(path).text) for name, path in places.items()}
    month = said["campaigns"]
    clash = month[month.index("What clashes") :]
    assert "Member day , Spring festival Only the first gives: they are of one group. 1 Mar 2026 3" in clash
    assert "Member day member_day Member day Not now day 1, 8 of each month, Fridays everybody" in month
    assert "Spring pot 200 of 500 · each month" in month
    assert "Orders 2 Members 2 Points 200" in said["campaign"]
    assert "200 points of 2 members, for 2 orders. 1 member has spent" in said["campaign, what an undo would take"]
    assert "Tea tasting Upstairs 5 Mar 2026, 12:00 Full 2 / 2 1" in said["salons"]
    assert "Places taken 2 of 2 Waiting 1" in said["salon"]
    shop.client.cookies.set("regulars_language", "zh-CN")
    assert "仅第一个发放。" in words(shop.get(places["campaigns"]).text)
    assert "报名名单" in words(shop.get(places["salon"]).text)


def test_an_undo_is_looked_at_proposed_and_decided_on_by_somebody_else(shop: Visitor, places: dict[str, str]):
    assert "Waits for a decision" in words(shop.get(places["campaign"]).text)
    [form] = re.findall(r'action="(/campaigns/undos/[^"]+)"', shop.get(places["campaign"]).text)
    assert "It was approved and is being carried out." in sent(shop, form, decision="approve")[1]
    status, page = sent(shop, form, decision="reject")
    assert (status, "Somebody has decided on this already." in page) == (422, True)
    span = {"since": "2026-02-28T00:00", "until": "2026-03-03T00:00"}
    status, page = sent(shop, "/campaigns/spring/undo", reason=" ", **span)
    assert (status, "Give a reason of 1 to 200 letters." in page) == (422, True)
    assert "It was noted." in sent(shop, "/campaigns/spring/undo", reason="Once more", **span)[1]
    shops.be(shop, shops.AGNES)
    assert sent(shop, "/campaigns/spring/undo", reason="x", **span)[0] == 403


def test_a_salon_is_opened_filled_and_called_off(shop: Visitor, places: dict[str, str]):
    new = {
        "code": "wine", "name_en": "Wine", "name_zh": "品酒会", "place": "", "starts_at": "2026-03-09T18:00",
        "ends_at": "2026-03-09T20:00", "cancel_until": "", "capacity": "1", "waiting_most": "1", "price": "10", "reward": "5",
    }  # fmt: skip
    assert sent(shop, "/salons/new", **new | {"ends_at": "2026-03-09T17:00"})[0] == 422
    assert "It is open for signing up." in sent(shop, "/salons/new", **new)[1]
    assert "The member has a place." in sent(shop, "/salons/wine/signups", member="ada")[1]
    assert "Nobody has this number" in sent(shop, "/salons/wine/signups", member="nobody")[1]
    assert "the member waits" in sent(shop, "/salons/wine/signups", member="guest1")[1]
    page = shop.get("/salons/wine").text
    [ticket, _] = re.findall(r'class="mono">([0-9A-Z]{5}-[0-9A-Z]{5})<', page)
    first, second = re.findall(r'action="(/salons/signups/[^"]+)"', page)
    assert "The place was given up." in sent(shop, second)[1]
    assert "Checked in. Ada Lovelace" in sent(shop, "/salons/wine/check-in", ticket=ticket.lower())[1]
    assert sent(shop, first)[0] == 422
    assert "Nobody who has a place here" in sent(shop, "/salons/wine/check-in", ticket="x")[1]
    assert "The number of places was changed." in sent(shop, "/salons/wine/capacity", capacity="5")[1]
    assert sent(shop, "/salons/wine/capacity", capacity="0")[0] == 422
    assert "It was called off." in sent(shop, "/salons/tea/calling-off", reason="rain")[1]
    assert "Called off because rain" in words(shop.get("/salons/tea").text)
