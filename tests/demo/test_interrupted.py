"""An import that is killed goes on where it was, and ends where an undisturbed one ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from conftest import on_database, temporary_database
from regulars import demo, settings
from regulars.app import App
from regulars.storage import Database

sys.path.insert(0, str(Path(__file__).parent))
from test_figures import contents, import_year

PROGRAM = """
import sys
sys.path[:0] = sys.argv[2:]
from test_figures import import_year
from regulars import demo, settings
from regulars.app import App
from regulars.storage import Database
import_year(App(settings.Settings(), Database(sys.argv[1]), lambda: demo.NOW))
"""


def start(url: str) -> subprocess.Popen[bytes]:
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, url, *paths], env=os.environ)


def chunks_done(database: Database) -> int:
    with database.transaction() as tx:
        return tx.value("select coalesce(max(chunks_done), 0) from commerce_imports")


def test_an_import_killed_twice_ends_like_an_undisturbed_one(server_url: str, template: str) -> None:
    with temporary_database(server_url, template) as calm, temporary_database(server_url, template) as harried:
        undisturbed, killed = Database(on_database(server_url, calm)), Database(on_database(server_url, harried))
        for wanted in (1, 3):
            running = start(on_database(server_url, harried))
            while chunks_done(killed) < wanted:
                assert running.poll() is None
                time.sleep(0.02)
            running.send_signal(signal.SIGKILL)
            running.wait()
        assert 3 <= chunks_done(killed) < 5
        for database in (undisturbed, killed):
            done = import_year(App(settings.Settings(), database, lambda: demo.NOW))
            assert done.finished_at is not None
        assert contents(killed) == contents(undisturbed)
        undisturbed.close()
        killed.close()
