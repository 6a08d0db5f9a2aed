-- What each member, and guests, got back in each period, by the day of the refund, not of the purchase.
select p.period, x.member_id, sum(x.goods_minor) as goods_minor
from periods as p
join refunds as x on x.day >= p.starts and x.day < p.ends and x.currency = p.currency
group by p.period, x.member_id
