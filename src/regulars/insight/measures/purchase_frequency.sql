select period, member_id, count(*) as part, 1 as whole
from bought
where member_id is not null
group by period, member_id
