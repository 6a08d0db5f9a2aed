"""The console in Chromium: served as it is in earnest, looked at as staff do."""

import shutil
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from conftest import NOON
from console import campaigning, celebrating, rewarding, shops
from make import DAY
from programme.referrals.making import World
from regulars.app import App
from regulars.asgi import create_asgi
from regulars.facts import webhooks
from regulars.insight import what_if
from regulars.ledger import desk
from regulars.programme import drafts
from regulars.programme.referrals import stories
from regulars.storage import Transaction
from regulars.types import to_public

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
WATCH = "addEventListener('securitypolicyviolation', (e) => console.error('CSP: ' + e.violatedDirective + ' ' + e.blockedURI))"


_OF_ALL = {
    "tier set": "/programme/tiers/main",
    "overview": "/",
    "overview of everything": "/?period=all",
    "members": "/members",
    "members filtered": "/members?grade=gold&r=5&cohort=2025-03",
    "members, nobody": "/members?q=zzz",
    "points": "/points",
    "points of all time": "/points?period=all",
    "stars": "/points?type=stars",
    "points that will lapse": "/points/expiring",
    "proof": "/points/proof",
    "adjustments": "/points/adjustments",
    "adjustments, none fits": "/points/adjustments?from=2031-01-01",
    "freezes": "/points/freezes",
    "holds": "/points/holds",
    "orders": "/orders",
    "returns that wait": "/orders/waiting",
    "imports": "/imports",
    "import": "/imports",
    "webhooks": "/webhooks",
    "webhook, new": "/webhooks/new",
    "not found": "/nothing",
    "promises": "/points/promises",
    "kinds of points": "/points/kinds",
    "economics": "/points/economics",
    "economics of stars": "/points/economics?type=stars",
    "what points are worth": "/points/economics/outlook",
    "whose points lapse first": "/points/expiring/members",
}


@dataclass(frozen=True)
class Served:
    """A console that answers at `origin`."""

    origin: str
    app: App
    rewards: Mapping[str, str]
    """The pages about rewards, by a name."""

    def places(self) -> dict[str, str]:
        """Every kind of page, by a name."""
        with self.app.database.transaction() as tx:
            ada, ben, eve = (shops.member(tx, one) for one in ("ada", "ben", "eve"))
            order, late = (to_public("ord", shops.make_id(tx, number)) for number in ("C-1", "A-1"))
            ends = {
                one.description: f"/webhooks/endpoints/{to_public('whe', one.endpoint_id)}"
                for one in webhooks.list_endpoints(tx)
            }
            waiting = to_public("adj", desk.adjustments(tx, state="waiting")[0].adjustment_id)
            hold = desk.open_holds(tx, at=NOON)[-1]
            tried = webhooks.list_deliveries(tx, state="retrying", limit=1)[0].delivery_id
            written = self._drafts(tx) | self._referrals(tx)
        return (
            written
            | _OF_ALL
            | dict(self.rewards)
            | {
                "member": f"/members/{ada}",
                "member on the way up": f"/members/{ben}",
                "member's orders": f"/members/{ada}?tab=orders",
                "member's points": f"/members/{ada}?tab=points",
                "member's stars": f"/members/{ada}?tab=points&type=stars",
                "member's points, none in that time": f"/members/{ada}?tab=points&from=2031-01-01",
                "member whose points are frozen": f"/members/{eve}?tab=points",
                "points given or taken": f"/members/{ada}/points/adjustment",
                "points frozen": f"/members/{ada}/points/freeze",
                "tier given": f"/members/{eve}/tier",
                "points unfrozen": f"/members/{eve}/points/freeze",
                "points frozen before": f"/members/{ben}/points/freeze",
                "hold given back": f"/members/{to_public('mem', hold.member_id)}/points/holds/{hold.seq}/release",
                "adjustment": f"/points/adjustments/{waiting}",
                "order with a return": f"/orders/{order}",
                "order with a delivery": f"/orders/{late}",
                "webhook": ends["The warehouse"],
                "webhook that fails": ends["The CRM"],
                "webhook that is disabled": ends[""],
                "webhook, nothing found": f"{ends['The warehouse']}?name=nothing.done",
                "webhook, changed": f"{ends['The warehouse']}/change",
                "webhook delivery": f"/webhooks/deliveries/{to_public('whd', tried)}",
            }
        )

    @staticmethod
    def _drafts(tx: Transaction) -> dict[str, str]:
        draft, flawed = (to_public("drf", one.draft_id) for one in drafts.drafts(tx))
        waiting, tried = (to_public("wif", one.what_if_id) for one in what_if.listed(tx))
        return {
            "programme": "/programme",
            "programme, changed": "/programme/terms",
            "programme's drafts": "/programme/drafts",
            "programme's draft": f"/programme/drafts/{draft}",
            "programme's draft, written": f"/programme/drafts/{flawed}/text",
            "programme's draft, flawed": f"/programme/drafts/{flawed}",
            "programme's draft, its rules": f"/programme/drafts/{flawed}/sections/earning",
            "programme's draft, a rule": f"/programme/drafts/{draft}/sections/earning/0",
            "programme's draft, its tiers": f"/programme/drafts/{draft}/sections/tier_sets/0",
            "programme's draft, its referrals": f"/programme/drafts/{flawed}/sections/referral",
            "programme's draft, its terms": f"/programme/terms?draft={draft}",
            "programme's what-if": f"/programme/what-ifs/{tried}",
            "programme's what-if, waiting": f"/programme/what-ifs/{waiting}",
            "programme's version": "/programme/versions/1",
            "programme's version, again": "/programme/versions/1/restore",
        }

    @staticmethod
    def _referrals(tx: Transaction) -> dict[str, str]:
        [waiting] = stories.list_referrals(tx, state="held")
        return {"referrals": "/referrals", "referral": f"/referrals/{waiting.public}"}


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser]:
    if CHROMIUM is None:
        pytest.skip("NO CHROMIUM: the console was not looked at. Install it (apt-get install chromium) and run again.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(
    chromium: Browser, server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Served]:
    """The furnished shop behind a real server."""
    with shops.furnished_app(server_url, template, tmp_path_factory.mktemp("export")) as app:
        rewards = rewarding.furnish(app) | campaigning.furnish(app)
        _bring_friends(app)
        celebrating.furnish(app)
        server = uvicorn.Server(uvicorn.Config(create_asgi(app), port=0, log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(f"http://127.0.0.1:{port}", app, rewards)
        server.should_exit = True
        thread.join()


def _bring_friends(app: App) -> None:
    """Ned brings Nora, and Nils on one phone with him."""
    with app.database.transaction() as tx:
        world = World(tx, now=NOON - 2 * DAY)
        ned = world.join("ned")
        world.friend("nora", ned)
        nils = world.friend("nils", ned)
        for one in (ned, nils):
            world.seen(one, device="one phone")
        for name in ("nora", "nils"):
            world.buy(name)
        world.now = NOON
        world.publish(world.terms)


@dataclass
class Looker:
    """One browser window, and everything about it that should not be."""

    page: Page
    served: Served
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.served.origin + path)
        self.page.wait_for_function("document.fonts.status === 'loaded'")
        return self.page


@pytest.fixture(scope="session")
def signed_in(chromium: Browser, served: Served) -> dict[str, object]:
    """The cookies of Olga's session."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{served.origin}/sign-in")
    page.get_by_label("E-mail").fill(shops.EMAIL)
    page.get_by_label("Password").fill(shops.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{served.origin}/")
    kept = context.storage_state()
    context.close()
    return kept


class Windows:
    """Opens windows, and closes them after the test."""

    def __init__(self, chromium: Browser, served: Served, signed_in: dict[str, object]) -> None:
        self._chromium, self._served, self._signed_in = chromium, served, signed_in
        self._open: list[BrowserContext] = []

    def __call__(self, *, width: int = 1440, tag: str = "en-GB", signed_in: bool = True, **more: object) -> Looker:
        context = self._chromium.new_context(
            viewport={"width": width, "height": 900},
            locale=tag,
            storage_state=self._signed_in if signed_in else None,
            **more,
        )
        self._open.append(context)
        context.add_init_script(WATCH)
        looker = Looker(context.new_page(), self._served)
        page = looker.page
        page.on("pageerror", lambda error: looker.complaints.append(f"script: {error}"))
        page.on(
            "console", lambda said: looker.complaints.append(said.text) if said.type in {"error", "warning"} else None
        )
        page.on("request", lambda request: self._judge(looker, request.url))
        return looker

    def _judge(self, looker: Looker, url: str) -> None:
        if not url.startswith((self._served.origin, "data:")):
            looker.complaints.append(f"asked another server: {url}")

    def close(self) -> None:
        for context in self._open:
            context.close()


@pytest.fixture
def window(chromium: Browser, served: Served, signed_in: dict[str, object]) -> Generator[Windows]:
    windows = Windows(chromium, served, signed_in)
    yield windows
    windows.close()
