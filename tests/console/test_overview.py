from datetime import timedelta

import pytest

import make
from cast import ADA
from conftest import NOON
from console.shops import Visitor, count_of, links, words
from regulars import insight, jobs
from regulars.insight import Scope


def _today(olga: Visitor):
    return olga.app.clock().date()


@pytest.mark.parametrize("period", ["30", "90", "365", "all"])
def test_every_measure_opens_to_exactly_the_members_behind_it(olga: Visitor, period: str):
    page = olga.get(f"/?period={period}").text
    frame = olga.app.frames.read(olga.app.database)
    today = _today(olga)
    scope = Scope(frame.first_day, today) if period == "all" else Scope.last(int(period), today)
    span = f"from={scope.start}&to={today - timedelta(days=1)}"
    for measure in insight.measures():
        [address] = [link for link in links(page, f"/members?measure={measure.name}&") if span in link]
        assert count_of(olga.get(address).text) == len(insight.members_behind(frame, measure.name, scope)), measure.name


def test_the_figures_are_those_of_insight(olga: Visitor):
    frame = olga.app.frames.read(olga.app.database)
    scope = Scope.last(90, _today(olga))
    said = words(olga.get("/").text)
    revenue = insight.figure(frame, "revenue", scope).value
    assert f"£{revenue / 100:,.0f}" in said
    assert f"{insight.figure(frame, 'orders', scope).value:,} " in said
    assert f"{insight.figure(frame, 'repurchase_rate', scope).value:.1%}" in said


def test_the_sentence_of_each_measure_is_on_the_page_in_both_languages(olga: Visitor):
    for tag in ("en", "zh-CN"):
        olga.client.cookies.set("regulars_language", tag)
        said = words(olga.get("/").text)
        for measure in insight.measures():
            assert measure.title.in_(tag) in said
            assert measure.sentence.in_(tag) in said


def test_every_cell_of_the_maps_opens_to_as_many_members_as_it_shows(olga: Visitor):
    page = olga.get("/").text
    frame = olga.app.frames.read(olga.app.database)
    with olga.app.database.transaction() as tx:
        spread = insight.distribution(tx)
    for cell in spread.rfm:
        address = f"/members?r={cell.r}&f={cell.f}"
        assert (address in links(page, address)) == (cell.members > 0)
        if cell.members:
            assert count_of(olga.get(address).text) == cell.members
    for share in (*spread.tiers, *spread.grades):
        kind = "grade" if share in spread.grades else "tier"
        assert count_of(olga.get(f"/members?{kind}={share.name}").text) == share.members
    for cohort in insight.cohorts(frame, until=_today(olga))[-13:]:
        month = cohort.month.strftime("%Y-%m")
        assert count_of(olga.get(f"/members?cohort={month}").text) == cohort.members
        for cell in cohort.cells[1:3]:
            if cell.active:
                assert count_of(olga.get(f"/members?cohort={month}&months={cell.months}").text) == cell.active


def test_the_chart_is_a_table_too(olga: Visitor):
    frame = olga.app.frames.read(olga.app.database)
    scope = Scope.last(365, _today(olga))
    page = olga.get("/?period=365").text
    said = words(page.partition("<details")[2].partition("</details>")[0])
    for point in insight.figure(frame, "revenue", scope).series:
        assert f"£{point.value / 100:,.2f}" in said


def test_a_period_there_is_not_is_the_usual_one(olga: Visitor):
    assert words(olga.get("/?period=7").text) == words(olga.get("/").text)


def test_an_owner_is_told_of_what_was_not_followed_and_nobody_else(bare: Visitor):
    with bare.app.database.transaction() as tx:
        make.record(tx, make.shop(tx), make.order("1", ADA))
        tx.run("update commerce_orders set paid_at = '0001-01-01'")
        jobs.react_within(tx, at=NOON)
    bare.sign_in()
    page = bare.get("/").text
    assert "1 fact was not followed" in words(page)
    assert "regulars jobs retry" in words(page)
    assert "order.paid" in words(page)
    bare.client.cookies.set("regulars_language", "zh-CN")
    assert "1 个事件未得到响应" in words(bare.get("/").text)
    assert "应有的积分或等级未能到账" in words(bare.get(f"/members/{bare.member(ADA)}").text)
    bare.client.cookies.clear()
    bare.sign_in("vera@shop.example")
    assert "regulars jobs retry" not in words(bare.get("/").text)
    with bare.app.database.transaction() as tx:
        tx.run("update commerce_orders set paid_at = placed_at")
    jobs.retry(bare.app)
    bare.client.cookies.clear()
    bare.sign_in()
    assert "regulars jobs retry" not in words(bare.get("/").text)
