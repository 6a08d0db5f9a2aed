"""Rewards given without points: for a tier, for a referral, by staff; once for each reference, and taken away while that is possible."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from regulars import facts
from regulars.errors import Conflict, RegularsError
from regulars.programme.coupons import CouponUsed, PoolClosed, PoolEmpty, PoolNotFound
from regulars.programme.rewards import _queries
from regulars.programme.rewards._options import Option
from regulars.programme.rewards._queries import Cause, Owed, Redemption
from regulars.programme.rewards._redemptions import (
    BadRedemption,
    Redeemed,
    RedemptionReused,
    RewardNotFound,
    WrongKind,
    as_before,
    begin,
    found_on,
    give_back,
    hand_out,
    keep,
    locked,
    redemption_id_of,
)
from regulars.programme.rewards._rules import Holder, Price, Reward, Shelf
from regulars.programme.rewards._stock import SoldOut, TotalReached
from regulars.storage import Transaction

_AGAIN: Final = timedelta(hours=1)
_CANNOT_YET: Final[tuple[type[RegularsError], ...]] = (
    RewardNotFound, WrongKind, SoldOut, TotalReached, PoolNotFound, PoolClosed, PoolEmpty, RedemptionReused,
)  # fmt: skip
"""What keeps a reward that is due from being given, until somebody does something about it."""

Taken = Literal["nothing", "cancelled", "kept"]
"""What became of a reward whose cause was undone: there was none, it is gone, or the member has it and keeps it."""


class GiftTooLarge(Conflict):
    """Reward {reward} costs {points} points, and one person gives at most {limit}: propose that many points instead, and let the member redeem it."""


@dataclass(frozen=True, slots=True)
class NewGift:
    """A reward for a member, for what, and why. The reference is its natural name: the same again is the same reward."""

    member_id: int
    reward: str
    reference: str
    cause: Cause
    reason: str


def give(tx: Transaction, shelf: Shelf, new: NewGift, *, at: datetime, by: str, limit: int | None = None) -> Redeemed:
    """Hand a member a reward without points. The same again changes nothing.

    It comes from stock and counts among all that are given. Who may redeem it, when, and how often is not asked: it is a gift.
    `limit` is what a reward may cost in points that one person gives. Facts: `reward.given`, `reward.requested`.

    Raises:
        RewardNotFound: the programme has none of that code.
        WrongKind: it is cash off, which only a cart can use.
        SoldOut, TotalReached, PoolNotFound, PoolClosed, PoolEmpty: none is left.
        GiftTooLarge: it costs more than one person may give.
        RedemptionReused: the reference stands for another reward.
        BadRedemption: the reference or the reason cannot be used.
    """
    if not 0 < len(new.reason) <= 500 or not new.reason.isprintable():
        raise BadRedemption(field="reason", value=new.reason, remedy="give 1 to 500 printable characters on one line")
    found, holder = found_on(shelf, new.reward), Holder(new.member_id)
    if found.kind == "cash_off":
        raise WrongKind(reward=new.reward, kind="cash_off", remedy="give points, or a coupon")
    before = begin(tx, holder, found, new.reference, "points")
    if before is not None:
        return as_before(tx, before)
    costs = _costs(found)
    if limit is not None and costs > limit:
        raise GiftTooLarge(reward=new.reward, points=costs, limit=limit)
    with tx.savepoint():
        chosen = Option(found, Price(0), 1, 0, found.value_minor, ())
        return hand_out(tx, shelf, holder, chosen, new.reference, at, by, cause=new.cause, reason=new.reason)


def _costs(found: Reward) -> int:
    """What a reward costs at most, in whichever points."""
    return max(price.points for price in found.prices)


def give_or_owe(tx: Transaction, shelf: Shelf, new: NewGift, *, at: datetime, by: str) -> Redeemed | None:
    """Hand over what is due; None: there is none to give, so it is owed, and tried again every hour.

    Facts: those of `give`; `reward.owed` when it begins to be.

    Raises:
        BadRedemption: as `give`.
    """
    try:
        given = give(tx, shelf, new, at=at, by=by)
    except _CANNOT_YET as error:
        owed = Owed(new.member_id, new.reference, new.reward, new.cause, new.reason, error.code, at, at + _AGAIN)
        if _queries.upsert_owed(tx, new=owed):
            about = {"reward": new.reward, "reference": new.reference, "cause": new.cause, "why": error.code}
            number = redemption_id_of(new.member_id, new.reference)
            facts.record(tx, [facts.Fact("reward.owed", at, new.member_id, number, about)], at=at)
        return None
    _queries.delete_owed(tx, member_id=new.member_id, reference=new.reference)
    return given


def owe(tx: Transaction, gifts: Sequence[NewGift], *, at: datetime) -> int:
    """Note rewards that are due, to be handed over by `give_owed` in a transaction that holds nobody's points; how many are new.

    One statement, however many: whoever finds out that they are due may be judging a million members.
    """
    new = [Owed(one.member_id, one.reference, one.reward, one.cause, one.reason, "", at, at) for one in gifts]
    return _queries.insert_owed(tx, new=new) if new else 0


def any_owed(tx: Transaction, *, at: datetime) -> bool:
    """Whether something is to be handed over, or tried again."""
    return bool(_queries.select_owed_due(tx, at=at, limit=1))


def give_owed(tx: Transaction, shelf: Shelf, *, at: datetime, limit: int = 1000) -> int:
    """Hand over what is due, or try it again; how many were tried. Facts: those of `give_or_owe`."""
    due = _queries.select_owed_due(tx, at=at, limit=limit)
    for one in due:
        new = NewGift(one.member_id, one.reward, one.reference, one.cause, one.reason)
        give_or_owe(tx, shelf, new, at=at, by="regulars")
    return len(due)


def owed(tx: Transaction, *, member_id: int | None = None, limit: int = 50) -> Sequence[Owed]:
    """What is owed because there was none to give, to a member or to all, the longest first."""
    return _queries.select_owed(tx, member_id=member_id, limit=limit)


def take_away(tx: Transaction, member_id: int, reference: str, *, reason: str, at: datetime, by: str) -> Taken:
    """Undo a gift, because what it was given for was undone: what was not sent or used yet is gone, and what is owed is owed no more.

    What the member has already stays; that is told, for a person to decide. Facts: `reward.cancelled` or `reward.refunded`;
    `reward.kept`, once.
    """
    if _queries.delete_owed(tx, member_id=member_id, reference=reference):
        return "cancelled"
    number = redemption_id_of(member_id, reference)
    if _queries.select_redemption(tx, redemption_id=number) is None:
        return "nothing"
    one = locked(tx, number)
    if one.state in {"cancelled", "refunded"}:
        return "cancelled"
    if not _is_had(one):
        try:
            give_back(tx, number, reason=reason, at=at, by=by)
        except (CouponUsed, WrongKind):
            pass  # it was used: the member has had it
        else:
            return "cancelled"
    if one.undone_at is None:
        keep(tx, replace(one, undone_at=at), "kept", at, by=by, cause=one.cause, reason=reason)
    return "kept"


def _is_had(one: Redemption) -> bool:
    """Whether a member has a reward already, and nobody can take it away: it was sent, or done as it was given."""
    if one.fulfilment is not None:
        return one.fulfilment in {"sent", "delivered"}
    return one.card_id is None and one.key is None
