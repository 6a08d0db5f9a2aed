"""The archive: old entries put away in bundles, and taken out of the house by the year, at no loss of proof.

The invariant: an account's entries are its archive, then its journal, without gap or overlap, and each hash follows from
the one before across both. A year's words leave only after the files that hold them were checked.

    run, moved = archive.put_away(tx, a_year_ago, at=now)  # a transaction each, until run.finished_at is set
    archive.seal(tx, 2024, at=now)
    manifest = archive.write(tx, 2024, folder)
    archive.note_export(tx, manifest, folder, at=now)
    archive.detach(tx, 2024, folder, at=now)
    archive.restore(tx, 2024, folder, at=now)
"""

from regulars.ledger.archive._files import BadArchiveFiles, Manifest, checked
from regulars.ledger.archive._queries import Elsewhere, Run, Year, select_elsewhere
from regulars.ledger.archive._runs import MOST, NotArchivable, put_away, runs, years
from regulars.ledger.archive._years import NotSealable, detach, note_export, restore, seal, write

__all__ = [
    "MOST",
    "BadArchiveFiles",
    "Elsewhere",
    "Manifest",
    "NotArchivable",
    "NotSealable",
    "Run",
    "Year",
    "checked",
    "detach",
    "note_export",
    "put_away",
    "restore",
    "runs",
    "seal",
    "select_elsewhere",
    "write",
    "years",
]
