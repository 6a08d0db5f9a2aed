"""What the models see of a customer: how often, how lately, for how long, in whole days."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.insight.lifetime._purchases import Unusable, table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_EPOCH = date(1970, 1, 1)
_DAY_BITS = 21


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """One row per customer whose first purchase is not after `until`, in the order of `customer`.

    `x` counts the days with a purchase after the first, `tx` is the days from the first purchase to the last, `age` the days
    from the first purchase to `until`, the last day that is observed (inclusive). `spend` is the mean spend of the x later
    days in minor units, nan where there is none. `log_gaps` is the sum of the logarithms of the x gaps in days.
    """

    customer: Any
    x: Ints
    tx: Ints
    age: Ints
    spend: Floats
    log_gaps: Floats
    until: date

    def __len__(self) -> int:
        return len(self.x)

    def taken(self, rows: npt.NDArray[Any]) -> "Histories":
        """Only these rows, by place or by mask."""
        customer = self.customer.filter(pa.array(rows)) if rows.dtype == bool else self.customer.take(pa.array(rows))
        return Histories(
            customer, self.x[rows], self.tx[rows], self.age[rows], self.spend[rows], self.log_gaps[rows], self.until
        )


def of(x: Ints, tx: Ints, age: Ints, *, spend: Floats | None = None, until: date = _EPOCH) -> Histories:
    """Histories from numbers that are there already, as a summary or a simulation has them; `log_gaps` is unknown."""
    x, tx, age = (np.ascontiguousarray(values, dtype=np.int64) for values in (x, tx, age))
    if ((x < 0) | (tx < 0) | (tx > age) | ((x == 0) & (tx > 0))).any():
        raise Unusable(field="x, tx, age", value="impossible", remedy="0 <= tx <= age, and tx is 0 where x is 0")
    unknown = np.full(len(x), np.nan)
    return Histories(pa.array(np.arange(len(x))), x, tx, age, unknown if spend is None else spend, unknown, until)


def histories(purchases: Any, *, until: date) -> Histories:
    """The histories of everybody in a frame of purchases, as seen at the end of the day `until`.

    `customer` and `day` are needed, `amount_minor` is optional. Several purchases on one day are one. A row below 0 is a
    refund: it makes no purchase, and lessens the spend of a day on which something was bought. Rows without a customer or
    a day, and days after `until`, are left out.

    Raises:
        Unusable: nobody bought anything until then.
    """
    found = table(purchases, columns=["customer", "day"])
    customers, codes, days, amounts = _columns(found, until)
    if not len(codes):
        raise Unusable(field="until", value=until, remedy="there is no purchase up to that day; take a later one")
    keys = codes << _DAY_BITS | days
    unique, inverse = np.unique(keys, return_inverse=True)
    spent = (
        np.bincount(inverse, weights=amounts).astype(np.float64)
        if amounts is not None
        else np.full(len(unique), np.nan)
    )
    bought = np.ones(len(unique), dtype=bool)
    if amounts is not None:
        bought = np.bincount(inverse, weights=amounts >= 0) > 0
    return _summed(customers, unique[bought], spent[bought], until)


def _columns(found: Any, until: date) -> tuple[Any, Ints, Ints, Floats | None]:
    """Customers, and for each usable row its customer's place among them, its day since 1970 and its amount."""
    customer = pa.chunked_array(found["customer"]).combine_chunks()
    if isinstance(customer, pa.ChunkedArray):
        customer = pa.concat_arrays(customer.chunks)
    if not pa.types.is_dictionary(customer.type):
        customer = customer.dictionary_encode()
    day = found["day"].cast(pa.date32()).combine_chunks()
    codes = customer.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    days = day.cast(pa.int32()).fill_null(1 << 30).to_numpy(zero_copy_only=False).astype(np.int64)
    usable = (codes >= 0) & (days <= (until - _EPOCH).days)
    if (days[usable] < 0).any():
        raise Unusable(field="day", value="before 1970", remedy="check how the dates were read")
    amounts: Floats | None = None
    if "amount_minor" in found.column_names:
        filled = found["amount_minor"].combine_chunks().fill_null(0)
        amounts = filled.to_numpy(zero_copy_only=False).astype(np.float64)[usable]
    return customer.dictionary, codes[usable], days[usable], amounts


def _summed(customers: Any, keys: Ints, spent: Floats, until: date) -> Histories:
    if not len(keys):
        raise Unusable(field="until", value=until, remedy="there is no purchase up to that day; take a later one")
    codes, days = keys >> _DAY_BITS, keys & ((1 << _DAY_BITS) - 1)
    first = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    last = np.r_[first[1:], len(codes)] - 1
    x = last - first
    later = np.ones(len(codes), dtype=bool)
    later[first] = False
    place = np.repeat(np.arange(len(first)), x + 1)
    gaps = np.log(np.where(later, np.diff(days, prepend=0), 1))
    with np.errstate(invalid="ignore"):
        spend = np.bincount(place, weights=np.where(later, spent, 0.0)) / np.where(x > 0, x, np.nan)
    rows = Histories(
        customer=customers.take(pa.array(codes[first])),
        x=x,
        tx=days[last] - days[first],
        age=(until - _EPOCH).days - days[first],
        spend=spend,
        log_gaps=np.bincount(place, weights=gaps).astype(np.float64),
        until=until,
    )
    order = pa.compute.sort_indices(rows.customer)
    return rows.taken(order.to_numpy())


@dataclass(frozen=True, slots=True, eq=False)
class Triples:
    """The distinct (x, tx, age) with how many customers have each, sorted, and the sums that need no more than one of them.

    `offsets` cuts them into groups of one x (`xs`); `of_x` are customers by x, `of_age` and `x_of_age` customers and
    purchases by age.
    """

    xs: Floats
    offsets: Ints
    tx: Ints
    age: Ints
    counts: Floats
    of_x: Floats
    of_age: Floats
    x_of_age: Floats
    log_gaps: float

    @property
    def customers(self) -> float:
        """How many, or the sum of their weights."""
        return float(self.of_x.sum())

    @property
    def x(self) -> Floats:
        """X of each."""
        return np.repeat(self.xs, np.diff(self.offsets))

    def weighed(self, counts: Floats) -> "Triples":
        """The same triples, counted otherwise; those that count nothing are left out."""
        there = counts > 0
        return counted(self.x[there].astype(np.int64), self.tx[there], self.age[there], counts[there])


def packed(histories: Histories) -> Ints:
    """The three numbers in one, which sorts by x, then age, then tx."""
    return histories.x << 2 * _DAY_BITS | histories.age << _DAY_BITS | histories.tx


def triples(histories: Histories, weights: Floats | None = None) -> Triples:
    """The histories counted; each customer counts 1, or their weight."""
    keys = packed(histories)
    if weights is None:
        unique, numbers = np.unique(keys, return_counts=True)
        counts = numbers.astype(np.float64)
    else:
        unique, inverse = np.unique(keys, return_inverse=True)
        counts = np.bincount(inverse, weights=weights).astype(np.float64)
    gaps = float(np.dot(histories.log_gaps, np.ones(len(keys)) if weights is None else weights))
    return counted(*unpacked(unique), counts, gaps)


def unpacked(keys: Ints) -> tuple[Ints, Ints, Ints]:
    """x, tx and age again."""
    mask = (1 << _DAY_BITS) - 1
    return keys >> 2 * _DAY_BITS, keys & mask, keys >> _DAY_BITS & mask


def counted(x: Ints, tx: Ints, age: Ints, counts: Floats, log_gaps: float = float("nan")) -> Triples:
    """Distinct histories, sorted by x, with their counts."""
    xs, first = np.unique(x, return_index=True)
    offsets = np.r_[first, len(x)].astype(np.int64)
    return Triples(
        xs=xs.astype(np.float64),
        offsets=offsets,
        tx=tx,
        age=age,
        counts=counts,
        of_x=np.add.reduceat(counts, first),
        of_age=np.bincount(age, weights=counts).astype(np.float64),
        x_of_age=np.bincount(age, weights=counts * x).astype(np.float64),
        log_gaps=log_gaps,
    )
