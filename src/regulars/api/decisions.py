"""Why orders earned what they did, and what an order or a basket would earn."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from regulars import commerce, programme
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._paging import Page, Paging, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import (
    Country,
    Id,
    ImpossibleDate,
    Instant,
    LineCategory,
    LineTags,
    MemberRef,
    Minor,
    Name,
    ShopRef,
    Text,
    find_member,
    find_shop,
    member_id_of,
    sensible,
)
from regulars.api.orders import find_order_id
from regulars.api.programme import NewProgramme
from regulars.commerce import OrderNotFound, ShopNotFound
from regulars.errors import Invalid
from regulars.facts import decisions
from regulars.facts.decisions import DecisionNotFound
from regulars.insight import BadCursor
from regulars.members import MemberNotFound
from regulars.programme import BadProgramme, NoProgramme, NoRate, earning
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG = "Programme"

_KINDS = {
    decisions.AWARDED: "awarded", decisions.RETURNED: "returned", decisions.CHANGED: "changed", decisions.EVENT: "event",
    decisions.BIRTHDAY: "birthday", decisions.JOINED: "joined_anniversary", decisions.FIRST_ORDER: "first_order_anniversary",
    decisions.ORDER_STEP: "order_step", decisions.EVENT_STEP: "event_step",
}  # fmt: skip
_OF_EVENTS = {decisions.EVENT, decisions.EVENT_STEP}
_OF_ORDERS = {decisions.AWARDED, decisions.RETURNED, decisions.CHANGED, decisions.ORDER_STEP}

Language = Annotated[Literal["en", "zh"], Meta(description="The language of the sentences.")]
Audience = Annotated[
    Literal["member", "operator"],
    Meta(description="Whom the sentences are for: operators are shown the expressions too."),
]


class Words(Struct, forbid_unknown_fields=True):
    """In which words."""

    language: Language = "en"
    audience: Audience = "operator"


class PagedWords(Paging, forbid_unknown_fields=True):
    """Which decisions, in which words."""

    language: Language = "en"
    audience: Audience = "operator"


class Reason(Struct):
    """What became of one rule."""

    rule: str
    name: Name
    outcome: Annotated[
        Literal[
            "earned", "condition", "early", "late", "nothing", "limit", "cooldown", "beaten", "excluded", "failed", "budget",
            "undone", "counted",
        ],
        Meta(description="`condition`: one did not hold, the first of them is said. `beaten`: another of its group gave more. `budget`: its budget could not pay it. `undone`: what it gave was undone. `counted`: a step towards its goal."),
    ]  # fmt: skip
    points: int
    point_type: str
    sentence: str
    condition: Annotated[str | None, Meta(description="The condition that did not hold, as it was written.")]


class Explanation(Struct):
    """What an order earned when it was paid, when something of it came back, or when it became another; and why.

    Or what an event, a birthday or an anniversary earned, or what an order or an event counted towards goals.
    """

    id: Id
    kind: Literal[
        "awarded", "returned", "changed", "event", "birthday", "joined_anniversary", "first_order_anniversary", "order_step",
        "event_step",
    ]  # fmt: skip
    order: Annotated[Id | None, Meta(description="Null: it is not about an order.")]
    event: Annotated[Id | None, Meta(description="Null: it is not about an event.")]
    member: Id
    version: Annotated[int, Meta(description="The version of the programme it was decided under.")]
    decided_at: datetime
    reasons: Annotated[list[Reason], Meta(description="Of every rule, in the order of the document.")]


class BasketLine(Struct, forbid_unknown_fields=True):
    """Goods that are about to be bought."""

    sku: Text
    quantity: Annotated[int, Meta(ge=1, le=10**6)]
    unit_minor: Minor
    name: Name = ""
    discount_minor: Minor = 0
    category: LineCategory | None = None
    tags: LineTags = []


class Basket(Struct, forbid_unknown_fields=True):
    """An order that has not been placed."""

    shop: ShopRef
    lines: Annotated[list[BasketLine], Meta(min_length=1, max_length=1000)]
    member: MemberRef | None = None
    country: Country = ""
    other_minor: Annotated[Minor, Meta(description="What it comes to beside goods: shipping, fees.")] = 0
    placed_at: Annotated[Instant | None, Meta(description="Null: now.")] = None


class NewEvaluation(Struct, forbid_unknown_fields=True):
    """What to evaluate, an order or a basket, under which programme, and in which words."""

    order: Annotated[Text | None, Meta(description="A past order: our id, or `shop:number`.")] = None
    basket: Basket | None = None
    programme: Annotated[NewProgramme | None, Meta(description="Null: the one that holds.")] = None
    language: Language = "en"
    audience: Audience = "operator"


class Earned(Struct):
    """Points of one kind."""

    point_type: str
    points: int
    rule: Annotated[str | None, Meta(description="The rule whose own terms they have; null: the programme's.")]


class Evaluation(Struct):
    """What it would earn, and why."""

    earned: list[Earned]
    reasons: list[Reason]


class NothingToEvaluate(Invalid):
    """{field} is {value!r}: {remedy}."""


def reason_of(one: earning.Reason) -> Reason:
    """What became of a rule, as callers see it."""
    return msgspec.convert(
        {
            "rule": one.code, "name": one.name, "outcome": one.why, "points": one.points, "point_type": one.point_type,
            "sentence": one.sentence, "condition": one.condition,
        },
        Reason,
    )  # fmt: skip


def _decisions(tx: Transaction, kept: list[decisions.Decision], words: Words | PagedWords) -> list[Explanation]:
    said = programme.explain(tx, kept, language=words.language, audience=words.audience)
    return [
        msgspec.convert(
            {
                "id": to_public("dec", one.decision_id), "kind": _KINDS[one.kind], "order": to_public("ord", one.subject_id) if one.kind in _OF_ORDERS else None,
                "event": to_public("evt", one.subject_id) if one.kind in _OF_EVENTS else None,
                "member": to_public("mem", one.member_id), "version": one.version_id, "decided_at": one.decided_at,
                "reasons": [msgspec.to_builtins(reason_of(each)) for each in said[one.decision_id]],
            },
            Explanation,
        )
        for one in kept
    ]  # fmt: skip


@reading("/decisions/{decision:str}", tag=TAG, refusals=[DecisionNotFound])
def read_decision(call: Call, decision: FromPath[str], asked: NamedDependency[Words]) -> Response[Explanation]:
    """Read why an order earned what it did. Decisions are kept for a time: `REGULARS_DECISION_DAYS`."""
    try:
        decision_id = from_public("dec", decision)
    except MalformedId as error:
        raise DecisionNotFound(decision=decision) from error
    return call.read(lambda tx: _decisions(tx, [decisions.find(tx, decision_id)], asked)[0])


@reading("/orders/{order:str}/decisions", tag=TAG, refusals=[OrderNotFound, ShopNotFound])
def list_order_decisions(
    call: Call, order: FromPath[str], asked: NamedDependency[Words]
) -> Response[Page[Explanation]]:
    """List what was decided about an order, the latest first."""

    def work(tx: Transaction) -> Page[Explanation]:
        found = commerce.find_order(tx, find_order_id(tx, order))
        return Page(_decisions(tx, decisions.of_subject(tx, found.order.order_id), asked), None)

    return call.read(work)


@reading("/members/{member:str}/decisions", tag=TAG, refusals=[MemberNotFound, BadCursor])
def list_member_decisions(
    call: Call, member: FromPath[str], asked: NamedDependency[PagedWords]
) -> Response[Page[Explanation]]:
    """List what was decided about a member's orders, the latest first."""
    before = from_cursor(asked.after, int)

    def work(tx: Transaction) -> Page[Explanation]:
        member_id = find_member(tx, member).member_id
        kept = decisions.of_member(tx, member_id, before=before, limit=asked.limit + 1)
        said = {one.id: one for one in _decisions(tx, kept, asked)}
        return page_of(
            kept, asked.limit, lambda one: said[to_public("dec", one.decision_id)], lambda one: one.decision_id
        )

    return call.read(work)


@creating(
    "/programme/evaluation", tag=TAG, permission=Permission.READ, status_code=200,
    refusals=[BadProgramme, NothingToEvaluate, NoProgramme, NoRate, OrderNotFound, ShopNotFound, MemberNotFound, ImpossibleDate],
)  # fmt: skip
def evaluate(call: Call, data: JSONBody[NewEvaluation]) -> Response[Evaluation]:
    """Work out what a past order or a basket would earn, under the programme that holds or another; nothing changes.

    Of the member it takes what is so now, and of what came before what came before the order.
    """
    if (data.order is None) == (data.basket is None):
        raise NothingToEvaluate(field="order", value=data.order, remedy="give either an order or a basket")
    at = call.app.clock()
    given = None if data.programme is None else msgspec.to_builtins(data.programme)
    other = None if given is None else programme.Programme.from_document(given)
    if data.basket is not None:
        sensible("placed_at", data.basket.placed_at)

    def work(tx: Transaction) -> Evaluation:
        under = other or programme.current(tx, at=at)
        if data.basket is not None:
            trial = programme.try_basket(tx, under, _basket(tx, data.basket, at))
        else:
            trial = programme.try_order(tx, under, find_order_id(tx, data.order or ""))
        earned = [Earned(kind, points, rule or None) for (kind, rule), points in trial.decision.parts.items()]
        return Evaluation(earned, [reason_of(one) for one in trial.reasons(data.language, data.audience)])

    return call.read(work)


def _basket(tx: Transaction, given: Basket, at: datetime) -> programme.Basket:
    shop = find_shop(tx, given.shop)
    lines = [
        programme.BasketLine(
            one.sku, one.name, one.quantity, one.unit_minor,
            max(-(10**12), min(10**12, one.quantity * one.unit_minor - one.discount_minor)), one.category or "",
            tuple(sorted(set(one.tags))),
        )
        for one in given.lines
    ]  # fmt: skip
    return programme.Basket(
        member_id_of(tx, given.member), given.placed_at or at, shop.currency, shop.code, given.country, shop.time_zone,
        lines, given.other_minor,
    )  # fmt: skip


HANDLERS = (read_decision, list_order_decisions, list_member_decisions, evaluate)
