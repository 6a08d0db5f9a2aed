-- What each member bought in each period, and, on a row without a member, what guests bought.
select
    period,
    member_id,
    sum(orders) as orders,
    count(*) as days,
    sum(priced_orders) as priced_orders,
    sum(goods_minor) as goods_minor
from (
    select
        p.period,
        x.member_id,
        x.day,
        count(*) as orders,
        sum(case when x.currency = p.currency then 1 else 0 end) as priced_orders,
        sum(case when x.currency = p.currency then x.goods_minor else 0 end) as goods_minor
    from periods as p
    join purchases as x on x.day >= p.starts and x.day < p.ends
    group by p.period, x.member_id, x.day
) as days
group by period, member_id
