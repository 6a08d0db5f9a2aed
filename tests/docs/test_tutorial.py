"""The tutorial works as printed: its commands are run in order, in an empty home."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-hour.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


class Shell:
    def __init__(self, home: Path) -> None:
        self.home, self.environ = home, {**os.environ, "HOME": str(home), "COLUMNS": "200"}
        self.environ.pop("XDG_DATA_HOME", None)
        self.environ.pop("REGULARS_DATABASE_URL", None)

    def run(self, command: str) -> str:
        """A line of the tutorial; `uv run regulars` is the program under test."""
        line = command.replace("uv run regulars", f"'{sys.executable}' -m regulars")
        done = subprocess.run(
            line, shell=True, cwd=self.home, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


def commands() -> list[str]:
    lines = [
        line for kind, block in BLOCK.findall(PAGE.read_text("utf-8")) if kind == "sh" for line in block.splitlines()
    ]
    return [line for line in lines if "pip install" not in line and not line.endswith("regulars serve")]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_every_command_of_the_tutorial_works_and_says_what_it_promises(shell: Shell) -> None:
    [csv] = [block for kind, block in BLOCK.findall(PAGE.read_text("utf-8")) if kind == "csv"]
    (shell.home / "orders.csv").write_text(csv)
    output = {command: shell.run(command) for command in commands()}
    assert len(output) == 6
    assert "339" in next(text for command, text in output.items() if "members show" in command)
    assert "quantity cannot be read" in (shell.home / "orders.csv.rejects.csv").read_text()

    (shell.home / "orders.csv").write_text(csv.replace(",one,", ",1,"))
    again = shell.run(next(command for command in commands() if "import" in command and "dry-run" not in command))
    assert re.search(r"orders recorded\s+│\s+1 ", again)
    assert re.search(r"orders replayed\s+│\s+4 ", again)
