"""Processes that stand still, networks that are cut, limits that are met: nothing is lost, and nothing is done twice.

All on one installation, two servers behind a network of our own; each test proves the whole.
"""

import os
import random
import signal
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest

from faults.clients import Client, load
from faults.house import House, house_on
from faults.network import Proxy, before_postgresql, before_server
from faults.processes import Cluster, cluster, short_folder
from regulars.storage import migrate

SOON_S = 1.5
"""How long the clients wait here: less than the faults last, so that they ask again while the first try is under way."""


@dataclass(frozen=True)
class Station:
    """A house, its PostgreSQL, and the network between the two."""

    house: House
    postgresql: Cluster
    network: Proxy


@pytest.fixture(scope="module")
def station() -> Generator[Station]:
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        postgresql = stack.enter_context(cluster(folder / "data"))
        migrate(postgresql.url)
        network, through = stack.enter_context(before_postgresql(postgresql.url))
        house = stack.enter_context(house_on(postgresql.url, servers=2, through=through))
        yield Station(replace(house, desk=replace(house.desk, patience_s=SOON_S)), postgresql, network)


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@contextmanager
def stopped(pid: int) -> Generator[None]:
    """SIGSTOP for the length of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def ask_again(house: House, place: int) -> None:
    """Ask one server, once, for all that nobody has acknowledged."""
    client = Client(house.desk)
    for asked in house.book.unacknowledged():
        client.ask(house.desk.servers[place], asked)
    client.close()


def refused(house: House) -> set[int]:
    return {status for status, _ in house.book.refused}


def test_a_server_that_stands_still_does_nothing_twice_when_it_goes_on(station: Station, rounds: int):
    house = station.house
    with load(house.desk, "still"):
        for n in range(rounds // 2):
            house.book.wait_for(30)
            server = house.desk.servers[n % 2]
            server.pause()
            try:
                pause(SOON_S + 0.2)
                ask_again(house, 1 - n % 2)  # elsewhere, while the first try lies in the one that stands still
                house.book.wait_for(10)
            finally:
                server.resume()
        house.book.wait_for(30)
    house.settle()
    assert refused(house) <= {503, 409}


def test_a_postgresql_process_that_stands_still_holds_up_its_lane_and_loses_nothing(station: Station, rounds: int):
    house = station.house
    with load(house.desk, "backend"):
        for n in range(rounds // 2):
            house.book.wait_for(30)
            lanes = station.postgresql.lanes()
            assert lanes
            with stopped(lanes[n % len(lanes)]):
                if rounds > 2 and n == 0:  # long enough for those who wait for the lane to be told to come back
                    house.book.wait_for(5, refusals=True)
                pause(SOON_S)
        house.book.wait_for(30)
    house.settle()
    assert refused(house) <= {503, 409}


@pytest.mark.parametrize("weather", ["cut", "half_close", "answers_lost", "stalled", "stalled_then_cut", "away"])
def test_a_network_to_postgresql_that_is_cut(station: Station, rounds: int, weather: str):
    house, network = station.house, station.network
    before = network.met
    with load(house.desk, f"network-{weather}"):
        for _ in range(rounds):
            house.book.wait_for(20)
            strike(network, weather)
        house.book.wait_for(20)
    house.settle()
    assert network.met > before
    assert refused(house) <= {503, 409}
    assert all(server.process.poll() is None for server in house.desk.servers)


def strike(network: Proxy, weather: str) -> None:
    """One stroke of bad weather, and fine weather after it."""
    if weather == "cut":
        network.cut()
    elif weather == "half_close":
        network.half_close()
    elif weather == "answers_lost":
        network.deafen()  # what was asked is committed, and nobody hears of it
        pause(0.2)
        network.cut()
    elif weather == "away":
        network.refuse()
        network.cut()
        pause(0.4)
    else:
        network.stall()
        pause(0.5)
        if weather == "stalled_then_cut":
            network.cut()
    network.flow()


@pytest.mark.parametrize("weather", ["cut", "half_close", "answers_lost", "stalled"])
def test_a_network_to_clients_that_is_cut(station: Station, rounds: int, weather: str):
    house = station.house
    with ExitStack() as stack:
        fronts = [stack.enter_context(before_server(lambda one=one: one.port)) for one in house.desk.servers]
        away = replace(house, desk=replace(house.desk, servers=fronts))
        with load(away.desk, f"clients-{weather}"):
            for n in range(rounds):
                house.book.wait_for(20)
                strike(fronts[n % 2], weather)
            house.book.wait_for(20)
    house.settle()
    assert all(front.met > 0 for front in fronts)


def test_statements_cancelled_in_the_middle_of_a_batch_are_done_whole_or_not_at_all(station: Station, rounds: int):
    """What `statement_timeout` does to a lane, at moments nobody chose."""
    house, chance = station.house, random.Random(rounds)
    with load(house.desk, "cancelled"), psycopg.connect(station.postgresql.url, autocommit=True) as knife:
        for _ in range(15 * rounds):
            pause(chance.uniform(0, 0.02))
            knife.execute(
                "select pg_cancel_backend(pid) from pg_stat_activity where application_name like 'regulars lane%' and state = 'active'"
            )
        house.book.wait_for(30)
    house.settle()
    assert refused(house) <= {503, 409}


def test_accounts_that_somebody_holds_locked_are_refused_clearly_and_hinder_no_others(station: Station, rounds: int):
    """What `lock_timeout` does to a lane."""
    house = station.house
    with load(house.desk, "locked"), psycopg.connect(station.postgresql.url) as holder:
        for _ in range(rounds // 2):
            house.book.wait_for(20)
            with holder.transaction():
                holder.execute("select account_id from ledger_accounts order by account_id limit 4 for update")
                house.book.wait_for(3, refusals=True)
                house.book.wait_for(20)
        house.book.wait_for(20)
    house.settle()
    assert refused(house) <= {503, 409}


def test_without_a_connection_left_requests_are_refused_clearly_until_there_is_one(station: Station):
    house, network = replace(station.house, desk=replace(station.house.desk, patience_s=60)), station.network
    with load(house.desk, "crowded"):
        house.book.wait_for(20)
        network.refuse()
        network.cut()
        with crowd(station.postgresql.url):  # they took the places, and the servers find none when they come back
            network.flow()
            house.book.wait_for(5, refusals=True)
            told = house.book.refused.copy()
        house.book.wait_for(20)
    house.settle()
    assert told[503, "DatabaseUnavailable"] + told[503, "LaneFull"] + told[503, "Unavailable"] >= 5
    assert refused(house) <= {503, 409}


@contextmanager
def crowd(url: str) -> Generator[None]:
    """Take every connection that PostgreSQL will give."""
    with ExitStack() as stack:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            while True:
                stack.enter_context(psycopg.connect(url))
        yield
