"""Whose points an account holds, and what their postings are called in an account that others share."""

import re
from typing import Final

from regulars import types
from regulars.ledger._rules import LONGEST, digest

_MARK: Final = re.compile(r" of (mem_[0-9a-hjkmnp-tv-z]{13})(?= of |$)")


def pool(household_id: int) -> int:
    """Who owns the points that a household shares: what a `member_id` below 0 means here."""
    return -household_id


def owner_name(owner: int) -> str:
    """A member, or the household that a pool is of, as the doors show it."""
    return types.to_public("mem", owner) if owner >= 0 else types.to_public("hou", -owner)


def shared(reference: str, owner: int) -> str:
    """The reference, in another's account, of what was posted for `owner`: two members may use the same."""
    mark = f" of {owner_name(owner)}"
    room = LONGEST - len(mark)
    made = reference if len(reference) <= room else f"{reference[: room - 33]} {digest(reference)}"
    return made + mark


def told(reference: str) -> tuple[str, int | None]:
    """The reference that a member's caller gave, and that member, of one that `shared` made; else itself and None."""
    found = _MARK.search(reference)
    return (reference[: found.start()], types.from_public("mem", found[1])) if found else (reference, None)
