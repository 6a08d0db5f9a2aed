"""What differs between two documents, by code and path."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from programme.drafts.documents import TEXTS, VALUES
from regulars.programme import drafts
from regulars.programme.drafts import Change
from regulars.programme.drafts._changes import same

NAMED = st.lists(st.sampled_from("abcd"), unique=True).flatmap(
    lambda codes: st.tuples(*(st.fixed_dictionaries({"code": st.just(code), "n": VALUES}) for code in codes)).map(list)
)
DOCUMENTS = st.fixed_dictionaries({}, optional={"tiers": NAMED, "name": TEXTS, "other": VALUES, "more": NAMED})


@settings(max_examples=40)
@given(DOCUMENTS, DOCUMENTS)
def test_nothing_differs_just_where_both_say_the_same(was: dict[str, Any], now: dict[str, Any]):
    assert drafts.changes(was, was) == []
    assert (drafts.changes(was, now) == []) is same(was, now)


@settings(max_examples=40)
@given(DOCUMENTS, DOCUMENTS)
def test_the_way_back_is_the_way_there_turned_round(was: dict[str, Any], now: dict[str, Any]):
    turned = {"added": "removed", "removed": "added", "changed": "changed", "moved": "moved"}
    there = {(turned[one.kind], one.path, repr(one.now), repr(one.was)) for one in drafts.changes(was, now)}
    assert there == {(one.kind, one.path, repr(one.was), repr(one.now)) for one in drafts.changes(now, was)}


def test_named_things_are_compared_by_their_codes_wherever_they_stand():
    was = {"tiers": [{"code": "a", "from": 0}, {"code": "b", "from": 5}, {"code": "c", "from": 9}], "name": "One"}
    now = {"tiers": [{"code": "c", "from": 9}, {"code": "a", "from": 1}, {"code": "d", "from": 7}], "name": "One"}
    assert drafts.changes(was, now) == [
        Change("changed", "tiers[a].from", 0, 1),
        Change("removed", "tiers[b]", {"code": "b", "from": 5}, None),
        Change("added", "tiers[d]", None, {"code": "d", "from": 7}),
        Change("moved", "tiers", ["a", "b", "c"], ["c", "a", "d"]),
    ]


def test_another_kind_is_another_thing_and_an_unnamed_list_one_value():
    was = {"expiry": {"kind": "rolling", "end_of": "day"}, "days": [1, 2]}
    now = {"expiry": {"kind": "yearly", "end_of": "day"}, "days": [2, 1]}
    assert [one.path for one in drafts.changes(was, now)] == ["expiry", "days"]
    assert drafts.changes({"n": 1}, {"n": True}) == [Change("changed", "n", 1, True)]
