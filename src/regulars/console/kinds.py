"""Kinds of points: which there are, and defining another."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Response

from regulars.access import Permission
from regulars.console import _addresses, _pages
from regulars.console._addresses import BadAddress
from regulars.console._kinds import Kinds
from regulars.console._visits import Visit, require
from regulars.errors import RegularsError
from regulars.ledger import InvalidPosting, desk
from regulars.ledger.desk import PointTypeInUse, Role

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
ROLES: Final[tuple[Role, ...]] = ("redeemable", "qualifying", "unit")

_BLANK: Final = {"code": "", "role": "redeemable", "decimals": "0", "name_en": "", "name_zh": ""}


@get("/points/kinds", sync_to_thread=True)
def list_kinds(visit: NamedDependency[Visit]) -> Response[str]:
    """The kinds of points that were defined, and the form to define another or to name one."""
    require(visit, Permission.AUDIT)
    return _page(visit, {})


def _page(visit: Visit, values: Mapping[str, str], refused: RegularsError | None = None) -> Response[str]:
    with visit.app.database.transaction(read_only=True) as tx:
        known, kinds = desk.point_types(tx), Kinds.read(tx, visit.language)
    return _pages.page(
        visit,
        "kinds.html",
        status=422 if refused else 200,
        rows=known,
        kinds=kinds,
        roles=ROLES,
        values=_BLANK | dict(values),
        refusal=None if refused is None else _told(visit, refused),
        wrong=str(refused.details.get("field", "point_type")) if refused else "",
    )


def _told(visit: Visit, refused: RegularsError) -> str:
    _ = visit.language.gettext
    if isinstance(refused, PointTypeInUse):
        return _("This code is taken by a kind that is something else. Only its names can change.")
    return {
        "point_type": _("Give a code of at most 32 of a to z, 0 to 9 and _, a letter first."),
        "decimals": _("Give 0 to 6 decimals."),
        "name_en": _("Give a name of 1 to 40 letters, or none."),
        "name_zh": _("Give a name of 1 to 40 letters, or none."),
    }.get(str(refused.details.get("field")), str(refused))


@post("/points/kinds", sync_to_thread=True, status_code=200)
def define_kind(visit: NamedDependency[Visit], data: Form) -> Response[Any]:
    """Define a kind of points, or name one."""
    require(visit, Permission.CONFIGURE)
    try:
        with visit.app.database.transaction() as tx:
            desk.define_point_type(
                tx,
                data.get("code", "").strip(),
                role=_addresses.one_of("role", data.get("role", ""), ROLES),
                decimals=_addresses.whole("decimals", data.get("decimals", "").strip(), 0, 6),
                name_en=data.get("name_en", "").strip() or None,
                name_zh=data.get("name_zh", "").strip() or None,
                at=visit.now,
            )
    except (BadAddress, InvalidPosting, PointTypeInUse) as refused:
        return _page(visit, data, refused)
    return Redirect("/points/kinds", status_code=303)


PAGES: Final = (list_kinds, define_kind)
