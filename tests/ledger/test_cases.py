"""The hard cases of the field that a ledger alone can answer, by their number in docs/explanation/ledger.md."""

import itertools
from concurrent.futures import ThreadPoolExecutor

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
)
from regulars import ledger
from regulars.ledger import past
from regulars.storage import Database, Transaction


def test_case_01_a_return_after_the_points_were_spent_leaves_a_visible_debt(tx: Transaction) -> None:
    post(tx, earn(CLEO, 1000, "ord"), spend(CLEO, 900, "voucher"), take_back(CLEO, 600, "ret", "ord"))
    assert balance(tx, CLEO) == (0, 0, 500)
    entry = ledger.statement(tx, CLEO, limit=1)[0]
    assert (entry.kind, entry.amount, entry.debt_change) == ("clawback", -100, 500)
    assert ledger.totals(tx)[0].debt == 500


@pytest.mark.parametrize("order", list(itertools.permutations([("r1", 40), ("r2", 35), ("r3", 25)])))
def test_case_02_several_partial_returns_never_take_back_more_than_was_earned(
    tx: Transaction, order: list[tuple[str, int]]
) -> None:
    post(tx, earn(CLEO, 100, "ord"), earn(CLEO, 50, "other"))
    assert statuses(post(tx, *[take_back(CLEO, amount, name, "ord") for name, amount in order])) == ["posted"] * 3
    assert statuses(post(tx, take_back(CLEO, 1, "r4", "ord"))) == ["exceeds"]
    assert balance(tx, CLEO) == (50, 0, 0)


def test_case_04_restored_points_return_to_their_lots_with_a_grace_where_those_expired(tx: Transaction) -> None:
    post(tx, earn(CLEO, 30, "a", SOON), earn(CLEO, 70, "b", LATER), spend(CLEO, 80, "paid with points"))
    post(tx, give_back(CLEO, 40, "ret 1", "paid with points"))
    assert lots(tx, CLEO) == {LATER: 60}
    returned_late = LATER - DAY
    post(tx, give_back(CLEO, 40, "ret 2", "paid with points"), at=returned_late)
    assert lots(tx, CLEO, returned_late) == {LATER: 70, returned_late + ledger.GRACE: 30}
    assert statuses(post(tx, give_back(CLEO, 1, "ret 3", "paid with points"), at=returned_late)) == ["exceeds"]


def test_case_06_the_earliest_expiry_is_spent_first_not_the_oldest_points(tx: Transaction) -> None:
    post(
        tx,
        earn(ADA, 10, "first", None),
        earn(ADA, 10, "second", LATER),
        earn(ADA, 10, "third", SOON),
        spend(ADA, 15, "v"),
    )
    assert lots(tx, ADA) == {LATER: 5, None: 10}


def test_case_07_expiry_takes_only_what_is_left_of_a_lot(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", SOON), earn(ADA, 50, "b", LATER), spend(ADA, 90, "v"))
    assert ledger.expire_due(tx, at=SOON) == 1
    assert balance(tx, ADA, SOON) == (50, 0, 0)
    assert ledger.statement(tx, ADA, limit=1)[0].amount == -10


def test_case_08_the_last_instant_counts_whether_or_not_the_job_has_run(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", SOON), earn(BEN, 10, "a", SOON))
    assert balance(tx, ADA, SOON - TICK) == (10, 0, 0)
    assert balance(tx, ADA, SOON) == (0, 0, 0)
    assert ledger.expire_due(tx, at=SOON - TICK) == 0
    assert statuses(post(tx, spend(ADA, 10, "v"), at=SOON - TICK)) == ["posted"]
    assert statuses(post(tx, spend(BEN, 10, "v"), at=SOON)) == ["insufficient"]
    assert kinds(tx, BEN) == ["earn", "expire"]  # the spend found out, before any job
    assert ledger.expire_due(tx, at=SOON) == 0


@pytest.mark.parametrize("matured_first", [True, False])
@pytest.mark.parametrize("settled", [True, False])
def test_case_12_a_promise_and_its_return_end_alike_in_any_order(
    tx: Transaction, *, matured_first: bool, settled: bool
) -> None:
    post(tx, earn(CLEO, 100, "ord", matures_at=SOON))
    returned_at = SOON + DAY if matured_first else SOON - DAY
    if settled:
        ledger.expire_due(tx, at=returned_at)
    post(tx, take_back(CLEO, 30, "ret", "ord"), at=returned_at)
    assert balance(tx, CLEO, SOON + 2 * DAY) == (70, 0, 0)
    assert lots(tx, CLEO, SOON + 2 * DAY) == {LATER: 70}
    assert ledger.audit(tx) == []


def test_case_13_what_lapsed_by_itself_is_undone_and_leaves_nothing_to_take_back(tx: Transaction) -> None:
    promise = earn(CLEO, 100, "ord", matures_at=SOON, awaits="delivered", lapses=True)
    post(tx, promise, earn(CLEO, 50, "other"), take_back(CLEO, 30, "ret 1", "ord"))
    [early, late] = post(tx, take_back(CLEO, 20, "ret 2", "ord"), take_back(CLEO, 71, "ret 3", "ord"), at=SOON - TICK)
    assert (early.status, late.status, late.amount) == ("posted", "exceeds", 50)
    [refused] = post(tx, take_back(CLEO, 1, "ret 4", "ord"), at=SOON)  # the job has not come by
    assert (refused.status, refused.amount) == ("exceeds", 0)
    assert balance(tx, CLEO, SOON) == (50, 0, 0)
    entry = ledger.statement(tx, CLEO, limit=1)[0]
    assert (entry.kind, entry.pending_change, entry.reverses) == ("lapse", -50, 1)
    assert past.holding(tx, CLEO, as_of=SOON, known_at=SOON).balance == ledger.balance(tx, CLEO, at=SOON)
    assert ledger.audit(tx) == []


def test_case_14_two_hundred_at_once_spend_exactly_what_there_is(database: Database) -> None:
    with database.transaction() as tx:
        ledger.earn(tx, ADA, 1005, reference="ord", at=NOON)
    wide = Database(database.url, pool_size=24)

    def try_to_spend(number: int) -> bool:
        try:
            with wide.transaction() as tx:
                return ledger.spend(tx, ADA, 10, reference=f"v{number}", at=NOON).status == "posted"
        except ledger.InsufficientPoints:
            return False

    with ThreadPoolExecutor(200) as threads:
        assert sum(threads.map(try_to_spend, range(200))) == 100
    wide.close()
    with database.transaction() as tx:
        assert balance(tx, ADA) == (5, 0, 0)
        assert ledger.audit(tx) == []
        assert tx.value("select count(*) from facts where name = 'points.spent'") == 100


def test_case_15_orders_confirmed_together_are_checked_one_after_the_other(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "ord"))
    assert statuses(post(tx, *[spend(ADA, 60, f"order {number}") for number in (1, 2)], spend(ADA, 40, "order 3"))) == [
        "posted",
        "insufficient",
        "posted",
    ]
    assert balance(tx, ADA) == (0, 0, 0)


def test_case_16_a_lost_answer_is_given_again(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "ord"))
    first = ledger.spend(tx, ADA, 60, reference="checkout", at=NOON)
    post(tx, earn(ADA, 500, "meanwhile"))
    before = everything(tx)
    again = ledger.spend(tx, ADA, 60, reference="checkout", at=NOON + DAY)
    assert (again.status, again.balance, again.seq) == ("replayed", first.balance, first.seq)
    assert everything(tx) == before


def test_case_17_a_late_document_keeps_its_own_time_and_is_posted_in_ours(tx: Transaction) -> None:
    sold_at = NOON - 40 * DAY
    [outcome] = post(tx, ledger.Posting("earn", DAN, 5, "till 3, receipt 12", sold_at, LATER))
    [again] = post(tx, ledger.Posting("earn", DAN, 5, "till 3, receipt 12", sold_at, LATER), at=NOON + DAY)
    entry = ledger.statement(tx, DAN)[0]
    assert (entry.occurred_at, entry.posted_at) == (sold_at, NOON)
    assert (outcome.status, again.status) == ("posted", "replayed")


def test_case_18_a_document_of_a_closed_period_is_posted_in_the_open_one_and_rewrites_nothing(tx: Transaction) -> None:
    """Earned in March, to expire with April; learned of in June, when both are closed and reported."""
    march, april_ends, june = NOON, NOON + 40 * DAY, NOON + 90 * DAY
    post(tx, earn(DAN, 70, "may", LAST), at=NOON + 60 * DAY)
    reported = past.totals(tx, as_of=april_ends, known_at=june - DAY)
    before = tx.rows("select seq, hash from ledger_entries order by seq")
    post(tx, ledger.Posting("earn", DAN, 30, "till 3, receipt 12", march, april_ends), at=june)
    entries = ledger.statement(tx, DAN)
    assert [(one.kind, one.amount, one.occurred_at, one.posted_at) for one in entries[:2]] == [
        ("expire", -30, april_ends, june),
        ("earn", 30, march, june),
    ]
    assert (
        tx.rows("select seq, hash from ledger_entries where seq <= %(known)s order by seq", known=len(before)) == before
    )
    assert past.totals(tx, as_of=april_ends, known_at=june - DAY) == reported
    assert reported[0].outstanding == 70
    assert past.totals(tx, as_of=april_ends - TICK, known_at=june)[0].outstanding == 70 + 30
    closed, open_ = ledger.Period(until=june), ledger.Period(since=june)
    assert past.carried(tx, DAN, period=closed).closing == past.carried(tx, DAN, period=open_).opening
    assert past.carried(tx, DAN, period=open_).entries == 2
    assert balance(tx, DAN, june) == (70, 0, 0)


def test_case_33_a_job_killed_half_way_or_run_twice_expires_each_lot_once(database: Database) -> None:
    with database.transaction() as tx:
        post(tx, *[earn(member_id, 10, "a", SOON if member_id % 2 else LAST) for member_id in range(1, 41)])
    with database.transaction() as tx:
        assert ledger.expire_due(tx, at=SOON, limit=5) == 5
    with pytest.raises(KeyboardInterrupt), database.transaction() as tx:
        assert ledger.expire_due(tx, at=SOON, limit=10) == 10
        raise KeyboardInterrupt
    done = []
    for _ in range(3):
        with database.transaction() as tx:
            done.append(ledger.expire_due(tx, at=SOON, limit=10))
    assert done == [10, 5, 0]
    with database.transaction() as tx:
        assert tx.value("select count(*) from facts where name = 'points.expired'") == 20
        assert ledger.totals(tx)[0].outstanding == 200
        assert ledger.audit(tx) == []
