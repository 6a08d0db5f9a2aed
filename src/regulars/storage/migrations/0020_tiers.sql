-- Several sets of tiers at once, their cycles, tiers given, gifts and benefits.

-- Where each member stands in each set. `tier` is what they have, `earned` what they have by what counts alone.
drop view programme_current_tiers;
drop index programme_standings_by_tier;
alter table programme_standings
    add column set_code     text        not null default 'main',
    add column place        smallint    not null default 0,  -- of the set in the programme; 0: the main one; -1: it is there no more
    add column earned       text,
    add column earned_since timestamptz,
    add column cycle_begins timestamptz,
    add column cycle_ends   timestamptz,
    add column zone         text        not null default 'UTC',  -- whose days the cycle counts: the one it began with
    add column base         text,                            -- what the cycle before left: not lost before this one ends
    add column drop_at      timestamptz,                     -- when the earned tier is lost, if nothing happens
    add column fell_at      timestamptz,
    add column warned_at    timestamptz,
    drop constraint programme_standings_pkey,
    add primary key (member_id, set_code);
update programme_standings set earned = tier, earned_since = since, base = tier, cycle_begins = since, cycle_ends = since + interval '1 year';
alter table programme_standings
    alter column earned set not null, alter column earned_since set not null, alter column base set not null,
    alter column cycle_begins set not null, alter column cycle_ends set not null,
    alter column set_code drop default, alter column place drop default, alter column zone drop default;
create index programme_standings_by_tier on programme_standings (tier, member_id) where place = 0;
create index programme_standings_by_set on programme_standings (set_code, tier, member_id) where place >= 0;
create index programme_standings_at_risk on programme_standings (set_code, coalesce(drop_at, cycle_ends), member_id)
    where place >= 0 and (drop_at is not null or warned_at >= cycle_begins);

-- What other domains read: the tier in the main set.
create view programme_current_tiers as
select member_id, tier from programme_standings where place = 0;

-- How tiers came and went: what the facts tier.reached and tier.left say, found by set and time.
create table programme_tier_changes (
    member_id  bigint      not null,
    set_code   text        not null,
    changed_at timestamptz not null,
    from_tier  text        not null,
    tier       text        not null,
    upwards    boolean     not null,
    posted_at  timestamptz not null
);
create index programme_tier_changes_by_time on programme_tier_changes (set_code, changed_at);

-- Cycles that are over, as they ended. Never changed: what is learned of later counts in the cycle that is open then.
create table programme_tier_cycles (
    member_id        bigint      not null,
    set_code         text        not null,
    begins           timestamptz not null,
    ends             timestamptz not null,
    zone             text        not null,
    tier             text        not null,          -- the tier earned when it ended
    qualifying_minor bigint      not null,
    kept             boolean     not null,
    closed_at        timestamptz not null,          -- when that was worked out
    primary key (member_id, set_code, begins)
);

-- Tiers given by hand, or bought: a member has at least that tier from `begins_at` until it ends.
create table programme_tier_grants (
    grant_id        bigint      primary key,
    member_id       bigint      not null,
    set_code        text        not null,
    tier            text        not null,
    kind            text        not null check (kind in ('grant', 'lock', 'membership')),
    begins_at       timestamptz not null,
    ends_at         timestamptz check (ends_at > begins_at),  -- null: for ever
    reason          text        not null check (reason <> ''),
    proposed_at     timestamptz not null,
    proposed_by     text        not null,
    decision        text        check (decision in ('approved', 'rejected')),  -- null: it waits for a second person
    decided_at      timestamptz,
    decided_by      text,
    decided_because text        check (decided_because <> ''),
    ended_at        timestamptz,                    -- when somebody, or a return, ended it before its time
    ended_by        text,
    ended_because   text        check (ended_because <> ''),
    check ((decision is null) = (decided_at is null) and (decision is null) = (decided_by is null)),
    check ((ended_at is null) = (ended_by is null))
);
create index programme_tier_grants_by_member on programme_tier_grants (member_id, proposed_at);
create index programme_tier_grants_by_time on programme_tier_grants (proposed_at, grant_id);
create index programme_tier_grants_waiting on programme_tier_grants (proposed_at, grant_id) where decision is null;

-- What reaching a tier brought: once in a cycle, however often it is reached.
create table programme_tier_gifts (
    member_id    bigint      not null,
    set_code     text        not null,
    tier         text        not null,
    cycle_begins timestamptz not null,
    reached_at   timestamptz not null,
    points       bigint      not null,
    point_type   text        not null,
    reward       text,
    given_at     timestamptz not null,
    primary key (member_id, set_code, tier, cycle_begins)
);

-- How often a benefit was used: a reference is used once.
create table programme_benefit_uses (
    member_id    bigint      not null,
    reference    text        not null check (reference <> ''),
    set_code     text        not null,
    benefit      text        not null,
    cycle_begins timestamptz not null,
    used_at      timestamptz not null,
    primary key (member_id, reference)
);
create index programme_benefit_uses_by_benefit on programme_benefit_uses (member_id, set_code, benefit, used_at);

-- What was earned of points, and taken back of it: on the day it was earned, known from the day that it was taken back.
create view ledger_earnings as
select a.member_id, a.point_type, e.account_id, e.bucket, coalesce(o.occurred_at, e.occurred_at) as counts_at,
       e.occurred_at as known_at, e.posted_at, e.amount + e.pending_change - e.debt_change as amount
from ledger_entries e
join ledger_accounts a on a.account_id = e.account_id and a.bucket = e.bucket
left join ledger_entries o on o.account_id = e.account_id and o.bucket = e.bucket and o.seq = e.reverses
where e.kind in (1, 5, 7, 15);

-- What paid orders hold of each product by now: nothing when they were cancelled.
create view commerce_bought as
select o.order_id, o.member_id, o.paid_at, p.sku, l.line_no, l.quantity - l.returned as quantity, o.cancelled_at
from commerce_orders o
join commerce_order_lines l using (order_id)
join commerce_products p using (product_id)
where o.paid_at is not null and o.member_id is not null;
