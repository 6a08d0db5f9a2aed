"""The feed of everything that happened, to follow."""

from typing import Annotated

from litestar import Response
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from regulars import facts
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._facts import Fact, fact
from regulars.api._paging import After, Limit, from_cursor, to_cursor
from regulars.api._routes import reading
from regulars.facts import Cursor, FactsRenumbered
from regulars.insight import BadCursor
from regulars.storage import Transaction

TAG = "Facts"

Names = Annotated[
    str,
    Meta(
        max_length=2000,
        pattern="^[a-z_]+\\.[a-z_]+(,[a-z_]+\\.[a-z_]+)*$",
        description="Only facts of these names, separated by commas.",
        examples=["order.paid,order.returned"],
    ),
]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Feed(Struct):
    """Some facts, in order."""

    items: list[Fact]
    next: Annotated[str, Meta(description="Ask with `after` set to this for what comes next, now or later.")]


class Following(Struct, forbid_unknown_fields=True):
    """Which facts."""

    names: Names | None = None
    limit: Limit = 50
    after: After | None = None


@reading("/facts", tag=TAG, permission=Permission.AUDIT, refusals=[BadCursor, FactsRenumbered])
def follow_facts(call: Call, asked: NamedDependency[Following]) -> Response[Feed]:
    """Follow what happens, in the order in which it became known.

    Every fact comes exactly once and none is skipped, whatever is written meanwhile. Keep `next` and ask again for what
    has happened since; it never is null. After the database was restored elsewhere it is refused: start over without it.
    """
    place = from_cursor(asked.after, tuple[Count, Count, Count])
    after = None if place is None else Cursor(*place)
    names = asked.names.split(",") if asked.names else ()

    def work(tx: Transaction) -> Feed:
        found = facts.feed(tx, after=after, names=names, limit=asked.limit)
        following = to_cursor((found.next.numbering, found.next.xact, found.next.fact_id))
        return Feed([fact(one) for one in found.facts], following)

    return call.read(work)


HANDLERS = (follow_facts,)
