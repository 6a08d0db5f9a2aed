"""Pools: filled by a file or by chance, handed out once each, watched."""

from datetime import timedelta

import pytest

from conftest import NOON
from programme.coupons.making import ADA, BEN, cart, names, pool, some_codes
from programme.racing import race, wide
from regulars.ledger import Span
from regulars.programme import coupons
from regulars.programme.coupons import BadCoupon, NewPool, PoolClosed, PoolEmpty, PoolExists, Terms, Wanted, uses
from regulars.programme.guesses import CodeUnknown
from regulars.storage import Database, Transaction


def test_the_same_pool_again_changes_nothing_and_another_of_its_code_is_refused(tx: Transaction) -> None:
    pool(tx)
    pool(tx)
    with pytest.raises(PoolExists):
        pool(tx, percent=20)
    assert names(tx) == ["coupon_pool.opened"]


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": "percent"}, "percent"),
        ({"kind": "amount", "currency": "GBP"}, "amount_minor"),
        ({"kind": "amount", "amount_minor": 5}, "currency"),
        ({"kind": "gift"}, "sku"),
        ({"kind": "percent", "percent": 10, "per_code": 0}, "per_code"),
        ({"kind": "percent", "percent": 10, "valid_for": {"count": 0, "unit": "day"}}, "valid_for"),
        ({"kind": "percent", "percent": 10, "colour": "red"}, "colour"),
        ({"kind": "percent", "percent": 10, "time_zone": "Mars"}, "time_zone"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused_by_their_field(terms: dict[str, object], field: str) -> None:
    with pytest.raises(BadCoupon) as refused:
        Terms.from_document(terms)
    assert refused.value.details["field"] == field


def test_terms_are_the_same_once_stored() -> None:
    terms = Terms("percent", 10, valid_until=NOON, valid_for=Span(1, "month"), products=("MUG",))
    assert Terms.from_document(terms.as_document()) == terms


def test_codes_so_short_that_guessing_pays_are_refused(tx: Transaction) -> None:
    pool(tx)
    with pytest.raises(BadCoupon, match="give 10 or more"):
        coupons.generate(tx, "summer", 100_000_000 // 10, characters=6, at=NOON, by="test")
    made = coupons.generate(tx, "summer", 100, characters=8, at=NOON, by="test")
    assert (made.added, round(made.entropy_bits or 0)) == (100, 34)


def test_a_file_gives_back_its_bad_rows_and_can_be_sent_again(tx: Transaction) -> None:
    pool(tx, "winter")
    coupons.import_codes(tx, "winter", ["ELSE-1\n"], source="w.csv", at=NOON, by="test")
    pool(tx)
    file = ["code\n", "ABC-1\n", "A B C 1\n", "!\n", "ABC-2\n", "ABC-1\n", "else1\n"]
    first = coupons.import_codes(tx, "summer", file, source="s.csv", at=NOON, by="test")
    assert (first.added, first.known) == (2, 1)
    assert [(one.row, one.text, one.reason) for one in first.refused] == [
        (3, "A B C 1", "it reads like ABC-1, which is here already"),
        (4, "!", "give at least 3 letters or digits"),
        (7, "else1", "another pool has a code that reads so"),
    ]
    again = coupons.import_codes(tx, "summer", file, source="s.csv", at=NOON, by="test")
    assert (again.added, again.known, again.refused) == (0, 3, first.refused)
    assert some_codes(tx) == ["ABC-1", "ABC-2"]
    assert [(one.source, one.added) for one in coupons.batches(tx, coupons.pool(tx, "summer").pool_id)][::-1] in (
        [("s.csv", 2), ("s.csv", 0)],
        [("s.csv", 0), ("s.csv", 2)],
    )


def test_a_claim_under_the_same_reference_is_the_same_code(tx: Transaction) -> None:
    pool(tx, codes=3, valid_for=Span(2, "day"), time_zone="Europe/London")
    first, again = (coupons.claim(tx, "summer", ADA, reference="mail", at=NOON) for _ in range(2))
    assert first == again
    assert first.ends_at == NOON.replace(hour=0) + timedelta(days=3)
    others = coupons.claim_all(
        tx, "summer", [Wanted(BEN, "mail"), Wanted(ADA, "mail"), Wanted(ADA, "2"), Wanted(BEN, "2")], at=NOON
    )
    assert others[1] == first
    assert [one is None for one in others] == [False, False, False, True]
    assert len({one.code for one in others if one}) == 3
    with pytest.raises(PoolEmpty):
        coupons.claim(tx, "summer", BEN, reference="2", at=NOON)
    assert [one.reference for one in coupons.claims(tx, ADA)] in (["2", "mail"], ["mail", "2"])


def test_everybody_gets_the_same_code_of_a_shared_pool(tx: Transaction) -> None:
    pool(tx, shared=True, per_code=None)
    coupons.share_code(tx, "summer", "SUMMER26", at=NOON, by="test")
    assert {coupons.claim(tx, "summer", member, reference="r", at=NOON).code for member in (ADA, BEN)} == {"SUMMER26"}


def test_running_low_is_told_once_until_the_pool_is_filled_again(tx: Transaction) -> None:
    pool(tx, codes=4, low_water=2)
    for number in range(4):
        coupons.claim(tx, "summer", ADA, reference=str(number), at=NOON)
    assert names(tx).count("coupon_pool.ran_low") == 1
    assert coupons.watch(tx, at=NOON) == 0
    coupons.generate(tx, "summer", 2, at=NOON, by="test")
    coupons.claim(tx, "summer", ADA, reference="5", at=NOON)
    assert names(tx).count("coupon_pool.ran_low") == 1  # two more were not enough to be well above
    coupons.generate(tx, "summer", 5, at=NOON, by="test")
    for number in range(6, 11):
        coupons.claim(tx, "summer", ADA, reference=str(number), at=NOON)
    assert names(tx).count("coupon_pool.ran_low") == 2


def test_a_closed_pool_gives_and_takes_nothing(tx: Transaction) -> None:
    pool(tx, codes=2)
    code = coupons.claim(tx, "summer", ADA, reference="r", at=NOON).code
    coupons.close_pool(tx, "summer", at=NOON, by="test")
    with pytest.raises(PoolClosed):
        coupons.claim(tx, "summer", ADA, reference="s", at=NOON)
    with pytest.raises(CodeUnknown):
        uses.reserve(tx, code, cart(), checkout="c", member_id=ADA, at=NOON)


def test_case_24_200_at_once_get_each_code_once_and_the_rest_are_told(database: Database) -> None:
    with database.transaction() as tx:
        pool(tx, codes=150, low_water=10)
    with wide(database) as many:
        answers = race(
            many, [lambda tx, n=n: coupons.claim(tx, "summer", n % 50, reference=f"r{n}", at=NOON) for n in range(200)]
        )
    given = [one.code for one in answers if isinstance(one, coupons.Claim)]
    refused = [one for one in answers if not isinstance(one, coupons.Claim)]
    assert (len(given), len(set(given))) == (150, 150)
    assert {type(one) for one in refused} == {PoolEmpty}
    with database.transaction() as tx:
        coupons.watch(tx, at=NOON)
        assert names(tx).count("coupon.claimed") == 150
        assert names(tx).count("coupon_pool.ran_low") == 1
        level = coupons.levels(tx, [coupons.pool(tx, "summer").pool_id])
        assert [(one.codes, one.free, one.claimed) for one in level.values()] == [(150, 0, 150)]


def test_the_same_claim_sent_200_times_at_once_is_one_code(database: Database) -> None:
    with database.transaction() as tx:
        pool(tx, codes=250)
    with wide(database) as many:
        answers = race(many, [lambda tx: coupons.claim(tx, "summer", ADA, reference="r", at=NOON)] * 200)
    assert len({one.code for one in answers if isinstance(one, coupons.Claim)}) == 1
    assert len({one.claim_id for one in answers if isinstance(one, coupons.Claim)}) == 1
    with database.transaction() as tx:
        level = coupons.levels(tx, [coupons.pool(tx, "summer").pool_id])
        assert [(one.free, one.claimed) for one in level.values()] == [(249, 1)]


def test_names_that_nobody_could_read_are_refused(tx: Transaction) -> None:
    for new in (
        NewPool("Summer", "S", "夏", Terms("percent", 10)),
        NewPool("summer", " ", "夏", Terms("percent", 10)),
        NewPool("summer", "S", "夏", Terms("percent", 10), low_water=-1),
    ):
        with pytest.raises(BadCoupon):
            coupons.open_pool(tx, new, at=NOON, by="test")
