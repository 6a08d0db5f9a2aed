-- The base in one row.
select count(*) as customers, cast(sum(orders) as bigint) as orders, cast(sum(days) as bigint) as purchase_days,
    cast(sum(gross_minor) as bigint) as gross_minor, cast(sum(gross_minor) - sum(spend_minor) as bigint) as refund_minor,
    cast(sum(spend_minor) as bigint) as net_minor, count(*) filter (where days > 1) as repeaters
from customers
