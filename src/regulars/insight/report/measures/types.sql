-- One type for each customer; the first rule that holds decides.
select type, count(*) as customers, cast(sum(spend_minor) as bigint) as spend_minor from (
    select spend_minor, case
        when days >= 2 and discounted * 2 >= orders then 'price_sensitive'
        when days >= 4 and last_day - first_day >= 180 then 'relationship'
        when days >= 3 and (last_day - first_day) / (days - 1.0) <= (select median_gap from edge) then 'convenience'
        when days >= 2 then 'occasional'
        else 'once' end as type from customers)
group by type order by type
