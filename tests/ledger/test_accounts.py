"""Reading accounts, and letting what is due fall due."""

from conftest import NOON
from ledger.making import (
    ADA,
    BEN,
    DAN,
    DAY,
    LAST,
    LATER,
    SOON,
    TICK,
    balance,
    earn,
    give_back,
    kinds,
    lots,
    post,
    spend,
    take_back,
    told,
)
from regulars import ledger
from regulars.ledger import Balance, Lot, Totals
from regulars.storage import Transaction


def test_a_member_without_an_account_has_nothing(tx: Transaction) -> None:
    assert ledger.balance(tx, BEN, at=NOON) == Balance(0, 0, 0)
    assert ledger.lots(tx, BEN, at=NOON) == []
    assert ledger.statement(tx, BEN) == []


def test_lots_come_by_expiry_and_then_pending_ones_by_maturity(tx: Transaction) -> None:
    post(tx, earn(ADA, 1, "a", None), earn(ADA, 2, "b", SOON), earn(ADA, 3, "c", SOON))
    post(tx, earn(ADA, 4, "d", None, matures_at=LATER), earn(ADA, 5, "e", LAST, matures_at=SOON + DAY))
    assert ledger.lots(tx, ADA, at=NOON) == [Lot(SOON, 5), Lot(None, 1), Lot(LAST, 5, SOON + DAY), Lot(None, 4, LATER)]
    assert ledger.lots(tx, ADA, at=SOON + DAY) == [Lot(LAST, 5), Lot(None, 1), Lot(None, 4, LATER)]


def test_a_statement_is_read_page_by_page(tx: Transaction) -> None:
    post(tx, *[earn(ADA, number, f"e{number}") for number in range(1, 8)], earn(BEN, 1, "b"))
    assert [entry.seq for entry in ledger.statement(tx, ADA, limit=3)] == [7, 6, 5]
    assert [entry.seq for entry in ledger.statement(tx, ADA, before=5, limit=3)] == [4, 3, 2]
    assert [entry.seq for entry in ledger.statement(tx, ADA, before=2, limit=3)] == [1]
    assert ledger.statement(tx, ADA, before=1) == []
    assert [entry.seq for entry in ledger.statement(tx, ADA, before=10**6, limit=1)] == [7]


def test_a_statement_says_what_each_entry_did(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", SOON), spend(ADA, 4, "v"), take_back(ADA, 9, "r", "a"), give_back(ADA, 1, "g", "v"))
    assert [
        (entry.kind, entry.amount, entry.debt_change, entry.available, entry.expires_at, entry.reverses)
        for entry in reversed(ledger.statement(tx, ADA))
    ] == [
        ("earn", 10, 0, 10, SOON, None),
        ("spend", -4, 0, 6, None, None),
        ("clawback", -6, 3, 0, None, 1),
        ("restore", 0, -1, 0, None, 2),
    ]


def test_what_is_due_falls_due_in_the_order_it_did(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", SOON + 2 * DAY), earn(ADA, 20, "b", LATER, matures_at=SOON + DAY))
    post(tx, earn(ADA, 30, "c", SOON + 3 * DAY, matures_at=SOON), earn(ADA, 5, "d", SOON + 3 * DAY), earn(BEN, 1, "e"))
    assert ledger.expire_due(tx, at=SOON + 3 * DAY) == 4
    entries = list(reversed(ledger.statement(tx, ADA)))[4:]
    assert [(entry.kind, entry.amount, entry.available, entry.occurred_at, entry.reference) for entry in entries] == [
        ("mature", 30, 45, SOON, "@mature:3"),
        ("mature", 20, 65, SOON + DAY, "@mature:2"),
        ("expire", -10, 55, SOON + 2 * DAY, "@expire:7"),
        ("expire", -35, 20, SOON + 3 * DAY, "@expire:8"),
    ]
    assert {entry.posted_at for entry in entries} == {SOON + 3 * DAY}
    assert [fact[:3] for fact in told(tx)[5:]] == [
        ("points.matured", ADA, 30),
        ("points.matured", ADA, 20),
        ("points.expired", ADA, 10),
        ("points.expired", ADA, 35),
    ]
    assert lots(tx, ADA, SOON + 3 * DAY) == {LATER: 20}
    assert ledger.expire_due(tx, at=SOON + 3 * DAY) == 0
    assert ledger.audit(tx) == []


def test_nothing_falls_due_early(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", SOON), earn(ADA, 20, "b", LATER, matures_at=SOON))
    assert ledger.expire_due(tx, at=SOON - TICK) == 0
    assert kinds(tx, ADA) == ["earn", "promise"]
    assert ledger.expire_due(tx, at=SOON) == 2


def test_a_call_takes_the_longest_due_first_and_no_more_than_asked(tx: Transaction) -> None:
    post(tx, *[earn(member_id, 1, "a", SOON + (10 - member_id) * DAY) for member_id in range(1, 10)])
    assert ledger.expire_due(tx, at=LATER, limit=4) == 4
    assert [member_id for member_id in range(1, 10) if "expire" in kinds(tx, member_id)] == [6, 7, 8, 9]


def test_a_lot_that_never_expires_never_falls_due(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a", None))
    assert ledger.expire_due(tx, at=NOON + 100_000 * DAY) == 0


def test_each_point_type_is_its_own_account(tx: Transaction) -> None:
    post(tx, earn(ADA, 10, "a"), earn(ADA, 3, "a", point_type="stars"), spend(ADA, 4, "v", point_type="points"))
    assert balance(tx, ADA) == (6, 0, 0)
    assert ledger.balance(tx, ADA, at=NOON, point_type="stars") == Balance(3, 0, 0)
    assert tx.rows("select point_type, available from ledger_balances where member_id = 1 order by point_type") == [
        ("points", 6),
        ("stars", 3),
    ]


def totals(point_type: str, **figures: int) -> Totals:
    """Totals that are 0 but for the figures given."""
    return Totals(
        point_type, **{name: figures.get(name, 0) for name in Totals.__dataclass_fields__ if name != "point_type"}
    )


def test_totals_account_for_every_point(tx: Transaction) -> None:
    post(tx, earn(ADA, 100, "a", SOON), earn(ADA, 50, "p", matures_at=LATER - DAY), spend(ADA, 30, "v"))
    post(tx, give_back(ADA, 10, "g", "v"), take_back(ADA, 20, "r", "p"), earn(BEN, 7, "s", point_type="stars"))
    post(tx, earn(DAN, 40, "d"), spend(DAN, 40, "w"), take_back(DAN, 15, "q", "d"))
    ledger.expire_due(tx, at=SOON)
    assert ledger.totals(tx) == [
        totals(
            "points", issued=190, spent=70, restored=10, reversed=35, expired=80, outstanding=0, pending=30, debt=15
        ),
        totals("stars", issued=7, outstanding=7),
    ]


def test_totals_of_an_empty_ledger_are_none(tx: Transaction) -> None:
    assert ledger.totals(tx) == []


def test_what_batches_moved_is_rolled_up_by_the_day_and_sums_to_the_same(tx: Transaction) -> None:
    for number in range(4):
        post(tx, earn(ADA, 10, f"a{number}"), spend(ADA, 3, f"v{number}"), at=NOON + number * DAY / 2)
    before = ledger.totals(tx)
    assert tx.value("select count(*) from ledger_flows") == 8
    assert ledger.roll_up(tx, at=NOON + 2 * DAY) == 4  # two days, two kinds
    assert ledger.roll_up(tx, at=NOON + 2 * DAY) == 0
    assert ledger.totals(tx) == before
    assert tx.value("select sum(entries) from ledger_flows") == 8
