"""Servers that are killed, requests that come five times, connections that are cut: what was acknowledged stays."""

import random
from collections import Counter

import psycopg

from faults.book import draw
from faults.clients import insist, load
from faults.house import House


def test_servers_killed_again_and_again_lose_nothing_and_double_nothing(house: House, rounds: int):
    chance = random.Random(rounds)
    with load(house.desk, "killed"):
        for n in range(rounds):
            house.book.wait_for(chance.randrange(50, 150))
            server = house.desk.servers[n % 2]
            server.kill()
            server.launch()
            server.wait()
        house.book.wait_for(50)
    assert len(house.book.unacknowledged()) >= rounds
    before = house.book.statuses.copy()
    house.settle()
    retried = house.book.statuses - before
    assert retried["replayed"] + retried["kept"] > 0, "some had been committed, and nobody had been told"


def test_each_request_five_times_over_two_servers_is_done_once(house: House, rounds: int):
    chance = random.Random(5)
    once = [draw(chance, house.desk.names, f"storm-{n}") for n in range(100 * rounds)]
    five = [one for one in once for _ in range(5)]
    # Near one another, so that they overlap, and often at both servers at the same time.
    five.sort(key=lambda one: once.index(one) + chance.uniform(0, 12))
    before = house.book.statuses.copy()
    insist(house.desk, five)
    told = house.book.statuses - before
    assert told["posted"] == len(once)
    assert told.total() == len(five)
    house.settle()
    assert Counter(one.reference.partition("-")[0] for one in house.book.asked.values())["storm"] == len(once)


def test_cut_connections_lose_nothing_and_the_service_goes_on(house: House, rounds: int):
    with load(house.desk, "cut"), psycopg.connect(house.database.url, autocommit=True) as knife:
        for _ in range(3 * rounds):
            house.book.wait_for(30)
            cut = knife.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            ).fetchall()
            assert cut
        house.book.wait_for(30)
    house.settle()
    assert all(server.process.poll() is None for server in house.desk.servers)
    assert {status for status, _ in house.book.refused} <= {503, 409}
