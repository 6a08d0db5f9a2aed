-- What the ledger needs to be spread over several servers; all of it serves one server as well.

-- Points on their way between two accounts that are not in one database: out of the sender's, not yet in the receiver's. The
-- row is written with what was sent, and ended with what was received. It lies where the facts are.
create table ledger_transfers (
    transfer_id bigint      primary key,            -- types.stable_id("transfer", sender, point_type, reference)
    sender      bigint      not null,
    receiver    bigint      not null,
    point_type  text        not null,
    amount      bigint      not null check (amount > 0),
    lots        bigint[]    not null,               -- {expiry in µs since 1970, points, …}: what the receiver gets
    reference   text        not null,
    reason      text,
    sent_at     timestamptz not null,
    ended_at    timestamptz,
    returned    boolean     not null default false  -- the receiver could not have them: they went back
);
create index ledger_transfers_open on ledger_transfers (sent_at) where ended_at is null;

-- The invariants of some accounts.
create function ledger_check_each(ids bigint[])
returns table (invariant text, account_id bigint, seq int, expected bigint, found bigint)
language sql stable
as $$
select c.invariant, c.account_id, c.seq, c.expected, c.found from unnest(ids) a (account_id), lateral ledger_check(a.account_id, a.account_id) c
$$;

-- Joins what batches moved before a moment to a row per day, type and kind; how many rows that left.
create function ledger_roll_up(before timestamptz) returns table (kept bigint)
language sql
as $$
with gone as (
    delete from ledger_flows where not rolled and posted_at < before
    returning bucket, point_type, kind, entries, amount, pending, debt, held, posted_at
), rolled as (
    insert into ledger_flows (bucket, point_type, kind, entries, amount, pending, debt, held, posted_at, rolled)
    select min(g.bucket), g.point_type, g.kind, sum(g.entries), sum(g.amount), sum(g.pending), sum(g.debt), sum(g.held),
        date_trunc('day', g.posted_at), true
    from gone g group by g.point_type, g.kind, date_trunc('day', g.posted_at)
    returning 1
)
select count(*) from rolled
$$;
