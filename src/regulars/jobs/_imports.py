"""Importing a file: documents in order of time, with points and tiers following beside."""

import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from regulars.app import App
from regulars.commerce import Shop
from regulars.commerce import connectors as files
from regulars.jobs._loop import tick
from regulars.jobs.reactions import react

PATIENCE_SECONDS = 30.0


def import_file(
    app: App,
    shop: Shop,
    source: files.Source,
    *,
    again: bool = False,
    on_chunk: Callable[[files.Import], object] = lambda _: None,
) -> files.Import:
    """Record every document of `source`, then do what has fallen due; an import that was interrupted goes on.

    Chunks are recorded one by one, each in its own transaction, while the next is read; reactions run beside them on a
    connection of their own, so that two cores are used. `on_chunk` is told after each chunk.
    """
    with app.database.transaction() as tx:
        running = files.begin_import(tx, shop, source, at=app.clock(), again=again)
    with _reactions_beside(app) as there_is_more:
        for chunk in _read_ahead(source.chunks(after=running.chunks_done)):
            with app.database.transaction() as tx:
                running = files.record_chunk(tx, shop, running, chunk, at=app.clock())
            there_is_more.set()
            on_chunk(running)
    tick(app, patience_seconds=PATIENCE_SECONDS)
    with app.database.transaction() as tx:
        return files.finish_import(tx, running, at=app.clock())


def _read_ahead(chunks: Iterator[files.Chunk]) -> Iterator[files.Chunk]:
    """The chunks, each read while the one before it is worked on."""
    with ThreadPoolExecutor(1, "reader") as reader:
        coming = reader.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = reader.submit(next, chunks, None)
            yield chunk


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
