"""What recording orders and recording returns have in common: a batch checked, identified and summed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars import members
from regulars.commerce import _queries
from regulars.commerce._lines import Lines, Numbers, encoded, labels_of
from regulars.commerce._records import Shop
from regulars.commerce._rules import (
    EPOCH,
    BadDocument,
    Orders,
    Outcome,
    Returns,
    instant,
    is_goods,
    latest_names,
    moments,
    numbers,
    refusals,
)
from regulars.errors import RegularsError
from regulars.storage import Transaction
from regulars.types import stable_id, to_public

MOST_AHEAD = timedelta(days=31)
"""How far ahead of our clock a document may be dated: orders placed for later, clocks that differ."""

Status = Literal["recorded", "amended", "replayed", "waiting", "refused"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A batch of documents of one shop on its way into the books; a row of it is one document."""

    shop: Shop
    documents: pa.Table
    names: list[str]
    moments: Numbers
    """When each was placed or returned, in microseconds since 1970."""

    ids: Numbers
    owners: list[int | None]
    """The member of each document, or None."""

    told: pa.Table
    """The lines of all documents, as they were told."""

    lines: Lines
    """The lines of the documents that are fine."""

    goods: Numbers
    total: Numbers
    fingerprints: Numbers
    fine: npt.NDArray[np.bool_]
    """Which documents could be read; the others are in `errors` already."""

    errors: dict[int, RegularsError]
    """Why documents are refused, by row; added to as more is found out."""

    def rows(self, wanted: npt.NDArray[np.bool_]) -> list[int]:
        """The numbers of the rows marked."""
        return np.flatnonzero(wanted).tolist()

    def id_of(self, row: int) -> int:
        """The identifier of one document."""
        return int(self.ids[row])

    def time_of(self, row: int) -> datetime:
        """When one document was placed or returned."""
        return instant(int(self.moments[row]))

    def outcomes(
        self, recorded: npt.NDArray[np.bool_], amended: Collection[int] = (), waiting: Collection[int] = ()
    ) -> list[Outcome]:
        """What became of every document."""
        statuses: list[Status] = ["recorded" if new else "replayed" for new in recorded.tolist()]
        told: list[tuple[Collection[int], Status]] = [
            (amended, "amended"),
            (self.errors, "refused"),
            (waiting, "waiting"),
        ]
        for rows, status in told:
            for row in rows:
                statuses[row] = status
        errors = [None if row in waiting else self.errors.get(row) for row in range(len(self.names))]
        return list(map(Outcome, self.names, statuses, self.ids.tolist(), errors))


def arrive(
    tx: Transaction,
    shop: Shop,
    batch: Orders | Returns,
    *,
    refused: Mapping[int, RegularsError] | None = None,
    at: datetime,
) -> Arrived:
    """Check a batch, make members of its customers and products of its stock codes, and sum it up.

    `refused` are rows that the caller has refused already; they leave no trace.
    """
    documents, time = batch.documents, "placed_at" if isinstance(batch, Orders) else "returned_at"
    errors: dict[int, RegularsError] = {
        **(refused or {}),
        **_nameless(documents),
        **_ahead(documents, time, at),
        **_of_nobody(tx, documents),
        **refusals(documents, batch.lines),
    }
    fine = np.array([row not in errors for row in range(documents.num_rows)], np.bool_)
    names: list[str] = documents.column("external_id").to_pylist()
    kind = "order" if isinstance(batch, Orders) else "return"
    times = moments(documents, time)
    lines = _identify(tx, shop, batch.lines, fine, times)
    owners = _owners(tx, shop, documents, fine, times, at)
    goods, total = lines.totals(len(names))
    header = (np.array([owner or 0 for owner in owners], np.int64), times)
    return Arrived(
        shop=shop,
        documents=documents,
        names=names,
        moments=times,
        ids=np.array([stable_id(kind, shop.shop_id, name) for name in names], np.int64),
        owners=owners,
        told=batch.lines,
        lines=lines,
        goods=goods,
        total=total,
        fingerprints=lines.fingerprints(len(names), *header),
        fine=fine,
        errors=errors,
    )


def _ahead(documents: pa.Table, time: str, at: datetime) -> dict[int, RegularsError]:
    """The documents that claim to be from the future: a tier judged then would not see what comes before it."""
    latest = np.int64((at + MOST_AHEAD - EPOCH) // timedelta(microseconds=1))
    late = np.flatnonzero(moments(documents, time) > latest).tolist()
    remedy = f"it is {at:%Y-%m-%d %H:%M} UTC; check the shop's clock and time zone"
    return {row: BadDocument(field=time, value=str(documents.column(time)[row]), remedy=remedy) for row in late}


def _nameless(documents: pa.Table) -> dict[int, RegularsError]:
    """The documents whose customer cannot be made a member of, because of the number or the country."""
    found: dict[int, RegularsError] = {}
    for field in sorted({"customer", "country"} & set(documents.column_names)):
        texts, codes = encoded(documents, field)
        for code, text in enumerate(texts):
            try:
                if text:
                    members.clean_text(field, text)
            except members.BadMember as error:
                found |= dict.fromkeys(np.flatnonzero(codes == code).tolist(), error)
    return found


def _of_nobody(tx: Transaction, documents: pa.Table) -> dict[int, RegularsError]:
    """The documents that name a member who is not there."""
    column = documents.column("member_id")
    if column.null_count == len(column):
        return {}
    named: list[int | None] = column.to_pylist()
    there = {member.member_id for member in members.find_all(tx, [one for one in set(named) if one is not None])}
    return {
        row: members.MemberNotFound(member=to_public("mem", one))
        for row, one in enumerate(named)
        if one is not None and one not in there
    }


def _owners(
    tx: Transaction, shop: Shop, documents: pa.Table, fine: npt.NDArray[np.bool_], times: Numbers, at: datetime
) -> list[int | None]:
    """The member of each document: the one named, or the customer's, enrolled at the first document if new."""
    customers, codes = encoded(documents, "customer")
    in_time = np.argsort(times, kind="stable")
    in_time = in_time[fine[in_time] & (codes[in_time] >= 0)]
    different, first = np.unique(codes[in_time], return_index=True)
    seen: list[int] = different.tolist()
    rows: list[int] = in_time[first].tolist()
    firsts = {customers[code]: row for code, row in zip(seen, rows, strict=True) if customers[code]}
    held = members.known_to(tx, shop.code, list(firsts))
    strangers = {customer: row for customer, row in firsts.items() if customer not in held}
    countries = documents.column("country") if "country" in documents.column_names else pa.nulls(len(documents))
    people = [
        members.NewMember(customer, shop.code, country=countries[row].as_py(), joined_at=instant(int(times[row])))
        for customer, row in strangers.items()
    ]
    enrolled = members.enrol(tx, people, at=at) if people else []
    held |= {customer: one.member_id for customer, one in zip(strangers, enrolled, strict=True)}
    owners = [*map(held.get, customers), None]  # -1, no customer, is the last place
    named: list[int | None] = documents.column("member_id").to_pylist()
    return [one or owners[code] for one, code in zip(named, codes.tolist(), strict=True)]


def _identify(tx: Transaction, shop: Shop, table: pa.Table, fine: npt.NDArray[np.bool_], times: Numbers) -> Lines:
    """The lines of the documents that are fine, as arrays; their products are added or renamed on the way."""
    table = table.filter(pa.array(fine[numbers(table, "document")]))
    document = numbers(table, "document")
    skus, codes = encoded(table, "sku")
    products = np.array([stable_id("product", shop.shop_id, sku) for sku in skus], np.int64)
    if skus:
        last = latest_names(table, codes, times[document])
        named = table.take(pa.array(last))
        _queries.upsert_products(tx, shop=shop, ids=products[codes[last]], lines=named, named_at=times[document[last]])
    labels, codes_of_labels = labels_of(table)
    return Lines(
        document=document,
        line_no=numbers(table, "line_no"),
        product_id=products[codes] if skus else document,
        quantity=numbers(table, "quantity"),
        unit_minor=numbers(table, "unit_minor"),
        amount_minor=numbers(table, "amount_minor"),
        goods=is_goods(table),
        label=codes_of_labels,
        labels=labels,
    )
