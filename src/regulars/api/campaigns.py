"""Campaigns and budgets: what is on, what clashes, what came of it, and undoing it."""

from datetime import date, datetime
from typing import Final

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._campaigns import (
    Between,
    Budget,
    BudgetSpent,
    BurnedOnDay,
    CalendarDay,
    Campaign,
    CampaignCalendar,
    CampaignClash,
    CampaignDay,
    CampaignResults,
    CampaignUndo,
    GivenPoints,
    GoodsOf,
    KnownCampaign,
    NewUndo,
    OfMonth,
    UndoDebtor,
    UndoneKind,
    UndoPreview,
    UndosOf,
    UndoSpan,
)
from regulars.api._paging import Page
from regulars.api._routes import creating, reading
from regulars.api._shapes import ImpossibleDate, sensible
from regulars.programme import BadProgramme, NoProgramme, budgets, campaigns, drafts, salons, undos
from regulars.programme.budgets import BudgetNotFound
from regulars.programme.campaigns import CampaignNotFound
from regulars.programme.drafts import DraftNotFound, FlawedDraft
from regulars.programme.undos import BadUndo, NothingToUndo, OwnUndo, UndoDecided, UndoNotFound
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG: Final = "Campaigns"


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _undo(one: undos.Undo) -> CampaignUndo:
    return CampaignUndo(
        to_public("und", one.undo_id), one.campaign, one.state, one.since, one.until, one.reason, one.points, one.members,
        one.proposed_at, one.proposed_by, one.decided_at, one.decided_by, one.orders_done, one.points_done, one.finished_at,
    )  # fmt: skip


def _id_of(undo: str) -> int:
    try:
        return from_public("und", undo, field="undo")
    except MalformedId as error:
        raise UndoNotFound(undo=undo) from error


@reading("/campaigns", tag=TAG, refusals=[NoProgramme])
def list_campaigns(call: Call) -> Response[Page[KnownCampaign]]:
    """List the campaigns of the programme that holds, and which are open now."""
    at = call.app.clock()

    def work(tx: Transaction) -> Page[KnownCampaign]:
        now = programme.current(tx, at=at)
        items = [
            KnownCampaign(
                msgspec.convert(msgspec.to_builtins(one), Campaign), campaigns.is_open(one, at, now.time_zone)
            )
            for one in now.campaigns
        ]
        return Page(items, None)

    return call.read(work)


@reading("/campaigns/calendar", tag=TAG, refusals=[NoProgramme, DraftNotFound, FlawedDraft, BadProgramme])
def read_campaign_calendar(call: Call, asked: NamedDependency[OfMonth]) -> Response[CampaignCalendar]:
    """Read what is on, day by day, and which campaigns clash: of what holds, or of a draft before it is published."""
    at = call.app.clock()

    def work(tx: Transaction) -> CampaignCalendar:
        now = _document(tx, asked.draft, at)
        month = campaigns.month_of(asked.month, at, now.time_zone)
        first, last = month[0], month[-1]
        shown = salons.by_day(tx, month, now.time_zone)
        days = [
            CalendarDay(
                day, campaigns.on(now.campaigns, day, now.time_zone), [salon.code for salon in shown.get(day, [])]
            )
            for day in month
        ]
        found = campaigns.conflicts(now.campaigns, first, last, now.time_zone)
        clashes = [CampaignClash(one.one, one.other, one.kind, one.first, one.days) for one in found]
        return CampaignCalendar(now.time_zone, days, clashes)

    return call.read(work)


def _document(tx: Transaction, draft: str | None, at: datetime) -> programme.Programme:
    if draft is None:
        return programme.current(tx, at=at)
    try:
        draft_id = from_public("drf", draft, field="draft")
    except MalformedId as error:
        raise DraftNotFound(draft=draft) from error
    return drafts.sound_text(drafts.draft(tx, draft_id).text)


@reading("/campaigns/{campaign:str}/results", tag=TAG, refusals=[CampaignNotFound, NoProgramme, ImpossibleDate])
def read_campaign_results(
    call: Call, campaign: FromPath[str], asked: NamedDependency[Between]
) -> Response[CampaignResults]:
    """Read what came of a campaign: what it gave, to how many, and what they bought.

    It is not what the campaign caused: some of these orders would have come without it.
    """
    at = call.app.clock()
    sensible("since", asked.since)
    sensible("until", asked.until)

    def work(tx: Transaction) -> CampaignResults:
        now = programme.current(tx, at=at)
        campaigns.expect_known(tx, now.campaigns, campaign)
        found = campaigns.results(tx, campaign, zone=now.time_zone, since=asked.since, until=asked.until)
        return CampaignResults(
            campaign,
            found.orders,
            found.members,
            [
                GivenPoints(each.point_type, each.orders, each.members, each.first, each.points, each.undone)
                for each in found.points
            ],
            [GoodsOf(currency, minor) for currency, minor in found.goods_minor],
            [
                CampaignDay(date.fromisoformat(each.day), each.point_type, each.orders, each.points)
                for each in found.days
            ],
        )

    return call.read(work)


@reading(
    "/campaigns/{campaign:str}/undo-preview",
    tag=TAG,
    permission=Permission.AUDIT,
    refusals=[CampaignNotFound, NoProgramme, BadUndo, ImpossibleDate],
)
def preview_campaign_undo(
    call: Call, campaign: FromPath[str], asked: NamedDependency[UndoSpan]
) -> Response[UndoPreview]:
    """Look at what an undo would take back, from whom, and who would owe points; nothing is changed."""
    at = call.app.clock()
    sensible("since", asked.since)
    sensible("until", asked.until)

    def work(tx: Transaction) -> UndoPreview:
        campaigns.expect_known(tx, programme.current(tx, at=at).campaigns, campaign)
        found = undos.preview(tx, campaign, since=asked.since, until=asked.until, at=at)
        kinds = [UndoneKind(one.point_type, one.orders, one.members, one.points) for one in found.totals]
        debtors = [
            UndoDebtor(to_public("mem", one.member_id), one.point_type, one.points, one.available, one.short)
            for one in found.debtors
        ]
        return UndoPreview(found.orders, found.members, kinds, debtors, found.short > len(debtors))

    return call.read(work)


@creating(
    "/campaigns/{campaign:str}/undos",
    tag=TAG,
    permission=Permission.GIVE,
    refusals=[CampaignNotFound, NoProgramme, BadUndo, NothingToUndo, ImpossibleDate],
)
def undo_campaign(call: Call, campaign: FromPath[str], data: JSONBody[NewUndo]) -> Response[CampaignUndo]:
    """Take back what a campaign gave between two moments, by entries that say so; nothing is undone twice.

    Beyond `REGULARS_UNDO_LIMIT` points it is only proposed, and another key or operator decides. It is carried out in
    batches by the jobs, and goes on after an interruption.
    """

    def work(tx: Transaction, at: datetime) -> CampaignUndo:
        sensible("since", data.since)
        sensible("until", data.until)
        campaigns.expect_known(tx, programme.current(tx, at=at).campaigns, campaign)
        limit = call.app.settings.undo_limit
        done = undos.propose(
            tx, campaign, since=data.since, until=data.until, reason=data.reason, by=_by(call), limit=limit, at=at
        )
        return _undo(done)

    return call.write(work)


@reading("/undos", tag=TAG, permission=Permission.AUDIT)
def list_campaign_undos(call: Call, asked: NamedDependency[UndosOf]) -> Response[Page[CampaignUndo]]:
    """List the last two hundred undos, the latest first."""
    return call.read(lambda tx: Page([_undo(one) for one in undos.undos(tx, campaign=asked.campaign, limit=200)], None))


@reading("/undos/{undo:str}", tag=TAG, permission=Permission.AUDIT, refusals=[UndoNotFound])
def read_campaign_undo(call: Call, undo: FromPath[str]) -> Response[CampaignUndo]:
    """Read how far an undo has come."""
    return call.read(lambda tx: _undo(undos.undo(tx, _id_of(undo))))


@creating(
    "/undos/{undo:str}/approval", tag=TAG, permission=Permission.GIVE, refusals=[UndoNotFound, UndoDecided, OwnUndo]
)
def approve_campaign_undo(call: Call, undo: FromPath[str]) -> Response[CampaignUndo]:
    """Approve an undo that somebody else proposed; it is carried out in batches."""
    return call.write(lambda tx, at: _undo(undos.approve(tx, _id_of(undo), by=_by(call), at=at)))


@creating("/undos/{undo:str}/rejection", tag=TAG, permission=Permission.GIVE, refusals=[UndoNotFound, UndoDecided])
def reject_campaign_undo(call: Call, undo: FromPath[str]) -> Response[CampaignUndo]:
    """Reject an undo, or withdraw one's own."""
    return call.write(lambda tx, at: _undo(undos.reject(tx, _id_of(undo), by=_by(call), at=at)))


@reading("/budgets", tag=TAG, refusals=[NoProgramme])
def list_budgets(call: Call) -> Response[Page[BudgetSpent]]:
    """List the budgets of the programme that holds, and what was taken of each in its present period."""
    at = call.app.clock()

    def work(tx: Transaction) -> Page[BudgetSpent]:
        now = programme.current(tx, at=at)
        found = budgets.spent(tx, now.budgets, zone=now.time_zone, at=at)
        return Page([_spent(one) for one in found], None)

    return call.read(work)


def _spent(one: budgets.Spent) -> BudgetSpent:
    shape = msgspec.convert(msgspec.to_builtins(one.budget), Budget)
    return BudgetSpent(shape, one.period, one.taken, max(one.budget.amount - one.taken, 0))


@reading("/budgets/{budget:str}/burn", tag=TAG, refusals=[NoProgramme, BudgetNotFound])
def read_budget_burn(call: Call, budget: FromPath[str]) -> Response[Page[BurnedOnDay]]:
    """Read what was taken of a budget on each day of its present period, without what was given back."""
    at = call.app.clock()

    def work(tx: Transaction) -> Page[BurnedOnDay]:
        now = programme.current(tx, at=at)
        one = budgets.named(now.budgets, budget)
        found = budgets.burn(tx, one, zone=now.time_zone, at=at)
        return Page([BurnedOnDay(date.fromisoformat(each.day), each.taken) for each in found], None)

    return call.read(work)


HANDLERS = (
    list_campaigns, read_campaign_calendar, read_campaign_results, preview_campaign_undo, undo_campaign, list_campaign_undos,
    read_campaign_undo, approve_campaign_undo, reject_campaign_undo, list_budgets, read_budget_burn,
)  # fmt: skip
