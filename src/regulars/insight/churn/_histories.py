"""When each customer bought: the days with a purchase, sorted, as flat arrays that every later step works on at once."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regulars.errors import Invalid

EPOCH: Final = date(1970, 1, 1)
YEAR_DAYS: Final = 365
Days = NDArray[np.int64]


class BadPurchases(Invalid):
    """{field} is {value}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Histories:
    """Customers numbered from 0; each has its purchase days in a row, ascending, no day twice."""

    customers: pa.Array
    """Who they are, by number; ascending."""

    who: Days
    """The customer's number of each purchase day; ascending."""

    day: Days
    """The day itself, counted from 1970-01-01."""

    year_minor: Days
    """By customer what they bought in the last 365 days less what they were given back, in minor units; at least 0."""

    def until(self, day: int) -> "Histories":
        """Only the purchase days up to and including `day`; the customers keep their numbers."""
        kept = self.day <= day
        return Histories(self.customers, self.who[kept], self.day[kept], self.year_minor)

    @property
    def count(self) -> int:
        """How many customers there are numbers for, also without a purchase day left."""
        return len(self.customers)


def number(day: date) -> int:
    """A day as it is counted here."""
    return (day - EPOCH).days


def named(day: int) -> date:
    """The day of that number."""
    return EPOCH + timedelta(days=day)


def arrow(found: Any) -> pa.Table:
    """Any frame as an Arrow table: Arrow, pandas, polars, or a DuckDB relation.

    Raises:
        BadPurchases: it is none of these.
    """
    if isinstance(found, pa.Table):
        return found
    if hasattr(found, "to_arrow_table"):
        return found.to_arrow_table()
    try:
        return pa.table(found)
    except (TypeError, ValueError) as error:
        remedy = "give an Arrow table, a DataFrame or a DuckDB relation"
        raise BadPurchases(field="purchases", value=type(found).__name__, remedy=remedy) from error


def histories(purchases: Any, *, on: date) -> Histories:
    """The purchase days up to and including the day `on`.

    `purchases` has the columns customer (text or number; rows without one are guests and left out), day (date) and
    amount_minor (a whole number; below 0 where money was given back: that is no purchase, but counts as money).

    Raises:
        BadPurchases: a column is missing or holds something else.
    """
    table = _columns(arrow(purchases), on)
    coded = pc.dictionary_encode(table["customer"].combine_chunks())
    order = pc.array_sort_indices(
        coded.dictionary
    ).to_numpy()  # the same purchases give the same numbers, whatever their order
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    who = place[coded.indices.to_numpy(zero_copy_only=False)]
    day, amount = table["day"].to_numpy(), table["amount_minor"].to_numpy()
    year = day > number(on) - YEAR_DAYS
    spent = np.zeros(len(order), np.int64)
    np.add.at(spent, who[year], amount[year])
    bought = amount >= 0
    who, day = _once(who[bought], day[bought])
    return Histories(coded.dictionary.take(pa.array(order)), who, day, np.maximum(spent, 0))


def _columns(table: pa.Table, on: date) -> pa.Table:
    wanted = {"day": pa.date32(), "amount_minor": pa.int64()}
    missing = [name for name in ("customer", *wanted) if name not in table.column_names]
    if missing:
        have = ", ".join(table.column_names) or "none"
        raise BadPurchases(field="columns", value=have, remedy=f"add {', '.join(missing)}")
    try:
        cast = {name: table[name].cast(kind) for name, kind in wanted.items()}
    except pa.ArrowException as error:
        remedy = "give dates as day, and whole numbers of minor units as amount_minor"
        raise BadPurchases(field="purchases", value=str(error).partition("\n")[0], remedy=remedy) from error
    days = cast["day"].cast(pa.int32()).cast(pa.int64())
    kept = pa.table({"customer": table["customer"], "day": days, "amount_minor": cast["amount_minor"]}).drop_null()
    return kept.filter(pc.less_equal(kept["day"], number(on)))


def _once(who: Days, day: Days) -> tuple[Days, Days]:
    """Sorted by customer and day, each day of a customer once."""
    order = np.lexsort((day, who))
    who, day = who[order], day[order]
    first = np.ones(len(who), np.bool_)
    first[1:] = (who[1:] != who[:-1]) | (day[1:] != day[:-1])
    return who[first], day[first]
