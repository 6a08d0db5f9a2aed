-- Each purchase in each period; `priced` where its amount is in the currency shown.
select p.period, x.member_id, x.day, x.goods_minor, x.currency = p.currency as priced
from periods as p
join purchases as x on x.day >= p.starts and x.day < p.ends
