"""Every page in both languages, light on a desk and dark on a phone: axe finds nothing, nothing sticks out, nothing
is fetched from elsewhere, nothing complains.
"""

from collections.abc import Generator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from browser.conftest import Looker, Served, Windows
from conftest import NOON
from regulars import facts
from regulars.facts import Fact, webhooks

PLACES = [
    "sign-in",
    "overview",
    "overview of everything",
    "members",
    "members filtered",
    "members, nobody",
    "member",
    "member on the way up",
    "member's orders",
    "member's points",
    "member's stars",
    "member's points, none in that time",
    "member whose points are frozen",
    "points given or taken",
    "points frozen",
    "points unfrozen",
    "points frozen before",
    "hold given back",
    "points",
    "points of all time",
    "stars",
    "points that will lapse",
    "proof",
    "promises",
    "kinds of points",
    "economics",
    "economics of stars",
    "what points are worth",
    "whose points lapse first",
    "adjustments",
    "adjustments, none fits",
    "adjustment",
    "freezes",
    "holds",
    "orders",
    "returns that wait",
    "order with a return",
    "order with a delivery",
    "programme",
    "programme, changed",
    "programme's drafts",
    "programme's what-if",
    "programme's what-if, waiting",
    "programme's draft",
    "programme's draft, written",
    "programme's draft, flawed",
    "programme's draft, its rules",
    "programme's draft, a rule",
    "programme's draft, its tiers",
    "programme's draft, its referrals",
    "programme's draft, its terms",
    "programme's version",
    "programme's version, again",
    "tier set",
    "tier given",
    "rewards",
    "reward",
    "rewards to send",
    "redemption",
    "coupons",
    "coupon pool",
    "coupon pool, shared",
    "coupon pool, new",
    "gift cards",
    "gift card",
    "gift card, new",
    "reward given",
    "member's rewards",
    "referrals",
    "referral",
    "campaigns",
    "campaigns, a quiet month",
    "campaign",
    "campaign, what an undo would take",
    "salons",
    "salon",
    "salon, new",
    "imports",
    "import",
    "webhooks",
    "webhook",
    "webhook that fails",
    "webhook that is disabled",
    "webhook, nothing found",
    "webhook, new",
    "webhook, changed",
    "webhook delivery",
    "not found",
]


def address(served: Served, place: str, looker: Looker) -> str:
    if place == "sign-in":
        return "/sign-in"
    if place == "import":
        return str(looker.go("/imports").locator(".row-link").first.get_attribute("href"))
    return served.places()[place]


LOOKS = (("en-GB", "light", (1440, 390)), ("zh-CN", "dark", (390, 1440)))


@pytest.fixture(scope="module")
def eyes(chromium: Browser, served: Served, signed_in: dict[str, object]) -> Generator[list[Looker]]:
    """Two windows through which every page is seen: opened once, they keep the fonts and the styles."""
    windows = Windows(chromium, served, signed_in)
    yield [windows(width=widths[0], tag=tag, color_scheme=theme) for tag, theme, widths in LOOKS]
    windows.close()


@pytest.mark.parametrize("place", PLACES)
def test_a_page_is_fit_to_be_seen(eyes: list[Looker], window: Windows, served: Served, place: str):
    for (tag, theme, widths), signed_in in zip(LOOKS, eyes, strict=True):
        looker = signed_in
        if place == "sign-in":
            looker = window(width=widths[0], tag=tag, color_scheme=theme, signed_in=False)
        looker.complaints.clear()
        looker.page.set_viewport_size({"width": widths[0], "height": 900})
        page = looker.go(address(served, place, looker))
        assert page.locator("html").get_attribute("lang") == ("en" if tag == "en-GB" else tag)
        found = Axe().run(page)
        assert not found.response["violations"], f"{tag} {theme}\n{found.generate_report()}"
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        expected = {"Failed to load resource: the server responded with a status of 404 (Not Found)"}
        assert set(looker.complaints) <= (expected if place == "not found" else set())


def test_there_is_no_other_page(served: Served):
    assert set(PLACES) - {"sign-in"} == set(served.places())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_open_parts_are_fit_to_be_seen_too(window: Windows, theme: str):
    looker = window(color_scheme=theme)
    page = looker.go("/")
    page.get_by_text("Show as a table").click()
    page.get_by_role("button", name="What is counted: Revenue", exact=True).focus()
    assert not Axe().run(page).response["violations"]
    looker = window(width=390, color_scheme=theme)
    page = looker.go("/members")
    page.get_by_role("button", name="Your account and settings").click()
    page.get_by_text("More filters").click()
    assert not Axe().run(page).response["violations"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [1440, 390])
def test_the_notice_of_what_was_not_followed_is_fit_to_be_seen(window: Windows, served: Served, width: int):
    about = {"fact": "order.paid", "fact_id": 1, "xact": 1, "reason": "date value out of range"}
    with served.app.database.transaction() as tx:
        facts.record(tx, [Fact("reaction.failed", NOON, None, None, about)], at=NOON)
    try:
        for theme in ("light", "dark"):
            page = window(width=width, color_scheme=theme).go("/")
            page.get_by_text("Show which").click()
            assert page.get_by_text("regulars jobs retry").is_visible()
            assert not Axe().run(page).response["violations"]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        with served.app.database.transaction() as tx:  # the other pages are looked at without it
            facts.record(tx, [Fact("reaction.succeeded", NOON, None, None, about)], at=NOON)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_owner_is_told_on_every_page_of_an_endpoint_that_stopped(window: Windows, served: Served, width: int):
    with served.app.database.transaction() as tx:
        [endpoint_id] = [one.endpoint_id for one in webhooks.list_endpoints(tx) if one.disabled_at]
        tx.run("update facts_webhook_endpoints set disabled_because = 'failing' where disabled_at is not null")
    try:
        for tag, said in (("en-GB", "1 webhook endpoint was disabled"), ("zh-CN", "有 1 个 Webhook 接收端")):
            looker = window(width=width, tag=tag)
            page = looker.go("/orders")
            assert said in page.locator(".banner").inner_text()
            assert not Axe().run(page).response["violations"]
            page.locator(".banner a").click()
            page.wait_for_url("**/webhooks")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        with served.app.database.transaction() as tx:
            tx.run(
                "update facts_webhook_endpoints set disabled_because = 'asked' where endpoint_id = %(one)s",
                one=endpoint_id,
            )


def test_a_printed_page_is_light_and_has_no_navigation(window: Windows):
    page = window(color_scheme="dark").go("/")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert not page.get_by_role("navigation", name="Main", exact=True).is_visible()
