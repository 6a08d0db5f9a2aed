"""What is said of an export is what counting by hand gives."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.insight.exports import read_export
from regulars.insight.report import findings, rate


def found(tmp_path: Path, rows: list[tuple[object, ...]], header: str = "customer,date,amount"):
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    with read_export(path) as export:
        return findings(export)


def test_the_base_counts_purchases_and_what_was_given_back(tmp_path: Path) -> None:
    base = found(
        tmp_path,
        [
            ("a", "2024-01-01", 10),
            ("a", "2024-01-01", 5),
            ("a", "2024-01-20", 20),
            ("a", "2024-02-01", -8),
            ("b", "2024-01-02", 4),
        ],
    ).base
    assert (base.customers, base.orders, base.purchase_days) == (2, 3, 3)
    assert (base.gross_minor, base.refund_minor, base.net_minor) == (3_900, 800, 3_100)
    assert (base.repurchase.count, base.repurchase.of) == (1, 2)


def test_several_orders_on_one_day_are_orders_where_they_have_numbers(tmp_path: Path) -> None:
    base = found(
        tmp_path,
        [(1, "a", "2024-01-01", 10), (2, "a", "2024-01-01", 5), (2, "a", "2024-01-01", 5)],
        "order,customer,date,amount",
    ).base
    assert (base.orders, base.purchase_days) == (2, 1)


def test_the_rhythm_and_who_came_back_in_time(tmp_path: Path) -> None:
    rows = [
        ("a", "2024-01-01", 1),
        ("a", "2024-01-11", 1),
        ("a", "2024-03-11", 1),
        ("b", "2024-01-01", 1),
        ("c", "2024-03-10", 1),
    ]
    rhythm = found(tmp_path, rows).rhythm
    assert (rhythm.quarter, rhythm.most) == (10, 60)
    assert {days: (one.count, one.of) for days, one in rhythm.within} == {30: (1, 2), 60: (1, 2)}


def test_cohorts_hold_complete_months_only(tmp_path: Path) -> None:
    rows = [
        ("a", "2024-01-05", 1),
        ("b", "2024-01-06", 1),
        ("a", "2024-02-05", 1),
        ("c", "2024-02-06", 1),
        ("a", "2024-03-05", 1),
    ]
    cohorts = found(tmp_path, rows).cohorts
    assert [(row.month, row.customers, row.shares) for row in cohorts] == [
        (date(2024, 1, 1), 2, (1.0, 0.5)),
        (date(2024, 2, 1), 1, (1.0,)),
    ]


def test_who_is_silent_for_over_twice_their_own_gap_is_slipping(tmp_path: Path) -> None:
    often = [("often", f"2024-01-{day:02d}", 10) for day in range(1, 30, 7)]
    slow = [("slow", day, 10) for day in ("2023-10-01", "2023-12-01", "2024-02-01")]
    at_risk = found(tmp_path, [*often, *slow, ("new", "2024-02-20", 10)]).at_risk
    assert [(one.customer, one.silent_days) for one in at_risk.first] == [("often", 22)]
    assert at_risk.yearly_minor == at_risk.first[0].yearly_minor > 0


def test_the_best_bring_the_most_and_all_bring_all(tmp_path: Path) -> None:
    said = found(tmp_path, [(f"c{n}", "2024-01-01", 100 if n < 4 else 1) for n in range(20)])
    assert said.top[4] == (0.2, pytest.approx(400 / 416))
    assert said.top[-1] == (1.0, 1.0)
    assert sum(group.customers for group in said.types) == sum(group.customers for group in said.grades) == 20
    assert {"best", "second"} & {one.name for one in said.advice} == {"best"}


@given(st.integers(1, 10**7).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share(counts: tuple[int, int]) -> None:
    found = rate(*counts)
    assert 0 <= found.low <= found.share + 1e-9
    assert found.share - 1e-9 <= found.high <= 1


def test_an_interval_is_wilsons() -> None:
    found = rate(8, 10)
    assert (found.low, found.high) == (pytest.approx(0.4901625, abs=1e-6), pytest.approx(0.9433178, abs=1e-6))


CDNOW = next(
    (there for up in Path(__file__).parents if (there := up / "shared/data/cdnow/CDNOW_sample.txt").is_file()),
    Path("none"),
)


@pytest.mark.skipif(not CDNOW.is_file(), reason="../shared/data is not here: the published figures are NOT checked")
def test_cdnow_gives_the_published_parameters_and_holdout() -> None:
    with read_export(CDNOW) as export:
        lifetime = findings(export, calibrate_until=date(1997, 9, 30)).lifetime
    models = {model.name: model for model in lifetime.models}
    published = {
        "bg_nbd": ((0.2425945, 4.4136019, 0.7929199, 2.4258881), -9582.429, 1653.4, 0.7855),
        "mbg_nbd": ((0.525, 6.183, 0.891, 1.614), -9582.1357, 1576.7, 0.7648),
        "pareto_nbd": ((0.55315, 10.576, 0.60625, 11.67), -9594.976, 1665.5, 0.7545),
        "nbd": ((0.3848, 12.0721), -9763.658, 2929.8, 1.0410),
    }
    for name, (parameters, likelihood, predicted, mae) in published.items():
        assert list(models[name].parameters.values()) == pytest.approx(parameters, rel=1e-3)
        assert models[name].log_likelihood == pytest.approx(likelihood, abs=0.01)
        assert models[name].holdout.actual == 1882
        assert models[name].holdout.predicted == pytest.approx(predicted, abs=0.5)
        assert models[name].holdout.mae == pytest.approx(mae, abs=1e-3)
    assert sorted(models["gamma_gamma"].parameters.values()) == pytest.approx([3.74, 6.25, 15.44], abs=0.01)
    assert models["gamma_gamma"].log_likelihood == pytest.approx(-4055.9177, abs=0.01)
    assert lifetime.worth.low < lifetime.worth.value < lifetime.worth.high
