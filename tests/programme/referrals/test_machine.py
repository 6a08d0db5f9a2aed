"""Touches, joins, orders, returns and reviews in any order, against the same in plain Python."""

from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from make import DAY
from programme.referrals.making import BASIC, World
from regulars import ledger
from regulars.programme.referrals import Milestone, Thanks
from regulars.storage import Transaction

TERMS = replace(BASIC, milestones=(Milestone(2, Thanks(1000, "credit")),), hold_from=50, refuse_from=101)
PIECES, MINOR = 4, 2000


@dataclass
class Friend:
    """What a friend did, by hand: who brought them, the one order that counts, and what a person said."""

    member_id: int
    advocate: int | None
    shares_card: bool
    first: str | None = None
    bought_day: float = 0
    back: int = 0
    state: str = "joined"
    cleared: bool = False


@dataclass
class Plain:
    """Every number a referral leads to, by plain arithmetic."""

    friends: dict[str, Friend] = field(default_factory=dict)
    milestones: dict[int, str] = field(default_factory=dict)
    """Per advocate: given, or taken back."""

    given_day: dict[int, float] = field(default_factory=dict)

    def left(self, points: int, friend: Friend) -> int:
        """What is left of a gift after goods came back: in proportion, and nothing below the minimum."""
        if friend.state in ("joined", "refused"):
            return 0
        rest = MINOR * (PIECES - friend.back) // PIECES
        gone = points if rest < TERMS.least_minor else points * (MINOR - rest) // MINOR
        return points - gone

    def count(self, advocate: int) -> int:
        return sum(
            one.advocate == advocate and one.state == "rewarded" and one.back < PIECES for one in self.friends.values()
        )

    def held(self, member_id: int) -> int:
        """The points a member has for referrals, those pending among them."""
        total = sum(self.left(500, one) for one in self.friends.values() if one.advocate == member_id)
        own = sum(self.left(200, one) for one in self.friends.values() if one.member_id == member_id)
        return total + own + (1000 if self.milestones.get(member_id) == "given" else 0)


class Referring(RuleBasedStateMachine):
    tx: Transaction

    @initialize()
    def begin(self) -> None:
        self.world, self.plain = World(self.tx, TERMS), Plain()
        self.advocates = [self.world.join(f"advocate{n}") for n in range(2)]
        self.start = self.world.now
        for which, shares in ((0, False), (0, True), (1, False)):
            self.bring(which, shares=shares)
        self.buy(which=0)

    def day(self) -> float:
        return (self.world.now - self.start) / DAY

    def milestone(self, advocate: int | None, *, fraud: bool = False) -> None:
        """What every event means for an advocate's milestone."""
        if advocate is None:
            return
        enough, was = self.plain.count(advocate) >= 2, self.plain.milestones.get(advocate)
        if enough and was != "given":
            self.plain.milestones[advocate] = "given"
            self.plain.given_day.setdefault(advocate, self.day())
        if not enough and was == "given" and (fraud or self.day() < self.plain.given_day[advocate] + TERMS.return_days):
            self.plain.milestones[advocate] = "gone"

    def pick(self, which: int, *states: str, bought: bool | None = None) -> tuple[str, Friend] | None:
        found = [
            (name, one)
            for name, one in self.plain.friends.items()
            if (not states or one.state in states) and (bought is None or (one.first is not None) is bought)
        ]
        return found[which % len(found)] if found else None

    @precondition(lambda self: len(self.plain.friends) < 6)
    @rule(which=st.integers(0, 2), shares=st.booleans())
    def join(self, which: int, shares: bool) -> None:  # noqa: FBT001
        self.bring(which, shares=shares)

    def bring(self, which: int, *, shares: bool) -> None:
        """Somebody joins: by the first's link, the second's, or none; perhaps on the advocate's own device."""
        name = f"friend{len(self.plain.friends)}"
        self.world.later(DAY)
        if which == 2:
            self.plain.friends[name] = Friend(self.world.join(name), None, shares_card=False)
            return
        advocate = self.advocates[which]
        member_id = self.world.friend(name, advocate)
        if shares:
            for one in (advocate, member_id):
                self.world.seen(one, device=f"device shared with {name}")
        self.plain.friends[name] = Friend(member_id, advocate, shares)

    @rule(which=st.integers(0, 9))
    def buy(self, which: int) -> None:
        found = self.pick(which)
        if found is None:
            return
        name, one = found
        number = f"{name}-{self.world.numbers}"
        self.world.buy(name, number=number, minor=MINOR)
        if one.first is None:
            one.first, one.bought_day = number, self.day()
            if one.advocate is not None and one.state == "joined":
                one.state = "held" if one.shares_card and not one.cleared else "rewarded"
        self.milestone(one.advocate)

    @rule(which=st.integers(0, 9), pieces=st.sampled_from([1, 1, 2, 4]))
    def send_back(self, which: int, pieces: int) -> None:
        found = self.pick(which, bought=True)
        if found is None or found[1].back == PIECES:
            return
        name, one = found
        pieces = min(pieces, PIECES - one.back)
        assert one.first is not None
        if self.day() + 1 / 24 >= one.bought_day + TERMS.return_days:
            return
        self.world.send_back(one.first, name, pieces, minor=MINOR)
        one.back += pieces
        if one.back == PIECES:
            self.milestone(one.advocate)

    @rule(which=st.integers(0, 9), approve=st.booleans())
    def review(self, which: int, approve: bool) -> None:  # noqa: FBT001
        found = self.pick(which, *(("held", "refused") if approve else ("joined", "held", "rewarded")))
        if found is None or found[1].advocate is None:
            return
        one = found[1]
        if approve:
            self.world.approve(one.member_id)
            one.state, one.cleared = ("rewarded" if one.first else "joined"), True
        else:
            self.world.refuse(one.member_id)
            one.state, one.cleared = "refused", False
        self.milestone(one.advocate, fraud=not approve)

    @precondition(lambda self: self.day() < 50)  # a review may take longer than that
    @rule()
    def wait(self) -> None:
        self.world.later(5 * DAY)

    @invariant()
    def everything_is_as_by_hand(self) -> None:
        for member_id in [*self.advocates, *(one.member_id for one in self.plain.friends.values())]:
            available, pending, debt = self.world.given(member_id)
            assert available + pending - debt == self.plain.held(member_id)
        for one in self.plain.friends.values():
            if one.advocate is not None:
                assert self.world.of(one.member_id).state == one.state

    @invariant()
    def nothing_is_taken_that_was_not_given(self) -> None:
        sums: Counter[str] = Counter()
        for member_id in self.advocates:
            for entry in ledger.statement(self.tx, member_id, limit=1000, point_type="credit"):
                sums[entry.kind] += entry.amount + entry.pending_change - entry.debt_change
        rows = self.tx.rows(
            "select referral_id, side, cause, points, returned from programme_referral_gifts where side <> 'milestone'"
        )
        assert all(0 <= returned <= points for *_, points, returned in rows)
        assert len({(number, side) for number, side, *_ in rows}) == len(rows)  # one reward a friend and side
        stones = self.tx.rows("select member_id, cause from programme_referral_gifts where side = 'milestone'")
        assert len(set(stones)) == len(stones)
        assert set(sums) <= {"earn", "promise", "mature", "clawback"}
        assert sums["earn"] + sums["promise"] >= -sums["clawback"] >= 0
        assert ledger.audit(self.tx) == []


def test_referrals_are_what_plain_python_makes_of_them(tx: Transaction) -> None:
    class Undone(Referring):
        def __init__(self) -> None:
            super().__init__()
            self.tx, self.scope = tx, tx.savepoint(undo=True)
            self.scope.__enter__()

        def teardown(self) -> None:
            self.scope.__exit__(None, None, None)

    run_state_machine_as_test(
        Undone,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
