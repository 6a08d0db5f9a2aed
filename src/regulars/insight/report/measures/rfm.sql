-- Fifths by last day, orders and money, and the grade: the definition of relations/portraits.sql.
select *, case when r >= 4 and f >= 4 and m >= 4 then 'gold' when r + f + m >= 9 then 'silver' else 'bronze' end as grade
from (select customer, spend_minor, ntile(5) over (order by last_day, customer) as r, ntile(5) over (order by orders, customer) as f,
    ntile(5) over (order by spend_minor, customer) as m from customers)
