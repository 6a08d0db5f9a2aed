from dataclasses import replace

from conftest import NOON
from console.shops import Visitor, words
from make import shop
from regulars import programme
from regulars.programme import Earning


def test_the_programme_is_told_in_words_with_an_example_computed_by_its_rule(olga: Visitor):
    said = words(olga.get("/programme").text)
    assert "1 point for every £0.10 spent on goods" in said
    assert "3 pieces at £4.25 £12.75 127" in said
    assert "Together £25.74 256" in said
    assert "Points lapse at the end of the month that is 24 months after the one they were earned in." in said
    assert "Earned today, they are gone on 1 Apr 2028." in said


def test_each_tier_shows_from_what_it_is_had_and_how_many_have_it(olga: Visitor):
    with olga.app.database.transaction() as tx:
        counts = programme.tier_counts(tx)
    said = words(olga.get("/programme").text)
    assert f"Gold from £5,000 {counts['gold']} member" in said
    assert f"Bronze from the start {counts['bronze']} members" in said


def test_versions_are_listed_the_latest_first(bare: Visitor):
    with bare.app.database.transaction() as tx:
        shop(tx)
        first = programme.publish(tx, programme.default("GBP", "Europe/London"), at=NOON, by="olga@shop.example")
        second = replace(first, earning=Earning(2, 100), expiry=None)
        programme.publish(tx, second, at=NOON, by="max@shop.example")
    bare.sign_in()
    said = words(bare.get("/programme").text)
    assert "2 points for every £1.00 spent on goods" in said
    assert "Points do not lapse." in said
    assert said.index("max@shop.example") < said.index("olga@shop.example")


def test_a_currency_without_decimals_is_written_without_them(bare: Visitor):
    with bare.app.database.transaction() as tx:
        shop(tx, currency="JPY", time_zone="Asia/Tokyo")
        programme.publish(tx, programme.default("JPY", "Asia/Tokyo"), at=NOON, by="olga@shop.example")
    bare.sign_in()
    assert "1 point for every JP¥10 spent on goods" in words(bare.get("/programme").text)
