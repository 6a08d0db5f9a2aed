"""What waits for a lane: bounded, and fair between those who ask. No thread, no clock; the lane has both."""

import asyncio
import concurrent.futures
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Future = asyncio.Future[Any] | concurrent.futures.Future[Any]


@dataclass(slots=True, eq=False)
class Ticket(Generic[Item]):
    """One item that waits, and where its answer goes."""

    item: Item
    caller: Hashable
    arrived_s: float
    future: Future
    loop: asyncio.AbstractEventLoop | None
    """The event loop the future belongs to; None for a thread's."""


class Waiting(Generic[Item]):
    """One line per caller, at most `most` tickets in all.

    While k callers wait, each has ⌊n/k⌋ places of every n taken, or as many as it needs, and its own tickets leave in
    the order they came. When all is full, a newcomer takes the place of the latest ticket of the longest line, so that
    nobody is kept out by somebody else's flood.
    """

    def __init__(self, most: int) -> None:
        """Begin empty."""
        self.most = most
        self.count = 0
        self.oldest_s: float | None = None
        """When the ticket that waits longest came."""
        self._lines: OrderedDict[Hashable, deque[Ticket[Item]]] = OrderedDict()

    def add(self, ticket: Ticket[Item]) -> Ticket[Item] | None:
        """Let a ticket wait; the one that has to go for it, which may be itself."""
        displaced = self._make_room(ticket) if self.count >= self.most else None
        if displaced is ticket:
            return ticket
        line = self._lines.get(ticket.caller)
        if line is None:
            line = self._lines[ticket.caller] = deque()
        line.append(ticket)
        self.count += 1
        if self.oldest_s is None:
            self.oldest_s = ticket.arrived_s
        return displaced

    def _make_room(self, ticket: Ticket[Item]) -> Ticket[Item]:
        caller, longest = max(self._lines.items(), key=lambda each: len(each[1]))
        if len(self._lines.get(ticket.caller, ())) + 1 >= len(longest):
            return ticket
        displaced = longest.pop()
        self.count -= 1
        if not longest:
            del self._lines[caller]
        return displaced

    def take(self, most: int) -> list[Ticket[Item]]:
        """At most `most` tickets, shared out among the callers; who got none this time comes first the next time."""
        taken: list[Ticket[Item]] = []
        while self._lines and len(taken) < most:
            share = max(1, (most - len(taken)) // len(self._lines))
            for _ in range(min(len(self._lines), most - len(taken))):
                caller, line = self._lines.popitem(last=False)
                taken += [line.popleft() for _ in range(min(share, len(line)))]
                if line:
                    self._lines[caller] = line
        self._left(len(taken))
        return taken

    def take_older(self, than_s: float) -> list[Ticket[Item]]:
        """Every ticket that came before."""
        taken: list[Ticket[Item]] = []
        for caller, line in list(self._lines.items()):
            while line and line[0].arrived_s < than_s:
                taken.append(line.popleft())
            if not line:
                del self._lines[caller]
        self._left(len(taken))
        return taken

    def _left(self, how_many: int) -> None:
        self.count -= how_many
        self.oldest_s = min((line[0].arrived_s for line in self._lines.values()), default=None)
