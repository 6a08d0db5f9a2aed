"""The chapters of a member's statement: the member's own account until joining others, theirs from then on, and so on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from regulars.ledger._rules import NEVER
from regulars.ledger.joined import Join, select_joins
from regulars.storage import Transaction

_MOST: Final = 1000
_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some entries of one account, those numbered above `low` and up to `high`; None: those to come, too."""

    account: int
    low: int
    high: int | None
    began_at: datetime


def pieces(tx: Transaction, account: int) -> list[Piece]:
    """The pieces of accounts that make up the statement of one, the earliest first; the last is open.

    A place in the statement is the number of an entry in all pieces together: it never changes, for what is closed does not.
    """
    if tx.shards is not None:  # nobody shares there
        return [Piece(account, 0, None, _EVER)]
    first, *more = _pieces(tx, account, (account, 0), None, (_EVER, NEVER), frozenset())
    return [first, *(one for one in more if one.high is None or one.high > one.low)]


def _pieces(
    tx: Transaction,
    account: int,
    start: tuple[int, int],
    end: tuple[int, int] | None,
    window: tuple[datetime, datetime],
    path: frozenset[int],
) -> Iterator[Piece]:
    """What was posted for an account in a window of time: from an entry of its home then to one of its home at the end."""
    (here, low), (since, until), began = start, window, window[0]
    for one in _joins(tx, account, since, until):
        if one.target in path:  # clocks went back
            continue
        if here == account:
            yield Piece(account, low, one.own_seq, began)
            start = (one.home or one.target, one.home_seq)
        goes_on = one.left_at is None or one.left_at >= until
        upto = until if one.left_at is None or goes_on else one.left_at
        yield from _pieces(
            tx,
            one.target,
            start,
            end if goes_on else (one.left_home or one.target, one.left_home_seq),
            (max(since, one.joined_at), upto),
            path | {account},
        )
        if goes_on:
            return
        here, low, began = account, one.left_own_seq, upto
    yield Piece(here, low, end[1] if end else None, began)


def _joins(tx: Transaction, account: int, since: datetime, until: datetime) -> Sequence[Join]:
    """Those of its joins that lie in a window, the earliest first."""
    found = select_joins(tx, account_id=account, limit=_MOST)[::-1]
    return [one for one in found if one.joined_at < until and (one.left_at is None or one.left_at > since)]
