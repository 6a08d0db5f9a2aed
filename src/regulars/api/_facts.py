"""Facts as callers see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from regulars import facts
from regulars.api._shapes import shown

_SUBJECTS: Final[Mapping[str, str]] = {
    "member": "mem",
    "tier": "mem",
    "order": "ord",
    "operator": "opr",
    "key": "key",
    "shop": "shop",
}


class Fact(Struct):
    """Something that happened; written once, never changed."""

    id: Annotated[str, Meta(description="Its place among all facts.", examples=["7341-1201"])]
    name: Annotated[str, Meta(description="`noun.past_participle`.", examples=["order.paid"])]
    occurred_at: Annotated[datetime, Meta(description="When it happened.")]
    recorded_at: Annotated[datetime, Meta(description="When it became known here.")]
    member: Annotated[str | None, Meta(description="Whom it concerns.")]
    subject: Annotated[str | None, Meta(description="What it is about: an order, a return, a member, …")]
    data: dict[str, Any]


def fact(one: facts.Recorded) -> Fact:
    """A fact as callers see it."""
    about = str(one.data.get("fact")) if one.name.startswith("reaction.") else one.name
    prefix = "ret" if about == "order.returned" else _SUBJECTS.get(about.partition(".")[0])
    return Fact(
        id=f"{one.xact}-{one.fact_id}",
        name=one.name,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        member=shown("mem", one.member_id),
        subject=shown(prefix, one.subject_id) if prefix else None,
        data=one.data,
    )
