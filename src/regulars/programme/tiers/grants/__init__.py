"""Tiers given by hand, locked, or bought: a member has at least that tier while one holds, whatever was earned.

The invariant: a grant is never changed but for being decided once and ended once, each with who, when and why; where the set
asks for a second person, nobody decides on their own.

    one = grants.give(tx, member_id, the_set, NewGrant("gold", "Press"), by="olga@shop.example", at=now, grant_id=7)
    grants.end(tx, one.grant_id, by="olga@shop.example", because="The year is over", at=later)
"""

from regulars.programme.tiers._records import NewGrant
from regulars.programme.tiers.grants._grants import (
    BadGrant,
    GrantDecided,
    GrantEnded,
    GrantNotFound,
    OwnGrant,
    approve,
    buy,
    end,
    find,
    give,
    given,
    listed,
    reject,
)

__all__ = [
    "BadGrant",
    "GrantDecided",
    "GrantEnded",
    "GrantNotFound",
    "NewGrant",
    "OwnGrant",
    "approve",
    "buy",
    "end",
    "find",
    "give",
    "given",
    "listed",
    "reject",
]
