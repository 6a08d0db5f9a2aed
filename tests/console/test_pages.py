import re

import pytest
from litestar.testing import TestClient

import make
from console.shops import Visitor, words
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.console import _pages
from regulars.types import to_public

POINTS = [
    "/points",
    "/points/expiring",
    "/points/proof",
    "/points/adjustments",
    "/points/freezes",
    "/points/holds",
    "/points/promises",
    "/points/expiring/members",
    "/points/kinds",
]
PAGES = ["/", "/members", "/members/export.csv", "/orders", *POINTS, "/programme", "/imports"]


def test_every_page_needs_a_session(furnished: App, visitor: Visitor):
    reading = {
        re.sub(r"\{.*?\}", "x", path)
        for path, handlers in create_asgi(furnished).route_handler_method_map.items()
        if "GET" in handlers and not path.startswith(("/v1", "/health", "/static"))
    }
    assert set(PAGES) <= reading
    for path in reading - {"/sign-in"}:
        answer = visitor.get(path)
        assert (answer.status_code, answer.headers["location"][:8]) == (302, "/sign-in"), path


def test_a_part_asked_for_without_a_session_sends_the_whole_page_to_sign_in(visitor: Visitor):
    answer = visitor.get("/members?q=ada", **{"HX-Request": "true"})
    assert answer.headers["hx-redirect"] == "/sign-in"
    assert answer.text == ""


@pytest.mark.parametrize("path", sorted({*PAGES, "/sign-in", "/nothing"} - {"/members/export.csv"}))
def test_every_page_is_made_of_our_own_files_alone(visitor: Visitor, path: str):
    if path != "/sign-in":
        visitor.sign_in()
    answer = visitor.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy or "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"]
    for tag in re.findall(r"<script\b[^>]*>", answer.text):
        assert 'src="/static/' in tag or 'type="application/json"' in tag, tag
    assert not re.search(r'<[^>]+\son[a-z]+="', answer.text)
    assert not re.search(r'<(?:img|link|script|iframe)[^>]+(?:src|href)="(?:https?:)?//', answer.text)


def test_static_files_are_kept_by_the_browser_and_change_address_with_their_content(visitor: Visitor):
    page = visitor.get("/sign-in").text
    [address] = re.findall(r'href="(/static/tokens\.css\?v=[0-9a-f]{12})"', page)
    answer = visitor.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("name", ["../_pages.py", "%2e%2e/_pages.py", "..%2f_pages.py", "/etc/passwd"])
def test_nothing_outside_the_folder_is_served(visitor: Visitor, name: str):
    assert visitor.get(f"/static/{name}").status_code in {400, 404}


def test_every_drawing_a_template_asks_for_is_in_the_sprite():
    sprite = (_pages.STATIC / "vendor" / "icons.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    wanted: set[str] = set()
    for source in [*_pages.STATIC.parent.rglob("*.html"), *_pages.STATIC.parent.glob("*.py")]:
        wanted |= {word for word in re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+|users|moon|sun|key|truck|gift|clock|trophy|minus|sparkles|language)"', source.read_text()) if word in _KNOWN or word in drawn}  # fmt: skip
        wanted |= set(re.findall(r'icon\("([a-z0-9-]+)"', source.read_text()))
        wanted |= set(re.findall(r'parts\.empty\("([a-z0-9-]+)"', source.read_text()))
    assert wanted <= drawn


_KNOWN = {"chart-bar-square", "shopping-bag", "arrow-up-tray", "user-plus", "receipt-refund", "x-circle", "lock-closed"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/members/nobody", 400),
        ("/members/" + to_public("mem", 7), 404),
        ("/members/" + to_public("ord", 7), 400),
        ("/orders/" + to_public("ord", 7), 404),
        ("/imports/" + to_public("imp", 7), 404),
        ("/members?r=9", 400),
        ("/members?cohort=soon", 400),
        ("/members?measure=happiness&from=2026-01-01&to=2026-02-01", 404),
        ("/members?measure=revenue", 400),
        ("/members?measure=revenue&from=2026-02-01&to=2026-01-01", 400),
        ("/members?sort=charm", 400),
        ("/members?after=nonsense", 400),
        ("/orders?state=lost", 400),
        ("/orders?from=yesterday", 400),
        ("/orders?before=then~7", 400),
        ("/orders?before=2026-01-01T00:00~7", 400),
        ("/orders?before=2026-01-01T00:00Z~-7", 400),
        ("/imports?before=yesterday", 400),
        ("/orders?member=ord_0000000000000", 400),
        ("/points?period=7", 400),
        ("/points?type=gold", 400),
        ("/points/expiring?type=gold", 400),
        ("/points/proof?before=x", 400),
        ("/points/adjustments?state=lost", 400),
        ("/points/adjustments?member=ord_0000000000000", 400),
        ("/points/adjustments?before=then~7", 400),
        ("/points/adjustments/" + to_public("adj", 7), 404),
        ("/points/freezes?before=7", 400),
        ("/points/holds?after=2026-01-01T00:00Z~7", 400),
        ("/points/holds?after=2026-01-01T00:00Z~7~x", 400),
        ("/points/promises?after=2026-01-01T00:00Z~7", 400),
        ("/points/expiring/members?after=7", 400),
        ("/points/expiring/members?type=gold", 400),
    ],
)
def test_what_cannot_be_shown_is_told_in_words_with_a_way_on(olga: Visitor, path: str, status: int):
    answer = olga.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "To the overview" in words(answer.text)


def test_the_pages_of_errors_speak_the_visitors_language(olga: Visitor):
    olga.client.cookies.set("regulars_language", "zh-CN")
    assert "此处没有内容" in olga.get("/members/" + to_public("mem", 7)).text


def test_a_failure_shows_a_reference_and_nothing_of_its_cause(bare: Visitor):
    bare.sign_in()
    bare.app.database.close()
    answer = bare.get("/members")
    assert answer.status_code == 500
    assert re.search(r"Reference: [0-9a-f]{8}", words(answer.text))
    assert "pool" not in answer.text.lower()


def test_before_the_first_order_every_page_says_how_to_begin(bare: Visitor):
    bare.sign_in()
    for path in ["/", "/members", "/orders", "/imports"]:
        answer = bare.get(path)
        assert answer.status_code == 200
        assert "regulars import orders" in words(answer.text), path
    assert "No programme yet" in words(bare.get("/programme").text)
    for path, said in {
        "/points": "Points come with the first paid order",
        "/points/expiring": "Nobody has points to spend",
        "/points/proof": "regulars ledger verify",
        "/points/adjustments": "Nothing was given or taken by hand yet",
        "/points/freezes": "Nothing is frozen",
        "/points/holds": "Nothing is set aside",
        "/points/promises": "Nothing is promised",
        "/points/promises?event=delivered": "Nothing waits for this event",
        "/points/expiring/members": "Nothing lapses",
        "/points/kinds": "No kind was defined",
    }.items():
        assert said in words(bare.get(path).text), path


def test_an_installation_with_a_shop_and_no_order_shows_its_pages(bare: Visitor):
    with bare.app.database.transaction() as tx:
        make.shop(tx)
    bare.sign_in()
    for path in PAGES:
        assert bare.get(path).status_code == 200, path


def test_the_api_stays_the_api(furnished: App):
    with TestClient(create_asgi(furnished)) as client:
        answer = client.get("/v1/nothing", follow_redirects=False)
    assert answer.headers["content-type"] == "application/problem+json"
