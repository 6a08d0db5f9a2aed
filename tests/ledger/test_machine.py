"""Everything at once, step by step, against the ledger in plain Python."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

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

import citus
from conftest import NOON
from ledger.making import DAY, TICK
from ledger.plain import Answer
from ledger.plain_ledger import PlainLedger
from regulars import ledger
from regulars.errors import RegularsError
from regulars.ledger import Active, Posting, archive
from regulars.ledger._rules import micros
from regulars.storage import Transaction

owners = st.sampled_from([(1, "points"), (2, "points"), (3, "points"), (1, "stars")])
joiners = st.sampled_from([(1, "points"), (1, "points"), (2, "points"), (3, "points"), (1, "stars"), (-7, "points")])
"""Members, and a household that may be dissolved into one of them."""
amounts = st.sampled_from([1, 5, 10, 10, 25, 60])
which = st.integers(0, 10**6)
earns = st.tuples(
    st.just("earn"),
    owners,
    amounts,
    st.sampled_from([None, 1, 2, 20, 20, 60]),  # days to live
    st.sampled_from([None, None, None, -1, 0, 1, 5]),  # days to maturity
    st.booleans(),  # lost by then
)
spends = st.tuples(st.just("spend"), owners, amounts)
undos = st.tuples(st.just("undo"), which, st.sampled_from([None, 1, 5, 60]), st.sampled_from([7 * DAY, TICK]))
holds = st.tuples(st.just("hold"), owners, amounts, st.sampled_from([1, 2, 5, 40]))
follows = st.tuples(st.just("follow"), which, st.sampled_from([0, 0, 1, 5]), st.sampled_from(["capture", "release"]))
keeps = st.tuples(st.just("keep"), which)
sends = st.tuples(st.just("send"), owners, amounts)
receives = st.tuples(
    st.just("receive"), owners, st.lists(st.tuples(st.sampled_from([1, 3, 30]), amounts), min_size=1, max_size=3)
)
extends = st.tuples(st.just("extend"), owners, st.sampled_from([-1, 3, 30, 90]))
reinstates = st.tuples(st.just("reinstate"), owners, st.sampled_from([1, 5, 10]), which, st.sampled_from([3, 50]))
forgives = st.tuples(st.just("forgive"), owners, amounts)
strange_undos = st.tuples(st.just("strange undo"), owners, which)
repeats = st.tuples(st.just("again"), which, st.sampled_from([0, 0, 0, 1]))
others = st.one_of(keeps, sends, receives, extends, reinstates, forgives)
kinds = st.one_of(earns, earns, spends, undos, undos, holds, follows, follows, others, strange_undos, repeats)
steps = st.lists(kinds, min_size=1, max_size=8)


class Postings:
    """Makes postings of what Hypothesis draws, and remembers them."""

    def __init__(self) -> None:
        self.made: list[Posting] = []

    def make(self, step: tuple[Any, ...], at: datetime) -> Posting | None:
        posting = getattr(self, step[0].replace(" ", "_"))(*step[1:], at=at)
        if posting:
            self.made.append(posting)
        return posting

    def _reference(self) -> str:
        return f"r{len(self.made)}"

    def earn(
        self,
        owner: tuple[int, str],
        amount: int,
        lives: int | None,
        matures: int | None,
        lapses: bool,  # noqa: FBT001
        at: datetime,
    ) -> Posting:
        occurred_at = at - 3 * DAY  # it was learned of late, so it may have expired on arrival
        expires_at = None if lives is None else occurred_at + lives * DAY
        matures_at = None if matures is None else at + matures * DAY
        if expires_at and matures_at and matures_at >= expires_at:
            matures_at = None
        return Posting(
            "earn",
            owner[0],
            amount,
            self._reference(),
            occurred_at,
            expires_at,
            matures_at,
            lapses=lapses and matures_at is not None,
            point_type=owner[1],
        )

    def spend(self, owner: tuple[int, str], amount: int, at: datetime) -> Posting:
        return Posting("spend", owner[0], amount, self._reference(), at, point_type=owner[1])

    def hold(self, owner: tuple[int, str], amount: int, days: int, at: datetime) -> Posting:
        return Posting("hold", owner[0], amount, self._reference(), at, at + days * DAY, point_type=owner[1])

    def _any(self, kind: str, which: int) -> Posting | None:
        made = [posting for posting in self.made if posting.kind == kind]
        return made[which % len(made)] if made else None

    def follow(self, which: int, amount: int, kind: Any, at: datetime) -> Posting | None:
        """Capture or release some of a hold, or all that is left."""
        target = self._any("hold", which)
        return target and Posting(
            kind,
            target.member_id,
            amount,
            self._reference(),
            at,
            reverses=target.reference,
            point_type=target.point_type,
        )

    def keep(self, which: int, at: datetime) -> Posting | None:
        """What a promise waited for has come."""
        target = self._any("earn", which)
        return target and Posting(
            "mature",
            target.member_id,
            0,
            self._reference(),
            at,
            reverses=target.reference,
            point_type=target.point_type,
        )

    def send(self, owner: tuple[int, str], amount: int, at: datetime) -> Posting:
        return Posting("send", owner[0], amount, self._reference(), at, point_type=owner[1])

    def receive(self, owner: tuple[int, str], lots: list[tuple[int, int]], at: datetime) -> Posting:
        parts = tuple((micros(at + days * DAY), points) for days, points in lots)
        amount = sum(points for _, points in parts)
        return Posting("receive", owner[0], amount, self._reference(), at, lots=parts, point_type=owner[1])

    def extend(self, owner: tuple[int, str], days: int, at: datetime) -> Posting:
        return Posting("extend", owner[0], 0, self._reference(), at, at + days * DAY, point_type=owner[1])

    def reinstate(self, owner: tuple[int, str], amount: int, which: int, days: int, at: datetime) -> Posting:
        return Posting(
            "reinstate",
            owner[0],
            amount,
            self._reference(),
            at,
            at + days * DAY,
            reverses=f"@expire:{which % 12 + 1}",
            point_type=owner[1],
        )

    def forgive(self, owner: tuple[int, str], amount: int, at: datetime) -> Posting:
        return Posting("forgive", owner[0], amount, self._reference(), at, point_type=owner[1])

    def undo(self, which: int, amount: int | None, grace: timedelta, at: datetime) -> Posting | None:
        done = [posting for posting in self.made if posting.kind in ("earn", "spend", "capture")]
        if not done:
            return None
        target = done[which % len(done)]
        return self._undoing(target, amount or target.amount or 1, grace, at, target.member_id, target.point_type)

    def _undoing(
        self, target: Posting, amount: int, grace: timedelta, at: datetime, member_id: int, point_type: str
    ) -> Posting:
        return Posting(
            "reverse_earn" if target.kind == "earn" else "reverse_spend",
            member_id,
            amount,
            self._reference(),
            at,
            reverses=target.reference,
            grace=grace,
            shortfall="forgiven" if target.kind == "earn" and len(self.made) % 3 == 0 else None,
            point_type=point_type,
        )

    def strange_undo(self, owner: tuple[int, str], which: int, at: datetime) -> Posting | None:
        """Undo anything, a reversal too, on an account that may be another's."""
        if not self.made:
            return None
        return self._undoing(self.made[which % len(self.made)], 1, DAY, at, *owner)

    def again(self, which: int, more: int, at: datetime) -> Posting | None:
        """The same once more, or the same reference with another amount."""
        if not self.made:
            return None
        old = self.made[which % len(self.made)]
        if more and (old.kind in ("extend", "receive", "mature") or not old.amount):
            return None
        return replace(old, amount=old.amount + more, occurred_at=min(at, old.occurred_at))


class Ledgers(RuleBasedStateMachine):
    """The real ledger beside the plain one."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__()
        self.tx, self.plain, self.postings, self.at = tx, PlainLedger(), Postings(), NOON
        self.count = 0
        self.example = tx.connection.transaction(force_rollback=True)
        self.example.__enter__()

    def teardown(self) -> None:
        try:
            assert ledger.audit(self.tx) == []
            for total in ledger.totals(self.tx):
                into = total.issued + total.restored + total.received + total.reinstated + total.forgiven + total.debt
                out = total.spent + total.sent + total.expired + total.lapsed + total.reversed
                assert into == out + total.outstanding + total.pending + total.held
        finally:
            self.example.__exit__(None, None, None)

    @rule(steps=steps)
    def post(self, steps: list[tuple[Any, ...]]) -> None:
        batch = [posting for posting in (self.postings.make(step, self.at) for step in steps) if posting]
        found = [
            Answer(o.status, o.amount, o.balance, o.seq, o.pending_change, o.debt_change, o.held_change)
            for o in ledger.post(self.tx, batch, at=self.at)
        ]
        assert found == self.plain.post(batch, self.at)

    @rule(steps=steps, days=st.sampled_from([2, 10, 45]))
    def be_active(self, steps: list[tuple[Any, ...]], days: int) -> None:
        """As under a programme whose points live by activity: what was posted, not replayed, extends in the same breath."""
        batch = [posting for posting in (self.postings.make(step, self.at) for step in steps) if posting]
        outcomes = ledger.post(self.tx, batch, at=self.at)
        assert [o.status for o in outcomes] == [answer.status for answer in self.plain.post(batch, self.at)]
        seqs = {
            posting.member_id: outcome.seq
            for posting, outcome in zip(batch, outcomes, strict=True)
            if outcome.status == "posted" and posting.kind in ("earn", "spend") and posting.point_type == "points"
        }
        active = [Active(member_id, seq, self.at + days * DAY) for member_id, seq in seqs.items()]
        assert ledger.slide(self.tx, active, at=self.at) == self.plain.slide(active, self.at)

    @rule(passing=st.sampled_from([TICK, DAY - TICK, DAY, 5 * DAY, 30 * DAY]))
    def time_passes(self, passing: timedelta) -> None:
        self.at += passing

    @initialize()
    def begin(self) -> None:
        """All have something to spend, of which some is spent."""
        steps = [("earn", owner, 60, 20, None, False) for owner in [(1, "points"), (2, "points"), (3, "points")]]
        self.post([*steps, ("spend", (1, "points"), 25), ("spend", (2, "points"), 10)])

    @precondition(lambda _: citus.URL is None)  # where the ledger is spread, no account joins another
    @rule(owner=joiners, other=st.sampled_from([-7, -7, -8, 1, 2]), share=st.sampled_from([None, 0, 1, 25]))
    def together(self, owner: tuple[int, str], other: int, share: int | None) -> None:
        """Join another's points, or leave them; now and then, join when joined."""
        if share is not None and self.plain.joined.get(owner, owner) != owner:
            self.leave(owner, share)
        elif owner[0] != other:
            self.join(owner, other)

    def join(self, owner: tuple[int, str], other: int) -> None:
        self.count += 1
        name = f"j{self.count}"
        found = self.tried(
            "joined", lambda: ledger.join(self.tx, owner[0], other, reference=name, at=self.at, point_type=owner[1])
        )
        assert found == self.plain.join(owner, (other, owner[1]), self.at)

    def leave(self, owner: tuple[int, str], share: int) -> None:
        self.count += 1
        name, other = f"l{self.count}", self.plain.joined[owner][0]
        found = self.tried(
            "left",
            lambda: ledger.leave(
                self.tx, owner[0], other, share=share, reference=name, at=self.at, point_type=owner[1]
            ),
        )
        assert found == self.plain.leave(owner, share, self.at)

    def tried(self, done: str, verb: Callable[[], object]) -> str:
        """What came of it, as a door would: what is refused is rolled back."""
        try:
            with self.tx.connection.transaction():
                verb()
        except RegularsError as error:
            return type(error).__name__
        return done

    @precondition(lambda _: citus.URL is None)
    @rule(
        most=st.sampled_from([1, 3, 1000, 1000]),
        scanned=st.sampled_from([1, 50]),
        gone=st.sampled_from([False, False, True]),
    )
    def put_away(self, most: int, scanned: int, gone: bool) -> None:  # noqa: FBT001
        """Old entries go to the archive, as many as may; now and then all their words leave the house."""
        while True:
            done = archive.put_away(self.tx, self.at, at=self.at, most=most, scanned=scanned)
            assert done is not None
            if done[0].finished_at:
                break
        if gone:
            self.tx.run("delete from ledger_archive_words")
            self.tx.run(
                "update ledger_archive_years set sealed_at = %(at)s, exported_at = %(at)s, detached_at = %(at)s, folder = '/elsewhere'",
                at=self.at,
            )
        assert ledger.audit(self.tx) == []

    @rule()
    def expire_due(self) -> None:
        ledger.expire_due(self.tx, at=self.at, limit=1000)
        for account in self.plain.accounts.values():
            account.settle(self.at)
        assert ledger.expire_due(self.tx, at=self.at, limit=1000) == 0

    @invariant()
    def agree(self) -> None:
        for (member_id, point_type), account in self.plain.accounts.items():
            for at in (self.at, self.at + 6 * DAY):
                balance, lots = self.plain.balance(member_id, point_type, at)
                assert ledger.balance(self.tx, member_id, at=at, point_type=point_type) == balance
                assert ledger.lots(self.tx, member_id, at=at, point_type=point_type) == lots
            entries = ledger.statement(self.tx, member_id, limit=10_000, point_type=point_type, own=True)
            assert [
                (
                    e.seq,
                    e.kind,
                    e.amount,
                    e.pending_change,
                    e.debt_change,
                    e.held_change,
                    e.available,
                    e.reference if e.worded else written.reference,
                    e.reverses,
                )
                for e, written in zip(reversed(entries), account.entries, strict=True)
            ] == account.entries


def test_the_ledger_equals_the_plain_one_whatever_happens(tx: Transaction) -> None:
    run_state_machine_as_test(
        lambda: Ledgers(tx),
        settings=settings(
            max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
