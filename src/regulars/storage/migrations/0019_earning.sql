-- What rules see of an order and of its lines of goods. A product is looked up only where its number or name is asked for.
create view commerce_rule_orders as
select o.order_id, o.member_id, o.placed_at, o.paid_at, o.cancelled_at, o.currency, coalesce(o.country, '') as country, s.code as shop,
    s.time_zone, o.total_minor - o.goods_minor as other_minor, o.goods_minor
from commerce_orders o join commerce_shops s using (shop_id);

create view commerce_rule_lines as
select l.order_id, l.line_no, l.quantity, l.returned, l.unit_minor, l.amount_minor, p.sku, p.name
from commerce_order_lines l left join commerce_products p using (product_id)
where l.goods;

-- What was so when an order was awarded, as far as its version's rules read it: with the version it is all that returns need.
alter table programme_awards add column inputs jsonb;

-- What an award gave beside the points of the programme's own terms: other kinds of points, and those of rules with terms of their own.
create table programme_award_parts (
    order_id   bigint   not null,
    point_type text     not null,
    rule       text     not null,                   -- whose terms they have; empty for the programme's
    points     bigint   not null check (points >= 0),
    steps      bigint[] not null,                   -- as in programme_awards
    reversed   bigint   not null default 0 check (reversed between 0 and points),
    primary key (order_id, point_type, rule)
);

-- What members got by rules with limits. Given back by returns: the points are then fewer, or none.
create table programme_uses (
    member_id bigint      not null,
    rule      text        not null,
    order_id  bigint      not null,
    used_at   timestamptz not null,                 -- when the order was placed, whenever it was told
    points    bigint      not null check (points >= 0),
    primary key (member_id, rule, order_id)
);
-- One row a member to whom such rules gave anything: locked while it is looked up what is left.
create table programme_counted (
    member_id bigint primary key
);

-- Why something was decided as it was: numbers only, which the version's document puts into words.
create table facts_decisions (
    decision_id bigint      generated always as identity primary key,
    kind        smallint    not null,               -- 1 an order awarded, 2 goods that came back, 3 an order changed
    subject_id  bigint      not null,               -- the order
    member_id   bigint      not null,
    version_id  int         not null,
    decided_at  timestamptz not null,
    verdicts    jsonb       not null
);
create index facts_decisions_by_subject on facts_decisions (subject_id);
create index facts_decisions_by_member on facts_decisions (member_id, decision_id);
