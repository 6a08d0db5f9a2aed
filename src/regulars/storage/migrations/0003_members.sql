create table members (
    member_id   bigint      primary key,
    issuer      text        not null,               -- who gave the external id: a shop's code, or 'direct'
    external_id text        not null check (external_id <> ''),
    name        text,
    email       text        check (email = lower(email)),
    phone       text        check (phone ~ '^\+?[0-9]{5,15}$'),
    locale      text,
    country     text,
    joined_at   timestamptz not null,
    attributes  jsonb       not null default '{}' check (jsonb_typeof(attributes) = 'object'),
    -- e-mail addresses are searched as a whole and by their parts
    search      tsvector    generated always as (to_tsvector('simple', external_id || ' ' || coalesce(name, '') || ' '
                    || coalesce(phone, '') || ' ' || coalesce(email, '') || ' ' || translate(coalesce(email, ''), '@.', '  '))) stored,
    unique (issuer, external_id)
);
create index members_by_search on members using gin (search);
create index members_by_joined on members (joined_at, member_id);
create index members_by_external_id on members (external_id);
create index members_by_name on members (name, member_id);

-- Every name the outside world has for a member; the first writer of a value owns it.
create table members_identities (
    issuer    text   not null check (issuer ~ '^[a-z0-9_-]{1,64}$'),  -- email, phone, or the code of the shop that gave the value
    value     text   not null check (value <> ''),
    member_id bigint not null references members,
    primary key (issuer, value)
);
create index members_identities_by_member on members_identities (member_id);
