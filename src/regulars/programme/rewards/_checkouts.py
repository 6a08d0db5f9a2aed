"""Cash off at a checkout: a price is quoted, points are held as the payment begins, captured when it succeeds."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from regulars import ledger
from regulars.errors import Conflict
from regulars.programme.coupons import Cart
from regulars.programme.rewards import _queries
from regulars.programme.rewards._options import RewardRefused
from regulars.programme.rewards._queries import Redemption
from regulars.programme.rewards._redemptions import (
    BadRedemption,
    WrongKind,
    WrongState,
    begin,
    chosen_of,
    found_on,
    keep,
    locked,
    made,
    points_back,
    promised,
    tell,
)
from regulars.programme.rewards._rules import Holder, Reward, Shelf, part, period_begins, points_back_minor
from regulars.programme.rewards._stock import put_back, take
from regulars.storage import Transaction
from regulars.types import to_public


class QuoteOver(Conflict):
    """Quote {redemption} was good until {until}: quote it again."""


class CapturesTooMuch(Conflict):
    """{redemption} is worth {most} minor units, of which {least} are captured: so much as {upto} in all cannot be."""


def quote(
    tx: Transaction,
    shelf: Shelf,
    holder: Holder,
    reward: str,
    cart: Cart,
    *,
    reference: str,
    at: datetime,
    by: str,
    point_type: str = "points",
    times: int | None = None,
) -> Redemption:
    """What cash off would take off this cart, and the points it would cost, good for `quote_minutes`; nothing is taken yet.

    `times` is how often it is taken, as often as points and goods allow unless given. The same again changes nothing.
    Facts: `reward.quoted`.

    Raises:
        RewardNotFound: the programme has none of that code.
        WrongKind: it is no cash off.
        NoPrice, RewardRefused, SoldOut, TotalReached, InsufficientPoints, AccountFrozen: it is not for this member now.
        RedemptionReused, BadRedemption: as `redeem`.
    """
    found = found_on(shelf, reward)
    if found.kind != "cash_off":
        raise WrongKind(reward=reward, kind=found.kind, remedy="redeem it, there is nothing to quote")
    before = begin(tx, holder, found, reference, point_type)
    if before is not None:
        return before
    chosen = chosen_of(tx, shelf, found, holder, cart, point_type, at)
    taken = chosen.times if times is None else times
    if not 1 <= taken <= chosen.times:
        raise BadRedemption(field="times", value=taken, remedy=f"give 1 to {chosen.times}")
    at_that = replace(chosen, times=taken, points=taken * chosen.price.points, value_minor=taken * found.value_minor)
    until = at + timedelta(minutes=found.quote_minutes)
    new = made(at_that, shelf, holder, reference, at, state="quoted", good_until=until)
    _queries.insert_redemption(tx, new=new)
    tell(tx, new, "quoted", at, by=by, until=until.isoformat())
    return new


def hold(tx: Transaction, shelf: Shelf, redemption_id: int, *, at: datetime, by: str) -> Redemption:
    """Set the points of a quote aside, because the payment begins; again changes nothing. Facts: `reward.held`.

    A quote that is still good is honoured at its price, though the reward may have ended or become dearer. The points go back
    by themselves after `hold_minutes`.

    Raises:
        RedemptionNotFound: there is none.
        QuoteOver: it was good for a shorter time.
        WrongState: it was released, or has ended.
        RewardRefused, SoldOut, TotalReached: the member has had it in the meantime, or everybody has.
        InsufficientPoints, AccountFrozen, NotSpendable: the points are not there any more.
    """
    one = locked(tx, redemption_id)
    name = to_public("rdm", redemption_id)
    if one.state == "held" and one.good_until is not None and at < one.good_until:
        return one
    if one.state not in {"quoted", "lapsed"} or one.captures:
        raise WrongState(redemption=name, state=one.state, remedy="quote it again")
    if one.state == "lapsed" or one.good_until is None or at >= one.good_until:
        raise QuoteOver(redemption=name, until=one.good_until and one.good_until.isoformat())
    reward = promised(one)
    _still_free(tx, shelf, reward, one, at)
    until = at + timedelta(minutes=reward.hold_minutes)
    with tx.savepoint():
        take(tx, reward, redemption_id, at)
        ledger.hold(tx, one.member_id, one.points, reference=name, until=until, at=at, point_type=one.point_type)
        return keep(tx, replace(one, state="held", good_until=until), "held", at, by=by, until=until.isoformat())


def _still_free(tx: Transaction, shelf: Shelf, reward: Reward, one: Redemption, at: datetime) -> None:
    if reward.per_member is None:
        return
    since = period_begins(reward.per, at, shelf.time_zone) or datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    had = _queries.count_had(tx, member_id=one.member_id, rewards=[reward.code], sinces=[since], at=at)
    if had and int(had[0][1]) >= reward.per_member:
        raise RewardRefused(reward=reward.code, reason=f"used {had[0][1]} times", why="used")


def capture(tx: Transaction, redemption_id: int, *, at: datetime, by: str, upto_minor: int | None = None) -> Redemption:
    """Take what is held: the payment has succeeded. Facts: `reward.captured`.

    `upto_minor` is what is to be captured of its value by now, all told, so that parts can be told again without effect; None
    is all of it. The reward's own time may be over: what was held is honoured as long as it is held.

    Raises:
        RedemptionNotFound: there is none.
        WrongState: nothing is held, or its time is over.
        CapturesTooMuch: it is worth less, or more was captured before.
    """
    one = locked(tx, redemption_id)
    name = to_public("rdm", redemption_id)
    upto = one.value_minor if upto_minor is None else upto_minor
    if one.captured_minor and upto == one.captured_minor:
        return one
    if one.state != "held" or one.good_until is None or at >= one.good_until:
        state = "lapsed" if one.state == "held" else one.state
        raise WrongState(redemption=name, state=state, remedy="only points that are held can be captured")
    if not one.captured_minor < upto <= one.value_minor:
        raise CapturesTooMuch(redemption=name, least=one.captured_minor, most=one.value_minor, upto=upto)
    points_then = part(one.points, upto, one.value_minor)
    points = points_then - one.captured
    captures = [*one.captures, points_then]
    if points:
        ledger.capture(
            tx, one.member_id, points, reference=f"{name}/{len(captures)}", hold=name, at=at, point_type=one.point_type
        )
    done = replace(
        one,
        captures=captures,
        captured_minor=upto,
        state="captured" if upto == one.value_minor else "held",
        good_until=None if upto == one.value_minor else one.good_until,
    )
    return keep(tx, done, "captured", at, by=by, captured_minor=upto, captured_points=points_then)


def release(tx: Transaction, redemption_id: int, *, at: datetime, by: str) -> Redemption:
    """Give back what is held and not captured, or drop a quote; again changes nothing. Facts: `reward.released`.

    Raises:
        RedemptionNotFound: there is none.
        WrongState: it is no cash off, or all of it was captured.
    """
    one = locked(tx, redemption_id)
    if one.state in {"released", "lapsed"}:
        return one
    if one.state not in {"quoted", "held"}:
        remedy = "say what goods came back instead"
        raise WrongState(redemption=to_public("rdm", redemption_id), state=one.state, remedy=remedy)
    name = to_public("rdm", redemption_id)
    live = one.state == "held" and one.good_until is not None and at < one.good_until
    if live:
        ledger.release(tx, one.member_id, reference=f"{name}/released", hold=name, at=at, point_type=one.point_type)
    return _ended(tx, one, "released", at, by)


def _ended(tx: Transaction, one: Redemption, what: str, at: datetime, by: str) -> Redemption:
    """A quote or hold that ended: what was captured of it stays."""
    if one.state == "held" and not one.captured_minor:
        put_back(tx, promised(one), one.redemption_id, at, restock=True)
    if one.captured_minor:
        kept = replace(one, state="captured", good_until=None)
    elif what == "lapsed":
        kept = replace(one, state="lapsed")
    else:
        kept = replace(one, state="released", good_until=None)
    return keep(tx, kept, what, at, by=by)


def lapse_due(tx: Transaction, *, at: datetime, limit: int = 1000) -> int:
    """Note of quotes and holds that their time is over; how many. The points went back by themselves. Facts: `reward.lapsed`."""
    due = _queries.select_due(tx, at=at, limit=limit)
    for one in due:
        _ended(tx, one, "lapsed", at, "regulars")
    return len(due)


@dataclass(frozen=True, slots=True)
class Settled:
    """What comes back of goods that came back."""

    redemption: Redemption
    points: int
    points_minor: int
    """What the points stand for."""

    money_minor: int
    """What is left to give back in money."""


def settle_return(
    tx: Transaction, redemption_id: int, *, returned_minor: int, of_minor: int, at: datetime, by: str
) -> Settled:
    """Share what goods that came back cost between the points and the money they were paid with, as the reward says.

    `of_minor` is what the order's goods cost, `returned_minor` all that has come back of them by now: told again it changes
    nothing, and told later with more it gives back the difference, so that in whatever steps goods come back, all of them
    give back all. Points go back to the lots they came from. Facts: `reward.refunded`, if points came back.

    Raises:
        RedemptionNotFound: there is none.
        WrongState: nothing was captured.
        BadRedemption: the amounts cannot be.
    """
    one = locked(tx, redemption_id)
    if one.kind != "cash_off" or not one.captured_minor:
        remedy = "only cash off that was captured is shared"
        raise WrongState(redemption=to_public("rdm", redemption_id), state=one.state, remedy=remedy)
    if not one.captured_minor <= of_minor <= 10**15:
        raise BadRedemption(
            field="of_minor", value=of_minor, remedy=f"give {one.captured_minor} or more: points paid that much"
        )
    if not one.returned_minor <= returned_minor <= of_minor:
        remedy = f"give {one.returned_minor} to {of_minor}: all that has come back so far"
        raise BadRedemption(field="returned_minor", value=returned_minor, remedy=remedy)
    minor_then = points_back_minor(
        promised(one).returns, paid_minor=one.captured_minor, of_minor=of_minor, returned_minor=returned_minor
    )
    minor = max(minor_then - one.refunded_minor, 0)
    points_then = part(one.captured, one.refunded_minor + minor, one.captured_minor)
    points = points_then - one.refunded
    money = returned_minor - one.returned_minor - minor
    if returned_minor == one.returned_minor:
        return Settled(one, 0, 0, 0)
    back = points_back(tx, one, points, at)
    whole = one.refunded_minor + minor == one.captured_minor
    done = replace(
        back,
        refunded_minor=one.refunded_minor + minor,
        returned_minor=returned_minor,
        state="refunded" if whole else one.state,
    )
    return Settled(
        keep(tx, done, "refunded", at, by=by, returned_points=points, money_minor=money), points, minor, money
    )
