-- Customers by the month of their first purchase, and how many bought in each complete month since.
select cast(date_trunc('month', c.first_day) as date) as cohort, cast(date_diff('month', c.first_day, d.day) as integer) as months,
    count(distinct d.customer) as active
from customers as c join days as d on d.customer = c.customer and d.orders > 0
where d.day < (select date_trunc('month', last_day + 1) from edge)
group by 1, 2 order by 1, 2
