-- Returns that were told before the orders they name: kept as they came, until the order is here.
create table commerce_early_returns (
    return_id    bigint      primary key,           -- the number it will have
    shop_id      bigint      not null references commerce_shops,
    external_id  text        not null,
    order_id     bigint      not null,              -- the number that the order it names will have
    order_number text        not null,
    document     jsonb       not null,              -- as `NewReturn`
    told_at      timestamptz not null,
    alarm_at     timestamptz,                       -- when it is told that the order did not come; null: it has been
    problem      text                               -- why it could not be recorded when its order came
);
create index commerce_early_returns_by_order on commerce_early_returns (order_id);
create index commerce_early_returns_by_alarm on commerce_early_returns (alarm_at) where alarm_at is not null;
