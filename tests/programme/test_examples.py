"""The programmes in examples/, as they stand there, with orders from first to last: what members hold is worked out by hand."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import make
from make import came_back, line, order
from regulars import jobs, ledger, members, programme
from regulars.commerce import NewOrder, NewReturn, Shop
from regulars.ledger import desk
from regulars.programme import Programme, drafts, rewards
from regulars.programme.coupons import Cart, CartLine
from regulars.storage import Transaction

EXAMPLES = Path(__file__).parents[2] / "examples"
NEW_YORK, SHANGHAI = ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")


def read(name: str) -> Programme:
    checked = drafts.check((EXAMPLES / f"{name}.yaml").read_text("utf-8"))
    assert checked.programme is not None, checked.flaws
    return checked.programme


def opened(tx: Transaction, name: str, counted: str, at: datetime) -> Shop:
    made = read(name)
    shop = make.shop(tx, "us", currency=made.currency, time_zone=made.time_zone)
    desk.define_point_type(tx, counted, role="qualifying", at=at)
    programme.publish(tx, made, at=at, by="test")
    return shop


def bring(tx: Transaction, shop: Shop, *documents: NewOrder | NewReturn) -> None:
    """Record documents, each at its own time, with what follows; what is due before is done before."""
    for one in documents:
        at = one.placed_at if isinstance(one, NewOrder) else one.returned_at
        programme.review_due(tx, at=at)
        take = make.record if isinstance(one, NewOrder) else make.take_in
        [done] = take(tx, shop, one, at=at)  # pyright: ignore[reportArgumentType]
        assert done.status == "recorded", done.error
        jobs.react_within(tx, at=at)
        jobs.react_within(tx, at=at)  # what was sold may itself have been a tier


def ada(tx: Transaction) -> int:
    return members.by_external_id(tx, "ada", issuer="us").member_id


def held(tx: Transaction, at: datetime, kind: str = "points") -> int:
    return ledger.balance(tx, ada(tx), at=at, point_type=kind).available


def test_a_coffee_shops_stars(tx: Transaction) -> None:
    def day(month: int, day: int, year: int = 2026) -> datetime:
        return datetime(year, month, day, 9, tzinfo=NEW_YORK)

    shop = opened(tx, "coffee-stars", "stars", day(1, 2))
    latte = line("LATTE", 1, 525)
    bring(tx, shop, order("1", "ada", latte, placed_at=day(1, 5)))
    assert (held(tx, day(1, 5)), held(tx, day(1, 5), "stars")) == (5, 5)
    bring(
        tx, shop, order("2", "ada", latte, placed_at=day(2, 3))
    )  # the first Tuesday: doubled, but not towards the level
    assert (held(tx, day(2, 3)), held(tx, day(2, 3), "stars")) == (15, 10)
    bring(tx, shop, order("3", "ada", line("CATERING", 1, 50_000), placed_at=day(2, 4)))
    assert programme.standing(tx, ada(tx), at=day(2, 4)).tier.code == "gold"
    bring(tx, shop, order("4", "ada", line("BEANS", 1, 10_000), placed_at=day(2, 5)))
    assert held(tx, day(2, 5)) == 15 + 500 + 120
    assert held(tx, day(8, 31)) == 15 - 5 + 500 + 120  # the January stars lapsed with July
    assert held(tx, day(9, 1)) == 120  # those of Green with August; those of Gold stay
    bring(tx, shop, came_back("R1", None, line("BEANS", 1, 10_000), of="4", returned_at=day(9, 2)))
    assert held(tx, day(9, 2)) == 0
    assert programme.standing(tx, ada(tx), at=day(1, 4, 2028)).tier.code == "gold"
    assert programme.standing(tx, ada(tx), at=day(1, 6, 2028)).tier.code == "green"
    assert ledger.audit(tx) == []


def test_a_paid_membership_with_growth_value(tx: Transaction) -> None:
    def day(month: int, day: int, year: int = 2026) -> datetime:
        return datetime(year, month, day, 12, tzinfo=SHANGHAI)

    shop = opened(tx, "paid-membership", "growth", day(4, 2))
    bring(tx, shop, order("1", "ada", line("PLUS-YEAR", 1, 88_800), placed_at=day(4, 3)))
    growth, plus = sorted(programme.standings(tx, ada(tx), at=day(4, 3)), key=lambda one: one.one.code)
    assert (growth.tier.code, plus.tier.code, held(tx, day(5, 1))) == ("v1", "plus", 0)
    tea = line("TEA", 1, 40_000)
    bring(tx, shop, order("2", "ada", tea, line("CUP", 1, 90_000), placed_at=day(4, 4)))
    assert (held(tx, day(4, 10)), held(tx, day(4, 12))) == (0, 2600)  # a week later, doubled
    assert held(tx, day(4, 12), "growth") == 1000  # of 1,300: the month's limit
    bring(tx, shop, order("3", "ada", tea, placed_at=day(11, 11)))
    assert held(tx, day(11, 20)) == 2600 + 800 + 50
    bring(tx, shop, came_back("R3", None, line("TEA", 1, 40_000), of="3", returned_at=day(11, 20)))
    assert held(tx, day(11, 20)) == 2600
    assert (held(tx, day(12, 31, 2027)), held(tx, day(1, 1, 2028))) == (2600, 0)
    shelf, holder = programme.shelf(tx, at=day(4, 12)), programme.holder(tx, ada(tx), at=day(4, 12))
    cart = Cart("CNY", (CartLine("TEA", 1, 40_000),))
    options = {one.reward.code: one for one in rewards.options(tx, shelf, holder, cart, at=day(4, 12))}
    assert options["yuan_off"].price.points == 90
    assert programme.standing(tx, ada(tx), at=day(4, 4, 2027)).tier.code == "basic"
    assert ledger.audit(tx) == []


def test_growth_is_kept_with_less_and_lost_one_level_at_a_time(tx: Transaction) -> None:
    def day(month: int, day: int, year: int = 2026) -> datetime:
        return datetime(year, month, day, 12, tzinfo=SHANGHAI)

    shop = opened(tx, "paid-membership", "growth", day(4, 2))
    months = [order(f"a{month}", "ada", line("TEA", 10, 10_000), placed_at=day(month, 5)) for month in range(4, 9)]
    bring(tx, shop, *months)
    levels = {one.one.code: one for one in programme.standings(tx, ada(tx), at=day(8, 6))}
    assert levels["growth"].tier.code == "v3"
    assert held(tx, day(8, 20)) == 5 * 1000 + 500  # what was bought, and the gift of V3
    bring(tx, shop, *[order(f"b{n}", "ada", line("TEA", 10, 10_000), placed_at=day(n, 5, 2027)) for n in (4, 5, 6)])
    bring(tx, shop, order("b7", "ada", line("TEA", 5, 10_000), placed_at=day(7, 5, 2027)))
    kept = {one.one.code: one for one in programme.standings(tx, ada(tx), at=day(5, 1, 2028))}
    assert kept["growth"].tier.code == "v3"  # 3,500 keep what 5,000 reach
    fell = {one.one.code: one for one in programme.standings(tx, ada(tx), at=day(5, 1, 2029))}
    assert fell["growth"].tier.code == "v2"  # with nothing in the year: one level, after two weeks of grace
