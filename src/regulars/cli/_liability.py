"""`regulars ledger flows|expiring|types|define-type`: what is owed, day by day, and which kinds of points there are."""

from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from regulars import ledger, programme
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.cli._statements import told
from regulars.ledger import desk, liability
from regulars.storage import Transaction

PointType = Annotated[str, typer.Option(help="Which kind of points.")]


class Step(StrEnum):
    """How long a step is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Role(StrEnum):
    """What a kind of points is for."""

    REDEEMABLE = "redeemable"
    QUALIFYING = "qualifying"
    UNIT = "unit"


def flows(
    since: Annotated[
        datetime | None, typer.Option("--from", help="A day in the first step, in UTC.", show_default="30 days ago")
    ] = None,
    step: Annotated[Step, typer.Option(help="How long a step is.")] = Step.DAY,
    point_type: PointType = "points",
    as_json: AsJson = False,
) -> None:
    """Show what was issued, spent, expired and taken back in each step, and what was owed after it."""
    with open_app() as opened:
        today = opened.clock().astimezone(UTC).date()
        first = since.date() if since else today - timedelta(days=29)
        until = datetime.combine(today + timedelta(days=1), time(), UTC)

        def work(tx: Transaction) -> list[liability.Flow]:
            return liability.flows(tx, since=first, until=until, step=step.value, point_type=point_type)

        found = told(opened.read_past(work))
    show([asdict(one) for one in found], as_json=as_json, nothing="No points yet.")


def expiring(
    by_day: Annotated[bool, typer.Option("--by-day", help="By day instead of by month.")] = False,
    members: Annotated[bool, typer.Option("--members", help="Whose they are, those that go first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="With --members: how many lots.")] = 1000,
    point_type: PointType = "points",
    as_json: AsJson = False,
) -> None:
    """Show how many open points can be used last in which month of the programme's time zone, or whose go first."""
    with open_app() as opened:
        now = opened.clock()

        def lots(tx: Transaction) -> list[dict[str, object]]:
            found = liability.expiring_lots(tx, since=now, point_type=point_type, limit=limit)
            return [
                {"owner": ledger.owner_name(one.owner), "expires_at": one.expires_at, "points": one.points}
                for one in found
            ]

        def periods(tx: Transaction) -> list[dict[str, object]]:
            zone, step = programme.time_zone(tx, at=now), "day" if by_day else "month"
            found = liability.expiring(tx, at=now, time_zone=zone, point_type=point_type, step=step)
            return [{"last": one.month and one.month.isoformat(), "points": one.points} for one in found]

        rows = told(opened.read_past(lots if members else periods))
    show(rows, as_json=as_json, nothing="Nobody has points to spend.")


def types(as_json: AsJson = False) -> None:
    """List the kinds of points that were defined; others are redeemable and whole."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        rows = [asdict(one) for one in desk.point_types(tx)]
    show(rows, as_json=as_json, nothing="No kinds of points were defined: all are redeemable and whole.")


def define_type(
    code: Annotated[str, typer.Argument(help="At most 32 of a to z, 0 to 9 and _: stars.", show_default=False)],
    role: Annotated[
        Role, typer.Option(help="Redeemable; qualifying: counted and never spent; a unit of the shop's own.")
    ] = Role.REDEEMABLE,
    decimals: Annotated[int, typer.Option(min=0, max=6, help="Amounts are whole numbers of 10^-decimals.")] = 0,
    name_en: Annotated[str | None, typer.Option(help="What staff read in English.", show_default="the code")] = None,
    name_zh: Annotated[str | None, typer.Option(help="What staff read in Chinese.", show_default="the code")] = None,
    as_json: AsJson = False,
) -> None:
    """Define a kind of points. The same again changes only its names; another definition is refused."""
    with open_app() as opened, opened.database.transaction() as tx:
        one = desk.define_point_type(
            tx, code, role=role.value, decimals=decimals, name_en=name_en, name_zh=name_zh, at=opened.clock()
        )
    show_one(asdict(one), f"{code} is {one.role}, with {one.decimals} decimals.", as_json=as_json)
