-- Coupons, gift cards and rewards: what a member may have for points, or without.

-- A set of codes with the same terms. `uses` counts what is reserved or redeemed, and is kept only where the terms limit it.
create table programme_coupon_pools (
    pool_id    bigint      primary key,
    code       text        not null unique check (code ~ '^[a-z][a-z0-9_]{0,31}$'),
    name_en    text        not null,
    name_zh    text        not null,
    shared     boolean     not null,                -- true: one code for everybody; false: each code is one member's
    terms      jsonb       not null,
    low_water  bigint      not null default 0 check (low_water >= 0),
    low_since  timestamptz,                         -- since when no more codes than that are free: told once
    uses       bigint      not null default 0 check (uses >= 0),
    created_at timestamptz not null,
    created_by text        not null,
    closed_at  timestamptz                          -- since when nothing is handed out and nothing taken
);

-- One code. `key` is how it reads whatever was typed for it (coupons.normal_form): look-alikes are one character.
create table programme_coupons (
    key        text        primary key,
    pool_id    bigint      not null,
    code       text        not null,                -- as it is printed
    claim_id   bigint,                              -- whose it is, once it was handed out
    uses       bigint      not null default 0 check (uses >= 0),
    revoked_at timestamptz
) with (fillfactor = 90);
create index programme_coupons_of_pool on programme_coupons (pool_id, key);
-- By `code`, as no other index is: so whatever is asked for in that order is found here, past all that is handed out.
create index programme_coupons_free on programme_coupons (pool_id, code) where claim_id is null and revoked_at is null;

-- A code handed out to a member. A code of its own is handed out once: that is the unique index.
create table programme_coupon_claims (
    claim_id   bigint      primary key,
    pool_id    bigint      not null,
    key        text        not null,
    member_id  bigint      not null,
    reference  text        not null,                -- the caller's name for it: the same again is the same code
    shared     boolean     not null,
    claimed_at timestamptz not null,
    ends_at    timestamptz,                         -- the first instant at which it is good no more
    revoked_at timestamptz,
    unique (pool_id, member_id, reference)
);
create unique index programme_coupon_claims_once on programme_coupon_claims (key) where not shared;
create index programme_coupon_claims_of on programme_coupon_claims (member_id, claimed_at desc, claim_id desc);

-- A code at a checkout: reserved, then redeemed or released; what was redeemed may be given back.
create table programme_coupon_uses (
    use_id         bigint      primary key,
    key            text        not null,
    pool_id        bigint      not null,
    member_id      bigint,                          -- null: a guest
    checkout       text        not null,            -- the caller's name for the checkout, or the order
    state          text        not null check (state in ('reserved', 'redeemed', 'released', 'refunded')),
    reserved_at    timestamptz not null,
    reserved_until timestamptz not null,
    changed_at     timestamptz not null,
    discount_minor bigint      not null check (discount_minor >= 0),
    currency       text        not null,
    sku            text,                            -- what is given along
    free_shipping  boolean     not null default false,
    stack_group    text,                            -- of which a checkout takes one
    exclusive      boolean     not null default false
);
create unique index programme_coupon_uses_once on programme_coupon_uses (checkout, key) where state in ('reserved', 'redeemed');
create index programme_coupon_uses_due on programme_coupon_uses (reserved_until) where state = 'reserved';
create index programme_coupon_uses_of_key on programme_coupon_uses (key, reserved_at desc);
create index programme_coupon_uses_of_member on programme_coupon_uses (pool_id, member_id) where state in ('reserved', 'redeemed');

-- What came into a pool at once: a file, or codes made here.
create table programme_coupon_batches (
    batch_id bigint      primary key,
    pool_id  bigint      not null,
    source   text        not null,                  -- a file's name, or how they were made
    added    bigint      not null,
    known    bigint      not null default 0,
    refused  bigint      not null default 0,
    at       timestamptz not null,
    by       text        not null
);
create index programme_coupon_batches_of on programme_coupon_batches (pool_id, at desc, batch_id desc);

-- Who has tried codes that are none, so that guessing takes longer than anybody lives.
create table programme_code_guesses (
    guesser  text        primary key,
    failures int         not null,
    last_at  timestamptz not null
);

-- Stored value. A card's code is kept as a keyed hash; the last four letters say which it is.
create table programme_gift_card_keys (
    single boolean primary key default true check (single),
    secret bytea   not null
);
create table programme_gift_cards (
    card_id    bigint      primary key,
    hash       bytea       not null unique,
    last_four  text        not null,
    currency   text        not null check (currency ~ '^[A-Z]{3}$'),
    balance    bigint      not null default 0 check (balance >= 0),   -- what can be spent
    held       bigint      not null default 0 check (held >= 0),      -- what checkouts have set aside
    seq        int         not null default 0,
    member_id  bigint,
    reference  text        not null unique,         -- the caller's name for it: the same again issues no second card
    issued_at  timestamptz not null,
    issued_by  text        not null,
    expires_at timestamptz not null default '9999-01-01 00:00+00',    -- the first instant at which it is worth nothing
    blocked_at timestamptz
);
create index programme_gift_cards_latest on programme_gift_cards (issued_at desc, card_id desc);
create index programme_gift_cards_of on programme_gift_cards (member_id, issued_at desc) where member_id is not null;
create index programme_gift_cards_ending on programme_gift_cards (expires_at) where balance > 0;

-- The journal of cards. Never updated, never deleted.
create table programme_gift_card_entries (
    card_id     bigint      not null,
    seq         int         not null,               -- 1, 2, 3 … per card, without gaps
    kind        text        not null check (kind in ('issue', 'top_up', 'hold', 'capture', 'release', 'refund', 'expire', 'block', 'unblock')),
    amount      bigint      not null,               -- change of balance
    held_change bigint      not null default 0,
    balance     bigint      not null,               -- after it
    held        bigint      not null,
    reference   text        not null,
    follows     text,                               -- the hold that is captured or released, the capture that is refunded
    reason      text,
    at          timestamptz not null,
    by          text        not null,
    primary key (card_id, seq),
    unique (card_id, reference)
);
create index programme_gift_card_entries_at on programme_gift_card_entries using brin (at);

create table programme_gift_card_holds (
    card_id    bigint      not null,
    reference  text        not null,
    remaining  bigint      not null check (remaining > 0),
    held_until timestamptz not null,
    primary key (card_id, reference)
);
create index programme_gift_card_holds_due on programme_gift_card_holds (held_until);

-- What is left of each reward, and how often it was taken. A reward without a row is without stock and was never taken.
create table programme_reward_stock (
    reward text   primary key,
    stock  bigint check (stock >= 0),               -- null: not counted
    taken  bigint not null default 0 check (taken >= 0)
);
create table programme_reward_stock_changes (
    change_id     bigint      primary key,
    reward        text        not null,
    amount        bigint      not null check (amount <> 0),
    stock         bigint      not null,             -- after it
    reason        text        not null,
    redemption_id bigint,
    at            timestamptz not null,
    by            text        not null
);
create index programme_reward_stock_changes_of on programme_reward_stock_changes (reward, at desc, change_id desc);

-- A reward on its way to a member, at the price it was promised for.
create table programme_redemptions (
    redemption_id  bigint      primary key,
    member_id      bigint      not null,
    reward         text        not null,
    kind           text        not null,
    reference      text        not null,            -- the caller's name for it
    terms          jsonb       not null,            -- the reward as it was promised
    state          text        not null check (state in ('quoted', 'held', 'captured', 'fulfilled', 'released', 'lapsed', 'cancelled', 'refunded')),
    fulfilment     text        check (fulfilment in ('requested', 'packed', 'sent', 'delivered')),
    point_type     text        not null,
    points         bigint      not null check (points >= 0),
    value_minor    bigint      not null check (value_minor >= 0),
    currency       text        not null,
    good_until     timestamptz,                     -- of a quote; of a hold, when what is left goes back
    captures       bigint[]    not null default '{}',  -- the points taken after each capture, ascending
    captured_minor bigint      not null default 0,
    refunds        int         not null default 0,
    refunded       bigint      not null default 0,  -- points
    refunded_minor bigint      not null default 0,
    returned_minor bigint      not null default 0,  -- of the order's goods, as far as their return was told
    key            text,                            -- the coupon
    card_id        bigint,                          -- the gift card
    note           text,
    created_at     timestamptz not null,
    changed_at     timestamptz not null,
    unique (member_id, reference),
    check (refunded_minor <= captured_minor and captured_minor <= value_minor)
);
create index programme_redemptions_of on programme_redemptions (member_id, created_at desc, redemption_id desc);
create index programme_redemptions_latest on programme_redemptions (created_at desc, redemption_id desc);
create index programme_redemptions_due on programme_redemptions (good_until) where state in ('quoted', 'held');
create index programme_redemptions_to_fulfil on programme_redemptions (changed_at, redemption_id)
    where state = 'captured' and fulfilment in ('requested', 'packed', 'sent');
