-- The points ledger: accounts, the journal of entries, open lots, pending lots, and the two functions that post.
--
-- `bucket` = account_id % 256 is in every key and every join, so that the same tables can be spread over several servers
-- by it. For the same reason there is no trigger, no sequence, no foreign key to tables outside the ledger, and no
-- timestamp 'infinity' (drivers cannot read it): "never" is 9999-01-01 00:00 UTC.

create table ledger_accounts (
    account_id  bigint      not null,               -- types.stable_id("account", member_id, point_type)
    bucket      smallint    not null,
    seq         int         not null default 0,     -- number of the last entry
    member_id   bigint      not null,
    available   bigint      not null default 0 check (available >= 0),
    pending     bigint      not null default 0 check (pending >= 0),
    debt        bigint      not null default 0 check (debt >= 0),
    due_at      timestamptz not null default '9999-01-01 00:00+00',  -- no lot expires or matures before; may be too early, never too late
    point_type  text        not null,
    primary key (account_id, bucket),
    unique (member_id, point_type, bucket),
    check (bucket = account_id % 256),
    check (debt = 0 or available = 0)
) with (fillfactor = 60);                           -- room to update in place (HOT): due_at has no index for this reason
comment on column ledger_accounts.debt is
    'Points taken back that had been spent already. Whatever is credited next pays it first.';

-- The journal. Never updated, never deleted: a trigger that says so is impossible on a distributed table, so it is the
-- audit (view ledger_discrepancies) that finds a changed row, and a production role should be granted insert and select only.
create table ledger_entries (
    account_id     bigint      not null,
    seq            int         not null,            -- 1, 2, 3 … per account, without gaps; a second guard against two writers
    bucket         smallint    not null,
    kind           smallint    not null check (kind between 1 and 7),
    amount         bigint      not null,            -- change of available
    pending_change bigint      not null default 0,
    debt_change    bigint      not null default 0,
    available      bigint      not null,            -- balance after
    occurred_at    timestamptz not null,            -- when it happened in the world
    posted_at      timestamptz not null,            -- when the ledger learned of it
    idem           uuid        not null,            -- first 128 bits of the SHA-256 of the reference
    expires_at     timestamptz,                     -- kinds 1, 3, 4, 5: the lot concerned
    reverses       int,                             -- kinds 6, 7: seq of the entry undone
    reference      text        not null,
    alloc          bigint[],                        -- kinds 2, 6, 7: {expiry in µs since 1970, change, …} of every lot touched
    primary key (account_id, seq, bucket),
    unique (account_id, idem, bucket)
);
comment on column ledger_entries.kind is
    '1 earn, 2 spend, 3 mature, 4 expire, 5 promise (a pending earn), 6 restore (undoes 2), 7 clawback (undoes 1 and 5)';
create index ledger_entries_reversals on ledger_entries (account_id, reverses) where reverses is not null;

-- Open points by expiry; a lot that is used up is deleted. Merged per expiry, so a spend reads few of them.
create table ledger_lots (
    account_id bigint      not null,
    expires_at timestamptz not null,                -- the first instant at which they are gone
    bucket     smallint    not null,
    remaining  bigint      not null check (remaining > 0),
    primary key (account_id, expires_at, bucket)
) with (fillfactor = 80);
create index ledger_lots_due on ledger_lots (expires_at);

-- Points promised, one row per earn that has not matured; `seq` is its entry.
create table ledger_pending_lots (
    account_id bigint      not null,
    seq        int         not null,
    bucket     smallint    not null,
    matures_at timestamptz not null,                -- the first instant at which they are available
    expires_at timestamptz not null,
    amount     bigint      not null check (amount > 0),
    primary key (account_id, seq, bucket)
);
create index ledger_pending_lots_due on ledger_pending_lots (matures_at);

create view ledger_balances as
select account_id, member_id, point_type, available, pending, debt, seq from ledger_accounts;

-- Exact both ways for every date: 2^53 µs are only 285 years, so one multiplication of an interval would round.
create function ledger_instant(micros bigint) returns timestamptz language sql stable parallel safe
return timestamptz 'epoch' + (micros / 1000000 * interval '1 second' + micros % 1000000 * interval '1 microsecond');

create function ledger_micros(instant timestamptz) returns bigint language sql stable parallel safe
return (extract(epoch from instant) * 1000000)::bigint;

create function ledger_idem(reference text) returns uuid language sql stable parallel safe
return encode(substring(sha256(convert_to(reference, 'UTF8')) for 16), 'hex')::uuid;

-- Why every function below carries settings, and why some columns wear a `+ 0`. A session keeps the plan it made when the
-- tables were empty and runs it when they hold millions of rows; on an empty table every plan costs the same. Each
-- statement here has one good plan, so nothing is left to statistics:
--   * a generic plan, no sequential scan, joins by hash only, the table's side bounded by `= any(ids)`;
--   * a probe per item is a lateral subquery with `limit` or `for update`, or a scalar one: the planner cannot turn it around
--     (it can an `exists`, into a scan of the whole table);
--   * where two indexes could serve, the query asks for an order only the right one has (`>=`, `<=` and `order by`), or hides
--     the column the wrong one has by adding nothing to it. `bucket` is compared nowhere, for many indexes contain it.
-- The tests count the rows each table gives, on fresh tables and on tables analysed while empty.

-- Turns what has matured or expired on the given accounts, by `asof`, into entries. The caller holds the accounts' locks.
create function ledger_settle(ids bigint[], asof timestamptz)
returns table (account_id bigint, member_id bigint, point_type text, seq int, kind smallint, amount bigint, pending_change bigint,
               debt_change bigint, available bigint, reference text, occurred_at timestamptz)
language plpgsql
set search_path from current set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = on set enable_nestloop = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
    with matured as (
        delete from ledger_pending_lots p
        where p.account_id = any(ids) and p.matures_at + interval '0' <= asof
        returning p.account_id, p.bucket, p.seq, p.matures_at, p.expires_at, p.amount
    ), running as (
        select m.*, a.debt, sum(m.amount) over (partition by m.account_id order by m.matures_at, m.seq) - m.amount as before
        from matured m join ledger_accounts a on a.account_id = any(ids) and a.account_id + 0 = m.account_id
    ), credited as (                                -- a debt is paid first, in the order of maturing
        select r.*, least(r.amount, greatest(0, r.debt - r.before))::bigint as paid from running r
    ), expired as (
        delete from ledger_lots l
        where l.account_id = any(ids) and l.expires_at + interval '0' <= asof
        returning l.account_id, l.bucket, l.expires_at, l.remaining
    ), opened as (
        insert into ledger_lots as l (account_id, expires_at, bucket, remaining)
        select c.account_id, c.expires_at, c.bucket, sum(c.amount - c.paid)
        from credited c where c.expires_at > asof and c.amount > c.paid
        group by c.account_id, c.expires_at, c.bucket
        on conflict (account_id, expires_at, bucket) do update set remaining = l.remaining + excluded.remaining
    ), gone as (                                    -- what matured and expired since the last posting never becomes a lot
        select z.account_id, z.bucket, z.expires_at, sum(z.points)::bigint as points
        from (select e.account_id, e.bucket, e.expires_at, e.remaining as points from expired e
              union all
              select c.account_id, c.bucket, c.expires_at, c.amount - c.paid from credited c where c.expires_at <= asof) z
        group by z.account_id, z.bucket, z.expires_at having sum(z.points) > 0
    ), event as (
        select c.account_id, c.bucket, 3 as kind, c.matures_at as occurred_at, c.amount - c.paid as amount,
               -c.amount as pending_change, -c.paid as debt_change, c.expires_at, c.seq as source
        from credited c
        union all
        select g.account_id, g.bucket, 4, g.expires_at, -g.points, 0, 0, g.expires_at, 0 from gone g
    ), numbered as (
        select v.*, a.member_id, a.point_type, (a.seq + row_number() over w)::int as seq, (a.available + sum(v.amount) over w)::bigint as available
        from event v join ledger_accounts a on a.account_id = any(ids) and a.account_id + 0 = v.account_id
        window w as (partition by v.account_id order by v.occurred_at, v.kind, v.source, v.expires_at)
    ), named as (
        select n.*, case n.kind when 3 then '@mature:' || n.source else '@expire:' || n.seq end as reference from numbered n
    ), written as (
        insert into ledger_entries (account_id, seq, bucket, kind, amount, pending_change, debt_change, available,
                                    occurred_at, posted_at, idem, expires_at, reference)
        select n.account_id, n.seq, n.bucket, n.kind, n.amount, n.pending_change, n.debt_change, n.available,
               n.occurred_at, asof, ledger_idem(n.reference), n.expires_at, n.reference
        from named n
    ), totalled as (
        update ledger_accounts a
        set available = a.available + z.amount, pending = a.pending + z.pending, debt = a.debt + z.debt, seq = a.seq + z.entries
        from (select n.account_id, n.bucket, sum(n.amount) as amount, sum(n.pending_change) as pending,
                     sum(n.debt_change) as debt, count(*) as entries
              from numbered n group by n.account_id, n.bucket) z
        where a.account_id = any(ids) and a.account_id + 0 = z.account_id
    )
    select n.account_id, n.member_id, n.point_type, n.seq, n.kind::smallint, n.amount, n.pending_change, n.debt_change, n.available,
           n.reference, n.occurred_at
    from named n order by n.account_id, n.seq;

    update ledger_accounts a
    set due_at = least('9999-01-01 00:00+00',
        (select min(l.expires_at + interval '0') from ledger_lots l where l.account_id = a.account_id),
        (select min(p.matures_at + interval '0') from ledger_pending_lots p where p.account_id = a.account_id))
    where a.account_id = any(ids) and a.due_at <= asof;
end $$;

-- Posts items in the order given, each as if alone; a refused one leaves no trace and no neighbour notices. Returns first
-- the entries that fell due on the way, those with a reference, so that the caller can record them; then a row per item.
--
-- accounts, members, types: the accounts concerned, ascending; missing ones are made.
-- ids …: the items, by account, within an account in order. kinds: 1, 2, 6, 7 as in the journal. Instants in µs since 1970.
-- expires: of an earn; of a restore, for points whose lot has expired. matures: of a promise; null or past means at once.
-- undoes: digest of the reference that kinds 6 and 7 undo. earlier, targets, siblings: the last item before this one, of the same
-- account, that has the same reference, that has the reference undone, that undoes the same; 0 when there is none.
--
-- outcome: 0 posted, 1 replayed, 2 reference reused, 3 insufficient, 4 nothing to reverse, 5 more than is left to reverse.
create function ledger_post(
    accounts bigint[], members bigint[], types text[],
    ids bigint[], kinds smallint[], amounts bigint[], idems uuid[], refs text[], occurred bigint[], expires bigint[],
    matures bigint[], undoes uuid[], earlier int[], targets int[], siblings int[], asof timestamptz
) returns table (outcome smallint, kind smallint, amount bigint, pending_change bigint, debt_change bigint,
                 available bigint, seq int, account_id bigint, reference text, occurred_at timestamptz)
language plpgsql
set search_path from current set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = on set enable_nestloop = off set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    now_us bigint := ledger_micros(asof);
    n int := cardinality(ids);
    i int; j int; m int; h int; k int := 0; points bigint; need bigint; expiry bigint; taken text;
    -- Accounts: their state, and the earliest expiry or maturity that was added. The one at hand: a and the five after it.
    c_available bigint[]; c_pending bigint[]; c_debt bigint[]; c_seq int[]; c_due timestamptz[]; c_new bigint[];
    c_members bigint[]; c_types text[];
    a bigint; balance bigint; promises bigint; owed bigint; last int; due bigint;
    -- Items: what becomes of them. o_holder: the item of this batch that holds the reference; o_target, o_left: the entry
    -- a reverse undoes and what is left to undo of it; o_promised: what is left of a promise made in this batch.
    o_outcome smallint[] := array_fill(0::smallint, array[n]); o_kind smallint[] := kinds;
    o_amount bigint[] := array_fill(0::bigint, array[n]); o_pending bigint[] := o_amount; o_debt bigint[] := o_amount;
    o_available bigint[] := o_amount; o_left bigint[] := o_amount; o_promised bigint[] := o_amount;
    o_seq int[] := array_fill(0, array[n]); o_holder int[] := o_seq; o_target int[] := o_seq;
    o_alloc text[] := array_fill(null::text, array[n]);
    -- Items whose reference is in the journal already.
    nd int; dj int := 1; d_item int[]; d_kind smallint[]; d_amount bigint[]; d_pending bigint[]; d_debt bigint[];
    d_available bigint[]; d_seq int[]; d_reverses int[];
    -- Entries of the journal that items undo, one per item; the one at hand; pending lots that shrink.
    nt int := 0; tj int := 1; t_item int[]; t_id bigint[]; t_seq int[]; t_kind smallint[]; t_worth bigint[]; t_left bigint[];
    t_expires bigint[]; t_alloc text[]; t_pending boolean[];
    r_seq int; r_item int; r_kind smallint; r_worth bigint; r_left bigint; r_expires bigint; r_alloc bigint[]; r_pending boolean;
    w_id bigint[] := '{}'; w_seq int[] := '{}'; w_left bigint[] := '{}';
    -- Lots, ascending by account and expiry; l_was is 0 where only earns come and the lot need not be read. Those of the
    -- account at hand are lo..hi, and before `low` they are empty.
    takers bigint[]; nl int; l_id bigint[]; l_expires bigint[]; l_was bigint[]; l_now bigint[]; lo int; hi int := 0; low int;
    -- Earns that had expired when they came: their expiry is posted right behind them.
    y_id bigint[] := '{}'; y_seq int[] := '{}'; y_points bigint[] := '{}'; y_available bigint[] := '{}'; y_expires bigint[] := '{}';
begin
    if n is null or n = 0 then return; end if;

    -- Accounts are made before any is locked, both in ascending order: two batches never wait for one another in a circle.
    -- Whichever of the two unique keys two of them meet at, one waits and then finds the account: so no conflict target.
    insert into ledger_accounts (account_id, bucket, member_id, point_type)
    select v.id, v.id % 256, v.member_id, v.point_type
    from unnest(accounts, members, types) v(id, member_id, point_type)
    where (select c.account_id from ledger_accounts c where c.account_id = v.id) is null
    order by v.id
    on conflict do nothing;

    select array_agg(v.available), array_agg(v.pending), array_agg(v.debt), array_agg(v.seq), array_agg(v.due_at),
           array_agg(v.member_id), array_agg(v.point_type)
    into c_available, c_pending, c_debt, c_seq, c_due, c_members, c_types
    from (select x.* from unnest(accounts) u(id), lateral (
              select c.available, c.pending, c.debt, c.seq, c.due_at, c.member_id, c.point_type from ledger_accounts c
              where c.account_id = u.id for update) x) v;
    if c_members <> members or c_types <> types then
        raise exception 'ledger: an account belongs to another member' using errcode = 'XX001';
    end if;

    if (select min(v) from unnest(c_due) v) <= asof then
        return query
        select 0::smallint, w.kind, w.amount, w.pending_change, w.debt_change, w.available, w.seq, w.account_id, w.reference, w.occurred_at
        from ledger_settle((select array_agg(v.id) from unnest(accounts, c_due) v(id, due) where v.due <= asof), asof) w;
        select array_agg(v.available), array_agg(v.pending), array_agg(v.debt), array_agg(v.seq)
        into c_available, c_pending, c_debt, c_seq
        from (select x.* from unnest(accounts) u(id), lateral (
                  select c.available, c.pending, c.debt, c.seq from ledger_accounts c
                  where c.account_id = u.id limit 1) x) v;
    end if;

    -- What others posted can be seen only by a statement that begins after the locks are had: never join it to the above.
    select array_agg(v.item), array_agg(v.kind), array_agg(v.amount), array_agg(v.pending_change), array_agg(v.debt_change),
           array_agg(v.available), array_agg(v.seq), array_agg(v.reverses)
    into d_item, d_kind, d_amount, d_pending, d_debt, d_available, d_seq, d_reverses
    from (select v.item::int as item, g.* from unnest(ids, idems) with ordinality v(id, idem, item), lateral (
              select e.kind, e.amount, e.pending_change, e.debt_change, e.available, e.seq, e.reverses from ledger_entries e
              where e.account_id = v.id and e.idem >= v.idem and e.idem <= v.idem
              order by e.account_id, e.idem limit 1) g
          order by v.item) v;
    nd := coalesce(cardinality(d_item), 0);

    select array_agg(distinct v.id) into takers from unnest(ids, kinds) v(id, kind) where v.kind <> 1;
    if takers is not null and undoes is not null then
        select array_agg(v.item), array_agg(v.id), array_agg(v.seq), array_agg(v.kind), array_agg(v.worth),
               array_agg(v.worth - v.undone), array_agg(v.expires), array_agg(v.alloc::text), array_agg(v.pending)
        into t_item, t_id, t_seq, t_kind, t_worth, t_left, t_expires, t_alloc, t_pending
        from (select v.item::int as item, v.id, g.*,
                     coalesce((select sum(z.worth) from (
                         select abs(r.amount + r.pending_change - r.debt_change) as worth from ledger_entries r
                         where r.account_id = v.id and r.reverses >= g.seq and r.reverses <= g.seq
                         order by r.account_id, r.reverses offset 0) z), 0)::bigint as undone,
                     (select count(*) from ledger_pending_lots p where p.account_id = v.id and p.seq = g.seq) > 0 as pending
              from unnest(ids, undoes) with ordinality v(id, idem, item), lateral (
                  select e.seq, e.kind, abs(e.amount + e.pending_change - e.debt_change) as worth,
                         ledger_micros(e.expires_at) as expires, e.alloc
                  from ledger_entries e
                  where e.account_id = v.id and e.idem >= v.idem and e.idem <= v.idem
                  order by e.account_id, e.idem limit 1) g
              order by v.item) v;
        nt := coalesce(cardinality(t_item), 0);
    end if;

    -- Every lot that can change: what takers hold, what items bring, what undone entries came from.
    with held as materialized (
        select l.account_id as id, ledger_micros(l.expires_at) as expires, l.remaining as points
        from ledger_lots l where l.account_id = any(takers)
    )
    select array_agg(v.id), array_agg(v.expires), array_agg(v.points) into l_id, l_expires, l_was
    from (select z.id, z.expires, max(z.points) as points
          from (select w.id, w.expires, w.points from held w
                union all
                select v.id, v.expires, 0 from unnest(ids, expires) v(id, expires)
                union all
                select v.id, v.expires, 0 from unnest(t_id, t_expires) v(id, expires)
                union all
                select v.id, part.value, 0 from unnest(t_id, t_alloc) v(id, alloc),
                       unnest(v.alloc::bigint[]) with ordinality part(value, place) where part.place % 2 = 1) z
          where z.expires > now_us
          group by z.id, z.expires order by z.id, z.expires) v;
    nl := coalesce(cardinality(l_id), 0);
    l_now := l_was;

    for i in 1..n loop
        if a is distinct from ids[i] then
            if k > 0 then
                c_available[k] := balance; c_pending[k] := promises; c_debt[k] := owed; c_seq[k] := last; c_new[k] := due;
            end if;
            k := k + 1; a := ids[i];
            balance := c_available[k]; promises := c_pending[k]; owed := c_debt[k]; last := c_seq[k]; due := null;
            lo := hi + 1; low := lo;
            while hi < nl and l_id[hi + 1] = a loop hi := hi + 1; end loop;
        end if;

        r_seq := 0;
        if kinds[i] >= 6 then                       -- the entry to undo is in the journal, or in this batch, or nowhere
            if tj <= nt and t_item[tj] = i then
                r_seq := t_seq[tj]; r_item := 0; r_kind := t_kind[tj]; r_worth := t_worth[tj]; r_left := t_left[tj];
                r_expires := t_expires[tj]; r_alloc := t_alloc[tj]::bigint[]; r_pending := t_pending[tj];
                tj := tj + 1;
            elsif targets[i] > 0 then
                j := targets[i];
                if o_holder[j] > 0 then j := o_holder[j]; end if;
                if o_outcome[j] = 0 then
                    r_seq := o_seq[j]; r_item := j; r_kind := o_kind[j]; r_worth := amounts[j]; r_left := amounts[j];
                    r_expires := expires[j]; r_alloc := o_alloc[j]::bigint[]; r_pending := r_kind = 5;
                end if;
            end if;
            if r_seq > 0 and siblings[i] > 0 and o_target[siblings[i]] = r_seq then r_left := o_left[siblings[i]]; end if;
            o_target[i] := r_seq; o_left[i] := r_left;
        end if;

        if dj <= nd and d_item[dj] = i then         -- the journal has the reference
            o_outcome[i] := case when abs(d_amount[dj] + d_pending[dj] - d_debt[dj]) = amounts[i]
                                 and case d_kind[dj] when 5 then 1 else d_kind[dj] end = kinds[i]
                                 and coalesce(d_reverses[dj], 0) = r_seq then 1 else 2 end;
            o_kind[i] := d_kind[dj]; o_amount[i] := d_amount[dj]; o_pending[i] := d_pending[dj]; o_debt[i] := d_debt[dj];
            o_available[i] := d_available[dj]; o_seq[i] := d_seq[dj];
            dj := dj + 1;
            continue;
        end if;
        if earlier[i] > 0 then                      -- this batch has it, unless that item was refused
            j := earlier[i];
            if o_holder[j] > 0 then j := o_holder[j]; end if;
            if o_outcome[j] = 0 then
                o_outcome[i] := case when amounts[j] = amounts[i] and kinds[j] = kinds[i] and o_target[j] = r_seq then 1 else 2 end;
                o_holder[i] := j; o_kind[i] := o_kind[j]; o_amount[i] := o_amount[j]; o_pending[i] := o_pending[j];
                o_debt[i] := o_debt[j]; o_available[i] := o_available[j]; o_seq[i] := o_seq[j];
                continue;
            end if;
        end if;

        if kinds[i] = 1 then
            last := last + 1; o_seq[i] := last; expiry := expires[i];
            if matures[i] > now_us then
                o_kind[i] := 5; o_pending[i] := amounts[i]; o_promised[i] := amounts[i];
                promises := promises + amounts[i]; due := least(due, matures[i]);
                o_available[i] := balance;
                continue;
            end if;
            points := amounts[i];
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
                y_id := y_id || a; y_seq := y_seq || last; y_points := y_points || points; y_available := y_available || balance;
                y_expires := y_expires || expiry;
            end if;
            continue;
        end if;

        need := 0; taken := null;
        if kinds[i] = 2 then
            if amounts[i] > balance then o_outcome[i] := 3; o_available[i] := balance; continue; end if;
            need := amounts[i]; o_amount[i] := -need;
        elsif r_seq = 0 or (kinds[i] = 6) <> (r_kind = 2) or r_kind not in (1, 2, 5) then
            o_outcome[i] := 4; o_available[i] := balance; continue;
        elsif amounts[i] > r_left then
            o_outcome[i] := 5; o_available[i] := balance; o_amount[i] := r_left; continue;
        elsif kinds[i] = 6 then                     -- restore: the lots taken last first, as if less had been spent
            m := cardinality(r_alloc); h := r_worth - r_left; points := amounts[i];
            loop
                need := -r_alloc[m] - h;            -- of this lot, not restored before
                h := greatest(-need, 0); need := least(need, points);
                if need > 0 then
                    expiry := r_alloc[m - 1];
                    if expiry <= now_us then expiry := expires[i]; end if;
                    j := lo; while l_expires[j] < expiry loop j := j + 1; end loop;
                    l_now[j] := l_now[j] + need; taken := concat_ws(',', taken, expiry, need);
                    if j < low then low := j; end if;
                    due := least(due, expiry); points := points - need;
                end if;
                exit when points = 0;
                m := m - 2;
            end loop;
            need := least(owed, amounts[i]); owed := owed - need;
            o_debt[i] := -need; o_amount[i] := amounts[i] - need;
        elsif r_pending then                        -- clawback of a promise: it shrinks
            promises := promises - amounts[i]; o_pending[i] := -amounts[i];
            if r_item > 0 then
                o_promised[r_item] := r_left - amounts[i];
            else
                w_id := w_id || a; w_seq := w_seq || r_seq; w_left := w_left || r_left - amounts[i];
            end if;
        else                                        -- clawback of points: the earn's lot, then the earliest expiry, then debt
            need := least(balance, amounts[i]); points := amounts[i] - need;
            owed := owed + points; o_debt[i] := points; o_amount[i] := -need;
            if need > 0 and r_expires > now_us then
                j := lo; while l_expires[j] < r_expires loop j := j + 1; end loop;
                points := least(need, l_now[j]);
                if points > 0 then
                    l_now[j] := l_now[j] - points; need := need - points; taken := concat_ws(',', r_expires, -points);
                end if;
            end if;
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
        last := last + 1; o_seq[i] := last; o_available[i] := balance; o_alloc[i] := '{' || taken || '}';
        o_left[i] := r_left - amounts[i];
    end loop;
    c_available[k] := balance; c_pending[k] := promises; c_debt[k] := owed; c_seq[k] := last; c_new[k] := due;
    if k <> cardinality(accounts) or hi <> nl then raise exception 'ledger: items are not in the order of accounts' using errcode = 'XX001'; end if;

    insert into ledger_lots as l (account_id, expires_at, bucket, remaining)
    select v.id, ledger_instant(v.expires), v.id % 256, v.now - v.was
    from unnest(l_id, l_expires, l_was, l_now) v(id, expires, was, now) where v.now > v.was
    on conflict (account_id, expires_at, bucket) do update set remaining = l.remaining + excluded.remaining;
    if takers is not null then
        delete from ledger_lots l
        using unnest(l_id, l_expires, l_was, l_now) v(id, expires, was, now)
        where l.account_id = any(takers) and l.account_id + 0 = v.id and ledger_micros(l.expires_at) = v.expires
          and v.now = 0 and v.was > 0;
        update ledger_lots l set remaining = v.now
        from unnest(l_id, l_expires, l_was, l_now) v(id, expires, was, now)
        where l.account_id = any(takers) and l.account_id + 0 = v.id and ledger_micros(l.expires_at) = v.expires
          and v.now > 0 and v.now < v.was;
    end if;
    if matures is not null then
        insert into ledger_pending_lots (account_id, seq, bucket, matures_at, expires_at, amount)
        select v.id, v.seq, v.id % 256, ledger_instant(v.matures), ledger_instant(v.expires), v.points
        from unnest(ids, o_seq, matures, expires, o_promised) v(id, seq, matures, expires, points) where v.points > 0;
    end if;
    if w_id <> '{}' then
        delete from ledger_pending_lots p
        using unnest(w_id, w_seq, w_left) v(id, seq, points)
        where p.account_id = any(w_id) and p.account_id + 0 = v.id and p.seq + 0 = v.seq and v.points = 0;
        update ledger_pending_lots p set amount = v.points
        from (select v.id, v.seq, min(v.points) as points from unnest(w_id, w_seq, w_left) v(id, seq, points) group by v.id, v.seq) v
        where p.account_id = any(w_id) and p.account_id + 0 = v.id and p.seq + 0 = v.seq;
    end if;

    insert into ledger_entries (account_id, seq, bucket, kind, amount, pending_change, debt_change, available,
                                occurred_at, posted_at, idem, expires_at, reverses, reference, alloc)
    select v.id, v.seq, v.id % 256, v.kind, v.amount, v.pending, v.debt, v.available, ledger_instant(v.occurred), asof, v.idem,
           case when v.kind in (1, 5) then ledger_instant(v.expires) end, nullif(v.target, 0), v.reference, v.alloc::bigint[]
    from unnest(ids, o_seq, o_kind, o_amount, o_pending, o_debt, o_available, occurred, idems, expires, o_target, refs, o_alloc, o_outcome)
         v(id, seq, kind, amount, pending, debt, available, occurred, idem, expires, target, reference, alloc, outcome)
    where v.outcome = 0;
    if y_id <> '{}' then
        return query
        with late as (
            select v.id, v.seq, '@expire:' || v.seq as reference, ledger_instant(v.expires) as expires, v.points, v.available
            from unnest(y_id, y_seq, y_points, y_available, y_expires) v(id, seq, points, available, expires)
        )
        insert into ledger_entries as e (account_id, seq, bucket, kind, amount, available, occurred_at, posted_at, idem, expires_at, reference)
        select v.id, v.seq, v.id % 256, 4, -v.points, v.available, v.expires, asof, ledger_idem(v.reference), v.expires, v.reference
        from late v
        returning 0::smallint, e.kind, e.amount, e.pending_change, e.debt_change, e.available, e.seq, e.account_id, e.reference, e.occurred_at;
    end if;

    update ledger_accounts c
    set available = v.available, pending = v.pending, debt = v.debt, seq = v.seq, due_at = least(c.due_at, ledger_instant(v.due))
    from unnest(accounts, c_available, c_pending, c_debt, c_seq, c_new) v(id, available, pending, debt, seq, due)
    where c.account_id = any(accounts) and c.account_id + 0 = v.id and c.seq <> v.seq;

    return query
    select v.outcome, v.kind, v.amount, v.pending, v.debt, v.available, v.seq, v.id, null::text, null::timestamptz
    from unnest(o_outcome, o_kind, o_amount, o_pending, o_debt, o_available, o_seq, ids)
         v(outcome, kind, amount, pending, debt, available, seq, id);
end $$;

-- Settles the accounts of the `most` lots that fell due first; what another session holds is left to it, or to the next
-- call.
create function ledger_settle_due(asof timestamptz, most int)
returns table (account_id bigint, member_id bigint, point_type text, seq int, kind smallint, amount bigint, pending_change bigint,
               debt_change bigint, available bigint, reference text, occurred_at timestamptz)
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
    if ids is not null then return query select * from ledger_settle(ids, asof); end if;
end $$;

-- Every invariant of the ledger, as the rows that break one; empty when all hold. `seq` names the entry where one is to blame.
create view ledger_discrepancies as
with journal as (
    select e.account_id, e.bucket, count(*) as entries, max(e.seq) as last, sum(e.amount) as available,
           sum(e.pending_change) as pending, sum(e.debt_change) as debt
    from ledger_entries e group by e.account_id, e.bucket
), held as (
    select l.account_id, l.bucket, sum(l.remaining) as points, min(l.expires_at) as due from ledger_lots l group by l.account_id, l.bucket
), promised as (
    select p.account_id, p.bucket, sum(p.amount) as points, min(p.matures_at) as due from ledger_pending_lots p group by p.account_id, p.bucket
), undone as (
    select r.account_id, r.bucket, r.reverses as seq, sum(abs(r.amount + r.pending_change - r.debt_change)) as worth,
           sum(r.pending_change) as pending
    from ledger_entries r where r.reverses is not null group by r.account_id, r.bucket, r.reverses
), account as (
    select account_id, count(a.seq) as known, coalesce(max(a.seq), 0) as seq, coalesce(max(j.entries), 0) as entries, coalesce(max(j.last), 0) as last,
           coalesce(max(a.available), 0) as available, coalesce(max(a.pending), 0) as pending, coalesce(max(a.debt), 0) as debt,
           coalesce(max(j.available), 0) as moved, coalesce(max(j.pending), 0) as moved_pending, coalesce(max(j.debt), 0) as moved_debt,
           coalesce(max(h.points), 0) as held, coalesce(max(p.points), 0) as promised,
           count(*) filter (where a.due_at > least(h.due, p.due)) as late
    from ledger_accounts a
    full join journal j using (account_id, bucket) full join held h using (account_id, bucket) full join promised p using (account_id, bucket)
    group by account_id
), lot as (                                         -- what the journal says of each lot
    select z.account_id, z.bucket, z.expires, sum(z.points) as points
    from (select e.account_id, e.bucket, ledger_micros(e.expires_at) as expires, e.amount as points
          from ledger_entries e where e.kind in (1, 3, 4)
          union all
          select e.account_id, e.bucket, e.alloc[place], e.alloc[place + 1]
          from ledger_entries e, generate_series(1, cardinality(e.alloc), 2) place) z
    group by z.account_id, z.bucket, z.expires
), chain as (
    select e.*, coalesce(lag(e.available) over w, 0) as before, coalesce(lag(e.seq) over w, 0) as previous
    from ledger_entries e window w as (partition by e.account_id, e.bucket order by e.seq)
)
select c.invariant, x.account_id, null::int as seq, c.expected::bigint as expected, c.found::bigint as found
from account x, lateral (values
    ('there is one account row', 1, x.known),
    ('the account counts its entries', x.entries, x.seq::bigint),
    ('entries are numbered from 1 without gaps', x.entries, x.last::bigint),
    ('available is the sum of the entries', x.moved, x.available),
    ('pending is the sum of the entries', x.moved_pending, x.pending),
    ('debt is the sum of the entries', x.moved_debt, x.debt),
    ('available is the sum of the open lots', x.held, x.available),
    ('pending is the sum of the pending lots', x.promised, x.pending),
    ('nothing falls due unnoticed', 0, x.late)) c(invariant, expected, found)
where c.expected <> c.found
union all
select c.invariant, x.account_id, x.seq, c.expected, c.found
from chain x, lateral (values
    ('each balance follows from the one before', x.before + x.amount, x.available),
    ('an entry follows its predecessor', x.previous + 1::bigint, x.seq::bigint),
    ('an entry and its lots agree', case when x.kind in (2, 6, 7) then x.amount else 0 end,
     coalesce((select sum(x.alloc[place + 1]) from generate_series(1, cardinality(x.alloc), 2) place), 0)::bigint),
    ('the digest is that of the reference', 1, (x.idem = ledger_idem(x.reference))::int::bigint),
    ('each kind moves points its own way', 1, (case x.kind
        when 1 then x.amount >= 0 and x.pending_change = 0 and x.debt_change <= 0
        when 2 then x.amount < 0 and x.pending_change = 0 and x.debt_change = 0
        when 3 then x.amount >= 0 and x.pending_change < 0 and x.debt_change <= 0 and x.amount + x.pending_change - x.debt_change = 0
        when 4 then x.amount < 0 and x.pending_change = 0 and x.debt_change = 0
        when 5 then x.amount = 0 and x.pending_change > 0 and x.debt_change = 0
        when 6 then x.amount >= 0 and x.pending_change = 0 and x.debt_change <= 0 and x.reverses < x.seq
        when 7 then x.amount <= 0 and x.pending_change <= 0 and x.debt_change >= 0 and x.reverses < x.seq
    end)::int::bigint)) c(invariant, expected, found)
where c.expected is distinct from c.found
union all
select 'no more is undone than was done', u.account_id, u.seq, coalesce(abs(e.amount + e.pending_change - e.debt_change), 0), u.worth::bigint
from undone u left join ledger_entries e on e.account_id = u.account_id and e.bucket = u.bucket and e.seq = u.seq
where u.worth > coalesce(abs(e.amount + e.pending_change - e.debt_change), 0)
union all
select 'a pending lot is what is left of its promise', p.account_id, p.seq, (coalesce(e.pending_change, 0) + coalesce(u.pending, 0))::bigint, p.amount
from ledger_pending_lots p
left join ledger_entries e on e.account_id = p.account_id and e.bucket = p.bucket and e.seq = p.seq and e.kind = 5
left join undone u on u.account_id = p.account_id and u.bucket = p.bucket and u.seq = p.seq
where p.amount <> coalesce(e.pending_change, 0) + coalesce(u.pending, 0)
union all
select 'each open lot follows from the entries', coalesce(l.account_id, j.account_id), null, coalesce(j.points, 0)::bigint, coalesce(l.remaining, 0)
from (select o.account_id, o.bucket, ledger_micros(o.expires_at) as expires, o.remaining from ledger_lots o) l
full join lot j on j.account_id = l.account_id and j.bucket = l.bucket and j.expires = l.expires
where coalesce(j.points, 0) <> coalesce(l.remaining, 0);
