"""The SQL of the programme."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from regulars.programme._records import Award, Due, Earned, Held, Returned, TakenBack, Version
from regulars.storage import Transaction
from regulars.types import to_public


def insert_version(
    tx: Transaction, *, document: dict[str, object], at: datetime, by: str, effective_at: datetime
) -> int:
    """Append a version; its number."""
    return tx.value(
        """
        insert into programme_versions (version_id, document, published_at, published_by, effective_at)
        select coalesce(max(version_id), 0) + 1, %(document)s, %(at)s, %(by)s, %(effective_at)s from programme_versions
        returning version_id
        """,
        document=Jsonb(document), at=at, by=by, effective_at=effective_at,
    )  # fmt: skip


def select_versions(tx: Transaction, *, limit: int) -> list[Version]:
    """Versions, the latest first."""
    return tx.all(
        """
        select version_id, document, published_at, published_by, effective_at from programme_versions
        order by version_id desc limit %(limit)s
        """,
        Version, limit=limit,
    )  # fmt: skip


def select_in_force(tx: Transaction, *, at: datetime) -> Version | None:
    """The version that holds at a moment: the last to begin, and of those that begin together the last published."""
    return tx.first(
        """
        select version_id, document, published_at, published_by, effective_at from programme_versions
        where effective_at <= %(at)s order by effective_at desc, version_id desc limit 1
        """,
        Version, at=at,
    )  # fmt: skip


def select_reigning(tx: Transaction, *, since: datetime, known_at: datetime | None, limit: int = 1000) -> list[Version]:
    """The versions that hold from a moment on, those to come included, in the order in which they begin.

    Of those that begin together it is the last published; with `known_at`, of those published by then.
    """
    return tx.all(
        """
        select distinct on (effective_at) version_id, document, published_at, published_by, effective_at
        from programme_versions
        where (%(known_at)s::timestamptz is null or published_at <= %(known_at)s)
          and effective_at >= coalesce(
              (select max(v.effective_at) from programme_versions v
               where v.effective_at <= %(since)s and (%(known_at)s::timestamptz is null or v.published_at <= %(known_at)s)),
              '-infinity')
        order by effective_at, version_id desc limit %(limit)s
        """,
        Version, since=since, known_at=known_at, limit=limit,
    )  # fmt: skip


def select_measures(tx: Transaction, *, at: datetime) -> list[tuple[str, str | None]]:
    """What the tier sets of the version that holds count, other than spend. Asked once for every batch of facts."""
    rows = tx.rows(
        """
        select s.one -> 'measure' ->> 'by', s.one -> 'measure' ->> 'of'
        from (select v.document -> 'tier_sets' as sets from programme_versions v where v.effective_at <= %(at)s
              order by v.effective_at desc, v.version_id desc limit 1) holding
        cross join lateral jsonb_array_elements(holding.sets) s (one)
        where s.one -> 'measure' ->> 'by' in ('points', 'event')
        """,
        at=at,
    )  # fmt: skip
    return [(by, of) for by, of in rows]


def select_sliding(tx: Transaction, *, at: datetime) -> dict[str, Any] | None:
    """What the version says that holds at a moment, if points live by activity under it. Asked once for every batch posted."""
    rows = tx.rows(
        """
        select case when document -> 'expiry' ->> 'kind' = 'sliding' then document end from programme_versions
        where effective_at <= %(at)s order by effective_at desc, version_id desc limit 1
        """,
        at=at,
    )  # fmt: skip
    return rows[0][0] if rows else None


def select_versions_by_id(tx: Transaction, *, version_ids: list[int]) -> list[Version]:
    """The versions among some numbers."""
    return tx.all(
        """
        select version_id, document, published_at, published_by, effective_at from programme_versions
        where version_id = any(%(version_ids)s::int[])
        """,
        Version, version_ids=version_ids,
    )  # fmt: skip


def select_holding(tx: Transaction, *, moments: list[datetime]) -> dict[datetime, int]:
    """The version that held at some moments; before the first version held, that one counts."""
    rows = tx.rows(
        """
        select v.moment, coalesce(
            (select w.version_id from programme_versions w where w.effective_at <= v.moment
             order by w.effective_at desc, w.version_id desc limit 1),
            (select w.version_id from programme_versions w order by w.effective_at, w.version_id desc limit 1))
        from unnest(%(moments)s::timestamptz[]) v (moment)
        """,
        moments=moments,
    )  # fmt: skip
    return dict(rows)


def any_order_goal(tx: Transaction) -> bool:
    """Whether any version has a challenge or a streak of orders: if none has, orders lead to no goal."""
    return tx.value(
        """
        select exists (select from programme_versions where jsonb_path_exists(document,
            '$.earning[*] ? (@.on == "order" && (@.challenge.type() == "object" || @.streak.type() == "object"))'))
        """
    )


def select_unawarded(tx: Transaction, *, order_ids: list[int]) -> list[Due]:
    """Paid orders of members that were not awarded yet, each with the version that held when it was paid.

    Before the first version held, that one counts.
    """
    return tx.all(
        """
        select o.order_id, r.version_id
        from commerce_purchases o
        left join programme_awards a using (order_id)
        cross join lateral (
            select coalesce(
                (select w.version_id from programme_versions w where w.effective_at <= o.paid_at
                 order by w.effective_at desc, w.version_id desc limit 1),
                (select w.version_id from programme_versions w order by w.effective_at, w.version_id desc limit 1)) as version_id
        ) r
        where o.order_id = any(%(order_ids)s) and o.member_id is not null and a.order_id is null
        """,
        Due, order_ids=order_ids,
    )  # fmt: skip


def select_arrived(tx: Transaction, *, order_ids: list[int]) -> list[int]:
    """Which of some orders have arrived, all deliveries of them."""
    return tx.values("select order_id from commerce_arrivals where order_id = any(%(order_ids)s)", order_ids=order_ids)


def select_activities(tx: Transaction, *, member_ids: list[int]) -> dict[int, datetime]:
    """When some members were last active, as far as that was ever noted."""
    rows = tx.rows(
        "select member_id, last_at from programme_activities where member_id = any(%(member_ids)s)",
        member_ids=member_ids,
    )
    return dict(rows)


def upsert_activities(tx: Transaction, *, active: dict[int, datetime]) -> dict[int, datetime]:
    """Note when members were active; when each was last."""
    rows = tx.rows(
        """
        insert into programme_activities as a (member_id, last_at)
        select v.member_id, v.last_at from unnest(%(members)s::bigint[], %(moments)s::timestamptz[]) v (member_id, last_at)
        order by v.member_id
        on conflict (member_id) do update set last_at = greatest(a.last_at, excluded.last_at)
        returning a.member_id, a.last_at
        """,
        members=list(active), moments=list(active.values()),
    )  # fmt: skip
    return dict(rows)


def upsert_awards(tx: Transaction, *, earned: Sequence[Earned], at: datetime) -> int:
    """Note what orders have been given."""
    return tx.run(
        """
        insert into programme_awards as a (order_id, member_id, version_id, points, steps, spend_minor, awarded_at, inputs)
        select v.order_id, v.member_id, v.version_id, v.points, array[v.points], v.spend_minor, %(at)s, v.inputs::jsonb
        from unnest(%(orders)s::bigint[], %(members)s::bigint[], %(versions)s::int[], %(points)s::bigint[], %(spend)s::bigint[], %(inputs)s::text[])
            v (order_id, member_id, version_id, points, spend_minor, inputs)
        order by v.order_id
        on conflict (order_id) do update set points = excluded.points, spend_minor = excluded.spend_minor,
            steps = case when excluded.points > a.points then a.steps || excluded.points else a.steps end
        """,
        at=at, orders=[e.order_id for e in earned], members=[e.member_id for e in earned],
        versions=[e.version_id for e in earned], points=[e.points for e in earned],
        spend=[e.spend_minor for e in earned], inputs=[e.inputs for e in earned],
    )  # fmt: skip


def upsert_parts(tx: Transaction, *, parts: Sequence[Held]) -> int:
    """Note what awards gave beside the points of the programme's own terms, and what was taken back of it."""
    return tx.run(
        """
        insert into programme_award_parts as p (order_id, point_type, rule, points, steps, reversed)
        select v.order_id, v.point_type, v.rule, v.points, array[v.points], v.reversed
        from unnest(%(orders)s::bigint[], %(types)s::text[], %(rules)s::text[], %(points)s::bigint[], %(reversed)s::bigint[])
            v (order_id, point_type, rule, points, reversed)
        order by v.order_id, v.point_type, v.rule
        on conflict (order_id, point_type, rule) do update set points = excluded.points, reversed = excluded.reversed,
            steps = case when excluded.points > p.points then p.steps || excluded.points else p.steps end
        """,
        orders=[p.order_id for p in parts], types=[p.point_type for p in parts], rules=[p.rule for p in parts],
        points=[p.points for p in parts], reversed=[p.reversed for p in parts],
    )  # fmt: skip


def select_parts(tx: Transaction, *, order_ids: list[int]) -> list[Held]:
    """What awards gave beside the points of the programme's own terms. Whoever changes it has locked the awards."""
    return tx.all(
        """
        select order_id, point_type, rule, points, steps, reversed from programme_award_parts
        where order_id = any(%(order_ids)s) order by order_id, point_type, rule
        """,
        Held, order_ids=order_ids,
    )  # fmt: skip


def update_awards(tx: Transaction, *, held: Sequence[Held], spend: Sequence[int], spend_taken: Sequence[int]) -> int:
    """Note on the awards, which are locked, what was given and taken back of points and of the tier's spend."""
    return tx.run(
        """
        update programme_awards a set points = v.given, reversed = v.taken, spend_minor = v.spend, spend_taken = v.spend_taken,
            steps = case when v.given > a.points then a.steps || v.given else a.steps end
        from unnest(%(orders)s::bigint[], %(given)s::bigint[], %(taken)s::bigint[], %(spend)s::bigint[], %(spend_taken)s::bigint[])
            v (order_id, given, taken, spend, spend_taken)
        where a.order_id = v.order_id
        """,
        orders=[h.order_id for h in held], given=[h.points for h in held], taken=[h.reversed for h in held],
        spend=list(spend), spend_taken=list(spend_taken),
    )  # fmt: skip


def insert_qualifying(tx: Transaction, *, earned: Sequence[Earned], at: datetime) -> int:
    """Count towards the tier what orders' goods come to: rows that are never changed."""
    return tx.run(
        """
        insert into programme_qualifying (member_id, counts_at, known_at, reference, amount_minor, posted_at)
        select v.member_id, v.counts_at, v.known_at, v.reference, v.amount_minor, %(at)s
        from unnest(%(members)s::bigint[], %(counts)s::timestamptz[], %(known)s::timestamptz[],
            %(references)s::text[], %(amounts)s::bigint[])
            v (member_id, counts_at, known_at, reference, amount_minor)
        order by v.member_id, v.counts_at, v.reference
        on conflict (member_id, counts_at, reference) do nothing
        """,
        at=at, members=[e.member_id for e in earned], counts=[e.placed_at for e in earned], known=[e.paid_at for e in earned],
        references=[to_public("ord", e.order_id) for e in earned], amounts=[e.spend_minor for e in earned],
    )  # fmt: skip


def insert_revised(
    tx: Transaction, *, members: list[int], counts: list[datetime], known: list[datetime], orders: list[int],
    amounts: list[int], at: datetime,
) -> int:  # fmt: skip
    """Count towards the tier what orders have come to be worth more, or less: a row a step, numbered after those before."""
    return tx.run(
        """
        insert into programme_qualifying (member_id, counts_at, known_at, reference, amount_minor, posted_at)
        select v.member_id, v.counts_at, v.known_at, v.reference || '~' || (
                select count(*) from programme_qualifying q
                where q.member_id = v.member_id and q.counts_at = v.counts_at and starts_with(q.reference, v.reference)),
            v.amount_minor, %(at)s
        from unnest(%(members)s::bigint[], %(counts)s::timestamptz[], %(known)s::timestamptz[], %(references)s::text[], %(amounts)s::bigint[])
            v (member_id, counts_at, known_at, reference, amount_minor)
        """,
        members=members, counts=counts, known=known, at=at, references=[to_public("ord", order) for order in orders],
        amounts=amounts,
    )  # fmt: skip


def select_returns_of(tx: Transaction, *, order_ids: list[int]) -> list[int]:
    """The returns in which anything of some orders came back."""
    return tx.values(
        """
        select distinct r.return_id
        from unnest(%(order_ids)s::bigint[]) o (order_id)
        cross join lateral (  -- order by order: no statistics can make this a scan of all that came back
            select r.return_id from commerce_order_returns r where r.order_id = o.order_id offset 0
        ) r
        """,
        order_ids=order_ids,
    )  # fmt: skip


def any_budget(tx: Transaction) -> bool:
    """Whether any version has a budget."""
    return tx.value(
        "select exists (select from programme_versions where jsonb_array_length(coalesce(document->'budgets', '[]')) > 0)"
    )


def select_orders_back(tx: Transaction, *, return_ids: list[int]) -> list[int]:
    """The orders of which anything came back in some returns."""
    return tx.values(
        "select distinct order_id from commerce_returned_goods where return_id = any(%(return_ids)s)",
        return_ids=return_ids,
    )


def select_buyers_of(tx: Transaction, *, order_ids: list[int]) -> list[int]:
    """The members some orders are of, ascending."""
    return tx.values(
        """
        select distinct member_id from commerce_rule_orders
        where order_id = any(%(order_ids)s) and member_id is not null order by member_id
        """,
        order_ids=order_ids,
    )  # fmt: skip


def select_returned_orders(tx: Transaction, *, return_ids: list[int]) -> list[int]:
    """Awarded orders of which some returns brought something back."""
    return tx.values(
        """
        select distinct a.order_id
        from unnest(%(return_ids)s::bigint[]) v (return_id)
        cross join lateral (  -- return by return, and award by award: no statistics can make this a scan of all
            select r.order_id from commerce_order_returns r where r.return_id = v.return_id offset 0
        ) r
        cross join lateral (select a.order_id from programme_awards a where a.order_id = r.order_id offset 0) a
        """,
        return_ids=return_ids,
    )  # fmt: skip


def select_returned(tx: Transaction, *, order_ids: list[int]) -> list[Returned]:
    """All that came back of some orders, line by line, in the order in which it came back."""
    return tx.all(
        """
        select g.order_id, g.return_id, g.returned_at, g.line_no, g.before, g.quantity
        from unnest(%(order_ids)s::bigint[]) o (order_id)
        cross join lateral (  -- order by order: no statistics can make this a scan of all that came back
            select r.order_id, r.return_id, r.returned_at, r.line_no, r.before, r.quantity
            from commerce_returned_goods r where r.order_id = o.order_id offset 0
        ) g
        order by g.order_id, g.returned_at, g.return_id, g.line_no, g.before
        """,
        Returned, order_ids=order_ids,
    )  # fmt: skip


def select_dealt(tx: Transaction, *, members: list[int], counts: list[datetime], references: list[str]) -> set[str]:
    """Which of some references have been dealt with."""
    return set(
        tx.values(
            """
            select q.reference from programme_qualifying q
            join unnest(%(members)s::bigint[], %(counts)s::timestamptz[], %(references)s::text[]) v (member_id, counts_at, reference)
                on q.member_id = v.member_id and q.counts_at = v.counts_at and q.reference = v.reference
            """,
            members=members, counts=counts, references=references,
        )
    )  # fmt: skip


def select_cancelled(tx: Transaction, *, order_ids: list[int]) -> list[TakenBack]:
    """Cancelled orders, and what they still hold of the tier's spend; their awards are locked."""
    rows = tx.rows(
        """
        select o.order_id, a.member_id, o.placed_at, o.cancelled_at, a.spend_minor - a.spend_taken
        from commerce_cancellations o join programme_awards a using (order_id)
        where o.order_id = any(%(order_ids)s)
        order by o.order_id
        for update of a
        """,
        order_ids=order_ids,
    )  # fmt: skip
    return [
        TakenBack(order, member, "cancellation", placed, known, spend) for order, member, placed, known, spend in rows
    ]


def insert_taken_back(tx: Transaction, *, taken: Sequence[TakenBack], at: datetime) -> set[str]:
    """Count what is taken back against the tier, once; the references that were not there yet."""
    return set(
        tx.values(
            """
            insert into programme_qualifying (member_id, counts_at, known_at, reference, amount_minor, posted_at)
            select v.member_id, v.counts_at, v.known_at, v.reference, v.amount_minor, %(at)s
            from unnest(%(members)s::bigint[], %(counts)s::timestamptz[], %(known)s::timestamptz[],
                %(references)s::text[], %(amounts)s::bigint[])
                v (member_id, counts_at, known_at, reference, amount_minor)
            order by v.member_id, v.counts_at, v.reference
            on conflict (member_id, counts_at, reference) do nothing
            returning reference
            """,
            members=[t.member_id for t in taken], counts=[t.placed_at for t in taken], known=[t.known_at for t in taken],
            references=[t.reference for t in taken], amounts=[-t.spend_minor for t in taken], at=at,
        )
    )  # fmt: skip


def awards_of(tx: Transaction, order_ids: list[int]) -> list[Award]:
    """The awards of some orders."""
    return tx.all(
        """
        select order_id, member_id, version_id, points, steps, spend_minor, reversed, spend_taken, awarded_at, inputs
        from programme_awards where order_id = any(%(order_ids)s)
        """,
        Award, order_ids=order_ids,
    )  # fmt: skip


def lock_awards(tx: Transaction, *, order_ids: list[int]) -> list[Award]:
    """The awards of some orders, locked, in one order."""
    return tx.all(
        """
        select order_id, member_id, version_id, points, steps, spend_minor, reversed, spend_taken, awarded_at, inputs
        from programme_awards where order_id = any(%(order_ids)s) order by order_id for update
        """,
        Award, order_ids=order_ids,
    )  # fmt: skip


def pin_left(tx: Transaction, *, left: Mapping[int, Mapping[str, int]]) -> int:
    """Keep with awards, which are locked, how much some of their rules give at most from now on."""
    return tx.run(
        """
        update programme_awards a
        set inputs = coalesce(a.inputs, '{}') || jsonb_build_object('left', coalesce(a.inputs -> 'left', '{}') || v.gone)
        from unnest(%(orders)s::bigint[], %(gone)s::jsonb[]) v (order_id, gone)
        where a.order_id = v.order_id
        """,
        orders=list(left), gone=[Jsonb(one) for one in left.values()],
    )  # fmt: skip
