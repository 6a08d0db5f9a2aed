-- Members by the month of their first purchase, and what they did in each month since.
select
    f.cohort,
    (extract(year from x.day) - extract(year from f.cohort)) * 12
        + extract(month from x.day) - extract(month from f.cohort) as months,
    count(distinct x.member_id) as active,
    cast(sum(case when x.currency = e.currency then x.goods_minor else 0 end) as bigint) as revenue_minor
from (
    select member_id, cast(date_trunc('month', min(day)) as date) as cohort
    from purchases
    where member_id is not null
    group by member_id
) as f
join purchases as x on x.member_id = f.member_id
cross join edge as e
where x.day < e.until
group by 1, 2
