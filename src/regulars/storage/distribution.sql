-- What `regulars db distribute` makes on a Citus coordinator, and Citus on its workers. {schema} and {version} are filled in.
--
-- A shard of the ledger is what lies in one shard of each of its tables: the accounts of some buckets, on one worker. There
-- the functions of the ledger run as they are, on the shard's own tables: a schema per shard holds copies of the functions
-- and, under the names they use, a view of each table. So their plans are kept, which Citus's planner would make anew for each
-- statement of each call, and not a word of them differs from what one server runs. What is given up for it, that Citus looks
-- after every statement, `storage_gate` gives back: one statement through Citus on the same shard, before all others.

-- Always empty. A delete here takes Citus's locks of the bucket's shard: it cannot be moved or split until the transaction ends.
create table if not exists {schema}.storage_gate (bucket smallint primary key);

-- Always empty, and on the coordinator. A delete here lets Citus commit in two phases, for it counts as a change on one more server:
-- facts and the rest of the coordinator's tables then commit with the workers', or not at all.
create table if not exists {schema}.storage_anchor (one boolean primary key);

-- Which shard a bucket is in, by the least bucket of that shard. Read once by each connection of ours.
create table if not exists {schema}.storage_shards (bucket smallint primary key, first smallint not null);

-- The functions that every shard gets a copy of.
create table if not exists {schema}.storage_functions (name text primary key, definition text not null);

-- Makes the schema of a shard; somebody else may be at it.
create or replace function {schema}.storage_make_shard(cell text, bucket smallint) returns void
language plpgsql
set search_path = {schema} set citus.enable_ddl_propagation = off set check_function_bodies = off
as $$
declare
    one record;
begin
    perform pg_advisory_xact_lock(hashtext(cell));
    if to_regclass(cell || '.ledger_point_types') is not null then return; end if;
    execute format('create schema if not exists %I', cell);
    for one in select t.name, get_shard_id_for_distribution_column(t.name, bucket) as shard
               from unnest('{tables}'::text[]) t (name) order by t.name
    loop
        execute format('create or replace view %I.%I as select * from %I.%I', cell, one.name, '{schema}', one.name || '_' || one.shard);
    end loop;
    execute format('create or replace view %1$I.ledger_journal as {journal} from %1$I.ledger_entries e', cell);
    execute format('create or replace view %1$I.ledger_changes as {changes} from %1$I.ledger_entries e', cell);
    execute format('create or replace view %1$I.ledger_archive_flaws as {flaws} from %1$I.ledger_entries e where false', cell);
    for one in select f.definition from storage_functions f order by f.name loop
        execute replace(one.definition, '@shard@', quote_ident(cell));
    end loop;
end $$;

-- The schema of a bucket's shard, which it makes where it is missing: it is new here, or its functions are. `accounts` must all be in it.
create or replace function {schema}.storage_shard(bucket smallint, accounts bigint[]) returns text
language plpgsql
as $$
declare
    shard bigint := get_shard_id_for_distribution_column('ledger_accounts', bucket);
    cell text := 'ledger_{version}_' || shard;
begin
    delete from storage_gate g where g.bucket = $1;
    if exists (select from (select distinct (a % 256)::smallint as bucket from unnest(accounts) a) b
               where get_shard_id_for_distribution_column('ledger_accounts', b.bucket) <> shard) then
        raise exception 'the shards are not those that this session knows: run `regulars db distribute`, then start the servers anew' using errcode = '55000';
    end if;
    if to_regclass(cell || '.ledger_point_types') is null then perform storage_make_shard(cell, $1); end if;
    return cell;
end $$;
comment on function {schema}.storage_shard(smallint, bigint[]) is 'version {version}';

-- Where the ledger is spread no account joins another, and Citus could not look into a second account for each row.
create or replace view {schema}.ledger_balances as
select a.account_id, a.member_id, a.point_type, a.available from {schema}.ledger_accounts a;

-- Nor is anything put away there: the journal is the whole of it.
create or replace view {schema}.ledger_journal as {journal} from {schema}.ledger_entries e;
create or replace view {schema}.ledger_changes as {changes} from {schema}.ledger_entries e;
create or replace view {schema}.ledger_archive_flaws as {flaws} from {schema}.ledger_entries e where false;
