"""The demonstration shop: a real year of orders, and how its export is to be read.

UCI "Online Retail" (Chen 2015, doi 10.24432/C5BW33, CC BY 4.0): every invoice line of a British gift shop from 1 December
2010 to 9 December 2011. docs/explanation/demo-data.md says what each convention below does to the figures.

    with demo.export() as path:
        source = files.read_file(path, demo.PROFILE, shop)
"""

from contextlib import AbstractContextManager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from regulars.commerce.connectors import Profile
from regulars.demo._desk import OWNER, decide
from regulars.demo._programme import CODE, CURRENCY, NAME, TIME_ZONE, open_shop

NOW: Final = datetime(2011, 12, 10, tzinfo=ZoneInfo(TIME_ZONE))
"""Where the demonstration's clock starts each time: the first midnight after the last order."""

PROFILE: Final = Profile(
    columns={
        "order": "InvoiceNo",
        "date": "InvoiceDate",
        "customer": "CustomerID",
        "sku": "StockCode",
        "product": "Description",
        "quantity": "Quantity",
        "price": "UnitPrice",
        "country": "Country",
    },
    return_prefix="C",  # C536379: a cancellation, which names no invoice
    ignored_prefixes=("A",),  # A563185: "Adjust bad debt"
    drop_duplicates=True,  # 5,268 rows repeat another of their invoice in every column
    drop_zero_prices=True,  # stock corrections and give-aways
    kinds={
        "shipping": ("POST", "DOT", "C2"),
        "gift_card": ("gift_*",),
        "adjustment": ("M", "m", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "TEST*"),
    },
)


def export() -> AbstractContextManager[Path]:
    """The shop's export as a Parquet file, the 541,909 rows in their own order."""
    return resources.as_file(resources.files("regulars.demo") / "online_retail.parquet")


__all__ = ["CODE", "CURRENCY", "NAME", "NOW", "OWNER", "PROFILE", "TIME_ZONE", "decide", "export", "open_shop"]
