"""Places of a document in words: `earning[2].when` is “Earning rules, Shoes, When”."""

# ruff: noqa: RUF001 - the sign between the steps is meant

from collections.abc import Mapping, Sequence
from typing import Any

from regulars.console.forms import _labels
from regulars.console.forms._documents import code_of, list_of, mapping_of
from regulars.programme import drafts
from regulars.programme.drafts import Shape


def path_words(path: str, document: Mapping[str, Any], language: str) -> str:
    """What a path is called; as far as it leads to something the document's records know."""
    return " › ".join(_words(drafts.shape(), list(drafts.steps(path)), document, language)) or path


def _words(shape: Shape, steps: Sequence[str], value: Any, language: str) -> list[str]:
    if not steps:
        return []
    step, rest = steps[0], steps[1:]
    match shape.sort:
        case "record":
            part = next((one for one in shape.parts if one.name == step), None)
            if part is None:
                return [step, *rest]
            inner = mapping_of(value).get(step)
            return [_labels.label(shape.record, step, language), *_words(part.shape, rest, inner, language)]
        case "kinds":
            said = mapping_of(value).get("kind")
            chosen = next((one for one in shape.kinds if one.kind == said), None)
            return _words(chosen, steps, value, language) if chosen else list(steps)
        case "list" | "map" if shape.each is not None:
            inner = _thing(value, step)
            return [_title(inner, step, language), *_words(shape.each, rest, inner, language)]
        case _:
            return list(steps)


def _thing(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return mapping_of(value).get(step)
    items = list_of(value)
    if step.isdecimal():
        return items[int(step)] if int(step) < len(items) else None
    return next((one for one in items if code_of(one) == step), None)


def _title(thing: Any, step: str, language: str) -> str:
    name = mapping_of(thing).get("name_zh" if language == "zh" else "name_en")
    if isinstance(name, str) and name.strip():
        return name
    return f"#{int(step) + 1}" if step.isdecimal() else step
