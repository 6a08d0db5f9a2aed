create table commerce_shops (
    shop_id    bigint      primary key,
    code       text        not null unique check (code ~ '^[a-z0-9_-]{1,64}$'),
    name       text        not null,
    currency   text        not null check (currency ~ '^[A-Z]{3}$'),
    time_zone  text        not null,
    created_at timestamptz not null
);

create table commerce_products (
    product_id bigint      primary key,
    shop_id    bigint      not null references commerce_shops,
    sku        text        not null check (sku <> ''),
    name       text        not null,
    kind       text        not null check (kind in ('goods', 'shipping', 'gift_card', 'adjustment')),
    named_at   timestamptz not null,                -- the name is the one used last
    unique (shop_id, sku)
) with (fillfactor = 60);                           -- every sale moves named_at: room to do so in place (HOT)

-- Orders, returns and their lines have no foreign keys on purpose: PostgreSQL checks them row by row, by a trigger each
-- that also locks the row referred to. The verbs that write them refuse what is not there, nothing they refer to is ever
-- deleted, and `regulars db check` proves it.
--
-- Totals are kept beside the lines they sum: every list, measure and tier reads orders without touching lines.
create table commerce_orders (
    order_id     bigint      primary key,
    shop_id      bigint      not null,
    external_id  text        not null check (external_id <> ''),
    member_id    bigint,                            -- null: a guest
    placed_at    timestamptz not null,
    paid_at      timestamptz,
    cancelled_at timestamptz,
    currency     text        not null,
    country      text,
    goods_minor  bigint      not null,              -- Σ amount of goods lines
    total_minor  bigint      not null,              -- Σ amount of all lines
    recorded_at  timestamptz not null,
    fingerprint  bigint      not null,              -- a 64-bit hash of the document: the same again is a replay
    unique (shop_id, external_id)
);
create index commerce_orders_by_member on commerce_orders (member_id, placed_at) where member_id is not null;
create index commerce_orders_by_placed on commerce_orders (placed_at, order_id);

create table commerce_order_lines (
    order_id     bigint  not null,
    line_no      int     not null check (line_no > 0),
    quantity     int     not null check (quantity > 0),
    product_id   bigint  not null,
    unit_minor   bigint  not null,
    amount_minor bigint  not null,                  -- what the customer paid for the line, after discounts
    returned     int     not null default 0,
    goods        boolean not null,                  -- false: shipping, gift card, adjustment
    primary key (order_id, line_no),
    check (returned between 0 and quantity)
) with (fillfactor = 95);

create table commerce_returns (
    return_id    bigint      primary key,
    shop_id      bigint      not null,
    external_id  text        not null check (external_id <> ''),
    member_id    bigint,
    returned_at  timestamptz not null,
    currency     text        not null,
    goods_minor  bigint      not null check (goods_minor >= 0),  -- money given back for goods
    total_minor  bigint      not null,
    recorded_at  timestamptz not null,
    fingerprint  bigint      not null,
    unique (shop_id, external_id)
);
create index commerce_returns_by_member on commerce_returns (member_id, returned_at) where member_id is not null;
create index commerce_returns_by_returned on commerce_returns (returned_at, return_id);

-- One row per returned line and order line it was matched to; what could not be matched has no order.
create table commerce_return_lines (
    return_id     bigint not null,
    line_no       int    not null,
    part_no       int    not null,
    product_id    bigint not null,
    quantity      int    not null check (quantity > 0),
    amount_minor  bigint not null,                  -- money given back
    goods         boolean not null,
    order_id      bigint,
    order_line_no int,
    before        int    not null default 0,        -- how many of the order line had come back before these
    primary key (return_id, line_no, part_no),
    check ((order_id is null) = (order_line_no is null))
);
create index commerce_return_lines_by_order on commerce_return_lines (order_id) where order_id is not null;

create table commerce_deliveries (
    delivery_id  bigint      primary key,
    order_id     bigint      not null references commerce_orders,
    external_id  text        not null,
    carrier      text,
    promised_at  timestamptz,                       -- the first promise; later ones never overwrite it
    shipped_at   timestamptz,
    delivered_at timestamptz,
    recorded_at  timestamptz not null,
    unique (order_id, external_id)
);

-- How a shop's export is read: columns, conventions, decisions. Saved under a name and used again.
create table commerce_import_profiles (
    name     text        primary key,
    document jsonb       not null,
    saved_at timestamptz not null
);

-- One row per file imported; `chunks_done` moves in the same transaction as the chunk's rows.
create table commerce_imports (
    import_id   bigint      primary key,
    shop_id     bigint      not null references commerce_shops,
    file_name   text        not null,
    fingerprint text        not null,
    started_at  timestamptz not null,
    finished_at timestamptz,
    chunks_done int         not null default 0,
    chunks      int         not null,
    report      jsonb       not null
);
create index commerce_imports_by_started on commerce_imports (started_at desc);

-- What other domains read. A purchase is a paid order, not cancelled, with goods in it; its day is the shop's.
create view commerce_purchases as
select o.order_id, o.shop_id, o.member_id, o.placed_at, o.paid_at, (o.placed_at at time zone s.time_zone)::date as day,
       o.goods_minor, o.currency
from commerce_orders o join commerce_shops s using (shop_id)
where o.paid_at is not null and o.cancelled_at is null and o.goods_minor > 0;

-- Money given back for goods, but for what came back of orders that were then cancelled: those are no purchases either.
create view commerce_refunds as
select r.return_id, r.shop_id, r.member_id, r.returned_at, (r.returned_at at time zone s.time_zone)::date as day,
       r.goods_minor - void.goods_minor as goods_minor, r.currency
from commerce_returns r
join commerce_shops s using (shop_id)
cross join lateral (
    select coalesce(sum(l.amount_minor), 0)::bigint as goods_minor
    from commerce_return_lines l join commerce_orders o using (order_id)
    where l.return_id = r.return_id and l.goods and o.cancelled_at is not null
) void
where r.goods_minor > void.goods_minor;

create view commerce_goods_lines as
select l.order_id, l.line_no, l.quantity, l.amount_minor
from commerce_order_lines l
where l.goods;

-- What came back of which order line: `before` and `quantity` of its `of_quantity` pieces. The return is looked up line by
-- line: a planner that thinks an order has many of them would read every return for each order.
create view commerce_returned_goods as
select p.return_id, (select r.returned_at from commerce_returns r where r.return_id = p.return_id) as returned_at,
       l.order_id, l.line_no, l.amount_minor, l.quantity as of_quantity, p.before, p.quantity
from commerce_return_lines p
join commerce_order_lines l on l.order_id = p.order_id and l.line_no = p.order_line_no
where l.goods;

-- Which returns brought something of an order back.
create view commerce_order_returns as
select l.order_id, l.return_id
from commerce_return_lines l
where l.order_id is not null;

create view commerce_cancellations as
select o.order_id, o.member_id, o.placed_at, o.cancelled_at
from commerce_orders o
where o.cancelled_at is not null;
