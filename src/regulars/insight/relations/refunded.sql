-- Each refund in each period, by the day of the refund, not of the purchase.
select p.period, x.member_id, x.day, x.goods_minor, x.currency = p.currency as priced
from periods as p
join refunds as x on x.day >= p.starts and x.day < p.ends
