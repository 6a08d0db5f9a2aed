"""The command line, run in this process as the `regulars` script runs it."""

import io
import json
import signal
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass

import pytest
import structlog

from make import SECRET_KEY
from regulars.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def regulars(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, database_url: str
) -> Generator[Callable[..., Ran]]:
    """Run a command on a database of this test's own."""
    monkeypatch.setenv("REGULARS_DATABASE_URL", database_url)
    monkeypatch.setenv("REGULARS_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["regulars", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ran(ended.value.code or 0, said.out, said.err)

    before = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, before)
    structlog.reset_defaults()
