"""The jobs of a running installation."""

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from regulars import access, commerce, facts, insight, ledger, programme
from regulars.app import App
from regulars.commerce import early
from regulars.errors import RegularsError
from regulars.facts import decisions, webhooks
from regulars.jobs._webhooks import run_webhooks
from regulars.jobs._what_ifs import run_what_ifs
from regulars.jobs.reactions import react
from regulars.ledger import proof
from regulars.programme import coupons, gift_cards, guesses, referrals, rewards, undos
from regulars.programme.coupons import uses
from regulars.programme.referrals import graph
from regulars.storage import Transaction

log = structlog.get_logger(__name__)

BATCH = 1000
TICK_SECONDS = 60.0
POLL_SECONDS = 1.0
_LAST_CHUNK_SECONDS = 2.0  # a what-if under way is left: whoever comes next begins it again


def tick(app: App, *, patience_seconds: float = 0.0) -> dict[str, int]:
    """Do what has fallen due, batch by batch; how much of each kind of work there was. Patience as in `react`."""
    with app.database.transaction() as tx:
        facts.adopt(tx)
    _match(app)
    reactions = react(app, patience_seconds=patience_seconds)
    _celebrate(app)
    reviews = _drain(app, lambda tx, at: programme.review_due(tx, at=at, limit=BATCH))
    expiries = _drain(app, lambda tx, at: ledger.expire_due(tx, at=at, limit=BATCH))
    _arrive(app)
    _end_checkouts(app)
    _refer(app)
    _drain(app, lambda tx, at: undos.going_on(tx, at=at))
    _drain(app, lambda tx, at: webhooks.clear(tx, at=at, days=app.settings.webhook_days))
    _drain(app, lambda tx, at: decisions.forget_old(tx, at=at, days=app.settings.decision_days))
    with app.database.transaction() as tx:
        refreshed = insight.refresh(tx, app.frames, app.database, at=app.clock())
        access.forget_expired(tx, at=app.clock())
        ledger.roll_up(tx, at=app.clock())
    return {"reactions": reactions, "reviews": reviews, "expiries": expiries, "portraits": refreshed.members}


def _drain(app: App, work: Callable[[Transaction, datetime], int]) -> int:
    """Call for batches, each in its own transaction, until nothing is due: what was done may have made more fall due."""
    total = 0
    while True:
        with app.database.transaction() as tx:
            done = work(tx, app.clock())
        total += done
        if not done:
            return total


def _match(app: App) -> None:
    """Record returns whose orders were being recorded while they came; tell of those whose orders do not come, and let the oldest go."""
    _drain(app, lambda tx, at: commerce.record_early_returns(tx, at=at))
    _drain(app, lambda tx, at: early.alarm_due(tx, at=at, limit=BATCH))
    _drain(app, lambda tx, at: early.let_go_due(tx, at=at, limit=BATCH))


def _celebrate(app: App) -> None:
    """Look up the days of members of before, where rules ask for them, and give for the birthdays and anniversaries that have come."""
    _drain(app, lambda tx, at: programme.adopt_occasions(tx, at=at, limit=BATCH))
    _drain(app, lambda tx, at: programme.celebrate_due(tx, at=at, limit=BATCH))


def _arrive(app: App) -> None:
    """Let points arrive that are on their way to another server; there are none where the ledger is on one."""
    _drain(app, lambda tx, at: ledger.deliver(tx, at=at))


def _end_checkouts(app: App) -> None:
    """Let go of what checkouts have kept for as long as they were to; tell of coupon pools that have run low."""
    _drain(app, lambda tx, at: rewards.lapse_due(tx, at=at, limit=BATCH))
    _drain(app, lambda tx, at: uses.lapse_due(tx, at=at, limit=BATCH))
    _drain(app, lambda tx, at: gift_cards.settle_due(tx, at=at, limit=BATCH))
    _drain(app, lambda tx, at: programme.give_owed_rewards(tx, at=at, limit=BATCH))
    with app.database.transaction() as tx:
        coupons.watch(tx, at=app.clock())
        guesses.forget(tx, at=app.clock())


def _refer(app: App) -> None:
    """Let referrals go that nobody decided on in time; take the members of before into the graph, while friends are brought."""
    terms_of = programme.referral_terms_of
    _drain(app, lambda tx, at: referrals.lapse_due(tx, terms_of=terms_of, at=at, limit=BATCH))
    _drain(app, lambda tx, at: programme.hand_over_referrals(tx, at=at, limit=BATCH))
    key = app.settings.identity_key
    if key is not None:
        _drain(app, lambda tx, _: graph.adopt(tx, key=key, limit=BATCH) if referrals.any_code(tx) else 0)


def _reconcile(app: App) -> None:
    """Check the next piece of the ledger: in the course of time all of it, again and again."""
    with app.database.transaction() as tx:
        done = proof.reconcile(tx, at=app.clock())
    if done is not None and done.discrepancies:
        log.error("ledger.contradicted", discrepancies=done.discrepancies)


def run(app: App, *, stop: threading.Event) -> None:
    """React within a second and tick every minute until `stop` is set; webhooks and what-ifs beside, in threads of their own.

    A failure is logged and tried again.
    """
    beside = threading.Thread(target=run_webhooks, args=(app,), kwargs={"stop": stop}, name="webhooks", daemon=True)
    beside.start()
    trying = threading.Thread(target=run_what_ifs, args=(app,), kwargs={"stop": stop}, name="what-ifs", daemon=True)
    trying.start()
    _react_and_tick(app, stop)
    beside.join()
    trying.join(_LAST_CHUNK_SECONDS)


def _react_and_tick(app: App, stop: threading.Event) -> None:
    waited = TICK_SECONDS
    while not stop.is_set():
        try:
            if waited >= TICK_SECONDS:
                log.debug("jobs.ticked", **tick(app))
                _reconcile(app)
                waited = 0.0
            else:
                react(app)
                _arrive(app)
        except RegularsError as error:
            log.warning("jobs.refused", code=error.code, reason=str(error))
        except Exception:
            log.exception("jobs.failed")
        stop.wait(POLL_SECONDS)
        waited += POLL_SECONDS
