"""A worker that is killed between taking a delivery and recording it loses nothing."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from facts.webhooks.conftest import Post, sequences
from make import SECRET_KEY
from receiver import Got, Receiver
from regulars.facts import webhooks

WORKER = """
import sys
from datetime import datetime
from regulars import jobs
from regulars.app import App
from regulars.settings import from_environment
from regulars.storage import Database
app = App(from_environment(), Database(sys.argv[1]), lambda: datetime.fromisoformat(sys.argv[2]))
jobs.deliver(app)
"""


def test_what_a_killed_worker_had_taken_is_sent_when_its_lease_has_ended(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    post.happen(*[("a.done", 4, n) for n in range(3)])
    hanging, go_on = threading.Event(), threading.Event()

    def hang(_: Got) -> int:
        hanging.set()
        go_on.wait(60)
        return 200

    receiver.answer = hang
    more = {"REGULARS_WEBHOOK_NETWORKS": "127.0.0.0/8", "REGULARS_WEBHOOK_TIMEOUT_SECONDS": "60"}
    environment = os.environ | more | {"REGULARS_SECRET_KEY": SECRET_KEY}
    command = [sys.executable, "-c", WORKER, post.database.url, post.at.isoformat()]
    with subprocess.Popen(command, env=environment) as worker:
        assert hanging.wait(60)
        worker.send_signal(signal.SIGKILL)
    go_on.set()
    receiver.answer = lambda _: 200
    [first] = receiver.take()
    assert post.deliver() == 0
    post.at += webhooks.LEASE - timedelta(seconds=1)
    assert post.deliver() == 0
    assert post.later(seconds=1).deliver() == 3
    got = receiver.take()
    assert [got[0].id, got[0].raw] == [first.id, first.raw]
    assert sequences(got) == [1, 2, 3]
    assert [one.attempts for one in post.deliveries()] == [1, 1, 1]


def test_a_worker_that_comes_back_after_its_lease_records_nothing(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    post.happen(("a.done", 4, 1))
    with post.database.transaction() as tx:
        assert webhooks.prepare(tx, at=post.at) == 1
        [(stream, [due])] = webhooks.claim(tx, at=post.at, limit=9)
    post.at += webhooks.LEASE
    assert post.deliver() == 1
    late = webhooks.Attempted(due, post.at, webhooks.Answer(503, None, "", 5))
    with post.database.transaction() as tx:
        assert not webhooks.record(tx, stream, [late], at=post.at)
    [delivery] = post.deliveries()
    assert (delivery.attempts, delivery.last_status) == (1, 200)


def test_facts_become_deliveries_and_are_marked_as_read_together_or_not_at_all(post: Post, receiver: Receiver):
    post.add(receiver.url, "a.done")
    post.happen(("a.done", 4, 1))
    with pytest.raises(ZeroDivisionError), post.database.transaction() as tx:
        assert webhooks.prepare(tx, at=post.at) == 1
        _ = 1 / 0
    assert post.deliveries() == []
    assert post.deliver() == 1
    assert sequences(receiver.take()) == [1]
