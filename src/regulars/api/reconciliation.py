"""What the ledger holds in all, and the proof that it is right."""

from datetime import datetime
from typing import Annotated

from litestar import Response
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from regulars import ledger
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Page, Paging, from_cursor, page_of
from regulars.api._routes import reading
from regulars.insight import BadCursor
from regulars.ledger import archive, proof
from regulars.storage import Transaction

TAG = "Ledger"

Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Pass(Struct):
    """One time the whole ledger was gone through, account by account."""

    number: Annotated[int, Meta(description="1, 2, 3 …")]
    began_at: datetime
    finished_at: Annotated[datetime | None, Meta(description="Null: it is running.")]
    accounts: int
    entries: int
    discrepancies: int
    pieces: Annotated[int, Meta(description="In how many transactions it was gone through so far.")]
    root: Annotated[
        str, Meta(description="SHA-256 over the last hash of every account: keep it, and no one can rewrite the past.")
    ]


class Finding(Struct):
    """An invariant that is broken."""

    invariant: str
    account: Annotated[int | None, Meta(description="The ledger's number of the account; null: the ledger as a whole.")]
    entry: Annotated[int | None, Meta(description="The number of the entry to blame; null: the account as a whole.")]
    expected: int
    found: int
    found_at: datetime


class Totals(Struct):
    """All points of one kind.

    issued + restored + received + reinstated + forgiven + debt
    = spent + sent + expired + lapsed + reversed + outstanding + pending + held, always.
    """

    point_type: str
    issued: int
    spent: int
    restored: int
    reversed: int
    expired: int
    lapsed: int
    reinstated: int
    sent: int
    received: int
    forgiven: int
    outstanding: Annotated[int, Meta(description="What members can spend now: the liability in points.")]
    pending: int
    held: int
    debt: int


class Reconciliation(Struct):
    """Whether the ledger is right, and since when that is known."""

    running: Annotated[Pass | None, Meta(description="The pass under way.")]
    last: Annotated[Pass | None, Meta(description="The last complete one; null: none yet.")]
    findings: Annotated[list[Finding], Meta(description="What breaks an invariant now; empty: all hold.")]
    totals: list[Totals]


class ArchivedYear(Struct):
    """Entries posted in a year that were put away: they still count in everything."""

    year: int
    entries: int
    sealed_at: Annotated[datetime | None, Meta(description="Nothing is added any more since then.")]
    exported_at: Annotated[datetime | None, Meta(description="When it was last written to files.")]
    detached_at: Annotated[
        datetime | None, Meta(description="Since then references, reasons and hashes are in the files alone.")
    ]
    folder: Annotated[str | None, Meta(description="Where the files were written.")]
    root: Annotated[str | None, Meta(description="SHA-256 over the seals of its bundles, as in the files' manifest.")]


class ArchiveRun(Struct):
    """One time that old entries were put away."""

    before: Annotated[datetime, Meta(description="Entries posted earlier.")]
    began_at: datetime
    finished_at: Annotated[datetime | None, Meta(description="Null: it is under way, or was stopped and goes on.")]
    accounts: int
    entries: int


class Archive(Struct):
    """What was put away of the journal, and where it is."""

    entries: Annotated[int, Meta(description="In all years together.")]
    complete_from: Annotated[
        int | None, Meta(description="The first year all of whose words are here; null: none was put away.")
    ]
    years: list[ArchivedYear]
    last: Annotated[ArchiveRun | None, Meta(description="The latest run; null: nothing was ever put away.")]


def _pass(one: proof.Pass) -> Pass:
    return Pass(
        one.pass_id,
        one.began_at,
        one.finished_at,
        one.accounts,
        one.entries,
        one.discrepancies,
        one.pieces,
        one.root.hex(),
    )


def _finding(one: proof.Finding) -> Finding:
    account = None if one.account_id == proof.THE_WHOLE else one.account_id
    return Finding(one.invariant, account, one.seq or None, one.expected, one.found, one.found_at)


def totals_of(one: ledger.Totals) -> Totals:
    """All points of one kind, as callers see them."""
    return Totals(*(getattr(one, name) for name in Totals.__struct_fields__))


@reading("/reconciliation", tag=TAG, permission=Permission.AUDIT)
def read_reconciliation(call: Call) -> Response[Reconciliation]:
    """Read whether the ledger is right: the last pass over all accounts, what it found, and the sums."""

    def work(tx: Transaction) -> Reconciliation:
        latest = proof.passes(tx, limit=2)
        return Reconciliation(
            running=next((_pass(one) for one in latest if one.finished_at is None), None),
            last=next((_pass(one) for one in latest if one.finished_at is not None), None),
            findings=[_finding(one) for one in proof.findings(tx)],
            totals=[totals_of(one) for one in ledger.totals(tx)],
        )

    return call.read_past(work)


@reading("/reconciliation/passes", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor])
def list_passes(call: Call, asked: NamedDependency[Paging]) -> Response[Page[Pass]]:
    """List the times the ledger was gone through, the latest first."""
    place = from_cursor(asked.after, tuple[Number])

    def work(tx: Transaction) -> Page[Pass]:
        known = proof.passes(tx, before=place[0] if place else None, limit=asked.limit + 1)
        return page_of(known, asked.limit, _pass, lambda last: (last.pass_id,))

    return call.read_past(work)


@reading("/ledger/archive", tag=TAG, permission=Permission.AUDIT)
def read_archive(call: Call) -> Response[Archive]:
    """Read what was put away of the journal: the years, which of them are in files, and the latest run."""

    def work(tx: Transaction) -> Archive:
        years, latest = archive.years(tx), archive.runs(tx, limit=1)
        return Archive(
            entries=sum(one.entries for one in years),
            complete_from=next((one.year for one in years if one.detached_at is None), None),
            years=[_year(one) for one in years],
            last=next(
                (ArchiveRun(one.before, one.began_at, one.finished_at, one.accounts, one.entries) for one in latest),
                None,
            ),
        )

    return call.read_past(work)


def _year(one: archive.Year) -> ArchivedYear:
    root = one.root.hex() if one.root else None
    return ArchivedYear(one.year, one.entries, one.sealed_at, one.exported_at, one.detached_at, one.folder, root)


HANDLERS = (read_reconciliation, list_passes, read_archive)
