"""Where members stand in the tiers of the programme that holds: the verbs of `tiers`, told which that is."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from regulars import facts, ledger
from regulars.errors import NotFound
from regulars.programme import _activities, _queries, rewards, tiers
from regulars.programme._rules import Programme, terms
from regulars.programme._versions import current, in_force, reigns, reigns_of
from regulars.programme.rewards import NewGift
from regulars.programme.tiers import GiftDue, Grant, Left, Progress, Tier, TierSet, benefits, grants
from regulars.storage import Transaction

_POINTS_FACTS: Final = frozenset({"points.earned", "points.promised", "points.reversed", "points.lapsed"})
_INSTANT: Final = timedelta(microseconds=1)
_SINCE_EVER: Final = datetime.fromisoformat("1900-01-01T00:00:00+00:00")


class TierSetNotFound(NotFound):
    """There is no tier set {tier_set!r} in the programme."""


def review(tx: Transaction, moments: Iterable[tuple[int, datetime]], *, at: datetime) -> int:
    """Judge members' tiers at the moments something changed, and give what is due for those reached; how many facts there were.

    See `tiers.review`. Facts: `tier.reached`, `tier.left`, `tier.kept`, `tier.at_risk`, `tier.rewarded`.
    """
    wanted = list(dict.fromkeys(moments))
    return _review(tx, wanted, [], at) if wanted else 0


def review_due(tx: Transaction, *, at: datetime, limit: int = 5000) -> int:
    """Judge the standings in which something changes by itself by `at`, each at that very moment; how many were judged.

    What falls due by that is judged again, until `limit` is reached or nothing is due.
    """
    judged = 0
    while judged < limit and (due := tiers.due(tx, at=at, limit=limit - judged)):
        _review(tx, [], due, at)
        judged += len(due)
    return judged


def _review(
    tx: Transaction, moments: Sequence[tuple[int, datetime]], due: Sequence[tuple[int, str, datetime]], at: datetime
) -> int:
    programme = in_force(tx, at=at)
    times = [moment for _, moment in moments] + [moment for _, _, moment in due]
    holding = reigns(tx, since=min(times) - _INSTANT, at=at)
    done = tiers.review(tx, moments, reigns=holding, at=at, due=due)
    if done.gifts:
        _give(tx, tiers.new_gifts(tx, done.gifts, at=at), programme, at)
    if done.left and any(_rewarding(one) for one in programme.tier_sets):
        _take_away(tx, done.left, programme, at)
    return done.told


def _give(tx: Transaction, gifts: Sequence[GiftDue], programme: Programme, at: datetime) -> None:
    """Post the points that tiers bring, tell of it, and note the rewards, which are handed over by themselves."""
    postings = [_posting(one, programme, at) for one in gifts if one.tier.gift and one.tier.gift.points]
    _activities.post(tx, postings, at=at)
    facts.record(tx, [_gift_fact(one) for one in gifts], at=at)
    due = [
        NewGift(one.member_id, one.tier.gift.reward, _gift_reference(one), "tier", _name(one.tier))
        for one in gifts
        if one.tier.gift and one.tier.gift.reward
    ]
    rewards.owe(tx, due, at=at)


def _name(tier: Tier) -> str:
    """What a tier is called, or its code where that cannot be a reason: a job must not stumble over a name."""
    return tier.name_en if tier.name_en.isprintable() and len(tier.name_en) <= 500 else tier.code


def _rewarding(one: TierSet) -> bool:
    return any(tier.gift is not None and tier.gift.reward is not None for tier in one.tiers)


def _take_away(tx: Transaction, left: Sequence[Left], programme: Programme, at: datetime) -> None:
    """Take the rewards of tiers away that were lost in the cycle in which they were given, as far as nobody has them yet."""
    sets = {one.code: one for one in programme.tier_sets}
    for one in left:
        known = sets.get(one.set_code)
        codes = [tier.code for tier in known.tiers] if known else []
        if one.tier not in codes or one.to not in codes:
            continue
        for tier in codes[codes.index(one.to) + 1 : codes.index(one.tier) + 1]:
            reference = _reference(one.set_code, tier, one.cycle_begins)
            rewards.take_away(tx, one.member_id, reference, reason=f"{one.tier} was lost", at=at, by="regulars")


def _posting(one: GiftDue, programme: Programme, at: datetime) -> ledger.Posting:
    gift = one.tier.gift
    assert gift is not None  # noqa: S101  only such were given
    _, expires = terms(one.reached_at, programme, told_at=at)
    return ledger.Posting(
        kind="earn",
        member_id=one.member_id,
        amount=gift.points,
        reference=_gift_reference(one),
        occurred_at=one.reached_at,
        expires_at=expires if expires is None or expires > at else None,
        point_type=gift.point_type,
    )


def _gift_reference(one: GiftDue) -> str:
    return _reference(one.set_code, one.tier.code, one.cycle_begins)


def _reference(set_code: str, tier: str, cycle_begins: datetime) -> str:
    return f"tier/{set_code}/{tier}/{cycle_begins.astimezone(UTC).date().isoformat()}"


def _gift_fact(one: GiftDue) -> facts.Fact:
    gift = one.tier.gift
    assert gift is not None  # noqa: S101  only such were given
    about = {
        "set": one.set_code,
        "tier": one.tier.code,
        "points": gift.points,
        "point_type": gift.point_type,
        "reward": gift.reward,
        "reference": _gift_reference(one),
    }
    return facts.Fact("tier.rewarded", one.reached_at, one.member_id, one.member_id, about)


def standings(tx: Transaction, member_id: int, *, at: datetime) -> list[Progress]:
    """Where a member stands in every set at `at`, and the way from there; the main set first.

    Raises:
        NoProgramme: there is no programme yet.
    """
    since = tiers.followed_since(tx, member_id, at=at) - _INSTANT
    return tiers.progress(tx, member_id, reigns=reigns(tx, since=since, at=at), at=at)


def standing(tx: Transaction, member_id: int, *, at: datetime) -> Progress:
    """The tier of a member in the main set at `at`, and the way to the next.

    Raises:
        NoProgramme: there is no programme yet.
    """
    return standings(tx, member_id, at=at)[0]


def standings_as_of(tx: Transaction, member_id: int, *, as_of: datetime, known_at: datetime) -> list[Progress]:
    """What a member's tiers came to at `as_of`, of what was recorded by `known_at`, under the programme of then.

    An order of March that was recorded in May counts in "as of April, known in June", and not in "as of April, known in
    April". `since` is None: it is what should have been, not what was told.

    Raises:
        NoProgramme: there is no programme yet.
    """
    holding = reigns(tx, since=_SINCE_EVER, at=max(as_of, known_at), known_at=known_at)
    return tiers.progress_as_of(tx, member_id, reigns=holding, as_of=as_of, known_at=known_at)


def standing_as_of(tx: Transaction, member_id: int, *, as_of: datetime, known_at: datetime) -> Progress:
    """As `standings_as_of`, of the main set alone.

    Raises:
        NoProgramme: there is no programme yet.
    """
    return standings_as_of(tx, member_id, as_of=as_of, known_at=known_at)[0]


def tier_counts(tx: Transaction) -> dict[str, int]:
    """How many members hold each tier of the main set."""
    return tiers.figures.main(tx)


def judge_all(tx: Transaction, programme: Programme, *, at: datetime) -> dict[str, tiers.Moves]:
    """How everybody's tiers would change under another programme, by set: how many from which to which; nothing changes."""
    return tiers.judge_all(tx, reigns_of([programme], [at]).each[0], at=at)


def tier_set(tx: Transaction, code: str, *, at: datetime) -> TierSet:
    """A set of the programme that holds.

    Raises:
        NoProgramme: there is no programme yet.
        TierSetNotFound: it has no such set.
    """
    found = next((one for one in current(tx, at=at).tier_sets if one.code == code), None)
    if found is None:
        raise TierSetNotFound(tier_set=code)
    return found


def grant_tier(
    tx: Transaction,
    member_id: int,
    set_code: str,
    tier: str | None,
    *,
    reason: str,
    by: str,
    at: datetime,
    grant_id: int,
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """Give a member a tier, or, without one, lock the one they have: they have at least that until it ends.

    Facts: `grant.approved`, or `grant.proposed` where the set asks for a second person, and those of `review`.

    Raises:
        TierSetNotFound: there is no such set.
        BadGrant: there is no such tier, or the time cannot be.
    """
    in_force(tx, at=at)
    one = tier_set(tx, set_code, at=at)
    held = tier or next(each.tier.code for each in standings(tx, member_id, at=at) if each.one.code == set_code)
    wish = grants.NewGrant(held, reason, "grant" if tier else "lock", begins_at, ends_at)
    made = grants.give(tx, member_id, one, wish, by=by, at=at, grant_id=grant_id)
    return _judged(tx, made, at)


def approve_grant(tx: Transaction, grant_id: int, *, by: str, because: str | None = None, at: datetime) -> Grant:
    """Give the tier that somebody else asked for. See `grants.approve`."""
    return _judged(tx, grants.approve(tx, grant_id, by=by, because=because, at=at), at)


def end_grant(tx: Transaction, grant_id: int, *, by: str, because: str | None = None, at: datetime) -> Grant:
    """End a tier given, or a lock, before its time. See `grants.end`."""
    return _judged(tx, grants.end(tx, grant_id, by=by, because=because, at=at), at)


def _judged(tx: Transaction, one: Grant, at: datetime) -> Grant:
    review(tx, [(one.member_id, at)], at=at)
    return one


def sell_memberships(tx: Transaction, order_ids: Sequence[int], *, return_ids: Sequence[int] = (), at: datetime) -> int:
    """Give the tiers that orders bought, and end those whose product came back; how many changed.

    Facts: `grant.approved`, `grant.ended`, and those of `review`.
    """
    programme = in_force(tx, at=at)
    changed = grants.buy(
        tx, order_ids, return_ids=return_ids, sets=programme.tier_sets, zone=programme.time_zone, at=at
    )
    review(tx, changed, at=at)
    return len(changed)


def counted_facts(tx: Transaction, *, at: datetime) -> set[str]:
    """The names of the facts that tiers count beside orders: what they follow from must be reviewed."""
    counted = _queries.select_measures(tx, at=at)
    return {
        name
        for by, of in counted
        for name in (_POINTS_FACTS if by == "points" else {of} if by == "event" else ())
        if name
    }


def entitlements(tx: Transaction, member_id: int, *, at: datetime) -> list[benefits.Entitlement]:
    """Everything that a member's tiers entitle to now.

    Raises:
        NoProgramme: there is no programme yet.
    """
    return benefits.entitlements(tx, member_id, standings(tx, member_id, at=at))


def use_benefit(
    tx: Transaction, member_id: int, benefit: str, *, reference: str, at: datetime
) -> tuple[benefits.Entitlement | None, benefits.Use, bool]:
    """Use a benefit once. See `benefits.use`.

    Raises:
        NoProgramme: there is no programme yet.
        BenefitNotHeld: the member's tiers do not have it.
        BenefitUsedUp: its quota of this cycle is used.
        UseReused: the reference was used for another benefit.
    """
    return benefits.use(tx, member_id, standings(tx, member_id, at=at), benefit, reference=reference, at=at)
