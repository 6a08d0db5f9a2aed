"""Slowing down whoever guesses codes of coupons or gift cards.

Five wrong codes cost nothing; then the wait is 30 seconds and doubles to at most 15 minutes. A day without one forgives all.
A refused request is rolled back, so the door notes the guess in a transaction of its own.

    guesses.let_try(tx, guesser, at=now)            # raises TooManyGuesses
    guesses.note(tx, guesser, at=now)               # it was wrong
"""

from datetime import datetime

from regulars.access import failures_after, retry_at
from regulars.errors import Conflict, NotFound
from regulars.programme.guesses import _queries
from regulars.storage import Transaction

__all__ = ["CodeUnknown", "TooManyGuesses", "forget", "let_try", "note"]


class CodeUnknown(NotFound):
    """This code is not known here, or not good for this member: check how it is written."""


class TooManyGuesses(Conflict):
    """Too many wrong codes were tried: wait {retry_after} seconds."""

    retryable = True


def let_try(tx: Transaction, guesser: str, *, at: datetime) -> None:
    """Let somebody try a code.

    Raises:
        TooManyGuesses: they have tried too many that are none.
    """
    before = _queries.select_guesser(tx, guesser=guesser)
    again = retry_at(before.failures, before.last_at, at) if before else None
    if again is not None:
        raise TooManyGuesses(retry_after=int((again - at).total_seconds()) + 1)


def note(tx: Transaction, guesser: str, *, at: datetime) -> None:
    """Note that somebody tried a code that is none."""
    before = _queries.lock_guesser(tx, guesser=guesser, at=at)
    _queries.update_guesser(
        tx, guesser=guesser, failures=failures_after(before.failures, before.last_at, at) if before else 1, at=at
    )


def forget(tx: Transaction, *, at: datetime) -> int:
    """Forget whoever has not guessed for a day; how many."""
    return _queries.delete_guessers(tx, at=at)
