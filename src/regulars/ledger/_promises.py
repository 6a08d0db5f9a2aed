"""Points that wait for something to happen."""

from collections.abc import Sequence
from datetime import datetime

from regulars.ledger import _queries
from regulars.ledger._postings import post
from regulars.ledger._rules import Posting, account_id, derived, digest
from regulars.storage import Transaction


def fulfil(tx: Transaction, *events: str, at: datetime, limit: int = 1000) -> int:
    """Make available what was promised until `events`, now that they have come; how many promises, `limit` at most a call.

    What had timed out by `at` has matured or lapsed already. Calling again changes nothing.

    Facts: `points.matured`.
    """
    awaiting = _queries.select_awaiting(tx, events=list(events), at=at, limit=limit)
    postings = [
        Posting(
            "mature",
            one.member_id,
            0,
            derived(one.awaits, f" for {one.reference}"),
            at,
            reverses=one.reference,
            point_type=one.point_type,
        )
        for one in awaiting
    ]
    return sum(outcome.status == "posted" for outcome in post(tx, postings, at=at))


def lapsed(
    tx: Transaction, promises: Sequence[tuple[int, str]], *, at: datetime, point_type: str = "points"
) -> set[tuple[int, str]]:
    """Which of some promises, by member and reference, are lost by `at`, whether or not the job has written it down.

    Their accounts are locked until the transaction ends, so that what follows finds them as they were told here.
    """
    accounts = {account_id(member_id, point_type): member_id for member_id, _ in promises}
    _queries.lock_accounts(tx, account_ids=list(accounts))
    marks = {digest(reference): reference for _, reference in promises}
    named = [(account_id(member_id, point_type), digest(reference)) for member_id, reference in promises]
    return {(accounts[owner], marks[mark]) for owner, mark in _queries.select_lapsed(tx, promises=named, at=at)}
