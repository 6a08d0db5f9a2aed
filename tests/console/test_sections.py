"""A draft's sections as forms: what is shown and sent back changes nothing, what is written is kept, what is wrong is told."""

# ruff: noqa: RUF001 - Chinese is written with Chinese punctuation

from collections.abc import Generator

import pytest
from litestar.testing import TestClient

import make
from conftest import NOON
from console import shops
from console.forming import RICH, fields
from console.shops import EMAIL, MAX, Visitor, links, words
from make import DAY
from regulars import access, jobs, programme
from regulars.access import Role
from regulars.asgi import create_asgi
from regulars.console import forms
from regulars.console.drafts import place_of
from regulars.ledger import desk as points_desk
from regulars.programme import drafts
from regulars.storage import Database


@pytest.fixture
def desk(database: Database) -> Generator[Visitor]:
    """Max, signed in at a shop with stars that have a decimal, and an order of Ada's."""
    with database.transaction() as tx:
        shops.operators(tx)
        access.add_operator(tx, email=MAX, name="Max", role=Role.MANAGER, password=shops.PASSWORD, at=NOON)
        points_desk.define_point_type(tx, "stars", role="qualifying", decimals=1, at=NOON)
        make.record(
            tx, make.shop(tx), make.order("A-1", "ada", make.line(unit_minor=600), placed_at=NOON - DAY), at=NOON
        )
        jobs.react_within(tx, at=NOON)
    app = make.app(database, alone=False)
    with TestClient(create_asgi(app)) as client:
        visitor = Visitor(client, app)
        shops.be(visitor, MAX)
        yield visitor


def begun(visitor: Visitor, text: str = RICH) -> str:
    """The page of a new draft that says a text."""
    with visitor.app.database.transaction() as tx:
        return place_of(drafts.begin(tx, text, by=MAX, at=NOON, note="Spring").draft_id)


def text_of(visitor: Visitor, place: str) -> str:
    with visitor.app.database.transaction() as tx:
        return next(one.text for one in drafts.drafts(tx) if place_of(one.draft_id) == place)


FORMS = [
    "general",
    "points",
    "referral",
    "earning/0",
    "earning/1",
    "earning/2",
    "earning/3",
    "tier_sets/0",
    "rewards/0",
]


def test_every_form_sent_back_as_it_was_shown_leaves_every_letter(desk: Visitor):
    assert drafts.check(RICH).flaws == ()
    place = begun(desk)
    for form in FORMS:
        at = f"{place}/sections/{form}"
        shown = fields(desk.get(at).text)
        saved = desk.post(at, shown | {"action": "save"})
        assert saved.status_code == 303, (form, words(saved.text)[-600:])
        assert text_of(desk, place) == RICH, form


def sent(visitor: Visitor, at: str, action: str = "save", **more: str):
    """The form at a place with something else in some fields (`_` stands for a point)."""
    given = {name.replace("__", "."): value for name, value in more.items()}
    return visitor.post(at, fields(visitor.get(at).text) | given | {"action": action})


def said_by(visitor: Visitor, place: str):
    checked = drafts.check(text_of(visitor, place))
    assert checked.programme is not None, checked.flaws
    return checked.programme


def test_a_rule_is_told_in_plain_words(desk: Visitor):
    place = begun(desk)
    said = words(desk.get(f"{place}/sections/earning").text)
    assert "1 point for each £0.10 spent." in said
    assert (
        "10 points for each £1.00 spent. Only when the article number is SHOE or BOOT and the member’s tier is Gold and the "
        "goods cost at least £50.00 and it was ordered on Sat or Sun. At most 500 points for one order, 500 points a month, "
        "3 times ever. From 1 May 2026, 00:00." in said
    )
    assert "Double points. Only when order.placed.month == 5" in said
    assert "2.5 stars for an order. Only when it is the member’s first order and it was ordered on 1 Feb 2026" in said
    desk.headers = {"Accept-Language": "zh-CN"}
    said = words(desk.get(f"{place}/sections/earning").text)
    assert (
        "每消费 £1.00 得 10 积分。 仅当货号为 SHOE或BOOT；会员等级为 金卡；商品金额至少 £50.00；在周六或周日下单。"
        in said
    )
    assert "Shoes for gold · 10 points" not in said


def test_what_is_written_is_saved_in_minor_units_and_as_expressions_and_comments_stay(desk: Visitor):
    place = begun(desk)
    at = f"{place}/sections/earning/1"
    done = sent(
        desk, at, points__n="3", points__per="2.50", limits__0__most_points="1,000", when__0__texts="BOOT，CLOG",
        when__2__amount="12.5", starts_at="", note="Clogs",
    )  # fmt: skip
    assert (done.status_code, done.headers["location"]) == (303, f"{place}/sections/earning?done=saved")
    rule = said_by(desk, place).earning[1]
    assert rule.points == "order.goods_minor * 3 / 250"
    assert rule.when == (
        'lines.exists(l, l.sku in ["BOOT", "CLOG"]) && member.tier == "gold" && order.goods_minor >= 1250'
        " && order.placed.weekday in [6, 7]"
    )
    assert (rule.starts_at, rule.limits[0].most_points) == (None, 1000)
    text = text_of(desk, place)
    for comment in ("# The shop's programme", "# What most orders earn", "# a point for 10p", "# Shoes, for gold"):
        assert comment in text
    assert "# Who comes often" in text
    assert sent(desk, f"{place}/sections/earning/3", points__fixed="7.5").status_code == 303
    assert said_by(desk, place).earning[3].points == "75"  # stars have one decimal


def test_what_is_wrong_is_told_beside_its_field_in_the_readers_language_and_nothing_is_lost(desk: Visitor):
    place = begun(desk)
    at = f"{place}/sections/earning/0"
    desk.headers = {"Accept-Language": "zh-CN"}
    wrong = sent(desk, at, name_en="Everything", name_zh=" ", most_per_order="many")
    assert wrong.status_code == 422
    assert fields(wrong.text)["name_en"] == "Everything"
    assert fields(wrong.text)["most_per_order"] == "many"
    assert 'data-wrong="most_per_order"><span>请填整数或金额</span>' in wrong.text
    assert text_of(desk, place) == RICH
    told = sent(desk, at, "check", points__is="text", points__text="line.amount_minr / 10").text
    assert 'data-for="points"' in told
    assert "没有 `line.amount_minr`" in told
    desk.headers = {}
    told = sent(desk, at, "check", code="shoes").text
    assert "Earning rules › Shoes for gold › Code give every rule a code of its own" in words(told)
    assert "It can be used as it stands." in words(sent(desk, at, "check").text)
    inside = sent(desk, f"{place}/sections/earning/1", limits__1__most_times="0")
    assert 'data-wrong="limits.1.most_times"><span>give 1 to 1000000000000</span>' in inside.text


def test_rows_are_added_moved_and_taken_away_without_scripts_and_nothing_is_saved_before_it_is(desk: Visitor):
    place = begun(desk)
    at = f"{place}/sections/tier_sets/0"
    added = fields(sent(desk, at, "add tiers").text)
    assert added["tiers.rows"] == "0,1,n0"
    given = {"tiers.n0.code": "top", "tiers.n0.name_en": "Top", "tiers.n0.name_zh": "顶级", "tiers.n0.reach": "9000"}
    assert desk.post(at, added | given | {"action": "save"}).status_code == 303
    assert [(one.code, one.reach) for one in said_by(desk, place).main.tiers][-1] == ("top", 900_000)
    proposed = fields(sent(desk, f"{place}/sections/earning/0", "add limits").text)
    assert (proposed["limits.rows"], proposed["limits.n0.per"]) == ("n0", "month")
    moved = desk.post(at, fields(desk.get(at).text) | {"action": "up tiers.2"})
    assert fields(moved.text)["tiers.rows"] == "0,2,1"
    dropped = desk.post(at, fields(moved.text) | {"action": "drop tiers.1"})
    refused = desk.post(at, fields(dropped.text) | {"action": "save"})
    assert (
        refused.status_code,
        "Rewards › Five off › Prices › #2 › Only for tier name a tier there is" in words(refused.text),
    ) == (
        422,
        True,
    )
    shorter = desk.post(at, fields(moved.text) | {"action": "drop tiers.2"})
    assert desk.post(at, fields(shorter.text) | {"action": "save"}).status_code == 303
    assert [one.code for one in said_by(desk, place).main.tiers] == ["bronze", "gold"]


def test_things_are_made_moved_copied_and_taken_away_and_that_can_be_undone(desk: Visitor):
    place = begun(desk)
    at, revision = f"{place}/sections/earning", 1

    def do(action: str, number: int = 0) -> list[str]:
        nonlocal revision
        token = fields(desk.get(f"{at}/0").text)["form_token"]
        data = {"form_token": token, "action": action, "place": str(number), "revision": str(revision)}
        assert desk.post(at, data).headers["location"] == f"{at}?done={action}"
        revision += 1
        return [one.code for one in said_by(desk, place).earning]

    assert do("down") == ["shoes", "goods", "may", "stars"]
    assert do("copy", 2) == ["shoes", "goods", "may", "may_2", "stars"]
    assert do("remove", 0) == ["goods", "may", "may_2", "stars"]
    assert "Undo" in words(desk.get(f"{at}?done=remove").text)
    assert do("undo") == ["shoes", "goods", "may", "may_2", "stars"]
    for comment in ("# What most orders earn", "# Shoes, for gold"):
        assert comment in text_of(desk, place)
    new = fields(desk.get(f"{at}/new").text)
    given = {
        "code": "hello",
        "name_en": "Hello",
        "name_zh": "你好",
        "points.is": "fixed",
        "points.fixed": "100",
        "per": "order",
    }
    row = fields(desk.post(f"{at}/new", new | given | {"action": "add when"}).text)
    assert desk.post(f"{at}/new", row | {"when.n0.is": "first", "action": "save"}).status_code == 303
    made = said_by(desk, place).earning[-1]
    assert (made.code, made.points, made.when) == ("hello", "100", "member.orders_before == 0")
    token = new["form_token"]
    gone = desk.post(at, {"form_token": token, "action": "remove", "place": "77", "revision": str(revision + 1)})
    assert (gone.status_code, "not there any more" in words(gone.text)) == (409, True)


def test_two_who_change_forms_at_once_lose_nothing(desk: Visitor):
    place = begun(desk)
    at = f"{place}/sections/earning/1"
    mine = fields(desk.get(at).text) | {"name_en": "My shoes", "action": "save"}
    assert sent(desk, f"{place}/sections/general", name="Theirs").status_code == 303
    token = mine["form_token"]
    desk.post(f"{place}/sections/earning", {"form_token": token, "action": "remove", "place": "0", "revision": "2"})
    assert (
        desk.post(f"{place}/sections/earning/3", mine | {"action": "check"}).status_code == 200
    )  # it stands elsewhere
    stale = desk.post(at, mine)
    assert (stale.status_code, "saved revision 3 in the meantime" in words(stale.text)) == (409, True)
    assert fields(stale.text)["name_en"] == "My shoes"
    assert f'action="{place}/sections/earning/0"' in stale.text  # where the rule stands by now
    assert desk.post(f"{place}/sections/earning/0", fields(stale.text) | {"action": "save"}).status_code == 303
    now = said_by(desk, place)
    assert (now.name, [one.name_en for one in now.earning]) == ("Theirs", ["My shoes", "Double in May", "Stars"])


def test_a_rule_is_tried_on_a_past_order_before_it_is_saved(desk: Visitor):
    place = begun(desk)
    at = f"{place}/sections/earning/0"
    tried = sent(desk, at, "try", points__per="0.05", order="A-1")
    said = words(tried.text)
    assert "Goods goods" in said
    assert "120" in said.partition("Try it on a past order")[2]
    assert fields(tried.text)["points.per"] == "0.05"
    assert text_of(desk, place) == RICH
    assert "no order of that number" in words(sent(desk, at, "try", order="none").text)
    assert "Put right what is wrong" in words(sent(desk, at, "try", order="A-1", name_en="").text)


def test_what_no_field_can_show_stays_and_what_cannot_be_read_leads_to_the_text(desk: Visitor):
    strange = RICH.replace("pending: {kind: after, waits: {count: 14, unit: day}}", "pending: soon")
    place = begun(desk, strange)
    at = f"{place}/sections/points"
    assert "this form cannot show" in words(desk.get(at).text)
    assert sent(desk, at).status_code == 422  # it is wrong, and that is told here
    assert sent(desk, f"{place}/sections/general", name="Renamed").status_code == 303
    assert "pending: soon" in text_of(desk, place)
    broken = begun(desk, "earning: [")
    assert desk.get(f"{broken}/sections/earning").headers["location"] == broken
    assert "Change it" not in words(desk.get(broken).text)


def test_sections_are_for_those_who_may_change_them_and_for_drafts_that_can_be(desk: Visitor):
    place = begun(desk)
    assert desk.get(f"{place}/sections/nothing").status_code == 404
    assert desk.get(f"{place}/sections/earning/9").status_code == 404
    assert desk.get(f"{place}/sections/general/0").status_code == 404
    shops.be(desk, "vera@shop.example")
    assert desk.get(f"{place}/sections/earning").status_code == 403
    assert not links(desk.get(place).text, f"{place}/sections")
    assert "Shoes for gold · 10 points for each £1.00 spent." in words(desk.get(place).text)


def test_every_part_of_the_document_has_a_section():
    parts = {part for one in forms.sections().values() for part in one.parts}
    assert parts == {one.name for one in drafts.shape().parts} == set(programme.default("GBP", "UTC").as_document())
    assert EMAIL
