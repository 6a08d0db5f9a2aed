"""Working by keyboard, as one types, and without any script."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.conftest import Served, Windows
from console.shops import EMAIL, PASSWORD
from regulars.console import members
from regulars.types import from_public


def test_the_first_stop_skips_to_the_content(window: Windows):
    page = window().go("/members")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_a_member_is_found_and_opened_without_a_mouse(window: Windows):
    page = window().go("/members")
    page.keyboard.press("/")
    expect(page.get_by_placeholder("Name, e-mail, phone or number")).to_be_focused()
    page.keyboard.type("lovel")
    expect(page.locator(".row-link")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/members\?q=lovel$"))
    expect(page.get_by_placeholder("Name, e-mail, phone or number")).to_be_focused()  # the list changed, not the field
    page.keyboard.press("ArrowDown")
    expect(page.locator(".row-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ada Lovelace")


def test_j_and_k_and_the_arrows_go_through_the_list(window: Windows):
    page = window().go("/members")
    rows = page.locator(".row-link")
    for key, place in [("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)]:
        page.keyboard.press(key)
        expect(rows.nth(place)).to_be_focused()


def test_finding_a_member_begins_on_any_page(window: Windows):
    page = window().go("/programme")
    page.keyboard.press("/")
    page.keyboard.type("ben")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/members\?q=ben$"))
    expect(page.locator(".row-link")).to_have_text("Ben Bitdiddle")


def test_filters_work_as_they_are_chosen_and_chips_take_them_away(window: Windows):
    page = window().go("/members")
    page.get_by_label("Grade").select_option("gold")
    expect(page.get_by_role("link", name="Remove the filter Grade: Gold")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/members\?grade=gold$"))
    page.get_by_text("More filters").click()
    page.locator("select[name=r]").select_option("5")
    expect(page.get_by_role("link", name="Remove the filter Recency: 5")).to_be_visible()
    page.get_by_role("link", name="Remove the filter Grade: Gold").click()
    expect(page).to_have_url(re.compile(r"/members\?r=5$"))
    expect(page.get_by_label("Grade")).to_have_value("")


def test_a_search_that_fails_says_so_and_keeps_what_is_there(window: Windows):
    looker = window()
    page = looker.go("/members")
    before = page.locator(".row-link").count()
    page.route("**/members?q=*", lambda route: route.abort())
    page.keyboard.press("/")
    page.keyboard.type("ada")
    expect(page.get_by_role("alert")).to_contain_text("could not be fetched")
    assert page.locator(".row-link").count() == before
    page.unroute("**/members?q=*")
    page.keyboard.type(" l")
    expect(page.locator(".row-link")).to_have_count(1)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_what_a_measure_means_shows_on_focus_and_goes_with_escape(window: Windows):
    page = window().go("/")
    mark = page.get_by_role("button", name="What is counted: Active members")
    text = page.locator("#tip-active_members")
    expect(text).to_be_hidden()
    mark.focus()
    expect(text).to_be_visible()
    page.keyboard.press("Escape")
    expect(text).to_be_hidden()
    mark.hover()
    expect(text).to_be_visible()


def test_a_point_of_the_chart_opens_its_members(window: Windows):
    looker = window()
    page = looker.go("/?period=all")
    expect(page.locator("#course-chart svg")).to_be_visible()
    box = page.locator("#course-chart").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.52, box["y"] + box["height"] * 0.85)
    expect(page).to_have_url(re.compile(r"/members\?measure=active_members&from=2025-"))
    assert not looker.complaints


def test_the_theme_changes_at_once_and_stays(window: Windows):
    page = window(color_scheme="light").go("/orders")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("complementary").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = page.evaluate(ground)
    assert dark != light
    page.wait_for_load_state("networkidle")
    page.reload()
    assert page.evaluate(ground) == dark
    page.get_by_role("complementary").get_by_role("button", name="As the system").click()
    assert page.evaluate(ground) == light


def test_the_language_changes_and_stays_on_the_page(window: Windows):
    page = window().go("/members?grade=gold")
    page.get_by_role("complementary").get_by_role("button", name="简体中文").click()
    expect(page).to_have_url(re.compile(r"/members\?grade=gold$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("会员")


@pytest.mark.parametrize(("tab", "row"), [("timeline", ".line-item"), ("orders", "tr"), ("points", "tr")])
def test_earlier_rows_join_those_that_are_there(window: Windows, monkeypatch: pytest.MonkeyPatch, tab: str, row: str):
    monkeypatch.setattr(members, "_ROWS", 4)
    looker = window()
    page = looker.go(f"{looker.served.places()['member']}?tab={tab}")
    rows = page.locator(f"#rows {row}")
    before, address = rows.count(), page.url
    page.get_by_role("link", name="Earlier").click()
    expect(rows.nth(before)).to_be_visible()
    while page.get_by_role("link", name="Earlier").count():
        shown = rows.count()
        page.get_by_role("link", name="Earlier").click()
        expect(rows.nth(shown)).to_be_visible()
    assert page.url == address
    assert page.locator("#rows").count() == 1
    assert not looker.complaints


def test_everything_that_matters_works_without_scripts(window: Windows):
    page = window(signed_in=False, java_script_enabled=False).page
    origin = window().served.origin
    page.goto(f"{origin}/members")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("Name, e-mail, phone or number").fill("ada")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".row-link")).to_have_text("Ada Lovelace")
    page.goto(origin)
    expect(page.locator("article.figure")).to_have_count(9)
    page.get_by_text("Show as a table").click()
    assert page.locator("details table tbody tr").count() > 5
    page.get_by_role("complementary").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("complementary").get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in$"))


def test_a_secret_is_shown_after_a_form_filled_by_keys_alone(window: Windows):
    looker = window()
    page = looker.go("/webhooks")
    page.get_by_role("link", name="Add an endpoint").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/webhooks/new")
    page.get_by_label("Address").focus()
    page.keyboard.type("https://hooks.example/in")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("points.* tier.reached")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The endpoint was added")
    expect(page.locator("pre.command")).to_contain_text("whsec_")
    assert not Axe().run(page).response["violations"]
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_label("What waits is not sent").check()
    page.get_by_role("button", name="Remove the endpoint").click()
    page.wait_for_url("**/webhooks")
    expect(page.get_by_text("hooks.example")).to_have_count(0)
    assert not looker.complaints


def test_deliveries_are_filtered_as_one_types(window: Windows):
    looker = window()
    page = looker.go(looker.served.places()["webhook"])
    rows = page.locator("#results .row-link")
    before = rows.count()
    assert before > 1
    page.get_by_label("Name of the fact").focus()
    page.keyboard.type("order.paid")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?name=order\.paid$"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("order.paid")
    assert not looker.complaints


def test_points_are_asked_for_and_withdrawn_by_keys_alone(window: Windows):
    looker = window()
    page = looker.go(looker.served.places()["member on the way up"] + "?tab=points")
    page.get_by_role("link", name="Give or take").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/points/adjustment")
    page.get_by_label("How many").focus()
    page.keyboard.type("1001")
    page.keyboard.press("Tab")
    page.keyboard.type("Asked by keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Somebody else has to approve it")
    page.goto(f"{looker.served.origin}/points/adjustments")
    card = page.locator("article", has_text="Asked by keys")
    expect(card).to_contain_text("You asked for it")
    card.get_by_label("Why you withdraw it").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("Give a reason")
    assert not Axe().run(page).response["violations"]
    card = page.locator("article", has_text="Asked by keys")
    card.get_by_label("Why you withdraw it").focus()
    page.keyboard.type("Only a test")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("no points moved")
    expect(page.locator("article", has_text="Asked by keys")).to_have_count(0)
    page.get_by_label("State").select_option("rejected")
    expect(page).to_have_url(re.compile(r"\?state=rejected$"))
    expect(page.locator("#results")).to_contain_text("Asked by keys")
    assert set(looker.complaints) <= {"Failed to load resource: the server responded with a status of 409 (Conflict)"}


def test_a_form_that_is_refused_says_so_and_has_no_barrier(window: Windows):
    for width in (1440, 390):
        looker = window(width=width)
        page = looker.go(looker.served.places()["points given or taken"])
        page.get_by_label("How many").fill("nothing")
        page.get_by_label("Reason").fill("A try")
        page.get_by_role("button", name="Book it").click()
        expect(page.get_by_role("alert")).to_contain_text("Give a number above 0")
        expect(page.get_by_label("Reason")).to_have_value("A try")
        assert not Axe().run(page).response["violations"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_will_lapse_comes_by_itself_and_a_failure_is_told(window: Windows):
    looker = window()
    page = looker.go("/points")
    expect(page.locator("#expiring .bar-row").first).to_be_visible()
    page.get_by_text("Show as a table").click()
    assert not Axe().run(page).response["violations"]
    page.route("**/points/expiring*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("could not be fetched")
    bare = window(java_script_enabled=False).go("/points")
    bare.locator("noscript a, #expiring a").first.click()
    expect(bare.locator("#expiring .bar-row").first).to_be_visible()


def test_the_statement_follows_its_days(window: Windows):
    looker = window()
    page = looker.go(looker.served.places()["member's points"])
    rows = page.locator("#rows tr")
    before = rows.count()
    page.get_by_label("From this day").fill("2026-03-01")
    expect(page).to_have_url(re.compile(r"tab=points&from=2026-03-01$"))
    expect(rows).not_to_have_count(before)
    assert 0 < rows.count() < before
    assert not looker.complaints


def test_on_a_phone_the_other_pages_are_in_the_menu(window: Windows):
    page = window(width=390).go("/points")
    page.get_by_role("button", name="Your account and settings").click()
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    page.get_by_role("navigation", name="More pages").get_by_role("link", name="Webhooks").click()
    page.wait_for_url("**/webhooks")


def test_a_programme_is_written_with_its_flaws_told_as_one_types(window: Windows, served: Served):
    looker = window()
    page = looker.go("/programme/drafts")
    page.get_by_role("button", name="Begin a draft").click()
    page.get_by_role("link", name="Change the text").click()
    text = page.get_by_label("The programme's text")
    written = text.input_value()
    expect(page.get_by_text("It can be used as it stands.")).to_be_visible()
    text.fill(written.replace("    count: 24", "    count: 999"))
    flaw = page.get_by_role("link", name=re.compile("^Line "))
    expect(flaw).to_be_visible()
    line = int(flaw.inner_text().split()[1])
    expect(page.locator(".editor-lines > .is-flawed")).to_have_text(str(line))
    flaw.press("Enter")
    expect(text).to_be_focused()
    page.keyboard.type("    count: 12")  # the line is selected
    expect(page.get_by_text("It can be used as it stands.")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("# as agreed")
    assert text.input_value() == written.replace("    count: 24", "    count: 12\n    # as agreed")
    page.get_by_label("What for, on one line").fill("Half the time")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status")).to_contain_text("It was saved.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Half the time")
    assert not looker.complaints
    one = page.url.partition("?")[0].rpartition("/")[2]
    with served.app.database.transaction() as tx:  # the other pages are looked at without it
        tx.run("delete from programme_draft_revisions where draft_id = %(one)s", one=from_public("drf", one))
        tx.run("delete from programme_drafts where draft_id = %(one)s", one=from_public("drf", one))


def test_a_rule_is_changed_by_its_form_with_flaws_told_as_one_types(window: Windows, served: Served):
    looker = window()
    page = looker.go("/programme/drafts")
    page.get_by_role("button", name="Begin a draft").click()
    page.locator(".thing .row-link").first.click()
    name = page.get_by_label("Name in English")
    name.fill(" ")
    spot = page.locator('[data-wrong="name_en"]')
    expect(spot).to_have_text("give it a name")
    expect(name).to_have_attribute("aria-invalid", "true")
    assert not Axe().run(page).response["violations"]
    name.fill("All goods")
    expect(spot).to_be_hidden()
    page.get_by_role("button", name="Add: condition").click()
    page.get_by_label("What is asked").select_option("weekday")
    page.get_by_label("Sat").check()
    page.get_by_role("button", name="Add: condition").click()
    page.get_by_label("What is asked").nth(1).select_option("text")
    page.get_by_label("Expression", exact=True).first.focus()
    page.get_by_text("What expressions can speak of").first.click()
    page.get_by_role("button", name="Insert order.pieces").click()
    expect(page.locator('[data-wrong="when"]')).to_contain_text("`order.pieces` is a number")
    page.keyboard.type(" >= 2")
    expect(page.get_by_text("It can be used as it stands.")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status")).to_contain_text("It was saved.")
    expect(page.locator(".thing").first).to_contain_text(
        "Only when it was ordered on Sat and there are at least 2 pieces."
    )
    assert not looker.complaints


def test_a_rule_is_changed_without_scripts(window: Windows):
    page = window(java_script_enabled=False).go("/programme/drafts")
    page.get_by_role("button", name="Begin a draft").click()
    page.locator(".thing .row-link").first.click()
    page.get_by_role("button", name="Add: limit").click()
    page.get_by_label("Most points").fill("500")
    page.get_by_label("Points", exact=True).fill("2")
    page.get_by_role("button", name="Save").last.click()
    assert "2 points for each £0.10 spent." in page.locator(".thing").first.inner_text()
    assert "At most 500 points a month." in page.locator(".thing").first.inner_text()
