select period, member_id, goods_minor as part, priced_orders as whole
from bought
