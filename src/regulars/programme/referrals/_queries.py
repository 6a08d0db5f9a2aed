"""The SQL of referrals: codes, touches, attributions, gifts and reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from regulars.programme.referrals._records import Back, Code, Complete, Gift, Referred, Review, Touch
from regulars.storage import Transaction


def select_live_code(tx: Transaction, *, member_id: int) -> Code | None:
    """The code of a member that is not revoked."""
    return tx.first(
        """
        select code, member_id, issued_at, revoked_at, revoked_by, revoked_because from programme_referral_codes
        where member_id = %(member_id)s and revoked_at is null
        """,
        Code, member_id=member_id,
    )  # fmt: skip


def select_code(tx: Transaction, *, code: str) -> Code | None:
    """A code, live or revoked."""
    return tx.first(
        """
        select code, member_id, issued_at, revoked_at, revoked_by, revoked_because from programme_referral_codes
        where code = %(code)s
        """,
        Code, code=code,
    )  # fmt: skip


def insert_code(tx: Transaction, *, code: str, member_id: int, at: datetime) -> int:
    """Give a member a code, unless the member has one or the code is taken."""
    return tx.run(
        """
        insert into programme_referral_codes (code, member_id, issued_at) values (%(code)s, %(member_id)s, %(at)s)
        on conflict do nothing
        """,
        code=code, member_id=member_id, at=at,
    )  # fmt: skip


def revoke_code(tx: Transaction, *, code: str, by: str, because: str, at: datetime) -> int:
    """End a code, if it is live."""
    return tx.run(
        """
        update programme_referral_codes set revoked_at = %(at)s, revoked_by = %(by)s, revoked_because = %(because)s
        where code = %(code)s and revoked_at is null
        """,
        code=code, by=by, because=because, at=at,
    )  # fmt: skip


def insert_touches(tx: Transaction, *, touches: Sequence[Touch]) -> set[int]:
    """Keep touches that are not there yet; which were not."""
    return set(
        tx.values(
            """
            insert into programme_referral_touches
                (touch_id, code, advocate_id, kind, source, friend_id, device, email, address, touched_at, recorded_at)
            select v.touch_id, v.code, v.advocate_id, v.kind, v.source, v.friend_id, v.device, v.email, v.address, v.touched_at,
                v.recorded_at
            from unnest(%(ids)s::bigint[], %(codes)s::text[], %(advocates)s::bigint[], %(kinds)s::text[], %(sources)s::text[],
                %(friends)s::bigint[], %(devices)s::bytea[], %(emails)s::bytea[], %(addresses)s::bytea[],
                %(touched)s::timestamptz[], %(recorded)s::timestamptz[])
                v (touch_id, code, advocate_id, kind, source, friend_id, device, email, address, touched_at, recorded_at)
            order by v.touch_id
            on conflict (touch_id) do nothing returning touch_id
            """,
            ids=[one.touch_id for one in touches], codes=[one.code for one in touches],
            advocates=[one.advocate_id for one in touches], kinds=[one.kind for one in touches],
            sources=[one.source for one in touches], friends=[one.friend_id for one in touches],
            devices=[one.device for one in touches], emails=[one.email for one in touches],
            addresses=[one.address for one in touches], touched=[one.touched_at for one in touches],
            recorded=[one.recorded_at for one in touches],
        )
    )  # fmt: skip


def any_code(tx: Transaction) -> bool:
    """Whether anybody was ever given a code."""
    return tx.value("select exists (select from programme_referral_codes)")


def any_touch(tx: Transaction) -> bool:
    """Whether anybody ever came by a link or code: if not, there is nothing to weigh."""
    return tx.value("select exists (select from programme_referral_touches)")


def select_touched(tx: Transaction, *, friend_ids: list[int]) -> list[int]:
    """Which of some members came by a touch, ascending."""
    return tx.values(
        """
        select f.friend_id from unnest(%(friend_ids)s::bigint[]) f (friend_id)
        where exists (select from programme_referral_touches t where t.friend_id = f.friend_id)
            or exists (select from programme_identity_edges e join programme_referral_touches t on t.device = e.hash
                where e.owner_id = f.friend_id and e.kind = 'device' and t.friend_id is null)
            or exists (select from programme_identity_edges e join programme_referral_touches t on t.email = e.hash
                where e.owner_id = f.friend_id and e.kind = 'email' and t.friend_id is null)
        order by f.friend_id
        """,
        friend_ids=friend_ids,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tied:
    """A touch, and whose it is by which tie."""

    friend_id: int
    touch_id: int
    code: str
    advocate_id: int
    kind: str
    by: str
    touched_at: datetime
    joined_at: datetime
    revoked_at: datetime | None


def select_weighed(tx: Transaction, *, friend_ids: list[int]) -> list[Tied]:
    """The touches of some members, at most the latest 100 by each tie: their own, and those of their devices and mailboxes."""
    return tx.all(
        """
        select f.friend_id, t.touch_id, t.code, t.advocate_id, t.kind, t.by, t.touched_at, m.joined_at, c.revoked_at
        from unnest(%(friend_ids)s::bigint[]) f (friend_id)
        join members m on m.member_id = f.friend_id
        cross join lateral (
            (select t.touch_id, t.code, t.advocate_id, t.kind, 'member' as by, t.touched_at
             from programme_referral_touches t where t.friend_id = f.friend_id order by t.touched_at desc, t.touch_id limit 100)
            union all
            (select t.touch_id, t.code, t.advocate_id, t.kind, 'device', t.touched_at
             from programme_identity_edges e join programme_referral_touches t on t.device = e.hash
             where e.owner_id = f.friend_id and e.kind = 'device' and t.friend_id is null
             order by t.touched_at desc, t.touch_id limit 100)
            union all
            (select t.touch_id, t.code, t.advocate_id, t.kind, 'email', t.touched_at
             from programme_identity_edges e join programme_referral_touches t on t.email = e.hash
             where e.owner_id = f.friend_id and e.kind = 'email' and t.friend_id is null
             order by t.touched_at desc, t.touch_id limit 100)
        ) t
        join programme_referral_codes c on c.code = t.code
        order by f.friend_id, t.touched_at, t.touch_id, t.by
        """,
        Tied, friend_ids=friend_ids,
    )  # fmt: skip


def select_first_purchases(tx: Transaction, *, owner_ids: list[int]) -> dict[int, datetime]:
    """When members first bought something, and guests' orders were placed."""
    rows = tx.rows(
        """
        select w.owner_id, min(o.placed_at) from unnest(%(owner_ids)s::bigint[]) w (owner_id)
        join commerce_purchases o on o.member_id = w.owner_id group by w.owner_id
        union all
        select o.order_id, o.placed_at from commerce_purchases o where o.order_id = any(%(owner_ids)s)
        """,
        owner_ids=owner_ids,
    )  # fmt: skip
    return dict(rows)


def lock(tx: Transaction, *, member_ids: list[int]) -> int:
    """Let nobody else decide about these members' referrals until the transaction ends; in one order, and few locks."""
    return tx.run(
        """
        select pg_advisory_xact_lock(%(space)s, k.place) from (
            select distinct (m.member_id %% 1024)::int as place from unnest(%(member_ids)s::bigint[]) m (member_id) order by 1) k
        """,
        space=0x5EF3, member_ids=member_ids,
    )  # fmt: skip


def select_by_friends(tx: Transaction, *, friend_ids: list[int]) -> list[Referred]:
    """The referrals of some friends."""
    return _select(tx, friend_ids, [])


def select_referrals(tx: Transaction, *, referral_ids: list[int]) -> list[Referred]:
    """Some referrals."""
    return _select(tx, [], referral_ids)


def _select(tx: Transaction, friend_ids: list[int], referral_ids: list[int]) -> list[Referred]:
    return tx.all(
        """
        select referral_id, friend_id, advocate_id, touch_id, code, version_id, touched_at, attributed_at, state, refusal,
            evidence, score, parts, scored_at, completed_at, cleared, undone_at
        from programme_referrals
        where friend_id = any(%(friend_ids)s::bigint[]) or referral_id = any(%(referral_ids)s::bigint[]) order by referral_id
        """,
        Referred, friend_ids=friend_ids, referral_ids=referral_ids,
    )  # fmt: skip


def select_settled(tx: Transaction, *, referral_ids: list[int]) -> set[int]:
    """Which referrals stand: something was given for them, they were scored, or a person has decided."""
    return set(
        tx.values(
            """
            select r.referral_id from programme_referrals r
            where r.referral_id = any(%(referral_ids)s) and (r.scored_at is not null
                or exists (select from programme_referral_gifts g where g.referral_id = r.referral_id)
                or exists (select from programme_referral_reviews v where v.referral_id = r.referral_id))
            """,
            referral_ids=referral_ids,
        )
    )  # fmt: skip


def upsert_referrals(tx: Transaction, *, referrals: Sequence[Referred]) -> int:
    """Keep who brought whom."""
    if not referrals:
        return 0
    return tx.run(
        """
        insert into programme_referrals as r (referral_id, friend_id, advocate_id, touch_id, code, version_id, touched_at,
            attributed_at, state, refusal, evidence)
        select v.referral_id, v.friend_id, v.advocate_id, v.touch_id, v.code, v.version_id, v.touched_at, v.attributed_at,
            v.state, v.refusal, v.evidence
        from unnest(%(ids)s::bigint[], %(friends)s::bigint[], %(advocates)s::bigint[], %(touches)s::bigint[], %(codes)s::text[],
            %(versions)s::int[], %(touched)s::timestamptz[], %(attributed)s::timestamptz[], %(states)s::text[],
            %(refusals)s::text[], %(evidence)s::jsonb[]) v (referral_id, friend_id, advocate_id, touch_id, code, version_id,
            touched_at, attributed_at, state, refusal, evidence)
        on conflict (referral_id) do update set advocate_id = excluded.advocate_id, touch_id = excluded.touch_id,
            code = excluded.code, touched_at = excluded.touched_at, attributed_at = excluded.attributed_at,
            state = excluded.state, refusal = excluded.refusal, evidence = excluded.evidence
        """,
        ids=[one.referral_id for one in referrals], friends=[one.friend_id for one in referrals],
        advocates=[one.advocate_id for one in referrals], touches=[one.touch_id for one in referrals],
        codes=[one.code for one in referrals], versions=[one.version_id for one in referrals],
        touched=[one.touched_at for one in referrals], attributed=[one.attributed_at for one in referrals],
        states=[one.state for one in referrals], refusals=[one.refusal for one in referrals],
        evidence=[Jsonb(one.evidence) for one in referrals],
    )  # fmt: skip


def update_decision(tx: Transaction, *, now: Referred) -> int:
    """Keep what was decided about a referral."""
    return tx.run(
        """
        update programme_referrals set state = %(state)s, refusal = %(refusal)s, score = %(score)s, parts = %(parts)s,
            scored_at = %(scored_at)s, completed_at = %(completed_at)s, cleared = %(cleared)s
        where referral_id = %(referral_id)s
        """,
        referral_id=now.referral_id, state=now.state, refusal=now.refusal, score=now.score, parts=Jsonb(now.parts),
        scored_at=now.scored_at, completed_at=now.completed_at, cleared=now.cleared,
    )  # fmt: skip


def select_referrals_of_orders(tx: Transaction, *, order_ids: list[int]) -> list[int]:
    """The referrals of those who placed some orders, unless refused."""
    return tx.values(
        """
        select distinct r.referral_id from commerce_purchases o join programme_referrals r on r.friend_id = o.member_id
        where o.order_id = any(%(order_ids)s) and r.state <> 'refused'
        """,
        order_ids=order_ids,
    )  # fmt: skip


def select_complete(tx: Transaction, *, referral_ids: list[int]) -> list[Complete]:
    """What friends bought since the touch that brought them, the first 1,000 purchases of each, in order of time."""
    return tx.all(
        """
        select r.referral_id, o.order_id, o.placed_at, o.paid_at, a.arrived_at, o.goods_minor, o.currency
        from programme_referrals r
        cross join lateral (
            select p.order_id, p.placed_at, p.paid_at, p.goods_minor, p.currency from commerce_purchases p
            where p.member_id = r.friend_id and p.placed_at >= r.touched_at order by p.placed_at, p.order_id limit 1000) o
        left join commerce_arrivals a on a.order_id = o.order_id
        where r.referral_id = any(%(referral_ids)s)
        order by r.referral_id, o.placed_at, o.order_id
        """,
        Complete, referral_ids=referral_ids,
    )  # fmt: skip


def count_gifts(tx: Transaction, *, advocate_id: int, since: datetime) -> int:
    """How many rewards for friends an advocate was given since a moment, those left out that all went back."""
    return tx.value(
        """
        select count(*)::int from programme_referral_gifts
        where member_id = %(advocate_id)s and side = 'advocate' and given_at >= %(since)s and not voided
            and (returned < points or reward is not null)
        """,
        advocate_id=advocate_id, since=since,
    )  # fmt: skip


def count_friends(tx: Transaction, *, advocate_id: int) -> int:
    """How many friends an advocate has brought who were rewarded and kept something."""
    return tx.value(
        """
        select count(*)::int from programme_referrals
        where advocate_id = %(advocate_id)s and state = 'rewarded' and undone_at is null
        """,
        advocate_id=advocate_id,
    )  # fmt: skip


def insert_gift(tx: Transaction, *, new: Gift) -> int:
    """Note what is given, unless it was given before: whether it is new."""
    return tx.run(
        """
        insert into programme_referral_gifts (referral_id, side, cause, member_id, order_id, points, point_type, reward, round,
            reference, held, given_at, window_ends_at, review_until)
        values (%(referral_id)s, %(side)s, %(cause)s, %(member_id)s, %(order_id)s, %(points)s, %(point_type)s, %(reward)s,
            %(round)s, %(reference)s, %(held)s, %(given_at)s, %(window_ends_at)s, %(review_until)s)
        on conflict do nothing
        """,
        referral_id=new.referral_id, side=new.side, cause=new.cause, member_id=new.member_id, order_id=new.order_id,
        points=new.points, point_type=new.point_type, reward=new.reward, round=new.round, reference=new.reference,
        held=new.held, given_at=new.given_at, window_ends_at=new.window_ends_at, review_until=new.review_until,
    )  # fmt: skip


def update_gift(tx: Transaction, *, now: Gift) -> int:
    """Keep what became of a gift."""
    return tx.run(
        """
        update programme_referral_gifts set round = %(round)s, reference = %(reference)s, held = %(held)s, voided = %(voided)s,
            returned = %(returned)s, back = %(back)s, review_until = %(review_until)s, handed_at = %(handed_at)s
        where referral_id = %(referral_id)s and side = %(side)s and cause = %(cause)s
        """,
        referral_id=now.referral_id, side=now.side, cause=now.cause, round=now.round, reference=now.reference, held=now.held,
        voided=now.voided, returned=now.returned, back=now.back, review_until=now.review_until, handed_at=now.handed_at,
    )  # fmt: skip


def select_gifts(tx: Transaction, *, referral_ids: list[int]) -> list[Gift]:
    """What was given for some referrals, in order."""
    return tx.all(
        """
        select referral_id, side, cause, member_id, order_id, points, point_type, reward, round, reference, held, voided,
            returned, back, given_at, window_ends_at, review_until, handed_at
        from programme_referral_gifts where referral_id = any(%(referral_ids)s)
        order by referral_id, given_at, side, cause
        """,
        Gift, referral_ids=referral_ids,
    )  # fmt: skip


def select_milestones(tx: Transaction, *, advocate_id: int) -> list[Gift]:
    """What an advocate was given at milestones."""
    return tx.all(
        """
        select referral_id, side, cause, member_id, order_id, points, point_type, reward, round, reference, held, voided,
            returned, back, given_at, window_ends_at, review_until, handed_at
        from programme_referral_gifts where member_id = %(advocate_id)s and side = 'milestone' order by cause limit 100
        """,
        Gift, advocate_id=advocate_id,
    )  # fmt: skip


def select_back(tx: Transaction, *, order_ids: list[int]) -> list[Back]:
    """What came back of orders that were rewarded, by when each gift's window ended; and which were cancelled."""
    return tx.all(
        """
        select g.order_id, g.referral_id, g.side, g.cause,
            coalesce((select sum(l.amount_minor) from commerce_goods_lines l where l.order_id = g.order_id), 0)::bigint
                as goods_minor,
            coalesce((select sum(b.amount_minor * (b.before + b.quantity) / b.of_quantity - b.amount_minor * b.before / b.of_quantity)
                from commerce_returned_goods b where b.order_id = g.order_id and b.returned_at < g.window_ends_at), 0)::bigint
                as returned_minor,
            exists (select from commerce_cancellations c where c.order_id = g.order_id) as cancelled
        from programme_referral_gifts g where g.order_id = any(%(order_ids)s)
        order by g.referral_id, g.side, g.cause
        """,
        Back, order_ids=order_ids,
    )  # fmt: skip


def select_orders_of_returns(tx: Transaction, *, return_ids: list[int]) -> list[int]:
    """The orders that some returns brought something back of."""
    return tx.values(
        "select distinct order_id from commerce_order_returns where return_id = any(%(return_ids)s) order by 1",
        return_ids=return_ids,
    )


def select_rewarded_orders(tx: Transaction, *, order_ids: list[int]) -> list[int]:
    """The referrals that were rewarded for some orders."""
    return tx.values(
        """
        select distinct referral_id from programme_referral_gifts where order_id = any(%(order_ids)s) order by 1
        """,
        order_ids=order_ids,
    )  # fmt: skip


def mark_undone(tx: Transaction, *, referral_ids: list[int], at: datetime) -> list[int]:
    """Note which referrals have nothing left that was bought, and those that have something after all; which are new."""
    return tx.values(
        """
        with kept as (
            select g.referral_id, bool_and(g.back) as gone from programme_referral_gifts g
            where g.referral_id = any(%(referral_ids)s) and g.order_id is not null group by g.referral_id
        ), changed as (
            update programme_referrals r set undone_at = case when k.gone then %(at)s::timestamptz end
            from kept k where k.referral_id = r.referral_id and k.gone <> (r.undone_at is not null)
            returning r.referral_id, r.undone_at
        )
        select referral_id from changed where undone_at is not null
        """,
        referral_ids=referral_ids, at=at,
    )  # fmt: skip


def insert_review(tx: Transaction, *, referral_id: int, decision: str, at: datetime, by: str, because: str) -> int:
    """Keep what was decided."""
    return tx.run(
        """
        insert into programme_referral_reviews (referral_id, number, decision, decided_at, by, because)
        select %(referral_id)s, coalesce(max(number), 0) + 1, %(decision)s, %(at)s, %(by)s, %(because)s
        from programme_referral_reviews where referral_id = %(referral_id)s
        """,
        referral_id=referral_id, decision=decision, at=at, by=by, because=because,
    )  # fmt: skip


def select_reviews(tx: Transaction, *, referral_id: int) -> list[Review]:
    """What was decided about a referral, the latest first."""
    return tx.all(
        """
        select referral_id, number, decision, decided_at, by, because from programme_referral_reviews
        where referral_id = %(referral_id)s order by number desc limit 100
        """,
        Review, referral_id=referral_id,
    )  # fmt: skip


def select_overdue(tx: Transaction, *, at: datetime, limit: int) -> list[int]:
    """Referrals that nobody decided on in time."""
    return tx.values(
        """
        select distinct g.referral_id from programme_referral_gifts g join programme_referrals r using (referral_id)
        where g.held and not g.voided and g.review_until <= %(at)s and r.state = 'held' limit %(limit)s
        """,
        at=at, limit=limit,
    )  # fmt: skip


def select_to_hand(tx: Transaction, *, at: datetime, limit: int) -> list[Gift]:
    """Rewards whose window is over, to be handed over; locked, and those left out that another job has."""
    return tx.all(
        """
        select referral_id, side, cause, member_id, order_id, points, point_type, reward, round, reference, held, voided,
            returned, back, given_at, window_ends_at, review_until, handed_at
        from programme_referral_gifts
        where reward is not null and handed_at is null and window_ends_at <= %(at)s and not held and not voided and not back
        order by window_ends_at limit %(limit)s for update skip locked
        """,
        Gift, at=at, limit=limit,
    )  # fmt: skip


def clear_touches(tx: Transaction, *, member_id: int) -> int:
    """Take from touches what tells an erased friend; that somebody came stays counted."""
    return tx.run(
        """
        update programme_referral_touches set friend_id = null, device = null, email = null, address = null
        where friend_id = %(member_id)s or touch_id in (select touch_id from programme_referrals where friend_id = %(member_id)s)
        """,
        member_id=member_id,
    )  # fmt: skip
