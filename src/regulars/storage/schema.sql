-- Written by `just schema` from the migrations, with the pg_dump of PostgreSQL 18; a test compares. Do not edit.

CREATE FUNCTION public.facts_horizon() RETURNS xid8
    LANGUAGE sql STABLE
    AS $$
    select least(
        coalesce(
            (select x from pg_snapshot_xip(pg_current_snapshot()) x
             where not exists (
                select from pg_locks l join pg_stat_activity a using (pid)
                where l.locktype = 'transactionid' and l.granted and l.transactionid = x::xid
                  and a.datid <> (select d.oid from pg_database d where d.datname = current_database()))
             order by x limit 1),
            pg_snapshot_xmax(pg_current_snapshot())),
        pg_current_xact_id_if_assigned())
$$;

CREATE FUNCTION public.ledger_append(accounts bigint[], types text[], heads bytea[], ids bigint[], seqs integer[], kinds smallint[], amounts bigint[], pendings bigint[], debts bigint[], helds bigint[], availables bigint[], occurred bigint[], expires bigint[], targets integer[], allocs text[], idems uuid[], refs text[], reasons text[], asof timestamp with time zone) RETURNS bytea[]
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.ledger_change_lot(account bigint, expiry timestamp with time zone, points bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    SET enable_seqscan TO 'off'
    AS $$
begin
    delete from ledger_lots l where l.account_id = account and l.expires_at = expiry and l.remaining + points = 0;
    if points = 0 or found then return; end if;
    update ledger_lots l set remaining = l.remaining + points where l.account_id = account and l.expires_at = expiry;
    if not found then
        insert into ledger_lots (account_id, expires_at, bucket, remaining) values (account, expiry, account % 256, points);
    end if;
end $$;

CREATE FUNCTION public.ledger_check(low bigint, high bigint) RETURNS TABLE(invariant text, account_id bigint, seq integer, expected bigint, found bigint)
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION public.ledger_check_each(ids bigint[]) RETURNS TABLE(invariant text, account_id bigint, seq integer, expected bigint, found bigint)
    LANGUAGE sql STABLE
    AS $$
select c.invariant, c.account_id, c.seq, c.expected, c.found from unnest(ids) a (account_id), lateral ledger_check(a.account_id, a.account_id) c
$$;

CREATE FUNCTION public.ledger_counted(low bigint, high bigint, as_of timestamp with time zone, known_at timestamp with time zone) RETURNS TABLE(account_id bigint, seq integer, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint, expires_at timestamp with time zone, reverses integer, reference text, alloc bigint[])
    LANGUAGE sql STABLE
    AS $$
with unknown as (
    select u.account_id, min(u.seq) as stop from ledger_changes u
    where u.account_id between low and high and u.posted_at + interval '0' > known_at
      and (u.reference not like '@%' or u.kind in (11, 12))
    group by u.account_id
), late as (                                        -- learned of after `as_of`, and yet of its time
    select e.*, case when p.seq is null then e.reverses else p.seq end as target
    from ledger_changes e
    left join unknown u on u.account_id = e.account_id
    left join ledger_changes p                      -- what an entry follows at once: it counts with that
        on p.account_id = e.account_id and p.account_id between low and high and p.seq = e.seq - 1 and p.posted_at = e.posted_at and p.reference not like '@%'
       and (e.reference like '@forgive:%' or e.reference like '@expire:%' and p.kind in (1, 3) and p.expires_at = e.expires_at)
    where e.account_id between low and high and e.posted_at + interval '0' > as_of
      and (e.occurred_at <= as_of or e.reference like '@forgive:%') and (u.stop is null or e.seq < u.stop)
)
select e.account_id, e.seq, e.kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.expires_at, e.reverses, e.reference, e.alloc
from ledger_changes e left join unknown u on u.account_id = e.account_id
where e.account_id between low and high and e.posted_at + interval '0' <= as_of and (u.stop is null or e.seq < u.stop)
union all
select l.account_id, l.seq, l.kind, l.amount, l.pending_change, l.debt_change, l.held_change, l.expires_at, l.reverses, l.reference, l.alloc
from late l
left join ledger_changes t on t.account_id = l.account_id and t.account_id between low and high and t.seq = l.target
left join ledger_changes o on o.account_id = t.account_id and o.account_id between low and high and o.seq = t.reverses  -- a capture's hold, below a restore
where (t.seq is null or least(t.occurred_at, t.posted_at) <= as_of) and (o.seq is null or least(o.occurred_at, o.posted_at) <= as_of)
$$;

CREATE FUNCTION public.ledger_drop_words(year smallint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $$
begin
    execute format('drop table ledger_archive_words_%s', year);
end $$;

CREATE FUNCTION public.ledger_home(account bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO '$user', 'public'
    SET enable_seqscan TO 'off'
    AS $$
declare
    next bigint;
begin
    loop
        select a.joined into next from ledger_accounts a where a.account_id = account;
        if next is null or next = account then return account; end if;
        account := next;
    end loop;
end $$;

CREATE FUNCTION public.ledger_idem(reference text) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (encode(SUBSTRING(sha256(convert_to(reference, 'UTF8'::name)) FROM 1 FOR 16), 'hex'::text))::uuid;

CREATE FUNCTION public.ledger_instant(micros bigint) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ('1970-01-01 00:00:00+00'::timestamp with time zone + ((((micros / 1000000))::double precision * '00:00:01'::interval) + (((micros % (1000000)::bigint))::double precision * '00:00:00.000001'::interval)));

CREATE FUNCTION public.ledger_key(account bigint, what text) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN public.ledger_idem(concat(account, '', what));

CREATE FUNCTION public.ledger_make_words(year smallint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $$
begin
    if to_regclass(format('ledger_archive_words_%s', year)) is null then
        execute format('create table ledger_archive_words_%s partition of ledger_archive_words for values in (%s)', year, year);
    end if;
end $$;

CREATE FUNCTION public.ledger_micros(instant timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((EXTRACT(epoch FROM instant) * (1000000)::numeric))::bigint;

CREATE FUNCTION public.ledger_move(source bigint, target bigint, most bigint, first bigint, seqs integer[], names text[], why text, asof timestamp with time zone) RETURNS TABLE(available bigint, pending bigint, held bigint, debt bigint, balance bigint)
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
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

CREATE FUNCTION public.ledger_past(low bigint, high bigint, as_of timestamp with time zone, known_at timestamp with time zone) RETURNS TABLE(account_id bigint, what smallint, seq integer, expires_at timestamp with time zone, until timestamp with time zone, amount bigint, lapses boolean, awaits text)
    LANGUAGE sql STABLE
    AS $$
with counted as materialized (
    select c.account_id, c.seq, c.kind, c.amount, c.pending_change, c.debt_change, c.held_change, c.expires_at, c.reverses, c.reference, c.alloc
    from ledger_counted(low, high, as_of, known_at) c
), owed as (
    select c.account_id, sum(c.debt_change)::bigint as debt from counted c
    where c.debt_change <> 0 group by c.account_id having sum(c.debt_change) <> 0
), lot as (
    select z.account_id, z.expires, sum(z.points)::bigint as points
    from (select c.account_id, c.expires_at as expires, c.amount as points from counted c where c.kind in (1, 3, 4)
          union all
          select c.account_id, ledger_instant(c.alloc[place]), c.alloc[place + 1]
          from counted c, generate_series(1, cardinality(c.alloc), 2) place
          where c.kind <> 9 and (c.kind <> 12 or c.held_change = 0)) z
    group by z.account_id, z.expires having sum(z.points) <> 0
), promised as (
    select z.account_id, z.seq, sum(z.points)::bigint as points, max(z.expires) as expires
    from (select c.account_id, case when c.kind in (5, 12) then c.seq when c.reverses is null then split_part(c.reference, ':', 2)::int else c.reverses end as seq,
                 c.pending_change as points, case when c.kind in (5, 12) then c.expires_at end as expires
          from counted c where c.pending_change <> 0) z
    group by z.account_id, z.seq having sum(z.points) > 0
), promise as (
    select p.account_id, p.seq, p.points, p.expires, t.awaits, coalesce(t.lapses, false) as lapses,
           coalesce(t.matures_at, '9999-01-01 00:00+00') as matures
    from promised p left join ledger_promises t on t.account_id = p.account_id and t.seq = p.seq
), hold as (
    select c.account_id, coalesce(c.reverses, c.seq) as seq, sum(c.held_change)::bigint as points, max(c.expires_at) as until,
           sum(-c.held_change) filter (where c.kind = 10) as released
    from counted c where c.held_change <> 0
    group by c.account_id, coalesce(c.reverses, c.seq) having sum(c.held_change) > 0
), arrival as (                                     -- what has come by `as_of` and is no entry yet, in the order of its coming
    select p.account_id, p.matures as came, 0 as step, p.seq, p.expires, p.points
    from promise p where p.matures <= as_of and not p.lapses
    union all                                       -- of a hold that has ended: its last lot first, as if less had been held
    select h.account_id, h.until, 1, h.seq, case when part.expires > h.until then part.expires else h.until + interval '168 hours' end,
           least(part.upto, coalesce(h.released, 0) + h.points) - greatest(part.upto - part.points, coalesce(h.released, 0))
    from hold h
    join counted c on c.account_id = h.account_id and c.seq = h.seq and c.kind in (8, 12)
    cross join lateral (
        select ledger_instant(c.alloc[place]) as expires, -c.alloc[place + 1] as points,
               sum(-c.alloc[place + 1]) over (order by place desc) as upto
        from generate_series(1, cardinality(c.alloc), 2) place) part
    where h.until <= as_of and part.upto > coalesce(h.released, 0) and part.upto - part.points < coalesce(h.released, 0) + h.points
), credited as (                                    -- a debt is paid first
    select a.account_id, a.expires, a.points, least(a.points, greatest(0, coalesce(o.debt, 0) - (sum(a.points) over w - a.points))) as paid
    from arrival a left join owed o on o.account_id = a.account_id
    window w as (partition by a.account_id order by a.came, a.step, a.seq, a.expires rows unbounded preceding)
), payment as (                                     -- the last payer gets back first
    select z.account_id, z.expires, least(z.points, greatest(0, z.too_much - (sum(z.points) over w - z.points))) as points
    from (select c.account_id, c.seq, 0 as place, c.expires_at as expires, -c.debt_change as points, -o.debt as too_much
          from owed o join counted c on c.account_id = o.account_id
          where o.debt < 0 and c.debt_change < 0 and c.kind in (1, 3)
          union all
          select c.account_id, c.seq, place, ledger_instant(c.alloc[place]), -c.alloc[place + 1], -o.debt
          from owed o join counted c on c.account_id = o.account_id, generate_series(1, cardinality(c.alloc), 2) place
          where o.debt < 0 and c.debt_change < 0 and c.kind in (6, 10, 12, 14) and c.alloc[place + 1] < 0) z
    window w as (partition by z.account_id order by z.seq desc, z.place desc rows unbounded preceding)
), summed as (
    select z.account_id, z.expires, sum(z.points) as points
    from (select l.account_id, l.expires, l.points from lot l
          union all select c.account_id, c.expires, c.points - c.paid from credited c
          union all select p.account_id, p.expires, p.points from payment p) z
    where z.expires > as_of group by z.account_id, z.expires
), wanting as (
    select z.account_id, sum(z.points) as points
    from (select s.account_id, -s.points as points from summed s where s.points < 0
          union all select o.account_id, o.debt from owed o where o.debt > 0
          union all select c.account_id, -c.paid from credited c) z
    group by z.account_id having sum(z.points) > 0
), covered as (
    select s.account_id, s.expires, s.points as had,
           least(s.points, greatest(0, sum(s.points) over w - coalesce(n.points, 0))) as points
    from summed s left join wanting n on n.account_id = s.account_id where s.points > 0
    window w as (partition by s.account_id order by s.expires rows unbounded preceding)
)
select c.account_id, 1::smallint, 0, c.expires, null::timestamptz, c.points::bigint, false, null from covered c where c.points > 0
union all
select p.account_id, (case when p.matures > as_of then 2 else 5 end)::smallint, p.seq, p.expires, p.matures, p.points, p.lapses, p.awaits
from promise p where p.matures > as_of or p.lapses
union all
select h.account_id, 3::smallint, h.seq, null, h.until, h.points, false, null from hold h where h.until > as_of
union all
select n.account_id, 4::smallint, 0, null, null, (n.points - coalesce(max(h.had), 0))::bigint, false, null
from wanting n left join (select c.account_id, sum(c.had) as had from covered c group by c.account_id) h on h.account_id = n.account_id
group by n.account_id, n.points having n.points > coalesce(max(h.had), 0)
$$;

CREATE FUNCTION public.ledger_post(accounts bigint[], members bigint[], types text[], ids bigint[], kinds smallint[], amounts bigint[], idems uuid[], refs text[], occurred bigint[], expires bigint[], matures bigint[], awaits text[], lapses boolean[], gives text[], settles text[], reasons text[], undoes uuid[], earlier integer[], targets integer[], siblings integer[], asof timestamp with time zone, here boolean DEFAULT false) RETURNS TABLE(outcome smallint, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint, available bigint, seq integer, account_id bigint, alloc text, reference text, occurred_at timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'on'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
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

CREATE FUNCTION public.ledger_put_away(after bigint, before timestamp with time zone, scanned integer, most integer) RETURNS TABLE(upto bigint, accounts bigint, entries bigint)
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_nestloop TO 'on'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
declare
    seen bigint; ids bigint[]; froms int[]; ends int[]; cut boolean := false; floor smallint; y smallint; done bigint := 0;
begin
    perform pg_advisory_xact_lock(hashtext('ledger_archive'));
    select max(a.account_id), array_agg(a.account_id order by a.account_id) filter (where e.posted_at < before) into seen, ids
    from (select c.account_id, c.archived from ledger_accounts c where c.account_id > after order by c.account_id limit scanned) a
    left join lateral (select j.posted_at from ledger_entries j where j.account_id = a.account_id and j.seq = a.archived + 1
                       order by j.account_id, j.seq limit 1) e on true;
    if seen is null then return query select null::bigint, 0::bigint, 0::bigint; return; end if;

    -- As in ledger_post: the locks first, then what they guard, by a statement of its own.
    perform x.archived from (select unnest(ids) as id) u, lateral (select c.archived from ledger_accounts c where c.account_id = u.id for update) x;
    select array_agg(z.id order by z.id), array_agg(z.archived order by z.id), array_agg(z.last order by z.id), bool_or(z.cut)
    into ids, froms, ends, cut
    from (select b.id, b.archived, b.last, sum(b.last - b.archived) over (order by b.id) - (b.last - b.archived) as earlier,
                 b.last = b.archived + most as cut
          from (select a.account_id as id, a.archived, least(a.seq, a.archived + most,
                    (select e.seq - 1 from ledger_entries e
                     where e.account_id = a.account_id and e.seq > a.archived and e.seq <= a.archived + most and e.posted_at + interval '0' >= before
                     order by e.account_id, e.seq limit 1),
                    (select min(p.seq) - 1 from ledger_pending_lots p where p.account_id = a.account_id),
                    (select min(h.seq) - 1 from ledger_holds h where h.account_id = a.account_id)) as last
                from (select unnest(ids) as id) u, lateral (
                    select c.account_id, c.archived, c.seq from ledger_accounts c where c.account_id = u.id limit 1) a) b
          where b.last > b.archived) z
    where z.earlier < most;
    if ids is null then return query select seen, 0::bigint, 0::bigint; return; end if;
    if (select sum(z.last - z.first) from unnest(froms, ends) z(first, last)) >= most then
        seen := ids[cardinality(ids)] - cut::int;   -- the last of them may have more
    end if;

    select coalesce(max(s.year) + 1, 1) into floor from ledger_archive_years s where s.sealed_at is not null;
    for y in select distinct greatest(extract(year from e.posted_at at time zone 'UTC'), floor)::smallint
             from unnest(ids, froms, ends) i(id, first, last), lateral (
                 select j.posted_at from ledger_entries j where j.account_id = i.id and j.seq > i.first and j.seq <= i.last) e
             order by 1
    loop
        perform ledger_make_words(y);
    end loop;

    with moved as (
        delete from ledger_entries e using unnest(ids, froms, ends) i(id, first, last)
        where e.account_id = i.id and e.seq > i.first and e.seq <= i.last
        returning e.account_id, e.seq, e.bucket, e.kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.available, e.occurred_at, e.posted_at,
                  e.idem, e.expires_at, e.reverses, e.alloc, e.reference, e.reason, e.hash
    ), dated as (                                   -- a year never goes back within an account
        select m.*, max(greatest(extract(year from m.posted_at at time zone 'UTC'), floor, k.year)::smallint) over (
            partition by m.account_id order by m.seq rows unbounded preceding) as year
        from moved m left join lateral (
            select b.year from ledger_archive b where b.account_id = m.account_id order by b.account_id desc, b.first_seq desc limit 1) k on true
    ), placed as (
        select d.*, (row_number() over (partition by d.account_id, d.year order by d.seq) - 1) / 128 as place from dated d
    ), bundled as (
        select p.account_id, min(p.seq) as first_seq, p.bucket, max(p.seq) as last_seq, p.year,
               array_agg(ledger_key(p.account_id, p.idem::text) order by p.seq) as keys,
               array_agg(ledger_key(p.account_id, p.reverses::text) order by p.seq) filter (where p.reverses is not null) as undone,
               array_agg(p.kind order by p.seq) as kinds, array_agg(p.amount order by p.seq) as amounts,
               case when bool_or(p.pending_change <> 0) then array_agg(p.pending_change order by p.seq) end as pendings,
               case when bool_or(p.debt_change <> 0) then array_agg(p.debt_change order by p.seq) end as debts,
               case when bool_or(p.held_change <> 0) then array_agg(p.held_change order by p.seq) end as helds,
               array_agg(p.available order by p.seq) as availables,
               array_agg(ledger_micros(p.occurred_at) order by p.seq) as occurred, array_agg(ledger_micros(p.posted_at) order by p.seq) as posted,
               case when bool_or(p.expires_at is not null) then array_agg(ledger_micros(p.expires_at) order by p.seq) end as expires,
               case when bool_or(p.reverses is not null) then array_agg(p.reverses order by p.seq) end as targets,
               case when bool_or(p.alloc is not null) then array_agg(array_to_string(p.alloc, ',') order by p.seq) end as allocs,
               case when bool_or(p.reference like '@%') then array_agg(case when p.reference like '@%' then p.reference end order by p.seq) end as marks,
               array_agg(p.reference order by p.seq) as refs,
               case when bool_or(p.reason is not null) then array_agg(p.reason order by p.seq) end as reasons,
               array_agg(p.hash order by p.seq) as hashes
        from placed p group by p.account_id, p.bucket, p.year, p.place
    ), worded as (
        insert into ledger_archive_words (account_id, first_seq, bucket, year, refs, reasons, hashes)
        select b.account_id, b.first_seq, b.bucket, b.year, b.refs, b.reasons, b.hashes from bundled b
    ), kept as (
        insert into ledger_archive (account_id, first_seq, bucket, last_seq, year, keys, undone, kinds, amounts, pendings, debts, helds, availables,
                                    occurred, posted, expires, targets, allocs, marks, head, seal)
        select s.account_id, s.first_seq, s.bucket, s.last_seq, s.year, s.keys, s.undone, s.kinds, s.amounts, s.pendings, s.debts, s.helds, s.availables,
               s.occurred, s.posted, s.expires, s.targets, s.allocs, s.marks, s.head,
               ledger_seal(row(s.account_id, s.first_seq, s.bucket, s.last_seq, s.year, s.keys, s.undone, s.kinds, s.amounts, s.pendings, s.debts, s.helds,
                               s.availables, s.occurred, s.posted, s.expires, s.targets, s.allocs, s.marks, s.head, ''::bytea)::ledger_archive)
        from (select b.*, b.hashes[cardinality(b.hashes)] as head from bundled b) s
        returning year, cardinality(kinds) as entries
    ), counted as (
        insert into ledger_archive_years as y (year, bundles, entries)
        select k.year, count(*), sum(k.entries) from kept k group by k.year
        on conflict (year) do update set bundles = y.bundles + excluded.bundles, entries = y.entries + excluded.entries
    )
    select sum(k.entries) into done from kept k;
    update ledger_accounts a set archived = i.last from unnest(ids, ends) i(id, last) where a.account_id = i.id;
    return query select seen, cardinality(ids)::bigint, done;
end $$;

CREATE FUNCTION public.ledger_recall(accounts bigint[], archived integer[], ids bigint[], idems uuid[]) RETURNS TABLE(item integer, seq integer, kind smallint, amount bigint, pending bigint, debt bigint, held bigint, available bigint, expires bigint, reverses integer, alloc bigint[])
    LANGUAGE plpgsql STABLE
    SET search_path TO '$user', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'on'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
begin
return query
select v.item, g.first_seq + g.place - 1, g.kinds[g.place], g.amounts[g.place], coalesce(g.pendings[g.place], 0), coalesce(g.debts[g.place], 0),
       coalesce(g.helds[g.place], 0), g.availables[g.place], g.expires[g.place], g.targets[g.place], ('{' || g.allocs[g.place] || '}')::bigint[]
from (select i.id, i.item::int as item, ledger_key(i.id, i.idem::text) as key
      from (select unnest(ids) as id, unnest(idems) as idem, generate_series(1, cardinality(ids)) as item) i
      join (select unnest(accounts) as id, unnest(archived) as archived) c on c.id = i.id and c.archived > 0
      where i.idem is not null) v,
lateral (
    select b.first_seq, array_position(b.keys, v.key) as place, b.kinds, b.amounts, b.pendings, b.debts, b.helds, b.availables, b.expires, b.targets, b.allocs
    from ledger_archive b
    where b.keys @> array[v.key] and b.account_id + 0 = v.id limit 1) g;
end $$;

CREATE FUNCTION public.ledger_release(owner bigint, hold integer, asof timestamp with time zone) RETURNS TABLE(account_id bigint, member_id bigint, point_type text, seq integer, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint, available bigint, reference text, occurred_at timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.ledger_roll_up(before timestamp with time zone) RETURNS TABLE(kept bigint)
    LANGUAGE sql
    AS $$
with gone as (
    delete from ledger_flows where not rolled and posted_at < before
    returning bucket, point_type, kind, entries, amount, pending, debt, held, posted_at
), rolled as (
    insert into ledger_flows (bucket, point_type, kind, entries, amount, pending, debt, held, posted_at, rolled)
    select min(g.bucket), g.point_type, g.kind, sum(g.entries), sum(g.amount), sum(g.pending), sum(g.debt), sum(g.held),
        date_trunc('day', g.posted_at), true
    from gone g group by g.point_type, g.kind, date_trunc('day', g.posted_at)
    returning 1
)
select count(*) from rolled
$$;

CREATE TABLE public.ledger_archive (
    account_id bigint NOT NULL,
    first_seq integer NOT NULL,
    bucket smallint NOT NULL,
    last_seq integer NOT NULL,
    year smallint NOT NULL,
    keys uuid[] NOT NULL,
    undone uuid[],
    kinds smallint[] NOT NULL,
    amounts bigint[] NOT NULL,
    pendings bigint[],
    debts bigint[],
    helds bigint[],
    availables bigint[] NOT NULL,
    occurred bigint[] NOT NULL,
    posted bigint[] NOT NULL,
    expires bigint[],
    targets integer[],
    allocs text[],
    marks text[],
    head bytea NOT NULL,
    seal bytea NOT NULL,
    CONSTRAINT ledger_archive_check CHECK ((last_seq >= first_seq))
)
WITH (toast_tuple_target='256');

COMMENT ON TABLE public.ledger_archive IS 'Entries put away, up to 128 of an account in a row. Never updated, never deleted.';

CREATE FUNCTION public.ledger_seal(b public.ledger_archive) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sha256(convert_to(concat((b).account_id, '', (b).first_seq, '', (b).last_seq, '', (b).year, '', (b).keys, '', (b).undone, '', (b).kinds, '', (b).amounts, '', (b).pendings, '', (b).debts, '', (b).helds, '', (b).availables, '', (b).occurred, '', (b).posted, '', (b).expires, '', (b).targets, '', (b).allocs, '', (b).marks, '', encode((b).head, 'hex'::text)), 'UTF8'::name));

CREATE FUNCTION public.ledger_settle(ids bigint[], asof timestamp with time zone) RETURNS TABLE(account_id bigint, member_id bigint, point_type text, seq integer, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint, available bigint, reference text, occurred_at timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'on'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'on'
    AS $$
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

CREATE FUNCTION public.ledger_settle_due(asof timestamp with time zone, most integer) RETURNS TABLE(account_id bigint, member_id bigint, point_type text, seq integer, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint, available bigint, reference text, occurred_at timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
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

CREATE FUNCTION public.ledger_settle_lots(ids bigint[], upto timestamp with time zone, asof timestamp with time zone) RETURNS TABLE(account_id bigint, member_id bigint, point_type text, seq integer, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint, available bigint, reference text, occurred_at timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.ledger_text(account_id bigint, seq integer, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint, available bigint, occurred bigint, posted bigint, expires bigint, reverses integer, alloc bigint[], reference text, reason text) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN convert_to(concat(account_id, '', seq, '', kind, '', amount, '', pending_change, '', debt_change, '', held_change, '', available, '', occurred, '', posted, '', expires, '', reverses, '', array_to_string(alloc, ','::text), '', reference, '', reason), 'UTF8'::name);

CREATE FUNCTION public.ledger_undone(account bigint, target integer) RETURNS TABLE(worth bigint, captured bigint, sent boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO '$user', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
begin
return query
select coalesce(sum(u.worth), 0)::bigint, coalesce(sum(u.worth) filter (where u.kind = 9), 0)::bigint, coalesce(bool_or(u.kind = 11), false)
from (select r.kind, abs(case when r.held_change <> 0 then r.held_change else r.amount + r.pending_change - r.debt_change end) as worth
      from ledger_entries r where r.account_id = account and r.reverses = target
      union all
      select p.kind, abs(case when coalesce(p.held, 0) <> 0 then p.held else p.amount + coalesce(p.pending, 0) - coalesce(p.debt, 0) end)
      from ledger_archive b,
           lateral unnest(b.kinds, b.amounts, b.pendings, b.debts, b.helds, b.targets) p(kind, amount, pending, debt, held, target)
      where b.undone @> array[ledger_key(ledger_undone.account, ledger_undone.target::text)] and b.account_id + 0 = account and p.target = ledger_undone.target) u;
end $$;

CREATE TABLE public.access_answers (
    caller_id bigint NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT access_answers_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);

CREATE TABLE public.access_attempts (
    email_hash bytea NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL,
    CONSTRAINT access_attempts_failures_check CHECK ((failures >= 0))
);

CREATE TABLE public.access_keys (
    key_id bigint NOT NULL,
    token_hash bytea NOT NULL,
    hint text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT access_keys_name_check CHECK ((name <> ''::text)),
    CONSTRAINT access_keys_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'agent'::text, 'manager'::text, 'owner'::text])))
);

CREATE TABLE public.access_operators (
    operator_id bigint NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT access_operators_email_check CHECK (((email = lower(email)) AND (email ~~ '%_@_%'::text))),
    CONSTRAINT access_operators_name_check CHECK ((name <> ''::text)),
    CONSTRAINT access_operators_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'agent'::text, 'manager'::text, 'owner'::text])))
);

CREATE TABLE public.access_sessions (
    token_hash bytea NOT NULL,
    operator_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.commerce_deliveries (
    delivery_id bigint NOT NULL,
    order_id bigint NOT NULL,
    external_id text NOT NULL,
    carrier text,
    promised_at timestamp with time zone,
    shipped_at timestamp with time zone,
    delivered_at timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL
);

CREATE VIEW public.commerce_arrivals AS
 SELECT order_id,
    max(delivered_at) AS arrived_at
   FROM public.commerce_deliveries
  GROUP BY order_id
 HAVING (count(delivered_at) = count(*));

CREATE TABLE public.commerce_order_lines (
    order_id bigint NOT NULL,
    line_no integer NOT NULL,
    quantity integer NOT NULL,
    product_id bigint NOT NULL,
    unit_minor bigint NOT NULL,
    amount_minor bigint NOT NULL,
    returned integer DEFAULT 0 NOT NULL,
    goods boolean NOT NULL,
    category text,
    tags text[],
    CONSTRAINT commerce_order_lines_check CHECK (((returned >= 0) AND (returned <= quantity))),
    CONSTRAINT commerce_order_lines_line_no_check CHECK ((line_no > 0)),
    CONSTRAINT commerce_order_lines_quantity_check CHECK ((quantity > 0))
)
WITH (fillfactor='95');

CREATE TABLE public.commerce_orders (
    order_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    external_id text NOT NULL,
    member_id bigint,
    placed_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    currency text NOT NULL,
    country text,
    goods_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    fingerprint bigint NOT NULL,
    CONSTRAINT commerce_orders_external_id_check CHECK ((external_id <> ''::text))
);

CREATE TABLE public.commerce_products (
    product_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    named_at timestamp with time zone NOT NULL,
    CONSTRAINT commerce_products_kind_check CHECK ((kind = ANY (ARRAY['goods'::text, 'shipping'::text, 'gift_card'::text, 'adjustment'::text]))),
    CONSTRAINT commerce_products_sku_check CHECK ((sku <> ''::text))
)
WITH (fillfactor='60');

CREATE VIEW public.commerce_bought AS
 SELECT o.order_id,
    o.member_id,
    o.paid_at,
    p.sku,
    l.line_no,
    (l.quantity - l.returned) AS quantity,
    o.cancelled_at
   FROM ((public.commerce_orders o
     JOIN public.commerce_order_lines l USING (order_id))
     JOIN public.commerce_products p USING (product_id))
  WHERE ((o.paid_at IS NOT NULL) AND (o.member_id IS NOT NULL));

CREATE VIEW public.commerce_cancellations AS
 SELECT order_id,
    member_id,
    placed_at,
    cancelled_at
   FROM public.commerce_orders o
  WHERE (cancelled_at IS NOT NULL);

CREATE TABLE public.commerce_early_returns (
    return_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    external_id text NOT NULL,
    order_id bigint NOT NULL,
    order_number text NOT NULL,
    document jsonb NOT NULL,
    told_at timestamp with time zone NOT NULL,
    alarm_at timestamp with time zone,
    problem text
);

CREATE VIEW public.commerce_goods_lines AS
 SELECT order_id,
    line_no,
    quantity,
    amount_minor
   FROM public.commerce_order_lines l
  WHERE goods;

CREATE TABLE public.commerce_import_profiles (
    name text NOT NULL,
    document jsonb NOT NULL,
    saved_at timestamp with time zone NOT NULL
);

CREATE TABLE public.commerce_imports (
    import_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    file_name text NOT NULL,
    fingerprint text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    chunks_done integer DEFAULT 0 NOT NULL,
    chunks integer NOT NULL,
    report jsonb NOT NULL
);

CREATE TABLE public.commerce_return_lines (
    return_id bigint NOT NULL,
    line_no integer NOT NULL,
    part_no integer NOT NULL,
    product_id bigint NOT NULL,
    quantity integer NOT NULL,
    amount_minor bigint NOT NULL,
    goods boolean NOT NULL,
    order_id bigint,
    order_line_no integer,
    before integer DEFAULT 0 NOT NULL,
    CONSTRAINT commerce_return_lines_check CHECK (((order_id IS NULL) = (order_line_no IS NULL))),
    CONSTRAINT commerce_return_lines_quantity_check CHECK ((quantity > 0))
);

CREATE VIEW public.commerce_order_returns AS
 SELECT order_id,
    return_id
   FROM public.commerce_return_lines l
  WHERE (order_id IS NOT NULL);

CREATE VIEW public.commerce_order_worth AS
 SELECT o.order_id,
    o.placed_at,
    o.paid_at,
    o.cancelled_at,
    l.line_no,
    l.quantity,
    l.returned,
    l.amount_minor
   FROM (public.commerce_orders o
     LEFT JOIN public.commerce_order_lines l ON (((l.order_id = o.order_id) AND l.goods AND (o.cancelled_at IS NULL))));

CREATE TABLE public.commerce_shops (
    shop_id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    time_zone text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT commerce_shops_code_check CHECK ((code ~ '^[a-z0-9_-]{1,64}$'::text)),
    CONSTRAINT commerce_shops_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);

CREATE VIEW public.commerce_purchases AS
 SELECT o.order_id,
    o.shop_id,
    o.member_id,
    o.placed_at,
    o.paid_at,
    ((o.placed_at AT TIME ZONE s.time_zone))::date AS day,
    o.goods_minor,
    o.currency
   FROM (public.commerce_orders o
     JOIN public.commerce_shops s USING (shop_id))
  WHERE ((o.paid_at IS NOT NULL) AND (o.cancelled_at IS NULL) AND (o.goods_minor > 0));

CREATE TABLE public.commerce_returns (
    return_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    external_id text NOT NULL,
    member_id bigint,
    returned_at timestamp with time zone NOT NULL,
    currency text NOT NULL,
    goods_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    fingerprint bigint NOT NULL,
    CONSTRAINT commerce_returns_external_id_check CHECK ((external_id <> ''::text)),
    CONSTRAINT commerce_returns_goods_minor_check CHECK ((goods_minor >= 0))
);

CREATE VIEW public.commerce_refunds AS
 SELECT r.return_id,
    r.shop_id,
    r.member_id,
    r.returned_at,
    ((r.returned_at AT TIME ZONE s.time_zone))::date AS day,
    (r.goods_minor - void.goods_minor) AS goods_minor,
    r.currency
   FROM ((public.commerce_returns r
     JOIN public.commerce_shops s USING (shop_id))
     CROSS JOIN LATERAL ( SELECT (COALESCE(sum(l.amount_minor), (0)::numeric))::bigint AS goods_minor
           FROM (public.commerce_return_lines l
             JOIN public.commerce_orders o USING (order_id))
          WHERE ((l.return_id = r.return_id) AND l.goods AND (o.cancelled_at IS NOT NULL))) void)
  WHERE (r.goods_minor > void.goods_minor);

CREATE VIEW public.commerce_returned_goods AS
 SELECT p.return_id,
    ( SELECT r.returned_at
           FROM public.commerce_returns r
          WHERE (r.return_id = p.return_id)) AS returned_at,
    l.order_id,
    l.line_no,
    l.amount_minor,
    l.quantity AS of_quantity,
    p.before,
    p.quantity
   FROM (public.commerce_return_lines p
     JOIN public.commerce_order_lines l ON (((l.order_id = p.order_id) AND (l.line_no = p.order_line_no))))
  WHERE l.goods;

CREATE VIEW public.commerce_rule_lines AS
 SELECT l.order_id,
    l.line_no,
    l.quantity,
    l.returned,
    l.unit_minor,
    l.amount_minor,
    p.sku,
    p.name,
    COALESCE(l.category, ''::text) AS category,
    COALESCE(array_to_string(l.tags, chr(31)), ''::text) AS tags
   FROM (public.commerce_order_lines l
     LEFT JOIN public.commerce_products p USING (product_id))
  WHERE l.goods;

CREATE VIEW public.commerce_rule_orders AS
 SELECT o.order_id,
    o.member_id,
    o.placed_at,
    o.paid_at,
    o.cancelled_at,
    o.currency,
    COALESCE(o.country, ''::text) AS country,
    s.code AS shop,
    s.time_zone,
    (o.total_minor - o.goods_minor) AS other_minor,
    o.goods_minor
   FROM (public.commerce_orders o
     JOIN public.commerce_shops s USING (shop_id));

CREATE TABLE public.facts (
    fact_id bigint NOT NULL,
    xact xid8 DEFAULT pg_current_xact_id() NOT NULL,
    name text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    member_id bigint,
    subject_id bigint,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT facts_name_check CHECK ((name ~ '^[a-z_]+\.[a-z_]+$'::text))
);

COMMENT ON COLUMN public.facts.xact IS 'The writing transaction. Identity values become visible out of order; readers follow (xact, fact_id) below facts_horizon() and so never skip one.';

CREATE TABLE public.facts_cursors (
    reader text NOT NULL,
    xact xid8 NOT NULL,
    fact_id bigint NOT NULL
);

CREATE TABLE public.facts_decisions (
    decision_id bigint NOT NULL,
    kind smallint NOT NULL,
    subject_id bigint NOT NULL,
    member_id bigint NOT NULL,
    version_id integer NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    verdicts jsonb NOT NULL
);

ALTER TABLE public.facts_decisions ALTER COLUMN decision_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.facts_decisions_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.facts ALTER COLUMN fact_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.facts_fact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.facts_numbering (
    numbering bigint NOT NULL,
    one boolean DEFAULT true NOT NULL,
    CONSTRAINT facts_numbering_one_check CHECK (one)
);

CREATE TABLE public.facts_webhook_attempts (
    endpoint_id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    attempt integer NOT NULL,
    at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    status smallint,
    error text,
    answer text NOT NULL
);

CREATE TABLE public.facts_webhook_deliveries (
    endpoint_id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    lane smallint NOT NULL,
    xact xid8,
    fact_id bigint,
    name text NOT NULL,
    member_id bigint,
    sequence bigint,
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    delivered_at timestamp with time zone,
    dead_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    first_failed_at timestamp with time zone,
    CONSTRAINT facts_webhook_deliveries_check CHECK ((num_nonnulls(due_at, delivered_at, dead_at) = 1))
);

ALTER TABLE public.facts_webhook_deliveries ALTER COLUMN delivery_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.facts_webhook_deliveries_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.facts_webhook_endpoints (
    endpoint_id bigint NOT NULL,
    url text NOT NULL,
    names text[] NOT NULL,
    description text NOT NULL,
    since xid8 DEFAULT public.facts_horizon() NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    enabled_at timestamp with time zone NOT NULL,
    enabled_by text NOT NULL,
    disabled_at timestamp with time zone,
    disabled_by text,
    disabled_because text,
    removed_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    resting_until timestamp with time zone,
    delivered_at timestamp with time zone,
    CONSTRAINT facts_webhook_endpoints_check CHECK ((((disabled_at IS NULL) = (disabled_by IS NULL)) AND ((disabled_at IS NULL) = (disabled_because IS NULL)))),
    CONSTRAINT facts_webhook_endpoints_disabled_because_check CHECK ((disabled_because = ANY (ARRAY['asked'::text, 'gone'::text, 'failing'::text]))),
    CONSTRAINT facts_webhook_endpoints_names_check CHECK ((cardinality(names) > 0))
);

CREATE TABLE public.facts_webhook_hours (
    endpoint_id bigint NOT NULL,
    hour timestamp with time zone NOT NULL,
    delivered bigint NOT NULL,
    failed bigint NOT NULL,
    duration_ms bigint NOT NULL
);

CREATE TABLE public.facts_webhook_lanes (
    endpoint_id bigint NOT NULL,
    lane smallint NOT NULL,
    leased_until timestamp with time zone NOT NULL,
    lease bigint
);

CREATE TABLE public.facts_webhook_replays (
    replay_id bigint NOT NULL,
    endpoint_id bigint NOT NULL,
    kind text NOT NULL,
    delivery_id bigint,
    recorded_from timestamp with time zone,
    recorded_until timestamp with time zone,
    after_xact xid8,
    after_id bigint,
    upto_xact xid8,
    upto_id bigint,
    missing_only boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    deliveries bigint DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT facts_webhook_replays_kind_check CHECK ((kind = ANY (ARRAY['dead'::text, 'delivery'::text, 'facts'::text])))
);

CREATE TABLE public.facts_webhook_secrets (
    endpoint_id bigint NOT NULL,
    secret_id bigint NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);

ALTER TABLE public.facts_webhook_secrets ALTER COLUMN secret_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.facts_webhook_secrets_secret_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.facts_webhook_sequences (
    endpoint_id bigint NOT NULL,
    member_id bigint NOT NULL,
    last bigint NOT NULL,
    due_at timestamp with time zone NOT NULL
);

CREATE TABLE public.insight_portraits (
    member_id bigint NOT NULL,
    cohort date NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    orders integer NOT NULL,
    days integer NOT NULL,
    spend_minor bigint NOT NULL,
    r smallint NOT NULL,
    f smallint NOT NULL,
    m smallint NOT NULL,
    grade text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT insight_portraits_f_check CHECK (((f >= 1) AND (f <= 5))),
    CONSTRAINT insight_portraits_grade_check CHECK ((grade = ANY (ARRAY['gold'::text, 'silver'::text, 'bronze'::text]))),
    CONSTRAINT insight_portraits_m_check CHECK (((m >= 1) AND (m <= 5))),
    CONSTRAINT insight_portraits_r_check CHECK (((r >= 1) AND (r <= 5)))
);

CREATE TABLE public.insight_refreshes (
    alone boolean DEFAULT true NOT NULL,
    computed_at timestamp with time zone,
    currency text,
    members bigint DEFAULT 0 NOT NULL,
    frame text,
    CONSTRAINT insight_refreshes_alone_check CHECK (alone)
);

CREATE TABLE public.insight_what_ifs (
    what_if_id bigint NOT NULL,
    draft_id bigint,
    revision integer,
    document jsonb NOT NULL,
    against integer NOT NULL,
    held jsonb NOT NULL,
    months integer NOT NULL,
    thousand_minor bigint,
    asked_at timestamp with time zone NOT NULL,
    asked_by text NOT NULL,
    started_at timestamp with time zone,
    moved_at timestamp with time zone,
    percent integer DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    cancelled_by text,
    failed_at timestamp with time zone,
    reason text,
    report jsonb,
    CONSTRAINT insight_what_ifs_check CHECK (((draft_id IS NULL) = (revision IS NULL))),
    CONSTRAINT insight_what_ifs_check1 CHECK (((finished_at IS NULL) = (report IS NULL))),
    CONSTRAINT insight_what_ifs_check2 CHECK (((cancelled_at IS NULL) = (cancelled_by IS NULL))),
    CONSTRAINT insight_what_ifs_check3 CHECK (((failed_at IS NULL) = (reason IS NULL))),
    CONSTRAINT insight_what_ifs_check4 CHECK ((num_nonnulls(finished_at, cancelled_at, failed_at) <= 1)),
    CONSTRAINT insight_what_ifs_months_check CHECK (((months >= 1) AND (months <= 120))),
    CONSTRAINT insight_what_ifs_percent_check CHECK (((percent >= 0) AND (percent <= 100))),
    CONSTRAINT insight_what_ifs_thousand_minor_check CHECK ((thousand_minor >= 0))
);

CREATE TABLE public.ledger_accounts (
    account_id bigint NOT NULL,
    bucket smallint NOT NULL,
    seq integer DEFAULT 0 NOT NULL,
    member_id bigint NOT NULL,
    available bigint DEFAULT 0 NOT NULL,
    pending bigint DEFAULT 0 NOT NULL,
    held bigint DEFAULT 0 NOT NULL,
    debt bigint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT '9999-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    frozen_at timestamp with time zone,
    joined bigint,
    point_type text NOT NULL,
    head bytea,
    archived integer DEFAULT 0 NOT NULL,
    CONSTRAINT ledger_accounts_available_check CHECK ((available >= 0)),
    CONSTRAINT ledger_accounts_check CHECK ((bucket = (account_id % (256)::bigint))),
    CONSTRAINT ledger_accounts_check1 CHECK (((debt = 0) OR (available = 0))),
    CONSTRAINT ledger_accounts_debt_check CHECK ((debt >= 0)),
    CONSTRAINT ledger_accounts_held_check CHECK ((held >= 0)),
    CONSTRAINT ledger_accounts_pending_check CHECK ((pending >= 0))
)
WITH (fillfactor='60');

COMMENT ON COLUMN public.ledger_accounts.debt IS 'Points taken back that had been spent already. Whatever is credited next pays it first.';

COMMENT ON COLUMN public.ledger_accounts.archived IS 'Entries up to this number are in ledger_archive, the later ones in ledger_entries.';

CREATE TABLE public.ledger_adjustments (
    adjustment_id bigint NOT NULL,
    bucket smallint NOT NULL,
    member_id bigint NOT NULL,
    point_type text NOT NULL,
    amount bigint NOT NULL,
    reason text NOT NULL,
    expires_at timestamp with time zone,
    proposed_at timestamp with time zone NOT NULL,
    proposed_by text NOT NULL,
    decided_at timestamp with time zone,
    decided_by text,
    decision text,
    decided_because text,
    CONSTRAINT ledger_adjustments_amount_check CHECK ((amount <> 0)),
    CONSTRAINT ledger_adjustments_check CHECK ((((decided_at IS NULL) = (decided_by IS NULL)) AND ((decided_at IS NULL) = (decision IS NULL)))),
    CONSTRAINT ledger_adjustments_decided_because_check CHECK ((decided_because <> ''::text)),
    CONSTRAINT ledger_adjustments_decision_check CHECK ((decision = ANY (ARRAY['posted'::text, 'rejected'::text]))),
    CONSTRAINT ledger_adjustments_reason_check CHECK ((reason <> ''::text))
);

CREATE TABLE public.ledger_archive_words (
    account_id bigint NOT NULL,
    first_seq integer NOT NULL,
    bucket smallint NOT NULL,
    year smallint NOT NULL,
    refs text[] NOT NULL,
    reasons text[],
    hashes bytea[] NOT NULL
)
PARTITION BY LIST (year);

CREATE TABLE public.ledger_archive_years (
    year smallint NOT NULL,
    bundles bigint DEFAULT 0 NOT NULL,
    entries bigint DEFAULT 0 NOT NULL,
    sealed_at timestamp with time zone,
    exported_at timestamp with time zone,
    manifest bytea,
    root bytea,
    folder text,
    detached_at timestamp with time zone
);

CREATE VIEW public.ledger_archive_flaws AS
 SELECT c.invariant,
    b.account_id,
    b.first_seq AS seq,
    (c.expected)::bigint AS expected,
    c.found
   FROM (((public.ledger_archive b
     LEFT JOIN public.ledger_archive_words w ON (((w.account_id = b.account_id) AND (w.first_seq = b.first_seq) AND (w.bucket = b.bucket) AND (w.year = b.year))))
     LEFT JOIN public.ledger_archive_years y ON ((y.year = b.year)))
     CROSS JOIN LATERAL ( VALUES ('a bundle is as it was sealed'::text,1,(((b.seal = public.ledger_seal(b.*)))::integer)::bigint), ('a bundle ends with its head'::text,1,((COALESCE((w.hashes[cardinality(w.hashes)] = b.head), true))::integer)::bigint), ('the words of a bundle are here, or were taken out'::text,1,((((w.year IS NOT NULL) OR (y.detached_at IS NOT NULL)))::integer)::bigint)) c(invariant, expected, found))
  WHERE (c.expected <> c.found)
UNION ALL
 SELECT 'the account knows what was put away'::text AS invariant,
    b.account_id,
    NULL::integer AS seq,
    (max(b.last_seq))::bigint AS expected,
    (COALESCE(max(a.archived), 0))::bigint AS found
   FROM (public.ledger_archive b
     LEFT JOIN public.ledger_accounts a ON (((a.account_id = b.account_id) AND (a.bucket = b.bucket))))
  GROUP BY b.account_id
 HAVING (max(b.last_seq) <> COALESCE(max(a.archived), 0));

CREATE TABLE public.ledger_archive_runs (
    run_id integer NOT NULL,
    before timestamp with time zone NOT NULL,
    began_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    upto bigint DEFAULT '-1'::integer NOT NULL,
    accounts bigint DEFAULT 0 NOT NULL,
    entries bigint DEFAULT 0 NOT NULL
);

CREATE VIEW public.ledger_archived AS
 SELECT b.account_id,
    (((b.first_seq + v.place) - 1))::integer AS seq,
    v.kind,
    v.amount,
    COALESCE(v.pending, (0)::bigint) AS pending_change,
    COALESCE(v.debt, (0)::bigint) AS debt_change,
    COALESCE(v.held, (0)::bigint) AS held_change,
    public.ledger_instant(v.occurred) AS occurred_at,
    public.ledger_instant(v.posted) AS posted_at,
    public.ledger_instant(v.expires) AS expires_at,
    v.target AS reverses,
    COALESCE(v.mark, ''::text) AS reference,
    ((('{'::text || v.alloc) || '}'::text))::bigint[] AS alloc,
    b.bucket,
    v.available,
    b.first_seq,
    b.last_seq,
    b.year
   FROM (public.ledger_archive b
     CROSS JOIN LATERAL UNNEST(b.kinds, b.amounts, b.pendings, b.debts, b.helds, b.availables, b.occurred, b.posted, b.expires, b.targets, b.allocs, b.marks) WITH ORDINALITY v(kind, amount, pending, debt, held, available, occurred, posted, expires, target, alloc, mark, place));

CREATE VIEW public.ledger_archived_lines AS
 SELECT b.account_id,
    (((b.first_seq + v.place) - 1))::integer AS seq,
    b.bucket,
    v.kind,
    v.amount,
    COALESCE(v.pending, (0)::bigint) AS pending_change,
    COALESCE(v.debt, (0)::bigint) AS debt_change,
    v.available,
    public.ledger_instant(v.occurred) AS occurred_at,
    public.ledger_instant(v.posted) AS posted_at,
        CASE
            WHEN (v.key = public.ledger_key(b.account_id, (public.ledger_idem(v.reference))::text)) THEN public.ledger_idem(v.reference)
            ELSE NULL::uuid
        END AS idem,
    public.ledger_instant(v.expires) AS expires_at,
    COALESCE(v.held, (0)::bigint) AS held_change,
    v.target AS reverses,
    COALESCE(v.reference, v.mark, ''::text) AS reference,
    v.reason,
    ((('{'::text || v.alloc) || '}'::text))::bigint[] AS alloc,
    COALESCE(v.hash,
        CASE
            WHEN (((b.first_seq + v.place) - 1) = b.last_seq) THEN b.head
            ELSE NULL::bytea
        END) AS hash,
    (w.year IS NOT NULL) AS worded,
    b.first_seq,
    b.last_seq,
    b.year
   FROM ((public.ledger_archive b
     LEFT JOIN public.ledger_archive_words w ON (((w.account_id = b.account_id) AND (w.first_seq = b.first_seq) AND (w.bucket = b.bucket) AND (w.year = b.year))))
     CROSS JOIN LATERAL UNNEST(b.keys, b.kinds, b.amounts, b.pendings, b.debts, b.helds, b.availables, b.occurred, b.posted, b.expires, b.targets, b.allocs, b.marks, w.refs, w.reasons, w.hashes) WITH ORDINALITY v(key, kind, amount, pending, debt, held, available, occurred, posted, expires, target, alloc, mark, reference, reason, hash, place));

CREATE VIEW public.ledger_balances AS
 SELECT account_id,
    member_id,
    point_type,
        CASE
            WHEN (joined IS NULL) THEN available
            ELSE ( SELECT h.available
               FROM public.ledger_accounts h
              WHERE (h.account_id = public.ledger_home(a.account_id)))
        END AS available,
        CASE
            WHEN (joined IS NULL) THEN pending
            ELSE ( SELECT h.pending
               FROM public.ledger_accounts h
              WHERE (h.account_id = public.ledger_home(a.account_id)))
        END AS pending
   FROM public.ledger_accounts a;

CREATE TABLE public.ledger_book_accounts (
    purpose text NOT NULL,
    account text NOT NULL,
    CONSTRAINT ledger_book_accounts_purpose_check CHECK ((purpose = ANY (ARRAY['liability'::text, 'deferred'::text, 'redeemed'::text, 'breakage'::text, 'cost'::text])))
);

CREATE TABLE public.ledger_entries (
    account_id bigint NOT NULL,
    seq integer NOT NULL,
    bucket smallint NOT NULL,
    kind smallint NOT NULL,
    amount bigint NOT NULL,
    pending_change bigint DEFAULT 0 NOT NULL,
    debt_change bigint DEFAULT 0 NOT NULL,
    available bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    idem uuid NOT NULL,
    expires_at timestamp with time zone,
    held_change bigint DEFAULT 0 NOT NULL,
    reverses integer,
    reference text NOT NULL,
    reason text,
    alloc bigint[],
    hash bytea NOT NULL,
    CONSTRAINT ledger_entries_kind_check CHECK (((kind >= 1) AND (kind <= 16)))
);

COMMENT ON COLUMN public.ledger_entries.kind IS '1 earn, 2 spend, 3 mature, 4 expire, 5 promise (a pending earn), 6 restore (undoes 2, 9), 7 clawback (undoes 1, 5), 8 hold, 9 capture and 10 release (of a hold), 11 send and 12 receive (of points, a promise, a hold or a debt), 13 extend, 14 reinstate (undoes 4), 15 lapse (a promise not kept), 16 forgive (a debt)';

COMMENT ON COLUMN public.ledger_entries.alloc IS 'Kinds 2, 6, 7, 8, 10 to 14: the lots it changed. Kind 9, and 12 of a hold: the lots it had been taken from, which do not change again.';

CREATE VIEW public.ledger_changes AS
 SELECT e.account_id,
    e.seq,
    e.kind,
    e.amount,
    e.pending_change,
    e.debt_change,
    e.held_change,
    e.occurred_at,
    e.posted_at,
    e.expires_at,
    e.reverses,
    e.reference,
    e.alloc
   FROM public.ledger_entries e
UNION ALL
 SELECT a.account_id,
    a.seq,
    a.kind,
    a.amount,
    a.pending_change,
    a.debt_change,
    a.held_change,
    a.occurred_at,
    a.posted_at,
    a.expires_at,
    a.reverses,
    a.reference,
    a.alloc
   FROM public.ledger_archived a;

CREATE TABLE public.ledger_closings (
    point_type text NOT NULL,
    period date NOT NULL,
    closing smallint NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    closed_by text NOT NULL,
    document jsonb NOT NULL,
    reopened_at timestamp with time zone,
    reopened_by text,
    reopened_because text,
    CONSTRAINT ledger_closings_closing_check CHECK ((closing > 0)),
    CONSTRAINT ledger_closings_period_check CHECK ((EXTRACT(day FROM period) = (1)::numeric))
);

CREATE VIEW public.ledger_discrepancies AS
 SELECT invariant,
    account_id,
    seq,
    expected,
    found
   FROM public.ledger_check((0)::bigint, '9223372036854775807'::bigint) c(invariant, account_id, seq, expected, found);

CREATE VIEW public.ledger_earnings AS
 SELECT a.member_id,
    a.point_type,
    e.account_id,
    e.bucket,
    COALESCE(o.occurred_at, e.occurred_at) AS counts_at,
    e.occurred_at AS known_at,
    e.posted_at,
    ((e.amount + e.pending_change) - e.debt_change) AS amount
   FROM ((public.ledger_entries e
     JOIN public.ledger_accounts a ON (((a.account_id = e.account_id) AND (a.bucket = e.bucket))))
     LEFT JOIN public.ledger_entries o ON (((o.account_id = e.account_id) AND (o.bucket = e.bucket) AND (o.seq = e.reverses))))
  WHERE (e.kind = ANY (ARRAY[1, 5, 7, 15]));

CREATE TABLE public.ledger_findings (
    account_id bigint NOT NULL,
    invariant text NOT NULL,
    seq integer NOT NULL,
    expected bigint NOT NULL,
    found bigint NOT NULL,
    found_at timestamp with time zone NOT NULL,
    gone_at timestamp with time zone
);

CREATE TABLE public.ledger_flows (
    bucket smallint NOT NULL,
    point_type text NOT NULL,
    kind smallint NOT NULL,
    entries bigint NOT NULL,
    amount bigint NOT NULL,
    pending bigint NOT NULL,
    debt bigint NOT NULL,
    held bigint NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    rolled boolean DEFAULT false NOT NULL
);

CREATE TABLE public.ledger_freezes (
    account_id bigint NOT NULL,
    number integer NOT NULL,
    bucket smallint NOT NULL,
    frozen_at timestamp with time zone NOT NULL,
    frozen_by text NOT NULL,
    reason text NOT NULL,
    lifted_at timestamp with time zone,
    lifted_by text,
    lifted_because text,
    CONSTRAINT ledger_freezes_check CHECK (((lifted_at IS NULL) = (lifted_by IS NULL))),
    CONSTRAINT ledger_freezes_lifted_because_check CHECK ((lifted_because <> ''::text)),
    CONSTRAINT ledger_freezes_reason_check CHECK ((reason <> ''::text))
);

CREATE TABLE public.ledger_holds (
    account_id bigint NOT NULL,
    seq integer NOT NULL,
    bucket smallint NOT NULL,
    held_until timestamp with time zone NOT NULL,
    remaining bigint NOT NULL,
    captured bigint DEFAULT 0 NOT NULL,
    CONSTRAINT ledger_holds_remaining_check CHECK ((remaining > 0))
);

CREATE TABLE public.ledger_imports (
    import_id bigint NOT NULL,
    file_name text NOT NULL,
    fingerprint text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    rows bigint NOT NULL,
    rows_done bigint DEFAULT 0 NOT NULL,
    report jsonb NOT NULL
);

CREATE TABLE public.ledger_joins (
    account_id bigint NOT NULL,
    number integer NOT NULL,
    bucket smallint NOT NULL,
    target bigint NOT NULL,
    reference text NOT NULL,
    reason text,
    available bigint NOT NULL,
    pending bigint NOT NULL,
    held bigint NOT NULL,
    debt bigint NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone,
    left_by text,
    own_seq integer DEFAULT 0 NOT NULL,
    home bigint,
    home_seq integer DEFAULT 0 NOT NULL,
    left_own_seq integer DEFAULT 0 NOT NULL,
    left_home bigint,
    left_home_seq integer DEFAULT 0 NOT NULL,
    CONSTRAINT ledger_joins_check CHECK (((left_at IS NULL) = (left_by IS NULL)))
);

CREATE VIEW public.ledger_journal AS
 SELECT e.account_id,
    e.seq,
    e.bucket,
    e.kind,
    e.amount,
    e.pending_change,
    e.debt_change,
    e.available,
    e.occurred_at,
    e.posted_at,
    e.idem,
    e.expires_at,
    e.held_change,
    e.reverses,
    e.reference,
    e.reason,
    e.alloc,
    e.hash,
    true AS worded
   FROM public.ledger_entries e
UNION ALL
 SELECT a.account_id,
    a.seq,
    a.bucket,
    a.kind,
    a.amount,
    a.pending_change,
    a.debt_change,
    a.available,
    a.occurred_at,
    a.posted_at,
    a.idem,
    a.expires_at,
    a.held_change,
    a.reverses,
    a.reference,
    a.reason,
    a.alloc,
    a.hash,
    a.worded
   FROM public.ledger_archived_lines a;

CREATE TABLE public.ledger_lots (
    account_id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    bucket smallint NOT NULL,
    remaining bigint NOT NULL,
    CONSTRAINT ledger_lots_remaining_check CHECK ((remaining > 0))
)
WITH (fillfactor='80');

CREATE TABLE public.ledger_passes (
    pass_id integer NOT NULL,
    began_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    upto bigint DEFAULT '-1'::integer NOT NULL,
    accounts bigint DEFAULT 0 NOT NULL,
    entries bigint DEFAULT 0 NOT NULL,
    discrepancies bigint DEFAULT 0 NOT NULL,
    root bytea DEFAULT '\x'::bytea NOT NULL,
    pieces integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.ledger_pending_lots (
    account_id bigint NOT NULL,
    seq integer NOT NULL,
    bucket smallint NOT NULL,
    matures_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    amount bigint NOT NULL,
    lapses boolean DEFAULT false NOT NULL,
    awaits text,
    CONSTRAINT ledger_pending_lots_amount_check CHECK ((amount > 0))
);

CREATE TABLE public.ledger_point_types (
    point_type text NOT NULL,
    role text NOT NULL,
    decimals smallint DEFAULT 0 NOT NULL,
    defined_at timestamp with time zone NOT NULL,
    name_en text,
    name_zh text,
    CONSTRAINT ledger_point_types_decimals_check CHECK (((decimals >= 0) AND (decimals <= 6))),
    CONSTRAINT ledger_point_types_name_en_check CHECK ((name_en <> ''::text)),
    CONSTRAINT ledger_point_types_name_zh_check CHECK ((name_zh <> ''::text)),
    CONSTRAINT ledger_point_types_point_type_check CHECK ((point_type ~ '^[a-z][a-z0-9_]{0,31}$'::text)),
    CONSTRAINT ledger_point_types_role_check CHECK ((role = ANY (ARRAY['redeemable'::text, 'qualifying'::text, 'unit'::text])))
);

CREATE TABLE public.ledger_point_values (
    point_type text NOT NULL,
    effective_from date NOT NULL,
    currency text NOT NULL,
    minor_per_million bigint NOT NULL,
    basis text NOT NULL,
    method text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    set_by text NOT NULL,
    CONSTRAINT ledger_point_values_basis_check CHECK ((basis = ANY (ARRAY['redemption'::text, 'by_hand'::text]))),
    CONSTRAINT ledger_point_values_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ledger_point_values_method_check CHECK ((method = ANY (ARRAY['chain_ladder'::text, 'beta_geometric'::text, 'no_breakage'::text]))),
    CONSTRAINT ledger_point_values_minor_per_million_check CHECK ((minor_per_million > 0))
);

CREATE TABLE public.ledger_promises (
    account_id bigint NOT NULL,
    seq integer NOT NULL,
    bucket smallint NOT NULL,
    matures_at timestamp with time zone NOT NULL,
    lapses boolean NOT NULL,
    awaits text
);

CREATE VIEW public.ledger_spendings AS
 SELECT a.member_id,
    a.point_type,
    e.occurred_at,
    (((e.debt_change - e.amount) - e.pending_change) - e.held_change) AS points
   FROM (public.ledger_entries e
     JOIN public.ledger_accounts a ON (((a.account_id = e.account_id) AND (a.bucket = e.bucket))))
  WHERE (e.kind = ANY (ARRAY[2, 6, 9]));

CREATE TABLE public.ledger_transfers (
    transfer_id bigint NOT NULL,
    sender bigint NOT NULL,
    receiver bigint NOT NULL,
    point_type text NOT NULL,
    amount bigint NOT NULL,
    lots bigint[] NOT NULL,
    reference text NOT NULL,
    reason text,
    sent_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    returned boolean DEFAULT false NOT NULL,
    CONSTRAINT ledger_transfers_amount_check CHECK ((amount > 0))
);

CREATE TABLE public.members (
    member_id bigint NOT NULL,
    issuer text NOT NULL,
    external_id text NOT NULL,
    name text,
    email text,
    phone text,
    locale text,
    country text,
    joined_at timestamp with time zone NOT NULL,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, ((((((((external_id || ' '::text) || COALESCE(name, ''::text)) || ' '::text) || COALESCE(phone, ''::text)) || ' '::text) || COALESCE(email, ''::text)) || ' '::text) || translate(COALESCE(email, ''::text), '@.'::text, '  '::text)))) STORED,
    CONSTRAINT members_attributes_check CHECK ((jsonb_typeof(attributes) = 'object'::text)),
    CONSTRAINT members_email_check CHECK ((email = lower(email))),
    CONSTRAINT members_external_id_check CHECK ((external_id <> ''::text)),
    CONSTRAINT members_phone_check CHECK ((phone ~ '^\+?[0-9]{5,15}$'::text))
);

CREATE TABLE public.members_households (
    household_id bigint NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    dissolved_at timestamp with time zone,
    CONSTRAINT members_households_name_check CHECK ((name <> ''::text))
);

CREATE TABLE public.members_identities (
    issuer text NOT NULL,
    value text NOT NULL,
    member_id bigint NOT NULL,
    CONSTRAINT members_identities_issuer_check CHECK ((issuer ~ '^[a-z0-9_-]{1,64}$'::text)),
    CONSTRAINT members_identities_value_check CHECK ((value <> ''::text))
);

CREATE TABLE public.members_memberships (
    household_id bigint NOT NULL,
    member_id bigint NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone,
    CONSTRAINT members_memberships_check CHECK ((left_at >= joined_at))
);

CREATE TABLE public.programme_activities (
    member_id bigint NOT NULL,
    last_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE public.programme_award_parts (
    order_id bigint NOT NULL,
    point_type text NOT NULL,
    rule text NOT NULL,
    points bigint NOT NULL,
    steps bigint[] NOT NULL,
    reversed bigint DEFAULT 0 NOT NULL,
    CONSTRAINT programme_award_parts_check CHECK (((reversed >= 0) AND (reversed <= points))),
    CONSTRAINT programme_award_parts_points_check CHECK ((points >= 0))
);

CREATE TABLE public.programme_awards (
    order_id bigint NOT NULL,
    member_id bigint NOT NULL,
    version_id integer NOT NULL,
    points bigint NOT NULL,
    steps bigint[] NOT NULL,
    spend_minor bigint NOT NULL,
    reversed bigint DEFAULT 0 NOT NULL,
    spend_taken bigint DEFAULT 0 NOT NULL,
    awarded_at timestamp with time zone NOT NULL,
    inputs jsonb,
    CONSTRAINT programme_awards_check CHECK (((reversed >= 0) AND (reversed <= points))),
    CONSTRAINT programme_awards_points_check CHECK ((points >= 0))
);

CREATE VIEW public.programme_awarded AS
 SELECT a.order_id,
    a.awarded_at,
    'points'::text AS point_type,
    a.points
   FROM public.programme_awards a
  WHERE (a.points > 0)
UNION ALL
 SELECT p.order_id,
    a.awarded_at,
    p.point_type,
    p.points
   FROM (public.programme_award_parts p
     JOIN public.programme_awards a USING (order_id))
  WHERE (p.points > 0);

CREATE TABLE public.programme_benefit_uses (
    member_id bigint NOT NULL,
    reference text NOT NULL,
    set_code text NOT NULL,
    benefit text NOT NULL,
    cycle_begins timestamp with time zone NOT NULL,
    used_at timestamp with time zone NOT NULL,
    CONSTRAINT programme_benefit_uses_reference_check CHECK ((reference <> ''::text))
);

CREATE TABLE public.programme_budget_uses (
    reference text NOT NULL,
    budget text NOT NULL,
    period text NOT NULL,
    taken bigint NOT NULL,
    first bigint NOT NULL,
    used_at timestamp with time zone NOT NULL,
    CONSTRAINT programme_budget_uses_taken_check CHECK ((taken >= 0))
);

CREATE TABLE public.programme_budgets (
    budget text NOT NULL,
    period text NOT NULL,
    taken bigint DEFAULT 0 NOT NULL,
    alerted smallint DEFAULT 0 NOT NULL,
    CONSTRAINT programme_budgets_taken_check CHECK ((taken >= 0))
);

CREATE TABLE public.programme_campaign_gifts (
    order_id bigint NOT NULL,
    rule text NOT NULL,
    campaign text NOT NULL,
    member_id bigint NOT NULL,
    version_id integer NOT NULL,
    point_type text NOT NULL,
    first bigint NOT NULL,
    points bigint NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    awarded_at timestamp with time zone NOT NULL,
    undo_id bigint,
    undone bigint DEFAULT 0 NOT NULL,
    CONSTRAINT programme_campaign_gifts_points_check CHECK ((points >= 0))
);

CREATE TABLE public.programme_campaign_undos (
    undo_id bigint NOT NULL,
    campaign text NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    reason text NOT NULL,
    points bigint NOT NULL,
    members bigint NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    proposed_by text NOT NULL,
    decided_at timestamp with time zone,
    decided_by text,
    decision text,
    orders_done bigint DEFAULT 0 NOT NULL,
    points_done bigint DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT programme_campaign_undos_check CHECK ((until > since)),
    CONSTRAINT programme_campaign_undos_check1 CHECK ((((decided_at IS NULL) = (decided_by IS NULL)) AND ((decided_at IS NULL) = (decision IS NULL)))),
    CONSTRAINT programme_campaign_undos_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT programme_campaign_undos_reason_check CHECK ((reason <> ''::text))
);

CREATE TABLE public.programme_code_guesses (
    guesser text NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL
);

CREATE TABLE public.programme_counted (
    member_id bigint NOT NULL
);

CREATE TABLE public.programme_coupon_batches (
    batch_id bigint NOT NULL,
    pool_id bigint NOT NULL,
    source text NOT NULL,
    added bigint NOT NULL,
    known bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    at timestamp with time zone NOT NULL,
    by text NOT NULL
);

CREATE TABLE public.programme_coupon_claims (
    claim_id bigint NOT NULL,
    pool_id bigint NOT NULL,
    key text NOT NULL,
    member_id bigint NOT NULL,
    reference text NOT NULL,
    shared boolean NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    revoked_at timestamp with time zone
);

CREATE TABLE public.programme_coupon_pools (
    pool_id bigint NOT NULL,
    code text NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    shared boolean NOT NULL,
    terms jsonb NOT NULL,
    low_water bigint DEFAULT 0 NOT NULL,
    low_since timestamp with time zone,
    uses bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT programme_coupon_pools_code_check CHECK ((code ~ '^[a-z][a-z0-9_]{0,31}$'::text)),
    CONSTRAINT programme_coupon_pools_low_water_check CHECK ((low_water >= 0)),
    CONSTRAINT programme_coupon_pools_uses_check CHECK ((uses >= 0))
);

CREATE TABLE public.programme_coupon_uses (
    use_id bigint NOT NULL,
    key text NOT NULL,
    pool_id bigint NOT NULL,
    member_id bigint,
    checkout text NOT NULL,
    state text NOT NULL,
    reserved_at timestamp with time zone NOT NULL,
    reserved_until timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    discount_minor bigint NOT NULL,
    currency text NOT NULL,
    sku text,
    free_shipping boolean DEFAULT false NOT NULL,
    stack_group text,
    exclusive boolean DEFAULT false NOT NULL,
    CONSTRAINT programme_coupon_uses_discount_minor_check CHECK ((discount_minor >= 0)),
    CONSTRAINT programme_coupon_uses_state_check CHECK ((state = ANY (ARRAY['reserved'::text, 'redeemed'::text, 'released'::text, 'refunded'::text])))
);

CREATE TABLE public.programme_coupons (
    key text NOT NULL,
    pool_id bigint NOT NULL,
    code text NOT NULL,
    claim_id bigint,
    uses bigint DEFAULT 0 NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT programme_coupons_uses_check CHECK ((uses >= 0))
)
WITH (fillfactor='90');

CREATE TABLE public.programme_standings (
    member_id bigint NOT NULL,
    tier text NOT NULL,
    since timestamp with time zone NOT NULL,
    qualifying_minor bigint NOT NULL,
    reviewed_at timestamp with time zone NOT NULL,
    review_at timestamp with time zone NOT NULL,
    set_code text NOT NULL,
    place smallint NOT NULL,
    earned text NOT NULL,
    earned_since timestamp with time zone NOT NULL,
    cycle_begins timestamp with time zone NOT NULL,
    cycle_ends timestamp with time zone NOT NULL,
    zone text NOT NULL,
    base text NOT NULL,
    drop_at timestamp with time zone,
    fell_at timestamp with time zone,
    warned_at timestamp with time zone
);

CREATE VIEW public.programme_current_tiers AS
 SELECT member_id,
    tier
   FROM public.programme_standings
  WHERE (place = 0);

CREATE TABLE public.programme_draft_revisions (
    draft_id bigint NOT NULL,
    revision integer NOT NULL,
    text text NOT NULL,
    document jsonb,
    note text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    written_by text NOT NULL
);

CREATE TABLE public.programme_drafts (
    draft_id bigint NOT NULL,
    revision integer NOT NULL,
    base_version integer NOT NULL,
    drafted_at timestamp with time zone NOT NULL,
    submitted_at timestamp with time zone,
    submitted_by text,
    decided_at timestamp with time zone,
    decided_by text,
    decision text,
    because text,
    published_at timestamp with time zone,
    published_by text,
    version_id integer,
    CONSTRAINT programme_drafts_check CHECK (((decided_at IS NULL) = (decision IS NULL))),
    CONSTRAINT programme_drafts_check1 CHECK (((published_at IS NULL) = (version_id IS NULL))),
    CONSTRAINT programme_drafts_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT programme_drafts_revision_check CHECK ((revision > 0))
);

CREATE TABLE public.programme_events (
    event_id bigint NOT NULL,
    code text NOT NULL,
    external_id text NOT NULL,
    member_id bigint NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    version_id integer NOT NULL,
    data jsonb NOT NULL,
    given jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT programme_events_external_id_check CHECK ((external_id <> ''::text))
);

CREATE TABLE public.programme_gift_card_entries (
    card_id bigint NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    held_change bigint DEFAULT 0 NOT NULL,
    balance bigint NOT NULL,
    held bigint NOT NULL,
    reference text NOT NULL,
    follows text,
    reason text,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    CONSTRAINT programme_gift_card_entries_kind_check CHECK ((kind = ANY (ARRAY['issue'::text, 'top_up'::text, 'hold'::text, 'capture'::text, 'release'::text, 'refund'::text, 'expire'::text, 'block'::text, 'unblock'::text])))
);

CREATE TABLE public.programme_gift_card_holds (
    card_id bigint NOT NULL,
    reference text NOT NULL,
    remaining bigint NOT NULL,
    held_until timestamp with time zone NOT NULL,
    CONSTRAINT programme_gift_card_holds_remaining_check CHECK ((remaining > 0))
);

CREATE TABLE public.programme_gift_card_keys (
    single boolean DEFAULT true NOT NULL,
    secret bytea NOT NULL,
    CONSTRAINT programme_gift_card_keys_single_check CHECK (single)
);

CREATE TABLE public.programme_gift_cards (
    card_id bigint NOT NULL,
    hash bytea NOT NULL,
    last_four text NOT NULL,
    currency text NOT NULL,
    balance bigint DEFAULT 0 NOT NULL,
    held bigint DEFAULT 0 NOT NULL,
    seq integer DEFAULT 0 NOT NULL,
    member_id bigint,
    reference text NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    issued_by text NOT NULL,
    expires_at timestamp with time zone DEFAULT '9999-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    blocked_at timestamp with time zone,
    CONSTRAINT programme_gift_cards_balance_check CHECK ((balance >= 0)),
    CONSTRAINT programme_gift_cards_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT programme_gift_cards_held_check CHECK ((held >= 0))
);

CREATE TABLE public.programme_goals (
    member_id bigint NOT NULL,
    rule text NOT NULL,
    begins_on date NOT NULL,
    takes bigint NOT NULL,
    reached_at timestamp with time zone NOT NULL,
    version_id integer NOT NULL,
    source_id bigint NOT NULL,
    points bigint NOT NULL,
    point_type text NOT NULL,
    round integer DEFAULT 1 NOT NULL,
    given_at timestamp with time zone NOT NULL,
    undone_at timestamp with time zone,
    CONSTRAINT programme_goals_points_check CHECK ((points >= 0))
);

CREATE TABLE public.programme_identity_edges (
    kind text NOT NULL,
    hash bytea NOT NULL,
    owner_id bigint NOT NULL,
    guest boolean NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    times integer NOT NULL,
    CONSTRAINT programme_identity_edges_kind_check CHECK ((kind = ANY (ARRAY['email'::text, 'phone'::text, 'device'::text, 'payment'::text, 'address'::text, 'network'::text])))
);

CREATE TABLE public.programme_identity_forgotten (
    member_id bigint NOT NULL,
    forgotten_at timestamp with time zone NOT NULL
);

CREATE TABLE public.programme_identity_progress (
    one boolean DEFAULT true NOT NULL,
    key_mark bytea NOT NULL,
    upto bigint NOT NULL,
    CONSTRAINT programme_identity_progress_one_check CHECK (one)
);

CREATE TABLE public.programme_occasion_progress (
    kind text NOT NULL,
    upto bigint NOT NULL,
    done boolean NOT NULL
);

CREATE TABLE public.programme_occasions (
    member_id bigint NOT NULL,
    kind text NOT NULL,
    origin_year smallint NOT NULL,
    origin_month smallint NOT NULL,
    origin_day smallint NOT NULL,
    due_on date,
    last_on date,
    CONSTRAINT programme_occasions_kind_check CHECK ((kind = ANY (ARRAY['birthday'::text, 'joined_anniversary'::text, 'first_order_anniversary'::text])))
);

CREATE TABLE public.programme_qualifying (
    member_id bigint NOT NULL,
    counts_at timestamp with time zone NOT NULL,
    known_at timestamp with time zone NOT NULL,
    reference text NOT NULL,
    amount_minor bigint NOT NULL,
    posted_at timestamp with time zone NOT NULL
);

CREATE TABLE public.programme_redemptions (
    redemption_id bigint NOT NULL,
    member_id bigint NOT NULL,
    reward text NOT NULL,
    kind text NOT NULL,
    reference text NOT NULL,
    terms jsonb NOT NULL,
    state text NOT NULL,
    fulfilment text,
    point_type text NOT NULL,
    points bigint NOT NULL,
    value_minor bigint NOT NULL,
    currency text NOT NULL,
    good_until timestamp with time zone,
    captures bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    captured_minor bigint DEFAULT 0 NOT NULL,
    refunds integer DEFAULT 0 NOT NULL,
    refunded bigint DEFAULT 0 NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    returned_minor bigint DEFAULT 0 NOT NULL,
    key text,
    card_id bigint,
    note text,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    cause text,
    reason text,
    undone_at timestamp with time zone,
    CONSTRAINT programme_redemptions_cause_check CHECK ((cause = ANY (ARRAY['tier'::text, 'referral'::text, 'staff'::text]))),
    CONSTRAINT programme_redemptions_check CHECK (((refunded_minor <= captured_minor) AND (captured_minor <= value_minor))),
    CONSTRAINT programme_redemptions_fulfilment_check CHECK ((fulfilment = ANY (ARRAY['requested'::text, 'packed'::text, 'sent'::text, 'delivered'::text]))),
    CONSTRAINT programme_redemptions_points_check CHECK ((points >= 0)),
    CONSTRAINT programme_redemptions_state_check CHECK ((state = ANY (ARRAY['quoted'::text, 'held'::text, 'captured'::text, 'fulfilled'::text, 'released'::text, 'lapsed'::text, 'cancelled'::text, 'refunded'::text]))),
    CONSTRAINT programme_redemptions_value_minor_check CHECK ((value_minor >= 0))
);

CREATE VIEW public.programme_redeemed AS
 SELECT point_type,
    currency,
    changed_at,
    (captures[cardinality(captures)] - refunded) AS points,
    (captured_minor - refunded_minor) AS value_minor
   FROM public.programme_redemptions r
  WHERE ((state = ANY (ARRAY['captured'::text, 'fulfilled'::text])) AND (cardinality(captures) > 0));

CREATE TABLE public.programme_referral_codes (
    code text NOT NULL,
    member_id bigint NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by text,
    revoked_because text,
    CONSTRAINT programme_referral_codes_check CHECK (((revoked_at IS NULL) = (revoked_by IS NULL))),
    CONSTRAINT programme_referral_codes_code_check CHECK ((code ~ '^[2-9A-HJKMNP-TV-Z]{8}$'::text))
);

CREATE TABLE public.programme_referral_gifts (
    referral_id bigint NOT NULL,
    side text NOT NULL,
    cause text NOT NULL,
    member_id bigint NOT NULL,
    order_id bigint,
    points bigint NOT NULL,
    point_type text NOT NULL,
    reward text,
    round integer DEFAULT 1 NOT NULL,
    reference text NOT NULL,
    held boolean NOT NULL,
    voided boolean DEFAULT false NOT NULL,
    returned bigint DEFAULT 0 NOT NULL,
    back boolean DEFAULT false NOT NULL,
    given_at timestamp with time zone NOT NULL,
    window_ends_at timestamp with time zone NOT NULL,
    review_until timestamp with time zone,
    handed_at timestamp with time zone,
    CONSTRAINT programme_referral_gifts_check CHECK (((returned >= 0) AND (returned <= points))),
    CONSTRAINT programme_referral_gifts_points_check CHECK ((points >= 0)),
    CONSTRAINT programme_referral_gifts_side_check CHECK ((side = ANY (ARRAY['advocate'::text, 'friend'::text, 'milestone'::text])))
);

CREATE TABLE public.programme_referral_reviews (
    referral_id bigint NOT NULL,
    number integer NOT NULL,
    decision text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    by text NOT NULL,
    because text NOT NULL,
    CONSTRAINT programme_referral_reviews_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'refused'::text, 'lapsed'::text])))
);

CREATE TABLE public.programme_referral_touches (
    touch_id bigint NOT NULL,
    code text NOT NULL,
    advocate_id bigint NOT NULL,
    kind text NOT NULL,
    source text,
    friend_id bigint,
    device bytea,
    email bytea,
    address bytea,
    touched_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT programme_referral_touches_kind_check CHECK ((kind = ANY (ARRAY['link_opened'::text, 'code_typed'::text, 'app_installed'::text])))
);

CREATE TABLE public.programme_referrals (
    referral_id bigint NOT NULL,
    friend_id bigint NOT NULL,
    advocate_id bigint NOT NULL,
    touch_id bigint NOT NULL,
    code text NOT NULL,
    version_id integer NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    attributed_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    refusal text,
    evidence jsonb NOT NULL,
    score integer,
    parts jsonb DEFAULT '[]'::jsonb NOT NULL,
    scored_at timestamp with time zone,
    completed_at timestamp with time zone,
    cleared boolean DEFAULT false NOT NULL,
    undone_at timestamp with time zone,
    CONSTRAINT programme_referrals_check CHECK (((state = 'refused'::text) = (refusal IS NOT NULL))),
    CONSTRAINT programme_referrals_state_check CHECK ((state = ANY (ARRAY['joined'::text, 'held'::text, 'rewarded'::text, 'refused'::text])))
);

CREATE TABLE public.programme_releases (
    version_id integer NOT NULL,
    draft_id bigint,
    restores integer,
    note text NOT NULL,
    CONSTRAINT programme_releases_check CHECK (((draft_id IS NULL) <> (restores IS NULL)))
);

CREATE TABLE public.programme_reward_stock (
    reward text NOT NULL,
    stock bigint,
    taken bigint DEFAULT 0 NOT NULL,
    CONSTRAINT programme_reward_stock_stock_check CHECK ((stock >= 0)),
    CONSTRAINT programme_reward_stock_taken_check CHECK ((taken >= 0))
);

CREATE TABLE public.programme_reward_stock_changes (
    change_id bigint NOT NULL,
    reward text NOT NULL,
    amount bigint NOT NULL,
    stock bigint NOT NULL,
    reason text NOT NULL,
    redemption_id bigint,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    CONSTRAINT programme_reward_stock_changes_amount_check CHECK ((amount <> 0))
);

CREATE TABLE public.programme_rewards_owed (
    member_id bigint NOT NULL,
    reference text NOT NULL,
    reward text NOT NULL,
    cause text NOT NULL,
    reason text NOT NULL,
    why text NOT NULL,
    since timestamp with time zone NOT NULL,
    try_at timestamp with time zone NOT NULL
);

CREATE TABLE public.programme_salon_signups (
    signup_id bigint NOT NULL,
    salon_id bigint NOT NULL,
    member_id bigint NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    key text NOT NULL,
    paid bigint DEFAULT 0 NOT NULL,
    rewarded bigint DEFAULT 0 NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    booked_at timestamp with time zone,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT programme_salon_signups_state_check CHECK ((state = ANY (ARRAY['booked'::text, 'waiting'::text, 'cancelled'::text, 'attended'::text])))
);

CREATE TABLE public.programme_salons (
    salon_id bigint NOT NULL,
    code text NOT NULL,
    name_en text NOT NULL,
    name_zh text NOT NULL,
    place text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    cancel_until timestamp with time zone NOT NULL,
    capacity integer NOT NULL,
    taken integer DEFAULT 0 NOT NULL,
    waiting_most integer NOT NULL,
    price bigint DEFAULT 0 NOT NULL,
    reward bigint DEFAULT 0 NOT NULL,
    point_type text NOT NULL,
    tiers text[] NOT NULL,
    campaign text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    called_off_at timestamp with time zone,
    called_off_for text,
    CONSTRAINT programme_salons_capacity_check CHECK ((capacity > 0)),
    CONSTRAINT programme_salons_check CHECK ((ends_at > starts_at)),
    CONSTRAINT programme_salons_check1 CHECK (((taken >= 0) AND (taken <= capacity))),
    CONSTRAINT programme_salons_code_check CHECK ((code ~ '^[a-z][a-z0-9_]{0,31}$'::text)),
    CONSTRAINT programme_salons_price_check CHECK ((price >= 0)),
    CONSTRAINT programme_salons_reward_check CHECK ((reward >= 0)),
    CONSTRAINT programme_salons_waiting_most_check CHECK ((waiting_most >= 0))
);

CREATE TABLE public.programme_steps (
    member_id bigint NOT NULL,
    rule text NOT NULL,
    source_id bigint NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    day date NOT NULL,
    amount bigint NOT NULL,
    inputs jsonb NOT NULL,
    CONSTRAINT programme_steps_amount_check CHECK ((amount >= 0))
);

CREATE TABLE public.programme_tier_changes (
    member_id bigint NOT NULL,
    set_code text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    from_tier text NOT NULL,
    tier text NOT NULL,
    upwards boolean NOT NULL,
    posted_at timestamp with time zone NOT NULL
);

CREATE TABLE public.programme_tier_cycles (
    member_id bigint NOT NULL,
    set_code text NOT NULL,
    begins timestamp with time zone NOT NULL,
    ends timestamp with time zone NOT NULL,
    zone text NOT NULL,
    tier text NOT NULL,
    qualifying_minor bigint NOT NULL,
    kept boolean NOT NULL,
    closed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.programme_tier_gifts (
    member_id bigint NOT NULL,
    set_code text NOT NULL,
    tier text NOT NULL,
    cycle_begins timestamp with time zone NOT NULL,
    reached_at timestamp with time zone NOT NULL,
    points bigint NOT NULL,
    point_type text NOT NULL,
    reward text,
    given_at timestamp with time zone NOT NULL
);

CREATE TABLE public.programme_tier_grants (
    grant_id bigint NOT NULL,
    member_id bigint NOT NULL,
    set_code text NOT NULL,
    tier text NOT NULL,
    kind text NOT NULL,
    begins_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    reason text NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    proposed_by text NOT NULL,
    decision text,
    decided_at timestamp with time zone,
    decided_by text,
    decided_because text,
    ended_at timestamp with time zone,
    ended_by text,
    ended_because text,
    CONSTRAINT programme_tier_grants_check CHECK ((ends_at > begins_at)),
    CONSTRAINT programme_tier_grants_check1 CHECK ((((decision IS NULL) = (decided_at IS NULL)) AND ((decision IS NULL) = (decided_by IS NULL)))),
    CONSTRAINT programme_tier_grants_check2 CHECK (((ended_at IS NULL) = (ended_by IS NULL))),
    CONSTRAINT programme_tier_grants_decided_because_check CHECK ((decided_because <> ''::text)),
    CONSTRAINT programme_tier_grants_decision_check CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
    CONSTRAINT programme_tier_grants_ended_because_check CHECK ((ended_because <> ''::text)),
    CONSTRAINT programme_tier_grants_kind_check CHECK ((kind = ANY (ARRAY['grant'::text, 'lock'::text, 'membership'::text]))),
    CONSTRAINT programme_tier_grants_reason_check CHECK ((reason <> ''::text))
);

CREATE TABLE public.programme_uses (
    member_id bigint NOT NULL,
    rule text NOT NULL,
    source_id bigint CONSTRAINT programme_uses_order_id_not_null NOT NULL,
    used_at timestamp with time zone NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT programme_uses_points_check CHECK ((points >= 0))
);

CREATE TABLE public.programme_versions (
    version_id integer NOT NULL,
    document jsonb NOT NULL,
    published_at timestamp with time zone NOT NULL,
    published_by text NOT NULL,
    effective_at timestamp with time zone NOT NULL
);

CREATE TABLE public.storage_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.access_answers
    ADD CONSTRAINT access_answers_pkey PRIMARY KEY (caller_id, key);

ALTER TABLE ONLY public.access_attempts
    ADD CONSTRAINT access_attempts_pkey PRIMARY KEY (email_hash);

ALTER TABLE ONLY public.access_keys
    ADD CONSTRAINT access_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY public.access_keys
    ADD CONSTRAINT access_keys_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.access_operators
    ADD CONSTRAINT access_operators_email_key UNIQUE (email);

ALTER TABLE ONLY public.access_operators
    ADD CONSTRAINT access_operators_pkey PRIMARY KEY (operator_id);

ALTER TABLE ONLY public.access_sessions
    ADD CONSTRAINT access_sessions_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.commerce_deliveries
    ADD CONSTRAINT commerce_deliveries_order_id_external_id_key UNIQUE (order_id, external_id);

ALTER TABLE ONLY public.commerce_deliveries
    ADD CONSTRAINT commerce_deliveries_pkey PRIMARY KEY (delivery_id);

ALTER TABLE ONLY public.commerce_early_returns
    ADD CONSTRAINT commerce_early_returns_pkey PRIMARY KEY (return_id);

ALTER TABLE ONLY public.commerce_import_profiles
    ADD CONSTRAINT commerce_import_profiles_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.commerce_imports
    ADD CONSTRAINT commerce_imports_pkey PRIMARY KEY (import_id);

ALTER TABLE ONLY public.commerce_order_lines
    ADD CONSTRAINT commerce_order_lines_pkey PRIMARY KEY (order_id, line_no);

ALTER TABLE ONLY public.commerce_orders
    ADD CONSTRAINT commerce_orders_pkey PRIMARY KEY (order_id);

ALTER TABLE ONLY public.commerce_orders
    ADD CONSTRAINT commerce_orders_shop_id_external_id_key UNIQUE (shop_id, external_id);

ALTER TABLE ONLY public.commerce_products
    ADD CONSTRAINT commerce_products_pkey PRIMARY KEY (product_id);

ALTER TABLE ONLY public.commerce_products
    ADD CONSTRAINT commerce_products_shop_id_sku_key UNIQUE (shop_id, sku);

ALTER TABLE ONLY public.commerce_return_lines
    ADD CONSTRAINT commerce_return_lines_pkey PRIMARY KEY (return_id, line_no, part_no);

ALTER TABLE ONLY public.commerce_returns
    ADD CONSTRAINT commerce_returns_pkey PRIMARY KEY (return_id);

ALTER TABLE ONLY public.commerce_returns
    ADD CONSTRAINT commerce_returns_shop_id_external_id_key UNIQUE (shop_id, external_id);

ALTER TABLE ONLY public.commerce_shops
    ADD CONSTRAINT commerce_shops_code_key UNIQUE (code);

ALTER TABLE ONLY public.commerce_shops
    ADD CONSTRAINT commerce_shops_pkey PRIMARY KEY (shop_id);

ALTER TABLE ONLY public.facts_cursors
    ADD CONSTRAINT facts_cursors_pkey PRIMARY KEY (reader);

ALTER TABLE ONLY public.facts_decisions
    ADD CONSTRAINT facts_decisions_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY public.facts_numbering
    ADD CONSTRAINT facts_numbering_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.facts
    ADD CONSTRAINT facts_pkey PRIMARY KEY (xact, fact_id);

ALTER TABLE ONLY public.facts_webhook_attempts
    ADD CONSTRAINT facts_webhook_attempts_pkey PRIMARY KEY (endpoint_id, delivery_id, attempt);

ALTER TABLE ONLY public.facts_webhook_deliveries
    ADD CONSTRAINT facts_webhook_deliveries_pkey PRIMARY KEY (endpoint_id, delivery_id);

ALTER TABLE ONLY public.facts_webhook_endpoints
    ADD CONSTRAINT facts_webhook_endpoints_pkey PRIMARY KEY (endpoint_id);

ALTER TABLE ONLY public.facts_webhook_hours
    ADD CONSTRAINT facts_webhook_hours_pkey PRIMARY KEY (endpoint_id, hour);

ALTER TABLE ONLY public.facts_webhook_lanes
    ADD CONSTRAINT facts_webhook_lanes_pkey PRIMARY KEY (endpoint_id, lane);

ALTER TABLE ONLY public.facts_webhook_replays
    ADD CONSTRAINT facts_webhook_replays_pkey PRIMARY KEY (replay_id);

ALTER TABLE ONLY public.facts_webhook_secrets
    ADD CONSTRAINT facts_webhook_secrets_pkey PRIMARY KEY (endpoint_id, secret_id);

ALTER TABLE ONLY public.facts_webhook_sequences
    ADD CONSTRAINT facts_webhook_sequences_pkey PRIMARY KEY (endpoint_id, member_id);

ALTER TABLE ONLY public.insight_portraits
    ADD CONSTRAINT insight_portraits_pkey PRIMARY KEY (member_id);

ALTER TABLE ONLY public.insight_refreshes
    ADD CONSTRAINT insight_refreshes_pkey PRIMARY KEY (alone);

ALTER TABLE ONLY public.insight_what_ifs
    ADD CONSTRAINT insight_what_ifs_pkey PRIMARY KEY (what_if_id);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_member_id_point_type_bucket_key UNIQUE (member_id, point_type, bucket);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_pkey PRIMARY KEY (account_id, bucket);

ALTER TABLE ONLY public.ledger_adjustments
    ADD CONSTRAINT ledger_adjustments_pkey PRIMARY KEY (adjustment_id, bucket);

ALTER TABLE ONLY public.ledger_archive
    ADD CONSTRAINT ledger_archive_pkey PRIMARY KEY (account_id, first_seq, bucket);

ALTER TABLE ONLY public.ledger_archive_runs
    ADD CONSTRAINT ledger_archive_runs_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY public.ledger_archive_words
    ADD CONSTRAINT ledger_archive_words_pkey PRIMARY KEY (account_id, first_seq, bucket, year);

ALTER TABLE ONLY public.ledger_archive_years
    ADD CONSTRAINT ledger_archive_years_pkey PRIMARY KEY (year);

ALTER TABLE ONLY public.ledger_book_accounts
    ADD CONSTRAINT ledger_book_accounts_pkey PRIMARY KEY (purpose);

ALTER TABLE ONLY public.ledger_closings
    ADD CONSTRAINT ledger_closings_pkey PRIMARY KEY (point_type, period, closing);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_account_id_idem_bucket_key UNIQUE (account_id, idem, bucket);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_pkey PRIMARY KEY (account_id, seq, bucket);

ALTER TABLE ONLY public.ledger_findings
    ADD CONSTRAINT ledger_findings_pkey PRIMARY KEY (account_id, invariant, seq);

ALTER TABLE ONLY public.ledger_freezes
    ADD CONSTRAINT ledger_freezes_pkey PRIMARY KEY (account_id, number, bucket);

ALTER TABLE ONLY public.ledger_holds
    ADD CONSTRAINT ledger_holds_pkey PRIMARY KEY (account_id, seq, bucket);

ALTER TABLE ONLY public.ledger_imports
    ADD CONSTRAINT ledger_imports_pkey PRIMARY KEY (import_id);

ALTER TABLE ONLY public.ledger_joins
    ADD CONSTRAINT ledger_joins_account_id_reference_bucket_key UNIQUE (account_id, reference, bucket);

ALTER TABLE ONLY public.ledger_joins
    ADD CONSTRAINT ledger_joins_pkey PRIMARY KEY (account_id, number, bucket);

ALTER TABLE ONLY public.ledger_lots
    ADD CONSTRAINT ledger_lots_pkey PRIMARY KEY (account_id, expires_at, bucket);

ALTER TABLE ONLY public.ledger_passes
    ADD CONSTRAINT ledger_passes_pkey PRIMARY KEY (pass_id);

ALTER TABLE ONLY public.ledger_pending_lots
    ADD CONSTRAINT ledger_pending_lots_pkey PRIMARY KEY (account_id, seq, bucket);

ALTER TABLE ONLY public.ledger_point_types
    ADD CONSTRAINT ledger_point_types_pkey PRIMARY KEY (point_type);

ALTER TABLE ONLY public.ledger_point_values
    ADD CONSTRAINT ledger_point_values_pkey PRIMARY KEY (point_type, effective_from);

ALTER TABLE ONLY public.ledger_promises
    ADD CONSTRAINT ledger_promises_pkey PRIMARY KEY (account_id, seq, bucket);

ALTER TABLE ONLY public.ledger_transfers
    ADD CONSTRAINT ledger_transfers_pkey PRIMARY KEY (transfer_id);

ALTER TABLE ONLY public.members_households
    ADD CONSTRAINT members_households_pkey PRIMARY KEY (household_id);

ALTER TABLE ONLY public.members_identities
    ADD CONSTRAINT members_identities_pkey PRIMARY KEY (issuer, value);

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_issuer_external_id_key UNIQUE (issuer, external_id);

ALTER TABLE ONLY public.members_memberships
    ADD CONSTRAINT members_memberships_pkey PRIMARY KEY (member_id, joined_at);

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (member_id);

ALTER TABLE ONLY public.programme_activities
    ADD CONSTRAINT programme_activities_pkey PRIMARY KEY (member_id);

ALTER TABLE ONLY public.programme_award_parts
    ADD CONSTRAINT programme_award_parts_pkey PRIMARY KEY (order_id, point_type, rule);

ALTER TABLE ONLY public.programme_awards
    ADD CONSTRAINT programme_awards_pkey PRIMARY KEY (order_id);

ALTER TABLE ONLY public.programme_benefit_uses
    ADD CONSTRAINT programme_benefit_uses_pkey PRIMARY KEY (member_id, reference);

ALTER TABLE ONLY public.programme_budget_uses
    ADD CONSTRAINT programme_budget_uses_pkey PRIMARY KEY (reference, budget);

ALTER TABLE ONLY public.programme_budgets
    ADD CONSTRAINT programme_budgets_pkey PRIMARY KEY (budget, period);

ALTER TABLE ONLY public.programme_campaign_gifts
    ADD CONSTRAINT programme_campaign_gifts_pkey PRIMARY KEY (order_id, rule);

ALTER TABLE ONLY public.programme_campaign_undos
    ADD CONSTRAINT programme_campaign_undos_pkey PRIMARY KEY (undo_id);

ALTER TABLE ONLY public.programme_code_guesses
    ADD CONSTRAINT programme_code_guesses_pkey PRIMARY KEY (guesser);

ALTER TABLE ONLY public.programme_counted
    ADD CONSTRAINT programme_counted_pkey PRIMARY KEY (member_id);

ALTER TABLE ONLY public.programme_coupon_batches
    ADD CONSTRAINT programme_coupon_batches_pkey PRIMARY KEY (batch_id);

ALTER TABLE ONLY public.programme_coupon_claims
    ADD CONSTRAINT programme_coupon_claims_pkey PRIMARY KEY (claim_id);

ALTER TABLE ONLY public.programme_coupon_claims
    ADD CONSTRAINT programme_coupon_claims_pool_id_member_id_reference_key UNIQUE (pool_id, member_id, reference);

ALTER TABLE ONLY public.programme_coupon_pools
    ADD CONSTRAINT programme_coupon_pools_code_key UNIQUE (code);

ALTER TABLE ONLY public.programme_coupon_pools
    ADD CONSTRAINT programme_coupon_pools_pkey PRIMARY KEY (pool_id);

ALTER TABLE ONLY public.programme_coupon_uses
    ADD CONSTRAINT programme_coupon_uses_pkey PRIMARY KEY (use_id);

ALTER TABLE ONLY public.programme_coupons
    ADD CONSTRAINT programme_coupons_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.programme_draft_revisions
    ADD CONSTRAINT programme_draft_revisions_pkey PRIMARY KEY (draft_id, revision);

ALTER TABLE ONLY public.programme_drafts
    ADD CONSTRAINT programme_drafts_pkey PRIMARY KEY (draft_id);

ALTER TABLE ONLY public.programme_drafts
    ADD CONSTRAINT programme_drafts_version_id_key UNIQUE (version_id);

ALTER TABLE ONLY public.programme_events
    ADD CONSTRAINT programme_events_external_id_key UNIQUE (external_id);

ALTER TABLE ONLY public.programme_events
    ADD CONSTRAINT programme_events_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY public.programme_gift_card_entries
    ADD CONSTRAINT programme_gift_card_entries_card_id_reference_key UNIQUE (card_id, reference);

ALTER TABLE ONLY public.programme_gift_card_entries
    ADD CONSTRAINT programme_gift_card_entries_pkey PRIMARY KEY (card_id, seq);

ALTER TABLE ONLY public.programme_gift_card_holds
    ADD CONSTRAINT programme_gift_card_holds_pkey PRIMARY KEY (card_id, reference);

ALTER TABLE ONLY public.programme_gift_card_keys
    ADD CONSTRAINT programme_gift_card_keys_pkey PRIMARY KEY (single);

ALTER TABLE ONLY public.programme_gift_cards
    ADD CONSTRAINT programme_gift_cards_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.programme_gift_cards
    ADD CONSTRAINT programme_gift_cards_pkey PRIMARY KEY (card_id);

ALTER TABLE ONLY public.programme_gift_cards
    ADD CONSTRAINT programme_gift_cards_reference_key UNIQUE (reference);

ALTER TABLE ONLY public.programme_goals
    ADD CONSTRAINT programme_goals_pkey PRIMARY KEY (member_id, rule, begins_on);

ALTER TABLE ONLY public.programme_identity_edges
    ADD CONSTRAINT programme_identity_edges_pkey PRIMARY KEY (kind, hash, owner_id);

ALTER TABLE ONLY public.programme_identity_forgotten
    ADD CONSTRAINT programme_identity_forgotten_pkey PRIMARY KEY (member_id);

ALTER TABLE ONLY public.programme_identity_progress
    ADD CONSTRAINT programme_identity_progress_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.programme_occasion_progress
    ADD CONSTRAINT programme_occasion_progress_pkey PRIMARY KEY (kind);

ALTER TABLE ONLY public.programme_occasions
    ADD CONSTRAINT programme_occasions_pkey PRIMARY KEY (member_id, kind);

ALTER TABLE ONLY public.programme_qualifying
    ADD CONSTRAINT programme_qualifying_pkey PRIMARY KEY (member_id, counts_at, reference);

ALTER TABLE ONLY public.programme_redemptions
    ADD CONSTRAINT programme_redemptions_member_id_reference_key UNIQUE (member_id, reference);

ALTER TABLE ONLY public.programme_redemptions
    ADD CONSTRAINT programme_redemptions_pkey PRIMARY KEY (redemption_id);

ALTER TABLE ONLY public.programme_referral_codes
    ADD CONSTRAINT programme_referral_codes_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.programme_referral_gifts
    ADD CONSTRAINT programme_referral_gifts_pkey PRIMARY KEY (referral_id, side, cause);

ALTER TABLE ONLY public.programme_referral_reviews
    ADD CONSTRAINT programme_referral_reviews_pkey PRIMARY KEY (referral_id, number);

ALTER TABLE ONLY public.programme_referral_touches
    ADD CONSTRAINT programme_referral_touches_pkey PRIMARY KEY (touch_id);

ALTER TABLE ONLY public.programme_referrals
    ADD CONSTRAINT programme_referrals_friend_id_key UNIQUE (friend_id);

ALTER TABLE ONLY public.programme_referrals
    ADD CONSTRAINT programme_referrals_pkey PRIMARY KEY (referral_id);

ALTER TABLE ONLY public.programme_releases
    ADD CONSTRAINT programme_releases_pkey PRIMARY KEY (version_id);

ALTER TABLE ONLY public.programme_reward_stock_changes
    ADD CONSTRAINT programme_reward_stock_changes_pkey PRIMARY KEY (change_id);

ALTER TABLE ONLY public.programme_reward_stock
    ADD CONSTRAINT programme_reward_stock_pkey PRIMARY KEY (reward);

ALTER TABLE ONLY public.programme_rewards_owed
    ADD CONSTRAINT programme_rewards_owed_pkey PRIMARY KEY (member_id, reference);

ALTER TABLE ONLY public.programme_salon_signups
    ADD CONSTRAINT programme_salon_signups_key_key UNIQUE (key);

ALTER TABLE ONLY public.programme_salon_signups
    ADD CONSTRAINT programme_salon_signups_pkey PRIMARY KEY (signup_id);

ALTER TABLE ONLY public.programme_salon_signups
    ADD CONSTRAINT programme_salon_signups_salon_id_number_key UNIQUE (salon_id, number);

ALTER TABLE ONLY public.programme_salons
    ADD CONSTRAINT programme_salons_code_key UNIQUE (code);

ALTER TABLE ONLY public.programme_salons
    ADD CONSTRAINT programme_salons_pkey PRIMARY KEY (salon_id);

ALTER TABLE ONLY public.programme_standings
    ADD CONSTRAINT programme_standings_pkey PRIMARY KEY (member_id, set_code);

ALTER TABLE ONLY public.programme_steps
    ADD CONSTRAINT programme_steps_pkey PRIMARY KEY (member_id, rule, source_id);

ALTER TABLE ONLY public.programme_tier_cycles
    ADD CONSTRAINT programme_tier_cycles_pkey PRIMARY KEY (member_id, set_code, begins);

ALTER TABLE ONLY public.programme_tier_gifts
    ADD CONSTRAINT programme_tier_gifts_pkey PRIMARY KEY (member_id, set_code, tier, cycle_begins);

ALTER TABLE ONLY public.programme_tier_grants
    ADD CONSTRAINT programme_tier_grants_pkey PRIMARY KEY (grant_id);

ALTER TABLE ONLY public.programme_uses
    ADD CONSTRAINT programme_uses_pkey PRIMARY KEY (member_id, rule, source_id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_pkey PRIMARY KEY (version_id);

ALTER TABLE ONLY public.storage_migrations
    ADD CONSTRAINT storage_migrations_pkey PRIMARY KEY (name);

CREATE INDEX access_answers_by_age ON public.access_answers USING btree (at);

CREATE INDEX access_attempts_by_age ON public.access_attempts USING btree (last_at);

CREATE INDEX access_sessions_by_expiry ON public.access_sessions USING btree (expires_at);

CREATE INDEX access_sessions_by_operator ON public.access_sessions USING btree (operator_id);

CREATE INDEX commerce_early_returns_by_alarm ON public.commerce_early_returns USING btree (alarm_at) WHERE (alarm_at IS NOT NULL);

CREATE INDEX commerce_early_returns_by_order ON public.commerce_early_returns USING btree (order_id);

CREATE INDEX commerce_imports_by_started ON public.commerce_imports USING btree (started_at DESC);

CREATE INDEX commerce_orders_by_member ON public.commerce_orders USING btree (member_id, placed_at) WHERE (member_id IS NOT NULL);

CREATE INDEX commerce_orders_by_placed ON public.commerce_orders USING btree (placed_at, order_id);

CREATE INDEX commerce_return_lines_by_order ON public.commerce_return_lines USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX commerce_returns_by_member ON public.commerce_returns USING btree (member_id, returned_at) WHERE (member_id IS NOT NULL);

CREATE INDEX commerce_returns_by_returned ON public.commerce_returns USING btree (returned_at, return_id);

CREATE INDEX facts_by_member ON public.facts USING btree (member_id, occurred_at DESC, fact_id DESC) WHERE (member_id IS NOT NULL);

CREATE INDEX facts_by_reaction ON public.facts USING btree (name, ((data ->> 'fact_id'::text))) WHERE (name = ANY (ARRAY['reaction.failed'::text, 'reaction.succeeded'::text]));

CREATE INDEX facts_by_time_known ON public.facts USING brin (recorded_at);

CREATE INDEX facts_decisions_by_member ON public.facts_decisions USING btree (member_id, decision_id);

CREATE INDEX facts_decisions_by_subject ON public.facts_decisions USING btree (subject_id);

CREATE INDEX facts_webhook_deliveries_dead ON public.facts_webhook_deliveries USING btree (endpoint_id, delivery_id) WHERE (dead_at IS NOT NULL);

CREATE INDEX facts_webhook_deliveries_done ON public.facts_webhook_deliveries USING btree (COALESCE(delivered_at, dead_at)) WHERE (due_at IS NULL);

CREATE INDEX facts_webhook_deliveries_due ON public.facts_webhook_deliveries USING btree (endpoint_id, lane, due_at, delivery_id) WHERE (due_at IS NOT NULL);

CREATE INDEX facts_webhook_deliveries_failing ON public.facts_webhook_deliveries USING btree (endpoint_id, COALESCE(member_id, (0)::bigint), delivery_id) WHERE ((due_at IS NOT NULL) AND (first_failed_at IS NOT NULL));

CREATE UNIQUE INDEX facts_webhook_deliveries_once ON public.facts_webhook_deliveries USING btree (endpoint_id, fact_id) WHERE (fact_id IS NOT NULL);

CREATE INDEX facts_webhook_replays_by_time ON public.facts_webhook_replays USING btree (created_at DESC, replay_id DESC);

CREATE INDEX facts_webhook_replays_open ON public.facts_webhook_replays USING btree (created_at) WHERE (finished_at IS NULL);

CREATE INDEX insight_portraits_by_cell ON public.insight_portraits USING btree (r, f, m) INCLUDE (spend_minor);

CREATE INDEX insight_portraits_by_cohort ON public.insight_portraits USING btree (cohort, member_id);

CREATE INDEX insight_portraits_by_grade ON public.insight_portraits USING btree (grade, member_id);

CREATE INDEX insight_portraits_by_last_day ON public.insight_portraits USING btree (last_day, member_id);

CREATE INDEX insight_portraits_by_orders ON public.insight_portraits USING btree (orders, member_id);

CREATE INDEX insight_portraits_by_spend ON public.insight_portraits USING btree (spend_minor, member_id);

CREATE INDEX insight_what_ifs_by_draft ON public.insight_what_ifs USING btree (draft_id, asked_at DESC) WHERE (draft_id IS NOT NULL);

CREATE INDEX insight_what_ifs_by_time ON public.insight_what_ifs USING btree (asked_at DESC, what_if_id DESC);

CREATE INDEX insight_what_ifs_open ON public.insight_what_ifs USING btree (asked_at) WHERE ((finished_at IS NULL) AND (cancelled_at IS NULL) AND (failed_at IS NULL));

CREATE INDEX ledger_adjustments_by_member ON public.ledger_adjustments USING btree (member_id, proposed_at, adjustment_id);

CREATE INDEX ledger_adjustments_by_time ON public.ledger_adjustments USING btree (proposed_at, adjustment_id);

CREATE INDEX ledger_adjustments_rejected ON public.ledger_adjustments USING btree (proposed_at, adjustment_id) WHERE (decision = 'rejected'::text);

CREATE INDEX ledger_adjustments_waiting ON public.ledger_adjustments USING btree (proposed_at, adjustment_id) WHERE (decided_at IS NULL);

CREATE INDEX ledger_archive_by_year ON public.ledger_archive USING btree (year, account_id, first_seq);

CREATE INDEX ledger_archive_keys ON public.ledger_archive USING gin (keys, undone) WITH (fastupdate=off);

CREATE UNIQUE INDEX ledger_archive_runs_running ON public.ledger_archive_runs USING btree ((true)) WHERE (finished_at IS NULL);

CREATE UNIQUE INDEX ledger_closings_standing ON public.ledger_closings USING btree (point_type, period) WHERE (reopened_at IS NULL);

CREATE INDEX ledger_entries_posted ON public.ledger_entries USING brin (posted_at);

CREATE INDEX ledger_entries_reversals ON public.ledger_entries USING btree (account_id, reverses) WHERE (reverses IS NOT NULL);

CREATE INDEX ledger_findings_open ON public.ledger_findings USING btree (found_at) WHERE (gone_at IS NULL);

CREATE INDEX ledger_flows_to_roll ON public.ledger_flows USING btree (posted_at) WHERE (NOT rolled);

CREATE INDEX ledger_freezes_open ON public.ledger_freezes USING btree (frozen_at, account_id) WHERE (lifted_at IS NULL);

CREATE INDEX ledger_holds_due ON public.ledger_holds USING btree (held_until);

CREATE INDEX ledger_imports_by_time ON public.ledger_imports USING btree (started_at DESC);

CREATE UNIQUE INDEX ledger_joins_current ON public.ledger_joins USING btree (account_id, bucket) WHERE (left_at IS NULL);

CREATE INDEX ledger_lots_due ON public.ledger_lots USING btree (expires_at, account_id);

CREATE UNIQUE INDEX ledger_passes_running ON public.ledger_passes USING btree ((true)) WHERE (finished_at IS NULL);

CREATE INDEX ledger_pending_lots_awaiting ON public.ledger_pending_lots USING btree (awaits) WHERE (awaits IS NOT NULL);

CREATE INDEX ledger_pending_lots_due ON public.ledger_pending_lots USING btree (matures_at);

CREATE INDEX ledger_transfers_open ON public.ledger_transfers USING btree (sent_at) WHERE (ended_at IS NULL);

CREATE INDEX members_by_external_id ON public.members USING btree (external_id);

CREATE INDEX members_by_joined ON public.members USING btree (joined_at, member_id);

CREATE INDEX members_by_name ON public.members USING btree (name, member_id);

CREATE INDEX members_by_search ON public.members USING gin (search);

CREATE INDEX members_households_by_name ON public.members_households USING btree (name, household_id);

CREATE INDEX members_identities_by_member ON public.members_identities USING btree (member_id);

CREATE INDEX members_memberships_by_household ON public.members_memberships USING btree (household_id, joined_at);

CREATE UNIQUE INDEX members_memberships_current ON public.members_memberships USING btree (member_id) WHERE (left_at IS NULL);

CREATE INDEX programme_awards_by_time ON public.programme_awards USING brin (awarded_at);

CREATE INDEX programme_benefit_uses_by_benefit ON public.programme_benefit_uses USING btree (member_id, set_code, benefit, used_at);

CREATE INDEX programme_budget_uses_by_time ON public.programme_budget_uses USING btree (budget, period, used_at);

CREATE INDEX programme_campaign_gifts_by_time ON public.programme_campaign_gifts USING btree (campaign, awarded_at, order_id, rule);

CREATE INDEX programme_campaign_gifts_of_undo ON public.programme_campaign_gifts USING btree (undo_id) WHERE (undo_id IS NOT NULL);

CREATE INDEX programme_campaign_undos_of ON public.programme_campaign_undos USING btree (campaign, proposed_at DESC);

CREATE INDEX programme_campaign_undos_open ON public.programme_campaign_undos USING btree (undo_id) WHERE ((decision = 'approved'::text) AND (finished_at IS NULL));

CREATE INDEX programme_coupon_batches_of ON public.programme_coupon_batches USING btree (pool_id, at DESC, batch_id DESC);

CREATE INDEX programme_coupon_claims_of ON public.programme_coupon_claims USING btree (member_id, claimed_at DESC, claim_id DESC);

CREATE UNIQUE INDEX programme_coupon_claims_once ON public.programme_coupon_claims USING btree (key) WHERE (NOT shared);

CREATE INDEX programme_coupon_uses_due ON public.programme_coupon_uses USING btree (reserved_until) WHERE (state = 'reserved'::text);

CREATE INDEX programme_coupon_uses_of_key ON public.programme_coupon_uses USING btree (key, reserved_at DESC);

CREATE INDEX programme_coupon_uses_of_member ON public.programme_coupon_uses USING btree (pool_id, member_id) WHERE (state = ANY (ARRAY['reserved'::text, 'redeemed'::text]));

CREATE UNIQUE INDEX programme_coupon_uses_once ON public.programme_coupon_uses USING btree (checkout, key) WHERE (state = ANY (ARRAY['reserved'::text, 'redeemed'::text]));

CREATE INDEX programme_coupons_free ON public.programme_coupons USING btree (pool_id, code) WHERE ((claim_id IS NULL) AND (revoked_at IS NULL));

CREATE INDEX programme_coupons_of_pool ON public.programme_coupons USING btree (pool_id, key);

CREATE INDEX programme_drafts_by_start ON public.programme_drafts USING btree (drafted_at DESC, draft_id DESC) WHERE (published_at IS NULL);

CREATE INDEX programme_drafts_by_time ON public.programme_drafts USING btree (drafted_at DESC, draft_id DESC);

CREATE INDEX programme_events_by_member ON public.programme_events USING btree (member_id, happened_at, event_id);

CREATE INDEX programme_gift_card_entries_at ON public.programme_gift_card_entries USING brin (at);

CREATE INDEX programme_gift_card_holds_due ON public.programme_gift_card_holds USING btree (held_until);

CREATE INDEX programme_gift_cards_ending ON public.programme_gift_cards USING btree (expires_at) WHERE (balance > 0);

CREATE INDEX programme_gift_cards_latest ON public.programme_gift_cards USING btree (issued_at DESC, card_id DESC);

CREATE INDEX programme_gift_cards_of ON public.programme_gift_cards USING btree (member_id, issued_at DESC) WHERE (member_id IS NOT NULL);

CREATE INDEX programme_identity_edges_by_owner ON public.programme_identity_edges USING btree (owner_id);

CREATE INDEX programme_occasions_due ON public.programme_occasions USING btree (due_on, member_id);

CREATE INDEX programme_redemptions_due ON public.programme_redemptions USING btree (good_until) WHERE (state = ANY (ARRAY['quoted'::text, 'held'::text]));

CREATE INDEX programme_redemptions_latest ON public.programme_redemptions USING btree (created_at DESC, redemption_id DESC);

CREATE INDEX programme_redemptions_of ON public.programme_redemptions USING btree (member_id, created_at DESC, redemption_id DESC);

CREATE INDEX programme_redemptions_to_fulfil ON public.programme_redemptions USING btree (changed_at, redemption_id) WHERE ((state = 'captured'::text) AND (fulfilment = ANY (ARRAY['requested'::text, 'packed'::text, 'sent'::text])));

CREATE UNIQUE INDEX programme_referral_codes_live ON public.programme_referral_codes USING btree (member_id) WHERE (revoked_at IS NULL);

CREATE INDEX programme_referral_gifts_by_member ON public.programme_referral_gifts USING btree (member_id, given_at);

CREATE INDEX programme_referral_gifts_by_order ON public.programme_referral_gifts USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX programme_referral_gifts_by_review ON public.programme_referral_gifts USING btree (review_until) WHERE (held AND (NOT voided));

CREATE UNIQUE INDEX programme_referral_gifts_milestones ON public.programme_referral_gifts USING btree (member_id, cause) WHERE (side = 'milestone'::text);

CREATE INDEX programme_referral_gifts_to_hand ON public.programme_referral_gifts USING btree (window_ends_at) WHERE ((reward IS NOT NULL) AND (handed_at IS NULL));

CREATE INDEX programme_referral_touches_by_advocate ON public.programme_referral_touches USING btree (advocate_id, touched_at);

CREATE INDEX programme_referral_touches_by_device ON public.programme_referral_touches USING btree (device) WHERE (device IS NOT NULL);

CREATE INDEX programme_referral_touches_by_email ON public.programme_referral_touches USING btree (email) WHERE (email IS NOT NULL);

CREATE INDEX programme_referral_touches_by_friend ON public.programme_referral_touches USING btree (friend_id) WHERE (friend_id IS NOT NULL);

CREATE INDEX programme_referral_touches_by_time ON public.programme_referral_touches USING btree (touched_at);

CREATE INDEX programme_referrals_by_advocate ON public.programme_referrals USING btree (advocate_id, attributed_at);

CREATE INDEX programme_referrals_by_state ON public.programme_referrals USING btree (state, attributed_at, referral_id);

CREATE INDEX programme_referrals_by_time ON public.programme_referrals USING btree (attributed_at, referral_id);

CREATE INDEX programme_reward_stock_changes_of ON public.programme_reward_stock_changes USING btree (reward, at DESC, change_id DESC);

CREATE INDEX programme_rewards_owed_due ON public.programme_rewards_owed USING btree (try_at);

CREATE INDEX programme_salon_signups_of ON public.programme_salon_signups USING btree (member_id, signed_at DESC);

CREATE UNIQUE INDEX programme_salon_signups_once ON public.programme_salon_signups USING btree (salon_id, member_id) WHERE (state <> 'cancelled'::text);

CREATE INDEX programme_salon_signups_waiting ON public.programme_salon_signups USING btree (salon_id, number) WHERE (state = 'waiting'::text);

CREATE INDEX programme_salons_by_time ON public.programme_salons USING btree (starts_at, salon_id);

CREATE INDEX programme_standings_at_risk ON public.programme_standings USING btree (set_code, COALESCE(drop_at, cycle_ends), member_id) WHERE ((place >= 0) AND ((drop_at IS NOT NULL) OR (warned_at >= cycle_begins)));

CREATE INDEX programme_standings_by_review ON public.programme_standings USING btree (review_at);

CREATE INDEX programme_standings_by_set ON public.programme_standings USING btree (set_code, tier, member_id) WHERE (place >= 0);

CREATE INDEX programme_standings_by_tier ON public.programme_standings USING btree (tier, member_id) WHERE (place = 0);

CREATE INDEX programme_steps_by_day ON public.programme_steps USING btree (member_id, rule, day);

CREATE INDEX programme_tier_changes_by_time ON public.programme_tier_changes USING btree (set_code, changed_at);

CREATE INDEX programme_tier_grants_by_member ON public.programme_tier_grants USING btree (member_id, proposed_at);

CREATE INDEX programme_tier_grants_by_time ON public.programme_tier_grants USING btree (proposed_at, grant_id);

CREATE INDEX programme_tier_grants_waiting ON public.programme_tier_grants USING btree (proposed_at, grant_id) WHERE (decision IS NULL);

ALTER TABLE ONLY public.access_sessions
    ADD CONSTRAINT access_sessions_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.access_operators(operator_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.commerce_deliveries
    ADD CONSTRAINT commerce_deliveries_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.commerce_orders(order_id);

ALTER TABLE ONLY public.commerce_early_returns
    ADD CONSTRAINT commerce_early_returns_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES public.commerce_shops(shop_id);

ALTER TABLE ONLY public.commerce_imports
    ADD CONSTRAINT commerce_imports_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES public.commerce_shops(shop_id);

ALTER TABLE ONLY public.commerce_products
    ADD CONSTRAINT commerce_products_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES public.commerce_shops(shop_id);

ALTER TABLE ONLY public.members_identities
    ADD CONSTRAINT members_identities_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.members(member_id);

ALTER TABLE ONLY public.members_memberships
    ADD CONSTRAINT members_memberships_household_id_fkey FOREIGN KEY (household_id) REFERENCES public.members_households(household_id);

ALTER TABLE ONLY public.members_memberships
    ADD CONSTRAINT members_memberships_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.members(member_id);

ALTER TABLE ONLY public.programme_draft_revisions
    ADD CONSTRAINT programme_draft_revisions_draft_id_fkey FOREIGN KEY (draft_id) REFERENCES public.programme_drafts(draft_id);

ALTER TABLE ONLY public.programme_referral_gifts
    ADD CONSTRAINT programme_referral_gifts_referral_id_fkey FOREIGN KEY (referral_id) REFERENCES public.programme_referrals(referral_id);

ALTER TABLE ONLY public.programme_referral_reviews
    ADD CONSTRAINT programme_referral_reviews_referral_id_fkey FOREIGN KEY (referral_id) REFERENCES public.programme_referrals(referral_id);
