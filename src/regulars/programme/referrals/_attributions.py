"""Who brought a friend: one rule, the same whatever the order in which touches are told, and its evidence kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from regulars import facts
from regulars.programme.referrals import _queries, graph
from regulars.programme.referrals._records import Referred
from regulars.programme.referrals._rules import Terms, TermsOf, Weighed, decisive, verdict
from regulars.storage import Transaction
from regulars.types import stable_id, to_public


def attribute(
    tx: Transaction, friend_ids: Sequence[int], terms: Terms, *, terms_of: TermsOf, at: datetime
) -> list[Referred]:
    """Decide who brought some members, of all touches known by now; those whose referral is new or another.

    A referral keeps the terms it was first weighed under. Once something was given for it, or a person has decided, it
    stands. Facts: `referral.attributed`, `referral.refused`.
    """
    concerned = _queries.select_touched(tx, friend_ids=sorted(set(friend_ids)))
    if not concerned or terms.referral is None:
        return []
    _queries.lock(tx, member_ids=concerned)
    touches = _touches(tx, concerned)
    known = {one.friend_id: one for one in _queries.select_by_friends(tx, friend_ids=concerned)}
    settled = _queries.select_settled(tx, referral_ids=[one.referral_id for one in known.values()])
    held = terms_of(tx, {one.version_id for one in known.values()}) if known else dict[int, Terms]()
    changed: list[Referred] = []
    for friend_id, weighed in touches.items():
        before = known.get(friend_id)
        if before is not None and before.referral_id in settled:
            continue
        own = terms if before is None else held[before.version_id]
        found = _decided(friend_id, weighed, own, before)
        if found is not None and (before is None or _differs(before, found)):
            changed.append(found)
    _queries.upsert_referrals(tx, referrals=changed)
    facts.record(tx, [_fact(one, known.get(one.friend_id), at) for one in changed], at=at)
    return changed


def _touches(tx: Transaction, friend_ids: list[int]) -> dict[int, list[Weighed]]:
    """The touches of some friends, with what is known about each."""
    found = _queries.select_weighed(tx, friend_ids=friend_ids)
    pairs = sorted({(one.advocate_id, one.friend_id) for one in found})
    common: dict[tuple[int, int], list[str]] = {}
    for one in graph.select_shared(tx, pairs=pairs):
        common.setdefault((one.advocate_id, one.friend_id), []).append(one.kind)
    bought = _bought(tx, friend_ids)
    touches: dict[int, list[Weighed]] = {}
    for one in found:
        first_at, as_other = bought.get(one.friend_id, (None, False))
        weighed = Weighed(
            one.touch_id, one.code, one.advocate_id, one.kind, one.by, one.touched_at, one.joined_at, one.revoked_at,
            first_at, as_other, tuple(common.get((one.advocate_id, one.friend_id), ())),
        )  # fmt: skip
        touches.setdefault(one.friend_id, []).append(weighed)
    return touches


def _bought(tx: Transaction, friend_ids: list[int]) -> dict[int, tuple[datetime, bool]]:
    """When each friend first bought something, and whether that was under another of the friend's names."""
    others = graph.select_namesakes(tx, member_ids=friend_ids)
    everyone = sorted({*friend_ids, *(one for names in others.values() for one in names)})
    first = _queries.select_first_purchases(tx, owner_ids=everyone)
    found: dict[int, tuple[datetime, bool]] = {}
    for friend_id in friend_ids:
        moments = [(first[one], one != friend_id) for one in (friend_id, *others.get(friend_id, ())) if one in first]
        if moments:
            found[friend_id] = min(moments)
    return found


def _decided(friend_id: int, touches: Sequence[Weighed], terms: Terms, before: Referred | None) -> Referred | None:
    referral = terms.referral
    if referral is None:
        return None
    chosen, why = decisive(touches, friend_id, referral)
    fresh = Referred(
        referral_id=stable_id("referral", friend_id),
        friend_id=friend_id,
        advocate_id=chosen.advocate_id,
        touch_id=chosen.touch_id,
        code=chosen.code,
        version_id=terms.version_id,
        touched_at=chosen.touched_at,
        attributed_at=max(chosen.touched_at, chosen.joined_at),
        state="joined" if why == "counts" else "refused",
        refusal=None if why == "counts" else why,
        evidence=[_evidence(one, friend_id, terms) for one in _once_each(touches)],
        score=None, parts=[], scored_at=None, completed_at=None, cleared=False, undone_at=None,
    )  # fmt: skip
    return fresh if before is None else replace(fresh, version_id=before.version_id)


def _once_each(touches: Sequence[Weighed]) -> list[Weighed]:
    """A touch that is the friend's by several ties counts by the first of them."""
    in_order = sorted(touches, key=lambda one: (one.touched_at, one.touch_id, one.by))
    return [next(group) for _, group in groupby(in_order, key=attrgetter("touch_id"))]


def _evidence(one: Weighed, friend_id: int, terms: Terms) -> dict[str, Any]:
    assert terms.referral is not None  # noqa: S101  nothing is weighed without
    return {
        "touch": to_public("tch", one.touch_id),
        "advocate": to_public("mem", one.advocate_id),
        "kind": one.kind,
        "touched_at": one.touched_at.isoformat(),
        "by": one.by,
        "common": list(one.common),
        "verdict": verdict(one, friend_id, terms.referral),
    }


def _differs(before: Referred, after: Referred) -> bool:
    return (before.touch_id, before.refusal, before.evidence) != (after.touch_id, after.refusal, after.evidence)


def _fact(one: Referred, before: Referred | None, at: datetime) -> facts.Fact:
    about: dict[str, object] = {
        "advocate": to_public("mem", one.advocate_id),
        "friend": to_public("mem", one.friend_id),
    }
    about |= {"code": one.code, "touches": len(one.evidence)}
    if before is not None and before.advocate_id != one.advocate_id:
        about["instead_of"] = to_public("mem", before.advocate_id)
    if one.refusal is not None:
        about["why"] = one.refusal
    name = "referral.attributed" if one.refusal is None else "referral.refused"
    return facts.Fact(name, at, one.advocate_id, one.referral_id, about)


def members_of(referrals: Mapping[int, Referred]) -> list[int]:
    """Everybody whom some referrals concern, to be locked in one order."""
    return sorted({one for each in referrals.values() for one in (each.friend_id, each.advocate_id)})
