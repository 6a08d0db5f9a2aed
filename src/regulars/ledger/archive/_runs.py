"""Putting old entries away, a batch at a time."""

from dataclasses import replace
from datetime import datetime

from regulars import facts
from regulars.errors import Conflict, Invalid
from regulars.ledger.archive import _queries
from regulars.ledger.archive._queries import Run, Year
from regulars.storage import Transaction

SCANNED = 2000
"""Accounts looked at in a batch."""

MOST = 5000
"""About how many entries a batch moves: a tenth of a second, in which its accounts cannot be posted to."""


class NotArchivable(Conflict):
    """Entries cannot be put away here: {reason}."""


def put_away(
    tx: Transaction, before: datetime, *, at: datetime, most: int = MOST, scanned: int = SCANNED
) -> tuple[Run, int] | None:
    """Put away about `most` entries posted before a moment: the run so far, and how many entries; None while another worker does.

    Call again, in a transaction each, until `finished_at` is set: a run that was killed goes on where it was, and one with
    another `before` begins again with this one. Of each account
    its first entries go, up to what a promise or a hold that is open rests on; the rest goes when these have ended. What
    costs: 2 µs an account, 25 µs an entry.

    Facts: `ledger.archived` when a run ends that put anything away.

    Raises:
        Invalid: `before` is still to come.
        NotArchivable: the ledger is spread over several servers.
    """
    refuse_shards(tx)
    if before > at:
        raise Invalid(field="before", value=before.isoformat(), remedy="give a moment that has passed")
    _queries.turn_run(tx, before=before)
    _queries.begin_run(tx, before=before, at=at)
    running = _queries.lock_run(tx)
    if running is None:
        return None
    batch = _queries.put_away(tx, after=running.upto, before=before, scanned=scanned, most=most)
    done = replace(running, accounts=running.accounts + batch.accounts, entries=running.entries + batch.entries)
    if batch.upto is None:
        done = replace(done, finished_at=at)
        about = {"before": before.isoformat(), "accounts": done.accounts, "entries": done.entries}
        if done.entries:
            facts.record(tx, [facts.Fact("ledger.archived", at, data=about)], at=at)
    else:
        done = replace(done, upto=batch.upto)
    _queries.update_run(tx, done=done)
    return done, batch.entries


def refuse_shards(tx: Transaction) -> None:
    """Refuse where the ledger is spread.

    Raises:
        NotArchivable: it is.
    """
    if tx.shards is not None:
        raise NotArchivable(
            reason="the ledger is spread over several servers, whose shards are small; add a worker instead"
        )


def runs(tx: Transaction, *, limit: int = 10) -> list[Run]:
    """What was put away when, the latest first."""
    return _queries.select_runs(tx, limit=limit)


def years(tx: Transaction) -> list[Year]:
    """What is in the archive, by year, the earliest first; every year is kept in mind for ever."""
    return _queries.select_years(tx)
