"""Who waits for a lane: in order, never more than allowed, and nobody kept out by somebody else's flood."""

import concurrent.futures
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from regulars.storage._waiting import Ticket, Waiting


def ticket(caller: object, item: int = 0, at_s: float = 0.0) -> Ticket[int]:
    return Ticket(item, caller, at_s, concurrent.futures.Future(), None)


def waiting(*callers: object, most: int = 1000) -> Waiting[int]:
    line: Waiting[int] = Waiting(most)
    for number, caller in enumerate(callers):
        line.add(ticket(caller, number, float(number)))
    return line


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 20))
def test_nobody_is_lost_doubled_or_overtaken_by_themselves(callers: list[int], most: int):
    line = waiting(*callers)
    taken = []
    while batch := line.take(most):
        assert len(batch) <= most
        taken += batch
    assert sorted(one.item for one in taken) == list(range(len(callers)))
    for caller in set(callers):
        own = [one.item for one in taken if one.caller == caller]
        assert own == sorted(own)
    assert (line.count, line.oldest_s) == (0, None)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(6, 30))
def test_every_caller_has_an_equal_share_of_a_batch_or_all_it_asked_for(asked: list[int], most: int):
    line = waiting(*[caller for caller, count in enumerate(asked) for _ in range(count)])
    got = Counter(one.caller for one in line.take(most))
    assert got.total() == min(most, sum(asked))
    for caller, count in enumerate(asked):
        assert got[caller] >= min(count, most // len(asked))


def test_who_got_no_place_comes_first_the_next_time():
    line = waiting(*"aabbcc")
    assert [one.caller for one in line.take(2)] == ["a", "b"]
    assert [one.caller for one in line.take(2)] == ["c", "a"]
    assert [one.caller for one in line.take(2)] == ["b", "c"]


def test_when_full_the_flood_makes_room_for_others_and_not_for_itself():
    line = waiting(*"aaaa", most=4)
    flood, guest = ticket("a"), ticket("b")
    assert line.add(flood) is flood
    displaced = line.add(guest)
    assert displaced is not None
    assert (displaced.caller, displaced.item, line.count) == ("a", 3, 4)
    assert [one.item for one in line.take(4) if one.caller == "a"] == [0, 1, 2]


def test_when_full_of_equals_a_newcomer_waits_no_less_than_they():
    line = waiting(*"abcd", most=4)
    newcomer = ticket("e")
    assert line.add(newcomer) is newcomer
    assert line.count == 4


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 8))
def test_the_bound_holds_whoever_comes(callers: list[int], most: int):
    line = waiting(*callers, most=most)
    assert line.count == min(len(callers), most) == len(line.take(most))


def test_the_oldest_is_known_and_can_be_sent_away():
    line = waiting(*"abab")
    assert line.oldest_s == 0.0
    assert sorted(one.item for one in line.take_older(2.0)) == [0, 1]
    assert (line.count, line.oldest_s) == (2, 2.0)
    assert [one.item for one in line.take(9)] == [2, 3]
