import csv
import io
import re
from typing import Any

import anyio
import pytest
from anyio import to_thread

import make
from console.shops import FORMULA, OTHERS, SCRIPT, Visitor, count_of, links, words
from regulars import jobs
from regulars.asgi import create_asgi
from regulars.console import _downloads, members
from regulars.storage import Database

EVERYBODY = OTHERS + 5
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def names(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="(/members/mem_[0-9a-z]{13})"', page)


@pytest.mark.parametrize("search", ["ada", "Ada Lovelace", "lovel", "ada@example.com", "+442071234567"])
def test_a_member_is_found_by_name_address_phone_and_number(olga: Visitor, search: str):
    page = olga.client.get("/members", params={"q": search}).text
    assert names(page) == [f"/members/{olga.member('ada')}"]
    assert "1 member" in words(page)


def test_searching_as_you_type_brings_the_list_alone_and_says_its_address(olga: Visitor):
    answer = olga.get("/members?q=ad&tier=&sort=&months=", **PART)
    assert answer.text.lstrip().startswith('<div id="results"')
    assert "<html" not in answer.text
    assert answer.headers["hx-replace-url"] == "/members?q=ad"
    assert names(answer.text) == names(olga.get("/members?q=ad").text)


def test_going_back_in_the_browser_brings_the_whole_page(olga: Visitor):
    assert "<html" in olga.get("/members", **PART, **{"HX-History-Restore-Request": "true"}).text


def test_filters_are_chips_that_can_be_taken_away_one_by_one(olga: Visitor):
    page = olga.get("/members?q=a&tier=gold&grade=gold&r=5&country=GB&sort=orders").text
    said = words(page)
    for chip in ("Tier: Gold", "Grade: Gold", "Recency: 5", "United Kingdom"):
        assert chip in said
    chips = re.findall(r'class="chip" href="([^"]+)"', page)
    assert "/members?q=a&amp;grade=gold&amp;country=GB&amp;r=5&amp;sort=orders" in chips
    assert len(chips) == 4


def test_a_cohort_and_a_measure_are_told_in_words(olga: Visitor):
    page = olga.get("/members?cohort=2025-03&months=2&measure=revenue&from=2025-01-01&to=2025-12-31").text
    assert "First purchase in Mar 2025, bought again 2 months later" in words(page)
    assert "Behind “Revenue”" in words(page)


@pytest.mark.parametrize("sort", ["name", "orders", "spend", "points", "last_purchase", "joined"])
@pytest.mark.parametrize("order", ["up", "down"])
def test_every_page_of_every_order_together_has_everybody_once(
    olga: Visitor, sort: str, order: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(members, "_ROWS", 8)
    seen: list[str] = []
    address = f"/members?sort={sort}&order={order}"
    while True:
        page = olga.get(address).text
        seen += names(page)
        following = [link for link in links(page, "/members?") if "after=" in link]
        if not following:
            break
        [address] = following
    assert len(seen) == len(set(seen)) == EVERYBODY


def test_the_heading_of_the_order_is_marked_and_turns_it_round(olga: Visitor):
    page = olga.get("/members").text
    assert re.search(r'aria-sort="descending"><a class="sort" href="/members\?sort=spend&amp;order=up">Spend', page)
    page = olga.get("/members?sort=spend&order=up").text
    assert re.search(r'aria-sort="ascending"><a class="sort" href="/members\?sort=spend&amp;order=down">Spend', page)


def test_nobody_found_is_said_with_a_way_back(olga: Visitor):
    page = olga.get("/members?q=zzz").text
    assert "Nobody fits" in words(page)
    assert "/members" in links(page, "/members")


def test_a_name_is_text_whatever_it_holds(olga: Visitor):
    page = olga.get("/members?q=eve").text
    assert SCRIPT not in page
    assert SCRIPT in words(page)
    assert SCRIPT not in olga.get(f"/members/{olga.member('eve')}").text


def exported(olga: Visitor, query: str = "") -> list[dict[str, str]]:
    answer = olga.get(f"/members/export.csv{query}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="members-2026-03-02.csv"'
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_export_has_everybody_the_filter_finds_in_the_order_of_the_list(
    olga: Visitor, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(members, "_EXPORTED_AT_ONCE", 7)
    rows = exported(olga)
    assert len(rows) == EVERYBODY
    assert [f"/members/{row['member_id']}" for row in rows] == names(olga.get("/members").text)
    gold = exported(olga, "?grade=gold")
    assert len(gold) == count_of(olga.get("/members?grade=gold").text)
    assert {row["grade"] for row in gold} == {"gold"}


def test_the_export_says_what_the_member_page_says(olga: Visitor):
    [ada] = exported(olga, "?q=ada")
    assert (ada["name"], ada["country"], ada["currency"], ada["tier"]) == ("Ada Lovelace", "GB", "GBP", "gold")
    page = words(olga.get(f"/members/{olga.member('ada')}").text)
    assert f"Spend £{float(ada['spend']):,.2f}" in page
    assert f"{int(ada['points']):,} to spend" in page


def test_no_cell_of_the_export_is_a_formula(olga: Visitor):
    [dan] = exported(olga, "?q=dan")
    assert dan["name"] == f"'{FORMULA}"


@pytest.mark.parametrize("text", ["=1+1", "+44", "-1", "@sum", "\tx", "\rx", "\nx"])
def test_what_a_spreadsheet_takes_for_a_formula_is_marked_as_text(text: str):
    assert _downloads.harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Ada", "a=1", "", None, "克莱奥"])
def test_other_texts_stay_as_they_are(text: str | None):
    assert _downloads.harmless(text) == text


def test_a_slow_download_keeps_no_connection(bare: Visitor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(members, "_EXPORTED_AT_ONCE", 2)
    monkeypatch.setattr(_downloads, "_IN_MEMORY", 100)
    with bare.app.database.transaction() as tx:
        make.record(tx, make.shop(tx), *(make.order(str(n), f"customer-{n}") for n in range(20)))
    jobs.tick(bare.app, patience_seconds=30)
    bare.sign_in()
    narrow = Database(bare.app.database.url, pool_size=1)
    pieces: list[bytes] = []

    def somebody_else() -> int:
        with narrow.transaction() as tx:
            return tx.value("select count(*) from members")

    async def download() -> None:
        sent = anyio.Event()

        async def slowly(message: Any) -> None:
            if message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))
                assert await to_thread.run_sync(somebody_else) == 20
                if not message.get("more_body"):
                    sent.set()

        async def nothing_more() -> Any:
            await sent.wait()
            return {"type": "http.disconnect"}

        await create_asgi(make.app(narrow))(request_for("/members/export.csv", bare), nothing_more, slowly)

    try:
        anyio.run(download)
    finally:
        narrow.close()
    assert len(b"".join(pieces).decode().splitlines()) == 21


def request_for(path: str, visitor: Visitor) -> Any:
    """The request of a visitor's browser, as a server hands it on."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "state": {},
        "headers": [(b"host", b"testserver.local"), (b"cookie", cookies.encode())],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
