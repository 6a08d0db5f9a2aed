-- What would have happened: the orders of the last months replayed under another programme than the one that holds.

-- Points spent, as they were spent: also by a checkout that kept them first; what was given back is below 0.
create view ledger_spendings as
select a.member_id, a.point_type, e.occurred_at, e.debt_change - e.amount - e.pending_change - e.held_change as points
from ledger_entries e
join ledger_accounts a on a.account_id = e.account_id and a.bucket = e.bucket
where e.kind in (2, 6, 9);                                       -- spend, restore, capture

create table insight_what_ifs (
    what_if_id     bigint      primary key,
    draft_id       bigint,                                       -- null: a text that is no draft
    revision       int,                                          -- of the draft, the one that was replayed
    document       jsonb       not null,
    against        int         not null,                         -- the version it is compared with; 0: none was published
    held           jsonb       not null,                         -- what that says
    months         int         not null check (months between 1 and 120),
    thousand_minor bigint      check (thousand_minor >= 0),      -- what a thousand points are worth; null: as rewards say
    asked_at       timestamptz not null,                         -- orders paid by then count
    asked_by       text        not null,
    started_at     timestamptz,
    moved_at       timestamptz,                                  -- a sign of life of who replays it
    percent        int         not null default 0 check (percent between 0 and 100),
    finished_at    timestamptz,
    cancelled_at   timestamptz,
    cancelled_by   text,
    failed_at      timestamptz,
    reason         text,
    report         jsonb,
    check ((draft_id is null) = (revision is null)),
    check ((finished_at is null) = (report is null)),
    check ((cancelled_at is null) = (cancelled_by is null)),
    check ((failed_at is null) = (reason is null)),
    check (num_nonnulls(finished_at, cancelled_at, failed_at) <= 1)
);
create index insight_what_ifs_by_time on insight_what_ifs (asked_at desc, what_if_id desc);
create index insight_what_ifs_by_draft on insight_what_ifs (draft_id, asked_at desc) where draft_id is not null;
create index insight_what_ifs_open on insight_what_ifs (asked_at)
    where finished_at is null and cancelled_at is null and failed_at is null;
