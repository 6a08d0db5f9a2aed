"""`regulars economics value|liability|cohorts|show|close|reopen|periods|export|accounts`."""

from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.cli._statements import told
from regulars.insight import economics
from regulars.ledger import periods
from regulars.ledger.periods import Books, Closing, PointValue, month_of
from regulars.storage import Transaction

app = typer.Typer(help="What points are worth, and the months of their books.", no_args_is_help=True)

Period = Annotated[str, typer.Argument(help="A month, in UTC: 2026-10.", show_default=False)]
PointType = Annotated[str, typer.Option(help="Which kind of points.")]
BY = "command line"


class Method(StrEnum):
    """How breakage is estimated."""

    CHAIN_LADDER = "chain_ladder"
    BETA_GEOMETRIC = "beta_geometric"
    NO_BREAKAGE = "no_breakage"


class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    JSONL = "jsonl"


@app.callback()
def _group() -> None:
    """What points are worth, and the months of their books."""


@app.command("value")
def value(
    effective_from: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in UTC.", show_default="today"),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="An ISO 4217 code; without it the values are listed.")] = None,
    minor_per_million: Annotated[
        int | None, typer.Option(help="Minor units for a million points.", show_default="what members got for them")
    ] = None,
    method: Annotated[Method, typer.Option(help="How breakage is estimated.")] = Method.CHAIN_LADDER,
    note: Annotated[str, typer.Option(help="Where the value is from.")] = "",
    point_type: PointType = "points",
    as_json: AsJson = False,
) -> None:
    """Say what points are worth from a day on, or list what they are worth."""
    with open_app() as opened, opened.database.transaction() as tx:
        if currency is not None:
            now = opened.clock()
            worth = minor_per_million or economics.redemption_value(tx, point_type, currency, at=now)
            basis = "by_hand" if minor_per_million else "redemption"
            day = effective_from.date() if effective_from else now.date()
            given = PointValue(point_type, day, currency, worth, basis, method.value, note, now, BY)
            periods.set_value(tx, given, at=now)
        rows = [asdict(one) for one in periods.values(tx, point_type)]
    show(rows, as_json=as_json, nothing=f"Nobody has said what {point_type} are worth.")


@app.command("liability")
def liability(point_type: PointType = "points", as_json: AsJson = False) -> None:
    """Show what the points that members have are worth now, less what is expected never to be redeemed."""
    with open_app() as opened:
        now = opened.clock()
        found = told(opened.read_past(lambda tx: economics.valued(tx, point_type, at=now)))
    row = {
        "outstanding": found.outstanding,
        "expected": round(found.expected),
        "error": round(found.error),
        "currency": found.value.currency,
        "full_minor": found.full_minor,
        "fair_minor": found.fair_minor,
        "breakage_minor": found.breakage_minor,
        "method_used": found.estimate.method,
        "reason": found.estimate.reason,
        "deviation": found.back_test and found.back_test.deviation,
    }
    show([row], as_json=as_json)


@app.command("cohorts")
def cohorts(point_type: PointType = "points", as_json: AsJson = False) -> None:
    """Show the points of each month: redeemed, expired, there, and how many of those will be redeemed."""
    with open_app() as opened:
        now = opened.clock()
        found = told(opened.read_past(lambda tx: economics.valued(tx, point_type, at=now)))
    rows = [
        asdict(one) | {"month": f"{month_of(one.month):%Y-%m}", "chance": round(one.chance, 4)}
        for one in found.estimate.cohorts
    ]
    show(rows, as_json=as_json, nothing="No points yet.")


@app.command("show")
def show_period(period: Period, point_type: PointType = "points", as_json: AsJson = False) -> None:
    """Show a month's roll-forward: as it was closed, or as it would be now."""
    month = periods.read_period(period)
    with open_app() as opened:
        books, closed = told(opened.read_past(lambda tx: economics.read_books(tx, month, point_type)))
    show(_moves(books), as_json=as_json)
    if not as_json:
        typer.echo(f"Closed by {closed.closed_by}." if closed else "Open: this is what it would be closed with.")


def _moves(books: Books) -> list[dict[str, object]]:
    rolled = asdict(books.rolled)
    names = ("opening", "issued", "adjusted", "redeemed", "expired", "reestimated", "closing")
    return [
        {
            "move": name,
            "points": rolled.get(f"{name}_points", 0),
            "minor": rolled[f"{name}_minor"],
            "currency": books.currency,
        }
        for name in names
    ]


@app.command("close")
def close(period: Period, point_type: PointType = "points", as_json: AsJson = False) -> None:
    """Close a month: what is posted later belongs to the next one, whenever it happened."""
    month = periods.read_period(period)
    with open_app() as opened, opened.database.transaction() as tx:
        done = economics.close(tx, month, point_type, by=BY, at=opened.clock())
    _tell(done, as_json, f"{period} of {point_type} is closed")


@app.command("reopen")
def reopen(
    period: Period,
    because: Annotated[str, typer.Option(help="Why; it is kept.", show_default=False)],
    point_type: PointType = "points",
    as_json: AsJson = False,
) -> None:
    """Open the last closed month again. Its journal is turned round, and it is closed anew."""
    month = periods.read_period(period)
    with open_app() as opened, opened.database.transaction() as tx:
        done = periods.reopen(tx, point_type, month, by=BY, because=because, at=opened.clock())
    _tell(done, as_json, f"{period} of {point_type} is open again")


def _tell(one: Closing, as_json: bool, sentence: str) -> None:
    rolled, money = one.books.rolled, one.books.currency
    show_one(
        {"point_type": one.point_type, "period": f"{one.period:%Y-%m}", "closing": one.closing, **asdict(rolled)},
        f"{sentence}: {rolled.closing_points} points, {rolled.closing_minor} {money} in minor units.",
        as_json=as_json,
    )


@app.command("periods")
def list_periods(point_type: PointType = "points", as_json: AsJson = False) -> None:
    """List the months that were closed, the latest first; those opened again, too."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        found = periods.closings(tx, point_type, standing=False)
    show([_row(one) for one in found], as_json=as_json, nothing="No month was closed yet.")


def _row(one: Closing) -> dict[str, object]:
    return {
        "period": f"{one.period:%Y-%m}",
        "closing": one.closing,
        "closed_at": one.closed_at,
        "closed_by": one.closed_by,
        "points": one.books.rolled.closing_points,
        "minor": one.books.rolled.closing_minor,
        "currency": one.books.currency,
        "reopened_because": one.reopened_because,
    }


@app.command("export")
def export(
    period: Annotated[str | None, typer.Argument(help="Only this month's.", show_default="all")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="A file.", show_default="standard output")] = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="For a spreadsheet, or a JSON object a line.")
    ] = Format.CSV,
    point_type: PointType = "points",
) -> None:
    """Write the journal of closed months. The same months give the same numbers, however often."""
    month: date | None = None if period is None else periods.read_period(period)

    def work(tx: Transaction) -> list[economics.JournalLine]:
        return economics.journal(periods.closings(tx, point_type, period=month, standing=False))

    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        lines = work(tx)
    as_csv = file_format is Format.CSV
    text = (
        economics.journal_csv(lines) if as_csv else "".join(f"{msgspec.json.encode(one).decode()}\n" for one in lines)
    )
    if to is None:
        typer.echo(text, nl=False)
        return
    to.write_text(text, "utf-8")
    typer.echo(f"{len(lines)} lines are in {to}.", err=True)


@app.command("accounts")
def accounts(
    named: Annotated[
        list[str] | None, typer.Argument(help="As liability=2150; what they are otherwise.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Name the accounts of your own books that journals say, or list them."""
    pairs: Any = {purpose: account for purpose, _, account in (one.partition("=") for one in named or [])}
    unknown = sorted(pairs.keys() - set(periods.PURPOSES))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(periods.PURPOSES)}")
    with open_app() as opened, opened.database.transaction() as tx:
        found = periods.name_accounts(tx, pairs, by=BY, at=opened.clock())
    show([{"for": purpose, "account": account} for purpose, account in found.items()], as_json=as_json)
