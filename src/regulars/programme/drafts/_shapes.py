"""What a document is made of, as a tree: from it forms are made. Types by msgspec, words from the records' own documentation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Literal

import msgspec
from msgspec import inspect

from regulars.programme._rules import Programme
from regulars.programme.drafts._schemas import EVERYWHERE, KINDS, documented

Sort = Literal[
    "text", "whole", "flag", "word", "moment", "day", "words", "texts", "list", "map", "record", "kinds", "condition",
    "amount", "other",
]  # fmt: skip
"""What a value is: a text, a whole number, yes or no, one word of some, an instant, a day, several words of some, several
texts, records in a list or under names of their own, one record, a record of one of several kinds, an expression that is
true or false or that is a number, or anything else."""

_EXPRESSIONS: Final[Mapping[str, Sort]] = {"Rule.when": "condition", "Rule.points": "amount"}
"""The texts that are expressions over orders."""

NOTHING: Final = object()
"""Stands for what a document does not have."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What one value of a document can be."""

    sort: Sort
    nullable: bool = False
    words: tuple[str, ...] = ()
    """Of a word, or of words: those there are."""

    record: str = ""
    """What the record is called in the code."""

    about: str = ""
    """What the record is."""

    parts: tuple["Part", ...] = ()
    """The fields of a record."""

    each: "Shape | None" = None
    """Of a list, or of a map: what stands in it."""

    kinds: tuple["Shape", ...] = ()
    """The records it can be; each is known by its `kind`."""

    @property
    def kind(self) -> str:
        """What a record of one of several kinds is known by in documents."""
        return next((one.shape.words[0] for one in self.parts if one.name == "kind" and one.shape.words), "")


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a record."""

    name: str
    shape: Shape
    default: Any = NOTHING
    """What it is when it is left out, as a document has it; `NOTHING`: it cannot be left out."""

    about: str = ""
    """What it means, in English."""


@cache
def shape() -> Shape:
    """What a programme's document is made of."""
    found = _shape(inspect.type_info(Programme))
    return replace(found, parts=tuple(one for one in found.parts if one.name != "version_id"))


def _shape(kind: inspect.Type) -> Shape:  # noqa: PLR0911  one line a kind of type
    match kind:
        case inspect.UnionType():
            return _union(kind)
        case inspect.DataclassType() | inspect.StructType():
            return _record(kind)
        case inspect.CustomType():
            records = KINDS[kind.cls].values()
            return Shape("kinds", kinds=tuple(_shape(inspect.type_info(one)) for one in records))
        case inspect.LiteralType():
            return Shape("word", words=tuple(str(one) for one in kind.values))
        case inspect.VarTupleType() | inspect.ListType():
            return _list(_shape(kind.item_type))
        case inspect.DictType():
            each = _shape(kind.value_type)
            return Shape("map", each=each) if each.sort == "record" else Shape("other")
        case _:
            return Shape(_PLAIN.get(type(kind), "other"))


_PLAIN: Final[Mapping[type[Any], Sort]] = {
    inspect.StrType: "text",
    inspect.IntType: "whole",
    inspect.BoolType: "flag",
    inspect.DateTimeType: "moment",
    inspect.DateType: "day",
}


def _union(kind: inspect.UnionType) -> Shape:
    others = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    found = [_shape(one) for one in others]
    if len(found) > 1 and all(one.sort == "record" and one.kind for one in found):
        return Shape("kinds", nullable=len(others) < len(kind.types), kinds=tuple(found))
    return replace(found[0] if len(found) == 1 else Shape("other"), nullable=len(others) < len(kind.types))


def _list(each: Shape) -> Shape:
    if each.sort == "word":
        return Shape("words", words=each.words)
    if each.sort == "text":
        return Shape("texts")
    return Shape("list", each=each) if each.sort == "record" else Shape("other")


def _record(kind: "inspect.DataclassType | inspect.StructType") -> Shape:
    words = documented(kind.cls)
    parts = tuple(
        Part(one.encode_name, _part(kind.cls, one), _default(one), words.get(one.name) or EVERYWHERE.get(one.name, ""))
        for one in kind.fields
    )
    about = " ".join((kind.cls.__doc__ or "").split())
    return Shape("record", record=kind.cls.__name__, about=about, parts=parts)


def _part(record: type[Any], field: inspect.Field) -> Shape:
    sort = _EXPRESSIONS.get(f"{record.__name__}.{field.name}")
    return Shape(sort) if sort else _shape(field.type)


def _default(field: inspect.Field) -> Any:
    if field.required:
        return NOTHING
    made: Any = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return msgspec.json.decode(msgspec.json.encode(made))
