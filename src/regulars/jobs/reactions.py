"""Which verbs follow which facts. This dict is the whole of it; the order of its entries is the order within a batch."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog

from regulars import facts, programme
from regulars.app import App
from regulars.errors import RegularsError
from regulars.jobs import _queries
from regulars.jobs._failures import close_failures, failures, record_failure
from regulars.jobs._queries import Failure
from regulars.storage import Transaction

log = structlog.get_logger(__name__)

Reaction = Callable[[Transaction, Sequence[facts.Happened], datetime], object]


def _award(tx: Transaction, paid: Sequence[facts.Happened], at: datetime) -> None:
    programme.award(tx, _subjects(paid), at=at)


def _advance(tx: Transaction, changed: Sequence[facts.Happened], at: datetime) -> None:
    returned = [fact for fact in changed if fact.name == "order.returned"]
    orders = [fact for fact in changed if fact.name != "order.returned"]
    programme.advance_orders(tx, _subjects(orders), return_ids=_subjects(returned), at=at)


def _note(tx: Transaction, happened: Sequence[facts.Happened], at: datetime) -> None:
    programme.note_occasions(tx, [fact.member_id for fact in happened if fact.member_id is not None], at=at)


def _deliver(tx: Transaction, delivered: Sequence[facts.Happened], at: datetime) -> None:
    programme.deliver(tx, _subjects(delivered), at=at)


def _revise(tx: Transaction, changed: Sequence[facts.Happened], at: datetime) -> None:
    programme.revise(tx, _subjects(changed), at=at)
    programme.undo_referrals(tx, _subjects(changed), at=at)


def _take_back(tx: Transaction, returned: Sequence[facts.Happened], at: datetime) -> None:
    programme.take_back(tx, _subjects(returned), at=at)
    programme.undo_referrals(tx, returns=_subjects(returned), at=at)


def _sell(tx: Transaction, changed: Sequence[facts.Happened], at: datetime) -> None:
    returned = [fact for fact in changed if fact.name == "order.returned"]
    orders = [fact for fact in changed if fact.name != "order.returned"]
    programme.sell_memberships(tx, _subjects(orders), return_ids=_subjects(returned), at=at)


def _review(tx: Transaction, happened: Sequence[facts.Happened], at: datetime) -> None:
    programme.review(tx, [(fact.member_id, fact.occurred_at) for fact in happened if fact.member_id is not None], at=at)


def _reward(tx: Transaction, bought: Sequence[facts.Happened], at: datetime) -> None:
    programme.reward_referrals(tx, _subjects(bought), at=at)


REFERRING = ("member.joined", "member.amended", "order.paid")
"""When it is weighed who brought a member; before all that follows, and with the key that signals are hashed with."""


def _refer(tx: Transaction, happened: Sequence[facts.Happened], at: datetime, key: bytes | None) -> None:
    concerned = [one for one in happened if one.name in REFERRING and one.member_id is not None]
    fresh = [one.member_id for one in concerned if one.member_id is not None and one.name != "order.paid"]
    everyone = [one.member_id for one in concerned if one.member_id is not None]
    programme.refer(tx, everyone, key=key, at=at, note=fresh)


REACTIONS: Mapping[tuple[str, ...], Reaction] = {
    ("order.paid", "order.amended", "order.revised", "order.cancelled", "order.returned"): _advance,
    ("member.joined", "member.amended", "order.paid", "order.revised", "order.cancelled"): _note,
    ("order.paid", "order.amended", "order.revised"): _award,
    ("order.amended", "order.revised", "order.cancelled"): _revise,
    ("order.delivered",): _deliver,
    ("order.returned",): _take_back,
    ("order.paid", "order.amended", "order.revised", "order.delivered"): _reward,
    (
        "member.joined",
        "order.paid",
        "order.amended",
        "order.revised",
        "order.returned",
        "order.cancelled",
    ): _review,
    ("order.paid", "order.amended", "order.revised", "order.returned", "order.cancelled"): _sell,
}
"""Beside these, tiers are reviewed by whatever facts the programme's own sets count: `programme.counted_facts`."""

READER = "reactions"
NAMES = sorted({name for names in (REFERRING, *REACTIONS) for name in names})


def react(app: App, *, patience_seconds: float = 0.0) -> int:
    """React to every fact not yet reacted to; how many there were. Each batch commits with the note that it was read.

    Facts become readable when every older writing transaction of the server has ended; with `patience_seconds` that is
    waited for, so that on return everything recorded before the call has been followed.
    """
    deadline = time.monotonic() + patience_seconds
    total = 0
    while True:
        with app.database.transaction() as tx:
            unread = facts.unread(tx, reader=READER, names=_names(tx, app.clock()))
            if unread is not None:
                failed = _react_to(tx, unread.facts, app.clock(), app.settings.identity_key)
                close_failures(tx, unread.facts, failed=failed, at=app.clock())
                facts.mark_read(tx, reader=READER, upto=unread.upto)
                total += len(unread.facts)
        if unread is None:
            if time.monotonic() >= deadline or not _is_behind(app):
                return total
            time.sleep(0.02)


def _names(tx: Transaction, at: datetime) -> list[str]:
    """The facts that anything follows from, those included that the programme's tiers count."""
    return sorted({*NAMES, *programme.counted_facts(tx, at=at)})


def _is_behind(app: App) -> bool:
    with app.database.transaction(read_only=True) as tx:
        return facts.is_behind(tx, reader=READER)


def react_within(tx: Transaction, *, at: datetime, key: bytes | None = None) -> None:
    """React at once to what this transaction has recorded so far, so that its answer can tell what followed.

    The feed brings the same facts again, without effect; but not before every older transaction of the whole server has
    ended, and a caller who waits for an answer should not wait for that.
    """
    _react_to(tx, facts.recorded_here(tx, names=_names(tx, at)), at, key)
    counted = programme.counted_facts(tx, at=at)
    if counted:  # what was done may itself have been something that counts: points earned
        _review(tx, facts.recorded_here(tx, names=counted), at)


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of one failure that was tried again: it is open no more, or fails for a reason."""

    failure: Failure
    reason: str | None


def retry(app: App) -> list[Retried]:
    """Try every failed reaction again, each in a transaction of its own. Facts: `reaction.succeeded`, `reaction.failed`."""
    with app.database.transaction(read_only=True) as tx:
        open_failures = failures(tx)
    return [_try_again(app, one) for one in open_failures]


def _try_again(app: App, failure: Failure) -> Retried:
    at = app.clock()
    with app.database.transaction() as tx:
        fact = _queries.select_fact(tx, failure=failure)
        if fact is None:
            return Retried(failure, "the fact is here no more")
        failed = _react_to(tx, [fact], at, app.settings.identity_key)
        close_failures(tx, [fact], failed=failed, at=at)
    return Retried(failure, failed.get(failure.fact_id))


def _react_to(tx: Transaction, happened: Sequence[facts.Happened], at: datetime, key: bytes | None) -> dict[int, str]:
    """React to a batch; when it fails, to its halves, so that one fact nobody can react to holds up no other.

    Returns:
        The facts that nothing followed, and why.
    """
    if not happened:
        return {}
    try:
        with tx.savepoint():
            _follow(tx, happened, at, key)
    except Exception as error:
        if isinstance(error, psycopg.OperationalError) or (isinstance(error, RegularsError) and error.retryable):
            raise  # a lost connection or a deadlock says nothing about the facts: the whole batch is tried again
        if len(happened) > 1:
            middle = len(happened) // 2
            return _react_to(tx, happened[:middle], at, key) | _react_to(tx, happened[middle:], at, key)
        [fact] = happened
        log.exception("reaction.failed", fact=fact.name, fact_id=fact.fact_id)
        record_failure(tx, fact, error, at=at)
        return {fact.fact_id: str(error)}
    return {}


def _follow(tx: Transaction, happened: Sequence[facts.Happened], at: datetime, key: bytes | None) -> None:
    try:
        programme.in_force(tx, at=at)
    except programme.NoProgramme:  # no shop is open yet, so nothing has been sold either
        return
    _lock(tx, happened)
    _refer(tx, happened, at, key)
    for names, reaction in REACTIONS.items():
        concerned = [fact for fact in happened if fact.name in names]
        if concerned:
            reaction(tx, concerned, at)
    counted = programme.counted_facts(tx, at=at)
    concerned = [fact for fact in happened if fact.name in counted]
    if concerned:
        _review(tx, concerned, at)


def _lock(tx: Transaction, happened: Sequence[facts.Happened]) -> None:
    """Lock what orders may take of budgets before any reaction posts: reactions that wait for each other would wait for ever."""
    orders = [fact for fact in happened if fact.name.startswith("order.")]
    returned = [fact for fact in orders if fact.name == "order.returned"]
    if orders:
        others = [fact for fact in orders if fact.name != "order.returned"]
        programme.lock_orders(tx, _subjects(others), return_ids=_subjects(returned))


def _subjects(happened: Sequence[facts.Happened]) -> list[int]:
    return [fact.subject_id for fact in happened if fact.subject_id is not None]
