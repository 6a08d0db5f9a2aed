"""`regulars analyze`: a report from an export, without a server or a database."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from regulars.commerce.connectors import BadProfile
from regulars.errors import Invalid
from regulars.insight.exports import Column, DateOrder, read_export
from regulars.insight.report import Findings, findings

TheFile = Annotated[
    Path, typer.Argument(help="An export of orders: CSV with any delimiter and encoding, Parquet or Excel.")
]
More = Annotated[
    list[str] | None, typer.Argument(metavar="[FIELD=COLUMN]...", help="More of --map.", show_default=False)
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", help="field=column, repeatable: customer, date, amount, order, quantity, price, …"),
]
Html = Annotated[
    Path | None,
    typer.Option("--html", help="Where the report goes.", show_default="beside the file, as NAME.report.html"),
]
JsonFile = Annotated[
    str | None,
    typer.Option("--json", help="Write the figures to this file; - for standard output, and no report unless --html."),
]
Language = Annotated[Literal["en", "zh"], typer.Option(help="Of the report.")]
Delimiter = Annotated[str | None, typer.Option(help="What parts the columns.", show_default="told from the file")]
Encoding = Annotated[str | None, typer.Option(help="For instance gb18030.", show_default="told from the file")]
Point = Annotated[str | None, typer.Option(help="The decimal separator, . or ,", show_default="told from the file")]
Order = Annotated[
    DateOrder | None, typer.Option(help="What comes first in dates of digits.", show_default="told from the file")
]
Form = Annotated[
    str | None, typer.Option(help="How dates are written, as in %d.%m.%Y.", show_default="told from the file")
]
Currency = Annotated[
    str | None, typer.Option(help="The code of the amounts' currency, as EUR.", show_default="told from the file")
]
CalibrateUntil = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Fit the lifetime models up to this day, and hold them against the rest."),
]
TimeUnit = Annotated[Literal["week", "day"], typer.Option(help="Of the models' parameters.")]
Memory = Annotated[str, typer.Option(help="How much memory reading may take before it goes on on disk.")]


class UnwritableReport(Invalid):
    """{field} is {value!r}: {remedy}."""


def run(
    file: TheFile,
    more: More = None,
    columns: Columns = None,
    html: Html = None,
    json_file: JsonFile = None,
    language: Language = "en",
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    decimal: Point = None,
    date_order: Order = None,
    date_format: Form = None,
    currency: Currency = None,
    calibrate_until: CalibrateUntil = None,
    time_unit: TimeUnit = "week",
    memory: Memory = "4GB",
) -> None:
    """Read an export of orders and write a report of what it says about the customers."""
    if decimal not in {None, ".", ","}:
        raise UnwritableReport(field="--decimal", value=decimal, remedy="give . or ,")
    screen = Console(stderr=True)
    with screen.status("Looking at the columns") as status:

        def tell(found: tuple[Column, ...]) -> None:
            _show_columns(screen, found)
            status.update("Reading the rows")

        with read_export(
            file, columns=_mapped([*(columns or []), *(more or [])]), encoding=encoding, delimiter=delimiter, decimal="," if decimal == "," else "." if decimal else None,
            date_order=date_order, date_format=date_format, currency=currency.upper() if currency else None, memory=memory, on_columns=tell,
        ) as export:  # fmt: skip
            status.update("Counting")
            found = findings(
                export, calibrate_until=calibrate_until.date() if calibrate_until else None, unit=time_unit
            )
    _show(screen, found, language)
    if json_file is not None:
        _write_json(found, json_file)
    if html is not None or json_file is None:
        _write_page(screen, found, html or file.with_name(file.name + ".report.html"), language)


def _mapped(pairs: list[str]) -> dict[str, str]:
    """`--map customer=CustomerID date=InvoiceDate`: what follows the first is taken by the argument `more`."""
    found = dict[str, str]()
    for pair in pairs:
        field, sign, header = pair.partition("=")
        if not sign or not header:
            raise BadProfile(field="--map", value=pair, remedy="write field=column, as in --map customer=CustomerID")
        found[field.strip()] = header
    return found


def _show_columns(screen: Console, columns: tuple[Column, ...]) -> None:
    how = {"given": "as you said", "name": "by its name", "content": "by what is in it"}
    for column in columns:
        screen.print(
            f"  {column.field} = {column.header!r}, {how[column.how]}; for instance {column.example!r}",
            highlight=False,
            markup=False,
        )


def _show(screen: Console, found: Findings, language: str) -> None:
    from regulars.cli.report._pages import sentence  # noqa: PLC0415 - a report is wanted only after the file was read

    read = found.data
    lines = [
        f"{read.rows:,} rows from {read.first_day} to {read.last_day}: {read.used:,} used, {read.rows - read.used:,} dropped."
    ]
    lines += [f"  {one.rows:,} dropped: {one.reason.replace('_', ' ')}, as in {one.example!r}" for one in read.drops]
    if read.dates.ambiguous:
        first = "day first" if read.dates.order == "dmy" else "month first"
        lines.append(
            f"Every date reads with the day first and with the month first. They were read {first}; --date-order says otherwise."
        )
    lines.append(
        f"{found.base.customers:,} customers, {found.base.orders:,} orders; {found.base.repurchase.share:.1%} bought again."
    )
    lines += [sentence(advice, read, language) for advice in found.advice]
    for line in lines:
        screen.print(line, highlight=False, markup=False)


def _write_json(found: Findings, target: str) -> None:
    text = json.dumps(document(found), ensure_ascii=False, default=str, allow_nan=False)
    if target == "-":
        typer.echo(text)
        return
    _write(Path(target), text + "\n", "--json")


def document(found: Findings) -> dict[str, Any]:
    """The figures as JSON has them."""
    return asdict(found)


def _write_page(screen: Console, found: Findings, target: Path, language: str) -> None:
    from regulars.cli.report import page  # noqa: PLC0415 - templates are loaded only for who wants the page

    _write(target, page(found, language=language), "--html")
    screen.print(f"The report is {target}", highlight=False, markup=False)


def _write(target: Path, text: str, field: str) -> None:
    try:
        target.write_text(text, "utf-8")
    except OSError as error:
        raise UnwritableReport(
            field=field, value=str(target), remedy=f"name a file that can be written ({error.strerror})"
        ) from error
