"""What another programme would make of everybody's tiers, without changing any."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from regulars.programme.tiers import _queries
from regulars.programme.tiers._cycles import Cycle, first_cycle
from regulars.programme.tiers._following import World, asks_of, looker, people_of
from regulars.programme.tiers._records import Grant, Reign, Reigns, Seen, Standing
from regulars.programme.tiers._rules import begin, kept, reached
from regulars.programme.tiers._sets import TierSet
from regulars.programme.tiers._standings import grants_of
from regulars.storage import Transaction

_AT_ONCE = 20_000

Moves = Mapping[tuple[str | None, str], int]
"""How many members would go from one tier to another; None: from where there was no such set."""


def judge_all(tx: Transaction, reign: Reign, *, at: datetime) -> dict[str, Moves]:
    """How everybody's tier would change under other sets, by set: how many from which tier to which, those who stay too.

    It is what their tiers would come to: no grace is counted, and no least stay. Costs one statement per measure for every
    20,000 members, and changes nothing.
    """
    moves: dict[str, Counter[tuple[str | None, str]]] = {one.code: Counter() for one in reign.sets}
    for member_ids in _everybody(tx):
        world = World(Reigns([reign]), people_of(tx, member_ids, Reigns([reign])))
        known = {(one.member_id, one.set_code): one for one in _queries.select_standings(tx, member_ids=member_ids)}
        grants = grants_of(tx, member_ids)
        for one in reign.sets:
            standings = [_standing(world, one, reign, member_id, known, at) for member_id in member_ids]
            asks = [next(asks_of(standing, one, reign, at)) for standing in standings]
            seen = looker(tx)(one.measure.by, asks)
            for standing, found in zip(standings, seen, strict=True):
                had = known.get((standing.member_id, one.code))
                given = grants.get((standing.member_id, one.code), ())
                moves[one.code][
                    had.tier if had and had.place >= 0 else None, _comes_to(one, standing, found, given, at)
                ] += 1
    return {code: dict(counted) for code, counted in moves.items()}


def _everybody(tx: Transaction) -> Iterator[list[int]]:
    after = -1
    while member_ids := _queries.select_members_after(tx, after=after, limit=_AT_ONCE):
        yield member_ids
        after = member_ids[-1]


def _standing(
    world: World,
    one: TierSet,
    reign: Reign,
    member_id: int,
    known: Mapping[tuple[int, str], Standing],
    at: datetime,
) -> Standing:
    had = known.get((member_id, one.code))
    if had is not None and had.cycle_begins <= at < had.cycle_ends:
        return had
    zone = world.zone(one, reign, member_id)
    cycle: Cycle = first_cycle(one.window, world.joined_at(member_id, at), at, zone)
    return begin(one, member_id, at, cycle)


def _comes_to(one: TierSet, standing: Standing, seen: Seen, grants: Sequence[Grant], at: datetime) -> str:
    held = one.rank(standing.earned)
    floor = {"never": held, "one_step": max(held - 1, 0)}.get(one.downgrade, 0)
    given = [one.rank(grant.tier) for grant in grants if grant.holds(at)]
    rank = max(reached(one, seen.net), kept(one, seen.kept, held), one.rank(standing.base), floor, *given)
    return one.tiers[rank].code
