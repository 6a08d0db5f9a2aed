"""Posting a file's opening balances, chunk by chunk."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars import facts, members
from regulars.errors import Conflict, NotFound, RegularsError
from regulars.ledger import _postings
from regulars.ledger._rules import InvalidPosting, Posting
from regulars.ledger.openings import _queries
from regulars.ledger.openings._files import Opening, Source
from regulars.ledger.openings._queries import Import
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, stable_id, to_public

MOST_REFUSALS = 1000
"""How many refusals the report keeps by name; all are counted."""

_REASON = "opening balance"
_COUNTED = {"posted": "posted", "replayed": "known"}


class OpeningsNotFound(NotFound):
    """There is no import {import_id}."""


class OpeningsMoved(Conflict):
    """Somebody else is importing {file} at this moment: let that import finish."""

    retryable = True


class TotalDiffers(Conflict):
    """The file holds {found} {point_type}, and {expected} were expected: nothing was imported; compare it with where it comes from."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How the file names members: by identifier (`mem_…`), else by the number one of these issuers gave, else by e-mail."""

    issuers: Sequence[str]
    enrols: bool = False
    """Make members of those whom nobody knows, under the first issuer."""


def check_totals(source: Source, expected: Mapping[str, int]) -> None:
    """Hold what the file sums to, rejected rows included, against what its origin says.

    Raises:
        TotalDiffers: they are not the same.
    """
    for point_type, points in expected.items():
        found = source.totals.get(point_type, 0)
        if found != points:
            raise TotalDiffers(found=found, point_type=point_type, expected=points)


def begin_import(tx: Transaction, source: Source, *, at: datetime, again: bool = False) -> Import:
    """Note that a file is being imported, or find how far it came; `again` begins from its first row."""
    import_id, report = _id_of(source), begin_report(source)
    new = Import(import_id, source.path.name, source.fingerprint, at, None, source.rows, 0, report)
    if not _queries.insert_import(tx, new=new) and again:
        _queries.reset_import(tx, import_id=import_id, report=report)
    return find_import(tx, import_id)


def begin_report(source: Source) -> dict[str, Any]:
    """What is known before a row is posted: per point type, `in_file` = `unread` + `posted` + `known` + `refused` at the end."""
    totals = {
        point_type: {"in_file": points, "unread": source.unread[point_type], "posted": 0, "known": 0, "refused": 0}
        for point_type, points in source.totals.items()
    }
    return {
        "rows_read": source.rows_read,
        "verdicts": source.verdicts,
        "rows": {},
        "totals": totals,
        "refusals": [],
    }


def known_import(tx: Transaction, source: Source) -> Import | None:
    """The import of this very file, read in this very way, if there was one; it may not be finished."""
    return next(iter(_queries.select_imports(tx, import_id=_id_of(source), before=None, limit=1)), None)


def _id_of(source: Source) -> int:
    return stable_id("points import", source.fingerprint)


def post_rows(tx: Transaction, running: Import, rows: Sequence[Opening], naming: Naming, *, at: datetime) -> Import:
    """Post the next rows, each a lot with its own expiry, and note that they are done, all or nothing.

    A row that was posted before is known; one that cannot be posted is refused with its reason and hinders no other.

    Facts: `points.earned`; `member.joined` of those enrolled.

    Raises:
        OpeningsMoved: somebody else posted them meanwhile; nothing was posted twice.
    """
    report = _post(tx, running.report, rows, naming, at)
    done = running.rows_done + len(rows)
    if not _queries.advance_import(tx, import_id=running.import_id, before=running.rows_done, done=done, report=report):
        raise OpeningsMoved(file=running.file_name)
    return find_import(tx, running.import_id)


def try_rows(
    tx: Transaction, report: Mapping[str, Any], rows: Sequence[Opening], naming: Naming, *, at: datetime
) -> dict[str, Any]:
    """The report as it would be if the rows were posted: they are, by the same code, and undone at once."""
    with tx.savepoint(undo=True):
        return _post(tx, report, rows, naming, at)


def _post(
    tx: Transaction, report: Mapping[str, Any], rows: Sequence[Opening], naming: Naming, at: datetime
) -> dict[str, Any]:
    postings, errors = _postings_of(tx, rows, naming, at)
    outcomes = _postings.post(tx, list(postings.values()), at=at)
    told: dict[int, str] = {}
    for (place, posting), outcome in zip(postings.items(), outcomes, strict=True):
        refused = _postings.refusal(posting, outcome)
        if refused:
            errors[place] = refused
        else:
            told[place] = _COUNTED[outcome.status]
    return _add(report, rows, told, errors)


def _postings_of(
    tx: Transaction, rows: Sequence[Opening], naming: Naming, at: datetime
) -> tuple[dict[int, Posting], dict[int, RegularsError]]:
    """The rows that can be postings, and why the others cannot, by their place among the rows."""
    owners, errors = _owners(tx, rows, naming, at)
    postings: dict[int, Posting] = {}
    for place, row in enumerate(rows):
        if row.member not in owners:
            errors.setdefault(place, members.MemberNotFound(member=row.member))
            continue
        try:
            postings[place] = Posting(
                "earn", owners[row.member], row.points, row.reference, row.earned_at or at, row.expires_at,
                point_type=row.point_type, reason=row.reason or _REASON,
            )  # fmt: skip
        except InvalidPosting as error:
            errors[place] = error
    return postings, errors


def _owners(
    tx: Transaction, rows: Sequence[Opening], naming: Naming, at: datetime
) -> tuple[dict[str, int], dict[int, RegularsError]]:
    """The members that the rows name, by that name, and the rows whose name nobody can have."""
    errors: dict[int, RegularsError] = {}
    cleaned: dict[str, str] = {}
    for place, row in enumerate(rows):
        try:
            cleaned[row.member] = members.clean_text("member", row.member)
        except members.BadMember as error:
            errors[place] = error
    by_id = {name: number for name in cleaned if (number := _identifier(name)) is not None}
    there, _ = members.known_among(tx, member_ids=list(by_id.values()), identities=[])
    owners = {name: number for name, number in by_id.items() if number in there}
    for issuer in (*naming.issuers, "email"):
        sought = [cleaned[name] for name in cleaned if name not in owners and (issuer != "email" or "@" in name)]
        known = members.known_to(tx, issuer, sought) if sought else {}
        owners |= {name: known[text] for name, text in cleaned.items() if text in known and name not in owners}
    if naming.enrols:
        strangers = [name for name in cleaned if name not in owners and name not in by_id]
        first = {row.member: row.earned_at for row in reversed(rows)}
        people = [members.NewMember(name, naming.issuers[0], joined_at=first[name]) for name in strangers]
        enrolled = members.enrol(tx, people, at=at) if people else []
        owners |= {name: one.member_id for name, one in zip(strangers, enrolled, strict=True)}
    return owners, errors


def _identifier(name: str) -> int | None:
    try:
        return from_public("mem", name) if name.startswith("mem_") else None
    except MalformedId:
        return None


def _add(
    report: Mapping[str, Any], rows: Sequence[Opening], told: Mapping[int, str], errors: Mapping[int, RegularsError]
) -> dict[str, Any]:
    added = deepcopy(dict(report))
    for place, row in enumerate(rows):
        what = told.get(place, "refused")
        added["rows"][what] = added["rows"].get(what, 0) + 1
        added["totals"][row.point_type][what] += row.points
        if place in errors and len(added["refusals"]) < MOST_REFUSALS:
            error = errors[place]
            added["refusals"].append({"row": row.row_no, "code": error.code, "reason": str(error)})
    return added


def finish_import(tx: Transaction, running: Import, *, at: datetime) -> Import:
    """Note that every row is done; noting it again changes nothing. Facts: `points.imported`."""
    if _queries.finish_import(tx, import_id=running.import_id, at=at):
        about = {"file": running.file_name, "rows": running.report["rows"], "totals": running.report["totals"]}
        facts.record(tx, [facts.Fact("points.imported", at, None, running.import_id, about)], at=at)
    return find_import(tx, running.import_id)


def find_import(tx: Transaction, import_id: int) -> Import:
    """One import.

    Raises:
        OpeningsNotFound: there is no such import.
    """
    for found in _queries.select_imports(tx, import_id=import_id, before=None, limit=1):
        return found
    raise OpeningsNotFound(import_id=to_public("imp", import_id))


def list_imports(tx: Transaction, *, before: datetime | None = None, limit: int = 50) -> list[Import]:
    """Imports, the latest first; page on with the last one's `started_at`."""
    return _queries.select_imports(tx, import_id=None, before=before, limit=limit)
