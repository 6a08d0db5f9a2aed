"""Somebody who receives webhooks: a real server on loopback, with a verifier of its own."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

from make import SECRET_KEY
from regulars.settings import Settings

LOOPBACK = (ip_network("127.0.0.0/8"),)


def settings(**more: Any) -> Settings:
    """Settings under which webhooks may be sent to this machine."""
    return Settings(webhook_networks=("127.0.0.0/8",), **({"secret_key": SECRET_KEY} | more))


@dataclass(frozen=True)
class Got:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def type(self) -> str:
        return self.json["type"]


Reply = int | tuple[int, Mapping[str, str], bytes]


@dataclass
class Receiver:
    """What arrived, in order, and how the next ones are answered."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], Reply] = lambda _: 200
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self) -> list[Got]:
        """What has arrived since this was asked last."""
        with self.arrived:
            taken, self.got[:] = list(self.got), []
        return taken

    def wait(self, count: int, seconds: float = 60) -> list[Got]:
        """Wait until so many have arrived in all."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, seconds), f"{len(self.got)} of {count} arrived"
            return list(self.got)

    def numbers(self) -> list[int]:
        """The number `n` in the data of each that arrived."""
        return [one.json["data"]["n"] for one in self.got]


@contextmanager
def receiving() -> Generator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, raw)
            with receiver.arrived:
                receiver.got.append(got)
                receiver.arrived.notify_all()
            reply = receiver.answer(got)
            status, headers, body = reply if isinstance(reply, tuple) else (reply, {}, b"")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in {name.lower() for name in headers}:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 100

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def verifies(got: Got, secret: str) -> bool:
    """Standard Webhooks, as the specification says it and without any of our own code."""
    key = base64.b64decode(secret.split("_", 1)[1])
    signed = b".".join([got.id.encode(), got.headers["webhook-timestamp"].encode(), got.raw])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [one.split(",", 1) for one in got.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(text, expected) for version, text in given)
