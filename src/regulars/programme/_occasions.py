"""Birthdays and anniversaries: kept by their day, and given for when it comes, however late the job is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from regulars import facts, ledger
from regulars.facts import decisions
from regulars.programme import _deciding, _queries, earning, occasions
from regulars.programme._deciding import basis_of
from regulars.programme._postings import Bonus, bonuses, post
from regulars.programme._rules import Programme
from regulars.programme._versions import NoProgramme, by_version, current
from regulars.programme.earning import Asked, Case, Decision, Trigger, Use
from regulars.programme.occasions import NOWHERE, Begun, Kind, Occasion, Origin
from regulars.storage import Transaction
from regulars.types import stable_id

_DAY: Final = timedelta(days=1)
_DECISIONS: Final[dict[Kind, int]] = {
    "birthday": decisions.BIRTHDAY, "joined_anniversary": decisions.JOINED,
    "first_order_anniversary": decisions.FIRST_ORDER,
}  # fmt: skip


def note_occasions(tx: Transaction, member_ids: Sequence[int], *, at: datetime) -> int:
    """Keep when the birthdays and anniversaries of members come next; how many changed.

    One whose day is the same stays as it is, due or not. It costs one small query while no version has rules for them.
    """
    kinds = occasions.select_kept(tx)
    if not kinds or not member_ids:
        return 0
    return _note(tx, sorted(set(member_ids)), kinds, at)


def _note(tx: Transaction, member_ids: Sequence[int], kinds: Sequence[str], at: datetime) -> int:
    zone = ZoneInfo(current(tx, at=at).time_zone)
    today = at.astimezone(zone).date()
    held = {
        (one.member_id, one.kind): one
        for one in occasions.lock_occasions(tx, member_ids=list(member_ids), kinds=list(kinds))
    }
    changed: list[Occasion] = []
    for begun in occasions.select_begun(tx, member_ids=list(member_ids)):
        for kind in occasions.KINDS:
            if kind not in kinds:
                continue
            origin, before = _origin(begun, kind, zone), held.get((begun.member_id, kind))
            if origin == (before.origin if before else NOWHERE):
                continue
            last = before.last_on if before else None
            due = occasions.next_day(origin, since=_since(origin, kind, today), last=last)
            changed.append(Occasion(begun.member_id, kind, origin.year, origin.month, origin.day, due, last))
    if changed:
        occasions.upsert_occasions(tx, occasions=changed)
    return len(changed)


def _origin(one: Begun, kind: Kind, zone: ZoneInfo) -> Origin:
    if kind == "birthday":
        return Origin(*earning.birthday(one.birthday))
    moment = one.joined_at if kind == "joined_anniversary" else one.first_order_at
    if moment is None:
        return NOWHERE
    day = moment.astimezone(zone).date()
    return Origin(day.year, day.month, day.day)


def _since(origin: Origin, kind: Kind, today: date) -> date:
    """From when on it may come: an anniversary not before a year is over."""
    if kind == "birthday" or not origin.month:
        return today
    return max(today, date(origin.year + 1, 1, 1))


def adopt_occasions(tx: Transaction, *, at: datetime, limit: int = 1000) -> int:
    """Look up the days of the members of before, some at a time, once a version has rules for them; how many members."""
    try:
        wanted = {rule.on for rule in current(tx, at=at).earning}.intersection(occasions.KINDS)
    except NoProgramme:
        return 0
    for kind in sorted(wanted.difference(occasions.select_kept(tx))):
        occasions.begin_keeping(tx, kind=kind)
    done = 0
    for kind, upto in occasions.lock_progress(tx):
        found = occasions.select_members_after(tx, upto=upto, limit=limit)
        if found:
            _note(tx, found, [kind], at)
        occasions.update_progress(tx, kind=kind, upto=found[-1] if found else upto, done=len(found) < limit)
        done += len(found)
    return done


def celebrate_due(tx: Transaction, *, at: datetime, limit: int = 1000) -> int:
    """Give what the birthdays and anniversaries earn that have come by now, and see when they come next; how many came.

    A day comes with its first instant in the programme's time zone. What is late is given as of its day, under the version that
    held then, also when several years are. Workers share the work, and one that dies leaves nothing half done.

    Facts: `occasion.rewarded`.
    """
    try:
        programme = current(tx, at=at)
    except NoProgramme:
        return 0
    due = occasions.take_due(tx, today=at.astimezone(ZoneInfo(programme.time_zone)).date(), limit=limit)
    if not due:
        return 0
    moments = {day: ledger.day_begins(day, programme.time_zone) for day in {one.due_on for one in due} if day}
    holding = _queries.select_holding(tx, moments=sorted(set(moments.values())))
    held = by_version(tx, set(holding.values()))
    came = [(one, moments[one.due_on], holding[moments[one.due_on]]) for one in due if one.due_on]
    _give(tx, came, held, at)
    return len(due)


_Came = tuple[Occasion, datetime, int]
"""An occasion, the first instant of its day, and the version that held then."""


def _give(tx: Transaction, came: Sequence[_Came], held: dict[int, Programme], at: datetime) -> None:
    ruled = [
        one for one in came if basis_of(held[one[2]], Trigger(one[0].kind)).rules.rules
    ]  # fmt: skip
    decided = _decide(tx, sorted(ruled, key=lambda one: (one[0].member_id, one[1], one[0].kind)), held)
    giving = [
        Bonus(one.member_id, moment, held[version_id], part, points, _reference(one, part[1]))
        for (one, moment, version_id), decision in decided
        for part, points in decision.parts.items()
        if points
    ]
    post(tx, bonuses(giving, at), at)
    facts.record(tx, [_fact(one, moment, decision) for (one, moment, _), decision in decided if decision.parts], at=at)
    kept = [
        _deciding.kept_of(_DECISIONS[one.kind], one.member_id, one.member_id, version_id, decision.verdicts)
        for (one, _, version_id), decision in decided
    ]
    decisions.record(tx, kept, at=at)
    dealt = {(one.member_id, one.kind) for one, _, _ in ruled}
    occasions.upsert_occasions(tx, occasions=[_next(one, (one.member_id, one.kind) in dealt) for one, _, _ in came])


def _next(one: Occasion, dealt: bool) -> Occasion:  # noqa: FBT001  what became of it
    """When it comes again; the day counts as dealt with when a rule was for it."""
    assert one.due_on is not None  # noqa: S101  only what is due is dealt with
    last = one.due_on if dealt else one.last_on
    return replace(one, due_on=occasions.next_day(one.origin, since=one.due_on + _DAY, last=last), last_on=last)


def _decide(tx: Transaction, came: Sequence[_Came], held: dict[int, Programme]) -> list[tuple[_Came, Decision]]:
    bases = [basis_of(held[version_id], Trigger(one.kind)) for one, _, version_id in came]
    counted = [one.member_id for (one, _, _), basis in zip(came, bases, strict=True) if basis.rules.counted]
    known = earning.known_uses(tx, counted, {basis.rules for basis in bases})
    asked = [Asked(one.member_id, moment, basis) for (one, moment, _), basis in zip(came, bases, strict=True)]
    rows = earning.pinned_rows(tx, asked)
    decided: list[tuple[_Came, Decision]] = []
    uses: list[Use] = []
    for each, basis, row in zip(came, bases, rows, strict=True):
        one, moment, _ = each
        number = stable_id("occasion", one.kind, one.member_id, str(one.due_on))
        left = earning.allowances(
            basis.rules, known, member_id=one.member_id, order_id=number, placed_at=moment, zone=basis.time_zone
        )
        parts = earning.parts_of("time", moment, basis.time_zone, basis.rules.columns)
        since = {"occasion_years": occasions.years(one.origin, one.due_on) if one.due_on else 0}
        decision = earning.evaluate(basis.rules, Case({**parts, **since, **row}, None, 0, moment, left))
        own = earning.uses_of(basis.rules, decision, member_id=one.member_id, order_id=number, placed_at=moment)
        for use in own:
            known[use.member_id, use.rule].append(use)
        uses += [use for use in own if use.points]
        decided.append((each, decision))
    if uses:
        earning.upsert_uses(tx, uses=uses)
    return decided


def _reference(one: Occasion, rule: str) -> str:
    """The ledger's reference: a kind and a year, so that one year gives once whatever happens."""
    assert one.due_on is not None  # noqa: S101  only what is due is dealt with
    return f"{one.kind}/{one.due_on.year}" + (f":{rule}" if rule else "")


def _fact(one: Occasion, moment: datetime, decision: Decision) -> facts.Fact:
    kinds = [
        {"point_type": kind, "points": sum(points for _, points in group)}
        for kind, group in groupby(
            sorted((part[0], points) for part, points in decision.parts.items()), lambda each: each[0]
        )
    ]
    about = {"occasion": one.kind, "day": str(one.due_on), "given": kinds}
    return facts.Fact("occasion.rewarded", moment, one.member_id, one.member_id, about)
