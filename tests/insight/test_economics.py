"""How much will be redeemed, and a month's deferred revenue: published figures, simulated truths, sums that always hold."""

import random
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.insight import economics
from regulars.insight.economics import MILLION, Cohort, JournalLine, Sales
from regulars.ledger.periods import Books, Closing, Piece, RollForward, Standing, month_of

JANUARY = 2025 * 12


def cohort(
    month: int, issued: int, redeemed: list[int], expired: list[int] | None = None, life: int = 0, **more: int
) -> Cohort:
    lapsed = tuple(expired or [0] * len(redeemed))
    return Cohort(
        month,
        issued,
        more.get("taken_back", 0),
        more.get("received", 0),
        more.get("sent", 0),
        tuple(redeemed),
        lapsed,
        life,
    )


TAYLOR_ASHE = [
    [357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463],
    [352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085],
    [290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315],
    [310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268],
    [443160, 1136350, 2128333, 2897821, 3402672, 3873311],
    [396132, 1333217, 2180715, 2985752, 3691712],
    [440832, 1288463, 2419861, 3483130],
    [359480, 1421128, 2864498],
    [376686, 1363294],
    [344014],
]


def test_the_chain_ladder_gives_macks_published_figures() -> None:
    found = economics.ladder(TAYLOR_ASHE, 10)
    reserve = sum(found.ultimates) - sum(row[-1] for row in TAYLOR_ASHE)
    assert round(reserve) == 18_680_856  # Mack 1993, table 1
    assert round(found.total_error, -3) == 2_447_000
    assert [round(error, -3) for error in found.errors[1:4]] == [76_000, 122_000, 134_000]


def simulated(seed: int, *, months: int = 40, life: int = 24, hazard: float = 0.03, members: int = 400) -> list[Cohort]:
    """Cohorts of members who redeem all of one month's points at once: in each month with the same chance."""
    chance, found = random.Random(seed), list[Cohort]()
    for month in range(months):
        ages = months - month
        redeemed, expired = [0] * ages, [0] * ages
        for _ in range(members):
            points, gone = chance.randint(50, 150), 0
            while gone < life and chance.random() >= hazard:
                gone += 1
            if gone < ages:
                (redeemed if gone < life else expired)[min(gone, life)] += points
        issued = 100 * members
        total = [sum(redeemed[: age + 1]) for age in range(ages)]
        lapsed = [sum(expired[: age + 1]) for age in range(ages)]
        found.append(cohort(JANUARY + month, issued, total, lapsed, life))
    return found


@pytest.mark.parametrize("method", ["chain_ladder", "beta_geometric"])
def test_the_chance_that_was_simulated_is_found(method: str) -> None:
    truth = 1 - 0.97**24
    found = economics.estimate(simulated(7), method)  # pyright: ignore[reportArgumentType]
    assert found.reason is None
    assert found.at_issue == pytest.approx(truth, abs=0.03)
    for one in found.cohorts[20:]:
        assert one.chance == pytest.approx(1 - 0.97 ** (24 - one.age - 1), abs=0.08)
    old = [one for one in found.cohorts if one.age > 24]
    assert len(old) > 10
    assert all(one.chance == 0 or one.left > 0 for one in old)


def test_the_model_finds_its_own_parameters() -> None:
    model = economics.Decay(0.6, 4.0)
    counts = []
    for age in range(30):
        there = 10_000_000 * model.survival(age)
        counts.append((round(there), round(there - 10_000_000 * model.survival(age + 1))))
    found = economics.fit(counts)
    assert found is not None
    assert (found.alpha, found.beta) == (pytest.approx(0.6, rel=0.02), pytest.approx(4.0, rel=0.02))


def test_points_that_never_expire_are_all_redeemed_in_the_model() -> None:
    assert economics.Decay(0.5, 2.0).chance(3, 0) == 1.0
    assert economics.Decay(0.5, 2.0).chance(24, 24) == 0.0


def test_a_unit_ten_times_as_small_changes_no_chance_and_rows_may_come_in_any_order() -> None:
    plain = simulated(3, months=30, members=40)
    larger = [
        Cohort(
            one.month,
            one.issued * 10,
            0,
            0,
            0,
            tuple(10 * n for n in one.redeemed),
            tuple(10 * n for n in one.expired),
            24,
        )
        for one in plain
    ]
    for method in ("chain_ladder", "beta_geometric"):
        first, second = economics.estimate(plain, method), economics.estimate(larger, method)
        assert second.at_issue == pytest.approx(first.at_issue)
        assert [one.chance for one in second.cohorts] == pytest.approx([one.chance for one in first.cohorts])
        assert second.expected == pytest.approx(10 * first.expected)
    backwards = economics.estimate(plain[::-1], "chain_ladder")
    assert backwards.at_issue == pytest.approx(economics.estimate(plain, "chain_ladder").at_issue)


def test_too_few_months_say_nothing_and_no_breakage_is_expected() -> None:
    short = simulated(1, months=5, members=20)
    found = economics.estimate(short, "chain_ladder")
    assert (found.method, found.reason, found.at_issue) == ("no_breakage", "few_months", 1.0)
    assert found.expected == found.left
    unused = [cohort(JANUARY + n, 100, [0] * (12 - n)) for n in range(12)]
    assert economics.estimate(unused, "chain_ladder").reason == "nothing_redeemed"
    assert economics.estimate(simulated(1, members=20), "no_breakage").reason == "chosen"


def test_breakage_that_nobody_has_seen_is_not_expected() -> None:
    """A year of points that last two: what the oldest still have counts as redeemed, whatever the trend says."""
    young = simulated(5, months=12, members=200)
    found = economics.estimate(young, "chain_ladder")
    assert found.reason is None
    assert found.at_issue == pytest.approx(1.0, abs=0.1)
    assert economics.estimate(young, "beta_geometric").at_issue < 0.75


def test_a_forecast_of_last_year_is_compared_with_what_happened() -> None:
    tested = economics.back_test(simulated(11, months=48), "chain_ladder", 12)
    assert tested is not None
    assert [one.months for one in tested.course] == list(range(1, 13))
    assert tested.deviation == pytest.approx(0, abs=0.1)
    assert all(
        before.expected <= after.expected for before, after in zip(tested.course, tested.course[1:], strict=False)
    )
    assert all(one.low <= one.expected <= one.high for one in tested.course)


def test_a_back_test_needs_data_that_were_enough_then() -> None:
    assert economics.back_test(simulated(2, months=14, members=20), "chain_ladder", 12) is None
    assert economics.back_test(simulated(2, months=14, members=20), "no_breakage", 12) is None


def test_pieces_become_cohorts_by_age_up_to_a_month() -> None:
    pieces = [
        Piece(JANUARY, 24, False, "redeemed", JANUARY + 1, 30),
        Piece(JANUARY, 24, False, "redeemed", JANUARY + 2, 5),
        Piece(JANUARY, 24, False, "expired", JANUARY + 2, 10),
        Piece(JANUARY, 24, True, "sent", JANUARY + 1, 7),
        Piece(JANUARY, 24, False, None, None, 55),
        Piece(JANUARY, 24, False, "taken_back", None, 8),
        Piece(None, 0, False, "redeemed", JANUARY + 1, 4),
        Piece(JANUARY + 2, 24, False, None, None, 9),
    ]
    debt, first = economics.cohorts(pieces, through=JANUARY + 1)
    assert (first.issued, first.taken_back, first.received, first.sent) == (108, 8, 7, 7)
    assert (first.redeemed, first.expired) == ((0, 30), (0, 0))
    assert (first.life, first.age, first.left) == (24, 1, 70)
    assert (debt.month, debt.left) == (None, -4)
    assert sum(one.left for one in economics.standing_cohorts(pieces)) == 55 - 4 + 9


# Deferred revenue


def example_52(before: list[Standing], redeemed: int, expected: int, sales: Sales) -> economics.Rolled:
    """IFRS 15, illustrative example 52: 10,000 points for $100,000 of goods, each worth $1; of them so many will be redeemed."""
    now = [cohort(JANUARY, 10_000, [redeemed])]
    chances: dict[int | None, int] = {JANUARY: round((expected - redeemed) / (10_000 - redeemed) * MILLION)}
    return economics.roll(
        before, now, chances, minor_per_million=100 * MILLION, at_issue_ppm=950_000, sales=sales
    )  # fmt: skip


def test_the_standards_own_example_comes_out_to_the_dollar() -> None:
    first = example_52([], 4_500, 9_500, Sales(100_000_00, 10_000))
    assert round(first.roll.issued_minor / 100) == 8_676
    assert first.roll.from_sales_minor == first.roll.issued_minor
    assert round(-first.roll.redeemed_minor / 100) == 4_110
    assert round(first.roll.closing_minor / 100) == 4_566
    second = example_52(first.standings, 8_500, 9_700, Sales(0, 0))
    recognised = -(second.roll.redeemed_minor + second.roll.reestimated_minor)
    assert round(recognised / 100) == 3_493
    assert round(second.roll.closing_minor / 100) == 1_073


def test_points_that_no_order_was_awarded_are_deferred_whole() -> None:
    assert economics.allocated(Sales(0, 0), minor_per_million=MILLION, at_issue_ppm=900_000, points=1000) == (0, 900)
    of_price, otherwise = economics.allocated(
        Sales(10_000, 1000), minor_per_million=MILLION, at_issue_ppm=MILLION, points=1500
    )  # fmt: skip
    assert (of_price, otherwise) == (909, 500)


def test_what_lapses_beyond_expectation_is_revenue_at_once() -> None:
    start = Standing(month_of(JANUARY), 100, 0, 0, 0, 0, 0, MILLION, 1000, 1000)
    now = [cohort(JANUARY, 100, [0, 20], [0, 80])]
    rolled = economics.roll(
        [start], now, {JANUARY: 0}, minor_per_million=10 * MILLION, at_issue_ppm=MILLION, sales=Sales(0, 0)
    )
    assert (rolled.roll.redeemed_minor, rolled.roll.expired_minor, rolled.roll.closing_minor) == (-200, -800, 0)


def test_what_is_taken_back_in_its_own_month_is_not_deferred() -> None:
    now = [cohort(JANUARY, 100, [0], taken_back=25)]
    rolled = economics.roll(
        [], now, {JANUARY: MILLION}, minor_per_million=10 * MILLION, at_issue_ppm=MILLION, sales=Sales(0, 0)
    )
    one = rolled.roll
    assert (one.issued_points, one.adjusted_points, one.closing_points) == (100, -25, 75)
    assert (one.issued_minor, one.adjusted_minor, one.reestimated_minor, one.closing_minor) == (1000, -250, 0, 750)


def test_what_is_sent_takes_its_money_along() -> None:
    start = Standing(month_of(JANUARY), 100, 0, 0, 0, 0, 0, MILLION, 1000, 1000)
    now = [cohort(JANUARY, 100, [0, 0], sent=40), cohort(JANUARY + 1, 0, [0], received=40)]
    rolled = economics.roll(
        [start], now, {JANUARY: MILLION, JANUARY + 1: MILLION}, minor_per_million=3, at_issue_ppm=MILLION, sales=Sales(0, 0)
    )  # fmt: skip
    assert [one.liability_minor for one in rolled.standings] == [600, 400]
    assert (rolled.roll.adjusted_minor, rolled.roll.adjusted_points, rolled.roll.closing_points) == (0, 0, 100)


@given(st.integers(-(10**6), 10**9), st.lists(st.integers(0, 10**6), max_size=9))
@settings(max_examples=60)
def test_splitting_loses_nothing(total: int, weights: list[int]) -> None:
    parts = economics.split(total, weights)
    assert sum(parts) == (total if sum(weights) else 0)
    assert all(
        abs(part * sum(weights) - total * weight) < sum(weights)
        for part, weight in zip(parts, weights, strict=True)
        if sum(weights)
    )


numbers = st.integers(0, 5000)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Cohort]]:
    """Months in which cohorts get points, redeem, lose and send some, and have some of them taken back."""
    state: dict[int, list[int]] = {}
    months: list[list[Cohort]] = []
    for month in range(draw(st.integers(1, 5))):
        state[month] = [draw(numbers), 0, 0, 0, 0, 0]
        for one in state.values():
            left = one[0] + one[1] - one[2] - one[3] - one[4] - one[5]
            moves = draw(st.lists(st.integers(0, 10**6), min_size=4, max_size=4))
            one[3] += left * moves[0] // (4 * 10**6)
            one[4] += left * moves[1] // (4 * 10**6)
            one[2] += left * moves[2] // (4 * 10**6)
            one[5] += left * moves[3] // (5 * 10**6)
            one[0] += draw(st.sampled_from([0, 0, 77]))
        state[month][1] += draw(numbers)
        months.append(
            [
                Cohort(
                    JANUARY + at,
                    one[0],
                    one[5],
                    one[1],
                    one[2],
                    (0,) * (month - at) + (one[3],),
                    (0,) * (month - at) + (one[4],),
                    12,
                )
                for at, one in state.items()
            ]
        )
    return months


@given(histories(), st.data())
@settings(max_examples=60)
def test_opening_and_moves_are_the_closing_in_every_month_whatever_happens(
    months: list[list[Cohort]], data: st.DataObject
) -> None:
    standings: list[Standing] = []
    closing = (0, 0)
    for now in months:
        chances: dict[int | None, int] = {one.month: data.draw(st.integers(0, MILLION)) for one in now}
        sales = Sales(data.draw(st.integers(0, 10**9)), data.draw(st.integers(0, 10**4)))
        rolled = economics.roll(
            standings, now, chances, minor_per_million=data.draw(st.integers(1, 10**9)),
            at_issue_ppm=data.draw(st.integers(0, MILLION)), sales=sales,
        )  # fmt: skip
        one = rolled.roll
        assert (one.opening_points, one.opening_minor) == closing
        assert one.closing_points == (
            one.opening_points + one.issued_points + one.adjusted_points + one.redeemed_points + one.expired_points
        )
        assert one.closing_minor == (
            one.opening_minor + one.issued_minor + one.adjusted_minor + one.redeemed_minor + one.expired_minor
            + one.reestimated_minor
        )  # fmt: skip
        assert one.closing_minor == sum(each.liability_minor for each in rolled.standings) >= 0
        assert one.closing_points == sum(each.left for each in now)
        standings, closing = rolled.standings, (one.closing_points, one.closing_minor)


# Journals

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
ROLL = RollForward(100, 50, -5, -30, -10, 105, 1000, 450, -40, -310, 20, -7, 1113, 400)
NAMES = {purpose: purpose for purpose in ("liability", "deferred", "redeemed", "breakage", "cost")}


def closed(closing: int, *, reopened: bool = False, roll: RollForward = ROLL) -> Closing:
    books = Books("GBP", MILLION, "chain_ladder", "chain_ladder", MILLION, 0, roll, [], NAMES)
    gone = (NOON, "max", "a return was told late") if reopened else (None, None, None)
    return Closing("points", date(2026, 10, 1), closing, NOON, "agnes", books, *gone)


def by_account(lines: list[JournalLine]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines:
        found[line.account] = found.get(line.account, 0) + line.credit_minor - line.debit_minor
    return found


def test_a_journal_credits_what_it_debits_and_moves_the_liability_as_the_roll_forward_says() -> None:
    lines = economics.journal([closed(1)])
    assert sum(line.debit_minor for line in lines) == sum(line.credit_minor for line in lines)
    assert by_account(lines)["liability"] == ROLL.closing_minor - ROLL.opening_minor
    assert by_account(lines) == {"liability": 113, "deferred": -360, "cost": -50, "redeemed": 310, "breakage": -13}
    assert {line.number for line in lines} == {"points-2026-10-1"}
    assert [line.line for line in lines] == list(range(1, len(lines) + 1))
    assert {line.day for line in lines} == {date(2026, 10, 31)}
    assert all(line.debit_minor >= 0 and line.credit_minor >= 0 for line in lines)


def test_exported_again_it_is_the_same_and_a_reopened_one_is_turned_round() -> None:
    lines = economics.journal([closed(2), closed(1, reopened=True)])
    assert lines == economics.journal([closed(1, reopened=True), closed(2)])
    assert list(dict.fromkeys(line.number for line in lines)) == [
        "points-2026-10-1",
        "points-2026-10-1R",
        "points-2026-10-2",
    ]
    assert by_account(lines) == by_account(economics.journal([closed(2)]))
    text = economics.journal_csv(lines).splitlines()
    assert text[0] == "number,line,day,what,account,debit_minor,credit_minor,currency"
    assert text[1] == "points-2026-10-1,1,2026-10-31,issued_on_sales,deferred,400,0,GBP"
    assert len(text) == len(lines) + 1
