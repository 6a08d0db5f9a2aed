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

CREATE FUNCTION public.ledger_idem(reference text) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (encode(SUBSTRING(sha256(convert_to(reference, 'UTF8'::name)) FROM 1 FOR 16), 'hex'::text))::uuid;

CREATE FUNCTION public.ledger_instant(micros bigint) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ('1970-01-01 00:00:00+00'::timestamp with time zone + ((((micros / 1000000))::double precision * '00:00:01'::interval) + (((micros % (1000000)::bigint))::double precision * '00:00:00.000001'::interval)));

CREATE FUNCTION public.ledger_micros(instant timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((EXTRACT(epoch FROM instant) * (1000000)::numeric))::bigint;

CREATE FUNCTION public.ledger_post(accounts bigint[], members bigint[], types text[], ids bigint[], kinds smallint[], amounts bigint[], idems uuid[], refs text[], occurred bigint[], expires bigint[], matures bigint[], undoes uuid[], earlier integer[], targets integer[], siblings integer[], asof timestamp with time zone) RETURNS TABLE(outcome smallint, kind smallint, amount bigint, pending_change bigint, debt_change bigint, available bigint, seq integer, account_id bigint, reference text, occurred_at timestamp with time zone)
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

CREATE FUNCTION public.ledger_settle(ids bigint[], asof timestamp with time zone) RETURNS TABLE(account_id bigint, member_id bigint, point_type text, seq integer, kind smallint, amount bigint, pending_change bigint, debt_change bigint, available bigint, reference text, occurred_at timestamp with time zone)
    LANGUAGE plpgsql
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

CREATE FUNCTION public.ledger_settle_due(asof timestamp with time zone, most integer) RETURNS TABLE(account_id bigint, member_id bigint, point_type text, seq integer, kind smallint, amount bigint, pending_change bigint, debt_change bigint, available bigint, reference text, occurred_at timestamp with time zone)
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
    if ids is not null then return query select * from ledger_settle(ids, asof); end if;
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

CREATE VIEW public.commerce_cancellations AS
 SELECT order_id,
    member_id,
    placed_at,
    cancelled_at
   FROM public.commerce_orders o
  WHERE (cancelled_at IS NOT NULL);

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

CREATE TABLE public.commerce_order_lines (
    order_id bigint NOT NULL,
    line_no integer NOT NULL,
    quantity integer NOT NULL,
    product_id bigint NOT NULL,
    unit_minor bigint NOT NULL,
    amount_minor bigint NOT NULL,
    returned integer DEFAULT 0 NOT NULL,
    goods boolean NOT NULL,
    CONSTRAINT commerce_order_lines_check CHECK (((returned >= 0) AND (returned <= quantity))),
    CONSTRAINT commerce_order_lines_line_no_check CHECK ((line_no > 0)),
    CONSTRAINT commerce_order_lines_quantity_check CHECK ((quantity > 0))
)
WITH (fillfactor='95');

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
 SELECT r.return_id,
    r.returned_at,
    o.order_id,
    o.member_id,
    o.placed_at,
    l.line_no,
    l.amount_minor,
    l.quantity AS of_quantity,
    p.before,
    p.quantity
   FROM (((public.commerce_return_lines p
     JOIN public.commerce_returns r USING (return_id))
     JOIN public.commerce_orders o ON ((o.order_id = p.order_id)))
     JOIN public.commerce_order_lines l ON (((l.order_id = p.order_id) AND (l.line_no = p.order_line_no))))
  WHERE l.goods;

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

ALTER TABLE public.facts ALTER COLUMN fact_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.facts_fact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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

CREATE TABLE public.ledger_accounts (
    account_id bigint NOT NULL,
    bucket smallint NOT NULL,
    seq integer DEFAULT 0 NOT NULL,
    member_id bigint NOT NULL,
    available bigint DEFAULT 0 NOT NULL,
    pending bigint DEFAULT 0 NOT NULL,
    debt bigint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT '9999-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    point_type text NOT NULL,
    CONSTRAINT ledger_accounts_available_check CHECK ((available >= 0)),
    CONSTRAINT ledger_accounts_check CHECK ((bucket = (account_id % (256)::bigint))),
    CONSTRAINT ledger_accounts_check1 CHECK (((debt = 0) OR (available = 0))),
    CONSTRAINT ledger_accounts_debt_check CHECK ((debt >= 0)),
    CONSTRAINT ledger_accounts_pending_check CHECK ((pending >= 0))
)
WITH (fillfactor='60');

COMMENT ON COLUMN public.ledger_accounts.debt IS 'Points taken back that had been spent already. Whatever is credited next pays it first.';

CREATE VIEW public.ledger_balances AS
 SELECT account_id,
    member_id,
    point_type,
    available,
    pending,
    debt,
    seq
   FROM public.ledger_accounts;

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
    reverses integer,
    reference text NOT NULL,
    alloc bigint[],
    CONSTRAINT ledger_entries_kind_check CHECK (((kind >= 1) AND (kind <= 7)))
);

COMMENT ON COLUMN public.ledger_entries.kind IS '1 earn, 2 spend, 3 mature, 4 expire, 5 promise (a pending earn), 6 restore (undoes 2), 7 clawback (undoes 1 and 5)';

CREATE TABLE public.ledger_lots (
    account_id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    bucket smallint NOT NULL,
    remaining bigint NOT NULL,
    CONSTRAINT ledger_lots_remaining_check CHECK ((remaining > 0))
)
WITH (fillfactor='80');

CREATE TABLE public.ledger_pending_lots (
    account_id bigint NOT NULL,
    seq integer NOT NULL,
    bucket smallint NOT NULL,
    matures_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT ledger_pending_lots_amount_check CHECK ((amount > 0))
);

CREATE VIEW public.ledger_discrepancies AS
 WITH journal AS (
         SELECT e.account_id,
            e.bucket,
            count(*) AS entries,
            max(e.seq) AS last,
            sum(e.amount) AS available,
            sum(e.pending_change) AS pending,
            sum(e.debt_change) AS debt
           FROM public.ledger_entries e
          GROUP BY e.account_id, e.bucket
        ), held AS (
         SELECT l.account_id,
            l.bucket,
            sum(l.remaining) AS points,
            min(l.expires_at) AS due
           FROM public.ledger_lots l
          GROUP BY l.account_id, l.bucket
        ), promised AS (
         SELECT p.account_id,
            p.bucket,
            sum(p.amount) AS points,
            min(p.matures_at) AS due
           FROM public.ledger_pending_lots p
          GROUP BY p.account_id, p.bucket
        ), undone AS (
         SELECT r.account_id,
            r.bucket,
            r.reverses AS seq,
            sum(abs(((r.amount + r.pending_change) - r.debt_change))) AS worth,
            sum(r.pending_change) AS pending
           FROM public.ledger_entries r
          WHERE (r.reverses IS NOT NULL)
          GROUP BY r.account_id, r.bucket, r.reverses
        ), account AS (
         SELECT account_id,
            count(a.seq) AS known,
            COALESCE(max(a.seq), 0) AS seq,
            COALESCE(max(j.entries), (0)::bigint) AS entries,
            COALESCE(max(j.last), 0) AS last,
            COALESCE(max(a.available), (0)::bigint) AS available,
            COALESCE(max(a.pending), (0)::bigint) AS pending,
            COALESCE(max(a.debt), (0)::bigint) AS debt,
            COALESCE(max(j.available), (0)::numeric) AS moved,
            COALESCE(max(j.pending), (0)::numeric) AS moved_pending,
            COALESCE(max(j.debt), (0)::numeric) AS moved_debt,
            COALESCE(max(h.points), (0)::numeric) AS held,
            COALESCE(max(p.points), (0)::numeric) AS promised,
            count(*) FILTER (WHERE (a.due_at > LEAST(h.due, p.due))) AS late
           FROM (((public.ledger_accounts a
             FULL JOIN journal j USING (account_id, bucket))
             FULL JOIN held h USING (account_id, bucket))
             FULL JOIN promised p USING (account_id, bucket))
          GROUP BY account_id
        ), lot AS (
         SELECT z.account_id,
            z.bucket,
            z.expires,
            sum(z.points) AS points
           FROM ( SELECT e.account_id,
                    e.bucket,
                    public.ledger_micros(e.expires_at) AS expires,
                    e.amount AS points
                   FROM public.ledger_entries e
                  WHERE (e.kind = ANY (ARRAY[1, 3, 4]))
                UNION ALL
                 SELECT e.account_id,
                    e.bucket,
                    e.alloc[place.place] AS alloc,
                    e.alloc[(place.place + 1)] AS alloc
                   FROM public.ledger_entries e,
                    LATERAL generate_series(1, cardinality(e.alloc), 2) place(place)) z
          GROUP BY z.account_id, z.bucket, z.expires
        ), chain AS (
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
            e.reverses,
            e.reference,
            e.alloc,
            COALESCE(lag(e.available) OVER w, (0)::bigint) AS before,
            COALESCE(lag(e.seq) OVER w, 0) AS previous
           FROM public.ledger_entries e
          WINDOW w AS (PARTITION BY e.account_id, e.bucket ORDER BY e.seq)
        )
 SELECT c.invariant,
    x.account_id,
    NULL::integer AS seq,
    (c.expected)::bigint AS expected,
    c.found
   FROM account x,
    LATERAL ( VALUES ('there is one account row'::text,1,x.known), ('the account counts its entries'::text,x.entries,(x.seq)::bigint), ('entries are numbered from 1 without gaps'::text,x.entries,(x.last)::bigint), ('available is the sum of the entries'::text,x.moved,x.available), ('pending is the sum of the entries'::text,x.moved_pending,x.pending), ('debt is the sum of the entries'::text,x.moved_debt,x.debt), ('available is the sum of the open lots'::text,x.held,x.available), ('pending is the sum of the pending lots'::text,x.promised,x.pending), ('nothing falls due unnoticed'::text,0,x.late)) c(invariant, expected, found)
  WHERE (c.expected <> (c.found)::numeric)
UNION ALL
 SELECT c.invariant,
    x.account_id,
    x.seq,
    c.expected,
    c.found
   FROM chain x,
    LATERAL ( VALUES ('each balance follows from the one before'::text,(x.before + x.amount),x.available), ('an entry follows its predecessor'::text,(x.previous + (1)::bigint),(x.seq)::bigint), ('an entry and its lots agree'::text,
                CASE
                    WHEN (x.kind = ANY (ARRAY[2, 6, 7])) THEN x.amount
                    ELSE (0)::bigint
                END,(COALESCE(( SELECT sum(x.alloc[(place.place + 1)]) AS sum
                   FROM generate_series(1, cardinality(x.alloc), 2) place(place)), (0)::numeric))::bigint), ('the digest is that of the reference'::text,1,(((x.idem = public.ledger_idem(x.reference)))::integer)::bigint), ('each kind moves points its own way'::text,1,((
                CASE x.kind
                    WHEN 1 THEN ((x.amount >= 0) AND (x.pending_change = 0) AND (x.debt_change <= 0))
                    WHEN 2 THEN ((x.amount < 0) AND (x.pending_change = 0) AND (x.debt_change = 0))
                    WHEN 3 THEN ((x.amount >= 0) AND (x.pending_change < 0) AND (x.debt_change <= 0) AND (((x.amount + x.pending_change) - x.debt_change) = 0))
                    WHEN 4 THEN ((x.amount < 0) AND (x.pending_change = 0) AND (x.debt_change = 0))
                    WHEN 5 THEN ((x.amount = 0) AND (x.pending_change > 0) AND (x.debt_change = 0))
                    WHEN 6 THEN ((x.amount >= 0) AND (x.pending_change = 0) AND (x.debt_change <= 0) AND (x.reverses < x.seq))
                    WHEN 7 THEN ((x.amount <= 0) AND (x.pending_change <= 0) AND (x.debt_change >= 0) AND (x.reverses < x.seq))
                    ELSE NULL::boolean
                END)::integer)::bigint)) c(invariant, expected, found)
  WHERE (c.expected IS DISTINCT FROM c.found)
UNION ALL
 SELECT 'no more is undone than was done'::text AS invariant,
    u.account_id,
    u.seq,
    COALESCE(abs(((e.amount + e.pending_change) - e.debt_change)), (0)::bigint) AS expected,
    (u.worth)::bigint AS found
   FROM (undone u
     LEFT JOIN public.ledger_entries e ON (((e.account_id = u.account_id) AND (e.bucket = u.bucket) AND (e.seq = u.seq))))
  WHERE (u.worth > (COALESCE(abs(((e.amount + e.pending_change) - e.debt_change)), (0)::bigint))::numeric)
UNION ALL
 SELECT 'a pending lot is what is left of its promise'::text AS invariant,
    p.account_id,
    p.seq,
    (((COALESCE(e.pending_change, (0)::bigint))::numeric + COALESCE(u.pending, (0)::numeric)))::bigint AS expected,
    p.amount AS found
   FROM ((public.ledger_pending_lots p
     LEFT JOIN public.ledger_entries e ON (((e.account_id = p.account_id) AND (e.bucket = p.bucket) AND (e.seq = p.seq) AND (e.kind = 5))))
     LEFT JOIN undone u ON (((u.account_id = p.account_id) AND (u.bucket = p.bucket) AND (u.seq = p.seq))))
  WHERE ((p.amount)::numeric <> ((COALESCE(e.pending_change, (0)::bigint))::numeric + COALESCE(u.pending, (0)::numeric)))
UNION ALL
 SELECT 'each open lot follows from the entries'::text AS invariant,
    COALESCE(l.account_id, j.account_id) AS account_id,
    NULL::integer AS seq,
    (COALESCE(j.points, (0)::numeric))::bigint AS expected,
    COALESCE(l.remaining, (0)::bigint) AS found
   FROM (( SELECT o.account_id,
            o.bucket,
            public.ledger_micros(o.expires_at) AS expires,
            o.remaining
           FROM public.ledger_lots o) l
     FULL JOIN lot j ON (((j.account_id = l.account_id) AND (j.bucket = l.bucket) AND (j.expires = l.expires))))
  WHERE (COALESCE(j.points, (0)::numeric) <> (COALESCE(l.remaining, (0)::bigint))::numeric);

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

CREATE TABLE public.members_identities (
    issuer text NOT NULL,
    value text NOT NULL,
    member_id bigint NOT NULL,
    CONSTRAINT members_identities_issuer_check CHECK ((issuer ~ '^[a-z0-9_-]{1,64}$'::text)),
    CONSTRAINT members_identities_value_check CHECK ((value <> ''::text))
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
    CONSTRAINT programme_awards_check CHECK (((reversed >= 0) AND (reversed <= points))),
    CONSTRAINT programme_awards_points_check CHECK ((points >= 0))
);

CREATE TABLE public.programme_standings (
    member_id bigint NOT NULL,
    tier text NOT NULL,
    since timestamp with time zone NOT NULL,
    qualifying_minor bigint NOT NULL,
    reviewed_at timestamp with time zone NOT NULL,
    review_at timestamp with time zone NOT NULL
);

CREATE VIEW public.programme_current_tiers AS
 SELECT member_id,
    tier
   FROM public.programme_standings;

CREATE TABLE public.programme_qualifying (
    member_id bigint NOT NULL,
    counts_at timestamp with time zone NOT NULL,
    known_at timestamp with time zone NOT NULL,
    reference text NOT NULL,
    amount_minor bigint NOT NULL
);

CREATE TABLE public.programme_versions (
    version_id integer NOT NULL,
    document jsonb NOT NULL,
    published_at timestamp with time zone NOT NULL,
    published_by text NOT NULL
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

ALTER TABLE ONLY public.facts
    ADD CONSTRAINT facts_pkey PRIMARY KEY (xact, fact_id);

ALTER TABLE ONLY public.insight_portraits
    ADD CONSTRAINT insight_portraits_pkey PRIMARY KEY (member_id);

ALTER TABLE ONLY public.insight_refreshes
    ADD CONSTRAINT insight_refreshes_pkey PRIMARY KEY (alone);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_member_id_point_type_bucket_key UNIQUE (member_id, point_type, bucket);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_pkey PRIMARY KEY (account_id, bucket);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_account_id_idem_bucket_key UNIQUE (account_id, idem, bucket);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_pkey PRIMARY KEY (account_id, seq, bucket);

ALTER TABLE ONLY public.ledger_lots
    ADD CONSTRAINT ledger_lots_pkey PRIMARY KEY (account_id, expires_at, bucket);

ALTER TABLE ONLY public.ledger_pending_lots
    ADD CONSTRAINT ledger_pending_lots_pkey PRIMARY KEY (account_id, seq, bucket);

ALTER TABLE ONLY public.members_identities
    ADD CONSTRAINT members_identities_pkey PRIMARY KEY (issuer, value);

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_issuer_external_id_key UNIQUE (issuer, external_id);

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (member_id);

ALTER TABLE ONLY public.programme_awards
    ADD CONSTRAINT programme_awards_pkey PRIMARY KEY (order_id);

ALTER TABLE ONLY public.programme_qualifying
    ADD CONSTRAINT programme_qualifying_pkey PRIMARY KEY (member_id, counts_at, reference);

ALTER TABLE ONLY public.programme_standings
    ADD CONSTRAINT programme_standings_pkey PRIMARY KEY (member_id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_pkey PRIMARY KEY (version_id);

ALTER TABLE ONLY public.storage_migrations
    ADD CONSTRAINT storage_migrations_pkey PRIMARY KEY (name);

CREATE INDEX access_answers_by_age ON public.access_answers USING btree (at);

CREATE INDEX access_attempts_by_age ON public.access_attempts USING btree (last_at);

CREATE INDEX access_sessions_by_expiry ON public.access_sessions USING btree (expires_at);

CREATE INDEX access_sessions_by_operator ON public.access_sessions USING btree (operator_id);

CREATE INDEX commerce_imports_by_started ON public.commerce_imports USING btree (started_at DESC);

CREATE INDEX commerce_orders_by_member ON public.commerce_orders USING btree (member_id, placed_at) WHERE (member_id IS NOT NULL);

CREATE INDEX commerce_orders_by_placed ON public.commerce_orders USING btree (placed_at, order_id);

CREATE INDEX commerce_return_lines_by_order ON public.commerce_return_lines USING btree (order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX commerce_returns_by_member ON public.commerce_returns USING btree (member_id, returned_at) WHERE (member_id IS NOT NULL);

CREATE INDEX commerce_returns_by_returned ON public.commerce_returns USING btree (returned_at, return_id);

CREATE INDEX facts_by_member ON public.facts USING btree (member_id, occurred_at DESC, fact_id DESC) WHERE (member_id IS NOT NULL);

CREATE INDEX insight_portraits_by_cell ON public.insight_portraits USING btree (r, f, m) INCLUDE (spend_minor);

CREATE INDEX insight_portraits_by_cohort ON public.insight_portraits USING btree (cohort, member_id);

CREATE INDEX insight_portraits_by_grade ON public.insight_portraits USING btree (grade, member_id);

CREATE INDEX insight_portraits_by_last_day ON public.insight_portraits USING btree (last_day, member_id);

CREATE INDEX insight_portraits_by_orders ON public.insight_portraits USING btree (orders, member_id);

CREATE INDEX insight_portraits_by_spend ON public.insight_portraits USING btree (spend_minor, member_id);

CREATE INDEX ledger_entries_reversals ON public.ledger_entries USING btree (account_id, reverses) WHERE (reverses IS NOT NULL);

CREATE INDEX ledger_lots_due ON public.ledger_lots USING btree (expires_at);

CREATE INDEX ledger_pending_lots_due ON public.ledger_pending_lots USING btree (matures_at);

CREATE INDEX members_by_external_id ON public.members USING btree (external_id);

CREATE INDEX members_by_joined ON public.members USING btree (joined_at, member_id);

CREATE INDEX members_by_name ON public.members USING btree (name, member_id);

CREATE INDEX members_by_search ON public.members USING gin (search);

CREATE INDEX members_identities_by_member ON public.members_identities USING btree (member_id);

CREATE INDEX programme_standings_by_review ON public.programme_standings USING btree (review_at);

CREATE INDEX programme_standings_by_tier ON public.programme_standings USING btree (tier, member_id);

ALTER TABLE ONLY public.access_sessions
    ADD CONSTRAINT access_sessions_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.access_operators(operator_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.commerce_deliveries
    ADD CONSTRAINT commerce_deliveries_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.commerce_orders(order_id);

ALTER TABLE ONLY public.commerce_imports
    ADD CONSTRAINT commerce_imports_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES public.commerce_shops(shop_id);

ALTER TABLE ONLY public.commerce_products
    ADD CONSTRAINT commerce_products_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES public.commerce_shops(shop_id);

ALTER TABLE ONLY public.members_identities
    ADD CONSTRAINT members_identities_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.members(member_id);
