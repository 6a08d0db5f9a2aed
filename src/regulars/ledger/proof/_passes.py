"""Going through the ledger, a piece at a time, for ever: the reconciler."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from regulars import facts
from regulars.ledger._queries import Discrepancy
from regulars.ledger._rules import bucket
from regulars.ledger.proof import _queries
from regulars.ledger.proof._queries import Finding, Pass
from regulars.storage import Transaction

PIECE = 2000
"""Accounts checked at a time. The root is taken piece by piece, so it is part of what an auditor keeps."""

MOST_FOUND = 1000
"""How many discrepancies one piece keeps; a ledger with more is not read line by line."""

HIGHEST = 2**63 - 1

THE_WHOLE = -1
"""Stands for an account where the ledger as a whole is meant."""


def reconcile(tx: Transaction, *, at: datetime, limit: int = PIECE) -> Pass | None:
    """Check the next `limit` accounts of the running pass, or of a new one; None while another worker does.

    Call again until `finished_at` is set: a pass that was interrupted goes on where it was. Its cost is the entries of
    the accounts checked, about 15 µs each. At the end, what the batches moved is held against what all accounts hold.

    Facts: `ledger.reconciled` when a pass ends; `ledger.contradicted` for a piece that breaks an invariant.
    """
    _queries.begin_pass(tx, at=at)
    running = _queries.lock_pass(tx)
    if running is None:
        return None
    piece = _queries.select_piece(tx, after=running.upto, root=running.root, limit=limit)
    # The last piece reaches to the end, for rows without an account may lie anywhere.
    high = HIGHEST if piece is None or piece.accounts < limit else piece.upto
    found = _check(tx, running.upto + 1, high)
    if high == HIGHEST:
        whole = _queries.select_flow_differences(tx, account_id=THE_WHOLE, limit=MOST_FOUND)
        _queries.close_whole(tx, account_id=THE_WHOLE, still=[one.invariant for one in whole], at=at)
        found += whole
    _keep(tx, found, running.upto + 1, high, at)
    done = replace(running, discrepancies=running.discrepancies + len(found), pieces=running.pieces + 1, upto=high)
    if piece is not None:
        done = replace(
            done, accounts=running.accounts + piece.accounts, entries=running.entries + piece.entries, root=piece.root
        )
    if high == HIGHEST:
        done = replace(done, finished_at=at)
        about = {
            "accounts": done.accounts,
            "entries": done.entries,
            "discrepancies": done.discrepancies,
            "root": done.root.hex(),
        }
        facts.record(tx, [facts.Fact("ledger.reconciled", at, data=about)], at=at)
    _queries.update_pass(tx, done=done)
    return done


@dataclass(frozen=True, slots=True)
class Checked:
    """Some accounts that were checked by themselves."""

    accounts: int
    upto: int
    found: list[Discrepancy]


def verify_since(tx: Transaction, since: datetime, *, at: datetime, after: int = -1, limit: int = 500) -> Checked:
    """Check the accounts posted to since a moment, `limit` of them beyond the account `after`; none when all are.

    Facts: `ledger.contradicted`, if an invariant is broken.
    """
    ids = _queries.select_touched(tx, since=since, after=after, limit=limit)
    if not ids:
        return Checked(0, after, [])
    found = _check_each(tx, ids, MOST_FOUND)
    _keep(tx, found, None, None, at)
    return Checked(len(ids), ids[-1], found)


def _keep(tx: Transaction, found: list[Discrepancy], low: int | None, high: int | None, at: datetime) -> None:
    if found:
        _queries.upsert_findings(tx, found=found, at=at)
        about = {"discrepancies": len(found), "first": found[0].invariant}
        facts.record(tx, [facts.Fact("ledger.contradicted", at, data=about)], at=at)
    if low is not None and high is not None:
        known = _queries.select_open_findings(tx, low=low, high=high)
        if known:
            still = _check_each(tx, known, None)
            _queries.close_findings(tx, account_ids=known, still=still, at=at)


def _check(tx: Transaction, low: int, high: int) -> list[Discrepancy]:
    """What breaks an invariant on a range of accounts, wherever they are."""
    if tx.shards is None:
        return _queries.check(tx, low=low, high=high, limit=MOST_FOUND)
    each = [
        _queries.check_at(tx, shard=shard, low=low, high=high, limit=MOST_FOUND) for shard in sorted(set(tx.shards))
    ]
    return _first(each, MOST_FOUND)


def _check_each(tx: Transaction, accounts: list[int], limit: int | None) -> list[Discrepancy]:
    if tx.shards is None:
        return _queries.check_each(tx, account_ids=accounts, limit=limit)
    by_shard: dict[int, list[int]] = {}
    for account in accounts:
        by_shard.setdefault(tx.shards[bucket(account)], []).append(account)
    each = [
        _queries.check_each_at(tx, shard=shard, account_ids=those, limit=limit)
        for shard, those in sorted(by_shard.items())
    ]
    return _first(each, limit)


def _first(each: list[list[Discrepancy]], limit: int | None) -> list[Discrepancy]:
    found = [one for found in each for one in found]
    return sorted(found, key=lambda one: (one.account_id, one.seq or 0, one.invariant))[:limit]


def passes(tx: Transaction, *, before: int | None = None, limit: int = 20) -> list[Pass]:
    """The times the ledger was gone through, the latest first; page on with the last one's `pass_id`."""
    return _queries.select_passes(tx, before=before, limit=limit)


def findings(tx: Transaction, *, only_open: bool = True, limit: int = 100) -> list[Finding]:
    """What broke an invariant: what still does first."""
    return _queries.select_findings(tx, only_open=only_open, limit=limit)


def export_journal(tx: Transaction) -> Iterator[bytes]:
    """The whole journal as CSV, for an auditor who checks it without our code (docs/howto/audit-the-ledger.md).

    What left the house with the archive's files is not in it; each such account begins with what it had then.
    """
    low, header = 0, True
    while low <= HIGHEST:
        last = _queries.select_next_account(tx, after=low - 1, skip=PIECE - 1)
        high = HIGHEST if last is None else last
        yield from _queries.select_journal(tx, low=low, high=high, header=header)
        low, header = high + 1, False
