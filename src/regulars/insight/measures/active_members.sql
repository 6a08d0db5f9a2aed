select period, member_id, 1 as part
from bought
where member_id is not null
