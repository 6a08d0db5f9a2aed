"""Earning, spending and undoing, one at a time and in batches."""

from typing import Any

import pytest

from conftest import NOON
from ledger.making import (
    ADA,
    BEN,
    CLEO,
    DAN,
    DAY,
    LAST,
    LATER,
    SOON,
    TICK,
    balance,
    earn,
    everything,
    give_back,
    kinds,
    lots,
    post,
    spend,
    statuses,
    take_back,
    told,
)
from regulars import ledger
from regulars.ledger import InsufficientPoints, NothingToReverse, Outcome, ReferenceReused, ReversesTooMuch
from regulars.storage import Transaction

POSTED_FIRST = Outcome("posted", 100, 100, 1, 0, 0)


def test_earning_opens_an_account_and_a_lot(tx: Transaction) -> None:
    assert ledger.earn(tx, ADA, 100, reference="ord_1", at=NOON, expires_at=LATER) == POSTED_FIRST
    assert balance(tx, ADA) == (100, 0, 0)
    assert lots(tx, ADA) == {LATER: 100}
    assert told(tx) == [("points.earned", ADA, 100, 100, "ord_1")]


def test_points_without_an_expiry_never_expire(tx: Transaction) -> None:
    ledger.earn(tx, ADA, 100, reference="ord_1", at=NOON)
    assert lots(tx, ADA, NOON + 900_000 * DAY) == {None: 100}
    assert ledger.statement(tx, ADA)[0].expires_at is None


def test_spending_takes_what_expires_first(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a", LAST), earn(ADA, 20, "b", SOON), earn(ADA, 30, "c", LATER))
    assert ledger.spend(tx, ADA, 40, reference="voucher", at=NOON) == Outcome("posted", -40, 60, 4, 0, 0)
    assert lots(tx, ADA) == {LATER: 10, LAST: 50}
    assert told(tx)[-1] == ("points.spent", ADA, 40, 60, "voucher")


def test_spending_all_leaves_no_lot(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a", LAST), earn(ADA, 20, "b", SOON), spend(ADA, 70, "all"))
    assert lots(tx, ADA) == {}
    assert tx.value("select count(*) from ledger_lots") == 0


def test_more_than_there_is_cannot_be_spent(tx: Transaction) -> None:
    ledger.earn(tx, ADA, 100, reference="ord_1", at=NOON)
    before = everything(tx)
    with pytest.raises(InsufficientPoints, match="100 points are available and 101 are needed"):
        ledger.spend(tx, ADA, 101, reference="voucher", at=NOON)
    assert everything(tx) == before


def test_a_refused_spend_may_be_tried_again_with_its_reference(tx: Transaction) -> None:
    assert statuses(post(tx, spend(ADA, 5, "v"), earn(ADA, 5, "e"), spend(ADA, 5, "v"))) == [
        "insufficient",
        "posted",
        "posted",
    ]


def test_pending_points_cannot_be_spent_before_they_mature(tx: Transaction) -> None:
    outcome = ledger.earn(tx, BEN, 80, reference="ord_1", at=NOON, matures_at=SOON, expires_at=LATER)
    assert outcome == Outcome("posted", 0, 0, 1, 80, 0)
    assert balance(tx, BEN) == (0, 80, 0)
    assert told(tx) == [("points.promised", BEN, 80, 0, "ord_1")]
    with pytest.raises(InsufficientPoints):
        ledger.spend(tx, BEN, 1, reference="v", at=SOON - TICK)
    assert ledger.spend(tx, BEN, 80, reference="v", at=SOON).seq == 3
    assert kinds(tx, BEN) == ["promise", "mature", "spend"]
    assert told(tx)[1:] == [("points.matured", BEN, 80, 80, "@mature:1"), ("points.spent", BEN, 80, 0, "v")]


def test_a_promise_that_is_already_due_is_a_plain_earn(tx: Transaction) -> None:
    assert post(tx, earn(BEN, 80, "a", matures_at=NOON)) == [Outcome("posted", 80, 80, 1, 0, 0)]
    assert kinds(tx, BEN) == ["earn"]


def test_points_that_had_expired_when_they_came_are_earned_and_expire(tx: Transaction) -> None:
    late = earn(ADA, 30, "late", NOON + DAY)
    assert post(tx, earn(ADA, 5, "a"), late, spend(ADA, 6, "v"), earn(ADA, 1, "b"), at=SOON) == [
        Outcome("posted", 5, 5, 1, 0, 0),
        Outcome("posted", 30, 35, 2, 0, 0),
        Outcome("insufficient", 0, 5, 0, 0, 0),
        Outcome("posted", 1, 6, 4, 0, 0),
    ]
    assert kinds(tx, ADA) == ["earn", "earn", "expire", "earn"]
    assert sorted(told(tx)) == [
        ("points.earned", ADA, 1, 6, "b"),
        ("points.earned", ADA, 5, 5, "a"),
        ("points.earned", ADA, 30, 35, "late"),
        ("points.expired", ADA, 30, 5, "@expire:3"),
    ]
    assert ledger.audit(tx) == []


def test_taking_back_an_earn_takes_from_its_own_lot_then_from_what_expires_first(tx: Transaction) -> None:
    post(tx, earn(CLEO, 20, "a", SOON), earn(CLEO, 30, "b", LATER), earn(CLEO, 40, "c", LAST))
    post(tx, spend(CLEO, 25, "v"))  # leaves 25 of b, 40 of c
    assert post(tx, take_back(CLEO, 40, "ret_1", "c")) == [Outcome("posted", -40, 25, 5, 0, 0)]
    assert lots(tx, CLEO) == {LATER: 25}
    assert post(tx, take_back(CLEO, 10, "ret_2", "a")) == [Outcome("posted", -10, 15, 6, 0, 0)]
    assert lots(tx, CLEO) == {LATER: 15}
    assert told(tx)[-1] == ("points.reversed", CLEO, 10, 15, "ret_2")


def test_what_cannot_be_taken_back_becomes_a_debt_that_later_earns_pay_first(tx: Transaction) -> None:
    post(tx, earn(DAN, 50, "ord"), spend(DAN, 45, "v"))
    assert post(tx, take_back(DAN, 50, "ret", "ord")) == [Outcome("posted", -5, 0, 3, 0, 45)]
    assert balance(tx, DAN) == (0, 0, 45)
    assert statuses(post(tx, spend(DAN, 1, "w"))) == ["insufficient"]
    assert post(tx, earn(DAN, 40, "x"), earn(DAN, 25, "y")) == [
        Outcome("posted", 0, 0, 4, 0, -40),
        Outcome("posted", 20, 20, 5, 0, -5),
    ]
    assert balance(tx, DAN) == (20, 0, 0)
    assert tx.value("select data ->> 'debt_change' from facts where data ->> 'reference' = 'ret'") == "45"
    assert told(tx)[-1] == ("points.earned", DAN, 25, 20, "y")


def test_what_matures_pays_a_debt_first(tx: Transaction) -> None:
    post(tx, earn(DAN, 50, "ord"), spend(DAN, 50, "v"), take_back(DAN, 50, "ret", "ord"))
    post(tx, earn(DAN, 20, "p", matures_at=SOON), earn(DAN, 60, "q", matures_at=SOON + DAY))
    assert balance(tx, DAN, SOON + DAY) == (30, 0, 0)
    assert ledger.expire_due(tx, at=SOON + DAY) == 2
    assert balance(tx, DAN, SOON + DAY) == (30, 0, 0)
    assert told(tx)[-2:] == [("points.matured", DAN, 20, 0, "@mature:4"), ("points.matured", DAN, 60, 30, "@mature:5")]
    assert ledger.audit(tx) == []


def test_promises_pay_a_debt_in_the_order_of_maturing(tx: Transaction) -> None:
    post(tx, earn(DAN, 50, "ord"), spend(DAN, 50, "v"), take_back(DAN, 50, "ret", "ord"))
    post(tx, earn(DAN, 20, "p", LATER, matures_at=SOON + DAY), earn(DAN, 60, "q", LAST, matures_at=SOON))
    assert lots(tx, DAN, SOON + DAY) == {LATER: 20, LAST: 10}
    ledger.expire_due(tx, at=SOON + DAY)
    assert lots(tx, DAN, SOON + DAY) == {LATER: 20, LAST: 10}
    assert ledger.audit(tx) == []


def test_taking_back_a_promise_shrinks_it(tx: Transaction) -> None:
    post(tx, earn(BEN, 80, "ord", matures_at=SOON), earn(BEN, 7, "other", matures_at=SOON))
    assert post(tx, take_back(BEN, 30, "r1", "ord"), take_back(BEN, 20, "r2", "ord")) == [
        Outcome("posted", 0, 0, 3, -30, 0),
        Outcome("posted", 0, 0, 4, -20, 0),
    ]
    assert balance(tx, BEN) == (0, 37, 0)
    assert post(tx, take_back(BEN, 30, "r3", "ord")) == [Outcome("posted", 0, 0, 5, -30, 0)]
    assert ledger.lots(tx, BEN, at=NOON) == [ledger.Lot(LATER, 7, SOON)]
    assert balance(tx, BEN, SOON) == (7, 0, 0)


def test_giving_back_a_spend_fills_the_lots_it_came_from_last_taken_first(tx: Transaction) -> None:
    post(tx, earn(ADA, 20, "a", SOON), earn(ADA, 30, "b", LATER), spend(ADA, 45, "v"))
    assert post(tx, give_back(ADA, 25, "c1", "v")) == [Outcome("posted", 25, 30, 4, 0, 0)]
    assert lots(tx, ADA) == {LATER: 30}  # as if only 20 had been spent
    assert post(tx, give_back(ADA, 15, "c2", "v"), give_back(ADA, 5, "c3", "v"))[1] == Outcome("posted", 5, 50, 6, 0, 0)
    assert lots(tx, ADA) == {SOON: 20, LATER: 30}
    assert told(tx)[-1] == ("points.restored", ADA, 5, 50, "c3")


def test_giving_back_bit_by_bit_is_always_as_if_less_had_been_spent(tx: Transaction) -> None:
    held = [earn(ADA, points, f"e{points}", NOON + points * DAY) for points in (10, 11, 12, 13)]
    post(tx, *held, spend(ADA, 46, "v"))
    for number in range(9):
        post(tx, give_back(ADA, 5, f"g{number}", "v"))
        post(tx, *[earn(100 + number, p.amount, p.reference, p.expires_at) for p in held])
        post(tx, spend(100 + number, 46 - 5 * (number + 1), "v"))
        assert lots(tx, ADA) == lots(tx, 100 + number)


def test_points_given_back_after_their_lot_expired_live_for_the_grace(tx: Transaction) -> None:
    post(tx, earn(ADA, 20, "a", SOON), earn(ADA, 30, "b", LATER), spend(ADA, 50, "v"))
    post(tx, give_back(ADA, 50, "c", "v", grace=3 * DAY), at=SOON)
    assert lots(tx, ADA, SOON) == {SOON + 3 * DAY: 20, LATER: 30}
    assert lots(tx, ADA, SOON + 3 * DAY) == {LATER: 30}
    assert ledger.audit(tx) == []


def test_points_given_back_pay_a_debt_first(tx: Transaction) -> None:
    post(tx, earn(DAN, 20, "a", SOON), earn(DAN, 30, "b", LATER), spend(DAN, 50, "v"), take_back(DAN, 20, "r", "a"))
    assert balance(tx, DAN) == (0, 0, 20)
    assert post(tx, give_back(DAN, 50, "c", "v")) == [Outcome("posted", 30, 30, 5, 0, -20)]
    assert lots(tx, DAN) == {LATER: 30}
    assert ledger.audit(tx) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (earn(ADA, 7, "again"), earn(ADA, 7, "again", LAST)),
        (earn(ADA, 7, "again", matures_at=SOON), earn(ADA, 7, "again", matures_at=SOON + DAY)),
        (spend(ADA, 7, "again"), spend(ADA, 7, "again")),
        (take_back(ADA, 7, "again", "ord"), take_back(ADA, 7, "again", "ord")),
        (give_back(ADA, 7, "again", "voucher"), give_back(ADA, 7, "again", "voucher", grace=DAY)),
    ],
)
def test_the_same_again_gets_the_first_answer_and_changes_nothing(
    tx: Transaction, first: ledger.Posting, second: ledger.Posting
) -> None:
    post(tx, earn(ADA, 100, "ord"), spend(ADA, 50, "voucher"))
    [done] = post(tx, first)
    post(tx, earn(ADA, 1, "something else"))
    before = everything(tx)
    [again] = post(tx, second, at=NOON + TICK)
    assert again == Outcome("replayed", done.amount, done.balance, done.seq, done.pending_change, done.debt_change)
    assert everything(tx) == before


@pytest.mark.parametrize(
    "other",
    [
        earn(ADA, 8, "used"),
        spend(ADA, 7, "used"),
        take_back(ADA, 7, "used", "ord"),
        give_back(ADA, 7, "used", "voucher"),
    ],
)
def test_a_reference_used_for_something_else_is_refused(tx: Transaction, other: ledger.Posting) -> None:
    post(tx, earn(ADA, 100, "ord"), spend(ADA, 50, "voucher"), earn(ADA, 7, "used"))
    before = everything(tx)
    assert statuses(post(tx, other)) == ["reference_reused"]
    assert everything(tx) == before


def test_a_reversal_repeated_of_another_entry_is_refused(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a"), earn(ADA, 10, "b"), take_back(ADA, 5, "r", "a"))
    assert statuses(post(tx, take_back(ADA, 5, "r", "b"), take_back(ADA, 5, "r", "a"))) == [
        "reference_reused",
        "replayed",
    ]


def test_a_reference_belongs_to_one_account(tx: Transaction) -> None:
    assert (
        statuses(post(tx, earn(ADA, 1, "same"), earn(BEN, 2, "same"), earn(ADA, 3, "same", point_type="stars")))
        == ["posted"] * 3
    )
    assert balance(tx, ADA) == (1, 0, 0)
    assert ledger.balance(tx, ADA, at=NOON, point_type="stars").available == 3


def test_a_batch_holds_its_own_repetitions_and_reversals(tx: Transaction) -> None:
    outcomes = post(
        tx,
        take_back(ADA, 1, "r0", "e"),  # before what it undoes
        earn(ADA, 10, "e", LATER),
        earn(ADA, 10, "e", LATER),
        earn(ADA, 11, "e", LATER),
        spend(ADA, 6, "v"),
        take_back(ADA, 3, "r1", "e"),
        take_back(ADA, 3, "r1", "e"),
        take_back(ADA, 8, "r2", "e"),
        take_back(ADA, 7, "r3", "e"),
        give_back(ADA, 2, "g1", "v"),
        give_back(ADA, 5, "g2", "v"),
        give_back(ADA, 4, "g3", "v"),
        earn(ADA, 10, "e"),
    )
    assert [(outcome.status, outcome.amount, outcome.balance, outcome.seq) for outcome in outcomes] == [
        ("nothing_to_reverse", 0, 0, 0),
        ("posted", 10, 10, 1),
        ("replayed", 10, 10, 1),
        ("reference_reused", 10, 10, 1),
        ("posted", -6, 4, 2),
        ("posted", -3, 1, 3),
        ("replayed", -3, 1, 3),
        ("exceeds", 7, 1, 0),
        ("posted", -1, 0, 4),  # and 6 become a debt
        ("posted", 0, 0, 5),
        ("exceeds", 4, 0, 0),
        ("posted", 0, 0, 6),
        ("replayed", 10, 10, 1),
    ]
    assert balance(tx, ADA) == (0, 0, 0)
    assert ledger.audit(tx) == []


def test_a_promise_made_and_taken_back_in_one_batch_leaves_what_is_left(tx: Transaction) -> None:
    promise = earn(BEN, 10, "p", matures_at=SOON)
    assert statuses(post(tx, promise, take_back(BEN, 4, "r", "p"))) == ["posted", "posted"]
    assert balance(tx, BEN) == (0, 6, 0)
    whole = earn(BEN, 10, "q", matures_at=SOON)
    post(tx, whole, take_back(BEN, 10, "s", "q"))
    assert balance(tx, BEN) == (0, 6, 0)
    assert ledger.audit(tx) == []


@pytest.mark.parametrize(
    "reversal",
    [
        take_back(ADA, 1, "r", "unheard-of"),
        give_back(ADA, 1, "r", "unheard-of"),
        take_back(ADA, 1, "r", "voucher"),  # a spend
        give_back(ADA, 1, "r", "ord"),  # an earn
        take_back(ADA, 1, "r", "returned"),  # itself a reversal
        give_back(ADA, 1, "r", "refunded"),
        take_back(BEN, 1, "r", "ord"),  # another account
        take_back(ADA, 1, "r", "ord", point_type="stars"),
    ],
)
def test_only_what_there_is_can_be_undone(tx: Transaction, reversal: ledger.Posting) -> None:
    post(tx, earn(ADA, 100, "ord"), spend(ADA, 50, "voucher"))
    post(tx, take_back(ADA, 5, "returned", "ord"), give_back(ADA, 5, "refunded", "voucher"))
    post(tx, earn(BEN, 1, "x"), earn(ADA, 1, "x", point_type="stars"))
    before = everything(tx)
    assert statuses(post(tx, reversal)) == ["nothing_to_reverse"]
    assert everything(tx) == before


@pytest.mark.parametrize("reversal", [take_back(ADA, 96, "r", "ord"), give_back(ADA, 46, "r", "voucher")])
def test_no_more_can_be_undone_than_is_left(tx: Transaction, reversal: ledger.Posting) -> None:
    post(tx, earn(ADA, 100, "ord"), spend(ADA, 50, "voucher"))
    post(tx, take_back(ADA, 5, "returned", "ord"), give_back(ADA, 5, "refunded", "voucher"))
    before = everything(tx)
    [outcome] = post(tx, reversal)
    assert (outcome.status, outcome.amount) == ("exceeds", reversal.amount - 1)
    assert everything(tx) == before


def test_one_posting_raises_what_a_batch_answers(tx: Transaction) -> None:
    ledger.earn(tx, ADA, 10, reference="ord", at=NOON)
    ledger.spend(tx, ADA, 4, reference="v", at=NOON)
    with pytest.raises(ReferenceReused, match="'ord' was posted before"):
        ledger.earn(tx, ADA, 11, reference="ord", at=NOON)
    with pytest.raises(NothingToReverse, match="no earn with reference 'v'"):
        ledger.reverse_earn(tx, ADA, 1, reference="r", reverses="v", at=NOON)
    with pytest.raises(NothingToReverse, match="no spend with reference 'ord'"):
        ledger.reverse_spend(tx, ADA, 1, reference="r", reverses="ord", at=NOON)
    with pytest.raises(ReversesTooMuch, match="'ord' only 10 are left to undo, not 11"):
        ledger.reverse_earn(tx, ADA, 11, reference="r", reverses="ord", at=NOON)
    assert ledger.reverse_earn(tx, ADA, 2, reference="r", reverses="ord", at=NOON).balance == 4
    assert ledger.reverse_spend(tx, ADA, 4, reference="s", reverses="v", at=NOON).balance == 8
    assert ledger.reverse_spend(tx, ADA, 4, reference="s", reverses="v", at=NOON).status == "replayed"


def test_a_refused_item_hinders_no_other(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "old"), earn(BEN, 10, "old"))
    outcomes = post(
        tx,
        earn(ADA, 1, "a"),
        earn(ADA, 2, "old"),
        spend(BEN, 1000, "b"),
        take_back(BEN, 1, "c", "nowhere"),
        take_back(BEN, 11, "d", "old"),
        spend(BEN, 10, "e"),
        earn(ADA, 10, "old"),
    )
    assert statuses(outcomes) == [
        "posted",
        "reference_reused",
        "insufficient",
        "nothing_to_reverse",
        "exceeds",
        "posted",
        "replayed",
    ]
    assert balance(tx, ADA) == (11, 0, 0)
    assert balance(tx, BEN) == (0, 0, 0)
    assert [fact[-1] for fact in told(tx)] == ["old", "old", "a", "e"]


def test_answers_come_in_the_order_of_the_postings_whatever_the_accounts(tx: Transaction) -> None:
    postings = [earn(member_id, member_id, f"e{member_id}") for member_id in (9, 3, 7, 1, 8, 2)]
    assert [outcome.amount for outcome in post(tx, *postings)] == [9, 3, 7, 1, 8, 2]
    assert [fact[1] for fact in told(tx)] == [9, 3, 7, 1, 8, 2]


def test_a_batch_equals_its_postings_one_at_a_time(tx: Transaction) -> None:
    postings = [
        earn(ADA, 10, "a", SOON),
        spend(ADA, 4, "b"),
        earn(ADA, 10, "c", NOON + DAY),  # expires sooner, yet comes after the spend
        spend(ADA, 3, "d"),
        take_back(ADA, 10, "e", "a"),
        give_back(ADA, 4, "f", "b"),
    ]
    together = _after(tx, [postings])
    assert together == _after(tx, [[posting] for posting in postings])
    assert together[1] == {NOON + DAY: 3, SOON: 4}


def _after(tx: Transaction, batches: list[list[ledger.Posting]]) -> tuple[list[Outcome], dict[Any, int]]:
    with tx.connection.transaction(force_rollback=True):
        return [outcome for batch in batches for outcome in post(tx, *batch)], lots(tx, ADA)


def test_no_postings_are_no_work(tx: Transaction) -> None:
    before = everything(tx)
    assert post(tx) == []
    assert everything(tx) == before


def test_references_may_hold_any_printable_text(tx: Transaction) -> None:
    names = ['quoted "twice"', "back\\slash", "{brace,comma}", "NULL", "积分", "it's", "100%"]
    assert statuses(post(tx, *[earn(ADA, 1, name) for name in names])) == ["posted"] * len(names)
    assert statuses(post(tx, *[earn(ADA, 1, name) for name in names])) == ["replayed"] * len(names)
    assert [entry.reference for entry in reversed(ledger.statement(tx, ADA))] == names
    assert ledger.audit(tx) == []


def test_the_largest_amounts_fit(tx: Transaction) -> None:
    post(tx, *[earn(ADA, 10**12, f"e{number}") for number in range(1000)])
    assert balance(tx, ADA) == (10**15, 0, 0)
    assert ledger.totals(tx)[0].issued == 10**15


def test_two_members_are_never_mixed_up_should_their_account_ids_meet(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a"))
    tx.run("update ledger_accounts set member_id = %(ben)s", ben=BEN)
    with pytest.raises(Exception, match="an account belongs to another member"), tx.savepoint():
        post(tx, earn(ADA, 10, "b"))
    assert len(ledger.statement(tx, ADA)) == 1
