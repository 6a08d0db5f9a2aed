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


def test_old_entries_are_put_away_written_taken_out_and_brought_back(regulars, database, tmp_path) -> None:
    then = NOON.replace(year=2020)
    with database.transaction() as tx:
        post(tx, *[earn(who, 10, f"a{number}", None) for who in (ADA, BEN) for number in range(3)], at=then)
        post(tx, earn(ADA, 1, "later", None))
    assert regulars("ledger", "archive").out == "Nothing was put away yet.\n"
    ran = regulars("ledger", "archive", "--before", "2021-01-01", "--most", "2", "--json")
    assert (ran.code, ran.json) == (0, {"entries": 2, "finished": False})
    assert regulars("ledger", "archive", "--before", "2021-01-01").out == "4 entries were put away.\n"
    folder = tmp_path / "archive"
    ran = regulars("ledger", "archive", "--export", "2020", "--to", str(folder), "--detach", "--json")
    assert (ran.code, ran.json["entries"], ran.json["folder"]) == (0, 6, str(folder))
    assert sorted(path.name for path in folder.iterdir()) == ["2020-0001.jsonl.gz", "2020-manifest.json"]
    assert regulars("ledger", "verify", "--json").json["entries"] == 7
    [year] = regulars("ledger", "archive", "--json").json
    assert (year["year"], year["entries"], year["detached_at"] is None) == (2020, 6, False)
    ran = regulars("ledger", "archive", "--restore", "2020", "--from", str(folder))
    assert ran.out == "6 entries of 2020 are complete again.\n"
    assert regulars("ledger", "export", str(tmp_path / "journal.csv"), "--json").json["entries"] == 7


def test_a_muddled_wish_is_refused(regulars) -> None:
    for arguments, said in [
        (["--before", "2021-01-01", "--export", "2020", "--to", "x"], "ask for one at a time"),
        (["--export", "2020"], "name the folder"),
        (["--most", "5"], "give it with --before"),
        (["--detach"], "give it with --export"),
        (["--restore", "2020", "--from", "x"], "its words are here"),
        (["--before", "2500-01-01"], "a moment that has passed"),
    ]:
        ran = regulars("ledger", "archive", *arguments)
        assert ran.code != 0
        assert said in ran.err.replace("\n", " "), ran.err
