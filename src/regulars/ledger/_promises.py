"""Points that wait for something to happen."""

from collections.abc import Sequence
from datetime import datetime

from regulars.ledger import _queries, joined
from regulars.ledger._postings import post, record_due
from regulars.ledger._rules import Posting, account_id, derived, digest
from regulars.ledger.archive import select_lapsed
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
    asked = {
        (account_id(member_id, point_type), reference): (member_id, reference) for member_id, reference in promises
    }
    shared = joined.lock_each(tx, account_ids=list({account for account, _ in asked}))
    moved: dict[tuple[int, str], tuple[int, str]] = {}
    if shared:
        places = joined.lock(tx, shared, at=at)
        record_due(tx, places.due, at=at)
        moved = joined.whereabouts(tx, [one for one in asked if one[0] in shared], places)
    named: dict[tuple[int, str], tuple[int, str]] = {}
    for one, promise in asked.items():
        account, name = moved.get(one, one)
        named[account, digest(name)] = promise
    return {named[one] for one in select_lapsed(tx, promises=list(named), at=at)}
