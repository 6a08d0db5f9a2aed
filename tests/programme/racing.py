"""Many at once, on real connections of their own."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from regulars.errors import RegularsError
from regulars.storage import Database, Transaction

Answer = TypeVar("Answer")
WIDE = 40
"""Connections: a server has a hundred, and other tests want some."""


@contextmanager
def wide(database: Database) -> Iterator[Database]:
    """The test's own database by so many connections."""
    opened = Database(database.url, pool_size=WIDE)
    yield opened
    opened.close()


def race(database: Database, verbs: Sequence[Callable[[Transaction], Answer]]) -> list[Answer | RegularsError]:
    """Run each in a transaction of its own, `WIDE` at a time, the first of them starting together; refusals are answers."""
    together = threading.Barrier(WIDE)

    def run(number: int) -> Answer | RegularsError:
        try:
            with database.transaction() as tx:
                if number < WIDE:
                    together.wait()
                return verbs[number](tx)
        except RegularsError as refused:
            return refused

    with ThreadPoolExecutor(WIDE) as threads:
        return list(threads.map(run, range(len(verbs))))
