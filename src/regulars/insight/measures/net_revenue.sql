select period, member_id, sum(amount_minor) as part
from (
    select period, member_id, goods_minor as amount_minor from bought
    union all
    select period, member_id, -goods_minor as amount_minor from refunded
) as movements
group by period, member_id
