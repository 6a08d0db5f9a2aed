"""What the command line gives."""

from dataclasses import replace
from datetime import UTC, datetime

import make
from conftest import NOON
from programme.rewards.making import TEN_OFF, reward
from regulars import members, programme
from regulars.programme import rewards
from regulars.programme.rewards import NewGift
from regulars.types import to_public


def test_a_reward_is_given_once_and_what_is_owed_is_listed(regulars, database) -> None:
    with database.transaction() as tx:
        make.shop(tx)
        toy = reward("toy", stocked=True)
        programme.publish(tx, replace(programme.current(tx, at=NOON), rewards=(TEN_OFF, toy)), at=NOON, by="test")
        [enrolled] = members.enrol(tx, [members.NewMember("C-1", issuer="uk")], at=NOON)
        rewards.change_stock(tx, "toy", 1, reason="counted", by="test", at=NOON)
    given = ("rewards", "give", "C-1", "toy", "--reason", "Late parcel", "--reference", "sorry-1")
    assert regulars(*given).out == "toy was given.\n"
    assert regulars(*given, "--json").json["state"] == "fulfilled"
    assert regulars(*given[:-1], "sorry-2").code == 3  # sold out
    assert regulars("rewards", "owed").out == "Nothing is owed.\n"
    with database.transaction() as tx:
        new = NewGift(enrolled.member_id, "toy", "tier-1", "tier", "Gold")
        rewards.give_or_owe(tx, programme.shelf(tx, at=datetime.now(UTC)), new, at=NOON, by="test")
    [owed] = regulars("rewards", "owed", "--json").json
    assert (owed["member"], owed["why"]) == (to_public("mem", enrolled.member_id), "SoldOut")
