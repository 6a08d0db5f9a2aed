"""What orders have lost, or are worth more: goods that came back, cancellations, edits. As safe to repeat as awards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from regulars import ledger
from regulars.facts import decisions
from regulars.programme import _deciding, _queries, _spending, budgets, campaigns, earning
from regulars.programme._deciding import basis_of
from regulars.programme._holdings import Holding, lock_holdings, reference_of, write_holdings
from regulars.programme._postings import Given, earns, given, post, reverse
from regulars.programme._records import Held, Returned, TakenBack
from regulars.programme._rules import Programme
from regulars.programme._versions import by_version
from regulars.programme.earning import Decision, Item, Part, Sold
from regulars.storage import Transaction
from regulars.types import to_public


@dataclass(frozen=True, slots=True)
class _Judged:
    """An awarded order, what it has, and what it is worth by now."""

    holding: Holding
    sold: Sold
    programme: Programme
    decision: Decision
    spend_minor: int

    @property
    def parts(self) -> list[tuple[Part, Held, int]]:
        """Every kind of points it has or is worth, what it has of it, and what it is worth."""
        empty = {part: Held(self.sold.order_id, *part, 0, [], 0) for part in self.decision.parts}
        return [(part, held, self.decision.parts.get(part, 0)) for part, held in (empty | self.holding.parts).items()]


def revise(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Give, or take, the difference between what orders are worth now and what they were given; how many orders differed.

    However an order came to be another (lines added, exchanged, repriced, cancelled, reopened), it is worth its goods that did
    not come back, under the version of its first award. What came back is dealt with first. What a budget would not pay then is kept with the
    award, so that it is not given later either.
    """
    ids = list(order_ids)
    return_ids = _queries.select_returns_of(tx, order_ids=ids)
    if return_ids:
        take_back(tx, return_ids, at=at)
    cancel(tx, ids, at=at)
    holdings = lock_holdings(tx, ids)
    if not holdings:
        return 0
    changed = [one for one in _judge_now(tx, holdings, at) if _differs(one)]
    if not changed:
        return 0
    more, less, written = list[Given](), list[ledger.Posting](), list[Holding]()
    for one in changed:
        written.append(_settle(one, more, less, at))
    write_holdings(tx, written)
    _count_again(tx, changed, at)
    post(tx, earns(tx, more, at), at)
    post(tx, less, at)
    return len(changed)


def _judge_now(tx: Transaction, holdings: Mapping[int, Holding], at: datetime) -> list[_Judged]:
    """What awarded orders are worth, with what came back by now left out."""
    held = by_version(tx, {one.version_id for one in holdings.values()})
    versions = {order_id: one.version_id for order_id, one in holdings.items()}
    sold = _of_awards(_deciding.read_sold(tx, versions, held), holdings)
    by_version_id = {version_id: basis_of(programme) for version_id, programme in held.items()}
    bases = {one.order_id: by_version_id[versions[one.order_id]] for one in sold}
    counted = [one.member_id for one in sold if bases[one.order_id].rules.counted]
    known = earning.known_uses(tx, counted, [basis.rules for basis in by_version_id.values()])
    purses = _spending.open_for(tx, [(one, bases[one.order_id]) for one in sold])
    judged: list[_Judged] = []
    pins: dict[int, dict[str, int]] = {}
    for one in sold:
        basis, holding = bases[one.order_id], holdings[one.order_id]
        back = dict(zip(one.line_nos, one.returned, strict=True))
        items = [] if one.cancelled_at else earning.less(earning.items_of(one, basis), back)
        now = earning.allowances(
            basis.rules, known, member_id=one.member_id, order_id=one.order_id, placed_at=one.placed_at,
            zone=basis.time_zone,
        )  # fmt: skip
        left = {
            place: _deciding.lesser(then, now.get(place, earning.Allowance()))
            for place, then in _deciding.pinned_left(holding.inputs).items()
        }
        paying = _spending.purses_of(purses, basis, one)
        decision = _deciding.decide_again(one, basis, holding.inputs, items, left, paying)
        _spending.note(purses, basis, one, decision)
        _deciding.refused(pins, one.order_id, holding.inputs, left, _spending.narrowed(basis, decision, left))
        judged.append(_Judged(holding, one, held[holding.version_id], decision, earning.spend_of(items)))
    budgets.settle(tx, purses, at=at)
    if pins:
        _queries.pin_left(tx, left=pins)
    return judged


def _of_awards(sold: Sequence[Sold], holdings: Mapping[int, Holding]) -> list[Sold]:
    """Orders as those of the members who were given points for them, whoever they are of by now."""
    owners = [(one, holdings[one.order_id].member_id) for one in sold]
    return [one if one.member_id == owner else replace(one, member_id=owner) for one, owner in owners]


def _differs(one: _Judged) -> bool:
    return one.spend_minor != one.holding.spend_left or any(worth != held.left for _, held, worth in one.parts)


def _settle(one: _Judged, more: list[Given], less: list[ledger.Posting], at: datetime) -> Holding:
    """What an order has after it was given, or lost, what it is worth more or less; the postings go to `more` and `less`."""
    parts: dict[Part, Held] = {}
    for part, held, worth in one.parts:
        difference = worth - held.left
        if difference > 0:
            total = held.points + difference
            reference = reference_of(one.sold.order_id, part[1], None if not held.steps else total)
            version_id = one.holding.version_id
            more.append(given(one.sold, one.programme, version_id, part, difference, reference))
            parts[part] = replace(held, points=total, steps=[*held.steps, total])
        elif difference < 0:
            source = f"revision-{held.reversed - difference}"
            back = TakenBack(one.sold.order_id, one.sold.member_id, source, one.sold.placed_at, at, 0)
            less.extend(reverse(back, held, -difference))
            parts[part] = replace(held, reversed=held.reversed - difference)
    return replace(
        one.holding, parts={**one.holding.parts, **parts}, spend_minor=one.spend_minor + one.holding.spend_taken
    )


def _count_again(tx: Transaction, changed: Sequence[_Judged], at: datetime) -> None:
    """Count changed orders anew: towards the tier, towards limits, and why."""
    counted = [one for one in changed if one.spend_minor != one.holding.spend_left]
    _queries.insert_revised(
        tx, members=[one.sold.member_id for one in counted], counts=[one.sold.placed_at for one in counted],
        known=[one.sold.paid_at or one.sold.placed_at for one in counted], orders=[one.sold.order_id for one in counted],
        amounts=[one.spend_minor - one.holding.spend_left for one in counted], at=at,
    )  # fmt: skip
    uses = [
        use
        for one in changed
        for use in earning.uses_of(
            basis_of(one.programme).rules, one.decision, member_id=one.sold.member_id, order_id=one.sold.order_id,
            placed_at=one.sold.placed_at,
        )
    ]  # fmt: skip
    if uses:
        earning.upsert_uses(tx, uses=uses)
    _give_anew(tx, changed, at)
    kept = [_deciding.kept(decisions.CHANGED, one.sold, one.holding.version_id, one.decision) for one in changed]
    decisions.record(tx, kept, at=at)


def _give_anew(tx: Transaction, changed: Sequence[_Judged], at: datetime) -> None:
    """Note on the books of campaigns what changed orders are given by now."""
    bases = [(one, basis_of(one.programme)) for one in changed]
    if not any(basis.rules.owned for _, basis in bases):
        return
    _spending.lessen(tx, [(one.sold, basis, one.decision) for one, basis in bases], at=at)
    gifts = [
        gift
        for one, basis in bases
        for gift in _spending.gifts_of(basis, one.sold, one.decision, one.holding.version_id)
    ]
    if gifts:
        campaigns.upsert_gifts(tx, gifts=gifts, at=at)


def take_back(tx: Transaction, return_ids: Sequence[int], *, at: datetime) -> int:
    """Take back what orders are worth less without what came back, and the tier spend of it; how many orders.

    Each return in turn: the order that was kept is evaluated anew, under the version of its award and by what was so then.
    A rule of lines gives back by the pieces' share; a rule of orders whose condition fails now gives back all. Where another rule
    gives then in its place, limits, budgets and campaigns count that one. A return never gives anything.
    """
    holdings = lock_holdings(tx, _queries.select_returned_orders(tx, return_ids=list(return_ids)))
    if not holdings:
        return 0
    held = by_version(tx, {one.version_id for one in holdings.values()})
    versions = {order_id: one.version_id for order_id, one in holdings.items()}
    sold = {one.order_id: one for one in _of_awards(_deciding.read_sold(tx, versions, held), holdings)}
    came = groupby(_queries.select_returned(tx, order_ids=list(sold)), key=attrgetter("order_id"))
    returned = {order_id: list(group) for order_id, group in came}
    bases = {version_id: basis_of(programme) for version_id, programme in held.items()}
    purses = _spending.open_for(tx, [(one, bases[versions[order_id]]) for order_id, one in sold.items()])
    done = _TakingBack(tx, at, set(return_ids), _dealt(tx, sold, returned), bases, purses)
    for order_id, one in sorted(sold.items(), key=lambda each: (each[1].member_id, each[0])):
        done.take(holdings[order_id], one, returned.get(order_id, []))
    done.write()
    return done.orders


def _source(return_id: int) -> str:
    return to_public("ret", return_id)


def _dealt(tx: Transaction, sold: Mapping[int, Sold], returned: Mapping[int, Sequence[Returned]]) -> set[str]:
    """The references of the returns that have been dealt with."""
    pairs = list(dict.fromkeys((order_id, one.return_id) for order_id, group in returned.items() for one in group))
    return _queries.select_dealt(
        tx, members=[sold[order_id].member_id for order_id, _ in pairs],
        counts=[sold[order_id].placed_at for order_id, _ in pairs],
        references=[f"{_source(return_id)}/{to_public('ord', order_id)}" for order_id, return_id in pairs],
    )  # fmt: skip


class _TakingBack:
    """Follows orders through their returns, and gathers what is to be written."""

    def __init__(
        self,
        tx: Transaction,
        at: datetime,
        wanted: set[int],
        dealt: set[str],
        bases: Mapping[int, earning.Basis],
        purses: budgets.Purses,
    ) -> None:
        self.tx, self.at, self.wanted, self.dealt, self.bases, self.purses = tx, at, wanted, dealt, bases, purses
        self.orders = 0
        self.taken: list[TakenBack] = []
        self.postings: list[ledger.Posting] = []
        self.written: list[Holding] = []
        self.less: list[earning.Use] = []
        self.uses: list[earning.Use] = []
        self.judged: list[tuple[Sold, earning.Basis, Decision | None]] = []
        self.gifts: list[campaigns.Gift] = []
        self.kept: list[decisions.NewDecision] = []

    def take(self, holding: Holding, sold: Sold, returned: Sequence[Returned]) -> None:
        """Take back what the wanted returns of one order come to, in their order; those dealt with are its past."""
        basis = self.bases[holding.version_id]
        bought = earning.items_of(sold, basis)
        back: dict[int, int] = {}
        new: list[list[Returned]] = []
        for _, group in groupby(returned, key=attrgetter("return_id")):
            pieces = list(group)
            if f"{_source(pieces[0].return_id)}/{to_public('ord', sold.order_id)}" in self.dealt:
                _add(back, pieces)
            elif pieces[0].return_id in self.wanted:
                new.append(pieces)
        left = _deciding.pinned_left(holding.inputs)
        if not new:
            return
        before = _deciding.decide_again(sold, basis, holding.inputs, earning.less(bought, back), left)
        for pieces in new:
            _add(back, pieces)
            paying = _spending.purses_of(self.purses, basis, sold)
            after = _deciding.decide_again(sold, basis, holding.inputs, earning.less(bought, back), left, paying)
            one = _taken(sold, pieces, _spend(bought, pieces))
            holding = self._one(holding, one, before, after, limited=bool(left) or bool(basis.budgets))
            self.kept.append(_deciding.kept(decisions.RETURNED, sold, holding.version_id, after))
            before = after
        self._count(holding, sold, basis, before)
        self.written.append(holding)

    def _count(self, holding: Holding, sold: Sold, basis: earning.Basis, after: Decision) -> None:
        """Count towards limits, budgets and campaigns what an order still has: by the rules that give it now, if it has all of that."""
        own = earning.uses_of(
            basis.rules, after, member_id=sold.member_id, order_id=sold.order_id, placed_at=sold.placed_at
        )
        has = {part: held.left for part, held in holding.parts.items() if held.left}
        if has == {part: points for part, points in after.parts.items() if points}:
            self.uses += own
            _spending.note(self.purses, basis, sold, after)
            self.gifts += _spending.gifts_of(basis, sold, after, holding.version_id)
        else:
            self.less += own
        if basis.budgets or basis.rules.owned:
            self.judged.append((sold, basis, after))

    def _one(self, holding: Holding, one: TakenBack, before: Decision, after: Decision, *, limited: bool) -> Holding:
        """Take back what one return makes an order worth less.

        It may have become another order since it was awarded, which is `revise`'s business and not the return's. Where limits
        gave it less than it would be worth, only what is left of that is beyond what it is worth now.
        """
        parts: dict[Part, Held] = {}
        for part, held in holding.parts.items():
            worth = before.parts.get(part, 0)
            less = (min(held.left, worth) if limited else worth) - after.parts.get(part, 0)
            less = max(min(less, held.left), 0)
            self.postings += reverse(one, held, less)
            parts[part] = replace(held, reversed=held.reversed + less)
        self.orders += 1
        self.taken.append(one)
        return replace(holding, parts=parts, spend_taken=holding.spend_taken + one.spend_minor)

    def write(self) -> None:
        """Write all of it, in one statement a table."""
        if not self.taken:
            return
        _queries.insert_taken_back(self.tx, taken=self.taken, at=self.at)
        write_holdings(self.tx, self.written)
        if self.less:
            earning.lessen_uses(self.tx, left=self.less)
        if self.uses:
            earning.upsert_uses(self.tx, uses=self.uses)
        budgets.settle(self.tx, self.purses, at=self.at)
        if self.judged:
            _spending.lessen(self.tx, self.judged, at=self.at)
        if self.gifts:
            campaigns.upsert_gifts(self.tx, gifts=self.gifts, at=self.at)
        decisions.record(self.tx, self.kept, at=self.at)
        post(self.tx, self.postings, self.at)


def _taken(sold: Sold, pieces: Sequence[Returned], spend: int) -> TakenBack:
    first = pieces[0]
    return TakenBack(sold.order_id, sold.member_id, _source(first.return_id), sold.placed_at, first.returned_at, spend)


def _add(back: dict[int, int], pieces: Sequence[Returned]) -> None:
    for one in pieces:
        back[one.line_no] = back.get(one.line_no, 0) + one.quantity


def _spend(bought: Sequence[Item], pieces: Sequence[Returned]) -> int:
    """The tier spend of what came back: of each line the pieces' share, so that the shares sum to the whole."""
    lines = {item.line_no: item.line for item in bought}
    return sum(
        earning.shared(lines[one.line_no][4], one.before + one.quantity, lines[one.line_no][2])
        - earning.shared(lines[one.line_no][4], one.before, lines[one.line_no][2])
        for one in pieces
        if one.line_no in lines
    )


def cancel(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Take back everything that cancelled orders still hold of points and tier spend; how many orders."""
    cancelled = _queries.select_cancelled(tx, order_ids=list(order_ids))
    new = _queries.insert_taken_back(tx, taken=cancelled, at=at) if cancelled else set[str]()
    fresh = sorted(
        (one for one in cancelled if one.reference in new), key=attrgetter("member_id", "known_at", "order_id")
    )
    holdings = lock_holdings(tx, [one.order_id for one in fresh])
    postings: list[ledger.Posting] = []
    written: list[Holding] = []
    for one in fresh:
        holding = holdings[one.order_id]
        for held in holding.parts.values():
            postings += reverse(one, held, held.left)
        parts = {part: replace(held, reversed=held.points) for part, held in holding.parts.items()}
        written.append(replace(holding, parts=parts, spend_taken=holding.spend_taken + one.spend_minor))
    write_holdings(tx, written)
    _give_back_uses(tx, fresh, {one.order_id: one.version_id for one in written}, at)
    post(tx, postings, at)
    return len(fresh)


def _give_back_uses(tx: Transaction, cancelled: Sequence[TakenBack], versions: Mapping[int, int], at: datetime) -> None:
    """Give back all that cancelled orders used of limits."""
    held = by_version(tx, set(versions.values())) if versions else {}
    left = [
        earning.Use(one.member_id, each.rule.code, one.order_id, one.placed_at, 0)
        for one in cancelled
        for each in basis_of(held[versions[one.order_id]]).rules.rules
        if each.counted
    ]
    if left:
        earning.lessen_uses(tx, left=left)
    bases = {version_id: basis_of(one) for version_id, one in held.items()}
    giving = [
        one for one in cancelled if bases[versions[one.order_id]].budgets or bases[versions[one.order_id]].rules.owned
    ]
    if giving:
        sold = {
            one.order_id: one
            for one in earning.select_sold(tx, order_ids=[one.order_id for one in giving], named=False)
        }
        _spending.lessen(tx, [(sold[one.order_id], bases[versions[one.order_id]], None) for one in giving], at=at)
