"""`regulars ledger verify`: right, and not."""

from conftest import NOON
from ledger.making import ADA, BEN, DAY, earn, post


def test_a_ledger_that_is_right_is_said_to_be_and_has_a_root(regulars, database) -> None:
    with database.transaction() as tx:
        post(tx, earn(ADA, 10, "a"), earn(BEN, 10, "a"))
    ran = regulars("ledger", "verify", "--json")
    assert ran.code == 0
    assert {name: ran.json[name] for name in ("accounts", "entries", "discrepancies")} == {
        "accounts": 2,
        "entries": 2,
        "discrepancies": 0,
    }
    assert ran.json["root"] in regulars("ledger", "verify").out.replace("\n", "")


def test_a_tampered_entry_is_named_and_the_command_fails(regulars, database) -> None:
    with database.transaction() as tx:
        post(tx, earn(ADA, 10, "a"))
        tx.run("update ledger_entries set reason = 'a gift'")
    ran = regulars("ledger", "verify")
    assert ran.code != 0
    assert "entry 1: the hash is that of the entry and the hash before" in ran.err


def test_only_what_was_posted_to_since_is_verified(regulars, database) -> None:
    with database.transaction() as tx:
        post(tx, earn(ADA, 10, "a"), at=NOON)
        post(tx, earn(BEN, 10, "a", None), at=NOON + 2 * DAY)
    ran = regulars("ledger", "verify", "--since", (NOON + DAY).strftime("%Y-%m-%d"), "--json")
    assert (ran.code, ran.json["accounts"]) == (0, 1)


def test_the_journal_is_written_for_an_auditor(regulars, database, tmp_path) -> None:
    with database.transaction() as tx:
        post(tx, earn(ADA, 10, "a"), earn(BEN, 10, "a"))
    ran = regulars("ledger", "export", str(tmp_path / "journal.csv"), "--json")
    assert (ran.code, ran.json["entries"]) == (0, 2)
    assert len((tmp_path / "journal.csv").read_text().splitlines()) == 3
