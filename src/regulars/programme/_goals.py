"""Challenges and streaks: what orders and events count towards them, what those give that are reached, and what goes again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from regulars import facts, ledger
from regulars.facts import decisions
from regulars.facts.decisions import NewDecision
from regulars.programme import _deciding, _queries, earning, events, goals
from regulars.programme._deciding import basis_of
from regulars.programme._postings import Bonus, bonuses, post
from regulars.programme._rules import Programme
from regulars.programme._versions import by_version, current
from regulars.programme.earning import Asked, Basis, Case, Compiled, Trigger, Use, Verdict
from regulars.programme.events import Event
from regulars.programme.goals import Days, Goal, Span, Step, Taken
from regulars.storage import Transaction
from regulars.types import stable_id

ORDER_GOALS = Trigger(goal=True)
_Key = tuple[int, str]
"""A member, and the code of a rule."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An order or an event on its way to goals: its case without what was so of the member at the time."""

    source_id: int
    member_id: int
    happened_at: datetime
    version_id: int
    programme: Programme
    trigger: Trigger
    case: Case

    @property
    def basis(self) -> Basis:
        """The rules that it is a step for."""
        return basis_of(self.programme, self.trigger)

    @property
    def day(self) -> date:
        """The day it counts on."""
        return self.happened_at.astimezone(ZoneInfo(self.programme.time_zone)).date()


def event_row(one: Event, programme: Programme, basis: Basis) -> dict[str, Any]:
    """The columns that an event fills; those of a version that does not declare it are of no use to anybody."""
    declared = next((each for each in programme.events if each.code == one.code), None)
    own = events.row_of(declared, one.data) if declared else {}
    return own | earning.parts_of("time", one.happened_at, basis.time_zone, basis.rules.columns)


def step_of_event(one: Event, programme: Programme) -> Subject:
    """An event on its way to goals."""
    trigger = Trigger("event", one.code, goal=True)
    row = event_row(one, programme, basis_of(programme, trigger))
    case = Case(row, None, 0, one.happened_at)
    return Subject(one.event_id, one.member_id, one.happened_at, one.version_id, programme, trigger, case)


def advance_orders(
    tx: Transaction, order_ids: Sequence[int] = (), *, return_ids: Sequence[int] = (), at: datetime
) -> int:
    """Count what paid orders are worth by now towards challenges and streaks; how many goals were reached or undone.

    It may be called for the same orders whenever they change: an order counts what was kept of it, by what was so of the member
    when it was first looked at. A goal that orders had led to goes when they come back, and what it gave with it. It costs one
    small query where no version has such goals.
    """
    if not _queries.any_order_goal(tx):
        return 0
    back = _queries.select_orders_back(tx, return_ids=list(return_ids)) if return_ids else []
    orders = sorted({*order_ids, *back})
    earning.lock_counted(
        tx, member_ids=_queries.select_buyers_of(tx, order_ids=orders)
    )  # then what they are worth is read
    return advance(tx, _subjects(tx, orders), at=at)


def _subjects(tx: Transaction, order_ids: Sequence[int]) -> list[Subject]:
    sold = [
        one
        for one in earning.select_sold(tx, order_ids=list(order_ids), named=True, labelled=True)
        if one.member_id and one.paid_at
    ]
    paid = {one.order_id: one.paid_at or one.placed_at for one in sold}
    holding = _queries.select_holding(tx, moments=sorted(set(paid.values()))) if sold else {}
    held = by_version(tx, set(holding.values())) if holding else {}
    subjects: list[Subject] = []
    for one in sold:
        version_id = holding[paid[one.order_id]]
        basis = basis_of(held[version_id], ORDER_GOALS)
        if one.currency not in basis.rates:
            continue
        back = dict(zip(one.line_nos, one.returned, strict=True))
        items = [] if one.cancelled_at else earning.less(earning.items_of(one, basis), back)
        case = _deciding.case_of(one, basis, {}, items, {})
        subjects.append(
            Subject(one.order_id, one.member_id, one.placed_at, version_id, held[version_id], ORDER_GOALS, case)
        )
    return subjects


def advance(tx: Transaction, subjects: Sequence[Subject], *, at: datetime) -> int:
    """Note what orders or events count towards goals, give for those reached and take back of those undone; how many.

    Facts: `goal.reached`, `goal.undone`.
    """
    subjects = sorted(
        (one for one in subjects if one.basis.rules.rules),
        key=lambda one: (one.member_id, one.happened_at, one.source_id),
    )
    if not subjects:
        return 0
    earning.lock_counted(tx, member_ids=sorted({one.member_id for one in subjects}))
    before = goals.select_taken(
        tx, members=[one.member_id for one in subjects], sources=[one.source_id for one in subjects]
    )
    looked = _Looked(tx, at, before)
    for one, row in _rows(tx, subjects, before):
        looked.count(one, row)
    goals.upsert_steps(tx, taken=looked.taken)
    return looked.settle()


def _rows(
    tx: Transaction, subjects: Sequence[Subject], before: Sequence[Taken]
) -> list[tuple[Subject, dict[str, Any]]]:
    """Subjects, and what was so of the member when each was first looked at, as far as the rules read it."""
    rows: dict[int, dict[str, Any]] = {}
    for one in before:
        rows.setdefault(one.source_id, {}).update(one.inputs)
    new = [one for one in subjects if one.source_id not in rows]
    pinned = earning.pinned_rows(tx, [Asked(one.member_id, one.happened_at, one.basis) for one in new])
    rows |= {one.source_id: row for one, row in zip(new, pinned, strict=True)}
    return [(one, rows[one.source_id]) for one in subjects]


class _Looked:
    """Looks at subjects as steps towards goals, and gathers what is to be written."""

    def __init__(self, tx: Transaction, at: datetime, before: Sequence[Taken]) -> None:
        self.tx, self.at = tx, at
        self.before = {(one.source_id, one.rule): one.amount for one in before}
        self.held: dict[int, Programme] = {}
        self.subjects: dict[int, Subject] = {}
        self.taken: list[Taken] = []
        self.verdicts: dict[int, list[Verdict]] = {}
        self.by_key: dict[_Key, list[tuple[Subject, int, Compiled]]] = defaultdict(list)

    def count(self, one: Subject, row: dict[str, Any]) -> None:
        """Look at an order or an event; one that counts what it counted before changes nothing, and is told of no more."""
        case, rules = replace(one.case, row={**one.case.row, **row}), one.basis.rules.rules
        steps = [earning.step(rule, case) for rule in rules]
        amounts = [step if isinstance(step, int) else 0 for step in steps]
        if all(
            self.before.get((one.source_id, rule.rule.code)) == amount
            for rule, amount in zip(rules, amounts, strict=True)
        ):
            return
        self.subjects[one.source_id] = replace(one, case=case)
        self.verdicts[one.source_id] = [
            replace(step, place=place) if isinstance(step, Verdict) else Verdict(place, "counted", 0, step)
            for place, step in enumerate(steps)
        ]
        for place, (rule, amount) in enumerate(zip(rules, amounts, strict=True)):
            code = rule.rule.code
            self.taken.append(Taken(one.member_id, code, one.source_id, one.happened_at, one.day, amount, row))
            self.by_key[one.member_id, code].append((self.subjects[one.source_id], place, rule))

    def settle(self) -> int:
        """Give for the goals that are reached by now, take back of those that are no more; how many."""
        if not self.taken:
            return 0
        spans = {key: Span(*key, _days(group)) for key, group in self.by_key.items()}
        steps: dict[_Key, list[Step]] = defaultdict(list)
        for one in goals.select_steps(self.tx, spans=list(spans.values())):
            steps[one.member_id, one.rule].append(one.step)
        known: dict[_Key, list[Goal]] = defaultdict(list)
        for goal in goals.select_goals(self.tx, spans=list(spans.values())):
            known[goal.member_id, goal.rule].append(goal)
        new, gone = list[Goal](), list[Goal]()
        for key, group in self.by_key.items():
            given, undone = self._differences(group, steps[key], known[key], spans[key].days)
            new += given
            gone += undone
        self._write(self._worth(new), gone)
        return len(new) + len(gone)

    def _differences(
        self, group: Sequence[tuple[Subject, int, Compiled]], steps: Sequence[Step], known: Sequence[Goal], days: Days
    ) -> tuple[list[Goal], list[Goal]]:
        """What a member has reached of one rule and was not given, and what was given and is not reached."""
        rule = group[-1][2]
        counting = [one for one, place, _ in group if self.verdicts[one.source_id][place].why == "counted"]
        subject = (counting or [one for one, _, _ in group])[-1]
        live = {one.begins_on: one.takes for one in known if one.undone_at is None}
        found = goals.reached(rule.rule, steps, live, days)
        before = {one.begins_on: one for one in known}
        new = [
            Goal(
                subject.member_id, rule.rule.code, begins, goals.takes(rule.rule), reached_at, subject.version_id,
                subject.source_id, 0, rule.rule.point_type, before[begins].round + 1 if begins in before else 1, self.at,
            )
            for begins, reached_at in found.items()
            if begins not in live and reached_at is not None
        ]  # fmt: skip
        gone = [
            replace(before[begins], undone_at=self.at)
            for begins in live
            if begins not in found and self._is_same(before[begins], rule.rule)
        ]
        held = {begins: live.get(begins, goals.takes(rule.rule)) for begins in found}
        for one, place, _ in group:
            until = [each for each in steps if (each.happened_at, each.source_id) <= (one.happened_at, one.source_id)]
            so_far = goals.progress(rule.rule, until, held, one.day)
            if self.verdicts[one.source_id][place].why == "counted":
                self.verdicts[one.source_id][place] = Verdict(place, "counted", so_far.done, so_far.takes)
        return new, gone

    def _is_same(self, goal: Goal, rule: earning.Rule) -> bool:
        """Whether a goal was reached by what the rule asks for now: a version that asks for something else takes nothing back."""
        if goal.version_id not in self.held:
            self.held |= by_version(self.tx, {goal.version_id})
        then = next((one for one in self.held[goal.version_id].earning if one.code == rule.code), None)
        return then is None or (then.challenge, then.streak) == (rule.challenge, rule.streak)

    def _worth(self, new: Sequence[Goal]) -> list[Goal]:
        """Goals with the points they give, evaluated for the order or event with which they were reached; what is left by limits."""
        if not new:
            return []
        members = [one.member_id for one in new]
        known = earning.known_uses(self.tx, members, {one.basis.rules for one in self.subjects.values()})
        worth: list[Goal] = []
        for one in new:
            subject = self.subjects[one.source_id]
            verdict = self._verdict(subject, one, known)
            points = verdict.points if verdict.why == "earned" else 0
            worth.append(replace(one, points=points))
            self.verdicts[one.source_id][verdict.place] = verdict
            known[one.member_id, one.rule].append(Use(one.member_id, one.rule, _number(one), one.reached_at, points))
        return worth

    def _verdict(self, subject: Subject, one: Goal, known: earning.Known) -> Verdict:
        rules = subject.basis.rules
        left = earning.allowances(
            rules, known, member_id=one.member_id, order_id=_number(one), placed_at=one.reached_at,
            zone=subject.programme.time_zone,
        )  # fmt: skip
        place = next(number for number, each in enumerate(rules.rules) if each.rule.code == one.rule)
        return earning.worth(place, rules.rules[place], replace(subject.case, allowances=left))

    def _write(self, new: Sequence[Goal], gone: Sequence[Goal]) -> None:
        kept = [_kept(one, self.verdicts[one.source_id]) for one in self.subjects.values()]
        decisions.record(self.tx, kept, at=self.at)
        if not new and not gone:
            return
        goals.upsert_goals(self.tx, goals=[*gone, *new])
        uses = [Use(one.member_id, one.rule, _number(one), one.reached_at, one.points) for one in new]
        uses += [Use(one.member_id, one.rule, _number(one), one.reached_at, 0) for one in gone]
        earning.upsert_uses(self.tx, uses=[use for use in uses if self._is_counted(use)])
        facts.record(self.tx, [_fact("goal.reached", one) for one in new], at=self.at)
        facts.record(self.tx, [_fact("goal.undone", one) for one in gone], at=self.at)
        post(self.tx, [_undo(one, self.at) for one in gone if one.points], self.at)
        giving = [_bonus(one, self._programme(one)) for one in new if one.points]
        post(self.tx, bonuses(giving, self.at), self.at)

    def _programme(self, goal: Goal) -> Programme:
        return next(one.programme for one in self.subjects.values() if one.version_id == goal.version_id)

    def _is_counted(self, use: Use) -> bool:
        return any(rule.counted for _, _, rule in self.by_key[use.member_id, use.rule])


def _days(group: Sequence[tuple[Subject, int, Compiled]]) -> Days:
    return goals.around(group[-1][2].rule, [one.day for one, _, _ in group])


def _number(one: Goal) -> int:
    """What stands for a goal among what limits count."""
    return stable_id("goal", one.member_id, one.rule, one.begins_on.isoformat())


def _reference(one: Goal) -> str:
    """The ledger's reference of what a goal gave."""
    again = "" if one.round == 1 else f"+{one.round}"
    return f"goal/{one.rule}/{one.begins_on.isoformat()}{again}"


def _bonus(one: Goal, programme: Programme) -> Bonus:
    rule = next(each for each in programme.earning if each.code == one.rule)
    part = (one.point_type, one.rule if rule.terms is not None else "")
    return Bonus(one.member_id, one.reached_at, programme, part, one.points, _reference(one))


def _undo(one: Goal, at: datetime) -> ledger.Posting:
    return ledger.Posting(
        kind="reverse_earn", member_id=one.member_id, amount=one.points, reference=f"undone/{_reference(one)}",
        reverses=_reference(one), occurred_at=at, point_type=one.point_type,
    )  # fmt: skip


def _fact(name: str, one: Goal) -> facts.Fact:
    about = {
        "rule": one.rule, "begins_on": one.begins_on.isoformat(), "points": one.points, "point_type": one.point_type,
        "reference": _reference(one),
    }  # fmt: skip
    return facts.Fact(name, one.undone_at or one.reached_at, one.member_id, one.member_id, about)


def _kept(one: Subject, verdicts: Sequence[Verdict]) -> NewDecision:
    kind = decisions.ORDER_STEP if one.trigger.on == "order" else decisions.EVENT_STEP
    return _deciding.kept_of(kind, one.source_id, one.member_id, one.version_id, verdicts)


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """How far a member is with a rule that has a goal, and how often it was reached."""

    rule: earning.Rule
    progress: goals.Progress
    reached: tuple[Goal, ...]
    """The latest first, at most twelve."""


def goal_progress(tx: Transaction, member_id: int, *, at: datetime) -> list[GoalProgress]:
    """How far a member is with every challenge and streak of the programme that holds, in the order of the document.

    Raises:
        NoProgramme: there is no programme yet.
    """
    programme = current(tx, at=at)
    rules = [rule for rule in programme.earning if rule.challenge is not None or rule.streak is not None]
    if not rules:
        return []
    today = at.astimezone(ZoneInfo(programme.time_zone)).date()
    spans = [Span(member_id, rule.code, goals.around(rule, [today])) for rule in rules]
    steps = goals.select_steps(tx, spans=spans)
    known = goals.select_goals(tx, spans=spans)
    kept = goals.select_reached(tx, member_id=member_id, limit=1000)
    return [
        GoalProgress(
            rule,
            goals.progress(
                rule,
                [one.step for one in steps if one.rule == rule.code],
                {one.begins_on: one.takes for one in known if one.rule == rule.code and one.undone_at is None},
                today,
            ),
            tuple(one for one in kept if one.rule == rule.code)[:12],
        )
        for rule in rules
    ]
