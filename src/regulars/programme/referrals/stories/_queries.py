"""The SQL of what people read about referrals."""

from collections.abc import Sequence
from datetime import datetime

from regulars.programme.referrals._records import Advocate, Funnel, Referred, State, Touch
from regulars.storage import Transaction


def funnel(tx: Transaction, *, since: datetime | None = None, until: datetime | None = None) -> Funnel:
    """How far the touches and the referrals of a time came; None does not restrict."""
    found = tx.first(
        """
        select
            (select count(*) from programme_referral_touches t
             where (%(since)s::timestamptz is null or t.touched_at >= %(since)s)
                and (%(until)s::timestamptz is null or t.touched_at < %(until)s)) as touches,
            count(*) filter (where r.state <> 'refused' or r.scored_at is not null or r.refusal in ('person', 'not_reviewed')) as joined,
            count(*) filter (where r.completed_at is not null) as ordered,
            count(*) filter (where r.state = 'rewarded' and r.undone_at is null) as rewarded,
            count(*) filter (where r.state = 'held') as held,
            count(*) filter (where r.state = 'refused') as refused
        from programme_referrals r
        where (%(since)s::timestamptz is null or r.attributed_at >= %(since)s)
            and (%(until)s::timestamptz is null or r.attributed_at < %(until)s)
        """,
        Funnel, since=since, until=until,
    )  # fmt: skip
    return found or Funnel(0, 0, 0, 0, 0, 0)


def list_referrals(
    tx: Transaction,
    *,
    state: State | None = None,
    advocate_id: int | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> list[Referred]:
    """Referrals, the latest first; page on with the last one's `(attributed_at, referral_id)` as `before`."""
    moment, number = before or (None, None)
    return tx.all(
        """
        select referral_id, friend_id, advocate_id, touch_id, code, version_id, touched_at, attributed_at, state, refusal,
            evidence, score, parts, scored_at, completed_at, cleared, undone_at
        from programme_referrals
        where (%(state)s::text is null or state = %(state)s) and (%(advocate_id)s::bigint is null or advocate_id = %(advocate_id)s)
            and (%(moment)s::timestamptz is null or (attributed_at, referral_id) < (%(moment)s, %(number)s::bigint))
        order by attributed_at desc, referral_id desc limit %(limit)s
        """,
        Referred, state=state, advocate_id=advocate_id, moment=moment, number=number, limit=limit,
    )  # fmt: skip


def advocates(
    tx: Transaction, *, member_ids: Sequence[int] = (), since: datetime | None = None, limit: int = 20
) -> list[Advocate]:
    """Advocates by how many friends were rewarded, or those among some members."""
    return tx.all(
        """
        with brought as (
            select r.advocate_id, count(*) filter (where r.state <> 'refused') as joined,
                count(*) filter (where r.state = 'rewarded' and r.undone_at is null) as rewarded,
                count(*) filter (where r.state = 'refused') as refused
            from programme_referrals r
            where (%(since)s::timestamptz is null or r.attributed_at >= %(since)s)
                and (%(all)s or r.advocate_id = any(%(member_ids)s::bigint[]))
            group by r.advocate_id order by rewarded desc, joined desc, r.advocate_id limit %(limit)s
        )
        select b.advocate_id as member_id,
            (select count(*) from programme_referral_touches t where t.advocate_id = b.advocate_id) as touches,
            b.joined, b.rewarded, b.refused,
            coalesce((select sum(g.points - g.returned) from programme_referral_gifts g where g.member_id = b.advocate_id
                and g.side <> 'friend' and g.point_type = 'points' and not g.voided and not g.held), 0)::bigint as points
        from brought b order by b.rewarded desc, b.joined desc, b.advocate_id
        """,
        Advocate, all=not member_ids, member_ids=list(member_ids), since=since, limit=limit,
    )  # fmt: skip


def touches_of(tx: Transaction, *, advocate_id: int) -> int:
    """How often somebody came by a member's links and codes."""
    return tx.value(
        "select count(*) from programme_referral_touches where advocate_id = %(advocate_id)s", advocate_id=advocate_id
    )


def friends_of(tx: Transaction, *, advocate_id: int) -> dict[str, int]:
    """How many of a member's referrals are in each state; those undone apart."""
    rows = tx.rows(
        """
        select case when undone_at is null then state else 'undone' end, count(*) from programme_referrals
        where advocate_id = %(advocate_id)s group by 1
        """,
        advocate_id=advocate_id,
    )  # fmt: skip
    return dict(rows)


def select_touches(tx: Transaction, *, touch_ids: list[int]) -> list[Touch]:
    """Some touches, in order of time."""
    return tx.all(
        """
        select touch_id, code, advocate_id, kind, source, friend_id, device, email, address, touched_at, recorded_at
        from programme_referral_touches where touch_id = any(%(touch_ids)s::bigint[]) order by touched_at, touch_id
        """,
        Touch, touch_ids=touch_ids,
    )  # fmt: skip
