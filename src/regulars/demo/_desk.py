"""What the demonstration shop's staff decided: made up, as the orders are not; through the verbs all use."""

from datetime import date, datetime, timedelta
from typing import Final

from regulars import ledger, members, programme
from regulars.demo import _club, _shelf
from regulars.demo._programme import CODE, COLLEAGUE
from regulars.ledger import desk, periods
from regulars.ledger.periods import PointValue
from regulars.programme import drafts
from regulars.storage import Transaction

OWNER: Final = "owner@demo.example"
"""Who signs in."""

_LIMIT: Final = 1000


def decide(tx: Transaction, *, at: datetime) -> bool:
    """Decide about points by hand, let members take rewards, draft a change; whether anything was done, which it is once."""
    if desk.adjustments(tx, limit=1):
        return False
    member = {number: members.by_external_id(tx, number, issuer=CODE).member_id for number in _CUSTOMERS}
    for number, amount, reason, by in _WITHIN:
        desk.adjust(tx, member[number], amount, reason=reason, by=by, limit=_LIMIT, at=at)
    asked = [
        desk.adjust(tx, member[number], amount, reason=reason, by=by, limit=_LIMIT, at=at).adjustment_id
        for number, amount, reason, by in _BEYOND
    ]
    desk.approve(tx, asked[0], by=COLLEAGUE, because="The photographs show it", at=at)
    desk.reject(tx, asked[1], by=OWNER, because="The parcel came in time, says the carrier", at=at)
    desk.freeze(tx, member["12346"], reason="74,215 pieces sent back within minutes: looked into", by=COLLEAGUE, at=at)
    for number, amount, captured, until in _HELD:
        basket = f"basket-{number}"
        ledger.hold(tx, member[number], amount, reference=basket, until=at + until, at=at)
        if captured:
            ledger.capture(tx, member[number], captured, reference=f"{basket}-paid", hold=basket, at=at)
    _shelf.stock_up(tx, at=at)
    _shelf.take(tx, member, at=at)
    _club.write_reviews(tx, member, at=at)
    _club.hold_salon(tx, member, at=at)
    _club.say_thanks(tx, member, at=at)
    _propose(tx, at)
    periods.set_value(tx, _worth(at), at=at)
    return True


def _worth(at: datetime) -> PointValue:
    """Half a penny a point, from the first month on."""
    note = "£5 for a thousand points"
    return PointValue("points", date(2010, 12, 1), "GBP", 500_000, "by_hand", "chain_ladder", note, at, OWNER)


def _propose(tx: Transaction, at: datetime) -> None:
    """A draft of the programme that waits for the owner: gold takes more, points last less."""
    text = (
        drafts.text_of(tx, programme.current(tx, at=at))
        .replace(": 500000", ": 800000")
        .replace("count: 24", "count: 18")
    )
    asked = drafts.begin(tx, text, by=COLLEAGUE, at=at, note="Gold from £8,000, and points for 18 months")
    drafts.submit(tx, asked.draft_id, by=COLLEAGUE, at=at)


_WITHIN: Final = (
    ("12748", 500, "A parcel was lost, promised on the phone", COLLEAGUE),
    ("14606", -250, "Booked twice at the fair", OWNER),
    ("15311", 100, "Thank you for the photograph", COLLEAGUE),
)
_BEYOND: Final = (
    ("17841", 1500, "A whole batch of mugs came broken", OWNER),
    ("13089", 4000, "Says that three parcels came late", COLLEAGUE),
    ("14646", 5000, "Goodwill after the mixed-up pallet", COLLEAGUE),
    ("14911", 2500, "Prize of the summer contest", OWNER),
    ("12971", -3000, "Earned on another customer's orders", COLLEAGUE),
)
"""The first is approved, the second rejected; the others wait."""

_HELD: Final = (
    ("17450", 2000, 500, timedelta(days=2)),
    ("15311", 750, 0, timedelta(minutes=45)),
    ("14156", 1200, 0, timedelta(hours=6)),
)
_CUSTOMERS: Final = {"12346", *(row[0] for row in (*_WITHIN, *_BEYOND, *_HELD)), *_shelf.NUMBERS, *_club.NUMBERS}
