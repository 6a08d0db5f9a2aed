"""The console's pages about points: what they show is the ledger's, and what is asked for by a form is done once."""

import csv
import io
import re
from datetime import timedelta

import pytest

from conftest import NOON
from console import shops
from console.shops import AGNES, MAX, Visitor, be, links, read_token, words
from make import DAY
from regulars import ledger, members
from regulars.access import Role
from regulars.console import adjustments as adjustment_pages
from regulars.console import freezes as freeze_pages
from regulars.console import holds as hold_pages
from regulars.console import members as member_pages
from regulars.console import promises as promise_pages
from regulars.ledger import Posting, desk
from regulars.members import NewMember
from regulars.types import from_public, to_public


def ada_of(visitor: Visitor) -> int:
    return from_public("mem", visitor.member("ada"))


def available(visitor: Visitor, who: str = "ada") -> int:
    with visitor.app.database.transaction() as tx:
        return ledger.balance(tx, from_public("mem", visitor.member(who)), at=NOON).available


def fields(page: str) -> dict[str, str]:
    """What a form carries unseen."""
    return dict(re.findall(r'<input type="hidden" name="(form_token|once|type|back)" value="([^"]*)"', page))


def send(visitor: Visitor, path: str, **data: str) -> str:
    """Fill the form of an address and send it; the page one ends on."""
    answer = visitor.post(path, fields(visitor.get(path).text) | data)
    if answer.status_code == 303:
        answer = visitor.get(answer.headers["location"])
    return words(answer.text)


def adjust(visitor: Visitor, amount: str, way: str = "give", **more: str) -> str:
    form = {"way": way, "amount": amount, "reason": "lost parcel", "expires": ""} | more
    return send(visitor, f"/members/{visitor.member('ada')}/points/adjustment", **form)


def decide(visitor: Visitor, decision: str, because: str = "", **more: str) -> tuple[int, str]:
    """Decide on the first adjustment that waits."""
    page = visitor.get("/points/adjustments").text
    [path] = re.findall(r'action="(/points/adjustments/adj_[0-9a-z]+/decision)"', page)[:1]
    data = {"form_token": read_token(page), "decision": decision, "because": because} | more
    answer = visitor.post(path, data)
    if answer.status_code == 303:
        return 303, words(visitor.get(answer.headers["location"]).text)
    return answer.status_code, words(answer.text)


def test_what_is_owed_is_the_ledgers_total(olga: Visitor):
    with olga.app.database.transaction() as tx:
        totals = {one.point_type: one for one in ledger.totals(tx)}
    said = words(olga.get("/points").text)
    total = totals["points"]
    assert f"To spend {total.outstanding:,}" in said
    assert f"Pending {total.pending:,}" in said
    assert f"Set aside {total.held:,}" in said
    assert f"Issued {total.issued:,}" in said
    assert f"Owed to members {total.outstanding + total.pending + total.held:,}" in said
    stars = words(olga.get("/points?type=stars").text)
    assert "To spend 25.5" in stars
    assert "Issued 25.5" in stars


def test_what_came_and_went_stands_in_the_table_below_the_picture(olga: Visitor):
    with olga.app.database.transaction() as tx:
        [total] = [one for one in ledger.totals(tx) if one.point_type == "points"]
    for period in ("30", "90", "365", "all"):
        page = olga.get(f"/points?period={period}").text
        table = page.partition('aria-label="The figures of the picture"')[2].partition("</table>")[0]
        issued = [
            int(row[0].replace(",", ""))
            for row in re.findall(r'<tr><th scope="row">[^<]*</th><td class="r">([\d,]+)</td>()', table)
        ]
        assert sum(issued) <= total.issued
        assert len(issued) == page.count("<title>") - 1 or not sum(issued)
    assert sum(issued) == total.issued


def test_what_will_lapse_is_every_open_point(olga: Visitor):
    with olga.app.database.transaction() as tx:
        [total] = [one for one in ledger.totals(tx) if one.point_type == "points"]
    part = olga.get("/points/expiring", **{"HX-Request": "true"}).text
    assert "<html" not in part
    rows = re.findall(r'class="bar-count">([\d,]+)', part)
    assert sum(int(row.replace(",", "")) for row in rows) == total.outstanding
    assert len(rows) >= 12
    assert "Nothing lapses before Mar 2027." in words(part)
    assert "What will lapse" in words(olga.get("/points/expiring").text)
    assert 'hx-get="/points/expiring?type=stars"' in olga.get("/points?type=stars").text


def test_an_adjustment_within_the_limit_is_booked_at_once(shop: Visitor):
    said = adjust(shop, "1,000", expires="2026-12-31")
    assert "The points were given" in said
    assert "+1,000" in said
    assert "lost parcel" in said
    assert available(shop) == 2000
    assert "The points were taken" in adjust(shop, "500", "take")
    assert available(shop) == 1500
    with shop.app.database.transaction() as tx:
        assert {one.proposed_by for one in desk.adjustments(tx)} == {shops.EMAIL}
        [first] = [one for one in desk.adjustments(tx) if one.amount > 0]
    assert first.expires_at is not None
    assert first.expires_at.isoformat() == "2027-01-01T00:00:00+00:00"  # the day given is the last one


def test_the_same_form_sent_twice_is_done_once(shop: Visitor):
    path = f"/members/{shop.member('ada')}/points/adjustment"
    form = fields(shop.get(path).text) | {"way": "give", "amount": "70", "reason": "lost parcel"}
    assert [shop.post(path, form).status_code for _ in range(3)] == [303, 303, 303]
    assert available(shop) == 1070
    changed = shop.post(path, form | {"amount": "80"})
    assert changed.status_code == 422
    assert "was sent before with something else in it" in words(changed.text)
    assert available(shop) == 1070


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"amount": "0"}, "Give a number above 0"),
        ({"amount": "-5"}, "Give a number above 0"),
        ({"amount": "1.5"}, "Give a number above 0"),
        ({"amount": "many"}, "Give a number above 0"),
        ({"amount": "1e400"}, "Give a number above 0"),
        ({"amount": "9" * 20}, "Give a number above 0"),
        ({"amount": "NaN"}, "Give a number above 0"),
        ({"reason": ""}, "Give a reason"),
        ({"reason": "x" * 501}, "Give a reason"),
        ({"expires": "2026-01-01"}, "Give a day in the future"),
        ({"expires": "soon"}, "Give a day in the future"),
        ({"expires": "9999-12-31"}, "Give a day in the future"),
        ({"way": "take", "amount": "1001"}, "Only 1,000 are available, and 1,001 would be taken"),
    ],
)
def test_what_cannot_be_booked_is_said_beside_the_form_and_what_was_typed_stays(
    shop: Visitor, data: dict[str, str], said: str
):
    path = f"/members/{shop.member('ada')}/points/adjustment"
    form = {"way": "give", "amount": "1000", "reason": "<b>kept</b>", "expires": ""} | data
    if data.get("way") == "take":
        with shop.app.database.transaction() as tx:  # so that it does not wait for a second person
            object.__setattr__(shop.app.settings, "adjustment_limit", 5000)
            assert desk.adjustments(tx) == []
    answer = shop.post(path, fields(shop.get(path).text) | form)
    assert answer.status_code == 422
    assert said in words(answer.text)
    if "reason" not in data:
        assert "&lt;b&gt;kept" in answer.text
    with shop.app.database.transaction() as tx:
        assert desk.adjustments(tx) == []
    assert available(shop) == 1000


def test_many_points_wait_for_somebody_else(shop: Visitor):
    assert "Somebody else has to approve it" in adjust(shop, "5000")
    assert available(shop) == 1000
    own = words(shop.get("/points/adjustments").text)
    assert "1,000 → becomes 6,000" in own
    assert "You asked for it: somebody else decides." in own
    status, said = decide(shop, "posted")
    assert (status, "You asked for this yourself" in said, available(shop)) == (409, True, 1000)
    be(shop, MAX)
    status, said = decide(shop, "posted", "seen the e-mail")
    assert (status, available(shop)) == (303, 6000)
    assert "It was approved and booked" in said
    assert "Nothing waits" in said
    [one] = links(shop.get("/points/adjustments?state=posted").text, "/points/adjustments/adj_")
    detail = words(shop.get(one).text)
    assert "Asked by olga@shop.example" in detail
    assert "Decided by max@shop.example" in detail
    assert "seen the e-mail" in detail
    statement = shop.get(f"/members/{shop.member('ada')}?tab=points").text
    assert one in links(statement, "/points/adjustments/")


def test_a_rejection_needs_a_reason_and_moves_nothing(shop: Visitor):
    adjust(shop, "5000")
    be(shop, MAX)
    status, said = decide(shop, "rejected")
    assert (status, "Give a reason" in said) == (409, True)
    status, said = decide(shop, "rejected", "not our fault")
    assert (status, "no points moved" in said, available(shop)) == (303, True, 1000)
    [one] = links(shop.get("/points/adjustments?state=rejected").text, "/points/adjustments/adj_")
    assert "not our fault" in words(shop.get(one).text)
    again = shop.post(
        f"{one}/decision", {"form_token": read_token(shop.get(one).text), "decision": "posted", "back": "one"}
    )
    assert (again.status_code, available(shop)) == (409, 1000)


def test_whoever_asked_may_withdraw_it(shop: Visitor):
    adjust(shop, "5000")
    assert decide(shop, "rejected", "typed wrong")[0] == 303
    assert "Nothing waits" in words(shop.get("/points/adjustments").text)


def test_what_is_not_there_cannot_be_approved_and_what_was_typed_stays(shop: Visitor):
    adjust(shop, "2000", "take")
    be(shop, MAX)
    page = shop.get("/points/adjustments").text
    assert "It cannot be approved" in words(page)
    assert re.search(r'value="posted" disabled', page)
    status, said = decide(shop, "posted", "all the same")
    assert status == 409
    assert "Only 1,000 are available, and 2,000 would be taken" in said
    with shop.app.database.transaction() as tx:
        assert len(desk.adjustments(tx, state="waiting")) == 1


def test_adjustments_are_filtered_and_paged(shop: Visitor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(adjustment_pages, "_ROWS", 2)
    ada = ada_of(shop)
    with shop.app.database.transaction() as tx:
        for n in range(5):
            desk.adjust(tx, ada, 10 + n, reason=f"number {n}", by=MAX, limit=100, at=NOON + n * DAY)
        desk.adjust(tx, ada + 1, 7, reason="of another", by=MAX, limit=100, at=NOON)
    seen: list[str] = []
    address = f"/points/adjustments?member={shop.member('ada')}"
    while address:
        page = shop.get(address, **{"HX-Request": "true"})
        assert page.headers["hx-replace-url"] == f"/points/adjustments?member={shop.member('ada')}"
        seen += re.findall(r"number \d", page.text)
        address = next((link for link in links(page.text, "/points/adjustments?") if "before=" in link), "")
    assert seen == ["number 4", "number 3", "number 2", "number 1", "number 0"]
    said = words(shop.get("/points/adjustments?from=2026-03-03&to=2026-03-04").text)
    assert ("number 1" in said, "number 2" in said, "number 3" in said) == (True, True, False)
    assert "No adjustment fits" in words(shop.get("/points/adjustments?state=rejected").text)


def test_points_are_frozen_and_unfrozen_with_a_reason(shop: Visitor):
    place = f"/members/{shop.member('ada')}/points/freeze"
    assert "Give a reason" in send(shop, place, to="frozen", reason=" ")
    said = send(shop, place, to="frozen", reason="card reported stolen")
    assert "The points are frozen." in said
    assert "Frozen by olga@shop.example" in said
    listed = words(shop.get("/points/freezes").text)
    assert "Ada Lovelace card reported stolen olga@shop.example" in listed
    object.__setattr__(shop.app.settings, "adjustment_limit", 5000)
    assert "These points are frozen" in adjust(shop, "5", "take")
    assert "The points were given" in adjust(shop, "5")
    assert "Unfreeze points" in words(shop.get(place).text)
    assert "Give a reason" in send(shop, place, to="unfrozen", reason="")
    assert "not frozen any more" in send(shop, place, to="unfrozen", reason="card replaced")
    past = words(shop.get(place).text)
    assert "card reported stolen" in past
    assert "card replaced" in past
    assert "Nothing is frozen" in words(shop.get("/points/freezes").text)
    told = words(shop.get(f"/members/{shop.member('ada')}").text)
    assert "olga@shop.example froze the points: card reported stolen" in told
    assert "olga@shop.example unfroze the points: card replaced" in told


def test_what_is_set_aside_is_given_back_by_hand_once(shop: Visitor):
    ada = ada_of(shop)
    with shop.app.database.transaction() as tx:
        ledger.hold(tx, ada, 300, reference="basket-7", until=NOON + DAY, at=NOON)
        ledger.capture(tx, ada, 100, reference="part", hold="basket-7", at=NOON)
    be(shop, AGNES)
    listed = shop.get("/points/holds").text
    assert "Ada Lovelace basket-7" in words(listed)
    assert "200 of 300" in words(listed)
    [path] = links(listed, f"/members/{shop.member('ada')}/points/holds/")
    assert "Give a reason" in send(shop, path, reason="")
    form = fields(shop.get(path).text) | {"reason": "basket was left"}
    assert shop.post(path, form).headers["location"].endswith("done=released")
    assert shop.post(path, form).headers["location"].endswith("done=gone")
    said = words(shop.get(f"/members/{shop.member('ada')}?tab=points&done=released").text)
    assert "What was set aside was given back" in said
    assert "basket was left" in said
    assert "set aside -200" in said
    assert available(shop) == 900
    assert shop.get(path).status_code == 404
    told = words(shop.get(f"/members/{shop.member('ada')}").text)
    assert "agnes@shop.example gave back what was set aside for basket-7: basket was left" in told
    assert "Nothing is set aside" in words(shop.get("/points/holds").text)


def test_a_kind_of_points_is_defined_named_and_then_called_so(shop: Visitor):
    form = {"form_token": shop.token("/points/kinds"), "code": "trees", "role": "unit", "decimals": "1"}
    assert shop.post("/points/kinds", form | {"name_en": "Trees", "name_zh": "树苗"}).status_code == 303
    page = words(shop.get("/points/kinds").text)
    assert "Trees trees a unit of the shop's own 1" in page
    with shop.app.database.transaction() as tx:
        ledger.earn(tx, ada_of(shop), 15, reference="t", at=NOON, point_type="trees")
    assert "Trees" in words(shop.get("/points?type=trees").text)
    assert shop.post("/points/kinds", form | {"name_en": "Oaks"}).status_code == 303
    shop.client.cookies.set("regulars_language", "zh-CN")
    assert "树苗" in words(shop.get("/points?type=trees").text)
    shop.client.cookies.set("regulars_language", "en")
    for change, told in {
        "role=qualifying": "This code is taken",
        "decimals=7": "Give 0 to 6 decimals",
        "code=Oak!": "Give a code of at most 32",
        "name_en=" + "x" * 41: "Give a name of 1 to 40",
    }.items():
        name, _, value = change.partition("=")
        refused = shop.post("/points/kinds", form | {name: value})
        assert (refused.status_code, told in words(refused.text)) == (422, True)
    with shop.app.database.transaction() as tx:
        [trees] = [one for one in desk.point_types(tx) if one.point_type == "trees"]
    assert (trees.role, trees.decimals, trees.name_en, trees.name_zh) == ("unit", 1, "Oaks", "树苗")


def test_promises_are_shown_by_the_event_they_wait_for(olga: Visitor):
    page = words(olga.get("/points/promises").text)
    assert "delivered:A-1" in page
    assert "then lost" in page
    assert "delivered:A-1" in words(olga.get("/points/promises?event=delivered:A-1").text)
    assert "Nothing waits for this event" in words(olga.get("/points/promises?event=delivered:Z").text)


def test_what_is_listed_of_all_members_is_paged(shop: Visitor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hold_pages, "_ROWS", 2)
    monkeypatch.setattr(freeze_pages, "_ROWS", 2)
    monkeypatch.setattr(promise_pages, "_ROWS", 2)
    with shop.app.database.transaction() as tx:
        for n in range(5):
            who = members.enrol(tx, [NewMember(f"m{n}", issuer="uk", name=f"Member {n}.")], at=NOON)[0].member_id
            ledger.earn(tx, who, 10, reference="a", expires_at=NOON + (1 + n // 3) * DAY, at=NOON)
            ledger.earn(tx, who, 10, reference="p", matures_at=NOON + (1 + n // 2) * DAY, at=NOON)
            ledger.hold(tx, who, 5, reference="h", until=NOON + timedelta(hours=1 + n // 2), at=NOON)
            desk.freeze(tx, who, reason="r", by=MAX, at=NOON + n * DAY)
    paged = {"/points/holds": "after", "/points/freezes": "before", "/points/promises": "after"}
    for path, name in {**paged, "/points/expiring/members": "after"}.items():
        seen: list[str] = []
        address = path
        while address:
            page = shop.get(address).text
            seen += re.findall(r'class="row-link"[^>]*>(Member \d)', page)
            address = next((link for link in links(page, path) if f"{name}=" in link), "")
        assert sorted(seen) == [f"Member {n}" for n in range(5)]


def test_the_statement_tells_every_entry_and_what_stood_beside_it(olga: Visitor):
    page = words(olga.get(f"/members/{olga.member('ada')}?tab=points").text)
    assert "basket-000123" in page
    assert "set aside +300" in page
    assert "pending +150" in page
    assert "A parcel was lost, promised on the phone" in page
    assert "200 set aside" in page
    assert "150 pending" in page
    assert "or delivered:A-1 · lost without it" in page
    stars = words(olga.get(f"/members/{olga.member('ada')}?tab=points&type=stars").text)
    assert "+25.5" in stars
    assert "basket-000123" not in stars


def test_the_statement_of_some_days_and_its_file(olga: Visitor, monkeypatch: pytest.MonkeyPatch):
    member = olga.member("ada")
    monkeypatch.setattr("regulars.console._statement._EXPORTED_AT_ONCE", 4)
    with olga.app.database.transaction() as tx:
        entries = ledger.statement(tx, from_public("mem", member), limit=1000)
    rows = read_csv(olga, f"/members/{member}/points.csv")
    assert [int(row["entry"]) for row in rows] == [entry.seq for entry in entries]
    assert [int(row["balance"]) for row in rows] == [entry.available for entry in entries]
    some = [entry.seq for entry in entries if "2026-01-01" <= entry.occurred_at.date().isoformat() <= "2026-03-01"]
    assert 0 < len(some) < len(entries)
    query = "from=2026-01-01&to=2026-03-01"
    assert [int(row["entry"]) for row in read_csv(olga, f"/members/{member}/points.csv?{query}")] == some
    part = olga.get(f"/members/{member}?tab=points&{query}", **{"HX-Request": "true"})
    assert [int(seq) for seq in re.findall(r'<tr id="entry-(\d+)"', part.text)] == some
    assert part.headers["hx-replace-url"] == f"/members/{member}?tab=points&{query}"
    [stars] = read_csv(olga, f"/members/{member}/points.csv?type=stars")
    assert (stars["points"], stars["reference"]) == ("25.5", "visit-1")
    assert "Nothing in this time" in words(olga.get(f"/members/{member}?tab=points&from=2031-01-01").text)
    for bad in ("from=soon", "type=gold", "before=x"):
        assert olga.get(f"/members/{member}?tab=points&{bad}").status_code == 400
    assert olga.get(f"/members/{to_public('mem', 7)}/points.csv").status_code == 404


def read_csv(visitor: Visitor, path: str) -> list[dict[str, str]]:
    answer = visitor.get(path)
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_no_cell_of_the_statement_is_a_formula(shop: Visitor):
    with shop.app.database.transaction() as tx:
        ledger.post(tx, [Posting("earn", ada_of(shop), 5, "=1+1", NOON, reason="=cmd()")], at=NOON)
    row = read_csv(shop, f"/members/{shop.member('ada')}/points.csv")[0]
    assert (row["reference"], row["reason"]) == ("'=1+1", "'=cmd()")


def test_paging_on_through_the_statement_leaves_nothing_out(olga: Visitor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(member_pages, "_ROWS", 3)
    member = olga.member("ada")
    with olga.app.database.transaction() as tx:
        count = len(ledger.statement(tx, from_public("mem", member), limit=1000))
    seen: list[str] = []
    address = f"/members/{member}?tab=points"
    while address:
        page = olga.get(address, **{"HX-Request": "true"}).text
        seen += re.findall(r'<tr id="entry-(\d+)"', page)
        found = re.search(r'id="more"[^>]*>\s*<a class="btn" href="([^"]+)"', page)
        address = found[1].replace("&amp;", "&") if found else ""
    assert [int(seq) for seq in seen] == list(range(count, 0, -1))


WRITING = {"adjustment": Role.MANAGER, "freeze": Role.MANAGER, "release": Role.AGENT}


@pytest.mark.parametrize(
    ("email", "role"), [("vera@shop.example", Role.VIEWER), (AGNES, Role.AGENT), (MAX, Role.MANAGER)]
)
def test_each_role_sees_and_does_what_the_api_lets_it(shop: Visitor, email: str, role: Role):
    ada = ada_of(shop)
    with shop.app.database.transaction() as tx:
        ledger.hold(tx, ada, 300, reference="basket-7", until=NOON + DAY, at=NOON)
    adjust(shop, "5000")
    one = links(shop.get("/points/adjustments").text, "/points/adjustments/adj_")[0]
    be(shop, email)
    reading = 200 if role.rank >= Role.MANAGER.rank else 403
    for path in (
        "/points",
        "/points/expiring",
        "/points/proof",
        "/points/adjustments",
        one,
        "/points/freezes",
        "/points/promises",
        "/points/expiring/members",
        "/points/kinds",
    ):
        assert shop.get(path).status_code == reading, path
    assert shop.get("/points/holds").status_code == 200
    member = f"/members/{shop.member('ada')}"
    statement = shop.get(f"{member}?tab=points").text
    assert shop.get(f"{member}/points.csv").status_code == 200
    nav = links(shop.get("/orders").text, "/points")
    assert nav == (["/points"] if reading == 200 else ["/points/holds"])
    token = read_token(statement)
    forms = {
        "adjustment": f"{member}/points/adjustment",
        "freeze": f"{member}/points/freeze",
        "release": f"{member}/points/holds/2/release",
    }
    for name, path in forms.items():
        may = role.rank >= WRITING[name].rank
        assert (path in statement) is may, path
        assert shop.get(path).status_code == (200 if may else 403), path
        if not may:
            refused = shop.post(
                path, {"form_token": token, "to": "frozen", "reason": "r", "amount": "1", "way": "give"}
            )
            assert refused.status_code == 403
    decided = shop.post(f"{one}/decision", {"form_token": token, "decision": "posted"})
    assert decided.status_code == (303 if reading == 200 else 403)
    assert available(shop) == (5700 if reading == 200 else 700)


def test_the_pages_speak_chinese(olga: Visitor):
    olga.client.cookies.set("regulars_language", "zh-CN")
    assert "店铺欠会员的积分及其由来" in words(olga.get("/points").text)
    assert "预留" in words(olga.get("/points/holds").text)
    assert "冻结" in words(olga.get("/points/freezes").text)
    assert "待生效" in words(olga.get("/points/promises").text)
    assert "谁的积分最先到期" in words(olga.get("/points/expiring/members").text)
    assert "待第二人批准" in words(olga.get("/points/adjustments").text)
    ada = words(olga.get(f"/members/{olga.member('ada')}?tab=points").text)
    assert "预留 +300" in ada
    assert "增减积分" in ada
