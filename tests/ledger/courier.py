"""Sends points from member 1 to member 2 in two steps, and kills itself at one of them: `courier.py URL STEP`."""

import os
import signal
import sys
from datetime import UTC, datetime

from regulars import ledger
from regulars.storage import Database

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def main(url: str, step: str) -> None:
    database = Database(url, pool_size=1)

    def reached(place: str) -> None:
        if place == step:
            os.kill(os.getpid(), signal.SIGKILL)

    with database.transaction() as tx:
        ledger.dispatch(tx, 1, 2, 60, reference="gift", at=NOON, reason="for you")
        reached("before it is sent")
    reached("when it was sent")
    with database.transaction() as tx:
        ledger.deliver(tx, at=NOON)
        reached("before it has arrived")
    reached("when it has arrived")


main(*sys.argv[1:])
