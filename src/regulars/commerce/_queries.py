"""The SQL of commerce."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import pyarrow as pa

from regulars.commerce._lines import Lines, Numbers, columns
from regulars.commerce._records import Delivery, Order, OrderLine, Return, ReturnLine, Shop
from regulars.commerce._rules import TIME, Came, NewDelivery, Part, Sold
from regulars.storage import Transaction

_ORDER: Final[LiteralString] = """order_id, shop_id, external_id, member_id, placed_at, paid_at, cancelled_at, currency,
    country, goods_minor, total_minor, recorded_at, fingerprint"""
_RETURN: Final[LiteralString] = """return_id, shop_id, external_id, member_id, returned_at, currency, goods_minor,
    total_minor, fingerprint"""
_DELIVERY: Final[LiteralString] = "delivery_id, order_id, external_id, carrier, promised_at, shipped_at, delivered_at"
_SOLD: Final[
    LiteralString
] = """l.order_id, l.line_no, o.member_id, l.product_id, o.placed_at, l.unit_minor, l.quantity,
    l.returned, l.amount_minor"""


def insert_shop(tx: Transaction, *, shop: Shop) -> int:
    """Open a shop unless it is open."""
    return tx.run(
        """
        insert into commerce_shops (shop_id, code, name, currency, time_zone, created_at)
        values (%(shop_id)s, %(code)s, %(name)s, %(currency)s, %(time_zone)s, %(created_at)s)
        on conflict (shop_id) do nothing
        """,
        shop_id=shop.shop_id, code=shop.code, name=shop.name, currency=shop.currency, time_zone=shop.time_zone,
        created_at=shop.created_at,
    )  # fmt: skip


def select_shops(tx: Transaction, *, shop_id: int | None, code: str | None, limit: int = 1000) -> list[Shop]:
    """Shops by identifier, by code, or all."""
    return tx.all(
        """
        select shop_id, code, name, currency, time_zone, created_at from commerce_shops
        where (%(shop_id)s::bigint is null or shop_id = %(shop_id)s) and (%(code)s::text is null or code = %(code)s)
        order by code limit %(limit)s
        """,
        Shop, shop_id=shop_id, code=code, limit=limit,
    )  # fmt: skip


def upsert_products(tx: Transaction, *, shop: Shop, ids: Numbers, lines: pa.Table, named_at: Numbers) -> int:
    """Add products, and give known ones the name that a line of `lines` sold them under, unless a later one did."""
    return tx.run(
        """
        insert into commerce_products (product_id, shop_id, sku, name, kind, named_at)
        select v.product_id, %(shop_id)s, v.sku, coalesce(v.name, v.sku), v.kind, v.named_at
        from unnest(%(ids)s::bigint[], %(skus)s::text[], %(names)s::text[], %(kinds)s::text[], %(named)s::timestamptz[])
             v (product_id, sku, name, kind, named_at)
        where not exists (  -- a row that stays as it is would be locked all the same
            select from commerce_products p
            where p.product_id = v.product_id and (p.named_at >= v.named_at or v.name is null or v.name = v.sku))
        order by v.product_id
        on conflict (product_id) do update set name = excluded.name, kind = excluded.kind, named_at = excluded.named_at
        where commerce_products.named_at < excluded.named_at and excluded.name <> excluded.sku
        """,
        shop_id=shop.shop_id, ids=pa.array(ids), skus=lines.column("sku"), names=lines.column("name"), kinds=lines.column("kind"),
        named=pa.array(named_at, TIME),
    )  # fmt: skip


def insert_orders(tx: Transaction, *, shop: Shop, orders: pa.Table, at: datetime) -> list[int]:
    """Insert the orders that are not there; the identifiers of those inserted."""
    return tx.values(
        """
        insert into commerce_orders (order_id, shop_id, external_id, member_id, placed_at, paid_at, currency, country,
            goods_minor, total_minor, recorded_at, fingerprint)
        select v.order_id, %(shop_id)s, v.external_id, v.member_id, v.placed_at, v.paid_at, %(currency)s, v.country,
            v.goods_minor, v.total_minor, %(at)s, v.fingerprint
        from unnest(%(order_id)s::bigint[], %(external_id)s::text[], %(member_id)s::bigint[], %(placed_at)s::timestamptz[],
            %(paid_at)s::timestamptz[], %(country)s::text[], %(goods_minor)s::bigint[], %(total_minor)s::bigint[],
            %(fingerprint)s::bigint[])
            v (order_id, external_id, member_id, placed_at, paid_at, country, goods_minor, total_minor, fingerprint)
        order by v.order_id
        on conflict (order_id) do nothing
        returning order_id
        """,
        shop_id=shop.shop_id, currency=shop.currency, at=at, **dict(zip(orders.column_names, orders.columns, strict=True)),
    )  # fmt: skip


def copy_order_lines(tx: Transaction, *, ids: Numbers, lines: Lines) -> int:
    """Append order lines, in the order of their key: each page of its index is then written once a batch."""
    rows = lines.table(ids)
    labels: LiteralString = ", category, tags" if "tags" in rows.column_names else ""
    return tx.copy(
        f"commerce_order_lines (order_id, line_no, quantity, product_id, unit_minor, amount_minor, goods{labels})", rows
    )


def add_to_orders(
    tx: Transaction, *, ids: list[int], goods: list[int], total: list[int], fingerprints: list[int]
) -> int:
    """Add what an amended order has more."""
    return tx.run(
        """
        update commerce_orders o
        set goods_minor = o.goods_minor + v.goods, total_minor = o.total_minor + v.total, fingerprint = v.fingerprint
        from unnest(%(ids)s::bigint[], %(goods)s::bigint[], %(total)s::bigint[], %(fingerprints)s::bigint[])
             v (order_id, goods, total, fingerprint)
        where o.order_id = v.order_id
        """,
        ids=ids, goods=goods, total=total, fingerprints=fingerprints,
    )  # fmt: skip


def lock_returned(tx: Transaction, *, order_id: int) -> list[tuple[Any, ...]]:
    """Lock an order's lines; number, product and returned pieces of those of which some came back."""
    sql = "select line_no, product_id, returned from commerce_order_lines where order_id = %(order_id)s order by line_no for update"
    return [row for row in tx.rows(sql, order_id=order_id) if row[2]]


def delete_unreturned(tx: Transaction, *, order_id: int) -> int:
    """Delete an order's lines of which nothing came back."""
    return tx.run("delete from commerce_order_lines where order_id = %(order_id)s and returned = 0", order_id=order_id)


def change_lines(tx: Transaction, *, order_id: int, lines: Lines) -> int:
    """Change pieces, prices and labels of an order's lines."""
    categories, tags = columns(lines.told())
    return tx.run(
        """
        update commerce_order_lines l set quantity = v.quantity, unit_minor = v.unit, amount_minor = v.amount, goods = v.goods,
            category = v.category, tags = v.tags::text[]
        from unnest(%(numbers)s::int[], %(quantities)s::int[], %(units)s::bigint[], %(amounts)s::bigint[], %(goods)s::boolean[],
                    %(categories)s::text[], %(tags)s::text[]) v (line_no, quantity, unit, amount, goods, category, tags)
        where l.order_id = %(order_id)s and l.line_no = v.line_no
        """,
        order_id=order_id, goods=lines.goods.tolist(), amounts=lines.amount_minor.tolist(), units=lines.unit_minor.tolist(),
        numbers=lines.line_no.tolist(), quantities=lines.quantity.tolist(), categories=categories, tags=tags,
    )  # fmt: skip


def set_version(tx: Transaction, *, order: Order) -> int:
    """Note what an order became: its sums, that it is open, and its payment."""
    return tx.run(
        """
        update commerce_orders set goods_minor = %(goods)s, total_minor = %(total)s, fingerprint = %(fingerprint)s, cancelled_at = null, paid_at = %(paid_at)s
        where order_id = %(order_id)s
        """,
        order_id=order.order_id, goods=order.goods_minor, total=order.total_minor, fingerprint=order.fingerprint, paid_at=order.paid_at,
    )  # fmt: skip


def set_paid(tx: Transaction, *, order_id: int, paid_at: datetime) -> int:
    """Note the payment of an order that has none."""
    return tx.run(
        "update commerce_orders set paid_at = %(paid_at)s where order_id = %(order_id)s and paid_at is null and cancelled_at is null",
        order_id=order_id,
        paid_at=paid_at,
    )


def set_paid_all(tx: Transaction, *, order_ids: list[int], paid: list[datetime]) -> list[int]:
    """Note the payments of those orders that have none; which they are."""
    return tx.values(
        """
        update commerce_orders o set paid_at = v.paid_at
        from unnest(%(ids)s::bigint[], %(paid)s::timestamptz[]) v (order_id, paid_at)
        where o.order_id = v.order_id and o.paid_at is null and o.cancelled_at is null
        returning o.order_id
        """,
        ids=order_ids, paid=paid,
    )  # fmt: skip


def set_cancelled(tx: Transaction, *, order_id: int, cancelled_at: datetime) -> int:
    """Note the cancellation of an order that has none."""
    return tx.run(
        "update commerce_orders set cancelled_at = %(cancelled_at)s where order_id = %(order_id)s and cancelled_at is null",
        order_id=order_id,
        cancelled_at=cancelled_at,
    )


def select_orders_by_id(tx: Transaction, *, order_ids: list[int]) -> list[Order]:
    """The orders among some identifiers."""
    return tx.all(
        f"""
        select {_ORDER}
        from commerce_orders where order_id = any(%(order_ids)s)
        """,
        Order, order_ids=order_ids,
    )  # fmt: skip


def select_orders(
    tx: Transaction, *, shop_id: int | None, member_id: int | None, number: str | None, state: str | None,
    placed_from: datetime | None, placed_until: datetime | None, before: tuple[datetime, int] | None, limit: int,
) -> list[Order]:  # fmt: skip
    """Orders, the latest first."""
    at, order_id = before or (None, None)
    return tx.all(
        f"""
        select {_ORDER}
        from commerce_orders o
        where (%(shop_id)s::bigint is null or shop_id = %(shop_id)s)
          and (%(member_id)s::bigint is null or member_id = %(member_id)s)
          and (%(number)s::text is null or external_id ^@ %(number)s)
          and (%(placed_from)s::timestamptz is null or placed_at >= %(placed_from)s)
          and (%(placed_until)s::timestamptz is null or placed_at < %(placed_until)s)
          and (%(state)s::text is null
               or %(state)s = 'paid' and paid_at is not null and cancelled_at is null
               or %(state)s = 'unpaid' and paid_at is null and cancelled_at is null
               or %(state)s = 'cancelled' and cancelled_at is not null
               or %(state)s = 'returned' and exists (select from commerce_return_lines r where r.order_id = o.order_id))
          and (%(at)s::timestamptz is null or (placed_at, order_id) < (%(at)s::timestamptz, %(order_id)s::bigint))
        order by placed_at desc, order_id desc
        limit %(limit)s
        """,
        Order, shop_id=shop_id, member_id=member_id, number=number, state=state, placed_from=placed_from,
        placed_until=placed_until, at=at, order_id=order_id, limit=limit,
    )  # fmt: skip


def select_fingerprints(tx: Transaction, *, order_ids: list[int]) -> dict[int, int]:
    """The fingerprints of the orders among some identifiers."""
    sql = "select order_id, fingerprint from commerce_orders where order_id = any(%(order_ids)s)"
    return dict(tx.rows(sql, order_ids=order_ids))


def lock_orders(tx: Transaction, *, order_ids: list[int]) -> list[Order]:
    """The orders among some identifiers, locked, in one order."""
    return tx.all(
        f"""
        select {_ORDER}
        from commerce_orders where order_id = any(%(order_ids)s) order by order_id for update
        """,
        Order, order_ids=order_ids,
    )  # fmt: skip


def select_line_keys(tx: Transaction, *, order_ids: list[int]) -> list[tuple[Any, ...]]:
    """What identifies the lines of some orders: order, number, product, quantity, unit price, amount, goods, category, tags."""
    return tx.rows(
        """
        select order_id, line_no, product_id, quantity, unit_minor, amount_minor, goods, category, array_to_string(tags, chr(31))
        from commerce_order_lines where order_id = any(%(order_ids)s)
        """,
        order_ids=order_ids,
    )  # fmt: skip


def select_lines(tx: Transaction, *, order_id: int, limit: int = 10_000) -> list[OrderLine]:
    """The lines of an order with their products."""
    return tx.all(
        """
        select l.line_no, l.product_id, p.sku, p.name, p.kind, l.quantity, l.unit_minor, l.amount_minor, l.returned,
            l.category, coalesce(l.tags, '{}') as tags
        from commerce_order_lines l join commerce_products p using (product_id)
        where l.order_id = %(order_id)s order by l.line_no limit %(limit)s
        """,
        OrderLine, order_id=order_id, limit=limit,
    )  # fmt: skip


def select_return_lines(tx: Transaction, *, order_id: int, limit: int = 10_000) -> list[ReturnLine]:
    """What of an order came back."""
    return tx.all(
        """
        select r.return_id, r.external_id, r.returned_at, p.sku, p.name, l.quantity, l.amount_minor, l.order_line_no
        from commerce_return_lines l join commerce_returns r using (return_id) join commerce_products p using (product_id)
        where l.order_id = %(order_id)s order by r.returned_at, r.return_id, l.line_no, l.part_no limit %(limit)s
        """,
        ReturnLine, order_id=order_id, limit=limit,
    )  # fmt: skip


def lock_sold_of_orders(tx: Transaction, *, wanted: Sequence[Came]) -> list[Sold]:
    """The lines of the orders that returns name, locked, in one order."""
    return tx.all(
        f"""
        select {_SOLD}
        from commerce_order_lines l join commerce_orders o using (order_id)
        where l.order_id = any(%(order_ids)s) and l.product_id = any(%(product_ids)s)
        order by l.order_id, l.line_no
        for update of l
        """,
        Sold, order_ids=list({came.order_id for came in wanted}), product_ids=list({came.product_id for came in wanted}),
    )  # fmt: skip


def select_given_back(tx: Transaction, *, order_ids: list[int]) -> dict[tuple[int, int], int]:
    """The money given back so far, by order line. Asked after the lines were locked, it misses none."""
    rows = tx.rows(
        """
        select order_id, order_line_no, sum(amount_minor)::bigint from commerce_return_lines
        where order_id = any(%(order_ids)s) group by order_id, order_line_no
        """,
        order_ids=order_ids,
    )  # fmt: skip
    return {(order_id, line_no): given for order_id, line_no, given in rows}


def lock_sold_to_members(tx: Transaction, *, wanted: Sequence[Came]) -> list[Sold]:
    """The lines by which members bought products and which have not come back, locked, in one order."""
    pairs = list({(came.member_id, came.product_id) for came in wanted})
    return tx.all(
        """
        select found.order_id, found.line_no, found.member_id, l.product_id, found.placed_at, l.unit_minor, l.quantity, l.returned,
            l.amount_minor
        from (  -- member by member, order by order: no statistics, however wrong, can make this a scan of all lines
            select l.order_id, l.line_no, w.member_id, o.placed_at
            from (
                select v.member_id, array_agg(v.product_id) as products
                from unnest(%(members)s::bigint[], %(products)s::bigint[]) v (member_id, product_id)
                group by v.member_id
            ) w
            cross join lateral (
                select o.order_id, o.placed_at from commerce_orders o
                where o.member_id = w.member_id and o.cancelled_at is null offset 0
            ) o
            cross join lateral (
                select l.order_id, l.line_no from commerce_order_lines l
                where l.order_id = o.order_id and l.product_id = any(w.products) and l.returned < l.quantity offset 0
            ) l
            order by l.order_id, l.line_no offset 0
        ) found
        cross join lateral (
            select l.product_id, l.unit_minor, l.quantity, l.returned, l.amount_minor from commerce_order_lines l
            where l.order_id = found.order_id and l.line_no = found.line_no and l.returned < l.quantity
            for update
        ) l
        """,
        Sold, members=[pair[0] for pair in pairs], products=[pair[1] for pair in pairs],
    )  # fmt: skip


def add_returned(tx: Transaction, *, parts: list[Part]) -> int:
    """Count what came back on the order lines."""
    return tx.run(
        """
        update commerce_order_lines l set returned = l.returned + v.quantity
        from (select order_id, line_no, sum(quantity)::int as quantity
              from unnest(%(order_ids)s::bigint[], %(line_nos)s::int[], %(quantities)s::int[]) p (order_id, line_no, quantity)
              group by order_id, line_no) v
        where l.order_id = v.order_id and l.line_no = v.line_no
        """,
        order_ids=[part.order_id for part in parts], line_nos=[part.order_line_no for part in parts],
        quantities=[part.quantity for part in parts],
    )  # fmt: skip


def insert_returns(tx: Transaction, *, returns: list[Return], at: datetime) -> list[int]:
    """Insert the returns that are not there; the identifiers of those inserted."""
    return tx.values(
        """
        insert into commerce_returns (return_id, shop_id, external_id, member_id, returned_at, currency, goods_minor,
            total_minor, recorded_at, fingerprint)
        select v.return_id, v.shop_id, v.external_id, v.member_id, v.returned_at, v.currency, v.goods_minor,
            v.total_minor, %(at)s, v.fingerprint
        from unnest(%(ids)s::bigint[], %(shops)s::bigint[], %(names)s::text[], %(owners)s::bigint[],
            %(times)s::timestamptz[], %(currencies)s::text[], %(goods)s::bigint[], %(total)s::bigint[], %(prints)s::bigint[])
            v (return_id, shop_id, external_id, member_id, returned_at, currency, goods_minor, total_minor, fingerprint)
        order by v.return_id
        on conflict (return_id) do nothing
        returning return_id
        """,
        at=at, ids=[r.return_id for r in returns], shops=[r.shop_id for r in returns],
        names=[r.external_id for r in returns], owners=[r.member_id for r in returns],
        times=[r.returned_at for r in returns], currencies=[r.currency for r in returns],
        goods=[r.goods_minor for r in returns], total=[r.total_minor for r in returns],
        prints=[r.fingerprint for r in returns],
    )  # fmt: skip


def delete_returns(tx: Transaction, *, return_ids: list[int]) -> int:
    """Take back returns inserted in this transaction that turned out not to fit their order."""
    return (
        tx.run("delete from commerce_returns where return_id = any(%(return_ids)s)", return_ids=return_ids)
        if return_ids
        else 0
    )


def select_return_fingerprints(tx: Transaction, *, return_ids: list[int]) -> dict[int, int]:
    """The fingerprints of the returns among some identifiers."""
    rows = tx.rows(
        "select return_id, fingerprint from commerce_returns where return_id = any(%(return_ids)s)",
        return_ids=return_ids,
    )
    return dict(rows)


def copy_return_lines(tx: Transaction, *, ids: Numbers, parts: list[Part], goods: set[tuple[int, int]]) -> int:
    """Append the parts of returned lines."""
    return tx.copy(
        "commerce_return_lines (return_id, line_no, part_no, product_id, quantity, amount_minor, goods, order_id, order_line_no, before)",
        pa.table(
            {
                "return_id": pa.array([int(ids[p.row]) for p in parts], pa.int64()),
                "line_no": pa.array([p.line_no for p in parts], pa.int32()),
                "part_no": pa.array([p.part_no for p in parts], pa.int32()),
                "product_id": pa.array([p.product_id for p in parts], pa.int64()),
                "quantity": pa.array([p.quantity for p in parts], pa.int32()),
                "amount_minor": pa.array([p.amount_minor for p in parts], pa.int64()),
                "goods": pa.array([(p.row, p.line_no) in goods for p in parts], pa.bool_()),
                "order_id": pa.array([p.order_id for p in parts], pa.int64()),
                "order_line_no": pa.array([p.order_line_no for p in parts], pa.int32()),
                "before": pa.array([p.before for p in parts], pa.int32()),
            }
        ),
    )


def select_returns(
    tx: Transaction, *, member_id: int | None, before: tuple[datetime, int] | None, limit: int
) -> list[Return]:
    """Returns, the latest first."""
    at, return_id = before or (None, None)
    return tx.all(
        f"""
        select {_RETURN}
        from commerce_returns
        where (%(member_id)s::bigint is null or member_id = %(member_id)s)
          and (%(at)s::timestamptz is null or (returned_at, return_id) < (%(at)s::timestamptz, %(return_id)s::bigint))
        order by returned_at desc, return_id desc
        limit %(limit)s
        """,
        Return, member_id=member_id, at=at, return_id=return_id, limit=limit,
    )  # fmt: skip


def select_returns_by_id(tx: Transaction, *, return_ids: list[int]) -> list[Return]:
    """The returns among some identifiers."""
    return tx.all(
        f"""
        select {_RETURN}
        from commerce_returns where return_id = any(%(return_ids)s)
        """,
        Return, return_ids=return_ids,
    )  # fmt: skip


def select_skus(tx: Transaction, *, product_ids: list[int]) -> list[str]:
    """The stock codes of some products."""
    return tx.values(
        "select sku from commerce_products where product_id = any(%(product_ids)s)", product_ids=product_ids
    )


def select_deliveries(tx: Transaction, *, order_id: int, limit: int = 100) -> list[Delivery]:
    """The deliveries of an order."""
    return tx.all(
        f"""
        select {_DELIVERY}
        from commerce_deliveries where order_id = %(order_id)s order by external_id limit %(limit)s
        """,
        Delivery, order_id=order_id, limit=limit,
    )  # fmt: skip


def select_deliveries_by_id(tx: Transaction, *, delivery_ids: list[int]) -> list[Delivery]:
    """The deliveries among some identifiers, locked."""
    return tx.all(
        f"""
        select {_DELIVERY}
        from commerce_deliveries where delivery_id = any(%(delivery_ids)s) order by delivery_id for update
        """,
        Delivery, delivery_ids=delivery_ids,
    )  # fmt: skip


def upsert_deliveries(tx: Transaction, *, deliveries: list[tuple[int, int, NewDelivery]], at: datetime) -> int:
    """Add deliveries, and complete known ones with what is newly known."""
    return tx.run(
        """
        insert into commerce_deliveries as d (delivery_id, order_id, external_id, carrier, promised_at, shipped_at,
            delivered_at, recorded_at)
        select v.delivery_id, v.order_id, v.external_id, v.carrier, v.promised_at, v.shipped_at, v.delivered_at, %(at)s
        from unnest(%(ids)s::bigint[], %(orders)s::bigint[], %(names)s::text[], %(carriers)s::text[],
            %(promised)s::timestamptz[], %(shipped)s::timestamptz[], %(delivered)s::timestamptz[])
            v (delivery_id, order_id, external_id, carrier, promised_at, shipped_at, delivered_at)
        order by v.delivery_id
        on conflict (delivery_id) do update set
            carrier = coalesce(excluded.carrier, d.carrier), promised_at = coalesce(d.promised_at, excluded.promised_at),
            shipped_at = coalesce(excluded.shipped_at, d.shipped_at),
            delivered_at = coalesce(excluded.delivered_at, d.delivered_at)
        """,
        at=at, ids=[d[0] for d in deliveries], orders=[d[1] for d in deliveries],
        names=[d[2].external_id for d in deliveries], carriers=[d[2].carrier for d in deliveries],
        promised=[d[2].promised_at for d in deliveries], shipped=[d[2].shipped_at for d in deliveries],
        delivered=[d[2].delivered_at for d in deliveries],
    )  # fmt: skip
