"""The directory: whom it finds, in what order, and that pages fit together whatever happens in between."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import NOON
from regulars import insight, ledger, members
from regulars.insight import BadCursor, BadLimit, Filter
from regulars.insight._queries import prefix_query
from regulars.members import NewMember
from regulars.storage import Transaction

SORTS = ["joined", "name", "spend", "orders", "last_purchase", "points"]


def person(tx: Transaction, number: int, *, name: str | None = None, joined: int = 0, **portrait: object) -> int:
    """A member, with a portrait if any of its values is given."""
    joined_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=joined)
    new = NewMember(f"c{number}", name=name, email=f"c{number}@example.com", country="GB", joined_at=joined_at)
    members.enrol(tx, [new], at=NOON)
    if portrait:
        values = {
            "cohort": date(2026, 1, 1), "first_day": date(2026, 1, 5), "last_day": date(2026, 2, 1), "orders": 1, "days": 1,
            "spend": 0, "r": 3, "f": 3, "m": 3, "grade": "silver",
        } | portrait  # fmt: skip
        tx.run(
            """
            insert into insight_portraits
                (member_id, cohort, first_day, last_day, orders, days, spend_minor, r, f, m, grade, changed_at)
            values (%(id)s, %(cohort)s, %(first_day)s, %(last_day)s, %(orders)s, %(days)s,
                %(spend)s, %(r)s, %(f)s, %(m)s, %(grade)s, %(at)s)
            """,
            id=new.member_id, at=NOON, **values,
        )  # fmt: skip
    return new.member_id


def stand(tx: Transaction, member: int, tier: str) -> None:
    columns = (
        "member_id, set_code, place, tier, since, earned, earned_since, base, qualifying_minor, reviewed_at, review_at, "
        "cycle_begins, cycle_ends, zone"
    )
    tx.run(
        f"insert into programme_standings ({columns}) values (%(id)s, 'main', 0, %(tier)s, %(at)s, %(tier)s, %(at)s, %(tier)s, 1, %(at)s, %(at)s, %(at)s, %(at)s, 'UTC')",
        id=member, tier=tier, at=NOON,
    )  # fmt: skip


def found(tx: Transaction, **chosen: object) -> list[str]:
    return sorted(row.external_id for row in insight.directory(tx, Filter(**chosen)).rows)


def walk(tx: Transaction, chosen: Filter, *, between=lambda: None, **more: object) -> list[int]:
    after, seen = None, []
    while True:
        page = insight.directory(tx, chosen, after=after, **more)
        seen += [row.member_id for row in page.rows]
        after = page.next
        if after is None:
            return seen
        between()


@pytest.fixture
def people(tx: Transaction) -> dict[str, int]:
    return {
        "ada": person(tx, 1, name="Ada Lovelace", joined=3, spend=9000, orders=9, r=5, f=5, m=5, grade="gold"),
        "ben": person(tx, 2, name="Ben O'Brien", joined=2, spend=500, orders=1, r=5, f=1, m=2, cohort=date(2026, 2, 1)),
        "cleo": person(tx, 3, name="Cleo Ada-Maria", joined=1, spend=-20, orders=2, last_day=date(2026, 1, 20)),
        "dan": person(tx, 4, name=None, joined=0),
        "eve": person(tx, 5, name="张伟", joined=4, spend=500, orders=1, r=1, f=1, m=2, grade="bronze"),
    }


def test_a_line_joins_the_member_with_tier_points_and_portrait(tx: Transaction, people) -> None:
    ledger.earn(tx, people["ada"], 120, reference="ord", at=NOON, expires_at=NOON + timedelta(days=365))
    stand(tx, people["ada"], "silver")
    [row] = insight.directory(tx, Filter(search="lovelace")).rows
    assert (row.external_id, row.name, row.email, row.country) == ("c1", "Ada Lovelace", "c1@example.com", "GB")
    assert (row.tier, row.points, row.orders, row.spend_minor, row.last_day) == (
        "silver",
        120,
        9,
        9000,
        date(2026, 2, 1),
    )
    assert (row.r, row.f, row.m, row.grade) == (5, 5, 5, "gold")


def test_a_member_who_never_bought_is_there_with_nothing(tx: Transaction, people) -> None:
    [row] = insight.directory(tx, Filter(search="c4")).rows
    assert (row.tier, row.points, row.orders, row.spend_minor) == (None, 0, 0, 0)
    assert (row.last_day, row.r, row.f, row.m, row.grade) == (None, None, None, None, None)


@pytest.mark.parametrize(
    ("search", "who"),
    [
        ("ada", ["c1", "c3"]), ("ADA love", ["c1"]), ("love ada", ["c1"]), ("ov", []), ("ada ben", []), ("o'brien", ["c2"]),
        ("O'B", ["c2"]), ("ada-ma", ["c3"]), ("c2@example.com", ["c2"]), ("c2@exam", ["c2"]), ("example", ["c1", "c2", "c3", "c4", "c5"]),
        ("c3", ["c3"]), ("C3", ["c3"]), ("张", ["c5"]), ("nobody", []), ("", ["c1", "c2", "c3", "c4", "c5"]),
        ("  ", ["c1", "c2", "c3", "c4", "c5"]), (None, ["c1", "c2", "c3", "c4", "c5"]),
    ],
)  # fmt: skip
def test_search_finds_beginnings_of_words(tx: Transaction, people, search, who) -> None:
    assert found(tx, search=search) == who


@given(st.text(max_size=40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_searched_for(tx: Transaction, text) -> None:
    insight.directory(tx, Filter(search=text))


@given(st.text(alphabet="ab'\\:*&|!<->() \x00é", max_size=20))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_means_something_to_text_search_is_only_text(tx: Transaction, text) -> None:
    tx.value("select to_tsquery('simple', %(query)s)::text", query=prefix_query(text))
    insight.directory(tx, Filter(search=text))


def test_an_external_id_that_is_no_word_is_found_whole(tx: Transaction) -> None:
    members.enrol(tx, [NewMember("A/17 & *"), NewMember("--")], at=NOON)
    assert found(tx, search="A/17 & *") == ["A/17 & *"]
    assert found(tx, search=" -- ") == ["--"]


@pytest.mark.parametrize(
    ("chosen", "who"),
    [
        ({"r": 5}, ["c1", "c2"]), ({"r": 5, "f": 1}, ["c2"]), ({"r": 5, "f": 1, "m": 3}, []), ({"grade": "gold"}, ["c1"]),
        ({"cohort": date(2026, 2, 1)}, ["c2"]), ({"last_day_to": date(2026, 1, 31)}, ["c3"]), ({"country": "FR"}, []),
        ({"last_day_from": date(2026, 1, 20), "last_day_to": date(2026, 1, 20)}, ["c3"]), ({"grade": "bronze", "search": "张"}, ["c5"]),
        ({"tier": "gold"}, ["c4"]), ({"tier": "gold", "grade": "gold"}, []), ({"among": []}, []),
    ],
)  # fmt: skip
def test_filters_must_all_hold(tx: Transaction, people, chosen, who) -> None:
    stand(tx, people["dan"], "gold")
    assert found(tx, **chosen) == who
    assert insight.directory(tx, Filter(**chosen)).total == len(who)


def test_the_members_behind_a_figure_are_a_filter(tx: Transaction, people) -> None:
    assert found(tx, among=[people["ben"], people["eve"], 404], grade="silver") == ["c2"]


def test_without_a_value_to_sort_by_a_member_comes_last_both_ways(tx: Transaction, people) -> None:
    names = {number: name for name, number in people.items()}

    def order(sort: str, *, descending: bool) -> str:
        return " ".join(names[row.member_id] for row in insight.directory(tx, sort=sort, descending=descending).rows)

    ben_eve = sorted(("ben", "eve"), key=lambda name: people[name])
    assert order("joined", descending=True) == "eve ada ben cleo dan"
    assert order("joined", descending=False) == "dan cleo ben ada eve"
    assert order("spend", descending=True) == " ".join(["ada", *reversed(ben_eve), "cleo", "dan"])
    assert order("spend", descending=False) == " ".join(["cleo", *ben_eve, "ada", "dan"])
    assert order("orders", descending=False).endswith("cleo ada dan")
    assert order("last_purchase", descending=False).startswith("cleo ")
    assert order("name", descending=False).endswith(" dan")
    assert order("name", descending=True).endswith(" dan")


some = st.lists(
    st.tuples(
        st.sampled_from([None, "Ann", "Bo", "Bo", "张伟"]),  # few names, so that many tie
        st.integers(0, 2),
        st.one_of(st.none(), st.tuples(st.sampled_from([-5, 0, 700]), st.integers(1, 2), st.integers(1, 5))),
        st.one_of(st.none(), st.integers(1, 2)),
    ),
    max_size=14,
)


@given(
    some,
    st.sampled_from(SORTS),
    st.booleans(),
    st.integers(1, 6),
    st.sampled_from([Filter(), Filter(r=3), Filter(search="bo")]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_put_together_are_the_whole_in_order(tx: Transaction, drawn, sort, descending, limit, chosen) -> None:
    with pytest.raises(ZeroDivisionError), tx.savepoint():
        for number, (name, joined, bought, points) in enumerate(drawn):
            portrait = (
                {}
                if bought is None
                else {"spend": bought[0], "orders": bought[1], "last_day": date(2026, 1, bought[2])}
            )
            member = person(tx, number, name=name, joined=joined, **portrait)
            if points is not None:
                ledger.earn(tx, member, points, reference="o", at=NOON, expires_at=NOON + timedelta(days=1))
        whole = insight.directory(tx, chosen, sort=sort, descending=descending, limit=500)
        assert whole.next is None
        assert walk(tx, chosen, sort=sort, descending=descending, limit=limit) == [row.member_id for row in whole.rows]
        assert len({row.member_id for row in whole.rows}) == len(whole.rows) == whole.total
        valued = [row for row in whole.rows if row.name is not None and row.r is not None]
        field = {
            "joined": "joined_at",
            "name": "name",
            "spend": "spend_minor",
            "orders": "orders",
            "last_purchase": "last_day",
        }.get(sort, "points")
        if sort != "name":  # the database's own order of names is its locale's
            keys = [getattr(row, field) for row in valued]
            if sort != "points":
                assert keys == sorted(keys, reverse=descending)
        if chosen == Filter():
            assert len(whole.rows) == len(drawn)
        raise ZeroDivisionError  # undo


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [True, False])
def test_what_is_written_between_two_pages_neither_hides_nor_repeats_anybody(tx: Transaction, sort, descending) -> None:
    before = [
        person(tx, number, name=f"N{number % 3}", joined=number % 4, spend=number % 3, orders=1 + number % 2)
        for number in range(12)
    ]
    numbers = iter(range(100, 200))

    def meanwhile() -> None:
        person(tx, next(numbers), name="N1", joined=2, spend=1, orders=1)
        person(tx, next(numbers), name=None, joined=1)

    seen = walk(tx, Filter(), between=meanwhile, sort=sort, descending=descending, limit=5)
    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)


def test_a_cursor_belongs_to_its_sort_and_direction(tx: Transaction, people) -> None:
    cursor = insight.directory(tx, sort="spend", limit=2).next
    assert cursor is not None
    for sort, descending in (("orders", True), ("spend", False), ("name", True)):
        with pytest.raises(BadCursor, match="pass on `next` of the page before"):
            insight.directory(tx, sort=sort, descending=descending, after=cursor)


@given(st.one_of(st.text(max_size=30), st.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True)))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cursor_nobody_gave_out_is_refused(tx: Transaction, text) -> None:
    with pytest.raises(BadCursor):
        insight.directory(tx, after=text)


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_has_1_to_500_rows(tx: Transaction, limit) -> None:
    with pytest.raises(BadLimit, match="ask for 1 to 500"):
        insight.directory(tx, limit=limit)


def test_more_than_ten_thousand_are_not_counted_to_the_end(tx: Transaction) -> None:
    tx.run(
        """
        insert into members (member_id, issuer, external_id, joined_at)
        select n, 'direct', n::text, %(at)s from generate_series(1, 10001) n
        """,
        at=NOON,
    )
    page = insight.directory(tx, limit=1)
    assert (page.total, page.more) == (10_000, True)
    assert (insight.directory(tx, Filter(search="77")).more, len(found(tx, among=[77]))) == (False, 1)
