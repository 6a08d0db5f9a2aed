"""The console's page about the economics of points: the books' figures, and months that are closed by a form."""

from datetime import date

from console.shops import AGNES, Visitor, be, read_token, words
from regulars.ledger import periods


def send(visitor: Visitor, path: str, **data: str) -> tuple[int, str]:
    answer = visitor.post(
        path, {"form_token": read_token(visitor.get("/points/economics").text), "type": "points"} | data
    )
    if answer.status_code == 303:
        return 303, words(visitor.get(answer.headers["location"]).text)
    return answer.status_code, words(answer.text)


def test_the_page_shows_what_the_books_have(olga: Visitor) -> None:
    said = words(olga.get("/points/economics").text)
    assert "Deferred revenue of Feb 2026" in said
    assert "Opened again A day of returns was forgotten" in said
    assert "£5.00" in said
    assert "Every month that is over is closed." in said
    outlook = words(olga.get("/points/economics/outlook").text)
    assert "Fair value" in outlook
    assert "Points by the month they were issued in" in outlook
    stars = words(olga.get("/points/economics?type=stars").text)
    assert "Nobody has said what these points are worth" in stars
    assert "Nobody has said" in words(olga.get("/points/economics/outlook?type=stars").text)
    assert olga.get("/points/economics?type=moons").status_code == 400
    assert olga.get("/points/economics?period=2026").status_code == 400


def test_a_month_is_valued_closed_and_opened_again_by_forms(shop: Visitor) -> None:
    value = {"from": "2026-02-01", "currency": "gbp", "worth": "10.00", "method": "chain_ladder", "note": ""}
    assert "What 1,000 points are worth" in words(shop.get("/points/economics").text)
    assert send(shop, "/points/economics/2026-02/closing")[0] == 422
    for wrong, says in (
        ({"worth": "-1"}, "Give an amount of money above 0."),
        ({"worth": ""}, "Give the value by hand."),
        ({"currency": "pounds"}, "Give a currency such as GBP"),
        ({"note": "x" * 501}, "Give a note"),
    ):
        status, page = send(shop, "/points/economics/value", **(value | wrong))
        assert (status, says in page) == (422, True), page
    with shop.app.database.transaction() as tx:
        assert periods.values(tx) == []
    send(shop, "/points/economics/value", **(value | {"from": "2026-03-01", "worth": "20"}))
    early = shop.get("/points/economics?period=2026-02")
    assert (early.status_code, "Say first what points were worth" in words(early.text)) == (422, True)
    status, page = send(shop, "/points/economics/value", **value)
    assert (status, "£10.00" in page, "Close Feb 2026" in page) == (303, True, True)
    assert "As it would be closed now" in words(shop.get("/points/economics?period=2026-02").text)
    assert shop.get("/points/economics?period=2026-01").status_code == 200
    status, page = send(shop, "/points/economics/2026-02/closing")
    assert (status, "Deferred revenue of Feb 2026" in page) == (303, True)
    assert send(shop, "/points/economics/2026-02/closing")[1].count("Somebody has closed this month") == 1
    assert "not over yet" in send(shop, "/points/economics/2026-03/closing")[1]
    assert shop.get("/points/economics/journal?period=2026-02").text.splitlines()[0].endswith("currency")
    assert "Give a reason" in send(shop, "/points/economics/2026-02/reopening", because="")[1]
    status, page = send(shop, "/points/economics/2026-02/reopening", because="A return was told late")
    assert (status, "A return was told late" in page, "Close Feb 2026" in page) == (303, True, True)
    with shop.app.database.transaction() as tx:
        [one] = periods.closings(tx, "points", period=date(2026, 2, 1), standing=False)
    assert one.reopened_because == "A return was told late"


def test_agents_see_nothing_of_it(shop: Visitor) -> None:
    be(shop, AGNES)
    assert shop.get("/points/economics").status_code == 403
    assert shop.get("/points/economics/journal").status_code == 403
