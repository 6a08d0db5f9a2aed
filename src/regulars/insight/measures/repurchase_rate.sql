select period, member_id, case when days >= 2 then 1 else 0 end as part, 1 as whole
from bought
where member_id is not null
