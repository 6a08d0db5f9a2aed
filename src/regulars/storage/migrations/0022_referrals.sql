-- Referrals: who brought whom, by which link or code, and what was given for it; and the graph of what members have in common.

-- One live code a member; a revoked one is kept, so that nobody gets it again and old touches can be explained.
create table programme_referral_codes (
    code            text        primary key check (code ~ '^[2-9A-HJKMNP-TV-Z]{8}$'),
    member_id       bigint      not null,
    issued_at       timestamptz not null,
    revoked_at      timestamptz,
    revoked_by      text,
    revoked_because text,
    check ((revoked_at is null) = (revoked_by is null))
);
create unique index programme_referral_codes_live on programme_referral_codes (member_id) where revoked_at is null;

-- A link opened, a code typed, an app installed. Device, e-mail and address are keyed hashes.
create table programme_referral_touches (
    touch_id    bigint      primary key,
    code        text        not null,
    advocate_id bigint      not null,
    kind        text        not null check (kind in ('link_opened', 'code_typed', 'app_installed')),
    source      text,
    friend_id   bigint,                             -- who it was, where that was known
    device      bytea,
    email       bytea,
    address     bytea,
    touched_at  timestamptz not null,
    recorded_at timestamptz not null
);
create index programme_referral_touches_by_friend on programme_referral_touches (friend_id) where friend_id is not null;
create index programme_referral_touches_by_device on programme_referral_touches (device) where device is not null;
create index programme_referral_touches_by_email on programme_referral_touches (email) where email is not null;
create index programme_referral_touches_by_advocate on programme_referral_touches (advocate_id, touched_at);
create index programme_referral_touches_by_time on programme_referral_touches (touched_at);

-- One row a friend: who brought them, the touches that were weighed, and what was decided. Until something was given for it,
-- another touch may lead to another advocate; afterwards it stands.
create table programme_referrals (
    referral_id   bigint      primary key,
    friend_id     bigint      not null unique,
    advocate_id   bigint      not null,
    touch_id      bigint      not null,
    code          text        not null,
    version_id    int         not null,             -- the programme's version whose terms hold for it
    touched_at    timestamptz not null,
    attributed_at timestamptz not null,
    state         text        not null check (state in ('joined', 'held', 'rewarded', 'refused')),
    refusal       text,                             -- why it was refused
    evidence      jsonb       not null,             -- every touch weighed, and its verdict
    score         int,
    parts         jsonb       not null default '[]',
    scored_at     timestamptz,
    completed_at  timestamptz,                      -- when what is rewarded had happened
    cleared       boolean     not null default false,  -- a person has approved it: no score holds it again
    undone_at     timestamptz,                      -- everything that was bought came back
    check ((state = 'refused') = (refusal is not null))
);
create index programme_referrals_by_advocate on programme_referrals (advocate_id, attributed_at);
create index programme_referrals_by_state on programme_referrals (state, attributed_at, referral_id);
create index programme_referrals_by_time on programme_referrals (attributed_at, referral_id);

-- What was given: once for each side and cause. `returned` went with goods that came back; what is voided was taken back whole.
create table programme_referral_gifts (
    referral_id    bigint      not null references programme_referrals,
    side           text        not null check (side in ('advocate', 'friend', 'milestone')),
    cause          text        not null,            -- joined, first, ord_… or friends:5
    member_id      bigint      not null,
    order_id       bigint,
    points         bigint      not null check (points >= 0),
    point_type     text        not null,
    reward         text,                            -- a reward's code
    round          int         not null default 1,  -- how often it was given: again after it was taken back by mistake
    reference      text        not null,            -- the ledger's, of this round
    held           boolean     not null,            -- it waits for a person
    voided         boolean     not null default false,
    returned       bigint      not null default 0 check (returned between 0 and points),
    back           boolean     not null default false,  -- all that was bought came back
    given_at       timestamptz not null,
    window_ends_at timestamptz not null,
    review_until   timestamptz,
    handed_at      timestamptz,                     -- when the reward was handed over
    primary key (referral_id, side, cause)
);
create unique index programme_referral_gifts_milestones on programme_referral_gifts (member_id, cause) where side = 'milestone';
create index programme_referral_gifts_by_order on programme_referral_gifts (order_id) where order_id is not null;
create index programme_referral_gifts_by_member on programme_referral_gifts (member_id, given_at);
create index programme_referral_gifts_by_review on programme_referral_gifts (review_until) where held and not voided;
create index programme_referral_gifts_to_hand on programme_referral_gifts (window_ends_at) where reward is not null and handed_at is null;

-- What people decided, never changed.
create table programme_referral_reviews (
    referral_id bigint      not null references programme_referrals,
    number      int         not null,
    decision    text        not null check (decision in ('approved', 'refused', 'lapsed')),
    decided_at  timestamptz not null,
    by          text        not null,
    because     text        not null,
    primary key (referral_id, number)
);

-- The graph: who was seen with which device, card, address, e-mail, phone or network, by keyed hashes alone. Guests are their orders.
create table programme_identity_edges (
    kind       text        not null check (kind in ('email', 'phone', 'device', 'payment', 'address', 'network')),
    hash       bytea       not null,
    owner_id   bigint      not null,
    guest      boolean     not null,
    first_seen timestamptz not null,
    last_seen  timestamptz not null,
    times      int         not null,
    primary key (kind, hash, owner_id)
);
create index programme_identity_edges_by_owner on programme_identity_edges (owner_id);

-- Members who were erased: what is told of them later is not kept.
create table programme_identity_forgotten (
    member_id    bigint      primary key,
    forgotten_at timestamptz not null
);

-- How far the members of before have been taken into the graph, and with which key.
create table programme_identity_progress (
    one      boolean primary key default true check (one),
    key_mark bytea   not null,
    upto     bigint  not null
);
