-- What points are worth, and the months that are closed in the books.

-- The stand-alone selling price of points, from a day on. One that a closed month has used is never changed.
create table ledger_point_values (
    point_type        text        not null,
    effective_from    date        not null,
    currency          text        not null check (currency ~ '^[A-Z]{3}$'),
    minor_per_million bigint      not null check (minor_per_million > 0),  -- minor units for a million of the smallest unit of points
    basis             text        not null check (basis in ('redemption', 'by_hand')),
    method            text        not null check (method in ('chain_ladder', 'beta_geometric', 'no_breakage')),
    note              text        not null default '',
    set_at            timestamptz not null,
    set_by            text        not null,
    primary key (point_type, effective_from)
);

-- The accounts of the shop's own books that journals name; what is not here has the name of what it is for.
create table ledger_book_accounts (
    purpose text primary key check (purpose in ('liability', 'deferred', 'redeemed', 'breakage', 'cost')),
    account text not null
);

-- A month of one kind of points as it was closed, and closed again after it was opened again: never changed, but for
-- that it was reopened. `document`: the roll-forward, where each cohort stood, and the accounts its journal names.
create table ledger_closings (
    point_type       text        not null,
    period           date        not null check (extract(day from period) = 1),
    closing          smallint    not null check (closing > 0),
    closed_at        timestamptz not null,
    closed_by        text        not null,
    document         jsonb       not null,
    reopened_at      timestamptz,
    reopened_by      text,
    reopened_because text,
    primary key (point_type, period, closing)
);
-- A month is closed once at a time.
create unique index ledger_closings_standing on ledger_closings (point_type, period) where reopened_at is null;

-- What orders were awarded, by when: for the share of a month's price that its points get.
create view programme_awarded as
select a.order_id, a.awarded_at, 'points'::text as point_type, a.points from programme_awards a where a.points > 0
union all
select p.order_id, a.awarded_at, p.point_type, p.points
from programme_award_parts p join programme_awards a using (order_id) where p.points > 0;
create index programme_awards_by_time on programme_awards using brin (awarded_at);

-- What members got for their points, in money: for what points are worth.
create view programme_redeemed as
select r.point_type, r.currency, r.changed_at, r.captures[cardinality(r.captures)] - r.refunded as points,
       r.captured_minor - r.refunded_minor as value_minor
from programme_redemptions r where r.state in ('captured', 'fulfilled') and cardinality(r.captures) > 0;
