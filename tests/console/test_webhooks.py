"""The console's pages about webhooks: what they show, who may change what, and that forms do what they say."""

import re
from collections.abc import Generator

import pytest
from litestar.testing import TestClient

import make
from conftest import NOON
from console import shops
from console.shops import Visitor, links, read_token, words
from receiver import Receiver, receiving, settings, verifies
from regulars import access, jobs
from regulars.access import Role
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.console import webhooks as pages
from regulars.facts import webhooks
from regulars.storage import Database


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def olga(database: Database) -> Generator[Visitor]:
    with database.transaction() as tx:
        shops.operators(tx)
        access.add_operator(
            tx, email="max@shop.example", name="Max", role=Role.MANAGER, password=shops.PASSWORD, at=NOON
        )
        make.shop(tx)
    app = App(settings(), database, lambda: NOON)
    with TestClient(create_asgi(app)) as client:
        visitor = Visitor(client, app)
        assert visitor.sign_in().status_code == 303
        yield visitor


def send(visitor: Visitor, page: str, path: str, **data: str) -> str:
    """Fill the form of a page; the page one ends on."""
    answer = visitor.post(path, {"form_token": read_token(visitor.get(page).text), **data})
    if answer.status_code == 303:
        answer = visitor.get(answer.headers["location"])
    assert answer.status_code == 200, words(answer.text)
    return answer.text


def add(visitor: Visitor, url: str, names: str = "order.* member.*") -> tuple[str, str]:
    """Add an endpoint; its address in the console and its secret."""
    page = send(visitor, "/webhooks/new", "/webhooks/new", url=url, names=names, description="CRM")
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
    assert secret is not None
    return links(page, "/webhooks/endpoints/")[0], secret[0]


def buy(visitor: Visitor, *numbers: str) -> None:
    with visitor.app.database.transaction() as tx:
        make.record(tx, make.shop(tx), *[make.order(number, "ada") for number in numbers])
    jobs.react(visitor.app, patience_seconds=30)
    jobs.deliver(visitor.app)


def test_an_endpoint_is_added_tested_and_watched(olga: Visitor, receiver: Receiver):
    assert "Nothing is sent anywhere yet" in words(olga.get("/webhooks").text)
    place, secret = add(olga, receiver.url)
    assert secret not in olga.get(place).text
    page = send(olga, place, f"{place}/ping")
    assert "webhook.pinged Waiting" in words(page)
    buy(olga, "1")
    ping, *facts = receiver.take()
    assert all(verifies(one, secret) for one in (ping, *facts))
    said = words(olga.get(place).text)
    assert "Delivered in 24 hours 4" in said
    assert "order.paid" in said
    assert "In 24 hours 4 delivered, 0 attempts failed" in olga.get("/webhooks").text
    delivery = links(olga.get(f"{place}?state=delivered&name=order.paid").text, "/webhooks/deliveries/")
    told = words(olga.get(delivery[0]).text)
    assert "HTTP 200" in told
    assert '"type": "order.paid"' in told


def test_what_cannot_be_used_is_said_beside_the_form_and_what_was_typed_stays(olga: Visitor):
    form = {"url": "https://10.0.0.1/x", "names": "order.paid", "description": "<b>CRM</b>"}
    answer = olga.post("/webhooks/new", form | {"form_token": read_token(olga.get("/webhooks/new").text)})
    assert answer.status_code == 422
    assert 'value="https://10.0.0.1/x"' in answer.text
    assert "give an address of the open internet" in words(answer.text)
    assert "&lt;b&gt;CRM" in answer.text
    assert "Nothing is sent anywhere yet" in words(olga.get("/webhooks").text)


def test_dead_letters_and_a_time_are_sent_again(olga: Visitor, receiver: Receiver):
    place, _ = add(olga, receiver.url, "order.paid")
    receiver.answer = lambda _: (410, {}, b"<script>gone</script>")
    buy(olga, "1")
    page = olga.get(place).text
    assert "it answered that it is gone (410)" in words(page)
    assert "1 webhook endpoint was disabled because it does not answer" in words(olga.get("/").text)
    delivery = links(page, "/webhooks/deliveries/")[0]
    assert "&lt;script&gt;gone&lt;/script&gt;" in olga.get(delivery).text
    send(olga, place, f"{place}/switch", to="enable")
    assert "webhook endpoint was disabled" not in words(olga.get("/").text)
    receiver.answer = lambda _: 200
    receiver.take()
    assert "It is being sent again" in words(send(olga, place, f"{place}/replay", what="dead"))
    jobs.deliver(olga.app)
    send(olga, place, f"{place}/replay", **{"what": "time", "from": "2026-03-02T12:00", "to": "2026-03-02T12:01"})
    jobs.deliver(olga.app)
    send(olga, delivery, f"{delivery}/replay")
    jobs.deliver(olga.app)
    assert [one.type for one in receiver.take()] == ["order.paid"] * 3


def test_a_secret_is_changed_and_shown_once(olga: Visitor, receiver: Receiver):
    place, old = add(olga, receiver.url)
    page = send(olga, place, f"{place}/rotate", overlap="24")
    assert "signs beside it for 24 hours" in words(page)
    new = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
    buy(olga, "1")
    got = receiver.take()[0]
    assert new is not None
    assert verifies(got, old)
    assert verifies(got, new[0])


def test_an_endpoint_is_changed_disabled_and_removed(olga: Visitor, receiver: Receiver):
    place, _ = add(olga, receiver.url)
    page = send(olga, f"{place}/change", f"{place}/change", url=receiver.url + "2", names="tier.*", description="Other")
    assert "The endpoint was changed" in words(page)
    assert "Other" in words(page)
    assert "Disabled on 2 Mar 2026, 12:00 by olga@shop.example" in words(
        send(olga, place, f"{place}/switch", to="disable")
    )
    unsure = olga.post(f"{place}/remove", {"form_token": read_token(olga.get(place).text)})
    assert unsure.status_code == 400
    assert "Nothing is sent anywhere yet" in words(send(olga, place, f"{place}/remove", sure="yes"))
    assert olga.get(place).status_code == 404


def test_a_manager_looks_and_an_agent_does_not_even(olga: Visitor, receiver: Receiver):
    place, _ = add(olga, receiver.url)
    buy(olga, "1")
    delivery = links(olga.get(place).text, "/webhooks/deliveries/")[0]
    for email, reading in (("max@shop.example", 200), ("vera@shop.example", 403)):
        olga.client.cookies.clear()
        olga.sign_in(email)
        token = read_token(olga.get("/").text)
        for path in ("/webhooks", place, delivery):
            assert olga.get(path).status_code == reading, (email, path)
        for path in ("/webhooks/new", f"{place}/change"):
            assert olga.get(path).status_code == 403
        posts = ["/webhooks/new", f"{delivery}/replay"]
        posts += [f"{place}/{what}" for what in ("change", "ping", "switch", "rotate", "remove", "replay")]
        for path in posts:
            assert (
                olga.post(path, {"form_token": token, "to": "disable", "sure": "yes", "what": "dead"}).status_code
                == 403
            )
        assert ('href="/webhooks"' in olga.get("/orders").text) is (reading == 200)
    with olga.app.database.transaction() as tx:
        [endpoint] = webhooks.list_endpoints(tx)
    assert endpoint.disabled_at is None


def test_deliveries_are_filtered_and_paged(olga: Visitor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "_ROWS", 4)
    place, _ = add(olga, "http://127.0.0.1:9/nobody", "order.*")
    buy(olga, "1", "2", "3")
    first = olga.get(place).text
    [further] = [link for link in links(first, place) if "before=" in link]
    second = olga.get(further).text
    seen = links(first, "/webhooks/deliveries/") + links(second, "/webhooks/deliveries/")
    assert len(seen) == len(set(seen)) == 6
    part = olga.get(f"{place}?name=order.paid", **{"HX-Request": "true"})
    assert part.headers["hx-replace-url"] == f"{place}?name=order.paid"
    assert len(links(part.text, "/webhooks/deliveries/")) == 3
    assert "No delivery fits" in words(olga.get(f"{place}?state=delivered").text)
    assert "not reachable" in words(olga.get(f"{place}?state=retrying").text)
    for bad in ("state=lost", "before=7"):
        assert olga.get(f"{place}?{bad}").status_code == 400


def test_the_pages_speak_chinese(olga: Visitor):
    add(olga, "http://127.0.0.1:9/nobody", "order.*")
    buy(olga, "1")
    olga.client.cookies.set("regulars_language", "zh-CN")
    page = olga.get("/webhooks").text
    said = words(page) + words(olga.get(links(page, "/webhooks/endpoints/")[0]).text)
    assert "事件发送到何处" in said
    assert "无法连接" in said
    assert "重试中" in said
