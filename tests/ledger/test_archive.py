"""Old entries put away: nothing answers otherwise, everything is still proven, and a year can leave and come back."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import pytest

import citus
from conftest import NOON
from ledger.archiving import put_away, written
from ledger.making import (
    ADA,
    BEN,
    CLEO,
    DAN,
    DAY,
    LAST,
    LATER,
    SOON,
    balance,
    earn,
    give_back,
    post,
    spend,
    statuses,
    take_back,
)
from regulars import ledger
from regulars.errors import Invalid
from regulars.ledger import Posting, account_id, archive, past, proof
from regulars.ledger.archive import BadArchiveFiles, NotArchivable, NotSealable
from regulars.storage import Database, Transaction

pytestmark = pytest.mark.skipif(citus.URL is not None, reason="nothing is put away where the ledger is spread")

NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
TOMORROW = NOON + DAY


@pytest.fixture
def busy(tx: Transaction) -> Transaction:
    """Ada has done everything; Ben's promise and Cleo's hold are open; Dan owes."""
    post(tx, earn(ADA, 100, "a", LATER, reason="a gift"), spend(ADA, 30, "v"), give_back(ADA, 10, "g", "v"))
    post(tx, take_back(ADA, 20, "t", "a"), Posting("hold", ADA, 15, "h", NOON, LATER))
    post(tx, Posting("capture", ADA, 10, "c", NOON, reverses="h"), Posting("release", ADA, 0, "r", NOON, reverses="h"))
    post(tx, earn(BEN, 7, "a", None), earn(BEN, 5, "p", LAST, matures_at=LATER), spend(BEN, 2, "v"))
    post(tx, earn(CLEO, 40, "a", LATER), Posting("hold", CLEO, 15, "h", NOON, LATER), spend(CLEO, 1, "v"))
    post(tx, earn(DAN, 10, "a", LATER), spend(DAN, 10, "v"), take_back(DAN, 4, "t", "a"))
    return tx


def seen(tx: Transaction) -> list[object]:
    """What anybody can read of the four."""
    found: list[object] = [ledger.totals(tx), past.totals(tx, as_of=NOON, known_at=NOON)]
    for member_id in (ADA, BEN, CLEO, DAN):
        found.append(ledger.balance(tx, member_id, at=NOON))
        found.append(ledger.lots(tx, member_id, at=NOON))
        found.append(ledger.statement(tx, member_id))
        found.append(ledger.statement(tx, member_id, limit=2))
        found.append(ledger.statement(tx, member_id, after=1, limit=2))
        found.append(ledger.statement(tx, member_id, before=3, limit=1, kinds=["earn"]))
        found.append(past.carried(tx, member_id))
        found.append(past.holding(tx, member_id, as_of=NOON, known_at=NOON))
        found.append(list(past.written(tx, member_id, as_json=True)))
    return found


def moved(tx: Transaction) -> dict[int, int]:
    return dict(tx.rows("select member_id, archived from ledger_accounts where archived > 0"))


def test_nothing_reads_otherwise_and_what_is_open_stays(busy: Transaction) -> None:
    before, journal = seen(busy), b"".join(proof.export_journal(busy))
    run = put_away(busy, TOMORROW)
    assert moved(busy) == {ADA: 7, BEN: 1, CLEO: 1, DAN: 3}
    assert (run.accounts, run.entries) == (4, 12)
    assert busy.value("select count(*) from ledger_entries") == 4
    assert seen(busy) == before
    assert b"".join(proof.export_journal(busy)) == journal
    assert ledger.audit(busy) == []
    assert put_away(busy, TOMORROW).entries == 0


def test_a_reference_is_known_for_ever_and_what_it_did_can_be_undone(busy: Transaction) -> None:
    again: Sequence[Posting] = [
        earn(ADA, 100, "a", LATER),
        earn(ADA, 99, "a", LATER),
        give_back(ADA, 10, "g", "v"),
        take_back(DAN, 4, "t", "a"),
        Posting("capture", ADA, 10, "c", NOON, reverses="h"),
    ]
    fresh = [
        give_back(ADA, 20, "g2", "v"),
        give_back(ADA, 1, "g3", "v"),
        take_back(ADA, 80, "t2", "a"),
        give_back(ADA, 10, "g4", "c"),
        Posting("capture", ADA, 1, "c2", NOON, reverses="h"),
        take_back(DAN, 7, "t2", "a"),
        Posting("mature", BEN, 0, "m", NOON, reverses="p"),
        take_back(BEN, 1, "t", "unknown"),
    ]
    with busy.savepoint(undo=True):
        wanted = ledger.post(busy, [*again, *fresh, *again], at=NOON)
    put_away(busy, TOMORROW)
    assert ledger.post(busy, [*again, *fresh, *again], at=NOON) == wanted
    assert statuses(wanted)[:2] == ["replayed", "reference_reused"]
    assert ledger.audit(busy) == []
    put_away(busy, TOMORROW)
    assert statuses(ledger.post(busy, [give_back(ADA, 1, "g5", "v"), take_back(ADA, 1, "t3", "a")], at=NOON)) == [
        "exceeds",
        "exceeds",
    ]


def test_a_lapsed_promise_is_known_to_have_lapsed(tx: Transaction) -> None:
    post(tx, earn(ADA, 5, "p", LATER, matures_at=SOON, lapses=True), earn(ADA, 5, "kept", LATER, matures_at=SOON))
    ledger.expire_due(tx, at=SOON)
    put_away(tx, SOON + DAY)
    assert tx.value("select count(*) from ledger_entries") == 0
    taken = ledger.post(tx, [take_back(ADA, 5, "t", "p"), take_back(ADA, 5, "t2", "kept")], at=SOON + DAY)
    assert statuses(taken) == ["exceeds", "posted"]


def test_members_who_share_points_find_what_was_put_away(busy: Transaction) -> None:
    ledger.join(busy, ADA, BEN, reference="j", at=NOON)
    put_away(busy, TOMORROW)
    assert statuses(post(busy, earn(ADA, 100, "a", LATER), take_back(ADA, 80, "t2", "a"))) == ["replayed", "posted"]
    assert statuses(post(busy, take_back(ADA, 1, "t3", "a"))) == ["exceeds"]
    assert ledger.audit(busy) == []


def test_many_entries_go_in_bundles_and_in_batches_that_may_be_stopped(tx: Transaction) -> None:
    post(
        tx, *[earn(ADA, 1, f"a{number}") for number in range(300)], *[earn(BEN, 1, f"b{number}") for number in range(5)]
    )
    first = archive.put_away(tx, TOMORROW, at=TOMORROW, most=130)
    assert first is not None
    assert (first[1], first[0].finished_at) == (130, None)
    assert put_away(tx, TOMORROW, most=130).entries == 305  # goes on where it was
    assert archive.runs(tx)[0].accounts == 4  # Ada three times
    sizes = tx.values(
        "select last_seq - first_seq + 1 from ledger_archive order by account_id = %(ben)s, first_seq",
        ben=account_id(BEN, "points"),
    )
    assert sizes == [128, 2, 128, 2, 40, 5]
    assert set(statuses(post(tx, *[earn(ADA, 1, f"a{number}") for number in range(300)]))) == {"replayed"}
    assert ledger.audit(tx) == []
    assert tx.values("select name from facts where name like 'ledger.%%'") == ["ledger.archived"]


def test_a_run_that_was_stopped_may_go_on_with_another_moment(tx: Transaction) -> None:
    post(tx, *[earn(who, 1, "a") for who in range(1, 9)])
    post(tx, *[earn(who, 1, "b") for who in range(1, 9)], at=TOMORROW + DAY)
    archive.put_away(tx, NOON + 9 * DAY, at=NOON + 9 * DAY, most=2)
    run = put_away(tx, TOMORROW)
    assert (run.run_id, run.before, run.entries) == (
        1,
        TOMORROW,
        2 + 7,
    )  # of the first account both, before it was turned
    with pytest.raises(NotSealable, match="--before 2027"):  # the run that would have done it did not end
        archive.seal(tx, 2026, at=NEXT_YEAR)


def test_the_future_and_a_spread_ledger_are_refused(tx: Transaction) -> None:
    with pytest.raises(Invalid, match="before is 2026-03-03"):
        archive.put_away(tx, TOMORROW, at=NOON)
    tx.connection.shards = (0,) * 256
    try:
        with pytest.raises(NotArchivable, match="spread over several servers"):
            archive.put_away(Transaction(tx.connection), NOON, at=NOON)
    finally:
        tx.connection.shards = None
    assert archive.runs(tx) == []


@pytest.mark.parametrize(
    ("change", "invariant"),
    [
        ("update ledger_archive set amounts[2] = amounts[2] + 1 where", "the hash is that of the entry and the hash before"),
        ("update ledger_archive set amounts[2] = amounts[2] + 1 where", "a bundle is as it was sealed"),
        ("update ledger_archive set keys[1] = keys[2] where", "the digest is that of the reference"),
        ("update ledger_archive set undone = null where", "a bundle is as it was sealed"),
        ("update ledger_archive set head = sha256('') where", "a bundle ends with its head"),
        ("delete from ledger_archive where", "entries are numbered from 1 without gaps"),
        ("update ledger_archive_words set refs[3] = 'other' where", "the digest is that of the reference"),
        ("update ledger_archive_words set reasons[1] = 'because' where", "the hash is that of the entry and the hash before"),
        ("update ledger_archive_words set hashes[7] = sha256('') where", "a bundle ends with its head"),
        ("delete from ledger_archive_words where", "the words of a bundle are here, or were taken out"),
        ("update ledger_accounts set archived = 0 where", "the account knows what was put away"),
    ],
)  # fmt: skip
def test_a_change_to_what_was_put_away_is_found_and_located(
    busy: Transaction, change: LiteralString, invariant: str
) -> None:
    put_away(busy, TOMORROW)
    post(busy, earn(ADA, 1, "after"))
    busy.run(change + " account_id = %(ada)s", ada=account_id(ADA, "points"))
    found = ledger.audit(busy)
    assert invariant in {one.invariant for one in found}
    assert {one.account_id for one in found} == {account_id(ADA, "points")}
    assert proof.verify_since(busy, NOON - DAY, at=TOMORROW).found == found


def leave(tx: Transaction, folder: Path) -> None:
    """The year is put away, written to files, and its words leave."""
    put_away(tx, NEXT_YEAR)
    written(tx, 2026, folder)
    archive.detach(tx, 2026, folder, at=NEXT_YEAR)


def without_words(found: Any) -> Any:
    """An entry as it is told where its words are elsewhere."""
    return [(e.seq, e.kind, e.amount, e.available, e.occurred_at, e.lots, e.reverses) for e in found]


def test_a_year_leaves_and_comes_back(busy: Transaction, tmp_path: Path) -> None:
    lines = ledger.statement(busy, ADA)
    leave(busy, tmp_path)
    assert busy.value("select to_regclass('ledger_archive_words_2026')") is None
    assert without_words(ledger.statement(busy, ADA)) == without_words(lines)
    assert (
        past.in_words(ledger.statement(busy, ADA)[-1])
        == "Earned 100 points. Its reference and reason are in the archive's files."
    )
    away = past.elsewhere(busy, ADA)
    assert away is not None
    assert (away.upto, away.since, away.folders) == (7, None, [str(tmp_path)])
    ben = past.elsewhere(busy, BEN)
    assert ben is not None
    assert (ben.upto, ben.since) == (1, NOON)
    assert ledger.audit(busy) == []
    assert statuses(post(busy, earn(ADA, 100, "a", LATER), earn(ADA, 1, "a", LATER), give_back(ADA, 20, "g2", "v"))) == [
        "replayed",
        "reference_reused",
        "posted",
    ]  # fmt: skip
    with busy.savepoint(undo=True):
        archive.restore(busy, 2026, tmp_path, at=NEXT_YEAR)
        assert ledger.statement(busy, ADA)[1:] == lines
        assert past.elsewhere(busy, ADA) is None
        assert ledger.audit(busy) == []
    names = busy.values("select name from facts where name like 'ledger.%%' order by fact_id")
    assert names == ["ledger.archived", "ledger.exported", "ledger.detached"]


def test_what_comes_too_late_for_its_year_goes_to_the_next(busy: Transaction, tmp_path: Path) -> None:
    leave(busy, tmp_path)
    ledger.expire_due(busy, at=LATER + DAY)  # Ben's promise and Cleo's hold end
    ledger.expire_due(busy, at=LATER + 10 * DAY)
    put_away(busy, NEXT_YEAR + DAY)
    assert busy.values("select distinct year from ledger_archive where first_seq > 1 order by year") == [2027]
    assert busy.value("select count(*) from ledger_entries") == 0
    assert ledger.audit(busy) == []
    with pytest.raises(NotSealable, match="2027 cannot be taken out"):
        archive.seal(busy, 2027, at=NEXT_YEAR + DAY)


def test_a_year_leaves_only_when_it_is_over_put_away_and_written(busy: Transaction, tmp_path: Path) -> None:
    with pytest.raises(NotSealable, match="nothing of it was put away"):
        archive.seal(busy, 2026, at=NEXT_YEAR)
    put_away(busy, TOMORROW)
    with pytest.raises(NotSealable, match="--before 2027-01-01"):
        archive.seal(busy, 2026, at=NEXT_YEAR)
    with pytest.raises(NotSealable, match="it is open"):
        archive.write(busy, 2026, tmp_path)
    with pytest.raises(NotSealable, match="was not exported"):
        archive.detach(busy, 2026, tmp_path, at=NEXT_YEAR)
    with pytest.raises(NotSealable, match="its words are here"):
        archive.restore(busy, 2026, tmp_path, at=NEXT_YEAR)
    assert busy.value("select count(*) from ledger_archive_years where sealed_at is not null") == 0


def _cut(folder: Path) -> None:
    file = folder / "2026-0001.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-9])


def _change_manifest(folder: Path) -> None:
    file = folder / "2026-manifest.json"
    file.write_text(file.read_text().replace('"accounts": 4', '"accounts": 5'))


@pytest.mark.parametrize(
    "spoil",
    [
        _cut,
        _change_manifest,
        lambda folder: (folder / "2026-0001.jsonl.gz").unlink(),
        lambda folder: (folder / "2026-manifest.json").write_text("{}"),
    ],
)
def test_files_that_are_not_right_let_nothing_leave_and_nothing_in(
    busy: Transaction, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    put_away(busy, NEXT_YEAR)
    written(busy, 2026, tmp_path)
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    spoil(tmp_path)
    with pytest.raises(BadArchiveFiles), busy.savepoint():
        archive.detach(busy, 2026, tmp_path, at=NEXT_YEAR)
    assert busy.value("select count(*) from ledger_archive_words") == 4
    for path, content in kept.items():
        path.write_bytes(content)
    archive.detach(busy, 2026, tmp_path, at=NEXT_YEAR)
    spoil(tmp_path)
    with pytest.raises(BadArchiveFiles), busy.savepoint():
        archive.restore(busy, 2026, tmp_path, at=NEXT_YEAR)
    assert busy.value("select to_regclass('ledger_archive_words_2026')") is None


def test_a_database_that_says_otherwise_than_its_files_lets_nothing_leave(busy: Transaction, tmp_path: Path) -> None:
    put_away(busy, NEXT_YEAR)
    written(busy, 2026, tmp_path)
    busy.run(
        "update ledger_archive_words set reasons[1] = 'because' where account_id = %(ada)s",
        ada=account_id(ADA, "points"),
    )
    with pytest.raises(BadArchiveFiles, match="the database has other entries"):
        archive.detach(busy, 2026, tmp_path, at=NEXT_YEAR)
    with pytest.raises(BadArchiveFiles, match="entry 1 does not follow"):
        archive.write(busy, 2026, tmp_path)


def test_writing_twice_makes_the_same_files(busy: Transaction, tmp_path: Path) -> None:
    put_away(busy, NEXT_YEAR)
    for name in ("one", "two"):
        written(busy, 2026, tmp_path / name)
    assert [path.read_bytes() for path in sorted((tmp_path / "one").iterdir())] == [
        path.read_bytes() for path in sorted((tmp_path / "two").iterdir())
    ]


def test_postings_and_putting_away_at_once_lose_nothing_and_do_nothing_twice(database: Database) -> None:
    """Two archivers and two who post, replay and undo, on the same accounts."""
    people, errors = range(1, 9), []
    at = [NOON]
    with database.transaction() as tx:
        post(tx, *[earn(who, 100, "a") for who in people])

    def posting(seed: int) -> None:
        for number in range(12):
            now = NOON + timedelta(seconds=number + 1)
            batch = [
                one
                for who in people
                for one in (
                    spend(who, 1, f"s{number}"),
                    earn(who, 100, "a"),
                    give_back(who, 1, f"g{number}", f"s{number}"),
                )
            ]
            with database.transaction() as tx:
                found = statuses(ledger.post(tx, batch[:: 1 if seed else -1] if seed else batch, at=now))
            assert set(found) <= {"posted", "replayed"}, found
            at.append(now)

    def archiving() -> None:
        for _ in range(12):
            with database.transaction() as tx:
                archive.put_away(tx, max(at), at=max(at), most=20)

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - told below
                errors.append(error)

        return run

    threads = [
        threading.Thread(target=guarded(work))
        for work in (lambda: posting(0), lambda: posting(1), archiving, archiving)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with database.transaction() as tx:
        put_away(tx, NOON + DAY)
        assert ledger.audit(tx) == []
        assert {balance(tx, who) for who in people} == {(100, 0, 0)}
        assert tx.value("select sum(entries)::int from ledger_archive_years") == 8 * 25


def test_a_batch_that_is_killed_leaves_nothing_and_the_next_goes_on(database: Database) -> None:
    with database.transaction() as tx:
        post(tx, *[earn(who, 10, "a") for who in range(1, 30)])
    with database.transaction() as tx:
        archive.put_away(tx, TOMORROW, at=TOMORROW, most=10)
    with pytest.raises(Exception, match="terminating connection"), database.transaction() as tx:
        archive.put_away(tx, TOMORROW, at=TOMORROW, most=10)
        with database.transaction() as other:
            other.value("select pg_terminate_backend(%(pid)s)", pid=tx.connection.info.backend_pid)
        tx.value("select 1")
    with database.transaction() as tx:
        assert (tx.value("select count(*) from ledger_entries"), archive.runs(tx)[0].entries) == (19, 10)
        assert put_away(tx, TOMORROW, most=10).entries == 29
        assert ledger.audit(tx) == []
