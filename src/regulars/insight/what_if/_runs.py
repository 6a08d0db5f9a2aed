"""Asking what would have happened, and keeping what was found."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from regulars import facts, programme
from regulars.errors import Conflict, Invalid, NotFound
from regulars.insight.what_if import _queries
from regulars.insight.what_if._orders import unknown
from regulars.insight.what_if._reading import read
from regulars.insight.what_if._records import Report, Task, WhatIf
from regulars.insight.what_if._reports import compare
from regulars.programme import Programme, drafts
from regulars.storage import Database, Transaction
from regulars.types import random_id, to_public

MOST_MONTHS: Final = 120
MOST_MINOR: Final = 10**12
SILENCE: Final = timedelta(minutes=10)
"""After so long without a sign of life somebody else begins again."""


class WhatIfNotFound(NotFound):
    """There is no what-if {what_if}."""


class WhatIfNotMade(NotFound):
    """No what-if of draft {draft} was made since its last revision: ask for one."""


class WhatIfOver(Conflict):
    """What-if {what_if} is {state}: there is nothing to cancel."""


class BadWhatIf(Invalid):
    """{field} is {value!r}: {remedy}."""


def ask(
    tx: Transaction,
    wanted: Programme,
    *,
    by: str,
    at: datetime,
    draft: drafts.Draft | None = None,
    months: int = 12,
    thousand_minor: int | None = None,
    what_if_id: int | None = None,
    begun: bool = False,
) -> WhatIf:
    """Ask what the orders of the last months would have brought under a programme; the jobs replay them.

    It is kept with a draft: the one given, or the latest that says just that. `thousand_minor`: what a thousand points are
    worth; None: what the programmes' cash off gives for them. `begun`: whoever asks replays it as well.

    Raises:
        BadWhatIf: months or worth are none that can be, or rules read what a replay does not know.
        NoProgramme: there is nothing to compare it with.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise BadWhatIf(field="months", value=months, remedy=f"give 1 to {MOST_MONTHS}")
    if thousand_minor is not None and not 0 <= thousand_minor <= MOST_MINOR:
        raise BadWhatIf(field="thousand_minor", value=thousand_minor, remedy=f"give 0 to {MOST_MINOR}")
    held, document = programme.current(tx, at=at), drafts.document_of(wanted)
    for one in (held, wanted):
        for column in unknown(one):
            remedy = "a replay does not know it: take the rules that read it out of what is tried"
            raise BadWhatIf(field="earning", value=column, remedy=remedy)
    one = draft or drafts.draft_that_says(tx, document)
    new = WhatIf(
        random_id() if what_if_id is None else what_if_id, one and one.draft_id, one and one.revision, held.version_id,
        months, thousand_minor, at, by, at if begun else None, None, 0, None, None, None, None, None, None,
    )  # fmt: skip
    _queries.insert_what_if(tx, new=new, document=document, held=drafts.document_of(held))
    return find(tx, new.what_if_id)


def find(tx: Transaction, what_if_id: int) -> WhatIf:
    """One what-if.

    Raises:
        WhatIfNotFound: there is none.
    """
    found = _queries.select_what_if(tx, what_if_id=what_if_id)
    if found is None:
        raise WhatIfNotFound(what_if=to_public("wif", what_if_id))
    return found


def listed(
    tx: Transaction, *, draft_id: int | None = None, before: tuple[datetime, int] | None = None, limit: int = 50
) -> Sequence[WhatIf]:
    """What was asked, the latest first; page on with the last one's time and number."""
    return _queries.select_what_ifs(tx, draft_id=draft_id, before=before, limit=limit)


def of_draft(tx: Transaction, draft: drafts.Draft, *, finished: bool = True) -> WhatIf | None:
    """The latest what-if of a draft as it stands, None where none was made; `finished`: that has a report."""
    return _queries.select_latest(tx, draft_id=draft.draft_id, revision=draft.revision, finished=finished)


def cancel(tx: Transaction, what_if_id: int, *, by: str, at: datetime) -> WhatIf:
    """Let a what-if be that waits or runs; whoever replays it stops at the next chunk.

    Raises:
        WhatIfNotFound: there is none.
        WhatIfOver: it is finished, failed, or was cancelled.
    """
    if not _queries.cancel(tx, what_if_id=what_if_id, at=at, by=by):
        one = find(tx, what_if_id)
        raise WhatIfOver(what_if=to_public("wif", what_if_id), state=one.state)
    return find(tx, what_if_id)


class _Stopped(Exception):
    """It was cancelled, or taken over."""


def claim(tx: Transaction, *, at: datetime) -> int | None:
    """Take the what-if that waits longest, so that nobody else replays it; None: there is none."""
    return _queries.claim(tx, at=at, since=at - SILENCE)


def run(
    database: Database,
    what_if_id: int,
    *,
    clock: Callable[[], datetime],
    on_percent: Callable[[int], object] = lambda _: None,
) -> WhatIf:
    """Replay a what-if that was claimed, and keep its report. Facts: `programme.tried`.

    No transaction is open while it is replayed. When it was cancelled meanwhile, nothing is kept.
    """
    with database.transaction(read_only=True) as tx:
        task = _queries.select_task(tx, what_if_id=what_if_id)
    started_at = task.what_if.started_at
    assert started_at is not None  # noqa: S101  it was claimed

    def tell(percent: int) -> None:
        with database.transaction() as tx:
            if not _queries.advance(tx, what_if_id=what_if_id, percent=percent, at=clock(), started_at=started_at):
                raise _Stopped
        on_percent(percent)

    try:
        report = _replayed(database, task, tell)
    except _Stopped:
        with database.transaction(read_only=True) as tx:
            return find(tx, what_if_id)
    with database.transaction() as tx:
        return _finish(tx, task, report, at=clock(), started_at=started_at)


def _replayed(database: Database, task: Task, tell: Callable[[int], None]) -> Report:
    held, wanted = (Programme.from_document(one) for one in (task.held, task.document))
    past = read(database, [held, wanted], until=task.what_if.asked_at)
    return compare(
        past, held, wanted, months=task.what_if.months, thousand_minor=task.what_if.thousand_minor, on_chunk=tell
    )


def _finish(tx: Transaction, task: Task, report: Report, *, at: datetime, started_at: datetime) -> WhatIf:
    one = task.what_if
    if _queries.finish(tx, what_if_id=one.what_if_id, report=report, at=at, started_at=started_at):
        about: dict[str, object] = {"by": one.asked_by, "months": one.months, "against": one.against}
        if one.draft_id is not None:
            about |= {"draft": to_public("drf", one.draft_id), "revision": one.revision}
        facts.record(tx, [facts.Fact("programme.tried", at, None, one.what_if_id, about)], at=at)
    return find(tx, one.what_if_id)


def fail(tx: Transaction, what_if_id: int, *, reason: str, at: datetime) -> WhatIf:
    """Note that a what-if cannot be replayed, and why."""
    _queries.fail(tx, what_if_id=what_if_id, reason=reason[:500] or "unknown", at=at)
    return find(tx, what_if_id)
