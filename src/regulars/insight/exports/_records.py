"""What is known of an export after it was read."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from regulars.errors import Invalid

DateOrder = Literal["dmy", "mdy", "ymd"]
"""What comes first in dates written in digits: day, month, or year."""

How = Literal["given", "name", "content"]
"""Why a column means what it means: it was said, its header says so, or what is in it does."""

Reason = Literal[
    "broken_line", "no_customer", "total_row", "no_date", "unreadable_date", "impossible_date", "no_amount", "unreadable_amount",
    "impossible_amount", "other_currency", "cancelled", "stock_adjustment",
]  # fmt: skip
"""Why a row does not count."""


class UnreadableExport(Invalid):
    """{field} is {value!r}: {remedy}."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is read."""

    field: str
    header: str
    how: How
    example: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows that do not count, for one reason."""

    reason: Reason
    rows: int
    example: str
    """The cells of one of them that are read, with a bar between them."""


@dataclass(frozen=True, slots=True)
class Dates:
    """How the file's dates are read."""

    form: str
    """`date` for a column of dates, `iso`, or a strptime format of the part that is the day."""

    order: DateOrder | None
    ambiguous: bool
    """Every date can be read with the day first and with the month first; `order` is the one that was chosen."""

    why: Literal["given", "file", "sorted", "custom", "unambiguous"]
    """What the order rests on: it was said, the dates themselves, the file is in order so, the custom of its decimals."""


@dataclass(frozen=True, slots=True)
class Read:
    """What an export is and what was made of it: every row is either used or dropped."""

    file: str
    size_bytes: int
    kind: Literal["csv", "parquet", "excel"]
    encoding: str | None
    delimiter: str | None
    headers: tuple[str, ...]
    has_header: bool
    columns: tuple[Column, ...]
    decimal: Literal[".", ","]
    dates: Dates
    currency: str | None
    """The ISO 4217 code, if the file or the caller says it."""

    digits: int
    """How many digits of a minor unit there are."""

    money: Literal["amount", "price_times_quantity", "price", "none"]
    """What amounts are made of."""

    rows: int
    used: int
    drops: tuple[Dropped, ...]
    refund_rows: int
    refund_minor: int
    refunded_orders: int
    """Orders all of whose money went back: their rows are read, but they are no purchases."""

    customers: int
    first_day: date
    last_day: date

    def column(self, field: str) -> Column | None:
        """The column read as `field`."""
        return next((column for column in self.columns if column.field == field), None)
