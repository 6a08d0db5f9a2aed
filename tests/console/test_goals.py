# ruff: noqa: RUF001 - Chinese has commas of its own
"""Challenges, streaks and birthdays on a member's page."""

from console.celebrating import furnish
from console.shops import Visitor, words


def test_a_members_page_says_how_far_goals_are_and_what_comes_next(shop: Visitor):
    place = furnish(shop.app)
    said = words(shop.get(place).text)
    assert "Goals Five visits in a month 2 · this month 5 Three days in a row reached 3 · days in a row 3" in said
    assert "Reached 1 time, last on 2 Mar 2026" in said
    assert "Birthday 10 Dec 2026" in said
    assert "Visited the shop" in said
    assert "Reached the goal of Three days in a row" in said
    shop.client.cookies.set("regulars_language", "zh-CN")
    chinese = words(shop.get(place).text)
    assert "目标 每月到访五次 2 · 本月 5 连续三天 已达成" in chinese
    assert "达成目标：连续三天" in chinese
    assert "到店" in chinese
