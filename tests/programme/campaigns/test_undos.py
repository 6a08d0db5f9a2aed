"""Undoing what a campaign gave: seen before, decided on, once, and right whatever comes back before or after."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import make
from conftest import NOON
from programme.campaigns.campaigning import bonus, budget, campaign, double, has, publish, sell, taken
from regulars import commerce, jobs, ledger, members, programme
from regulars.programme import undos
from regulars.storage import Transaction

HOUR = timedelta(hours=1)
POT = budget(amount=10_000)


def world(tx: Transaction) -> list[int]:
    """Three orders: the first before two o'clock, the others after, all with 100 points of their own and 150 of the campaign's."""
    publish(
        tx, campaign("mistake", double(), bonus("extra", "50", terms=programme.Terms()), budget="pot"), pots=(POT,)
    )  # fmt: skip
    ids: list[int] = []
    for number, (name, hours) in enumerate([("ada", 0), ("ben", 2), ("cy", 3)]):
        at = NOON + hours * HOUR
        ids += sell(tx, make.order(str(number), name, make.line(quantity=2, unit_minor=500), placed_at=at), at=at)
    return ids


def run(tx: Transaction, undo_id: int) -> undos.Undo:
    while (one := undos.carry_on(tx, undo_id, at=NOON + 5 * HOUR, limit=1)).finished_at is None:
        pass
    return one


def propose(tx: Transaction, *, limit: int = 10**6) -> undos.Undo:
    return undos.propose(
        tx, "mistake", since=NOON + HOUR, until=NOON + 4 * HOUR, reason="a mistake", by="ada", limit=limit, at=NOON + 5 * HOUR
    )  # fmt: skip


LATE = NOON + 6 * HOUR


def test_what_it_gave_in_that_time_is_taken_back_and_nothing_else(tx: Transaction) -> None:
    world(tx)
    assert taken(tx, POT) == 450
    seen = undos.preview(tx, "mistake", since=NOON + HOUR, until=NOON + 4 * HOUR, at=LATE)
    assert (seen.orders, seen.members, seen.points, seen.short) == (2, 2, 300, 0)
    one = run(tx, propose(tx).undo_id)
    assert (one.state, one.orders_done, one.points_done) == ("finished", 2, 300)
    assert [has(tx, name, at=LATE) for name in ("ada", "ben", "cy")] == [250, 100, 100]
    assert taken(tx, POT) == 150
    assert ledger.audit(tx) == []


def test_it_is_never_undone_twice(tx: Transaction) -> None:
    world(tx)
    one = propose(tx)
    other = propose(tx)
    run(tx, one.undo_id)
    assert run(tx, other.undo_id).points_done == 0
    assert run(tx, one.undo_id).points_done == 300
    with pytest.raises(undos.NothingToUndo):
        propose(tx)
    assert has(tx, "ben", at=LATE) == 100


def test_who_has_spent_it_would_owe_it_and_that_is_told_before(tx: Transaction) -> None:
    world(tx)
    ben = members.by_external_id(tx, "ben", issuer="uk").member_id
    ledger.spend(tx, ben, 240, reference="spent", at=NOON + 4 * HOUR)
    seen = undos.preview(tx, "mistake", since=NOON + HOUR, until=NOON + 4 * HOUR, at=LATE)
    assert [(one.member_id, one.short) for one in seen.debtors] == [(ben, 140)]
    run(tx, propose(tx).undo_id)
    assert ledger.balance(tx, ben, at=LATE).debt == 140


def test_beyond_the_limit_somebody_else_decides(tx: Transaction) -> None:
    world(tx)
    one = propose(tx, limit=299)
    assert one.state == "proposed"
    with pytest.raises(undos.UndoNotApproved):
        undos.carry_on(tx, one.undo_id, at=LATE)
    with pytest.raises(undos.OwnUndo):
        undos.approve(tx, one.undo_id, by="ada", at=LATE)
    assert undos.approve(tx, one.undo_id, by="ben", at=LATE).state == "running"
    with pytest.raises(undos.UndoDecided):
        undos.reject(tx, one.undo_id, by="ben", at=LATE)
    while undos.going_on(tx, at=LATE, limit=1):
        pass
    assert undos.undo(tx, one.undo_id).state == "finished"
    assert has(tx, "cy", at=LATE) == 100


def test_what_is_given_after_it_was_proposed_is_not_undone_with_the_rest(tx: Transaction) -> None:
    world(tx)
    future = undos.propose(
        tx, "mistake", since=NOON + HOUR, until=NOON + 40 * HOUR, reason="a mistake", by="ada", limit=300, at=NOON + 4 * HOUR
    )  # fmt: skip
    assert (future.until - NOON < timedelta(hours=4, seconds=1), future.state) == (True, "running")
    sell(tx, make.order("9", "dan", make.line(quantity=2, unit_minor=500), placed_at=LATE), at=LATE)
    run(tx, future.undo_id)
    assert [has(tx, name) for name in ("ben", "cy", "dan")] == [100, 100, 250]


def test_the_decision_says_that_it_was_undone(tx: Transaction) -> None:
    ids = world(tx)
    run(tx, propose(tx).undo_id)
    why = tx.values("select verdicts from facts_decisions where subject_id = %(one)s order by decision_id", one=ids[1])
    assert [verdict[0] for verdict in why[-1]] == [100, -11, -11]


@given(
    st.permutations(["undo", "half", "rest", "cancel"]),
    st.integers(1, 4),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_it_comes_back_and_is_undone_the_order_keeps_what_it_is_worth(
    tx: Transaction, steps: list[str], count: int
) -> None:
    with tx.savepoint(undo=True):
        ids = world(tx)
        undone, back = False, 0
        for number, step in enumerate(steps[:count]):
            at = LATE + number * HOUR
            if step == "undo":
                one = propose(tx)
                run(tx, one.undo_id)
                undone = True
            elif step == "cancel":
                commerce.cancel_order(tx, ids[1], at=at)
                jobs.react_within(tx, at=at)
                back = 2
            elif back < 2:
                sell(tx, make.came_back(step, "ben", make.line(unit_minor=500), of="1", returned_at=at), at=at)
                back += 1
            kept = 2 - back
            worth = kept * 50 + (0 if undone or not kept else kept * 50 + 50)
            assert has(tx, "ben", at=at) == worth
            assert ledger.audit(tx) == []
        taken(tx, POT)


def test_what_was_undone_while_an_order_was_cancelled_does_not_come_again_when_it_is_reopened(tx: Transaction) -> None:
    ids = world(tx)
    commerce.cancel_order(tx, ids[1], at=LATE)
    jobs.react_within(tx, at=LATE)
    assert has(tx, "ben", at=LATE) == 0
    assert run(tx, propose(tx).undo_id).points_done == 150
    commerce.revise_order(tx, ids[1], [make.line(quantity=2, unit_minor=500, line_no=1)], at=LATE + HOUR)
    jobs.react_within(tx, at=LATE + HOUR)
    assert has(tx, "ben", at=LATE + HOUR) == 100
    assert taken(tx, POT) == 150


def test_many_small_undos_of_one_person_are_as_much_as_a_large_one(tx: Transaction) -> None:
    world(tx)

    def part(first: int, by: str, at: timedelta = 5 * HOUR) -> undos.Undo:
        since = NOON + first * HOUR
        one = undos.propose(
            tx, "mistake", since=since, until=since + HOUR, reason="a mistake", by=by, limit=299, at=NOON + at
        )
        return one if one.state == "proposed" else run(tx, one.undo_id)

    assert [part(2, "ada").state, part(3, "ada").state] == ["finished", "proposed"]
    assert part(3, "ben").state == "finished"
    assert part(0, "ada", 40 * make.DAY).state == "finished"


def test_those_of_whom_most_is_missing_are_told_however_much_others_have_pending(tx: Transaction) -> None:
    gift = bonus("extra", "50", terms=programme.Terms(pending=ledger.AfterSpan(ledger.Span(14, "day"))))
    publish(tx, campaign("mistake", gift, bonus("now", "30", terms=programme.Terms())), earning=())
    at = NOON + 2 * HOUR
    sell(tx, *(make.order(name, name, placed_at=at) for name in ("ada", "ben", "cy")), at=at)
    cy = members.by_external_id(tx, "cy", issuer="uk").member_id
    ledger.spend(tx, cy, 30, reference="spent", at=NOON + 3 * HOUR)
    span = {"since": NOON + HOUR, "until": NOON + 4 * HOUR}
    assert [(one.member_id, one.short) for one in undos.debtors(tx, "mistake", **span, limit=1)] == [(cy, 30)]
    seen = undos.preview(tx, "mistake", **span, at=LATE, limit=2)
    assert (seen.short, len(seen.debtors)) == (1, 1)
