"""Which kinds of points there are."""

from datetime import datetime

from regulars import facts
from regulars.errors import Conflict
from regulars.ledger._rules import POINT_TYPE, InvalidPosting, Role
from regulars.ledger.desk import _queries
from regulars.ledger.desk._queries import PointType
from regulars.storage import Transaction


class PointTypeInUse(Conflict):
    """{point_type} is {role} with {decimals} decimals already: points posted would change their meaning."""


def define_point_type(
    tx: Transaction, code: str, *, role: Role = "redeemable", decimals: int = 0, at: datetime
) -> PointType:
    """Say what a kind of points is: redeemable, qualifying (counted, never spent) or a unit of the shop's own.

    Amounts are whole numbers of the smallest unit, 10^-decimals. The same definition again changes nothing.
    Facts: `point_type.defined`.

    Raises:
        InvalidPosting: an input can never be right.
        PointTypeInUse: it is defined otherwise.
    """
    if not POINT_TYPE.fullmatch(code):
        raise InvalidPosting(field="point_type", value=code, remedy="give at most 32 of a to z, 0 to 9 and _")
    if not 0 <= decimals <= 6:
        raise InvalidPosting(field="decimals", value=decimals, remedy="give 0 to 6")
    if _queries.insert_point_type(tx, new=PointType(code, role, decimals, at)):
        facts.record(tx, [facts.Fact("point_type.defined", at, data={"point_type": code, "role": role})], at=at)
    [known] = [one for one in point_types(tx) if one.point_type == code]
    if (known.role, known.decimals) != (role, decimals):
        raise PointTypeInUse(point_type=code, role=known.role, decimals=known.decimals)
    return known


def point_types(tx: Transaction) -> list[PointType]:
    """The kinds of points that were defined, by name; others are redeemable and whole."""
    return _queries.select_point_types(tx, limit=1000)
