-- Customers with three purchase days or more whose silence is over twice, and not yet six times, their own usual gap.
-- The usual gap is the mean of their own gaps and one gap of the shop's median. At stake: what they spent a year while they came.
select customer, days, last_day, cast((select last_day from edge) - last_day as integer) as silent_days, usual_days,
    cast(spend_minor * 365.0 / greatest(last_day - first_day, 180) as bigint) as yearly_minor
from (select *, (last_day - first_day + (select median_gap from edge)) / cast(days as double) as usual_days from customers where days >= 3)
where (select last_day from edge) - last_day > 2 * usual_days and (select last_day from edge) - last_day < 6 * usual_days and spend_minor > 0
order by yearly_minor desc, customer
