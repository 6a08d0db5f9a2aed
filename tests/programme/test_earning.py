"""Orders earn by rules, lose by the counterfactual order, and say why."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import make
from cast import ADA, CLEO
from conftest import NOON
from make import DAY, came_back, line, order
from regulars import commerce, jobs, ledger, members, programme
from regulars.commerce import NewOrder, NewReturn
from regulars.facts import decisions
from regulars.ledger import Rolling, Span
from regulars.programme import Rate, Rule, _deciding, earning, proportional
from regulars.programme.earning import Limit, Terms
from regulars.storage import Transaction

GOODS = proportional(1, 10)
THRESHOLD = Rule(
    "spend_300", "Spend 300, get 50", "满300送50", "50", per="order", when="order.goods_minor >= 30000", kind="bonus"
)


def rule(code: str, points: str, when: str = "true", **more: Any) -> Rule:
    terms: dict[str, Any] = {"per": "order", "when": when, "kind": "bonus"} | more
    return Rule(code, code, code, points, **terms)


def says(tx: Transaction, *rules: Rule, at: datetime = NOON, **terms: Any) -> None:
    """Publish a programme of these rules."""
    make.shop(tx)
    now = programme.current(tx, at=at)
    programme.publish(tx, replace(now, earning=rules, **terms), at=at, by="test")


def bring(tx: Transaction, *documents: NewOrder | NewReturn, at: datetime = NOON, **shop: Any) -> list[int]:
    """Record documents one after the other; what follows each follows at once."""
    ids: list[int] = []
    for one in documents:
        take = make.record if isinstance(one, NewOrder) else make.take_in
        ids.append(take(tx, make.shop(tx, **shop), one, at=at)[0].document_id)  # pyright: ignore[reportArgumentType]
        jobs.react_within(tx, at=at)
    return ids


def has(tx: Transaction, customer: str = ADA, *, at: datetime = NOON + 9 * DAY, kind: str = "points") -> int:
    """What a member has, or, negative, owes."""
    member_id = members.by_external_id(tx, customer, issuer="uk").member_id
    balance = ledger.balance(tx, member_id, at=at, point_type=kind)
    return balance.available - balance.debt


def why(tx: Transaction, order_id: int) -> list[tuple[str, int]]:
    """What became of each rule in the last decision about an order."""
    [latest, *_] = decisions.of_subject(tx, order_id)
    return [(one.why, one.points) for one in _deciding.verdicts_of(latest)]


def test_case_03_a_threshold_bonus_goes_when_what_was_kept_is_below_it(tx: Transaction) -> None:
    says(tx, GOODS, THRESHOLD)
    gift = line("GIFT", 1, 0)
    [bought] = bring(tx, order("1", ADA, line("COAT", 1, 25_000), line("HAT", 2, 5_000), gift))
    assert (has(tx), why(tx, bought)) == (3500 + 50, [("earned", 3500), ("earned", 50)])
    bring(tx, came_back("R0", None, gift, of="1"))  # a line that earned nothing
    assert has(tx) == 3550
    bring(tx, came_back("R1", None, line("HAT", 1, 5_000), of="1"))
    assert (has(tx), why(tx, bought)) == (3000 + 50, [("earned", 3000), ("earned", 50)])
    bring(tx, came_back("R2", None, line("HAT", 1, 5_000), of="1"))
    assert (has(tx), why(tx, bought)) == (2500, [("earned", 2500), ("condition", 0)])
    [latest, *_] = decisions.of_subject(tx, bought)
    assert _deciding.verdicts_of(latest)[1].values == (25_000,)
    bring(tx, came_back("R3", None, line("COAT", 1, 25_000), of="1"))
    assert has(tx) == 0


def test_case_01_a_bonus_that_was_spent_and_then_lost_is_owed(tx: Transaction) -> None:
    says(tx, GOODS, THRESHOLD)
    bring(tx, order("1", ADA, line("COAT", 3, 10_000)))
    member_id = members.by_external_id(tx, ADA, issuer="uk").member_id
    ledger.spend(tx, member_id, 3050, reference="voucher", at=NOON)
    bring(tx, came_back("R1", None, line("COAT", 1, 10_000), of="1"))
    assert has(tx) == -1050


def test_case_02_returns_in_any_order_take_back_all_and_no_more(tx: Transaction) -> None:
    says(tx, GOODS, THRESHOLD, rule("third", "100 / 3", rounding="half_even"), rule("double", "200", kind="multiplier"))
    pieces = [("COAT", 10_000), ("COAT", 10_000), ("HAT", 3_333), ("SOCK", 7_777)]
    for number, way in enumerate(permutations(range(4))):
        customer = f"C{number}"
        sold = order(customer, customer, line("COAT", 2, 10_000), line("HAT", 1, 3_333), line("SOCK", 1, 7_777))
        bring(tx, sold)
        left = [has(tx, customer)]
        for step in way:
            sku, price = pieces[step]
            bring(tx, came_back(f"{customer}-{step}", None, line(sku, 1, price), of=customer))
            left.append(has(tx, customer))
        assert left == sorted(left, reverse=True)
        assert (left[0], left[-1]) == (2 * (2000 + 333 + 777) + 50 + 33, 0)
        if number == 5:
            break


def test_case_05_a_return_follows_the_rules_and_the_tier_of_that_day(tx: Transaction) -> None:
    silver = rule("silver", "line.amount_minor / 10", "member.tier == 'silver'", per="line")
    says(tx, GOODS, silver, THRESHOLD)
    bring(tx, order("0", ADA, line("SOFA", 1, 100_000)))
    jobs.react_within(tx, at=NOON)
    [bought] = bring(tx, order("1", ADA, line("COAT", 4, 10_000), placed_at=NOON + DAY))
    assert why(tx, bought) == [("earned", 4000), ("earned", 4000), ("earned", 50)]
    says(tx, proportional(7, 10), at=NOON + 2 * DAY)  # other rules, and the tier goes with the sofa
    bring(tx, came_back("R0", None, line("SOFA", 1, 100_000), of="0"), at=NOON + 2 * DAY)
    assert has(tx) == 8050
    bring(tx, came_back("R1", None, line("COAT", 2, 10_000), of="1"), at=NOON + 3 * DAY)
    assert (has(tx), why(tx, bought)) == (4000, [("earned", 2000), ("earned", 2000), ("condition", 0)])


@pytest.mark.parametrize("spends", [False, True])
def test_case_12_a_return_while_points_wait_meets_their_maturing_in_either_order(
    tx: Transaction, *, spends: bool
) -> None:
    says(tx, GOODS, THRESHOLD, pending=ledger.AfterSpan(Span(3, "day")))
    bring(tx, order("1", ADA, line("COAT", 3, 10_000)))
    came = came_back("R1", None, line("COAT", 1, 10_000), of="1", returned_at=NOON + 2 * DAY)
    if spends:
        assert has(tx, at=NOON + 5 * DAY) == 3050
        bring(tx, came, at=NOON + 5 * DAY)
    else:
        bring(tx, came, at=NOON + 2 * DAY)
    assert has(tx, at=NOON + 5 * DAY) == 2000


def test_case_17_what_is_told_late_counts_by_when_it_was_sold_and_once(tx: Transaction) -> None:
    monday = rule("monday", "10", "order.placed.weekday == 1", limits=(Limit("day", most_times=1),))
    festival = rule("festival", "500", starts_at=NOON, ends_at=NOON + DAY)
    says(tx, monday, festival)
    offline = [order(str(n), ADA, placed_at=NOON + n * 60 * DAY / 86400) for n in range(2)]  # NOON is a Monday
    late = NOON + 30 * DAY
    bring(tx, *reversed(offline), *offline, at=late)
    assert has(tx, at=late) == 10 + 500 + 500
    told = [one for n in (0, 1) for one in why(tx, commerce.list_orders(tx, number=str(n))[0].order_id)]
    assert sorted(told) == [("earned", 10), ("earned", 500), ("earned", 500), ("limit", 0)]


def test_case_19_a_return_and_a_cancellation_that_come_before_the_payment_count_when_it_comes(tx: Transaction) -> None:
    says(tx, GOODS, THRESHOLD)
    coats = line("COAT", 3, 10_000)
    kept, gone = bring(tx, order("1", ADA, coats, paid=False), order("2", ADA, coats, paid=False))
    bring(tx, came_back("R1", None, line("COAT", 1, 10_000), of="1"))
    commerce.cancel_order(tx, gone, at=NOON)
    jobs.react_within(tx, at=NOON)
    assert has(tx) == 0
    commerce.pay_order(tx, kept, at=NOON + DAY)
    jobs.react_within(tx, at=NOON + DAY)
    assert (has(tx), why(tx, kept)) == (2000, [("earned", 2000), ("condition", 0)])
    assert decisions.of_subject(tx, gone) == []


def test_case_20_an_edit_is_worth_its_difference_with_bonuses_both_ways(tx: Transaction) -> None:
    says(tx, GOODS, THRESHOLD, rule("stamps", "order.pieces", point_type="stamps"))
    [bought] = bring(tx, order("1", ADA, line("COAT", 2, 10_000, line_no=1)))
    assert (has(tx), has(tx, kind="stamps")) == (2000, 2)
    for pieces, points in ((3, 3050), (1, 1000), (4, 4050)):
        commerce.revise_order(tx, bought, [line("COAT", pieces, 10_000, line_no=1)], at=NOON + DAY)
        jobs.react_within(tx, at=NOON + DAY)
        assert (has(tx), has(tx, kind="stamps")) == (points, pieces)
    commerce.cancel_order(tx, bought, at=NOON + 2 * DAY)
    jobs.react_within(tx, at=NOON + 2 * DAY)
    assert (has(tx), has(tx, kind="stamps")) == (0, 0)
    commerce.revise_order(tx, bought, [line("COAT", 3, 10_000, line_no=1)], at=NOON + 3 * DAY)
    jobs.react_within(tx, at=NOON + 3 * DAY)
    assert (has(tx), has(tx, kind="stamps")) == (3050, 3)
    assert ledger.audit(tx) == []


def test_case_22_an_order_in_another_currency_keeps_the_rate_it_was_awarded_at(tx: Transaction) -> None:
    says(tx, GOODS, THRESHOLD, rates=(Rate("EUR", 86, 100),))
    make.shop(tx, "de", currency="EUR", time_zone="Europe/Berlin")
    [bought] = [make.record(tx, make.shop(tx, "de", currency="EUR", time_zone="Europe/Berlin"),
                            order("1", ADA, line("MANTEL", 2, 20_000)), at=NOON)[0].document_id]  # fmt: skip
    jobs.react_within(tx, at=NOON)
    [award] = programme.awards_of(tx, [bought])
    assert (award.points, award.spend_minor) == (34_400 // 10 + 50, 34_400)
    says(tx, GOODS, rates=(Rate("EUR", 120, 100),), at=NOON + DAY)
    shop = make.shop(tx, "de", currency="EUR", time_zone="Europe/Berlin")
    make.take_in(tx, shop, came_back("R", None, line("MANTEL", 1, 20_000), of="1"), at=NOON + DAY)
    jobs.react_within(tx, at=NOON + DAY)
    [award] = programme.awards_of(tx, [bought])
    assert (award.points - award.reversed, award.spend_minor - award.spend_taken) == (1720, 17_200)


def test_an_order_in_a_currency_without_a_rate_earns_nothing(tx: Transaction) -> None:
    says(tx, GOODS)
    shop = make.shop(tx, "jp", currency="JPY", time_zone="Asia/Tokyo")
    [one] = make.record(tx, shop, order("1", ADA), at=NOON)
    jobs.react_within(tx, at=NOON)
    assert programme.awards_of(tx, [one.document_id]) == []


def test_rules_with_terms_and_points_of_their_own_are_lots_of_their_own(tx: Transaction) -> None:
    short = rule("flash", "40", terms=Terms(expiry=Rolling(Span(1, "month"))))
    says(tx, GOODS, short, rule("trees", "1", point_type="trees"))
    bring(tx, order("1", ADA, line("COAT", 1, 10_000)))
    member_id = members.by_external_id(tx, ADA, issuer="uk").member_id
    assert sorted((lot.amount, lot.expires_at and lot.expires_at.year) for lot in ledger.lots(tx, member_id, at=NOON)) == [
        (40, 2026), (1000, 2028),
    ]  # fmt: skip
    bring(tx, came_back("R1", None, line("COAT", 1, 10_000), of="1"))
    assert (has(tx), has(tx, kind="trees")) == (0, 0)


def test_limits_and_cooldowns_hold_across_orders_and_are_given_back(tx: Transaction) -> None:
    says(tx, rule("daily", "line.amount_minor / 10", per="line", limits=(Limit("day", most_points=150),)),
         rule("weekly", "7", cooldown=Span(7, "day")))  # fmt: skip
    first, second = bring(
        tx, order("1", ADA, line("A", 1, 1000)), order("2", ADA, line("B", 1, 1000), placed_at=NOON + DAY / 24)
    )
    assert (why(tx, first), why(tx, second)) == ([("earned", 100), ("earned", 7)], [("earned", 50), ("cooldown", 0)])
    assert has(tx) == 157
    bring(tx, came_back("R1", None, line("A", 1, 1000), of="1"))
    assert has(tx) == 50
    [third] = bring(tx, order("3", ADA, line("C", 1, 2000), placed_at=NOON + DAY / 12))
    assert why(tx, third) == [("earned", 100), ("earned", 7)]
    bring(tx, came_back("R2", None, line("C", 1, 2000), of="3"))
    assert has(tx) == 50
    [later] = bring(tx, order("4", ADA, line("D", 1, 2000), placed_at=NOON + 7 * DAY))
    assert why(tx, later) == [("earned", 150), ("earned", 7)]


def test_two_orders_at_once_share_a_limit_and_reacting_again_changes_nothing(tx: Transaction) -> None:
    says(tx, rule("once", "100", limits=(Limit("ever", most_times=1),)))
    shop = make.shop(tx)
    make.record(tx, shop, *(order(str(n), ADA, placed_at=NOON + n * DAY) for n in range(3)))
    for _ in range(2):
        jobs.react_within(tx, at=NOON)
        assert has(tx) == 100


def test_history_and_the_member_are_what_they_were_before_the_order(tx: Transaction) -> None:
    says(tx, rule("first", "5", "member.orders_before == 0"), rule("back", "1", "history.orders(30) >= 1 && history.spend_minor(30) > 1500"),
         rule("birthday", "9", "member.birthday_month == order.placed.month"), rule("vip", "3", "'vip' in member.segments"))  # fmt: skip
    [one] = bring(tx, order("1", ADA, line("A", 2, 1000)))
    member_id = members.by_external_id(tx, ADA, issuer="uk").member_id
    members.amend(tx, member_id, {"attributes": {"birthday": "1815-03-10", "segments": ["vip"]}}, at=NOON)
    [two] = bring(tx, order("2", ADA, placed_at=NOON + 20 * DAY), at=NOON + 20 * DAY)
    [three] = bring(tx, order("3", ADA, placed_at=NOON + 90 * DAY), at=NOON + 90 * DAY)
    assert [outcome for outcome, _ in why(tx, one)][:2] == ["earned", "condition"]
    assert [outcome for outcome, _ in why(tx, two)][:2] == ["condition", "earned"]
    assert [outcome for outcome, _ in why(tx, three)][:2] == ["condition", "condition"]


def test_a_number_beyond_64_bits_is_the_rules_failure_and_no_wrong_number(tx: Transaction) -> None:
    says(
        tx,
        GOODS,
        rule("broken", "9223372036854775807 * order.pieces"),
        rule("zero", "1", "1 / (order.pieces - 2) == 0"),
    )
    [bought] = bring(tx, order("1", ADA, line("A", 2, 1000)))
    assert (has(tx), why(tx, bought)) == (200, [("earned", 200), ("failed", 0), ("failed", 0)])


def test_decisions_are_found_by_member_and_forgotten_in_time(tx: Transaction) -> None:
    says(tx, GOODS)
    bring(tx, order("1", ADA), order("2", ADA), at=NOON)
    bring(tx, order("3", ADA), at=NOON + 10 * DAY)
    member_id = members.by_external_id(tx, ADA, issuer="uk").member_id
    assert len(decisions.of_member(tx, member_id)) == 3
    assert decisions.forget_old(tx, at=NOON + 20 * DAY, days=15, limit=1) == 1
    assert decisions.forget_old(tx, at=NOON + 20 * DAY, days=15) == 1
    [left] = decisions.of_member(tx, member_id)
    assert decisions.find(tx, left.decision_id) == left
    with pytest.raises(decisions.DecisionNotFound):
        decisions.find(tx, left.decision_id + 1)


def evaluated(rules: Sequence[Rule], *amounts: int) -> earning.Decision:
    items = [earning.Item(n, (f"S{n}", "", 1, amount, amount)) for n, amount in enumerate(amounts)]
    return earning.evaluate(earning.compiled(tuple(rules)), earning.Case({}, items, 0, NOON))


def outcomes(*rules: Rule) -> list[tuple[str, int]]:
    return [(one.why, one.points) for one in evaluated(rules, 1000, 555).verdicts]


def test_rules_stack_in_the_documents_order() -> None:
    base = proportional(1, 10)
    assert outcomes(base, rule("a", "5"), rule("b", "7")) == [("earned", 155), ("earned", 5), ("earned", 7)]
    best: dict[str, Any] = {"stack": "best", "group": "promo"}
    assert outcomes(base, rule("a", "5", **best), rule("d", "200", kind="multiplier", **best), rule("b", "155", **best)) == [
        ("earned", 155), ("beaten", 5), ("earned", 155), ("beaten", 155),
    ]  # fmt: skip
    assert outcomes(rule("a", "5", stack="exclusive"), base) == [("earned", 5), ("excluded", 0)]
    assert outcomes(rule("a", "5", "false", stack="exclusive"), base)[1] == ("earned", 155)
    only: dict[str, Any] = {"stack": "exclusive", "group": "promo"}
    assert outcomes(base, rule("a", "5", **only), rule("b", "6", group="promo"), rule("c", "7")) == [
        ("earned", 155), ("earned", 5), ("excluded", 0), ("earned", 7),
    ]  # fmt: skip


def test_multipliers_add_up_and_look_at_base_points_alone() -> None:
    base = proportional(1, 10)
    triple = rule("triple", "300", "line.sku == 'S1'", per="line", kind="multiplier")
    half = rule("half", "150", kind="multiplier", rounding="up")
    assert outcomes(base, rule("bonus", "1000"), triple, half) == [
        ("earned", 155), ("earned", 1000), ("earned", 110), ("earned", 78),
    ]  # fmt: skip
    assert outcomes(base, rule("plain", "100", kind="multiplier"))[1] == ("nothing", 0)
    assert outcomes(rule("most", "order.goods_minor", most_per_order=20)) == [("earned", 20)]


CODES = st.sampled_from(["order.goods_minor / 7", "line.amount_minor * 3 / 11", "line.quantity * 5", "50", "250"])
WHEN = st.sampled_from(
    ["true", "order.goods_minor >= 2000", "order.pieces < 4", "line.quantity > 1", "lines.size() > 1"]
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[Rule, ...]:
    made: list[Rule] = [proportional(1, 10)]
    for n in range(draw(st.integers(0, 3))):
        points, when = draw(CODES), draw(WHEN)
        per = "line" if "line." in points + when else "order"
        kind = draw(st.sampled_from(["bonus", "bonus", "multiplier"]))
        made.append(rule(f"r{n}", points, when, per=per, kind=kind,
                         limits=draw(st.sampled_from([(), (), (Limit("day", most_points=90),)])),
                         stack=draw(st.sampled_from(["add", "add", "exclusive"])),
                         point_type=draw(st.sampled_from(["points", "points", "stamps"]))))  # fmt: skip
    return tuple(made)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_happens_no_more_is_taken_back_than_was_given_and_all_of_it_when_nothing_is_left(
    tx: Transaction, data: st.DataObject
) -> None:
    with tx.savepoint(undo=True):
        says(tx, *data.draw(documents()))
        sold = data.draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 1500)), min_size=1, max_size=3))
        bought = bring(
            tx, *(order(str(n), CLEO, *(line(f"S{k}", q, p) for k, (q, p) in enumerate(sold))) for n in (1, 2))
        )
        pieces = [(n, k) for n in (1, 2) for k, (q, _) in enumerate(sold) for _ in range(q)]
        for step, (n, k) in enumerate(data.draw(st.permutations(pieces))):
            bring(tx, came_back(f"R{step}", None, line(f"S{k}", 1, 1), of=str(n)))
            awards = programme.awards_of(tx, bought)
            assert all(0 <= one.reversed <= one.points for one in awards)
            assert has(tx, CLEO) == sum(one.points - one.reversed for one in awards)
        for order_id in bought:  # what is left are bonuses that ask for no goods: cancelling takes them too
            commerce.cancel_order(tx, order_id, at=NOON + DAY)
        jobs.react_within(tx, at=NOON + DAY)
        assert (has(tx, CLEO), has(tx, CLEO, kind="stamps")) == (0, 0)
        assert ledger.audit(tx) == []
        assert tx.value("select coalesce(sum(points), 0)::bigint from programme_uses") == 0


def test_a_category_left_out_earns_nothing_and_what_comes_back_is_weighed_by_it(tx: Transaction) -> None:
    goods = replace(GOODS, when="line.category != 'Vouchers' && !('sale' in line.tags)")
    bonus = rule("tea", "50", "lines.filter(l, l.category == 'Tea').map(l, l.amount_minor).sum() >= 2000")
    says(tx, goods, bonus)
    tea, voucher = line("TEA", 2, 1000, category="Tea"), line("CARD", 1, 5000, category="Vouchers")
    sale = line("MUG", 1, 700, category="Kitchen", tags=["old", "sale"])
    [bought] = bring(tx, order("1", ADA, tea, voucher, sale))
    assert (has(tx), why(tx, bought)) == (250, [("earned", 200), ("earned", 50)])
    bring(tx, came_back("R1", None, line("CARD", 1, 5000), of="1"))  # it earned nothing
    assert has(tx) == 250
    bring(tx, came_back("R2", None, line("TEA", 1, 1000), of="1"))  # and below the threshold
    assert (has(tx), why(tx, bought)) == (100, [("earned", 100), ("condition", 0)])


def test_a_basket_is_weighed_by_category_and_tags_as_the_order_is(tx: Transaction) -> None:
    says(tx, replace(GOODS, when="line.category == 'Tea' || 'bio' in line.tags"))
    lines = [
        programme.BasketLine("TEA", "", 1, 1000, 1000, "Tea"),
        programme.BasketLine("MUG", "", 1, 1000, 1000, "Kitchen", ("bio", "new")),
        programme.BasketLine("CUP", "", 1, 1000, 1000),
    ]
    basket = programme.Basket(None, NOON, "GBP", "uk", "", "Europe/London", lines)
    trial = programme.try_basket(tx, programme.current(tx, at=NOON), basket)
    assert trial.decision.parts == {("points", ""): 200}


def test_the_periods_of_limits_are_the_calendars() -> None:
    moment = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # the night the clocks go forward in London, a Sunday
    from regulars.programme.earning._uses import period

    def of(per: Any) -> list[str]:
        return [str(each and each.isoformat()) for each in period(per, moment, "Europe/London")]

    assert of("day") == ["2026-03-29T00:00:00+00:00", "2026-03-30T00:00:00+01:00"]
    assert of("week") == ["2026-03-23T00:00:00+00:00", "2026-03-30T00:00:00+01:00"]
    assert of("month") == ["2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+01:00"]
    assert of("year") == ["2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"]
    assert of("ever") == ["None", "None"]
