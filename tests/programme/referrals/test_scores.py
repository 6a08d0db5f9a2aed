"""Rings and honest families, simulated: what is caught, and how many are held who did nothing.

Stated: of 40 households of four, of whom one brings the other three, and in a third of which all use one tablet, nobody is
refused, and nobody is held but where the tablet is shared. Of rings who make up friends on one device or card, all are held or
refused but the first.
"""

import random
from dataclasses import replace

import pytest

from make import DAY
from programme.referrals.making import BASIC, KEY, World, states
from regulars import members, programme
from regulars.members import NewMember
from regulars.programme import referrals
from regulars.programme.referrals import NewTouch
from regulars.storage import Transaction


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx, replace(BASIC, when="joined"))


def brought(world: World, advocate: int, names: list[str], *, days: int) -> list[int]:
    """Friends who come by a member's link, some days apart; scored when all are there."""
    found: list[int] = []
    code = world.code(advocate)
    for name in names:
        world.later(days * DAY)
        [one] = members.enrol(world.tx, [NewMember(name, issuer="uk", joined_at=world.now)], at=world.now)
        touch = NewTouch(code, "link_opened", world.now, friend_id=one.member_id)
        referrals.touch(world.tx, [touch], at=world.now)
        found.append(one.member_id)
    return found


def test_honest_families_are_let_be(world: World) -> None:
    draw = random.Random(7)
    families: list[tuple[bool, list[int]]] = []
    for n in range(40):
        head, tablet = world.join(f"head{n}"), draw.random() < 1 / 3
        kin = brought(world, head, [f"kin{n}-{k}" for k in range(3)], days=draw.randint(2, 9))
        for k, member in enumerate([head, *kin]):
            world.seen(member, address=f"{n} High Street", network=f"10.0.{n}.{k + 1}", device=f"phone {n}-{k}")
            if tablet:
                world.seen(member, device=f"tablet {n}")
        families.append((tablet, kin))
    everyone = [one for _, kin in families for one in kin]
    programme.refer(world.tx, everyone, key=KEY, at=world.now)
    assert "refused" not in states(world, everyone)
    held = {
        tablet: sum(state == "held" for one, kin in families if one is tablet for state in states(world, kin))
        for tablet in (True, False)
    }
    assert held[False] == 0
    assert held[True] <= 3 * sum(tablet for tablet, _ in families)


@pytest.mark.parametrize("shared", ["device", "address"])
def test_a_ring_of_made_up_friends_is_held(world: World, shared: str) -> None:
    advocate = world.join("advocate")
    fakes = brought(world, advocate, [f"fake{n}" for n in range(12)], days=0)
    for fake in [advocate, *fakes]:
        world.seen(fake, **{shared: "the same"})
    programme.refer(world.tx, fakes, key=KEY, at=world.now)
    found = states(world, fakes)
    assert sum(state in ("held", "refused") for state in found) == 12
    assert world.given(advocate)[0] == 0


def test_friends_who_hang_together_are_found_though_the_advocate_keeps_apart(world: World) -> None:
    advocate = world.join("advocate")
    fakes = brought(world, advocate, [f"fake{n}" for n in range(6)], days=3)
    for n, fake in enumerate(fakes):
        world.seen(fake, device=f"pair {n // 2}", payment=f"chain {(n + 1) // 2}")
    programme.refer(world.tx, fakes, key=KEY, at=world.now)
    assert states(world, fakes).count("held") >= 4


def test_a_device_that_everybody_uses_tells_nothing(world: World) -> None:
    advocate = world.join("advocate")
    friends = brought(world, advocate, ["f0", "f1"], days=3)
    for number in range(300):
        world.seen(10**6 + number, network="192.0.2.1", device="the shop's own terminal")
    for one in (advocate, *friends):
        world.seen(one, network="192.0.2.1", device="the shop's own terminal")
    programme.refer(world.tx, friends, key=KEY, at=world.now)
    assert states(world, friends) == ["rewarded", "rewarded"]
    assert [part.code for part in world.of(friends[0]).reasons] == ["shared_device", "shared_network"]
    assert world.of(friends[0]).score == 50 // 8 + 10 // 8
