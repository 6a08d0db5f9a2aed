"""Returns: goods that came back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import commerce
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._documents import MOST, NewDocument, Outcome, Outcomes, alone, as_commerce_takes, outcomes
from regulars.api._paging import After, Int64, Limit, Page, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import (
    Id,
    ImpossibleDate,
    Instant,
    MemberRef,
    ShopRef,
    Text,
    find_shop,
    member_id_of,
    sensible,
    shop_codes,
    shown,
)
from regulars.commerce import (
    BadDocument,
    OrderCancelled,
    OverRefunded,
    OverReturned,
    ReturnChanged,
    Returns,
    ShopNotFound,
    early,
)
from regulars.commerce.early import EarlyReturnNotFound
from regulars.insight import BadCursor
from regulars.members import BadMember, MemberNotFound
from regulars.storage import Transaction
from regulars.types import from_public, to_public

TAG = "Returns"


class Return(Struct):
    """Goods that came back. Amounts are money given back, in minor units."""

    id: Id
    shop: Annotated[str, Meta(description="The shop's code.")]
    external_id: str
    member: str | None
    returned_at: datetime
    currency: str
    goods_minor: int
    total_minor: int


class NewReturn(NewDocument, forbid_unknown_fields=True, kw_only=True):
    """Goods that came back. Without `order` they are matched to the member's own purchases, the latest first."""

    returned_at: Instant
    order: Annotated[Text | None, Meta(description="The shop's number of the order.", examples=["536365"])] = None


class NewShopReturn(NewReturn, forbid_unknown_fields=True, kw_only=True):
    """Goods that came back to a shop."""

    shop: ShopRef


class NewReturns(Struct, forbid_unknown_fields=True):
    """Returns to one shop."""

    shop: ShopRef
    returns: Annotated[list[NewReturn], Meta(min_length=1, max_length=MOST)]


class EarlyReturn(Struct):
    """A return that was told before the order it names. It is recorded when that order is."""

    id: Id
    shop: Annotated[str, Meta(description="The shop's code.")]
    external_id: str
    order: Annotated[str, Meta(description="The shop's number of the order.")]
    returned_at: datetime
    total_minor: Annotated[int, Meta(description="The money given back, in minor units of the shop's currency.")]
    told_at: datetime
    problem: Annotated[str | None, Meta(description="Why it could not be recorded when its order came.")]


class Search(Struct, forbid_unknown_fields=True):
    """Which returns."""

    member: MemberRef | None = None
    limit: Limit = 50
    after: After | None = None


def _record(tx: Transaction, shop: str, new: Sequence[NewReturn], at: datetime) -> list[commerce.Outcome]:
    for one in new:
        sensible("returned_at", one.returned_at)
    returns = as_commerce_takes(tx, new, commerce.NewReturn)
    return commerce.record_returns(tx, find_shop(tx, shop), Returns.of(returns), at=at)


_STATUSES = {"recorded": 201, "waiting": 202}
_REFUSALS = (
    ShopNotFound,
    MemberNotFound,
    OrderCancelled,
    BadMember,
    BadDocument,
    ReturnChanged,
    OverReturned,
    OverRefunded,
    ImpossibleDate,
)


@creating("/returns", tag=TAG, permission=Permission.RECORD, statuses=[200, 202], refusals=_REFUSALS)
def record_return(call: Call, data: JSONBody[NewShopReturn]) -> Response[Outcome]:
    """Record a return.

    The points of its lines are taken back in proportion. The same return again changes nothing and is answered with
    status 200. One whose order is not here yet is kept until that is recorded, and answered with status 202.
    """

    def work(tx: Transaction, at: datetime) -> Outcome:
        return outcomes("ret", [alone(_record(tx, data.shop, [data], at))]).items[0]

    return call.write(work, status=lambda done: _STATUSES.get(done.status, 200), react=True)


@creating("/returns/batch", tag=TAG, permission=Permission.RECORD, status_code=200, refusals=_REFUSALS)
def record_returns(call: Call, data: JSONBody[NewReturns]) -> Response[Outcomes]:
    """Record up to 1,000 returns to one shop.

    Each is recorded or refused by itself, as alone. A member or a shop that is not there refuses the whole batch.
    """
    return call.write(lambda tx, at: outcomes("ret", _record(tx, data.shop, data.returns, at)), react=True)


@reading("/returns", tag=TAG, refusals=[MemberNotFound, BadCursor])
def list_returns(call: Call, asked: NamedDependency[Search]) -> Response[Page[Return]]:
    """List returns, the latest first."""
    before = from_cursor(asked.after, tuple[Instant, Int64])

    def work(tx: Transaction) -> Page[Return]:
        shops = shop_codes(tx)
        rows = commerce.list_returns(tx, member_id=member_id_of(tx, asked.member), before=before, limit=asked.limit + 1)

        def show(row: commerce.Return) -> Return:
            return Return(
                id=to_public("ret", row.return_id),
                shop=shops[row.shop_id],
                external_id=row.external_id,
                member=shown("mem", row.member_id),
                returned_at=row.returned_at,
                currency=row.currency,
                goods_minor=row.goods_minor,
                total_minor=row.total_minor,
            )

        return page_of(rows, asked.limit, show, lambda row: (row.returned_at, row.return_id))

    return call.read(work)


class EarlySearch(Struct, forbid_unknown_fields=True):
    """Which returns that wait."""

    limit: Limit = 50
    after: After | None = None


@reading("/returns/waiting", tag=TAG, refusals=[BadCursor])
def list_early_returns(call: Call, asked: NamedDependency[EarlySearch]) -> Response[Page[EarlyReturn]]:
    """List the returns whose orders are not here yet, or came and did not fit them; the latest first."""
    before = from_cursor(asked.after, tuple[Instant, Int64])

    def work(tx: Transaction) -> Page[EarlyReturn]:
        rows, codes = early.listed(tx, before=before, limit=asked.limit + 1), shop_codes(tx)
        return page_of(rows, asked.limit, lambda row: _early(row, codes), lambda row: (row.told_at, row.return_id))

    return call.read(work)


@creating(
    "/returns/waiting/{return_id:str}/discard",
    tag=TAG,
    permission=Permission.RECORD,
    status_code=200,
    refusals=[EarlyReturnNotFound],
)
def discard_early_return(call: Call, return_id: FromPath[str]) -> Response[EarlyReturn]:
    """Give up a return that waits: it was told by mistake."""
    number = from_public("ret", return_id, field="return_id")
    return call.write(
        lambda tx, at: _early(early.discard(tx, number, at=at, by=to_public("key", call.key.key_id)), shop_codes(tx))
    )


def _early(row: early.Early, codes: Mapping[int, str]) -> EarlyReturn:
    [told] = early.documents([row])
    return EarlyReturn(
        id=to_public("ret", row.return_id),
        shop=codes[row.shop_id],
        external_id=row.external_id,
        order=row.order_number,
        returned_at=told.returned_at,
        total_minor=early.amount(told),
        told_at=row.told_at,
        problem=row.problem,
    )


HANDLERS = (record_return, record_returns, list_returns, list_early_returns, discard_early_return)
