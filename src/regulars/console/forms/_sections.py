"""The sections of a programme's document, as its records have them: what is changed together, and what is a list."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from regulars.console.forms import _labels
from regulars.console.forms._documents import code_of, list_of, mapping_of
from regulars.console.forms._nodes import Suggestions
from regulars.console.forms._values import same
from regulars.programme import drafts
from regulars.programme.drafts import NOTHING, Shape


@dataclass(frozen=True, slots=True)
class Section:
    """One section: a list whose things have a form each, or parts of the document that have one form."""

    name: str
    shape: Shape
    """Of a list, what stands in it; else a record of the parts."""

    is_list: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the document it is about."""
        return (self.name,) if self.is_list else tuple(one.name for one in self.shape.parts)


@cache
def sections() -> Mapping[str, Section]:
    """All sections by name, in the order shown: whatever part the document has, there is one for it."""
    whole = drafts.shape()
    grouped = {name: parts for name, (_, _, parts) in _labels.GROUPS.items()}
    found = {name: Section(name, _of(whole, parts), is_list=False) for name, parts in grouped.items()}
    taken = {part for parts in grouped.values() for part in parts}
    for part in whole.parts:
        if part.name not in taken:
            each = part.shape.each if part.shape.sort == "list" else None
            shape = each or _of(whole, (part.name,))
            found[part.name] = Section(part.name, shape, is_list=each is not None)
    return found


def _of(whole: Shape, parts: tuple[str, ...]) -> Shape:
    return replace(whole, parts=tuple(one for one in whole.parts if one.name in parts))


def part_of(field: str) -> str | None:
    """The section that a field such as `earning[2].when` belongs to."""
    first = next(drafts.steps(field), "")
    return next((name for name, one in sections().items() if first in one.parts), None)


def adapted(shape: Shape, raw: Any, suggestions: Suggestions) -> Shape:
    """A shape whose lists of tiers are chosen from, as far as they name tiers there are."""
    known = suggestions.get("tier", {})
    given = [one for one in list_of(mapping_of(raw).get("tiers")) if isinstance(one, str)]
    words = tuple(dict.fromkeys([*known, *given]))
    parts = tuple(
        replace(one, shape=replace(one.shape, sort="words", words=words))
        if one.name == "tiers" and one.shape.sort == "texts" and words
        else one
        for one in shape.parts
    )
    return replace(shape, parts=parts)


def item_of(document: Mapping[str, Any], section: Section, place: int | None) -> Any:
    """What a form of the section is about: one thing of its list (None: a new one), or its parts."""
    if not section.is_list:
        return {name: value for name, value in document.items() if name in section.parts}
    items = listed(document, section)
    return items[place] if place is not None and place < len(items) else NOTHING


def listed(document: Mapping[str, Any], section: Section) -> list[Any]:
    """The things in a section's list."""
    return list(list_of(document.get(section.name)))


def put(document: Mapping[str, Any], section: Section, place: int | None, item: Any) -> dict[str, Any]:
    """A document with another content of a section's form."""
    if section.is_list:
        items = listed(document, section)
        if place is None or place >= len(items):
            items.append(item)
        else:
            items[place] = item
        return {**document, section.name: items}
    return _merged(document, section, item)


def _merged(document: Mapping[str, Any], section: Section, item: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: item.get(name, NOTHING) if name in section.parts else value for name, value in document.items()}
    new = {name: value for name, value in item.items() if name not in document}
    return {name: value for name, value in (kept | new).items() if value is not NOTHING}


def moved(document: Mapping[str, Any], section: Section, action: str, place: int) -> dict[str, Any] | None:
    """A document with a list's thing moved, copied or taken away; None: there is no such thing."""
    items = listed(document, section)
    if not 0 <= place < len(items):
        return None
    if action == "remove":
        del items[place]
    elif action == "copy":
        items.insert(place + 1, _copy(items, place))
    else:
        other = min(max(place + (-1 if action == "up" else 1), 0), len(items) - 1)
        items[place], items[other] = items[other], items[place]
    return {**document, section.name: items}


def _copy(items: list[Any], place: int) -> Any:
    """The same under a code of its own."""
    one, code = items[place], code_of(items[place])
    if not code:
        return one
    codes = {code_of(each) for each in items}
    free = next(f"{code[:28]}_{number}" for number in range(2, 999) if f"{code[:28]}_{number}" not in codes)
    return {**one, "code": free}


def place_of(document: Mapping[str, Any], section: Section, known_as: str, item: Any) -> int | None:
    """Where a thing stands now: by its code, or by being the same."""
    items = listed(document, section)
    for place, one in enumerate(items):
        if known_as and code_of(one) == known_as:
            return place
    return next((place for place, one in enumerate(items) if same(one, item)), None)
