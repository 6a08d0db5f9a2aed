"""The example worked by hand is what is computed, and the how-to's commands do what it says."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.making import ADA
from regulars import ledger
from regulars.cli import app as commands
from regulars.insight import economics
from regulars.insight.economics import Cohort, Rolled, Sales
from regulars.ledger.periods import Standing
from regulars.storage import Database

DOCS = Path(__file__).parents[2] / "docs"
OCTOBER = 2026 * 12 + 9
MILLION = 1_000_000


def month(before: list[Standing], redeemed: tuple[int, ...], expected: int, sales: Sales) -> Rolled:
    now = [Cohort(OCTOBER, 100_000, 0, 0, 0, redeemed, (0,) * len(redeemed), 24)]
    chance = round(MILLION * (expected - redeemed[-1]) / (100_000 - redeemed[-1]))
    return economics.roll(
        before, now, {OCTOBER: chance}, minor_per_million=500_000, at_issue_ppm=800_000, sales=sales
    )  # fmt: skip


def test_the_example_worked_by_hand_is_what_is_computed() -> None:
    text = (DOCS / "explanation" / "economics.md").read_text("utf-8")
    rows = {
        cells[0]: cells[1:]
        for line in re.findall(r"^\| (.+) \|$", text.partition("### Worked by hand")[2], re.MULTILINE)
        if len(cells := [cell.strip() for cell in line.split("|")]) == 5 and cells[0]
    }
    october = month([], (20_000,), 80_000, Sales(1_000_000, 100_000))
    november = month(october.standings, (20_000, 50_000), 85_000, Sales(0, 0))
    expected = {}
    for name in ("Opening", "Issued", "Redeemed", "Expected otherwise", "Closing"):
        field = {"Expected otherwise": "reestimated"}.get(name, name.lower())
        expected[name] = [
            cell
            for one in (october.roll, november.roll)
            for cell in (
                f"{getattr(one, f'{field}_points'):,}" if hasattr(one, f"{field}_points") else "",
                f"{getattr(one, f'{field}_minor') / 100:,.2f}",
            )
        ]
    assert rows == expected
    assert october.roll.from_sales_minor == october.roll.issued_minor == 38_462


def test_every_command_of_the_how_to_does_what_it_says(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as tx:
        ledger.earn(tx, ADA, 1000, reference="a", at=datetime(2026, 2, 3, tzinfo=UTC))
    monkeypatch.setenv("REGULARS_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "howto" / "close-a-month.md").read_text("utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    said = [CliRunner().invoke(commands, shlex.split(line)[1:]) for line in lines]
    assert [ran.exit_code for ran in said] == [0] * 10
    numbers = {line.split(",")[0] for line in said[-1].output.splitlines()[1:]}
    assert numbers == {"points-2026-02-1", "points-2026-02-1R", "points-2026-02-2"}
    assert "2150" in (tmp_path / "journal.csv").read_text("utf-8")
