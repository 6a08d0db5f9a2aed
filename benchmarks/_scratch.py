"""A PostgreSQL for one run of a benchmark: embedded, in a temporary folder, and gone afterwards, wherever its data lay."""

import contextlib
import tempfile
from collections.abc import Generator
from pathlib import Path

from regulars.storage import embedded_server, erase_embedded_server


@contextlib.contextmanager
def scratch_server() -> Generator[tuple[str, Path]]:
    """Its address, and a folder for whatever else the run makes; its own data is in `data` there."""
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as name:
        folder = Path(name)
        try:
            with embedded_server(folder / "data") as url:
                yield url, folder
        finally:
            erase_embedded_server(folder / "data")
