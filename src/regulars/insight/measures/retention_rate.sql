select e.period, e.member_id, case when b.member_id is null then 0 else 1 end as part, 1 as whole
from earlier as e
left join bought as b on b.period = e.period and b.member_id = e.member_id
