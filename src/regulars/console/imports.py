"""Imports: which files were read, and what became of every row."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Response

from regulars import commerce
from regulars.commerce import Import
from regulars.console import _addresses, _pages
from regulars.console._language import Language
from regulars.console._visits import Visit
from regulars.types import from_public

Fate = Literal["kept", "dropped", "rejected"]
"""Kept rows became part of an order or return; dropped ones are left out by a stated convention; rejected ones are faulty."""

_ROWS: Final = 50
_FATES: Final[tuple[Fate, ...]] = get_args(Fate)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of some rows, and why."""

    fate: Fate
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Shown:
    """An import with its report laid out."""

    found: Import
    rows_read: int
    verdicts: list[Verdict]
    """Kept, dropped, rejected; the most rows first in each."""
    documents: dict[str, int]
    """`orders recorded`, `returns refused` and the like."""
    refusals: list[dict[str, str]]

    def rows(self, fate: Fate) -> int:
        """How many rows had that fate."""
        return sum(verdict.rows for verdict in self.verdicts if verdict.fate == fate)

    def of(self, kind: str) -> int:
        """How many orders or returns were in the file, refused ones not counted."""
        return sum(n for name, n in self.documents.items() if name.startswith(kind) and not name.endswith("refused"))

    @property
    def refused(self) -> int:
        """How many orders and returns were refused."""
        return sum(n for name, n in self.documents.items() if name.endswith("refused"))


@get("/imports", sync_to_thread=True)
def list_imports(
    visit: NamedDependency[Visit], before: Annotated[str | None, QueryParameter(name="before")] = None
) -> Response[str]:
    """The files imported, the latest first."""
    place = _addresses.moment("before", before) if before else None
    with visit.app.database.transaction(read_only=True) as tx:
        found = commerce.list_imports(tx, before=place, limit=_ROWS + 1)
    shown = [_shown(visit.language, one) for one in found[:_ROWS]]
    following = shown[-1].found.started_at.isoformat() if len(found) > _ROWS else None
    return _pages.page(visit, "imports.html", imports=shown, before=before, following=following)


@get("/imports/{number:str}", sync_to_thread=True)
def show_import(visit: NamedDependency[Visit], number: FromPath[str]) -> Response[str]:
    """One import with its report."""
    with visit.app.database.transaction(read_only=True) as tx:
        found = commerce.find_import(tx, from_public("imp", number, field="import"))
    return _pages.page(visit, "import.html", shown=_shown(visit.language, found), fates=_FATES)


def _shown(language: Language, found: Import) -> Shown:
    report: dict[str, Any] = found.report
    verdicts = list(_verdicts(language, report.get("verdicts", {}).items()))
    verdicts.sort(key=lambda verdict: (_FATES.index(verdict.fate), -verdict.rows))
    return Shown(found, report.get("rows_read", 0), verdicts, report.get("documents", {}), report.get("refusals", []))


def _verdicts(language: Language, counts: Iterable[tuple[str, int]]) -> Iterable[Verdict]:
    for name, rows in counts:
        head, _, reason = name.partition(": ")
        fate: Fate = "dropped" if head == "dropped" else "rejected" if head == "rejected" else "kept"
        yield Verdict(fate, _reason(language, reason or head), rows)


def _reason(language: Language, reason: str) -> str:
    """A reason in the visitor's language; one this console does not know stays as the import wrote it."""
    _ = language.gettext
    known = {
        "order": _("part of an order"),
        "return": _("part of a return"),
        "bookkeeping document": _("bookkeeping document"),
        "duplicate row": _("duplicate row"),
        "stock adjustment": _("stock adjustment"),
        "no price": _("no price"),
        "no order number": _("no order number"),
        "date cannot be read": _("date cannot be read"),
        "date is beyond any order": _("date is beyond any order"),
        "no product": _("no product"),
        "quantity cannot be read": _("quantity cannot be read"),
        "quantity is not a whole number": _("quantity is not a whole number"),
        "quantity is zero": _("quantity is zero"),
        "price cannot be read": _("price cannot be read"),
        "price is beyond any order": _("price is beyond any order"),
        "price is negative": _("price is negative"),
        "a return with a positive quantity": _("a return with a positive quantity"),
    }
    return known.get(reason, reason)
