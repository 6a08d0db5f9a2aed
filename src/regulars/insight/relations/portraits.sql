-- One row per member with a purchase: recency, frequency and money, and their fifths.
-- ntile depends on the order of rows where values tie; the member's id decides, so the same data gives the same scores.
with bought as (
    select
        x.member_id,
        min(x.day) as first_day,
        max(x.day) as last_day,
        count(*) as orders,
        count(distinct x.day) as days,
        sum(case when x.currency = e.currency then x.goods_minor else 0 end) as gross_minor
    from purchases as x
    cross join edge as e
    where x.member_id is not null and x.day < e.until
    group by x.member_id
),
given_back as (
    select x.member_id, sum(x.goods_minor) as refunds_minor
    from refunds as x
    join edge as e on x.currency = e.currency and x.day < e.until
    where x.member_id is not null
    group by x.member_id
),
known as (
    select
        b.member_id, b.first_day, b.last_day, b.orders, b.days,
        b.gross_minor - coalesce(g.refunds_minor, 0) as spend_minor
    from bought as b
    left join given_back as g on g.member_id = b.member_id
),
scored as (
    select
        member_id, first_day, last_day, orders, days, spend_minor,
        ntile(5) over (order by last_day, member_id) as r,
        ntile(5) over (order by orders, member_id) as f,
        ntile(5) over (order by spend_minor, member_id) as m
    from known
)
select
    member_id,
    cast(date_trunc('month', first_day) as date) as cohort,
    first_day,
    last_day,
    cast(orders as integer) as orders,
    cast(days as integer) as days,
    cast(spend_minor as bigint) as spend_minor,
    cast(r as smallint) as r,
    cast(f as smallint) as f,
    cast(m as smallint) as m,
    case
        when r >= 4 and f >= 4 and m >= 4 then 'gold'
        when r + f + m >= 9 then 'silver'
        else 'bronze'
    end as grade
from scored
order by member_id
