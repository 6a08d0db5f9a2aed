"""The data the measures are computed on, and how it is kept at hand."""

import threading
from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar
from uuid import uuid4

import pyarrow as pa

from regulars.insight import _queries
from regulars.insight._measures import Measure
from regulars.insight._rules import Scope, Span
from regulars.insight.engine import Engine, Session
from regulars.storage import Database

SCHEMA: Final = pa.schema(
    {
        "shop_id": pa.int64(),
        "member_id": pa.int64(),
        "day": pa.date32(),
        "goods_minor": pa.int64(),
        "currency": pa.string(),
    }
)
"""What `purchases` and `refunds` hold: a row each; `member_id` null for a guest; `day` in the shop's time zone;
`goods_minor` in minor units of `currency`, positive in both."""

Answer = TypeVar("Answer")
_MOST_ANSWERS: Final = 200
_RELATIONS: Final = ("bought", "refunded", "earlier", "begun")


class Frame:
    """Purchases and refunds as they were at one moment. Everything here is computed on one of these, and changes none.

    In a notebook, `Frame(pa.table(purchases))`, from columns or a DataFrame; in the product, `Frames().read(database)`.
    """

    def __init__(self, purchases: pa.Table, refunds: pa.Table | None = None) -> None:
        """Take two Arrow tables with the columns of `SCHEMA`, in any order; others are left out."""
        self.purchases = purchases.select(SCHEMA.names).cast(SCHEMA)
        self.refunds = SCHEMA.empty_table() if refunds is None else refunds.select(SCHEMA.names).cast(SCHEMA)
        self.token = uuid4().hex
        self._answers: dict[Hashable, Any] = {}
        self._engine = Engine({"all_purchases": self.purchases, "all_refunds": self.refunds})
        with self.session() as session:
            days = session.ask("select min(day) as first, max(day) as last from purchases").to_pylist()[0]
        self.first_day: date | None = days["first"]
        self.last_day: date | None = days["last"]

    @contextmanager
    def session(self, shop_id: int | None = None) -> Generator[Session]:
        """The engine's view of the frame: `purchases` and `refunds`, of one shop or of all."""
        with self._engine.session() as session:
            chosen = "" if shop_id is None else f" where shop_id = {shop_id:d}"
            session.define("purchases", f"select * from all_purchases{chosen}")
            session.define("refunds", f"select * from all_refunds{chosen}")
            yield session

    @contextmanager
    def periods(self, scope: Scope, spans: Sequence[Span], measures: Sequence[Measure]) -> Generator[Session]:
        """A session with the relations that these measures read, one period for each span, numbered from 0."""
        with self.session(scope.shop_id) as session:
            session.give("periods", _periods(spans, scope.currency or ""))
            for relation in _RELATIONS:
                if any(relation in measure.sql for measure in measures):
                    session.keep(relation, _text(relation))
            yield session

    def as_of(self, until: date, relation: str, *, shop_id: int | None = None, currency: str | None = None) -> pa.Table:
        """One of the `relations/`, over the purchases before the day `until`."""
        if currency is None:
            currency = next(iter(self.currencies(shop_id)), "")
        with self.session(shop_id) as session:
            session.give("edge", pa.table({"until": pa.array([until], pa.date32()), "currency": pa.array([currency])}))
            return session.ask(_text(relation))

    def priced(self, scope: Scope) -> Scope:
        """The scope with its currency: the one given, or the one most of the shop's purchases were made in."""
        if scope.currency is not None:
            return scope
        found = self.currencies(scope.shop_id)
        return replace(scope, currency=found[0] if found else None)

    def currencies(self, shop_id: int | None = None) -> list[str]:
        """The currencies of purchases, the most used first."""
        return self.remember(("currencies", shop_id), lambda: self._currencies(shop_id))

    def _currencies(self, shop_id: int | None) -> list[str]:
        with self.session(shop_id) as session:
            rows = session.ask("select currency from purchases group by currency order by count(*) desc, currency")
        return rows["currency"].to_pylist()

    def remember(self, question: Hashable, compute: Callable[[], Answer]) -> Answer:
        """The answer to a question asked of this frame before, otherwise computed: a frame never changes."""
        if question not in self._answers:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers = {}
            self._answers[question] = compute()
        return self._answers[question]


class Frames:
    """The latest frame read from each database, read again when something has happened there since."""

    def __init__(self) -> None:
        """Hold none yet."""
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, Frame]] = {}
        self._readers: dict[str, _queries.Reader] = {}

    def read(self, database: Database) -> Frame:
        """The purchases and refunds committed by now; in about a millisecond when nothing has changed.

        Ask before opening a transaction, not inside one: it takes a connection of its own.

        Raises:
            DatabaseUnavailable: nothing answers there.
        """
        with self._lock:
            held = self._held.get(database.url)
            if held is not None:
                with database.transaction(read_only=True) as tx:
                    seen = _queries.snapshot_if_same(tx, snapshot=held[0])
                if seen is not None:
                    self._held[database.url] = (seen, held[1])
                    return held[1]
            if database.url not in self._readers:
                self._readers[database.url] = _queries.Reader(database.url)
            snapshot, purchases, refunds = self._readers[database.url].read()
            frame = Frame(purchases, refunds)
            self._held[database.url] = (snapshot, frame)
            return frame


@cache
def _text(name: str) -> str:
    return (resources.files("regulars.insight") / "relations" / f"{name}.sql").read_text("utf-8")


def _periods(spans: Sequence[Span], currency: str) -> pa.Table:
    return pa.table(
        {
            "period": pa.array(range(len(spans)), pa.int32()),
            "before": pa.array([span.before for span in spans], pa.date32()),
            "starts": pa.array([span.start for span in spans], pa.date32()),
            "ends": pa.array([span.end for span in spans], pa.date32()),
            "currency": pa.array([currency] * len(spans), pa.string()),
        }
    )
