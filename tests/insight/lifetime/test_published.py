"""The published numbers of the CDNOW tenth (Fader, Hardie and others), fitted and predicted anew."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from regulars.insight import lifetime
from regulars.insight.lifetime import Histories, ModelName

FILE = next(
    (
        place
        for up in Path(__file__).resolve().parents
        if (place := up / "shared/data/cdnow/CDNOW_sample.txt").is_file()
    ),
    None,
)
if FILE is None:
    pytest.skip("../shared/data/cdnow is not here: the published numbers are NOT checked", allow_module_level=True)

CALIBRATED, END = date(1997, 9, 30), date(1998, 6, 30)
FITS: dict[ModelName, tuple[tuple[float, ...], float]] = {
    "bg_nbd": ((0.2425945, 4.4136019, 0.7929199, 2.4258881), -9582.429),
    "mbg_nbd": ((0.525, 6.183, 0.891, 1.614), -9582.1357),
    "pareto_nbd": ((0.55315, 10.576, 0.60625, 11.67), -9594.976),
    "nbd": ((0.3848, 12.0721), -9763.658),
}
HELD = {
    "bg_nbd": (1653.4, -0.122, 0.7855, 1.6080, 0.7725),
    "mbg_nbd": (1576.7, -0.162, 0.7648, 1.6072, 0.7728),
    "pareto_nbd": (1665.5, -0.115, 0.7545, 1.6028, 0.7787),
    "recency": (2930.1, 0.557, 1.0237, 2.2119, 0.7714),
}


@pytest.fixture(scope="module")
def purchases() -> pa.Table:
    assert FILE is not None
    rows = [line.split() for line in FILE.read_text().splitlines()]
    return pa.table(
        {
            "customer": [row[1] for row in rows],
            "day": pa.array([date.fromisoformat(row[2]) for row in rows]),
            "amount_minor": [round(float(row[4]) * 100) for row in rows],
        }
    )


@pytest.fixture(scope="module")
def seen(purchases: pa.Table) -> Histories:
    return lifetime.histories(purchases, until=CALIBRATED)


def test_the_histories_are_those_of_the_literature(seen: Histories) -> None:
    assert (len(seen), int(seen.x.sum()), int((seen.x == 0).sum())) == (2357, 2457, 1411)


@pytest.mark.parametrize("model", FITS)
def test_parameters_and_likelihood(seen: Histories, model: ModelName) -> None:
    fitted = lifetime.fit(seen, model)
    values, height = FITS[model]
    assert tuple(fitted.parameters.values()) == pytest.approx(values, rel=1e-3)
    assert fitted.log_likelihood == pytest.approx(height, abs=1e-3)
    assert fitted.identified


def test_the_errors_of_pareto(seen: Histories) -> None:
    errors = tuple(lifetime.fit(seen, "pareto_nbd").standard_errors.values())
    assert errors == pytest.approx((0.0476264, 0.8427222, 0.1872594, 6.2105448), rel=1e-3)


def test_gamma_gamma(seen: Histories) -> None:
    fitted = lifetime.fit_gamma_gamma(seen)
    assert tuple(fitted.parameters.values()) == pytest.approx((6.25, 3.74, 15.44), rel=2e-3)
    assert (fitted.customers, fitted.log_likelihood) == (946, pytest.approx(-4055.9177, abs=1e-3))


def one(x: int, tx: int, age: int) -> Histories:
    return lifetime.of(np.array([x]), np.array([tx]), np.array([age]))


@pytest.mark.parametrize(
    ("model", "year", "orders", "alive"),
    [("pareto_nbd", 1.473434, 25.45647, 0.997874), ("bg_nbd", 1.444004, 25.75659, 0.9688523)],
)
def test_predictions_of_a_new_customer_and_of_customer_1516(
    seen: Histories, model: ModelName, year: float, orders: float, alive: float
) -> None:
    fitted = lifetime.fit(seen, model)
    assert lifetime.new_customer_orders(fitted, 364) == pytest.approx(year, rel=1e-4)
    assert lifetime.expected_orders(fitted, one(26, 216, 217), 364)[0] == pytest.approx(orders, rel=1e-4)
    assert lifetime.p_alive(fitted, one(26, 216, 217))[0] == pytest.approx(alive, rel=1e-4)


def test_a_new_customer_of_bg_by_days(seen: Histories) -> None:
    fitted = lifetime.fit(seen, "bg_nbd")
    found = [lifetime.new_customer_orders(fitted, days) for days in (1, 7, 21, 223, 224, 546)]
    assert found == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], abs=5e-4)
    assert lifetime.expected_orders(fitted, one(2, 213, 272), 273)[0] == pytest.approx(1.226, abs=5e-4)


def test_the_holdout(purchases: pa.Table) -> None:
    held = lifetime.validate(purchases, calibrate_until=CALIBRATED, until=END)
    assert [one.name for one in held] == list(HELD)
    for found in held:
        total, bias, mae, rmse, ranked = HELD[found.name]
        assert found.actual == 1882
        assert found.predicted == pytest.approx(total, abs=0.06)
        assert (found.bias, found.mae) == (pytest.approx(bias, abs=6e-4), pytest.approx(mae, abs=6e-5))
        assert (found.rmse, found.auc_active) == (pytest.approx(rmse, abs=6e-5), pytest.approx(ranked, abs=6e-5))


def test_churn_is_refused_where_one_time_buyers_count_as_loyal(seen: Histories) -> None:
    fitted = lifetime.fit(seen, "bg_nbd")
    with pytest.raises(lifetime.NotIdentified, match="mbg_nbd"):
        lifetime.churn_chance(fitted, seen)


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_splitting_weights_and_order_change_nothing(seen: Histories, model: ModelName) -> None:
    plain = lifetime.fit(seen, model)
    twice = seen.taken(np.random.default_rng(1).permutation(np.r_[0 : len(seen), 0 : len(seen)]))
    split = lifetime.fit(twice, model, weights=np.full(len(twice), 0.5))
    assert split.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-5)
    assert split.parameters == pytest.approx(plain.parameters, rel=1e-4)
