-- The members who purchased in the time before each period that it is compared with.
select distinct p.period, x.member_id
from periods as p
join purchases as x on x.day >= p.before and x.day < p.starts
where x.member_id is not null
