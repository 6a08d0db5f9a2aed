"""`regulars serve`: the console, the API and the jobs in one process."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Generator
from dataclasses import replace
from types import FrameType
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from regulars import access, jobs, settings
from regulars.app import App
from regulars.cli._app import open_app
from regulars.errors import Conflict

err = Console(stderr=True, highlight=False, soft_wrap=True)
_GRACE_SECONDS = 5


class PortTaken(Conflict):
    """Cannot listen on {host} port {port} ({reason}): choose another with --host and --port."""


def run(
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="The port to listen on.", min=0, max=65535, show_default="8787")
    ] = None,
) -> None:
    """Serve the console and the API, and do what falls due. Ctrl-C stops everything.

    Without REGULARS_DATABASE_URL the data is in an embedded PostgreSQL, which runs as long as this does.
    """
    configured = settings.from_environment()
    own = replace(configured, host=host or configured.host, port=configured.port if port is None else port)
    with open_app(own) as app:
        _say_how_to_sign_in(app)
        serve_app(app)


def serve_app(app: App) -> None:
    """Serve until Ctrl-C or SIGTERM, with the jobs beside; returns when all of it has ended.

    Raises:
        PortTaken: somebody else listens there.
    """
    with _listening(app.settings) as listener, _jobs_beside(app):
        from regulars.asgi import create_asgi  # noqa: PLC0415 - the web framework takes as long to load as all the rest

        config = uvicorn.Config(
            create_asgi(app), log_level="warning", access_log=False, server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )  # fmt: skip
        err.print(f"Regulars is at {_address(app.settings, listener)} (Ctrl-C stops it)")
        _serve(uvicorn.Server(config), listener)
    err.print("Stopped.")


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Run the server. Being told to end is its normal end, also before it is up, and so is no error."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _listening(configured: settings.Settings) -> Generator[socket.socket]:
    """The port, taken before anything else is begun, so that a port in use is noticed first."""
    family = socket.AF_INET6 if ":" in configured.host else socket.AF_INET
    try:
        listener = socket.create_server((configured.host, configured.port), family=family, backlog=2048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise PortTaken(host=configured.host, port=configured.port, reason=reason) from error
    with listener:
        yield listener


@contextlib.contextmanager
def _jobs_beside(app: App) -> Generator[None]:
    """The jobs, in a thread that ends with the block, between two pieces of work."""
    stop = threading.Event()
    worker = threading.Thread(target=jobs.run, args=(app,), kwargs={"stop": stop}, name="jobs", daemon=True)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def _address(configured: settings.Settings, listener: socket.socket) -> str:
    host = f"[{configured.host}]" if ":" in configured.host else configured.host
    return configured.public_url or f"http://{host}:{listener.getsockname()[1]}"


def _say_how_to_sign_in(app: App) -> None:
    with app.database.transaction(read_only=True) as tx:
        anybody = access.operators(tx, limit=1)
    if not anybody:
        err.print(
            "Nobody can sign in yet. In another terminal: regulars operators add you@shop.example --name You --role owner"
        )
