"""The fields of a form as a page draws them: a tree that follows the shape of the document."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from regulars.console.forms import _conditions, _labels
from regulars.console.forms._conditions import BY_NAME
from regulars.console.forms._phrases import PHRASES, WEEKDAYS
from regulars.console.forms._units import Units
from regulars.console.forms._values import Form, filled, joined, row_names
from regulars.programme.drafts import NOTHING, Part, Shape

Suggestions = Mapping[str, Mapping[str, str]]
"""By the name of a field: what can stand in it, and what that is called."""

CHOSEN = frozenset({"tier", "reward"})
"""Fields that name something of the document: chosen from a list."""


@dataclass(frozen=True, slots=True)
class Node:
    """One field, or several under one heading."""

    name: str
    """What it is called in the form."""

    sort: str
    label: str
    help: str = ""
    value: str = ""
    unit: str = ""
    options: Sequence[tuple[str, str]] = ()
    nullable: bool = False
    needed: bool = False
    record: str = ""
    kept: str = ""
    """What stands there and cannot be shown as a field."""

    ticked: frozenset[str] = frozenset()
    nodes: Sequence["Node"] = ()
    rows: Sequence["Row"] = ()
    kinds: Sequence["Row"] = ()
    adds: str = ""
    """What one more of it is called."""


@dataclass(frozen=True, slots=True)
class Row:
    """One of a list, or one of the kinds that something can be of."""

    name: str
    title: str
    nodes: Sequence[Node]
    here: bool = False
    """Of kinds: this is the one."""


@dataclass(frozen=True, slots=True)
class Drawer:
    """Draws a form's fields in a language."""

    form: Form
    units: Units
    language: str
    suggestions: Suggestions

    def part(self, record: str, part: Part, at: str) -> Node:
        """A field of a record."""
        name = joined(at, part.name)
        node = Node(
            name, part.shape.sort, _labels.label(record, part.name, self.language),
            _labels.help_of(record, part.name, part.about, self.language), self.form.get(name, ""),
            nullable=part.shape.nullable, needed=part.default is NOTHING and not part.shape.nullable,
            adds=_labels.singular(part.name, self.language),
        )  # fmt: skip
        if self.form.get(f"{name}.kept"):
            return replace(node, kept="1")
        return self._drawn(node, record, part)

    def _drawn(self, node: Node, record: str, part: Part) -> Node:  # noqa: C901, PLR0911  one line a sort
        shape, name = part.shape, node.name
        match shape.sort:
            case "word" | "words":
                named = self.suggestions.get(part.name, {})
                values = _labels.ordered(record, part.name, shape.words)
                options = [
                    (one, named.get(one) or _labels.word(record, part.name, one, self.language)) for one in values
                ]
                ticked = frozenset(one for one in values if f"{name}.{one}" in self.form)
                return replace(node, options=_with(options, node), ticked=ticked)
            case "flag":
                return replace(node, ticked=frozenset({"1"} if name in self.form else ()))
            case "whole":
                return replace(node, unit=self._unit(name))
            case "text" if part.name in CHOSEN and self.suggestions.get(part.name):
                return replace(node, sort="word", options=_with(list(self.suggestions[part.name].items()), node))
            case "text":
                return replace(node, options=tuple(self.suggestions.get(part.name, {}).items()))
            case "record":
                on = frozenset({"1"} if f"{name}.on" in self.form else ())
                return replace(node, record=shape.record, ticked=on, nodes=self._headed(shape, name))
            case "kinds":
                return replace(node, value=self.form.get(f"{name}.kind", ""), kinds=self._kinds(shape, name))
            case "list" | "map":
                return replace(node, rows=self._rows(shape, name, node.adds))
            case "condition":
                return replace(node, rows=self._conditions(name), options=self._choices())
            case "amount":
                return replace(node, value=self.form.get(f"{name}.is", "text"), unit=self.units.currency)
            case _:
                return node

    def parts(self, shape: Shape, at: str) -> list[Node]:
        """The fields of a record, in its order; the kind it is known by is chosen above them."""
        return [
            self.part(shape.record, one, at)
            for one in shape.parts
            if not (one.name == "kind" and len(one.shape.words) == 1)
        ]

    def _headed(self, shape: Shape, at: str) -> list[Node]:
        """The fields of a record with headings between them, where it has many."""
        nodes = {node.name.rpartition(".")[2]: node for node in self.parts(shape, at)}
        found: list[Node] = []
        for english, chinese, names in _labels.LAYOUT.get(shape.record, ()):
            title = chinese if self.language == "zh" else english
            found += [Node(at, "heading", title), *(nodes.pop(name) for name in names if name in nodes)]
        return [*found, *nodes.values()]

    def _unit(self, name: str) -> str:
        kind, of = self.units.unit(name, self.form)
        return of if kind == "money" else self.units.kinds.name(of) if kind == "points" and of != "points" else ""

    def _kinds(self, shape: Shape, name: str) -> list[Row]:
        said = self.form.get(f"{name}.kind")
        titles = [_labels.word(one.record, "kind", one.kind, self.language) for one in shape.kinds]
        return [
            Row(
                one.kind, f"{title[:1].upper()}{title[1:]}",
                self.parts(one, f"{name}.{one.kind}"), said == one.kind,
            )
            for one, title in zip(shape.kinds, titles, strict=True)
        ]  # fmt: skip

    def _rows(self, shape: Shape, name: str, adds: str) -> list[Row]:
        assert shape.each is not None  # noqa: S101  lists and maps say what is in them
        found: list[Row] = []
        for place, row in enumerate(row_names(self.form.get(f"{name}.rows", "")), start=1):
            at = f"{name}.{row}"
            nodes = [] if self.form.get(f"{at}.kept") else self.parts(shape.each, at)
            if shape.sort == "map":
                said = self.suggestions.get("point_type", {})
                label = _labels.label("", "code", self.language)
                nodes = [
                    Node(f"{at}.key", "text", label, value=self.form.get(f"{at}.key", ""), options=tuple(said.items()), needed=True),
                    *nodes,
                ]  # fmt: skip
            named = self.form.get(f"{at}.name_zh" if self.language == "zh" else f"{at}.name_en")
            found.append(Row(row, named or f"{adds.capitalize()} {place}", nodes, bool(self.form.get(f"{at}.kept"))))
        return found

    def _choices(self) -> list[tuple[str, str]]:
        place = 1 if self.language == "zh" else 0
        return [(one.name, PHRASES[one.name][place]) for one in _conditions.offered()]

    def _conditions(self, name: str) -> list[Row]:
        return [Row(row, "", self._operands(f"{name}.{row}")) for row in row_names(self.form.get(f"{name}.rows", ""))]

    def _operands(self, at: str) -> list[Node]:
        """What is chosen, and the fields of whatever can be."""
        days = WEEKDAYS[1 if self.language == "zh" else 0]
        chosen = BY_NAME.get(self.form.get(f"{at}.is", ""), BY_NAME["text"])
        ticked = frozenset(str(one) for one in range(1, 8) if f"{at}.days.{one}" in self.form)
        options = [(str(one), days[one - 1]) for one in range(1, 8)]
        return [
            Node(f"{at}.is", "word", "", value=chosen.name),
            *(Node(f"{at}.{one}", one, "", value=self.form.get(f"{at}.{one}", "")) for one in _OPERANDS),
            Node(f"{at}.days", "days", "", options=options, ticked=ticked),
        ]


_OPERANDS = ("texts", "amount", "number", "day", "text")


def _with(options: list[tuple[str, str]], node: Node) -> list[tuple[str, str]]:
    """The options, an empty one where none need be chosen, and whatever stands there and is not among them."""
    known = {value for value, _ in options}
    empty = [("", "—")] if node.nullable or (node.sort != "words" and not node.value) else []
    strange = [(node.value, node.value)] if node.value and node.value not in known else []
    return [*empty, *options, *strange]


def located(shape: Shape, form: Form, steps: Sequence[str], at: str = "") -> str:
    """The name in a form of what a path such as `limits[0].per` leads to, or of the nearest around it."""
    if not steps:
        return at
    first, rest = steps[0], steps[1:]
    match shape.sort:
        case "record":
            part = next((one for one in shape.parts if one.name == first), None)
            return located(part.shape, form, rest, joined(at, first)) if part else at
        case "kinds":
            chosen = next((one for one in shape.kinds if one.kind == form.get(f"{at}.kind")), None)
            return located(chosen, form, steps, f"{at}.{chosen.kind}") if chosen and first != "kind" else at
        case "list" | "map":
            row = _row(shape, form, first, at)
            return located(shape.each, form, rest, f"{at}.{row}") if row and shape.each else at
        case _:
            return at


def _row(shape: Shape, form: Form, step: str, at: str) -> str | None:
    rows = row_names(form.get(f"{at}.rows", ""))
    if shape.sort == "map":
        return next((row for row in rows if form.get(f"{at}.{row}.key") == step), None)
    return rows[int(step)] if step.isdecimal() and int(step) < len(rows) else None


def rearranged(shape: Shape, form: Form, units: Units, action: str) -> dict[str, str]:
    """A form with a row more, or less, or with its rows in another order: `add limits`, `drop limits.0`, `up tiers.2`."""
    what, _, name = action.partition(" ")
    if what == "add":
        return {**form, **_added(shape, form, units, name)}
    at, _, row = name.rpartition(".")
    rows = row_names(form.get(f"{at}.rows", ""))
    if row not in rows:
        return dict(form)
    place = rows.index(row)
    if what == "drop":
        del rows[place]
    else:
        other = min(max(place + (-1 if what == "up" else 1), 0), len(rows) - 1)
        rows[place], rows[other] = rows[other], rows[place]
    return {**form, f"{at}.rows": ",".join(rows)}


def _added(shape: Shape, form: Form, units: Units, name: str) -> dict[str, str]:
    """A row more, with what is proposed for it."""
    rows, found = row_names(form.get(f"{name}.rows", "")), _shape_at(shape, name.split("."))
    new = next(row for row in _fresh() if row not in rows)
    at = f"{name}.{new}"
    if found is None or (found.each is None and found.sort != "condition"):
        return {}
    proposed = (
        {f"{at}.is": _conditions.CHOICES[0].name} if found.each is None else filled(found.each, NOTHING, units, at)
    )
    key = {f"{at}.key": ""} if found.sort == "map" else {}
    return {**proposed, **key, f"{name}.rows": ",".join([*rows, new])}


def _shape_at(shape: Shape | None, steps: Sequence[str]) -> Shape | None:
    if shape is None or not steps:
        return shape
    step, rest = steps[0], steps[1:]
    match shape.sort:
        case "record":
            return next((_shape_at(one.shape, rest) for one in shape.parts if one.name == step), None)
        case "kinds":
            return next((_shape_at(one, rest) for one in shape.kinds if one.kind == step), None)
        case "list" | "map":
            return _shape_at(shape.each, rest)
        case _:
            return None


def _fresh() -> Iterator[str]:
    yield from (f"n{number}" for number in range(10_000))
