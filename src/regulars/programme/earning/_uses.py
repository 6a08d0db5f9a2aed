"""What members may still get by rules with limits or a cooldown."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from regulars.ledger import Span
from regulars.programme.earning import _queries
from regulars.programme.earning._evaluation import Allowance, Decision
from regulars.programme.earning._queries import Use
from regulars.programme.earning._rules import Period, Rule, Rules
from regulars.storage import Transaction

Known = defaultdict[tuple[int, str], list[Use]]
"""By member and rule: what they got."""


def known_uses(tx: Transaction, members: Iterable[int], rules: Iterable[Rules]) -> Known:
    """What members got by rules that are counted; they are locked, so that no other order of theirs is awarded beside."""
    ids, rules = sorted(set(members)), list(rules)
    if ids and any(each.counted for each in rules):
        _queries.lock_counted(tx, member_ids=ids)
    return seen_uses(tx, ids, rules)


def seen_uses(tx: Transaction, members: Iterable[int], rules: Iterable[Rules]) -> Known:
    """What members got by rules that are counted, to look at only."""
    found: Known = defaultdict(list)
    codes = sorted({one.rule.code for each in rules for one in each.rules if one.counted})
    ids = sorted(set(members))
    if codes and ids:
        for use in _queries.select_uses(tx, member_ids=ids, rules=codes):
            found[use.member_id, use.rule].append(use)
    return found


def allowances(
    rules: Rules, known: Known, *, member_id: int, order_id: int, placed_at: datetime, zone: str
) -> dict[int, Allowance]:
    """What a member may still get by each rule that is counted, for an order placed then; what the order itself got aside."""
    if not rules.counted:
        return {}
    return {
        place: _allowance(one.rule, _others(known, member_id, one.rule.code, order_id), placed_at, zone)
        for place, one in enumerate(rules.rules)
        if one.counted
    }


def _others(known: Known, member_id: int, code: str, order_id: int) -> list[Use]:
    return [use for use in known.get((member_id, code), []) if use.source_id != order_id and use.points]


def _allowance(rule: Rule, uses: Sequence[Use], placed_at: datetime, zone: str) -> Allowance:
    if rule.cooldown is not None and any(_cooling(use.used_at, placed_at, rule.cooldown, zone) for use in uses):
        return Allowance(0, "cooldown")
    left: int | None = None
    for limit in rule.limits:
        begin, end = period(limit.per, placed_at, zone)
        own = [
            use.points for use in uses if (begin is None or use.used_at >= begin) and (end is None or use.used_at < end)
        ]
        if limit.most_times is not None and len(own) >= limit.most_times:
            return Allowance(0)
        if limit.most_points is not None:
            rest = max(limit.most_points - sum(own), 0)
            left = rest if left is None else min(left, rest)
    return Allowance(left)


def _cooling(one: datetime, other: datetime, span: Span, zone: str) -> bool:
    """Whether the later of two orders comes within a span of the earlier: whichever of them was told first."""
    first, second = min(one, other), max(one, other)
    local = first.astimezone(ZoneInfo(zone))
    return second < datetime.combine(span.after(local.date()), local.timetz())


def period(per: Period, moment: datetime, zone: str) -> tuple[datetime | None, datetime | None]:
    """The day, week, month or year of the calendar that a moment is in: its first instant, and that after its last."""
    if per == "ever":
        return None, None
    day = moment.astimezone(ZoneInfo(zone)).date()
    if per == "day":
        first, following = day, day + timedelta(days=1)
    elif per == "week":
        first = day - timedelta(days=day.weekday())
        following = first + timedelta(days=7)
    else:
        first = day.replace(day=1) if per == "month" else day.replace(month=1, day=1)
        following = Span(1, "month" if per == "month" else "year").after(first)
    return tuple(datetime.combine(each, time(), ZoneInfo(zone)) for each in (first, following))  # pyright: ignore[reportReturnType]


def uses_of(rules: Rules, decision: Decision, *, member_id: int, order_id: int, placed_at: datetime) -> list[Use]:
    """What an order got by the rules that are counted, none where it got nothing."""
    if not rules.counted:
        return []
    return [
        Use(member_id, one.rule.code, order_id, placed_at, verdict.points if verdict.why == "earned" else 0)
        for one, verdict in zip(rules.rules, decision.verdicts, strict=True)
        if one.counted
    ]
