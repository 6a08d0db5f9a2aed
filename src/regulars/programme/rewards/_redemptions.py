"""Rewards taken at once: the points and the gift, the code or the card in one transaction, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from regulars import facts, ledger
from regulars.errors import Conflict, Invalid, NotFound
from regulars.programme import coupons, gift_cards
from regulars.programme.coupons import Cart, uses
from regulars.programme.coupons._queries import lock_words
from regulars.programme.rewards import _queries
from regulars.programme.rewards._options import Option, Reason, RewardRefused, option
from regulars.programme.rewards._queries import Cause, Redemption, State
from regulars.programme.rewards._rules import FULFILMENTS, Fulfilment, Holder, Reward, Shelf, card_ends, from_captures
from regulars.programme.rewards._stock import SoldOut, TotalReached, put_back, take
from regulars.storage import Transaction
from regulars.types import stable_id, to_public


class RewardNotFound(NotFound):
    """There is no reward {reward} in the programme that holds."""


class RedemptionNotFound(NotFound):
    """There is no redemption {redemption}."""


class RedemptionReused(Conflict):
    """Reference {reference!r} was used for another reward: give each redemption a reference of its own."""


class WrongKind(Conflict):
    """Reward {reward} is {kind}: {remedy}."""


class WrongState(Conflict):
    """Redemption {redemption} is {state}: {remedy}."""


class NoPrice(Conflict):
    """Reward {reward} has no price in {point_type} for this member: name another point type."""


class BadRedemption(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A reward that a member has, with the code that belongs to it."""

    redemption: Redemption
    coupon: str | None = None
    card: str | None = None
    """The gift card's code, shown this once."""


def redemption_id_of(member_id: int, reference: str) -> int:
    """The identifier of what a caller names so."""
    return stable_id("redemption", member_id, reference)


def redeem(
    tx: Transaction,
    shelf: Shelf,
    holder: Holder,
    reward: str,
    *,
    reference: str,
    at: datetime,
    by: str,
    point_type: str = "points",
    cart: Cart | None = None,
    note: str | None = None,
) -> Redeemed:
    """Take a reward: the points, and what they are for, in one step. The same again changes nothing.

    Facts: `reward.redeemed`, `reward.requested` if somebody has to pack, send or do something; and those of the points,
    the coupon or the card.

    Raises:
        RewardNotFound: the programme has none of that code.
        WrongKind: it is cash off, which is quoted first.
        NoPrice, RewardRefused, SoldOut, TotalReached: it is not for this member now; no points are taken.
        PoolNotFound, PoolClosed, PoolEmpty: no coupon is left; no points are taken.
        InsufficientPoints, AccountFrozen, NotSpendable: it cannot be paid.
        RedemptionReused: the reference stands for another reward.
        BadRedemption: the reference cannot be used.
    """
    found = found_on(shelf, reward)
    if found.kind == "cash_off":
        raise WrongKind(reward=reward, kind="cash_off", remedy="quote it for a cart, then hold and capture it")
    before = begin(tx, holder, found, reference, point_type)
    if before is not None:
        return as_before(tx, before)
    with tx.savepoint():
        chosen = chosen_of(tx, shelf, found, holder, cart, point_type, at)
        return hand_out(tx, shelf, holder, chosen, reference, at, by, note=note)


def as_before(tx: Transaction, before: Redemption) -> Redeemed:
    """What was handed out before; a gift card's code is not shown again."""
    if before.key is None:
        return Redeemed(before)
    return Redeemed(before, uses.look_up(tx, before.key).code)


def found_on(shelf: Shelf, code: str) -> Reward:
    """The reward of that code.

    Raises:
        RewardNotFound: there is none.
    """
    found = shelf.reward(code)
    if found is None:
        raise RewardNotFound(reward=code)
    return found


def begin(tx: Transaction, holder: Holder, found: Reward, reference: str, point_type: str) -> Redemption | None:
    """Let no other redemption of the member go on beside, so that limits hold; what the reference stands for, if anything.

    Raises:
        RedemptionReused: it stands for another reward.
        BadRedemption: it cannot be used.
    """
    if not 0 < len(reference) <= 150 or not reference.isprintable():
        raise BadRedemption(field="reference", value=reference, remedy="give 1 to 150 printable characters")
    lock_words(tx, words=[f"member:{holder.member_id}"])
    before = _queries.select_redemption(tx, redemption_id=redemption_id_of(holder.member_id, reference))
    if before is not None and (before.reward, before.point_type) != (found.code, point_type):
        raise RedemptionReused(reference=reference)
    return before


def chosen_of(
    tx: Transaction, shelf: Shelf, found: Reward, holder: Holder, cart: Cart | None, point_type: str, at: datetime
) -> Option:
    """The reward at its price, if nothing is in the way.

    Raises:
        NoPrice: it has none in that type.
        RewardRefused, SoldOut, TotalReached, PoolEmpty, InsufficientPoints: something is.
    """
    chosen = option(tx, shelf, found, holder, cart, point_type=point_type, at=at)
    if chosen is None:
        raise NoPrice(reward=found.code, point_type=point_type)
    for reason in chosen.reasons:
        _refuse(tx, chosen, reason, holder, at)
    return chosen


def _refuse(tx: Transaction, chosen: Option, reason: Reason, holder: Holder, at: datetime) -> None:
    code, price = chosen.reward.code, chosen.price
    if reason.why == "short":
        available = ledger.balance(tx, holder.member_id, at=at, point_type=price.point_type).available
        raise ledger.InsufficientPoints(available=available, point_type=price.point_type, amount=price.points)
    if reason.why == "frozen":
        raise ledger.AccountFrozen(point_type=price.point_type)
    if reason.why == "sold_out":
        raise SoldOut(reward=code)
    if reason.why == "total_reached":
        raise TotalReached(reward=code)
    if reason.why == "no_codes":
        raise coupons.PoolEmpty(pool=chosen.reward.pool)
    raise RewardRefused(reward=code, reason=str(reason), why=reason.why)


def hand_out(
    tx: Transaction,
    shelf: Shelf,
    holder: Holder,
    chosen: Option,
    reference: str,
    at: datetime,
    by: str,
    *,
    note: str | None = None,
    cause: Cause | None = None,
    reason: str | None = None,
) -> Redeemed:
    """Take the reward from stock, its code or its card, and the points it costs, and keep the redemption."""
    reward, price = chosen.reward, chosen.price
    redemption_id = redemption_id_of(holder.member_id, reference)
    name = to_public("rdm", redemption_id)
    take(tx, reward, redemption_id, at)
    claim = coupons.claim(tx, reward.pool, holder.member_id, reference=name, at=at) if reward.pool else None
    issued = _card(tx, shelf, holder, reward, name, at, by) if reward.kind == "gift_card" else None
    if price.points:
        ledger.spend(
            tx, holder.member_id, price.points, reference=f"{name}/1", at=at, reason=reward.name_en, point_type=price.point_type
        )  # fmt: skip
    new = made(
        chosen,
        shelf,
        holder,
        reference,
        at,
        state="captured" if reward.fulfilled else "fulfilled",
        fulfilment="requested" if reward.fulfilled else None,
        captures=[price.points] if price.points else [],
        captured_minor=chosen.value_minor,
        key=None if claim is None else coupons.normal_form(claim.code),
        card_id=None if issued is None else issued.card.card_id,
        note=note,
        cause=cause,
        reason=reason,
    )
    _queries.insert_redemption(tx, new=new)
    if cause is None:
        tell(tx, new, "redeemed", at, by=by)
    else:
        tell(tx, new, "given", at, by=by, cause=cause, reason=reason)
    if reward.fulfilled:
        tell(tx, new, "requested", at, by=by)
    return Redeemed(new, claim.code if claim else None, issued.code if issued else None)


def _card(
    tx: Transaction, shelf: Shelf, holder: Holder, reward: Reward, name: str, at: datetime, by: str
) -> gift_cards.Issued:
    return gift_cards.issue(
        tx,
        shelf.currency,
        reward.value_minor,
        reference=name,
        at=at,
        by=by,
        member_id=holder.member_id,
        expires_at=card_ends(reward.lasts, at, shelf.time_zone),
    )


def made(chosen: Option, shelf: Shelf, holder: Holder, reference: str, at: datetime, **more: Any) -> Redemption:
    """A new redemption at the price chosen."""
    terms: dict[str, Any] = msgspec.to_builtins(chosen.reward)
    blank: dict[str, Any] = dict.fromkeys(("fulfilment", "good_until", "key", "card_id", "note"))
    given: dict[str, Any] = {**blank, "captures": list[int](), "captured_minor": 0, **more}
    return Redemption(
        redemption_id=redemption_id_of(holder.member_id, reference),
        member_id=holder.member_id,
        reward=chosen.reward.code,
        kind=chosen.reward.kind,
        reference=reference,
        terms=terms,
        point_type=chosen.price.point_type,
        points=chosen.points,
        value_minor=chosen.value_minor,
        currency=shelf.currency,
        refunds=0,
        refunded=0,
        refunded_minor=0,
        returned_minor=0,
        created_at=at,
        changed_at=at,
        **given,
    )


def promised(one: Redemption) -> Reward:
    """The reward as it was promised."""
    return msgspec.convert(one.terms, Reward)


def redemption(tx: Transaction, redemption_id: int) -> Redemption:
    """One redemption.

    Raises:
        RedemptionNotFound: there is none.
    """
    found = _queries.select_redemption(tx, redemption_id=redemption_id)
    if found is None:
        raise RedemptionNotFound(redemption=to_public("rdm", redemption_id))
    return found


def redemptions(
    tx: Transaction,
    *,
    member_id: int | None = None,
    reward: str | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Sequence[Redemption]:
    """Redemptions, the latest first; page on with the last one's `(created_at, redemption_id)` as `before`."""
    return _queries.select_redemptions(tx, member_id=member_id, reward=reward, before=before, limit=limit)


def to_fulfil(tx: Transaction, *, after: tuple[datetime, int] | None = None, limit: int = 50) -> Sequence[Redemption]:
    """What somebody has to pack, send or do, what has waited longest first; page on with `(changed_at, redemption_id)`."""
    return _queries.select_to_fulfil(tx, after=after, limit=limit)


def locked(tx: Transaction, redemption_id: int) -> Redemption:
    """One redemption and all others of its member, locked, in the order in which everybody does it.

    Raises:
        RedemptionNotFound: there is none.
    """
    lock_words(tx, words=[f"member:{redemption(tx, redemption_id).member_id}"])
    found = _queries.lock_redemption(tx, redemption_id=redemption_id)
    assert found is not None  # noqa: S101  redemptions are never deleted
    return found


def keep(tx: Transaction, one: Redemption, what: str, at: datetime, *, by: str, **more: object) -> Redemption:
    """Keep what became of a redemption, and tell."""
    now = replace(one, changed_at=at)
    _queries.update_redemption(tx, now=now)
    tell(tx, now, what, at, by=by, **more)
    return now


def tell(tx: Transaction, one: Redemption, what: str, at: datetime, *, by: str, **more: object) -> None:
    """Record that something became of a redemption."""
    about: dict[str, object] = {
        "reward": one.reward,
        "name_en": one.terms.get("name_en"),
        "name_zh": one.terms.get("name_zh"),
        "kind": one.kind,
        "points": one.points,
        "point_type": one.point_type,
        "value_minor": one.value_minor,
        "currency": one.currency,
        "reference": one.reference,
        "by": by,
    }
    facts.record(tx, [facts.Fact(f"reward.{what}", at, one.member_id, one.redemption_id, about | more)], at=at)


def advance(
    tx: Transaction, redemption_id: int, to: Fulfilment, *, at: datetime, by: str, note: str | None = None
) -> Redemption:
    """Note that a reward was packed, sent, or has arrived; steps may be left out, none is taken back. Again changes nothing.

    Facts: `reward.packed`, `reward.sent`, `reward.delivered`.

    Raises:
        RedemptionNotFound: there is none.
        WrongState: nobody has to do anything about it, or it is further already.
    """
    one = locked(tx, redemption_id)
    if one.fulfilment == to:
        return one
    step = -1 if one.fulfilment is None else FULFILMENTS.index(one.fulfilment)
    if one.state != "captured" or step < 0 or FULFILMENTS.index(to) < step:
        remedy = f"only what waits can be {to}"
        raise WrongState(redemption=to_public("rdm", redemption_id), state=one.fulfilment or one.state, remedy=remedy)
    state: State = "fulfilled" if to == "delivered" else "captured"
    return keep(tx, replace(one, fulfilment=to, state=state, note=note or one.note), to, at, by=by)


def give_back(
    tx: Transaction, redemption_id: int, *, reason: str, at: datetime, by: str, restock: bool = True
) -> Redemption:
    """Undo a redemption: the points go back where they came from, the coupon and the card are good no more.

    Before anything was sent it is cancelled, afterwards refunded. With `restock` the gift can be had again. Again changes
    nothing. Facts: `reward.cancelled` or `reward.refunded`, and those of the points.

    Raises:
        RedemptionNotFound: there is none.
        WrongState: it was never paid.
        CouponUsed: its coupon has been used; that is given back first.
        WrongKind: it is cash off, or its gift card has been used.
    """
    if not 0 < len(reason) <= 500 or not reason.isprintable():
        raise BadRedemption(field="reason", value=reason, remedy="give 1 to 500 printable characters on one line")
    one = locked(tx, redemption_id)
    if one.state in {"cancelled", "refunded"}:
        return one
    if one.kind == "cash_off":
        raise WrongKind(reward=one.reward, kind=one.kind, remedy="say what goods came back, or release it")
    if one.state not in {"captured", "fulfilled"}:
        raise WrongState(
            redemption=to_public("rdm", redemption_id), state=one.state, remedy="only what was taken goes back"
        )
    state: State = "refunded" if one.fulfilment in {"sent", "delivered"} or one.fulfilment is None else "cancelled"
    with tx.savepoint():
        put_back(tx, promised(one), redemption_id, at, restock=restock)
        _void(tx, one, reason, at, by)
        back = points_back(tx, one, one.captured - one.refunded, at)
        done = replace(back, state=state, refunded_minor=one.captured_minor)
        return keep(tx, done, state, at, by=by, reason=reason)


def _void(tx: Transaction, one: Redemption, reason: str, at: datetime, by: str) -> None:
    """Let the code or card that was given be good no more."""
    if one.key is not None and not uses.look_up(tx, one.key).pool.shared:
        coupons.revoke(tx, one.key, reason=reason, by=by, at=at)
    if one.card_id is not None:
        card = gift_cards.card(tx, one.card_id)
        if (card.balance, card.held) != (one.value_minor, 0):
            raise WrongKind(reward=one.reward, kind=one.kind, remedy="its gift card has been used: settle that by hand")
        gift_cards.block(tx, one.card_id, reason=reason, at=at, by=by)


def points_back(tx: Transaction, one: Redemption, points: int, at: datetime) -> Redemption:
    """Give points back where they came from, capture by capture; the redemption with that noted."""
    if not points:
        return one
    name = to_public("rdm", one.redemption_id)
    for number, some in from_captures(one.captures, gone=one.refunded, points=points):
        ledger.reverse_spend(
            tx,
            one.member_id,
            some,
            reference=f"{name}/back/{one.refunds + 1}/{number}",
            reverses=f"{name}/{number}",
            at=at,
            point_type=one.point_type,
        )
    return replace(one, refunds=one.refunds + 1, refunded=one.refunded + points)
