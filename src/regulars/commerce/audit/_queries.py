"""The SQL of the audit: every document, and every line, read once by each of its two statements."""

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
    """Every order and return that refers to what is not there or disagrees with its lines; an empty list if none does."""
    return [*dangling(tx, limit=limit), *wrong_sums(tx, limit=limit)][:limit]


def dangling(tx: Transaction, *, limit: int) -> list[Contradiction]:
    """What refers to something that is not there."""
    return tx.all(
        """
        with documents as (
            select 'order' as document, order_id as document_id, shop_id, member_id from commerce_orders
            union all
            select 'return', return_id, shop_id, member_id from commerce_returns
        ), lines as materialized (
            select 'order' as document, order_id as document_id, product_id, count(*) as lines
            from commerce_order_lines group by order_id, product_id
            union all
            select 'return', return_id, product_id, count(*) from commerce_return_lines group by return_id, product_id
        ), found (invariant, document, document_id, expected, found) as (
            select 'documents have their shop', d.document, d.document_id, 1, 0
            from documents d left join commerce_shops s using (shop_id) where s.shop_id is null
            union all
            select 'documents have their member', d.document, d.document_id, 1, 0
            from documents d left join members m using (member_id) where d.member_id is not null and m.member_id is null
            union all
            select 'lines have their document', l.document, l.document_id, 0, sum(l.lines)
            from lines l left join documents d using (document, document_id)
            where d.document_id is null group by l.document, l.document_id
            union all
            select 'lines have their product', l.document, l.document_id, 0, sum(l.lines)
            from lines l left join commerce_products p using (product_id)
            where p.product_id is null group by l.document, l.document_id
            union all
            select 'matched lines have their order line', 'return', r.return_id, 0, count(*)
            from commerce_return_lines r
            left join commerce_order_lines l on l.order_id = r.order_id and l.line_no = r.order_line_no
            where r.order_id is not null and l.order_id is null group by r.return_id
        )
        select invariant, document, document_id, expected::bigint, found::bigint from found
        order by invariant, document_id limit %(limit)s
        """,
        Contradiction,
        limit=limit,
    )


def wrong_sums(tx: Transaction, *, limit: int) -> list[Contradiction]:
    """What is not the sum of its parts."""
    return tx.all(
        """
        with sold as materialized (
            select order_id, sum(amount_minor) as total_minor, coalesce(sum(amount_minor) filter (where goods), 0) as goods_minor
            from commerce_order_lines group by order_id
        ), returned as materialized (
            select return_id, sum(amount_minor) as total_minor,
                   coalesce(sum(amount_minor) filter (where goods), 0) as goods_minor
            from commerce_return_lines group by return_id
        ), back as materialized (
            select order_id, order_line_no as line_no, sum(quantity) as quantity
            from commerce_return_lines where order_id is not null group by order_id, order_line_no
        ), found (invariant, document, document_id, expected, found) as (
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
