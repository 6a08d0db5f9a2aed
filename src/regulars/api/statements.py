"""Account statements: a member's points over a period, page by page or as a file, and all points of each kind."""

from datetime import datetime
from typing import IO, Annotated, Any, Final, Literal

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Meta, Struct

from regulars import ledger
from regulars.access import Permission
from regulars.api._calls import Call
from regulars.api._files import sent, spooled
from regulars.api._paging import After, Limit, Page, from_cursor, to_cursor
from regulars.api._points import TAG, AsOf, Kind, KnownAt, PastOfType, Seq
from regulars.api._routes import reading
from regulars.api._shapes import ImpossibleDate, Instant, find_member, sensible, shown
from regulars.api.reconciliation import Totals, totals_of
from regulars.insight import BadCursor
from regulars.ledger import Period, past
from regulars.ledger.past import Language
from regulars.members import MemberNotFound
from regulars.storage import Transaction

_MEDIA: Final = {"csv": "text/csv", "jsonl": "application/x-ndjson"}


class Touched(Struct):
    """A lot that an entry changed; for a capture, one that its points had come from."""

    amount: int
    expires_at: datetime | None


class Followed(Struct):
    """The entry that one follows from: what was undone, captured, released, or had been promised."""

    number: Annotated[int | None, Meta(description="Null for what fell due by itself.")]
    kind: str
    reference: str


class Line(Struct):
    """One entry, and what it did."""

    number: Annotated[int, Meta(description="1, 2, 3 … without gaps, in the account that has it.")]
    place: Annotated[int, Meta(description="In this statement: the number, as long as the member shared no points.")]
    kind: Kind
    words: Annotated[str, Meta(description="What it did, in a sentence.", examples=["Earned 200 points."])]
    amount: Annotated[int, Meta(description="Change of what is available.")]
    pending_change: int
    held_change: int
    debt_change: int
    available: Annotated[int, Meta(description="Afterwards.")]
    occurred_at: Annotated[datetime, Meta(description="When it happened in the world.")]
    posted_at: Annotated[datetime, Meta(description="When the ledger learned of it.")]
    reference: str
    reason: Annotated[str | None, Meta(description="Why, in a person's words.")]
    member: Annotated[str | None, Meta(description="Of shared points, whose it is; null: the account's own.")]
    order: Annotated[str | None, Meta(description="The order it is about.")]
    follows: Followed | None
    lots: list[Touched]


class Sums(Struct):
    """What a period began or ended with: sums of entries."""

    available: int
    pending: int
    held: int
    debt: int


class Elsewhere(Struct):
    """Entries that are here without reference and reason: these are in files of the archive."""

    upto: Annotated[int, Meta(description="The number of the last of them.")]
    since: Annotated[datetime | None, Meta(description="From here on the statement is complete; null: no entry is.")]
    folders: Annotated[list[str], Meta(description="Where the files were written.")]


class Chapter(Struct):
    """From one entry on a statement is of other points: shared ones, or the member's own again."""

    place: Annotated[int, Meta(description="That of its first entry.")]
    began_at: datetime
    shared_with: Annotated[
        str | None, Meta(description="The household or member they are shared with; null: the member's own.")
    ]
    opening: Annotated[Sums, Meta(description="What was there already.")]


class Statement(Struct):
    """A period of a member's account, and a page of its entries: opening + all changes + found = closing."""

    opening: Sums
    closing: Sums
    found: Annotated[
        Sums,
        Meta(
            description="What others had when the member came to share points with them, less what stayed with them on leaving; "
            "all 0 where no chapter begins in the period."
        ),
    ]
    chapters: Annotated[
        list[Chapter], Meta(description="Where the statement goes on with other points, the earliest first.")
    ]
    entries: Annotated[int, Meta(description="How many entries fit, on all pages.")]
    items: list[Line]
    next: Annotated[str | None, Meta(description="Ask with `after` set to this for earlier entries; null at the end.")]
    previous: Annotated[str | None, Meta(description="Ask with `before` set to this for later ones; null at the end.")]
    elsewhere: Annotated[
        Elsewhere | None, Meta(description="What is complete in the archive's files only; null: nothing.")
    ]


class Chosen(PastOfType, forbid_unknown_fields=True):
    """Which entries."""

    since: Annotated[Instant | None, Meta(description="The first moment of the period; its end is `until`.")] = None
    until: Annotated[Instant | None, Meta(description="The first moment after the period.")] = None
    by: Annotated[
        Literal["posted", "occurred"],
        Meta(description="Whether the period is about when entries were posted, or when they happened."),
    ] = "posted"
    kind: Annotated[Kind | None, Meta(description="Only entries of this kind.")] = None
    as_of: Annotated[AsOf, Meta(description="Only what had happened by then.")] | None = None
    known_at: Annotated[KnownAt, Meta(description="Only what had been posted by then.")] | None = None
    language: Annotated[Language, Meta(description="Of the sentences.")] = "en"


class PageOf(Chosen, forbid_unknown_fields=True):
    """Which entries, and which page of them."""

    limit: Limit = 50
    after: After | None = None
    before: Annotated[After, Meta(description="Where to go back: `previous` of a page.")] | None = None


class Exported(Chosen, forbid_unknown_fields=True):
    """Which entries, and as what file."""

    format: Annotated[Literal["csv", "jsonl"], Meta(description="For a spreadsheet, or a JSON object a line.")] = "csv"


@reading("/members/{member:str}/points/statement", tag=TAG, refusals=[MemberNotFound, BadCursor, ImpossibleDate])
def read_statement(call: Call, member: FromPath[str], asked: NamedDependency[PageOf]) -> Response[Statement]:
    """Read a member's account statement, the latest entry first.

    Of a member who shares points it is that of all who share them, from joining on, and before that the member's own: `chapters`.
    Go on with `next` as `after`, back with `previous` as `before`; pages hold still whatever is posted meanwhile.
    """
    period, limit = _period(asked), asked.limit
    if asked.after is not None and asked.before is not None:
        raise BadCursor(field="before", value=asked.before, remedy="send `after` or `before`, not both")
    older, newer = from_cursor(asked.after, tuple[Seq]), from_cursor(asked.before, tuple[Seq])

    def work(tx: Transaction) -> Statement:
        account: Any = {"point_type": asked.point_type, "period": period, "kinds": [asked.kind] if asked.kind else []}
        member_id = find_member(tx, member).member_id
        sums = past.carried(tx, member_id, **account)
        away = past.elsewhere(tx, member_id, point_type=asked.point_type)
        place: Any = {"after": newer[0]} if newer else {"before": older[0] if older else None}
        found = ledger.statement(tx, member_id, limit=limit, **place, **account)
        earlier = found and ledger.statement(tx, member_id, limit=1, before=found[-1].place, **account)
        later = found and ledger.statement(tx, member_id, limit=1, after=found[0].place, **account)
        return Statement(
            _sums(sums.opening),
            _sums(sums.closing),
            _sums(sums.found),
            [_chapter(one) for one in past.chapters(tx, member_id, point_type=asked.point_type)],
            sums.entries,
            [_line(one, asked) for one in found],
            to_cursor((found[-1].place,)) if earlier else None,
            to_cursor((found[0].place,)) if later else None,
            away and Elsewhere(away.upto, away.since, away.folders),
        )

    return call.read_past(work)


@reading(
    "/members/{member:str}/points/statement/export",
    tag=TAG,
    refusals=[MemberNotFound, ImpossibleDate],
    files=list(_MEDIA.values()),
)
def export_statement(call: Call, member: FromPath[str], asked: NamedDependency[Exported]) -> Stream:
    """Export a member's account statement as a file, the earliest entry first, between opening and closing balance."""
    at, period = call.app.clock(), _period(asked)

    def work(tx: Transaction) -> IO[bytes]:
        pieces = past.written(
            tx,
            find_member(tx, member).member_id,
            as_json=asked.format == "jsonl",
            point_type=asked.point_type,
            period=period,
            kinds=[asked.kind] if asked.kind else [],
            language=asked.language,
        )
        return spooled(pieces)

    spool = call.past_of(at, call.app.read_past(work))
    name = f"points-{at.date().isoformat()}.{asked.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Stream(sent(spool), media_type=_MEDIA[asked.format], headers=headers)


class Moment(Struct, forbid_unknown_fields=True):
    """As of when, as known when."""

    as_of: AsOf | None = None
    known_at: KnownAt | None = None


@reading("/points/totals", tag="Ledger", permission=Permission.AUDIT, refusals=[ImpossibleDate])
def list_totals(call: Call, asked: NamedDependency[Moment]) -> Response[Page[Totals]]:
    """List all points of each kind: what was issued, spent and so on, and what is outstanding, the liability.

    Live, it is the sum of what batches moved. `as_of` or `known_at` reads the whole journal: minutes where that is long.
    """
    at = call.app.clock()
    sensible("as_of", asked.as_of)
    sensible("known_at", asked.known_at)

    def work(tx: Transaction) -> Page[Totals]:
        if asked.as_of is None and asked.known_at is None:
            return Page([totals_of(one) for one in ledger.totals(tx)], None)
        found = past.totals(tx, as_of=asked.as_of or at, known_at=asked.known_at or at)
        return Page([totals_of(one) for one in found], None)

    return call.read_past(work)


def _period(asked: Chosen) -> Period:
    for field in ("since", "until", "as_of", "known_at"):
        sensible(field, getattr(asked, field))
    return Period(asked.since, asked.until, asked.by, asked.as_of, asked.known_at)


def _chapter(one: past.Chapter) -> Chapter:
    return Chapter(one.place, one.began_at, one.shared_with, _sums(one.opening))


def _sums(balance: ledger.Balance) -> Sums:
    return Sums(balance.available, balance.pending, balance.held, balance.debt)


def _line(one: ledger.Entry, asked: Chosen) -> Line:
    follows = one.follows_kind
    reference, member_id = ledger.told(one.reference)
    return Line(
        number=one.seq,
        place=one.place,
        kind=one.kind,  # pyright: ignore[reportArgumentType] - the ledger has exactly these
        words=past.in_words(one, asked.language, point_type=asked.point_type),
        amount=one.amount,
        pending_change=one.pending_change,
        held_change=one.held_change,
        debt_change=one.debt_change,
        available=one.available,
        occurred_at=one.occurred_at,
        posted_at=one.posted_at,
        reference=reference,
        reason=one.reason,
        member=shown("mem", member_id),
        order=past.order_of(one),
        follows=Followed(one.reverses, follows, ledger.told(one.follows_reference or "")[0]) if follows else None,
        lots=[Touched(amount, expires_at) for expires_at, amount in past.lots_of(one)],
    )


HANDLERS = (read_statement, export_statement, list_totals)
