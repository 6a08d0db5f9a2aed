"""All accounts of the plain ledger: batches, and accounts that join others."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from itertools import groupby

from ledger.plain import Answer, Hold, PlainAccount, front
from regulars.ledger import Active, Balance, Lot, Posting, account_id
from regulars.ledger._owners import shared
from regulars.ledger._rules import NEVER

Key = tuple[int, str]
"""Whose, and of which type."""


@dataclass
class PlainLedger:
    accounts: dict[Key, PlainAccount] = field(default_factory=dict)
    joined: dict[Key, Key] = field(default_factory=dict)
    """Per account that has ever joined another: the one posted to now."""
    history: list[tuple[Key, Key]] = field(default_factory=list)

    def account(self, member_id: int, point_type: str = "points") -> PlainAccount:
        return self.accounts.setdefault((member_id, point_type), PlainAccount())

    def home(self, key: Key) -> Key:
        while self.joined.get(key, key) != key:
            key = self.joined[key]
        return key

    def ways(self, key: Key) -> list[tuple[Key, list[int]]]:
        """Where postings for an account may be, with the owners on the way there."""
        found: list[list[Key]] = [[key]]
        for way in found:
            nexts = {target for source, target in self.history if source == way[-1]} - set(way)
            found += [[*way, one] for one in sorted(nexts) if [*way, one] not in found]
        ends = [(way[-1], [owner for owner, _ in way[:-1]]) for way in found]
        return sorted(ends, key=lambda end: (len(end[1]), account_id(*end[0]), end[1]))

    def settle(self, keys: Sequence[Key], at: datetime) -> None:
        for key in keys:
            self.account(*key).settle(at)
            self.account(*key).begun = len(self.account(*key).entries)

    def settle_all(self, keys: Sequence[Key], at: datetime) -> None:
        """Settle accounts and all they have ever joined."""
        self.settle([place for key in dict.fromkeys(keys) for place, _ in self.ways(key)], at)

    def post(self, postings: Sequence[Posting], at: datetime) -> list[Answer]:
        keys = [(posting.member_id, posting.point_type) for posting in postings]
        self.settle(list(dict.fromkeys(keys)), at)
        answers: dict[int, Answer] = {}
        for number, (posting, key) in enumerate(zip(postings, keys, strict=True)):
            account = self.account(*key)
            if key not in self.joined or account.find(posting.reference):
                answers[number] = account.post(posting, at)
        moved = [number for number in range(len(postings)) if number not in answers]
        self.settle_all([keys[number] for number in moved], at)
        routes = [(number, *self.route(postings[number], keys[number])) for number in moved]
        for stays, run in groupby(routes, key=lambda route: self.home(route[1]) == route[1]):
            together = list(run)
            self.settle([key for _, key, _ in together] if stays else [], at)
            for number, key, posting in together:
                answers[number] = self.account(*key).post(posting, at) if stays else self.away(key, posting, at)
        return [answers[number] for number in range(len(postings))]

    def slide(self, active: Sequence[Active], at: datetime, point_type: str = "points") -> int:
        """Let what active accounts hold live on, where anything would expire sooner; what several share, for the longest."""
        longest: dict[Key, Active] = {}
        for one in active:
            key = self.home((one.member_id, point_type))
            if key not in longest or longest[key].until < one.until:
                longest[key] = one
        moving = [key for key, one in longest.items() if any(lot < one.until for lot in self.account(*key).lots)]
        self.settle(moving, at)
        for key in moving:
            one = longest[key]
            slide = Posting("slide", key[0], 0, f"@slide:{one.seq}", at, one.until, point_type=point_type)
            self.account(*key).post(slide, at)
        return len(moving)

    def route(self, posting: Posting, start: Key) -> tuple[Key, Posting]:
        """Which account a posting is recorded in, and what it is called there."""
        ways = self.ways(start)
        called = {key: reduce(shared, through, posting.reference) for key, through in reversed(ways)}
        target = self.whereabouts(posting.reverses, ways) if posting.reverses and posting.reverses[0] != "@" else None
        known = [key for key, through in ways if self.account(*key).find(reduce(shared, through, posting.reference))]
        key = known[0] if known else target[0] if target else self.home(start)
        reverses = posting.reverses
        if target and target[0] == key:
            reverses = target[1]
        elif reverses and reverses[0] != "@":
            through = next(through for place, through in ways if place == key)
            reverses = reduce(shared, through, reverses)
        return key, replace(posting, member_id=key[0], reference=called[key], reverses=reverses)

    def whereabouts(self, reverses: str, ways: list[tuple[Key, list[int]]]) -> tuple[Key, str] | None:
        """Where an entry is, or what is left of it, and its reference there."""
        names = [(key, reduce(shared, through, reverses)) for key, through in ways]
        while True:
            found = next(((key, name) for key, name in names if self.account(*key).find(name)), None)
            if found is None:
                return None
            account = self.account(*found[0])
            entry = account.find(found[1])
            assert entry is not None
            if not any(other.kind == "send" and other.reverses == entry.seq for other in account.entries):
                return found
            names = [(key, shared(found[1], found[0][0])) for key, _ in ways]

    def away(self, key: Key, posting: Posting, at: datetime) -> Answer:
        """Undo something in an account that has joined another: with points from there, which go there."""
        account, home = self.account(*key), self.account(*self.home(key))
        before = account.find(posting.reverses)
        known = account.find(posting.reference)
        if posting.kind == "reverse_earn" and not known and before and posting.amount <= account.left(before):
            self.move(home, account, posting.amount, account.expiries.get(before.seq))
        account.begun = len(account.entries)
        answer = account.post(posting, at)
        self.move(account, home)
        return answer

    def move(
        self,
        source: PlainAccount,
        target: PlainAccount,
        most: int | None = None,
        first: datetime | None = None,
        owner: int | None = None,
    ) -> None:
        """Move points from one account to another; with an owner, promises and holds too."""
        moved = source.available if most is None else min(most, source.available)
        if moved:
            parts = source.take(moved, first)
            source.append("send", -moved, by=f"send:{len(source.entries) + 1}")
            paid = target.credit(parts)
            target.append("receive", moved - paid, debt=-paid, by=f"receive:{len(target.entries) + 1}")
        if most is None and source.debt:
            owed, paid = source.debt, min(source.debt, target.available)
            source.debt = 0
            source.append("send", 0, debt=-owed, by=f"send:{len(source.entries) + 1}")
            target.take(paid)
            target.debt += owed - paid
            target.append("receive", -paid, debt=owed - paid, by=f"receive:{len(target.entries) + 1}")
        if owner is not None:
            for seq in sorted([*source.promises, *source.holds]):
                self.move_open(source, target, seq, shared(source.entries[seq - 1].reference, owner))

    def move_open(self, source: PlainAccount, target: PlainAccount, seq: int, name: str) -> None:
        by, there = f"send:{len(source.entries) + 1}", len(target.entries) + 1
        promise, hold = source.promises.pop(seq, None), source.holds.pop(seq, None)
        if promise:
            source.append("send", 0, pending=-promise.amount, reverses=seq, by=by)
            target.append("receive", 0, pending=promise.amount, by="", name=name)
            target.promises[there] = replace(promise, seq=there)
            target.expiries[there] = promise.expires_at
        elif hold:
            source.append("send", 0, held=-hold.amount, reverses=seq, by=by)
            target.append("receive", 0, held=hold.amount, by="", name=name)
            parts = front(hold.parts, hold.captured, hold.amount)
            target.holds[there] = Hold(there, hold.until, hold.amount, parts)

    def join(self, key: Key, target: Key, at: datetime) -> str:
        if self.home(target) == key:
            return "InvalidPosting"
        if self.joined.get(key, key) != key:
            return "AlreadyJoined"
        self.settle_all([key, target], at)
        self.move(self.account(*key), self.account(*self.home(target)), owner=key[0])
        self.joined[key] = target
        self.history.append((key, target))
        return "joined"

    def leave(self, key: Key, share: int, at: datetime) -> str:
        target = self.joined.get(key, key)
        if target == key:
            return "NotJoined"
        if share > self.balance(*key, at)[0].available:
            return "InsufficientPoints"
        self.settle_all([key, target], at)
        home = self.account(*self.home(key))
        self.joined[key] = key
        if share:
            self.move(home, self.account(*key), share)
        return "left"

    def balance(self, member_id: int, point_type: str, at: datetime) -> tuple[Balance, list[Lot]]:
        """As if settled, without settling."""
        real = self.account(*self.home((member_id, point_type)))
        copy = PlainAccount(
            dict(real.lots),
            dict(real.promises),
            real.debt,
            list(real.entries),
            holds={seq: replace(hold) for seq, hold in real.holds.items()},
        )
        copy.settle(at)
        lots = [Lot(None if when == NEVER else when, copy.lots[when]) for when in sorted(copy.lots)]
        waiting = sorted(copy.promises.values(), key=lambda promise: (promise.matures_at, promise.seq))
        lots += [
            Lot(None if p.expires_at == NEVER else p.expires_at, p.amount, p.matures_at, lapses=p.lapses)
            for p in waiting
        ]
        return Balance(copy.available, copy.pending, copy.debt, copy.held), lots
