select period, member_id, count(*) as part
from bought
group by period, member_id
