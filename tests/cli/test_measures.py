"""`regulars measures`: the same definitions and figures as everywhere else."""

import pytest

import make
from cast import ADA, BEN
from conftest import NOON
from make import DAY, order
from regulars import insight
from regulars.storage import Database


@pytest.fixture
def bought(database_url: str) -> None:
    database = Database(database_url)
    with database.transaction() as tx:
        shop = make.shop(tx)
        make.record(tx, shop, order("1", ADA, placed_at=NOON - 400 * DAY), order("2", ADA), order("3", BEN))
        make.record(tx, shop, order("4", BEN, placed_at=NOON - DAY))
    database.close()


def test_every_measure_is_shown_for_the_year_up_to_the_last_purchase(regulars, bought) -> None:
    shown = regulars("measures", "--json").json
    assert [row["measure"] for row in shown] == [measure.name for measure in insight.measures()]
    values = {row["measure"]: row["value"] for row in shown}
    assert (values["orders"], values["revenue"], values["repurchase_rate"]) == (3, 3000, 0.5)
    assert {(row["start"], row["end"]) for row in shown} == {("2025-03-03", "2026-03-03")}
    assert {row["currency"] for row in shown if row["unit"] == "money"} == {"GBP"}


def test_one_measure_is_shown_with_its_course(regulars, bought) -> None:
    shown = regulars("measures", "orders", "--from", "2026-03-01", "--to", "2026-03-02", "--json").json
    assert shown["series"] == [
        {"start": "2026-03-01", "end": "2026-03-02", "value": 1},
        {"start": "2026-03-02", "end": "2026-03-03", "value": 2},
    ]
    assert (shown["value"], shown["previous"], shown["change"]) == (3, 0, None)


def test_people_read_the_title_the_sentence_and_money_with_its_currency(regulars, bought) -> None:
    shown = regulars("measures", "average_order_value", "--shop", "uk").out
    assert shown.startswith("Average order value: £10.00\nRevenue divided by the number of purchases")
    assert "复购率: 50.0 %\n期间内有购买的会员中" in regulars("measures", "repurchase_rate", "--language", "zh").out
    everything = regulars("measures").out
    assert "Retention rate" in everything
    assert "2025-03-03 to 2026-03-02" in everything


def test_an_installation_without_orders_has_figures_too(regulars) -> None:
    assert {row["value"] for row in regulars("measures", "--json").json} == {0, None}
    assert regulars("measures").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["nps"], 4, "There is no measure 'nps'; there are active_members"),
        (["--shop", "nope"], 4, "There is no shop nope"),
        (["--from", "2026-03-02", "--to", "2026-03-01"], 2, "end is 2026-03-02: give a day after 2026-03-02"),
        (["--from", "yesterday"], 2, "Invalid value for '--from'"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_reason(regulars, bought, arguments, code, reason) -> None:
    ran = regulars("measures", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert reason in ran.err
