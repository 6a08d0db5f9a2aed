"""Where members stand in their tiers, and how that comes and goes with what counts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from regulars import facts
from regulars.programme.tiers import _queries
from regulars.programme.tiers._following import Line, World, follow, looker, opened, people_of
from regulars.programme.tiers._queries import Change
from regulars.programme.tiers._records import GiftDue, Grant, Left, Progress, Reigns, Standing
from regulars.programme.tiers._rules import after, is_fixed, kept, reached
from regulars.programme.tiers.grants import given
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How many facts there were of tiers, and what is to be given for those reached."""

    told: int
    gifts: list[GiftDue]
    left: list[Left]


def review(
    tx: Transaction,
    moments: Iterable[tuple[int, datetime]],
    *,
    reigns: Reigns,
    at: datetime,
    due: Sequence[tuple[int, str, datetime]] = (),
) -> Reviewed:
    """Judge members' tiers at the moments something changed, in every set; and standings that are `due` at their own.

    Moments before a member's last review are judged at that review: the past is told as it was known then. What should have
    been judged before, and was not yet, is judged first, at its own time.
    Facts: `tier.reached` on the way up, `tier.left` on the way down, `tier.kept`, `tier.at_risk`.
    """
    wanted = _wanted(moments, due, reigns)
    if not wanted:
        return Reviewed(0, [], [])
    member_ids = sorted({member_id for member_id, _ in wanted})
    world = World(reigns, people_of(tx, member_ids, reigns))
    lines = _lines(tx, wanted, world)
    follow(lines, world, looker(tx))
    return _keep(tx, lines, at=at)


def _wanted(
    moments: Iterable[tuple[int, datetime]], due: Sequence[tuple[int, str, datetime]], reigns: Reigns
) -> dict[tuple[int, str], list[datetime]]:
    """The moments of each member in each set, the first to be told first: batches may be cut anyhow."""
    wanted: dict[tuple[int, str], list[datetime]] = defaultdict(list)
    for member_id, moment in dict.fromkeys(moments):
        for one in reigns.at(moment).sets:
            wanted[member_id, one.code].append(moment)
    for member_id, code, moment in due:
        wanted[member_id, code].append(moment)
        if len(reigns.each) > 1:  # sets that there are from then on
            for one in reigns.at(moment).sets:
                wanted[member_id, one.code].append(moment)
    return wanted


def _lines(tx: Transaction, wanted: Mapping[tuple[int, str], list[datetime]], world: World) -> list[Line]:
    """What is to be judged, with the standings locked; of whom nothing was known has one now, to be locked."""
    known = _locked(tx, wanted)
    new = [opened(*key, moments[0], world) for key, moments in wanted.items() if key not in known]
    made = [one for one in new if one is not None]
    if made:
        _queries.insert_standings(tx, standings=made)
        known |= _locked(tx, [(one.member_id, one.set_code) for one in made])
    grants = grants_of(tx, {member_id for member_id, _ in wanted})
    return [
        Line(
            key[0],
            key[1],
            known[key],
            sorted({max(moment, known[key].reviewed_at) for moment in moments}),
            grants.get(key, ()),
        )
        for key, moments in wanted.items()
        if key in known
    ]


def _locked(tx: Transaction, keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], Standing]:
    return {(one.member_id, one.set_code): one for one in _queries.lock_standings(tx, keys=list(keys))}


def grants_of(tx: Transaction, member_ids: Collection[int]) -> dict[tuple[int, str], list[Grant]]:
    """The tiers that were given to members, by member and set."""
    found: dict[tuple[int, str], list[Grant]] = defaultdict(list)
    for grant in given(tx, member_ids):
        found[grant.member_id, grant.set_code].append(grant)
    return found


def _keep(tx: Transaction, lines: Sequence[Line], *, at: datetime) -> Reviewed:
    """Write down where members stand now, and tell what happened on the way."""
    _queries.upsert_standings(tx, standings=[line.standing for line in lines if line.standing])
    told = [
        facts.Fact(one.name, one.at, line.member_id, line.member_id, one.data) for line in lines for one in line.told
    ]
    facts.record(tx, told, at=at)
    changes = [change for line in lines for change in _changes(line)]
    if changes:
        _queries.insert_changes(tx, changes=changes, at=at)
    closed = [one for line in lines for one in line.closed]
    if closed:
        _queries.insert_cycles(tx, cycles=closed, at=at)
    return Reviewed(
        len(told), [gift for line in lines for gift in line.gifts], [one for line in lines for one in _left(line)]
    )


def _left(line: Line) -> list[Left]:
    if line.standing is None:
        return []
    begins = line.standing.cycle_begins
    return [
        Left(line.member_id, line.set_code, str(one.data["from"]), str(one.data["tier"]), begins, one.at)
        for one in line.told
        if one.name == "tier.left"
    ]


def _changes(line: Line) -> list[Change]:
    ways = {"tier.reached": True, "tier.left": False}
    return [
        Change(line.member_id, line.set_code, one.at, str(one.data["from"]), str(one.data["tier"]), ways[one.name])
        for one in line.told
        if one.name in ways
    ]


def due(tx: Transaction, *, at: datetime, limit: int) -> list[tuple[int, str, datetime]]:
    """The standings to be judged again by `at`, locked: found by index, and those of another worker left out."""
    return _queries.select_due(tx, at=at, limit=limit)


def new_gifts(tx: Transaction, gifts: Sequence[GiftDue], *, at: datetime) -> list[GiftDue]:
    """Of gifts that are due, those that were not given yet in their cycle: noted, to be given in this transaction."""
    by_key = {(one.member_id, one.set_code, one.tier.code, one.cycle_begins): one for one in reversed(gifts)}
    rows = [
        {
            "member_id": one.member_id,
            "set_code": one.set_code,
            "tier": one.tier.code,
            "cycle_begins": one.cycle_begins.isoformat(),
            "reached_at": one.reached_at.isoformat(),
            "points": one.tier.gift.points,
            "point_type": one.tier.gift.point_type,
            "reward": one.tier.gift.reward,
        }
        for one in by_key.values()
        if one.tier.gift
    ]
    return [by_key[key] for key in sorted(_queries.insert_gifts(tx, gifts=rows, at=at))] if rows else []


def progress(tx: Transaction, member_id: int, *, reigns: Reigns, at: datetime) -> list[Progress]:
    """Where a member stands at `at` in every set, whether the work that is due was done or not."""
    world = World(reigns, people_of(tx, [member_id], reigns))
    known = {one.set_code: one for one in _queries.select_standings(tx, member_ids=[member_id])}
    grants = grants_of(tx, [member_id])
    lines = [
        Line(
            member_id,
            one.code,
            known.get(one.code),
            [_not_before(known.get(one.code), at)],
            grants.get((member_id, one.code), ()),
        )
        for one in reigns.at(at).sets
    ]
    follow(lines, world, looker(tx))
    told = [described(line, reigns, at) for line in lines]
    return [replace(one, since=None) if known.get(one.one.code) is None else one for one in told]


def followed_since(tx: Transaction, member_id: int, *, at: datetime) -> datetime:
    """From when on a member's standings have to be followed to be known at `at`."""
    reviewed = [one.reviewed_at for one in _queries.select_standings(tx, member_ids=[member_id])]
    return min([at, *reviewed])


def _not_before(known: Standing | None, at: datetime) -> datetime:
    return at if known is None else max(at, known.reviewed_at)


def described(line: Line, reigns: Reigns, at: datetime) -> Progress:
    """Where a line that was followed to `at` has come to, and the way from there."""
    one, now = reigns.at(at).of(line.set_code), line.standing
    assert one is not None and now is not None  # noqa: S101, PT018  it was followed
    rank, earned = one.rank(now.tier), one.rank(now.earned)
    higher = [tier for tier in one.tiers if tier.reach > now.qualifying_minor and one.rank(tier.code) > rank]
    level = max(reached(one, now.qualifying_minor), kept(one, now.qualifying_minor, earned))
    lasting = {"never": earned, "one_step": max(earned - 1, 0)}.get(one.downgrade, 0)
    falls = max(level, lasting) if is_fixed(one) or now.drop_at else earned
    holding = [grant for grant in line.grants if grant.holds(at)]
    return Progress(
        one=one,
        tier=one.tiers[rank],
        since=now.since,
        qualifying_minor=now.qualifying_minor,
        next_tier=higher[0] if higher else None,
        missing_minor=higher[0].reach - now.qualifying_minor if higher else 0,
        cycle_begins=now.cycle_begins,
        cycle_ends=now.cycle_ends if is_fixed(one) else None,
        zone=now.zone,
        earned=one.tiers[earned],
        keep_minor=max(one.tiers[earned].keeps - now.qualifying_minor, 0),
        lost_at=(now.drop_at or after(now.cycle_ends, one.grace, now.zone)) if falls < earned else None,
        falls_to=one.tiers[falls] if falls < earned else None,
        grant=max(holding, key=lambda grant: one.rank(grant.tier), default=None) if rank > earned else None,
    )


def review_everyone(tx: Transaction, *, at: datetime) -> int:
    """Let every tier be judged again at a moment: the programme changes then."""
    return _queries.review_everyone(tx, at=at)
