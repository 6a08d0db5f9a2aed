"""What was sent can be sent again: one, the dead letters, a range of time or of facts."""

from datetime import timedelta

import pytest

from conftest import NOON
from facts.webhooks.conftest import Post, sequences
from receiver import Receiver
from regulars import facts
from regulars.facts import webhooks
from regulars.facts.webhooks import AddedEndpoint, BadReplay, EndpointDisabled, Range, Replay

HOUR = timedelta(hours=1)


def replay(post: Post, added: AddedEndpoint, between: Range, **more: bool) -> Replay:
    with post.database.transaction() as tx:
        return webhooks.replay_facts(tx, added.endpoint.endpoint_id, between, by="Olga", at=post.at, **more)


@pytest.fixture
def day(post: Post, receiver: Receiver) -> AddedEndpoint:
    """An endpoint that was sent a fact an hour, numbered from 0 to 9, at noon and after."""
    added = post.add(receiver.url, "a.*")
    for n in range(10):
        post.at = NOON + n * HOUR
        post.happen(("a.done", n % 2, n), ("b.done", n % 2, n + 100))
        post.deliver()
    receiver.take()
    return added


def test_dead_letters_are_sent_again_with_the_same_name_and_number(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    receiver.answer = lambda got: 422 if got.json["data"]["n"] in (1, 3) else 200
    post.happen(*[("a.done", n, n) for n in range(5)])
    post.until_done()
    dead = {one.id: one.raw for one in receiver.take() if one.json["data"]["n"] in (1, 3)}
    assert len(post.deliveries(state="dead")) == 2
    receiver.answer = lambda _: 200
    with post.database.transaction() as tx:
        done = webhooks.replay_dead_letters(tx, added.endpoint.endpoint_id, by="Olga", at=post.at)
    post.deliver()
    assert {one.id: one.raw for one in receiver.take()} == dead
    assert (done.deliveries, done.finished_at, post.deliveries(state="dead")) == (2, post.at, [])
    assert "webhook.replayed" in post.facts()


def test_one_delivery_is_sent_again(post: Post, receiver: Receiver, day: AddedEndpoint):
    with post.database.transaction() as tx:
        webhooks.replay_delivery(tx, post.deliveries()[2].delivery_id, by="Olga", at=post.at)
    assert post.deliver() == 1
    assert receiver.numbers() == [7]
    assert [one.attempts for one in post.deliveries()][:3] == [1, 1, 2]


def test_a_range_of_time_is_sent_again_its_end_left_out(post: Post, receiver: Receiver, day: AddedEndpoint):
    done = replay(post, day, Range(NOON + 3 * HOUR, NOON + 6 * HOUR))
    assert post.deliver() == 3
    assert (sorted(receiver.numbers()), done.deliveries) == ([3, 4, 5], 3)
    assert sorted(filter(None, sequences(receiver.take()))) == [2, 3, 3]


def test_a_range_of_facts_is_sent_again_both_ends_included(post: Post, receiver: Receiver, day: AddedEndpoint):
    with post.database.transaction() as tx:
        known = facts.feed(tx, names=["a.done"]).facts
    places = [facts.read_position(facts.position_of(known[n])) for n in (2, 4)]
    replay(post, day, Range(first=places[0], last=places[1]))
    post.deliver()
    assert sorted(receiver.numbers()) == [2, 3, 4]


def test_only_what_is_missing_is_sent_when_that_is_wanted(post: Post, receiver: Receiver, day: AddedEndpoint):
    with post.database.transaction() as tx:
        tx.run("delete from facts_webhook_deliveries where delivery_id in (select delivery_id from facts_webhook_deliveries order by delivery_id offset 4 limit 2)")  # fmt: skip
    replay(post, day, Range(NOON), missing_only=True)
    post.deliver()
    assert sorted(receiver.numbers()) == [4, 5]
    assert sequences(receiver.take()) == [None, None]


def test_a_late_endpoint_is_sent_what_was_before_it_without_numbers(post: Post, other: Receiver, day: AddedEndpoint):
    late = post.add(other.url, "b.done")
    replay(post, late, Range(NOON - HOUR))
    post.later(minutes=1).happen(("b.done", 0, 999))
    post.deliver()
    got = other.take()
    assert sorted(one.json["data"]["n"] for one in got) == [*range(100, 110), 999]
    assert {one.json["sequence"] for one in got if one.json["data"]["n"] < 999} == {None}
    assert [one.json["sequence"] for one in got if one.json["data"]["n"] == 999] == [1]


def test_a_long_replay_goes_on_by_itself_and_counts(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    post.happen(*[("a.done", n % 5, n) for n in range(2500)])
    with post.database.transaction() as tx:
        while webhooks.prepare(tx, at=post.at) is not None:
            pass
        tx.run("update facts_webhook_deliveries set due_at = null, dead_at = %(at)s", at=post.at)
    begun = replay(post, added, Range(NOON), missing_only=True)
    assert (begun.deliveries, begun.finished_at) == (999, None)  # of 1,000 facts; one is webhook.added
    assert post.deliver() == 2500
    with post.database.transaction() as tx:
        [ended] = webhooks.list_replays(tx)
    assert (ended.deliveries, ended.finished_at) == (2500, NOON)
    assert sorted(receiver.numbers()) == list(range(2500))


def test_what_waits_is_not_sent_twice_by_a_replay(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    receiver.answer = lambda _: 503
    post.happen(("a.done", 1, 1))
    post.deliver()
    assert replay(post, added, Range(NOON)).deliveries == 0
    receiver.answer = lambda _: 200
    receiver.take()
    post.until_done()
    assert receiver.numbers() == [1]


def test_facts_not_yet_read_are_delivered_once_though_a_replay_names_their_time(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    post.deliver()
    post.happen(("a.done", 1, 1))
    replay(post, added, Range(NOON))
    assert post.deliver() == 1
    assert sequences(receiver.take()) == [1]


@pytest.mark.parametrize(
    "between",
    [
        Range(),
        Range(recorded_until=NOON),
        Range(NOON, NOON),
        Range(NOON, NOON - HOUR),
        Range(first=facts.Position(9, 9), last=facts.Position(9, 8)),
        Range(first=facts.Position(9, 9)),
    ],
)
def test_a_range_without_an_inside_is_refused(post: Post, receiver: Receiver, between: Range):
    added = post.add(receiver.url, "a.done")
    before = post.facts()
    with pytest.raises(BadReplay):
        replay(post, added, between)
    assert post.facts() == before


def test_a_disabled_endpoint_is_sent_nothing_again(post: Post, receiver: Receiver, day: AddedEndpoint):
    endpoint_id = day.endpoint.endpoint_id
    [first, *_] = post.deliveries()
    with post.database.transaction() as tx:
        webhooks.disable_endpoint(tx, endpoint_id, by="Olga", at=post.at)
    with post.database.transaction() as tx:
        for refused in (
            lambda: webhooks.replay_dead_letters(tx, endpoint_id, by="Olga", at=post.at),
            lambda: webhooks.replay_facts(tx, endpoint_id, Range(NOON), by="Olga", at=post.at),
            lambda: webhooks.replay_delivery(tx, first.delivery_id, by="Olga", at=post.at),
            lambda: webhooks.ping(tx, endpoint_id, at=post.at),
        ):
            with pytest.raises(EndpointDisabled):
                refused()
    assert post.deliver() == 0
