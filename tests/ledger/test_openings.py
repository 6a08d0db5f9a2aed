"""Opening balances from another system: lots with the expiry they had there, each row once, every row accounted for."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import make
from conftest import NOON
from ledger.making import balance, everything, lots
from regulars import jobs, ledger, members
from regulars.ledger import openings
from regulars.ledger.openings import Layout, Naming
from regulars.members import NewMember
from regulars.storage import Database, Transaction
from regulars.types import to_public

DIRECT = Naming([members.DIRECT])
LONDON = ZoneInfo("Europe/London")


def file(tmp_path: Path, *rows: str, header: str = "member,points,expires_at,earned_at,reference") -> Path:
    path = tmp_path / "points.csv"
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    return path


def read(path: Path, *, at: datetime = NOON, **layout: object) -> openings.Source:
    return openings.read_file(path, Layout(**layout), at=at)  # pyright: ignore[reportArgumentType]


def bring(tx: Transaction, source: openings.Source, naming: Naming = DIRECT, *, size: int = 3) -> openings.Import:
    running = openings.begin_import(tx, source, at=NOON)
    for rows in source.chunks(after=running.rows_done, size=size):
        running = openings.post_rows(tx, running, rows, naming, at=NOON)
    return openings.finish_import(tx, running, at=NOON)


def enrol(tx: Transaction, *names: str) -> list[int]:
    return [one.member_id for one in members.enrol(tx, [NewMember(name) for name in names], at=NOON)]


@pytest.fixture
def ada(tx: Transaction) -> int:
    return enrol(tx, "ada")[0]


def test_a_row_is_a_lot_with_the_expiry_it_had(tx: Transaction, ada: int, tmp_path: Path) -> None:
    done = bring(
        tx,
        read(
            file(
                tmp_path,
                "ada,100,2026-12-31,2025-01-05,a",
                "ada,50,2027-01-15T10:00:00Z,2025-02-01 08:30,b",
                "ada,25,,,c",
            ),
            time_zone="Europe/London",
        ),
    )
    assert lots(tx, ada) == {
        datetime(2027, 1, 1, tzinfo=LONDON): 100,  # the date is the last day on which they count
        datetime(2027, 1, 15, 10, tzinfo=UTC): 50,
        None: 25,
    }
    last, second, first = ledger.statement(tx, ada)
    assert [one.occurred_at for one in (first, second, last)] == [
        datetime(2025, 1, 5, tzinfo=LONDON),
        datetime(2025, 2, 1, 8, 30, tzinfo=LONDON),
        NOON,
    ]
    assert {(one.reason, one.posted_at) for one in (first, second, last)} == {("opening balance", NOON)}
    assert done.report["totals"] == {"points": {"in_file": 175, "unread": 0, "posted": 175, "known": 0, "refused": 0}}
    assert ledger.audit(tx) == []


def test_rows_that_cannot_be_imported_are_returned_with_reasons_and_the_rest_is_posted(
    tx: Transaction, ada: int, tmp_path: Path
) -> None:
    source = read(
        file(
            tmp_path,
            "ada,10,2027-01-01,2026-01-01,ok",
            ",10,,,1",
            "ada,,,,2",
            "ada,ten,,,3",
            "ada,10.5,,,4",
            "ada,-5,,,5",
            "ada,5,someday,,6",
            "ada,5,2027-01-01,2026-13-01,7",
            "ada,5,2027-01-01,2026-04-01,8",
            "ada,5,2025-12-31,2026-01-01,9",
            "ada,5,2026-03-01,,10",
            "ada,10,2027-01-01,2026-01-01,ok",
            "ada,11,2027-01-01,2026-01-01,ok",
            "ben,5,,,11",
            "ada,0,,,12",
            "ada,5,,,@mine",
        )
    )
    done = bring(tx, source)
    target = tmp_path / "rejects.csv"
    refused = [(one["row"], one["reason"]) for one in done.report["refusals"]]
    assert source.write_rejects(target, refused) == 12
    with target.open(encoding="utf-8") as opened:
        reasons = {int(row["row"]): row["reason"] for row in csv.DictReader(opened)}
    assert reasons == {
        2: "no member",
        3: "no points",
        4: "points is not a whole number",
        5: "points is not a whole number",
        6: "points is negative: what a member owes is not opened by a file",
        7: "expires_at cannot be read",
        8: "earned_at cannot be read",
        9: "earned_at is in the future",
        10: "expires_at is not after earned_at",
        13: "the reference of row 1 with other points",
        14: "There is no member ben.",
        16: "reference is '@mine': give 1 to 200 printable characters, the first of them not @, which marks the ledger's own.",
    }
    assert done.report["rows"] == {"posted": 1, "refused": 2}
    assert {name for name in done.report["verdicts"] if name.startswith("dropped")} == {
        "dropped: expired already",
        "dropped: a row again",
        "dropped: no points left",
    }
    assert balance(tx, ada) == (10, 0, 0)
    [total] = done.report["totals"].values()
    assert total["in_file"] == total["unread"] + total["posted"] + total["known"] + total["refused"] == 71


def test_case_32_an_import_that_crashed_at_row_n_goes_on_and_a_second_one_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    rows = [f"m{n % 30},{n + 1},{2027 + n % 3}-06-30,2025-01-01,old/{n}" for n in range(95)]
    path, app = file(tmp_path, *rows), make.app(database)
    with database.transaction() as tx:
        ids = enrol(tx, *[f"m{n}" for n in range(30)])
    source = read(path)
    chunks = list(source.chunks(size=10))
    dry = jobs.try_points(app, source, DIRECT)
    assert (dry["rows"], dry["totals"]["points"]["posted"]) == ({"posted": 95}, sum(range(1, 96)))
    with database.transaction() as tx:
        assert tx.value("select count(*) from ledger_entries") == 0  # a dry run left nothing
        running = openings.begin_import(tx, source, at=NOON)
    for rows_of_chunk in chunks[:4]:
        with database.transaction() as tx:
            running = openings.post_rows(tx, running, rows_of_chunk, DIRECT, at=NOON)
    with pytest.raises(KeyboardInterrupt), database.transaction() as tx:
        openings.post_rows(tx, running, chunks[4], DIRECT, at=NOON)
        raise KeyboardInterrupt  # it crashed at row 50, of which 40 are committed
    with database.transaction() as tx:
        assert tx.value("select count(*) from ledger_entries") == 40
        with pytest.raises(openings.OpeningsMoved), tx.savepoint():
            openings.post_rows(tx, replace(running, rows_done=30), chunks[3], DIRECT, at=NOON)
    again = jobs.try_points(app, read(path), DIRECT)
    assert again["rows"] == {"known": 40, "posted": 55}  # the difference that going on would make
    done = jobs.import_points(app, read(path), DIRECT)
    assert (done.rows_done, done.report["rows"]) == (95, {"posted": 95})
    total = {"in_file": 4560, "unread": 0, "posted": 4560, "known": 0, "refused": 0}
    assert done.report["totals"] == {"points": total}
    with database.transaction() as tx:
        before = everything(tx)
        assert sum(balance(tx, member_id)[0] for member_id in ids) == 4560
        assert {expiry and expiry.year for member_id in ids for expiry in lots(tx, member_id)} == {2027, 2028, 2029}
        assert ledger.audit(tx) == []
    repeated = jobs.import_points(app, read(path), DIRECT, again=True)
    assert repeated.report["rows"] == {"known": 95}
    with database.transaction() as tx:
        assert everything(tx)[:4] == before[:4]


def test_a_corrected_file_brings_what_was_missing_and_names_what_was_changed(
    tx: Transaction, ada: int, tmp_path: Path
) -> None:
    bring(tx, read(file(tmp_path, "ada,10,,,a", "ada,x,,,b", "ada,30,,,c")))
    done = bring(tx, read(file(tmp_path, "ada,10,,,a", "ada,20,,,b", "ada,31,,,c")))
    assert done.report["rows"] == {"known": 1, "posted": 1, "refused": 1}
    [refusal] = done.report["refusals"]
    assert (refusal["row"], refusal["code"]) == (3, "ReferenceReused")
    assert balance(tx, ada) == (60, 0, 0)


def test_rows_without_a_reference_are_known_again_by_what_they_say(tx: Transaction, ada: int, tmp_path: Path) -> None:
    rows = ("ada,10,2027-01-01", "ada,10,2027-01-01", "ada,10,2028-01-01")
    header = "member,points,expires_at"
    assert bring(tx, read(file(tmp_path, *rows, header=header))).report["rows"] == {"posted": 3}
    more = bring(tx, read(file(tmp_path, *rows, "ada,10,2027-01-01", header=header)))
    assert more.report["rows"] == {"known": 3, "posted": 1}
    assert balance(tx, ada) == (40, 0, 0)


def test_a_file_that_does_not_sum_to_what_was_expected_is_not_imported(ada: int, tmp_path: Path) -> None:
    source = read(file(tmp_path, "ada,10,,,a", "ada,-3,,,b"))
    openings.check_totals(source, {"points": 7})
    with pytest.raises(openings.TotalDiffers, match="The file holds 7 points, and 10 were expected"):
        openings.check_totals(source, {"points": 10})
    with pytest.raises(openings.TotalDiffers, match="holds 0 stars"):
        openings.check_totals(source, {"stars": 1})


def test_members_are_found_by_identifier_number_or_address_and_enrolled_only_when_asked(
    tx: Transaction, tmp_path: Path
) -> None:
    make.shop(tx)
    [ada] = [
        one.member_id for one in members.enrol(tx, [NewMember("17", issuer="uk", email="ada@example.com")], at=NOON)
    ]
    rows = (f"{to_public('mem', ada)},1", "17.0,2", "ada@example.com,4", "99,8", "mem_nonsense,16")
    path = file(tmp_path, *rows, header="member,points")
    done = bring(tx, read(path), Naming(["uk", members.DIRECT]))
    assert done.report["rows"] == {"posted": 3, "refused": 2}
    assert balance(tx, ada) == (7, 0, 0)
    tx.run("delete from ledger_imports")
    more = bring(tx, read(path), Naming(["uk"], enrols=True))
    assert more.report["rows"] == {"known": 3, "posted": 2}
    assert balance(tx, members.by_external_id(tx, "99", issuer="uk").member_id) == (8, 0, 0)


def test_parquet_with_times_of_its_own_and_other_headers(tx: Transaction, ada: int, tmp_path: Path) -> None:
    path = tmp_path / "points.parquet"
    pq.write_table(
        pa.table(
            {
                "会员号": ["ada", "ada"],
                "积分": [5.0, 7.0],
                "有效期": pa.array([NOON + timedelta(days=9), None], pa.timestamp("us", "UTC")),
                "Wallet": ["points", "stars"],
            }
        ),
        path,
    )
    done = bring(tx, read(path))
    assert done.report["totals"].keys() == {"points", "stars"}
    assert lots(tx, ada) == {NOON + timedelta(days=9): 5}
    assert ledger.balance(tx, ada, at=NOON, point_type="stars").available == 7


def test_another_way_of_writing_dates(tx: Transaction, ada: int, tmp_path: Path) -> None:
    path = file(tmp_path, "ada,5,31/12/2026,05/01/2025,a")
    bring(tx, read(path, date_format="%d/%m/%Y"))
    assert lots(tx, ada) == {datetime(2027, 1, 1, tzinfo=UTC): 5}


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        ({"columns": {"who": "member"}}, "--map is 'who': map one of member, points"),
        ({"columns": {"member": "Nobody"}}, "--map member is 'Nobody': the file has member, points"),
        ({"time_zone": "Mars/Olympus"}, "time_zone is 'Mars/Olympus': give an IANA name"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(tmp_path: Path, layout: dict[str, object], what: str) -> None:
    with pytest.raises(openings.BadLayout, match=what):
        read(file(tmp_path, "ada,1,,,a"), **layout)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(openings.UnreadableOpenings, match="there is no such file"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(openings.BadLayout, match="points is 'unmapped': say which column it is"):
        read(file(tmp_path, "ada,1", header="member,what"))


ROW = st.tuples(
    st.sampled_from(["ada", "", "nobody"]),
    st.sampled_from(["5", "-2", "x", "", "0", "7.0", "12"]),
    st.sampled_from(["", "2027-01-01", "2020-01-01", "bad"]),
    st.sampled_from(["", "2025-06-01", "2030-01-01"]),
    st.sampled_from(["", "a", "b", "@c"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=12))
def test_every_row_and_every_point_ends_in_exactly_one_count(
    tx: Transaction, tmp_path: Path, rows: Sequence[tuple[str, ...]]
) -> None:
    with tx.savepoint(undo=True):
        enrol(tx, "ada")
        source = read(file(tmp_path, *map(",".join, rows)))
        done = bring(tx, source)
        counts = sum(count for name, count in source.verdicts.items() if name != "read")
        assert counts + sum(done.report["rows"].values()) == len(rows) == source.rows_read
        for total in done.report["totals"].values():
            assert total["in_file"] == total["unread"] + total["posted"] + total["known"] + total["refused"]
        assert ledger.audit(tx) == []
