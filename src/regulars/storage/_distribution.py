"""The ledger's tables spread over the workers of a Citus coordinator, and its functions with them.

What is one account's lies in one shard, by `bucket`; what is small and read beside it is a reference table; all else stays
on the coordinator (docs/howto/distribute-the-ledger.md says why for each table). `distribution.sql` has the rest.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import psycopg
from psycopg import sql as fragments

from regulars.errors import Conflict, Invalid
from regulars.storage._connections import connect

SHARDED: Final = (
    "ledger_accounts",
    "ledger_entries",
    "ledger_lots",
    "ledger_pending_lots",
    "ledger_promises",
    "ledger_holds",
    "ledger_flows",
    "storage_gate",
)
"""Distributed by `bucket`, and placed together."""

REFERENCES: Final = ("ledger_point_types",)
"""Copied to every worker: small, and read while posting."""

KEPT_WHOLE: Final = ("ledger_freezes", "ledger_adjustments", "ledger_joins", "ledger_archive", "ledger_archive_words")
"""What has a bucket and stays on the coordinator all the same: a few rows by hand, found by other keys; and none."""

_VIEWS: Final = {
    "journal": "select e.account_id, e.seq, e.bucket, e.kind, e.amount, e.pending_change, e.debt_change, e.available, e.occurred_at, "
    "e.posted_at, e.idem, e.expires_at, e.held_change, e.reverses, e.reference, e.reason, e.alloc, e.hash, true as worded",
    "changes": "select e.account_id, e.seq, e.kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.occurred_at, e.posted_at, "
    "e.expires_at, e.reverses, e.reference, e.alloc",
    "flaws": "select null::text as invariant, e.account_id, e.seq, null::bigint as expected, null::bigint as found",
}
"""What the functions read of the journal where there is no archive: as migration 0005 has it."""

ENTRANCES: Final = ("ledger_post", "ledger_settle_due", "ledger_check", "ledger_check_each", "ledger_roll_up")
"""The functions that are called on a shard from outside, each as `<name>_at(bucket, …)`."""

SHARDS: Final = 32
MOST_ENTRIES: Final = 20_000_000

_LOCK: Final = 7_305_801  # that of the migrations: neither comes in between the other
_PUBLISHED: Final = (
    "storage_make_shard(text, smallint)",
    "storage_shard(smallint, bigint[])",
    "ledger_micros(timestamptz)",
    "ledger_instant(bigint)",
)
"""Functions that workers need under their own names."""

_OF_THE_ARCHIVE: Final = (
    "ledger_drop_words", "ledger_key", "ledger_make_words", "ledger_put_away", "ledger_recall", "ledger_seal", "ledger_undone",
)  # fmt: skip
"""Functions that no shard needs: nothing is put away there, and those that call them look first."""


class NotDistributable(Conflict):
    """This database cannot be distributed: {reason}."""


class BadShards(Invalid):
    """shards is {value}: give 1 to 256, best a multiple of the workers there will ever be."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the ledger is spread."""

    workers: int
    shards: int
    version: str
    """Of the functions that the shards run."""

    made: list[str]
    """What this call did; empty when all was done already."""


def distribute(url: str, *, shards: int = SHARDS, most_entries: int = MOST_ENTRIES) -> Distribution:
    """Spread the ledger over the workers of the Citus coordinator at `url`; again, it does only what is missing.

    Run it after every upgrade, and when shards were split. Tables are locked while their rows go to the workers, all in
    one transaction. Sessions that were open before have to connect again.

    Raises:
        NotDistributable: there is no Citus, this is not its coordinator, it has no workers, or there is too much to move at
            once.
        BadShards: so many cannot be.
    """
    if not 1 <= shards <= 256:
        raise BadShards(value=shards)
    with connect(url) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        workers = _workers(connection)
        with connection.transaction():
            connection.execute("set local lock_timeout = '30s'")
            texts = _texts(connection)
            version = hashlib.sha256(repr((texts, _file())).encode()).hexdigest()[:8]
            renew = _version(connection) != version
            if renew:
                _run_file(connection, version)
            made = _spread(connection, shards, most_entries)
            if renew:
                _give_functions(connection, texts, version)
                made.append(f"functions {version}")
            _keep_shards(connection)
        found = connection.execute("select count(distinct first) from storage_shards").fetchone() or (0,)
        return Distribution(workers, found[0], version, made)


def _workers(connection: psycopg.Connection) -> int:
    if not _value(connection, "select count(*) from pg_extension where extname = 'citus'"):
        raise NotDistributable(reason="it has no Citus; make the extension, on this server and on its workers")
    if _value(connection, "select groupid from pg_dist_local_group") != 0:
        raise NotDistributable(reason="it is a worker; name the coordinator")
    if not _value(connection, "select count(*) from pg_dist_node where groupid = 0"):
        raise NotDistributable(reason="the workers do not know it; run `select citus_set_coordinator_host('its name')`")
    workers = _value(
        connection, "select count(*) from pg_dist_node where groupid <> 0 and noderole = 'primary' and shouldhaveshards"
    )
    if not workers:
        raise NotDistributable(reason="it has no workers; add them by `select citus_add_node('name', 5432)`")
    if _value(connection, "select count(*) from pg_dist_node where isactive and not metadatasynced and groupid <> 0"):
        raise NotDistributable(reason="a worker lacks the metadata; run `select start_metadata_sync_to_all_nodes()`")
    return workers


def _spread(connection: psycopg.Connection, shards: int, most_entries: int) -> list[str]:
    """Make distributed and reference tables of what is not one yet."""
    known = {name for (name,) in connection.execute("select logicalrelid::regclass::text from pg_dist_partition")}
    if not known & set(SHARDED):
        _refuse_shared(connection)
        _refuse_archived(connection)
        _refuse_much(connection, most_entries)
    made: list[str] = []
    for name in SHARDED:
        if name not in known:
            beside = (
                f"colocate_with => '{SHARDED[0]}'"
                if name != SHARDED[0]
                else f"shard_count => {shards}, colocate_with => 'none'"
            )
            connection.execute(f"select create_distributed_table('{name}', 'bucket', {beside})".encode())
            connection.execute(f"select truncate_local_data_after_distributing_table('{name}')".encode())
            made.append(f"{name} by bucket")
    for name in REFERENCES:
        if name not in known:
            connection.execute("select create_reference_table(%s)", [name])
            made.append(f"{name} on every worker")
    if "storage_functions" not in known:
        connection.execute("select create_reference_table('storage_functions')")
        connection.execute("select citus_add_local_table_to_metadata('storage_anchor')")
    return made


def _refuse_shared(connection: psycopg.Connection) -> None:
    if _value(connection, "select count(*) from ledger_joins"):
        raise NotDistributable(
            reason="members share points, or did, or were merged, and their accounts may come to lie on two servers"
        )


def _refuse_archived(connection: psycopg.Connection) -> None:
    if _value(connection, "select count(*) from (select from ledger_archive limit 1) a"):
        raise NotDistributable(
            reason="old entries were put away, and bundles cannot be posted against on another server"
        )


def _refuse_much(connection: psycopg.Connection, most_entries: int) -> None:
    entries = _value(
        connection, "select greatest(reltuples, 0)::bigint from pg_class where oid = 'ledger_entries'::regclass"
    )
    if entries > most_entries:
        reason = f"about {entries:,} entries would be moved in one transaction, while nothing can be posted"
        raise NotDistributable(reason=f"{reason}; choose a quiet hour, and say so by --most-entries")


def _texts(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """The functions of the ledger, as each shard is given them."""
    schema = _value(connection, "select quote_ident(current_schema)")
    rows = connection.execute(
        "select p.proname, pg_get_functiondef(p.oid) from pg_proc p "
        "where p.pronamespace = current_schema::regnamespace and p.proname like 'ledger\\_%' and p.proname not like '%\\_at' "
        "and p.prokind = 'f'"
    )
    return sorted((name, _template(text, schema)) for name, text in rows if name not in _OF_THE_ARCHIVE)


def _version(connection: psycopg.Connection) -> str | None:
    """That of the functions the shards run now."""
    said = _value(connection, "select obj_description(to_regprocedure('storage_shard(smallint, bigint[])'), 'pg_proc')")
    return said and said.removeprefix("version ")


def _give_functions(connection: psycopg.Connection, texts: Sequence[tuple[str, str]], version: str) -> None:
    """Give the shards the functions as they are now, and make their entrances on the workers."""
    connection.execute("delete from storage_functions")
    for name, text in texts:
        connection.execute("insert into storage_functions (name, definition) values (%s, %s)", [name, text])
    for signature in _PUBLISHED:
        connection.execute("select create_distributed_function(%s)", [signature])
    for name in ENTRANCES:
        _entrance(connection, name)
    forget_shards(connection, but_of=version)


def _template(text: str, schema: str) -> str:
    """A function as it is made in a shard's schema, where it finds the shard's tables and the other functions."""
    text = text.replace(f"CREATE OR REPLACE FUNCTION {schema}.", "CREATE OR REPLACE FUNCTION @shard@.", 1)
    return re.sub(r"^ SET search_path TO .*$", " SET search_path TO @shard@", text, count=1, flags=re.MULTILINE)


def _entrance(connection: psycopg.Connection, name: str) -> None:
    """The function that runs `name` on a shard: Citus takes the call to the worker, by its first argument."""
    [(arguments, result, types, names)] = connection.execute(
        "select pg_get_function_identity_arguments(oid), pg_get_function_result(oid), "
        "array(select t::regtype::text from unnest(proargtypes) with ordinality a (t, n) order by n), proargnames "
        "from pg_proc where proname = %s and pronamespace = current_schema::regnamespace", [name]
    ).fetchall()  # fmt: skip
    count = len(types)
    accounts = f"${names.index('accounts') + 2}" if "accounts" in names[:count] else "null"
    inner = ", ".join(f"${place}" for place in range(1, count + 1))
    given = ", ".join(f"${place}" for place in range(2, count + 2))
    schema = _value(connection, "select quote_ident(current_schema)")
    connection.execute(
        f"""
        create or replace function {schema}.{name}_at(bucket smallint, {arguments}) returns {result} language plpgsql
        set search_path = {schema} set jit = off set citus.enable_manual_changes_to_shards = on
        as $at$
        begin
            perform set_config('search_path', storage_shard($1, {accounts}), true);
            return query execute 'select * from {name}({inner})' using {given};
        end $at$
        """.encode()
    )
    signature = f"{name}_at(smallint, {', '.join(types)})"
    connection.execute(
        "select create_distributed_function(%s, 'bucket', colocate_with => 'ledger_accounts', force_delegation => true)",
        [signature],
    )


def forget_shards(connection: psycopg.Connection, *, but_of: str = "") -> None:
    """Drop the schemas of shards, but those of one version: each is made when it is next entered."""
    kept = f"ledger\\_{but_of}\\_%" if but_of else ""
    command = fragments.SQL(
        "do $$ declare old text; begin set local citus.enable_ddl_propagation = off; for old in select nspname from pg_namespace "
        "where nspname ~ '^ledger_[0-9a-f]{{8}}_[0-9]+$' and nspname not like {} loop "
        "execute format('drop schema %I cascade', old); end loop; end $$"
    ).format(fragments.Literal(kept))
    connection.execute("select run_command_on_all_nodes(%s)", [command.as_string(connection)])


def _keep_shards(connection: psycopg.Connection) -> None:
    connection.execute("delete from storage_shards")
    connection.execute(
        "insert into storage_shards (bucket, first) select b, min(b) over (partition by shard) from ("
        "select b::smallint, get_shard_id_for_distribution_column('ledger_accounts', b::smallint) as shard "
        "from generate_series(0, 255) b) s"
    )


def _file() -> str:
    return (resources.files("regulars.storage") / "distribution.sql").read_text("utf-8")


def _run_file(connection: psycopg.Connection, version: str) -> None:
    tables = [name for name in (*SHARDED, *REFERENCES) if name != "storage_gate"]
    schema = _value(connection, "select quote_ident(current_schema)")
    text = _file().replace("{schema}", schema).replace("{version}", version)
    for name, view in _VIEWS.items():
        text = text.replace("{" + name + "}", view)
    connection.execute(text.replace("{tables}", "{" + ",".join(tables) + "}").encode())


def _value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]
