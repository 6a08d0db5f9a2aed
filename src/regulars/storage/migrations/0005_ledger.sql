-- The points ledger: accounts, the journal of entries, open lots, pending lots, holds, and the functions that post.
--
-- `bucket` = account_id % 256 is in every key and every join, so that the same tables can be spread over several servers
-- by it. For the same reason there is no trigger, no sequence, no foreign key to tables outside the ledger, and no
-- timestamp 'infinity' (drivers cannot read it): "never" is 9999-01-01 00:00 UTC.

-- What kinds of points there are. A type that is not here is redeemable and counted in whole points.
create table ledger_point_types (
    point_type text        primary key check (point_type ~ '^[a-z][a-z0-9_]{0,31}$'),
    role       text        not null check (role in ('redeemable', 'qualifying', 'unit')),  -- qualifying points are never spent
    decimals   smallint    not null default 0 check (decimals between 0 and 6),            -- amounts are of the smallest unit
    defined_at timestamptz not null
);

create table ledger_accounts (
    account_id  bigint      not null,               -- ledger.account_id(member_id, point_type): pools after all members
    bucket      smallint    not null,
    seq         int         not null default 0,     -- number of the last entry
    member_id   bigint      not null,               -- a member; below 0: a household, whose members share it
    available   bigint      not null default 0 check (available >= 0),
    pending     bigint      not null default 0 check (pending >= 0),
    held        bigint      not null default 0 check (held >= 0),
    debt        bigint      not null default 0 check (debt >= 0),
    due_at      timestamptz not null default '9999-01-01 00:00+00',  -- nothing falls due before; may be too early, never too late
    frozen_at   timestamptz,                        -- since when nothing may be taken out
    joined      bigint,                             -- the account that is posted to instead; its own: has left such a one
    point_type  text        not null,
    head        bytea,                              -- hash of the last entry
    primary key (account_id, bucket),
    unique (member_id, point_type, bucket),
    check (bucket = account_id % 256),
    check (debt = 0 or available = 0)
) with (fillfactor = 60);                           -- room to update in place (HOT): due_at has no index for this reason
comment on column ledger_accounts.debt is
    'Points taken back that had been spent already. Whatever is credited next pays it first.';

-- The journal. Never updated, never deleted: a trigger that says so is impossible on a distributed table, so it is the
-- chain of hashes and the audit (view ledger_discrepancies) that find a changed row, and a production role should be
-- granted insert and select only.
create table ledger_entries (
    account_id     bigint      not null,
    seq            int         not null,            -- 1, 2, 3 … per account, without gaps; a second guard against two writers
    bucket         smallint    not null,
    kind           smallint    not null check (kind between 1 and 16),
    amount         bigint      not null,            -- change of available
    pending_change bigint      not null default 0,
    debt_change    bigint      not null default 0,
    available      bigint      not null,            -- balance after
    occurred_at    timestamptz not null,            -- when it happened in the world
    posted_at      timestamptz not null,            -- when the ledger learned of it
    idem           uuid        not null,            -- first 128 bits of the SHA-256 of the reference
    expires_at     timestamptz,                     -- kinds 1, 3, 4, 5, 13, 14, 12 of a promise: the lot concerned; 8, 12 of a hold: until when it is held
    held_change    bigint      not null default 0,
    reverses       int,                             -- kinds 6, 7, 9, 10, 11, 14, 15, and 3 at once: seq of the entry it follows from
    reference      text        not null,
    reason         text,                            -- why, in a person's words
    alloc          bigint[],                        -- {expiry in µs since 1970, change, …} of every lot touched
    hash           bytea       not null,            -- SHA-256 of the entry before's and of this one: ledger_text()
    primary key (account_id, seq, bucket),
    unique (account_id, idem, bucket)
);
comment on column ledger_entries.kind is
    '1 earn, 2 spend, 3 mature, 4 expire, 5 promise (a pending earn), 6 restore (undoes 2, 9), 7 clawback (undoes 1, 5), 8 hold, 9 capture and 10 release (of a hold), 11 send and 12 receive (of points, a promise, a hold or a debt), 13 extend, 14 reinstate (undoes 4), 15 lapse (a promise not kept), 16 forgive (a debt)';
comment on column ledger_entries.alloc is
    'Kinds 2, 6, 7, 8, 10 to 14: the lots it changed. Kind 9, and 12 of a hold: the lots it had been taken from, which do not change again.';
create index ledger_entries_reversals on ledger_entries (account_id, reverses) where reverses is not null;
create index ledger_entries_posted on ledger_entries using brin (posted_at);

-- Open points by expiry; a lot that is used up is deleted. Merged per expiry, so a spend reads few of them.
create table ledger_lots (
    account_id bigint      not null,
    expires_at timestamptz not null,                -- the first instant at which they are gone
    bucket     smallint    not null,
    remaining  bigint      not null check (remaining > 0),
    primary key (account_id, expires_at, bucket)
) with (fillfactor = 80);
create index ledger_lots_due on ledger_lots (expires_at, account_id);  -- a month's end has a million lots: pages of them go on by account

-- Points promised, one row per earn that has not matured; `seq` is its entry.
create table ledger_pending_lots (
    account_id bigint      not null,
    seq        int         not null,
    bucket     smallint    not null,
    matures_at timestamptz not null,                -- the first instant at which they are available, or lost
    expires_at timestamptz not null,
    amount     bigint      not null check (amount > 0),
    lapses     boolean     not null default false,  -- true: what they wait for has not come by matures_at, and they are lost
    awaits     text,                                -- the event that makes them available at once
    primary key (account_id, seq, bucket)
);
create index ledger_pending_lots_due on ledger_pending_lots (matures_at);
create index ledger_pending_lots_awaiting on ledger_pending_lots (awaits) where awaits is not null;

-- Points set aside, one row per hold that is open; `seq` is its entry.
create table ledger_holds (
    account_id bigint      not null,
    seq        int         not null,
    bucket     smallint    not null,
    held_until timestamptz not null,                -- the first instant at which what is left goes back by itself
    remaining  bigint      not null check (remaining > 0),
    captured   bigint      not null default 0,      -- so much has been spent of it, from its first lot on
    primary key (account_id, seq, bucket)
);
create index ledger_holds_due on ledger_holds (held_until);

-- What each batch moved, by type and kind: the totals are their sum. A batch only adds, so that no two wait for one another;
-- what is of earlier days is rolled up to a row per day, type and kind.
create table ledger_flows (
    bucket     smallint    not null,
    point_type text        not null,
    kind       smallint    not null,
    entries    bigint      not null,
    amount     bigint      not null,
    pending    bigint      not null,
    debt       bigint      not null,
    held       bigint      not null,
    posted_at  timestamptz not null,
    rolled     boolean     not null default false
);
create index ledger_flows_to_roll on ledger_flows (posted_at) where not rolled;

-- Where what is posted for an account goes: the account that it has joined, or the one that that has joined …
create function ledger_home(account bigint) returns bigint language plpgsql stable
set search_path from current set enable_seqscan = off
as $$
declare
    next bigint;
begin
    loop
        select a.joined into next from ledger_accounts a where a.account_id = account;
        if next is null or next = account then return account; end if;
        account := next;
    end loop;
end $$;

-- What a member has, alone or together with others: no sum, where accounts have joined one another.
create view ledger_balances as
select a.account_id, a.member_id, a.point_type,
       case when a.joined is null then a.available
            else (select h.available from ledger_accounts h where h.account_id = ledger_home(a.account_id)) end as available
from ledger_accounts a;

-- Exact both ways for every date: 2^53 µs are only 285 years, so one multiplication of an interval would round.
create function ledger_instant(micros bigint) returns timestamptz language sql stable parallel safe
return timestamptz 'epoch' + (micros / 1000000 * interval '1 second' + micros % 1000000 * interval '1 microsecond');

create function ledger_micros(instant timestamptz) returns bigint language sql stable parallel safe
return (extract(epoch from instant) * 1000000)::bigint;

create function ledger_idem(reference text) returns uuid language sql stable parallel safe
return encode(substring(sha256(convert_to(reference, 'UTF8')) for 16), 'hex')::uuid;

-- What the hash of an entry is taken of, behind the hash before it: its columns, separated by the one character (unit
-- separator) that neither references nor reasons may hold. docs/howto/audit-the-ledger.md does the same in a few lines.
create function ledger_text(
    account_id bigint, seq int, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint,
    available bigint, occurred bigint, posted bigint, expires bigint, reverses int, alloc bigint[], reference text, reason text
) returns bytea language sql stable parallel safe
return convert_to(concat(account_id, E'\x1f', seq, E'\x1f', kind, E'\x1f', amount, E'\x1f', pending_change, E'\x1f', debt_change, E'\x1f',
    held_change, E'\x1f', available, E'\x1f', occurred, E'\x1f', posted, E'\x1f', expires, E'\x1f', reverses, E'\x1f',
    array_to_string(alloc, ','), E'\x1f', reference, E'\x1f', reason), 'UTF8');

-- The journal, wherever an entry lies: migration 0016 adds what has been put away. `worded`: its reference, reason and hash are here.
create view ledger_journal as
select e.account_id, e.seq, e.bucket, e.kind, e.amount, e.pending_change, e.debt_change, e.available, e.occurred_at, e.posted_at, e.idem,
       e.expires_at, e.held_change, e.reverses, e.reference, e.reason, e.alloc, e.hash, true as worded
from ledger_entries e;

-- The same without words, but for references of the ledger's own making ('@…').
create view ledger_changes as
select e.account_id, e.seq, e.kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.occurred_at, e.posted_at, e.expires_at,
       e.reverses, e.reference, e.alloc
from ledger_entries e;

-- What is wrong with what has been put away, as in `ledger_check`.
create view ledger_archive_flaws as
select null::text as invariant, e.account_id, e.seq, null::bigint as expected, null::bigint as found from ledger_entries e where false;

-- Why the functions that are called from outside carry settings, and why some columns wear a `+ 0`. A session keeps the plan
-- it made when the tables were empty and runs it when they hold millions of rows; on an empty table every plan costs the
-- same. Each statement here has one good plan, so nothing is left to statistics:
--   * a generic plan, no sequential scan, joins by hash only, the table's side bounded by `= any(ids)`;
--   * a probe per item is a lateral subquery with `limit` or `for update`, or a scalar one: the planner cannot turn it around
--     (it can an `exists`, into a scan of the whole table);
--   * where two indexes could serve, the query asks for an order only the right one has (`>=`, `<=` and `order by`), or hides
--     the column the wrong one has by adding nothing to it. `bucket` is compared nowhere, for many indexes contain it.
-- Where a call must be quick, arrays become rows by several `unnest` in one select list, which give an element each (null beyond the
-- end), and not by `unnest(a, b, …)` in `from`, which first puts every column into a store of its own.
-- The tests count the rows each table gives, on fresh tables and on tables analysed while empty.

-- Writes entries, by account and number, each hashed behind the one before, and what they moved in all. `accounts`, ascending,
-- are those concerned, `heads` their last hashes: the new ones come back. The caller holds the accounts' locks and settings.
create function ledger_append(
    accounts bigint[], types text[], heads bytea[],
    ids bigint[], seqs int[], kinds smallint[], amounts bigint[], pendings bigint[], debts bigint[], helds bigint[],
    availables bigint[], occurred bigint[], expires bigint[], targets int[], allocs text[], idems uuid[], refs text[],
    reasons text[], asof timestamptz
) returns bytea[]
language plpgsql
as $$
#variable_conflict use_column
declare
    posted bigint := ledger_micros(asof); n int := cardinality(ids); k int := 0; a bigint; h bytea;
    hashes bytea[] := array_fill(null::bytea, array[n]);
begin
    if 0 = any(targets) then targets := array_replace(targets, 0, null); end if;
    for i in 1..n loop
        if a is distinct from ids[i] then
            if k > 0 then heads[k] := h; end if;
            a := ids[i];
            loop
                k := k + 1;
                exit when accounts[k] = a;
                if k > cardinality(accounts) then raise exception 'ledger: entries are not in the order of accounts' using errcode = 'XX001'; end if;
            end loop;
            h := coalesce(heads[k], '');
        end if;
        if kinds[i] in (2, 6, 7, 9, 10, 11, 16) or kinds[i] = 12 and pendings[i] + helds[i] = 0 then
            expires[i] := null;                     -- their lots are in alloc
        end if;
        h := sha256(h || ledger_text(a, seqs[i], kinds[i], amounts[i], pendings[i], debts[i], helds[i], availables[i], occurred[i], posted,
                                     expires[i], targets[i], allocs[i]::bigint[], refs[i], reasons[i]));
        hashes[i] := h;
    end loop;
    if k > 0 then heads[k] := h; end if;

    insert into ledger_entries (account_id, seq, bucket, kind, amount, pending_change, debt_change, held_change, available,
                                occurred_at, posted_at, idem, expires_at, reverses, reference, reason, alloc, hash)
    select v.id, v.seq, v.id % 256, v.kind, v.amount, v.pending, v.debt, v.held, v.available,
           ledger_instant(v.occurred), asof, v.idem, ledger_instant(v.expires), v.target, v.reference, v.reason, v.alloc::bigint[], v.hash
    from (select unnest(ids) as id, unnest(seqs) as seq, unnest(kinds) as kind, unnest(amounts) as amount, unnest(pendings) as pending,
                 unnest(debts) as debt, unnest(helds) as held, unnest(availables) as available, unnest(occurred) as occurred, unnest(idems) as idem,
                 unnest(expires) as expires, unnest(targets) as target, unnest(refs) as reference, unnest(reasons) as reason,
                 unnest(allocs) as alloc, unnest(hashes) as hash) v;

    insert into ledger_flows (bucket, point_type, kind, entries, amount, pending, debt, held, posted_at)
    select ids[1] % 256, t.point_type, v.kind, count(*), sum(v.amount), sum(v.pending), sum(v.debt), sum(v.held), asof
    from (select unnest(ids) as id, unnest(kinds) as kind, unnest(amounts) as amount, unnest(pendings) as pending, unnest(debts) as debt,
                 unnest(helds) as held) v
    join (select unnest(accounts) as id, unnest(types) as point_type) t on t.id = v.id
    group by t.point_type, v.kind;
    return heads;
end $$;

-- Turns what has matured, lapsed or expired on the given accounts, by `upto`, into entries.
create function ledger_settle_lots(ids bigint[], upto timestamptz, asof timestamptz)
returns table (account_id bigint, member_id bigint, point_type text, seq int, kind smallint, amount bigint, pending_change bigint,
               debt_change bigint, held_change bigint, available bigint, reference text, occurred_at timestamptz)
language plpgsql
as $$
#variable_conflict use_column
declare
    e_id bigint[]; e_seq int[]; e_kind smallint[]; e_amount bigint[]; e_pending bigint[]; e_debt bigint[]; e_available bigint[];
    e_occurred bigint[]; e_expires bigint[]; e_target int[]; e_ref text[];
    accounts bigint[]; members bigint[]; types text[]; heads bytea[];
begin
    with fallen as (
        delete from ledger_pending_lots p
        where p.account_id = any(ids) and p.matures_at + interval '0' <= upto
        returning p.account_id, p.bucket, p.seq, p.matures_at, p.expires_at, p.amount, case when p.lapses then 0 else p.amount end as kept
    ), running as (
        select f.*, a.debt, sum(f.kept) over (partition by f.account_id order by f.matures_at, f.seq) - f.kept as before
        from fallen f join ledger_accounts a on a.account_id = any(ids) and a.account_id + 0 = f.account_id
    ), credited as (                                -- a debt is paid first, in the order of maturing
        select r.*, least(r.kept, greatest(0, r.debt - r.before))::bigint as paid from running r
    ), expired as (
        delete from ledger_lots l
        where l.account_id = any(ids) and l.expires_at + interval '0' <= upto
        returning l.account_id, l.bucket, l.expires_at, l.remaining
    ), opened as (
        insert into ledger_lots as l (account_id, expires_at, bucket, remaining)
        select c.account_id, c.expires_at, c.bucket, sum(c.kept - c.paid)
        from credited c where c.expires_at > upto and c.kept > c.paid
        group by c.account_id, c.expires_at, c.bucket
        on conflict (account_id, expires_at, bucket) do update set remaining = l.remaining + excluded.remaining
    ), gone as (                                    -- what matured and expired since the last posting never becomes a lot
        select z.account_id, z.expires_at, sum(z.points)::bigint as points
        from (select e.account_id, e.expires_at, e.remaining as points from expired e
              union all
              select c.account_id, c.expires_at, c.kept - c.paid from credited c where c.expires_at <= upto) z
        group by z.account_id, z.expires_at having sum(z.points) > 0
    ), event as (
        select c.account_id, case when c.kept > 0 then 3 else 15 end as kind, c.matures_at as occurred_at, c.kept - c.paid as amount,
               -c.amount as pending_change, -c.paid as debt_change, c.expires_at, c.seq as source
        from credited c
        union all
        select g.account_id, 4, g.expires_at, -g.points, 0, 0, g.expires_at, 0 from gone g
    ), numbered as (
        select v.*, (a.seq + row_number() over w)::int as seq, (a.available + sum(v.amount) over w)::bigint as available
        from event v join ledger_accounts a on a.account_id = any(ids) and a.account_id + 0 = v.account_id
        window w as (partition by v.account_id order by v.occurred_at, v.kind, v.source, v.expires_at)
    )
    select array_agg(n.account_id), array_agg(n.seq), array_agg(n.kind::smallint), array_agg(n.amount), array_agg(n.pending_change),
           array_agg(n.debt_change), array_agg(n.available), array_agg(ledger_micros(n.occurred_at)), array_agg(ledger_micros(n.expires_at)),
           array_agg(case n.kind when 15 then n.source else 0 end),  -- what lapsed is undone: nothing is left to take back
           array_agg(case n.kind when 3 then '@mature:' || n.source when 15 then '@lapse:' || n.source else '@expire:' || n.seq end)
    into e_id, e_seq, e_kind, e_amount, e_pending, e_debt, e_available, e_occurred, e_expires, e_target, e_ref
    from (select * from numbered m order by m.account_id, m.seq) n;

    if e_id is not null then
        select array_agg(v.account_id), array_agg(v.member_id), array_agg(v.point_type), array_agg(v.head) into accounts, members, types, heads
        from (select c.account_id, c.member_id, c.point_type, c.head from ledger_accounts c where c.account_id = any(e_id) order by c.account_id) v;
        heads := ledger_append(
            accounts, types, heads, e_id, e_seq, e_kind, e_amount, e_pending, e_debt, array_fill(0::bigint, array[cardinality(e_id)]),
            e_available, e_occurred, e_expires, e_target, null,
            (select array_agg(ledger_idem(r.reference) order by r.place) from unnest(e_ref) with ordinality r(reference, place)), e_ref, null, asof);
        update ledger_accounts a
        set available = a.available + z.amount, pending = a.pending + z.pending, debt = a.debt + z.debt, seq = z.seq, head = z.head
        from (select v.id, sum(v.amount) as amount, sum(v.pending) as pending, sum(v.debt) as debt, max(v.seq) as seq, h.head
              from unnest(e_id, e_amount, e_pending, e_debt, e_seq) v(id, amount, pending, debt, seq)
              join unnest(accounts, heads) h(id, head) on h.id = v.id group by v.id, h.head) z
        where a.account_id = any(accounts) and a.account_id + 0 = z.id;
        return query
        select v.id, o.member_id, o.point_type, v.seq, v.kind, v.amount, v.pending, v.debt, 0::bigint, v.available, v.reference, ledger_instant(v.occurred)
        from unnest(e_id, e_seq, e_kind, e_amount, e_pending, e_debt, e_available, e_ref, e_occurred)
             v(id, seq, kind, amount, pending, debt, available, reference, occurred)
        join unnest(accounts, members, types) o(id, member_id, point_type) on o.id = v.id
        order by v.id, v.seq;
    end if;

    update ledger_accounts a
    set due_at = least('9999-01-01 00:00+00',
        (select min(l.expires_at + interval '0') from ledger_lots l where l.account_id = a.account_id),
        (select min(p.matures_at + interval '0') from ledger_pending_lots p where p.account_id = a.account_id),
        (select min(h.held_until + interval '0') from ledger_holds h where h.account_id = a.account_id))
    where a.account_id = any(ids) and a.due_at <= upto;
end $$;

-- Gives back what is left of a hold whose time is up, at that very instant: its last lot first, as if less had been held. A lot
-- that has expired meanwhile lives seven days more.
create function ledger_release(owner bigint, hold int, asof timestamptz)
returns table (account_id bigint, member_id bigint, point_type text, seq int, kind smallint, amount bigint, pending_change bigint,
               debt_change bigint, held_change bigint, available bigint, reference text, occurred_at timestamptz)
language plpgsql
as $$
#variable_conflict use_column
declare
    c record; h record; at_us bigint; skip bigint; points bigint; part bigint; pay bigint; expiry bigint; m int; alloc text; took bigint[];
    g_expires bigint[] := '{}'; g_points bigint[] := '{}'; heads bytea[];
begin
    select a.member_id, a.point_type, a.available, a.debt, a.seq, a.head into c from ledger_accounts a where a.account_id = owner;
    delete from ledger_holds d where d.account_id = owner and d.seq = hold returning d.held_until, d.remaining, d.captured into h;
    select e.held_change - h.remaining - h.captured, e.alloc into skip, took  -- skip: released before
    from ledger_entries e where e.account_id = owner and e.seq = hold;
    at_us := ledger_micros(h.held_until); m := cardinality(took); points := h.remaining;
    while points > 0 loop
        part := -took[m] - skip; skip := greatest(-part, 0); part := least(part, points);
        if part > 0 then
            expiry := took[m - 1];
            if expiry <= at_us then expiry := at_us + 604800000000; end if;
            g_expires := g_expires || expiry; g_points := g_points || part; alloc := concat_ws(',', alloc, expiry, part);
            points := points - part;
        end if;
        m := m - 2;
    end loop;
    pay := least(c.debt, h.remaining); points := pay;
    while points > 0 loop                           -- a debt is paid first, by what expires first
        select place into m from unnest(g_expires, g_points) with ordinality u(expires, points, place) where u.points > 0 order by u.expires, place limit 1;
        part := least(points, g_points[m]);
        g_points[m] := g_points[m] - part; points := points - part; alloc := concat_ws(',', alloc, g_expires[m], -part);
    end loop;
    insert into ledger_lots as l (account_id, expires_at, bucket, remaining)
    select owner, ledger_instant(u.expires), owner % 256, sum(u.points) from unnest(g_expires, g_points) u(expires, points)
    group by u.expires having sum(u.points) > 0
    on conflict (account_id, expires_at, bucket) do update set remaining = l.remaining + excluded.remaining;
    heads := ledger_append(
        array[owner], array[c.point_type], array[c.head], array[owner], array[c.seq + 1], array[10::smallint], array[h.remaining - pay], array[0::bigint],
        array[-pay], array[-h.remaining], array[c.available + h.remaining - pay], array[at_us], null, array[hold], array['{' || alloc || '}'],
        array[ledger_idem('@release:' || hold)], array['@release:' || hold], null, asof);
    update ledger_accounts a
    set available = a.available + h.remaining - pay, debt = a.debt - pay, held = a.held - h.remaining, seq = a.seq + 1, head = heads[1],
        due_at = least(a.due_at, h.held_until)
    where a.account_id = owner;
    return query select owner, c.member_id, c.point_type, c.seq + 1, 10::smallint, h.remaining - pay, 0::bigint, -pay, -h.remaining,
                        c.available + h.remaining - pay, '@release:' || hold, h.held_until;
end $$;

-- Brings the given accounts to `asof`: holds whose time is up go back, one after the other, each on what had fallen due by then;
-- then the rest. The caller holds the accounts' locks.
create function ledger_settle(ids bigint[], asof timestamptz)
returns table (account_id bigint, member_id bigint, point_type text, seq int, kind smallint, amount bigint, pending_change bigint,
               debt_change bigint, held_change bigint, available bigint, reference text, occurred_at timestamptz)
language plpgsql
set search_path from current set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = on set enable_nestloop = off set enable_mergejoin = off set enable_sort = on
as $$
#variable_conflict use_column
declare
    due record;
begin
    for due in
        select h.account_id, h.seq, h.held_until from ledger_holds h
        where h.account_id = any(ids) and h.held_until + interval '0' <= asof
        order by h.held_until + interval '0', h.account_id, h.seq
    loop
        if (select count(*) from ledger_lots l where l.account_id = due.account_id and l.expires_at + interval '0' <= due.held_until)
         + (select count(*) from ledger_pending_lots p where p.account_id = due.account_id and p.matures_at + interval '0' <= due.held_until) > 0 then
            return query select * from ledger_settle_lots(array[due.account_id], due.held_until, asof);
        end if;
        return query select * from ledger_release(due.account_id, due.seq, asof);
    end loop;
    return query select * from ledger_settle_lots(ids, asof, asof);
end $$;

-- Posts items in the order given, each as if alone; a refused one leaves no trace and no neighbour notices. Returns first
-- the entries that fell due on the way, those with a reference, so that the caller can record them; then a row per item.
--
-- accounts, members, types: the accounts concerned, ascending; missing ones are made.
-- ids …: the items, by account, within an account in order. kinds: 1, 2, 3, 6 to 14 and 16 as in the journal. amounts: 0 means all
-- that is left, for kinds 3, 9 and 10, and for 13, which moves every lot. Instants in µs since 1970.
-- expires: of an earn; of what is given back, for points whose lot has expired; of a hold, until when; of an extend and a reinstate, the
-- new expiry. matures: of a promise; null or past means at once. awaits, lapses: of a promise, the event it waits for and whether it
-- is lost without. gives: of a receive, its lots. settles: of a clawback, why what is missing is not owed; null: it is owed.
-- undoes: digest of the reference that an item follows from. earlier, targets, siblings: the last item before this one, of the same
-- account, that has the same reference, that has the reference undone, that undoes the same; 0 when there is none.
--
-- outcome: 0 posted, 1 replayed, 2 reference reused, 3 insufficient, 4 nothing to undo, 5 more than is left to undo, 6 frozen,
-- 7 of a type that is not spent, 8 nothing done: the account has joined another, and `here` is false.
create function ledger_post(
    accounts bigint[], members bigint[], types text[],
    ids bigint[], kinds smallint[], amounts bigint[], idems uuid[], refs text[], occurred bigint[], expires bigint[],
    matures bigint[], awaits text[], lapses boolean[], gives text[], settles text[], reasons text[],
    undoes uuid[], earlier int[], targets int[], siblings int[], asof timestamptz, here boolean default false
) returns table (outcome smallint, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint,
                 available bigint, seq int, account_id bigint, alloc text, reference text, occurred_at timestamptz)
language plpgsql
set search_path from current set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = on set enable_nestloop = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    now_us bigint := ledger_micros(asof);
    n int := cardinality(ids);
    i int; j int; m int; h bigint; k int := 0; points bigint; need bigint; expiry bigint; skip bigint; taken text; parts bigint[];
    -- Accounts: their state, and the earliest expiry or maturity that was added. The one at hand: a and the six after it.
    c_available bigint[]; c_pending bigint[]; c_held bigint[]; c_debt bigint[]; c_seq int[]; c_due timestamptz[]; c_new bigint[];
    c_frozen boolean[]; c_head bytea[]; c_members bigint[]; c_types text[]; unspendable text[];
    c_joined bigint[]; c_archived int[]; elsewhere boolean;
    a bigint; balance bigint; promises bigint; aside bigint; owed bigint; last int; due bigint; written boolean := false;
    -- Items: what becomes of them. o_holder: the item of this batch that holds the reference; o_target, o_left: the entry an item
    -- follows from and what is left of that; o_captured: how much of a hold is spent, of a promise matured; o_open: what is left of a promise or a
    -- hold made in this batch.
    o_outcome smallint[] := array_fill(0::smallint, array[n]); o_kind smallint[] := kinds;
    o_amount bigint[] := array_fill(0::bigint, array[n]); o_pending bigint[] := o_amount; o_debt bigint[] := o_amount;
    o_held bigint[] := o_amount; o_available bigint[] := o_amount; o_left bigint[] := o_amount; o_captured bigint[] := o_amount;
    o_open bigint[] := o_amount; o_seq int[] := array_fill(0, array[n]); o_holder int[] := o_seq; o_target int[] := o_seq;
    o_alloc text[] := array_fill(null::text, array[n]);
    -- Items whose reference is in the journal already.
    nd int; dj int := 1; d_item int[]; d_kind smallint[]; d_amount bigint[]; d_pending bigint[]; d_debt bigint[]; d_held bigint[];
    d_available bigint[]; d_seq int[]; d_reverses int[]; d_alloc text[];
    -- Entries of the journal that items follow from, one per item; the one at hand.
    nt int := 0; tj int := 1; t_item int[]; t_id bigint[]; t_seq int[]; t_kind smallint[]; t_worth bigint[]; t_left bigint[];
    t_captured bigint[]; t_expires bigint[]; t_alloc text[]; t_pending boolean[];
    r_seq int; r_item int; r_kind smallint; r_worth bigint; r_left bigint; r_captured bigint; r_expires bigint; r_alloc bigint[]; r_pending boolean;
    -- Pending lots and holds of the journal that shrink: what is left of each after each item that took of it.
    w_id bigint[] := '{}'; w_seq int[] := '{}'; w_left bigint[] := '{}';
    q_id bigint[] := '{}'; q_seq int[] := '{}'; q_left bigint[] := '{}'; q_captured bigint[] := '{}';
    -- Lots, ascending by account and expiry; l_was is 0 where only earns come and the lot need not be read. Those of the
    -- account at hand are lo..hi, and before `low` they are empty.
    takers bigint[]; nl int; l_id bigint[]; l_expires bigint[]; l_was bigint[]; l_now bigint[]; lo int; hi int := 0; low int;
    -- Entries that follow an item at once: points that had expired when they came (4), a shortfall that is not owed (16).
    y_id bigint[] := '{}'; y_seq int[] := '{}'; y_kind smallint[] := '{}'; y_points bigint[] := '{}'; y_available bigint[] := '{}';
    y_expires bigint[] := '{}'; y_reason text[] := '{}';
    -- All entries, in order.
    e_id bigint[]; e_seq int[]; e_kind smallint[]; e_amount bigint[]; e_pending bigint[]; e_debt bigint[]; e_held bigint[]; e_available bigint[];
    e_occurred bigint[]; e_expires bigint[]; e_target int[]; e_alloc text[]; e_idem uuid[]; e_ref text[]; e_reason text[];
begin
    if n is null or n = 0 then return; end if;

    -- Accounts are made before any is locked, both in ascending order: two batches never wait for one another in a circle.
    -- Whichever of the two unique keys two of them meet at, one waits and then finds the account: so no conflict target.
    if (select count(*) from ledger_accounts c where c.account_id = any(accounts)) < cardinality(accounts) then
        insert into ledger_accounts (account_id, bucket, member_id, point_type)
        select v.id, v.id % 256, v.member_id, v.point_type from (select unnest(accounts) as id, unnest(members) as member_id,
                                                                        unnest(types) as point_type) v
        order by v.id
        on conflict do nothing;
    end if;

    select array_agg(v.available), array_agg(v.pending), array_agg(v.held), array_agg(v.debt), array_agg(v.seq), array_agg(v.due_at),
           array_agg(v.frozen_at is not null), array_agg(v.head), array_agg(v.member_id), array_agg(v.point_type), array_agg(v.joined),
           array_agg(v.archived)
    into c_available, c_pending, c_held, c_debt, c_seq, c_due, c_frozen, c_head, c_members, c_types, c_joined, c_archived
    from (select x.* from (select unnest(accounts) as id) u, lateral (
              select c.available, c.pending, c.held, c.debt, c.seq, c.due_at, c.frozen_at, c.head, c.member_id, c.point_type, c.joined, c.archived
              from ledger_accounts c where c.account_id = u.id for update) x) v;
    if c_members <> members or c_types <> types then
        raise exception 'ledger: an account belongs to another member' using errcode = 'XX001';
    end if;

    if asof >= any(c_due) then
        return query
        select 0::smallint, w.kind, w.amount, w.pending_change, w.debt_change, w.held_change, w.available, w.seq, w.account_id, null::text,
               w.reference, w.occurred_at
        from ledger_settle((select array_agg(v.id) from (select unnest(accounts) as id, unnest(c_due) as due) v where v.due <= asof), asof) w;
        select array_agg(v.available), array_agg(v.pending), array_agg(v.held), array_agg(v.debt), array_agg(v.seq), array_agg(v.head)
        into c_available, c_pending, c_held, c_debt, c_seq, c_head
        from (select x.* from (select unnest(accounts) as id) u, lateral (
                  select c.available, c.pending, c.held, c.debt, c.seq, c.head from ledger_accounts c
                  where c.account_id = u.id limit 1) x) v;
    end if;

    -- What others posted can be seen only by a statement that begins after the locks are had: never join it to the above.
    select array_agg(v.item), array_agg(v.kind), array_agg(v.amount), array_agg(v.pending_change), array_agg(v.debt_change),
           array_agg(v.held_change), array_agg(v.available), array_agg(v.seq), array_agg(v.reverses), array_agg(v.alloc::text)
    into d_item, d_kind, d_amount, d_pending, d_debt, d_held, d_available, d_seq, d_reverses, d_alloc
    from (select v.item::int as item, g.* from (select unnest(ids) as id, unnest(idems) as idem, generate_series(1, n) as item) v, lateral (
              select e.kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.available, e.seq, e.reverses, e.alloc from ledger_entries e
              where e.account_id = v.id and e.idem >= v.idem and e.idem <= v.idem
              order by e.account_id, e.idem limit 1) g
          order by v.item) v;
    if 0 < any(c_archived) then                     -- or the archive has
        select array_agg(v.item), array_agg(v.kind), array_agg(v.amount), array_agg(v.pending), array_agg(v.debt), array_agg(v.held),
               array_agg(v.available), array_agg(v.seq), array_agg(v.reverses), array_agg(v.alloc)
        into d_item, d_kind, d_amount, d_pending, d_debt, d_held, d_available, d_seq, d_reverses, d_alloc
        from (select unnest(d_item) as item, unnest(d_kind) as kind, unnest(d_amount) as amount, unnest(d_pending) as pending, unnest(d_debt) as debt,
                     unnest(d_held) as held, unnest(d_available) as available, unnest(d_seq) as seq, unnest(d_reverses) as reverses, unnest(d_alloc) as alloc
              union all
              select g.item, g.kind, g.amount, g.pending, g.debt, g.held, g.available, g.seq, g.reverses, g.alloc::text
              from ledger_recall(accounts, c_archived, ids, idems) g
              order by 1) v;
    end if;
    nd := coalesce(cardinality(d_item), 0);

    select array_agg(distinct v.id) into takers from (select unnest(ids) as id, unnest(kinds) as kind) v where v.kind not in (1, 12);
    if takers is not null then
        select coalesce(array_agg(t.point_type), '{}') into unspendable from ledger_point_types t where t.role = 'qualifying';
    end if;
    if takers is not null and undoes is not null then
        select array_agg(v.item), array_agg(v.id), array_agg(v.seq), array_agg(v.kind), array_agg(v.worth),
               array_agg(v.worth - v.undone), array_agg(v.captured), array_agg(v.expires), array_agg(v.alloc::text), array_agg(v.pending)
        into t_item, t_id, t_seq, t_kind, t_worth, t_left, t_captured, t_expires, t_alloc, t_pending
        from (select v.item::int as item, v.id, g.seq, g.kind, g.expires, g.alloc, g.worth, z.worth as undone,
                     coalesce(z.captured, 0) as captured,
                     (select count(*) from ledger_pending_lots p where p.account_id = v.id and p.seq = g.seq) > 0 as pending
              from (select unnest(ids) as id, unnest(undoes) as idem, generate_series(1, n) as item) v, lateral (
                  select e.seq, case when e.kind <> 12 then e.kind when e.held_change > 0 then 8 when e.pending_change > 0 then 5 else 12 end as kind,
                         abs(case when e.held_change <> 0 then e.held_change else e.amount + e.pending_change - e.debt_change end) as worth,
                         ledger_micros(e.expires_at) as expires, e.alloc
                  from ledger_entries e
                  where e.account_id = v.id and e.idem >= v.idem and e.idem <= v.idem
                  order by e.account_id, e.idem limit 1) g, lateral (
                  select coalesce(sum(u.worth), 0)::bigint as worth, sum(u.worth) filter (where u.kind = 9)::bigint as captured from (
                      select r.kind, abs(case when r.held_change <> 0 then r.held_change else r.amount + r.pending_change - r.debt_change end) as worth
                      from ledger_entries r
                      where r.account_id = v.id and r.reverses >= g.seq and r.reverses <= g.seq
                      order by r.account_id, r.reverses offset 0) u) z
              order by v.item) v;
        if 0 < any(c_archived) then                 -- of an entry that was put away nothing is open: it is no promise any more, and no hold
            select array_agg(v.item), array_agg(v.id), array_agg(v.seq), array_agg(v.kind), array_agg(v.worth), array_agg(v.rest),
                   array_agg(v.captured), array_agg(v.expires), array_agg(v.alloc), array_agg(v.pending)
            into t_item, t_id, t_seq, t_kind, t_worth, t_left, t_captured, t_expires, t_alloc, t_pending
            from (select unnest(t_item) as item, unnest(t_id) as id, unnest(t_seq) as seq, unnest(t_kind) as kind, unnest(t_worth) as worth,
                         unnest(t_left) as rest, unnest(t_captured) as captured, unnest(t_expires) as expires, unnest(t_alloc) as alloc,
                         unnest(t_pending) as pending
                  union all
                  select g.item, ids[g.item], g.seq, case when g.kind <> 12 then g.kind when g.held > 0 then 8 when g.pending > 0 then 5 else 12 end,
                         z.worth, z.worth - u.worth, u.captured, g.expires, g.alloc::text, false
                  from ledger_recall(accounts, c_archived, ids, undoes) g, lateral (
                      select abs(case when g.held <> 0 then g.held else g.amount + g.pending - g.debt end) as worth) z, lateral (
                      select s.worth, s.captured from ledger_undone(ids[g.item], g.seq) s limit 1) u
                  order by 1) v;
        end if;
        nt := coalesce(cardinality(t_item), 0);
    end if;

    -- Every lot that can change: what takers hold, what items bring, what the entries they follow from came from.
    with held as materialized (
        select l.account_id as id, ledger_micros(l.expires_at) as expires, l.remaining as points
        from ledger_lots l where l.account_id = any(takers)
    )
    select array_agg(v.id), array_agg(v.expires), array_agg(v.points) into l_id, l_expires, l_was
    from (select z.id, z.expires, max(z.points) as points
          from (select w.id, w.expires, w.points from held w
                union all
                select v.id, v.expires, 0 from (select unnest(ids) as id, unnest(expires) as expires) v
                union all
                select v.id, v.expires, 0 from (select unnest(t_id) as id, unnest(t_expires) as expires) v
                union all
                select v.id, part.value, 0 from (select unnest(t_id || ids) as id, unnest(t_alloc || gives) as alloc) v,
                       unnest(v.alloc::bigint[]) with ordinality part(value, place) where part.place % 2 = 1) z
          where z.expires > now_us
          group by z.id, z.expires order by z.id, z.expires) v;
    nl := coalesce(cardinality(l_id), 0);
    l_now := l_was;

    for i in 1..n loop
        if a is distinct from ids[i] then
            if k > 0 then
                c_available[k] := balance; c_pending[k] := promises; c_held[k] := aside; c_debt[k] := owed; c_seq[k] := last; c_new[k] := due;
            end if;
            k := k + 1; a := ids[i];
            balance := c_available[k]; promises := c_pending[k]; aside := c_held[k]; owed := c_debt[k]; last := c_seq[k]; due := null;
            elsewhere := c_joined[k] is not null and not here;
            lo := hi + 1; low := lo;
            while hi < nl and l_id[hi + 1] = a loop hi := hi + 1; end loop;
        end if;

        r_seq := 0;
        if undoes[i] is not null then               -- the entry it follows from is in the journal, or in this batch, or nowhere
            if tj <= nt and t_item[tj] = i then
                r_seq := t_seq[tj]; r_item := 0; r_kind := t_kind[tj]; r_worth := t_worth[tj]; r_left := t_left[tj]; r_captured := t_captured[tj];
                r_expires := t_expires[tj]; r_alloc := t_alloc[tj]::bigint[]; r_pending := t_pending[tj];
                tj := tj + 1;
            elsif targets[i] > 0 then
                j := targets[i];
                if o_holder[j] > 0 then j := o_holder[j]; end if;
                if o_outcome[j] = 0 then
                    r_seq := o_seq[j]; r_item := j; r_kind := o_kind[j]; r_captured := 0;
                    r_worth := abs(case when o_held[j] <> 0 then o_held[j] else o_amount[j] + o_pending[j] - o_debt[j] end); r_left := r_worth;
                    r_expires := expires[j]; r_alloc := o_alloc[j]::bigint[]; r_pending := r_kind = 5 and o_open[j] > 0;
                end if;
            end if;
            if r_seq > 0 and siblings[i] > 0 and o_target[siblings[i]] = r_seq then
                r_left := o_left[siblings[i]]; r_captured := o_captured[siblings[i]];
                r_pending := r_pending and r_captured = 0;
            end if;
            o_target[i] := r_seq; o_left[i] := r_left; o_captured[i] := r_captured;
        end if;

        if dj <= nd and d_item[dj] = i then         -- the journal has the reference
            need := abs(case when d_held[dj] <> 0 then d_held[dj] else d_amount[dj] + d_pending[dj] - d_debt[dj] end);
            o_outcome[i] := case when (need = amounts[i] or amounts[i] = 0)
                                 and case d_kind[dj] when 5 then 1 else d_kind[dj] end = kinds[i]
                                 and coalesce(d_reverses[dj], 0) = r_seq then 1 else 2 end;
            o_kind[i] := d_kind[dj]; o_amount[i] := d_amount[dj]; o_pending[i] := d_pending[dj]; o_debt[i] := d_debt[dj]; o_held[i] := d_held[dj];
            o_available[i] := d_available[dj]; o_seq[i] := d_seq[dj]; o_alloc[i] := d_alloc[dj];
            dj := dj + 1;
            continue;
        end if;
        if earlier[i] > 0 then                      -- this batch has it, unless that item was refused
            j := earlier[i];
            if o_holder[j] > 0 then j := o_holder[j]; end if;
            if o_outcome[j] = 0 then
                o_outcome[i] := case when amounts[j] = amounts[i] and kinds[j] = kinds[i] and o_target[j] = r_seq then 1 else 2 end;
                o_holder[i] := j; o_kind[i] := o_kind[j]; o_amount[i] := o_amount[j]; o_pending[i] := o_pending[j];
                o_debt[i] := o_debt[j]; o_held[i] := o_held[j]; o_available[i] := o_available[j]; o_seq[i] := o_seq[j]; o_alloc[i] := o_alloc[j];
                continue;
            end if;
        end if;

        if elsewhere and not (c_frozen[k] and kinds[i] in (2, 8, 11)) then
            o_outcome[i] := 8; continue;
        end if;

        if kinds[i] = 1 or kinds[i] = 3 then        -- points come into the lot of their expiry
            points := amounts[i]; expiry := expires[i];
            if kinds[i] = 3 then                    -- what they waited for has come
                if r_seq = 0 or r_kind <> 5 or not r_pending or r_left = 0 then
                    o_outcome[i] := 4; o_available[i] := balance; continue;
                end if;
                points := r_left; expiry := r_expires; expires[i] := expiry;
                promises := promises - points; o_pending[i] := -points; o_captured[i] := points;
                if r_item > 0 then
                    o_open[r_item] := 0;
                else
                    w_id := w_id || a; w_seq := w_seq || r_seq; w_left := w_left || 0::bigint;
                end if;
            elsif matures[i] > now_us then
                last := last + 1; o_seq[i] := last; written := true;
                o_kind[i] := 5; o_pending[i] := points; o_open[i] := points;
                promises := promises + points; due := least(due, matures[i]);
                o_available[i] := balance;
                continue;
            end if;
            last := last + 1; o_seq[i] := last; written := true;
            if owed > 0 then
                need := least(owed, points); points := points - need; owed := owed - need; o_debt[i] := -need;
            end if;
            balance := balance + points; o_amount[i] := points; o_available[i] := balance;
            if points = 0 then continue; end if;
            if expiry > now_us then
                j := lo; h := hi;                   -- binary search
                while j < h loop m := (j + h) / 2; if l_expires[m] < expiry then j := m + 1; else h := m; end if; end loop;
                l_now[j] := l_now[j] + points;
                if j < low then low := j; end if;
                due := least(due, expiry);
            else
                last := last + 1; balance := balance - points;
                y_id := y_id || a; y_seq := y_seq || last; y_kind := y_kind || 4::smallint; y_points := y_points || points;
                y_available := y_available || balance; y_expires := y_expires || expiry; y_reason := y_reason || null::text;
            end if;
            continue;
        end if;

        need := 0; taken := null; parts := null; points := amounts[i];
        if kinds[i] in (2, 8, 11) then              -- spend, hold, send: what expires first
            o_outcome[i] := case when c_frozen[k] then 6 when c_types[k] = any(unspendable) then 7 when points > balance then 3 else 0 end;
            if o_outcome[i] > 0 then o_available[i] := balance; continue; end if;
            need := points; o_amount[i] := -need;
            if kinds[i] = 8 then
                aside := aside + points; o_held[i] := points; o_open[i] := points; due := least(due, expires[i]);
            end if;
        elsif kinds[i] = 16 then                    -- forgive
            if points > owed then o_outcome[i] := 5; o_amount[i] := owed; o_available[i] := balance; continue; end if;
            owed := owed - points; o_debt[i] := -points;
        elsif kinds[i] = 13 then                    -- extend: every lot that expires sooner moves there
            expiry := expires[i];
            for j in lo..hi loop
                if l_expires[j] < expiry and l_now[j] > 0 then
                    taken := concat_ws(',', taken, l_expires[j], -l_now[j]); need := need + l_now[j]; l_now[j] := 0;
                elsif l_expires[j] = expiry and need > 0 then
                    l_now[j] := l_now[j] + need; taken := concat_ws(',', taken, expiry, need); low := least(low, j);
                end if;
            end loop;
            due := least(due, expiry); need := 0;
        elsif kinds[i] = 12 then                    -- receive: lots with their expiries
            parts := gives[i]::bigint[];
        elsif r_seq = 0 or not (case kinds[i] when 6 then r_kind in (2, 9) when 7 then r_kind in (1, 5) when 14 then r_kind = 4 else r_kind = 8 end) then
            o_outcome[i] := 4; o_available[i] := balance; continue;
        else
            if points = 0 then points := r_left; end if;
            if points > r_left or points = 0 then
                o_outcome[i] := 5; o_available[i] := balance; o_amount[i] := r_left; continue;
            end if;
            o_left[i] := r_left - points;
            if kinds[i] = 9 or kinds[i] = 10 then   -- capture or release of a hold
                aside := aside - points; o_held[i] := -points;
                if kinds[i] = 9 then o_captured[i] := r_captured + points; end if;
                if r_item > 0 then
                    o_open[r_item] := o_left[i]; o_captured[r_item] := o_captured[i];
                else
                    q_id := q_id || a; q_seq := q_seq || r_seq; q_left := q_left || o_left[i]; q_captured := q_captured || o_captured[i];
                end if;
            end if;
            if kinds[i] = 14 then
                parts := array[expires[i], points];
            elsif kinds[i] = 9 then                 -- spent of its first lots: they left the account when it was held
                skip := r_captured; need := points; m := 2;
                loop
                    h := -r_alloc[m] - skip; skip := greatest(-h, 0); h := least(h, need);
                    if h > 0 then taken := concat_ws(',', taken, r_alloc[m - 1], -h); need := need - h; end if;
                    exit when need = 0;
                    m := m + 2;
                end loop;
            elsif kinds[i] <> 7 then                -- restore, release: the lots taken last first, as if less had been taken
                skip := r_worth - r_left - case when kinds[i] = 10 then r_captured else 0 end; need := points; m := cardinality(r_alloc);
                loop
                    h := -r_alloc[m] - skip; skip := greatest(-h, 0); h := least(h, need);
                    if h > 0 then parts := parts || array[r_alloc[m - 1], h]; need := need - h; end if;
                    exit when need = 0;
                    m := m - 2;
                end loop;
            elsif r_pending then                    -- clawback of a promise: it shrinks
                promises := promises - points; o_pending[i] := -points;
                if r_item > 0 then
                    o_open[r_item] := o_left[i];
                else
                    w_id := w_id || a; w_seq := w_seq || r_seq; w_left := w_left || o_left[i];
                end if;
            else                                    -- clawback of points: the earn's lot, then the earliest expiry, then debt
                need := least(balance, points); points := points - need;
                owed := owed + points; o_debt[i] := points; o_amount[i] := -need;
                if need > 0 and r_expires > now_us then
                    j := lo; while l_expires[j] < r_expires loop j := j + 1; end loop;
                    h := least(need, l_now[j]);
                    if h > 0 then l_now[j] := l_now[j] - h; need := need - h; taken := concat_ws(',', r_expires, -h); end if;
                end if;
            end if;
        end if;
        if parts is not null then                   -- points come back, a debt first
            points := 0;
            for m in 1..cardinality(parts) / 2 loop
                expiry := parts[2 * m - 1];
                if expiry <= now_us then expiry := expires[i]; end if;
                j := lo; while l_expires[j] < expiry loop j := j + 1; end loop;
                l_now[j] := l_now[j] + parts[2 * m]; taken := concat_ws(',', taken, expiry, parts[2 * m]);
                low := least(low, j); due := least(due, expiry); points := points + parts[2 * m];
            end loop;
            need := least(owed, points); owed := owed - need;
            o_debt[i] := -need; o_amount[i] := points - need;
        end if;
        while need > 0 loop                         -- earliest expiry first
            if low > hi then raise exception 'ledger: account % has fewer points in lots than in its balance', a using errcode = 'XX001'; end if;
            points := least(need, l_now[low]);
            if points > 0 then
                l_now[low] := l_now[low] - points; need := need - points; taken := concat_ws(',', taken, l_expires[low], -points);
            end if;
            if need > 0 then low := low + 1; end if;
        end loop;
        balance := balance + o_amount[i];
        last := last + 1; o_seq[i] := last; o_available[i] := balance; o_alloc[i] := '{' || taken || '}'; written := true;
        if o_debt[i] > 0 and settles[i] is not null then
            last := last + 1; owed := owed - o_debt[i];
            y_id := y_id || a; y_seq := y_seq || last; y_kind := y_kind || 16::smallint; y_points := y_points || o_debt[i];
            y_available := y_available || balance; y_expires := y_expires || null::bigint; y_reason := y_reason || settles[i];
        end if;
    end loop;
    c_available[k] := balance; c_pending[k] := promises; c_held[k] := aside; c_debt[k] := owed; c_seq[k] := last; c_new[k] := due;
    if k <> cardinality(accounts) or hi <> nl then raise exception 'ledger: items are not in the order of accounts' using errcode = 'XX001'; end if;

    if written then
        insert into ledger_lots as l (account_id, expires_at, bucket, remaining)
        select v.id, ledger_instant(v.expires), v.id % 256, v.now - v.was
        from (select unnest(l_id) as id, unnest(l_expires) as expires, unnest(l_was) as was, unnest(l_now) as now) v where v.now > v.was
        on conflict (account_id, expires_at, bucket) do update set remaining = l.remaining + excluded.remaining;
        if takers is not null and 0 = any(l_now) then
            delete from ledger_lots l
            using (select unnest(l_id) as id, unnest(l_expires) as expires, unnest(l_was) as was, unnest(l_now) as now) v
            where l.account_id = any(takers) and l.account_id + 0 = v.id and ledger_micros(l.expires_at) = v.expires
              and v.now = 0 and v.was > 0;
        end if;
        if takers is not null then
            update ledger_lots l set remaining = v.now
            from (select unnest(l_id) as id, unnest(l_expires) as expires, unnest(l_was) as was, unnest(l_now) as now) v
            where l.account_id = any(takers) and l.account_id + 0 = v.id and ledger_micros(l.expires_at) = v.expires
              and v.now > 0 and v.now < v.was;
        end if;
        if matures is not null then
            insert into ledger_pending_lots (account_id, seq, bucket, matures_at, expires_at, amount, lapses, awaits)
            select v.id, v.seq, v.id % 256, ledger_instant(v.matures), ledger_instant(v.expires), v.points, coalesce(v.lapses, false), v.awaits
            from (select unnest(ids) as id, unnest(o_seq) as seq, unnest(o_kind) as kind, unnest(o_outcome) as outcome, unnest(matures) as matures,
                         unnest(expires) as expires, unnest(o_open) as points, unnest(lapses) as lapses, unnest(awaits) as awaits) v
            where v.points > 0 and v.kind = 5 and v.outcome = 0;
        end if;
        if 8 = any(kinds) then
            insert into ledger_holds (account_id, seq, bucket, held_until, remaining, captured)
            select v.id, v.seq, v.id % 256, ledger_instant(v.expires), v.points, v.captured
            from (select unnest(ids) as id, unnest(o_seq) as seq, unnest(kinds) as kind, unnest(o_outcome) as outcome, unnest(expires) as expires,
                         unnest(o_open) as points, unnest(o_captured) as captured) v
            where v.points > 0 and v.kind = 8 and v.outcome = 0;
        end if;
        if w_id <> '{}' then
            delete from ledger_pending_lots p
            using (select unnest(w_id) as id, unnest(w_seq) as seq, unnest(w_left) as points) v
            where p.account_id = any(w_id) and p.account_id + 0 = v.id and p.seq + 0 = v.seq and v.points = 0;
            update ledger_pending_lots p set amount = v.points
            from (select v.id, v.seq, min(v.points) as points from (select unnest(w_id) as id, unnest(w_seq) as seq,
                                                                           unnest(w_left) as points) v group by v.id, v.seq) v
            where p.account_id = any(w_id) and p.account_id + 0 = v.id and p.seq + 0 = v.seq;
        end if;
        if q_id <> '{}' then
            delete from ledger_holds o
            using (select unnest(q_id) as id, unnest(q_seq) as seq, unnest(q_left) as points) v
            where o.account_id = any(q_id) and o.account_id + 0 = v.id and o.seq + 0 = v.seq and v.points = 0;
            update ledger_holds o set remaining = v.points, captured = v.captured
            from (select v.id, v.seq, min(v.points) as points, max(v.captured) as captured
                  from (select unnest(q_id) as id, unnest(q_seq) as seq, unnest(q_left) as points,
                               unnest(q_captured) as captured) v group by v.id, v.seq) v
            where o.account_id = any(q_id) and o.account_id + 0 = v.id and o.seq + 0 = v.seq;
        end if;

        if y_id = '{}' and 0 = all(o_outcome) then
            e_id := ids; e_seq := o_seq; e_kind := o_kind; e_amount := o_amount; e_pending := o_pending; e_debt := o_debt; e_held := o_held;
            e_available := o_available; e_occurred := occurred; e_expires := expires; e_target := o_target; e_alloc := o_alloc; e_idem := idems;
            e_ref := refs; e_reason := reasons;
        else
            select array_agg(v.id), array_agg(v.seq), array_agg(v.kind), array_agg(v.amount), array_agg(v.pending), array_agg(v.debt), array_agg(v.held),
                   array_agg(v.available), array_agg(v.occurred), array_agg(v.expires), array_agg(v.target), array_agg(v.alloc), array_agg(v.idem),
                   array_agg(v.reference), array_agg(v.reason)
            into e_id, e_seq, e_kind, e_amount, e_pending, e_debt, e_held, e_available, e_occurred, e_expires, e_target, e_alloc, e_idem, e_ref, e_reason
            from (select v.id, v.seq, v.kind, v.amount, v.pending, v.debt, v.held, v.available, v.occurred,
                         v.expires, v.target, v.alloc, v.idem, v.reference, v.reason
                  from (select unnest(ids) as id, unnest(o_seq) as seq, unnest(o_kind) as kind, unnest(o_amount) as amount,
                               unnest(o_pending) as pending, unnest(o_debt) as debt, unnest(o_held) as held, unnest(o_available) as available,
                               unnest(occurred) as occurred, unnest(expires) as expires, unnest(o_target) as target, unnest(o_alloc) as alloc,
                               unnest(idems) as idem, unnest(refs) as reference, unnest(reasons) as reason, unnest(o_outcome) as outcome) v
                  where v.outcome = 0
                  union all
                  select y.id, y.seq, y.kind, case y.kind when 4 then -y.points else 0 end, 0, case y.kind when 16 then -y.points else 0 end, 0, y.available,
                         coalesce(y.expires, now_us), y.expires, null, null, ledger_idem(y.reference), y.reference, y.reason
                  from (select z.*, case z.kind when 4 then '@expire:' else '@forgive:' end || z.seq as reference
                        from (select unnest(y_id) as id, unnest(y_seq) as seq, unnest(y_kind) as kind, unnest(y_points) as points,
                                     unnest(y_available) as available, unnest(y_expires) as expires, unnest(y_reason) as reason) z) y
                  order by 1, 2) v;
        end if;
        c_head := ledger_append(accounts, types, c_head, e_id, e_seq, e_kind, e_amount, e_pending, e_debt, e_held, e_available, e_occurred, e_expires,
                                e_target, e_alloc, e_idem, e_ref, e_reason, asof);
        if y_id <> '{}' then
            return query
            select 0::smallint, v.kind, v.amount, v.pending, v.debt, v.held, v.available, v.seq, v.id, null::text, v.reference, ledger_instant(v.occurred)
            from (select unnest(e_id) as id, unnest(e_seq) as seq, unnest(e_kind) as kind, unnest(e_amount) as amount, unnest(e_pending) as pending,
                         unnest(e_debt) as debt, unnest(e_held) as held, unnest(e_available) as available, unnest(e_occurred) as occurred,
                         unnest(e_ref) as reference) v
            join (select unnest(y_id) as id, unnest(y_seq) as seq) y on y.id = v.id and y.seq = v.seq;
        end if;

        update ledger_accounts c
        set available = v.available, pending = v.pending, held = v.held, debt = v.debt, seq = v.seq, head = v.head,
            due_at = least(c.due_at, ledger_instant(v.due))
        from (select unnest(accounts) as id, unnest(c_available) as available, unnest(c_pending) as pending, unnest(c_held) as held,
                     unnest(c_debt) as debt, unnest(c_seq) as seq, unnest(c_head) as head, unnest(c_new) as due) v
        where c.account_id = any(accounts) and c.account_id + 0 = v.id and c.seq <> v.seq;
    end if;

    return query
    select unnest(o_outcome), unnest(o_kind), unnest(o_amount), unnest(o_pending), unnest(o_debt), unnest(o_held), unnest(o_available), unnest(o_seq),
           unnest(ids), unnest(o_alloc), null::text, null::timestamptz;
end $$;

-- Settles the accounts of the `most` lots, promises and holds that fell due first; what another session holds is left to it, or
-- to the next call.
create function ledger_settle_due(asof timestamptz, most int)
returns table (account_id bigint, member_id bigint, point_type text, seq int, kind smallint, amount bigint, pending_change bigint,
               debt_change bigint, held_change bigint, available bigint, reference text, occurred_at timestamptz)
language plpgsql
set search_path from current set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
#variable_conflict use_column
declare
    ids bigint[]; more bigint[];
begin
    -- Locking happens in the lateral subquery, one row at a time, and ends with the limit: an `order by` outside would
    -- lock all that is due first. The inner one is the due index's own order.
    select array_agg(v.id) into ids
    from (select d.account_id as id from (select l.account_id from ledger_lots l where l.expires_at <= asof
                                          order by l.expires_at offset 0) d,
                 lateral (select from ledger_accounts a where a.account_id = d.account_id
                          for update skip locked) held
          limit most) v;
    select array_agg(v.id) into more
    from (select d.account_id as id from (select p.account_id from ledger_pending_lots p where p.matures_at <= asof
                                          order by p.matures_at offset 0) d,
                 lateral (select from ledger_accounts a where a.account_id = d.account_id
                          for update skip locked) held
          limit greatest(most - coalesce(cardinality(ids), 0), 0)) v;
    ids := array_cat(ids, more);
    select array_agg(v.id) into more
    from (select d.account_id as id from (select h.account_id from ledger_holds h where h.held_until <= asof
                                          order by h.held_until offset 0) d,
                 lateral (select from ledger_accounts a where a.account_id = d.account_id
                          for update skip locked) held
          limit greatest(most - coalesce(cardinality(ids), 0), 0)) v;
    ids := array_cat(ids, more);
    if ids is not null then return query select * from ledger_settle(ids, asof); end if;
end $$;

-- Every invariant of the ledger on a range of accounts, as the rows that break one; empty when all hold. `seq` names the entry
-- where one is to blame. A range, so that a ledger of any size is checked piece by piece, and one account by itself.
create function ledger_check(low bigint, high bigint)
returns table (invariant text, account_id bigint, seq int, expected bigint, found bigint)
language sql stable
as $$
with journal as (
    select e.account_id, e.bucket, count(*) as entries, max(e.seq) as last, sum(e.amount) as available,
           sum(e.pending_change) as pending, sum(e.debt_change) as debt, sum(e.held_change) as held
    from ledger_journal e where e.account_id between low and high group by e.account_id, e.bucket
), open_lots as (
    select l.account_id, l.bucket, sum(l.remaining) as points, min(l.expires_at) as due from ledger_lots l where l.account_id between low and high group by l.account_id, l.bucket
), promised as (
    select p.account_id, p.bucket, sum(p.amount) as points, min(p.matures_at) as due from ledger_pending_lots p where p.account_id between low and high group by p.account_id, p.bucket
), set_aside as (
    select h.account_id, h.bucket, sum(h.remaining) as points, min(h.held_until) as due from ledger_holds h where h.account_id between low and high group by h.account_id, h.bucket
), undone as (
    select r.account_id, r.bucket, r.reverses as seq, sum(abs(case when r.held_change <> 0 then r.held_change
               else r.amount + r.pending_change - r.debt_change end)) as worth,
           sum(r.pending_change) as pending, sum(-r.held_change) filter (where r.kind in (9, 10, 11)) as released,
           sum(-r.held_change) filter (where r.kind = 9) as captured
    from ledger_journal r where r.account_id between low and high and r.reverses is not null group by r.account_id, r.bucket, r.reverses
), account as (
    select account_id, count(a.seq) as known, coalesce(max(a.seq), 0) as seq, coalesce(max(j.entries), 0) as entries, coalesce(max(j.last), 0) as last,
           coalesce(max(a.available), 0) as available, coalesce(max(a.pending), 0) as pending, coalesce(max(a.debt), 0) as debt, coalesce(max(a.held), 0) as held,
           coalesce(max(j.available), 0) as moved, coalesce(max(j.pending), 0) as moved_pending, coalesce(max(j.debt), 0) as moved_debt,
           coalesce(max(j.held), 0) as moved_held, coalesce(max(o.points), 0) as lots, coalesce(max(p.points), 0) as promised, coalesce(max(s.points), 0) as aside,
           count(*) filter (where a.due_at > least(o.due, p.due, s.due)) as late,
           count(*) filter (where a.joined <> a.account_id and (a.available, a.pending, a.held, a.debt) <> (0, 0, 0, 0)) as left_behind
    from (select c.* from ledger_accounts c where c.account_id between low and high) a
    full join journal j using (account_id, bucket) full join open_lots o using (account_id, bucket)
    full join promised p using (account_id, bucket) full join set_aside s using (account_id, bucket)
    group by account_id
), lot as (                                         -- what the journal says of each lot
    select z.account_id, z.bucket, z.expires, sum(z.points) as points
    from (select e.account_id, e.bucket, ledger_micros(e.expires_at) as expires, e.amount as points
          from ledger_journal e where e.account_id between low and high and e.kind in (1, 3, 4)
          union all
          select e.account_id, e.bucket, e.alloc[place], e.alloc[place + 1]
          from ledger_journal e, generate_series(1, cardinality(e.alloc), 2) place where e.account_id between low and high and e.kind <> 9 and (e.kind <> 12 or e.held_change = 0)) z
    group by z.account_id, z.bucket, z.expires
), chain as (
    select e.*, coalesce(lag(e.available) over w, 0) as before, coalesce(lag(e.seq) over w, 0) as previous, coalesce(lag(e.hash) over w, '') as link
    from ledger_journal e where e.account_id between low and high window w as (partition by e.account_id, e.bucket order by e.seq)
)
select c.invariant, x.account_id, null::int as seq, c.expected::bigint as expected, c.found::bigint as found
from account x, lateral (values
    ('there is one account row', 1, x.known),
    ('the account counts its entries', x.entries, x.seq::bigint),
    ('entries are numbered from 1 without gaps', x.entries, x.last::bigint),
    ('available is the sum of the entries', x.moved, x.available),
    ('pending is the sum of the entries', x.moved_pending, x.pending),
    ('debt is the sum of the entries', x.moved_debt, x.debt),
    ('held is the sum of the entries', x.moved_held, x.held),
    ('available is the sum of the open lots', x.lots, x.available),
    ('pending is the sum of the pending lots', x.promised, x.pending),
    ('held is the sum of the holds', x.aside, x.held),
    ('nothing falls due unnoticed', 0, x.late),
    ('what has joined another account holds nothing', 0, x.left_behind)) c(invariant, expected, found)
where c.expected <> c.found
union all
select c.invariant, x.account_id, x.seq, c.expected, c.found
from chain x, lateral (values
    ('each balance follows from the one before', x.before + x.amount, x.available),
    ('an entry follows its predecessor', x.previous + 1::bigint, x.seq::bigint),
    ('an entry and its lots agree', case when x.kind = 12 and x.held_change > 0 then -x.held_change when x.kind in (2, 6, 7, 8, 10, 11, 12, 13, 14) then x.amount when x.kind = 9 then x.held_change else 0 end,
     coalesce((select sum(x.alloc[place + 1]) from generate_series(1, cardinality(x.alloc), 2) place), 0)::bigint),
    ('the digest is that of the reference', 1, (not x.worded or coalesce(x.idem = ledger_idem(x.reference), false))::int::bigint),
    ('the hash is that of the entry and the hash before', 1, (not x.worded or coalesce(x.hash, '') = sha256(x.link || ledger_text(
        x.account_id, x.seq, x.kind, x.amount, x.pending_change, x.debt_change, x.held_change, x.available, ledger_micros(x.occurred_at),
        ledger_micros(x.posted_at), ledger_micros(x.expires_at), x.reverses, x.alloc, x.reference, x.reason)))::int::bigint),
    ('each kind moves points its own way', 1, (case
        when x.kind = 1 then x.amount >= 0 and x.pending_change = 0 and x.debt_change <= 0 and x.held_change = 0
        when x.kind = 11 then greatest(x.amount, x.pending_change, x.debt_change, x.held_change) = 0
            and (x.amount < 0)::int + (x.pending_change < 0)::int + (x.debt_change < 0)::int + (x.held_change < 0)::int = 1
        when x.kind = 12 and x.pending_change + x.held_change <> 0 then x.amount = 0 and x.debt_change = 0
            and x.pending_change >= 0 and x.held_change >= 0 and least(x.pending_change, x.held_change) = 0
        when x.kind = 12 then x.pending_change = 0 and (x.amount >= 0 and x.debt_change <= 0 or x.amount <= 0 and x.debt_change >= 0)
        when x.kind in (2, 4) then x.amount < 0 and x.pending_change = 0 and x.debt_change = 0 and x.held_change = 0
        when x.kind = 3 then x.amount >= 0 and x.pending_change < 0 and x.debt_change <= 0 and x.amount + x.pending_change - x.debt_change = 0
        when x.kind = 5 then x.amount = 0 and x.pending_change > 0 and x.debt_change = 0 and x.held_change = 0
        when x.kind in (6, 14) then x.amount >= 0 and x.pending_change = 0 and x.debt_change <= 0 and x.held_change = 0 and x.reverses < x.seq
        when x.kind = 7 then x.amount <= 0 and x.pending_change <= 0 and x.debt_change >= 0 and x.held_change = 0 and x.reverses < x.seq
        when x.kind = 8 then x.amount < 0 and x.held_change = -x.amount and x.pending_change = 0 and x.debt_change = 0
        when x.kind = 9 then x.amount = 0 and x.held_change < 0 and x.pending_change = 0 and x.debt_change = 0 and x.reverses < x.seq
        when x.kind = 10 then x.amount >= 0 and x.held_change < 0 and x.debt_change <= 0 and x.amount + x.held_change - x.debt_change = 0 and x.reverses < x.seq
        when x.kind = 13 then x.amount = 0 and x.pending_change = 0 and x.debt_change = 0 and x.held_change = 0
        when x.kind = 15 then x.amount = 0 and x.pending_change < 0 and x.debt_change = 0 and x.held_change = 0 and x.reverses < x.seq
        when x.kind = 16 then x.amount = 0 and x.pending_change = 0 and x.debt_change < 0 and x.held_change = 0
    end)::int::bigint)) c(invariant, expected, found)
where c.expected is distinct from c.found
union all
select 'the account holds the last hash', a.account_id, a.seq, 1, 0
from ledger_accounts a left join ledger_journal e on e.account_id = a.account_id and e.bucket = a.bucket and e.seq = a.seq and e.account_id between low and high
where a.account_id between low and high and a.head is distinct from e.hash
union all
select 'no more is undone than was done', u.account_id, u.seq,
       coalesce(abs(case when e.held_change <> 0 then e.held_change else e.amount + e.pending_change - e.debt_change end), 0), u.worth::bigint
from undone u left join ledger_journal e on e.account_id = u.account_id and e.bucket = u.bucket and e.seq = u.seq and e.account_id between low and high
where u.worth > coalesce(abs(case when e.held_change <> 0 then e.held_change else e.amount + e.pending_change - e.debt_change end), 0)
union all
select 'a pending lot is what is left of its promise', p.account_id, p.seq, (coalesce(e.pending_change, 0) + coalesce(u.pending, 0))::bigint, p.amount
from ledger_pending_lots p
left join ledger_entries e on e.account_id = p.account_id and e.bucket = p.bucket and e.seq = p.seq and e.kind in (5, 12)
left join undone u on u.account_id = p.account_id and u.bucket = p.bucket and u.seq = p.seq
where p.account_id between low and high and p.amount <> coalesce(e.pending_change, 0) + coalesce(u.pending, 0)
union all
select 'a hold is what is left of its entry', h.account_id, h.seq, (coalesce(e.held_change, 0) - coalesce(u.released, 0))::bigint, h.remaining
from ledger_holds h
left join ledger_entries e on e.account_id = h.account_id and e.bucket = h.bucket and e.seq = h.seq and e.kind in (8, 12)
left join undone u on u.account_id = h.account_id and u.bucket = h.bucket and u.seq = h.seq
where h.account_id between low and high
  and (h.remaining <> coalesce(e.held_change, 0) - coalesce(u.released, 0) or h.captured <> coalesce(u.captured, 0))
union all
select 'each open lot follows from the entries', coalesce(l.account_id, j.account_id), null, coalesce(j.points, 0)::bigint, coalesce(l.remaining, 0)
from (select o.account_id, o.bucket, ledger_micros(o.expires_at) as expires, o.remaining from ledger_lots o where o.account_id between low and high) l
full join lot j on j.account_id = l.account_id and j.bucket = l.bucket and j.expires = l.expires
where coalesce(j.points, 0) <> coalesce(l.remaining, 0)
union all
select f.invariant, f.account_id, f.seq, f.expected, f.found from ledger_archive_flaws f where f.account_id between low and high
$$;

create view ledger_discrepancies as
select c.invariant, c.account_id, c.seq, c.expected, c.found from ledger_check(0, 9223372036854775807) c;
