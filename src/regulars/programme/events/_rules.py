"""What an event of the programme's own is, and what may be said about one: the section `events` of the document."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

from regulars.errors import Conflict, Invalid
from regulars.programme._refusals import BadProgramme
from regulars.programme.expressions import Field, event_field

MOST_EVENTS: Final = 100
MOST_PROPERTIES: Final = 30
MOST_NUMBER: Final = 10**12
LONGEST_TEXT: Final = 200
MOST_AHEAD: Final = timedelta(days=1)
"""How far ahead of our clock an event may be dated: clocks differ."""

_CODE: Final = re.compile(r"[a-z][a-z_]{0,31}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NUMBER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


class BadEvent(Invalid):
    """{field} is {value!r}: {remedy}."""


class EventChanged(Conflict):
    """Event {event!r} was told before with other content: give each event an id of its own."""


@dataclass(frozen=True, slots=True)
class Property:
    """One value of an event's data: the part of JSON Schema that expressions can read."""

    type: Literal["integer", "string", "boolean"]
    """A whole number, a text of at most 200 characters, or true or false."""

    name_en: str
    name_zh: str
    minimum: int | None = None
    """Of a number, the least there can be; null: -1,000,000,000,000."""

    maximum: int | None = None
    """Of a number, the most there can be; null: 1,000,000,000,000."""

    enum: tuple[str, ...] = ()
    """Of a text, all there can be; empty: any text."""


@dataclass(frozen=True, slots=True)
class DataSchema:
    """What the data of an event is made of: a JSON Schema of an object that has no other properties."""

    properties: Mapping[str, Property] = field(default_factory=dict[str, Property], hash=False)
    """Its values by name; expressions read them as `event.<name>`."""

    required: tuple[str, ...] = ()
    """Those that must be given. One that is not given is 0, an empty text, or false."""

    type: Literal["object"] = "object"
    """Always an object."""


@dataclass(frozen=True, slots=True)
class EventType:
    """Something members do that earns: a review written, a visit, a profile completed."""

    code: str
    name_en: str
    name_zh: str
    schema: DataSchema = DataSchema()
    """What its data is made of."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it is told."""

    code: str
    external_id: str
    """The teller's own id: told twice it is done once."""
    member_id: int
    happened_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dated: bool = True
    """Whether the teller said when: who leaves it to us tells the same again whenever that is."""


def refuse_unknown(documents: Sequence[Any]) -> None:
    """Refuse what event types do not have: a keyword of JSON Schema that is passed over would promise what is not kept.

    Raises:
        BadProgramme: names the first, and what there is.
    """
    for place, document in enumerate(documents):
        at = f"events[{place}]"
        _known(document, EventType, at)
        schema: Any = document.get("schema") or {}
        _known(schema, DataSchema, f"{at}.schema")
        for name, one in cast("dict[str, Any]", schema.get("properties") or {}).items():
            _known(one, Property, f"{at}.schema.properties.{name}")


def _known(document: Mapping[str, Any], record: type[Any], path: str) -> None:
    names = [one.name for one in fields(record)]
    for name in sorted(set(document).difference(names)):
        raise BadProgramme(field=f"{path}.{name}", value=document[name], remedy=f"there is {', '.join(names)}")


def check(events: Sequence[EventType]) -> None:
    """Refuse what no section can say.

    Raises:
        BadProgramme: names the place, the value and what would do.
    """
    _must(len(events) <= MOST_EVENTS, "events", len(events), f"give at most {MOST_EVENTS}")
    codes = [one.code for one in events]
    for place, one in enumerate(events):
        at = f"events[{place}]"
        _must(_CODE.fullmatch(one.code), f"{at}.code", one.code, "give at most 32 of a-z and _, a letter first")
        _must(one.code not in codes[:place], f"{at}.code", one.code, "give every event a code of its own")
        _check_names(at, one)
        _check_schema(f"{at}.schema", one.schema)


def _must(condition: object, field: str, value: object, remedy: str) -> None:
    if not condition:
        raise BadProgramme(field=field, value=value, remedy=remedy)


def _check_names(at: str, one: EventType | Property) -> None:
    for name in ("name_en", "name_zh"):
        _must(getattr(one, name).strip(), f"{at}.{name}", getattr(one, name), "give it a name")


def _check_schema(at: str, schema: DataSchema) -> None:
    known = schema.properties
    _must(len(known) <= MOST_PROPERTIES, f"{at}.properties", len(known), f"give at most {MOST_PROPERTIES}")
    for number, name in enumerate(schema.required):
        _must(name in known, f"{at}.required[{number}]", name, f"name one of {', '.join(known) or 'the properties'}")
    for name, one in known.items():
        where = f"{at}.properties.{name}"
        _must(_NAME.fullmatch(name), where, name, "name it by at most 32 of a-z, 0-9 and _, a letter first")
        _check_names(where, one)
        _check_limits(where, one)


def _check_limits(at: str, one: Property) -> None:
    for name in ("minimum", "maximum"):
        value = getattr(one, name)
        _must(value is None or one.type == "integer", f"{at}.{name}", value, "leave it out: only numbers have it")
        _must(value is None or abs(value) <= MOST_NUMBER, f"{at}.{name}", value, f"give at most {MOST_NUMBER}")
    low, high = _limits(one)
    _must(low <= high, f"{at}.maximum", one.maximum, "let it be no less than the minimum")
    _must(not one.enum or one.type == "string", f"{at}.enum", list(one.enum), "leave it out: only texts have it")
    for number, value in enumerate(one.enum):
        _must(0 < len(value) <= LONGEST_TEXT, f"{at}.enum[{number}]", value, f"give 1 to {LONGEST_TEXT} characters")


def _limits(one: Property) -> tuple[int, int]:
    low = -MOST_NUMBER if one.minimum is None else one.minimum
    return low, MOST_NUMBER if one.maximum is None else one.maximum


def fields_of(one: EventType) -> tuple[Field, ...]:
    """What expressions can read of an event of this type."""
    return tuple(_field(name, each) for name, each in one.schema.properties.items())


def _field(name: str, one: Property) -> Field:
    if one.type == "integer":
        low, high = _limits(one)
        return event_field(name, "int", one.name_en, one.name_zh, low=min(low, 0), high=max(high, 0))
    return event_field(name, "text" if one.type == "string" else "bool", one.name_en, one.name_zh)


_EMPTY: Final[Mapping[str, Any]] = {"integer": 0, "string": "", "boolean": False}


def row_of(one: EventType, data: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an event; what was not given, or is of another type by now, is 0, empty or false."""
    row: dict[str, Any] = {}
    for name, each in one.schema.properties.items():
        value = data.get(name)
        row[f"event_{name}"] = value if _fits(each, value) else _EMPTY[each.type]
    return row


def _fits(one: Property, value: Any) -> bool:
    if one.type == "integer":
        low, high = _limits(one)
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if one.type == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str) and _text_fits(one, value)


def _text_fits(one: Property, value: str) -> bool:
    return len(value) <= LONGEST_TEXT and "\x00" not in value and (not one.enum or value in one.enum)


def _wanted(one: Property) -> str:
    if one.type == "integer":
        low, high = _limits(one)
        return f"give a whole number from {low} to {high}"
    if one.type == "boolean":
        return "give true or false"
    return f"give one of {', '.join(one.enum)}" if one.enum else f"give a text of at most {LONGEST_TEXT} characters"


def refusal(known: Mapping[str, EventType], told: NewEvent, *, at: datetime) -> BadEvent | None:
    """Why an event cannot be recorded, None when it can."""
    one = known.get(told.code)
    if one is None:
        return _bad(
            "event", told.code, f"name one of {', '.join(known)}" if known else "the programme declares no events"
        )
    if not _NUMBER.fullmatch(told.external_id):
        return _bad("external_id", told.external_id, "give 1 to 200 characters in one line")
    if told.happened_at > at + MOST_AHEAD:
        return _bad("happened_at", told.happened_at.isoformat(), "tell it when it has happened")
    return _data_refusal(one.schema, told.data)


def _bad(field: str, value: object, remedy: str) -> BadEvent:
    return BadEvent(field=field, value=value, remedy=remedy)


def _data_refusal(schema: DataSchema, data: Mapping[str, Any]) -> BadEvent | None:
    names = ", ".join(schema.properties) or "none"
    for name, value in data.items():
        one = schema.properties.get(name)
        if one is None:
            return _bad(f"data.{name}", value, f"leave it out: there is {names}")
        if not _fits(one, value):
            return _bad(f"data.{name}", value, _wanted(one))
    lacking = next((name for name in schema.required if name not in data), None)
    return _bad(f"data.{lacking}", None, _wanted(schema.properties[lacking])) if lacking else None
