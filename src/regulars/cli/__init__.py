"""The command line: every command parses, opens the App, calls a verb, and prints.

The invariant: what went wrong is one line on standard error and an exit code a script can rely on; with `--json`,
standard output holds nothing but JSON.

    regulars serve                        # the console and the API
    regulars import orders orders.csv     # a shop's export
    regulars operators list --json        # for programs
"""

import signal
import sys
from types import FrameType

import typer

from regulars import __version__
from regulars.cli import (
    _analyze,
    _campaigns,
    _coupons,
    _db,
    _demo,
    _economics,
    _import,
    _import_points,
    _jobs,
    _keys,
    _ledger,
    _measures,
    _members,
    _operators,
    _programme,
    _rewards,
    _serve,
    _tiers,
    _webhooks,
)
from regulars.cli._logs import configure_logs
from regulars.errors import RegularsError

__all__ = ["EXIT_CODES", "app", "main"]

EXIT_CODES = {"error": 1, "invalid": 2, "conflict": 3, "not_found": 4, "forbidden": 5}
"""What each kind of error ends the program with. A command line that cannot be read is invalid, too."""

app = typer.Typer(
    name="regulars",
    help="Customer loyalty for an online shop: measure it, reward it, care for it, prove what worked.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(_demo.run)
app.command("analyze")(_analyze.run)
app.command("serve")(_serve.run)
app.command("measures")(_measures.run)
app.command("tiers")(_tiers.run)
_import.app.command("points")(_import_points.run)
app.add_typer(_import.app, name="import")
app.add_typer(_members.app, name="members")
app.add_typer(_operators.app, name="operators")
app.add_typer(_keys.app, name="keys")
app.add_typer(_programme.app, name="programme")
app.add_typer(_ledger.app, name="ledger")
app.add_typer(_economics.app, name="economics")
app.add_typer(_jobs.app, name="jobs")
app.add_typer(_coupons.app, name="coupons")
app.add_typer(_campaigns.app, name="campaigns")
app.add_typer(_rewards.app, name="rewards")
app.add_typer(_webhooks.app, name="webhooks")
app.add_typer(_db.app, name="db")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"regulars {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Print the version."),
) -> None:
    """Settings come from the environment: see docs/reference/settings.md."""


def main() -> None:
    """Run the command line given; the entry point of the `regulars` script."""
    signal.signal(signal.SIGTERM, _end)
    configure_logs()
    try:
        app()
    except RegularsError as error:
        typer.secho(f"regulars: {error}", err=True, fg=typer.colors.RED)
        sys.exit(EXIT_CODES[error.kind])


def _end(_signal: int, _frame: FrameType | None) -> None:
    """Leave by the ordinary way, so that the embedded server is stopped."""
    sys.exit(128 + signal.SIGTERM)
