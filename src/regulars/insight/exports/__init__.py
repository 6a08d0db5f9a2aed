"""Order exports of any shop, read without a database: columns guessed, every row used or dropped with a reason.

The invariant: `used` and the rows of all `drops` together are `rows`, and nothing is guessed that is not said in `Read`.

    with read_export(Path("orders.csv"), columns={"customer": "CustomerID"}) as export:
        print(export.read.customers, export.read.drops)
        purchases = export.purchases()
"""

from regulars.insight.exports._exports import Export, read_export
from regulars.insight.exports._headers import MAPPED
from regulars.insight.exports._records import Column, DateOrder, Dates, Dropped, Read, Reason, UnreadableExport

__all__ = [
    "MAPPED",
    "Column",
    "DateOrder",
    "Dates",
    "Dropped",
    "Export",
    "Read",
    "Reason",
    "UnreadableExport",
    "read_export",
]
