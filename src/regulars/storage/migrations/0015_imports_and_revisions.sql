-- Opening balances brought from another system: how far each file has come, and what became of its rows.
create table ledger_imports (
    import_id   bigint      primary key,            -- types.stable_id("points import", fingerprint)
    file_name   text        not null,
    fingerprint text        not null,               -- of the file's content and of how it is read
    started_at  timestamptz not null,
    finished_at timestamptz,
    rows        bigint      not null,               -- those that could be read
    rows_done   bigint      not null default 0,     -- of them, from the first on; set in the transaction that posts them
    report      jsonb       not null
);
create index ledger_imports_by_time on ledger_imports (started_at desc);

-- What an order is worth by now: its goods, and how many pieces of each came back. Nothing when it was cancelled.
create view commerce_order_worth as
select o.order_id, o.placed_at, o.paid_at, o.cancelled_at, l.line_no, l.quantity, l.returned, l.amount_minor
from commerce_orders o left join commerce_order_lines l on l.order_id = o.order_id and l.goods and o.cancelled_at is null;
