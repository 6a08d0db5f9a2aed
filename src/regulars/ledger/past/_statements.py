"""Account statements: what happened to a member's points, page by page, and what a period began and ended with."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from regulars.ledger._balances import Balance
from regulars.ledger._queries import KINDS, Entry
from regulars.ledger._rules import InvalidPosting, account_id, instant_of
from regulars.ledger.archive import Elsewhere, select_elsewhere
from regulars.ledger.joined import select_home
from regulars.ledger.past import _queries
from regulars.ledger.past._queries import Choice
from regulars.storage import Transaction

_BEYOND: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Period:
    """Which entries a statement is about: all, unless something is given."""

    since: datetime | None = None
    """The first instant in it."""

    until: datetime | None = None
    """The first instant after it."""

    by: Literal["posted", "occurred"] = "posted"
    """What `since` and `until` are about: when the ledger learned of it, or when it happened."""

    as_of: datetime | None = None
    """Only what had happened by then."""

    known_at: datetime | None = None
    """Only what had been posted by then."""


EVERYTHING: Final = Period()


@dataclass(frozen=True, slots=True)
class Carried:
    """What a period began and ended with: opening + the changes of all its entries = closing, in each figure.

    These are sums of entries. What has fallen due since and is no entry yet is in `ledger.balance`, not here.
    """

    opening: Balance
    closing: Balance
    entries: int
    """How many entries of the kinds asked for there are in it."""


def statement(
    tx: Transaction,
    member_id: int,
    *,
    before_seq: int | None = None,
    after_seq: int | None = None,
    limit: int = 50,
    point_type: str = "points",
    period: Period = EVERYTHING,
    kinds: Collection[str] = (),
    own: bool = False,
) -> list[Entry]:
    """A member's entries, latest first; page on with the last one's `seq` as `before_seq`.

    With `after_seq` they are those next after it, still latest first: page back with the first one's `seq`. Numbers never
    change and have no gaps, so pages hold still whatever is posted. All of `kinds`, when none are named.

    Of a member who shares points they are those of all who share them, unless `own`: then what is recorded of the member's own
    account, before that and after.

    A page costs its entries; with a period or kinds, at most the member's journal.

    Raises:
        InvalidPosting: there is no such kind.
    """
    choice, account = _choice(period, kinds), account_id(member_id, point_type)
    if not own:
        account = select_home(tx, account_id=account)
    if after_seq is not None:
        below = min(after_seq + limit + 1, _BEYOND) if choice.is_everything else before_seq or _BEYOND
        found = _queries.select_later(tx, account_id=account, choice=choice, above=after_seq, below=below, limit=limit)
        return found[::-1]
    end = _queries.select_last_seq(tx, account_id=account) + 1
    below = end if before_seq is None else min(before_seq, end)
    above = below - limit - 1 if choice.is_everything else 0
    return _queries.select_earlier(tx, account_id=account, choice=choice, above=above, below=below, limit=limit)


def carried(
    tx: Transaction,
    member_id: int,
    *,
    point_type: str = "points",
    period: Period = EVERYTHING,
    kinds: Collection[str] = (),
) -> Carried:
    """What a period began and ended with; `kinds` only says which entries are counted.

    Reads the member's journal, or that of all who share the points.
    """
    account = select_home(tx, account_id=account_id(member_id, point_type))
    sums = _queries.select_sums(tx, account_id=account, choice=_choice(period, kinds))
    return Carried(
        Balance(sums.opening_available, sums.opening_pending, sums.opening_debt, sums.opening_held),
        Balance(sums.closing_available, sums.closing_pending, sums.closing_debt, sums.closing_held),
        sums.entries,
    )


def elsewhere(tx: Transaction, member_id: int, *, point_type: str = "points") -> Elsewhere | None:
    """From when on a member's lines are complete, and where the references and reasons before that are; None: all is here."""
    if tx.shards is not None:
        return None
    return select_elsewhere(tx, account_id=select_home(tx, account_id=account_id(member_id, point_type)))


def lots_of(entry: Entry) -> list[tuple[datetime | None, int]]:
    """The lots an entry changed, or for a capture, those its points had come from: expiry, None for never, and by how much."""
    return [(instant_of(expires), points) for expires, points in entry.lots]


def _choice(period: Period, kinds: Collection[str]) -> Choice:
    for kind in kinds:
        if kind not in KINDS[1:]:
            raise InvalidPosting(field="kind", value=kind, remedy=f"give one of {', '.join(KINDS[1:])}")
    return Choice(
        [KINDS.index(kind) for kind in kinds] or None,
        period.since,
        period.until,
        period.by == "occurred",
        period.as_of,
        period.known_at,
    )
