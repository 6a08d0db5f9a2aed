"""How two documents differ: by what they say, never by how they are written. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from regulars.programme.drafts._records import Change
from regulars.programme.drafts._texts import code_of


def changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """What became of a document: added, removed and changed values, and named things that stand in another order.

    Things of a list that all have a `code` are compared by it, wherever they stand; other lists as a whole.
    """
    return list(_of_mappings("", was, now))


def _of_mappings(path: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in [*was, *(name for name in now if name not in was)]:
        place = f"{path}.{name}" if path else name
        if name not in now:
            yield Change("removed", place, was[name], None)
        elif name not in was:
            yield Change("added", place, None, now[name])
        else:
            yield from _of_values(place, was[name], now[name])


def _of_values(path: str, was: Any, now: Any) -> Iterator[Change]:
    if isinstance(was, dict) and isinstance(now, dict):
        mine, theirs = cast("dict[str, Any]", was), cast("dict[str, Any]", now)
        if mine.get("kind") == theirs.get("kind"):
            yield from _of_mappings(path, mine, theirs)
        else:  # of another kind is another thing, whatever fields they have in common
            yield Change("changed", path, mine, theirs)
        return
    before, after = _by_code(was), _by_code(now)
    if before is not None and after is not None and (before or after):
        yield from _of_named(path, before, after)
    elif not same(was, now):
        yield Change("changed", path, was, now)


def _by_code(value: Any) -> dict[str, Any] | None:
    """The things of a list by their codes; None: it is no list of things with codes of their own."""
    if not isinstance(value, list):
        return None
    items = cast("list[Any]", value)
    named = {code: one for one in items if (code := code_of(one)) is not None}
    return named if len(named) == len(items) else None


def _of_named(path: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for code in [*was, *(code for code in now if code not in was)]:
        place = f"{path}[{code}]"
        if code not in now:
            yield Change("removed", place, was[code], None)
        elif code not in was:
            yield Change("added", place, None, now[code])
        else:
            yield from _of_values(place, was[code], now[code])
    before, after = list(was), list(now)
    if [code for code in before if code in now] != [code for code in after if code in was]:
        yield Change("moved", path, before, after)


def same(one: Any, other: Any) -> bool:
    """Equal as documents are: 1 is neither true nor 1.0, and the order of fields does not matter."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
