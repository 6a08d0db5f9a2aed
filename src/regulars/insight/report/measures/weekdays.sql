-- Orders by day of the week, Monday 1.
select cast(isodow(day) as integer) as weekday, cast(sum(orders) as bigint) as orders from days where orders > 0 group by 1 order by 1
