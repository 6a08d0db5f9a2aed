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
    'The writing transaction. Identity values become visible out of order; readers follow (xact, fact_id) below the oldest running transaction and so never skip one.';

create index facts_by_member on facts (member_id, occurred_at desc, fact_id desc) where member_id is not null;

-- How far each reader has come.
create table facts_cursors (
    reader  text   primary key,
    xact    xid8   not null,
    fact_id bigint not null
);
