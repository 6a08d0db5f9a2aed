"""Two servers for `ledger.py`, one process each, and a client that costs little: requests prepared, answers counted.

python benchmarks/_ledger_http.py regulars URL PORT     # ours, as `regulars serve` serves it
python benchmarks/_ledger_http.py usual URL PORT        # FastAPI and SQLAlchemy, a transaction per request
"""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from _ledger_peers import EXPIRY, now

from regulars.app import App
from regulars.asgi import create_asgi
from regulars.cli._logs import configure_logs
from regulars.settings import Settings
from regulars.storage import Database
from regulars.types import to_public


@contextmanager
def serving(which: str, url: str, port: int) -> Generator[int]:
    """A server in a process of its own; its process number."""
    command = [sys.executable, str(Path(__file__).with_name(f"_ledger_{which}.py")), url, str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while not _answers(port):
                assert process.poll() is None, f"{which} ended"
                assert time.monotonic() < deadline, f"{which} does not answer"
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live").status_code > 0
    except httpx.TransportError:
        return False


class _Connection(asyncio.Protocol):
    """One connection, one request at a time; reads of an answer its status and its length, and throws the rest away."""

    def __init__(self) -> None:
        self.buffer = b""
        self.waiter: asyncio.Future[int] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self.buffer.lower().find(b"content-length:", 0, head)
        length = int(self.buffer[at + 15 : self.buffer.find(b"\r\n", at)])
        if len(self.buffer) >= head + 4 + length and self.waiter is not None:
            status, self.buffer = int(self.buffer[9:12]), b""
            self.waiter.set_result(status)

    async def ask(self, request: bytes) -> int:
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.waiter


def request(path: str, token: str, body: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def singles(which: str, token: str, members: int, run: str) -> Any:
    """Requests for one posting each, four earns to a spend."""

    def make(chance: random.Random, number: int, count: int) -> tuple[bytes, int]:
        member, spending = chance.randrange(members), chance.random() < 0.2
        what, reference, amount = "spends" if spending else "earns", f"{run}-{number}-{count}", 1 + count % 50
        until = "" if spending else f', "expires_at": "{EXPIRY.isoformat()}"'
        body = f'{{"amount": {amount}, "reference": "{reference}"{until}}}'
        ours = f"/v1/members/{to_public('mem', member)}/points/{what}"
        return request(ours if which == "regulars" else f"/members/{member}/{what}", token, body), 1

    return make


def batches(token: str, members: int, run: str, size: int) -> Any:
    """Requests for many postings each."""

    def make(chance: random.Random, number: int, count: int) -> tuple[bytes, int]:
        items = []
        for n in range(size):
            spending, member = chance.random() < 0.2, to_public("mem", chance.randrange(members))
            kind = "spend" if spending else "earn"
            until = "" if spending else f', "expires_at": "{EXPIRY.isoformat()}"'
            items.append(
                f'{{"kind": "{kind}", "member": "{member}", "amount": {1 + n % 50}, "reference": "{run}-{number}-{count}-{n}"{until}}}'
            )
        return request("/v1/postings", token, f'{{"postings": [{", ".join(items)}]}}'), size

    return make


async def load(port: int, make: Any, *, clients: int, seconds: float) -> float:
    """Postings answered per second."""
    loop, done = asyncio.get_running_loop(), 0
    begin = time.perf_counter()
    end = begin + seconds

    async def client(number: int) -> None:
        nonlocal done
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
        chance, count = random.Random(f"{begin}-{number}"), 0
        while time.perf_counter() < end:
            count += 1
            asked, size = make(chance, number, count)
            status = await connection.ask(asked)
            assert status in {200, 201}, status
            done += size
        connection.transport.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return done / (time.perf_counter() - begin)


if __name__ == "__main__":
    configure_logs()  # every request leaves its line, as it does in an installation
    app = App(Settings(requests_per_minute=10**7, lane_queue=10_000), Database(sys.argv[1]), now)
    uvicorn.run(create_asgi(app), port=int(sys.argv[2]), log_level="warning", access_log=False, server_header=False)
