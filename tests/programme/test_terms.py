"""How long points wait and how long they last, under programmes of every kind, and what changing one does not change."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

import make
from cast import ADA, CLEO
from conftest import NOON
from make import DAY, came_back, line, order
from programme.making import bring, expiries, kinds, member_of, points, publish
from regulars import jobs, ledger, programme, storage
from regulars.app import App
from regulars.commerce import NewDelivery, cancel_order
from regulars.ledger import (
    AfterSpan,
    AtEvent,
    Expiry,
    MonthDay,
    Pending,
    PeriodEnd,
    Posting,
    Rolling,
    Sliding,
    Span,
    UntilDay,
    Yearly,
)
from regulars.programme import Rule, proportional
from regulars.storage import Database

TICK = timedelta(microseconds=1)
HALF_A_YEAR = Sliding(Span(6, "month"))


@pytest.fixture
def app(database: Database) -> App:
    return make.app(database)


def spend(app: App, customer: str, amount: int, reference: str, *, at: datetime) -> str:
    with app.database.transaction() as tx:
        posting = Posting("spend", member_of(tx, customer), amount, reference, at)
        return programme.post(tx, [posting], at=at)[0].status


def delivery(of: str, number: str, delivered_at: datetime | None) -> NewDelivery:
    return NewDelivery(of, number, None, None, None, delivered_at)


@pytest.mark.parametrize(
    ("expiry", "last_day"),
    [
        (None, "never"),
        (Rolling(Span(90, "day")), "2026-05-31"),
        (Rolling(Span(1, "month"), "quarter"), "2026-06-30"),
        (PeriodEnd("year", Span(6, "month")), "2026-12-31"),
        (Yearly(3, 31, Span(3, "month")), "2027-03-31"),
        (HALF_A_YEAR, "2026-09-02"),
    ],
)
def test_an_orders_points_last_as_the_programme_says(app: App, expiry: Expiry | None, last_day: str) -> None:
    publish(app, expiry=expiry)
    bring(app, order("1", ADA))
    assert expiries(app, ADA) == [(100, last_day, None)]


@pytest.mark.parametrize(
    ("pending", "first_day"),
    [
        (UntilDay(date(2026, 5, 1)), "2026-05-01"),
        (AfterSpan(Span(14, "day")), "2026-03-17"),
        (MonthDay(15), "2026-04-15"),
        (AtEvent("installed", Span(60, "day")), "2026-05-02"),
    ],
)
def test_an_orders_points_wait_as_the_programme_says(app: App, pending: Pending, first_day: str) -> None:
    publish(app, pending=pending)
    bring(app, order("1", ADA))
    [(amount, _, waits_until)] = expiries(app, ADA)
    assert (amount, waits_until) == (100, first_day)
    begins = ledger.day_begins(date.fromisoformat(first_day), "Europe/London")
    assert points(app, ADA, at=begins - TICK) == (0, 0)
    assert points(app, ADA, at=begins) == (100, 0)


@pytest.mark.parametrize("with_job", [False, True])
@pytest.mark.parametrize("expiry", [Rolling(Span(1, "month")), PeriodEnd("quarter"), Yearly(3, 31), HALF_A_YEAR])
def test_the_last_instant_is_exact_with_and_without_the_job(app: App, expiry: Expiry, *, with_job: bool) -> None:
    publish(app, expiry=expiry)
    bring(app, order("1", ADA))
    gone = ledger.expires_at(NOON, expiry, "Europe/London")
    assert gone is not None
    for at, left in ((gone - TICK, 100), (gone, 0)):
        if with_job:
            jobs.tick(make.app(app.database, at=at), patience_seconds=30)
        assert points(app, ADA, at=at) == (left, 0)


def test_what_comes_back_while_pending_shrinks_the_promise(app: App) -> None:
    publish(app, pending=AfterSpan(Span(14, "day")))
    bring(app, order("1", CLEO, line("MUG", 3, 1000)), came_back("R1", None, line("MUG", 1, 1000), of="1"))
    assert expiries(app, CLEO) == [(200, "2028-03-31", "2026-03-17")]
    assert points(app, CLEO, at=NOON + 20 * DAY) == (200, 0)
    bring(app, came_back("R2", None, line("MUG", 2, 1000), of="1", returned_at=NOON + 30 * DAY), at=NOON + 30 * DAY)
    assert points(app, CLEO, at=NOON + 30 * DAY) == (0, 0)


def test_points_that_wait_for_the_delivery_come_when_all_of_it_has_arrived(app: App) -> None:
    publish(app, pending=AtEvent("delivered", Span(60, "day"), "lapse"))
    bring(app, order("1", ADA), delivery("1", "A", None), delivery("1", "B", None))
    bring(app, delivery("1", "A", NOON + DAY), at=NOON + DAY)
    assert points(app, ADA, at=NOON + 2 * DAY) == (0, 0)
    bring(app, delivery("1", "B", NOON + 3 * DAY), at=NOON + 3 * DAY)
    assert points(app, ADA, at=NOON + 3 * DAY) == (100, 0)
    bring(app, delivery("1", "B", NOON + 3 * DAY), at=NOON + 4 * DAY)
    assert kinds(app, ADA) == ["promise", "mature"]


def test_an_order_that_had_arrived_before_it_was_paid_does_not_wait(app: App) -> None:
    publish(app, pending=AtEvent("delivered", Span(60, "day"), "lapse"))
    bring(app, order("1", ADA, paid=False), delivery("1", "A", NOON))
    bring(app, order("1", ADA, paid=True))
    assert kinds(app, ADA) == ["earn"]


@pytest.mark.parametrize(("otherwise", "left", "last"), [("mature", 100, "mature"), ("lapse", 0, "lapse")])
@pytest.mark.parametrize("with_job", [False, True])
def test_case_13_an_event_that_never_comes_ends_in_one_way_once_and_is_told(
    app: App, otherwise: str, left: int, last: str, *, with_job: bool
) -> None:
    publish(app, pending=AtEvent("delivered", Span(60, "day"), "lapse" if otherwise == "lapse" else "mature"))
    bring(app, order("1", CLEO))
    over = ledger.day_begins(date(2026, 5, 2), "Europe/London")
    assert points(app, CLEO, at=over - TICK) == (0, 0)
    for at in (over, over, over + DAY):
        if with_job:
            jobs.tick(make.app(app.database, at=at), patience_seconds=30)
        assert points(app, CLEO, at=at) == (left, 0)
    bring(app, delivery("1", "A", over - 30 * DAY), at=over + 2 * DAY)  # too late, and again: nothing
    bring(app, delivery("1", "A", over - 30 * DAY), at=over + 2 * DAY)
    bring(app, came_back("R1", None, line("MUG", 1, 1000), of="1", returned_at=over + 3 * DAY), at=over + 3 * DAY)
    assert points(app, CLEO, at=over + 3 * DAY) == (0, 0)  # what never came is not owed either
    jobs.tick(make.app(app.database, at=over + 3 * DAY), patience_seconds=30)
    assert kinds(app, CLEO) == ["promise", last, *(["clawback"] if left else [])]
    with app.database.transaction() as tx:
        told = tx.rows("select name, occurred_at, (data ->> 'amount')::int from facts where name = 'points.lapsed'")
    assert told == ([("points.lapsed", over, 100)] if otherwise == "lapse" else [])


def test_case_13_a_cancelled_order_whose_promise_lapsed_owes_nothing_even_with_other_points_there(app: App) -> None:
    publish(app, pending=AtEvent("delivered", Span(60, "day"), "lapse"))
    lost, *_ = bring(app, order("1", CLEO), order("2", CLEO, line("CUP", 2, 1000)), delivery("2", "A", NOON))
    later = NOON + 70 * DAY
    assert points(app, CLEO, at=later) == (200, 0)
    with app.database.transaction() as tx:
        cancel_order(tx, lost, at=later)
    jobs.react(make.app(app.database, at=later), patience_seconds=30)
    assert points(app, CLEO, at=later) == (200, 0)


@pytest.mark.parametrize(
    ("currency", "unit_minor", "earning", "each"),
    [
        ("GBP", 100, proportional(1, 3), 33),  # 100 pence at a point for 3
        ("JPY", 100, proportional(1, 3), 33),  # no decimals: 100 yen
        ("KWD", 100_000, proportional(1, 3000), 33),  # three decimals: 100 dinars
    ],
)
def test_case_21_points_are_whole_by_line_in_every_currency(
    app: App, currency: str, unit_minor: int, earning: Rule, each: int
) -> None:
    with app.database.transaction() as tx:
        shop = make.shop(tx, currency=currency)
        programme.publish(
            tx,
            programme.Programme("P", currency, "UTC", (earning,), None, programme.default(currency, "UTC").tier_sets),
            at=NOON,
            by="test",
        )
        make.record(tx, shop, order("1", ADA, *(line(f"S{n}", 1, unit_minor) for n in range(3))))
    jobs.react(app, patience_seconds=30)
    assert points(app, ADA) == (3 * each, 0)


@pytest.mark.parametrize("way", list(permutations([1, 2, 4])))
def test_case_21_the_shares_of_a_line_are_whole_and_sum_to_it_however_it_comes_back(
    app: App, way: Sequence[int]
) -> None:
    publish(app, earning=(proportional(100, 7000),))
    bring(app, order("1", CLEO, line("MUG", 7, 1000)))  # 100 points for 7 pieces
    left = 100
    for number, pieces in enumerate(way):
        bring(app, came_back(f"R{number}", None, line("MUG", pieces, 1000), of="1"))
        gone = sum(way[: number + 1])
        left = 100 - 100 * gone // 7
        assert points(app, CLEO) == (left, 0)
    assert left == 0


def test_case_31_a_new_version_changes_no_lot_and_no_promise_that_is_there(app: App) -> None:
    publish(app, expiry=Rolling(Span(12, "month"), "month"), pending=AfterSpan(Span(14, "day")))
    bring(app, order("1", ADA), order("0", ADA, placed_at=NOON - 60 * DAY))
    before = expiries(app, ADA)
    with app.database.transaction() as tx:
        entries = tx.rows("select * from ledger_entries order by account_id, seq")
    publish(app, at=NOON + DAY, expiry=Rolling(Span(1, "month")), pending=None, earning=(proportional(5, 10),))
    jobs.tick(make.app(app.database, at=NOON + DAY), patience_seconds=30)
    assert expiries(app, ADA, at=NOON + DAY) == before
    with app.database.transaction() as tx:
        assert tx.rows("select * from ledger_entries order by account_id, seq") == entries
    bring(app, order("2", ADA, placed_at=NOON + 2 * DAY), at=NOON + 2 * DAY)
    assert (500, "2026-04-04", None) in expiries(app, ADA, at=NOON + 2 * DAY)


def test_case_31_an_order_earns_under_the_version_that_held_when_it_was_paid_whenever_it_is_told(app: App) -> None:
    publish(app, expiry=Rolling(Span(12, "month")))
    publish(app, at=NOON + DAY, effective_at=NOON + 10 * DAY, earning=(proportional(5, 10),), expiry=None)
    late = NOON + 20 * DAY
    last, first = NOON + 10 * DAY - TICK, NOON + 10 * DAY
    bring(app, order("3", ADA, placed_at=first), order("2", ADA, placed_at=last), at=late)
    bring(app, order("1", ADA, placed_at=NOON - 300 * DAY), at=late)  # before there was any: the first
    assert expiries(app, ADA, at=late) == [(100, "2026-05-06", None), (100, "2027-03-12", None), (500, "never", None)]


def test_case_31_a_version_begins_on_its_day_for_tiers_too_and_can_be_taken_back(app: App) -> None:
    bring(app, order("1", ADA, line("COAT", 1, 60_000)))
    with app.database.transaction() as tx:
        now = programme.current(tx, at=NOON)
    lower = tuple(programme.Tier(one.code, one.name_en, one.name_zh, one.reach // 2) for one in now.main.tiers)
    begins = NOON + 10 * DAY
    publish(app, effective_at=begins, tier_sets=(replace(now.main, tiers=lower),))
    bring(app, order("2", ADA, line("MUG", 1, 10), placed_at=NOON + DAY), at=NOON + DAY)
    for at, tier in ((begins - TICK, "bronze"), (begins, "silver")):
        jobs.tick(make.app(app.database, at=at), patience_seconds=30)
        with app.database.transaction() as tx:
            kept = tx.value("select tier from programme_standings")
            assert kept == programme.standing(tx, member_of(tx, ADA), at=at).tier.code == tier
    publish(app, at=begins + DAY, tier_sets=now.tier_sets)
    jobs.tick(make.app(app.database, at=begins + DAY), patience_seconds=30)
    with app.database.transaction() as tx:
        assert tx.value("select tier from programme_standings") == "bronze"


def test_a_version_does_not_begin_in_the_past(app: App) -> None:
    publish(app, expiry=None)
    with pytest.raises(programme.BadProgramme) as refused:
        publish(app, effective_at=NOON - TICK, expiry=HALF_A_YEAR)
    assert refused.value.details["field"] == "effective_at"
    with app.database.transaction() as tx:
        assert len(programme.versions(tx)) == 1


def test_whoever_earns_keeps_all_they_hold_for_longer_in_one_entry(app: App) -> None:
    publish(app, expiry=HALF_A_YEAR)
    bring(app, order("1", ADA))
    bring(app, order("2", ADA, placed_at=NOON + 30 * DAY), at=NOON + 30 * DAY)
    assert expiries(app, ADA, at=NOON + 30 * DAY) == [(200, "2026-10-01", None)]
    assert kinds(app, ADA) == ["earn", "earn", "extend"]
    with app.database.transaction() as tx:
        [entry] = ledger.statement(tx, member_of(tx, ADA), limit=1)
        told = tx.rows("select (data ->> 'amount')::int from facts where name = 'points.extended'")
    assert (entry.reference, entry.amount, told) == ("@slide:2", 0, [(100,)])


def test_on_the_same_day_nothing_is_extended_twice(app: App) -> None:
    publish(app, expiry=HALF_A_YEAR)
    bring(app, order("1", ADA), order("2", ADA, placed_at=NOON + timedelta(hours=3)))
    assert kinds(app, ADA) == ["earn", "earn"]
    with app.database.transaction() as tx:
        tx.run("update facts_cursors set xact = '0', fact_id = 0")
    jobs.react(app, patience_seconds=30)
    assert kinds(app, ADA) == ["earn", "earn"]


@pytest.mark.parametrize(("activity", "last_day"), [("earning", "2026-09-02"), ("earning_and_spending", "2026-10-01")])
def test_the_programme_says_whether_spending_is_an_activity(app: App, activity: ledger.Activity, last_day: str) -> None:
    publish(app, expiry=Sliding(Span(6, "month"), "day", activity))
    bring(app, order("1", ADA))
    later = NOON + 30 * DAY
    assert spend(app, ADA, 1000, "too much", at=later) == "insufficient"
    assert expiries(app, ADA, at=later) == [(100, "2026-09-02", None)]
    assert spend(app, ADA, 40, "voucher", at=later) == "posted"
    assert expiries(app, ADA, at=later) == [(60, last_day, None)]
    assert spend(app, ADA, 40, "voucher", at=later + 30 * DAY) == "replayed"  # a replay extends nothing
    assert expiries(app, ADA, at=later) == [(60, last_day, None)]


def test_a_hold_that_is_captured_is_spending(app: App) -> None:
    publish(app, expiry=Sliding(Span(6, "month"), "day", "earning_and_spending"))
    bring(app, order("1", ADA))
    later = NOON + 30 * DAY
    with app.database.transaction() as tx:
        ledger.hold(tx, member_of(tx, ADA), 40, reference="cart", until=later + DAY, at=later)
        assert [lot.expires_at for lot in ledger.lots(tx, member_of(tx, ADA), at=later)] == [
            ledger.day_begins(date(2026, 9, 3), "Europe/London")
        ]
        capture = Posting("capture", member_of(tx, ADA), 30, "paid", later, reverses="cart")
        programme.post(tx, [capture], at=later)
    assert expiries(app, ADA, at=later) == [(60, "2026-10-01", None)]


@pytest.mark.parametrize("late_first", [False, True])
def test_a_document_that_comes_late_shortens_nothing_and_its_points_live_as_long_as_the_others(
    app: App, *, late_first: bool
) -> None:
    publish(app, expiry=HALF_A_YEAR)
    old, new = order("1", ADA, placed_at=NOON - 20 * DAY), order("2", ADA)
    for one in (old, new) if late_first else (new, old):
        bring(app, one)
    assert expiries(app, ADA) == [(200, "2026-09-02", None)]


def test_a_history_told_at_once_lives_as_if_it_had_been_told_in_its_time(app: App) -> None:
    publish(app, expiry=Sliding(Span(100, "day")))
    times = [NOON - 400 * DAY, NOON - 220 * DAY, NOON - 130 * DAY, NOON - 40 * DAY]  # after the first, too long a gap
    bring(app, *(order(str(number), ADA, placed_at=at) for number, at in enumerate(times)))
    assert expiries(app, ADA) == [(300, "2026-05-01", None)]


def test_activity_ends_with_the_points_and_brings_nothing_back(app: App) -> None:
    publish(app, expiry=Sliding(Span(10, "day")))
    bring(app, order("1", ADA))
    bring(app, order("2", ADA, placed_at=NOON + 20 * DAY), at=NOON + 20 * DAY)
    assert points(app, ADA, at=NOON + 20 * DAY) == (100, 0)
    assert kinds(app, ADA) == ["earn", "expire", "earn"]


def test_what_lives_longer_by_other_terms_is_not_shortened_by_activity(app: App) -> None:
    publish(app, expiry=None)
    bring(app, order("1", ADA))
    publish(app, at=NOON + DAY, expiry=Sliding(Span(10, "day")))
    bring(app, order("2", ADA, placed_at=NOON + 2 * DAY), at=NOON + 2 * DAY)
    assert expiries(app, ADA, at=NOON + 2 * DAY) == [(100, "2026-03-14", None), (100, "never", None)]


def test_a_document_from_before_there_were_kinds_is_told_which_it_meant(database: Database) -> None:
    file = Path(storage.__file__).parent / "migrations" / "0010_coming_and_going.sql"
    [rewriting] = re.findall(r"update programme_versions set document .*?;", file.read_text("utf-8"), re.DOTALL)
    with database.transaction() as tx:
        for months in (24, None):
            old = programme.default("GBP", "UTC").as_document() | {"expiry": {"months": months}}
            tx.run(
                "insert into programme_versions select coalesce(max(version_id), 0) + 1, %(old)s::jsonb, %(at)s, 'x', %(at)s "
                "from programme_versions",
                old=json.dumps(old),
                at=NOON,
            )
        tx.run(rewriting)
        read = [programme.Programme.from_document(one.document).expiry for one in programme.versions(tx)]
    assert read == [None, Rolling(Span(24, "month"), "month")]
