-- Earning beyond orders: events of the programme's own, goals that orders and events lead to, birthdays and anniversaries.

-- What members did, as it was told: never changed.
create table programme_events (
    event_id    bigint      primary key,            -- made of the teller's own id
    code        text        not null,
    external_id text        not null unique check (external_id <> ''),
    member_id   bigint      not null,
    happened_at timestamptz not null,
    recorded_at timestamptz not null,
    version_id  int         not null,               -- the programme's version that held when it happened
    data        jsonb       not null,
    given       jsonb       not null default '{}'   -- points by their kind
);
create index programme_events_by_member on programme_events (member_id, happened_at, event_id);

-- What orders and events count towards the goals of rules: nothing where the condition did not hold, or all came back.
create table programme_steps (
    member_id   bigint      not null,
    rule        text        not null,
    source_id   bigint      not null,               -- the order, or the event
    happened_at timestamptz not null,
    day         date        not null,               -- in the programme's time zone of then
    amount      bigint      not null check (amount >= 0),
    inputs      jsonb       not null,               -- what was so at the time, as far as the rule reads it
    primary key (member_id, rule, source_id)
);
create index programme_steps_by_day on programme_steps (member_id, rule, day);

-- Goals that were reached: once for the period, or the streak, that begins on a day.
create table programme_goals (
    member_id  bigint      not null,
    rule       text        not null,
    begins_on  date        not null,
    takes      bigint      not null,                -- what it took: so much, or so many periods
    reached_at timestamptz not null,
    version_id int         not null,
    source_id  bigint      not null,                -- the order or event with which it was
    points     bigint      not null check (points >= 0),
    point_type text        not null,
    round      int         not null default 1,      -- how often it was given: again after orders that had led to it came back
    given_at   timestamptz not null,
    undone_at  timestamptz,                         -- what had led to it came back
    primary key (member_id, rule, begins_on)
);

-- The next birthday or anniversary of members: days of the calendar, so that no change of zone or clocks moves them.
create table programme_occasions (
    member_id    bigint   not null,
    kind         text     not null check (kind in ('birthday', 'joined_anniversary', 'first_order_anniversary')),
    origin_year  smallint not null,                 -- 0: not known
    origin_month smallint not null,                 -- 0: the day is not known any more
    origin_day   smallint not null,
    due_on       date,
    last_on      date,                              -- the day that was last dealt with
    primary key (member_id, kind)
);
create index programme_occasions_due on programme_occasions (due_on, member_id);

-- Which kinds are kept, and up to which member those of before have been looked up.
create table programme_occasion_progress (
    kind text    primary key,
    upto bigint  not null,
    done boolean not null
);
