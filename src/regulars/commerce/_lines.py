"""The lines of a batch as arrays, and what they are filed under and marked with, each different pair once. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regulars.types import stable_id

Numbers = npt.NDArray[np.int64]
MOST_TAGS: Final = 20


class Label(NamedTuple):
    """What a line is filed under, and marked with."""

    category: str | None
    tags: tuple[str, ...]


UNLABELLED: Final = Label(None, ())


def encoded(table: pa.Table, column: str) -> tuple[list[str], Numbers]:
    """The different texts of a column, and for each row the place of its own among them, -1 where it has none."""
    codes = table.column(column).combine_chunks().dictionary_encode()
    return codes.dictionary.to_pylist(), codes.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def labels_of(lines: pa.Table) -> tuple[list[Label], Numbers]:
    """The different labels of lines, and for each line the place of its own among them, -1 where it has none.

    Where no line has tags, which is most often so, the categories alone are looked at.
    """
    if lines.column("tags").null_count == lines.num_rows:
        categories, codes = encoded(lines, "category")
        return [Label(one, ()) for one in categories], codes
    rows = zip(lines.column("category").to_pylist(), lines.column("tags").to_pylist(), strict=True)
    known: dict[Label, int] = {}
    labels = (Label(category, tuple(sorted(set(tags or ())))) for category, tags in rows)
    codes = [-1 if label == UNLABELLED else known.setdefault(label, len(known)) for label in labels]
    return list(known), np.array(codes, np.int64)


def marks(labels: Sequence[Label]) -> Numbers:
    """A number for each label, the same wherever it is made."""
    return np.array([stable_id("label", one.category or "", *one.tags) for one in labels], np.int64)


def columns(labels: Sequence[Label]) -> tuple[list[str | None], list[str | None]]:
    """The categories and the tags of lines, these as PostgreSQL writes an array."""
    written = {label: _array(label.tags) for label in set(labels)}
    return [label.category for label in labels], [written[label] for label in labels]


def _array(tags: Sequence[str]) -> str | None:
    return "{" + msgspec.json.encode(tags).decode()[1:-1] + "}" if tags else None


def refused_labels(lines: pa.Table) -> Iterator[tuple[npt.NDArray[np.bool_], str, object, str]]:
    """Labels that cannot be kept: on which lines, the field, its value, and what would do."""
    labels, codes = labels_of(lines)
    for place, (category, tags) in enumerate(labels):
        if category is not None and not _fits(category, 200):
            yield codes == place, "lines.category", category, "give 1 to 200 printable characters"
        if len(tags) > MOST_TAGS or not all(_fits(tag, 100) for tag in tags):
            remedy = f"give at most {MOST_TAGS}, each of 1 to 100 printable characters"
            yield codes == place, "lines.tags", list(tags), remedy


def _fits(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable()


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a batch as arrays, with the identifiers of their products."""

    document: Numbers
    line_no: Numbers
    product_id: Numbers
    quantity: Numbers
    unit_minor: Numbers
    amount_minor: Numbers
    goods: npt.NDArray[np.bool_]
    label: Numbers
    """The place of a line's label among `labels`, -1 where it has none."""
    labels: Sequence[Label] = ()

    def table(self, ids: Numbers) -> pa.Table:
        """The lines as their table has them, in the order of its key; `ids` are those of the documents."""
        order_ids = ids[self.document]
        by_key = np.lexsort((self.line_no, order_ids))
        mine = self.only(by_key)
        numbers = {
            "order_id": order_ids[by_key],
            "line_no": mine.line_no.astype(np.int32),
            "quantity": mine.quantity.astype(np.int32),
            "product_id": mine.product_id,
            "unit_minor": mine.unit_minor,
            "amount_minor": mine.amount_minor,
            "goods": mine.goods,
        }
        if not (mine.label >= 0).any():  # numbers alone need not be parsed
            return pa.table(numbers)
        categories, tags = columns(mine.told())
        return pa.table({**numbers, "category": pa.array(categories, pa.string()), "tags": pa.array(tags, pa.string())})

    def of_documents(self, wanted: npt.NDArray[np.bool_]) -> "Lines":
        """Only the lines of the documents marked."""
        return self.only(wanted[self.document])

    def only(self, wanted: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Lines":
        """Only the lines marked, or those at some places in their order."""
        columns = [name for name in Lines.__dataclass_fields__ if name != "labels"]
        return Lines(*(getattr(self, name)[wanted] for name in columns), labels=self.labels)

    def told(self) -> list[Label]:
        """The label of each line."""
        return [self.labels[place] if place >= 0 else UNLABELLED for place in self.label.tolist()]

    def totals(self, documents: int) -> tuple[Numbers, Numbers]:
        """Σ amount of goods and of all lines, per document."""
        goods, total = np.zeros(documents, np.int64), np.zeros(documents, np.int64)
        np.add.at(total, self.document, self.amount_minor)
        np.add.at(goods, self.document[self.goods], self.amount_minor[self.goods])
        return goods, total

    def fingerprints(self, documents: int, *header: Numbers) -> Numbers:
        """A 64-bit hash of each document's header values and lines, whatever the order of the lines."""
        line = np.zeros(len(self.document), np.uint64)
        for values in (self.line_no, self.product_id, self.quantity, self.unit_minor, self.amount_minor, self.goods):
            line = _mix(line + values.astype(np.uint64))
        if self.labels:
            marked = self.label >= 0
            line[marked] = _mix(line[marked] + marks(self.labels)[self.label[marked]].astype(np.uint64))
        result = np.zeros(documents, np.uint64)
        np.add.at(result, self.document, line)
        for values in header:
            result = _mix(result + values.astype(np.uint64))
        return result.astype(np.int64)


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
