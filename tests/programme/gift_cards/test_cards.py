"""Gift cards: money that is neither lost nor made, whatever is done to a card, and by however many at once."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import NOON
from programme.racing import race, wide
from regulars.programme import gift_cards
from regulars.programme.gift_cards import (
    BadCard,
    Card,
    CardBlocked,
    CardCurrency,
    CardExpired,
    CardReferenceReused,
    CardTooLow,
    NothingHeld,
    RefundTooMuch,
)
from regulars.programme.guesses import CodeUnknown
from regulars.storage import Database, Transaction

HOUR = timedelta(hours=1)


def issue(tx: Transaction, amount: int = 5000, reference: str = "r", **more: object) -> gift_cards.Issued:
    return gift_cards.issue(tx, "GBP", amount, reference=reference, at=NOON, by="test", **more)  # pyright: ignore[reportArgumentType]


def hold(tx: Transaction, card: Card, amount: int, reference: str = "h", **more: object) -> Card:
    given = {"currency": "GBP", "until": NOON + HOUR, "at": NOON, "by": "test"} | more
    return gift_cards.hold(tx, card.card_id, amount, reference=reference, **given)  # pyright: ignore[reportArgumentType]


def kinds(tx: Transaction, card: Card) -> list[str]:
    return [one.kind for one in reversed(gift_cards.entries(tx, card.card_id))]


def test_a_code_is_shown_once_and_found_however_it_is_typed(tx: Transaction) -> None:
    first, again = issue(tx), issue(tx)
    assert first.code is not None
    assert (again.card, again.code) == (first.card, None)
    typed = first.code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert gift_cards.find_by_code(tx, typed) == first.card
    assert first.card.last_four == first.code[-4:]
    assert first.code.replace("-", "") not in str(
        tx.rows("select c::text from programme_gift_cards c union all select f::text from facts f")
    )
    with pytest.raises(CodeUnknown):
        gift_cards.find_by_code(tx, "0000-0000-0000-0000")
    with pytest.raises(CardReferenceReused):
        issue(tx, 1)


def test_the_life_of_a_card(tx: Transaction) -> None:
    card = issue(tx).card
    for _ in range(2):
        assert hold(tx, card, 3000).balance == 2000
    for _ in range(2):
        done = gift_cards.capture(tx, card.card_id, 1000, hold="h", reference="c", at=NOON, by="t")
        assert (done.balance, done.held) == (2000, 2000)
    gift_cards.release(tx, card.card_id, 500, hold="h", reference="l", at=NOON, by="t")
    with pytest.raises(NothingHeld):
        gift_cards.capture(tx, card.card_id, 1501, hold="h", reference="d", at=NOON, by="t")
    gift_cards.refund(tx, card.card_id, 400, capture="c", reference="b", at=NOON, by="t")
    with pytest.raises(RefundTooMuch):
        gift_cards.refund(tx, card.card_id, 601, capture="c", reference="b2", at=NOON, by="t")
    done = gift_cards.top_up(tx, card.card_id, 100, reference="t", at=NOON, by="t")
    assert (done.balance, done.held) == (3000, 1500)
    assert kinds(tx, card) == ["issue", "hold", "capture", "release", "refund", "top_up"]
    assert gift_cards.audit(tx) == []
    [owed] = gift_cards.owed(tx, at=NOON)
    assert (owed.currency, owed.cards, owed.balance_minor, owed.held_minor) == ("GBP", 1, 3000, 1500)


def test_what_cannot_be_taken_is_refused_and_changes_nothing(tx: Transaction) -> None:
    card = issue(tx, expires_at=NOON + HOUR).card
    with pytest.raises(CardTooLow):
        hold(tx, card, 5001)
    with pytest.raises(CardCurrency):
        hold(tx, card, 1, currency="EUR")
    with pytest.raises(BadCard):
        hold(tx, card, 0)
    with pytest.raises(BadCard):
        hold(tx, card, 1, until=NOON)
    hold(tx, card, 1)
    with pytest.raises(CardReferenceReused):
        hold(tx, card, 2)
    gift_cards.block(tx, card.card_id, reason="stolen", at=NOON, by="t")
    with pytest.raises(CardBlocked):
        hold(tx, card, 1, "h2")
    gift_cards.capture(tx, card.card_id, 1, hold="h", reference="c", at=NOON, by="t")  # it was promised
    gift_cards.unblock(tx, card.card_id, reason="found", at=NOON, by="t")
    with pytest.raises(CardExpired):
        hold(tx, card, 1, "h3", at=NOON + HOUR, until=NOON + 2 * HOUR)
    assert gift_cards.audit(tx) == []


def test_holds_and_cards_end_by_themselves_whether_or_not_the_job_came_by(tx: Transaction) -> None:
    card = issue(tx, expires_at=NOON + 3 * HOUR).card
    hold(tx, card, 5000)
    assert hold(tx, card, 5000, "h2", at=NOON + HOUR, until=NOON + 4 * HOUR).held == 5000
    gift_cards.capture(tx, card.card_id, 2000, hold="h2", reference="c", at=NOON + 3 * HOUR, by="t")
    assert gift_cards.settle_due(tx, at=NOON + 4 * HOUR) == 1
    assert kinds(tx, card) == ["issue", "hold", "release", "hold", "capture", "release", "expire"]
    assert gift_cards.card(tx, card.card_id).balance == 0
    back = gift_cards.refund(tx, card.card_id, 2000, capture="c", reference="b", at=NOON + 5 * HOUR, by="t")
    assert (back.balance, back.expires_at) == (2000, NOON + 5 * HOUR + timedelta(days=7))
    assert gift_cards.audit(tx) == []


def test_a_journal_that_was_changed_is_found(tx: Transaction) -> None:
    card = issue(tx).card
    tx.run("update programme_gift_card_entries set amount = amount + 1")
    assert [(one.card_id, one.flaw) for one in gift_cards.audit(tx)] == [(card.card_id, "balance")]


def test_case_14_200_checkouts_at_once_never_take_more_than_is_on_a_card(database: Database) -> None:
    with database.transaction() as tx:
        card = issue(tx, 5000).card
    with wide(database) as many:
        answers = race(many, [lambda tx, n=n: hold(tx, card, 70, f"h{n}") for n in range(200)])
    assert sum(isinstance(one, Card) for one in answers) == 71
    with database.transaction() as tx:
        after = gift_cards.card(tx, card.card_id)
        assert (after.balance, after.held) == (30, 4970)
        assert gift_cards.audit(tx) == []


STEPS = st.lists(st.tuples(st.sampled_from(["hold", "capture", "release", "refund", "top_up", "wait"]), st.integers(1, 60), st.integers(0, 3)), max_size=15)  # fmt: skip


@given(STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_money_is_conserved_in_whatever_order(tx: Transaction, steps: list[tuple[str, int, int]]) -> None:
    with tx.savepoint(undo=True):
        card, at, put_on = issue(tx, 100).card, NOON, 100
        for number, (what, amount, which) in enumerate(steps):
            try:
                with tx.savepoint():
                    common = {"reference": f"s{number}", "at": at, "by": "t"}
                    if what == "wait":
                        at += HOUR
                    elif what == "hold":
                        hold(tx, card, amount, f"h{which}", at=at, until=at + HOUR)
                    elif what == "top_up":
                        gift_cards.top_up(tx, card.card_id, amount, **common)
                        put_on += amount
                    elif what == "refund":
                        gift_cards.refund(tx, card.card_id, amount, capture=f"s{which}", **common)
                    else:
                        getattr(gift_cards, what)(tx, card.card_id, amount, hold=f"h{which}", **common)
            except (CardTooLow, NothingHeld, RefundTooMuch, CardReferenceReused):
                pass
        after = gift_cards.card(tx, card.card_id)
        journal = gift_cards.entries(tx, card.card_id, limit=1000)
        spent = -sum(one.held_change for one in journal if one.kind == "capture")
        spent -= sum(one.amount for one in journal if one.kind == "refund")
        assert after.balance + after.held + spent == put_on
        assert min(after.balance, after.held, spent) >= 0
        assert gift_cards.audit(tx) == []
