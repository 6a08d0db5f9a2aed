-- Days from each purchase day to the customer's next.
select gap, count(*) as times from (
    select day - lag(day) over (partition by customer order by day) as gap from days where orders > 0)
where gap is not null group by gap order by gap
