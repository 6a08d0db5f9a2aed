"""Installations to break: real processes, a real PostgreSQL with fsync on.

`REGULARS_TEST_FAULT_ROUNDS` says how often each thing is broken; `just faults` sets it.
"""

import os
import sys
from collections.abc import Generator

import pytest

from conftest import on_database, temporary_database
from faults.house import House, house_on

if sys.platform == "win32":
    collect_ignore_glob = ["test_*"]  # neither SIGKILL nor the embedded server exist there


@pytest.fixture(scope="session")
def rounds() -> int:
    return int(os.environ.get("REGULARS_TEST_FAULT_ROUNDS", "2"))


@pytest.fixture(scope="session")
def house(server_url: str, template: str) -> Generator[House]:
    """Two servers on one database; its tests go on where the last one ended, each proves the whole."""
    with temporary_database(server_url, template) as name, house_on(on_database(server_url, name), servers=2) as built:
        yield built
