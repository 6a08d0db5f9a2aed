"""The SQL of the audit: each document read once."""

from dataclasses import dataclass

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One document that breaks the invariant: what it says, and what its parts say."""

    invariant: str
    document: str
    """`order` or `return`."""

    document_id: int

    expected: int
    found: int


def contradictions(tx: Transaction, *, limit: int = 1000) -> list[Contradiction]:
    """Every order and return that disagrees with its lines; an empty list if all agree. Reads all of them once."""
    return tx.all(
        """
        with sold as materialized (
            select order_id, count(*) as lines, sum(amount_minor) as total_minor,
                   coalesce(sum(amount_minor) filter (where goods), 0) as goods_minor
            from commerce_order_lines group by order_id
        ), returned as materialized (
            select return_id, count(*) as lines, sum(amount_minor) as total_minor,
                   coalesce(sum(amount_minor) filter (where goods), 0) as goods_minor
            from commerce_return_lines group by return_id
        ), back as materialized (
            select order_id, order_line_no as line_no, sum(quantity) as quantity
            from commerce_return_lines where order_id is not null group by order_id, order_line_no
        ), product_lines as (
            select 'order' as document, order_id as document_id, product_id from commerce_order_lines
            union all
            select 'return', return_id, product_id from commerce_return_lines
        ), documents as (
            select 'order' as document, order_id as document_id, shop_id, member_id from commerce_orders
            union all
            select 'return', return_id, shop_id, member_id from commerce_returns
        ), found (invariant, document, document_id, expected, found) as (
            select 'documents have their shop', d.document, d.document_id, 1, 0
            from documents d left join commerce_shops s using (shop_id) where s.shop_id is null
            union all
            select 'documents have their member', d.document, d.document_id, 1, 0
            from documents d left join members m using (member_id) where d.member_id is not null and m.member_id is null
            union all
            select 'return lines have their return', 'return', s.return_id, 0, s.lines
            from returned s left join commerce_returns r using (return_id) where r.return_id is null
            union all
            select 'matched lines have their order line', 'order', b.order_id, 0, sum(b.quantity)
            from back b left join commerce_order_lines l using (order_id, line_no) where l.order_id is null group by b.order_id
            union all
            select 'order lines have their order', 'order', s.order_id, 0, s.lines
            from sold s left join commerce_orders o using (order_id) where o.order_id is null
            union all
            select 'lines have their product', l.document, l.document_id, 0, count(*)
            from product_lines l left join commerce_products p using (product_id)
            where p.product_id is null group by l.document, l.document_id
            union all
            select 'an order''s total is the sum of its lines', 'order', o.order_id, coalesce(s.total_minor, 0), o.total_minor
            from commerce_orders o left join sold s using (order_id) where o.total_minor <> coalesce(s.total_minor, 0)
            union all
            select 'an order''s goods are the sum of its lines of goods', 'order', o.order_id, coalesce(s.goods_minor, 0), o.goods_minor
            from commerce_orders o left join sold s using (order_id) where o.goods_minor <> coalesce(s.goods_minor, 0)
            union all
            select 'a return''s total is the sum of its lines', 'return', r.return_id, coalesce(s.total_minor, 0), r.total_minor
            from commerce_returns r left join returned s using (return_id)
            where r.total_minor <> coalesce(s.total_minor, 0)
            union all
            select 'a return''s goods are the sum of its lines of goods', 'return', r.return_id, coalesce(s.goods_minor, 0), r.goods_minor
            from commerce_returns r left join returned s using (return_id)
            where r.goods_minor <> coalesce(s.goods_minor, 0)
            union all
            select 'an order line counts what has come back of it', 'order', l.order_id, coalesce(b.quantity, 0), l.returned
            from commerce_order_lines l left join back b using (order_id, line_no)
            where l.returned <> coalesce(b.quantity, 0)
        )
        select invariant, document, document_id, expected::bigint, found::bigint from found
        order by invariant, document_id limit %(limit)s
        """,
        Contradiction,
        limit=limit,
    )
