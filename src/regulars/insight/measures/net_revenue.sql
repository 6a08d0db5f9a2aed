select period, member_id, goods_minor as part
from bought
union all
select period, member_id, -goods_minor as part
from refunded
