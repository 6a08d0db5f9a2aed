-- The programme as a document that people write: drafts, every revision of them, and why each version was published.

create table programme_drafts (
    draft_id     bigint      primary key,
    revision     int         not null check (revision > 0),     -- of its text, the last one; what If-Match names
    base_version int         not null,                          -- the last version published when that was written; 0: none
    drafted_at   timestamptz not null,
    submitted_at timestamptz,                                    -- null: it is being written
    submitted_by text,
    decided_at   timestamptz,
    decided_by   text,
    decision     text        check (decision in ('approved', 'rejected')),
    because      text,
    published_at timestamptz,
    published_by text,
    version_id   int         unique,
    check ((decided_at is null) = (decision is null)),
    check ((published_at is null) = (version_id is null))
);
create index programme_drafts_by_time on programme_drafts (drafted_at desc, draft_id desc);
create index programme_drafts_by_start on programme_drafts (drafted_at desc, draft_id desc) where published_at is null;

-- What was written, as it was written, with its comments. Never changed, never deleted.
create table programme_draft_revisions (
    draft_id   bigint      not null references programme_drafts,
    revision   int         not null,
    text       text        not null,
    document   jsonb,                                           -- what it says; null: it cannot be used as it stands
    note       text        not null,
    written_at timestamptz not null,
    written_by text        not null,
    primary key (draft_id, revision)
);

-- Why a version was published: a draft became it, or an earlier version holds again. Others have no row.
create table programme_releases (
    version_id int    primary key,
    draft_id   bigint,
    restores   int,
    note       text   not null,
    check ((draft_id is null) <> (restores is null))
);
