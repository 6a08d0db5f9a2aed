"""Drafts of the programme in the console: Max writes, Olga approves; where one person may, they are told."""

import html
from collections.abc import Generator, Mapping
from dataclasses import replace

import httpx
import pytest
from litestar.testing import TestClient

import make
from conftest import NOON
from console import shops
from console.shops import EMAIL, MAX, Visitor, links, read_token, words
from make import DAY
from regulars import access, jobs, programme
from regulars.access import Role
from regulars.asgi import create_asgi
from regulars.console.drafts import place_of
from regulars.programme import drafts
from regulars.storage import Database


@pytest.fixture
def desk(database: Database) -> Generator[Visitor]:
    """Max, signed in at a shop where two people are needed, and where Ada is gold by what she bought long ago."""
    with database.transaction() as tx:
        shops.operators(tx)
        access.add_operator(tx, email=MAX, name="Max", role=Role.MANAGER, password=shops.PASSWORD, at=NOON)
        where = make.shop(tx)
        bought = make.order("1", "ada", make.line(unit_minor=600_000), placed_at=NOON - 300 * DAY)
        make.record(tx, where, bought, at=NOON)
        jobs.react_within(tx, at=NOON)
    app = make.app(database, alone=False)
    with TestClient(create_asgi(app)) as client:
        visitor = Visitor(client, app)
        shops.be(visitor, MAX)
        yield visitor


def send(visitor: Visitor, place: str, form: str, data: Mapping[str, str]) -> httpx.Response:
    return visitor.post(place, {"form_token": read_token(visitor.get(form).text), **data})


def begun(desk: Visitor) -> tuple[str, str]:
    """The page of a new draft, and its text."""
    place = send(desk, "/programme/drafts", "/programme/drafts", {}).headers["location"]
    place = place.removesuffix("/sections/earning")
    page = desk.get(f"{place}/text").text
    return place, html.unescape(page.partition("<textarea")[2].partition(">\n")[2].partition("</textarea>")[0])


def step(visitor: Visitor, place: str, name: str, revision: int = 2, **more: str) -> httpx.Response:
    return send(visitor, f"{place}/step", place, {"step": name, "revision": str(revision), **more})


def test_a_draft_is_written_looked_at_approved_by_another_and_published(desk: Visitor):
    assert "No drafts yet" in words(desk.get("/programme/drafts").text)
    place, text = begun(desk)
    changed = text.replace("count: 24", "count: 12").replace(": 500000", ": 90000000").replace("\n", "\r\n")
    saved = send(
        desk,
        f"{place}/text",
        f"{place}/text",
        {"text": changed, "note": "One year", "revision": "1", "action": "save"},
    )
    assert (saved.status_code, saved.headers["location"]) == (303, f"{place}?done=saved")
    said = words(desk.get(place).text)
    assert "One year Being written Revision 2 · max@shop.example" in said
    assert "Changed expiry.lasts.count before 24 → after 12" in said
    assert "1 member Gold → becomes Silver" in said
    assert step(desk, place, "submit").status_code == 303
    assert "somebody else has to approve it" in words(desk.get(place).text)
    own = step(desk, place, "approve")
    assert (own.status_code, "You wrote some of this draft" in words(own.text)) == (409, True)
    shops.be(desk, EMAIL)
    assert step(desk, place, "approve", because="Looks right").status_code == 303
    late = step(desk, place, "publish", effective_at="2026-03-01")
    assert (late.status_code, "Give a day to come" in words(late.text)) == (409, True)
    assert step(desk, place, "publish").headers["location"] == f"{place}?done=publish"
    with desk.app.database.transaction() as tx:
        assert drafts.document_of(programme.current(tx, at=NOON))["expiry"]["lasts"]["count"] == 12
    shown = desk.get("/programme").text
    assert "2 In force One year" in words(shown)
    assert links(shown, "/programme/versions/") == ["/programme/versions/2", "/programme/versions/1"]
    said = words(desk.get("/programme/versions/2").text)
    assert "Approved by olga@shop.example" in said
    assert "expiry.lasts.count before 24 → after 12" in said


def test_what_is_wrong_is_told_as_one_types_and_a_flawed_draft_is_kept(desk: Visitor):
    place, text = begun(desk)
    flawed = text.replace("currency: GBP", "currency: 7")
    line = flawed.split("\n").index("currency: 7") + 1
    part = send(desk, "/programme/check", place, {"text": flawed}).text
    assert f'data-line="{line}"' in part
    assert "currency is 7 : give a text" in words(part)
    assert "can be used" in words(send(desk, "/programme/check", place, {"text": text}).text)
    form = {"text": flawed, "note": "", "revision": "1", "action": "check"}
    assert f"Line {line}" in words(send(desk, f"{place}/text", f"{place}/text", form).text)
    assert send(desk, f"{place}/text", f"{place}/text", form | {"action": "save"}).status_code == 303
    assert f"Line {line}" in words(desk.get(place).text)
    assert step(desk, place, "submit").status_code == 409


def test_two_who_write_at_once_lose_nothing(desk: Visitor):
    place, text = begun(desk)
    form = {"note": "", "revision": "1", "action": "save"}
    assert send(desk, f"{place}/text", f"{place}/text", form | {"text": text + "# mine\n"}).status_code == 303
    shops.be(desk, EMAIL)
    stale = send(desk, f"{place}/text", f"{place}/text", form | {"text": text + "# hers\n"})
    assert stale.status_code == 409
    assert "max@shop.example saved revision 2 in the meantime" in words(stale.text)
    assert "# hers" in stale.text
    assert 'name="revision" value="2"' in stale.text


def test_going_back_is_looked_at_first_and_publishes_a_new_version(desk: Visitor):
    with desk.app.database.transaction() as tx:
        holds = programme.current(tx, at=NOON)
        programme.publish(tx, replace(holds, expiry=None), at=NOON, by=EMAIL)
    said = words(desk.get("/programme/versions/1/restore").text)
    assert "Changed expiry before null → after" in said
    place = "/programme/versions/1/restore"
    wrong = send(desk, place, place, {"note": "", "effective_at": "yesterday"})
    assert (wrong.status_code, "Give a day to come" in words(wrong.text)) == (409, True)
    assert send(desk, place, place, {"note": "Too hard"}).headers["location"] == "/programme/versions/3"
    assert "Goes back to Version 1" in words(desk.get("/programme/versions/3").text)
    assert "They say the same." in words(desk.get("/programme/versions/3?since=1").text)
    assert desk.get("/programme/versions/9").status_code == 404


def test_who_may_only_look_is_offered_nothing_to_change(desk: Visitor):
    place, _ = begun(desk)
    shops.be(desk, "vera@shop.example")
    for page in ("/programme/drafts", place, "/programme/versions/1"):
        assert not links(desk.get(page).text, f"{place}/text")
        assert 'method="post" action="/programme' not in desk.get(page).text
    for page in (f"{place}/text", "/programme/versions/1/restore"):
        assert desk.get(page).status_code == 403


def test_where_one_person_may_it_is_said_and_shown(bare: Visitor):
    with bare.app.database.transaction() as tx:
        make.shop(tx)
        one = drafts.begin(tx, drafts.text_of(tx, programme.current(tx, at=NOON)), by=EMAIL, at=NOON, note="Mine")
        drafts.submit(tx, one.draft_id, by=EMAIL, at=NOON)
    bare.sign_in()
    place = place_of(one.draft_id)
    assert "it is recorded" in words(bare.get(place).text)
    assert step(bare, place, "approve", revision=1).status_code == 303
    assert "Approved by olga@shop.example (alone)" in words(bare.get(place).text)


def test_a_drafts_page_leads_to_its_text_and_its_terms(desk: Visitor):
    place, _ = begun(desk)
    shown = desk.get(place).text
    assert links(shown, place)[:2] == [f"{place}/sections/earning", f"{place}/text"]
    assert links(shown, "/programme/terms") == [f"/programme/terms?draft={place.rpartition('/')[2]}"]
    assert f'action="{place}/text"' in desk.get(f"{place}/text").text
