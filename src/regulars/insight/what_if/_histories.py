"""What was bought and came back, by whom, as it is replayed: read once, held by DuckDB, and cut into chunks of members."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import pyarrow as pa

from regulars.insight.engine import Engine, Session
from regulars.programme.tiers import Grant

_INSTANT: Final = pa.timestamp("us", "UTC")
SCHEMAS: Final[Mapping[str, pa.Schema]] = {
    "sold": pa.schema(
        {
            "order_id": pa.int64(), "member_id": pa.int64(), "placed_at": _INSTANT, "paid_at": _INSTANT,
            "currency": pa.string(), "country": pa.string(), "shop": pa.string(), "time_zone": pa.string(),
            "other_minor": pa.int64(), "goods_minor": pa.int64(),
        }
    ),
    "sold_lines": pa.schema(
        {
            "order_id": pa.int64(), "line_no": pa.int32(), "quantity": pa.int64(), "amount_minor": pa.int64(),
            "unit_minor": pa.int64(), "sku": pa.string(), "name": pa.string(), "category": pa.string(), "tags": pa.string(),
        }
    ),
    "came_back": pa.schema(
        {
            "order_id": pa.int64(), "return_id": pa.int64(), "returned_at": _INSTANT, "line_no": pa.int32(),
            "before": pa.int64(), "quantity": pa.int64(),
        }
    ),
    "people": pa.schema(
        {
            "member_id": pa.int64(), "joined_at": _INSTANT, "country": pa.string(), "issuer": pa.string(),
            "time_zone": pa.string(), "birthday": pa.string(), "segments": pa.list_(pa.string()),
        }
    ),
    "happened": pa.schema({"member_id": pa.int64(), "name": pa.string(), "occurred_at": _INSTANT}),
    "spent": pa.schema({"member_id": pa.int64(), "point_type": pa.string(), "points": pa.int64()}),
}  # fmt: skip
"""What a history is made of: purchases of members with their lines of goods, what came back of them, and who they are.

`happened`: facts that tiers may count. `spent`: what members spent of their points, in all.
"""


@dataclass(frozen=True, slots=True)
class History:
    """Everything that a replay reads, up to `until`."""

    engine: Engine
    until: datetime
    grants: Mapping[int, Sequence[Grant]] = field(default_factory=dict[int, Sequence[Grant]])
    """Tiers given by hand, by member."""

    zones: Mapping[str, str] = field(default_factory=dict[str, str])
    """The time zones of shops, by their code."""

    @property
    def orders(self) -> int:
        """How many orders there are, to be cut into chunks."""
        with self.engine.session() as session:
            return session.ask("select count(*) as orders from sold")["orders"][0].as_py()

    @contextmanager
    def chunk(self, number: int, of: int) -> Generator[Session]:
        """A session with the history of some members, one of so many chunks: `here_` before the names."""
        with self.engine.session() as session:
            session.ask("set timezone = 'UTC'")
            mine = f"hash(member_id) % {of:d} = {number:d}" if of > 1 else "true"
            at = f"timestamptz '{self.until.isoformat()}'"
            session.keep("here_people", f"select * from people where {mine}")
            session.keep("here_sold", f"select * from sold where {mine} and paid_at <= {at}")
            session.keep("here_lines", "select l.* from sold_lines l semi join here_sold using (order_id)")
            session.keep(
                "here_back",
                f"select c.* from came_back c semi join here_sold using (order_id) where c.returned_at <= {at}",
            )
            session.keep("here_happened", f"select * from happened where {mine} and occurred_at <= {at}")
            session.keep("here_spent", f"select * from spent where {mine}")
            yield session


def history(
    tables: Mapping[str, pa.Table],
    *,
    until: datetime,
    grants: Sequence[Grant] = (),
    zones: Mapping[str, str] | None = None,
) -> History:
    """A history of tables with the columns of `SCHEMAS`; those that are left out are empty, and so are columns of text."""
    whole = {name: _fitted(tables.get(name), schema) for name, schema in SCHEMAS.items()}
    by_member: dict[int, list[Grant]] = {}
    for grant in grants:
        if grant.kind != "membership":  # what was bought is found in the orders
            by_member.setdefault(grant.member_id, []).append(grant)
    return History(Engine(whole), until, by_member, zones or {})


def _fitted(table: pa.Table | None, schema: pa.Schema) -> pa.Table:
    whole = schema.empty_table() if table is None else table
    for one in schema:
        if one.name not in whole.column_names:
            whole = whole.append_column(one, pa.nulls(len(whole), one.type))
    return whole.select(schema.names).cast(schema)
