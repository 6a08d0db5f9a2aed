"""`regulars measures`."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, Literal

import typer
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from regulars import commerce, insight
from regulars.app import App
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.insight import Figure, Frame, Measure, Point, Scope

_A_DAY: Final = timedelta(days=1)
_A_YEAR: Final = timedelta(days=365)
_ISO: Final = ["%Y-%m-%d"]


def run(
    name: Annotated[
        str | None, typer.Argument(help="One of them: what it counts, and its course.", show_default="all")
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=_ISO, help="The first day.", show_default="a year before the last"),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=_ISO, help="The last day, included.", show_default="the last with a purchase"),
    ] = None,
    shop: Annotated[str | None, typer.Option(help="The code of one shop.", show_default="all shops")] = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Of titles and sentences.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Show what the orders say about the members: every measure, or one of them and its course."""
    if name is not None:
        insight.measure(name)
    with open_app() as opened:
        frame = opened.frames.read(opened.database)
        scope = frame.priced(_scope(opened, frame, first, last, shop))
        if name is None:
            show([_row(each, scope, language, as_json) for each in insight.figures(frame, scope)], as_json=as_json)
        else:
            _show_course(insight.figure(frame, name, scope), scope, language, as_json)


def _scope(opened: App, frame: Frame, first: datetime | None, last: datetime | None, shop: str | None) -> Scope:
    with opened.database.transaction(read_only=True) as tx:
        shop_id = None if shop is None else commerce.shop_by_code(tx, shop).shop_id
        newest = frame.last_day or commerce.today(tx, at=opened.clock())
    end = (newest if last is None else last.date()) + _A_DAY
    return Scope(end - _A_YEAR if first is None else first.date(), end, shop_id)


def _row(figure: Figure, scope: Scope, language: str, as_json: bool) -> dict[str, object]:
    measure = figure.measure
    if as_json:
        return _document(figure, scope, language)
    return {
        "measure": measure.name,
        "title": measure.title.in_(language),
        _days(figure.now): _written(measure, figure.now, scope),
        "before": "" if figure.previous is None else _written(measure, figure.previous, scope),
        "change": "" if figure.change is None else format_percent(figure.change, "+0.0 %;-0.0 %", locale="en"),
    }


def _document(figure: Figure, scope: Scope, language: str) -> dict[str, object]:
    return {
        "measure": figure.measure.name,
        "title": figure.measure.title.in_(language),
        "sentence": figure.measure.sentence.in_(language),
        "unit": figure.measure.unit,
        "currency": scope.currency if figure.measure.unit == "money" else None,
        "start": figure.now.start.isoformat(),
        "end": figure.now.end.isoformat(),
        "value": figure.value,
        "previous": None if figure.previous is None else figure.previous.value,
        "change": figure.change,
    }


def _show_course(figure: Figure, scope: Scope, language: str, as_json: bool) -> None:
    measure = figure.measure
    series = [
        {"start": each.start.isoformat(), "end": each.end.isoformat(), "value": each.value} for each in figure.series
    ]
    sentence = (
        f"{measure.title.in_(language)}: {_written(measure, figure.now, scope)}\n{measure.sentence.in_(language)}"
    )
    show_one(_document(figure, scope, language) | {"series": series}, sentence, as_json=as_json)
    if not as_json:
        title = measure.title.in_(language)
        show([{"days": _days(each), title: _written(measure, each, scope)} for each in figure.series], as_json=False)


def _days(point: Point) -> str:
    last: date = point.end - _A_DAY
    return f"{point.start}" if point.start == last else f"{point.start} to {last}"


def _written(measure: Measure, point: Point, scope: Scope) -> str:
    value = point.value
    if value is None:
        return "-"
    if measure.unit == "money" and scope.currency is not None:
        digits = get_currency_precision(scope.currency)
        return format_currency(Decimal(int(value)).scaleb(-digits), scope.currency, locale="en")
    if measure.unit == "share":
        return format_percent(value, "0.0 %", locale="en")
    return format_decimal(round(value, 2), locale="en")
