-- Outgoing webhooks: who wants which facts, what is still to be sent, how every attempt went.
create table facts_webhook_endpoints (
    endpoint_id      bigint primary key,
    url              text        not null,
    names            text[]      not null check (cardinality(names) > 0),   -- 'order.paid', 'points.*', or '*' alone
    description      text        not null,
    since            xid8        not null default facts_horizon(),         -- facts of earlier transactions are not for it
    created_at       timestamptz not null,
    created_by       text        not null,
    enabled_at       timestamptz not null,
    enabled_by       text        not null,
    disabled_at      timestamptz,
    disabled_by      text,
    disabled_because text check (disabled_because in ('asked', 'gone', 'failing')),
    removed_at       timestamptz,
    failures         int         not null default 0,                       -- in a row; none of these since a success:
    failing_since    timestamptz,
    resting_until    timestamptz,
    delivered_at     timestamptz,                                          -- the last success
    check ((disabled_at is null) = (disabled_by is null) and (disabled_at is null) = (disabled_because is null))
);

-- A secret signs until it expires; while one takes over from another, both do.
create table facts_webhook_secrets (
    endpoint_id bigint      not null,
    secret_id   bigint      generated always as identity,
    secret      bytea       not null,
    created_at  timestamptz not null,
    expires_at  timestamptz,
    primary key (endpoint_id, secret_id)
);

-- An endpoint is served by a few lanes at once. A member's deliveries are all in one lane, and a lane is worked on by
-- one worker at a time: the one whose lease it is.
create table facts_webhook_lanes (
    endpoint_id  bigint      not null,
    lane         smallint    not null,
    leased_until timestamptz not null,
    lease        bigint,
    primary key (endpoint_id, lane)
);

-- How many facts about each member an endpoint has been told of; 0 stands for facts about nobody.
create table facts_webhook_sequences (
    endpoint_id bigint      not null,
    member_id   bigint      not null,
    last        bigint      not null,
    due_at      timestamptz not null,               -- of the last one: none is due before one that is older than it
    primary key (endpoint_id, member_id)
);

create table facts_webhook_deliveries (
    endpoint_id     bigint      not null,
    delivery_id     bigint      generated always as identity,
    lane            smallint    not null,
    xact            xid8,                           -- with fact_id the fact; neither for a ping
    fact_id         bigint,
    name            text        not null,
    member_id       bigint,
    sequence        bigint,                         -- none when only a replay brought the fact here
    created_at      timestamptz not null,
    due_at          timestamptz,                    -- until it is delivered or given up
    delivered_at    timestamptz,
    dead_at         timestamptz,
    attempts        int         not null default 0,
    tries           int         not null default 0, -- the attempts since it was made or replayed
    first_failed_at timestamptz,                    -- of these
    primary key (endpoint_id, delivery_id),
    check (num_nonnulls(due_at, delivered_at, dead_at) = 1)
);

create unique index facts_webhook_deliveries_once on facts_webhook_deliveries (endpoint_id, fact_id) where fact_id is not null;
create index facts_webhook_deliveries_due on facts_webhook_deliveries (endpoint_id, lane, due_at, delivery_id) where due_at is not null;
create index facts_webhook_deliveries_failing on facts_webhook_deliveries (endpoint_id, coalesce(member_id, 0), delivery_id)
    where due_at is not null and first_failed_at is not null;
create index facts_webhook_deliveries_dead on facts_webhook_deliveries (endpoint_id, delivery_id) where dead_at is not null;
create index facts_webhook_deliveries_done on facts_webhook_deliveries (coalesce(delivered_at, dead_at)) where due_at is null;

create table facts_webhook_attempts (
    endpoint_id bigint      not null,
    delivery_id bigint      not null,
    attempt     int         not null,
    at          timestamptz not null,
    duration_ms int         not null,
    status      smallint,                           -- none when there was no answer, and then:
    error       text,
    answer      text        not null,               -- how it began, or what went wrong
    primary key (endpoint_id, delivery_id, attempt)
);

-- Attempts by the hour: an endpoint's health at a glance, whatever their number.
create table facts_webhook_hours (
    endpoint_id bigint      not null,
    hour        timestamptz not null,
    delivered   bigint      not null,
    failed      bigint      not null,
    duration_ms bigint      not null,
    primary key (endpoint_id, hour)
);

-- What is to be sent again: dead letters, one delivery, or the facts between two positions. Done in steps.
create table facts_webhook_replays (
    replay_id      bigint primary key,
    endpoint_id    bigint      not null,
    kind           text        not null check (kind in ('dead', 'delivery', 'facts')),
    delivery_id    bigint,
    recorded_from  timestamptz,
    recorded_until timestamptz,
    after_xact     xid8,                            -- the facts after this position, moved on with every step,
    after_id       bigint,
    upto_xact      xid8,                            -- up to and with this one
    upto_id        bigint,
    missing_only   boolean     not null,            -- leave out what was delivered
    created_at     timestamptz not null,
    created_by     text        not null,
    deliveries     bigint      not null default 0,
    finished_at    timestamptz
);

create index facts_webhook_replays_open on facts_webhook_replays (created_at) where finished_at is null;
create index facts_webhook_replays_by_time on facts_webhook_replays (created_at desc, replay_id desc);

-- Facts are written in about the order in which they become known; this finds a range of time among them.
create index facts_by_time_known on facts using brin (recorded_at);
