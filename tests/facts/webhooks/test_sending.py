"""One attempt against receivers that mean no good: where it may connect, how long it may take, how much is read."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from receiver import LOOPBACK, Receiver
from regulars.facts import webhooks
from regulars.facts.webhooks import Answer, Reach

PEM = Path(__file__).with_name("hooks.example.pem")
"""A key and its certificate for hooks.example, made for these tests."""


def post(reach: Reach, url: str, *, times: int = 1) -> list[Answer]:
    with webhooks.line(reach, url) as send:
        return [send(b"{}", {"webhook-id": "x"}) for _ in range(times)]


@contextmanager
def listening(
    serve: Callable[[socket.socket], None], *, tls: bool = False
) -> Generator[tuple[int, list[socket.socket]]]:
    """A port, and the connections made to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    taken: list[socket.socket] = []
    done = threading.Event()

    def accept(server: socket.socket) -> None:
        while not done.is_set():
            try:
                connection, _ = server.accept()
                taken.append(connection)
                with context.wrap_socket(connection, server_side=True) if tls else connection as spoken:
                    serve(spoken)
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        thread = threading.Thread(target=accept, args=(server,), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], taken
        finally:
            done.set()
            for connection in taken:
                connection.close()
            thread.join()


def say(text: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        hear(connection)
        connection.sendall(text)

    return serve


def hear(connection: socket.socket) -> None:
    """Read a whole request; a connection closed with part of it unread would be reset."""
    connection.settimeout(5)
    heard = b""
    while b"{}" not in heard:
        part = connection.recv(65536)
        if not part:
            raise ConnectionResetError
        heard += part


def at(*answers: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """A name that leads somewhere else each time it is asked for; the last for ever."""
    left = list(answers)
    return lambda _host, _port: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"])
def test_no_spelling_of_this_machine_is_connected_to(host: str):
    with listening(say(b"HTTP/1.1 200 OK\r\n\r\n")) as (port, taken):
        [answer] = post(Reach(timeout_seconds=5), f"https://{host}:{port}/")
        assert (answer.status, answer.error) == (None, "refused"), answer
        time.sleep(0.1)
        assert taken == []


def test_a_name_that_answers_differently_the_second_time_gains_nothing(receiver: Receiver):
    """DNS rebinding: what was checked is what is connected to, and a new connection is a new check."""
    port = receiver.url.split(":")[2].split("/")[0]
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    reach = Reach(LOOPBACK, 5, at(["127.0.0.1"], ["10.0.0.1"]))
    first, second = (
        post(reach, f"http://hooks.example:{port}/hook")[0],
        post(reach, f"http://hooks.example:{port}/hook")[0],
    )
    assert (first.status, second.status, second.error) == (200, None, "refused")
    assert receiver.got[0].headers["host"] == f"hooks.example:{port}"
    blind = Reach((), 2, resolve)
    assert blind.checked("hooks.example", 443, plain=False) == ["8.8.8.8"]
    assert asked == ["hooks.example"]


def test_of_several_addresses_only_those_allowed_are_tried(receiver: Receiver):
    port = receiver.url.split(":")[2].split("/")[0]
    reach = Reach(LOOPBACK, 5, at(["169.254.169.254", "127.0.0.2", "127.0.0.1"]))
    [answer] = post(reach, f"http://hooks.example:{port}/hook")
    assert (answer.status, len(receiver.got)) == (200, 1)


def test_the_certificate_must_be_the_hosts_own_though_the_address_is_given():
    trust = ssl.create_default_context(cafile=str(PEM))
    answer = say(b"HTTP/1.1 204 No Content\r\n\r\n")
    with listening(answer, tls=True) as (port, _):
        good = Reach(LOOPBACK, 5, at(["127.0.0.1"]), trust)
        assert post(good, f"https://hooks.example:{port}/")[0].status == 204
        [other] = post(good, f"https://other.example:{port}/")
        assert (other.status, other.error) == (None, "tls")
        assert "other.example" in other.said
        [unknown] = post(Reach(LOOPBACK, 5, at(["127.0.0.1"])), f"https://hooks.example:{port}/")
        assert (unknown.status, unknown.error) == (None, "tls")


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(lambda connection: hear(connection) or time.sleep(2), id="silence"),
        pytest.param(lambda connection: drip(connection, b""), id="a status line that never ends"),
        pytest.param(lambda connection: drip(connection, b"HTTP/1.1 200 OK\r\nX: "), id="headers that never end"),
        pytest.param(lambda connection: drip(connection, b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="only continue"),
    ],
)
def test_an_attempt_is_over_in_its_time_however_slowly_the_answer_drips(serve: Callable[[socket.socket], None]):
    with listening(serve) as (port, _):
        [answer] = post(Reach(LOOPBACK, 1), f"http://127.0.0.1:{port}/")
        assert (answer.status, answer.error) == (None, "timeout"), answer
        assert answer.duration_ms >= 1000


def drip(connection: socket.socket, start: bytes, drop: bytes = b"x") -> None:
    hear(connection)
    connection.sendall(start)
    for _ in range(100):
        connection.sendall(drop)
        time.sleep(0.1)


def test_an_answer_that_never_ends_is_read_only_so_far():
    sent = [0]

    def serve(connection: socket.socket) -> None:
        hear(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent[0] += connection.send(b"y" * 65536)

    with listening(serve) as (port, _):
        [answer] = post(Reach(LOOPBACK, 5), f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.said) == (200, "y" * 1024)
    assert sent[0] < 50_000_000


def test_a_body_that_breaks_off_after_a_good_status_is_no_failure():
    with listening(say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")) as (port, _):
        assert post(Reach(LOOPBACK, 5), f"http://127.0.0.1:{port}/")[0].status == 200


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "protocol"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 200_000, "protocol"),
    ],
)
def test_what_is_no_answer_is_told_as_such(text: bytes, error: str):
    with listening(say(text)) as (port, _):
        [answer] = post(Reach(LOOPBACK, 5), f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.error) == (None, error), answer


def test_nobody_there_and_no_such_name():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert post(Reach(LOOPBACK, 5), f"http://127.0.0.1:{port}/")[0].error == "unreachable"

    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert post(Reach(LOOPBACK, 5, unknown), "https://nowhere.example/")[0].error == "unknown"
    assert post(Reach(LOOPBACK, 5), f"https://{'a' * 70}.example/")[0].error == "unknown"


def test_one_connection_carries_many_attempts():
    def serve(connection: socket.socket) -> None:
        while True:
            hear(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with listening(serve) as (port, taken):
        answers = post(Reach(LOOPBACK, 5), f"http://127.0.0.1:{port}/", times=5)
        assert [one.status for one in answers] == [200] * 5
        assert len(taken) == 1
