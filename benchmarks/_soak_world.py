"""What a shop's members do to their points, drawn batch by batch: the same batch each time it is asked for.

A batch depends on nothing but its number, so that a load that was killed posts again what it had posted, and the
ledger answers that it knows.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from regulars.ledger import Posting

BATCH = 10_000
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=360)
DAY = timedelta(days=1)

EARNS, PROMISES, SPENDS, HOLDS, CAPTURES, CLAWBACKS = 5000, 1000, 2000, 800, 600, 600
"""Of a batch. Captures are of three in four of its holds; the rest is left to end by itself."""

MONTHS = [datetime(2025 + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(40)]


@dataclass(frozen=True)
class World:
    """How many accounts, and how many postings in how many steps; step 0 opens the accounts."""

    accounts: int
    postings: int
    workers: int

    @property
    def steps(self) -> int:
        return min(100, max(10, (self.postings - self.accounts) // BATCH // 4))

    def batches(self, step: int) -> range:
        """The batches of a step."""
        opening = -(-self.accounts // BATCH)
        if step == 0:
            return range(opening)
        rest = max((self.postings - self.accounts) // BATCH, self.steps)
        return range(opening + rest * (step - 1) // self.steps, opening + rest * step // self.steps)

    def ends(self, step: int) -> datetime:
        """When a step is over, and its night comes."""
        return BEGIN + SPAN * step / self.steps

    def draw(self, step: int, batch: int) -> list[Posting]:
        """A batch of a step, posted at the middle of it."""
        if step == 0:
            return self._open(batch)
        at = self.ends(step) - SPAN / self.steps / 2
        before = range(batch - self.workers, batch, self.workers)
        known = [one for number in before if number in self.batches(step) for one in self._earns(number, at)]
        chance, postings = np.random.default_rng([2, batch]), self._earns(batch, at)
        ripe = at + 14 * DAY
        members, amounts, ends = self._drawn(chance, batch, PROMISES, at)
        postings += [
            Posting("earn", member, amount, f"p{batch}.{n}", at, expiry and max(expiry, ripe + 30 * DAY), ripe)
            for n, (member, amount, expiry) in enumerate(zip(members, amounts, ends, strict=True))
        ]
        members, amounts, _ = self._drawn(chance, batch, SPENDS, at)
        postings += [
            Posting("spend", member, amount, f"s{batch}.{n}", at)
            for n, (member, amount) in enumerate(zip(members, amounts, strict=True))
        ]
        members, amounts, _ = self._drawn(chance, batch, HOLDS, at)
        for n, (member, amount) in enumerate(zip(members, amounts, strict=True)):
            postings.append(Posting("hold", member, amount, f"h{batch}.{n}", at, at + timedelta(minutes=30)))
            if n < CAPTURES:
                postings.append(Posting("capture", member, 0, f"c{batch}.{n}", at, reverses=f"h{batch}.{n}"))
        earned = known or postings[:EARNS]
        back = chance.choice(len(earned), CLAWBACKS, replace=False).tolist()
        return postings + [
            Posting("reverse_earn", one.member_id, max(one.amount // 2, 1), f"r{batch}.{n}", at, reverses=one.reference)
            for n, one in enumerate(earned[place] for place in back)
        ]

    def _open(self, batch: int) -> list[Posting]:
        """Opening balances: a lot each, with what was left of its two years."""
        chance = np.random.default_rng([0, batch])
        members = range(batch * BATCH, min((batch + 1) * BATCH, self.accounts))
        ends = [MONTHS[month] for month in chance.integers(1, 25, len(members)).tolist()]
        amounts = chance.integers(50, 5000, len(members)).tolist()
        return [
            Posting("earn", member, amount, "opening", BEGIN, expiry)
            for member, amount, expiry in zip(members, amounts, ends, strict=True)
        ]

    def _earns(self, batch: int, at: datetime) -> list[Posting]:
        chance = np.random.default_rng([1, batch])
        members, amounts, ends = self._drawn(chance, batch, EARNS, at)
        return [
            Posting("earn", member, amount, f"e{batch}.{n}", at, expiry)
            for n, (member, amount, expiry) in enumerate(zip(members, amounts, ends, strict=True))
        ]

    def _drawn(
        self, chance: np.random.Generator, batch: int, count: int, at: datetime
    ) -> tuple[list[int], list[int], list[Any]]:
        """Members of the batch's worker, some of whom come often; points; and when those are gone.

        One in five never, one in five after 90 days, the others with the month six months on.
        """
        spread = self.accounts // self.workers
        members = (chance.random(count) ** 1.5 * spread).astype(int) * self.workers + batch % self.workers
        promo = (at + 90 * DAY).replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        month = MONTHS[(at.year - 2025) * 12 + at.month - 1 + 7]
        kinds = chance.integers(0, 5, count).tolist()
        ends = [None if kind == 0 else promo if kind == 1 else month for kind in kinds]
        return members.tolist(), chance.integers(10, 500, count).tolist(), ends
