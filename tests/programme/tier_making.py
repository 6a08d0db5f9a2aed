"""Short ways to set up tiers, to let amounts count, and to see what was told."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from conftest import NOON
from programme.plain_tiers import Event
from regulars import facts, members, programme
from regulars.programme import Tier, TierSet
from regulars.programme.rewards import Price, Reward
from regulars.programme.tiers import Window
from regulars.storage import Transaction

TIERS = (
    Tier("bronze", "Bronze", "铜卡", 0),
    Tier("silver", "Silver", "银卡", 1000, 800),
    Tier("gold", "Gold", "金卡", 5000, 4000),
)
MAIN = TierSet("main", "Tiers", "等级", TIERS)
CALENDAR = replace(MAIN, window=Window("calendar"))
LONDON = "Europe/London"


def publish(
    tx: Transaction, *sets: TierSet, at: datetime = NOON, zone: str = LONDON, effective_at: datetime | None = None
) -> None:
    mug = Reward("mug", "Mug", "马克杯", "gift", (Price(100),), sku="MUG")
    made = replace(programme.default("GBP", zone), tier_sets=sets, rewards=(mug,))
    programme.publish(tx, made, at=at, by="test", effective_at=effective_at)


def enrol(tx: Transaction, name: str, *, joined_at: datetime = NOON, **more: Any) -> int:
    [done] = members.enrol(tx, [members.NewMember(name, joined_at=joined_at, **more)], at=joined_at)
    return done.member_id


def count(tx: Transaction, member_id: int, *events: Event, posted_at: datetime | None = None) -> None:
    """Let amounts count, as awards would; nothing is judged by that."""
    for event in events:
        number = tx.value("select count(*) from programme_qualifying")
        tx.run(
            "insert into programme_qualifying (member_id, counts_at, known_at, reference, amount_minor, posted_at) "
            "values (%(m)s, %(c)s, %(k)s, %(r)s, %(a)s, %(p)s)",
            m=member_id, c=event.counts_at, k=event.known_at, r=f"ord_{number:013d}", a=event.amount, p=posted_at or event.known_at,
        )  # fmt: skip


def spend(tx: Transaction, member_id: int, amount: int, at: datetime, *, known_at: datetime | None = None) -> None:
    """Let an amount count, and judge."""
    known = known_at or at
    count(tx, member_id, Event(at, known, amount))
    programme.review(tx, [(member_id, known)], at=known)


def pass_time(tx: Transaction, until: datetime) -> None:
    while programme.review_due(tx, at=until):
        pass


def told(tx: Transaction, member_id: int) -> list[tuple[str, datetime, str]]:
    found = facts.timeline(tx, member_id=member_id, limit=1000)
    return [(one.name, one.occurred_at, one.data["tier"]) for one in reversed(found) if one.name.startswith("tier.")]


def names(tx: Transaction, member_id: int) -> list[str]:
    return [f"{name.removeprefix('tier.')} {tier}" for name, _, tier in told(tx, member_id)]


def tier(tx: Transaction, member_id: int, at: datetime) -> str:
    return programme.standing(tx, member_id, at=at).tier.code


def day(text: str, hour: int = 12) -> datetime:
    return datetime.fromisoformat(f"{text}T{hour:02d}:00:00+00:00")
