-- What each member with a purchase has bought, and the fifths it puts them in; recomputed after imports and nightly.
create table insight_portraits (
    member_id   bigint      primary key,
    cohort      date        not null,               -- first day of the month of the first purchase
    first_day   date        not null,
    last_day    date        not null,
    orders      int         not null,
    days        int         not null,               -- different days with a purchase
    spend_minor bigint      not null,               -- goods less refunds, in the currency of the last refresh
    r           smallint    not null check (r between 1 and 5),
    f           smallint    not null check (f between 1 and 5),
    m           smallint    not null check (m between 1 and 5),
    grade       text        not null check (grade in ('gold', 'silver', 'bronze')),
    changed_at  timestamptz not null                -- since when this row is as it is
);
-- One index for each order the directory can be in; filters are applied along it.
create index insight_portraits_by_spend on insight_portraits (spend_minor, member_id);
create index insight_portraits_by_orders on insight_portraits (orders, member_id);
create index insight_portraits_by_last_day on insight_portraits (last_day, member_id);
create index insight_portraits_by_cell on insight_portraits (r, f, m) include (spend_minor);
create index insight_portraits_by_cohort on insight_portraits (cohort, member_id);
create index insight_portraits_by_grade on insight_portraits (grade, member_id);

-- The last refresh; the one row is also the lock that makes refreshes take turns.
create table insight_refreshes (
    alone       boolean     primary key default true check (alone),
    computed_at timestamptz,
    currency    text,
    members     bigint      not null default 0,
    frame       text                                -- which reading of the purchases it was computed from
);
insert into insight_refreshes default values;
