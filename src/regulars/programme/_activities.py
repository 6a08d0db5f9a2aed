"""Points that live by activity: what whoever earns, or spends, holds lives on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from regulars import ledger
from regulars.ledger import Active, Outcome, Posting, Sliding
from regulars.programme import _queries
from regulars.programme._rules import Programme
from regulars.storage import Transaction

_ACTIVE: Final[Mapping[ledger.Activity, frozenset[str]]] = {
    "earning": frozenset({"earn"}),
    "earning_and_spending": frozenset({"earn", "spend", "capture"}),
}
"""The kinds of posting that are an activity."""

_ANY: Final = frozenset[str]().union(*_ACTIVE.values())


def post(tx: Transaction, postings: Sequence[Posting], *, at: datetime) -> list[Outcome]:
    """Post as `ledger.post` does; where points live by activity, let all that the active hold live on, in this transaction.

    Which activity counts, and for how long, the version says that holds at `at`. A replay or a refused posting is no
    activity. What is told late extends from the last activity known, so it neither shortens anything nor depends on the
    order in which things are told. It costs one small query a batch, and three more where points do live by activity.

    Facts: those of the ledger, `points.extended` among them.
    """
    outcomes = ledger.post(tx, postings, at=at)
    active = [
        (posting, outcome)
        for posting, outcome in zip(postings, outcomes, strict=True)
        if outcome.status == "posted" and posting.kind in _ANY and posting.point_type == "points"
    ]
    document = _queries.select_sliding(tx, at=at) if active else None
    if document:
        _slide(tx, Programme.from_document(document), active, at)
    return outcomes


def _slide(tx: Transaction, programme: Programme, active: Sequence[tuple[Posting, Outcome]], at: datetime) -> None:
    expiry = programme.expiry
    assert isinstance(expiry, Sliding)  # noqa: S101  or the query would not have found it
    seqs: dict[int, int] = {}
    moments: dict[int, datetime] = {}
    for posting, outcome in active:
        if posting.kind in _ACTIVE[expiry.activity]:
            seqs[posting.member_id] = outcome.seq
            moments[posting.member_id] = max(posting.occurred_at, moments.get(posting.member_id, posting.occurred_at))
    if not seqs:
        return
    members = [
        Active(member_id, seqs[member_id], ledger.live_until([last_at], expiry, programme.time_zone)[0])
        for member_id, last_at in _queries.upsert_activities(tx, active=moments).items()
    ]
    ledger.slide(tx, members, at=at)
