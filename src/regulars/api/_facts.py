"""Facts as callers see them."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from regulars import facts
from regulars.api._shapes import shown


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
    return Fact(
        id=facts.position_of(one),
        name=one.name,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        member=shown("mem", one.member_id),
        subject=facts.subject_of(one.name, one.subject_id, one.data),
        data=one.data,
    )
