-- What happened, append-only. Written by a verb in its own transaction; read by reactions, the timeline, webhooks.
create table facts (
    fact_id     bigint generated always as identity,
    xact        xid8        not null default pg_current_xact_id(),
    name        text        not null check (name ~ '^[a-z_]+\.[a-z_]+$'),
    occurred_at timestamptz not null,               -- when it happened in the world
    recorded_at timestamptz not null,               -- when we learned of it
    member_id   bigint,
    subject_id  bigint,                             -- the order, return, entry … the name speaks of
    data        jsonb       not null default '{}',
    primary key (xact, fact_id)
);
comment on column facts.xact is
    'The writing transaction. Identity values become visible out of order; readers follow (xact, fact_id) below facts_horizon() and so never skip one.';

create index facts_by_member on facts (member_id, occurred_at desc, fact_id desc) where member_id is not null;
create index facts_by_reaction on facts (name, (data ->> 'fact_id')) where name in ('reaction.failed', 'reaction.succeeded');

-- How far each reader has come.
create table facts_cursors (
    reader  text   primary key,
    xact    xid8   not null,
    fact_id bigint not null
);

-- Which numbering the facts bear now: another one when they were renumbered, so that places kept outside are not misread.
create table facts_numbering (
    numbering bigint  not null,
    one       boolean primary key default true check (one)
);
insert into facts_numbering (numbering) values ((random() * 9e15)::bigint);

-- The transaction below which every transaction that could write facts here has ended.
-- pg_snapshot_xmin would do, but holds readers up for a long transaction in any database of the server. A transaction
-- whose lock says that it runs in another database is left out; one that shows no lock yet may be ours and counts.
create function facts_horizon() returns xid8 language sql stable as $$
    select least(
        coalesce(
            (select x from pg_snapshot_xip(pg_current_snapshot()) x
             where not exists (
                select from pg_locks l join pg_stat_activity a using (pid)
                where l.locktype = 'transactionid' and l.granted and l.transactionid = x::xid
                  and a.datid <> (select d.oid from pg_database d where d.datname = current_database()))
             order by x limit 1),
            pg_snapshot_xmax(pg_current_snapshot())),
        pg_current_xact_id_if_assigned())
$$;
