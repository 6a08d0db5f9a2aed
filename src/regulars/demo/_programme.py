"""The demonstration shop and its programme, opened through the verbs all use."""

from datetime import datetime
from importlib import resources
from typing import Final

from regulars import commerce, programme
from regulars.commerce import Shop
from regulars.ledger import desk
from regulars.programme import drafts
from regulars.storage import Transaction

CODE: Final = "online-retail"
NAME: Final = "Online Retail"
CURRENCY: Final = "GBP"
TIME_ZONE: Final = "Europe/London"
COLLEAGUE: Final = "max@demo.example"
"""Who works there beside the owner."""

_TEXT: Final = resources.files("regulars.demo") / "programme.yaml"


def open_shop(tx: Transaction, *, at: datetime) -> Shop:
    """Open the shop, and publish its programme, unless that was done."""
    shop = commerce.open_shop(tx, CODE, name=NAME, currency=CURRENCY, time_zone=TIME_ZONE, at=at)
    if not programme.versions(tx, limit=1):
        desk.define_point_type(tx, "stamps", role="unit", name_en="Stamps", name_zh="印花", at=at)
        checked = drafts.check(_TEXT.read_text("utf-8"))
        assert checked.programme is not None, checked.flaws  # noqa: S101  a test reads it too
        programme.publish(tx, checked.programme, at=at, by="regulars")
    return shop
