"""`regulars ledger statement|totals`: the accounts, now and as of any instant."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Final, TypeVar

import typer

from regulars import ledger
from regulars.app import App
from regulars.cli._app import AsJson, open_app, show
from regulars.cli._members import find
from regulars.ledger import Entry, Period, past
from regulars.storage import Read, Transaction

Found = TypeVar("Found")
_IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of a statement kept in memory; a longer one goes to a temporary file."""

AsOf = Annotated[
    datetime | None, typer.Option(help="As of this moment in the world, in UTC. [default: now]", show_default=False)
]
KnownAt = Annotated[
    datetime | None,
    typer.Option(help="As known at this moment in the ledger, in UTC. [default: now]", show_default=False),
]


def statement(
    member: Annotated[str, typer.Argument(help="mem_…, or the number a shop knows them by.", show_default=False)],
    since: Annotated[
        datetime | None, typer.Option("--from", help="The first moment of the period, in UTC.", show_default=False)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="The first moment after the period, in UTC.", show_default=False)
    ] = None,
    occurred: Annotated[
        bool, typer.Option("--occurred", help="The period is about when things happened, not when they were posted.")
    ] = False,
    kind: Annotated[list[str] | None, typer.Option(help="Only entries of this kind; may be repeated.")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    point_type: Annotated[str, typer.Option(help="Which kind of points.")] = "points",
    shop: Annotated[
        str | None, typer.Option(help="The code of the shop whose number it is.", show_default="the only one")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on standard output.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines on standard output.")] = False,
) -> None:
    """Print a member's account statement: opening balance, every entry and what it did, closing balance.

    With `--as-of` or `--known-at` also what the member held then.
    """
    with open_app() as opened:
        now = opened.clock()
        moments = [_utc(moment, now) for moment in (since, until, as_of, known_at)]
        period = Period(moments[0], moments[1], "occurred" if occurred else "posted", moments[2], moments[3])

        def work(tx: Transaction) -> IO[str]:
            member_id = find(tx, member, shop).member_id
            if not (as_csv or as_json):
                return _spooled(_printed(tx, member_id, point_type, period, kind or [], now))
            pieces = past.written(
                tx, member_id, as_json=as_json, point_type=point_type, period=period, kinds=kind or []
            )
            return _spooled(pieces)

        with told(opened.read_past(work)) as text:
            while piece := text.read(1 << 16):
                typer.echo(piece, nl=False)


def _spooled(pieces: Iterator[str]) -> IO[str]:
    """What is read before it is printed: whoever pages through it holds up no database."""
    spool = SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="")  # noqa: SIM115  closed when printed
    try:
        spool.writelines(pieces)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool


def told(read: Read[Found]) -> Found:
    """What was found; that it is a little old is said beside it."""
    if read.source == "replica":
        typer.echo(f"Read from the replica, {read.behind.total_seconds():.1f} seconds behind.", err=True)
    return read.found


def totals(as_of: AsOf = None, known_at: KnownAt = None, as_json: AsJson = False) -> None:
    """Show all points of each kind: issued, spent, expired …, and outstanding, the liability.

    Live it is read from what batches moved. As of another moment it reads the whole journal, from the replica if there is one.
    """
    with open_app() as opened:
        found = _totals(opened, as_of, known_at)
        show([asdict(one) for one in found], as_json=as_json, nothing="No points yet.")


def _totals(opened: App, as_of: datetime | None, known_at: datetime | None) -> Sequence[ledger.Totals]:
    now = opened.clock()
    if as_of is None and known_at is None:
        return told(opened.read_past(ledger.totals))
    moments = _utc(as_of, now) or now, _utc(known_at, now) or now
    return told(opened.read_past(lambda tx: past.totals(tx, as_of=moments[0], known_at=moments[1])))


def _printed(
    tx: Transaction, member_id: int, point_type: str, period: Period, kinds: Sequence[str], now: datetime
) -> Iterator[str]:
    sums = past.carried(tx, member_id, point_type=point_type, period=period, kinds=kinds)
    away = past.elsewhere(tx, member_id, point_type=point_type)
    if away is not None:
        complete = f"Complete from {away.since.isoformat()}; before" if away.since else "Not complete"
        yield f"{complete}, references and reasons are in the archive's files: {', '.join(away.folders)}\n"
    yield f"Opening: {_balance(sums.opening)}\n"
    upto, opens = 0, past.chapters(tx, member_id, point_type=point_type)
    while found := ledger.statement(
        tx, member_id, after=upto, limit=500, point_type=point_type, period=period, kinds=kinds
    ):
        for entry in reversed(found):
            while opens and opens[0].place <= entry.place:
                yield _opening(opens.pop(0))
            yield f"{_line(entry, point_type)}\n"
        upto = found[0].place
    yield f"Closing: {_balance(sums.closing)}\n"
    if period.as_of is not None or period.known_at is not None:
        as_of, known_at = period.as_of or now, period.known_at or now
        held = past.holding(tx, member_id, as_of=as_of, known_at=known_at, point_type=point_type)
        yield f"As of {as_of.isoformat()}, known at {known_at.isoformat()}: {_balance(held.balance)}\n"


def _opening(one: past.Chapter) -> str:
    whose = f"Shared with {one.shared_with}" if one.shared_with else "The member's own again"
    return f"{whose}, from {one.began_at.isoformat(timespec='seconds')}: {_balance(one.opening)}\n"


def _line(entry: Entry, point_type: str) -> str:
    moment = entry.occurred_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    reason = f" {entry.reason}" if entry.reason else ""
    words = past.in_words(entry, point_type=point_type)
    return f"{entry.seq:>6}  {moment}  {entry.amount:>+9,}  {entry.available:>9,}  {words}{reason}  [{entry.reference}]"


def _balance(balance: ledger.Balance) -> str:
    return f"{balance.available:,} available, {balance.pending:,} pending, {balance.held:,} held, {balance.debt:,} owed"


def _utc(moment: datetime | None, now: datetime) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=now.tzinfo)
