-- The past: what accounts held as of any instant, as known at any instant, from the journal alone.

-- What every promise was made under, for ever: a pending lot is deleted when it ends. `seq` is its entry.
create table ledger_promises (
    account_id bigint      not null,
    seq        int         not null,
    bucket     smallint    not null,
    matures_at timestamptz not null,                -- as in ledger_pending_lots
    lapses     boolean     not null,
    awaits     text,
    primary key (account_id, seq, bucket)
);
insert into ledger_promises (account_id, seq, bucket, matures_at, lapses, awaits)
select p.account_id, p.seq, p.bucket, p.matures_at, p.lapses, p.awaits from ledger_pending_lots p
union all
select e.account_id, split_part(e.reference, ':', 2)::int, e.bucket, e.occurred_at, e.kind = 15, null
from ledger_entries e where e.kind in (3, 15) and e.reference like '@%';

-- The entries of a range of accounts that count. `as_of` is of the world, `known_at` of the ledger.
--   * Known is the journal up to the first entry somebody posted after `known_at`. What fell due by itself ('@…') is known as
--     soon as what it follows from is: whether the job had come by makes no difference. What was moved between accounts that join
--     one another ('@send:…', '@receive:…') was moved by somebody.
--   * An entry counts from when it happened, at the latest from when it was posted, and never before the entry it follows from.
-- `+ interval '0'` keeps the index on posted_at out of it: for one account that would be a look at everybody's entries.
create function ledger_counted(low bigint, high bigint, as_of timestamptz, known_at timestamptz)
returns table (account_id bigint, seq int, kind smallint, amount bigint, pending_change bigint, debt_change bigint, held_change bigint,
               expires_at timestamptz, reverses int, reference text, alloc bigint[])
language sql stable
as $$
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

-- What a range of accounts held: a row per open lot (1), promise (2) and hold (3), one for a debt (4), one for promises that had
-- lapsed unnoticed (5). It is the sum of the entries that count, brought to `as_of` as the ledger would have done. Sums may
-- leave a lot overdrawn, by something late that was taken of points earned later; then what expires first makes up for it, and
-- what is missing is a debt. A payment of a debt that is not one yet goes back to its lot. So nothing is negative, and nobody
-- owes while they have: as always.
create function ledger_past(low bigint, high bigint, as_of timestamptz, known_at timestamptz)
returns table (account_id bigint, what smallint, seq int, expires_at timestamptz, until timestamptz, amount bigint, lapses boolean, awaits text)
language sql stable
as $$
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

-- When the ledger of the tier learned of each amount; what was there before is taken to have been known when it became so.
alter table programme_qualifying add column posted_at timestamptz;
update programme_qualifying set posted_at = known_at;
alter table programme_qualifying alter column posted_at set not null;
