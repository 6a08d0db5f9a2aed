"""Events of the programme's own as callers declare them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.api._shapes import Text

EventCode = Annotated[str, Meta(pattern="^[a-z][a-z_]{0,31}$", examples=["review"])]
Value = Annotated[int, Meta(ge=-(10**12), le=10**12)]


class EventProperty(Struct, forbid_unknown_fields=True, frozen=True):
    """One value of an event's data: a part of JSON Schema."""

    type: Annotated[Literal["integer", "string", "boolean"], Meta(description="A text has at most 200 characters.")]
    name_en: Annotated[Text, Meta(examples=["rating"])]
    name_zh: Annotated[Text, Meta(examples=["评分"])]
    minimum: Annotated[Value | None, Meta(description="Of a number.")] = None
    maximum: Annotated[Value | None, Meta(description="Of a number.")] = None
    enum: Annotated[list[Text], Meta(max_length=200, description="Of a text, all there can be; empty: any.")] = []


class EventSchema(Struct, forbid_unknown_fields=True, frozen=True):
    """What the data of an event is made of: a JSON Schema of an object without other properties."""

    properties: Annotated[
        dict[Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")], EventProperty],
        Meta(max_length=30, description="By name; expressions read them as `event.<name>`."),
    ] = {}
    required: Annotated[
        list[Text], Meta(max_length=30, description="Those left out otherwise are 0, empty, or false.")
    ] = []
    type: Literal["object"] = "object"


class EventType(Struct, forbid_unknown_fields=True, frozen=True):
    """Something members do beside buying."""

    code: EventCode
    name_en: Annotated[Text, Meta(examples=["Review written"])]
    name_zh: Annotated[Text, Meta(examples=["写评价"])]
    schema: EventSchema = EventSchema()
