"""Reading accounts, and what falls due on them."""

from collections import Counter
from datetime import datetime

from regulars.ledger import _postings, _queries, joined
from regulars.ledger._balances import Balance, Lot, as_of
from regulars.ledger._owners import owner_name
from regulars.ledger._queries import Discrepancy, Movement, Totals
from regulars.ledger._rules import account_id
from regulars.storage import Transaction


def expire_due(tx: Transaction, *, at: datetime, limit: int = 1000) -> int:
    """Turn what has matured, lapsed, expired or been held long enough into entries, the longest due first; how many.

    Takes about `limit` of them, so a night's work is many short transactions: call again until fewer come back. Any
    number of workers may do so at once; accounts that one holds the others pass over. Balances are exact without it:
    this is for the journal, the facts and the reports.

    Facts: `points.matured`, `points.lapsed`, `points.expired`, `points.released`.
    """
    settled = _settle_due(tx, at, limit)
    _postings.record_due(tx, settled, at=at)
    return len(settled)


def _settle_due(tx: Transaction, at: datetime, limit: int) -> list[Movement]:
    if tx.shards is None:
        return _queries.settle_due(tx, at=at, limit=limit)
    shards, due = tx.shards, _queries.select_due_buckets(tx, at=at, limit=limit)
    settled: list[Movement] = []
    for shard, most in sorted(Counter(shards[one] for one in due).items()):
        settled += _queries.settle_due_at(tx, shard=shard, at=at, limit=most)
    for shard in sorted(set(shards)):  # what others hold is passed over for what fell due next, wherever that is
        if len(settled) < len(due):
            settled += _queries.settle_due_at(tx, shard=shard, at=at, limit=len(due) - len(settled))
    return settled


def balance(tx: Transaction, member_id: int, *, at: datetime, point_type: str = "points") -> Balance:
    """What a member has at `at`, which is not before the last posting; zeros when there is no account.

    A lot counts until the instant before its expiry, and a pending one from the instant it matures, whether or not
    `expire_due` has come by. Of a member who shares points it is what all of them have together.
    """
    return as_of(_queries.select_holding(tx, account_id=account_id(member_id, point_type)), at)[0]


def lots(tx: Transaction, member_id: int, *, at: datetime, point_type: str = "points") -> list[Lot]:
    """The lots behind `balance`: open ones by expiry, then pending ones by maturity."""
    return as_of(_queries.select_holding(tx, account_id=account_id(member_id, point_type)), at)[1]


def shared_with(tx: Transaction, member_id: int, *, point_type: str = "points") -> str | None:
    """With whom a member's points are, as the doors show it: a household or another member; None: the member's alone."""
    account = account_id(member_id, point_type)
    home = joined.select_homes(tx, account_ids=[account]).get(account)
    return None if home is None else owner_name(home.owner)


def roll_up(tx: Transaction, *, at: datetime) -> int:
    """Keep what batches of earlier days moved as a row per day, type and kind, so that `totals` stays quick; how many rows.

    Calling again changes nothing.
    """
    before = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if tx.shards is None:
        return _queries.roll_up_flows(tx, before=before)
    return sum(_queries.roll_up_flows_at(tx, shard=shard, before=before) for shard in sorted(set(tx.shards)))


def totals(tx: Transaction) -> list[Totals]:
    """What was issued, spent, expired and so on, and what is outstanding, per point type; without reading the journal.

    The balance they keep is that of `Totals`.
    """
    return _queries.select_totals(tx)


def audit(tx: Transaction, *, limit: int = 1000) -> list[Discrepancy]:
    """Check every invariant (docs/explanation/ledger.md) on every account; what breaks one, and an empty list if all hold."""
    if tx.shards is None:
        return _queries.select_discrepancies(tx, limit=limit)
    found = [
        one
        for shard in sorted(set(tx.shards))
        for one in _queries.select_discrepancies_at(tx, shard=shard, limit=limit)
    ]
    return sorted(found, key=lambda one: (one.account_id, one.seq or 0, one.invariant))[:limit]
