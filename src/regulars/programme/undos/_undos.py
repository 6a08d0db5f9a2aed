"""Proposing to undo what a campaign gave, deciding on it, and doing it batch by batch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from regulars import facts, ledger
from regulars.errors import Conflict, Invalid, NotFound
from regulars.facts import decisions
from regulars.programme import _deciding, _spending, budgets, earning
from regulars.programme._deciding import basis_of
from regulars.programme._holdings import Holding, lock_holdings, write_holdings
from regulars.programme._postings import post, reverse
from regulars.programme._queries import pin_left
from regulars.programme._records import TakenBack
from regulars.programme._rules import Programme
from regulars.programme._versions import by_version
from regulars.programme.earning import Basis, Part, Sold
from regulars.programme.undos import _queries
from regulars.programme.undos._queries import Candidate, Debtor, Preview, Undo
from regulars.storage import Transaction
from regulars.types import random_id, to_public

_INSTANT = timedelta(microseconds=1)
ALONE = timedelta(days=30)
"""For so long what one person let through alone counts towards the limit: many small undos are as much as a large one."""

_GONE = -3
"""Stands, among what was left of a rule, for what was undone: `_deciding` reads it."""


class UndoNotFound(NotFound):
    """There is no undo {undo}."""


class UndoDecided(Conflict):
    """Undo {undo} was {decision} by {by} already."""


class OwnUndo(Conflict):
    """{by} proposed undo {undo}: somebody else has to decide on it."""


class UndoNotApproved(Conflict):
    """Undo {undo} is {state}: it is carried out once somebody has approved it."""


class NothingToUndo(Conflict):
    """Campaign {campaign} has nothing left that it gave between {since} and {until}."""


class BadUndo(Invalid):
    """{field} is {value!r}: {remedy}."""


def preview(
    tx: Transaction, campaign: str, *, since: datetime, until: datetime, at: datetime, limit: int = 50
) -> Preview:
    """What would be taken back of what a campaign gave from `since` on and before `until`: by when we gave it.

    Raises:
        BadUndo: it ends before it begins.
    """
    if since >= until:
        raise BadUndo(field="until", value=until.isoformat(), remedy="let it end after it begins")
    until = _seen(until, at)
    totals = _queries.select_totals(tx, campaign=campaign, since=since, until=until)
    orders, members = _queries.count_concerned(tx, campaign=campaign, since=since, until=until)
    short = debtors(tx, campaign, since=since, until=until, limit=limit + 1)
    return Preview(totals, members, orders, len(short), short[:limit])


def _seen(until: datetime, at: datetime) -> datetime:
    """The end of a span, this moment the last in it: what is still to come was looked at by nobody."""
    return min(until, at + _INSTANT)


def debtors(tx: Transaction, campaign: str, *, since: datetime, until: datetime, limit: int) -> list[Debtor]:
    """Members who would owe points, those who would owe most first; what is still pending is taken where it waits.

    It is read as the last posting left it, in one statement: what has expired since and was not booked yet still counts.
    """
    return _queries.select_debtors(tx, campaign=campaign, since=since, until=until, limit=limit)


def propose(
    tx: Transaction,
    campaign: str,
    *,
    since: datetime,
    until: datetime,
    reason: str,
    by: str,
    limit: int,
    at: datetime,
    undo_id: int | None = None,
) -> Undo:
    """Propose to take back what a campaign gave; up to `limit` points it is approved at once, beyond by somebody else.

    The limit is for all that one person lets through alone in thirty days, of whichever campaigns.

    With an `undo_id` of the caller's the same again changes nothing. Facts: `campaign_undo.proposed`, `campaign_undo.approved`.

    Raises:
        BadUndo: it ends before it begins, or says no reason.
        NothingToUndo: nothing is left of it.
    """
    if undo_id is not None and (before := _queries.select_undo(tx, undo_id=undo_id)) is not None:
        return before
    if not 0 < len(reason.strip()) <= 200:
        raise BadUndo(field="reason", value=reason, remedy="say why, in 1 to 200 characters")
    found = preview(tx, campaign, since=since, until=until, at=at, limit=1)
    until = _seen(until, at)
    if not found.points:
        raise NothingToUndo(campaign=campaign, since=since.isoformat(), until=until.isoformat())
    new = Undo(
        random_id() if undo_id is None else undo_id, campaign, since, until, reason, found.points, found.members, at, by,
        None, None, None, 0, 0, None,
    )  # fmt: skip
    alone = _queries.select_let_through(tx, by=by, since=at - ALONE)
    _queries.insert_undo(tx, new=new)
    facts.record(tx, [_fact("proposed", new, by, at)], at=at)
    if found.points + alone > limit:
        return new
    return _decide(tx, new, "approved", by, at)


def approve(tx: Transaction, undo_id: int, *, by: str, at: datetime) -> Undo:
    """Let an undo that somebody else proposed be carried out. Facts: `campaign_undo.approved`.

    Raises:
        UndoNotFound: there is none.
        UndoDecided: it was decided already.
        OwnUndo: one does not approve what one proposed.
    """
    one = _open(tx, undo_id)
    if one.proposed_by == by:
        raise OwnUndo(by=by, undo=to_public("und", undo_id))
    return _decide(tx, one, "approved", by, at)


def reject(tx: Transaction, undo_id: int, *, by: str, at: datetime) -> Undo:
    """Decide against an undo; who proposed it may withdraw it so. Facts: `campaign_undo.rejected`.

    Raises:
        UndoNotFound: there is none.
        UndoDecided: it was decided already.
    """
    return _decide(tx, _open(tx, undo_id), "rejected", by, at)


def _open(tx: Transaction, undo_id: int) -> Undo:
    one = _queries.lock_undo(tx, undo_id=undo_id)
    if one is None:
        raise UndoNotFound(undo=to_public("und", undo_id))
    if one.decision is not None:
        raise UndoDecided(undo=to_public("und", undo_id), decision=one.decision, by=one.decided_by)
    return one


def _decide(tx: Transaction, one: Undo, decision: str, by: str, at: datetime) -> Undo:
    _queries.decide_undo(tx, undo_id=one.undo_id, decision=decision, at=at, by=by)
    facts.record(tx, [_fact(decision, one, by, at)], at=at)
    return undo(tx, one.undo_id)


def _fact(what: str, one: Undo, by: str, at: datetime) -> facts.Fact:
    about = {
        "campaign": one.campaign, "since": one.since.isoformat(), "until": one.until.isoformat(), "points": one.points,
        "members": one.members, "reason": one.reason, "by": by,
    }  # fmt: skip
    return facts.Fact(f"campaign_undo.{what}", at, None, one.undo_id, about)


def undo(tx: Transaction, undo_id: int) -> Undo:
    """One undo.

    Raises:
        UndoNotFound: there is none.
    """
    found = _queries.select_undo(tx, undo_id=undo_id)
    if found is None:
        raise UndoNotFound(undo=to_public("und", undo_id))
    return found


def undos(tx: Transaction, *, campaign: str | None = None, limit: int = 50) -> Sequence[Undo]:
    """Undos, the latest first."""
    return _queries.select_undos(tx, campaign=campaign, limit=limit)


def going_on(tx: Transaction, *, at: datetime, limit: int = 500) -> int:
    """Carry on with an undo that was approved and has not finished; 0 when there is none."""
    undo_id = _queries.select_running(tx)
    if undo_id is None:
        return 0
    carry_on(tx, undo_id, at=at, limit=limit)
    return 1


def carry_on(tx: Transaction, undo_id: int, *, at: datetime, limit: int = 500) -> Undo:
    """Take back the gifts of the next `limit` orders; without any left it is finished. Facts: `campaign_undo.finished`.

    What came back of an order already is not taken twice, and what comes back later is worked out without what was undone.
    Each order's entry has the reference `und_…/ord_…`.

    Raises:
        UndoNotFound: there is none.
        UndoNotApproved: nobody has approved it.
    """
    one = _queries.lock_undo(tx, undo_id=undo_id)
    if one is None:
        raise UndoNotFound(undo=to_public("und", undo_id))
    if one.decision != "approved":
        raise UndoNotApproved(undo=to_public("und", undo_id), state=one.state)
    if one.finished_at is not None:
        return one
    found = _queries.select_candidates(tx, campaign=one.campaign, since=one.since, until=one.until, limit=limit)
    orders, points = _take(tx, one, found, at) if found else (0, 0)
    finished_at = None if found else at
    _queries.advance_undo(tx, undo_id=undo_id, orders=orders, points=points, finished_at=finished_at)
    done = undo(tx, undo_id)
    if finished_at:
        told = _fact("finished", replace(done, points=done.points_done), done.decided_by or "", at)
        facts.record(tx, [told], at=at)
    return done


def _take(tx: Transaction, one: Undo, found: Sequence[Candidate], at: datetime) -> tuple[int, int]:
    """Take back gifts; of how many orders, and how many points."""
    wanted = {(gift.order_id, gift.rule) for gift in found}
    holdings = lock_holdings(tx, sorted({gift.order_id for gift in found}))
    gifts = [
        gift
        for gift in _queries.select_gifts(tx, order_ids=list(holdings), campaign=one.campaign)
        if (gift.order_id, gift.rule) in wanted
    ]
    held = by_version(tx, {holding.version_id for holding in holdings.values()})
    by_order: defaultdict[int, list[Candidate]] = defaultdict(list)
    for gift in gifts:
        by_order[gift.order_id].append(gift)
    taking = _Taking(at, to_public("und", one.undo_id))
    for order_id, own in sorted(by_order.items(), key=lambda each: (holdings[each[0]].member_id, each[0])):
        taking.take(holdings[order_id], own, held[holdings[order_id].version_id])
    _write(tx, one, taking, holdings, held, at)
    return len(by_order), sum(points for _, _, points in taking.done)


class _Taking:
    """Gathers what is taken back of orders, and what is to be written."""

    def __init__(self, at: datetime, source: str) -> None:
        self.at, self.source = at, source
        self.postings: list[ledger.Posting] = []
        self.written: list[Holding] = []
        self.done: list[tuple[int, str, int]] = []
        self.gone: dict[int, dict[str, int]] = {}
        self.back: dict[tuple[str, str], int] = {}

    def take(self, holding: Holding, gifts: Sequence[Candidate], programme: Programme) -> None:
        basis = basis_of(programme)
        rules = {one.rule.code: (place, one.rule) for place, one in enumerate(basis.rules.rules)}
        less: defaultdict[Part, int] = defaultdict(int)
        for gift in gifts:
            place, rule = rules[gift.rule]
            part = (rule.point_type, rule.code if rule.terms is not None else "")
            points = min(gift.points, holding.parts[part].left - less[part])
            less[part] += points
            self.done.append((gift.order_id, gift.rule, points))
            self.gone.setdefault(gift.order_id, {})[str(place)] = _GONE
            if rule.budget is not None:
                self.back[_spending.reference_of(gift.order_id, rule.code), rule.budget] = 0
        one = TakenBack(holding.order_id, holding.member_id, self.source, self.at, self.at, 0)
        parts = dict(holding.parts)
        for part, points in less.items():
            self.postings += reverse(one, parts[part], points)
            parts[part] = replace(parts[part], reversed=parts[part].reversed + points)
        self.written.append(replace(holding, parts=parts, inputs=self._inputs(holding)))

    def _inputs(self, holding: Holding) -> dict[str, object]:
        known = holding.inputs or {}
        return {**known, "left": {**known.get("left", {}), **self.gone[holding.order_id]}}


def _write(
    tx: Transaction, one: Undo, taking: _Taking, holdings: dict[int, Holding], held: dict[int, Programme], at: datetime
) -> None:
    """Write what was taken back: with the awards, on the books of campaigns and budgets, and in the ledger."""
    if not taking.written:
        return
    write_holdings(tx, taking.written)
    pin_left(tx, left=taking.gone)
    _queries.mark_undone(tx, undo_id=one.undo_id, gifts=taking.done)
    members = {order_id: holding.member_id for order_id, holding in holdings.items()}
    gone = [earning.Use(members[order], rule, order, at, 0) for order, rule, _ in taking.done]
    earning.lessen_uses(tx, left=gone)
    _tell_why(tx, taking.written, held, at)
    budgets.give_back(tx, taking.back, at=at)
    post(tx, taking.postings, at)


def _tell_why(tx: Transaction, written: Sequence[Holding], held: dict[int, Programme], at: datetime) -> None:
    """Keep why orders earn what they do by now."""
    versions = {holding.order_id: holding.version_id for holding in written}
    holdings = {holding.order_id: holding for holding in written}
    kept: list[decisions.NewDecision] = []
    for sold in _deciding.read_sold(tx, versions, held):
        holding = holdings[sold.order_id]
        basis = basis_of(held[holding.version_id])
        decision = _decided(replace(sold, member_id=holding.member_id), basis, holding)
        kept.append(_deciding.kept(decisions.CHANGED, sold, holding.version_id, decision))
    decisions.record(tx, kept, at=at)


def _decided(sold: Sold, basis: Basis, holding: Holding) -> earning.Decision:
    back = dict(zip(sold.line_nos, sold.returned, strict=True))
    items = [] if sold.cancelled_at else earning.less(earning.items_of(sold, basis), back)
    return _deciding.decide_again(sold, basis, holding.inputs, items, _deciding.pinned_left(holding.inputs))
