"""As of any instant, as known at any instant: what counts, and what becomes of lots."""

from datetime import datetime

from conftest import NOON
from ledger.making import ADA, BEN, CLEO, DAN, DAY, LAST, LATER, SOON, TICK, earn, post, spend, take_back
from regulars import ledger
from regulars.ledger import Balance, Posting, past
from regulars.storage import Transaction


def held(tx: Transaction, member_id: int, as_of: datetime, known_at: datetime) -> tuple[Balance, dict]:
    found = past.holding(tx, member_id, as_of=as_of, known_at=known_at)
    return found.balance, {lot.expires_at: lot.amount for lot in found.lots if lot.matures_at is None}


def at(days: int) -> datetime:
    return NOON + days * DAY


def happened(posting: Posting, days: int) -> Posting:
    return Posting(
        posting.kind,
        posting.member_id,
        posting.amount,
        posting.reference,
        at(days),
        posting.expires_at,
        reverses=posting.reverses,
    )


def test_somebody_without_an_account_held_nothing(tx: Transaction) -> None:
    assert held(tx, BEN, NOON, NOON) == (Balance(0, 0, 0, 0), {})


def test_an_earn_of_march_posted_in_may_is_in_april_as_known_in_june_and_not_as_known_in_april(tx: Transaction) -> None:
    march, april, may, june = (datetime.fromisoformat(f"2026-0{month}-15T12:00:00+00:00") for month in (3, 4, 5, 6))
    post(tx, Posting("earn", ADA, 100, "till receipt", march, LAST), at=may)
    assert held(tx, ADA, april, june)[0].available == 100
    assert held(tx, ADA, april, april)[0].available == 0
    assert held(tx, ADA, june, april)[0].available == 0
    assert held(tx, ADA, march - TICK, june)[0].available == 0
    assert held(tx, ADA, march, may)[0].available == 100
    assert held(tx, ADA, may, may - TICK)[0].available == 0


def test_the_answer_is_the_same_before_the_job_and_after_it(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", SOON), earn(ADA, 50, "b", LAST, matures_at=SOON + DAY), earn(ADA, 7, "c", LAST))
    post(tx, Posting("hold", ADA, 60, "h", NOON, SOON + 2 * DAY))
    asked = [(as_of, known) for as_of in map(at, range(16)) for known in map(at, range(16))]
    before = [held(tx, ADA, *moments) for moments in asked]
    totals = [past.totals(tx, as_of=as_of, known_at=known) for as_of, known in asked[::7]]
    assert ledger.expire_due(tx, at=at(15)) == 3
    assert [held(tx, ADA, *moments) for moments in asked] == before
    assert [past.totals(tx, as_of=as_of, known_at=known) for as_of, known in asked[::7]] == totals


def test_the_boundary_is_exact_in_the_past_too(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", SOON), earn(ADA, 10, "b", LAST, matures_at=LATER))
    ledger.expire_due(tx, at=LAST - DAY)
    assert held(tx, ADA, SOON - TICK, LAST)[0] == Balance(100, 10, 0)
    assert held(tx, ADA, SOON, LAST)[0] == Balance(0, 10, 0)
    assert held(tx, ADA, LATER - TICK, LAST)[0] == Balance(0, 10, 0)
    assert held(tx, ADA, LATER, LAST)[0] == Balance(10, 0, 0)


def test_what_is_to_come_can_be_asked_as_it_was_expected(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", LATER))
    post(tx, spend(ADA, 40, "s"), at=at(3))
    assert held(tx, ADA, at(20), at(2))[1] == {LATER: 100}
    assert held(tx, ADA, at(20), at(3))[1] == {LATER: 60}
    assert held(tx, ADA, LATER, at(2))[0].available == 0


def test_a_late_spend_of_points_earned_later_is_made_up_for_by_what_expires_first(tx: Transaction) -> None:
    """Posted on day 5, it took the lot that expires on day 10, which was earned on day 4; it happened on day 2."""
    post(tx, earn(ADA, 100, "a", LAST))
    post(tx, happened(earn(ADA, 60, "b", SOON), 4), at=at(4))
    post(tx, happened(spend(ADA, 60, "s"), 2), at=at(5))
    assert held(tx, ADA, at(3), at(4)) == (Balance(100, 0, 0), {LAST: 100})
    assert held(tx, ADA, at(3), at(5)) == (Balance(40, 0, 0), {LAST: 40})
    assert held(tx, ADA, at(5), at(5)) == (Balance(100, 0, 0), {LAST: 100})


def test_a_late_spend_of_more_than_there_was_is_a_debt_of_that_time(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", LAST))
    post(tx, happened(earn(ADA, 90, "b", LAST), 4), at=at(4))
    post(tx, happened(spend(ADA, 60, "s"), 2), at=at(5))
    assert held(tx, ADA, at(3), at(5)) == (Balance(0, 0, 50), {})
    assert held(tx, ADA, at(4), at(5)) == (Balance(40, 0, 0), {LAST: 40})


def test_points_that_paid_a_debt_of_later_are_there_before_it(tx: Transaction) -> None:
    post(tx, earn(DAN, 50, "a", LAST), spend(DAN, 50, "s"))
    post(tx, happened(take_back(DAN, 50, "r", "a"), 4), at=at(4))
    post(tx, happened(earn(DAN, 80, "late", LATER), 2), at=at(5))
    assert held(tx, DAN, at(5), at(5)) == (Balance(30, 0, 0), {LATER: 30})
    assert held(tx, DAN, at(3), at(5)) == (Balance(80, 0, 0), {LATER: 80})
    assert past.totals(tx, as_of=at(3), known_at=at(5))[0].outstanding == 80


def test_nothing_counts_before_what_it_follows_from(tx: Transaction) -> None:
    """The return was noted before the sale, whose date is later."""
    post(tx, happened(earn(CLEO, 50, "o", LAST), 4), happened(take_back(CLEO, 20, "r", "o"), 2), at=at(9))
    assert held(tx, CLEO, at(3), at(9))[0] == Balance(0, 0, 0)
    assert held(tx, CLEO, at(4), at(9))[0] == Balance(30, 0, 0)


def test_points_that_had_expired_when_they_came_count_in_their_time(tx: Transaction) -> None:
    post(tx, Posting("earn", ADA, 30, "old", NOON, SOON), at=at(20))
    assert held(tx, ADA, at(5), at(20))[0].available == 30
    assert held(tx, ADA, SOON, at(20))[0].available == 0
    assert held(tx, ADA, at(5), at(19))[0].available == 0


def test_what_is_forgiven_at_once_was_never_owed(tx: Transaction) -> None:
    post(tx, earn(CLEO, 50, "o", LAST), spend(CLEO, 50, "s"))
    netted = Posting("reverse_earn", CLEO, 50, "r", at(2), reverses="o", shortfall="netted from the refund")
    post(tx, netted, at=at(6))
    assert held(tx, CLEO, at(3), at(6))[0] == Balance(0, 0, 0)


def test_a_hold_was_open_until_its_end(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", SOON), Posting("hold", ADA, 60, "h", NOON, at(20)))
    post(tx, Posting("capture", ADA, 20, "c", at(5), reverses="h"), at=at(5))
    assert held(tx, ADA, at(4), LATER)[0] == Balance(40, 0, 0, 60)
    assert held(tx, ADA, at(5), LATER)[0] == Balance(40, 0, 0, 40)
    assert held(tx, ADA, at(11), LATER)[0] == Balance(0, 0, 0, 40)
    assert held(tx, ADA, at(20), LATER) == (Balance(40, 0, 0, 0), {at(27): 40})
    assert held(tx, ADA, at(27), LATER)[0] == Balance(0, 0, 0, 0)


def test_totals_of_the_past_are_what_the_totals_were(tx: Transaction) -> None:
    kept = []
    for day in range(0, 12, 2):
        post(tx, earn(ADA, 10 + day, f"a{day}", at(day + 5)), earn(BEN, 5, f"b{day}", None), at=at(day))
        post(tx, spend(BEN, 3, f"s{day}"), at=at(day))
        ledger.expire_due(tx, at=at(day))
        kept.append((at(day), ledger.totals(tx)))
    assert [past.totals(tx, as_of=moment, known_at=moment) for moment, _ in kept] == [totals for _, totals in kept]


def test_a_read_of_the_past_never_takes_the_index_of_everybodys_times(tx: Transaction) -> None:
    """On analysed tables the planner prefers it, and looks at the whole journal for one account."""
    post(tx, *[earn(member_id, 1, "a", LAST) for member_id in range(1000, 3000)])
    tx.run("analyze ledger_entries")
    plan = tx.rows(
        "explain select * from ledger_past(%(account)s, %(account)s, %(at)s, %(at)s)",
        account=ledger.account_id(1000, "points"),
        at=NOON,
    )
    text = "\n".join(row[0] for row in plan)
    assert "ledger_entries_posted" not in text
    assert "Seq Scan on ledger_entries" not in text


def test_a_promise_shows_its_terms_though_its_event_has_come_since(tx: Transaction) -> None:
    post(tx, earn(ADA, 9, "a", None, matures_at=LATER, awaits="delivered:1", lapses=True))
    assert ledger.fulfil(tx, "delivered:1", at=at(2)) == 1
    [then] = past.holding(tx, ADA, as_of=at(1), known_at=at(1)).lots
    assert (then.amount, then.matures_at, then.awaits, then.lapses) == (9, LATER, "delivered:1", True)
    assert past.holding(tx, ADA, as_of=LATER, known_at=at(1)).balance == Balance(0, 0, 0)
    assert past.holding(tx, ADA, as_of=LATER, known_at=at(2)).balance == Balance(9, 0, 0)
