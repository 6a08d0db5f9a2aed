-- Customers by the month of their first purchase, and how many of them purchased in each month since.
with monthly as (
    select distinct l.customer, cast(date_trunc('month', l.day) as date) as month
    from lines as l
    cross join edge as e
    where l.customer is not null and l.amount_minor >= 0 and l.day < e.until
),
begun as (
    select customer, min(month) as cohort
    from monthly
    group by customer
)
select
    b.cohort,
    datediff('month', b.cohort, m.month) as months,
    count(*) as active
from begun as b
join monthly as m on m.customer = b.customer
group by 1, 2
order by 1, 2
