"""A programme as text: YAML, or JSON, which YAML includes. Read with the line of every value, written in one stable form.

YAML 1.2 with the types of JSON alone: `no` is a word, `2027-01-01` is a text. What is written in a text stands in it:
no aliases, no tags.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from regulars.errors import Invalid
from regulars.programme.drafts._records import Flaw

LONGEST: Final = 256 * 1024
"""Of a text, in letters: larger ones are not programmes."""

_WORDS: Final[Mapping[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,30}")
_BROKEN: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_NO_NUMBER: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|0[xo][0-9a-fA-F]+")
_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ["null", "bool", "int", "float", "str", "timestamp", "map", "seq"]
)
_PLAIN: Final = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_./\u4e00-\u9fff-]*( [A-Za-z0-9_./\u4e00-\u9fff-]+)*")
_UNWRITABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_PARAGRAPH: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff][^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]*")  # fmt: skip
_WIDTH: Final = 100

Path = tuple[str | int, ...]


class UnreadableText(Invalid):
    """{field} is {value!r}: {remedy} (line {line})."""

    @property
    def flaw(self) -> Flaw:
        """As one of the things that are wrong with a document."""
        return Flaw(**cast("dict[str, Any]", self.details))


@dataclass(frozen=True, slots=True)
class Written:
    """What a text says, and the line on which each part of it begins, counted from 1."""

    document: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: str) -> int:
        """The line of a path such as `earning[2].when` or `tiers[gold]`, or of the nearest part around it."""
        at: Path = ()
        value = self.document
        for step in steps(path):
            found = _entered(value, step)
            if found is None:
                break
            key, value = found
            at = (*at, key)
        return self.lines.get(at, 1)


def steps(path: str) -> Iterator[str]:
    """The parts of a path such as `earning[2].when`."""
    yield from (step for step in re.split(r"[.\[\]]+", path) if step)


def _entered(value: Any, step: str) -> tuple[str | int, Any] | None:
    """The key and the value that a step leads to; things in a list go by their place or their code."""
    if isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        return (step, known[step]) if step in known else None
    if not isinstance(value, list):
        return None
    items = cast("list[Any]", value)
    if step.isdecimal() and int(step) < len(items):
        return int(step), items[int(step)]
    return next(((place, one) for place, one in enumerate(items) if code_of(one) == step), None)


def code_of(value: Any) -> str | None:
    """What a thing of a list is named by, if it is."""
    code = cast("dict[str, Any]", value).get("code") if isinstance(value, dict) else None
    return code if isinstance(code, str) else None


def read(text: str) -> Written:
    """What a text says.

    Raises:
        UnreadableText: it is no YAML, or has something that no programme can have; names the line.
    """
    if len(text) > LONGEST:
        raise UnreadableText(field="", value=f"{len(text)} letters", remedy=f"write at most {LONGEST}", line=1)
    try:
        node: Any = YAML(typ="safe", pure=True).compose(text)  # pyright: ignore[reportUnknownMemberType]
        lines: dict[Path, int] = {}
        return Written(None if node is None else _value(node, (), lines, set()), lines)
    except MarkedYAMLError as error:
        told: Any = error
        mark = told.problem_mark or told.context_mark
        said = f"{told.problem or told.context or 'it cannot be read'}".replace("<stream end>", "the end")
        raise _unreadable(text, mark.line + 1 if mark else 1, f"write YAML or JSON: {said}") from error
    except (YAMLError, RecursionError, ValueError) as error:
        said = str(error).partition("\n")[0]
        raise UnreadableText(field="", value=None, remedy=f"write YAML or JSON: {said}", line=1) from error


def _unreadable(text: str, line: int, remedy: str) -> UnreadableText:
    shown = text.split("\n")
    return UnreadableText(field="", value=shown[min(line, len(shown)) - 1].strip()[:80], remedy=remedy, line=line)


def _value(node: Any, at: Path, lines: dict[Path, int], seen: set[int]) -> Any:
    lines.setdefault(at, node.start_mark.line + 1)
    if id(node) in seen or node.anchor:
        raise _refused(node, at, "write it out: aliases are not kept")
    seen.add(id(node))
    if node.tag not in _TAGS:
        raise _refused(node, at, "leave the tag or merge key away")
    if node.id == "mapping":
        return _mapping(node, at, lines, seen)
    if node.id == "sequence":
        return [_value(one, (*at, place), lines, seen) for place, one in enumerate(node.value)]
    return _scalar(node, at)


def _mapping(node: Any, at: Path, lines: dict[Path, int], seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    parts: list[tuple[Any, Any]] = node.value
    for key, value in parts:
        name = _scalar(key, at) if key.tag in _TAGS and key.id == "scalar" else None
        if not isinstance(name, str):
            raise _refused(key, at, "give a name, in quotation marks if it is a number")
        if name in found:
            raise _refused(key, (*at, name), "give it once")
        lines[*at, name] = key.start_mark.line + 1
        found[name] = _value(value, (*at, name), lines, seen)
    return found


def _scalar(node: Any, at: Path) -> str | int | float | bool | None:
    text: str = node.value
    if node.style is None:
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.fullmatch(text):
            return int(text)
        if _BROKEN.fullmatch(text):
            return _broken(node, at)
        if _NO_NUMBER.fullmatch(text):
            raise _refused(node, at, "give a number in decimal digits")
    try:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16")  # JSON writes one letter as two halves
    except UnicodeDecodeError:
        raise _refused(node, at, "write whole letters") from None
    if "\0" in whole:
        raise _refused(node, at, "leave the NUL away")
    return whole


def _broken(node: Any, at: Path) -> float:
    number = float(node.value)
    if abs(number) > 1e300:
        raise _refused(node, at, "give a smaller number")
    return number


def _refused(node: Any, at: Path, remedy: str) -> UnreadableText:
    value = node.value if isinstance(node.value, str) else None
    return UnreadableText(field=written_path(at), value=value, remedy=remedy, line=node.start_mark.line + 1)


def written_path(at: Path) -> str:
    """A path as errors name it: `earning[2].when`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at).removeprefix(".")


def write(document: Mapping[str, Any], *, notes: Mapping[str, str] | None = None, heading: str = "") -> str:
    """A document as YAML: one form for one content. `notes` are comments above its parts, `heading` one above it all.

    Raises:
        UnreadableText: its parts are nested too deeply.
    """
    blocks = [_comment(heading)] if heading else []
    for name, value in document.items():
        note = _comment(notes[name]) if notes and name in notes else ""
        try:
            blocks.append(note + "".join(f"{line}\n" for line in _entry(name, value)))
        except RecursionError as error:
            raise UnreadableText(field=name, value=None, remedy="nest it less deeply", line=1) from error
    return ("\n" if notes else "").join(blocks) or "{}\n"


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, _WIDTH - 2, break_long_words=False))


def _entry(name: str, value: Any) -> Iterator[str]:
    key = _quoted(name)
    if isinstance(value, dict | list) and value:
        yield f"{key}:"
        yield from (f"  {line}" for line in _lines(value))
        return
    first, *others = _lines(value)
    yield f"{key}: {first}"
    yield from (f"  {line}" if line else "" for line in others)


def _lines(value: Any) -> Iterator[str]:
    """A value as lines that are indented alike."""
    if isinstance(value, dict) and value:
        for name, one in cast("dict[str, Any]", value).items():
            yield from _entry(name, one)
    elif isinstance(value, list) and value:
        for one in cast("list[Any]", value):
            first, *others = _lines(one)
            yield f"- {first}"
            yield from (f"  {line}" if line else "" for line in others)
    elif isinstance(value, str):
        yield from _text(value)
    else:
        yield json.dumps(value)


def _text(value: str) -> Iterator[str]:
    """A text: plain where nobody can take it for anything else, paragraph by paragraph if it has several lines."""
    body = value.removesuffix("\n")
    if "\n" not in body or not _PARAGRAPH.fullmatch(body) or body.endswith("\n"):
        yield _quoted(value)
        return
    yield "|" if body != value else "|-"
    yield from body.split("\n")


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value) and value not in _WORDS and len(value) <= _WIDTH:
        return value
    return escaped(json.dumps(value, ensure_ascii=False))


def escaped(text: str) -> str:
    """A text in quotation marks without the letters that YAML does not take as they are."""
    return _UNWRITABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
