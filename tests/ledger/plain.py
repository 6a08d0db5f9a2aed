"""The ledger in plain Python, one posting after the other: slow, small, and what the real one must equal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from regulars.ledger import Balance, Lot, Posting
from regulars.ledger._rules import NEVER

CAUSES = {
    "earn": "earn",
    "promise": "earn",
    "spend": "spend",
    "restore": "reverse_spend",
    "clawback": "reverse_earn",
}
"""What is posted to make an entry of each kind."""


class PlainEntry(NamedTuple):
    seq: int
    kind: str
    amount: int
    pending_change: int
    debt_change: int
    available: int
    reference: str
    reverses: int | None = None

    @property
    def worth(self) -> int:
        return abs(self.amount + self.pending_change - self.debt_change)


class Answer(NamedTuple):
    status: str
    amount: int
    balance: int
    seq: int
    pending_change: int
    debt_change: int


@dataclass
class Promise:
    seq: int
    matures_at: datetime
    expires_at: datetime
    amount: int


@dataclass
class PlainAccount:
    lots: dict[datetime, int] = field(default_factory=dict)
    promises: dict[int, Promise] = field(default_factory=dict)
    debt: int = 0
    entries: list[PlainEntry] = field(default_factory=list)
    taken: dict[int, list[tuple[datetime, int]]] = field(default_factory=dict)
    """Per spend the lots it took from, in order."""
    expiries: dict[int, datetime] = field(default_factory=dict)
    """Per earn its expiry."""

    @property
    def available(self) -> int:
        return sum(self.lots.values())

    @property
    def pending(self) -> int:
        return sum(promise.amount for promise in self.promises.values())

    def put(self, expires_at: datetime, points: int) -> None:
        self.lots[expires_at] = self.lots.get(expires_at, 0) + points
        if not self.lots[expires_at]:
            del self.lots[expires_at]

    def take(self, points: int, first: datetime | None = None) -> list[tuple[datetime, int]]:
        """Take from the lot named first, then from the earliest."""
        took: list[tuple[datetime, int]] = []
        for expires_at in sorted(self.lots, key=lambda lot: (lot != first, lot)):
            part = min(points, self.lots[expires_at])
            if part:
                self.put(expires_at, -part)
                took.append((expires_at, part))
                points -= part
        assert points == 0
        return took

    def credit(self, expires_at: datetime, points: int) -> int:
        """Add points, a debt first; how much of it was paid."""
        paid = min(self.debt, points)
        self.debt -= paid
        if points > paid:
            self.put(expires_at, points - paid)
        return paid

    def settle(self, at: datetime) -> None:
        events: list[tuple[tuple[datetime, int, int, datetime], tuple[int, int, int]]] = []
        due = [promise for promise in self.promises.values() if promise.matures_at <= at]
        for promise in sorted(due, key=lambda promise: (promise.matures_at, promise.seq)):
            del self.promises[promise.seq]
            paid = self.credit(promise.expires_at, promise.amount)
            key = (promise.matures_at, 3, promise.seq, promise.expires_at)
            events.append((key, (promise.amount - paid, -promise.amount, -paid)))
        gone = [expires_at for expires_at in self.lots if expires_at <= at]
        events += [((expires_at, 4, 0, expires_at), (-self.lots.pop(expires_at), 0, 0)) for expires_at in gone]
        balance = self.entries[-1].available if self.entries else 0
        for (_, kind, source, _), (amount, pending, debt) in sorted(events):
            balance += amount
            seq = len(self.entries) + 1
            name, reference = ("mature", f"@mature:{source}") if kind == 3 else ("expire", f"@expire:{seq}")
            self.entries.append(PlainEntry(seq, name, amount, pending, debt, balance, reference))

    def find(self, reference: str | None) -> PlainEntry | None:
        return next((entry for entry in self.entries if entry.reference == reference), None)

    def left(self, entry: PlainEntry) -> int:
        return entry.worth - sum(other.worth for other in self.entries if other.reverses == entry.seq)

    def post(self, posting: Posting, at: datetime) -> Answer:
        undone = self.find(posting.reverses) if posting.reverses else None
        known = self.find(posting.reference)
        if known:
            same = (CAUSES[known.kind], known.worth, known.reverses) == (
                posting.kind,
                posting.amount,
                undone and undone.seq,
            )
            status = "replayed" if same else "reference_reused"
            return Answer(status, known.amount, known.available, known.seq, known.pending_change, known.debt_change)
        if posting.kind == "earn":
            return self.earn(posting, at)
        if posting.kind == "spend":
            return self.spend(posting)
        return self.reverse(posting, undone, at)

    def spend(self, posting: Posting) -> Answer:
        if posting.amount > self.available:
            return self.refuse("insufficient")
        took = self.take(posting.amount)
        answer = self.write("spend", posting, -posting.amount)
        self.taken[answer.seq] = took
        return answer

    def reverse(self, posting: Posting, undone: PlainEntry | None, at: datetime) -> Answer:
        kinds = ("spend",) if posting.kind == "reverse_spend" else ("earn", "promise")
        if not undone or undone.kind not in kinds:
            return self.refuse("nothing_to_reverse")
        if posting.amount > self.left(undone):
            return self.refuse("exceeds", self.left(undone))
        return self.restore(posting, undone, at) if undone.kind == "spend" else self.claw_back(posting, undone)

    def refuse(self, status: str, amount: int = 0) -> Answer:
        return Answer(status, amount, self.available, 0, 0, 0)

    def earn(self, posting: Posting, at: datetime) -> Answer:
        expires_at = posting.expires_at or NEVER
        self.expiries[len(self.entries) + 1] = expires_at
        if posting.matures_at and posting.matures_at > at:
            answer = self.write("promise", posting, 0, pending=posting.amount)
            self.promises[answer.seq] = Promise(answer.seq, posting.matures_at, expires_at, posting.amount)
            return answer
        paid = self.credit(expires_at, posting.amount)
        answer = self.write("earn", posting, posting.amount - paid, debt=-paid)
        if expires_at <= at and posting.amount > paid:
            late = self.lots.pop(expires_at)
            seq = len(self.entries) + 1
            self.entries.append(PlainEntry(seq, "expire", -late, 0, 0, self.available, f"@expire:{seq}"))
        return answer

    def restore(self, posting: Posting, spend: PlainEntry, at: datetime) -> Answer:
        skip, give = spend.worth - self.left(spend), posting.amount
        for expires_at, part in reversed(self.taken[spend.seq]):
            passed = min(skip, part)
            skip -= passed
            back = min(part - passed, give)
            give -= back
            if back:
                self.put(expires_at if expires_at > at else at + posting.grace, back)
        paid = min(self.debt, posting.amount)
        self.debt -= paid
        self.take(paid)
        return self.write("restore", posting, posting.amount - paid, debt=-paid, reverses=spend.seq)

    def claw_back(self, posting: Posting, earn: PlainEntry) -> Answer:
        promise = self.promises.get(earn.seq)
        if promise:
            promise.amount -= posting.amount
            if not promise.amount:
                del self.promises[earn.seq]
            return self.write("clawback", posting, 0, pending=-posting.amount, reverses=earn.seq)
        part = min(self.available, posting.amount)
        self.take(part, first=self.expiries[earn.seq])
        self.debt += posting.amount - part
        return self.write("clawback", posting, -part, debt=posting.amount - part, reverses=earn.seq)

    def write(
        self, kind: str, posting: Posting, amount: int, *, pending: int = 0, debt: int = 0, reverses: int | None = None
    ) -> Answer:
        seq, before = len(self.entries) + 1, self.entries[-1].available if self.entries else 0
        entry = PlainEntry(seq, kind, amount, pending, debt, before + amount, posting.reference, reverses)
        self.entries.append(entry)
        return Answer("posted", amount, entry.available, seq, pending, debt)


@dataclass
class PlainLedger:
    accounts: dict[tuple[int, str], PlainAccount] = field(default_factory=dict)

    def account(self, member_id: int, point_type: str = "points") -> PlainAccount:
        return self.accounts.setdefault((member_id, point_type), PlainAccount())

    def post(self, postings: Sequence[Posting], at: datetime) -> list[Answer]:
        concerned = {(posting.member_id, posting.point_type) for posting in postings}
        for member_id, point_type in concerned:
            self.account(member_id, point_type).settle(at)
        return [self.account(posting.member_id, posting.point_type).post(posting, at) for posting in postings]

    def balance(self, member_id: int, point_type: str, at: datetime) -> tuple[Balance, list[Lot]]:
        """As if settled, without settling."""
        held = self.account(member_id, point_type)
        copy = PlainAccount(dict(held.lots), dict(held.promises), held.debt, list(held.entries))
        copy.settle(at)
        lots = [Lot(None if when == NEVER else when, copy.lots[when]) for when in sorted(copy.lots)]
        waiting = sorted(copy.promises.values(), key=lambda promise: (promise.matures_at, promise.seq))
        lots += [Lot(None if p.expires_at == NEVER else p.expires_at, p.amount, p.matures_at) for p in waiting]
        return Balance(copy.available, copy.pending, copy.debt), lots
