"""Short ways to put entries away, and to write a year to files."""

from datetime import UTC, datetime
from pathlib import Path

from regulars.ledger import archive
from regulars.storage import Transaction


def put_away(tx: Transaction, before: datetime, *, most: int = 1000, scanned: int = 50) -> archive.Run:
    """All that was posted before a moment and that nothing open rests on."""
    while True:
        done = archive.put_away(tx, before, at=before, most=most, scanned=scanned)
        assert done is not None
        if done[0].finished_at is not None:
            return done[0]


def written(tx: Transaction, year: int, folder: Path) -> list[str]:
    """Seal a year and write it; the names of its files."""
    at = datetime(year + 1, 1, 1, tzinfo=UTC)
    archive.seal(tx, year, at=at)
    manifest = archive.write(tx, year, folder)
    archive.note_export(tx, manifest, folder, at=at)
    return [part.name for part in manifest.files]
