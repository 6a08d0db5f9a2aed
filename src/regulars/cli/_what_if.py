"""`regulars programme what-if`: what the orders of the last months would have brought under a file."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from regulars.app import App
from regulars.cli._app import open_app, show
from regulars.errors import Invalid
from regulars.insight import what_if
from regulars.insight.what_if import Report, WhatIf
from regulars.programme import Programme
from regulars.types import to_public

BY = "command line"
Months = Annotated[
    int,
    typer.Option("--months", min=1, max=what_if.MOST_MONTHS, help="Of the orders of how many months back it tells."),
]
Thousand = Annotated[
    int | None,
    typer.Option(
        "--thousand-minor",
        min=0,
        max=what_if.MOST_MINOR,
        help="What a thousand points are worth, in minor units; left out: what cash off gives for them.",
    ),
]
By = Annotated[str, typer.Option("--by", help="Who asks.")]


class NoReport(Invalid):
    """What-if {what_if} is {state}: ask again."""


def tell(wanted: Programme, *, months: int, thousand_minor: int | None, by: str, as_json: bool) -> None:
    """Replay, with a bar of progress, and print what was found. Interrupted, it is cancelled."""
    with open_app() as opened:
        with opened.database.transaction() as tx:
            asked = what_if.ask(
                tx, wanted, by=by, at=opened.clock(), months=months, thousand_minor=thousand_minor, begun=True
            )
        done = _replayed(opened, asked, by)
    if done.report is None:
        raise NoReport(what_if=to_public("wif", done.what_if_id), state=done.state)
    if as_json:
        about = {"id": to_public("wif", done.what_if_id), "against": done.against, "report": _plain(done.report)}
        typer.echo(json.dumps(about, ensure_ascii=False, default=str))
    else:
        _show(done, done.report)


def _replayed(opened: App, asked: WhatIf, by: str) -> WhatIf:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Replaying", total=100)
        try:
            return what_if.run(
                opened.database, asked.what_if_id, clock=opened.clock,
                on_percent=lambda percent: progress.update(bar, completed=percent),
            )  # fmt: skip
        except BaseException:
            with opened.database.transaction() as tx:
                what_if.cancel(tx, asked.what_if_id, by=by, at=opened.clock())
            raise


def _plain(report: Report) -> dict[str, Any]:
    found = asdict(report)
    for name in ("won_most", "lost_most"):
        for one in found[name]:
            one["member"] = to_public("mem", one.pop("member_id"))
    for shown, one in zip(found["points"], report.points, strict=True):
        for side, points in (("now", one.now), ("draft", one.draft)):
            shown[side] |= {
                "net": points.net,
                "cost_minor": points.cost_minor,
                "liability_minor": points.liability_minor,
            }
    return found


def _show(done: WhatIf, report: Report) -> None:
    typer.echo(
        f"Orders: {report.orders:,}, of so many members: {report.members:,}, from {report.begins:%Y-%m-%d} on, compared with version"
        f" {done.against}: {report.winners:,} win, {report.losers:,} lose."
    )
    sides = [
        (one.point_type, name, side) for one in report.points for name, side in (("now", one.now), ("draft", one.draft))
    ]
    rows = [
        {
            "points": point_type, "programme": name, "earned": side.earned, "taken_back": side.taken_back, "gifts": side.gifts,
            "net": side.net, "cost_minor": side.cost_minor, "owed": side.owed, "liability_minor": side.liability_minor,
        }
        for point_type, name, side in sides
    ]  # fmt: skip
    show(rows, as_json=False, nothing="No points either way.")
    rules = [
        {
            "rule": one.code, "points": one.point_type, "now": one.now and one.now.points, "draft": one.draft and one.draft.points,
            "limited": one.draft and one.draft.limited,
        }
        for one in report.rules
    ]  # fmt: skip
    show(rules, as_json=False, nothing="No rules.")
    show(
        [asdict(move) for move in report.moves if move.was != move.becomes],
        as_json=False,
        nothing="No member ends in another tier.",
    )
