"""The life of a draft: written, submitted, approved by somebody else, published, and taken back."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

import make
from conftest import NOON
from make import DAY
from regulars import jobs, ledger, programme
from regulars.ledger import Rolling, Span
from regulars.programme import BadProgramme, Programme, drafts
from regulars.programme.drafts import (
    Draft,
    DraftChanged,
    DraftNotFound,
    DraftNotReady,
    DraftOutdated,
    DraftPublished,
    FlawedDraft,
    OwnDraft,
    TierMove,
    UnusableNote,
    VersionNotFound,
)
from regulars.programme.tiers import Window
from regulars.storage import Transaction

ADA, BEN, CLEO = "ada@shop.example", "ben@shop.example", "cleo@shop.example"


@pytest.fixture
def shop(tx: Transaction) -> Transaction:
    make.shop(tx)
    return tx


def text(**terms: Any) -> str:
    return drafts.canonical(replace(programme.default("GBP", "Europe/London"), **terms))


def lasting(months: int) -> Rolling:
    return Rolling(Span(months, "month"))


def begun(tx: Transaction, by: str = ADA, **terms: Any) -> Draft:
    return drafts.begin(tx, text(name="Friends", **terms), by=by, at=NOON, note="A new name")


def approved(tx: Transaction, *, at: datetime = NOON, **terms: Any) -> Draft:
    draft_id = begun(tx, **terms).draft_id
    drafts.submit(tx, draft_id, by=ADA, at=at)
    return drafts.approve(tx, draft_id, by=BEN, at=at)


def facts_of(tx: Transaction) -> list[str]:
    return tx.values("select name from facts where name like 'programme.%%' order by fact_id")


def state(tx: Transaction) -> tuple[Any, ...]:
    """Everything a refusal must leave alone."""
    return (drafts.drafts(tx), programme.versions(tx), facts_of(tx))


def test_a_draft_goes_its_way_and_everything_is_kept(shop: Transaction):
    one = begun(shop)
    assert (one.state, one.revision, one.base_version, one.changed_by, one.note) == ("open", 1, 0, ADA, "A new name")
    one = drafts.change(shop, one.draft_id, text(name="Best friends"), revision=1, by=CLEO, at=NOON + DAY)
    assert (one.revision, one.authors, one.changed_at) == (2, [ADA, CLEO], NOON + DAY)
    assert drafts.submit(shop, one.draft_id, by=ADA, at=NOON + DAY).state == "submitted"
    one = drafts.approve(shop, one.draft_id, by=BEN, at=NOON + DAY, because="Looks right")
    assert (one.state, one.decided_by, one.because, one.alone) == ("approved", BEN, "Looks right", False)
    done = drafts.publish(shop, one.draft_id, by=ADA, at=NOON + DAY, effective_at=NOON + 9 * DAY)
    assert (done.name, done.version_id) == ("Best friends", 1)
    assert programme.current(shop, at=NOON + 8 * DAY).name == "Regulars"
    assert programme.current(shop, at=NOON + 9 * DAY).name == "Best friends"
    one = drafts.draft(shop, one.draft_id)
    assert (one.state, one.version_id, one.published_by) == ("published", 1, ADA)
    kept = [(each.revision, each.written_by, "Best" in each.text) for each in drafts.revisions(shop, one.draft_id)]
    assert kept == [(2, CLEO, True), (1, ADA, False)]
    [release] = drafts.releases(shop, programme.versions(shop)).values()
    assert (release.draft_id, release.approved_by) == (one.draft_id, BEN)
    assert facts_of(shop) == [
        f"programme.{what}" for what in ("drafted", "drafted", "submitted", "approved", "published")
    ]


@pytest.mark.parametrize("author", [ADA, CLEO])
def test_nobody_approves_what_they_wrote_any_of(shop: Transaction, author: str):
    draft_id = begun(shop).draft_id
    drafts.change(shop, draft_id, text(name="Pals"), revision=1, by=CLEO, at=NOON)
    drafts.submit(shop, draft_id, by=BEN, at=NOON)
    before = state(shop)
    with pytest.raises(OwnDraft):
        drafts.approve(shop, draft_id, by=author, at=NOON)
    assert state(shop) == before


def test_a_shop_with_one_operator_may_and_it_is_recorded(shop: Transaction):
    draft_id = begun(shop).draft_id
    drafts.submit(shop, draft_id, by=ADA, at=NOON)
    assert drafts.approve(shop, draft_id, by=ADA, at=NOON, alone=True).alone
    assert shop.values("select data->>'alone' from facts where name = 'programme.approved'") == ["true"]
    drafts.publish(shop, draft_id, by=ADA, at=NOON)
    with pytest.raises(OwnDraft):
        drafts.publish_alone(shop, programme.current(shop, at=NOON), by=ADA, at=NOON, alone=False)


def test_what_somebody_else_wrote_is_never_overwritten(shop: Transaction):
    draft_id = begun(shop).draft_id
    drafts.change(shop, draft_id, text(name="Pals"), revision=1, by=BEN, at=NOON)
    before = state(shop)
    for act in (
        lambda: drafts.change(shop, draft_id, text(name="Mates"), revision=1, by=ADA, at=NOON),
        lambda: drafts.submit(shop, draft_id, revision=1, by=ADA, at=NOON),
        lambda: drafts.change(shop, draft_id, text(), revision=3, by=ADA, at=NOON),
    ):
        with pytest.raises(DraftChanged):
            act()
    assert state(shop) == before


def test_a_changed_draft_has_to_be_approved_again(shop: Transaction):
    one = approved(shop)
    one = drafts.change(shop, one.draft_id, text(name="Pals"), revision=1, by=CLEO, at=NOON)
    assert (one.state, one.decided_by) == ("open", None)
    with pytest.raises(DraftNotReady):
        drafts.publish(shop, one.draft_id, by=ADA, at=NOON)


def test_a_rejected_draft_is_changed_and_submitted_again(shop: Transaction):
    draft_id = begun(shop).draft_id
    for too_soon in (drafts.approve, drafts.reject):
        with pytest.raises(DraftNotReady):
            too_soon(shop, draft_id, by=BEN, at=NOON)
    drafts.submit(shop, draft_id, by=ADA, at=NOON)
    assert drafts.reject(shop, draft_id, by=BEN, at=NOON, because="Too dear").state == "rejected"
    for too_late in (drafts.approve, drafts.reject, drafts.submit, drafts.publish):
        with pytest.raises(DraftNotReady):
            too_late(shop, draft_id, by=BEN, at=NOON)
    drafts.change(shop, draft_id, text(name="Cheaper"), revision=1, by=ADA, at=NOON)
    assert drafts.submit(shop, draft_id, by=ADA, at=NOON).state == "submitted"


def test_a_draft_written_before_another_version_is_compared_again_first(shop: Transaction):
    late, later = begun(shop), approved(shop, expiry=lasting(6))
    drafts.submit(shop, late.draft_id, by=ADA, at=NOON)
    approved_too = approved(shop, expiry=lasting(12))
    drafts.publish(shop, later.draft_id, by=ADA, at=NOON)
    before = state(shop)
    with pytest.raises(DraftOutdated):
        drafts.approve(shop, late.draft_id, by=BEN, at=NOON)
    with pytest.raises(DraftOutdated):
        drafts.publish(shop, approved_too.draft_id, by=BEN, at=NOON)
    with pytest.raises(DraftPublished):
        drafts.change(shop, later.draft_id, text(), revision=1, by=ADA, at=NOON)
    assert state(shop) == before
    late = drafts.change(shop, late.draft_id, late.text, revision=1, by=ADA, at=NOON)
    assert late.base_version == 1
    drafts.submit(shop, late.draft_id, by=ADA, at=NOON)


def test_the_programme_a_shop_begins_with_outdates_no_draft(shop: Transaction):
    one = approved(shop)
    assert programme.in_force(shop, at=NOON).version_id == 1
    assert drafts.publish(shop, one.draft_id, by=ADA, at=NOON).version_id == 2


def test_a_flawed_draft_is_kept_and_not_submitted(shop: Transaction):
    one = drafts.begin(shop, "name: [", by=ADA, at=NOON)
    assert one.document is None
    with pytest.raises(FlawedDraft, match="line 1"):
        drafts.submit(shop, one.draft_id, by=ADA, at=NOON)
    one = drafts.change(shop, one.draft_id, text() + "bonus: 3\n", revision=1, by=ADA, at=NOON)
    with pytest.raises(FlawedDraft, match="bonus is 3: there is no such field"):
        drafts.submit(shop, one.draft_id, by=ADA, at=NOON)
    assert drafts.draft(shop, one.draft_id).state == "open"


def test_what_begins_in_the_past_is_refused_and_the_draft_stays_approved(shop: Transaction):
    one = approved(shop)
    with pytest.raises(BadProgramme):
        drafts.publish(shop, one.draft_id, by=ADA, at=NOON, effective_at=NOON - DAY)
    assert drafts.draft(shop, one.draft_id).state == "approved"
    assert programme.versions(shop) == []


def test_case_31_an_earlier_version_is_published_again_and_nothing_is_deleted(shop: Transaction):
    first = drafts.publish(shop, approved(shop).draft_id, by=ADA, at=NOON)
    drafts.publish(shop, approved(shop, expiry=lasting(6)).draft_id, by=ADA, at=NOON)
    back = drafts.roll_back(shop, first.version_id, by=BEN, at=NOON, note="Too dear")
    assert back == replace(first, version_id=3)
    assert programme.current(shop, at=NOON) == back
    versions = programme.versions(shop)
    assert [one.version_id for one in versions] == [3, 2, 1]
    release = drafts.releases(shop, versions)[3]
    assert (release.restores, release.note) == (1, "Too dear")
    assert facts_of(shop)[-2:] == ["programme.published", "programme.rolled_back"]
    for nowhere in (4, 0, -1, 1 << 40):
        with pytest.raises(VersionNotFound):
            drafts.roll_back(shop, nowhere, by=BEN, at=NOON)


def test_a_version_is_exported_as_it_was_written_also_after_it_was_taken_back(shop: Transaction):
    written = "# Agreed on Monday.\n" + text(name="Friends").replace("count: 24", "count:  24 # two years")
    for way in (written, text(name="Others")):
        one = drafts.begin(shop, way, by=ADA, at=NOON)
        drafts.submit(shop, one.draft_id, by=ADA, at=NOON)
        drafts.approve(shop, one.draft_id, by=BEN, at=NOON)
        drafts.publish(shop, one.draft_id, by=ADA, at=NOON)
    drafts.roll_back(shop, 1, by=ADA, at=NOON)
    holds = programme.current(shop, at=NOON)
    assert drafts.text_of(shop, holds) == written
    assert drafts.draft_that_says(shop, drafts.document_of(holds)) is None
    programme.publish(shop, holds, at=NOON, by="test")
    assert drafts.text_of(shop, programme.current(shop, at=NOON)) == text(name="Friends")


def test_lists_go_from_the_latest_on(shop: Transaction):
    ids = [begun(shop, expiry=lasting(months)).draft_id for months in (1, 2, 3)]
    drafts.publish(shop, approved(shop).draft_id, by=ADA, at=NOON)
    first = drafts.drafts(shop, limit=2)
    rest = drafts.drafts(shop, before=(first[-1].drafted_at, first[-1].draft_id))
    assert len({one.draft_id for one in [*first, *rest]}) == 4
    assert {one.draft_id for one in drafts.drafts(shop, unpublished=True)} == set(ids)
    same = drafts.draft_that_says(shop, drafts.document_of(programme_of(text(name="Friends", expiry=lasting(2)))))
    assert same is not None
    assert same.draft_id == ids[1]


def programme_of(written: str) -> Programme:
    made = drafts.check(written).programme
    assert made is not None
    return made


@pytest.mark.parametrize("note", ["two\nlines", "a" * 501, "\x7f"])
def test_a_note_is_a_line(shop: Transaction, note: str):
    with pytest.raises(UnusableNote):
        drafts.begin(shop, text(), by=ADA, at=NOON, note=note)
    with pytest.raises(UnusableNote):
        drafts.begin(shop, "a" * (drafts.LONGEST + 1), by=ADA, at=NOON)
    assert drafts.drafts(shop) == []
    with pytest.raises(DraftNotFound):
        drafts.draft(shop, 1)


def of_main(programme: Programme, **changed: Any) -> Programme:
    """The programme with its main set of tiers changed."""
    return replace(programme, tier_sets=(replace(programme.main, **changed),))


def test_case_31_a_plan_tells_who_would_hold_another_tier_and_which_terms_change(shop: Transaction):
    where = make.shop(shop)
    spent = {"rich": 600_000, "well": 150_000, "poor": 5_000}
    for number, (customer, amount) in enumerate(spent.items()):
        placed = NOON - (300 if customer == "rich" else 10) * DAY
        make.record(
            shop, where, make.order(str(number), customer, make.line(unit_minor=amount), placed_at=placed), at=NOON
        )
    jobs.react_within(shop, at=NOON)
    holds = programme.current(shop, at=NOON)
    assert programme.tier_counts(shop) == {"gold": 1, "silver": 1, "bronze": 1}
    assert drafts.plan(shop, holds, at=NOON) == drafts.Impact(1, [], [], 3)
    shorter = drafts.plan(shop, of_main(holds, window=Window(months=6)), at=NOON)
    assert shorter.moves == [TierMove("main", "gold", "bronze", 1)]
    assert [(one.path, one.was, one.now) for one in shorter.changes] == [("tier_sets[main].window.months", 12, 6)]
    tiers = (holds.main.tiers[0], replace(holds.main.tiers[1], code="friend", reach=1_000))
    assert sorted(drafts.plan(shop, of_main(holds, tiers=tiers), at=NOON).moves, key=str) == [
        TierMove("main", "bronze", "friend", 1),
        TierMove("main", "gold", "friend", 1),
        TierMove("main", "silver", "friend", 1),
    ]


def test_a_plan_says_what_publishing_then_does(shop: Transaction):
    where = make.shop(shop)
    for number in range(30):
        placed = NOON - (number * 23 % 400) * DAY
        one = make.order(str(number), f"c{number % 11}", make.line(unit_minor=number * 9_000), placed_at=placed)
        make.record(shop, where, one, at=NOON)
    jobs.react_within(shop, at=NOON)
    holds = programme.current(shop, at=NOON)
    for months, factor in ((12, 2), (3, 1), (1, 3)):
        tiers = tuple(replace(one, reach=one.reach // factor) for one in holds.main.tiers)
        wanted = of_main(holds, tiers=tiers, window=Window(months=months))
        told = drafts.plan(shop, wanted, at=NOON).moves
        before = dict(shop.rows("select member_id, tier from programme_standings"))
        programme.publish(shop, wanted, at=NOON, by="test")
        programme.review_due(shop, at=NOON)
        after = dict(shop.rows("select member_id, tier from programme_standings"))
        assert told
        moved = [(before[member], after[member]) for member in before if before[member] != after[member]]
        assert {(one.was, one.becomes): one.members for one in told} == {pair: moved.count(pair) for pair in moved}
        assert ledger.audit(shop) == []
