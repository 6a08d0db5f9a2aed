"""`regulars demo`: a real shop's year, in under a minute."""

import contextlib
import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel

from regulars import access, commerce, demo, insight, jobs, settings, storage
from regulars.app import App
from regulars.cli._import import progress_bar
from regulars.cli._serve import serve_app
from regulars.commerce import connectors as files
from regulars.ledger import proof
from regulars.storage import erase_embedded_server

err = Console(stderr=True)
EMAIL = demo.OWNER


@dataclass(frozen=True, slots=True)
class Prepared:
    """The demonstration shop's own figures, over all of its orders. Money in minor units."""

    order_lines_read: int
    members: int
    orders: int
    revenue_minor: int
    net_revenue_minor: int
    currency: str
    repurchase_rate: float
    tiers: dict[str, int]
    seconds: float


def run(
    port: Annotated[
        int | None, typer.Option(help="The port of the console and the API.", min=0, max=65535, show_default="8787")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the demonstration's data and start over.")] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Do everything but serve, and print one JSON object.")
    ] = False,
) -> None:
    """Start a demonstration shop on a real year of orders: 541,909 invoice lines of a British gift shop.

    Data is kept, in a server of its own, so that a second run starts in seconds.
    """
    started = time.monotonic()
    configured = settings.from_environment()
    own = replace(
        configured,
        database_url=None,
        data_dir=configured.data_dir / "demo",
        port=configured.port if port is None else port,
    )
    if fresh:
        erase_embedded_server(own.data_dir)
    err.print("[bold]Regulars[/bold] demonstration · UCI Online Retail (Chen 2015, CC BY 4.0)")
    with _open(own) as app:
        prepared = _prepare(app, started)
        if prepare:
            typer.echo(json.dumps({name: getattr(prepared, name) for name in Prepared.__dataclass_fields__}))
            return
        password = _sign_in(app, own.data_dir)
        err.print(Panel(_welcome(prepared, own, password), expand=False))
        serve_app(app)


@contextmanager
def _open(own: settings.Settings) -> Generator[App]:
    """The demonstration's App: its own database, and a clock that starts where the data ends."""
    began = time.monotonic()

    def clock() -> datetime:
        return demo.NOW + timedelta(seconds=time.monotonic() - began)

    with contextlib.ExitStack() as opened:
        with err.status("Starting PostgreSQL …"):
            database = opened.enter_context(storage.open_database(own))
            storage.migrate(database.url)
        yield App(own, database, clock, demo=True)


def _prepare(app: App, started: float) -> Prepared:
    """Import the year unless it is there, and compute its figures."""
    with app.database.transaction() as tx:
        shop = demo.open_shop(tx, at=app.clock())
        done = [one for one in commerce.list_imports(tx) if one.finished_at]
    read = done[0].report["rows_read"] if done else _import(app, shop)
    _furnish(app)
    with app.database.transaction() as tx:
        return _figures(app, tx, read, started)


def _import(app: App, shop: commerce.Shop) -> int:
    with demo.export() as path, progress_bar(quiet=False) as bar:
        reading = bar.add_task("Reading the year's orders", total=None)
        source = files.read_file(path, demo.PROFILE, shop)
        bar.update(reading, description="Recording orders, points and tiers", total=source.total_chunks, completed=0)
        try:
            jobs.import_file(
                app, shop, source, on_chunk=lambda running: bar.update(reading, completed=running.chunks_done)
            )
        finally:
            source.close()
        return source.rows_read


def _furnish(app: App) -> None:
    """Have the staff decide something about points, and the ledger gone through once, unless that was done."""
    with app.database.transaction() as tx:
        if not demo.decide(tx, at=app.clock()):
            return
    finished = None
    while finished is None:
        with app.database.transaction() as tx:
            done = proof.reconcile(tx, at=app.clock())
        finished = done and done.finished_at


def _figures(app: App, tx: storage.Transaction, read: int, started: float) -> Prepared:
    whole = insight.Scope(date(2010, 12, 1), demo.NOW.date())
    frame = app.frames.read(app.database)
    values = {figure.measure.name: figure.value for figure in insight.figures(frame, whole)}
    distribution = insight.distribution(tx)
    return Prepared(
        order_lines_read=read,
        members=sum(share.members for share in distribution.tiers),
        orders=int(values["orders"] or 0),
        revenue_minor=int(values["revenue"] or 0),
        net_revenue_minor=int(values["net_revenue"] or 0),
        currency=demo.CURRENCY,
        repurchase_rate=round(float(values["repurchase_rate"] or 0), 6),
        tiers={share.name: share.members for share in distribution.tiers},
        seconds=round(time.monotonic() - started, 2),
    )


def _sign_in(app: App, data_dir: Path) -> str:
    """The demonstration operator's password: made once, kept where only the owner of the data folder can read it."""
    kept = data_dir / "sign-in.json"
    with app.database.transaction() as tx:
        known = [operator.operator_id for operator in access.operators(tx) if operator.email == EMAIL]
        if known and kept.is_file():
            return json.loads(kept.read_text())["password"]
        password = access.new_password()
        if known:
            access.change_password(tx, known[0], password, at=app.clock())
        else:
            access.add_operator(
                tx, email=EMAIL, name="Demo owner", role=access.Role.OWNER, password=password, at=app.clock()
            )
    kept.touch(mode=0o600)
    kept.write_text(json.dumps({"email": EMAIL, "password": password}))
    return password


def _welcome(prepared: Prepared, own: settings.Settings, password: str) -> str:
    money = f"{prepared.currency} {prepared.revenue_minor / 100:,.2f}"
    return (
        f"{prepared.members:,} members · {prepared.orders:,} orders · {money} · ready in {prepared.seconds:.1f} s\n\n"
        f"Open      http://{own.host}:{own.port}\nE-mail    {EMAIL}\nPassword  {password}\n\nCtrl-C stops everything."
    )
