-- Who bought again within some days of the first purchase, among those known for at least as long.
select w.within, count(*) as customers, count(*) filter (where s.second_day - s.first_day <= w.within) as returned
from (select unnest([30, 60, 90, 180, 365]) as within) as w
join (
    select c.customer, c.first_day, min(d.day) as second_day
    from customers as c left join days as d on d.customer = c.customer and d.orders > 0 and d.day > c.first_day
    group by c.customer, c.first_day) as s on s.first_day + w.within <= (select last_day from edge)
group by w.within order by w.within
