-- What a line of an order is filed under and marked with, as it was sold: rules look at it, then and when something comes back.
alter table commerce_order_lines add column category text, add column tags text[];

-- Tags as one text, each after the other with a unit separator between: lists of different lengths cannot be gathered into one.
create or replace view commerce_rule_lines as
select l.order_id, l.line_no, l.quantity, l.returned, l.unit_minor, l.amount_minor, p.sku, p.name,
       coalesce(l.category, '') as category, coalesce(array_to_string(l.tags, chr(31)), '') as tags
from commerce_order_lines l left join commerce_products p using (product_id)
where l.goods;

-- Rewards given without points: for what (a tier, a referral, by staff), and why; and since when they stay though that was undone.
alter table programme_redemptions add column cause text check (cause in ('tier', 'referral', 'staff')), add column reason text,
    add column undone_at timestamptz;

-- Rewards that are owed: there was none to give. They are tried again.
create table programme_rewards_owed (
    member_id bigint      not null,
    reference text        not null,                 -- as that of the redemption it becomes
    reward    text        not null,
    cause     text        not null,
    reason    text        not null,
    why       text        not null,                 -- the error that kept it from being given
    since     timestamptz not null,
    try_at    timestamptz not null,
    primary key (member_id, reference)
);
create index programme_rewards_owed_due on programme_rewards_owed (try_at);
