-- One row per customer with a purchase.
select customer, min(day) filter (where orders > 0) as first_day, max(day) filter (where orders > 0) as last_day,
    count(*) filter (where orders > 0) as days, sum(orders) as orders, sum(amount_minor) as gross_minor,
    cast(sum(amount_minor) - sum(refund_minor) as bigint) as spend_minor, sum(discounted_orders) as discounted
from days group by customer having sum(orders) > 0
