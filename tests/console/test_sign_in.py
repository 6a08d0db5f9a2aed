from dataclasses import replace
from datetime import timedelta

import pytest
from litestar.testing import TestClient

import make
from conftest import NOON
from console import shops
from console.shops import EMAIL, PASSWORD, Visitor, words
from regulars import access
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.settings import Settings


def test_a_visitor_is_sent_to_sign_in_and_then_on_to_where_they_wanted(bare: Visitor):
    sent = bare.get("/members?tier=gold")
    assert sent.status_code == 302
    assert sent.headers["location"] == "/sign-in?next=%2Fmembers%3Ftier%3Dgold"
    assert 'value="/members?tier=gold"' in bare.get(sent.headers["location"]).text
    arrived = bare.sign_in(next="/members?tier=gold")
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/members?tier=gold")
    assert bare.get("/members?tier=gold").status_code == 200


def test_the_session_is_kept_from_scripts_and_from_other_sites(bare: Visitor):
    cookie = bare.sign_in().headers["set-cookie"].lower()
    assert cookie.startswith("regulars_session=")
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie


def test_behind_https_the_cookies_are_secure(furnished: App):
    settings = Settings(public_url="https://loyalty.example")
    with TestClient(create_asgi(replace(furnished, settings=settings)), base_url="https://loyalty.example") as client:
        visitor = Visitor(client, furnished)
        assert "secure" in visitor.get("/sign-in").headers["set-cookie"].lower()
        assert "secure" in visitor.sign_in().headers["set-cookie"].lower()


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("nobody@shop.example", PASSWORD), ("", "")])
def test_a_wrong_address_or_password_is_refused_with_the_same_words(bare: Visitor, email: str, password: str):
    refused = bare.sign_in(email, password)
    assert refused.status_code == 401
    assert "The e-mail address or the password is wrong." in words(refused.text)
    assert "regulars_session" not in refused.headers.get("set-cookie", "")
    assert bare.get("/").status_code == 302


def test_whoever_guesses_has_to_wait(bare: Visitor):
    for _ in range(30):
        refused = bare.sign_in(password="a guess")
        if refused.status_code == 429:
            break
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "Too many wrong passwords" in words(refused.text)
    assert bare.sign_in().status_code == 429  # the right password too


def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(bare: Visitor):
    bare.sign_in()
    kept = bare.client.cookies["regulars_session"]
    left = bare.post("/sign-out", {"form_token": bare.token("/")})
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    bare.client.cookies.set("regulars_session", kept)
    assert bare.get("/").status_code == 302


def test_a_session_ends_by_itself(bare: Visitor):
    bare.sign_in()
    later = make.app(bare.app.database, at=NOON + timedelta(hours=12, seconds=1))
    with TestClient(create_asgi(later), cookies=bare.client.cookies) as client:
        assert client.get("/", follow_redirects=False).status_code == 302


def test_a_wanted_page_may_have_any_letters(bare: Visitor):
    arrived = bare.sign_in(next="/members?q=克莱奥")
    assert arrived.headers["location"].isascii()
    assert bare.get(arrived.headers["location"]).status_code == 200


def test_whoever_is_signed_in_does_not_see_the_form_again(olga: Visitor):
    assert olga.get("/sign-in?next=/orders").headers["location"] == "/orders"


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "evil", ""])
def test_nobody_is_sent_to_another_site(olga: Visitor, place: str):
    sent = olga.post("/preferences", {"form_token": olga.token("/"), "theme": "dark", "next": place})
    assert sent.headers["location"] == "/"


FORMS = [
    "/sign-in",
    "/sign-out",
    "/preferences",
    "/members/{member:str}/household",
    "/members/{member:str}/household/leave",
    "/members/{member:str}/points/adjustment",
    "/members/{member:str}/rewards/gift",
    "/members/{member:str}/points/freeze",
    "/members/{member:str}/points/holds/{number:str}/release",
    "/points/adjustments/{adjustment:str}/decision",
    "/orders/waiting/{return_id:str}/discard",
    "/points/kinds",
    "/points/economics/value",
    "/points/economics/{period:str}/{step:str}",
    "/programme/terms",
    "/programme/check",
    "/programme/drafts",
    "/programme/drafts/{draft:str}/text",
    "/programme/drafts/{draft:str}/sections/{section:str}",
    "/programme/drafts/{draft:str}/sections/{section:str}/{item:str}",
    "/programme/drafts/{draft:str}/step",
    "/programme/drafts/{draft:str}/what-if",
    "/programme/what-ifs/{number:str}/cancel",
    "/programme/versions/{version:str}/restore",
    "/members/{member:str}/referral",
    "/members/{member:str}/referral/revocation",
    "/referrals/{referral:str}/decision",
    "/webhooks/new",
    "/webhooks/deliveries/{delivery:str}/replay",
    *(
        f"/webhooks/endpoints/{{endpoint:str}}/{what}"
        for what in ("change", "ping", "switch", "rotate", "remove", "replay")
    ),
    "/coupons/lookup",
    "/coupons/new",
    "/coupons/revocation",
    "/coupons/{pool:str}/closure",
    "/coupons/{pool:str}/codes",
    "/gift-cards/lookup",
    "/gift-cards/new",
    "/gift-cards/{card:str}/block",
    "/members/{member:str}/tier",
    "/members/{member:str}/tier/{grant:str}/{decision:str}",
    "/rewards/redemptions/{redemption:str}/fulfilment",
    "/rewards/redemptions/{redemption:str}/refund",
    "/rewards/{reward:str}/stock",
    "/campaigns/{campaign:str}/undo",
    "/campaigns/undos/{undo:str}/decision",
    "/salons/new",
    "/salons/signups/{signup:str}/cancellation",
    *(f"/salons/{{salon:str}}/{what}" for what in ("signups", "check-in", "capacity", "calling-off")),
]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", ["", "0" * 32, "ü"])
def test_a_form_without_its_visitors_token_is_refused_and_changes_nothing(olga: Visitor, path: str, token: str):
    data = {"email": EMAIL, "password": PASSWORD, "theme": "dark", "form_token": token}
    refused = olga.post(path, {name: value for name, value in data.items() if value})
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers
    assert olga.get("/").status_code == 200


def test_the_token_of_another_visitor_does_not_count(visitor: Visitor):
    stolen = visitor.token()
    visitor.client.cookies.clear()
    own = visitor.token()
    assert own != stolen
    data = {"email": EMAIL, "password": PASSWORD}
    assert visitor.post("/sign-in", data | {"form_token": stolen}).status_code == 403
    assert visitor.post("/sign-in", data | {"form_token": own}).status_code == 303


def test_every_form_there_is_was_tried(furnished: App):
    writing = {
        path
        for path, handlers in create_asgi(furnished).route_handler_method_map.items()
        if {"POST", "PUT", "PATCH", "DELETE"} & set(handlers) and not path.startswith(("/v1", "/health"))
    }
    assert writing == set(FORMS)


def test_a_removed_operator_is_out_at_once(bare: Visitor):
    bare.sign_in("vera@shop.example")
    assert bare.get("/").status_code == 200
    with bare.app.database.transaction() as tx:
        [vera] = [one for one in access.operators(tx) if one.name == "Vera"]
        access.remove_operator(tx, vera.operator_id, at=NOON)
    assert bare.get("/").status_code == 302


def test_language_and_theme_are_kept_and_asked_of_the_browser_before(visitor: Visitor):
    asked = visitor.get("/sign-in", **{"Accept-Language": "fr, zh-TW;q=0.8, en;q=0.5"}).text
    assert '<html lang="zh-CN">' in asked
    assert "欢迎回来" in asked
    form = {"form_token": visitor.token(), "language": "en", "theme": "dark", "next": "/sign-in"}
    assert visitor.post("/preferences", form).headers["location"] == "/sign-in"
    kept = visitor.get("/sign-in", **{"Accept-Language": "zh-CN"}).text
    assert '<html lang="en" data-theme="dark">' in kept


def test_a_language_or_theme_there_is_not_is_passed_over(visitor: Visitor):
    form = {"form_token": visitor.token(), "language": "tlh", "theme": "neon"}
    assert "set-cookie" not in visitor.post("/preferences", form).headers


def test_the_demonstration_says_where_its_password_is(furnished: App):
    with TestClient(create_asgi(replace(furnished, demo=True))) as client:
        visitor = Visitor(client, furnished)
        assert "in the terminal that runs it" in words(visitor.get("/sign-in").text)
        visitor.sign_in()
        page = visitor.get("/").text
    assert "https://archive.ics.uci.edu/dataset/352/online+retail" in page
    assert "CC BY 4.0" in page
    assert "The clock stands at 2 Mar 2026" in words(page)


def test_olga_is_not_vera(olga: Visitor):
    assert f"{shops.EMAIL}" not in olga.get("/").text
    assert "Olga" in olga.get("/").text
    assert "Owner" in olga.get("/").text
