"""What clients asked for and what they were told, and the proof that the ledger holds exactly that."""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from regulars import ledger, members
from regulars.ledger import Posting
from regulars.members import NewMember
from regulars.storage import Database, Transaction

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Before any clock of a machine that runs this."""

OPENING = 10**9
"""What every member begins with, so that no spend is refused and the end is known whatever the order."""

EXPIRIES = (None, "2090-01-01T00:00:00Z", "2091-01-01T00:00:00Z")
MATURITY = "2080-01-01T00:00:00Z"


class Ack(NamedTuple):
    """What a client was told."""

    amount: int
    available: int
    number: int


@dataclass(frozen=True)
class Asked:
    """One request, which a client may send as often as it likes."""

    member: str
    kind: str
    amount: int
    reference: str
    expires_at: str | None = None
    matures_at: str | None = None

    @property
    def path(self) -> str:
        return f"/v1/members/{self.member}/points/{self.kind}s"

    @property
    def body(self) -> dict[str, Any]:
        told = {"amount": self.amount, "reference": self.reference}
        return told | {name: at for name in ("expires_at", "matures_at") if (at := getattr(self, name)) is not None}

    @property
    def change(self) -> int:
        """Of what is available."""
        if self.matures_at is not None:
            return 0
        return self.amount if self.kind == "earn" else -self.amount


class Book:
    """What was asked, each once by its reference, and what was acknowledged. Clients in threads share it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.asked: dict[str, Asked] = {}
        self.acks: dict[str, Ack] = {}
        self.statuses: Counter[str] = Counter()
        self.refused: Counter[tuple[int, str]] = Counter()
        self.broken: list[BaseException] = []

    def ask(self, asked: Asked) -> None:
        with self.changed:
            assert self.asked.setdefault(asked.reference, asked) == asked

    def acknowledge(self, asked: Asked, told: Mapping[str, Any], *, kept: bool = False) -> None:
        """Note an answer, perhaps the one kept for its Idempotency-Key; asked again, it must be the same."""
        ack = Ack(told["amount"], told["available"], told["number"])
        assert ack.amount == asked.change, (asked, told)
        with self.changed:
            assert self.acks.setdefault(asked.reference, ack) == ack, (asked, told)
            self.statuses["kept" if kept else told["status"]] += 1
            self.changed.notify_all()

    def refuse(self, status: int, code: str) -> None:
        with self.changed:
            self.refused[status, code] += 1
            self.changed.notify_all()

    def unacknowledged(self) -> list[Asked]:
        with self.changed:
            return [one for reference, one in self.asked.items() if reference not in self.acks]

    def wait_for(self, more: int, *, refusals: bool = False) -> None:
        """Until so many more requests are acknowledged, or refused."""

        def count() -> int:
            return sum(self.refused.values()) if refusals else len(self.acks)

        with self.changed:
            goal = count() + more
            came = self.changed.wait_for(lambda: self.broken or count() >= goal, timeout=120)
        if self.broken:
            raise self.broken[0]
        assert came, (self.statuses, self.refused)

    def give_up(self, error: BaseException) -> None:
        """A client met what it must not: whoever waits is told."""
        with self.changed:
            self.broken.append(error)
            self.changed.notify_all()


def open_accounts(tx: Transaction, count: int) -> list[str]:
    """So many members, rich in points, as the API names them."""
    enrolled = members.enrol(tx, [NewMember(external_id=str(n)) for n in range(count)], at=LONG_AGO)
    openings = [Posting("earn", one.member_id, OPENING, "opening", LONG_AGO, None) for one in enrolled]
    assert {one.status for one in ledger.post(tx, openings, at=LONG_AGO)} == {"posted"}
    return [f"ext:{n}" for n in range(count)]


def draw(chance: random.Random, names: Sequence[str], reference: str) -> Asked:
    """A request of some kind for one of the members."""
    member, amount = chance.choice(names), chance.randrange(1, 500)
    kind = chance.choice(("earn", "earn", "spend", "spend", "promise"))
    if kind == "promise":
        return Asked(member, "earn", amount, reference, EXPIRIES[1], MATURITY)
    return Asked(member, kind, amount, reference, chance.choice(EXPIRIES) if kind == "earn" else None)


_ENTRIES = """
    select 'ext:' || i.value, e.reference, e.amount, e.available, e.seq,
           (select count(*) from facts f where f.subject_id = e.account_id and f.data ->> 'reference' = e.reference
              and f.name = (array['points.earned', 'points.spent', '', '', 'points.promised'])[e.kind]) as facts
    from ledger_entries e
    join ledger_accounts a on a.account_id = e.account_id
    join members_identities i on i.member_id = a.member_id and i.issuer = 'direct'
    where e.reference <> 'opening'
"""


def prove(database: Database, book: Book, *, done: bool) -> None:
    """Whatever was acknowledged is there once, as it was told, and nothing is half there; `done`: all that was asked is.

    `ledger.audit` proves the lots, the balances, the numbers and the hashes.
    """
    with database.transaction(read_only=True) as tx:
        assert ledger.audit(tx) == []
        entries = tx.rows(_ENTRIES)
        stray = tx.value("select count(*) from facts where name like 'points.%%'") - len(entries)
        owned = dict(tx.rows(_HELD))
    assert Counter(facts for *_, facts in entries) in ({}, {1: len(entries)}), "each entry has its fact"
    found = {(member, reference): Ack(*figures) for member, reference, *figures, _ in entries}
    assert len(found) == len(entries), "no reference is there twice"
    expected = {(book.asked[reference].member, reference): ack for reference, ack in book.acks.items()}
    assert {key: found.get(key) for key in expected} == expected, "what was acknowledged is there as it was told"
    asked = {(one.member, one.reference): one.change for one in book.asked.values()}
    assert found.keys() <= asked.keys(), "nothing is there that nobody asked for"
    assert {key: ack.amount for key, ack in found.items()} == {key: asked[key] for key in found}
    assert stray == len(owned), "a fact for every entry and every opening, and none besides"
    if done:
        assert found.keys() == asked.keys(), "everything that was asked for is there"
        assert owned == _sums(owned, book.asked.values())


_HELD = """
    select 'ext:' || i.value, a.available + a.pending
    from ledger_accounts a join members_identities i on i.member_id = a.member_id and i.issuer = 'direct'
"""


def _sums(names: Iterable[str], asked: Iterable[Asked]) -> dict[str, int]:
    """What members hold, promises included, when each request was done once."""
    held = dict.fromkeys(names, OPENING)
    for one in asked:
        held[one.member] += one.amount if one.kind == "earn" else -one.amount
    return held
