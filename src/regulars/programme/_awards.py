"""What orders earn, and what returns and cancellations take back.

Every verb here may be called again with the same orders or returns (facts are delivered at least once): what has been
dealt with is in `programme_qualifying` and in the ledger's references, and is not done twice.
"""

from collections.abc import Sequence
from datetime import datetime

from regulars import ledger
from regulars.facts import decisions
from regulars.programme import _deciding, _queries, campaigns, earning
from regulars.programme._corrections import take_back
from regulars.programme._deciding import Decided
from regulars.programme._holdings import MAIN, reference_of
from regulars.programme._postings import DELIVERED, earns, event_of, given, post
from regulars.programme._records import Earned, Held
from regulars.programme._versions import by_version, in_force
from regulars.storage import Transaction


def award(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Give the points that paid orders earn, under the version that held when they were paid; how many orders earned.

    Each award keeps its version and what was so of the member at the time, as far as the rules read it. What had already come
    back of an order when it was paid is taken back at once. An order that was awarded before is `revise`'s business.
    """
    in_force(tx, at=at)
    versions = {one.order_id: one.version_id for one in _queries.select_unawarded(tx, order_ids=list(order_ids))}
    held = by_version(tx, set(versions.values())) if versions else {}
    decided = _deciding.decide(tx, versions, held, at) if versions else []
    if not decided:
        return 0
    _write_awards(tx, decided, at)
    giving = [
        given(one.sold, held[one.version_id], one.version_id, part, points, reference_of(one.sold.order_id, part[1]))
        for one in decided
        for part, points in one.decision.parts.items()
        if points
    ]
    post(tx, earns(tx, giving, at), at)
    return_ids = _queries.select_returns_of(tx, order_ids=[one.sold.order_id for one in decided])
    if return_ids:
        take_back(tx, return_ids, at=at)
    return len(decided)


def _write_awards(tx: Transaction, decided: Sequence[Decided], at: datetime) -> None:
    earned = [_earned(one) for one in decided]
    _queries.upsert_awards(tx, earned=earned, at=at)
    _queries.insert_qualifying(tx, earned=earned, at=at)
    parts = [
        Held(one.sold.order_id, *part, points, [points], 0)
        for one in decided
        for part, points in one.decision.parts.items()
        if part != MAIN
    ]
    if parts:
        _queries.upsert_parts(tx, parts=parts)
    uses = [use for one in decided for use in one.uses if use.points]
    if uses:
        earning.upsert_uses(tx, uses=uses)
    gifts = [gift for one in decided for gift in one.gifts]
    if gifts:
        campaigns.upsert_gifts(tx, gifts=gifts, at=at)
    kept = [_deciding.kept(decisions.AWARDED, one.sold, one.version_id, one.decision) for one in decided]
    decisions.record(tx, kept, at=at)


def _earned(one: Decided) -> Earned:
    sold = one.sold
    return Earned(
        sold.order_id, sold.member_id, one.version_id, sold.placed_at, sold.paid_at or sold.placed_at,
        one.decision.parts.get(MAIN, 0), one.spend_minor, one.inputs,
    )  # fmt: skip


def deliver(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Make available what was promised until orders are delivered, of those that have arrived whole; how many promises."""
    events = [event_of(DELIVERED, order_id) for order_id in _queries.select_arrived(tx, order_ids=list(order_ids))]
    kept = 0
    while events and (some := ledger.fulfil(tx, *events, at=at)):
        kept += some
    return kept
