"""What would have happened, in the console: asked for on a draft's page, followed, cancelled, and seen by whoever decides."""

from console import shops
from console.shops import EMAIL, Visitor, read_token, words
from console.test_drafts import begun, desk, send, step
from regulars import jobs

__all__ = ["desk"]


def drafted(desk: Visitor) -> str:
    """A submitted draft that takes silver from Ada and gives her more points."""
    place, text = begun(desk)
    changed = text.replace("/ 10", "/ 5").replace(": 500000", ": 90000000")
    send(desk, f"{place}/text", f"{place}/text", {"text": changed, "note": "More", "revision": "1", "action": "save"})
    step(desk, place, "submit")
    return place


def test_what_would_have_happened_is_asked_for_followed_and_shown_to_whoever_decides(desk: Visitor):
    place = drafted(desk)
    assert "No what-if was made of this revision: nobody has looked" in words(desk.get(place).text)
    what_if = send(desk, f"{place}/what-if", place, {"months": "12", "thousand": "5.00"}).headers["location"]
    waiting = words(desk.get(what_if).text)
    assert "The orders are being replayed: 0 % done." in waiting
    jobs.try_drafts(desk.app)
    found = words(desk.get(what_if).text)
    assert "Orders: 1, of so many members: 1" in found
    assert "Win most" in found
    assert "ada" in found
    assert "£600.00" in found
    assert "Tiers at the end" in found
    shops.be(desk, EMAIL)
    assert "1 win and 0 lose, out of 1." in words(desk.get(place).text)


def test_a_what_if_is_cancelled_once_and_needs_a_manager(desk: Visitor):
    place = drafted(desk)
    what_if = send(desk, f"{place}/what-if", place, {}).headers["location"]
    for _ in range(2):
        done = desk.post(f"{what_if}/cancel", {"form_token": read_token(desk.get(place).text)})
        assert done.headers["location"] == what_if
    assert "It was cancelled, and nothing was kept." in words(desk.get(what_if).text)
    assert desk.get("/programme/what-ifs/wif_1").status_code == 404
