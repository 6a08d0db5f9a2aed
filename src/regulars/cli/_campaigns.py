"""`regulars campaigns list|budgets|results|undo`."""

from datetime import date, datetime
from typing import Annotated, Final

import typer

from regulars import programme
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.errors import Invalid
from regulars.programme import budgets, campaigns, undos
from regulars.types import to_public

app = typer.Typer(help="Campaigns, their budgets, and undoing them.", no_args_is_help=True)

BY: Final = "command line"
CampaignArgument = Annotated[str, typer.Argument(help="The campaign, by its code.", show_default=False)]


class BadInstant(Invalid):
    """{field} is {value!r}: {remedy}."""


@app.command("list")
def show_all(
    month: Annotated[str | None, typer.Option(help="A month such as 2026-11: on how many days each is open.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the campaigns of the programme that holds, and on which days of a month they are open."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        now = programme.current(tx, at=opened.clock())
        days = campaigns.month_of(_month(month), opened.clock(), now.time_zone)
        met = campaigns.conflicts(now.campaigns, days[0], days[-1], now.time_zone)
        rows = [_row(one, days, now.time_zone, met) for one in now.campaigns]
    show(rows, as_json=as_json, nothing="There are no campaigns.")


def _month(text: str | None) -> str | None:
    try:
        return text and f"{date.fromisoformat(f'{text}-01'):%Y-%m}"
    except ValueError as error:
        raise BadInstant(field="--month", value=text, remedy="give a month such as 2026-11") from error


def _row(one: campaigns.Campaign, days: list[date], zone: str, met: list[campaigns.Clash]) -> dict[str, object]:
    opened = campaigns.open_days(one, days[0], days[-1], zone)
    return {
        "campaign": one.code,
        "name": one.name_en,
        "kind": one.kind,
        "days": len(opened),
        "first": opened[0].isoformat() if opened else None,
        "budget": one.budget,
        "clashes": [
            each.other if each.one == one.code else each.one for each in met if one.code in {each.one, each.other}
        ],
    }


@app.command("budgets")
def show_budgets(as_json: AsJson = False) -> None:
    """List the budgets of the programme that holds, and what was taken of each in its present period."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        now = programme.current(tx, at=opened.clock())
        found = budgets.spent(tx, now.budgets, zone=now.time_zone, at=opened.clock())
    rows: list[dict[str, object]] = [
        {
            "budget": one.budget.code, "unit": one.budget.unit, "period": one.period, "amount": one.budget.amount,
            "taken": one.taken, "percent": one.percent, "at_end": one.budget.at_end,
        }
        for one in found
    ]  # fmt: skip
    show(rows, as_json=as_json, nothing="There are no budgets.")


@app.command("undo")
def undo(
    campaign: CampaignArgument,
    since: Annotated[str, typer.Option(help="Given from then on: 2026-11-11T14:05+00:00.", show_default=False)],
    until: Annotated[str, typer.Option(help="Given before then.", show_default=False)],
    reason: Annotated[
        str | None, typer.Option(help="Why. Without it, it is only looked at.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at what an undo would take back; with a reason, take it back, or beyond REGULARS_UNDO_LIMIT propose it."""
    begins, ends = _instant("--since", since), _instant("--until", until)
    with open_app() as opened:
        at = opened.clock()
        with opened.database.transaction() as tx:
            campaigns.expect_known(tx, programme.current(tx, at=at).campaigns, campaign)
            if reason is None:
                seen = undos.preview(tx, campaign, at=at, since=begins, until=ends)
                row: dict[str, object] = {
                    "orders": seen.orders,
                    "members": seen.members,
                    "points": seen.points,
                    "debtors": seen.short,
                }
                owing = f"{seen.short:,}" if seen.short == len(seen.debtors) else f"more than {len(seen.debtors)}"
                words = f"{seen.points:,} points of {seen.members:,} members, for {seen.orders:,} orders; {owing} would owe points."
                show_one(row, words, as_json=as_json)
                return
            limit = opened.settings.undo_limit
            one = undos.propose(tx, campaign, reason=reason, by=BY, limit=limit, at=at, since=begins, until=ends)
        while one.state == "running":
            with opened.database.transaction() as tx:
                one = undos.carry_on(tx, one.undo_id, at=at)
    row = {
        "undo": to_public("und", one.undo_id),
        "state": one.state,
        "orders": one.orders_done,
        "points": one.points_done,
    }
    done = f"{one.points_done:,} points for {one.orders_done:,} orders were taken back."
    words = done if one.state == "finished" else f"{one.points:,} points wait for somebody else's decision."
    show_one(row, words, as_json=as_json)


def _instant(field: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInstant(field=field, value=text, remedy="give an instant such as 2026-11-11T14:05+00:00") from error
    if found.tzinfo is None:
        raise BadInstant(field=field, value=text, remedy="say its offset from UTC, such as +00:00")
    return found
