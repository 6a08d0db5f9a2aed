"""No plan made while the tables were empty is kept to their harm: what a posting reads does not grow with the tables.

The first postings of a connection, on tables that are new, or that were analysed while empty, make the plans that it
keeps. Then the tables grow behind its back, and the rows each table gives per posting are counted. They are the same
when there are many rows already, and statistics of them: `REGULARS_TEST_PLAN_ROWS` says how many entries that are, 200,000
where it says nothing.
"""

import os
from collections.abc import Callable, Generator

import pytest

import citus
from conftest import NOON
from ledger.making import DAY, earn, give_back, post, spend, statuses, take_back
from regulars import ledger
from regulars.ledger import Active, past
from regulars.storage import Transaction, connect

HOT = 1
NAMES = ("ledger_accounts", "ledger_entries", "ledger_lots", "ledger_pending_lots")
MANY = int(os.environ.get("REGULARS_TEST_PLAN_ROWS", "200000"))


@pytest.fixture(scope="module", params=["new", "analysed while empty", "grown behind its back", "many, analysed"])
def session(shared_url: str, request: pytest.FixtureRequest) -> Generator[Transaction]:
    """A connection that planned everything, on empty tables or on large ones; since then 600 accounts, one of them with 3,000 entries."""
    if citus.URL is not None:
        pytest.skip("the rows read are counted on the workers, where the same functions run")
    connection = connect(shared_url)
    with connection.transaction(force_rollback=True):
        tx = Transaction(connection)
        if request.param == "many, analysed":
            _fill(tx)
        if "analysed" in request.param:
            for name in NAMES:
                tx.run(f"analyze {name}")  # pyright: ignore[reportArgumentType]
        _plan_everything(tx)
        if request.param == "grown behind its back":
            _fill(tx)
        _grow(tx)
        yield tx
    connection.close()


def _fill(tx: Transaction) -> None:
    """Many accounts of ten entries, with a lot each that is not due for long, and every fifth with a promise.

    By SQL, for that takes a tenth of the time; so the entries have no hashes, and the audit would say so.
    """
    tx.run(
        """
        insert into ledger_accounts (account_id, bucket, seq, member_id, available, pending, due_at, point_type)
        select i.id, i.id %% 256, 10, m, 100, case when m %% 5 = 0 then 10 else 0 end, timestamptz '2090-01-01', 'points'
        from generate_series(10000000, 10000000 + %(accounts)s - 1) m, lateral (select (('x' || encode(substring(sha256(
            convert_to('account' || e'\x1f' || m || e'\x1f' || 'points', 'UTF8')) for 8), 'hex'))::bit(64)::bigint >> 1) & 9223372036854775807 as id) i
        """,
        accounts=max(MANY // 10, 1),
    )
    tx.run(
        """
        insert into ledger_entries (account_id, seq, bucket, kind, amount, available, occurred_at, posted_at, idem, expires_at, reverses, reference, hash)
        select a.account_id, n, a.bucket, case when n %% 5 = 0 then 6 else 1 end, 10, 10 * n, %(at)s, %(at)s, md5(a.account_id::text || n)::uuid,
            timestamptz '2090-01-01', case when n %% 5 = 0 then n - 1 end, 'f' || n, ''
        from ledger_accounts a, generate_series(1, 10) n where a.member_id >= 10000000
        """,
        at=NOON - DAY,
    )
    tx.run(
        """
        insert into ledger_lots (account_id, expires_at, bucket, remaining)
        select account_id, timestamptz '2090-01-01' + member_id %% 700 * interval '1 day', bucket, 100 from ledger_accounts where member_id >= 10000000
        """
    )
    tx.run(
        """
        insert into ledger_pending_lots (account_id, seq, bucket, matures_at, expires_at, amount)
        select account_id, 10, bucket, timestamptz '2089-01-01' + member_id %% 300 * interval '1 day', timestamptz '2092-01-01', 10
        from ledger_accounts where member_id >= 10000000 and pending > 0
        """
    )


def _plan_everything(tx: Transaction) -> None:
    post(tx, earn(0, 9, "e", NOON + DAY), earn(0, 9, "p", None, matures_at=NOON + DAY), spend(0, 4, "s"))
    post(tx, take_back(0, 1, "r", "e"), take_back(0, 1, "q", "p"), give_back(0, 1, "g", "s"))
    post(tx, earn(0, 1, "late", NOON + 2 * DAY), at=NOON + 3 * DAY)
    ledger.expire_due(tx, at=NOON + 4 * DAY)
    ledger.statement(tx, 0)
    ledger.lots(tx, 0, at=NOON)
    for number in range(8):  # so often that the session keeps one plan for whatever comes
        ledger.slide(tx, [Active(0, number, NOON + (5 + number) * DAY)], at=NOON + 4 * DAY)
        ledger.fulfil(tx, "e", "f", at=NOON + 4 * DAY)
    past.holding(tx, 0, as_of=NOON, known_at=NOON)
    past.carried(tx, 0)


def _grow(tx: Transaction) -> None:
    for start in range(0, 3000, 1000):
        each = range(start, start + 1000)
        post(tx, *[earn(HOT, 10, f"h{number}", NOON + (10 + number % 100) * DAY) for number in each])
        post(tx, *[take_back(HOT, 1, f"hr{number}", f"h{number}") for number in each if number % 2])
    members = range(1000, 1600)
    post(tx, *[earn(member_id, 10, "e", NOON + 20 * DAY) for member_id in members])
    post(tx, *[earn(member_id, 10, "p", None, matures_at=NOON + 20 * DAY) for member_id in members])


@pytest.fixture
def grown(session: Transaction) -> Generator[Transaction]:
    """That connection; what a test does to it is undone."""
    with session.connection.transaction(force_rollback=True):
        yield session


def rows_read(
    tx: Transaction, work: Callable[[], object], names: tuple[str, ...] = NAMES
) -> dict[str, tuple[int, int]]:
    """Per table, the rows read by sequential scans and the rows fetched through indexes."""

    def counts() -> dict[str, tuple[int, int]]:
        counted = """
            select relname, pg_stat_get_xact_tuples_returned(relid), pg_stat_get_xact_tuples_fetched(relid)
            from pg_stat_user_tables where relname like 'ledger%%'
            """
        return {name: (scanned, fetched) for name, scanned, fetched in tx.rows(counted)}

    before = counts()
    work()
    after = counts()
    return {name: (after[name][0] - before[name][0], after[name][1] - before[name][1]) for name in names}


@pytest.mark.parametrize(
    ("work", "most"),
    [
        pytest.param(lambda tx: post(tx, *[earn(HOT, 1, f"x{n}") for n in range(50)]), (10, 0, 10, 0), id="earn, one account"),
        pytest.param(lambda tx: post(tx, *[earn(1000 + n, 1, "x") for n in range(50)]), (400, 0, 10, 0), id="earn, many"),
        pytest.param(lambda tx: post(tx, *[earn(5000 + n, 1, "x") for n in range(50)]), (400, 0, 10, 0), id="earn, new ones"),
        pytest.param(lambda tx: post(tx, *[earn(1000 + n, 10, "e") for n in range(50)]), (400, 50, 10, 0), id="replay"),
        pytest.param(lambda tx: post(tx, *[spend(1000 + n, 1, "x") for n in range(50)]), (400, 0, 400, 0), id="spend, many"),
        pytest.param(lambda tx: post(tx, *[spend(HOT, 90, f"x{n}") for n in range(50)]), (10, 0, 700, 0), id="spend, one account"),
        pytest.param(
            lambda tx: post(tx, *[take_back(HOT, 1, f"x{n}", f"h{n}") for n in range(50)]), (10, 100, 700, 0), id="clawback"
        ),
        pytest.param(
            lambda tx: post(tx, *[take_back(1000 + n, 3, "x", "p") for n in range(50)]), (400, 50, 400, 300), id="clawback of a promise"
        ),
        pytest.param(
            lambda tx: post(tx, spend(HOT, 500, "x"), *[give_back(HOT, 5, f"y{n}", "x") for n in range(50)]), (10, 100, 700, 0), id="restore"
        ),
        pytest.param(
            lambda tx: post(tx, *[earn(1000 + n, 1, "x") for n in range(10)], at=NOON + 20 * DAY), (300, 0, 100, 100), id="settle"
        ),
        pytest.param(lambda tx: ledger.expire_due(tx, at=NOON + 30 * DAY, limit=20), (300, 0, 1000, 300), id="expire due"),
        pytest.param(
            lambda tx: ledger.slide(tx, [Active(1000 + n, 1, NOON + 40 * DAY) for n in range(50)], at=NOON), (400, 0, 400, 0), id="slide"
        ),
        pytest.param(
            lambda tx: ledger.slide(tx, [Active(1000 + n, 1, NOON + DAY) for n in range(50)], at=NOON), (0, 0, 100, 0), id="slide nothing"
        ),
        pytest.param(lambda tx: ledger.fulfil(tx, "e", "f", at=NOON), (0, 0, 0, 0), id="fulfil"),
        pytest.param(lambda tx: ledger.statement(tx, HOT, limit=20), (10, 50, 0, 0), id="statement"),
        pytest.param(lambda tx: ledger.statement(tx, HOT, after=100, limit=20), (10, 50, 0, 0), id="statement, back"),
        pytest.param(lambda tx: past.holding(tx, 1001, as_of=NOON, known_at=NOON), (10, 30, 0, 10), id="the past, few entries"),
        pytest.param(lambda tx: past.holding(tx, HOT, as_of=NOON, known_at=NOON), (10, 18_000, 0, 10), id="the past, many entries"),
        pytest.param(lambda tx: past.carried(tx, 1001), (10, 10, 0, 0), id="opening and closing"),
    ],
)  # fmt: skip
def test_what_is_read_depends_on_what_is_asked(
    grown: Transaction, work: Callable[[Transaction], object], most: tuple[int, int, int, int]
) -> None:
    read = rows_read(grown, lambda: work(grown))
    assert [read[name][0] for name in NAMES] == [0, 0, 0, 0]
    assert all(read[name][1] <= limit for name, limit in zip(NAMES, most, strict=True)), (read, most)


@pytest.mark.parametrize(
    ("work", "most"),
    [
        pytest.param(lambda tx: post(tx, *[earn(HOT, 1, f"x{n}") for n in range(50)]), 0, id="earn"),
        pytest.param(lambda tx: post(tx, *[earn(HOT, 10, f"h{n}", NOON + (10 + n % 100) * DAY) for n in range(50)]), 50, id="replay"),
        pytest.param(lambda tx: post(tx, *[take_back(HOT, 1, f"x{n}", f"h{n}") for n in range(50)]), 100, id="clawback"),
        pytest.param(lambda tx: post(tx, earn(1001, 1, "x"), earn(1002, 10, "e")), 0, id="another account"),
        pytest.param(lambda tx: ledger.statement(tx, 1001), 0, id="another statement"),
        pytest.param(lambda tx: ledger.statement(tx, HOT, limit=20), 60, id="statement"),
    ],
)  # fmt: skip
def test_what_was_put_away_is_found_by_its_keys(
    grown: Transaction, work: Callable[[Transaction], object], most: int
) -> None:
    """36 bundles of one account: a posting reads those that have its reference, or what it undoes; nobody else's reads any.

    A statement asks in the order in which bundles lie in their index, so that no plan reads an archive whole, however small.
    """
    hot = ledger.account_id(HOT, "points")
    [moved] = grown.values(
        "select entries from ledger_put_away(%(after)s, %(before)s, 1, 9999)", after=hot - 1, before=NOON + DAY
    )
    assert moved == 4500
    scanned, fetched = rows_read(grown, lambda: work(grown), ("ledger_archive",))["ledger_archive"]
    assert (scanned, fetched <= most) == (0, True), (scanned, fetched)


def test_there_are_as_many_rows_as_was_said(grown: Transaction, request: pytest.FixtureRequest) -> None:
    many = request.node.callspec.params["session"] in {"grown behind its back", "many, analysed"}
    filled = grown.value("select count(*) from ledger_entries where hash = ''")
    assert filled == (MANY // 10 * 10 if many else 0)


def test_the_work_measured_is_real(grown: Transaction) -> None:
    assert statuses(post(grown, spend(HOT, 90, "x"), take_back(1000, 3, "y", "p"))) == ["posted", "posted"]
    if not grown.value("select exists (select from ledger_entries where hash = '')"):
        assert ledger.audit(grown) == []
