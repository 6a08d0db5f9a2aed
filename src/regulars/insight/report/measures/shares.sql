-- Of the money, how much the best twentieths of the customers bring, the first of them first.
select twentieth, cast(sum(spend_minor) as bigint) as spend_minor
from (select greatest(spend_minor, 0) as spend_minor, ntile(20) over (order by spend_minor desc, customer) as twentieth from customers)
group by twentieth order by twentieth
