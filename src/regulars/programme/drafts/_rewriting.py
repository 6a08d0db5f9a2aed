"""The same text with another content: what stays the same keeps its words, its order and its comments."""

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.representer import RoundTripRepresenter

from regulars.programme.drafts._texts import UnreadableText, Written, code_of, escaped, read, write

_FLUSH: Final = re.compile(r"^( *)[^\s#-][^\n]*:[ ]*(?:#[^\n]*)?\n(?: *#[^\n]*\n)*\1- ", re.MULTILINE)
"""A list whose things stand right below the name they belong to."""


def rewrite(text: str, document: Mapping[str, Any]) -> str:
    """The same text with another content: what stays the same keeps its words and its comments."""
    if text.lstrip().startswith("{"):
        lines = json.dumps(document, indent=2, ensure_ascii=False).split("\n")
        return "".join(f"{escaped(line)}\n" for line in lines)
    try:
        known = read(text)
        if same(known.document, document):
            return text
        made = _rewritten(text, known, document)
        if same(read(made).document, document):
            return made
    except (UnreadableText, YAMLError, RecursionError, ValueError):
        pass  # then it is written anew
    return write(document)


def _rewritten(text: str, known: Written, document: Mapping[str, Any]) -> str:
    """A text part by part: those that stay are left as they are, and each goes with what is written right above it."""
    lines = text.splitlines(keepends=True)
    was: dict[str, Any] = cast("dict[str, Any]", known.document) if isinstance(known.document, dict) else {}
    starts = [known.lines[name,] - 1 for name in was]
    leads = [_lead(lines, start) for start in starts]
    made = "".join(lines[: leads[0]] if leads else lines)
    for (name, value), lead, start, end in zip(was.items(), leads, starts, [*leads[1:], len(lines)], strict=True):
        if name in document and same(value, document[name]):
            made += "".join(lines[lead:end])
        elif name in document:
            made += "".join(lines[lead:start]) + _part(lines[start:end], name, value, document[name])
    new = {name: value for name, value in document.items() if name not in was}
    ended = made if made.endswith("\n") or not made else f"{made}\n"
    return ended + (write(new) if new else "")


def _lead(lines: Sequence[str], start: int) -> int:
    """The first of the comments that stand right above a line."""
    while start > 0 and lines[start - 1].startswith("#"):
        start -= 1
    return start


def _part(lines: Sequence[str], name: str, was: Any, value: Any) -> str:
    """One part of a document with another content, and as many of its own words and comments as can be."""
    last = len(lines)
    while last > 1 and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
        last -= 1
    body, after = "".join(lines[:last]), "".join(lines[last:])
    wanted = {name: value}
    both = isinstance(was, list) and isinstance(value, list)
    made = _things(lines[:last], cast("list[Any]", was), cast("list[Any]", value)) if both else None
    if made is not None and _says(made, wanted):
        return made + after
    keeper, out = _keeper(body), io.StringIO()
    known: Any = keeper.load(body)  # pyright: ignore[reportUnknownMemberType]
    _become(known, wanted)
    keeper.dump(known, out)  # pyright: ignore[reportUnknownMemberType]
    return (out.getvalue() if _says(out.getvalue(), wanted) else write(wanted)) + after


def _says(text: str, document: Any) -> bool:
    try:
        return same(read(text).document, document)
    except UnreadableText:
        return False


def _things(lines: Sequence[str], was: Sequence[Any], wanted: Sequence[Any]) -> str | None:
    """A list with other things in it, or in another order: each goes with its words and the comments above it.

    None where it is not written thing below thing, each with its own dash.
    """
    starts = list(_dashes(lines))
    if not starts or len(starts) != len(was) or not wanted:
        return None
    column = lines[starts[0]].index("-")
    leads = [_comments_above(lines, start) for start in starts]
    texts = [
        ("".join(lines[lead:start]), "".join(lines[start:end]))
        for lead, start, end in zip(leads, starts, [*leads[1:], len(lines)], strict=True)
    ]
    made, left = "".join(lines[: leads[0]]), list(range(len(was)))
    for place, one in enumerate(wanted):
        found = _match(one, place, was, left, len(wanted))
        if found is not None:
            left.remove(found)
        made = made if made.endswith("\n") else f"{made}\n"
        made += _thing(texts[found], was[found], one, column) if found is not None else _new(one, column)
    return made


def _dashes(lines: Sequence[str]) -> Iterator[int]:
    """The lines on which the things of a list begin: those of the least deep dashes."""
    found = [(len(line) - len(line.lstrip()), at) for at, line in enumerate(lines) if at and line.lstrip()[:2] == "- "]
    least = min((column for column, _ in found), default=0)
    yield from (at for column, at in found if column == least)


def _comments_above(lines: Sequence[str], start: int) -> int:
    while start > 1 and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return start


def _match(one: Any, place: int, was: Sequence[Any], left: Sequence[int], count: int) -> int | None:
    """Which of the things that were is this one: the same, or of the same code, or in the same place."""
    alike = next((other for other in left if same(was[other], one)), None)
    if alike is not None:
        return alike
    code = code_of(one)
    named = next((other for other in left if code is not None and code_of(was[other]) == code), None)
    return named if named is not None or place not in left or count != len(was) else place


def _thing(text: tuple[str, str], was: Any, one: Any, column: int) -> str:
    """One thing of a list, changed: its words and comments as far as can be, and what is written between it and the next."""
    above, body = text
    if same(was, one):
        return above + body
    lines = body.splitlines(keepends=True)
    last = len(lines)
    while last > 1 and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
        last -= 1
    return above + _changed("".join(lines[:last]), was, one, column) + "".join(lines[last:])


def _changed(body: str, was: Any, one: Any, column: int) -> str:
    inner = _indented(body.replace("-", " ", 1), -column - 2)
    if inner is None or not isinstance(was, dict) or not isinstance(one, dict) or inner.startswith("{"):
        return _new(one, column)
    known = read(inner)
    made = _rewritten(inner, known, cast("dict[str, Any]", one)) if same(known.document, was) else None
    if made is None or not _says(made, one):
        return _new(one, column)
    return f"{' ' * column}- {(_indented(made, column + 2) or made).lstrip(' ')}"


def _new(one: Any, column: int) -> str:
    first, *others = write({"it": [one]}).split("\n")[1:-1]
    return "".join(f"{' ' * column}{line[2:]}\n" if line else "\n" for line in [first, *others])


def _indented(text: str, by: int) -> str | None:
    """A text further to the right, or to the left; None where there is no room."""
    lines = text.splitlines(keepends=True)
    if by < 0 and any(line.strip() and line[:-by].strip() for line in lines):
        return None
    return "".join(line if not line.strip() else f"{' ' * by}{line}" if by > 0 else line[-by:] for line in lines)


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same, one and true apart."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


class _Words(RoundTripRepresenter):
    """Writes null as that word, and not as nothing."""


def _null(words: Any, _value: None) -> object:
    return words.represent_scalar("tag:yaml.org,2002:null", "null")


_Words.add_representer(type(None), _null)  # pyright: ignore[reportUnknownMemberType]


def _keeper(text: str) -> YAML:
    """Reads and writes with comments, with lists indented as they are in a text."""
    keeper = YAML()
    deep = _FLUSH.search(text) is None
    keeper.indent(mapping=2, sequence=4 if deep else 2, offset=2 if deep else 0)
    keeper.Representer = _Words
    keeper.preserve_quotes = True
    keeper.width = 4096
    return keeper


def _become(known: Any, wanted: Mapping[str, Any]) -> None:
    for name in [name for name in known if name not in wanted]:
        del known[name]
    for name, value in wanted.items():
        known[name] = _kept(known.get(name), value)


def _kept(known: Any, wanted: Any) -> Any:
    """What to put in the place of `known`: itself, changed, where it can be."""
    if isinstance(known, CommentedMap) and isinstance(wanted, dict):
        _become(known, cast("dict[str, Any]", wanted))
        return cast("Any", known)
    items = cast("list[Any]", wanted) if isinstance(wanted, list) else []
    if isinstance(known, CommentedSeq) and len(cast("list[Any]", known)) == len(items) > 0:
        for place, one in enumerate(items):
            known[place] = _kept(known[place], one)
        return cast("Any", known)
    written: Any = str(known) if isinstance(known, date) else known
    return cast("Any", known if written is wanted or _the_same_word(written, wanted) else wanted)


def _the_same_word(written: Any, wanted: Any) -> bool:
    """Whether a text or number stays as it was written: its quotation marks are its own."""
    kinds = next((kind for kind in (bool, int, float, str) if isinstance(written, kind)), None)
    return kinds is not None and isinstance(wanted, kinds) and type(wanted) is kinds and written == wanted
