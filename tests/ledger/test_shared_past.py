"""Points that are shared: their past, their statement, what lets them live on, and what the desk sees of them."""

from datetime import datetime

import pytest

import citus
from conftest import NOON
from ledger.making import ADA, BEN, DAN, DAY, LATER, SOON, earn, everything, lots, post, spend, statuses, take_back
from regulars import ledger
from regulars.ledger import Active, NotShareable, Posting, desk, past
from regulars.storage import Transaction

pytestmark = pytest.mark.skipif(citus.URL is not None, reason="no account joins another where the ledger is spread")

HOME = ledger.pool(77)
JOINED, LEFT = NOON + 2 * DAY, NOON + 6 * DAY


def held(
    tx: Transaction, member_id: int, as_of: datetime, known_at: datetime | None = None
) -> tuple[int, int, int, int]:
    one = past.holding(tx, member_id, as_of=as_of, known_at=known_at or as_of).balance
    return one.available, one.pending, one.held, one.debt


def join(tx: Transaction, *members: int, at: datetime = JOINED) -> None:
    for member_id in members:
        ledger.join(tx, member_id, HOME, reference="in", at=at)


def hold(member_id: int, amount: int, reference: str, until: datetime) -> Posting:
    return Posting("hold", member_id, amount, reference, NOON, until)


def test_the_past_is_a_members_own_until_joining_and_after_leaving_and_all_of_theirs_between(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"), earn(BEN, 20, "a"))
    join(tx, ADA, BEN)
    post(tx, Posting("spend", BEN, 30, "v", JOINED + DAY), at=JOINED + DAY)
    ledger.leave(tx, ADA, HOME, share=50, reference="out", at=LEFT)
    now = LEFT + DAY
    for known_at in (None, now):
        assert held(tx, ADA, JOINED - DAY, known_at) == (100, 0, 0, 0)
        assert held(tx, ADA, JOINED, known_at) == held(tx, BEN, JOINED, known_at) == (120, 0, 0, 0)
        assert held(tx, ADA, LEFT - DAY, known_at) == (90, 0, 0, 0)
        assert held(tx, ADA, LEFT, known_at) == (50, 0, 0, 0)
        assert held(tx, BEN, LEFT, known_at) == (40, 0, 0, 0)
    assert held(tx, ADA, now, JOINED - DAY) == (100, 0, 0, 0)  # what was then to be expected
    then = past.holding(tx, ADA, as_of=JOINED, known_at=now)
    assert (then.shared_with, past.holding(tx, ADA, as_of=now, known_at=now).shared_with) == (
        ledger.shared_with(tx, BEN), None,
    )  # fmt: skip


def test_what_moved_matures_lapses_ends_and_is_owed_in_the_past_as_it_was(tx: Transaction) -> None:
    ends = SOON + DAY
    post(tx, earn(ADA, 40, "a", LATER), earn(ADA, 7, "p", LATER, matures_at=SOON, awaits="event"))
    post(tx, earn(ADA, 5, "q", LATER, matures_at=SOON, awaits="event", lapses=True), hold(ADA, 10, "h", ends))
    post(tx, earn(DAN, 9, "d"), spend(DAN, 9, "v"), take_back(DAN, 9, "t", "d"))
    post(tx, Posting("capture", ADA, 3, "c", NOON, reverses="h"))
    join(tx, ADA, DAN)
    assert held(tx, DAN, JOINED - DAY, JOINED) == (0, 0, 0, 9)
    assert held(tx, DAN, JOINED) == held(tx, ADA, JOINED) == (30 - 9, 12, 7, 0)
    waiting = [lot for lot in past.holding(tx, DAN, as_of=JOINED, known_at=JOINED).lots if lot.matures_at]
    assert sorted((lot.amount, lot.matures_at, lot.awaits, lot.lapses, lot.expires_at) for lot in waiting) == [
        (5, SOON, "event", True, LATER), (7, SOON, "event", False, LATER),
    ]  # fmt: skip
    assert held(tx, ADA, SOON, JOINED) == (30 - 9 + 7, 0, 7, 0)  # looked ahead, no job has run
    assert held(tx, ADA, ends, JOINED) == (30 - 9 + 7 + 7, 0, 0, 0)
    ledger.expire_due(tx, at=ends)
    assert held(tx, ADA, ends) == held(tx, ADA, ends, JOINED)
    assert past.totals(tx, as_of=ends, known_at=ends) == ledger.totals(tx)


def test_the_statement_is_that_of_all_who_share_and_the_own_one_can_be_asked_for(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"))
    join(tx, ADA, BEN)
    post(tx, spend(BEN, 30, "v"))
    assert [(one.kind, ledger.told(one.reference)[1]) for one in ledger.statement(tx, ADA)] == [
        ("spend", BEN), ("receive", None), ("send", None), ("earn", None),
    ]  # fmt: skip
    assert [one.kind for one in ledger.statement(tx, BEN)] == ["spend"]  # what was there before is an opening line
    assert [one.kind for one in ledger.statement(tx, ADA, own=True)] == ["send", "earn"]
    assert past.carried(tx, ADA).closing.available == past.carried(tx, BEN).closing.available == 70
    [ada], [ben] = past.chapters(tx, ADA), past.chapters(tx, BEN)
    assert (ada.place, ada.began_at, ada.shared_with, ada.opening.available) == (3, JOINED, "hou_000000000002d", 0)
    assert (ben.place, ben.opening.available, past.carried(tx, BEN).found.available) == (1, 100, 100)
    told = [line.split(",")[3] for line in "".join(past.written(tx, BEN, as_json=False)).splitlines()]
    assert told == ["kind", "opening", "opening", "spend", "closing"]


def test_a_statement_goes_through_all_accounts_a_member_ever_had_and_adds_up(tx: Transaction) -> None:
    post(tx, earn(BEN, 500, "b"), earn(ADA, 100, "a"))
    join(tx, BEN)
    join(tx, ADA, at=JOINED + DAY)
    post(tx, Posting("spend", BEN, 30, "v", JOINED + 2 * DAY), at=JOINED + 2 * DAY)
    ledger.leave(tx, ADA, HOME, share=50, reference="out", at=LEFT)
    post(tx, Posting("earn", BEN, 7, "not ada's", LEFT + DAY), at=LEFT + DAY)
    post(tx, Posting("earn", ADA, 9, "alone", LEFT + DAY), at=LEFT + DAY)
    ledger.join(tx, ADA, DAN, reference="merged", at=LEFT + 2 * DAY)  # and then Dan joins the household
    ledger.join(tx, DAN, HOME, reference="in", at=LEFT + 3 * DAY)
    post(tx, Posting("spend", DAN, 1, "w", LEFT + 4 * DAY), at=LEFT + 4 * DAY)
    lines = ledger.statement(tx, ADA, limit=100)[::-1]
    assert [one.place for one in lines] == list(range(1, len(lines) + 1))
    assert [(one.kind, one.amount) for one in lines] == [
        ("earn", 100), ("send", -100), ("receive", 100), ("spend", -30), ("send", -50),
        ("receive", 50), ("earn", 9), ("send", -59), ("receive", 59), ("send", -59), ("receive", 59), ("spend", -1),
    ]  # fmt: skip
    opens = past.chapters(tx, ADA)
    assert [(one.place, one.opening.available) for one in opens] == [(3, 500), (6, 0), (9, 0), (11, 527)]
    for size in (1, 2, 5):
        paged, before = list[ledger.Entry](), None
        while page := ledger.statement(tx, ADA, limit=size, before=before):
            paged, before = [*paged, *page], page[-1].place
        assert paged == lines[::-1]
        paged, after = list[ledger.Entry](), 0
        while page := ledger.statement(tx, ADA, limit=size, after=after, kinds=["send", "receive"]):
            paged, after = [*paged, *page[::-1]], page[0].place
        assert paged == [one for one in lines if one.kind in ("send", "receive")]
    for since, until in ((None, None), (JOINED + DAY, None), (JOINED + 2 * DAY, LEFT), (LEFT + DAY, LEFT + 4 * DAY)):
        period = past.Period(since, until)
        sums = past.carried(tx, ADA, period=period)
        inside = ledger.statement(tx, ADA, limit=100, period=period)
        assert sums.entries == len(inside)
        change = sum(one.amount for one in inside) + sums.found.available
        assert sums.opening.available + change == sums.closing.available
        if until is None:
            assert sums.closing == ledger.balance(tx, ADA, at=LEFT + 4 * DAY)


def test_a_debt_that_moved_is_told_as_such(tx: Transaction) -> None:
    post(tx, earn(DAN, 9, "d"), spend(DAN, 9, "v"), take_back(DAN, 9, "t", "d"))
    join(tx, DAN)
    [came, *_], [went, *_] = ledger.statement(tx, DAN), ledger.statement(tx, DAN, own=True)
    assert past.in_words(went) == "9 points that were owed are owed by an account that others share."
    assert past.in_words(came) == "9 points that another account owed are owed by this one."
    assert past.in_words(came, "zh_CN") == "转入其他账户所欠的 9 积分。"


def test_whoever_is_active_lets_all_that_is_shared_live_on(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", SOON), spend(ADA, 1, "v"))
    ledger.slide(tx, [Active(ADA, 2, SOON + DAY)], at=NOON)
    join(tx, ADA, BEN)
    [earned, spent] = post(tx, earn(BEN, 5, "e", SOON), spend(ADA, 1, "w"))
    assert earned.seq == 2  # as that of the activity before joining, which extended already
    active = [Active(BEN, earned.seq, LATER), Active(ADA, spent.seq, SOON)]
    assert ledger.slide(tx, active, at=JOINED) == 1
    assert lots(tx, ADA) == lots(tx, BEN) == {LATER: 13}
    before = everything(tx)
    assert ledger.slide(tx, active, at=JOINED) == 0
    assert everything(tx) == before
    assert ledger.audit(tx) == []


def test_what_lapsed_is_not_taken_back_wherever_the_promise_went(tx: Transaction) -> None:
    for name in ("before", "moved"):
        end = JOINED - DAY if name == "before" else SOON
        post(tx, earn(ADA, 5, name, LATER, matures_at=end, awaits="event", lapses=True))
    post(tx, earn(ADA, 5, "kept", LATER, matures_at=SOON, awaits="event"))
    join(tx, ADA)
    post(tx, earn(ADA, 5, "shared", LATER, matures_at=SOON, awaits="event", lapses=True), at=JOINED)
    names = ("before", "moved", "kept", "shared")

    def taken_back(at: datetime) -> list[str]:
        with tx.connection.transaction(force_rollback=True):
            return statuses(post(tx, *[take_back(ADA, 1, f"r-{name}", name) for name in names], at=at))

    assert taken_back(JOINED) == ["exceeds", "posted", "posted", "posted"]
    assert taken_back(SOON) == ["exceeds", "exceeds", "posted", "exceeds"]
    assert ledger.audit(tx) == []


def test_the_desk_sees_what_is_shared_and_gives_back_a_hold_of_it(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"), hold(ADA, 10, "basket", LATER))
    join(tx, ADA, BEN)
    [account] = desk.accounts(tx, BEN, at=JOINED)
    assert (account.balance.available, account.balance.held, account.entries) == (90, 10, 2)
    [one] = desk.open_holds(tx, at=JOINED)
    assert (one.member_id, one.reference, one.remaining) == (ADA, "basket", 10)
    desk.release_hold(tx, BEN, one.seq, reason="abandoned", by="olga", at=JOINED)
    assert held(tx, ADA, JOINED) == (100, 0, 0, 0)
    with pytest.raises(desk.HoldNotFound):
        desk.release_hold(tx, BEN, one.seq, reason="abandoned", by="olga", at=JOINED)


def test_nobody_shares_where_the_ledger_is_spread(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a"))
    before = everything(tx)
    spread = Transaction(tx.connection)
    spread.shards = (0,) * 256
    with pytest.raises(NotShareable, match="transfer them"):
        ledger.join(spread, ADA, HOME, reference="in", at=NOON)
    with pytest.raises(NotShareable):
        ledger.merge(spread, ADA, BEN, reference="in", at=NOON)
    assert everything(tx) == before
    assert ledger.shared_with(spread, ADA) is None
