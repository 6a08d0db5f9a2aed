"""The ledger spread over several servers. What needs a Citus coordinator is skipped, loudly, where none is named."""

from collections.abc import Generator

import psycopg
import pytest

import citus
from conftest import NOON
from ledger.making import LATER, balance, earn, post, spend, statuses
from regulars import ledger
from regulars.ledger import archive, desk
from regulars.storage import (
    KEPT_WHOLE,
    SHARDED,
    BadShards,
    Database,
    Lanes,
    NotDistributable,
    Transaction,
    connect,
    distribute,
    migrate,
)


def test_every_table_with_a_bucket_is_spread_or_kept_whole_on_purpose(empty_url: str) -> None:
    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        found = connection.execute(
            "select table_name from information_schema.columns join information_schema.tables using (table_schema, table_name) "
            "where table_type = 'BASE TABLE' and column_name = 'bucket' and table_schema = 'public' and table_name not like 'storage%'"
        )
        assert {name for (name,) in found} == {*SHARDED, *KEPT_WHOLE} - {"storage_gate"}


def test_a_database_without_citus_is_refused_and_left_as_it_was(empty_url: str) -> None:
    migrate(empty_url)
    with pytest.raises(NotDistributable, match="it has no Citus"):
        distribute(empty_url)
    with connect(empty_url) as connection:
        assert connection.shards is None
        assert connection.execute("select to_regclass('storage_gate')").fetchone() == (None,)


@pytest.mark.parametrize("shards", [0, 257])
def test_so_many_shards_cannot_be(empty_url: str, shards: int) -> None:
    with pytest.raises(BadShards, match=f"shards is {shards}"):
        distribute(empty_url, shards=shards)


@pytest.fixture
def bare_url() -> Generator[str]:
    """A migrated database on a coordinator, with the ledger of one server."""
    if citus.URL is None:
        pytest.skip(citus.NOT_TRIED)
    with citus.bare_database(citus.URL) as url:
        migrate(url)
        yield url


@pytest.fixture
def spread(spread_url: str) -> Generator[Database]:
    """A database whose ledger is spread."""
    opened = Database(spread_url)
    yield opened
    opened.close()
    citus.empty(spread_url)


def on(url: str) -> Database:
    return Database(url, pool_size=2)


def test_what_was_posted_before_is_spread_and_goes_on(bare_url: str) -> None:
    before = on(bare_url)
    with before.transaction() as tx:
        desk.define_point_type(tx, "stars", role="qualifying", at=NOON)
        post(tx, *[earn(member_id, 10, "a", LATER) for member_id in range(300)])
    before.close()
    with pytest.raises(NotDistributable, match="entries would be moved in one transaction"):
        with connect(bare_url) as connection:
            connection.execute("analyze ledger_entries")
        distribute(bare_url, most_entries=299)
    done = distribute(bare_url, shards=4)
    assert (done.workers > 0, done.shards, "ledger_entries by bucket" in done.made) == (True, 4, True)
    assert distribute(bare_url, shards=4).made == []
    after = on(bare_url)
    with after.transaction() as tx:
        assert set(statuses(post(tx, *[earn(member_id, 10, "a", LATER) for member_id in range(300)]))) == {"replayed"}
        assert set(statuses(post(tx, *[spend(member_id, 4, "v") for member_id in range(300)]))) == {"posted"}
        assert statuses(post(tx, earn(1, 1, "s", point_type="stars"), spend(1, 1, "t", point_type="stars"))) == [
            "posted",
            "not_spendable",
        ]
        assert balance(tx, 299) == (6, 0, 0)
        assert (ledger.audit(tx), ledger.totals(tx)[0].outstanding) == ([], 1800)
    after.close()


def test_a_ledger_of_which_something_was_put_away_is_refused(bare_url: str) -> None:
    database = on(bare_url)
    with database.transaction() as tx:
        post(tx, earn(1, 10, "a"))
        archive.put_away(tx, LATER, at=LATER)
    database.close()
    with pytest.raises(NotDistributable, match="old entries were put away"):
        distribute(bare_url, shards=4)


def test_where_the_ledger_is_spread_nothing_is_put_away(spread: Database) -> None:
    with spread.transaction() as tx:
        post(tx, earn(1, 10, "a"))
    with pytest.raises(archive.NotArchivable), spread.transaction() as tx:
        archive.put_away(tx, LATER, at=LATER)


def test_a_session_from_before_is_refused_and_changes_nothing(bare_url: str) -> None:
    old = connect(bare_url)
    distribute(bare_url, shards=4)
    with pytest.raises(psycopg.Error), old.transaction():
        post(Transaction(old), earn(1, 10, "a"))
    old.close()
    with connect(bare_url) as connection:
        assert connection.execute("select count(*) from ledger_entries").fetchone() == (0,)


def test_a_worker_and_a_coordinator_without_workers_are_refused(bare_url: str) -> None:
    _, (host, port), *_ = citus.nodes(bare_url)
    with pytest.raises(NotDistributable, match="it is a worker"):
        distribute(citus.url_of(bare_url, host=host, port=port))
    with connect(bare_url) as connection:
        connection.execute("select citus_remove_node(nodename, nodeport) from pg_dist_node where groupid <> 0")
    with pytest.raises(NotDistributable, match="it has no workers"):
        distribute(bare_url)


def test_functions_that_changed_reach_the_workers(bare_url: str) -> None:
    first = distribute(bare_url, shards=4)
    with connect(bare_url) as connection:
        [(text,)] = connection.execute("select pg_get_functiondef('ledger_idem'::regproc)").fetchall()
        connection.execute(text.replace("sha256(", "sha512(").encode())
    database = on(bare_url)
    with database.transaction() as tx:
        post(tx, earn(1, 10, "a"))
        assert ledger.audit(tx) == []
    migrate(bare_url)
    again = distribute(bare_url, shards=4)
    assert (again.made, again.version != first.version) == ([], True)
    database.close()
    database = on(bare_url)
    with database.transaction() as tx:
        assert {one.invariant for one in ledger.audit(tx)} == {"the digest is that of the reference"}
    database.close()


def said(database: Database, *members: int) -> list[str]:
    """What Citus says it sends to the workers while the members' points are posted: `port statement`."""
    heard: list[str] = []
    with connect(database.url) as connection:
        connection.execute("set citus.log_remote_commands = on")
        connection.execute("set client_min_messages = notice")
        connection.add_notice_handler(lambda notice: heard.append(f"{notice.message_detail} {notice.message_primary}"))
        with connection.transaction():
            connection.execute("delete from storage_anchor")
            post(Transaction(connection), *[earn(member_id, 10, f"r{len(members)}") for member_id in members])
    return heard


def homes(database: Database, count: int) -> dict[int, list[int]]:
    """Members by the shard of their account."""
    shards = database.shards or ()
    found: dict[int, list[int]] = {}
    for member_id in range(1, count):
        found.setdefault(shards[ledger.account_id(member_id, "points") % 256], []).append(member_id)
    return found


def test_what_is_of_one_shard_is_one_call_to_one_server(spread: Database) -> None:
    members = max(homes(spread, 400).values(), key=len)[:20]
    said(spread, *members)  # the shard's functions are made
    heard = [line for line in said(spread, *members[1:]) if "ledger_post_at" in line]
    assert len(heard) == 1


def test_entries_and_facts_commit_in_two_phases(spread: Database) -> None:
    heard = said(spread, 1)
    assert [sum(word in line for line in heard) for word in ("PREPARE TRANSACTION", "COMMIT PREPARED")] == [1, 1]
    with spread.transaction() as tx:
        assert tx.value("select count(*) from facts where name = 'points.earned'") == 1


def test_each_shard_has_a_lane_of_its_own(spread: Database) -> None:
    lanes: Lanes[ledger.Posting, ledger.Outcome] = Lanes(
        spread.url, lambda tx, some, at: ledger.post(tx, some, at=at), clock=lambda: NOON, shards=spread.shards
    )
    for member_id in range(1, 40):
        done = lanes.call(earn(member_id, 5, "a"), key=ledger.account_id(member_id, "points"), caller=1)
        assert done.status == "posted"
    items = [one.items for one in lanes.readings()]
    lanes.close()
    by_shard = homes(spread, 40)
    assert items == [len(by_shard.get(shard, [])) for shard in sorted(set(spread.shards or ()))]


def test_a_shard_moves_to_another_server_and_postings_go_on(bare_url: str) -> None:
    if len(citus.nodes(bare_url)) < 3:
        pytest.skip("there is one worker only")
    distribute(bare_url, shards=4)
    database = on(bare_url)
    with database.transaction() as tx:
        post(tx, *[earn(member_id, 10, "a") for member_id in range(100)])
    with connect(bare_url) as connection:
        connection.execute(
            """
            select citus_move_shard_placement(s.shardid, s.nodename, s.nodeport, n.nodename, n.nodeport, 'block_writes')
            from (select shardid, nodename, nodeport from citus_shards where table_name = 'ledger_accounts'::regclass order by shardid limit 1) s,
                 lateral (select nodename, nodeport from pg_dist_node where groupid <> 0 and nodeport <> s.nodeport limit 1) n
            """
        )
    with database.transaction() as tx:
        assert set(statuses(post(tx, *[spend(member_id, 4, "v") for member_id in range(100)]))) == {"posted"}
        assert (ledger.audit(tx), ledger.totals(tx)[0].outstanding) == ([], 600)
    database.close()
