-- When points come and go: programmes that hold from a day of their own, and who was active when.

alter table programme_versions add column effective_at timestamptz;   -- it holds from then on, until a later one does
update programme_versions set effective_at = published_at;
alter table programme_versions alter column effective_at set not null;

-- A document says which kind of expiry it means; null is never.
update programme_versions set document = jsonb_set(document, '{expiry}', case
    when document #>> '{expiry,months}' is null then 'null'::jsonb
    else jsonb_build_object('kind', 'rolling', 'end_of', 'month', 'lasts',
                            jsonb_build_object('count', document #> '{expiry,months}', 'unit', 'month')) end);

-- When a member was last active, where points live by activity: what arrives late shortens nothing. Written behind the
-- lock on the member's account.
create table programme_activities (
    member_id bigint      primary key,
    last_at   timestamptz not null
) with (fillfactor = 80);

-- Orders of which every delivery has arrived, and when the last did.
create view commerce_arrivals as
select order_id, max(delivered_at) as arrived_at from commerce_deliveries
group by order_id having count(delivered_at) = count(*);
