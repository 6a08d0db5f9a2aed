"""Opening balances: what members had in another system, brought over as lots with the expiry they had there.

The invariant: every row of a file ends in exactly one count of the report (posted, known, refused with a reason, dropped),
and per point type these counts sum to what the file holds. A row's reference is its natural key, and its points and the
note that it is done commit together: a killed import goes on where it was, and a second one changes nothing.

    source = read_file(path, Layout(time_zone="Europe/London"), at=now)
    running = begin_import(tx, source, at=now)
    for rows in source.chunks(after=running.rows_done):
        running = post_rows(tx, running, rows, Naming(["uk"]), at=now)
    finish_import(tx, running, at=now)
"""

from regulars.ledger.openings._files import FIELDS, BadLayout, Layout, Opening, Source, UnreadableOpenings, read_file
from regulars.ledger.openings._imports import (
    Naming,
    OpeningsMoved,
    OpeningsNotFound,
    TotalDiffers,
    begin_import,
    begin_report,
    check_totals,
    find_import,
    finish_import,
    known_import,
    list_imports,
    post_rows,
    try_rows,
)
from regulars.ledger.openings._queries import Import

__all__ = [
    "FIELDS",
    "BadLayout",
    "Import",
    "Layout",
    "Naming",
    "Opening",
    "OpeningsMoved",
    "OpeningsNotFound",
    "Source",
    "TotalDiffers",
    "UnreadableOpenings",
    "begin_import",
    "begin_report",
    "check_totals",
    "find_import",
    "finish_import",
    "known_import",
    "list_imports",
    "post_rows",
    "read_file",
    "try_rows",
]
