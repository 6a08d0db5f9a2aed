"""What is wrong with a text that should be a programme: where, what stands there, what would do, and on which line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec

from regulars.ledger import BadPolicy
from regulars.programme._rules import BadProgramme, Programme, default
from regulars.programme.drafts._records import Flaw
from regulars.programme.drafts._texts import UnreadableText, Written, read, steps

_PLACE: Final = re.compile(r" - at `(?:key|value)? ?(?:in )?`?\$(?P<path>[^`]*)`$")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_STAND_INS: Final[Mapping[str, object]] = default("GBP", "UTC").as_document()
_MOST: Final = 20
"""How many things are told at once."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A text as it was understood: the programme in it, or what is wrong."""

    programme: Programme | None
    flaws: tuple[Flaw, ...]


def document_of(programme: Programme) -> dict[str, Any]:
    """A programme as a document of JSON's own types."""
    return msgspec.json.decode(msgspec.json.encode(programme.as_document()), type=dict[str, Any])


def check(text: str) -> Checked:
    """Read a text as a programme."""
    try:
        written = read(text)
    except UnreadableText as error:
        return Checked(None, (error.flaw,))
    if not isinstance(written.document, dict):
        flaw = Flaw("", written.document, "write a mapping of the programme's parts: name, currency, …", 1)
        return Checked(None, (flaw,))
    return _checked(written, cast("dict[str, Any]", written.document))


def _checked(written: Written, document: Mapping[str, Any]) -> Checked:
    try:
        programme = Programme.from_document(document)
    except BadProgramme as refusal:
        flaws = list(_flaws(written, document, refusal))
    else:
        flaws = [_told(written, path, value, "there is no such field") for path, value in _strays(document, programme)]
        if not flaws:
            return Checked(programme, ())
    return Checked(None, tuple(flaws[:_MOST]))


def _flaws(written: Written, document: Mapping[str, Any], refusal: BadProgramme) -> Iterator[Flaw]:
    """The first thing that is wrong, and of the other parts of the document what cannot be read at all.

    For the next look the part that was refused is that of the programme a shop begins with, and what is then refused for
    another reason than its shape may only miss what was there: it is not told.
    """
    rest, seen = dict(document), set[str]()
    for count in range(_MOST):
        field, value, remedy, shapeless = _meant(rest, refusal)
        if count == 0 or shapeless:
            yield _told(written, field, value, remedy)
        part = next(steps(field), "")
        if part in seen:
            return
        seen.add(part)
        rest.pop(part, None)
        if part in _STAND_INS:
            rest[part] = _STAND_INS[part]
        try:
            Programme.from_document(rest)
        except BadProgramme as another:
            refusal = another
        else:
            return


def _meant(document: Mapping[str, Any], refusal: BadProgramme) -> tuple[str, object, str, bool]:
    """Field, value and remedy of a refusal, and whether it is about the document's shape.

    A refusal of the shape comes from msgspec, whose sentence ends with the place.
    """
    details: Mapping[str, Any] = refusal.details
    cause = refusal.__cause__.__cause__ if isinstance(refusal.__cause__, BadPolicy) else refusal.__cause__
    if not isinstance(cause, msgspec.ValidationError):
        unknown = str(details["field"]) not in Programme.__dataclass_fields__ and details["field"] in document
        return str(details["field"]), details["value"], str(details["remedy"]), unknown
    said, around = str(cause), "" if details["field"] == "programme" else str(details["field"])
    place = _PLACE.search(said)
    path = f"{around}{place['path'] if place else ''}".removeprefix(".")
    remedy = _PLACE.sub("", said)
    lack = _MISSING.match(remedy)
    if lack:
        path = f"{path}.{lack['name']}".removeprefix(".")
        remedy = "give it, the programme needs one"
    else:
        remedy = f"give what fits: {remedy[:1].lower()}{remedy[1:]}".replace("`", "")
    return path, _at(document, path), remedy, True


def _at(document: Any, path: str) -> object:
    for step in steps(path):
        if isinstance(document, dict):
            document = cast("dict[str, Any]", document).get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(cast("list[Any]", document)):
            document = cast("list[Any]", document)[int(step)]
        else:
            return None
    return document


def _told(written: Written, path: str, value: object, remedy: str) -> Flaw:
    return Flaw(path, value, remedy, written.line_of(path))


def _strays(document: Mapping[str, Any], programme: Programme) -> Iterator[tuple[str, object]]:
    """Fields that were given and say nothing: msgspec lets records have more than they know."""
    yield from _unread("", document, document_of(programme))


def _unread(path: str, given: Any, known: Any) -> Iterator[tuple[str, object]]:
    if isinstance(given, Mapping) and isinstance(known, Mapping):
        names = cast("Mapping[str, Any]", known)
        for name, value in cast("Mapping[str, Any]", given).items():
            place = f"{path}.{name}".removeprefix(".")
            if name not in names:
                yield place, value
            else:
                yield from _unread(place, value, names[name])
    elif isinstance(given, list) and isinstance(known, list):
        pairs = zip(cast("list[Any]", given), cast("list[Any]", known), strict=False)
        for place, (one, other) in enumerate(pairs):
            yield from _unread(f"{path}[{place}]", one, other)
