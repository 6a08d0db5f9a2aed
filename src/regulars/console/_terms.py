"""The form of the programme's terms: how long points last and wait, as fields of a page and as a programme's document."""

from collections.abc import Mapping
from typing import Any, Final

from regulars.programme import Programme

FIELDS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "expiry": {
        "rolling": {"lasts.count": "24", "lasts.unit": "month", "end_of": "month"},
        "period_end": {"end_of": "year", "at_least.count": "3", "at_least.unit": "month"},
        "yearly": {"month": "3", "day": "31", "at_least.count": "3", "at_least.unit": "month"},
        "sliding": {"lasts.count": "12", "lasts.unit": "month", "end_of": "day", "activity": "earning"},
    },
    "pending": {
        "after": {"waits.count": "14", "waits.unit": "day"},
        "month_day": {"day": "15", "months": "1"},
        "until": {"day": ""},
        "event": {"event": "delivered", "within.count": "60", "within.unit": "day", "otherwise": "lapse"},
    },
}
"""Per term and kind the fields, and what stands in them before anybody writes."""


def filled(programme: Programme) -> dict[str, str]:
    """The form as it is first shown: what the programme says, and proposals for what it does not."""
    document = programme.as_document()
    values: dict[str, str] = {}
    for term, kinds in FIELDS.items():
        said: Any = document[term] or {}
        values[term] = said.get("kind", "none")
        for kind, fields in kinds.items():
            for field, proposal in fields.items():
                found = _look(said, field) if said.get("kind") == kind else None
                values[f"{term}.{kind}.{field}"] = proposal if found is None else str(found)
    return values


def _look(document: Mapping[str, Any], field: str) -> Any:
    folder, _, name = field.rpartition(".")
    return (document[folder] if folder else document)[name]


def document(term: str, data: Mapping[str, str]) -> dict[str, Any] | None:
    """What was chosen and written for a term, as a programme's document has it; what cannot be meant it will refuse."""
    kind = data.get(term, "none")
    if kind == "none":
        return None
    made: dict[str, Any] = {"kind": kind}
    for field in FIELDS[term].get(kind, {}):
        text = data.get(f"{term}.{kind}.{field}", "").strip()
        folder, _, name = field.rpartition(".")
        place = made.setdefault(folder, {}) if folder else made
        place[name] = int(text) if text.isascii() and text.isdigit() else text
    return made
