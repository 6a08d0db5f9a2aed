"""Events of the programme's own: recorded, and what they earn, in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from regulars import facts
from regulars.errors import RegularsError
from regulars.facts import decisions
from regulars.programme import _deciding, _goals, _queries, earning, events
from regulars.programme._deciding import basis_of
from regulars.programme._postings import Bonus, bonuses, post
from regulars.programme._rules import Programme
from regulars.programme._versions import by_version, in_force
from regulars.programme.earning import Asked, Case, Decision, Trigger
from regulars.programme.events import Event, EventChanged, NewEvent
from regulars.storage import Transaction
from regulars.types import stable_id, to_public


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of one event that was told."""

    external_id: str
    status: Literal["recorded", "replayed", "refused"]
    event_id: int | None
    given: Mapping[str, int] = field(default_factory=dict[str, int])
    """Points by their kind, those of the event itself; what a goal gave is in the fact `goal.reached`."""
    error: RegularsError | None = None


def record_events(
    tx: Transaction, told: Sequence[NewEvent], *, at: datetime, refused: Mapping[int, RegularsError] | None = None
) -> list[EventOutcome]:
    """Record events and give what they earn, under the version that held when they happened. One answer each, in order.

    Each is recorded or refused by itself: its code is declared by the programme that holds now, and its data fits. An event is
    known by its teller's id; told again it is replayed, with other content refused. `refused` are those the caller refused
    already.

    The statements are as many for a thousand events as for one. Facts: `event.<code>`, `goal.reached`.

    Raises:
        NoProgramme: there is no programme yet.
    """
    known = {one.code: one for one in in_force(tx, at=at).events}
    errors: dict[int, RegularsError] = dict(refused or {})
    ids = [stable_id("event", one.external_id) for one in told]
    fine: dict[int, NewEvent] = {}
    for place, one in enumerate(told):
        wrong = errors.get(place) or events.refusal(known, one, at=at)
        if wrong is not None:
            errors[place] = wrong
        elif not _same(fine.setdefault(ids[place], one), one):
            errors[place] = EventChanged(event=one.external_id)
    fresh, before = _keep(tx, fine, at)
    given = _award(tx, fresh, at)
    return list(_answers(told, ids, errors, {one.event_id for one in fresh}, before, given))


def _same(one: NewEvent, other: NewEvent) -> bool:
    then = one.happened_at == other.happened_at or not (one.dated and other.dated)
    return then and (one.code, one.member_id, dict(one.data)) == (other.code, other.member_id, dict(other.data))


def _keep(tx: Transaction, fine: dict[int, NewEvent], at: datetime) -> tuple[list[Event], dict[int, Event]]:
    """Keep what is new; what was, and what was there before."""
    if not fine:
        return [], {}
    holding = _queries.select_holding(tx, moments=sorted({one.happened_at for one in fine.values()}))
    versions = {event_id: holding[one.happened_at] for event_id, one in fine.items()}
    added = events.insert_events(tx, told=fine, versions=versions, at=at)
    old = events.select_events(tx, event_ids=[event_id for event_id in fine if event_id not in added])
    fresh = [
        Event(event_id, one.code, one.external_id, one.member_id, one.happened_at, at, versions[event_id], dict(one.data), {})
        for event_id, one in fine.items()
        if event_id in added
    ]  # fmt: skip
    facts.record(tx, [_fact(one) for one in fresh], at=at)
    return sorted(fresh, key=lambda one: (one.member_id, one.happened_at, one.event_id)), {
        one.event_id: one for one in old
    }


def _fact(one: Event) -> facts.Fact:
    about = {"external_id": one.external_id, **{f"data_{name}": value for name, value in one.data.items()}}
    return facts.Fact(f"event.{one.code}", one.happened_at, one.member_id, one.event_id, about)


def _answers(
    told: Sequence[NewEvent],
    ids: Sequence[int],
    errors: Mapping[int, RegularsError],
    fresh: set[int],
    before: Mapping[int, Event],
    given: Mapping[int, Mapping[str, int]],
) -> Iterator[EventOutcome]:
    for place, (one, event_id) in enumerate(zip(told, ids, strict=True)):
        error, old = errors.get(place), before.get(event_id)
        if error is None and old is not None and not _same(_told(old), one):
            error = EventChanged(event=one.external_id)
        if error is not None:
            yield EventOutcome(one.external_id, "refused", None, error=error)
            continue
        first = event_id in fresh
        fresh.discard(event_id)
        earned = old.given if old is not None else given.get(event_id, {})
        yield EventOutcome(one.external_id, "recorded" if first else "replayed", event_id, earned)


def _told(one: Event) -> NewEvent:
    return NewEvent(one.code, one.external_id, one.member_id, one.happened_at, one.data)


def _award(tx: Transaction, fresh: Sequence[Event], at: datetime) -> dict[int, dict[str, int]]:
    """Give what events earn by themselves, and what the goals give that they lead to."""
    if not fresh:
        return {}
    held = by_version(tx, {one.version_id for one in fresh})
    earning.lock_counted(tx, member_ids=sorted({one.member_id for one in fresh if _counts(held[one.version_id], one)}))
    done = _decide(tx, fresh, held, at)
    giving = [
        Bonus(one.member_id, one.happened_at, held[one.version_id], part, points, _reference(one, part[1]))
        for one, decision in done
        for part, points in decision.parts.items()
        if points
    ]
    post(tx, bonuses(giving, at), at)
    given = {one.event_id: _by_kind(decision) for one, decision in done if decision.parts}
    if given:
        events.update_given(tx, given=given)
    _goals.advance(tx, [_goals.step_of_event(one, held[one.version_id]) for one in fresh], at=at)
    return given


def _counts(programme: Programme, one: Event) -> bool:
    goal = basis_of(programme, Trigger("event", one.code, goal=True)).rules.rules
    return bool(goal) or basis_of(programme, Trigger("event", one.code)).rules.counted


def _reference(one: Event, rule: str) -> str:
    return to_public("evt", one.event_id) + (f":{rule}" if rule else "")


def _by_kind(decision: Decision) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for (kind, _), points in decision.parts.items():
        kinds[kind] = kinds.get(kind, 0) + points
    return kinds


def _decide(
    tx: Transaction, fresh: Sequence[Event], held: Mapping[int, Programme], at: datetime
) -> list[tuple[Event, Decision]]:
    """What events earn each under its version, by member and in order of time; those that no rule is for are left out."""
    bases = [basis_of(held[one.version_id], Trigger("event", one.code)) for one in fresh]
    concerned = [(one, basis) for one, basis in zip(fresh, bases, strict=True) if basis.rules.rules]
    rows = earning.pinned_rows(tx, [Asked(one.member_id, one.happened_at, basis) for one, basis in concerned])
    counted = [one.member_id for one, basis in concerned if basis.rules.counted]
    known = earning.known_uses(tx, counted, {basis.rules for _, basis in concerned})
    done: list[tuple[Event, Decision]] = []
    uses: list[earning.Use] = []
    for (one, basis), row in zip(concerned, rows, strict=True):
        left = earning.allowances(
            basis.rules, known, member_id=one.member_id, order_id=one.event_id, placed_at=one.happened_at,
            zone=basis.time_zone,
        )  # fmt: skip
        case = Case({**_goals.event_row(one, held[one.version_id], basis), **row}, None, 0, one.happened_at, left)
        decision = earning.evaluate(basis.rules, case)
        own = earning.uses_of(
            basis.rules, decision, member_id=one.member_id, order_id=one.event_id, placed_at=one.happened_at
        )
        for use in own:
            known[use.member_id, use.rule].append(use)
        uses += [use for use in own if use.points]
        done.append((one, decision))
    if uses:
        earning.upsert_uses(tx, uses=uses)
    kept = [
        _deciding.kept_of(decisions.EVENT, one.event_id, one.member_id, one.version_id, decision.verdicts)
        for one, decision in done
    ]
    decisions.record(tx, kept, at=at)
    return done
