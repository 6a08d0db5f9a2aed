"""Reading a history from the database: orders and members as of one moment by ADBC, the little else by the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from regulars import commerce
from regulars.insight._queries import Reader
from regulars.insight.what_if import _queries
from regulars.insight.what_if._histories import SCHEMAS, History, history
from regulars.insight.what_if._orders import rules_of
from regulars.programme import Programme
from regulars.programme.tiers import grants
from regulars.storage import Database, Transaction

_AT_ONCE = 50_000


def read(database: Database, programmes: Sequence[Programme], *, until: datetime) -> History:
    """What some programmes need to know of all that was bought by a moment.

    Raises:
        DatabaseUnavailable: nothing answers there.
    """
    tables = Reader(database.url).tables(_queries.history_of(named=_is_named(programmes)))
    with database.transaction(read_only=True) as tx:
        return with_more(tx, tables, programmes, until=until)


def with_more(
    tx: Transaction, tables: Mapping[str, pa.Table], programmes: Sequence[Programme], *, until: datetime
) -> History:
    """A history of what was read, with the facts that tiers count, what was spent, and the tiers given by hand."""
    names = {one.measure.of for each in programmes for one in each.tier_sets if one.measure.by == "event"}
    more = {
        "people": _with_segments(tables["people"]),
        "happened": _table("happened", _queries.select_happened(tx, names=sorted(name for name in names if name))),
        "spent": _table("spent", _queries.select_spent(tx, until=until)),
    }
    everybody = _queries.select_all_members(tx)
    given = [
        grant
        for start in range(0, len(everybody), _AT_ONCE)
        for grant in grants.given(tx, everybody[start : start + _AT_ONCE])
    ]
    zones = {shop.code: shop.time_zone for shop in commerce.shops(tx)}
    return history({**tables, **more}, until=until, grants=given, zones=zones)


def _is_named(programmes: Sequence[Programme]) -> bool:
    """Whether it matters what a line was, and at which price."""
    return any(
        rules_of(each).named or any(tier.membership for one in each.tier_sets for tier in one.tiers)
        for each in programmes
    )


def _table(name: str, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    schema = SCHEMAS[name]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)], schema=schema)


def _with_segments(people: pa.Table) -> pa.Table:
    """Segments as lists of texts, as rules read them."""
    told = people["segments"].to_pylist()
    read_in = [None if one is None else [str(each) for each in msgspec.json.decode(one)] for one in told]
    place = people.schema.get_field_index("segments")
    return people.set_column(place, "segments", pa.array(read_in, pa.list_(pa.string())))
