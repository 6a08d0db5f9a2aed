"""The published schema takes what is a programme, says what every field means, and refuses what it does not know."""

import jsonschema_rs
from hypothesis import given, settings

from programme.drafts.documents import PROGRAMMES
from regulars import programme
from regulars.programme import Programme, drafts
from regulars.programme.drafts import _schemas

SCHEMA = drafts.schema()


@settings(max_examples=40)
@given(PROGRAMMES)
def test_every_programme_fits_the_schema(made: Programme):
    assert jsonschema_rs.is_valid(SCHEMA, drafts.document_of(made))


def test_what_is_no_programme_does_not_fit():
    good = drafts.document_of(programme.default("GBP", "Europe/London"))
    assert jsonschema_rs.is_valid(SCHEMA, good)
    assert not jsonschema_rs.is_valid(SCHEMA, good | {"version_id": 3})
    assert not jsonschema_rs.is_valid(SCHEMA, good | {"name": None})
    assert not jsonschema_rs.is_valid(SCHEMA, good | {"expiry": {"kind": "rolling", "lasts": 3}})
    assert not jsonschema_rs.is_valid(SCHEMA, {key: value for key, value in good.items() if key != "tier_sets"})


def undescribed(schema: dict) -> list[str]:
    """Fields without a word about them: each needs a text below it in its record."""
    return [
        f"{name}.{field}"
        for name, part in {"Programme": schema, **schema["$defs"]}.items()
        for field, told in part.get("properties", {}).items()
        if not told.get("description")
    ]


def test_every_field_of_the_schema_is_described():
    assert undescribed(SCHEMA) == []
    assert undescribed({"properties": {"name": {"type": "string"}}, "$defs": {}}) == ["Programme.name"]


def test_the_words_above_each_part_of_an_export_are_those_of_the_schema():
    assert list(_schemas.headlines()) == list(SCHEMA["properties"])
