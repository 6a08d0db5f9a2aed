"""The how-to on the programme in Git is true: its commands are run, in order, and say what it says."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import make
from conftest import NOON
from regulars import access
from regulars.access import Role
from regulars.cli import app as commands
from regulars.storage import Database

TEXT = (Path(__file__).parents[2] / "docs" / "howto" / "keep-the-programme-in-git.md").read_text("utf-8")


def test_every_command_of_the_page_does_what_it_says(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as tx:
        make.shop(tx)
        for who in ("ada", "ben"):
            email = f"{who}@shop.example"
            access.add_operator(tx, email=email, name=who, role=Role.MANAGER, password="three quiet herons", at=NOON)
    monkeypatch.setenv("REGULARS_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    lines = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
    said: list[tuple[str, int]] = []
    for line in lines:
        ran = CliRunner().invoke(commands, shlex.split(line)[1:])
        said.append((line.split()[2], ran.exit_code))
        assert ran.exit_code in (0, 2), (line, ran.output, ran.exception)
        file = tmp_path / "programme.yaml"
        if len(said) == 1:
            file.write_text(file.read_text("utf-8").replace("count: 24", "count: 12"), "utf-8")
        if line.split()[2] == "plan":
            assert "~ expiry.lasts.count: 24 → 12" in TEXT
            assert "~ expiry.lasts.count: 24 → 12" in ran.output
    assert said == [
        ("export", 0),
        ("validate", 0),
        ("plan", 2),
        ("apply", 0),
        ("apply", 0),
        ("export", 0),
        ("diff", 0),
        ("versions", 0),
        ("rollback", 0),
    ]
