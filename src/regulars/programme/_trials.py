"""Why orders earned what they did, and what an order or a basket would earn: nothing here changes anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from babel.numbers import get_currency_precision

from regulars.commerce import OrderNotFound
from regulars.errors import Invalid
from regulars.facts import decisions
from regulars.programme import _deciding, _spending, earning, events
from regulars.programme._deciding import basis_of
from regulars.programme._rules import Programme
from regulars.programme._versions import by_version
from regulars.programme.earning import ORDERS, Asked, Audience, Decision, Language, Reason, Sold, Speaker, Trigger
from regulars.storage import Transaction
from regulars.types import to_public


class NoRate(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class BasketLine:
    """Something that is about to be bought."""

    sku: str
    name: str
    quantity: int
    unit_minor: int
    amount_minor: int
    category: str = ""
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Basket:
    """An order that has not been placed."""

    member_id: int | None
    placed_at: datetime
    currency: str
    shop: str
    country: str
    time_zone: str
    lines: Sequence[BasketLine]
    other_minor: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """What something would earn under a programme, by kind of points and rule with terms of its own, and why."""

    decision: Decision
    programme: Programme
    spend_minor: int = 0
    """What the goods come to in the programme's currency: what tiers count that go by spend."""

    def reasons(self, language: Language, audience: Audience) -> list[Reason]:
        """What became of each rule, in words."""
        return _said(self.programme, self.decision.verdicts, language, audience)


def explain(
    tx: Transaction, kept: Sequence[decisions.Decision], *, language: Language, audience: Audience
) -> Mapping[int, list[Reason]]:
    """Decisions that were kept in words, by their identifier: those of the version they were made under."""
    held = by_version(tx, {one.version_id for one in kept})
    of_events = [one.subject_id for one in kept if one.kind in {decisions.EVENT, decisions.EVENT_STEP}]
    codes = events.select_codes(tx, event_ids=of_events) if of_events else {}
    return {
        one.decision_id: _said(
            held[one.version_id], _deciding.verdicts_of(one), language, audience, _trigger(one, codes)
        )
        for one in kept
    }


_TRIGGERS: Final[Mapping[int, Trigger]] = {
    decisions.BIRTHDAY: Trigger("birthday"),
    decisions.JOINED: Trigger("joined_anniversary"),
    decisions.FIRST_ORDER: Trigger("first_order_anniversary"),
    decisions.ORDER_STEP: Trigger(goal=True),
}


def _trigger(one: decisions.Decision, codes: Mapping[int, str]) -> Trigger:
    """Which rules a decision is about."""
    if one.kind in {decisions.EVENT, decisions.EVENT_STEP}:
        return Trigger("event", codes.get(one.subject_id, ""), one.kind == decisions.EVENT_STEP)
    return _TRIGGERS.get(one.kind, ORDERS)


def _said(
    programme: Programme,
    verdicts: Sequence[earning.Verdict],
    language: Language,
    audience: Audience,
    trigger: Trigger = ORDERS,
) -> list[Reason]:
    digits = get_currency_precision(programme.currency)

    def money(minor: int) -> str:
        whole, rest = divmod(abs(minor), 10**digits)
        fraction = f".{rest:0{digits}}" if digits else ""
        return f"{'-' if minor < 0 else ''}{whole:,}{fraction} {programme.currency}"

    return earning.reasons(basis_of(programme, trigger).rules, verdicts, Speaker(language, audience, money))


def try_order(tx: Transaction, programme: Programme, order_id: int) -> Trial:
    """What a past order, as it was bought, would earn under a programme, by what is so of its member now and was before it.

    Raises:
        OrderNotFound: there is none, or it is a guest's.
        NoRate: the programme has no rate for its currency.
    """
    found = earning.select_sold(tx, order_ids=[order_id], named=True, labelled=True)
    if not found or not found[0].member_id:
        raise OrderNotFound(order=to_public("ord", order_id))
    return _try(tx, programme, found[0])


def try_basket(tx: Transaction, programme: Programme, basket: Basket) -> Trial:
    """What a basket would earn under a programme; a guest's, what a new member would.

    Raises:
        NoRate: the programme has no rate for its currency.
    """
    lines = basket.lines
    sold = Sold(
        0, basket.member_id or 0, basket.placed_at, basket.placed_at, None, basket.currency, basket.country, basket.shop,
        basket.time_zone, basket.other_minor, list(range(1, len(lines) + 1)), [line.quantity for line in lines],
        [0] * len(lines), [line.amount_minor for line in lines], [line.unit_minor for line in lines],
        [line.sku for line in lines], [line.name for line in lines],
        [line.category for line in lines], [earning.TAGS_BETWEEN.join(line.tags) for line in lines],
    )  # fmt: skip
    return _try(tx, programme, sold)


def _try(tx: Transaction, programme: Programme, sold: Sold) -> Trial:
    basis = basis_of(programme)
    if sold.currency not in basis.rates:
        raise NoRate(field="currency", value=sold.currency, remedy=f"give one of {', '.join(basis.rates)}")
    [row] = earning.pinned_rows(tx, [Asked(sold.member_id, sold.placed_at, basis)])
    known = earning.seen_uses(tx, [sold.member_id], [basis.rules])
    left = earning.allowances(
        basis.rules, known, member_id=sold.member_id, order_id=sold.order_id, placed_at=sold.placed_at,
        zone=basis.time_zone,
    )  # fmt: skip
    purses = _spending.purses_of(_spending.look_for(tx, sold, basis), basis, sold)
    items = earning.items_of(sold, basis)
    bought = items if sum(sold.amounts) > 0 else []  # what comes to nothing is no purchase, and is not awarded
    decision = _deciding.decide_again(sold, basis, {"row": row}, bought, left, purses)
    return Trial(decision, programme, earning.spend_of(bought))
