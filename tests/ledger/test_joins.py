"""Members who share their points, and two members who were one: nothing is stranded, nothing doubled."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import citus
from conftest import NOON
from ledger.making import (
    ADA,
    BEN,
    CLEO,
    DAN,
    DAY,
    LATER,
    SOON,
    TICK,
    balance,
    earn,
    give_back,
    kinds,
    lots,
    post,
    spend,
    statuses,
    take_back,
)
from regulars import ledger
from regulars.ledger import Posting, desk
from regulars.storage import Transaction

pytestmark = pytest.mark.skipif(citus.URL is not None, reason="no account joins another where the ledger is spread")

HOME, OTHER = ledger.pool(77), ledger.pool(78)


def join(tx: Transaction, member_id: int, target: int = HOME, reference: str = "in", at=NOON) -> ledger.Join:
    return ledger.join(tx, member_id, target, reference=reference, at=at)


def leave(tx: Transaction, member_id: int, share: int = 0, reference: str = "out") -> ledger.Join:
    return ledger.leave(tx, member_id, HOME, share=share, reference=reference, at=NOON)


def hold(member_id: int, amount: int, reference: str) -> Posting:
    return Posting("hold", member_id, amount, reference, NOON, SOON)


def follow(kind, member_id: int, amount: int, reference: str, held: str) -> Posting:
    return Posting(kind, member_id, amount, reference, NOON, reverses=held)


def test_whoever_joins_brings_all_points_with_their_expiry(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a", SOON), earn(ADA, 30, "b", LATER), earn(BEN, 20, "a", SOON))
    post(tx, earn(ADA, 7, "p", LATER, matures_at=SOON), hold(ADA, 10, "h"))
    done = join(tx, ADA)
    assert (done.available, done.pending, done.held, done.debt) == (70, 7, 10, 0)
    join(tx, BEN)
    for member_id in (ADA, BEN):
        found = ledger.balance(tx, member_id, at=NOON)
        assert (found.available, found.pending, found.held, found.debt) == (90, 7, 10, 0)
        assert lots(tx, member_id) == {SOON: 60, LATER: 30}
    assert ledger.audit(tx) == []


def test_what_one_earns_another_spends(tx: Transaction) -> None:
    join(tx, ADA)
    join(tx, BEN)
    assert statuses(post(tx, earn(ADA, 50, "r"), earn(BEN, 5, "r"), spend(BEN, 55, "v"), spend(ADA, 1, "w"))) == [
        "posted", "posted", "posted", "insufficient",
    ]  # fmt: skip
    assert statuses(post(tx, earn(ADA, 50, "r"), earn(BEN, 50, "r"))) == ["replayed", "reference_reused"]
    assert balance(tx, ADA) == balance(tx, BEN) == (0, 0, 0)
    assert ledger.audit(tx) == []


def test_what_was_posted_before_is_undone_with_the_points_shared(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a"), spend(ADA, 20, "v"), earn(BEN, 100, "b"))
    join(tx, ADA)
    join(tx, BEN)
    assert balance(tx, ADA) == (130, 0, 0)
    assert statuses(post(tx, give_back(ADA, 15, "g", "v"), take_back(ADA, 50, "c", "a"))) == ["posted", "posted"]
    assert balance(tx, BEN) == (95, 0, 0)
    assert statuses(post(tx, take_back(ADA, 1, "c2", "a"), give_back(ADA, 6, "g2", "v"))) == ["exceeds", "exceeds"]
    assert statuses(post(tx, give_back(ADA, 15, "g", "v"), take_back(ADA, 50, "c", "a"))) == ["replayed", "replayed"]
    assert balance(tx, BEN) == (95, 0, 0)
    assert ledger.audit(tx) == []


def test_promises_and_holds_follow_their_member_and_are_undone_by_their_own_references(tx: Transaction) -> None:
    post(tx, earn(ADA, 40, "a", LATER), earn(ADA, 30, "p", LATER, matures_at=SOON), hold(ADA, 25, "h"))
    post(tx, follow("capture", ADA, 5, "c1", "h"), follow("release", ADA, 2, "r1", "h"))
    post(tx, earn(BEN, 10, "p", LATER, matures_at=SOON))
    join(tx, ADA)
    join(tx, BEN)
    assert (
        statuses(
            post(
                tx,
                follow("capture", ADA, 8, "c2", "h"),
                take_back(ADA, 12, "t", "p"),
                take_back(BEN, 3, "t", "p"),
                give_back(ADA, 5, "g1", "c1"),
                give_back(ADA, 8, "g2", "c2"),
            )
        )
        == ["posted"] * 5
    )
    found = ledger.balance(tx, BEN, at=NOON)
    assert (found.available, found.pending, found.held) == (17 + 5 + 8, 18 + 7, 10)
    assert statuses(post(tx, follow("capture", BEN, 0, "c", "h"), follow("release", ADA, 11, "r2", "h"))) == [
        "nothing_to_reverse",
        "exceeds",
    ]
    assert ledger.expire_due(tx, at=SOON) == 3  # two promises and a hold, all of them theirs together
    found = ledger.balance(tx, ADA, at=SOON)
    assert (found.available, found.pending, found.held) == (30 + 25 + 10, 0, 0)
    assert ledger.audit(tx) == []


def test_an_event_fulfils_the_promises_that_moved(tx: Transaction) -> None:
    post(tx, earn(ADA, 30, "p", LATER, matures_at=SOON, awaits="delivered:1", lapses=True))
    join(tx, ADA)
    assert ledger.fulfil(tx, "delivered:1", at=NOON) == 1
    assert balance(tx, ADA) == (30, 0, 0)
    assert statuses(post(tx, take_back(ADA, 30, "t", "p"))) == ["posted"]
    assert balance(tx, ADA) == (0, 0, 0)
    assert ledger.audit(tx) == []


def test_debt_is_paid_by_those_who_share_and_what_is_missing_is_owed_by_all(tx: Transaction) -> None:
    post(tx, earn(DAN, 50, "d"), spend(DAN, 50, "v"), take_back(DAN, 40, "t", "d"), earn(BEN, 30, "b", SOON))
    join(tx, BEN)
    done = join(tx, DAN)
    assert (done.debt, done.available) == (40, 0)
    assert balance(tx, BEN) == balance(tx, DAN) == (0, 0, 10)
    post(tx, earn(BEN, 15, "more"))
    assert balance(tx, DAN) == (5, 0, 0)
    assert ledger.audit(tx) == []


def test_a_shortfall_is_only_what_all_of_them_lack(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a"), spend(ADA, 50, "v"), earn(BEN, 20, "b"))
    join(tx, BEN)
    join(tx, ADA)
    [done] = post(tx, take_back(ADA, 50, "t", "a", shortfall="netted from the refund"))
    assert (done.status, done.amount, done.debt_change) == ("posted", -20, 30)
    assert balance(tx, BEN) == (0, 0, 0)
    assert ledger.audit(tx) == []


def test_whoever_leaves_takes_a_share_along_and_leaves_the_rest(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a", SOON), earn(BEN, 50, "b", LATER))
    join(tx, ADA)
    join(tx, BEN)
    post(tx, earn(ADA, 9, "later", LATER), spend(ADA, 4, "v"))
    leave(tx, ADA, share=60)
    assert lots(tx, ADA) == {SOON: 46, LATER: 14}
    assert lots(tx, BEN) == {LATER: 45}
    assert leave(tx, ADA, share=60).left_by == "out"  # the same again
    assert statuses(post(tx, earn(ADA, 9, "later", LATER), spend(ADA, 4, "v"))) == ["replayed", "replayed"]
    assert statuses(post(tx, give_back(ADA, 4, "g", "v"), take_back(ADA, 9, "t", "later"))) == ["posted", "posted"]
    assert (balance(tx, ADA), balance(tx, BEN)) == ((60, 0, 0), (40, 0, 0))
    assert (
        statuses(post(tx, earn(ADA, 1, "own"), spend(ADA, 61, "all"), take_back(ADA, 50, "t2", "a"))) == ["posted"] * 3
    )
    assert (balance(tx, ADA), balance(tx, BEN)) == ((0, 0, 50), (40, 0, 0))
    assert ledger.audit(tx) == []


def test_a_household_that_ends_hands_over_everything_and_what_comes_later_too(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a"), earn(BEN, 20, "b"))
    join(tx, ADA)
    join(tx, BEN)
    post(tx, spend(BEN, 30, "v"), earn(BEN, 7, "p", LATER, matures_at=SOON), hold(BEN, 5, "h"))
    leave(tx, BEN)
    leave(tx, ADA)
    ledger.join(tx, HOME, ADA, reference="end", at=NOON)
    found = ledger.balance(tx, ADA, at=NOON)
    assert (found.available, found.pending, found.held) == (35, 7, 5)
    assert balance(tx, BEN) == (0, 0, 0)
    assert (
        statuses(
            post(tx, give_back(BEN, 10, "g", "v"), take_back(BEN, 7, "t", "p"), follow("release", BEN, 0, "r", "h"))
        )
        == ["posted"] * 3
    )
    found = ledger.balance(tx, ADA, at=NOON)
    assert (found.available, found.pending, found.held) == (50, 0, 0)
    assert ledger.audit(tx) == []


def test_case_28_merge_of_two_members_and_its_undoing(tx: Transaction) -> None:
    """Debts, pending lots, holds, other kinds of points, and the same order under both names."""
    post(tx, earn(ADA, 50, "a", SOON), earn(ADA, 5, "star", LATER, point_type="stars"))
    post(tx, earn(ADA, 8, "p", LATER, matures_at=SOON), spend(ADA, 10, "v"), hold(ADA, 6, "h"), earn(ADA, 3, "same"))
    post(tx, earn(DAN, 40, "d"), spend(DAN, 40, "w"), take_back(DAN, 15, "t", "d"))
    done = ledger.merge(tx, ADA, DAN, reference="one person", at=NOON)
    assert [(one.point_type, one.available, one.pending, one.held, one.debt) for one in done] == [
        ("points", 37, 8, 6, 0),
        ("stars", 5, 0, 0, 0),
    ]
    for member_id in (ADA, DAN):
        found = ledger.balance(tx, member_id, at=NOON)
        assert (found.available, found.pending, found.held, found.debt) == (22, 8, 6, 0)
        assert ledger.balance(tx, member_id, at=NOON, point_type="stars").available == 5
    assert ledger.merge(tx, ADA, DAN, reference="one person", at=NOON) == done
    assert statuses(post(tx, earn(ADA, 3, "same"), earn(DAN, 3, "same"), earn(ADA, 4, "new"))) == [
        "replayed", "posted", "posted",
    ]  # fmt: skip
    assert statuses(post(tx, give_back(ADA, 10, "g", "v"), follow("capture", ADA, 6, "c", "h"))) == ["posted"] * 2
    assert balance(tx, DAN) == (22 + 3 + 4 + 10, 8, 0)

    undone = ledger.unmerge(tx, ADA, DAN, reference="two after all", at=NOON)
    assert [one.join.left_by for one in undone] == ["two after all"] * 2
    assert balance(tx, ADA) == (22, 8, 0)  # what was brought and is there; what paid Dan's debt is not
    assert balance(tx, DAN) == (17, 0, 0)  # what was earned meanwhile stays
    assert ledger.unmerge(tx, ADA, DAN, reference="two after all", at=NOON) == undone
    assert statuses(post(tx, take_back(ADA, 4, "t4", "new"), take_back(ADA, 8, "t8", "p"))) == ["posted"] * 2
    assert (balance(tx, ADA), balance(tx, DAN)) == ((22, 0, 0), (13, 0, 0))
    assert ledger.audit(tx) == []


def test_of_a_merge_that_was_spent_what_is_left_comes_back(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a"), earn(BEN, 10, "b"))
    ledger.merge(tx, ADA, BEN, reference="m", at=NOON)
    post(tx, spend(BEN, 35, "v"))
    ledger.unmerge(tx, ADA, BEN, reference="u", at=NOON)
    assert (balance(tx, ADA), balance(tx, BEN)) == ((25, 0, 0), (0, 0, 0))
    assert ledger.audit(tx) == []


def test_a_merge_undone_gives_back_lots_promises_and_holds_and_says_what_it_cannot(tx: Transaction) -> None:
    end = NOON + 4 * DAY
    post(tx, earn(ADA, 30, "s", SOON), earn(ADA, 20, "l", LATER), earn(BEN, 10, "b", LATER))
    post(tx, earn(ADA, 7, "p", LATER, matures_at=SOON, awaits="event"), earn(ADA, 3, "q", LATER, matures_at=NOON + DAY))
    post(tx, Posting("hold", ADA, 5, "h", NOON, end), Posting("hold", ADA, 2, "k", NOON, end))
    post(tx, earn(DAN, 4, "d"), spend(DAN, 4, "v"), take_back(DAN, 4, "t", "d"))
    ledger.merge(tx, ADA, BEN, reference="m", at=NOON)
    post(tx, spend(BEN, 12, "w"), follow("capture", ADA, 5, "c", "h"))  # of what expires first: Ada's
    [undone] = ledger.unmerge(tx, ADA, BEN, reference="u", at=NOON + DAY)  # q has matured there meanwhile
    assert (undone.available, undone.pending, undone.held) == (11 + 20, 7, 2)
    assert undone.kept == ledger.Balance(12, 3, 0, 5)
    assert lots(tx, ADA, NOON + DAY) == {SOON: 11, LATER: 20}
    assert lots(tx, BEN, NOON + DAY) == {LATER: 13}
    assert ledger.unmerge(tx, ADA, BEN, reference="u", at=NOON + 2 * DAY) == [undone]
    assert statuses(post(tx, follow("release", ADA, 2, "r", "k"), at=NOON + DAY)) == ["posted"]  # by its own name
    assert ledger.fulfil(tx, "event", at=NOON + DAY) == 1
    assert balance(tx, ADA, NOON + DAY) == (11 + 20 + 2 + 7, 0, 0)
    ledger.merge(tx, DAN, BEN, reference="m", at=NOON + DAY)
    [dan] = ledger.unmerge(tx, DAN, BEN, reference="u", at=NOON + DAY)
    assert (dan.kept.debt, balance(tx, DAN, NOON + DAY)) == (4, (0, 0, 0))
    assert ledger.audit(tx) == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.lists(
        st.tuples(
            st.sampled_from(["earn", "promise", "hold", "spend"]), st.sampled_from([ADA, BEN]), st.integers(1, 40),
            st.integers(1, 5),
        ),
        max_size=14,
    ),
    later=st.booleans(),
)  # fmt: skip
def test_a_merge_undone_at_once_changes_nothing(
    tx: Transaction, data: list[tuple[str, int, int, int]], *, later: bool
) -> None:
    with tx.connection.transaction(force_rollback=True):
        for number, (kind, who, amount, days) in enumerate(data):
            name, until = f"r{number}", NOON + days * DAY
            if kind == "promise":
                post(tx, earn(who, amount, name, LATER, matures_at=until, awaits=None if days % 2 else "e"))
            elif kind == "hold":
                post(tx, Posting("hold", who, amount, name, NOON, until))
            else:
                post(tx, earn(who, amount, name, until) if kind == "earn" else spend(who, amount, name))
        at = NOON + (DAY - TICK if later else timedelta(0))
        before = [_has(tx, who, at) for who in (ADA, BEN)]
        ledger.merge(tx, ADA, BEN, reference="m", at=NOON)
        for one in ledger.unmerge(tx, ADA, BEN, reference="u", at=at):
            assert one.kept == ledger.Balance(0, 0, 0, 0)
        assert [_has(tx, who, at) for who in (ADA, BEN)] == before
        assert ledger.audit(tx) == []


def _has(tx: Transaction, who: int, at: datetime) -> object:
    held = [(ledger.told(one.reference)[0], one.remaining, one.held_until) for one in ledger.holds(tx, who, at=at)]
    lots = sorted(ledger.lots(tx, who, at=at), key=repr)
    return ledger.balance(tx, who, at=at), lots, sorted(held)


def test_a_member_merged_into_one_of_a_household_shares_there(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a"), earn(BEN, 10, "b"), spend(ADA, 5, "v"))
    join(tx, BEN)
    ledger.merge(tx, ADA, BEN, reference="m", at=NOON)
    post(tx, earn(ADA, 1, "n"), give_back(ADA, 5, "g", "v"))
    assert balance(tx, ADA) == balance(tx, BEN) == (61, 0, 0)
    leave(tx, BEN, share=20)
    post(tx, earn(ADA, 2, "o"))
    assert balance(tx, ADA) == balance(tx, BEN) == (22, 0, 0)
    assert statuses(post(tx, earn(ADA, 1, "n"))) == ["replayed"]
    assert ledger.audit(tx) == []


def test_a_statement_says_whose_each_entry_is(tx: Transaction) -> None:
    post(tx, earn(ADA, 5, "old"))
    join(tx, ADA)
    join(tx, BEN)
    post(tx, earn(BEN, 50, "r"), spend(ADA, 7, "x" * 200))
    told = [ledger.told(entry.reference) for entry in ledger.statement(tx, ADA)]
    assert told == [(told[0][0], ADA), ("r", BEN), ("@receive:1", None), ("@send:2", None), ("old", None)]
    assert told[0][0].startswith("x" * 140)
    assert [entry.kind for entry in ledger.statement(tx, ADA, own=True)] == ["send", "earn"]
    assert kinds(tx, BEN) == ["earn", "spend"]  # what there was when Ben came is an opening line


def test_facts_say_for_whom_and_with_whom(tx: Transaction) -> None:
    join(tx, ADA)
    post(tx, earn(ADA, 5, "r", SOON))
    ledger.expire_due(tx, at=SOON)
    household = tx.value("select data ->> 'household' from facts where name = 'points.earned'")
    assert household.startswith("hou_")
    assert tx.rows(
        "select name, member_id, data ->> 'reference', data ->> 'household' from facts order by fact_id"
    ) == [
        ("points.joined", ADA, "in", None),
        ("points.earned", ADA, "r", household),
        ("points.expired", None, "@expire:2", household),
    ]


def test_a_frozen_account_neither_joins_nor_takes_while_the_others_do(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a"))
    join(tx, BEN)
    desk.freeze(tx, ADA, reason="card stolen", by="Olga", at=NOON)
    with pytest.raises(ledger.AccountFrozen):
        join(tx, ADA)
    desk.unfreeze(tx, ADA, by="Olga", at=NOON)
    join(tx, ADA)
    desk.freeze(tx, ADA, reason="card stolen", by="Olga", at=NOON)
    assert statuses(post(tx, spend(ADA, 1, "v"), earn(ADA, 1, "e"), spend(BEN, 1, "v"))) == [
        "frozen",
        "posted",
        "posted",
    ]
    with pytest.raises(ledger.AccountFrozen):
        leave(tx, ADA, share=1)


def test_what_cannot_be_joined_or_left_is_refused_and_nothing_changes(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a"), earn(BEN, 50, "b"))
    join(tx, ADA)
    before = tx.rows("select * from ledger_accounts order by account_id")
    with pytest.raises(ledger.AlreadyJoined):
        join(tx, ADA, OTHER, "again")
    with pytest.raises(ledger.ReferenceReused):
        join(tx, ADA, OTHER, "in")
    with pytest.raises(ledger.InvalidPosting):
        ledger.join(tx, HOME, ADA, reference="circle", at=NOON)
    with pytest.raises(ledger.InvalidPosting):
        ledger.join(tx, BEN, BEN, reference="self", at=NOON)
    with pytest.raises(ledger.NotJoined):
        leave(tx, BEN)
    with pytest.raises(ledger.InsufficientPoints):
        leave(tx, ADA, share=51)
    with pytest.raises(ledger.NotJoined):
        ledger.unmerge(tx, BEN, CLEO, reference="u", at=NOON)
    held = tx.rows("select * from ledger_accounts where member_id in (1, 2, -77) order by account_id")
    assert [row for row in before if row in held] == held
    join(tx, BEN)
    with pytest.raises(ledger.InvalidPosting, match="share these points"):
        ledger.transfer(tx, ADA, BEN, 5, reference="gift", at=NOON)
    assert ledger.audit(tx) == []


def test_gifts_go_between_households_and_a_gift_of_before_is_still_a_replay(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a", SOON))
    ledger.transfer(tx, ADA, BEN, 5, reference="gift", at=NOON)
    join(tx, ADA)
    join(tx, BEN, OTHER)
    ledger.transfer(tx, ADA, BEN, 10, reference="another", at=NOON)
    assert ledger.transfer(tx, ADA, BEN, 5, reference="gift", at=NOON).received.status == "replayed"
    assert ledger.transfer(tx, ADA, BEN, 10, reference="another", at=NOON).sent.status == "replayed"
    assert (balance(tx, ADA), balance(tx, BEN)) == ((35, 0, 0), (15, 0, 0))
    assert lots(tx, BEN) == {SOON: 15}
    assert ledger.audit(tx) == []


def test_points_left_behind_are_found_by_the_audit(tx: Transaction) -> None:
    post(tx, earn(ADA, 5, "a"))
    join(tx, ADA)
    leave(tx, ADA)
    post(tx, earn(ADA, 5, "b"))
    tx.run("update ledger_accounts set joined = 7 where member_id = 1")
    assert [one.invariant for one in ledger.audit(tx)] == ["what has joined another account holds nothing"]


def test_the_second_day_settles_what_fell_due_before_points_move(tx: Transaction) -> None:
    post(tx, earn(ADA, 50, "a", SOON), earn(BEN, 20, "b", SOON))
    join(tx, BEN)
    done = join(tx, ADA, at=SOON + DAY)
    assert done.available == 0
    assert kinds(tx, ADA) == ["earn", "expire"]  # of her own, before; then there was nothing to bring
    assert kinds(tx, BEN) == ["earn", "send", "receive", "expire"]
    assert ledger.audit(tx) == []
