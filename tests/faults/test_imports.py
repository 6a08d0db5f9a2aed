"""An import that is killed at some row goes on from there; what it had posted is there once."""

import os
import subprocess
import sys
import time
from pathlib import Path

from faults.book import LONG_AGO
from regulars import ledger, members
from regulars.members import NewMember
from regulars.storage import Database

ROWS, MEMBERS = 30_000, 2_000


def command(path: Path) -> list[str]:
    return [sys.executable, "-m", "regulars", "import", "points", str(path), "--total", str(ROWS), "--json"]


def test_an_import_of_opening_balances_killed_at_some_row_goes_on(database: Database, tmp_path: Path, rounds: int):
    path = tmp_path / "points.csv"
    rows = (f"m{n % MEMBERS},1,209{n % 7}-01-01,2019-01-01,old/{n}" for n in range(ROWS))
    path.write_text("\n".join(["member,points,expires_at,earned_at,reference", *rows, ""]), "utf-8")
    with database.transaction() as tx:
        members.enrol(tx, [NewMember(f"m{n}") for n in range(MEMBERS)], at=LONG_AGO)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REGULARS_")}
    env = clean | {"REGULARS_DATABASE_URL": database.url}
    left = [done_at(database, env, path, 10_000 * n) for n in range(1, min(rounds, 5))]
    ended = subprocess.run(command(path), env=env, capture_output=True, text=True, check=True)
    assert all(0 < done < ROWS for done in left), left
    assert f'"posted": {ROWS}' in ended.stdout
    with database.transaction() as tx:
        assert tx.value("select count(*) from ledger_entries") == ROWS
        assert tx.value("select count(*) from facts where name = 'points.earned'") == ROWS
        assert ledger.totals(tx)[0].outstanding == ROWS
        assert ledger.audit(tx) == []


def done_at(database: Database, env: dict[str, str], path: Path, goal: int) -> int:
    """Import until so many rows are done, then kill; how many were."""
    with subprocess.Popen(command(path), env=env, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and rows_done(database) < goal:
            time.sleep(0.02)
        process.kill()
    return rows_done(database)


def rows_done(database: Database) -> int:
    with database.transaction() as tx:
        return tx.value("select coalesce(max(rows_done), 0) from ledger_imports")
