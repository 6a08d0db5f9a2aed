"""Importing files: documents in order of time, with points and tiers following beside; and opening balances."""

import gc
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from regulars import insight
from regulars.app import App
from regulars.commerce import Shop
from regulars.commerce import connectors as files
from regulars.jobs._loop import tick
from regulars.jobs.reactions import react
from regulars.ledger import openings

PATIENCE_SECONDS = 30.0

USUAL_COLLECTION = gc.get_threshold()
"""After how many new objects Python looks for circles of garbage."""


def import_file(
    app: App,
    shop: Shop,
    source: files.Source,
    *,
    again: bool = False,
    on_chunk: Callable[[files.Import], object] = lambda _: None,
) -> files.Import:
    """Record every document of `source`, then do what has fallen due; an import that was interrupted goes on.

    Chunks are recorded one by one, each in its own transaction. Beside it, on connections of their own, the next chunk
    is read and announced and the last one is reacted to, so that two cores are used. `on_chunk` is told after each chunk.
    """
    with app.database.transaction() as tx:
        running = files.begin_import(tx, shop, source, at=app.clock(), again=again)
    with _seldom_collected(), _reactions_beside(app) as there_is_more:
        for announced in _announced_ahead(app, shop, source.chunks(after=running.chunks_done)):
            with app.database.transaction() as tx:
                running = files.record_chunk(tx, shop, running, announced, at=app.clock())
            there_is_more.set()
            on_chunk(running)
        with app.database.transaction() as tx:  # purchases are complete now, whatever the reactions still do about them
            insight.refresh(tx, app.frames, app.database, at=app.clock())
    tick(app, patience_seconds=PATIENCE_SECONDS)
    with app.database.transaction() as tx:
        return files.finish_import(tx, running, at=app.clock())


def _announced_ahead(app: App, shop: Shop, chunks: Iterator[files.Chunk]) -> Iterator[files.Announced]:
    """The chunks, each announced while the one before it is recorded."""

    def announce_next() -> files.Announced | None:
        chunk = next(chunks, None)
        if chunk is None:
            return None
        with app.database.transaction() as tx:
            return files.announce_chunk(tx, shop, chunk, at=app.clock())

    with ThreadPoolExecutor(1, "reader") as reader:
        coming = reader.submit(announce_next)
        while (announced := coming.result()) is not None:
            coming = reader.submit(announce_next)
            yield announced


@contextmanager
def _seldom_collected() -> Generator[None]:
    """Look for circles of garbage seldom: a chunk makes records by the ten thousand, and none, which took 0.2 s of 3.5.

    It holds for the whole process; of two imports at once, the first to end ends it for both.
    """
    gc.set_threshold(20_000, *USUAL_COLLECTION[1:])
    try:
        yield
    finally:
        gc.set_threshold(*USUAL_COLLECTION)


@contextmanager
def _reactions_beside(app: App) -> Generator[threading.Event]:
    """React in a thread whenever the event is set. What it failed at is tried, and raised, by the caller's own tick."""
    there_is_more, done = threading.Event(), threading.Event()

    def work() -> None:
        while not done.is_set():
            there_is_more.wait()
            there_is_more.clear()
            react(app)

    thread = threading.Thread(target=work, name="reactions", daemon=True)
    thread.start()
    try:
        yield there_is_more
    finally:
        done.set()
        there_is_more.set()
        thread.join()


def import_points(
    app: App,
    source: openings.Source,
    naming: openings.Naming,
    *,
    again: bool = False,
    on_chunk: Callable[[int], object] = lambda _: None,
) -> openings.Import:
    """Post every opening balance of `source`, chunk by chunk; one that was interrupted goes on. `on_chunk`: rows done."""
    with app.database.transaction() as tx:
        running = openings.begin_import(tx, source, at=app.clock(), again=again)
    for rows in source.chunks(after=running.rows_done):
        with app.database.transaction() as tx:
            running = openings.post_rows(tx, running, rows, naming, at=app.clock())
        on_chunk(running.rows_done)
    with app.database.transaction() as tx:
        return openings.finish_import(tx, running, at=app.clock())


def try_points(
    app: App, source: openings.Source, naming: openings.Naming, *, on_chunk: Callable[[int], object] = lambda _: None
) -> dict[str, Any]:
    """The report that importing `source` would give against what is there now. Nothing is kept."""
    report, done = openings.begin_report(source), 0
    for rows in source.chunks():
        with app.database.transaction() as tx:
            report = openings.try_rows(tx, report, rows, naming, at=app.clock())
        done += len(rows)
        on_chunk(done)
    return report
