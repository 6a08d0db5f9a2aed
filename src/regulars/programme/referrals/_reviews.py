"""What people decide about referrals: approve or refuse, with a reason, and either way once more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, Protocol

from regulars import facts, ledger
from regulars.errors import Conflict, Invalid, NotFound
from regulars.ledger import Posting
from regulars.programme.referrals import _queries, graph
from regulars.programme.referrals._gifts import give_again, locked, milestones, post, reward, void
from regulars.programme.referrals._judgements import circumstances, scored
from regulars.programme.referrals._records import Gift, Referred
from regulars.programme.referrals._rules import Terms, TermsOf
from regulars.storage import Transaction
from regulars.types import to_public

_SYSTEM: Final = "regulars"


class ReferralNotFound(NotFound):
    """There is no referral {referral}."""


class NotReviewable(Conflict):
    """The referral {referral} is {state}: {remedy}."""


class BadReason(Invalid):
    """{field} is {value!r}: {remedy}."""


class Give(Protocol):
    """Hands a reward over; told again with the same reference, it does nothing more."""

    def __call__(self, tx: Transaction, member_id: int, code: str, *, reference: str, at: datetime) -> object:
        """Give the member the reward of that code."""
        ...


def find(tx: Transaction, referral_id: int) -> Referred:
    """One referral.

    Raises:
        ReferralNotFound: there is none.
    """
    for one in _queries.select_referrals(tx, referral_ids=[referral_id]):
        return one
    raise ReferralNotFound(referral=to_public("rfl", referral_id))


def approve(tx: Transaction, referral_id: int, *, by: str, because: str, terms_of: TermsOf, at: datetime) -> Referred:
    """Let a referral count that was held or refused; no score holds it again. What it has come to is given now.

    Facts: `referral.approved`, and those of `reward`.

    Raises:
        ReferralNotFound: there is none.
        NotReviewable: it counts already, or the friend used the own code.
        BadReason: nobody said why.
    """
    one, terms = _opened(tx, referral_id, because, terms_of)
    if one.state in ("joined", "rewarded"):
        raise NotReviewable(
            referral=one.public, state=one.state, remedy="it counts already; refuse it if it should not"
        )
    if one.advocate_id == one.friend_id:
        raise NotReviewable(referral=one.public, state=one.state, remedy="nobody brings themselves")
    gifts = [gift for gift in _queries.select_gifts(tx, referral_ids=[referral_id]) if gift.side != "milestone"]
    now = replace(one, state="rewarded" if gifts else "joined", refusal=None, cleared=True)
    _decide(tx, now, "approved", by, because, at)
    post(tx, [posting for gift in gifts for posting in _released(tx, now, gift, terms, at)], at)
    ledger.fulfil(tx, one.event, at=at)
    reward(tx, [referral_id], terms_of=terms_of, at=at)
    found = find(tx, referral_id)
    milestones(tx, found, terms, at=at)
    return found


def _released(tx: Transaction, now: Referred, gift: Gift, terms: Terms, at: datetime) -> list[Posting]:
    """What is posted so that a gift waits for a person no more; one whose window is over only needs the event to come."""
    if gift.voided:
        return give_again(tx, now, gift, terms, at=at)
    if not gift.held:
        return []
    lost = gift.review_until is not None and at >= gift.review_until
    if at >= gift.window_ends_at and not lost:
        _queries.update_gift(tx, now=replace(gift, held=False))
        return []
    back = void(tx, now, gift, terms, why="approved", at=at)
    return back + give_again(tx, now, replace(gift, voided=True), terms, at=at)


def refuse(tx: Transaction, referral_id: int, *, by: str, because: str, terms_of: TermsOf, at: datetime) -> Referred:
    """Refuse a referral, whatever it has come to: all that was given for it is taken back on both sides, at any time.

    What had been spent is owed, or forgiven, as the programme says for each side. Facts: `referral.refused`, `.reversed`.

    Raises:
        ReferralNotFound: there is none.
        NotReviewable: it is refused already.
        BadReason: nobody said why.
    """
    one, terms = _opened(tx, referral_id, because, terms_of)
    if one.state == "refused":
        raise NotReviewable(referral=one.public, state=one.state, remedy="approve it if it should count")
    now = replace(one, state="refused", refusal="person", cleared=False)
    _decide(tx, now, "refused", by, because, at)
    return _taken(tx, now, terms, "fraud", at)


def _taken(tx: Transaction, now: Referred, terms: Terms, why: str, at: datetime) -> Referred:
    gifts = [gift for gift in _queries.select_gifts(tx, referral_ids=[now.referral_id]) if gift.side != "milestone"]
    post(tx, [posting for gift in gifts for posting in void(tx, now, gift, terms, why=why, at=at)], at)
    milestones(tx, now, terms, at=at, fraud=True)
    return now


def lapse_due(tx: Transaction, *, terms_of: TermsOf, at: datetime, limit: int = 1000) -> int:
    """Refuse what waited for a person for too long; its promises are lost by themselves. How many. Facts: `referral.refused`."""
    found = locked(tx, _queries.select_overdue(tx, at=at, limit=limit))
    overdue = [one for one in found.values() if one.state == "held"]
    held = terms_of(tx, {one.version_id for one in overdue}) if overdue else dict[int, Terms]()
    for one in overdue:
        now = replace(one, state="refused", refusal="not_reviewed", cleared=False)
        _decide(tx, now, "lapsed", _SYSTEM, "nobody decided in time", at)
        _taken(tx, now, held[one.version_id], "not_reviewed", at)
    return len(overdue)


def rescore(tx: Transaction, member_ids: Sequence[int], *, terms_of: TermsOf, at: datetime) -> int:
    """Score referrals of some friends anew, whose rewards still wait: what looks bad by now is held; how many were.

    What has matured, or what a person has approved, stays: only a person takes it back. Facts: `referral.held`.
    """
    known = _queries.select_by_friends(tx, friend_ids=sorted(set(member_ids)))
    found = [one for one in locked(tx, [one.referral_id for one in known]).values()
             if one.state == "rewarded" and not one.cleared]  # fmt: skip
    gifts = _queries.select_gifts(tx, referral_ids=[one.referral_id for one in found])
    waiting = {gift.referral_id for gift in gifts if at < gift.window_ends_at and not gift.voided}
    waits = [one for one in found if one.referral_id in waiting]
    held = terms_of(tx, {one.version_id for one in waits}) if waits else dict[int, Terms]()
    changed = 0
    for one, about in zip(waits, circumstances(tx, waits, held, at=at), strict=True):
        terms = held[one.version_id]
        if terms.referral is None:
            continue
        now = scored(one, about, at)
        if (now.score or 0) < terms.referral.hold_from:
            _queries.update_decision(tx, now=now)
            continue
        now = replace(now, state="held")
        _queries.update_decision(tx, now=now)
        own = [gift for gift in gifts if gift.referral_id == one.referral_id and gift.side != "milestone"]
        post(tx, [posting for gift in own for posting in _held_back(tx, now, gift, terms, at)], at)
        milestones(tx, now, terms, at=at)
        facts.record(tx, [_fact(now, "held", at, parts=[part.code for part in now.reasons], score=now.score)], at=at)
        changed += 1
    return changed


def _held_back(tx: Transaction, now: Referred, gift: Gift, terms: Terms, at: datetime) -> list[Posting]:
    if gift.voided or gift.held or at >= gift.window_ends_at:
        return []
    back = void(tx, now, gift, terms, why="held", at=at)
    return back + give_again(tx, now, replace(gift, voided=True), terms, at=at)


def hand_over_due(tx: Transaction, give: Give, *, at: datetime, limit: int = 1000) -> int:
    """Hand over rewards whose return window is over and that nothing came back of; how many."""
    due = _queries.select_to_hand(tx, at=at, limit=limit)
    for gift in due:
        give(tx, gift.member_id, gift.reward or "", reference=gift.reference, at=at)
        _queries.update_gift(tx, now=replace(gift, handed_at=at))
    return len(due)


def forget(tx: Transaction, member_id: int, *, at: datetime) -> int:
    """Remove what tells an erased member from the graph and from touches; the counts stay. How many edges there were."""
    _queries.clear_touches(tx, member_id=member_id)
    return graph.forget(tx, member_id, at=at)


def _opened(tx: Transaction, referral_id: int, because: str, terms_of: TermsOf) -> tuple[Referred, Terms]:
    if not 0 < len(because) <= 500 or not because.isprintable():
        raise BadReason(field="because", value=because, remedy="say why in 1 to 500 characters, on one line")
    found = locked(tx, [referral_id])
    if referral_id not in found:
        raise ReferralNotFound(referral=to_public("rfl", referral_id))
    one = found[referral_id]
    return one, terms_of(tx, {one.version_id})[one.version_id]


def _decide(
    tx: Transaction,
    now: Referred,
    decision: Literal["approved", "refused", "lapsed"],
    by: str,
    because: str,
    at: datetime,
) -> None:
    _queries.update_decision(tx, now=now)
    _queries.insert_review(tx, referral_id=now.referral_id, decision=decision, at=at, by=by, because=because)
    what = "approved" if decision == "approved" else "refused"
    facts.record(tx, [_fact(now, what, at, by=by, because=because)], at=at)


def _fact(one: Referred, what: str, at: datetime, **more: object) -> facts.Fact:
    about: dict[str, object] = {
        "advocate": to_public("mem", one.advocate_id),
        "friend": to_public("mem", one.friend_id),
    }
    if one.refusal is not None:
        about["why"] = one.refusal
    return facts.Fact(f"referral.{what}", at, one.advocate_id, one.referral_id, about | more)
