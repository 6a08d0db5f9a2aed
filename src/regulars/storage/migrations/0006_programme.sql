create table programme_versions (
    version_id   int         primary key,
    document     jsonb       not null,
    published_at timestamptz not null,
    published_by text        not null
);

-- Points promised for an order under one version of the programme. What has been taken back never exceeds them.
create table programme_awards (
    order_id    bigint      primary key,
    member_id   bigint      not null,
    version_id  int         not null,               -- no foreign key: a trigger an order, and versions are never deleted
    points      bigint      not null check (points >= 0),
    steps       bigint[]    not null,               -- the total after each time points were given: one earn each
    spend_minor bigint      not null,               -- the goods that count towards a tier
    reversed    bigint      not null default 0 check (reversed between 0 and points),
    spend_taken bigint      not null default 0,     -- of it, what came back
    awarded_at  timestamptz not null
);

-- What counts towards a tier: an order's goods, and, negative, what came back of them.
-- A row's existence also says that its order or return has been dealt with: deliveries of facts may repeat.
-- `counts_at` places it in the twelve months (the day of the order); `known_at` is when it became so.
create table programme_qualifying (
    member_id    bigint      not null,
    counts_at    timestamptz not null,
    known_at     timestamptz not null,
    reference    text        not null,
    amount_minor bigint      not null,
    primary key (member_id, counts_at, reference)   -- a reference has one day: that of its order, which never changes
);

-- The tier each member has now; how it came about is in the facts tier.reached and tier.left.
create table programme_standings (
    member_id        bigint      primary key,
    tier             text        not null,
    since            timestamptz not null,
    qualifying_minor bigint      not null,
    reviewed_at      timestamptz not null,          -- the latest moment the tier was judged for
    review_at        timestamptz not null           -- when the oldest amount that counts leaves the window
);
create index programme_standings_by_tier on programme_standings (tier, member_id);
create index programme_standings_by_review on programme_standings (review_at);

-- What other domains read.
create view programme_current_tiers as
select member_id, tier from programme_standings;
