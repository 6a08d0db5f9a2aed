"""Campaigns, budgets and salons for a shop whose console is looked at."""

from dataclasses import replace
from datetime import timedelta

import make
from conftest import NOON
from regulars import jobs, ledger, members, programme
from regulars.app import App
from regulars.programme import Rule, salons, undos
from regulars.programme.budgets import Budget, Worth
from regulars.programme.campaigns import Campaign, Days
from regulars.programme.rewards import Holder
from regulars.programme.salons import NewSalon

DAY = timedelta(days=1)
BUDGETS = (
    Budget("pot", "Spring pot", "春日预算", 500, period="month", at_end="partial"),
    Budget("cash", "Festival money", "节庆费用", 100_000, unit="money", worth=Worth(1, 10)),
)
CAMPAIGNS = (
    Campaign(
        "member_day", "Member day", "会员日", (Rule("md_double", "Double", "双倍", "200", per="order", kind="multiplier"),),
        kind="member_day", days=Days(month_days=(1, 8), weekdays=(5,)), budget="cash", group="festive", priority=2,
    ),
    Campaign(
        "spring", "Spring festival", "春日节", (Rule("spring_gift", "Gift", "赠分", "100", per="order", kind="bonus"),),
        kind="festival", starts_at=NOON - 2 * DAY, ends_at=NOON + 8 * DAY, budget="pot", group="festive",
    ),
    Campaign(
        "early", "Early access for gold", "金卡抢先购", (Rule("early_gift", "Early", "抢先", "10", per="order", kind="bonus"),),
        kind="pre_sale", days=Days(dates=("03-04",), from_hour=10, until_hour=14), tiers=("gold",),
        audience="member.orders_before >= 1",
    ),
)  # fmt: skip


def furnish(app: App) -> dict[str, str]:
    """Have campaigns that gave, one that waits to be undone, and a salon with a waiting list; the addresses by a name."""
    with app.database.transaction() as tx:
        held = programme.current(tx, at=NOON - DAY)
        programme.publish(tx, replace(held, campaigns=CAMPAIGNS, budgets=BUDGETS), at=NOON - DAY, by="test")
        shop = make.shop(tx)
        for number in range(4):
            at = NOON - timedelta(hours=22 - 6 * number)
            make.record(tx, shop, make.order(f"K-{number}", f"guest{number}", placed_at=at), at=at)
            jobs.react_within(tx, at=at)
        now = programme.current(tx, at=NOON)
        if not now.campaigns:  # another version began in the meantime
            programme.publish(tx, replace(now, campaigns=CAMPAIGNS, budgets=BUDGETS), at=NOON, by="test")
        spent = members.by_external_id(tx, "guest3", issuer="uk").member_id
        ledger.spend(tx, spent, 150, reference="spent", at=NOON)
        span = {"since": NOON - 2 * DAY, "until": NOON + timedelta(hours=1)}
        undos.propose(tx, "spring", reason="It gave too much.", by="max@shop.example", limit=10, at=NOON, **span)  # pyright: ignore[reportArgumentType]
        tea = NewSalon(
            "tea", "Tea tasting", "品茶会", NOON + 3 * DAY, NOON + 3 * DAY + timedelta(hours=2), 2, place="Upstairs", price=50,
            reward=20, opens_at=NOON - DAY,
        )  # fmt: skip
        salon = salons.open_salon(tx, tea, at=NOON - DAY, by="test")
        for number in range(1, 4):
            member_id = members.by_external_id(tx, f"guest{number}", issuer="uk").member_id
            salons.sign_up(tx, salon.salon_id, Holder(member_id, frozenset()), at=NOON, by="test")
    return {
        "campaigns": "/campaigns?month=2026-03",
        "campaigns, a quiet month": "/campaigns?month=1999-02",
        "campaign": "/campaigns/spring",
        "campaign, what an undo would take": "/campaigns/spring?since=2026-02-28T00:00&until=2026-03-03T00:00",
        "salons": "/salons",
        "salon": "/salons/tea",
        "salon, new": "/salons/new",
    }
