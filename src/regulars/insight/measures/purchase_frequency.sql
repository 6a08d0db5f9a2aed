select period, member_id, orders as part, 1 as whole
from bought
where member_id is not null
