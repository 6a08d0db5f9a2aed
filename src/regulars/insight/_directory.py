"""The directory of members: search, filter, sort, page."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

import msgspec

from regulars.errors import Invalid
from regulars.insight import _queries
from regulars.insight._queries import Filter, MemberRow, Place, Sort
from regulars.storage import Transaction

COUNTED_UP_TO: Final = 10_000
"""How far a page counts the members that fit; beyond it `Page.total` is this and `Page.more` is true."""

MOST_ROWS: Final = 500
"""The longest page."""


class BadCursor(Invalid):
    """{field} is {value!r}: {remedy}."""


class BadLimit(Invalid):
    """{field} is {value}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the members that fit, and how to get the next ones."""

    rows: tuple[MemberRow, ...]
    next: str | None
    """The cursor to ask on with, or None on the last page."""

    total: int
    """How many fit, counted up to `COUNTED_UP_TO`."""

    more: bool
    """More than `total` fit; how many was not counted."""

    currency: str | None
    """What `spend_minor` is in; None before the first refresh."""


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    sort: Sort
    descending: bool
    valued: bool
    key: int | str | None
    member_id: int


def directory(
    tx: Transaction,
    chosen: Filter | None = None,
    *,
    sort: Sort = "joined",
    descending: bool = True,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """The members that fit, in order, `limit` (1 to 500) at a time.

    Those without a value to sort by (no name, no purchase) come last in either direction. Ties are in the order of ids,
    so a page continues exactly where the one before it ended, whatever was written in between.

    Raises:
        BadCursor: `after` is not what a page of the same sort and direction answered.
        BadLimit: fewer than 1 or more than 500 were asked for.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise BadLimit(field="limit", value=limit, remedy=f"ask for 1 to {MOST_ROWS}")
    chosen = chosen or Filter()
    total = _queries.count_members(tx, chosen, limit=COUNTED_UP_TO + 1)
    place = None if after is None else _read(after, sort, descending=descending)
    found = _found(tx, chosen, sort, place, descending=descending, limit=limit + 1, few=total <= COUNTED_UP_TO)
    last = _queries.select_refresh(tx)
    return Page(
        rows=tuple(row for row, _ in found[:limit]),
        next=_write(*found[limit - 1], sort, descending=descending) if len(found) > limit else None,
        total=min(total, COUNTED_UP_TO),
        more=total > COUNTED_UP_TO,
        currency=last.currency if last else None,
    )


def _found(
    tx: Transaction, chosen: Filter, sort: Sort, place: Place | None, *, descending: bool, limit: int, few: bool
) -> list[tuple[MemberRow, bool]]:
    """The rows from a place on, each with whether it has a value to sort by."""
    # Where the filter and the order both speak of purchases they go together, for better or worse: the members with
    # the latest purchases are at one end of that order, and a walk from the other end meets everyone else first.
    gather = few or (sort in _queries.OF_PORTRAIT and _queries.of_portrait(chosen))
    rows: list[tuple[MemberRow, bool]] = []
    if place is None or place.valued:
        valued = _queries.select_valued(
            tx, chosen, sort, descending=descending, place=place, limit=limit, gather=gather
        )
        rows = [(row, True) for row in valued]
        place = None
    if len(rows) < limit and sort in _queries.UNVALUED:
        rest = _queries.select_unvalued(tx, chosen, sort, place=place, limit=limit - len(rows), gather=gather)
        rows += [(row, False) for row in rest]
    return rows


def _write(row: MemberRow, valued: bool, sort: Sort, *, descending: bool) -> str:  # noqa: FBT001
    key = getattr(row, _queries.SHOWN_AS[sort]) if valued else None
    cursor = _Cursor(sort, descending, valued, key, row.member_id)
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _read(after: str, sort: Sort, *, descending: bool) -> Place:
    remedy = "pass on `next` of the page before, with the same sort and direction"
    try:
        text = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        cursor = msgspec.json.decode(text, type=_Cursor)
        key = msgspec.convert(cursor.key, _queries.KEYS[sort] if cursor.valued else None, strict=False)
    except (binascii.Error, ValueError) as error:  # msgspec's errors are ValueErrors
        raise BadCursor(field="after", value=after, remedy=remedy) from error
    if (cursor.sort, cursor.descending) != (sort, descending):
        raise BadCursor(field="after", value=after, remedy=remedy)
    return Place(key, cursor.member_id, valued=cursor.valued)
