"""What orders, returns and deliveries have in common: lines, batches, and what became of each of their items."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import asdict

from regulars import commerce
from regulars.api._problems import status_of
from regulars.api._shapes import Id, LineCategory, LineTags, MemberRef, Minor, Name, Text, member_id_of
from regulars.storage import Transaction
from regulars.types import to_public

Document = TypeVar("Document", commerce.NewOrder, commerce.NewReturn)

MOST = 1000
"""How many documents a batch may hold, and lines a document."""

Number = Annotated[Text, Meta(description="The shop's own number.", examples=["536365"])]
Customer = Annotated[
    Text | None, Meta(description="The shop's number of the customer, who is enrolled when new.", examples=["17850"])
]


class NewLine(Struct, forbid_unknown_fields=True):
    """A line of a document."""

    sku: Annotated[Text, Meta(examples=["85123A"])]
    quantity: Annotated[int, Meta(ge=1, le=2**31 - 1, examples=[6])]
    unit_minor: Annotated[
        Minor, Meta(description="The price of one, in minor units of the shop's currency.", examples=[255])
    ]
    name: Annotated[Text | None, Meta(examples=["White hanging heart t-light holder"])] = None
    kind: Literal["goods", "shipping", "gift_card", "adjustment"] = "goods"
    discount_minor: Annotated[Minor, Meta(description="Taken off the whole line.")] = 0
    line_no: Annotated[
        Annotated[int, Meta(ge=1, le=2**31 - 1)] | None,
        Meta(description="The shop's own; counted from 1 when left out."),
    ] = None
    category: LineCategory | None = None
    tags: LineTags = []


NewLines = Annotated[list[NewLine], Meta(min_length=1, max_length=MOST)]


class NewDocument(Struct, forbid_unknown_fields=True, kw_only=True):
    """What an order and a return have in common. With neither `customer` nor `member` it is a guest's."""

    external_id: Number
    lines: NewLines
    customer: Customer = None
    member: MemberRef | None = None


class Refusal(Struct, omit_defaults=True):
    """Why one item of a batch was refused."""

    code: Annotated[str, Meta(description="As in a problem.", examples=["OrderChanged"])]
    status: Annotated[int, Meta(description="The status it would have had alone.", examples=[409])]
    detail: str


class Outcome(Struct, omit_defaults=True):
    """What became of one item of a batch."""

    external_id: str
    status: Annotated[
        Literal["recorded", "amended", "replayed", "waiting", "refused"],
        Meta(
            description="`replayed`: it was here already, the same; `amended`: its new lines were added; `waiting`: its order is not here yet."
        ),
    ]
    id: Annotated[Id | None, Meta(description="Our id; null when refused.")]
    refusal: Refusal | None = None


class Outcomes(Struct):
    """What became of each item, in the order they were sent. A refused one keeps no other back."""

    items: list[Outcome]
    refused: Annotated[int, Meta(description="How many were refused.")]


def outcomes(prefix: str, done: Sequence[commerce.Outcome]) -> Outcomes:
    """The outcomes of a batch as callers see them."""
    return Outcomes([_outcome(prefix, one) for one in done], sum(one.error is not None for one in done))


def _outcome(prefix: str, one: commerce.Outcome) -> Outcome:
    if one.error is None:
        return Outcome(one.external_id, one.status, to_public(prefix, one.document_id))
    refusal = Refusal(one.error.code, status_of(type(one.error)), str(one.error))
    return Outcome(one.external_id, one.status, None, refusal)


def alone(done: Sequence[commerce.Outcome]) -> commerce.Outcome:
    """The outcome of a batch of one.

    Raises:
        RegularsError: it was refused.
    """
    [one] = done
    if one.error is not None:
        raise one.error
    return one


def as_commerce_takes(tx: Transaction, new: Sequence[NewDocument], kind: type[Document]) -> list[Document]:
    """Documents as `commerce.NewOrder` or `commerce.NewReturn`.

    Raises:
        MemberNotFound: there is no such member as one of them names.
    """
    return [kind(**_told(one, kind), lines=_lines(one.lines), member_id=member_id_of(tx, one.member)) for one in new]


def _told(one: NewDocument, kind: type[Document]) -> dict[str, Any]:
    """The values that are the same here and there."""
    same = set(kind.__dataclass_fields__) - {"lines", "member_id"}
    return {name: getattr(one, name) for name in same}


def _lines(new: Sequence[NewLine]) -> list[commerce.NewLine]:
    return [commerce.NewLine(**asdict(line)) for line in new]


__all__ = [
    "MOST",
    "Customer",
    "Name",
    "NewDocument",
    "NewLine",
    "NewLines",
    "Number",
    "Outcome",
    "Outcomes",
    "Refusal",
    "alone",
    "as_commerce_takes",
    "outcomes",
]
