-- What happened in each month: who came, who came back, what they spent before refunds.
select cast(date_trunc('month', d.day) as date) as month,
    count(distinct d.customer) filter (where date_trunc('month', c.first_day) = date_trunc('month', d.day)) as new,
    count(distinct d.customer) filter (where date_trunc('month', c.first_day) < date_trunc('month', d.day)) as returning,
    cast(sum(d.orders) as bigint) as orders, cast(sum(d.amount_minor) as bigint) as revenue_minor
from days as d join customers as c on c.customer = d.customer where d.orders > 0 group by 1 order by 1
