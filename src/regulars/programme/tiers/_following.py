"""Following members from moment to moment: what counted at each is asked for set by set, a batch of moments at a time.

A moment at which a standing must be judged again by itself (an amount leaves the window, a year ends, a grace is over) is
judged at that very moment, before whatever came later: however late the work is done, the same happens.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from regulars import commerce, ledger
from regulars.programme.tiers import _queries
from regulars.programme.tiers._cycles import Cycle, first_cycle, next_cycle
from regulars.programme.tiers._queries import Ask, Closed
from regulars.programme.tiers._records import NEVER, GiftDue, Grant, Person, Reign, Reigns, Seen, Standing, Told
from regulars.programme.tiers._rules import Judgement, begin, is_fixed, watches_cycles
from regulars.programme.tiers._sets import By, TierSet
from regulars.storage import Transaction

_INSTANT = timedelta(microseconds=1)


class Look(Protocol):
    """Where it is looked up what counted."""

    def __call__(self, by: By, asks: Sequence[Ask]) -> Sequence[Seen]:
        """What counted, for each that is asked."""
        ...


@dataclass(slots=True)
class Line:
    """One member in one set: where they stand, and the moments to be judged, in order of time."""

    member_id: int
    set_code: str
    standing: Standing | None
    moments: list[datetime]
    grants: Sequence[Grant] = ()
    cycles: Sequence[Cycle] = ()
    """Those that are known to have been, where the past is followed once more: they stay as they were."""

    told: list[Told] = field(default_factory=list[Told])
    gifts: list[GiftDue] = field(default_factory=list[GiftDue])
    closed: list[Closed] = field(default_factory=list[Closed])
    asked: list[datetime] = field(default_factory=list[datetime])
    closing: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """What members are judged by: the versions, and what their cycles depend on."""

    reigns: Reigns
    people: Mapping[int, Person]

    def zone(self, one: TierSet, reign: Reign, member_id: int) -> str:
        """Whose days a cycle of the member's that begins now would count."""
        person = self.people.get(member_id)
        if one.zone == "programme" or person is None:
            return reign.time_zone
        own = person.zones.get("member") if one.zone == "member" else None
        return own or person.zones.get("shop") or reign.time_zone

    def joined_at(self, member_id: int, otherwise: datetime) -> datetime:
        """When a member joined."""
        person = self.people.get(member_id)
        return person.joined_at if person else otherwise


def people_of(tx: Transaction, member_ids: Collection[int], reigns: Reigns) -> dict[int, Person]:
    """What cycles depend on of some members, if they do under any of the versions."""
    sets = [one for reign in reigns.each for one in reign.sets]
    if not any(one.window.kind == "anniversary" or one.zone != "programme" for one in sets):
        return {}
    shops = {shop.code: shop.time_zone for shop in commerce.shops(tx)}
    found = _queries.select_people(tx, member_ids=list(member_ids))
    return {one.member_id: Person(one.joined_at, _zones(one, shops)) for one in found}


def _zones(one: _queries.Someone, shops: Mapping[str, str]) -> dict[str, str]:
    zones = {"shop": shops.get(one.issuer), "member": one.time_zone if known_zone(one.time_zone) else None}
    return {name: zone for name, zone in zones.items() if zone}


def known_zone(name: str | None) -> bool:
    """Whether a member's record names a time zone there is."""
    try:
        return name is not None and bool(ledger.day_begins(date(2000, 1, 1), name))
    except (KeyError, ValueError, OSError):  # what zoneinfo says to names of every sort
        return False


def looker(tx: Transaction) -> Look:
    """Look it up in the database."""

    def look(by: By, asks: Sequence[Ask]) -> list[Seen]:
        return [Seen(*row) for row in _queries.select_seen(tx, by=by, asks=asks)]

    return look


def opened(member_id: int, set_code: str, moment: datetime, world: World) -> Standing | None:
    """The standing of somebody of whom nothing was known before a moment; None where there is no such set."""
    line = Line(member_id, set_code, None, [moment])
    _begin(line, world)
    return line.standing


def follow(lines: Sequence[Line], world: World, look: Look) -> None:
    """Judge all lines at all their moments, and at those that come of themselves before them."""
    open_lines = [line for line in lines if line.moments]
    while open_lines:
        asks: dict[By, list[Ask]] = {}
        places = [list(_plan(line, world, asks)) for line in open_lines]
        seen = {by: look(by, group) for by, group in asks.items()}
        for line, found in zip(open_lines, places, strict=True):
            _step(line, world, [seen[by][place] for by, place in found])
        open_lines = [line for line in open_lines if line.moments]


def _plan(line: Line, world: World, asks: dict[By, list[Ask]]) -> Iterator[tuple[By, int]]:
    """Choose the moments of this round, and ask what counted at them: where in `asks` each answer will be."""
    line.asked, line.closing = [], False
    reign, one = _begin(line, world)
    now = line.standing
    if one is None or now is None:
        return
    if now.review_at <= line.moments[0]:
        line.asked = [now.review_at if line.closing else max(now.review_at, now.reviewed_at)]
    else:
        line.asked = [at for at in line.moments if at < now.review_at and at < reign.ends]
    for moment in line.asked:
        for ask in asks_of(now, one, reign, moment):
            group = asks.setdefault(one.measure.by, [])
            group.append(ask)
            yield one.measure.by, len(group) - 1


def _begin(line: Line, world: World) -> tuple[Reign, TierSet | None]:
    """The version and the set by which the next moment is judged; moments at which there is no such set are left out."""
    while line.moments:
        now = line.standing
        moment = line.moments[0] if now is None else min(line.moments[0], now.review_at)
        line.closing = now is not None and _closes(line, world, now, moment)
        reign = world.reigns.at(moment - _INSTANT if line.closing else moment)
        one = reign.of(line.set_code)
        if one is not None:
            if now is None or now.place < 0:
                line.standing = _first(line, world, reign, one, moment)
            return reign, one
        if now is not None and now.place >= 0:
            line.standing = replace(now, place=-1, review_at=NEVER)
        else:
            line.moments.pop(0)
    return world.reigns.each[0], None


def _closes(line: Line, world: World, now: Standing, moment: datetime) -> bool:
    """Whether a cycle ends at a moment, and that changes something by the rules that held until then."""
    if not (moment == now.review_at >= now.cycle_ends):
        return False
    one = world.reigns.at(moment - _INSTANT).of(line.set_code)
    return one is not None and (watches_cycles(one) or one.rank(now.base) > 0)


def _first(line: Line, world: World, reign: Reign, one: TierSet, moment: datetime) -> Standing:
    known = next((cycle for cycle in line.cycles if cycle.begins <= moment < cycle.ends), None)
    cycle = known or first_cycle(
        one.window, world.joined_at(line.member_id, moment), moment, world.zone(one, reign, line.member_id)
    )
    ends = cycle.ends if watches_cycles(one) else NEVER
    made = begin(one, line.member_id, moment, cycle)
    return replace(made, place=reign.sets.index(one), review_at=min(ends, reign.ends))


def asks_of(now: Standing, one: TierSet, reign: Reign, moment: datetime) -> Iterator[Ask]:
    """What is to be looked up to judge a moment: what counts then, and, where notice is given, what will count."""
    fixed = is_fixed(one)
    ask = Ask(
        member_id=now.member_id,
        moment=moment,
        known=moment,
        zone=reign.time_zone if one.zone == "programme" else now.zone,
        months=None if fixed else one.window.months,
        since=now.cycle_begins if fixed else None,
        until=now.cycle_ends if fixed else NEVER,
        refunds_from=now.cycle_begins if one.refunds == "cycle_end" else NEVER,
        of=one.measure.of,
        account_id=ledger.account_id(now.member_id, one.measure.of or "") if one.measure.by == "points" else 0,
    )
    yield ask
    if one.notice_days and not fixed:
        yield replace(ask, moment=moment + timedelta(days=one.notice_days))


def _step(line: Line, world: World, seen: Sequence[Seen]) -> None:
    """Judge the moments that were asked about, as far as nothing comes before them by itself."""
    answers = iter(seen)
    for moment in line.asked:
        now = line.standing
        assert now is not None  # noqa: S101  `_begin` made one
        reign = world.reigns.at(moment)
        one = (world.reigns.at(moment - _INSTANT).of(line.set_code) if line.closing else None) or reign.of(
            line.set_code
        )
        assert one is not None  # noqa: S101  or nothing would have been asked
        found = next(answers)
        ahead = next(answers) if one.notice_days and not is_fixed(one) else None
        if line.closing:
            _close(line, world, one, found, moment)
            return
        judgement = Judgement(one, _moved_on(line, world, one, reign, moment), line.told, line.gifts)
        judgement.judge(moment, found, ahead=ahead, grants=line.grants, ends=reign.ends)
        line.standing = judgement.standing
        if line.moments and line.moments[0] <= moment:
            line.moments.pop(0)
        if line.moments and line.standing.review_at <= line.moments[0]:
            return


def _close(line: Line, world: World, one: TierSet, found: Seen, moment: datetime) -> None:
    """End a cycle and begin the next; the moment is judged next, in that one."""
    was = line.standing
    assert was is not None  # noqa: S101  there is a cycle to end
    judgement = Judgement(one, was, line.told, line.gifts)
    kept = judgement.close(found, _following(line, world, one, was))
    if is_fixed(one):
        closed = Closed(
            was.member_id, was.set_code, was.cycle_begins, was.cycle_ends, was.zone, was.earned, found.net, kept
        )
        line.closed.append(closed)
    line.standing = judgement.standing
    if line.moments[0] != moment:
        line.moments.insert(0, moment)


def _following(line: Line, world: World, one: TierSet, was: Standing) -> Cycle:
    known = next((cycle for cycle in line.cycles if cycle.begins == was.cycle_ends), None)
    if known is not None:
        return known
    reign = world.reigns.at(was.cycle_ends)
    by = reign.of(line.set_code) or one
    before = Cycle(was.cycle_begins, was.cycle_ends, was.zone)
    joined_at = world.joined_at(was.member_id, was.cycle_begins)
    return next_cycle(by.window, before, joined_at, world.zone(by, reign, was.member_id))


def _moved_on(line: Line, world: World, one: TierSet, reign: Reign, moment: datetime) -> Standing:
    """The standing in the cycle of the moment, where the end of a cycle changes nothing else."""
    now = line.standing
    assert now is not None  # noqa: S101  `_begin` made one
    while now.cycle_ends <= moment:
        following = _following(line, world, one, now)
        now = replace(now, cycle_begins=following.begins, cycle_ends=following.ends, zone=following.zone)
        line.standing = now
    place = reign.sets.index(one)
    return now if now.place == place else replace(now, place=place)
