"""What if another programme had held: asking for a replay of real orders, following it, reading what it found."""

from datetime import datetime
from typing import Final

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._paging import Int64, Page, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._what_ifs import NewWhatIf, OfDraft, WhatIf, WhatIfSummary, told, told_shortly
from regulars.insight import BadCursor, what_if
from regulars.insight.what_if import BadWhatIf, WhatIfNotFound, WhatIfNotMade, WhatIfOver
from regulars.programme import NoProgramme, drafts
from regulars.programme.drafts import DraftNotFound, FlawedDraft, UnreadableText, UnusableNote
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG: Final = "Programme"


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _draft_of(draft: str) -> int:
    try:
        return from_public("drf", draft, field="draft")
    except MalformedId as error:
        raise DraftNotFound(draft=draft) from error


def _id_of(text: str) -> int:
    try:
        return from_public("wif", text, field="what_if")
    except MalformedId as error:
        raise WhatIfNotFound(what_if=text) from error


@creating(
    "/programme/what-ifs",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[BadWhatIf, DraftNotFound, FlawedDraft, UnreadableText, UnusableNote, NoProgramme],
)
def ask_what_if(call: Call, data: JSONBody[NewWhatIf]) -> Response[WhatIf]:
    """Ask what the orders of the last months would have brought under a programme. The jobs replay them; look again for the report.

    Give a draft, or a text or document: it is kept with the latest draft that says the same, if there is one.
    """
    given = [name for name in ("draft", "text", "document") if getattr(data, name) is not None]
    if len(given) != 1:
        raise BadWhatIf(field="draft", value=" and ".join(given) or None, remedy="give one of draft, text and document")

    def work(tx: Transaction, at: datetime) -> WhatIf:
        draft = drafts.draft(tx, _draft_of(data.draft)) if data.draft is not None else None
        text = draft.text if draft else data.text if data.text is not None else drafts.write(data.document or {})
        asked = what_if.ask(
            tx, drafts.sound_text(text), by=_by(call), at=at, draft=draft, months=data.months,
            thousand_minor=data.thousand_minor,
        )  # fmt: skip
        return told(asked)

    return call.write(work)


@reading("/programme/what-ifs", tag=TAG, refusals=[BadCursor, DraftNotFound])
def list_what_ifs(call: Call, asked: NamedDependency[OfDraft]) -> Response[Page[WhatIfSummary]]:
    """List what-ifs, the latest first, without their reports."""
    place = from_cursor(asked.after, tuple[datetime, Int64])
    draft_id = _draft_of(asked.draft) if asked.draft is not None else None

    def work(tx: Transaction) -> Page[WhatIfSummary]:
        found = list(what_if.listed(tx, draft_id=draft_id, before=place, limit=asked.limit + 1))
        return page_of(found, asked.limit, told_shortly, lambda last: (last.asked_at, last.what_if_id))

    return call.read(work)


@reading("/programme/what-ifs/{what_if_id:str}", tag=TAG, refusals=[WhatIfNotFound])
def read_what_if(call: Call, what_if_id: FromPath[str]) -> Response[WhatIf]:
    """Read a what-if: how far it is, and what it found."""
    return call.read(lambda tx: told(what_if.find(tx, _id_of(what_if_id))))


@creating(
    "/programme/what-ifs/{what_if_id:str}/cancellation",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[WhatIfNotFound, WhatIfOver],
)
def cancel_what_if(call: Call, what_if_id: FromPath[str]) -> Response[WhatIf]:
    """Let a what-if be that waits or runs."""
    return call.write(lambda tx, at: told(what_if.cancel(tx, _id_of(what_if_id), by=_by(call), at=at)))


@reading("/programme/drafts/{draft:str}/what-if", tag=TAG, refusals=[DraftNotFound, WhatIfNotMade])
def read_draft_what_if(call: Call, draft: FromPath[str]) -> Response[WhatIf]:
    """Read the latest finished what-if of a draft as it stands: what whoever approves it should have seen."""

    def work(tx: Transaction) -> WhatIf:
        found = what_if.of_draft(tx, drafts.draft(tx, _draft_of(draft)))
        if found is None:
            raise WhatIfNotMade(draft=draft)
        return told(found)

    return call.read(work)


HANDLERS = (ask_what_if, list_what_ifs, read_what_if, cancel_what_if, read_draft_what_if)
