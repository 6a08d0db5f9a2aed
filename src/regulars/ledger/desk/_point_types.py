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
    tx: Transaction,
    code: str,
    *,
    role: Role = "redeemable",
    decimals: int = 0,
    name_en: str | None = None,
    name_zh: str | None = None,
    at: datetime,
) -> PointType:
    """Say what a kind of points is: redeemable, qualifying (counted, never spent) or a unit of the shop's own.

    Amounts are whole numbers of the smallest unit, 10^-decimals. The same definition again changes nothing but the names
    that are given. Facts: `point_type.defined`, `point_type.named`.

    Raises:
        InvalidPosting: an input can never be right.
        PointTypeInUse: it is defined otherwise.
    """
    if not POINT_TYPE.fullmatch(code):
        raise InvalidPosting(field="point_type", value=code, remedy="give at most 32 of a to z, 0 to 9 and _")
    if not 0 <= decimals <= 6:
        raise InvalidPosting(field="decimals", value=decimals, remedy="give 0 to 6")
    for field, name in (("name_en", name_en), ("name_zh", name_zh)):
        if name is not None and not (0 < len(name.strip()) <= 40 and name.isprintable()):
            raise InvalidPosting(field=field, value=name, remedy="give 1 to 40 printable characters on one line")
    names = {"name_en": name_en, "name_zh": name_zh}
    if _queries.insert_point_type(tx, new=PointType(code, role, decimals, at, **names)):
        about: dict[str, object] = {"point_type": code, "role": role, "decimals": decimals, **names}
        facts.record(tx, [facts.Fact("point_type.defined", at, data=about)], at=at)
    known = _known(tx, code)
    if (known.role, known.decimals) != (role, decimals):
        raise PointTypeInUse(point_type=code, role=known.role, decimals=known.decimals)
    if _queries.set_names(tx, point_type=code, **names):
        facts.record(tx, [facts.Fact("point_type.named", at, data={"point_type": code} | names)], at=at)
    return _known(tx, code)


def _known(tx: Transaction, code: str) -> PointType:
    [known] = [one for one in point_types(tx) if one.point_type == code]
    return known


def point_types(tx: Transaction) -> list[PointType]:
    """The kinds of points that were defined, by name; others are redeemable and whole."""
    return _queries.select_point_types(tx, limit=1000)
