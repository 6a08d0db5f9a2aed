"""One form of a draft: what it is about, what was written in it, and what is wrong with that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from regulars.console._kinds import Kinds
from regulars.console._language import Language
from regulars.console._remedies import said
from regulars.console.forms import _labels
from regulars.console.forms._documents import code_of, list_of, mapping_of
from regulars.console.forms._nodes import Drawer, Node, Suggestions, located
from regulars.console.forms._paths import path_words
from regulars.console.forms._sections import Section, adapted, item_of, listed, put, sections
from regulars.console.forms._sentences import Teller
from regulars.console.forms._units import Units
from regulars.console.forms._values import Form, filled, read
from regulars.programme import coupons, drafts
from regulars.programme.drafts import NOTHING, Draft, Flaw, Shape, UnreadableText
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Desk:
    """A draft's document, and what its forms need to know besides."""

    draft: Draft
    document: dict[str, Any]
    units: Units
    language: Language
    suggestions: Suggestions

    @classmethod
    def of(cls, tx: Transaction, draft: Draft, language: Language) -> "Desk | None":
        """The desk of a draft; None: its text is no document."""
        document = document_of(draft.text)
        if document is None:
            return None
        kinds = Kinds.read(tx, language)
        units = Units.of(document, kinds)
        return cls(draft, document, units, language, _suggestions(tx, document, kinds, language))

    @property
    def teller(self) -> Teller:
        """Who tells the document's parts in words."""
        return Teller(self.language, self.units, self.suggestions)


def document_of(text: str) -> dict[str, Any] | None:
    """The document in a text, whatever is wrong with it; None: it is none."""
    try:
        found = drafts.read(text).document
    except UnreadableText:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _suggestions(tx: Transaction, document: Mapping[str, Any], kinds: Kinds, language: Language) -> Suggestions:
    tiers = [tier for one in list_of(document.get("tier_sets")) for tier in list_of(mapping_of(one).get("tiers"))]
    codes = dict.fromkeys(["points", *kinds.decimals, *mapping_of(document.get("other_terms"))])
    return {
        "tier": _named(tiers, language),
        "tiers": _named(tiers, language),
        "reward": _named(list_of(document.get("rewards")), language),
        "point_type": {str(code): kinds.name(str(code)) for code in codes},
        "pool": {one.code: one.code for one in coupons.pools(tx)},
    }


def _named(items: Sequence[Any], language: Language) -> dict[str, str]:
    name = "name_zh" if language.short == "zh" else "name_en"
    return {code_of(one): str(mapping_of(one).get(name) or code_of(one)) for one in items if code_of(one)}


@dataclass(frozen=True, slots=True)
class Told:
    """Something that is wrong: where in the form, and what would do."""

    name: str
    """The field's name in the form; empty: none has it."""

    label: str
    remedy: str
    translated: bool


@dataclass(frozen=True, slots=True)
class Editing:
    """A form over a part of a draft."""

    desk: Desk
    section: Section
    place: int | None
    """Of a list, which of its things; None: a new one, or the section is no list."""

    shape: Shape
    raw: Any
    form: Form

    @classmethod
    def of(cls, desk: Desk, section: Section, place: int | None, form: Form | None = None) -> "Editing":
        """The form as it was sent, or else as it is first shown."""
        raw = item_of(desk.document, section, place)
        shape = adapted(section.shape, raw, desk.suggestions) if section.is_list else section.shape
        return cls(desk, section, place, shape, raw, filled(shape, raw, desk.units) if form is None else form)

    @property
    def document(self) -> dict[str, Any]:
        """The document with what the form says."""
        value = read(self.shape, self.raw, self.form, self.desk.units)
        return put(self.desk.document, self.section, self.place, {} if value is NOTHING else value)

    @property
    def groups(self) -> list[tuple[str, list[Node]]]:
        """The fields under their headings."""
        language = self.desk.language.short
        drawer = Drawer(self.form, self.desk.units, language, self.desk.suggestions)
        nodes = {node.name.rpartition(".")[2]: node for node in drawer.parts(self.shape, "")}
        if not self.section.is_list:
            return [("", list(nodes.values()))]
        found: list[tuple[str, list[Node]]] = []
        for english, chinese, names in _labels.LAYOUT.get(self.shape.record, ()):
            fields = [nodes.pop(name) for name in names if name in nodes]
            found.append((chinese if language == "zh" else english, fields))
        return [*found, ("", list(nodes.values()))] if nodes else found

    def wrong(self, flaws: Sequence[Flaw], before: Sequence[Flaw]) -> list[Told]:
        """Of what is wrong with the document with this form in it, what the form is about, or has brought."""
        old = {(one.field, one.remedy) for one in before}
        prefix = [self.section.name, str(self._index)] if self.section.is_list else []
        found: list[Told] = []
        for flaw in flaws:
            steps = list(drafts.steps(flaw.field))
            own = steps[: len(prefix)] == prefix if prefix else steps[:1] and steps[0] in self.section.parts
            if own:
                found.append(self._told(flaw, located(self.shape, self.form, steps[len(prefix) :])))
            elif (flaw.field, flaw.remedy) not in old:
                found.append(self._told(flaw, ""))
        return found

    @property
    def _index(self) -> int:
        return len(listed(self.desk.document, self.section)) if self.place is None else self.place

    def _told(self, flaw: Flaw, name: str) -> Told:
        remedy, translated = said(flaw.remedy, self.desk.language.short)
        field = next(reversed([one for one in name.split(".") if not one.isdecimal()]), "")
        language = self.desk.language.short
        named = path_words(flaw.field, self.document, language)
        label = _labels.label(self.shape.record, field, language) if field and "." not in name else named
        return Told(name, label, remedy, translated)


def summary(desk: Desk) -> list[tuple[str, str, list[str]]]:
    """What a draft says, section by section: what it is called in addresses and in words, and its things in words."""
    found: list[tuple[str, str, list[str]]] = []
    for one in sections().values():
        name = _labels.section(one.name, desk.language.short)
        if one.is_list:
            said = [_headline(desk, one, item, place) for place, item in enumerate(listed(desk.document, one))]
        else:
            said = desk.teller.fields(one.shape, Editing.of(desk, one, None).form)
        found.append((one.name, name, said))
    return found


def _headline(desk: Desk, section: Section, item: Any, place: int) -> str:
    lines = desk.teller.lines(section.name, section.shape, item)
    return f"{desk.teller.title(item, place)} · {lines[0]}" if lines else desk.teller.title(item, place)
