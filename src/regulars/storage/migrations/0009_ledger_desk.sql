-- What people decide about points, and what the reconciler found.

-- Why an account is, or was, frozen; `ledger_accounts.frozen_at` says that it is.
create table ledger_freezes (
    account_id bigint      not null,
    number     int         not null,                -- 1, 2, 3 … per account
    bucket     smallint    not null,
    frozen_at  timestamptz not null,
    frozen_by  text        not null,
    reason     text        not null check (reason <> ''),
    lifted_at  timestamptz,
    lifted_by  text,
    primary key (account_id, number, bucket),
    check ((lifted_at is null) = (lifted_by is null))
);

-- Points given or taken by hand. Over the limit somebody else decides first.
create table ledger_adjustments (
    adjustment_id bigint      not null,
    bucket        smallint    not null,             -- the account's
    member_id     bigint      not null,
    point_type    text        not null,
    amount        bigint      not null check (amount <> 0),
    reason        text        not null check (reason <> ''),
    expires_at    timestamptz,                      -- of points given
    proposed_at   timestamptz not null,
    proposed_by   text        not null,
    decided_at    timestamptz,
    decided_by    text,
    decision      text        check (decision in ('posted', 'rejected')),
    primary key (adjustment_id, bucket),
    check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (decision is null))
);
create index ledger_adjustments_open on ledger_adjustments (proposed_at) where decided_at is null;
create index ledger_adjustments_by_time on ledger_adjustments (proposed_at, adjustment_id);

-- One row per time the whole ledger was gone through, account by account, in pieces that each commit.
create table ledger_passes (
    pass_id       int         primary key,          -- 1, 2, 3 …
    began_at      timestamptz not null,
    finished_at   timestamptz,
    upto          bigint      not null default -1,  -- the last account checked
    accounts      bigint      not null default 0,
    entries       bigint      not null default 0,
    discrepancies bigint      not null default 0,
    root          bytea       not null default ''   -- SHA-256 over (root before, account, number and hash of its last entry)
);
create unique index ledger_passes_running on ledger_passes ((true)) where finished_at is null;

-- What broke an invariant, once per account, entry and invariant, until it is put right.
create table ledger_findings (
    account_id bigint      not null,
    invariant  text        not null,
    seq        int         not null,                -- 0: the account as a whole
    expected   bigint      not null,
    found      bigint      not null,
    found_at   timestamptz not null,
    gone_at    timestamptz,                         -- when a later check found it right
    primary key (account_id, invariant, seq)
);
create index ledger_findings_open on ledger_findings (found_at) where gone_at is null;
