"""Reading what an address of the console asks for. What cannot be understood is refused, never silently left out."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, TypeVar

from regulars.errors import Invalid

_FOLLOW: Final = "follow the link of the page before"
Word = TypeVar("Word", bound=str)


class BadAddress(Invalid):
    """{field} is {value!r} in the address: {remedy}."""


def day(field: str, text: str) -> date:
    """A day written as 2011-12-09.

    Raises:
        BadAddress: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadAddress(field=field, value=text, remedy="give a day such as 2011-12-09") from error


def month(field: str, text: str) -> date:
    """The first day of a month written as 2011-12.

    Raises:
        BadAddress: it is none.
    """
    return day(field, f"{text}-01")


def midnight(day: date | None, zone: tzinfo, *, after: int = 0) -> datetime | None:
    """When a day begins in a time zone, or one so many days after it; None stays None."""
    return None if day is None else datetime.combine(day + timedelta(days=after), time(), zone)


def whole(field: str, text: str, low: int, high: int) -> int:
    """A whole number within limits.

    Raises:
        BadAddress: it is none, or outside them.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise BadAddress(field=field, value=text, remedy=f"give a whole number from {low} to {high}")
    return int(text)


def one_of(field: str, text: str, known: tuple[Word, ...]) -> Word:
    """One of some words.

    Raises:
        BadAddress: it is another.
    """
    for word in known:
        if word == text:
            return word
    raise BadAddress(field=field, value=text, remedy=f"give one of {', '.join(known)}")


def write_place(at: datetime, identifier: int) -> str:
    """Where a list ordered by time was left, as one word."""
    return f"{at.isoformat()}~{identifier}"


def read_place(field: str, text: str) -> tuple[datetime, int]:
    """Where a list was left.

    Raises:
        BadAddress: it is not what `write_place` wrote.
    """
    at, _, number = text.partition("~")
    if not (number.isascii() and number.isdigit() and len(number) < 20 and int(number) < 1 << 63):
        raise BadAddress(field=field, value=text, remedy=_FOLLOW)
    return moment(field, at), int(number)


def moment(field: str, text: str) -> datetime:
    """An instant with its offset from UTC.

    Raises:
        BadAddress: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadAddress(field=field, value=text, remedy=_FOLLOW) from error
    if at.tzinfo is None:
        raise BadAddress(field=field, value=text, remedy=_FOLLOW)
    return at
