"""Rewards: what a member can have, what is taken, what has to be sent, what comes back."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._paging import Int64, Page, Paging, from_cursor, page_of
from regulars.api._redemptions import (
    Asked,
    Capture,
    GoodsBack,
    KnownStockChange,
    NewQuote,
    NewRedemption,
    NewRewardGift,
    OnShelf,
    Option,
    OwedReward,
    PagingOfRedemptions,
    Redeemed,
    Redemption,
    Settled,
    Step,
    StockChange,
    Undoing,
    Why,
)
from regulars.api._rewards import Price, Reward
from regulars.api._routes import creating, reading
from regulars.api._shapes import find_member, member_id_of, shown
from regulars.insight import BadCursor
from regulars.ledger import AccountFrozen, InsufficientPoints, NotSpendable
from regulars.members import MemberNotFound
from regulars.programme import NoProgramme, rewards
from regulars.programme.coupons import CouponUsed, PoolClosed, PoolEmpty, PoolNotFound
from regulars.programme.rewards import (
    BadRedemption,
    BadStock,
    CapturesTooMuch,
    GiftTooLarge,
    Holder,
    NewGift,
    NoPrice,
    QuoteOver,
    RedemptionNotFound,
    RedemptionReused,
    RewardNotFound,
    RewardRefused,
    Shelf,
    SoldOut,
    StockTooLow,
    TotalReached,
    WrongKind,
    WrongState,
)
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG: Final = "Rewards"
_REFUSED: Final = (
    MemberNotFound, NoProgramme, RewardNotFound, WrongKind, NoPrice, RewardRefused, SoldOut, TotalReached, InsufficientPoints,
    AccountFrozen, NotSpendable, RedemptionReused, BadRedemption,
)  # fmt: skip


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _reward(one: rewards.Reward) -> Reward:
    return msgspec.convert(msgspec.to_builtins(one), Reward)


def _redemption(one: rewards.Redemption) -> Redemption:
    return Redemption(
        id=to_public("rdm", one.redemption_id),
        member=to_public("mem", one.member_id),
        reward=one.reward,
        kind=one.kind,
        reference=one.reference,
        state=one.state,
        fulfilment=one.fulfilment,
        point_type=one.point_type,
        points=one.points,
        value_minor=one.value_minor,
        currency=one.currency,
        captured=one.captured,
        captured_minor=one.captured_minor,
        refunded=one.refunded,
        refunded_minor=one.refunded_minor,
        good_until=one.good_until,
        gift_card=shown("gft", one.card_id),
        note=one.note,
        cause=one.cause,
        reason=one.reason,
        undone_at=one.undone_at,
        created_at=one.created_at,
        changed_at=one.changed_at,
    )


def _id_of(redemption: str) -> int:
    try:
        return from_public("rdm", redemption, field="redemption")
    except MalformedId as error:
        raise RedemptionNotFound(redemption=redemption) from error


def _who(tx: Transaction, member: str, at: datetime) -> tuple[Shelf, Holder]:
    member_id = find_member(tx, member).member_id
    return programme.shelf(tx, at=at), programme.holder(tx, member_id, at=at)


@reading("/rewards", tag=TAG, refusals=[NoProgramme])
def list_rewards(call: Call) -> Response[Page[OnShelf]]:
    """List the rewards in force, in their order, and what is left of each."""
    at = call.app.clock()

    def work(tx: Transaction) -> Page[OnShelf]:
        some = programme.shelf(tx, at=at).rewards
        left = rewards.stock(tx, [one.code for one in some])
        return Page([OnShelf(_reward(one), left[one.code].stock, left[one.code].taken) for one in some], None)

    return call.read(work)


@creating(
    "/members/{member:str}/rewards/options",
    tag=TAG,
    permission=Permission.READ,
    refusals=[MemberNotFound, NoProgramme],
    status_code=200,
)
def list_reward_options(call: Call, member: FromPath[str], data: JSONBody[Asked]) -> Response[Page[Option]]:
    """List what a member can have, for a cart if one is named, and everything that is in the way of the rest."""

    def work(tx: Transaction, at: datetime) -> Page[Option]:
        shelf, holder = _who(tx, member, at)
        cart = data.cart.read() if data.cart else None
        return Page([option_of(one) for one in rewards.options(tx, shelf, holder, cart, at=at)], None)

    return call.write(work)


def option_of(one: rewards.Option) -> Option:
    """A reward that a member can have or not, as callers see it."""
    price = Price(one.price.points, one.price.point_type, one.price.tier)
    reasons = [Why(each.why, str(each), dict(each.values)) for each in one.reasons]
    reward = one.reward
    return Option(
        reward.code, reward.name_en, reward.name_zh, reward.kind, price, one.usable, one.times, one.points, one.value_minor,
        reasons,
    )  # fmt: skip


@creating(
    "/members/{member:str}/rewards/redemptions",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[*_REFUSED, PoolNotFound, PoolClosed, PoolEmpty],
)
def redeem_reward(call: Call, member: FromPath[str], data: JSONBody[NewRedemption]) -> Response[Redeemed]:
    """Take a reward: the points, and the gift, the code or the card, in one step or not at all.

    The same again changes nothing. What is out of stock takes no points.
    """

    def work(tx: Transaction, at: datetime) -> Redeemed:
        shelf, holder = _who(tx, member, at)
        done = rewards.redeem(
            tx,
            shelf,
            holder,
            data.reward,
            reference=data.reference,
            at=at,
            by=_by(call),
            point_type=data.point_type,
            cart=data.cart.read() if data.cart else None,
            note=data.note,
        )
        return Redeemed(_redemption(done.redemption), done.coupon, done.card)

    return call.write(work)


@creating(
    "/members/{member:str}/rewards/gifts",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[
        MemberNotFound, NoProgramme, RewardNotFound, WrongKind, SoldOut, TotalReached, RedemptionReused, BadRedemption,
        GiftTooLarge, PoolNotFound, PoolClosed, PoolEmpty,
    ],
)  # fmt: skip
def give_reward(call: Call, member: FromPath[str], data: JSONBody[NewRewardGift]) -> Response[Redeemed]:
    """Give a member a reward without points, and say why. The same again changes nothing.

    It comes from stock. Who may redeem it, when, and how often is not asked. What costs more points than
    `REGULARS_ADJUSTMENT_LIMIT` is not for one person to give: propose that many points instead.
    """

    def work(tx: Transaction, at: datetime) -> Redeemed:
        new = NewGift(find_member(tx, member).member_id, data.reward, data.reference, "staff", data.reason)
        shelf, limit = programme.shelf(tx, at=at), call.app.settings.adjustment_limit
        done = rewards.give(tx, shelf, new, at=at, by=_by(call), limit=limit)
        return Redeemed(_redemption(done.redemption), done.coupon, done.card)

    return call.write(work)


@reading("/owed-rewards", tag=TAG, permission=Permission.RECORD)
def list_owed_rewards(call: Call) -> Response[Page[OwedReward]]:
    """List the rewards that are due to members and that there was none to give of, the longest first, at most 200."""

    def work(tx: Transaction) -> Page[OwedReward]:
        found = rewards.owed(tx, limit=200)
        return Page(
            [
                OwedReward(
                    to_public("mem", one.member_id),
                    one.reward,
                    one.reference,
                    one.cause,
                    one.reason,
                    one.why,
                    one.since,
                )
                for one in found
            ],
            None,
        )

    return call.read(work)


@creating("/members/{member:str}/rewards/quotes", tag=TAG, permission=Permission.SPEND, refusals=_REFUSED)
def quote_reward(call: Call, member: FromPath[str], data: JSONBody[NewQuote]) -> Response[Redemption]:
    """Quote cash off for a cart: the price holds until `good_until`; nothing is taken yet. The same again changes nothing."""

    def work(tx: Transaction, at: datetime) -> Redemption:
        shelf, holder = _who(tx, member, at)
        quoted = rewards.quote(
            tx,
            shelf,
            holder,
            data.reward,
            data.cart.read(),
            reference=data.reference,
            at=at,
            by=_by(call),
            point_type=data.point_type,
            times=data.times,
        )
        return _redemption(quoted)

    return call.write(work)


@reading("/redemptions", tag=TAG, permission=Permission.RECORD, refusals=[MemberNotFound, BadCursor])
def list_redemptions(call: Call, asked: NamedDependency[PagingOfRedemptions]) -> Response[Page[Redemption]]:
    """List rewards taken, the latest first; or what waits for somebody."""
    place, waiting = from_cursor(asked.after, tuple[datetime, Int64]), asked.waiting == "true"

    def work(tx: Transaction) -> Page[Redemption]:
        if waiting:
            queue = list(rewards.to_fulfil(tx, after=place, limit=asked.limit + 1))
            return page_of(queue, asked.limit, _redemption, lambda last: (last.changed_at, last.redemption_id))
        member_id = member_id_of(tx, asked.member)
        known = rewards.redemptions(tx, member_id=member_id, reward=asked.reward, before=place, limit=asked.limit + 1)
        return page_of(list(known), asked.limit, _redemption, lambda last: (last.created_at, last.redemption_id))

    return call.read(work)


@reading("/redemptions/{redemption:str}", tag=TAG, permission=Permission.RECORD, refusals=[RedemptionNotFound])
def read_redemption(call: Call, redemption: FromPath[str]) -> Response[Redemption]:
    """Read how far a reward has come."""
    return call.read(lambda tx: _redemption(rewards.redemption(tx, _id_of(redemption))))


@creating(
    "/redemptions/{redemption:str}/hold",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[
        RedemptionNotFound, NoProgramme, QuoteOver, WrongState, RewardRefused, SoldOut, TotalReached, InsufficientPoints,
        AccountFrozen, NotSpendable,
    ],
)  # fmt: skip
def hold_reward(call: Call, redemption: FromPath[str]) -> Response[Redemption]:
    """Set the points of a quote aside, because the payment begins. A quote that is still good is honoured at its price."""

    def work(tx: Transaction, at: datetime) -> Redemption:
        shelf = programme.shelf(tx, at=at)
        return _redemption(rewards.hold(tx, shelf, _id_of(redemption), at=at, by=_by(call)))

    return call.write(work)


@creating(
    "/redemptions/{redemption:str}/captures",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[RedemptionNotFound, WrongState, CapturesTooMuch],
)
def capture_reward(
    call: Call, redemption: FromPath[str], data: JSONBody[Capture | None] = None
) -> Response[Redemption]:
    """Take the points that are held, all or so many as stand for `upto_minor` in all: the payment has succeeded."""
    upto = data.upto_minor if data else None
    return call.write(
        lambda tx, at: _redemption(rewards.capture(tx, _id_of(redemption), upto_minor=upto, at=at, by=_by(call)))
    )


@creating(
    "/redemptions/{redemption:str}/release",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[RedemptionNotFound, WrongState],
)
def release_reward(call: Call, redemption: FromPath[str]) -> Response[Redemption]:
    """Give back the points that are held and not captured, or drop a quote. Again changes nothing."""
    return call.write(lambda tx, at: _redemption(rewards.release(tx, _id_of(redemption), at=at, by=_by(call))))


@creating(
    "/redemptions/{redemption:str}/returns",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[RedemptionNotFound, WrongState, BadRedemption],
)
def settle_return(call: Call, redemption: FromPath[str], data: JSONBody[GoodsBack]) -> Response[Settled]:
    """Share what goods that came back cost between the points and the money they were paid with.

    Tell all that has come back by now: told again it changes nothing. The points go back to the lots they came from.
    """

    def work(tx: Transaction, at: datetime) -> Settled:
        done = rewards.settle_return(
            tx,
            _id_of(redemption),
            returned_minor=data.returned_minor,
            of_minor=data.of_minor,
            at=at,
            by=_by(call),
        )
        return Settled(_redemption(done.redemption), done.points, done.points_minor, done.money_minor)

    return call.write(work)


@creating(
    "/redemptions/{redemption:str}/refund",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[RedemptionNotFound, WrongState, WrongKind, CouponUsed, BadRedemption],
)
def refund_reward(call: Call, redemption: FromPath[str], data: JSONBody[Undoing]) -> Response[Redemption]:
    """Undo a reward: points, stock and code go back. Cancelled before anything was sent, refunded afterwards."""

    def work(tx: Transaction, at: datetime) -> Redemption:
        done = rewards.give_back(tx, _id_of(redemption), reason=data.reason, restock=data.restock, at=at, by=_by(call))
        return _redemption(done)

    return call.write(work)


@creating(
    "/redemptions/{redemption:str}/fulfilment",
    tag=TAG,
    permission=Permission.RECORD,
    refusals=[RedemptionNotFound, WrongState],
)
def fulfil_reward(call: Call, redemption: FromPath[str], data: JSONBody[Step]) -> Response[Redemption]:
    """Note that a reward was packed, sent, or has arrived."""

    def work(tx: Transaction, at: datetime) -> Redemption:
        return _redemption(rewards.advance(tx, _id_of(redemption), data.to, note=data.note, at=at, by=_by(call)))

    return call.write(work)


def _change(one: rewards.StockChange) -> KnownStockChange:
    return KnownStockChange(
        one.reward, one.amount, one.stock, one.reason, shown("rdm", one.redemption_id), one.at, one.by
    )


@creating(
    "/rewards/{reward:str}/stock-changes",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[RewardNotFound, NoProgramme, BadStock, StockTooLow],
)
def change_reward_stock(call: Call, reward: FromPath[str], data: JSONBody[StockChange]) -> Response[KnownStockChange]:
    """Put so many of a reward into stock, or take them off it, with a reason; never below zero."""

    def work(tx: Transaction, at: datetime) -> KnownStockChange:
        rewards.found_on(programme.shelf(tx, at=at), reward)
        return _change(rewards.change_stock(tx, reward, data.amount, reason=data.reason, by=_by(call), at=at))

    return call.write(work)


@reading(
    "/rewards/{reward:str}/stock-changes",
    tag=TAG,
    permission=Permission.AUDIT,
    refusals=[RewardNotFound, NoProgramme, BadCursor],
)
def list_stock_changes(
    call: Call, reward: FromPath[str], asked: NamedDependency[Paging]
) -> Response[Page[KnownStockChange]]:
    """List what changed what is left of a reward, the latest first."""
    at, place = call.app.clock(), from_cursor(asked.after, tuple[datetime, Int64])

    def work(tx: Transaction) -> Page[KnownStockChange]:
        rewards.found_on(programme.shelf(tx, at=at), reward)
        known = rewards.stock_changes(tx, reward, before=place, limit=asked.limit + 1)
        return page_of(known, asked.limit, _change, lambda last: (last.at, last.change_id))

    return call.read(work)


HANDLERS = (
    list_rewards,
    list_reward_options,
    redeem_reward,
    give_reward,
    list_owed_rewards,
    quote_reward,
    list_redemptions,
    read_redemption,
    hold_reward,
    capture_reward,
    release_reward,
    settle_return,
    refund_reward,
    fulfil_reward,
    change_reward_stock,
    list_stock_changes,
)
