"""What the demonstration's members did beside buying: made up, through the verbs all use."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from regulars import programme
from regulars.demo._programme import COLLEAGUE
from regulars.programme import rewards, salons
from regulars.programme.events import NewEvent
from regulars.programme.rewards import NewGift
from regulars.programme.salons import NewSalon
from regulars.storage import Transaction


def write_reviews(tx: Transaction, members: Mapping[str, int], *, at: datetime) -> None:
    """Let members write reviews: one of them as many as the year's challenge asks for."""
    told = [
        NewEvent(
            "review", f"{number}-{n}", members[number], at - timedelta(days=n * 9, hours=2),
            {"rating": rating, "photo": n % 2 == 0},
        )
        for number, ratings in _REVIEWS
        for n, rating in enumerate(ratings)
    ]  # fmt: skip
    programme.record_events(tx, told, at=at)


def hold_salon(tx: Transaction, members: Mapping[str, int], *, at: datetime) -> None:
    """Open a salon with fewer places than there are guests."""
    evening = NewSalon(
        "wreaths", "An evening of wreaths", "花环之夜", at + timedelta(days=5, hours=18), at + timedelta(days=5, hours=20), 4,
        place="The workshop", price=500, reward=100, waiting_most=10,
    )  # fmt: skip
    salon = salons.open_salon(tx, evening, at=at, by=COLLEAGUE)
    for number in _GUESTS:
        salons.sign_up(tx, salon.salon_id, programme.holder(tx, members[number], at=at), at=at, by=COLLEAGUE)


def say_thanks(tx: Transaction, members: Mapping[str, int], *, at: datetime) -> None:
    """Give somebody a reward for nothing."""
    gift = NewGift(members["15311"], "wrap", reference="thanks-1", cause="staff", reason="For the photographs")
    rewards.give(tx, programme.shelf(tx, at=at), gift, at=at, by=COLLEAGUE)


_REVIEWS: Final = (("17841", (5, 4, 5, 5, 3)), ("14911", (2, 4)), ("12748", (5,)), ("13089", (1, 5, 4)))
_GUESTS: Final = ("17841", "14911", "14646", "14606", "15311", "13089")
NUMBERS: Final = frozenset({row[0] for row in _REVIEWS} | set(_GUESTS))
