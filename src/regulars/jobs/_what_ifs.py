"""Replaying orders under drafts, one what-if after the other, in nobody's way."""

import threading

import structlog

from regulars.app import App
from regulars.errors import RegularsError
from regulars.insight import what_if

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0


def try_drafts(app: App) -> int:
    """Replay every what-if that waits; how many there were. One that cannot be replayed says why, and holds up no other."""
    total = 0
    while (what_if_id := _claimed(app)) is not None:
        try:
            what_if.run(app.database, what_if_id, clock=app.clock)
        except Exception as error:
            if isinstance(error, RegularsError) and error.retryable:
                raise
            log.exception("what_if.failed", what_if_id=what_if_id)
            with app.database.transaction() as tx:
                what_if.fail(tx, what_if_id, reason=str(error).partition("\n")[0], at=app.clock())
        total += 1
    return total


def _claimed(app: App) -> int | None:
    with app.database.transaction() as tx:
        return what_if.claim(tx, at=app.clock())


def run_what_ifs(app: App, *, stop: threading.Event) -> None:
    """Replay what waits until `stop` is set; one that is being replayed then is begun again by whoever comes next."""
    while not stop.is_set():
        try:
            try_drafts(app)
        except RegularsError as error:
            log.warning("what_ifs.refused", code=error.code, reason=str(error))
        except Exception:
            log.exception("what_ifs.failed")
        stop.wait(POLL_SECONDS)
