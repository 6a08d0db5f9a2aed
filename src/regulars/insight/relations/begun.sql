-- The members whose first purchase on record is in each period.
select p.period, f.member_id
from periods as p
join (
    select member_id, min(day) as first_day
    from purchases
    where member_id is not null
    group by member_id
) as f on f.first_day >= p.starts and f.first_day < p.ends
