"""What the command line tells of tiers."""

import make
from conftest import NOON
from regulars import jobs


def test_the_tiers_of_every_set_are_listed_with_who_has_them(regulars, database) -> None:
    with database.transaction() as tx:
        make.record(tx, make.shop(tx), make.order("1", "C-1", make.line("COAT", 1, 100_000)))
    jobs.react(make.app(database, at=NOON), patience_seconds=30)
    rows = regulars("tiers", "--json").json
    assert [(row["set"], row["tier"], row["by"], row["reach"], row["members"], row["at_risk"]) for row in rows] == [
        ("main", "bronze", "spend", 0, 0, 0),
        ("main", "silver", "spend", 100_000, 1, 0),
        ("main", "gold", "spend", 500_000, 0, 0),
    ]


def test_without_a_shop_there_are_none(regulars) -> None:
    assert regulars("tiers").code == 4
