"""Answers that are files: written before they are sent, so that a slow download keeps no connection to the database."""

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Final

_IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of a file kept in memory; a longer one goes to a temporary file."""


def spooled(pieces: Iterable[str]) -> IO[bytes]:
    """The file, in memory or on disk; `sent` closes it."""
    spool = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
    try:
        for piece in pieces:
            spool.write(piece.encode())
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool


def sent(spool: IO[bytes]) -> Iterator[bytes]:
    """Piece by piece what was written."""
    with spool:
        while piece := spool.read(1 << 16):
            yield piece
