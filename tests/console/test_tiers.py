"""The pages of tiers: a set's, and the form that gives one to a member."""

from dataclasses import replace

from conftest import NOON
from console.shops import Visitor, read_token, words
from make import DAY, shop
from regulars import members, programme
from regulars.ledger import Span
from regulars.programme.tiers import Benefit, Window
from regulars.types import to_public


def test_a_set_tells_who_is_where_what_it_takes_and_who_came(olga: Visitor):
    said = words(olga.get("/programme/tiers/main").text)
    assert "Counted: what a member spent on goods, returns taken off, in the last 12 months." in said
    assert "Whoever does not keep a tier falls to what was earned." in said
    assert "Gold £5,000 £5,000 —" in said
    assert "Reached a higher tier" in said
    assert "Nobody, as far as can be told." in said
    assert olga.get("/programme/tiers/vip").status_code == 404


def test_a_yearly_set_says_its_terms_and_benefits_in_both_languages(bare: Visitor):
    discount = Benefit("discount", "discount", "Members' price", "会员价", value=5, uses=3)
    main = programme.default("GBP", "Europe/London").main
    tiers = (main.tiers[0], replace(main.tiers[1], keep=80_000, benefits=(discount,)), main.tiers[2])
    yearly = replace(
        main, window=Window("calendar", month=4), tiers=tiers, grace=Span(14, "day"), downgrade="one_step", zone="member",
        refunds="cycle_end", notice_days=30, stay=Span(1, "month"),
    )  # fmt: skip
    with bare.app.database.transaction() as tx:
        made = replace(programme.default("GBP", "Europe/London"), tier_sets=(yearly,))
        programme.publish(tx, made, at=NOON, by="olga@shop.example")
    bare.sign_in()
    said = words(bare.get("/programme/tiers/main").text)
    for sentence in (
        "in the year from 1 Apr on.", "falls by one in a cycle.", "It is still had for 14 days.",
        "A tier is had for 1 month at least.", "when the cycle ends.", "told 30 days ahead.",
        "Silver £1,000 £800 Members' price · 5 % · 3 times a cycle", "Nobody yet.",
    ):  # fmt: skip
        assert sentence in said
    assert "会员价 · 5 % · 每周期 3 次" in words(bare.get("/programme/tiers/main", **{"Accept-Language": "zh-CN"}).text)


def test_a_tier_is_given_locked_and_ended_by_form(bare: Visitor):
    with bare.app.database.transaction() as tx:
        shop(tx)
        programme.publish(tx, programme.default("GBP", "Europe/London"), at=NOON, by="olga@shop.example")
        [done] = members.enrol(tx, [members.NewMember("ada", name="Ada")], at=NOON - DAY)
    bare.sign_in()
    place = f"/members/{to_public('mem', done.member_id)}/tier"

    def send(path: str = place, **data: str) -> tuple[int, str]:
        page = bare.get(place).text
        once = page.partition('name="once" value="')[2].partition('"')[0]
        answer = bare.post(path, {"form_token": read_token(page), "once": once, **data})
        return answer.status_code, words(answer.text)

    status, said = send(tier="main:gold", reason="", until="")
    assert (status, "Give a reason of 1 to 500 letters on one line." in said) == (422, True)
    status, said = send(tier="main:gold", reason="Press", until="2026-03-01")
    assert (status, "Give a day in the future, or none." in said) == (422, True)
    assert send(tier="main:gold", reason="Press", until="2026-03-31")[0] == 303
    said = words(bare.get(place.removesuffix("/tier")).text)
    assert "Gold is given until 31 Mar 2026." in said
    assert "gave Gold by hand: Press" in said
    assert "In force" in words(bare.get(place).text)
    with bare.app.database.transaction() as tx:
        [one] = programme.tiers.grants.given(tx, [done.member_id])
    ending = f"{place}/{to_public('tgr', one.grant_id)}/end"
    assert send(ending, because="Over")[0] == 303
    assert send(ending, because="Over")[0] == 422
    assert "Ended by" in words(bare.get(place).text)


def test_who_may_not_give_points_may_not_give_tiers(visitor: Visitor):
    visitor.sign_in("vera@shop.example")
    ada = visitor.member("ada")
    assert f"/members/{ada}/tier" not in visitor.get(f"/members/{ada}").text
    assert visitor.get(f"/members/{ada}/tier").status_code == 403
