"""Every past state, of every account, asked for afterwards: as it was then, and as it was put right since."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from ledger.making import DAY
from ledger.plain_past import journal, plain_past
from ledger.test_machine import Ledgers, steps
from regulars import ledger
from regulars.ledger import InvalidPosting, Posting, account_id, past
from regulars.ledger.past._queries import select_parts
from regulars.storage import Transaction

AHEAD = (0, 1, 6, 25)
"""Days from a moment that were looked ahead."""

Owner = tuple[int, str]


def late(posting: Posting, back: int) -> Posting | None:
    """The same, learned of so many days later."""
    try:
        return replace(posting, occurred_at=posting.occurred_at - back * DAY)
    except InvalidPosting:
        return None


class Pasts(Ledgers):
    """The real ledger beside the plain one; what the plain one said at each moment is kept."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx)
        self.said: dict[tuple[Owner, datetime, datetime], Any] = {}
        self.homes: dict[tuple[Owner, datetime], Owner] = {}
        """Whose account was posted to, by moment."""

    @rule(steps=steps, back=st.sampled_from([-3, 1, 4, 12, 35]))
    def post_late(self, steps: list[tuple[Any, ...]], back: int) -> None:
        made = [posting for posting in (self.postings.make(step, self.at) for step in steps) if posting]
        batch = [posting for posting in (late(one, back) for one in made) if posting]
        self.postings.made = [one for one in self.postings.made if one not in made] + batch
        found = [(one.status, one.amount, one.seq) for one in ledger.post(self.tx, batch, at=self.at)]
        assert found == [(one.status, one.amount, one.seq) for one in self.plain.post(batch, self.at)]

    @invariant()
    def remember(self) -> None:
        for owner in self.plain.accounts:
            self.homes[owner, self.at] = self.plain.home(owner)
            for days in AHEAD:
                as_of = self.at + days * DAY
                self.said[owner, as_of, self.at] = self.plain.balance(*owner, as_of)

    def teardown(self) -> None:
        try:
            self.compare_what_was_said()
            self.compare_what_is_known_now()
            self.compare_totals()
        finally:
            super().teardown()

    def compare_what_was_said(self) -> None:
        for (owner, as_of, known_at), said in self.said.items():
            assert held(self.tx, owner, as_of, known_at) == said, (owner, as_of, known_at)

    def compare_what_is_known_now(self) -> None:
        journals = {owner: journal(self.tx, account_id(*owner)) for owner in self.plain.accounts}
        terms = {owner: promises(self.tx, account_id(*owner)) for owner in self.plain.accounts}
        for owner in self.plain.accounts:
            moments = sorted({known for who, _, known in self.said if who == owner})
            for known_at in spread(moments, 6):
                for as_of in spread([at - back * DAY for at in moments for back in (0, 2, 13)], 14):
                    found, home = held(self.tx, owner, as_of, known_at), self.home(owner, min(as_of, known_at))
                    assert found == plain_past(journals[home], terms[home], as_of, known_at), (owner, as_of, known_at)

    def home(self, owner: Owner, moment: datetime) -> Owner:
        """Where an owner's points were at a moment: where they were at the last one looked at."""
        known = [at for who, at in self.homes if who == owner and at <= moment]
        return self.homes[owner, max(known)] if known else owner

    def compare_totals(self) -> None:
        moments = spread(sorted({known for _, _, known in self.said}), 3)
        for as_of, known_at in [(moment, moment) for moment in moments] + [(one, self.at) for one in moments]:
            for total in past.totals(self.tx, as_of=as_of, known_at=known_at):
                accounts = [account_id(*owner) for owner in self.plain.accounts if owner[1] == total.point_type]
                sums = each(self.tx, accounts, as_of, known_at)
                assert (total.outstanding, total.pending, total.held, total.debt) == sums
                assert total.expired >= 0
        before = past.totals(self.tx, as_of=self.at, known_at=self.at)
        while ledger.expire_due(self.tx, at=self.at):
            pass
        for account in self.plain.accounts.values():
            account.settle(self.at)
        assert before == past.totals(self.tx, as_of=self.at, known_at=self.at) == ledger.totals(self.tx)


def held(tx: Transaction, owner: Owner, as_of: datetime, known_at: datetime) -> Any:
    found = past.holding(tx, owner[0], as_of=as_of, known_at=known_at, point_type=owner[1])
    return found.balance, found.lots


def promises(tx: Transaction, account: int) -> dict[int, Any]:
    """What an account's promises were made under, by number."""
    rows = tx.rows("select seq, matures_at, lapses from ledger_promises where account_id = %(id)s", id=account)
    return {seq: (matures_at, lapses) for seq, matures_at, lapses in rows}


def each(tx: Transaction, accounts: list[int], as_of: datetime, known_at: datetime) -> tuple[int, ...]:
    """What accounts held, one by one, whoever shared them."""
    sums = dict.fromkeys((1, 2, 3, 4), 0)
    for account in accounts:
        for part in select_parts(tx, account_id=account, as_of=as_of, known_at=known_at):
            if part.what in sums:
                sums[part.what] += part.amount
    return tuple(sums.values())


def spread(moments: Iterable[datetime], most: int) -> list[datetime]:
    """Some of them, the first and the last among them."""
    known = sorted(set(moments))
    step = max(1, -(-len(known) // most))
    return sorted({*known[::step], *known[-1:]})


def test_every_past_state_is_told_as_it_was_and_as_it_was_put_right_since(tx: Transaction) -> None:
    run_state_machine_as_test(
        lambda: Pasts(tx),
        settings=settings(
            max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
