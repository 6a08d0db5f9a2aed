"""Posting where an account's points are now, and undoing where things were posted then."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from itertools import groupby

from regulars.ledger import _queries as postings_queries
from regulars.ledger._owners import shared
from regulars.ledger._queries import Movement, Posted
from regulars.ledger._rules import POOLS, Posting, account_id, arrange, digest
from regulars.ledger.joined import _queries
from regulars.ledger.joined._queries import Known, Locked, Moved, Place
from regulars.storage import Transaction


@dataclass(slots=True)
class Places:
    """The accounts that some accounts have ever joined, all of them locked and settled."""

    locked: dict[int, Locked]
    ways: dict[int, list[Place]]
    """Per account that has ever joined another, where its postings may be: itself first."""

    due: list[Movement]
    """What fell due on them meanwhile."""

    def home(self, account: int) -> int:
        """Where postings for an account go."""
        while (one := self.locked.get(account)) is not None and one.joined not in {None, account}:
            account = one.joined or account
        return account


def lock(tx: Transaction, accounts: Sequence[int], *, at: datetime) -> Places:
    """Lock accounts, and whatever they have ever joined, and settle all that is due.

    Members' accounts first, then all others, each time in ascending order, in which pools come last: so those who
    follow from members to pools never wait in a circle. Only what one member has joined to another's, or a pool that
    was handed over, may: the database then tells one of two to try again.
    """
    locked: dict[int, Locked] = {}
    tried: set[int] = set()
    more = sorted({account for account in accounts if account < POOLS})
    while True:
        locked |= {one.account_id: one for one in _queries.lock_accounts(tx, account_ids=more, at=at)}
        tried.update(more)
        starts = sorted(account for account in {*accounts} & locked.keys() if locked[account].joined is not None)
        found = _queries.select_places(tx, account_ids=starts) if starts else []
        more = sorted({*accounts, *(place.account_id for place in found)} - tried)
        if not more:
            break
    ways: dict[int, list[Place]] = {}
    for place in found:
        ways.setdefault(place.start, []).append(place)
    due = sorted(one.account_id for one in locked.values() if one.due)
    return Places(locked, ways, _queries.settle(tx, account_ids=due, at=at) if due else [])


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a posting."""

    row: Posted
    owner: int
    """Whose account it is recorded in."""


@dataclass(slots=True)
class Followed:
    """What became of postings, in order; what had fallen due before; and what was moved on for them."""

    done: list[Done] = field(default_factory=list[Done])
    due: list[Movement] = field(default_factory=list[Movement])
    moved: list[tuple[Posting, int, Moved]] = field(default_factory=list[tuple[Posting, int, Moved]])
    """For which posting, to which account."""


@dataclass(frozen=True, slots=True)
class _Route:
    asked: Posting
    posting: Posting
    """As it is called in the account where it goes."""

    account: int


def follow(tx: Transaction, postings: Sequence[Posting], *, at: datetime) -> Followed:
    """Post, in order, what was for accounts that have joined others; the caller has locked those.

    What is new goes where they have joined. What is known, or undoes something, goes to the account that has it; if that
    has joined another, its points come from there before, and go there after.
    """
    starts = [account_id(one.member_id, one.point_type) for one in postings]
    places = lock(tx, starts, at=at)
    followed = Followed(due=places.due)
    routes = _routes(tx, postings, starts, places)
    for at_home, run in groupby(routes, key=lambda route: places.home(route.account) == route.account):
        if at_home:
            _post(tx, list(run), places, followed, at)
        else:
            for route in run:
                _post_away(tx, route, places, followed, at)
    return followed


def _post(tx: Transaction, routes: Sequence[_Route], places: Places, followed: Followed, at: datetime) -> None:
    batch = arrange([route.posting for route in routes], at)
    due, rows = postings_queries.post(tx, batch=batch, at=at, here=True)
    followed.due += due
    in_order = dict(zip(batch.order, rows, strict=True))
    followed.done += [Done(in_order[place], places.locked[route.account].owner) for place, route in enumerate(routes)]


def _post_away(tx: Transaction, route: _Route, places: Places, followed: Followed, at: datetime) -> None:
    """Undo something where it is recorded, with the points of the account that this has joined."""
    home, one = places.home(route.account), route.posting
    names = [(0, route.account, one.reference)] + ([(1, route.account, one.reverses)] if one.reverses else [])
    known = _known(tx, names)
    if one.kind == "reverse_earn" and 0 not in known and 1 in known and one.amount <= known[1][0].left:
        _move(tx, route, home, route.account, followed, at, most=one.amount, first=known[1][0].expires)
    _post(tx, [route], places, followed, at)
    _move(tx, route, route.account, home, followed, at)


def _move(
    tx: Transaction,
    route: _Route,
    source: int,
    target: int,
    followed: Followed,
    at: datetime,
    *,
    most: int | None = None,
    first: int | None = None,
) -> None:
    moved = _queries.move(
        tx, source=source, target=target, most=most, first=first, seqs=[], names=[], reason=route.asked.reference, at=at
    )
    if moved.available or moved.debt:
        followed.moved.append((route.asked, target, moved))


def _routes(tx: Transaction, postings: Sequence[Posting], starts: Sequence[int], places: Places) -> list[_Route]:
    known = _known(
        tx,
        [
            (number, place.account_id, reduce(shared, place.through, one.reference))
            for number, (one, start) in enumerate(zip(postings, starts, strict=True))
            for place in places.ways[start]
        ],
    )
    targets = _targets(
        tx,
        [
            (number, start, one.reverses)
            for number, (one, start) in enumerate(zip(postings, starts, strict=True))
            if one.reverses is not None and one.reverses[0] != "@"
        ],
        places,
    )
    routes: list[_Route] = []
    for number, (one, start) in enumerate(zip(postings, starts, strict=True)):
        target = targets.get(number)
        if number in known:
            account = known[number][0].account_id
        elif target is not None:
            account = target[0].account_id
        else:
            account = places.home(start)
        routes.append(_route(one, start, account, target, places))
    return routes


def _route(one: Posting, start: int, account: int, target: tuple[Known, str] | None, places: Places) -> _Route:
    place = next(place for place in places.ways[start] if place.account_id == account)
    found = target if target is not None and target[0].account_id == account else None
    reverses = one.reverses
    if found is not None:
        reverses = found[1]
    elif reverses is not None and reverses[0] != "@":
        reverses = reduce(shared, place.through, reverses)
    name = reduce(shared, place.through, one.reference)
    posting = replace(one, member_id=place.owner, reference=name, reverses=reverses)
    return _Route(one, posting, account)


def _targets(
    tx: Transaction, asked: Sequence[tuple[int, int, str]], places: Places
) -> dict[int, tuple[Known, str]]:  # fmt: skip
    """Per number the entry of what was posted for an account under a reference, and its reference where it is.

    What has been moved since is looked for where it is now: under the reference it had, of the account it was in.
    """
    starts = {number: start for number, start, _ in asked}
    sought = [
        (number, place.account_id, reduce(shared, place.through, name))
        for number, start, name in asked
        for place in places.ways[start]
    ]
    found: dict[int, tuple[Known, str]] = {}
    while sought:
        known = _known(tx, sought)
        sought = list[tuple[int, int, str]]()
        for number, (one, name) in known.items():
            if not one.sent:
                found[number] = one, name
                continue
            name_there = shared(name, places.locked[one.account_id].owner)
            sought += [(number, place.account_id, name_there) for place in places.ways[starts[number]]]
    return found


def _known(tx: Transaction, sought: Sequence[tuple[int, int, str]]) -> dict[int, tuple[Known, str]]:
    """Per number the first account that knows the reference sought there."""
    found = _queries.select_known(
        tx,
        keys=list(range(len(sought))),
        accounts=[account for _, account, _ in sought],
        idems=[digest(name) for _, _, name in sought],
    )
    return {sought[one.key][0]: (one, sought[one.key][2]) for one in reversed(found)} if found else {}
