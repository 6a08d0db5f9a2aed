"""A year of the archive: sealed, written to files, its words taken out of the house, and brought back."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from regulars import facts
from regulars.errors import Conflict
from regulars.ledger.archive import _queries
from regulars.ledger.archive._files import (
    FIELDS,
    FORMAT,
    BadArchiveFiles,
    Manifest,
    Tally,
    checked,
    lines_in,
    written_parts,
)
from regulars.ledger.archive._queries import Bundle, Year
from regulars.ledger.archive._runs import refuse_shards
from regulars.storage import Transaction

_PAGE: Final = 500


class NotSealable(Conflict):
    """{year} cannot be taken out of the archive: {reason}."""


def seal(tx: Transaction, year: int, *, at: datetime) -> Year:
    """Close a year: nothing is added to it any more. What a hold kept back until now goes to the next one.

    Sealing again changes nothing.

    Raises:
        NotArchivable: the ledger is spread over several servers.
        NotSealable: it is not over, has not been put away wholly, or an earlier one is open.
    """
    refuse_shards(tx)
    _queries.lock(tx)
    known = {one.year: one for one in _queries.select_years(tx)}
    if year not in known:
        raise NotSealable(year=year, reason="nothing of it was put away; run `regulars ledger archive --before` first")
    if known[year].sealed_at is None:
        _refuse_early(tx, year, known)
        _queries.seal_year(tx, year=year, at=at)
    return _year(tx, year)


def _refuse_early(tx: Transaction, year: int, known: dict[int, Year]) -> None:
    earlier = [one.year for one in known.values() if one.year < year and one.sealed_at is None]
    if earlier:
        raise NotSealable(year=year, reason=f"{earlier[0]} comes first")
    end = datetime(year + 1, 1, 1, tzinfo=UTC)
    if not any(one.finished_at and one.before >= end for one in _queries.select_runs(tx, limit=1000)):
        remedy = f"run `regulars ledger archive --before {end:%Y-%m-%d}` to its end"
        raise NotSealable(year=year, reason=f"not all of it was put away; {remedy}")


def _year(tx: Transaction, year: int) -> Year:
    return next(one for one in _queries.select_years(tx) if one.year == year)


def write(tx: Transaction, year: int, folder: Path) -> Manifest:
    """Write a sealed year's entries to files in a folder, with a manifest; what is written twice is the same.

    Every line is checked on its way. It reads the year's bundles by index, 20 µs an entry.

    Raises:
        NotSealable: it is open, or its words are out of the house already.
        BadArchiveFiles: an entry does not follow from the one before: the archive was changed.
    """
    known = next((one for one in _queries.select_years(tx) if one.year == year), None)
    if known is None or known.sealed_at is None or known.detached_at is not None:
        raise NotSealable(year=year, reason="it is open, or in files alone already")
    tally, digest, root, bundles = Tally(str(folder)), hashlib.sha256(), hashlib.sha256(), 0

    def lines() -> Iterator[bytes]:
        nonlocal bundles
        for page in _pages(tx, year):
            bundles += len(page)
            for bundle in page:
                root.update(bundle.seal)
            for line in _lines(tx, year, page, tally.account):
                tally.add(line)
                text = msgspec.json.encode(line) + b"\n"
                digest.update(text)
                yield text

    parts = written_parts(lines(), folder, str(year))
    manifest = Manifest(
        FORMAT, year, bundles=bundles, root=root.hexdigest(), lines=digest.hexdigest(), files=parts, **tally.sums()
    )
    unfinished = folder / f"{year}-manifest.json.part"
    unfinished.write_bytes(manifest.written())
    unfinished.replace(folder / f"{year}-manifest.json")
    return manifest


def _pages(tx: Transaction, year: int) -> Iterator[list[Bundle]]:
    after = (-1, 0)
    while page := _queries.select_bundles(tx, year=year, after=after, limit=_PAGE):
        yield page
        after = (page[-1].account_id, page[-1].first_seq)


def _lines(tx: Transaction, year: int, page: list[Bundle], last: int | None) -> Iterator[dict[str, Any]]:
    """The entries of a page of bundles, and before an account's first what it had before, unless that is nothing."""
    first: dict[int, Bundle] = {}
    for bundle in page:
        first.setdefault(bundle.account_id, bundle)
    rows = _queries.select_lines(
        tx, year=year, since=(page[0].account_id, page[0].first_seq), upto=(page[-1].account_id, page[-1].first_seq)
    )
    for row in rows:
        if row[0] != last:
            last, begins = row[0], first[row[0]]
            if begins.first_seq > 1:
                yield {
                    "account_id": last,
                    "seq": begins.first_seq - 1,
                    "kind": None,
                    "available": begins.before_available,
                    "hash": begins.before_hash,
                }
        yield dict(zip(FIELDS, row, strict=True))


def note_export(tx: Transaction, manifest: Manifest, folder: Path, *, at: datetime) -> Year:
    """Note that a year was written to files, and where.

    Facts: `ledger.exported`, with what proves later that files and database are those of now: keep it elsewhere.
    """
    digest = hashlib.sha256(manifest.written())
    _queries.note_export(
        tx, year=manifest.year, manifest=digest.digest(), root=bytes.fromhex(manifest.root), folder=str(folder), at=at
    )
    about = {"year": manifest.year, "entries": manifest.entries, "root": manifest.root, "manifest": digest.hexdigest()}
    facts.record(tx, [facts.Fact("ledger.exported", at, data=about)], at=at)
    return _year(tx, manifest.year)


def detach(tx: Transaction, year: int, folder: Path, *, at: datetime) -> Year:
    """Take a year's references, reasons and hashes out of the database, once its files are found to hold them.

    What is needed for balances, the past, undoing, and telling a reference that was used, stays. Again, it changes nothing.

    Facts: `ledger.detached`.

    Raises:
        NotSealable: it was not exported, or an earlier year is still here.
        BadArchiveFiles: the files are not those that were exported, or do not say what the database does.
    """
    _queries.lock(tx)
    known = {one.year: one for one in _queries.select_years(tx)}
    if year not in known or known[year].exported_at is None:
        raise NotSealable(year=year, reason="it was not exported; run `regulars ledger archive --export` first")
    if known[year].detached_at is not None:
        return known[year]
    earlier = [one.year for one in known.values() if one.year < year and one.detached_at is None]
    if earlier:
        raise NotSealable(year=year, reason=f"{earlier[0]} is still here, and statements are complete from a day on")
    _compare(tx, checked(folder, year), known[year], folder)
    _queries.drop_words(tx, year=year)
    _queries.set_detached(tx, year=year, at=at)
    facts.record(tx, [facts.Fact("ledger.detached", at, data={"year": year, "folder": str(folder)})], at=at)
    return _year(tx, year)


def restore(tx: Transaction, year: int, folder: Path, *, at: datetime) -> Year:
    """Bring a year's words back from its files; they are then checked against the database's own numbers.

    Facts: `ledger.restored`.

    Raises:
        NotSealable: they are here.
        BadArchiveFiles: the files are not those that were exported, or do not fit.
    """
    refuse_shards(tx)
    _queries.lock(tx)
    known = next((one for one in _queries.select_years(tx) if one.year == year), None)
    if known is None or known.detached_at is None:
        raise NotSealable(year=year, reason="its words are here; there is nothing to bring back")
    manifest = checked(folder, year)
    lines = (msgspec.json.decode(line) for line in lines_in(folder, manifest))
    entries = (line for line in lines if line["kind"] is not None)
    _queries.make_words(tx, year=year)
    for page in _pages(tx, year):
        _queries.insert_words(tx, year=year, bundles=[_words(bundle, entries, folder) for bundle in page])
    _compare(tx, manifest, known, folder)
    _queries.set_detached(tx, year=year, at=None)
    facts.record(tx, [facts.Fact("ledger.restored", at, data={"year": year, "folder": str(folder)})], at=at)
    return _year(tx, year)


def _words(bundle: Bundle, entries: Iterator[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """A bundle's words: its entries are the next in the files."""
    numbers = range(bundle.first_seq, bundle.last_seq + 1)
    own = list(islice(entries, len(numbers)))
    if [(line["account_id"], line["seq"]) for line in own] != [(bundle.account_id, number) for number in numbers]:
        raise BadArchiveFiles(folder=folder, reason=f"account {bundle.account_id} has other entries there")
    return {
        "account_id": bundle.account_id,
        "first_seq": bundle.first_seq,
        "refs": [line["reference"] for line in own],
        "reasons": [line["reason"] for line in own] if any(line["reason"] is not None for line in own) else None,
        "hashes": [line["hash"] for line in own],
    }


def _compare(tx: Transaction, manifest: Manifest, known: Year, folder: Path) -> None:
    """The database's lines are those of the files, to the byte, and the manifest is the one that was noted."""
    if hashlib.sha256(manifest.written()).digest() != known.manifest:
        raise BadArchiveFiles(folder=folder, reason="the manifest is another one than was written then")
    digest, root, last = hashlib.sha256(), hashlib.sha256(), None
    for page in _pages(tx, manifest.year):
        for bundle in page:
            root.update(bundle.seal)
        for line in _lines(tx, manifest.year, page, last):
            digest.update(msgspec.json.encode(line) + b"\n")
        last = page[-1].account_id
    if (digest.hexdigest(), root.hexdigest()) != (manifest.lines, manifest.root):
        raise BadArchiveFiles(folder=folder, reason="the database has other entries of that year: verify the ledger")
