"""The auditor's page: its program finds a right journal right, and every change."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import NOON
from ledger.archiving import put_away, written
from ledger.making import ADA, BEN, LATER, earn, give_back, post, spend
from regulars import ledger
from regulars.ledger import Posting, archive, proof
from regulars.storage import Transaction

NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "audit-the-ledger.md"


def audited(tx: Transaction, folder: Path, *files: str) -> subprocess.CompletedProcess[str]:
    """What the page's program says of some files of the archive, and of the journal as it is exported."""
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "audit.py").write_text(program, encoding="utf-8")
    (folder / "journal.csv").write_bytes(b"".join(proof.export_journal(tx)))
    return subprocess.run(
        [sys.executable, "audit.py", *files, "journal.csv"], cwd=folder, capture_output=True, text=True, check=False
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


def test_what_left_the_house_is_right_with_its_files_and_believed_without(journal: Transaction, tmp_path: Path) -> None:
    post(journal, Posting("release", ADA, 0, "back", NOON, reverses="cart"))
    put_away(journal, NEXT_YEAR)
    post(journal, spend(ADA, 5, "w"), earn(BEN, 3, "late"), at=NEXT_YEAR)
    [file] = written(journal, 2026, tmp_path)
    right = f"{journal.value('select count(*) from ledger_journal')} entries are right.\n"
    assert audited(journal, tmp_path).stdout == right  # all is here
    archive.detach(journal, 2026, tmp_path, at=NEXT_YEAR)
    ran = audited(journal, tmp_path, file)
    assert (ran.returncode, ran.stdout) == (0, right), ran.stderr
    ran = audited(journal, tmp_path)
    hot = journal.value("select count(*) from ledger_entries")
    assert ran.stdout.startswith(f"{hot} entries are right.\nWhat 2 accounts had before was believed")
    journal.run("update ledger_archive set head = sha256('') where first_seq = 1")
    assert "ended with" in audited(journal, tmp_path, file).stderr
