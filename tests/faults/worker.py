"""A worker that settles what is due, batch by batch, until nothing is left: `worker.py URL AT BATCH [hold]`.

It says `ready` and begins when it is given a line. With `hold` it waits for another one before each commit, so that a
test can kill it in the middle.
"""

import sys
from datetime import datetime

from regulars import ledger
from regulars.storage import Database


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(url: str, at: str, batch: str, *hold: str) -> None:
    database, done = Database(url, pool_size=1), 1
    say("ready")
    sys.stdin.readline()
    while done:
        with database.transaction() as tx:
            done = ledger.expire_due(tx, at=datetime.fromisoformat(at), limit=int(batch))
            say(str(done))
            if hold:
                sys.stdin.readline()
    database.close()


main(*sys.argv[1:])
