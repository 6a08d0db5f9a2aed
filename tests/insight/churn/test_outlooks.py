"""Own rhythms: recovered from simulated customers, blind to the future, right on a real shop's year."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars import demo
from regulars.insight import churn
from regulars.insight.churn import BadPurchases, TooLittleHistory

FIRST = date(2024, 1, 1)
ON = FIRST + timedelta(days=500)


def simulated(seed: int, *, customers: int = 400, mu: float = 3.4, within: float = 0.25, between: float = 0.36):
    """Customers who buy at gaps of the model, and never leave."""
    draw = np.random.default_rng(seed)
    rows: list[tuple[int, date, int]] = []
    for customer in range(customers):
        theta, day = draw.normal(mu, between**0.5), int(draw.integers(0, 60))
        while day <= 3000:
            rows.append((customer, FIRST + timedelta(days=day), 1000))
            day += max(1, round(float(np.exp(draw.normal(theta, within**0.5)))))
    return table(rows)


def table(rows: list[tuple[int, date, int]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    kinds = {"customer": pa.int64(), "day": pa.date32(), "amount_minor": pa.int64()}
    return pa.table({name: pa.array(column, kind) for column, (name, kind) in zip(columns, kinds.items(), strict=True)})


def of(found: churn.Outlook, customer: int) -> dict[str, object]:
    return found.customers.filter(pc.equal(found.customers["customer"], customer)).to_pylist()[0]


def test_the_base_that_made_the_customers_is_found_again() -> None:
    base = churn.outlook(simulated(7), on=FIRST + timedelta(days=2900)).base
    assert base.mu == pytest.approx(3.4, abs=3 * (0.36 / 400) ** 0.5)
    assert base.within == pytest.approx(0.25, abs=0.01)
    assert base.between == pytest.approx(0.36, abs=3 * 0.36 * (2 / 400) ** 0.5)


def test_a_customer_with_two_purchase_days_is_judged_mostly_by_the_base_and_a_regular_by_themselves() -> None:
    every = [(c, FIRST + timedelta(days=30 * k), 100) for c in range(50) for k in range(10)]
    weekly = [(100, ON - timedelta(days=7 * k), 100) for k in range(30)]
    twice = [(101, ON - timedelta(days=1), 100), (101, ON, 100)]
    mixed = simulated(1, customers=60)
    others = mixed.set_column(0, "customer", pc.add(mixed["customer"], 1000))
    found = churn.outlook(pa.concat_tables([table(every + weekly + twice), others]), on=ON)
    regular, new = of(found, 100), of(found, 101)
    assert regular["usual_days"] == pytest.approx(7, rel=0.1)
    assert new["own_weight"] < regular["own_weight"]
    assert 1 < new["usual_days"] < found.base.usual_days


def test_the_same_silence_is_late_for_one_and_on_time_for_another() -> None:
    rows = [(c, FIRST + timedelta(days=10 * k), 100) for c in range(20) for k in range(46)]
    rows += [(c, FIRST + timedelta(days=90 * k), 100) for c in range(20, 40) for k in range(6)]
    found = churn.outlook(table(rows), on=FIRST + timedelta(days=500))
    assert (of(found, 0)["silent_days"], of(found, 20)["silent_days"]) == (50, 50)
    assert of(found, 0)["state"] == "gone"
    assert of(found, 20)["state"] == "on_time"


rows = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 700).map(lambda n: FIRST + timedelta(days=n)), st.integers(-500, 9000)),
    min_size=80, max_size=160,
)  # fmt: skip


@given(rows, st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_neither_the_order_of_rows_nor_what_comes_later_matters(rows, shuffler) -> None:
    known = [row for row in rows if row[1] <= ON]
    shuffler.shuffle(rows)
    assert said(rows) == said(known)


def said(rows: list[tuple[int, date, int]]) -> object:
    try:
        return churn.outlook(table(rows), on=ON).customers.to_pylist()
    except TooLittleHistory:
        return None


@given(rows)
@settings(max_examples=25)
def test_every_row_holds_together(rows) -> None:
    try:
        found = churn.outlook(table(rows), on=ON)
    except TooLittleHistory:
        return
    assert set(found.customers["customer"].to_pylist()) == {c for c, day, money in rows if day <= ON and money >= 0}
    for row in found.customers.to_pylist():
        assert row["value_minor"] >= 0
        assert (row["state"] == "on_time") == (row["lateness"] < 0.75)
        assert row["loss"] is None or row["loss_low"] <= row["loss"] <= row["loss_high"]
        assert (row["due_on"] <= ON) or row["state"] == "on_time"


def test_a_silence_grows_later_day_by_day() -> None:
    made = simulated(3, customers=40).filter(pc.less_equal(simulated(3, customers=40)["day"], pa.scalar(ON)))
    days = [churn.outlook(made, on=ON + timedelta(days=n)).customers["lateness"].to_numpy() for n in (0, 5, 40, 400)]
    assert all((later >= sooner).all() for sooner, later in pairwise(days))


def test_no_chance_is_given_before_a_horizon_is_over() -> None:
    made = table([(c, FIRST + timedelta(days=5 * k), 100) for c in range(9) for k in range(9)])
    found = churn.outlook(made, on=FIRST + timedelta(days=60))
    assert found.back_test is None
    assert found.customers["loss"].null_count == found.customers["at_risk_minor"].null_count == 9


@pytest.mark.parametrize("rows", [[], [(1, FIRST, 100)], [(c, FIRST, 100) for c in range(99)]])
def test_where_nobody_came_back_there_is_no_rhythm(rows) -> None:
    with pytest.raises(TooLittleHistory):
        churn.outlook(table(rows), on=ON)


def test_what_cannot_be_read_is_refused_by_name() -> None:
    with pytest.raises(BadPurchases, match="amount_minor"):
        churn.outlook(pa.table({"customer": [1], "day": [FIRST]}), on=ON)
    with pytest.raises(BadPurchases, match="DataFrame"):
        churn.outlook(3, on=ON)
    with pytest.raises(BadPurchases, match="dates"):
        churn.outlook(pa.table({"customer": [1], "day": ["soon"], "amount_minor": [1]}), on=ON)


def test_wilson_is_as_published() -> None:
    low, high = churn.wilson(np.array([0.0, 15.0]), np.array([0.0, 148.0]))
    assert (low[0], high[0]) == (0, 1)
    assert (round(low[1], 4), round(high[1], 4)) == (0.0624, 0.1605)  # Newcombe 1998, table I: 15 of 148


@pytest.fixture(scope="module")
def year() -> churn.Outlook:
    with demo.export() as path:
        read = pq.read_table(path, columns=["CustomerID", "InvoiceDate", "Quantity", "UnitPrice"])
    pence = np.rint(read["Quantity"].to_numpy() * read["UnitPrice"].to_numpy() * 100).astype(np.int64)
    bought = {"customer": read["CustomerID"], "day": read["InvoiceDate"].cast(pa.date32()), "amount_minor": pence}
    return churn.outlook(pa.table(bought), on=date(2011, 12, 10))


def test_a_real_shop_was_judged_rightly_a_quarter_before(year: churn.Outlook) -> None:
    test = year.back_test
    assert test is not None
    assert (test.customers, test.lost) == (3370, 1449)
    assert test.expected == pytest.approx(1487.607, abs=1e-3)  # 2.7 % too many
    assert (test.brier, test.brier_flat) == (pytest.approx(0.2083, abs=1e-4), pytest.approx(0.2487, abs=1e-4))
    assert (test.auc, test.auc_recency) == (pytest.approx(0.7183, abs=1e-4), pytest.approx(0.6834, abs=1e-4))
    within = [band.low <= band.expected / band.customers <= band.high for band in test.bands]
    assert within == [True, True, True, False, True, True, True]  # 68.2 % expected where 63.9 % were lost, up to 68.1


def test_a_real_shop_s_rhythm(year: churn.Outlook) -> None:
    assert year.base.usual_days == pytest.approx(42.190, abs=1e-3)
    counts = {one["values"]: one["counts"] for one in year.customers["state"].value_counts().to_pylist()}
    assert counts == {"on_time": 2911, "late": 599, "slipping": 758, "gone": 71}
