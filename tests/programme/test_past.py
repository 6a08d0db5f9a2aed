"""Tiers as of any instant, as known at any instant, and orders that are learned of late."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import make
from cast import ADA
from conftest import NOON
from make import DAY, came_back, line, order, record, take_in
from regulars import commerce, jobs, ledger, members, programme
from regulars.app import App
from regulars.storage import Database

YEAR = timedelta(days=365)


@pytest.fixture
def app(database: Database) -> App:
    with database.transaction() as tx:
        make.shop(tx)
    return make.app(database)


def learn(app: App, document: commerce.NewOrder | commerce.NewReturn, at: datetime) -> None:
    """Record it, and let all follow, at that time."""
    with app.database.transaction() as tx:
        verb = record if isinstance(document, commerce.NewOrder) else take_in
        verb(tx, commerce.shops(tx)[0], document, at=at)
    jobs.react(replace(app, clock=lambda: at), patience_seconds=30)


def tier(app: App, as_of: datetime, known_at: datetime) -> tuple[str, int]:
    with app.database.transaction() as tx:
        ada = members.by_external_id(tx, ADA, issuer="uk").member_id
        found = programme.standing_as_of(tx, ada, as_of=as_of, known_at=known_at)
    return found.tier.code, found.qualifying_minor


def spent(number: str, pounds: int, placed_at: datetime) -> commerce.NewOrder:
    return order(number, ADA, line("MUG", 1, pounds * 100), placed_at=placed_at)


def test_case_18_a_backdated_order_counts_in_its_own_tier_period_and_posts_in_the_open_one(app: App) -> None:
    """Two orders of last year, one of them learned of this year, when last year's twelve months are closed."""
    last_year, now = NOON - YEAR, NOON + 30 * DAY
    learn(app, spent("1", 700, last_year), last_year)
    assert tier(app, last_year + DAY, last_year + DAY) == ("bronze", 70_000)
    with app.database.transaction() as tx:
        assert programme.review_due(tx, at=now - DAY) == 1  # the twelve months of the first order are over
    learn(app, spent("2", 600, last_year + DAY), now)

    assert tier(app, last_year + 2 * DAY, last_year + 2 * DAY) == ("bronze", 70_000)
    assert tier(app, last_year + 2 * DAY, now - DAY) == ("bronze", 70_000)
    assert tier(app, last_year + 2 * DAY, now) == ("silver", 130_000)
    assert tier(app, now, now) == ("bronze", 0)
    with app.database.transaction() as tx:
        ada = members.by_external_id(tx, ADA, issuer="uk").member_id
        late = ledger.statement(tx, ada, limit=1)[0]
        assert (late.kind, late.occurred_at, late.posted_at) == ("earn", last_year + DAY, now)
        assert programme.standing(tx, ada, at=now).tier.code == "bronze"
        told = tx.rows("select name, occurred_at from facts where name in ('tier.reached', 'tier.left')")
        assert told == [], "what was told of last year stays told"
        assert ledger.audit(tx) == []


def test_what_came_back_late_counts_from_when_it_was_learned_of(app: App) -> None:
    learn(app, spent("1", 1200, NOON), NOON)
    learn(app, came_back("C1", ADA, line("MUG", 1, 120_000), returned_at=NOON + DAY, of="1"), NOON + 9 * DAY)
    assert tier(app, NOON + 2 * DAY, NOON + 8 * DAY) == ("silver", 120_000)
    assert tier(app, NOON + 2 * DAY, NOON + 9 * DAY) == ("bronze", 0)
    assert tier(app, NOON, NOON + 9 * DAY) == ("silver", 120_000)


def test_an_order_that_grew_is_known_as_it_was_before(app: App) -> None:
    learn(app, spent("1", 700, NOON), NOON)
    grown = order("1", ADA, line("MUG", 1, 70_000), line("CUP", 1, 50_000), placed_at=NOON)
    learn(app, grown, NOON + 5 * DAY)
    assert tier(app, NOON + DAY, NOON + 4 * DAY) == ("bronze", 70_000)
    assert tier(app, NOON + DAY, NOON + 5 * DAY) == ("silver", 120_000)


def test_the_programme_of_then_judges(app: App) -> None:
    learn(app, spent("1", 700, NOON), NOON)
    with app.database.transaction() as tx:
        holds = programme.current(tx, at=NOON)
        half = tuple(replace(one, reach=one.reach // 2) for one in holds.main.tiers)
        easier = replace(holds, tier_sets=(replace(holds.main, tiers=half),))
        programme.publish(tx, easier, at=NOON + 5 * DAY, by="max")
    assert tier(app, NOON + 4 * DAY, NOON + 9 * DAY) == ("bronze", 70_000)
    assert tier(app, NOON + 5 * DAY, NOON + 9 * DAY) == ("silver", 70_000)
    assert tier(app, NOON + 5 * DAY, NOON + 4 * DAY) == ("bronze", 70_000)
    assert tier(app, NOON - YEAR, NOON - YEAR) == ("bronze", 0), "before any programme, the one that holds now"
