# ruff: noqa: RUF001 - Chinese is written with Chinese commas
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from conftest import NOON
from console.shops import Visitor, read_token, words
from make import DAY, shop
from regulars import commerce, ledger, programme
from regulars.console.drafts import place_of
from regulars.ledger import (
    AfterSpan,
    AtEvent,
    Expiry,
    MonthDay,
    Pending,
    PeriodEnd,
    Rolling,
    Sliding,
    Span,
    UntilDay,
    Yearly,
)
from regulars.programme import drafts, proportional
from regulars.types import to_public


def test_the_programme_is_told_in_words_with_an_example_computed_by_its_rule(olga: Visitor):
    said = words(olga.get("/programme").text)
    assert "1 point for every £0.10 spent on goods" in said
    assert "3 pieces at £4.25 £12.75 127" in said
    assert "Together £25.74 256" in said
    assert "Points last 24 months, and then to the end of the month. They can be spent at once." in said
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
        second = replace(first, earning=(proportional(2, 100),), expiry=None)
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


LASTING: list[tuple[Expiry | None, str, str]] = [
    (None, "Points do not lapse.", "积分永不过期。"),
    (
        Rolling(Span(1, "year"), "quarter"),
        "Points last 1 year, and then to the end of the quarter.",
        "积分有效期为 1 年，并延至该季度末。",
    ),
    (PeriodEnd("year"), "Points last until the end of the year.", "积分有效至当年末。"),
    (
        PeriodEnd("year", Span(90, "day")),
        "Points last until the first end of a year that leaves them at least 90 days.",
        "积分有效至年末，且至少有效 90 天。",
    ),
    (Yearly(3, 31), "Points last until 31 Mar of each year.", "积分有效至每年 3月31日。"),
    (
        Yearly(3, 31, Span(3, "month")),
        "Points last until the first 31 Mar that leaves them at least 3 months.",
        "积分有效至某年 3月31日，且至少有效 3 个月。",
    ),
    (
        Sliding(Span(6, "month")),
        "All points last 6 months after the member last earned some, and then to the end of the day.",
        "全部积分自会员最近一次获得积分起 6 个月内有效，并延至该日末。",
    ),
    (
        Sliding(Span(6, "month"), "month", "earning_and_spending"),
        "All points last 6 months after the member last earned or spent some, and then to the end of the month.",
        "全部积分自会员最近一次获得或使用积分起 6 个月内有效，并延至该月末。",
    ),
]
WAITS: list[tuple[Pending, str, str]] = [
    (AfterSpan(Span(14, "day")), "They wait 14 days before they can be spent.", "等待 14 天后可用。"),
    (UntilDay(date(2026, 5, 1)), "They can be spent from 1 May 2026 on.", "自 2026年5月1日起可用。"),
    (MonthDay(15), "They can be spent from day 15 of the next month on.", "自次月 15 日起可用。"),
    (MonthDay(15, 0), "They can be spent from the next day 15 of a month on.", "自下一个 15 日起可用。"),
    (
        MonthDay(1, 3),
        "They can be spent from day 1 of the month that is 3 months on.",
        "自 3 个月后的 1 日起可用。",
    ),
    (
        AtEvent("delivered", Span(60, "day"), "lapse"),
        "They can be spent when the order has arrived. If that does not happen within 60 days, they are lost.",
        "订单送达后可用。 若 60 天内未发生，积分失效。",
    ),
    (
        AtEvent("installed", Span(1, "month")),
        "They can be spent when “installed” is told of the order. If that does not happen within 1 month, they can be spent all the same.",
        "收到订单的“installed”通知后可用。 若 1 个月内未发生，积分仍可使用。",
    ),
]


def test_how_long_points_last_and_wait_is_said_in_both_languages(bare: Visitor):
    _publish(bare)
    said = [({"expiry": one}, english, chinese) for one, english, chinese in LASTING]
    said += [({"pending": one}, english, chinese) for one, english, chinese in WAITS]
    for terms, english, chinese in said:
        _publish(bare, **terms)
        assert english in words(bare.get("/programme").text)
        assert chinese in words(bare.get("/programme", **{"Accept-Language": "zh-CN"}).text)


def _publish(visitor: Visitor, **terms: object) -> None:
    with visitor.app.database.transaction() as tx:
        shop(tx)
        made = replace(programme.default("GBP", "Europe/London"), **terms)  # pyright: ignore[reportArgumentType]
        programme.publish(tx, made, at=NOON, by="olga@shop.example")
    if "regulars_session" not in visitor.client.cookies:
        visitor.sign_in()


def _send(visitor: Visitor, data: Mapping[str, str]) -> tuple[int, str]:
    answer = visitor.post("/programme/terms", {"form_token": read_token(visitor.get("/programme/terms").text), **data})
    return answer.status_code, answer.text


def _carry_out(visitor: Visitor, **day: str) -> None:
    """Submit the last draft, approve it and publish it: in this shop one person may."""
    with visitor.app.database.transaction() as tx:
        [one] = drafts.drafts(tx, unpublished=True)
    place = place_of(one.draft_id)
    for step in ("submit", "approve", "publish"):
        told = {"form_token": read_token(visitor.get(place).text), "revision": str(one.revision), "step": step, **day}
        assert visitor.post(f"{place}/step", told).status_code == 303


YEARLY = {
    "expiry": "yearly", "expiry.yearly.day": "31", "expiry.yearly.month": "3", "expiry.yearly.at_least.count": "90",
    "expiry.yearly.at_least.unit": "day", "expiry.rolling.lasts.count": "nothing that was chosen",
}  # fmt: skip
WAITING = {
    "pending": "event", "pending.event.event": "delivered", "pending.event.within.count": "60",
    "pending.event.within.unit": "day", "pending.event.otherwise": "lapse",
}  # fmt: skip


def test_the_form_writes_a_draft_which_is_published_and_shown(bare: Visitor):
    _publish(bare, expiry=Sliding(Span(7, "month"), "quarter"))
    form = bare.get("/programme/terms").text
    assert 'value="sliding" checked' in form
    assert 'name="expiry.sliding.lasts.count" value="7"' in form
    assert '<option value="quarter" selected>' in form
    assert _send(bare, YEARLY | WAITING)[0] == 303
    with bare.app.database.transaction() as tx:
        assert programme.current(tx, at=NOON).version_id == 1
    _carry_out(bare)
    with bare.app.database.transaction() as tx:
        holds = programme.current(tx, at=NOON)
    assert holds.version_id == 2
    assert holds.expiry == Yearly(3, 31, Span(90, "day"))
    assert holds.pending == AtEvent("delivered", Span(60, "day"), "lapse")
    assert "version 2 · in force since 2 Mar 2026" in words(bare.get("/programme").text)
    assert _send(bare, {"expiry": "none", "pending": "none"})[0] == 303
    _carry_out(bare)
    with bare.app.database.transaction() as tx:
        holds = programme.current(tx, at=NOON)
    assert (holds.expiry, holds.pending) == (None, None)


def test_a_version_can_begin_on_a_day_to_come(bare: Visitor):
    _publish(bare)
    assert _send(bare, YEARLY | {"pending": "none"})[0] == 303
    _carry_out(bare, effective_at="2026-04-01")
    begins = ledger.day_begins(date(2026, 4, 1), "Europe/London")
    with bare.app.database.transaction() as tx:
        assert [programme.current(tx, at=at).version_id for at in (NOON, NOON + 20 * DAY, begins)] == [1, 1, 2]
    said = words(bare.get("/programme").text)
    assert "version 1 · in force since 2 Mar 2026" in said
    assert "2 To come" in said
    assert "1 Apr 2026, 00:00" in said


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"expiry.yearly.month": "4"}, "expiry.day is 31: give 1 to 30, that month has no other."),
    ({"expiry.yearly.day": ""}, "Expected `int`, got `str`"),
    ({"expiry": "lunar"}, "expiry.kind is 'lunar': give one of rolling, period_end, yearly, sliding."),
    ({"pending.event.within.count": "0"}, "pending.within.count is 0: give 1 or more."),
    ({"note": "a" * 501}, "Write one line of at most 500 letters."),
]


def test_terms_that_cannot_be_meant_are_refused_and_what_was_typed_stays(bare: Visitor):
    _publish(bare)
    for change, said in REFUSED:
        status, text = _send(bare, YEARLY | WAITING | change)
        assert status == 422
        assert said in words(text)
        assert 'name="expiry.yearly.at_least.count" value="90"' in text
    with bare.app.database.transaction() as tx:
        assert len(programme.versions(tx)) == 1
        assert drafts.drafts(tx) == []


def test_the_form_writes_into_a_draft_and_keeps_its_comments(bare: Visitor):
    _publish(bare)
    with bare.app.database.transaction() as tx:
        text = drafts.text_of(tx, programme.current(tx, at=NOON)) + "# agreed on Monday\n"
        one = drafts.begin(tx, text, by="max@shop.example", at=NOON, note="Shorter")
    public = to_public("drf", one.draft_id)
    form = bare.get(f"/programme/terms?draft={public}").text
    assert 'value="Shorter"' in form
    told = {"form_token": read_token(form), "draft": public, "revision": "1", "expiry": "none", "pending": "none"}
    assert bare.post("/programme/terms", told | {"note": "For ever"}).status_code == 303
    stale = bare.post("/programme/terms", told)
    assert (stale.status_code, "Somebody has changed the draft" in stale.text) == (422, True)
    with bare.app.database.transaction() as tx:
        one = drafts.draft(tx, one.draft_id)
    assert (one.revision, one.authors) == (2, ["max@shop.example", "olga@shop.example"])
    assert one.text.endswith("# agreed on Monday\n")
    assert one.document is not None
    assert one.document["expiry"] is None


def test_who_may_not_change_the_programme_is_offered_no_way_to(visitor: Visitor):
    visitor.sign_in("vera@shop.example")
    assert "/programme/terms" not in visitor.get("/programme").text
    assert visitor.get("/programme/terms").status_code == 403


def test_the_rules_are_tried_on_a_past_order_and_the_order_says_why(olga: Visitor):
    with olga.app.database.transaction() as tx:
        found = next(one for one in commerce.list_orders(tx, state="paid", limit=50) if one.member_id is not None)
    said = words(olga.get(f"/programme/trial?order={to_public('ord', found.order_id)}").text)
    assert f"Order {found.external_id}" in said
    assert "Gave " in said
    said = words(olga.get(f"/orders/{to_public('ord', found.order_id)}").text)
    assert "Why these points" in said
    assert "When it was paid" in said
    assert "There is no order of that number." in words(olga.get("/programme/trial?order=nonsense").text)
