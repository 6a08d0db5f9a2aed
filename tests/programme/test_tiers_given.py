"""Tiers given by hand or bought, benefits, what another programme would make of everybody, and two workers at once."""

from dataclasses import replace
from typing import Any

import pytest

import make
from conftest import NOON
from make import DAY, came_back, line, order
from programme.tier_making import (
    CALENDAR,
    LONDON,
    MAIN,
    TIERS,
    day,
    enrol,
    names,
    pass_time,
    publish,
    spend,
    tier,
    told,
)
from regulars import commerce, facts, jobs, members, programme
from regulars.app import App
from regulars.ledger import Span
from regulars.programme.tiers import Benefit, Membership
from regulars.storage import Database, Transaction

GIVEN = {"reason": "Press", "by": "olga", "grant_id": 1}


def test_a_tier_given_holds_until_its_day_and_leaves_what_was_earned_alone(tx: Transaction) -> None:
    publish(tx, MAIN)
    someone = enrol(tx, "ada")
    spend(tx, someone, 1000, NOON)
    programme.grant_tier(tx, someone, "main", "gold", at=NOON + DAY, ends_at=NOON + 10 * DAY, **GIVEN)
    now = programme.standing(tx, someone, at=NOON + 2 * DAY)
    assert (now.tier.code, now.earned.code, now.grant and now.grant.reason) == ("gold", "silver", "Press")
    pass_time(tx, NOON + 20 * DAY)
    assert told(tx, someone) == [
        ("tier.reached", NOON, "silver"), ("tier.reached", NOON + DAY, "gold"), ("tier.left", NOON + 10 * DAY, "silver"),
    ]  # fmt: skip
    past = programme.standing_as_of(tx, someone, as_of=NOON + 5 * DAY, known_at=NOON + 5 * DAY)
    assert past.tier.code == "gold"


def test_a_lock_keeps_the_tier_that_is_had_and_its_end_lets_it_go(tx: Transaction) -> None:
    publish(tx, MAIN)
    someone = enrol(tx, "ada")
    spend(tx, someone, 1000, NOON)
    programme.grant_tier(tx, someone, "main", None, at=NOON, **GIVEN)
    pass_time(tx, NOON + 500 * DAY)
    assert tier(tx, someone, NOON + 500 * DAY) == "silver"
    programme.end_grant(tx, 1, by="max", because="Moved away", at=NOON + 501 * DAY)
    assert told(tx, someone)[-1] == ("tier.left", NOON + 501 * DAY, "bronze")
    with pytest.raises(programme.tiers.grants.GrantEnded):
        programme.end_grant(tx, 1, by="max", at=NOON + 502 * DAY)


def test_where_the_set_asks_for_a_second_person_nobody_gives_a_tier_alone(tx: Transaction) -> None:
    publish(tx, replace(MAIN, approval=True))
    someone = enrol(tx, "ada")
    asked = programme.grant_tier(tx, someone, "main", "gold", at=NOON, **GIVEN)
    assert (asked.decision, tier(tx, someone, NOON)) == (None, "bronze")
    with pytest.raises(programme.tiers.grants.OwnGrant):
        programme.approve_grant(tx, 1, by="olga", at=NOON + DAY)
    programme.approve_grant(tx, 1, by="max", because="Agreed", at=NOON + DAY)
    assert told(tx, someone) == [("tier.reached", NOON + DAY, "gold")]
    with pytest.raises(programme.tiers.grants.GrantDecided):
        programme.tiers.grants.reject(tx, 1, by="max", at=NOON + DAY)
    about = [
        (one.name, one.data["by"])
        for one in reversed(facts.timeline(tx, member_id=someone))
        if one.name.startswith("grant.")
    ]
    assert about == [("grant.proposed", "olga"), ("grant.approved", "max")]


@pytest.mark.parametrize(
    ("tier", "more", "field"),
    [
        ("platinum", {}, "tier"),
        ("gold", {"reason": "  "}, "reason"),
        ("gold", {"ends_at": NOON}, "ends_at"),
    ],
)
def test_a_tier_that_cannot_be_given_is_refused_and_nothing_changes(
    tx: Transaction, tier: str, more: Any, field: str
) -> None:
    publish(tx, MAIN)
    someone = enrol(tx, "ada")
    with pytest.raises(programme.tiers.grants.BadGrant) as refused:
        programme.grant_tier(tx, someone, "main", tier, at=NOON, **(GIVEN | more))
    assert refused.value.details["field"] == field
    assert tx.value("select count(*) from programme_tier_grants") == 0


SHIPPING = Benefit("shipping", "free_shipping", "Free shipping", "免运费", uses=2)
BETTER = replace(SHIPPING, uses=None)
ENTITLED = replace(
    CALENDAR, tiers=(TIERS[0], replace(TIERS[1], benefits=(SHIPPING,)), replace(TIERS[2], benefits=(BETTER,)))
)


def test_a_benefit_is_used_as_often_as_its_quota_says_and_a_reference_once(tx: Transaction) -> None:
    publish(tx, ENTITLED, at=day("2024-01-10"))
    someone, at = enrol(tx, "ada", joined_at=day("2024-01-10")), day("2024-03-02")
    assert programme.entitlements(tx, someone, at=at) == []
    with pytest.raises(programme.tiers.benefits.BenefitNotHeld):
        programme.use_benefit(tx, someone, "shipping", reference="c0", at=at)
    spend(tx, someone, 1000, day("2024-03-01"))
    spend(tx, someone, 1000, day("2024-03-01"))
    for reference, new, left in (("c1", True, 1), ("c1", False, 1), ("c2", True, 0), ("c1", False, 0)):
        held, _, fresh = programme.use_benefit(tx, someone, "shipping", reference=reference, at=at)
        assert (fresh, held and held.left) == (new, left)
    with pytest.raises(programme.tiers.benefits.BenefitUsedUp):
        programme.use_benefit(tx, someone, "shipping", reference="c3", at=at)
    next_year = day("2025-02-01")
    pass_time(tx, next_year)
    assert [one.left for one in programme.entitlements(tx, someone, at=next_year)] == [2]
    spend(tx, someone, 5000, next_year)
    assert [one.left for one in programme.entitlements(tx, someone, at=next_year)] == [None], "gold has a better one"


def test_what_another_programme_would_make_of_everybody_is_told_and_changes_nothing(tx: Transaction) -> None:
    publish(tx, MAIN)
    people = [enrol(tx, name) for name in ("ada", "ben", "cleo")]
    for someone, amount in zip(people, (5000, 1200, 100), strict=True):
        spend(tx, someone, amount, NOON)
    before = tx.rows("select * from programme_standings order by member_id")
    harder = replace(MAIN, tiers=(TIERS[0], replace(TIERS[1], keep=None), replace(TIERS[2], reach=6000, keep=None)))
    club = replace(MAIN, code="club", tiers=TIERS[:2])
    draft = replace(programme.default("GBP", LONDON), tier_sets=(harder, club))
    moves = programme.judge_all(tx, draft, at=NOON + DAY)
    assert moves["main"] == {("gold", "silver"): 1, ("silver", "silver"): 1, ("bronze", "bronze"): 1}
    assert moves["club"] == {(None, "silver"): 2, (None, "bronze"): 1}
    assert tx.rows("select * from programme_standings order by member_id") == before


PLUS = replace(MAIN, tiers=(TIERS[0], replace(TIERS[1], membership=Membership("PLUS", Span(1, "year"))), TIERS[2]))


def test_a_membership_that_is_bought_holds_for_its_year_is_renewed_and_goes_back_with_its_product(
    database: Database,
) -> None:
    with database.transaction() as tx:
        shop = make.shop(tx)
        publish(tx, PLUS)

    def bring(document: commerce.NewOrder | commerce.NewReturn, at: Any) -> tuple[str, list[tuple[str, str]]]:
        with database.transaction() as tx:
            verb = make.record if isinstance(document, commerce.NewOrder) else make.take_in
            verb(tx, shop, document, at=at)
        app = make.app(database, at=at)
        jobs.react(app, patience_seconds=30)
        with database.transaction() as tx:
            someone = members.by_external_id(tx, "ada", issuer="uk").member_id
            had = programme.tiers.grants.given(tx, [someone])
            spans = [(str(one.begins_at.date()), str(one.until.date())) for one in had]
            return programme.standing(tx, someone, at=at).tier.code, spans

    bought = bring(order("1", "ada", line("PLUS", 1, 100)), NOON)
    assert bought == ("silver", [("2026-03-02", "2027-03-03")])
    renewed = bring(order("2", "ada", line("PLUS", 1, 100), placed_at=NOON + DAY), NOON + DAY)
    assert renewed == ("silver", [("2026-03-02", "2027-03-03"), ("2027-03-03", "2028-03-03")])
    back = bring(came_back("R1", None, line("PLUS", 1, 100), of="1", returned_at=NOON + 2 * DAY), NOON + 2 * DAY)
    assert back == ("bronze", [("2026-03-02", "2026-03-04"), ("2027-03-03", "2028-03-03")])
    with database.transaction() as tx:
        tx.run("update facts_cursors set xact = '0', fact_id = 0")
    assert bring(order("3", "ada", line("MUG", 1, 1), placed_at=NOON + 2 * DAY), NOON + 2 * DAY) == back


@pytest.fixture
def app(database: Database) -> App:
    return make.app(database)


def test_two_workers_share_what_is_due_and_a_killed_one_leaves_it_to_the_other(app: App) -> None:
    with app.database.transaction() as tx:
        publish(tx, MAIN)
        people = [enrol(tx, f"m{number}") for number in range(20)]
        for someone in people:
            spend(tx, someone, 1000, NOON)
    later = NOON + 400 * DAY
    with app.database.transaction() as one, app.database.transaction() as other, one.savepoint(undo=True):
        assert (
            programme.review_due(one, at=later, limit=8) == 8
        )  # dies with its work undone, and holds its rows until then
        assert programme.review_due(other, at=later, limit=100) == 12, "the rest, without waiting"
    with app.database.transaction() as tx:
        assert programme.review_due(tx, at=later) == 8
        assert programme.review_due(tx, at=later) == 0
        assert {tuple(names(tx, someone)) for someone in people} == {("reached silver", "left bronze")}
