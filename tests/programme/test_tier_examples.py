"""The two programmes of docs/howto/set-up-tiers.md, as they stand there, through a few years."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from programme.tier_making import day, enrol, names, pass_time
from regulars import ledger, programme
from regulars.programme import Programme, TierSet
from regulars.programme.tiers import describe
from regulars.storage import Transaction

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "set-up-tiers.md"


def example(number: int) -> tuple[TierSet, ...]:
    text = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[number]
    document = programme.default("CNY", "Asia/Shanghai").as_document() | {"tier_sets": json.loads(text)}
    return Programme.from_document(document).tier_sets


def publish(tx: Transaction, number: int, at: datetime) -> None:
    made = replace(programme.default("CNY", "Asia/Shanghai"), tier_sets=example(number))
    programme.publish(tx, made, at=at, by="test")


def earn(tx: Transaction, someone: int, amount: int, kind: str, at: datetime) -> None:
    ledger.earn(tx, someone, amount, reference=f"{kind}-{at.isoformat()}", at=at, point_type=kind)
    programme.review(tx, [(someone, at)], at=at)


class English:
    chinese = False

    def money(self, minor: int) -> str:
        return f"CN¥{minor / 100:,.2f}"

    def number(self, number: int) -> str:
        return f"{number:,}"

    def day(self, day: date) -> str:
        return f"{day.day} {day:%B %Y}"


def test_a_coffee_shops_stars(tx: Transaction) -> None:
    publish(tx, 0, day("2024-01-01"))
    someone = enrol(tx, "ada", joined_at=day("2024-02-29"), attributes={"time_zone": "America/New_York"})
    for month in (3, 4, 5):
        earn(tx, someone, 200, "stars", day(f"2024-0{month}-10"))
    now = programme.standing(tx, someone, at=day("2024-06-01"))
    assert (now.tier.code, now.missing_minor, now.cycle_ends) == ("gold", 1900, datetime(2025, 2, 28, 5, tzinfo=UTC))
    assert ledger.balance(tx, someone, at=day("2024-06-01")).available == 50
    held = {one.benefit.code: one.left for one in programme.entitlements(tx, someone, at=day("2024-06-01"))}
    assert held == {"birthday": 1, "upgrade": 12}
    earn(tx, someone, 450, "stars", day("2025-03-10"))
    pass_time(tx, day("2026-03-10"))
    assert names(tx, someone) == ["reached gold", "rewarded gold", "kept gold", "at_risk gold", "left green"]


def test_a_paid_membership_with_growth_value(tx: Transaction) -> None:
    publish(tx, 1, day("2025-04-02"))
    someone = enrol(tx, "ada", joined_at=day("2025-04-02"))
    earn(tx, someone, 5000, "growth", day("2025-06-01"))
    pass_time(tx, day("2026-05-01"))
    earn(tx, someone, 3380, "growth", day("2026-07-01"))
    growth, plus = programme.standings(tx, someone, at=day("2027-03-02"))
    assert (growth.tier.code, plus.tier.code) == ("v3", "basic")
    said = "120 points more by 31 March 2027 keeps V3; otherwise it becomes V2 on 15 April 2027."
    assert describe(growth, English()).keeping == said
    assert " ".join(said.split()) in " ".join(PAGE.read_text("utf-8").replace("*", "").split())
    pass_time(tx, day("2027-05-01"))
    assert names(tx, someone) == ["reached v3", "kept v3", "at_risk v3", "left v2"]
