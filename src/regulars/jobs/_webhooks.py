"""Sending webhooks: many at once, each endpoint's in order, none of them in anybody's way."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import structlog

from regulars.app import App
from regulars.errors import RegularsError
from regulars.facts import webhooks
from regulars.facts.webhooks import Attempted, Due, Reach, Stream

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0


def deliver(app: App, *, reach: Reach | None = None) -> int:
    """Send everything that is due now, also what falls due meanwhile; how many attempts there were."""
    total = 0
    with ThreadPoolExecutor(app.settings.webhooks_at_once, "webhooks") as pool:
        while streams := _ready(app, limit=app.settings.webhooks_at_once):
            sending = [pool.submit(_send, app, reach or app.reach, stream, due) for stream, due in streams]
            total += sum(one.result() for one in sending)
    return total


def run_webhooks(app: App, *, stop: threading.Event) -> None:
    """Send what is due until `stop` is set; attempts under way are finished then.

    Whatever a receiver does, it holds up one of the threads that send, and no reaction to any fact.
    """
    with ThreadPoolExecutor(app.settings.webhooks_at_once, "webhooks") as pool:
        sending: set[Future[int]] = set()
        while not stop.is_set():
            free = app.settings.webhooks_at_once - len(sending)
            sending |= {pool.submit(_send, app, app.reach, one, due, stop) for one, due in _tried(app, limit=free)}
            if sending:
                sending = wait(sending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED).not_done
            else:
                stop.wait(POLL_SECONDS)


def _tried(app: App, *, limit: int) -> Sequence[tuple[Stream, list[Due]]]:
    """As `_ready`; a failure is logged, and tried again."""
    try:
        return _ready(app, limit=limit)
    except RegularsError as error:
        log.warning("webhooks.refused", code=error.code, reason=str(error))
    except Exception:
        log.exception("webhooks.failed")
    time.sleep(POLL_SECONDS)
    return ()


def _ready(app: App, *, limit: int) -> list[tuple[Stream, list[Due]]]:
    """What can be sent now, after new facts and a step of a replay have become deliveries."""
    while True:
        with app.database.transaction() as tx:
            if webhooks.prepare(tx, at=app.clock()) is None:
                break
    moved: int | None = 0
    while moved == 0:
        with app.database.transaction() as tx:
            moved = webhooks.advance_replays(tx, at=app.clock())
    if not limit:
        return []
    with app.database.transaction() as tx:
        return webhooks.claim(tx, at=app.clock(), limit=limit)


def _send(app: App, reach: Reach, stream: Stream, due: Sequence[Due], stop: threading.Event | None = None) -> int:
    """Send a stream in order and record what came of it; how many attempts there were."""
    try:
        attempts = _attempts(app, reach, stream, due, stop)
        with app.database.transaction() as tx:
            webhooks.record(tx, stream, attempts, at=app.clock())
    except RegularsError as error:  # the key to the secrets is lost: nothing is sent until somebody sets it
        log.error("webhooks.refused", endpoint_id=stream.endpoint_id, code=error.code, reason=str(error))  # noqa: TRY400
        return 0
    except Exception:  # nothing is recorded, so it is sent again when the lease has ended
        log.exception("webhooks.stream_failed", endpoint_id=stream.endpoint_id, lane=stream.lane)
        return 0
    return len(attempts)


def _attempts(
    app: App, reach: Reach, stream: Stream, due: Sequence[Due], stop: threading.Event | None
) -> list[Attempted]:
    """One attempt for each, until the endpoint does not answer or half of the lease is over.

    What a failure leaves waiting keeps the later ones of its member waiting.
    """
    attempts: list[Attempted] = []
    held: set[int | None] = set()
    vault = app.vault
    until = time.monotonic() + webhooks.LEASE.total_seconds() / 2
    with webhooks.line(reach, stream.url) as post:
        for one in due:
            if one.fact_id is not None and one.member_id in held:
                continue
            at, said = app.clock(), webhooks.message(one)
            attempts.append(Attempted(one, at, post(said.body, webhooks.headers(stream, said, vault=vault, at=at))))
            if not attempts[-1].delivered and one.fact_id is not None:
                held.add(one.member_id)
            if attempts[-1].ends_stream or time.monotonic() > until or (stop is not None and stop.is_set()):
                break
    return attempts
