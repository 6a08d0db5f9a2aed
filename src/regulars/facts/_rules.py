"""How facts are named outside: by public identifiers alone."""

from collections.abc import Mapping
from typing import Final

from regulars.facts._queries import Position, Recorded
from regulars.types import to_public

_SUBJECTS: Final[Mapping[str, str]] = {
    "member": "mem",
    "tier": "mem",
    "benefit": "mem",
    "grant": "tgr",
    "order": "ord",
    "operator": "opr",
    "key": "key",
    "shop": "shop",
    "webhook": "whe",
    "reward": "rdm",
    "gift_card": "gft",
    "referral": "rfl",
}


def position_of(fact: Recorded) -> str:
    """Its place among all facts, as the feed shows it: `7341-1201`."""
    return f"{fact.xact}-{fact.fact_id}"


def read_position(text: str) -> Position | None:
    """A place as `position_of` wrote it; None when it is none."""
    xact, _, fact_id = text.partition("-")
    numbers = [int(part) for part in (xact, fact_id) if part.isascii() and part.isdigit() and len(part) < 20]
    return Position(*numbers) if len(numbers) == 2 and max(numbers) < 1 << 63 else None


def subject_of(name: str, subject_id: int | None, data: Mapping[str, object]) -> str | None:
    """What a fact is about, as a public identifier, if it has one: `ord_…`, `ret_…`, `mem_…`."""
    if name.startswith("reaction."):  # about what the fact was about that was followed or not
        name = str(data.get("fact"))
    prefix = "ret" if name == "order.returned" else _SUBJECTS.get(name.partition(".")[0])
    return None if prefix is None or subject_id is None else to_public(prefix, subject_id)
