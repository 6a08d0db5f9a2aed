"""Pages: some items, and the cursor that leads to the next ones. A cursor is opaque and stays right under writes."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from regulars.insight import BadCursor

Item = TypeVar("Item")
Place = TypeVar("Place")
Row = TypeVar("Row")

Limit = Annotated[int, Meta(ge=1, le=200, description="How many items, at most.", examples=[50])]
After = Annotated[
    str,
    Meta(
        max_length=2000,
        pattern="^[A-Za-z0-9_-]+$",
        description="Where to go on: `next` of the page before. Leave it out for the first page.",
    ),
]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Page(Struct, Generic[Item]):
    """Some items, in order."""

    items: list[Item]
    next: Annotated[
        str | None, Meta(description="Ask with `after` set to this for the next items; null when there are no more.")
    ]


class Paging(Struct, forbid_unknown_fields=True):
    """Which items."""

    limit: Limit = 50
    after: After | None = None


def to_cursor(place: object) -> str:
    """Write a place, a tuple of plain values, as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def from_cursor(cursor: str | None, wanted: type[Place]) -> Place | None:
    """Read a cursor a caller sent back; None for the first page.

    Raises:
        BadCursor: it is not one of ours.
    """
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True), type=wanted
        )
    except (binascii.Error, UnicodeError, msgspec.DecodeError, RecursionError) as error:
        raise BadCursor(field="after", value=cursor, remedy="send `next` of the page before, unchanged") from error


def page_of(rows: list[Row], limit: int, item: Callable[[Row], Item], place: Callable[[Row], object]) -> Page[Item]:
    """A page of `limit` of these rows, read one more than that; `item` shows a row, `place` says where it is."""
    shown = rows[:limit]
    following = to_cursor(place(shown[-1])) if len(rows) > limit else None
    return Page([item(row) for row in shown], following)
