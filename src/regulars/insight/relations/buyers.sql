-- One row per customer with a purchase: first and last day, money, fifths, and what the lifetime models read.
-- Lines of one day are one purchase. A negative amount is money given back: it counts as money and is no purchase.
with daily as (
    select
        l.customer, l.day,
        sum(case when l.amount_minor >= 0 then 1 else 0 end) as orders,
        sum(l.amount_minor) as amount_minor
    from lines as l
    cross join edge as e
    where l.customer is not null and l.day < e.until
    group by l.customer, l.day
),
known as (
    select
        customer,
        min(case when orders > 0 then day end) as first_day,
        max(case when orders > 0 then day end) as last_day,
        sum(case when orders > 0 then 1 else 0 end) as days,
        sum(orders) as orders,
        sum(amount_minor) as amount_minor
    from daily
    group by customer
    having sum(orders) > 0
),
scored as (
    select
        customer, first_day, last_day, days, orders, amount_minor,
        ntile(5) over (order by last_day, customer) as r,
        ntile(5) over (order by days, customer) as f,
        ntile(5) over (order by amount_minor, customer) as m
    from known
)
select
    s.customer, s.first_day, s.last_day, s.days, s.orders, s.amount_minor,
    s.r, s.f, s.m,
    case
        when s.r >= 4 and s.f >= 4 and s.m >= 4 then 'gold'
        when s.r + s.f + s.m >= 9 then 'silver'
        else 'bronze'
    end as grade,
    s.days - 1 as x,
    datediff('day', s.first_day, s.last_day) as tx,
    datediff('day', s.first_day, e.until) - 1 as t
from scored as s
cross join edge as e
order by s.customer
