"""Every fact arrives, signed and in order, at whoever asked for it; what fails is tried again, and then is a dead letter."""

import itertools
import threading
from datetime import timedelta

import pytest

from conftest import NOON
from facts.webhooks.conftest import Post, sequences
from receiver import Got, Receiver, verifies
from regulars import facts, jobs
from regulars.facts import webhooks
from regulars.storage import Transaction, connect
from regulars.types import to_public

ADA, BEN = 7, 8


def test_a_fact_arrives_as_standard_webhooks_say(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "points.*", description="The CRM")
    post.later(seconds=30).happen(("points.earned", ADA, 1))
    assert post.later(seconds=30).deliver() == 1
    [got] = receiver.take()
    assert verifies(got, added.secret)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-timestamp"] == str(int((NOON + timedelta(minutes=1)).timestamp()))
    with post.database.transaction() as tx:
        [fact] = facts.timeline(tx, member_id=ADA)
    assert got.json == {
        "type": "points.earned",
        "timestamp": "2026-03-02T12:00:30Z",
        "id": to_public("fct", fact.fact_id),
        "position": facts.position_of(fact),
        "recorded_at": "2026-03-02T12:00:30Z",
        "member": to_public("mem", ADA),
        "subject": None,
        "sequence": 1,
        "data": {"n": 1},
    }
    assert got.id == got.json["id"]
    assert not verifies(Got(got.path, got.headers, got.raw + b" "), added.secret)


def test_it_is_sent_once_when_all_goes_well(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    post.happen(("a.done", ADA, 1))
    assert [post.deliver(), post.later(days=1).deliver()] == [1, 0]
    [delivery] = post.deliveries()
    assert (delivery.delivered_at, delivery.due_at, delivery.attempts, delivery.last_status) == (NOON, None, 1, 200)


def test_an_endpoint_is_sent_what_it_asked_for(post: Post, receiver: Receiver, other: Receiver):
    post.add(receiver.url, "a.*", "b.done")
    post.add(other.url, "*")
    post.happen(("a.done", 1, 1), ("b.done", 1, 2), ("b.begun", 1, 3), ("c.done", 1, 4), ("a.begun", None, 5))
    post.deliver()
    assert sorted(receiver.numbers()) == [1, 2, 5]
    assert sorted(one.json["data"].get("n", 0) for one in other.take() if "n" in one.json["data"]) == [1, 2, 3, 4, 5]


def test_what_happened_before_it_was_added_is_not_for_it(post: Post, receiver: Receiver):
    post.happen(("a.done", ADA, 1))
    post.add(receiver.url, "a.done")
    post.happen(("a.done", ADA, 2))
    post.deliver()
    assert (receiver.numbers(), sequences(receiver.take())) == ([2], [1])


def test_a_fact_of_a_slow_transaction_is_not_skipped(post: Post, receiver: Receiver):
    slow = connect(post.database.url)
    with slow.transaction():
        facts.record(Transaction(slow), [facts.Fact("a.done", NOON, ADA, None, {"n": 1})], at=NOON)
        post.add(receiver.url, "a.done")
        post.happen(("a.done", ADA, 2))
        assert post.deliver() == 0
    slow.close()
    post.deliver()
    assert (receiver.numbers(), sequences(receiver.take())) == ([1, 2], [1, 2])


def test_each_members_facts_arrive_in_order_and_numbered_without_gaps(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.*")
    for batch in range(5):
        post.happen(*[("a.done" if n % 3 else "x.done", n % 7 or None, batch * 100 + n) for n in range(100)])
    assert post.deliver() > 300
    by_member: dict[str | None, list[Got]] = {}
    for one in receiver.take():
        by_member.setdefault(one.json["member"], []).append(one)
    assert len(by_member) == 7
    for got in by_member.values():
        numbers = [one.json["data"]["n"] for one in got]
        assert numbers == sorted(numbers)
        assert sequences(got) == list(range(1, len(got) + 1))


def test_a_failure_is_tried_again_and_again_later_each_time(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    times: list[float] = []

    def fail(_: Got) -> int:
        times.append((post.at - NOON).total_seconds())
        return 500 if len(times) < 6 else 204

    receiver.answer = fail
    post.happen(("a.done", ADA, 1))
    post.until_done()
    gaps = [later - before for before, later in itertools.pairwise(times)]
    expected = [5 * 4**n for n in range(5)]
    assert all(low <= gap <= low * 1.21 + 1 for low, gap in zip(expected, gaps, strict=True)), gaps
    assert len({one.id for one in receiver.got}) == len({one.raw for one in receiver.got}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.got}) == 6
    [delivery] = post.deliveries()
    with post.database.transaction() as tx:
        attempts = webhooks.attempts_of(tx, delivery)
    assert [(one.attempt, one.status) for one in attempts] == [(6, 204), *((n, 500) for n in range(5, 0, -1))]


def test_after_three_days_it_is_a_dead_letter(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    receiver.answer = lambda _: (422, {}, b"no such member\x00 here" + b"x" * 5000)
    post.happen(("a.done", ADA, 1))
    post.until_done()
    [delivery] = post.deliveries(state="dead")
    assert delivery.attempts == len(receiver.got) == webhooks.ATTEMPTS
    assert delivery.dead_at is not None
    assert delivery.dead_at - NOON >= timedelta(hours=72)
    with post.database.transaction() as tx:
        kept = webhooks.attempts_of(tx, delivery)[0].answer
    assert kept.startswith("no such member\ufffd here")
    assert len(kept) == 1024
    assert post.endpoint(added).disabled_at is None


def test_a_wish_to_wait_is_granted(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    receiver.answer = lambda _: (429, {"Retry-After": "900"}, b"")
    post.happen(("a.done", ADA, 1), ("a.done", BEN, 2))
    assert post.deliver() >= 1
    before = len(receiver.take())
    assert post.later(seconds=890).deliver() == 0
    receiver.answer = lambda _: 200
    post.later(seconds=200).until_done()
    assert set(receiver.numbers()) == {1, 2}
    assert before <= 2


def test_a_redirect_is_not_followed(post: Post, receiver: Receiver, other: Receiver):
    post.add(receiver.url, "a.done")
    receiver.answer = lambda _: (307, {"Location": other.url}, b"")
    post.happen(("a.done", ADA, 1))
    post.deliver()
    assert (len(receiver.got), other.got) == (1, [])
    assert post.deliveries()[0].last_status == 307


def test_an_endpoint_that_is_gone_is_disabled_and_the_owner_told(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    receiver.answer = lambda _: 410
    post.happen(("a.done", ADA, 1))
    post.deliver()
    assert post.endpoint(added).disabled_because == "gone"
    assert post.facts() == ["webhook.added", "webhook.disabled"]
    with post.database.transaction() as tx:
        assert [one.endpoint_id for one in webhooks.stopped_by_itself(tx)] == [added.endpoint.endpoint_id]
    post.happen(("a.done", ADA, 2))
    post.later(days=1).deliver()
    assert len(receiver.got) == 1
    assert [one.dead_at is not None for one in post.deliveries()] == [True]


def test_an_endpoint_that_only_fails_for_five_days_is_disabled(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    receiver.answer = lambda _: 503
    for day in range(5):
        post.happen(("a.done", ADA, day))
        post.deliver()
        post.later(days=1)
        assert post.endpoint(added).disabled_at is None
    post.later(hours=7).deliver()
    found = post.endpoint(added)
    assert (found.disabled_because, found.disabled_by) == ("failing", "Regulars")
    receiver.answer = lambda _: 200
    assert post.later(days=1).deliver() == 0
    waiting = len(post.deliveries(state="retrying")) + len(post.deliveries(state="waiting"))
    assert waiting > 0
    with post.database.transaction() as tx:
        webhooks.enable_endpoint(tx, added.endpoint.endpoint_id, by="Olga", at=post.at)
    receiver.take()
    post.until_done()
    assert len(receiver.got) == waiting


def test_one_success_in_five_days_is_enough(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    for day in range(9):
        receiver.answer = (lambda _: 200) if day == 4 else (lambda _: 503)
        post.happen(("a.done", day, day))
        post.until_done(hours=23)
        post.at = NOON + timedelta(days=day + 1)
    assert post.endpoint(added).disabled_at is None


def test_while_an_endpoint_is_down_only_one_delivery_is_tried_now_and_then(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    receiver.answer = lambda _: 503
    post.happen(*[("a.done", n, n) for n in range(200)])
    for _ in range(120):
        post.later(seconds=30).deliver()
    assert len(receiver.take()) < 40
    receiver.answer = lambda _: 200
    post.later(minutes=7).deliver()
    post.until_done()
    assert {one.json["data"]["n"] for one in receiver.got} == set(range(200))


def test_a_delivery_that_fails_holds_back_its_members_later_ones_for_an_hour(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    receiver.answer = lambda got: 422 if got.json["data"]["n"] == 1 else 200
    post.happen(("a.done", ADA, 1), ("a.done", ADA, 2), ("a.done", BEN, 3))
    post.deliver()
    assert set(receiver.numbers()) == {1, 3}
    post.later(minutes=5).happen(("a.done", ADA, 4))
    post.until_done(hours=0.8)
    assert {2, 4} & set(receiver.numbers()) == set()
    post.at = NOON + timedelta(minutes=61)
    post.deliver()
    assert [n for n in receiver.numbers() if n in (2, 4)] == [2, 4]


def test_when_it_succeeds_the_later_ones_follow_in_order(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    failed = iter([422, 500])
    receiver.answer = lambda got: next(failed, 200) if got.json["data"]["n"] == 1 else 200
    post.happen(*[("a.done", ADA, n) for n in range(1, 6)])
    post.deliver()
    post.later(seconds=2).happen(*[("a.done", ADA, n) for n in range(6, 9)])
    post.until_done()
    assert receiver.numbers() == [1, 1, 1, 2, 3, 4, 5, 6, 7, 8]


def test_order_stands_above_the_clocks_of_two_workers(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    post.later(seconds=30).happen(("a.done", ADA, 1))
    with post.database.transaction() as tx:
        assert webhooks.prepare(tx, at=post.at) == 1
    post.later(seconds=-30).happen(("a.done", ADA, 2), ("a.done", BEN, 3))
    post.deliver()
    assert receiver.numbers() == [3]
    post.later(seconds=30).deliver()
    assert receiver.numbers() == [3, 1, 2]


def test_one_slow_endpoint_holds_up_no_other(post: Post, receiver: Receiver, other: Receiver):
    release = threading.Event()

    def slow(_: Got) -> int:
        release.wait(60)
        return 200

    receiver.answer = slow
    post.add(receiver.url, "a.done")
    post.add(other.url, "a.done")
    stop = threading.Event()
    worker = threading.Thread(target=jobs.run_webhooks, args=(post.app,), kwargs={"stop": stop})
    worker.start()
    try:
        post.happen(*[("a.done", n, n) for n in range(300)])
        assert len(other.wait(300)) == 300
        assert not [one for one in post.deliveries() if one.delivered_at and one.endpoint_id != other_id(post, other)]
    finally:
        release.set()
        stop.set()
        worker.join()


def other_id(post: Post, other: Receiver) -> int:
    with post.database.transaction() as tx:
        return next(one.endpoint_id for one in webhooks.list_endpoints(tx) if one.url == other.url)


def test_two_workers_share_the_work_and_send_nothing_twice(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    stop = threading.Event()
    workers = [threading.Thread(target=jobs.run_webhooks, args=(post.app,), kwargs={"stop": stop}) for _ in range(2)]
    for worker in workers:
        worker.start()
    for batch in range(6):
        post.happen(*[("a.done", n % 9, batch * 50 + n) for n in range(50)])
    receiver.wait(300)
    stop.set()
    for worker in workers:
        worker.join()
    assert post.deliver() == 0
    assert len(receiver.got) == len({one.id for one in receiver.got}) == 300
    for member in range(9):
        mine = [one for one in receiver.got if one.json["member"] == to_public("mem", member)]
        assert sequences(mine) == list(range(1, len(mine) + 1))


def test_while_a_secret_takes_over_from_another_both_sign(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    with post.database.transaction() as tx:
        new = webhooks.rotate_secret(
            tx, added.endpoint.endpoint_id, overlap=timedelta(hours=24), by="Olga", vault=post.app.vault, at=post.at
        )
    post.happen(("a.done", ADA, 1))
    post.deliver()
    post.later(hours=24).happen(("a.done", ADA, 2))
    post.deliver()
    both, one = receiver.take()
    assert [verifies(both, secret) for secret in (added.secret, new.secret)] == [True, True]
    assert [verifies(one, secret) for secret in (added.secret, new.secret)] == [False, True]
    assert len(both.headers["webhook-signature"].split()) == 2


def test_a_ping_says_that_nothing_happened_and_goes_first(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    receiver.answer = lambda _: 503
    post.happen(("a.done", None, 1))
    post.deliver()
    receiver.take()
    receiver.answer = lambda _: 200
    with post.database.transaction() as tx:
        sent = webhooks.ping(tx, added.endpoint.endpoint_id, at=post.at)
    post.deliver()
    got = receiver.take()[0]
    assert verifies(got, added.secret)
    assert got.json["type"] == "webhook.pinged"
    assert got.json["data"] == {"endpoint": to_public("whe", added.endpoint.endpoint_id)}
    assert got.id == to_public("png", sent.delivery_id)


def test_nothing_is_made_while_nobody_asks(post: Post, receiver: Receiver):
    post.happen(*[("a.done", n, n) for n in range(50)])
    post.deliver()
    added = post.add(receiver.url, "a.done")
    with post.database.transaction() as tx:
        webhooks.disable_endpoint(tx, added.endpoint.endpoint_id, by="Olga", at=post.at)
    post.happen(("a.done", ADA, 1))
    post.deliver()
    with post.database.transaction() as tx:
        webhooks.enable_endpoint(tx, added.endpoint.endpoint_id, by="Olga", at=post.at)
    post.happen(("a.done", ADA, 2))
    post.deliver()
    assert receiver.numbers() == [2]


def test_what_is_finished_is_cleared_after_its_time(post: Post, receiver: Receiver):
    added = post.add(receiver.url, "a.done")
    post.happen(("a.done", ADA, 1))
    post.deliver()
    post.later(days=20).happen(("a.done", ADA, 2))
    receiver.answer = lambda _: 503
    post.deliver()
    post.later(days=11)
    with post.database.transaction() as tx:
        assert webhooks.clear(tx, at=post.at, days=30) == 1
        assert tx.values("select count(*) from facts_webhook_attempts") == [1]
    assert [one.sequence for one in post.deliveries()] == [2]
    with post.database.transaction() as tx:
        webhooks.remove_endpoint(tx, added.endpoint.endpoint_id, by="Olga", at=post.at)
    for expected in (1, 0):
        with post.database.transaction() as tx:
            assert webhooks.clear(tx, at=post.at, days=30) == expected
    tables = ("endpoints", "secrets", "lanes", "sequences", "deliveries", "attempts", "hours", "replays")
    with post.database.transaction() as tx:
        assert [tx.value(f"select count(*) from facts_webhook_{one}") for one in tables] == [0] * len(tables)


def test_facts_restored_into_another_server_are_sent_on(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    receiver.answer = lambda _: 503
    post.happen(("a.done", ADA, 1))
    post.deliver()
    post.happen(("a.done", ADA, 2))
    with post.database.transaction() as tx:
        for table in ("facts", "facts_cursors", "facts_webhook_deliveries"):
            tx.run(f"update {table} set xact = (xact::text::bigint + 4000000000)::text::xid8")
        tx.run("update facts_webhook_endpoints set since = (since::text::bigint + 4000000000)::text::xid8")
    receiver.answer = lambda _: 200
    receiver.take()
    with post.database.transaction() as tx:
        assert facts.adopt(tx)
    post.happen(("a.done", ADA, 3))
    post.until_done()
    assert (receiver.numbers(), sequences(receiver.take())) == ([1, 2, 3], [1, 2, 3])


@pytest.mark.parametrize("count", [1, 1000])
def test_making_deliveries_takes_the_same_statements_however_many_facts(post: Post, receiver: Receiver, count: int):
    post.add(receiver.url, "a.done")
    post.add(receiver.url, "a.*")
    post.happen(*[("a.done", n % 5, n) for n in range(count)])
    with post.database.transaction() as tx:
        asked: list[str] = []
        for method in ("all", "first", "value", "run", "values", "rows"):
            plain = getattr(Transaction, method)
            object.__setattr__(tx, method, lambda *a, _plain=plain, **k: (asked.append(a[0]), _plain(tx, *a, **k))[1])
        assert webhooks.prepare(tx, at=NOON) == 2 * count
    assert len(asked) == 6
