"""An embedded PostgreSQL to be measured, and what it says of itself: CPU, flushes of its log."""

import contextlib
import os
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from regulars.storage import connect, embedded_server, erase_embedded_server

TICKS_S = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def passing_server() -> Generator[tuple[Path, str]]:
    """A folder with a server in `data`, and its URL; gone afterwards, wherever the server put its data."""
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as made:
        folder = Path(made)
        try:
            with embedded_server(folder / "data") as url:
                yield folder, url
        finally:
            erase_embedded_server(folder / "data")


class Server:
    """What the server itself says: CPU and flushes of its log."""

    def __init__(self, url: str) -> None:
        self.connection = connect(url)
        self.postmaster = int(Path(self.value("show data_directory"), "postmaster.pid").read_text().split("\n")[0])

    def value(self, sql: Any) -> Any:
        return self.connection.execute(sql).fetchone()[0]

    def cpu_s(self) -> float:
        """Of all its processes, those that have ended too."""
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(stat.parent.name) == self.postmaster:
                    total += sum(map(int, fields[11:15]))
                elif int(fields[1]) == self.postmaster:
                    total += sum(map(int, fields[11:13]))
        return total / TICKS_S

    def flushes(self) -> int:
        time.sleep(1.1)  # a server process tells what it did at most once a second
        if self.connection.info.server_version >= 180000:
            return self.value("select sum(fsyncs)::bigint from pg_stat_io where object = 'wal'")
        return self.value("select wal_sync from pg_stat_wal")
