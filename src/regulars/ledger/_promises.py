"""Points that wait for something to happen."""

from datetime import datetime

from regulars.ledger import _queries
from regulars.ledger._postings import post
from regulars.ledger._rules import Posting, derived
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
