-- The archive: old entries of the journal, put away in bundles. Nothing is lost by it: an entry keeps its number, its hash, its
-- reference for ever, and what it did can still be undone.
--
-- A bundle is up to 128 entries of one account that follow one another, as arrays in one row: a third of the space, for a row's
-- header and four index entries are paid once and not per entry. Numbers, which postings and the past need, lie apart from words
-- (references, reasons, hashes), which only people and auditors read: words are kept by the year and may be taken out of the house.

alter table ledger_accounts add column archived int not null default 0;  -- number of the last entry that was put away
comment on column ledger_accounts.archived is 'Entries up to this number are in ledger_archive, the later ones in ledger_entries.';

create table ledger_archive (
    account_id bigint     not null,
    first_seq  int        not null,
    bucket     smallint   not null,
    last_seq   int        not null check (last_seq >= first_seq),
    year       smallint   not null,                 -- of posting; never before the bundle's before, nor one that was exported before
    keys       uuid[]     not null,                 -- ledger_key() of each entry's account and reference
    undone     uuid[],                              -- ledger_key() of each entry that something here follows from
    kinds      smallint[] not null,                 -- from here to `allocs`, as in ledger_entries; null where all are 0
    amounts    bigint[]   not null,
    pendings   bigint[],
    debts      bigint[],
    helds      bigint[],
    availables bigint[]   not null,
    occurred   bigint[]   not null,                 -- instants in µs since 1970
    posted     bigint[]   not null,
    expires    bigint[],
    targets    int[],
    allocs     text[],
    marks      text[],                              -- references of the ledger's own making ('@…'): the past needs them
    head       bytea      not null,                 -- hash of the last entry: from here the chain goes on
    seal       bytea      not null,                 -- ledger_seal() of this row
    primary key (account_id, first_seq, bucket)
) with (toast_tuple_target = 256);
create index ledger_archive_keys on ledger_archive using gin (keys, undone) with (fastupdate = off);
create index ledger_archive_by_year on ledger_archive (year, account_id, first_seq);
comment on table ledger_archive is 'Entries put away, up to 128 of an account in a row. Never updated, never deleted.';

-- The words of bundles, a partition a year: it may lie on another disk, or be exported and dropped.
create table ledger_archive_words (
    account_id bigint   not null,
    first_seq  int      not null,
    bucket     smallint not null,
    year       smallint not null,
    refs       text[]   not null,
    reasons    text[],
    hashes     bytea[]  not null,
    primary key (account_id, first_seq, bucket, year)
) partition by list (year);

create table ledger_archive_years (
    year        smallint    primary key,
    bundles     bigint      not null default 0,
    entries     bigint      not null default 0,
    sealed_at   timestamptz,                        -- nothing is added any more: it is being exported, or was
    exported_at timestamptz,
    manifest    bytea,                              -- SHA-256 of the files' manifest
    root        bytea,                              -- SHA-256 over the seals of all its bundles
    folder      text,                               -- where the files went
    detached_at timestamptz                         -- since when its words are there alone
);

-- What one call for archiving was to do, and how far it has come; at most one is under way.
create table ledger_archive_runs (
    run_id      int         primary key,            -- 1, 2, 3 …
    before      timestamptz not null,               -- entries posted earlier
    began_at    timestamptz not null,
    finished_at timestamptz,
    upto        bigint      not null default -1,    -- the last account that is done
    accounts    bigint      not null default 0,
    entries     bigint      not null default 0
);
create unique index ledger_archive_runs_running on ledger_archive_runs ((true)) where finished_at is null;

-- What an entry of an account is found by: 128 bits of a SHA-256, of the account and the digest of its reference, or of the account and
-- the number of what something follows from.
create function ledger_key(account bigint, what text) returns uuid language sql stable parallel safe
return ledger_idem(concat(account, E'\x1f', what));

-- SHA-256 of all that a bundle says; the hashes of its entries cover the words too, but only while these are here.
create function ledger_seal(b ledger_archive) returns bytea language sql stable parallel safe
return sha256(convert_to(concat(b.account_id, E'\x1f', b.first_seq, E'\x1f', b.last_seq, E'\x1f', b.year, E'\x1f', b.keys, E'\x1f', b.undone, E'\x1f', b.kinds,
    E'\x1f', b.amounts, E'\x1f', b.pendings, E'\x1f', b.debts, E'\x1f', b.helds, E'\x1f', b.availables, E'\x1f', b.occurred, E'\x1f', b.posted, E'\x1f', b.expires,
    E'\x1f', b.targets, E'\x1f', b.allocs, E'\x1f', b.marks, E'\x1f', encode(b.head, 'hex')), 'UTF8'));

-- Entries that were put away, one a row, without their words.
create view ledger_archived as
select b.account_id, (b.first_seq + v.place - 1)::int as seq, v.kind, v.amount, coalesce(v.pending, 0) as pending_change,
       coalesce(v.debt, 0) as debt_change, coalesce(v.held, 0) as held_change, ledger_instant(v.occurred) as occurred_at,
       ledger_instant(v.posted) as posted_at, ledger_instant(v.expires) as expires_at, v.target as reverses,
       coalesce(v.mark, '') as reference, ('{' || v.alloc || '}')::bigint[] as alloc, b.bucket, v.available, b.first_seq, b.last_seq, b.year
from ledger_archive b
cross join lateral unnest(b.kinds, b.amounts, b.pendings, b.debts, b.helds, b.availables, b.occurred, b.posted, b.expires, b.targets, b.allocs, b.marks)
    with ordinality v(kind, amount, pending, debt, held, available, occurred, posted, expires, target, alloc, mark, place);

-- The same with their words, or with none where these have left the house. The last of a bundle has its hash all the same.
create view ledger_archived_lines as
select b.account_id, (b.first_seq + v.place - 1)::int as seq, b.bucket, v.kind, v.amount, coalesce(v.pending, 0) as pending_change,
       coalesce(v.debt, 0) as debt_change, v.available, ledger_instant(v.occurred) as occurred_at, ledger_instant(v.posted) as posted_at,
       case when v.key = ledger_key(b.account_id, ledger_idem(v.reference)::text) then ledger_idem(v.reference) end as idem,
       ledger_instant(v.expires) as expires_at, coalesce(v.held, 0) as held_change, v.target as reverses,
       coalesce(v.reference, v.mark, '') as reference, v.reason, ('{' || v.alloc || '}')::bigint[] as alloc,
       coalesce(v.hash, case when b.first_seq + v.place - 1 = b.last_seq then b.head end) as hash, w.year is not null as worded,
       b.first_seq, b.last_seq, b.year
from ledger_archive b
left join ledger_archive_words w on w.account_id = b.account_id and w.first_seq = b.first_seq and w.bucket = b.bucket and w.year = b.year
cross join lateral unnest(b.keys, b.kinds, b.amounts, b.pendings, b.debts, b.helds, b.availables, b.occurred, b.posted, b.expires, b.targets, b.allocs, b.marks,
                          w.refs, w.reasons, w.hashes)
    with ordinality v(key, kind, amount, pending, debt, held, available, occurred, posted, expires, target, alloc, mark, reference, reason, hash, place);

create or replace view ledger_journal as
select e.account_id, e.seq, e.bucket, e.kind, e.amount, e.pending_change, e.debt_change, e.available, e.occurred_at, e.posted_at, e.idem,
       e.expires_at, e.held_change, e.reverses, e.reference, e.reason, e.alloc, e.hash, true as worded
from ledger_entries e
union all
select a.account_id, a.seq, a.bucket, a.kind, a.amount, a.pending_change, a.debt_change, a.available, a.occurred_at, a.posted_at, a.idem,
       a.expires_at, a.held_change, a.reverses, a.reference, a.reason, a.alloc, a.hash, a.worded
from ledger_archived_lines a;

create or replace view ledger_changes as
select e.account_id, e.seq, e.kind, e.amount, e.pending_change, e.debt_change, e.held_change, e.occurred_at, e.posted_at, e.expires_at,
       e.reverses, e.reference, e.alloc
from ledger_entries e
union all
select a.account_id, a.seq, a.kind, a.amount, a.pending_change, a.debt_change, a.held_change, a.occurred_at, a.posted_at, a.expires_at,
       a.reverses, a.reference, a.alloc
from ledger_archived a;

create or replace view ledger_archive_flaws as
select c.invariant, b.account_id, b.first_seq as seq, c.expected::bigint, c.found
from ledger_archive b
left join ledger_archive_words w on w.account_id = b.account_id and w.first_seq = b.first_seq and w.bucket = b.bucket and w.year = b.year
left join ledger_archive_years y on y.year = b.year
cross join lateral (values
    ('a bundle is as it was sealed', 1, (b.seal = ledger_seal(b))::int::bigint),
    ('a bundle ends with its head', 1, coalesce(w.hashes[cardinality(w.hashes)] = b.head, true)::int::bigint),
    ('the words of a bundle are here, or were taken out', 1, (w.year is not null or y.detached_at is not null)::int::bigint)) c(invariant, expected, found)
where c.expected <> c.found
union all
select 'the account knows what was put away', b.account_id, null, max(b.last_seq)::bigint, coalesce(max(a.archived), 0)::bigint
from ledger_archive b left join ledger_accounts a on a.account_id = b.account_id and a.bucket = b.bucket
group by b.account_id having max(b.last_seq) <> coalesce(max(a.archived), 0);

-- Which of some references, or of what items follow from, were put away: `item` is the place in `ids`. Only of accounts that have an archive.
-- `+ 0` keeps the primary key out of it: an account may have many bundles, and the keys say which.
create function ledger_recall(accounts bigint[], archived int[], ids bigint[], idems uuid[])
returns table (item int, seq int, kind smallint, amount bigint, pending bigint, debt bigint, held bigint, available bigint, expires bigint, reverses int, alloc bigint[])
language plpgsql stable
set search_path from current set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = on set enable_nestloop = off set enable_mergejoin = off
as $$
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

-- How much is undone by now of an entry that was put away, here and in the journal, and how much of that was captured.
create function ledger_undone(account bigint, target int)
returns table (worth bigint, captured bigint, sent boolean)
language plpgsql stable
set search_path from current set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
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

-- Makes the partition of a year's words, unless it is there; and takes it away.
create function ledger_make_words(year smallint) returns void language plpgsql
set search_path from current
as $$
begin
    if to_regclass(format('ledger_archive_words_%s', year)) is null then
        execute format('create table ledger_archive_words_%s partition of ledger_archive_words for values in (%s)', year, year);
    end if;
end $$;

create function ledger_drop_words(year smallint) returns void language plpgsql
set search_path from current
as $$
begin
    execute format('drop table ledger_archive_words_%s', year);
end $$;

-- Puts away, of the accounts after one, entries that were posted before a moment: of each account its first ones, up to what a
-- promise or a hold that is open rests on. It looks at `scanned` accounts, by their key, and moves about `most` entries.
-- Locks accounts as postings do, in ascending order. `upto`: the last account that is done with; null when there are no more.
create function ledger_put_away(after bigint, before timestamptz, scanned int, most int)
returns table (upto bigint, accounts bigint, entries bigint)
language plpgsql
set search_path from current set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_nestloop = on set enable_hashjoin = off set enable_mergejoin = off
as $$
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
