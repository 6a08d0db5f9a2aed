"""`regulars serve` answers, and whatever ends it leaves nothing running."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from regulars.storage import erase_embedded_server

COMMAND = [sys.executable, "-m", "regulars", "serve", "--port", "0"]


@contextmanager
def serving(environment: dict[str, str]) -> Generator[tuple[subprocess.Popen[str], str]]:
    """A server, and its address as it printed it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REGULARS_")}
    with subprocess.Popen(COMMAND, env=clean | environment, stderr=subprocess.PIPE, text=True) as process:
        said = []
        for line in process.stderr:
            said.append(line)
            found = re.search(r"Regulars is at (http://\S+)", line)
            if found:
                try:
                    yield process, found[1]
                finally:
                    process.kill()
                return
    pytest.fail("it did not start: " + "".join(said))


def answers(address: str) -> bool:
    with urllib.request.urlopen(address, timeout=60) as response:
        return response.status == 200


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_told_to_end(database_url: str, how: signal.Signals) -> None:
    with serving({"REGULARS_DATABASE_URL": database_url}) as (process, address):
        assert answers(address)
        process.send_signal(how)
        rest = process.communicate(timeout=60)[1]
        assert process.returncode == 0
        assert "Stopped." in rest
        assert "Traceback" not in rest


def test_it_stops_its_own_database_too_and_a_kill_does_not_block_the_next() -> None:
    folder = Path(tempfile.mkdtemp(prefix="rg-", dir="/tmp"))
    folder.chmod(0o755)  # as no ordinary home is: the server's own user may pass
    environment = {"REGULARS_DATA_DIR": str(folder / "data")}
    with serving(environment) as (process, _):
        assert list(folder.glob("data/postgres-*/postmaster.pid"))
        process.kill()
        process.communicate(timeout=60)
    with serving(environment) as (process, address):
        assert answers(address)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert not list(folder.glob("data/postgres-*/postmaster.pid"))
    erase_embedded_server(folder / "data")
    shutil.rmtree(folder)


def test_a_port_that_is_taken_is_said_at_once(regulars) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = regulars("serve", "--port", str(taken.getsockname()[1]))
    assert ran.code == 3
    assert "choose another with --host and --port" in ran.err


def test_it_says_how_the_first_operator_is_added(regulars) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "regulars operators add" in regulars("serve", "--port", port).err
        regulars(
            "operators",
            "add",
            "a@b.example",
            "--name",
            "A",
            "--role",
            "owner",
            "--password-stdin",
            stdin="quiet herons three",
        )
        assert "regulars operators add" not in regulars("serve", "--port", port).err


def test_an_interruption_while_it_is_still_loading_is_quiet() -> None:
    interrupted = "import os, signal, sys; os.kill(os.getpid(), signal.SIGINT)"
    hook = f"import sys; sys.addaudithook(lambda event, args: exec({interrupted!r}) if args and args[0] == 'regulars.cli' else None)"
    command = [sys.executable, "-c", f"{hook}\nfrom regulars.__main__ import main\nmain()", "db", "status"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)  # noqa: PLW1510 - looked at below
    assert (done.returncode, done.stderr) == (130, "")
