-- Which members of each cohort purchased in which month since.
select distinct
    x.member_id,
    f.cohort,
    (extract(year from x.day) - extract(year from f.cohort)) * 12
        + extract(month from x.day) - extract(month from f.cohort) as months
from (
    select member_id, cast(date_trunc('month', min(day)) as date) as cohort
    from purchases
    where member_id is not null
    group by member_id
) as f
join purchases as x on x.member_id = f.member_id
cross join edge as e
where x.day < e.until
