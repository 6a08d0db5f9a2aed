"""Which tier a member has, and how it comes and goes with twelve months' spend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from regulars import facts
from regulars.programme import _queries
from regulars.programme._records import Spend, Standing
from regulars.programme._rules import Programme, Tier, tier_for
from regulars.programme._versions import current, held_at, in_force
from regulars.storage import Transaction

NEVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Progress:
    """A member's tier, what counts towards it now, and what the next one takes."""

    tier: Tier
    since: datetime | None
    qualifying_minor: int
    next_tier: Tier | None
    missing_minor: int


def standing(tx: Transaction, member_id: int, *, at: datetime) -> Progress:
    """The tier of a member at `at`, and the way to the next.

    Raises:
        NoProgramme: there is no programme yet.
    """
    programme = current(tx, at=at)
    [spend] = _queries.select_spend(tx, moments=[(member_id, at)], programme=programme)
    known = _queries.select_standing(tx, member_id=member_id)
    return _progress(spend, programme, known)


def standing_as_of(tx: Transaction, member_id: int, *, as_of: datetime, known_at: datetime) -> Progress:
    """The tier that a member's spend came to at `as_of`, of what was recorded by `known_at`, under the programme of then.

    An order of March that was recorded in May counts in "as of April, known in June", and not in "as of April, known in
    April". `since` is None: it is what should have been, not what was told.

    Raises:
        NoProgramme: there is no programme yet.
    """
    programme = held_at(tx, as_of=as_of, known_at=known_at)
    [spend] = _queries.select_spend(tx, moments=[(member_id, as_of)], programme=programme, known_at=known_at)
    return _progress(spend, programme, None)


def _progress(spend: Spend, programme: Programme, known: Standing | None) -> Progress:
    tier = tier_for(spend.spend_minor, programme.tiers)
    higher = [one for one in programme.tiers if one.from_minor > tier.from_minor]
    missing = higher[0].from_minor - spend.spend_minor if higher else 0
    since = known.since if known and known.tier == tier.code else None
    return Progress(tier, since, spend.spend_minor, higher[0] if higher else None, missing)


def review(tx: Transaction, moments: Iterable[tuple[int, datetime]], *, at: datetime) -> int:
    """Judge members' tiers at the moments something changed; how many tiers changed.

    Moments before a member's last review are judged at that review: the past is told as it was known then.
    Facts: `tier.reached` on the way up, `tier.left` on the way down.
    """
    wanted = list(dict.fromkeys(moments))
    if not wanted:
        return 0
    programme, begins = in_force(tx, at=at), _queries.select_next_begin(tx, at=at) or NEVER
    firsts = dict(reversed(wanted))  # of each member the first to be told, not the earliest: batches may be cut anyhow
    before = _standings(tx, firsts, programme)
    later = [(member, max(moment, before[member].reviewed_at)) for member, moment in wanted]
    spends = _queries.select_spend(tx, moments=list(dict.fromkeys(later)), programme=programme)
    standings: list[Standing] = []
    changes: list[facts.Fact] = []
    for member_id, group in groupby(spends, key=attrgetter("member_id")):
        judged, steps = _judge(before[member_id], list(group), programme, begins)
        standings.append(judged)
        changes += steps
    _queries.upsert_standings(tx, standings=standings)
    facts.record(tx, changes, at=at)
    return len(changes)


def _standings(tx: Transaction, firsts: dict[int, datetime], programme: Programme) -> dict[int, Standing]:
    """Where members stand, locked; those nothing was known of stand in the lowest tier from their first moment."""
    known = {one.member_id: one for one in _queries.lock_standings(tx, member_ids=list(firsts))}
    new = {member_id: moment for member_id, moment in firsts.items() if member_id not in known}
    if new:
        _queries.insert_standings(tx, firsts=new, tier=programme.tiers[0].code, never=NEVER)
        known |= {one.member_id: one for one in _queries.lock_standings(tx, member_ids=list(new))}
    return known


def _judge(
    before: Standing, spends: Sequence[Spend], programme: Programme, begins: datetime
) -> tuple[Standing, list[facts.Fact]]:
    """Follow one member through the moments of `spends`, in order of time; the next version begins at `begins`."""
    ranks = {tier.code: rank for rank, tier in enumerate(programme.tiers)}
    held = before.tier if before.tier in ranks else programme.tiers[0].code
    since = before.since
    steps: list[facts.Fact] = []
    for spend in spends:
        tier = tier_for(spend.spend_minor, programme.tiers).code
        if tier != held:
            name = "tier.reached" if ranks[tier] > ranks[held] else "tier.left"
            about = {"tier": tier, "from": held, "qualifying_minor": spend.spend_minor}
            steps.append(facts.Fact(name, spend.moment, spend.member_id, spend.member_id, about))
            held, since = tier, spend.moment
    last = spends[-1]
    review_at = min(last.next_change_at or NEVER, begins)
    return Standing(last.member_id, held, since, last.spend_minor, last.moment, review_at), steps


def review_due(tx: Transaction, *, at: datetime, limit: int = 5000) -> int:
    """Judge the members for whom an amount has left the window by `at`, at that very moment; how many were judged.

    A member for whom the next amount has left it too is judged again, until `limit` is reached or nothing is due.
    """
    judged = 0
    while due := _queries.select_due(tx, at=at, limit=limit - judged):
        review(tx, [(one.member_id, one.review_at) for one in due], at=at)
        judged += len(due)
    return judged


def tier_counts(tx: Transaction) -> dict[str, int]:
    """How many members hold each tier."""
    return _queries.count_tiers(tx)
