"""Short ways to bring friends: a world of members who touch links, join, buy, send back and are seen with things."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import make
from conftest import NOON
from make import DAY, came_back, line, order
from regulars import commerce, jobs, ledger, members, programme
from regulars.members import NewMember
from regulars.programme import referrals
from regulars.programme.referrals import NewTouch, Referral, Thanks, graph
from regulars.programme.referrals.graph import Kind, Signal
from regulars.storage import Transaction
from regulars.types import stable_id

KEY = b"a secret of sixteen"
HOUR = timedelta(hours=1)
BASIC = Referral(advocate=Thanks(500, "credit"), friend=Thanks(200, "credit"), least_minor=1000, return_days=14)


@dataclass
class World:
    """A shop whose programme has referrals; its own clock goes forward with what happens."""

    tx: Transaction
    terms: Referral = BASIC
    now: datetime = NOON
    shop: commerce.Shop = field(init=False)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.shop = make.shop(self.tx)
        self.publish(self.terms)

    def publish(self, terms: Referral | None) -> None:
        new = replace(programme.current(self.tx, at=self.now), referral=terms)
        programme.publish(self.tx, new, at=self.now, by="test")

    def react(self) -> None:
        jobs.react_within(self.tx, at=self.now, key=KEY)

    def later(self, span: timedelta = HOUR) -> datetime:
        self.now += span
        return self.now

    def join(self, name: str, **more: Any) -> int:
        self.later()
        one = NewMember(name, issuer="uk", name=name.title(), joined_at=self.now, **more)
        [enrolled] = members.enrol(self.tx, [one], at=self.now)
        self.react()
        return enrolled.member_id

    def code(self, member_id: int) -> str:
        return referrals.issue(self.tx, member_id, at=self.now).code

    def touch(self, advocate: int | str, **more: Any) -> referrals.Touch:
        """Somebody comes by a member's code; hashes are made of plain words."""
        self.later()
        code = advocate if isinstance(advocate, str) else self.code(advocate)
        for kind in ("device", "email", "address"):
            if more.get(kind):
                more[kind] = graph.keyed(KEY, kind, more[kind])
        kind = more.pop("kind", "link_opened")
        [one] = referrals.touch(self.tx, [NewTouch(code, kind, more.pop("touched_at", self.now), **more)], at=self.now)
        if one.friend_id is not None:
            programme.refer(self.tx, [one.friend_id], key=KEY, at=self.now)
        return one

    def seen(self, owner: int, *, guest: bool = False, at: datetime | None = None, **signals: str) -> None:
        found: list[Signal] = []
        for name, text in signals.items():
            kind: Kind = name  # pyright: ignore[reportAssignmentType]
            found.append(Signal(owner, kind, graph.keyed(KEY, kind, text), at or self.now, guest))
        graph.note(self.tx, found)

    def friend(self, name: str, of: int, *, device: str | None = None, **more: Any) -> int:
        """Somebody opens a member's link on a device and joins on it."""
        device = device or f"device of {name}"
        self.touch(of, device=device)
        self.later()
        [enrolled] = members.enrol(self.tx, [NewMember(name, issuer="uk", joined_at=self.now, **more)], at=self.now)
        self.seen(enrolled.member_id, device=device)
        self.react()
        return enrolled.member_id

    def buy(self, name: str | None, *, minor: int = 2000, number: str | None = None) -> int:
        self.later()
        self.numbers += 1
        one = order(number or f"o{self.numbers}", name, line("MUG", 4, minor // 4), placed_at=self.now)
        [outcome] = make.record(self.tx, self.shop, one, at=self.now)
        self.react()
        return outcome.document_id

    def send_back(self, number: str, name: str, pieces: int, *, minor: int = 2000) -> None:
        self.later()
        self.numbers += 1
        one = came_back(f"r{self.numbers}", name, line("MUG", pieces, minor // 4), returned_at=self.now, of=number)
        make.take_in(self.tx, self.shop, one, at=self.now)
        self.react()

    def cancel(self, order_id: int) -> None:
        self.later()
        commerce.cancel_order(self.tx, order_id, at=self.now)
        self.react()

    def of(self, friend: int) -> referrals.Referred:
        """The referral of a friend."""
        return referrals.find(self.tx, stable_id("referral", friend))

    def given(self, member_id: int) -> tuple[int, int, int]:
        """What a member has of the points that referrals give: to spend, pending, owed."""
        balance = ledger.balance(self.tx, member_id, at=self.now, point_type="credit")
        return balance.available, balance.pending, balance.debt

    def approve(self, friend: int) -> referrals.Referred:
        return referrals.approve(
            self.tx, self.of(friend).referral_id, by="max", because="known in person",
            terms_of=programme.referral_terms_of, at=self.later(),
        )  # fmt: skip

    def refuse(self, friend: int) -> referrals.Referred:
        return referrals.refuse(
            self.tx, self.of(friend).referral_id, by="max", because="one person",
            terms_of=programme.referral_terms_of, at=self.later(),
        )  # fmt: skip


def states(world: World, friends: Sequence[int]) -> list[str]:
    return [world.of(friend).state for friend in friends]


__all__ = ["BASIC", "DAY", "HOUR", "KEY", "World", "states"]
