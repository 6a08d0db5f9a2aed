"""A network that tests can cut: a proxy of our own between two who believe they are connected."""

import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: close with a reset, whatever was not sent yet."""


class Proxy:
    """What arrives at `port` goes on to where `reach` leads, and the answers back, as long as the weather is fine."""

    def __init__(self, reach: Callable[[], socket.socket]) -> None:
        self._reach = reach
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self.up = threading.Event()
        self.up.set()
        self._requests, self._answers = threading.Event(), threading.Event()
        self._open = True
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._turn = threading.Lock()
        self.met = 0
        """How many connections it has cut, or held up."""
        self.flow()
        threading.Thread(target=self._accept, daemon=True).start()

    def flow(self) -> None:
        """Let everything pass again, what was held up too."""
        self._open = True
        self._requests.set()
        self._answers.set()

    def stall(self) -> None:
        """Hold up every byte: both sides stay connected, and hear nothing."""
        self._requests.clear()
        self._answers.clear()
        self.met += len(self._pairs)

    def deafen(self) -> None:
        """Hold up the answers only: what is asked is still done."""
        self._answers.clear()

    def refuse(self) -> None:
        """Close whatever wants to connect."""
        self._open = False

    def half_close(self) -> None:
        """Tell those who ask that no more will come; those who answer notice nothing."""
        self._each(lambda asker, _: asker.shutdown(socket.SHUT_WR))

    def cut(self) -> None:
        """Reset every connection, on both sides, in the middle of whatever it was."""
        self._each(_reset)

    def close(self) -> None:
        self.refuse()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        self._requests.set()
        self._answers.set()

    def _each(self, strike: Callable[[socket.socket, socket.socket], None]) -> None:
        with self._turn:
            pairs = list(self._pairs)
        for pair in pairs:
            with suppress(OSError):
                strike(*pair)
        self.met += len(pairs)

    def _accept(self) -> None:
        while True:
            try:
                asker, _ = self._listening.accept()
            except OSError:
                return
            try:
                if not self._open:
                    raise ConnectionRefusedError
                answerer = self._reach()
            except OSError:
                asker.close()
                continue
            pair = (asker, answerer)
            with self._turn:
                self._pairs.add(pair)
            for source, target, gate in ((asker, answerer, self._requests), (answerer, asker, self._answers)):
                threading.Thread(target=self._pump, args=(pair, source, target, gate), daemon=True).start()

    def _pump(
        self,
        pair: tuple[socket.socket, socket.socket],
        source: socket.socket,
        target: socket.socket,
        gate: threading.Event,
    ) -> None:
        try:
            while data := source.recv(1 << 16):
                gate.wait()
                target.sendall(data)
        except OSError:
            pass
        for one in pair:  # one way is over, and with it the other
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with self._turn:
            gone = pair not in self._pairs
            self._pairs.discard(pair)
        if gone:  # the other pump, or a cut, was here first
            for one in pair:
                one.close()


def _reset(asker: socket.socket, answerer: socket.socket) -> None:
    for one in (asker, answerer):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def before_postgresql(url: str) -> Generator[tuple[Proxy, str]]:
    """A proxy before a PostgreSQL that listens on a Unix socket, and the URL through it."""
    parts = conninfo_to_dict(url)
    path = Path(str(parts["host"])) / f".s.PGSQL.{parts['port']}"

    def reach() -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        made.connect(str(path))
        return made

    proxy = Proxy(reach)
    through = parts | {"host": "127.0.0.1", "port": proxy.port}
    try:
        yield (
            proxy,
            "postgresql:///?" + "&".join(f"{name}={quote(str(value), safe='')}" for name, value in through.items()),
        )
    finally:
        proxy.close()


@contextmanager
def before_server(port: Callable[[], int]) -> Generator[Proxy]:
    """A proxy before a server of HTTP."""
    proxy = Proxy(lambda: socket.create_connection(("127.0.0.1", port())))
    try:
        yield proxy
    finally:
        proxy.close()
