"""Files imported with `regulars import`, and what became of their rows."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from regulars import commerce
from regulars.api._calls import Call
from regulars.api._paging import Page, Paging, from_cursor, page_of
from regulars.api._routes import reading
from regulars.api._shapes import Id, Instant, shown
from regulars.commerce import ImportNotFound
from regulars.insight import BadCursor
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG = "Imports"


class Import(Struct):
    """A file imported, or being imported."""

    id: Id
    shop: Annotated[str | None, Meta(description="The shop's id.")]
    file_name: str
    started_at: datetime
    finished_at: Annotated[datetime | None, Meta(description="Null while it runs, or when it was stopped.")]
    chunks_done: int
    chunks: int
    report: Annotated[dict[str, Any], Meta(description="Rows and documents, by what became of them.")]


def _import(one: commerce.Import) -> Import:
    return Import(
        id=to_public("imp", one.import_id),
        shop=shown("shop", one.shop_id),
        file_name=one.file_name,
        started_at=one.started_at,
        finished_at=one.finished_at,
        chunks_done=one.chunks_done,
        chunks=one.chunks,
        report=one.report,
    )


@reading("/imports", tag=TAG, refusals=[BadCursor])
def list_imports(call: Call, asked: NamedDependency[Paging]) -> Response[Page[Import]]:
    """List the imports, the latest first."""
    before = from_cursor(asked.after, tuple[Instant])

    def work(tx: Transaction) -> Page[Import]:
        rows = commerce.list_imports(tx, before=before[0] if before else None, limit=asked.limit + 1)
        return page_of(rows, asked.limit, _import, lambda last: (last.started_at,))

    return call.read(work)


@reading("/imports/{import_id:str}", tag=TAG, refusals=[ImportNotFound])
def read_import(call: Call, import_id: FromPath[str]) -> Response[Import]:
    """Read an import and its report."""
    try:
        known = from_public("imp", import_id)
    except MalformedId as error:
        raise ImportNotFound(import_id=import_id) from error
    return call.read(lambda tx: _import(commerce.find_import(tx, known)))


HANDLERS = (list_imports, read_import)
