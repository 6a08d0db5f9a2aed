"""Between a document and a form: what stands in each field, and what of a document the fields say.

A form is flat, a name and a text each. What is sent back as it was shown leaves the document as it was: not a letter of it
is written anew, whatever stands in it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from regulars.console.forms import _conditions
from regulars.console.forms._documents import list_of, mapping_of
from regulars.console.forms._units import Units
from regulars.programme import drafts
from regulars.programme.drafts import NOTHING, Part, Shape, UnreadableText

Form = Mapping[str, str]

PROPOSED: Final[Mapping[str, str]] = {
    "Span.count": "12", "Span.unit": "month", "Rolling.end_of": "month", "PeriodEnd.end_of": "year", "Yearly.month": "3",
    "Yearly.day": "31", "MonthDay.day": "15", "AtEvent.event": "delivered", "Limit.per": "month", "Rule.kind": "base",
}  # fmt: skip
"""What stands in the fields of a record that is not there yet, before anybody writes."""


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills a form from a document."""

    units: Units
    form: dict[str, str]
    waiting: list[tuple[str, str, Any]]
    """Numbers and expressions: how they are written depends on what else is in the form."""

    def fill(self, shape: Shape, at: str, raw: Any, *, fresh: bool = False) -> None:
        """Fill in a value that a document has, or `NOTHING`; `fresh`: it is part of something that is not there yet."""
        if shape.sort == "record":
            self._record(shape, at, raw, fresh=fresh)
        elif shape.sort == "kinds":
            self._kinds(shape, at, raw)
        elif shape.sort in {"list", "map"}:
            self._rows(shape, at, raw)
        elif not fits(shape, raw):
            self.form[f"{at}.kept"] = "1"
        elif shape.sort in {"whole", "condition", "amount"}:
            self.waiting.append((shape.sort, at, raw))
        elif shape.sort in {"flag", "words"}:
            self.form[f"{at}.there"] = "1"
            self.form.update({f"{at}.{word}": "1" for word in list_of(raw)})
            if raw is True:
                self.form[at] = "1"
        else:
            self.form[at] = shown(shape, raw, self.units, at, self.form)

    def _record(self, shape: Shape, at: str, raw: Any, *, fresh: bool) -> None:
        absent = raw is NOTHING or (raw is None and shape.nullable)
        if not absent and not isinstance(raw, dict):
            self.form[f"{at}.kept"] = "1"
            return
        if shape.nullable:
            self.form[f"{at}.there"] = "1"
            if not absent:
                self.form[f"{at}.on"] = "1"
        known = cast("dict[str, Any]", {} if absent else raw)
        for part in shape.parts:
            value = known.get(part.name, part.default)
            new = absent and (fresh or shape.nullable)
            if new and value is NOTHING:
                value = _proposal(shape, part)
            self.fill(part.shape, joined(at, part.name), value, fresh=new)

    def _kinds(self, shape: Shape, at: str, raw: Any) -> None:
        said = mapping_of(raw).get("kind")
        if raw is not NOTHING and raw is not None and said not in [one.kind for one in shape.kinds]:
            self.form[f"{at}.kept"] = "1"
            return
        self.form[f"{at}.kind"] = said or ("none" if shape.nullable else shape.kinds[0].kind)
        for one in shape.kinds:
            self.fill(one, f"{at}.{one.kind}", raw if said == one.kind else NOTHING, fresh=said != one.kind)

    def _rows(self, shape: Shape, at: str, raw: Any) -> None:
        wanted = dict if shape.sort == "map" else list
        if raw is not NOTHING and raw is not None and not isinstance(raw, wanted):
            self.form[f"{at}.kept"] = "1"
            return
        rows = _rows_of(raw)
        self.form[f"{at}.rows"] = ",".join(str(place) for place in range(len(rows)))
        for place, (key, one) in enumerate(rows):
            if shape.sort == "map":
                self.form[f"{at}.{place}.key"] = key
            self.fill(_each(shape), f"{at}.{place}", one)

    def finish(self) -> dict[str, str]:
        """The form, when everything is in it that numbers and expressions depend on."""
        for sort, at, raw in self.waiting:
            if sort == "whole":
                self.form[at] = shown(Shape("whole"), raw, self.units, at, self.form)
            else:
                self.form.update(_expression(sort, at, raw, self.units, self.form))
        return self.form


def filled(shape: Shape, raw: Any, units: Units, at: str = "") -> dict[str, str]:
    """The form of a value."""
    filler = Filler(units, {}, [])
    filler.fill(shape, at, raw, fresh=raw is NOTHING)
    return filler.finish()


def _expression(sort: str, at: str, raw: Any, units: Units, form: Form) -> dict[str, str]:
    text, around = "" if raw is NOTHING or raw is None else str(raw), _conditions.around(at, form, units)
    if sort == "condition":
        return _conditions.condition_form(at, text or "true", around)
    return _conditions.amount_form(at, text, around)


def _proposal(shape: Shape, part: Part) -> Any:
    said = PROPOSED.get(f"{shape.record}.{part.name}")
    return int(said) if said and part.shape.sort == "whole" else said or NOTHING


def _each(shape: Shape) -> Shape:
    assert shape.each is not None  # noqa: S101  lists and maps say what is in them
    return shape.each


def joined(at: str, name: str) -> str:
    """The name of a part within a form."""
    return f"{at}.{name}" if at else name


def fits(shape: Shape, raw: Any) -> bool:  # noqa: PLR0911  one line a sort
    """Whether a field of this sort can show a value: what cannot be shown is kept as it is."""
    if raw is NOTHING or raw is None:
        return True
    match shape.sort:
        case "flag":
            return isinstance(raw, bool)
        case "words":
            return _texts(raw) and len(set(raw)) == len(raw) and set(raw) <= set(shape.words)
        case "texts":
            return _texts(raw) and not any("\n" in one or "\r" in one or one != one.strip() or not one for one in raw)
        case "moment":
            return _instant(raw) is not None
        case "day":
            return _day(raw)
        case "other":
            return True
        case "whole":
            return isinstance(raw, int | str) and not isinstance(raw, bool)
        case _:
            return isinstance(raw, str)


def _texts(raw: Any) -> bool:
    return isinstance(raw, list) and all(isinstance(one, str) for one in cast("list[Any]", raw))


def _day(raw: Any) -> bool:
    try:
        return date.fromisoformat(raw).isoformat() == raw
    except (ValueError, TypeError):
        return False


def _instant(raw: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(raw)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else None


def shown(shape: Shape, raw: Any, units: Units, at: str, form: Form) -> str:
    """A value as its field shows it."""
    if raw is NOTHING or raw is None:
        return ""
    match shape.sort:
        case "whole" if isinstance(raw, int):
            return f"{Decimal(raw).scaleb(-units.digits(at, form)):f}"
        case "moment":
            local = cast("datetime", _instant(raw)).astimezone(ZoneInfo(units.zone))
            return local.strftime("%Y-%m-%dT%H:%M:%S" if local.second else "%Y-%m-%dT%H:%M")
        case "texts":
            return "\n".join(raw)
        case "other":
            return json.dumps(raw, ensure_ascii=False, indent=2)
        case _:
            return plain(str(raw))


def plain(text: str) -> str:
    """A text with the ends of lines that documents have: forms send it with others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read(shape: Shape, raw: Any, form: Form, units: Units, at: str = "") -> Any:  # noqa: PLR0911  one line a sort
    """What a form says of a value that was `raw`; `NOTHING`: it is left out."""
    if form.get(f"{at}.kept"):
        return raw
    match shape.sort:
        case "record":
            return _read_record(shape, raw, form, units, at)
        case "kinds":
            return _read_kinds(shape, raw, form, units, at)
        case "list" | "map":
            return _read_rows(shape, raw, form, units, at)
        case "condition" | "amount":
            was = _expression(shape.sort, at, raw, units, form)
            around = _conditions.around(at, form, units)
            written = _conditions.written(shape.sort, at, form, was, "" if raw is NOTHING else str(raw), around)
            return raw if written is None else written
        case "flag" | "words":
            return _read_ticks(shape, raw, form, at)
        case _:
            return _read_text(shape, raw, form, units, at)


def _read_ticks(shape: Shape, raw: Any, form: Form, at: str) -> Any:
    if f"{at}.there" not in form:
        return raw
    if shape.sort == "flag":
        return raw if (at in form) == (raw is True) and (raw is not NOTHING) else at in form
    was = list_of(raw)
    ticked: list[Any] = [word for word in shape.words if f"{at}.{word}" in form]
    kept, new = [one for one in was if one in ticked], [one for one in ticked if one not in was]
    return raw if len(kept) == len(was) and not new else kept + new


def _read_text(shape: Shape, raw: Any, form: Form, units: Units, at: str) -> Any:  # noqa: PLR0911  one line a sort
    said = form.get(at)
    if said is None or (fits(shape, raw) and plain(said) == shown(shape, raw, units, at, form)):
        return raw
    text = plain(said).strip()
    if not text and shape.sort != "texts":
        return None if shape.nullable else "" if shape.sort == "text" else NOTHING
    match shape.sort:
        case "whole":
            return number(text, units.digits(at, form))
        case "moment":
            return _moment(text, units.zone)
        case "texts":
            return [one.strip() for one in text.split("\n") if one.strip()]
        case "other":
            return _other(text)
        case _:
            return text


def number(text: str, digits: int) -> int | str:
    """A number of minor units, of what was written in major ones; the text itself where it is none."""
    try:
        value = Decimal(text.replace(",", "").replace("\N{FULLWIDTH COMMA}", "").replace(" ", "")).scaleb(digits)
    except InvalidOperation:
        return text
    whole = value.is_finite() and abs(value) < 10**18 and value == value.to_integral_value()
    return int(value) if whole else text


def _moment(text: str, zone: str) -> str:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).isoformat()


def _other(text: str) -> Any:
    try:
        return drafts.read(text).document
    except UnreadableText:
        return text


def _read_record(shape: Shape, raw: Any, form: Form, units: Units, at: str) -> Any:
    if shape.nullable and f"{at}.there" in form and f"{at}.on" not in form:
        return raw if raw is NOTHING else None
    if shape.nullable and f"{at}.there" not in form:
        return raw
    known = mapping_of(raw)
    said = {
        part.name: read(part.shape, known.get(part.name, part.default), form, units, joined(at, part.name))
        for part in shape.parts
    }
    kept = {name: said.get(name, value) for name, value in known.items()}
    new = {
        part.name: said[part.name]
        for part in shape.parts
        if part.name not in known and not same(said[part.name], part.default)
    }
    made = {name: value for name, value in (kept | new).items() if value is not NOTHING}
    return NOTHING if raw is NOTHING and not made and not shape.nullable else made


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same, one and true apart."""
    if one is NOTHING or other is NOTHING:
        return one is other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _read_kinds(shape: Shape, raw: Any, form: Form, units: Units, at: str) -> Any:
    said = form.get(f"{at}.kind")
    if said is None:
        return raw
    chosen = next((one for one in shape.kinds if one.kind == said), None)
    if chosen is None:
        return raw if raw is NOTHING else None
    known = mapping_of(raw)
    was = known if known.get("kind") == said else {"kind": said}
    return read(chosen, was, form, units, f"{at}.{said}")


def _read_rows(shape: Shape, raw: Any, form: Form, units: Units, at: str) -> Any:
    rows = form.get(f"{at}.rows")
    if rows is None:
        return raw
    known, found = _rows_of(raw), list[tuple[str, Any]]()
    for row in row_names(rows):
        key, was = known[int(row)] if row.isdecimal() and int(row) < len(known) else (row, NOTHING)
        value = read(_each(shape), was, form, units, f"{at}.{row}")
        found.append((_key(form.get(f"{at}.{row}.key"), key), {} if value is NOTHING else value))
    if not found and (raw is NOTHING or raw is None):
        return raw
    made: Any = dict(found) if shape.sort == "map" else [value for _, value in found]
    return raw if same(made, raw) else made


def _rows_of(raw: Any) -> list[tuple[str, Any]]:
    """What stands in a list, or in a map under its name."""
    return list(mapping_of(raw).items()) or [("", one) for one in list_of(raw)]


def _key(said: str | None, was: str) -> str:
    return was if said is None or said == was else said.strip()


def row_names(rows: str) -> list[str]:
    """The names of a list's rows, in order."""
    return [one for one in rows.split(",") if one.isalnum()]
