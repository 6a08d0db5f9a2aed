"""Clients over real HTTP that keep a book, and take nothing for done that was not acknowledged."""

import http.client
import itertools
import json
import random
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from faults.book import Asked, Book, draw

CLIENTS = 12
_PAUSE_SECONDS = 0.05
_REPEATS = 1200


class Reachable(Protocol):
    """Where a server is to be found, itself or what stands before it."""

    port: int
    up: threading.Event


@dataclass(frozen=True)
class Desk:
    """Where clients ask: what they know, and nothing of the database."""

    book: Book
    servers: Sequence[Reachable]
    names: Sequence[str]
    token: str
    patience_s: float = 60
    """How long they wait for an answer."""


class Client:
    """One client, with a connection to each server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._connections: dict[int, http.client.HTTPConnection] = {}
        self._unread: list[http.client.HTTPConnection] = []

    def ask(self, server: Reachable, asked: Asked) -> bool:
        """Whether it was acknowledged; a refusal must say that to ask again makes sense, and a broken line says nothing."""
        self._desk.book.ask(asked)
        port = server.port
        try:
            connection = self._connections.setdefault(port, self._connect(port))
            self._send(connection, asked)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            self._connections.pop(port).close()
            return False
        if answer.status in {200, 201}:
            kept = answer.getheader("idempotency-replayed") == "true"
            self._desk.book.acknowledge(asked, told, kept=kept)
            return True
        assert answer.getheader("content-type") == "application/problem+json", (answer.status, told)
        assert told["retryable"] is True, told
        assert told["status"] == answer.status, told
        self._desk.book.refuse(answer.status, told["code"])
        return False

    def ask_and_not_listen(self, server: Reachable, asked: Asked) -> None:
        """Send it, and never look at the answer."""
        self._desk.book.ask(asked)
        connection = self._connect(server.port)
        try:
            self._send(connection, asked)
        except OSError:
            connection.close()
        else:
            self._unread.append(connection)

    def close(self) -> None:
        for connection in (*self._connections.values(), *self._unread):
            connection.close()

    def _connect(self, port: int) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=self._desk.patience_s)

    def _send(self, connection: http.client.HTTPConnection, asked: Asked) -> None:
        headers = {"Authorization": f"Bearer {self._desk.token}", "Content-Type": "application/json"}
        if int(asked.reference.rpartition("-")[2]) % 2:  # half of them also have an answer kept for them
            headers["Idempotency-Key"] = asked.reference
        connection.request("POST", asked.path, json.dumps(asked.body), headers)


@contextmanager
def load(desk: Desk, mark: str) -> Generator[None]:
    """Clients that ask on and on, new things only, while the block runs."""
    stop = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as threads:
        running = [threads.submit(_ask_on, desk, f"{mark}-{n}", stop) for n in range(CLIENTS)]
        try:
            yield
        finally:
            stop.set()
    for one in running:
        one.result()


def _ask_on(desk: Desk, mark: str, stop: threading.Event) -> None:
    chance, client = random.Random(mark), Client(desk)
    try:
        for n in itertools.count():
            server = chance.choice(desk.servers)
            while not server.up.wait(0.1) and not stop.is_set():
                server = chance.choice(desk.servers)
            if stop.is_set():
                return
            asked = draw(chance, desk.names, f"{mark}-{n}")
            if n % 8 == 7:
                client.ask_and_not_listen(server, asked)
            else:
                client.ask(server, asked)
    except BaseException as error:
        desk.book.give_up(error)
        raise
    finally:
        client.close()


def insist(desk: Desk, wanted: Sequence[Asked]) -> None:
    """Ask for each, in this order and many at once, until it is acknowledged."""
    turn = itertools.count()
    with ThreadPoolExecutor(CLIENTS) as threads:
        for one in [threads.submit(_insist, desk, wanted, turn) for _ in range(CLIENTS)]:
            one.result()


def _insist(desk: Desk, wanted: Sequence[Asked], turn: "itertools.count[int]") -> None:
    client, pause = Client(desk), threading.Event()
    try:
        while (place := next(turn)) < len(wanted):
            for attempt in range(_REPEATS):
                if client.ask(desk.servers[(place + attempt) % len(desk.servers)], wanted[place]):
                    break
                pause.wait(_PAUSE_SECONDS)
            else:
                raise AssertionError(f"never acknowledged: {wanted[place]}; {desk.book.refused}")
    finally:
        client.close()
