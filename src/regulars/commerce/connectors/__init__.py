"""Order exports, as CSV or Parquet files, turned into documents and recorded chunk by chunk.

The invariant: every row of a file ends in exactly one count of the report: part of an order, part of a return, dropped
by a stated convention, or rejected with a reason. A chunk's rows and the note that it is done commit together, so a
killed import goes on where it was, and a second one changes nothing.

    source = read_file(path, profile, shop)
    started = begin_import(tx, shop, source, at=now)
    for chunk in source.chunks(after=started.chunks_done):
        started = record_chunk(tx, shop, started, announce_chunk(tx, shop, chunk, at=now), at=now)
    finish_import(tx, started, at=now)
"""

from regulars.commerce.connectors._files import Chunk, Source, UnreadableFile, read_file
from regulars.commerce.connectors._imports import (
    Announced,
    ImportNotFound,
    announce_chunk,
    begin_import,
    find_import,
    finish_import,
    known_import,
    list_imports,
    load_profile,
    record_chunk,
    save_profile,
)
from regulars.commerce.connectors._profiles import FIELDS, BadProfile, Profile, guess_columns
from regulars.commerce.connectors._queries import Import

__all__ = [
    "FIELDS",
    "Announced",
    "BadProfile",
    "Chunk",
    "Import",
    "ImportNotFound",
    "Profile",
    "Source",
    "UnreadableFile",
    "announce_chunk",
    "begin_import",
    "find_import",
    "finish_import",
    "guess_columns",
    "known_import",
    "list_imports",
    "load_profile",
    "read_file",
    "record_chunk",
    "save_profile",
]
