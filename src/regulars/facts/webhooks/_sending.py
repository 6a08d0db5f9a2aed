"""One attempt: a POST to an address that was checked, within a time and with an answer read only so far."""

import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, Final, Literal

import httpcore

from regulars.facts.webhooks._addresses import AddressRefused, Reach

Error = Literal["refused", "unknown", "unreachable", "timeout", "tls", "protocol"]
"""Why there was no answer: the address is not allowed, the name has none, …"""

_KEPT: Final = 1024
"""How many bytes of an answer are kept."""
_READ: Final = 16 * 1024
"""How many bytes of an answer are read before the connection is given up."""
_AGENT: Final = f"Regulars/{metadata.version('regulars')}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt: a status and how the answer began, or why there was none."""

    status: int | None
    error: Error | None
    said: str
    duration_ms: int
    retry_after: str | None = None


Post = Callable[[bytes, Mapping[str, str]], Answer]


class _Deadline:
    """When the attempt that is being made has to be over."""

    def __init__(self) -> None:
        self._at = 0.0

    def begin(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the attempt took too long")
        return left


class _Stream(httpcore.NetworkStream):
    """A connection on which no read or write outlasts the attempt, however slowly the other side drips."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._inner.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None  # noqa: ARG002
    ) -> httpcore.NetworkStream:  # fmt: skip
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Checked(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and to nothing else. TLS still asks for the host's own certificate."""

    def __init__(self, reach: Reach, deadline: _Deadline, *, plain: bool) -> None:
        self._reach, self._deadline, self._plain = reach, deadline, plain
        self._tcp = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        addresses = self._reach.checked(host, port, plain=self._plain)
        for place, address in enumerate(addresses):
            share = self._deadline.left() / (len(addresses) - place)
            try:
                inner = self._tcp.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == addresses[-1]:
                    raise
            else:
                return _Stream(inner, self._deadline)
        raise httpcore.ConnectError("no address left")


@cache
def _trust() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


@contextmanager
def line(reach: Reach, url: str) -> Generator[Post]:
    """A line to one endpoint: a function that makes one attempt after the other, on one connection while it lasts."""
    deadline = _Deadline()
    backend = _Checked(reach, deadline, plain=url.startswith("http://"))
    with httpcore.ConnectionPool(
        ssl_context=reach.trust or _trust(), max_connections=1, network_backend=backend
    ) as pool:

        def post(body: bytes, headers: Mapping[str, str]) -> Answer:
            began = time.monotonic()
            deadline.begin(reach.timeout_seconds)
            status, error, said, wish = _posted(pool, url, body, headers)
            return Answer(status, error, said, int((time.monotonic() - began) * 1000), wish)

        yield post


def _posted(
    pool: httpcore.ConnectionPool, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int | None, Error | None, str, str | None]:
    sent = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": _AGENT, **headers}
    try:
        with pool.stream("POST", url, headers=list(sent.items()), content=body) as response:
            named = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            return response.status, None, _beginning(response), named.get(b"retry-after")
    except Exception as failure:
        error = _reason(failure)
        if error is None:
            raise
        return None, error, _plain(str(failure))[:200], None


def _beginning(response: httpcore.Response) -> str:
    """How an answer begins; when it is long or never ends, the rest is not read and the connection not used again.

    Its status has said already what became of the attempt, so what breaks off is taken as it is.
    """
    read = b""
    with suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        for part in response.iter_stream():
            read += part
            if len(read) >= _READ:
                break
    return _plain(read[:_KEPT].decode("utf-8", "replace"))


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)


def _reason(failure: Exception) -> Error | None:
    """Why there was no answer; None when the failure is our own."""
    causes = [failure, failure.__cause__, failure.__context__]
    if isinstance(failure, AddressRefused):
        return "refused"
    if isinstance(failure, socket.gaierror | UnicodeError):
        return "unknown"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "tls"
    if isinstance(failure, httpcore.TimeoutException):
        return "timeout"
    if isinstance(failure, httpcore.ProtocolError):
        return "protocol"
    return "unreachable" if isinstance(failure, httpcore.NetworkError | OSError) else None
