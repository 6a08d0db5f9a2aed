create table access_operators (
    operator_id   bigint      primary key,
    email         text        not null unique check (email = lower(email) and email like '%_@_%'),
    name          text        not null check (name <> ''),
    role          text        not null check (role in ('viewer', 'agent', 'manager', 'owner')),
    password_hash text        not null,
    created_at    timestamptz not null
);

create table access_sessions (
    token_hash  bytea       primary key,            -- SHA-256 of the cookie: a stolen backup signs nobody in
    operator_id bigint      not null references access_operators on delete cascade,
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);
create index access_sessions_by_operator on access_sessions (operator_id);
create index access_sessions_by_expiry on access_sessions (expires_at);

create table access_keys (
    key_id     bigint      primary key,
    token_hash bytea       not null unique,
    hint       text        not null,                -- the first letters, to tell keys apart on a list
    name       text        not null check (name <> ''),
    role       text        not null check (role in ('viewer', 'agent', 'manager', 'owner')),
    created_at timestamptz not null,
    revoked_at timestamptz
);

-- Failed sign-ins in a row, to slow down guessing. One row per address tried, locked while a password is checked.
create table access_attempts (
    email_hash bytea       primary key,             -- SHA-256: people type passwords into the wrong field
    failures   int         not null check (failures >= 0),
    last_at    timestamptz not null
);
create index access_attempts_by_age on access_attempts (last_at);

-- Answers given to requests that carried an Idempotency-Key: the same request gets the same answer.
create table access_answers (
    caller_id   bigint      not null,
    key         text        not null check (length(key) between 1 and 255),
    fingerprint bytea       not null,               -- SHA-256 of method, path, query and body
    status      smallint    not null,
    body        bytea       not null,
    at          timestamptz not null,
    primary key (caller_id, key)
);
create index access_answers_by_age on access_answers (at);
