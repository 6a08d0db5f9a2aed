"""Scoring referrals, many at once: what is known about them is read in a few statements, whatever their number."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from regulars import facts
from regulars.programme.referrals import _queries, graph
from regulars.programme.referrals._records import Referred, State
from regulars.programme.referrals._rules import Terms
from regulars.programme.referrals.graph import Circumstances, Decision
from regulars.storage import Transaction
from regulars.types import to_public

_STATES: Final[Mapping[Decision, State]] = {"pass": "rewarded", "hold": "held", "refuse": "refused"}


def judge(
    tx: Transaction,
    referrals: Sequence[Referred],
    held: Mapping[int, Terms],
    *,
    completed: Mapping[int, datetime],
    at: datetime,
) -> dict[int, Referred]:
    """Decide about referrals that are complete, by their scores. Facts: `referral.held`, `referral.refused`."""
    judged: dict[int, Referred] = {}
    for one, known in zip(referrals, circumstances(tx, referrals, held, at=at), strict=True):
        referral = held[one.version_id].referral
        assert referral is not None  # noqa: S101  or it would not be complete
        decided = scored(one, known, at)
        state = _STATES[
            graph.decision(decided.score or 0, hold_from=referral.hold_from, refuse_from=referral.refuse_from)
        ]
        now = replace(
            decided,
            state=state,
            refusal="score" if state == "refused" else None,
            completed_at=completed.get(one.referral_id),
        )
        _queries.update_decision(tx, now=now)
        judged[one.referral_id] = now
        if state != "rewarded":
            facts.record(tx, [_fact(now, at)], at=at)
    return judged


def scored(one: Referred, known: Circumstances, at: datetime) -> Referred:
    """A referral with its score, and the parts that make it."""
    parts = graph.parts_of(known)
    return replace(one, score=graph.total(parts), parts=graph.written(parts), scored_at=at)


def circumstances(
    tx: Transaction, referrals: Sequence[Referred], held: Mapping[int, Terms], *, at: datetime
) -> list[Circumstances]:
    """What is known about some referrals by now, in their order."""
    if not referrals:
        return []
    shared: dict[tuple[int, int], list[tuple[str, int]]] = {}
    for row in graph.select_shared(tx, pairs=sorted({(one.advocate_id, one.friend_id) for one in referrals})):
        shared.setdefault((row.advocate_id, row.friend_id), []).append((row.kind, row.owners))
    friends = [(one.friend_id, one.advocate_id) for one in referrals]
    together = graph.select_near(tx, friends=friends, kinds=["device", "payment"], steps=2)
    at_home = graph.select_near(tx, friends=friends, kinds=["address"], steps=1)
    records = {
        one.referral_id: one
        for one in graph.select_record(tx, referral_ids=[one.referral_id for one in referrals], at=at)
    }
    found: list[Circumstances] = []
    for one in referrals:
        record, referral = records[one.referral_id], held[one.version_id].referral
        found.append(
            Circumstances(
                shared=tuple(shared.get((one.advocate_id, one.friend_id), ())),
                friends_in_a_day=record.in_a_day,
                circle_steps=record.circle_steps,
                cluster=_friends_among(tx, one, together),
                one_roof=_friends_among(tx, one, at_home),
                disposable=graph.is_disposable(record.email, referral.disposable_domains if referral else ()),
                goods_minor=record.goods_minor,
                least_minor=referral.least_minor if referral else 0,
                friends_before=record.before,
                returned_before=record.undone_before,
            )
        )
    return found


def _friends_among(tx: Transaction, one: Referred, near: Mapping[int, set[int]]) -> int:
    """How many of the advocate's other friends are near this one."""
    others = sorted(near.get(one.friend_id, set()) - {one.friend_id, one.advocate_id})
    return len(graph.select_friends_among(tx, advocate_id=one.advocate_id, member_ids=others)) if others else 0


def _fact(one: Referred, at: datetime) -> facts.Fact:
    about: dict[str, object] = {
        "advocate": to_public("mem", one.advocate_id),
        "friend": to_public("mem", one.friend_id),
    }
    about |= {"score": one.score, "parts": [part["code"] for part in one.parts]}
    if one.state == "refused":
        about["why"] = one.refusal
    return facts.Fact(f"referral.{one.state}", at, one.advocate_id, one.referral_id, about)
