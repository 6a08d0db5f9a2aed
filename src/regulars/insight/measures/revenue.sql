select period, member_id, sum(goods_minor) as part
from bought
where priced
group by period, member_id
