"""What is given for friends: once for each cause, waiting for the return window, and going back with what comes back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from regulars import facts
from regulars.errors import Conflict
from regulars.ledger import Posting
from regulars.programme import _activities, rewards
from regulars.programme.referrals import _queries
from regulars.programme.referrals._attributions import members_of
from regulars.programme.referrals._judgements import judge
from regulars.programme.referrals._records import Back, Complete, Gift, Referred, Side
from regulars.programme.referrals._rules import Referral, Terms, TermsOf, Thanks, period_begins, taken_by_returns
from regulars.storage import Transaction
from regulars.types import to_public


class GiftRefused(Conflict):
    """The ledger answered {status} to {kind} {amount} as {reference!r}: its entries and the referrals disagree."""


@dataclass(frozen=True, slots=True)
class _Due:
    """Something to be given, and when what it is for had happened."""

    side: Side
    cause: str
    member_id: int
    gives: Thanks
    order_id: int | None
    completed_at: datetime


def reward(tx: Transaction, referral_ids: Sequence[int], *, terms_of: TermsOf, at: datetime) -> int:
    """Give what some referrals have come to, once each; how many were given something.

    Scored first, unless a person has approved: what is held waits for a person, what is refused is not given. What has
    come back already is taken back at once. Facts: `referral.rewarded`, `.held`, `.refused`, `.capped`, `.reversed`.
    """
    found = locked(tx, referral_ids)
    open_ones = {number: one for number, one in found.items() if one.state != "refused"}
    if not open_ones:
        return 0
    held = terms_of(tx, {one.version_id for one in open_ones.values()})
    due = _due(tx, list(open_ones.values()), held)
    unscored = [one for number, one in open_ones.items() if number in due and one.scored_at is None and not one.cleared]
    open_ones |= judge(
        tx, unscored, held, completed={number: some[0].completed_at for number, some in due.items()}, at=at
    )
    for number, some in due.items():
        if open_ones[number].state == "joined":  # a person has approved it before it was complete
            open_ones[number] = replace(open_ones[number], state="rewarded", completed_at=some[0].completed_at)
            _queries.update_decision(tx, now=open_ones[number])
    given = [_give(tx, open_ones[number], some, held[open_ones[number].version_id], at) for number, some in due.items()]
    post(tx, [posting for postings in given for posting in postings], at)
    advocates = {one.advocate_id: one for number, one in open_ones.items() if number in due and one.state == "rewarded"}
    for one in advocates.values():
        milestones(tx, one, held[one.version_id], at=at)
    settle(
        tx, sorted({one.order_id for some in due.values() for one in some if one.order_id}), terms_of=terms_of, at=at
    )
    return sum(bool(postings) for postings in given)


def locked(tx: Transaction, referral_ids: Sequence[int]) -> dict[int, Referred]:
    """Some referrals, as they are once nobody else can decide about them."""
    ids = sorted(set(referral_ids))
    found = {one.referral_id: one for one in _queries.select_referrals(tx, referral_ids=ids)}
    if found:
        _queries.lock(tx, member_ids=members_of(found))
        found = {one.referral_id: one for one in _queries.select_referrals(tx, referral_ids=ids)}
    return found


def _due(tx: Transaction, referrals: Sequence[Referred], held: Mapping[int, Terms]) -> dict[int, list[_Due]]:
    bought = _queries.select_complete(tx, referral_ids=[one.referral_id for one in referrals])
    purchases = {number: list(some) for number, some in groupby(bought, key=attrgetter("referral_id"))}
    known = {gift.key for gift in _queries.select_gifts(tx, referral_ids=[one.referral_id for one in referrals])}
    due: dict[int, list[_Due]] = {}
    for one in referrals:
        wanted = _earned(one, held[one.version_id], purchases.get(one.referral_id, []))
        fresh = [each for each in wanted if (one.referral_id, each.side, each.cause) not in known]
        if fresh:
            due[one.referral_id] = fresh
    return due


def _earned(one: Referred, terms: Terms, purchases: Iterable[Complete]) -> list[_Due]:
    """Everything a referral is worth by now."""
    referral = terms.referral
    if referral is None:
        return []
    if referral.when == "joined":
        return list(_both(one, referral, "joined", None, one.attributed_at))
    complete = sorted(
        (moment, each.order_id)
        for each in purchases
        if each.currency == terms.currency and each.goods_minor >= max(referral.least_minor, 1)
        and (moment := each.paid_at if referral.complete == "paid" else each.arrived_at) is not None
    )  # fmt: skip
    if not complete:
        return []
    first_at, first = complete[0]
    due = list(_both(one, referral, "first", first, first_at))
    if referral.when == "every_order" and referral.advocate is not None:
        due += [
            _Due("advocate", to_public("ord", order_id), one.advocate_id, referral.advocate, order_id, moment)
            for moment, order_id in complete[1:]
        ]
    return due


def _both(one: Referred, referral: Referral, cause: str, order_id: int | None, at: datetime) -> Iterable[_Due]:
    if referral.advocate is not None:
        yield _Due("advocate", cause, one.advocate_id, referral.advocate, order_id, at)
    if referral.friend is not None:
        yield _Due("friend", cause, one.friend_id, referral.friend, order_id, at)
    if (
        referral.advocate is None and referral.friend is None
    ):  # for milestones alone it must be known that it is complete
        yield _Due("advocate", cause, one.advocate_id, Thanks(), order_id, at)


def _give(tx: Transaction, one: Referred, due: Sequence[_Due], terms: Terms, at: datetime) -> list[Posting]:
    if one.state == "refused" or terms.referral is None:
        return []
    postings: list[Posting] = []
    for each in due:
        if each.side == "advocate" and _capped(tx, each.member_id, terms, at):
            about = {"advocate": to_public("mem", one.advocate_id), "friend": to_public("mem", one.friend_id)}
            facts.record(tx, [facts.Fact("referral.capped", at, one.advocate_id, one.referral_id, about)], at=at)
            each = replace(each, gives=Thanks())  # noqa: PLW2901  noted, so that it is not given later either
        gift = made(
            one, each.side, each.cause, each.member_id, each.gives, each.order_id, each.completed_at, terms.referral, at
        )
        postings += given(tx, one, gift, terms, occurred_at=each.completed_at, at=at)
    return postings


def _capped(tx: Transaction, advocate_id: int, terms: Terms, at: datetime) -> bool:
    referral = terms.referral
    if referral is None or referral.most is None:
        return False
    since = period_begins(referral.per, at, terms.time_zone)
    return _queries.count_gifts(tx, advocate_id=advocate_id, since=since) >= referral.most


def made(
    one: Referred,
    side: Side,
    cause: str,
    member_id: int,
    gives: Thanks,
    order_id: int | None,
    completed_at: datetime,
    referral: Referral,
    at: datetime,
) -> Gift:
    """A gift that is new, with its return window, and the review's while it is held."""
    window = completed_at + timedelta(days=referral.return_days)
    held = one.state == "held"
    gift = Gift(
        one.referral_id, side, cause, member_id, order_id, gives.points, gives.point_type, gives.reward, 1, "", held,
        voided=False, returned=0, back=False, given_at=at, window_ends_at=window,
        review_until=max(window, at) + timedelta(days=referral.review_days) if held else None, handed_at=None,
    )  # fmt: skip
    return replace(gift, reference=gift.named(1))


def given(
    tx: Transaction, one: Referred, gift: Gift, terms: Terms, *, occurred_at: datetime, at: datetime
) -> list[Posting]:
    """Keep a gift that is new, and what is to be posted for it; nothing for one that was given before."""
    if not _queries.insert_gift(tx, new=gift):
        return []
    if gift.points or gift.reward:
        about = _about(one, gift) | {"points": gift.points, "held": gift.held}
        facts.record(tx, [facts.Fact("referral.rewarded", at, gift.member_id, one.referral_id, about)], at=at)
    return earned(one, gift, terms, occurred_at)


def _about(one: Referred, gift: Gift) -> dict[str, object]:
    about: dict[str, object] = {"side": gift.side, "cause": gift.cause, "point_type": gift.point_type}
    about |= {"advocate": to_public("mem", one.advocate_id), "friend": to_public("mem", one.friend_id)}
    return about | ({"reward": gift.reward} if gift.reward else {})


def earned(one: Referred, gift: Gift, terms: Terms, occurred_at: datetime) -> list[Posting]:
    """What is posted when a gift is given: a promise until the window is over, or until a person has decided."""
    if gift.left <= 0:
        return []
    until = gift.review_until if gift.held and gift.review_until else gift.window_ends_at
    return [
        Posting(
            "earn",
            gift.member_id,
            gift.left,
            gift.reference,
            occurred_at,
            expires_at=terms.expires_at(max(until, occurred_at)),
            matures_at=until if until > occurred_at else None,
            point_type=gift.point_type,
            awaits=one.event if gift.held else None,
            lapses=gift.held,
        )
    ]


def settle(tx: Transaction, order_ids: Sequence[int], *, terms_of: TermsOf, at: datetime) -> int:
    """Take back what orders gave, as far as they came back within the window or were cancelled; how many gifts.

    However often it is called, and in whatever steps goods come back, each side's policy says what is gone in all.
    Facts: `referral.reversed`.
    """
    ids = list(order_ids)
    found = locked(tx, _queries.select_rewarded_orders(tx, order_ids=ids) if ids else [])
    if not found:
        return 0
    held = terms_of(tx, {one.version_id for one in found.values()})
    gifts = {gift.key: gift for gift in _queries.select_gifts(tx, referral_ids=list(found))}
    postings: list[Posting] = []
    changed = 0
    for back in _queries.select_back(tx, order_ids=ids):
        one = found[back.referral_id]
        gift = gifts[back.referral_id, back.side, back.cause]
        less = _less(tx, one, gift, back, held[one.version_id], at)
        changed += less is not None
        postings += less or []
    post(tx, postings, at)
    for number in _queries.mark_undone(tx, referral_ids=list(found), at=at):
        milestones(tx, found[number], held[found[number].version_id], at=at)
    return changed


def _less(tx: Transaction, one: Referred, gift: Gift, back: Back, terms: Terms, at: datetime) -> list[Posting] | None:
    """What is posted for what came back of an order; None when nothing new did."""
    assert terms.referral is not None  # noqa: S101  or nothing would have been given
    policy = terms.referral.returns(gift.side)
    returned = back.goods_minor if back.cancelled else back.returned_minor
    gone = taken_by_returns(
        gift.points, policy, returned_minor=returned, of_minor=back.goods_minor, least_minor=terms.referral.least_minor
    )
    lost = gift.reward is not None and taken_by_returns(
        1, policy, returned_minor=returned, of_minor=back.goods_minor, least_minor=terms.referral.least_minor
    )
    wholly = back.cancelled or returned >= back.goods_minor or bool(lost)
    if gone <= gift.returned and wholly == gift.back:
        return None
    now = replace(gift, returned=max(gone, gift.returned), back=wholly or gift.back)
    _queries.update_gift(tx, now=now)
    points = now.returned - gift.returned
    if (points or (gift.reward and now.back and not gift.back)) and not gift.voided:
        told(tx, one, gift, points, "returned", at)
    return reversed_by(gift, 0 if gift.voided else points, f"{gift.reference}-{now.returned}", terms, at)


def told(tx: Transaction, one: Referred, gift: Gift, points: int, why: str, at: datetime) -> None:
    """Record that something was taken back."""
    about = _about(one, gift) | {"points": points, "why": why}
    facts.record(tx, [facts.Fact("referral.reversed", at, gift.member_id, one.referral_id, about)], at=at)


def reversed_by(gift: Gift, points: int, reference: str, terms: Terms, at: datetime) -> list[Posting]:
    """What is posted to take points of a gift back; of a promise that was lost already, the ledger finds nothing left."""
    if points <= 0:
        return []
    shortfall = terms.referral.shortfall(gift.side) if terms.referral else None
    return [
        Posting(
            "reverse_earn",
            gift.member_id,
            points,
            reference,
            at,
            reverses=gift.reference,
            point_type=gift.point_type,
            shortfall=shortfall,
        )
    ]


def void(tx: Transaction, one: Referred, gift: Gift, terms: Terms, *, why: str, at: datetime) -> list[Posting]:
    """Take all of a gift back that is left."""
    if gift.voided:
        return []
    _queries.update_gift(tx, now=replace(gift, voided=True))
    if gift.reward is not None:
        rewards.take_away(tx, gift.member_id, gift.reference, reason=f"Referral: {why}", at=at, by="regulars")
    if gift.left or gift.reward:
        told(tx, one, gift, gift.left, why, at)
    return reversed_by(gift, gift.left, f"{gift.reference}-void", terms, at)


def give_again(tx: Transaction, one: Referred, gift: Gift, terms: Terms, *, at: datetime) -> list[Posting]:
    """Give a gift once more that was taken back whole, as what is left of it; held if its referral is."""
    assert terms.referral is not None  # noqa: S101  or nothing would have been given
    held, number = one.state == "held", gift.round + 1
    until = max(gift.window_ends_at, at) + timedelta(days=terms.referral.review_days) if held else None
    now = replace(
        gift, voided=False, held=held, round=number, reference=gift.named(number), review_until=until, handed_at=None
    )
    _queries.update_gift(tx, now=now)
    return earned(one, now, terms, at)


def milestones(tx: Transaction, one: Referred, terms: Terms, *, at: datetime, fraud: bool = False) -> None:
    """Give an advocate what so many friends are worth, once; take it back when they have become fewer.

    Within the milestone's own return window, unless the friends were none: then at any time.
    """
    referral = terms.referral
    if referral is None:
        return
    friends = _queries.count_friends(tx, advocate_id=one.advocate_id)
    known = {gift.cause: gift for gift in _queries.select_milestones(tx, advocate_id=one.advocate_id)}
    reached = replace(one, state="rewarded")
    postings: list[Posting] = []
    for each in referral.milestones:
        gift = known.get(f"friends:{each.friends}")
        if friends >= each.friends and gift is None:
            cause = f"friends:{each.friends}"
            new = made(reached, "milestone", cause, one.advocate_id, each.gives, None, at, referral, at)
            postings += given(tx, reached, new, terms, occurred_at=at, at=at)
        elif friends >= each.friends and gift is not None and gift.voided:
            postings += give_again(tx, reached, gift, terms, at=at)
    for cause, gift in known.items():
        fewer = friends < int(cause.partition(":")[2])
        if fewer and (fraud or (at < gift.window_ends_at and referral.advocate_returns != "keep")):
            postings += void(tx, one, gift, terms, why="fewer_friends", at=at)
    post(tx, postings, at)


def post(tx: Transaction, postings: Sequence[Posting], at: datetime) -> None:
    """Post, all of it or nothing.

    Raises:
        GiftRefused: the ledger knows otherwise.
    """
    for posting, outcome in zip(postings, _activities.post(tx, postings, at=at), strict=True):
        nothing_left = outcome.status == "exceeds" and outcome.amount == 0  # it lapsed: nobody has it, nobody owes it
        if outcome.status not in ("posted", "replayed") and not nothing_left:
            raise GiftRefused(
                status=outcome.status, kind=posting.kind, amount=posting.amount, reference=posting.reference
            )
