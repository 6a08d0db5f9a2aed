-- What a line of an order is filed under and marked with, as it was sold: rules look at it, then and when something comes back.
alter table commerce_order_lines add column category text, add column tags text[];

-- Tags as one text, each after the other with a unit separator between: lists of different lengths cannot be gathered into one.
create or replace view commerce_rule_lines as
select l.order_id, l.line_no, l.quantity, l.returned, l.unit_minor, l.amount_minor, p.sku, p.name,
       coalesce(l.category, '') as category, coalesce(array_to_string(l.tags, chr(31)), '') as tags
from commerce_order_lines l left join commerce_products p using (product_id)
where l.goods;
