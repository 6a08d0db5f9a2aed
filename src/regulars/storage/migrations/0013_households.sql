-- Households: members who live together, and the points they share; and one member's points joined with another's.

create table members_households (
    household_id bigint      primary key,
    name         text        not null check (name <> ''),
    created_at   timestamptz not null,
    dissolved_at timestamptz
);
create index members_households_by_name on members_households (name, household_id);

-- Who belonged to which household from when to when; to one at a time.
create table members_memberships (
    household_id bigint      not null references members_households,
    member_id    bigint      not null references members,
    joined_at    timestamptz not null,
    left_at      timestamptz check (left_at >= joined_at),
    primary key (member_id, joined_at)
);
create unique index members_memberships_current on members_memberships (member_id) where left_at is null;
create index members_memberships_by_household on members_memberships (household_id, joined_at);

-- When an account joined another, what that brought there, and when it left again. `ledger_accounts.joined` says that it did.
create table ledger_joins (
    account_id bigint      not null,
    number     int         not null,                -- 1, 2, 3 … per account
    bucket     smallint    not null,
    target     bigint      not null,                -- the account posted to instead
    reference  text        not null,
    reason     text,
    available  bigint      not null,                -- moved there, as are the three after it
    pending    bigint      not null,
    held       bigint      not null,
    debt       bigint      not null,
    joined_at  timestamptz not null,
    left_at    timestamptz,
    left_by    text,                                -- the reference of leaving
    primary key (account_id, number, bucket),
    unique (account_id, reference, bucket),
    check ((left_at is null) = (left_by is null))
);
create unique index ledger_joins_current on ledger_joins (account_id, bucket) where left_at is null;

-- Adds points to an open lot, or takes them from it; none is left empty.
create function ledger_change_lot(account bigint, expiry timestamptz, points bigint) returns void language plpgsql
set search_path from current set enable_seqscan = off
as $$
begin
    delete from ledger_lots l where l.account_id = account and l.expires_at = expiry and l.remaining + points = 0;
    if points = 0 or found then return; end if;
    update ledger_lots l set remaining = l.remaining + points where l.account_id = account and l.expires_at = expiry;
    if not found then
        insert into ledger_lots (account_id, expires_at, bucket, remaining) values (account, expiry, account % 256, points);
    end if;
end $$;

-- Moves points of one account to another, both locked and settled by the caller: `most` of what is available, `first` being the
-- expiry of the lot that goes first; or all of it, and what is owed, where `most` is null. `seqs` are the promises and holds that go
-- along, `names` their references there. Each is an entry on either side, a send (11) and a receive (12). What it moved comes back.
create function ledger_move(source bigint, target bigint, most bigint, first bigint, seqs int[], names text[], why text, asof timestamptz)
returns table (available bigint, pending bigint, held bigint, debt bigint, balance bigint)
language plpgsql
set search_path from current set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    s record; t record; l record; h record; n int := 0; rest bigint; part bigint; skip bigint;
    kept bigint; there bigint; owed bigint; due timestamptz := '9999-01-01 00:00+00';
    moved bigint := 0; promised bigint := 0; aside bigint := 0; paid bigint := 0;
    -- The pair of entries at hand: what leaves, what arrives; and all of them.
    sent bigint; amount bigint; waiting bigint; owing bigint; owes bigint; set_aside bigint; expiry bigint; source_seq int; given text; got text;
    m_sent bigint[] := '{}'; m_amount bigint[] := '{}'; m_waiting bigint[] := '{}'; m_owing bigint[] := '{}'; m_owes bigint[] := '{}';
    m_aside bigint[] := '{}'; m_expiry bigint[] := '{}'; m_seq int[] := '{}'; m_given text[] := '{}'; m_got text[] := '{}';
    m_kept bigint[] := '{}'; m_there bigint[] := '{}'; m_name text[] := '{}';
    e_id bigint[]; e_seq int[]; e_kind smallint[]; e_amount bigint[]; e_pending bigint[]; e_debt bigint[]; e_held bigint[]; e_available bigint[];
    e_occurred bigint[]; e_expires bigint[]; e_target int[]; e_alloc text[]; e_idem uuid[]; e_ref text[]; e_reason text[]; heads bytea[];
begin
    select a.member_id, a.point_type, a.available, a.debt, a.seq, a.head into s from ledger_accounts a where a.account_id = source;
    select a.member_id, a.point_type, a.available, a.debt, a.seq, a.head into t from ledger_accounts a where a.account_id = target;
    kept := s.available; there := t.available; owed := t.debt;

    for i in -1..coalesce(cardinality(seqs), 0) loop
        sent := 0; amount := 0; waiting := 0; owing := 0; owes := 0; set_aside := 0; expiry := null; source_seq := null; given := null; got := null;
        if i = -1 then                              -- lots, with their expiries; what is owed there is paid by the soonest
            rest := least(coalesce(most, kept), kept);
            continue when rest = 0;
            moved := rest; sent := -rest; owes := -least(owed, rest); amount := rest + owes; skip := -owes;
            for l in select o.expires_at, ledger_micros(o.expires_at) as expires, o.remaining as points from ledger_lots o
                     where o.account_id = source order by o.account_id, ledger_micros(o.expires_at) is distinct from first, o.expires_at
            loop
                exit when rest = 0;
                part := least(rest, l.points); rest := rest - part;
                perform ledger_change_lot(source, l.expires_at, -part);
                given := concat_ws(',', given, l.expires, -part); got := concat_ws(',', got, l.expires, part);
                if skip > 0 then
                    got := concat_ws(',', got, l.expires, -least(skip, part));
                end if;
                perform ledger_change_lot(target, l.expires_at, part - least(skip, part));
                skip := greatest(skip - part, 0); due := least(due, l.expires_at);
            end loop;
        elsif i = 0 then                            -- what is owed, paid there at once as far as there is anything
            continue when most is not null or s.debt = 0;
            paid := s.debt; owing := -paid; rest := least(there, paid); amount := -rest; owes := paid - rest;
            for l in select o.expires_at, ledger_micros(o.expires_at) as expires, o.remaining as points from ledger_lots o
                     where o.account_id = target order by o.account_id, o.expires_at
            loop
                exit when rest = 0;
                part := least(rest, l.points); rest := rest - part;
                perform ledger_change_lot(target, l.expires_at, -part);
                got := concat_ws(',', got, l.expires, -part);
            end loop;
        else
            source_seq := seqs[i]; n := t.seq + cardinality(m_sent) + 1;
            delete from ledger_pending_lots p where p.account_id = source and p.seq = source_seq
            returning p.matures_at, p.expires_at, p.amount, p.lapses, p.awaits into h;
            if found then
                insert into ledger_pending_lots (account_id, seq, bucket, matures_at, expires_at, amount, lapses, awaits)
                values (target, n, target % 256, h.matures_at, h.expires_at, h.amount, h.lapses, h.awaits);
                insert into ledger_promises (account_id, seq, bucket, matures_at, lapses, awaits)
                values (target, n, target % 256, h.matures_at, h.lapses, h.awaits);
                waiting := h.amount; promised := promised + waiting; expiry := ledger_micros(h.expires_at); due := least(due, h.matures_at);
            else
                delete from ledger_holds d where d.account_id = source and d.seq = source_seq returning d.held_until, d.remaining, d.captured into strict h;
                select e.alloc as took into l from ledger_entries e where e.account_id = source and e.seq = source_seq;
                skip := h.captured; rest := h.remaining;    -- captured was its first part; released, its last
                for j in 1..cardinality(l.took) by 2 loop
                    part := -l.took[j + 1] - skip; skip := greatest(-part, 0); part := least(part, rest);
                    if part > 0 then got := concat_ws(',', got, l.took[j], -part); rest := rest - part; end if;
                end loop;
                insert into ledger_holds (account_id, seq, bucket, held_until, remaining) values (target, n, target % 256, h.held_until, h.remaining);
                set_aside := h.remaining; aside := aside + set_aside; expiry := ledger_micros(h.held_until); due := least(due, h.held_until);
            end if;
        end if;
        kept := kept + sent; there := there + amount; owed := owed + owes;
        m_sent := m_sent || sent; m_amount := m_amount || amount; m_waiting := m_waiting || waiting; m_owing := m_owing || owing; m_owes := m_owes || owes;
        m_aside := m_aside || set_aside; m_expiry := m_expiry || expiry; m_seq := m_seq || source_seq; m_given := m_given || given; m_got := m_got || got;
        m_kept := m_kept || kept; m_there := m_there || there; m_name := m_name || names[i];
    end loop;
    n := cardinality(m_sent);
    if n > 0 then
        select array_agg(v.id), array_agg(v.seq), array_agg(v.kind::smallint), array_agg(v.amount), array_agg(v.pending), array_agg(v.debt), array_agg(v.held),
               array_agg(v.available), array_agg(ledger_micros(asof)), array_agg(v.expires), array_agg(v.target), array_agg('{' || v.alloc || '}'),
               array_agg(ledger_idem(v.reference)), array_agg(v.reference), array_agg(why)
        into e_id, e_seq, e_kind, e_amount, e_pending, e_debt, e_held, e_available, e_occurred, e_expires, e_target, e_alloc, e_idem, e_ref, e_reason
        from (select source as id, s.seq + m.place::int as seq, 11 as kind, m.sent as amount, -m.waiting as pending, m.owing as debt, -m.aside as held,
                     m.kept as available, null::bigint as expires, m.seq as target, m.given as alloc, '@send:' || s.seq + m.place as reference
              from unnest(m_sent, m_waiting, m_owing, m_aside, m_kept, m_seq, m_given) with ordinality
                   m(sent, waiting, owing, aside, kept, seq, given, place)
              union all
              select target, t.seq + m.place::int, 12, m.amount, m.waiting, m.owes, m.aside, m.there, m.expiry, null, m.got,
                     coalesce(m.name, '@receive:' || t.seq + m.place)
              from unnest(m_amount, m_waiting, m_owes, m_aside, m_there, m_expiry, m_got, m_name) with ordinality
                   m(amount, waiting, owes, aside, there, expiry, got, name, place)
              order by 1, 2) v;
        heads := case when source < target then array[s.head, t.head] else array[t.head, s.head] end;
        heads := ledger_append(
            array[least(source, target), greatest(source, target)],
            case when source < target then array[s.point_type, t.point_type] else array[t.point_type, s.point_type] end, heads,
            e_id, e_seq, e_kind, e_amount, e_pending, e_debt, e_held, e_available, e_occurred, e_expires, e_target, e_alloc, e_idem, e_ref, e_reason, asof);
        update ledger_accounts a
        set available = kept, pending = a.pending - promised, held = a.held - aside, debt = a.debt - paid, seq = a.seq + n,
            head = heads[case when source < target then 1 else 2 end]
        where a.account_id = source;
        update ledger_accounts a
        set available = there, pending = a.pending + promised, held = a.held + aside, debt = owed, seq = a.seq + n, due_at = least(a.due_at, due),
            head = heads[case when source < target then 2 else 1 end]
        where a.account_id = target;
    end if;
    return query select moved, promised, aside, paid, there;
end $$;
