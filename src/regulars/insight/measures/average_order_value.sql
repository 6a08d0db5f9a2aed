select period, member_id, sum(goods_minor) as part, count(*) as whole
from bought
where priced
group by period, member_id
