"""The files of a year that was exported: JSON Lines, compressed, and a manifest that says what they must be."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from regulars.errors import Conflict

FORMAT: Final = "regulars ledger archive 1"
AT_ONCE: Final = 1_000_000
"""Lines in a file."""

FIELDS: Final = (
    "account_id", "seq", "kind", "amount", "pending_change", "debt_change", "held_change", "available", "occurred_us", "posted_us", "expires_us",
    "reverses", "alloc", "reference", "reason", "hash",
)  # fmt: skip
"""Of a line: in this order, but for the last, an entry's hash is taken of them."""


class BadArchiveFiles(Conflict):
    """The files in {folder} are not those of the year that is to be: {reason}. Nothing was changed."""


class Part(msgspec.Struct, frozen=True):
    """One file."""

    name: str
    lines: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a year's files hold, as `manifest.json` says it."""

    format: str
    year: int
    accounts: int
    bundles: int
    entries: int
    available: int
    """What all entries change in all; so with the three after it."""

    pending: int
    debt: int
    held: int
    root: str
    """SHA-256 over the seals of the year's bundles, as the database has them."""

    lines: str
    """SHA-256 over all lines, as they are before compression."""

    files: list[Part]

    def written(self) -> bytes:
        """As `manifest.json` has it."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)


@dataclass(slots=True)
class Tally:
    """What some lines add up to, each checked to follow from the one before."""

    folder: str
    accounts: int = 0
    entries: int = 0
    available: int = 0
    pending: int = 0
    debt: int = 0
    held: int = 0
    account: int | None = None
    seq: int = 0
    balance: int = 0
    before: bytes = b""

    def add(self, line: dict[str, Any]) -> None:
        """Count a line.

        Raises:
            BadArchiveFiles: its number, balance or hash does not follow.
        """
        if line["account_id"] != self.account:
            self.account, self.seq, self.balance, self.before = line["account_id"], 0, 0, b""
            self.accounts += 1
        if line.get("kind") is None:  # what the account had before
            self.seq, self.balance, self.before = line["seq"], line["available"], bytes.fromhex(line["hash"])
            return
        text = "\x1f".join("" if line[name] is None else str(line[name]) for name in FIELDS[:-1])
        digest = hashlib.sha256(self.before + text.encode()).digest()
        follows = (self.seq + 1, self.balance + line["amount"], digest.hex())
        if follows != (line["seq"], line["available"], line["hash"]):
            raise BadArchiveFiles(
                folder=self.folder, reason=f"account {self.account}, entry {line['seq']} does not follow"
            )
        self.seq, self.balance, self.before = line["seq"], line["available"], digest
        self.entries += 1
        self.available += line["amount"]
        self.pending += line["pending_change"]
        self.debt += line["debt_change"]
        self.held += line["held_change"]

    def sums(self) -> dict[str, int]:
        """As a manifest has them."""
        return {name: getattr(self, name) for name in ("accounts", "entries", "available", "pending", "debt", "held")}


def written_parts(lines: Iterator[bytes], folder: Path, name: str) -> list[Part]:
    """Write lines into as many files as it takes, each complete or not there; the same lines make the same files."""
    parts: list[Part] = []
    folder.mkdir(parents=True, exist_ok=True)
    pending = next(lines, None)
    while pending is not None:
        path = folder / f"{name}-{len(parts) + 1:04}.jsonl.gz"
        count, unfinished = 0, path.with_name(path.name + ".part")
        with unfinished.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
            while pending is not None and count < AT_ONCE:
                out.write(pending)
                count, pending = count + 1, next(lines, None)
        unfinished.replace(path)
        parts.append(Part(path.name, count, _sha256(path)))
    return parts


def checked(folder: Path, year: int) -> Manifest:
    """The manifest of a year's files, every line of which was checked.

    Raises:
        BadArchiveFiles: a file is missing or another one, an entry does not follow, or the sums are others.
    """
    manifest = read_manifest(folder, year)
    tally, digest = Tally(str(folder)), hashlib.sha256()
    for line in lines_in(folder, manifest):
        digest.update(line)
        tally.add(msgspec.json.decode(line))
    wanted = {name: getattr(manifest, name) for name in tally.sums()}
    if tally.sums() != wanted or digest.hexdigest() != manifest.lines:
        raise BadArchiveFiles(folder=folder, reason="their lines are not those the manifest counts")
    return manifest


def read_manifest(folder: Path, year: int) -> Manifest:
    """What a folder says it has.

    Raises:
        BadArchiveFiles: it has no manifest, or that of another year.
    """
    try:
        manifest = msgspec.json.decode((folder / f"{year}-manifest.json").read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise BadArchiveFiles(folder=folder, reason=f"{year}-manifest.json cannot be read, {error}") from error
    if (manifest.format, manifest.year) != (FORMAT, year):
        raise BadArchiveFiles(folder=folder, reason=f"it is {manifest.format}, of {manifest.year}")
    return manifest


def lines_in(folder: Path, manifest: Manifest) -> Iterator[bytes]:
    """The lines of a year's files.

    Raises:
        BadArchiveFiles: a file is missing, or another one.
    """
    for part in manifest.files:
        path = folder / part.name
        if not path.is_file() or _sha256(path) != part.sha256:
            raise BadArchiveFiles(folder=folder, reason=f"{part.name} is missing or was changed")
        with gzip.open(path, "rb") as lines:
            yield from lines


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
