"""A shop with a year behind it, made through the verbs everyone uses, and somebody who looks at its console.

Ada buys every month and is gold. Ben is new. Cleo sends things back. Dan has the name of a spreadsheet's formula, Eve of
a script. Thirty others, who have no name, bought once or more. Guests buy too.
"""

import html
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from litestar.testing import TestClient

import make
from conftest import NOON, on_database, temporary_database
from make import DAY
from receiver import receiving, settings
from regulars import access, commerce, jobs, ledger, members, programme
from regulars.access import Role
from regulars.app import App
from regulars.commerce import NewDelivery, NewLine, NewOrder, Shop
from regulars.commerce import connectors as files
from regulars.facts import webhooks
from regulars.facts.webhooks import Wish
from regulars.insight import economics, what_if
from regulars.ledger import desk, periods, proof
from regulars.ledger.periods import PointValue
from regulars.members import NewMember
from regulars.programme import drafts
from regulars.storage import Database, Transaction
from regulars.types import to_public

PASSWORD = "correct horse battery staple"
EMAIL = "olga@shop.example"
AGNES = "agnes@shop.example"
MAX = "max@shop.example"
FORMULA = '=HYPERLINK("http://evil.example","Dan")'
SCRIPT = "<script>alert('Eve')</script>"
OTHERS = 30

PEOPLE = (
    NewMember("ada", issuer="uk", name="Ada Lovelace", email="ada@example.com", phone="+442071234567", country="GB"),
    NewMember("ben", issuer="uk", name="Ben Bitdiddle", email="ben@example.com", country="US"),
    NewMember("cleo", issuer="uk", name="克莱奥", email="cleo@example.com", country="CN", attributes={"size": "M"}),
    NewMember("dan", issuer="uk", name=FORMULA, country="GB"),
    NewMember("eve", issuer="uk", name=SCRIPT, country="GB"),
)


def operators(tx: Transaction) -> None:
    """Olga owns the shop, Vera may look."""
    access.add_operator(tx, email=EMAIL, name="Olga", role=Role.OWNER, password=PASSWORD, at=NOON)
    access.add_operator(tx, email="vera@shop.example", name="Vera", role=Role.VIEWER, password=PASSWORD, at=NOON)


def furnish(app: App, folder: Path) -> None:
    """Fill an installation with a year of the shop."""
    with app.database.transaction() as tx:
        operators(tx)
        shop = make.shop(tx)
        members.enrol(tx, PEOPLE, at=NOON - 400 * DAY)
        make.record(tx, shop, *_orders())
        make.take_in(tx, shop, make.came_back("R-1", None, _mugs(1), returned_at=NOON - 20 * DAY, of="C-1"))
        make.take_in(tx, shop, make.came_back("R-2", None, _mugs(1), returned_at=NOON - DAY, of="C-9"))
        commerce.record_deliveries(tx, shop, [_late("A-1")], at=NOON)
    jobs.tick(app)
    with app.database.transaction() as tx:
        ada = members.by_external_id(tx, "ada", issuer="uk").member_id
        ledger.spend(tx, ada, 500, reference="voucher 9", at=NOON - DAY)
        commerce.cancel_order(tx, make_id(tx, "A-2"), at=NOON - 3 * DAY)
    _import(app, shop, folder)
    jobs.tick(app)
    _desk(app)
    _books(app)
    _drafts(app)
    _webhooks(app)


def _books(app: App) -> None:
    """What points are worth, and two months that are closed, one of them twice."""
    worth = PointValue(
        "points", date(2025, 1, 1), "GBP", 500_000, "by_hand", "chain_ladder", "£5 a thousand", NOON, EMAIL
    )
    with app.database.transaction() as tx:
        periods.set_value(tx, worth, at=NOON)
        economics.close(tx, date(2026, 1, 1), by=EMAIL, at=NOON)
        economics.close(tx, date(2026, 2, 1), by=EMAIL, at=NOON)
        periods.reopen(tx, "points", date(2026, 2, 1), by=MAX, because="A day of returns was forgotten", at=NOON)
        economics.close(tx, date(2026, 2, 1), by=EMAIL, at=NOON)


def _desk(app: App) -> None:
    """What Olga and Max decided about points, what is set aside, and three passes of the reconciler."""
    olga, max_ = EMAIL, MAX
    with app.database.transaction() as tx:
        access.add_operator(tx, email=max_, name="Max", role=Role.MANAGER, password=PASSWORD, at=NOON)
        access.add_operator(tx, email=AGNES, name="Agnes", role=Role.AGENT, password=PASSWORD, at=NOON)
        ada, ben, cleo, eve = (
            members.by_external_id(tx, who, issuer="uk").member_id for who in ("ada", "ben", "cleo", "eve")
        )

        def adjust(member_id: int, amount: int, reason: str, by: str) -> int:
            done = desk.adjust(tx, member_id, amount, reason=reason, by=by, limit=1000, at=NOON)
            return done.adjustment_id

        adjust(ada, 200, "A parcel was lost, promised on the phone", olga)
        adjust(cleo, -50, "Booked twice", max_)
        adjust(ada, 5000, "Goodwill after three late deliveries in a row", max_)
        adjust(ben, 2500, "Prize of the summer contest", olga)
        adjust(ben, -90000, "Booked by mistake", max_)
        desk.reject(tx, adjust(eve, 9000, "Friend of the house", max_), by=olga, at=NOON, because="That is no reason")
        desk.approve(tx, adjust(cleo, 1200, "Faulty batch", olga), by=max_, at=NOON, because="Seen the photographs")
        desk.freeze(tx, eve, reason="Card reported stolen", by=olga, at=NOON)
        desk.freeze(tx, ben, reason="Two accounts?", by=max_, at=NOON - DAY)
        desk.unfreeze(tx, ben, by=max_, at=NOON, because="Two people")
        programme.grant_tier(
            tx, eve, "main", "silver", reason="Won a year", by=max_, at=NOON, grant_id=1, ends_at=NOON + 90 * DAY
        )
        done = programme.grant_tier(tx, eve, "main", "gold", reason="By mistake", by=max_, at=NOON, grant_id=2)
        programme.end_grant(tx, done.grant_id, by=olga, because="That is no reason", at=NOON)
        desk.define_point_type(tx, "stars", role="qualifying", decimals=1, at=NOON)
        ledger.earn(tx, ada, 255, reference="visit-1", at=NOON, point_type="stars")
        soon = NOON + timedelta(minutes=30)
        ledger.hold(tx, ada, 300, reference="basket-000123", until=NOON + 2 * DAY, at=NOON)
        ledger.capture(tx, ada, 100, reference="basket-000123-paid", hold="basket-000123", at=NOON)
        ledger.hold(tx, cleo, 40, reference="basket-000124", until=soon, at=NOON)
        ledger.earn(
            tx, ada, 150, reference="waits-1", at=NOON, matures_at=NOON + 9 * DAY, awaits="delivered:A-1", lapses=True
        )
    for _ in range(3):
        with app.database.transaction() as tx:
            proof.reconcile(tx, at=NOON)


@contextmanager
def furnished_app(server_url: str, template: str, folder: Path) -> Generator[App]:
    """An installation with a year behind it, for tests that only look."""
    with temporary_database(server_url, template) as name:
        database = Database(on_database(server_url, name))
        app = make.app(database)
        furnish(app, folder)
        yield app
        database.close()


def make_id(tx: Transaction, number: str) -> int:
    """The identifier of an order by its number."""
    [found] = [order for order in commerce.list_orders(tx, number=number) if order.external_id == number]
    return found.order_id


def _mugs(quantity: int, unit_minor: int = 1250) -> NewLine:
    return NewLine("MUG", quantity, unit_minor, name="Mug, blue")


def _orders() -> list[NewOrder]:
    post = NewLine("POST", 1, 450, name="Postage", kind="shipping")
    found = [
        make.order(f"A-{n}", "ada", _mugs(40), post, placed_at=NOON - n * 30 * DAY - timedelta(hours=1))
        for n in range(1, 13)
    ]
    found.append(make.order("B-1", "ben", _mugs(2), placed_at=NOON - 2 * DAY))
    found += [make.order(f"C-{n}", "cleo", _mugs(3), placed_at=NOON - n * 25 * DAY) for n in range(1, 5)]
    found.append(make.order("D-1", "dan", _mugs(1), placed_at=NOON - 100 * DAY, paid=False))
    found.append(make.order("E-1", "eve", _mugs(6), placed_at=NOON - 40 * DAY))
    found.append(make.order("G-1", None, _mugs(1), placed_at=NOON - 5 * DAY))
    for n in range(OTHERS):
        for again in range(1 + n % 4):
            placed = NOON - (7 + (n * 11) % 300 + again * 13) * DAY
            found.append(make.order(f"O-{n}-{again}", f"other-{n:02}", _mugs(1 + n % 5), placed_at=placed))
    return found


def _late(number: str) -> NewDelivery:
    return NewDelivery(
        order=number, external_id="P-1", carrier="Parcel", promised_at=NOON - 25 * DAY, shipped_at=NOON - 24 * DAY,
        delivered_at=NOON - 22 * DAY,
    )  # fmt: skip


def _drafts(app: App) -> None:
    """A draft that waits for a second person, and one that cannot be used as it stands."""
    with app.database.transaction() as tx:
        text = drafts.text_of(tx, programme.current(tx, at=NOON))
        text = text.replace(": 500000", ": 50000000").replace("count: 24", "count: 12")
        one = drafts.begin(tx, text, by=MAX, at=NOON, note="Gold for those who buy most")
        drafts.submit(tx, one.draft_id, by=MAX, at=NOON)
        flawed = text.replace("currency: GBP", "currency: 7").replace("pending: null", "pending: soon\nbonus: 1")
        drafts.begin(tx, flawed, by=EMAIL, at=NOON - DAY, note="Double points in May, not finished")
        wanted = drafts.sound_text(one.text.replace("/ 10", "/ 8"))
        what_if.ask(tx, wanted, by=MAX, at=NOON, draft=one, thousand_minor=500, what_if_id=1)
    jobs.try_drafts(app)
    with app.database.transaction() as tx:
        what_if.ask(tx, wanted, by=MAX, at=NOON, draft=one, months=3, what_if_id=2)


def _webhooks(app: App) -> None:
    """Three endpoints: one that is sent everything, one that answers with 503, one that is disabled."""
    with receiving() as good, receiving() as bad:
        bad.answer = lambda _: (503, {}, b"The CRM is being repaired. Come back later.")
        known = replace(app, settings=settings())
        with app.database.transaction() as tx:
            added = [
                webhooks.add_endpoint(
                    tx, Wish(url, names, description), by=EMAIL, reach=known.reach, vault=known.vault, at=NOON
                ).endpoint
                for url, names, description in (
                    (good.url, ["member.*", "order.*", "points.*", "tier.*"], "The warehouse"),
                    (bad.url, ["points.*", "order.paid"], "The CRM"),
                    ("https://old.example/hook", ["*"], ""),
                )
            ]
            webhooks.disable_endpoint(tx, added[2].endpoint_id, by=EMAIL, at=NOON)
        with app.database.transaction() as tx:
            make.record(
                tx, commerce.shop_by_code(tx, "uk"), make.order("W-1", "other-00", _mugs(1), placed_at=NOON - 6 * DAY)
            )
        jobs.tick(app, patience_seconds=30)
        jobs.deliver(known)


def _import(app: App, shop: Shop, folder: Path) -> None:
    """An export with a row for every fate: kept, dropped, rejected."""
    export = folder / "export.csv"
    export.write_text(
        "order,date,customer,sku,product,quantity,price\n"
        "I-1,2026-02-20 10:00,ada,MUG,Mug,2,12.50\n"
        "I-1,2026-02-20 10:00,ada,PEN,Pen,1,0\n"
        "I-2,yesterday,ben,MUG,Mug,1,12.50\n",
        "utf-8",
    )
    columns = {name: name for name in ("order", "date", "customer", "sku", "product", "quantity", "price")}
    source = files.read_file(export, files.Profile(columns=columns, drop_zero_prices=True), shop)
    jobs.import_file(app, shop, source)
    source.close()


@dataclass
class Visitor:
    """A browser without scripts: keeps cookies, follows nothing by itself, reads forms."""

    client: TestClient[Any]
    app: App
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=self.headers | headers, follow_redirects=False)

    def post(self, path: str, data: Mapping[str, str], **headers: str) -> httpx.Response:
        return self.client.post(path, data=dict(data), headers=self.headers | headers, follow_redirects=False)

    def token(self, path: str = "/sign-in") -> str:
        return read_token(self.get(path).text)

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD, **more: str) -> httpx.Response:
        form = {"form_token": self.token(), "email": email, "password": password}
        return self.post("/sign-in", form | more)

    def member(self, external_id: str) -> str:
        with self.app.database.transaction() as tx:
            return to_public("mem", members.by_external_id(tx, external_id, issuer="uk").member_id)

    def order(self, number: str) -> str:
        with self.app.database.transaction() as tx:
            return to_public("ord", make_id(tx, number))


def member(tx: Transaction, external_id: str) -> str:
    return to_public("mem", members.by_external_id(tx, external_id, issuer="uk").member_id)


def be(visitor: Visitor, email: str) -> None:
    """Sign in as somebody else."""
    visitor.client.cookies.clear()
    assert visitor.sign_in(email).status_code == 303


def read_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


def words(page: str) -> str:
    """What a page says: its text without markup, one space between words."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body))).strip()


def links(page: str, start: str) -> list[str]:
    """The addresses a page leads to that begin with `start`, once each, in order."""
    found = (html.unescape(address) for address in re.findall(r'href="([^"]+)"', page))
    return list(dict.fromkeys(address for address in found if address.startswith(start)))


def count_of(page: str) -> int:
    """How many members a page of the directory says there are."""
    found = re.search(r'class="count" role="status">\s*([\d,]+) member', page)
    assert found is not None
    return int(found[1].replace(",", ""))
