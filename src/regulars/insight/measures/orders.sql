select period, member_id, orders as part
from bought
