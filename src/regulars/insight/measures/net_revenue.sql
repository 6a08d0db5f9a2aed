select period, member_id, sum(amount_minor) as part
from (
    select period, member_id, goods_minor as amount_minor from bought where priced
    union all
    select period, member_id, -goods_minor as amount_minor from refunded where priced
) as movements
group by period, member_id
