"""The auditor's page: its program finds a right journal right, and every change."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import NOON
from ledger.making import ADA, BEN, LATER, earn, give_back, post, spend
from regulars import ledger
from regulars.ledger import proof
from regulars.storage import Transaction

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "audit-the-ledger.md"


def audited(tx: Transaction, folder: Path) -> subprocess.CompletedProcess[str]:
    """What the page's program says of the journal as it is exported."""
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "audit.py").write_text(program, encoding="utf-8")
    (folder / "journal.csv").write_bytes(b"".join(proof.export_journal(tx)))
    return subprocess.run(
        [sys.executable, "audit.py", "journal.csv"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def journal(tx: Transaction) -> Transaction:
    post(tx, earn(ADA, 100, 'till "3", 会员', LATER, reason='said "yes", twice'), earn(BEN, 7, "a", None))
    post(tx, spend(ADA, 30, "v"), give_back(ADA, 10, "g", "v"))
    ledger.hold(tx, ADA, 20, reference="cart", until=LATER, at=NOON)
    return tx


def test_a_right_journal_is_right(journal: Transaction, tmp_path: Path) -> None:
    ran = audited(journal, tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "5 entries are right.\n"), ran.stderr


@pytest.mark.parametrize(
    "change",
    [
        "update ledger_entries set amount = amount + 1 where seq = 2",
        "update ledger_entries set reason = null where seq = 1",
        "update ledger_entries set occurred_at = occurred_at + interval '1 microsecond' where seq = 3",
        "update ledger_entries set alloc = null where kind = 2",
        "update ledger_entries set hash = sha256('') where seq = 2",
        "delete from ledger_entries where seq = 2",
    ],
)
def test_a_changed_one_is_not(journal: Transaction, tmp_path: Path, change: str) -> None:
    journal.run(change)  # pyright: ignore[reportArgumentType]
    ran = audited(journal, tmp_path)
    assert ran.returncode == 1
    assert "account" in ran.stderr
