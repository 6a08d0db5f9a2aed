-- What was taken of a budget in one of its periods; locked by whoever takes, in the order of the key.
create table programme_budgets (
    budget  text     not null,
    period  text     not null,                      -- the first day of the period, empty for one that has one alone
    taken   bigint   not null default 0 check (taken >= 0),
    alerted smallint not null default 0,            -- the highest percent that was told: each is told once
    primary key (budget, period)
);

-- Who took it: given back by what takes back what it was for. Summed by period it is what `programme_budgets` says.
create table programme_budget_uses (
    reference text        not null,                 -- ord_…:rule for what an order earned
    budget    text        not null,
    period    text        not null,
    taken     bigint      not null check (taken >= 0),
    first     bigint      not null,                 -- before anything was given back
    used_at   timestamptz not null,                 -- the moment that says in which period
    primary key (reference, budget)
);
create index programme_budget_uses_by_time on programme_budget_uses (budget, period, used_at);

-- What orders were given by the rules of campaigns: for results, and for undoing.
create table programme_campaign_gifts (
    order_id   bigint      not null,
    rule       text        not null,
    campaign   text        not null,
    member_id  bigint      not null,
    version_id int         not null,
    point_type text        not null,
    first      bigint      not null,                -- what it gave
    points     bigint      not null check (points >= 0),  -- what is left of it
    placed_at  timestamptz not null,
    awarded_at timestamptz not null,                -- when we gave it
    undo_id    bigint,                              -- what undid it: never twice
    undone     bigint      not null default 0,      -- how many points that took back
    primary key (order_id, rule)
);
create index programme_campaign_gifts_by_time on programme_campaign_gifts (campaign, awarded_at, order_id, rule);
create index programme_campaign_gifts_of_undo on programme_campaign_gifts (undo_id) where undo_id is not null;

-- "Undo this campaign from 14:05 to 15:20": what was decided, and how far it has come.
create table programme_campaign_undos (
    undo_id      bigint      primary key,
    campaign     text        not null,
    since        timestamptz not null,
    until        timestamptz not null check (until > since),
    reason       text        not null check (reason <> ''),
    points       bigint      not null,              -- when it was proposed
    members      bigint      not null,
    proposed_at  timestamptz not null,
    proposed_by  text        not null,
    decided_at   timestamptz,
    decided_by   text,
    decision     text        check (decision in ('approved', 'rejected')),
    orders_done  bigint      not null default 0,
    points_done  bigint      not null default 0,
    finished_at  timestamptz,
    check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (decision is null))
);
create index programme_campaign_undos_of on programme_campaign_undos (campaign, proposed_at desc);
create index programme_campaign_undos_open on programme_campaign_undos (undo_id) where decision = 'approved' and finished_at is null;

-- Salons: members sign up for places, wait for one, and are checked in by a code.
create table programme_salons (
    salon_id       bigint      primary key,
    code           text        not null unique check (code ~ '^[a-z][a-z0-9_]{0,31}$'),
    name_en        text        not null,
    name_zh        text        not null,
    place          text        not null,
    starts_at      timestamptz not null,
    ends_at        timestamptz not null check (ends_at > starts_at),
    opens_at       timestamptz not null,            -- from when members sign up
    closes_at      timestamptz not null,            -- until when
    cancel_until   timestamptz not null,            -- until when a place is given back with its points
    capacity       int         not null check (capacity > 0),
    taken          int         not null default 0 check (taken between 0 and capacity),
    waiting_most   int         not null check (waiting_most >= 0),
    price          bigint      not null default 0 check (price >= 0),
    reward         bigint      not null default 0 check (reward >= 0),
    point_type     text        not null,
    tiers          text[]      not null,            -- whom it is for; none: everybody
    campaign       text        not null,            -- whose event it is; empty: none's
    created_at     timestamptz not null,
    created_by     text        not null,
    called_off_at  timestamptz,
    called_off_for text
);
create index programme_salons_by_time on programme_salons (starts_at, salon_id);

create table programme_salon_signups (
    signup_id  bigint      primary key,
    salon_id   bigint      not null,
    member_id  bigint      not null,
    number     int         not null,                -- 1, 2, 3 … per salon: the order of the waiting list
    state      text        not null check (state in ('booked', 'waiting', 'cancelled', 'attended')),
    key        text        not null unique,         -- what is shown at the door, as it reads whatever was typed for it
    paid       bigint      not null default 0,
    rewarded   bigint      not null default 0,
    signed_at  timestamptz not null,
    booked_at  timestamptz,
    changed_at timestamptz not null,
    unique (salon_id, number)
);
create unique index programme_salon_signups_once on programme_salon_signups (salon_id, member_id) where state <> 'cancelled';
create index programme_salon_signups_waiting on programme_salon_signups (salon_id, number) where state = 'waiting';
create index programme_salon_signups_of on programme_salon_signups (member_id, signed_at desc);
