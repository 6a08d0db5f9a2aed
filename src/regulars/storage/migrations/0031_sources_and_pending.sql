-- What a limit counts is got for an order, an event, an occasion or a goal: the column says so now.
alter table programme_uses rename column order_id to source_id;
