"""What a salon can be. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regulars.errors import Invalid

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
MOST_PLACES: Final = 100_000
MOST_POINTS: Final = 10**9


class BadSalon(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class NewSalon:
    """A salon to open for signing up."""

    code: str
    name_en: str
    name_zh: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    """How many places there are."""
    place: str = ""
    opens_at: datetime | None = None
    """From when members sign up; None: at once."""
    closes_at: datetime | None = None
    """Until when; None: until it starts."""
    cancel_until: datetime | None = None
    """Until when a place can be given up and its points come back; None: until it starts."""
    waiting_most: int = 1000
    """How many may wait; 0: nobody."""
    price: int = 0
    """Points for a place, taken when it is booked."""
    reward: int = 0
    """Points for who was there, given when checked in."""
    point_type: str = "points"
    tiers: tuple[str, ...] = ()
    """For members with one of these tiers; none: for all."""
    campaign: str = ""
    """The code of the campaign it belongs to; empty: to none."""


def check_salon(new: NewSalon) -> None:
    """Refuse what no salon can be.

    Raises:
        BadSalon: names the field, the value and what would do.
    """
    _must(_CODE.fullmatch(new.code), "code", new.code, "give at most 32 of a-z, 0-9 and _, a letter first")
    for name in ("name_en", "name_zh"):
        value: str = getattr(new, name)
        _must(0 < len(value.strip()) <= 200, name, value, "give 1 to 200 characters")
    _must(len(new.place) <= 200, "place", new.place, "give at most 200 characters")
    for name in ("starts_at", "ends_at", "opens_at", "closes_at", "cancel_until"):
        moment: datetime | None = getattr(new, name)
        _must(moment is None or moment.tzinfo, name, str(moment), "give an instant with an offset from UTC")
    _must(new.starts_at < new.ends_at, "ends_at", new.ends_at.isoformat(), "let it end after it starts")
    for name in ("opens_at", "closes_at", "cancel_until"):
        moment = getattr(new, name)
        _must(moment is None or moment <= new.ends_at, name, str(moment), "give a moment before it ends")
    _must(1 <= new.capacity <= MOST_PLACES, "capacity", new.capacity, f"give 1 to {MOST_PLACES}")
    _must(0 <= new.waiting_most <= MOST_PLACES, "waiting_most", new.waiting_most, f"give 0 to {MOST_PLACES}")
    for name in ("price", "reward"):
        _must(0 <= getattr(new, name) <= MOST_POINTS, name, getattr(new, name), f"give 0 to {MOST_POINTS}")
    _must(_CODE.fullmatch(new.point_type), "point_type", new.point_type, "give the code of a point type")
    _must(all(_CODE.fullmatch(one) for one in new.tiers), "tiers", list(new.tiers), "give codes of tiers")
    _must(not new.campaign or _CODE.fullmatch(new.campaign), "campaign", new.campaign, "give the code of a campaign")


def shown_key(key: str) -> str:
    """A sign-up's code as it is printed, or put into a QR picture: in groups of five."""
    return "-".join(key[place : place + 5] for place in range(0, len(key), 5))


def _must(condition: object, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise BadSalon(field=field, value=value, remedy=remedy)
