"""The SQL of undoing campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Undo:
    """One row of `programme_campaign_undos`."""

    undo_id: int
    campaign: str
    since: datetime
    until: datetime
    reason: str
    points: int
    """To be taken back, when it was proposed."""
    members: int
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    decision: Literal["approved", "rejected"] | None
    orders_done: int
    points_done: int
    finished_at: datetime | None

    @property
    def state(self) -> Literal["proposed", "rejected", "running", "finished"]:
        """How far it has come."""
        if self.decision is None:
            return "proposed"
        if self.decision == "rejected":
            return "rejected"
        return "finished" if self.finished_at else "running"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What an order still has of what one rule of a campaign gave."""

    order_id: int
    rule: str
    member_id: int
    version_id: int
    point_type: str
    points: int


@dataclass(frozen=True, slots=True)
class Total:
    """What would be taken back of one kind of points."""

    point_type: str
    orders: int
    members: int
    points: int


@dataclass(frozen=True, slots=True)
class Debtor:
    """A member of whom more would be taken back than can be spent."""

    member_id: int
    point_type: str
    points: int
    available: int

    @property
    def short(self) -> int:
        """By how much."""
        return self.points - self.available


@dataclass(frozen=True, slots=True)
class Preview:
    """What an undo would take back."""

    totals: Sequence[Total]
    members: int
    orders: int
    short: int
    """How many members would owe points at most: what is still pending is taken where it waits, and nobody owes it."""
    debtors: Sequence[Debtor]
    """Those of whom most would be missing."""

    @property
    def points(self) -> int:
        """Of all kinds together: what the limit of approval is compared with."""
        return sum(one.points for one in self.totals)


def select_totals(tx: Transaction, *, campaign: str, since: datetime, until: datetime) -> list[Total]:
    """What is left of what a campaign gave between two moments, by kind of points."""
    return tx.all(
        """
        select point_type, count(distinct order_id) as orders, count(distinct member_id) as members, sum(points)::bigint as points
        from programme_campaign_gifts
        where campaign = %(campaign)s and awarded_at >= %(since)s and awarded_at < %(until)s and undo_id is null and points > 0
        group by point_type order by point_type
        """,
        Total, campaign=campaign, since=since, until=until,
    )  # fmt: skip


def count_concerned(tx: Transaction, *, campaign: str, since: datetime, until: datetime) -> tuple[int, int]:
    """Of how many orders, and members, that is."""
    [row] = tx.rows(
        """
        select count(distinct order_id), count(distinct member_id) from programme_campaign_gifts
        where campaign = %(campaign)s and awarded_at >= %(since)s and awarded_at < %(until)s and undo_id is null and points > 0
        """,
        campaign=campaign, since=since, until=until,
    )  # fmt: skip
    return row[0], row[1]


def select_debtors(tx: Transaction, *, campaign: str, since: datetime, until: datetime, limit: int) -> list[Debtor]:
    """Members of whom more would be taken back than they have, what is pending with it; those with most missing first."""
    return tx.all(
        """
        select g.member_id, g.point_type, g.points, coalesce(b.available + b.pending, 0) as available
        from (select member_id, point_type, sum(points)::bigint as points from programme_campaign_gifts
              where campaign = %(campaign)s and awarded_at >= %(since)s and awarded_at < %(until)s and undo_id is null and points > 0
              group by member_id, point_type) g
        left join ledger_balances b on b.member_id = g.member_id and b.point_type = g.point_type
        where g.points > coalesce(b.available + b.pending, 0)
        order by g.points - coalesce(b.available + b.pending, 0) desc, g.member_id limit %(limit)s
        """,
        Debtor, campaign=campaign, since=since, until=until, limit=limit,
    )  # fmt: skip


def select_candidates(
    tx: Transaction, *, campaign: str, since: datetime, until: datetime, limit: int
) -> list[Candidate]:
    """The gifts of the next orders that are to be undone: all of each order, and those too of which nothing is left, lest they come again."""
    return tx.all(
        """
        select g.order_id, g.rule, g.member_id, g.version_id, g.point_type, g.points
        from programme_campaign_gifts g
        where g.order_id in (
              select n.order_id from programme_campaign_gifts n
              where n.campaign = %(campaign)s and n.awarded_at >= %(since)s and n.awarded_at < %(until)s and n.undo_id is null
              group by n.order_id order by n.order_id limit %(limit)s)
          and g.campaign = %(campaign)s and g.awarded_at >= %(since)s and g.awarded_at < %(until)s and g.undo_id is null
        order by g.order_id, g.rule
        """,
        Candidate, campaign=campaign, since=since, until=until, limit=limit,
    )  # fmt: skip


def select_gifts(tx: Transaction, *, order_ids: list[int], campaign: str) -> list[Candidate]:
    """What locked orders were given by a campaign and was not undone, with what is left of it."""
    return tx.all(
        """
        select order_id, rule, member_id, version_id, point_type, points from programme_campaign_gifts
        where order_id = any(%(order_ids)s) and campaign = %(campaign)s and undo_id is null
        order by order_id, rule for update
        """,
        Candidate, order_ids=order_ids, campaign=campaign,
    )  # fmt: skip


def mark_undone(tx: Transaction, *, undo_id: int, gifts: Sequence[tuple[int, str, int]]) -> int:
    """Note what undid gifts, and how many points that took back of each."""
    return tx.run(
        """
        update programme_campaign_gifts g set undo_id = %(undo_id)s, undone = v.points, points = 0
        from unnest(%(orders)s::bigint[], %(rules)s::text[], %(points)s::bigint[]) v (order_id, rule, points)
        where g.order_id = v.order_id and g.rule = v.rule and g.undo_id is null
        """,
        undo_id=undo_id, orders=[order for order, _, _ in gifts], rules=[rule for _, rule, _ in gifts],
        points=[points for _, _, points in gifts],
    )  # fmt: skip


def insert_undo(tx: Transaction, *, new: Undo) -> int:
    """Append an undo; 0 when there is one of that identifier."""
    return tx.run(
        """
        insert into programme_campaign_undos (undo_id, campaign, since, until, reason, points, members, proposed_at, proposed_by)
        values (%(undo_id)s, %(campaign)s, %(since)s, %(until)s, %(reason)s, %(points)s, %(members)s, %(at)s, %(by)s)
        on conflict (undo_id) do nothing
        """,
        undo_id=new.undo_id, campaign=new.campaign, since=new.since, until=new.until, reason=new.reason, points=new.points,
        members=new.members, at=new.proposed_at, by=new.proposed_by,
    )  # fmt: skip


def select_let_through(tx: Transaction, *, by: str, since: datetime) -> int:
    """How many points undos are about that somebody proposed and let through alone; another's of the same person wait until this one has ended."""
    tx.rows("select pg_advisory_xact_lock(hashtext('programme_campaign_undos'), hashtext(%(by)s))", by=by)
    return tx.value(
        """
        select coalesce(sum(points), 0)::bigint from programme_campaign_undos
        where proposed_by = %(by)s and decided_by = %(by)s and decision = 'approved' and decided_at > %(since)s
        """,
        by=by, since=since,
    )  # fmt: skip


def decide_undo(tx: Transaction, *, undo_id: int, decision: str, at: datetime, by: str) -> int:
    """Decide on an undo nobody has decided on."""
    return tx.run(
        """
        update programme_campaign_undos set decision = %(decision)s, decided_at = %(at)s, decided_by = %(by)s
        where undo_id = %(undo_id)s and decision is null
        """,
        undo_id=undo_id, decision=decision, at=at, by=by,
    )  # fmt: skip


def advance_undo(tx: Transaction, *, undo_id: int, orders: int, points: int, finished_at: datetime | None) -> int:
    """Note how far an undo has come."""
    return tx.run(
        """
        update programme_campaign_undos
        set orders_done = orders_done + %(orders)s, points_done = points_done + %(points)s, finished_at = %(finished_at)s
        where undo_id = %(undo_id)s
        """,
        undo_id=undo_id, orders=orders, points=points, finished_at=finished_at,
    )  # fmt: skip


def lock_undo(tx: Transaction, *, undo_id: int) -> Undo | None:
    """An undo, locked: one batch of it at a time."""
    return tx.first(
        """
        select undo_id, campaign, since, until, reason, points, members, proposed_at, proposed_by, decided_at, decided_by, decision,
            orders_done, points_done, finished_at
        from programme_campaign_undos where undo_id = %(undo_id)s for update
        """,
        Undo, undo_id=undo_id,
    )  # fmt: skip


def select_undo(tx: Transaction, *, undo_id: int) -> Undo | None:
    """An undo."""
    return tx.first(
        """
        select undo_id, campaign, since, until, reason, points, members, proposed_at, proposed_by, decided_at, decided_by, decision,
            orders_done, points_done, finished_at
        from programme_campaign_undos where undo_id = %(undo_id)s
        """,
        Undo, undo_id=undo_id,
    )  # fmt: skip


def select_undos(tx: Transaction, *, campaign: str | None, limit: int) -> list[Undo]:
    """Undos, the latest first."""
    return tx.all(
        """
        select undo_id, campaign, since, until, reason, points, members, proposed_at, proposed_by, decided_at, decided_by, decision,
            orders_done, points_done, finished_at
        from programme_campaign_undos where %(campaign)s::text is null or campaign = %(campaign)s
        order by proposed_at desc, undo_id limit %(limit)s
        """,
        Undo, campaign=campaign, limit=limit,
    )  # fmt: skip


def select_running(tx: Transaction) -> int | None:
    """An undo that was approved and has not finished."""
    return next(
        iter(
            tx.values(
                """
                select undo_id from programme_campaign_undos where decision = 'approved' and finished_at is null
                order by undo_id limit 1
                """
            )
        ),
        None,
    )
