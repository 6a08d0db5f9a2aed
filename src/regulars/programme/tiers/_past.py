"""Where a member stood as of any instant, as known at any instant: followed once more, from what was known then."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from regulars import ledger
from regulars.programme.tiers import _queries
from regulars.programme.tiers._cycles import Cycle, later
from regulars.programme.tiers._following import Line, Look, World, follow, people_of
from regulars.programme.tiers._queries import Ask, Counted
from regulars.programme.tiers._records import Grant, Progress, Reigns, Seen
from regulars.programme.tiers._sets import By, Measure
from regulars.programme.tiers._standings import described
from regulars.programme.tiers.grants import given
from regulars.storage import Transaction


def progress_as_of(
    tx: Transaction, member_id: int, *, reigns: Reigns, as_of: datetime, known_at: datetime
) -> list[Progress]:
    """Where a member stood at `as_of` in every set, of what was recorded by `known_at`, by the versions of then."""
    world = World(reigns, people_of(tx, [member_id], reigns))
    counted = _everything(tx, member_id, reigns, as_of, known_at)
    grants = [known for one in given(tx, [member_id]) if (known := _as_known(one, known_at))]
    cycles = _cycles(tx, member_id)
    lines = [
        Line(
            member_id,
            one.code,
            None,
            _moments(counted[one.measure], as_of),
            [grant for grant in grants if grant.set_code == one.code],
            [cycle for code, cycle in cycles if code == one.code],
        )
        for one in reigns.at(as_of).sets
    ]
    follow(lines, world, _remembering(counted))
    return [replace(described(line, reigns, as_of), since=None) for line in lines]


def _cycles(tx: Transaction, member_id: int) -> list[tuple[str, Cycle]]:
    """The cycles a member had, and has, by set: each keeps the zone that it began with."""
    over = _queries.select_cycles(tx, member_id=member_id)
    running = _queries.select_standings(tx, member_ids=[member_id])
    return [(one.set_code, Cycle(one.begins, one.ends, one.zone)) for one in over] + [
        (one.set_code, Cycle(one.cycle_begins, one.cycle_ends, one.zone)) for one in running
    ]


def _everything(
    tx: Transaction, member_id: int, reigns: Reigns, until: datetime, known_at: datetime
) -> dict[Measure, list[Counted]]:
    measures = {one.measure for reign in reigns.each for one in reign.sets}
    return {
        measure: _queries.select_counted(
            tx,
            by=measure.by,
            of=measure.of,
            member_id=member_id,
            account_id=ledger.account_id(member_id, measure.of or "") if measure.by == "points" else 0,
            until=until,
            known_at=known_at,
        )
        for measure in measures
    }


def _moments(counted: Sequence[Counted], as_of: datetime) -> list[datetime]:
    """When it became so, and the moment that is asked about."""
    return sorted(
        {max(one.known_at, one.counts_at) for one in counted if max(one.known_at, one.counts_at) < as_of} | {as_of}
    )


def _as_known(one: Grant, known_at: datetime) -> Grant | None:
    """A tier given as it was known at a moment, or None when it was not."""
    if one.decided_at is None or one.decided_at > known_at:
        return None
    return replace(one, ended_at=None) if one.ended_at and one.ended_at > known_at else one


def _remembering(counted: dict[Measure, list[Counted]]) -> Look:
    """Look it up in what was read already, by the same rules as `_queries.select_seen`."""
    of = {(measure.by, measure.of): rows for measure, rows in counted.items()}

    def look(by: By, asks: Sequence[Ask]) -> list[Seen]:
        return [seen(by, of[by, ask.of], ask) for ask in asks]

    return look


def seen(by: By, rows: Sequence[Counted], ask: Ask) -> Seen:
    """What counted, of what is known of a member, in the order in which it became known."""
    known = rows[: bisect_right(rows, ask.known, key=lambda one: one.known_at)]
    within = [
        one for one in known if one.counts_at <= ask.moment and one.counts_at < ask.until and _in_window(one, ask)
    ]
    if by == "orders":
        return _seen_orders(within, ask)
    kept = sum(one.amount for one in within if one.amount > 0 or one.known_at < ask.refunds_from)
    return Seen(sum(one.amount for one in within), kept, _change(ask, (one.counts_at for one in within if one.amount)))


def _seen_orders(within: Sequence[Counted], ask: Ask) -> Seen:
    def orders(counts: Callable[[Counted], bool]) -> set[tuple[datetime, str]]:
        sums: dict[tuple[datetime, str], int] = {}
        for one in within:
            if counts(one):
                sums[one.counts_at, one.whole] = sums.get((one.counts_at, one.whole), 0) + one.amount
        return {order for order, amount in sums.items() if amount > 0}

    net = orders(lambda _: True)
    kept = orders(lambda one: one.amount > 0 or one.known_at < ask.refunds_from)
    return Seen(len(net), len(kept), _change(ask, (counts_at for counts_at, _ in net)))


def _in_window(one: Counted, ask: Ask) -> bool:
    if ask.months is None:
        return ask.since is not None and one.counts_at >= ask.since
    return later(one.counts_at, ask.months, ask.zone) > ask.moment


def _change(ask: Ask, moments: Iterable[datetime]) -> datetime | None:
    found = list(moments)
    return later(min(found), ask.months, ask.zone) if found and ask.months is not None else None
