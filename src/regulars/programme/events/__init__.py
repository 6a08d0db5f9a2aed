"""Events of the programme's own: what members do beside buying, declared in the document with a schema of their data.

The invariant: an event is known by its teller's own id, and told twice it is recorded once; what was recorded is never
changed.

    events.refusal({"review": review}, told, at=now)  # None, or what is wrong with it
    events.insert_events(tx, told={event_id: told}, versions={event_id: 3}, at=now)
    events.select_of_member(tx, member_id=member_id, limit=50)
"""

from regulars.programme.events._queries import (
    Event,
    insert_events,
    select_codes,
    select_counts,
    select_events,
    select_of_member,
    update_given,
)
from regulars.programme.events._rules import (
    BadEvent,
    DataSchema,
    EventChanged,
    EventType,
    NewEvent,
    Property,
    check,
    fields_of,
    refusal,
    refuse_unknown,
    row_of,
)

__all__ = [
    "BadEvent",
    "DataSchema",
    "Event",
    "EventChanged",
    "EventType",
    "NewEvent",
    "Property",
    "check",
    "fields_of",
    "insert_events",
    "refusal",
    "refuse_unknown",
    "row_of",
    "select_codes",
    "select_counts",
    "select_events",
    "select_of_member",
    "update_given",
]
