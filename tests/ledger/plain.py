# ruff: noqa: ARG002 - every kind of posting is called alike
"""The ledger in plain Python, one posting after the other: slow, small, and what the real one must equal."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from regulars.ledger import GRACE, Posting
from regulars.ledger._rules import NEVER

Parts = list[tuple[datetime, int]]

CAUSES = {"promise": "earn", "restore": "reverse_spend", "clawback": "reverse_earn"}
"""What is posted to make an entry of a kind, where it is not called the same."""

TARGETS = {
    "reverse_spend": ("spend", "capture"),
    "reverse_earn": ("earn", "promise"),
    "capture": ("hold",),
    "release": ("hold",),
    "reinstate": ("expire",),
}


class PlainEntry(NamedTuple):
    seq: int
    kind: str
    amount: int
    pending_change: int
    debt_change: int
    held_change: int
    available: int
    reference: str
    reverses: int | None = None

    @property
    def like(self) -> str:
        """What kind it can be undone as: what was moved here remains a promise or a hold."""
        moved = "promise" if self.pending_change else "hold" if self.held_change else self.kind
        return moved if self.kind == "receive" else self.kind

    @property
    def worth(self) -> int:
        return abs(self.held_change or self.amount + self.pending_change - self.debt_change)


class Answer(NamedTuple):
    status: str
    amount: int
    balance: int
    seq: int
    pending_change: int
    debt_change: int
    held_change: int


@dataclass
class Promise:
    seq: int
    matures_at: datetime
    expires_at: datetime
    amount: int
    lapses: bool = False


@dataclass
class Hold:
    seq: int
    until: datetime
    amount: int
    parts: Parts
    captured: int = 0

    @property
    def released(self) -> int:
        return sum(points for _, points in self.parts) - self.captured - self.amount


def front(parts: Parts, skip: int, points: int) -> Parts:
    """So many points of some parts, after the first `skip`."""
    found: Parts = []
    for expires_at, part in parts:
        passed = min(skip, part)
        skip -= passed
        mine = min(part - passed, points)
        points -= mine
        if mine:
            found.append((expires_at, mine))
    return found


@dataclass
class PlainAccount:
    lots: dict[datetime, int] = field(default_factory=dict)
    promises: dict[int, Promise] = field(default_factory=dict)
    debt: int = 0
    entries: list[PlainEntry] = field(default_factory=list)
    taken: dict[int, Parts] = field(default_factory=dict)
    """Per spend, capture, hold and send the lots it took from, in order."""
    expiries: dict[int, datetime] = field(default_factory=dict)
    """Per earn its expiry."""
    holds: dict[int, Hold] = field(default_factory=dict)
    frozen: bool = False
    begun: int = 0
    """How many entries there were when the batch at hand began: an expiry of its own is none it can undo."""

    @property
    def available(self) -> int:
        return sum(self.lots.values())

    @property
    def pending(self) -> int:
        return sum(promise.amount for promise in self.promises.values())

    @property
    def held(self) -> int:
        return sum(hold.amount for hold in self.holds.values())

    def put(self, expires_at: datetime, points: int) -> None:
        self.lots[expires_at] = self.lots.get(expires_at, 0) + points
        if not self.lots[expires_at]:
            del self.lots[expires_at]

    def take(self, points: int, first: datetime | None = None) -> Parts:
        """Take from the lot named first, then from the earliest."""
        took: Parts = []
        for expires_at in sorted(self.lots, key=lambda lot: (lot != first, lot)):
            part = min(points, self.lots[expires_at])
            if part:
                self.put(expires_at, -part)
                took.append((expires_at, part))
                points -= part
        assert points == 0
        return took

    def credit(self, parts: Parts) -> int:
        """Add points, a debt first; how much of it was paid."""
        paid = min(self.debt, sum(points for _, points in parts))
        self.debt -= paid
        for expires_at, points in parts:
            self.put(expires_at, points)
        self.take(paid)
        return paid

    def settle(self, at: datetime) -> None:
        """Bring the account to an instant, the holds that end until then one after the other."""
        for hold in sorted(self.holds.values(), key=lambda one: (one.until, one.seq)):
            if hold.until <= at:
                self.settle_lots(hold.until)
                del self.holds[hold.seq]
                back = self.back(hold, hold.amount, hold.until, hold.until + GRACE)
                paid = self.credit(back)
                self.append(
                    "release",
                    hold.amount - paid,
                    debt=-paid,
                    held=-hold.amount,
                    reverses=hold.seq,
                    by=f"release:{hold.seq}",
                )
        self.settle_lots(at)

    def settle_lots(self, at: datetime) -> None:
        events: list[tuple[tuple[datetime, int, int, datetime], tuple[int, int, int]]] = []
        due = [promise for promise in self.promises.values() if promise.matures_at <= at]
        for promise in sorted(due, key=lambda promise: (promise.matures_at, promise.seq)):
            del self.promises[promise.seq]
            kept = 0 if promise.lapses else promise.amount
            paid = self.credit([(promise.expires_at, kept)] if kept else [])
            key = (promise.matures_at, 15 if promise.lapses else 3, promise.seq, promise.expires_at)
            events.append((key, (kept - paid, -promise.amount, -paid)))
        gone = [expires_at for expires_at in self.lots if expires_at <= at]
        events += [((expires_at, 4, 0, expires_at), (-self.lots.pop(expires_at), 0, 0)) for expires_at in gone]
        for (_, kind, source, _), (amount, pending, debt) in sorted(events):
            name = {3: "mature", 4: "expire", 15: "lapse"}[kind]
            undoes = source if name == "lapse" else None
            self.append(
                name,
                amount,
                pending=pending,
                debt=debt,
                reverses=undoes,
                by=f"{name}:{source or len(self.entries) + 1}",
            )

    def append(
        self,
        kind: str,
        amount: int,
        *,
        pending: int = 0,
        debt: int = 0,
        held: int = 0,
        reverses: int | None = None,
        by: str,
        name: str | None = None,
    ) -> None:
        """Write what follows by itself."""
        before = self.entries[-1].available if self.entries else 0
        seq = len(self.entries) + 1
        self.entries.append(
            PlainEntry(seq, kind, amount, pending, debt, held, before + amount, name or f"@{by}", reverses)
        )

    def find(self, reference: str | None) -> PlainEntry | None:
        return next((entry for entry in self.entries if entry.reference == reference), None)

    def left(self, entry: PlainEntry) -> int:
        return entry.worth - sum(other.worth for other in self.entries if other.reverses == entry.seq)

    def post(self, posting: Posting, at: datetime) -> Answer:
        before = self.find(posting.reverses) if posting.reverses else None
        known = self.find(posting.reference)
        if known:
            same = (
                CAUSES.get(known.kind, known.kind) == posting.kind
                and posting.amount in (known.worth, 0)
                and known.reverses == (before and before.seq)
            )
            status = "replayed" if same else "reference_reused"
            return Answer(status, known.amount, known.available, *known[:1], *known[3:6])
        if posting.kind == "reinstate" and before and before.seq > self.begun:
            before = None
        return getattr(self, posting.kind)(posting, before, at)

    def refuse(self, status: str, amount: int = 0) -> Answer:
        return Answer(status, amount, self.available, 0, 0, 0, 0)

    def write(
        self,
        kind: str,
        posting: Posting,
        amount: int,
        *,
        pending: int = 0,
        debt: int = 0,
        held: int = 0,
        reverses: int | None = None,
    ) -> Answer:
        seq, before = len(self.entries) + 1, self.entries[-1].available if self.entries else 0
        entry = PlainEntry(seq, kind, amount, pending, debt, held, before + amount, posting.reference, reverses)
        self.entries.append(entry)
        return Answer("posted", amount, entry.available, seq, pending, debt, held)

    def earn(self, posting: Posting, before: PlainEntry | None, at: datetime) -> Answer:
        expires_at = posting.expires_at or NEVER
        self.expiries[len(self.entries) + 1] = expires_at
        if posting.matures_at and posting.matures_at > at:
            answer = self.write("promise", posting, 0, pending=posting.amount)
            self.promises[answer.seq] = Promise(
                answer.seq, posting.matures_at, expires_at, posting.amount, posting.lapses
            )
            return answer
        return self.arrive("earn", posting, posting.amount, expires_at, at)

    def arrive(
        self,
        kind: str,
        posting: Posting,
        points: int,
        expires_at: datetime,
        at: datetime,
        reverses: int | None = None,
        pending: int = 0,
    ) -> Answer:
        paid = self.credit([(expires_at, points)])
        answer = self.write(kind, posting, points - paid, pending=pending, debt=-paid, reverses=reverses)
        if expires_at <= at and points > paid:
            late = self.lots.pop(expires_at)
            self.append("expire", -late, by=f"expire:{len(self.entries) + 1}")
        return answer

    def mature(self, posting: Posting, before: PlainEntry | None, at: datetime) -> Answer:
        promise = self.promises.pop(before.seq, None) if before else None
        if not before or not promise:
            return self.refuse("nothing_to_reverse")
        return self.arrive("mature", posting, promise.amount, promise.expires_at, at, before.seq, -promise.amount)

    def spend(self, posting: Posting, before: PlainEntry | None, at: datetime) -> Answer:
        if self.frozen:
            return self.refuse("frozen")
        if posting.amount > self.available:
            return self.refuse("insufficient")
        took = self.take(posting.amount)
        answer = self.write(
            posting.kind, posting, -posting.amount, held=posting.amount if posting.kind == "hold" else 0
        )
        self.taken[answer.seq] = took
        return answer

    send = spend

    def hold(self, posting: Posting, before: PlainEntry | None, at: datetime) -> Answer:
        answer = self.spend(posting, before, at)
        if answer.status == "posted":
            self.holds[answer.seq] = Hold(
                answer.seq, posting.expires_at or NEVER, posting.amount, self.taken[answer.seq]
            )
        return answer

    def receive(self, posting: Posting, before: PlainEntry | None, at: datetime) -> Answer:
        epoch = datetime(1970, 1, 1, tzinfo=at.tzinfo)
        parts = [(epoch + expires * (at.resolution), points) for expires, points in posting.lots]
        paid = self.credit(
            [(expires_at if expires_at > at else at + posting.grace, points) for expires_at, points in parts]
        )
        return self.write("receive", posting, posting.amount - paid, debt=-paid)

    def extend(self, posting: Posting, before: PlainEntry | None, at: datetime) -> Answer:
        until = posting.expires_at or NEVER
        for expires_at in [lot for lot in sorted(self.lots) if lot < until]:
            self.put(until, self.lots.pop(expires_at))
        return self.write("extend", posting, 0)

    slide = extend

    def forgive(self, posting: Posting, before: PlainEntry | None, at: datetime) -> Answer:
        if posting.amount > self.debt:
            return self.refuse("exceeds", self.debt)
        self.debt -= posting.amount
        return self.write("forgive", posting, 0, debt=-posting.amount)

    def following(self, posting: Posting, before: PlainEntry | None, at: datetime) -> Answer:
        """Undo, capture, release or reinstate: what is left of the entry before, at most."""
        if not before or before.like not in TARGETS[posting.kind]:
            return self.refuse("nothing_to_reverse")
        left = self.left(before)
        posting = replace(posting, amount=posting.amount or left) if left else posting
        if not 0 < posting.amount <= left:
            return self.refuse("exceeds", left)
        return getattr(self, f"do_{posting.kind}")(posting, before, at)

    reverse_spend = reverse_earn = capture = release = reinstate = following

    def do_reverse_spend(self, posting: Posting, spend: PlainEntry, at: datetime) -> Answer:
        back = front(self.taken[spend.seq][::-1], spend.worth - self.left(spend), posting.amount)
        paid = self.credit(
            [(expires_at if expires_at > at else at + posting.grace, points) for expires_at, points in back]
        )
        return self.write("restore", posting, posting.amount - paid, debt=-paid, reverses=spend.seq)

    def do_reinstate(self, posting: Posting, expiry: PlainEntry, at: datetime) -> Answer:
        paid = self.credit([(posting.expires_at or NEVER, posting.amount)])
        return self.write("reinstate", posting, posting.amount - paid, debt=-paid, reverses=expiry.seq)

    def shrink(self, seq: int, points: int) -> Hold:
        hold = self.holds[seq]
        hold.amount -= points
        if not hold.amount:
            del self.holds[seq]
        return hold

    def do_capture(self, posting: Posting, held: PlainEntry, at: datetime) -> Answer:
        hold = self.shrink(held.seq, posting.amount)
        took = front(hold.parts, hold.captured, posting.amount)
        hold.captured += posting.amount
        answer = self.write("capture", posting, 0, held=-posting.amount, reverses=held.seq)
        self.taken[answer.seq] = took
        return answer

    def back(self, hold: Hold, points: int, at: datetime, otherwise: datetime) -> Parts:
        parts = front(hold.parts[::-1], hold.released, points)
        return [(expires_at if expires_at > at else otherwise, part) for expires_at, part in parts]

    def do_release(self, posting: Posting, held: PlainEntry, at: datetime) -> Answer:
        back = self.back(self.holds[held.seq], posting.amount, at, at + posting.grace)
        self.shrink(held.seq, posting.amount)
        paid = self.credit(back)
        return self.write(
            "release", posting, posting.amount - paid, debt=-paid, held=-posting.amount, reverses=held.seq
        )

    def do_reverse_earn(self, posting: Posting, earn: PlainEntry, at: datetime) -> Answer:
        promise = self.promises.get(earn.seq)
        if promise:
            promise.amount -= posting.amount
            if not promise.amount:
                del self.promises[earn.seq]
            return self.write("clawback", posting, 0, pending=-posting.amount, reverses=earn.seq)
        part = min(self.available, posting.amount)
        self.take(part, first=self.expiries[earn.seq])
        short = posting.amount - part
        self.debt += short
        answer = self.write("clawback", posting, -part, debt=short, reverses=earn.seq)
        if short and posting.shortfall:
            self.debt -= short
            self.append("forgive", 0, debt=-short, by=f"forgive:{len(self.entries) + 1}")
        return answer
