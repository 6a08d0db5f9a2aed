"""Random programmes, orders and returns, lived through one after the other by the verbs of every day, and replayed at once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa

import make
from conftest import NOON
from regulars import ledger, members, programme
from regulars.commerce import NewOrder, NewReturn, Shop
from regulars.insight import what_if
from regulars.insight.what_if import _queries
from regulars.ledger import Rolling, Sliding, Span
from regulars.programme import Programme, Rule, Tier, TierSet
from regulars.programme.earning import Limit, Terms
from regulars.programme.tiers import Gift, Measure, Membership, Window
from regulars.storage import Transaction

EARLY = NOON - timedelta(days=900)
DAY = timedelta(days=1)
UNTIL = NOON + timedelta(days=20)

ORDERED = ["true", "order.goods_minor < 4000", "member.tier == 'silver' || member.tier == 'gold'", "member.orders_before >= 2",
           "history.spend_minor(60) > 3000", "order.placed.weekday > 4", "lines.exists(l, l.sku == 'CUP')", "member.joined_days < 100",
           "order.country == 'FR' || member.country == 'GB'", "time.month % 2 == 1 && order.local.hour < 18", "'vip' in member.segments",
           "member.birthday_month == order.placed.month"]  # fmt: skip
LINED = ["true", "line.quantity > 1", "line.sku == 'MUG' && order.goods_minor > 2000", "member.tier == ''", "line.category == 'desk'",
         "'new' in line.tags"]  # fmt: skip


def rules(random: Random) -> tuple[Rule, ...]:
    found = [Rule("goods", "Goods", "商品", random.choice(["line.amount_minor / 10", "line.amount_minor / 7"]))]
    for n in range(random.randint(0, 4)):
        per: Any = random.choice(["line", "order"])
        kind: Any = random.choice(["bonus", "bonus", "multiplier"])
        points = {"multiplier": "150"}.get(kind) or random.choice(
            ["line.quantity * 13", "line.amount_minor / 3"]
            if per == "line"
            else ["50", "order.goods_minor / 9", "member.orders_before * 5"]
        )
        own: dict[str, Any] = {}
        if kind == "bonus" and random.random() < 0.35:
            own["limits"] = (
                Limit(random.choice(["day", "month", "year"]), *random.choice([(60, None), (None, 1), (90, 2)])),
            )
        if kind == "bonus" and random.random() < 0.15:
            own["cooldown"] = Span(20, "day")
        if random.random() < 0.2:
            own["terms"] = Terms(Rolling(Span(3, "month")))
        if random.random() < 0.2:
            own |= {"stack": "best", "group": "g"}
        when = random.choice(LINED if per == "line" else ORDERED)
        kinds = random.choice(["points", "points", "points", "stars"])
        found.append(Rule(f"r{n}", "R", "规", points, per=per, kind=kind, when=when, point_type=kinds, **own))
    return tuple(found)


def tier_set(random: Random, code: str, *, plain: bool) -> TierSet:
    by: Any = random.choice(["spend", "spend", "points", "orders"])
    reach = {"spend": (3000, 9000), "points": (300, 900), "orders": (2, 4)}[by]
    made = TierSet(
        code, "T", "级",
        (Tier("bronze", "B", "铜", 0), Tier("silver", "S", "银", reach[0]), Tier("gold", "G", "金", reach[1])),
        measure=Measure(by, "points" if by == "points" else None), window=Window(months=random.choice([2, 6, 12])),
    )  # fmt: skip
    if plain:
        return made
    kept = random.choice([None, reach[0] // 2])
    silver = replace(made.tiers[1], keep=kept, gift=random.choice([None, Gift(400), Gift(70, "stars")]))
    if code == "main" and random.random() < 0.4:
        silver = replace(silver, membership=Membership("CARD", Span(3, "month")))
    return replace(
        made, tiers=(made.tiers[0], silver, made.tiers[2]), window=Window(random.choice(["rolling", "calendar", "anniversary"]), 6, 4, 6),
        grace=Span(random.choice([0, 30]), "day"), downgrade=random.choice(["to_earned", "one_step", "never"]),
        refunds=random.choice(["at_once", "cycle_end"]), zone=random.choice(["programme", "shop"]),
    )  # fmt: skip


def document(random: Random) -> Programme:
    sets = [tier_set(random, code, plain=random.random() < 0.5) for code in ["main", "club"][: random.randint(1, 2)]]
    expiry: Any = random.choice([None, Rolling(Span(4, "month"), "month"), Sliding(Span(3, "month"))])
    rates = (programme.Rate("EUR", 87, 100),)
    return replace(
        programme.default("GBP", "Europe/London"),
        earning=rules(random),
        tier_sets=tuple(sets),
        expiry=expiry,
        rates=rates,
    )


@dataclass(slots=True)
class World:
    """What was lived through."""

    people: list[int]
    orders: list[int] = field(default_factory=list[int])


def live(tx: Transaction, random: Random, wanted: Programme, *, orders: int = 14) -> World:
    """Let members order and send back, a document at a time, under a programme that holds from the start."""
    shops = {"GBP": make.shop(tx), "EUR": make.shop(tx, "fr", currency="EUR", time_zone="Europe/Paris")}
    programme.publish(tx, wanted, at=EARLY, by="test")
    people = [_enrol(tx, random, number) for number in range(3)]
    world = World(people)
    moments = sorted(
        EARLY + timedelta(days=550 + random.randrange(360), minutes=random.randrange(1440)) for _ in range(orders)
    )
    due: list[tuple[datetime, int, Any, Shop]] = []
    for n, at in enumerate(moments):
        due.append((at, n, _order(random, people, n, at), shops[random.choice(["GBP", "GBP", "GBP", "EUR"])]))
    for at, n, one, shop in list(due):
        for step in range(random.choice([0, 0, 1, 2])):
            piece = random.choice(one.lines)
            when = at + timedelta(days=random.randrange(1, 60), hours=step)
            back = NewReturn(
                f"B{n}-{step}", when, [replace(piece, quantity=1)], order=one.external_id, member_id=one.member_id
            )
            due.append((when, orders + n * 5 + step, back, shop))
    for at, _, one, shop in sorted(due, key=lambda each: each[:2]):
        if at <= UNTIL:
            _happen(tx, shop, world, one, at)
    return world


def _enrol(tx: Transaction, random: Random, number: int) -> int:
    joined = EARLY + timedelta(days=random.randrange(500))
    attributes = {"segments": ["vip"], "birthday": "1990-05-17"} if number == 1 else {}
    new = members.NewMember(
        str(number), issuer="uk", joined_at=joined, country=random.choice(["GB", None]), attributes=attributes
    )
    [done] = members.enrol(tx, [new], at=joined)
    programme.review(tx, [(done.member_id, joined)], at=joined)
    return done.member_id


def _order(random: Random, people: list[int], number: int, at: datetime) -> NewOrder:
    lines = [
        make.line(
            random.choice(["MUG", "CUP", "CARD"]),
            random.randint(1, 3),
            random.choice([333, 1000, 1499]),
            category=random.choice([None, "kitchen", "desk"]),
            tags=random.choice([(), ("new",), ("new", "sale")]),
        )
        for _ in range(random.randint(1, 3))
    ]
    return NewOrder(
        f"A{number}", at, lines, member_id=random.choice(people), paid_at=at, country=random.choice(["FR", "GB"])
    )


def _happen(tx: Transaction, shop: Shop, world: World, one: NewOrder | NewReturn, at: datetime) -> None:
    while programme.review_due(tx, at=at):
        pass
    ledger.expire_due(tx, at=at)
    if isinstance(one, NewOrder):
        [done] = make.record(tx, shop, one, at=at)
        assert done.error is None, done
        world.orders.append(done.document_id)
        programme.award(tx, [done.document_id], at=at)
        orders, returns = [done.document_id], []
    else:
        [done] = make.take_in(tx, shop, one, at=at)
        if done.error is not None:
            return
        programme.take_back(tx, [done.document_id], at=at)
        orders, returns = [], [done.document_id]
    assert one.member_id
    for _ in range(3):  # what tiers give may count towards tiers
        programme.review(tx, [(one.member_id, at)], at=at)
    programme.sell_memberships(tx, orders, return_ids=returns, at=at)


def lived(tx: Transaction, world: World) -> dict[str, Any]:
    """What came of it: points by order and type, tiers by member and set, gifts, and what everybody holds."""
    while programme.review_due(tx, at=UNTIL):
        pass
    while ledger.expire_due(tx, at=UNTIL):
        pass
    points = Counter[tuple[int, str]]()
    for award in programme.awards_of(tx, world.orders):
        points[award.order_id, "points"] += award.points - award.reversed
    for order_id, point_type, left in tx.rows(
        "select order_id, point_type, points - reversed from programme_award_parts"
    ):
        points[order_id, point_type] += left
    tiers = {
        (member_id, one.one.code): one.tier.code
        for member_id in world.people
        for one in programme.standings(tx, member_id, at=UNTIL)
    }
    gifts = Counter({(member_id, kind): total for member_id, kind, total in tx.rows(
        "select member_id, point_type, sum(points)::bigint from programme_tier_gifts where points > 0 group by 1, 2")})  # fmt: skip
    held = {member_id: ledger.balance(tx, member_id, at=UNTIL) for member_id in world.people}
    owed = {member_id: one.available + one.pending - one.debt for member_id, one in held.items()}
    return {
        "points": {key: value for key, value in points.items() if value},
        "tiers": tiers,
        "gifts": dict(gifts),
        "owed": owed,
    }


def tables(tx: Transaction) -> Mapping[str, pa.Table]:
    """What a history is made of, read by the transaction instead of beside it."""
    found: dict[str, pa.Table] = {}
    for name, query in _queries.history_of(named=True).items():
        schema = what_if.SCHEMAS[name]
        if name == "people":
            schema = schema.set(schema.get_field_index("segments"), pa.field("segments", pa.string()))
        columns = list(zip(*tx.rows(query), strict=True)) or [()] * len(schema)
        found[name] = pa.table(
            [pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)], schema=schema
        )
    return found


def replayed(tx: Transaction, wanted: Programme) -> dict[str, Any]:
    """The same, of a replay."""
    history = what_if.with_more(tx, tables(tx), [wanted], until=UNTIL)
    with history.chunk(0, 1) as session:
        what_if.replay(session, wanted, history)
        lots = session.ask("select * from lots").to_pylist()
        stands = session.ask("select * from stands").to_pylist()
        people = session.ask("select member_id from here_people")["member_id"].to_pylist()
    points, gifts = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    owed = Counter(dict.fromkeys(people, 0))
    for lot in lots:
        if lot["given"]:
            gifts[lot["member_id"], lot["point_type"]] += lot["given"]
        else:
            points[lot["order_id"], lot["point_type"]] += lot["earned"] - lot["taken"]
        if lot["point_type"] == "points" and not lot["gone"]:
            owed[lot["member_id"]] += lot["earned"] - lot["taken"] + lot["given"]
    return {
        "points": {key: value for key, value in points.items() if value},
        "tiers": {(row["member_id"], row["set_code"]): row["tier"] for row in stands},
        "gifts": dict(gifts),
        "owed": dict(owed),
    }
