"""Which members an address of the directory asks for: read from its query, written back into links, told in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, get_args

from regulars import insight
from regulars.console import _addresses
from regulars.console._language import Language
from regulars.console._visits import Visit
from regulars.insight import Filter, Frame, Scope, Sort

SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
ASCENDING_FIRST: Final[frozenset[Sort]] = frozenset({"name"})
"""What is read from the beginning first; everything else from the most or the latest."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in words, and the address without it."""

    text: str
    href: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for; None does not restrict."""

    search: str | None = None
    tier: str | None = None
    grade: str | None = None
    country: str | None = None
    r: int | None = None
    f: int | None = None
    m: int | None = None
    cohort: date | None = None
    months: int | None = None
    """With a cohort: only its members who bought again so many months later."""
    measure: str | None = None
    start: date | None = None
    end: date | None = None
    """With a measure: the first and the last day of the figure whose members are wanted."""
    sort: Sort = "spend"
    descending: bool = True
    after: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read a query.

        Raises:
            BadAddress: a part of it cannot be understood.
            MeasureNotFound: it names a measure there is not.
        """
        given = {name: text.strip() for name, text in query.items() if text.strip()}
        scores = {name: _addresses.whole(name, given[name], 1, 5) for name in ("r", "f", "m") if name in given}
        sort: Sort = _addresses.one_of("sort", given.get("sort", "spend"), SORTS)
        order = _addresses.one_of("order", given["order"], ("up", "down")) if "order" in given else None
        measure = insight.measure(given["measure"]).name if "measure" in given else None
        return cls(
            search=given.get("q"),
            tier=given.get("tier"),
            grade=_addresses.one_of("grade", given["grade"], insight.GRADES) if "grade" in given else None,
            country=given.get("country"),
            cohort=_addresses.month("cohort", given["cohort"]) if "cohort" in given else None,
            months=_addresses.whole("months", given["months"], 0, 1200) if "months" in given else None,
            measure=measure,
            start=_addresses.day("from", given.get("from", "")) if measure else None,
            end=_addresses.day("to", given.get("to", "")) if measure else None,
            sort=sort,
            descending=order == "down" if order else sort not in ASCENDING_FIRST,
            after=given.get("after"),
            **scores,
        )

    def query(self, **changes: str | None) -> dict[str, str | None]:
        """The query that asks for the same from the beginning, with some of it changed."""
        return {
            "q": self.search,
            "tier": self.tier,
            "grade": self.grade,
            "country": self.country,
            "r": _text(self.r),
            "f": _text(self.f),
            "m": _text(self.m),
            "cohort": self.cohort.strftime("%Y-%m") if self.cohort else None,
            "months": _text(self.months),
            "measure": self.measure,
            "from": _text(self.start),
            "to": _text(self.end),
            "sort": None if self.sort == "spend" and self.descending else self.sort,
            "order": None if self.descending == (self.sort not in ASCENDING_FIRST) else self._order,
        } | changes

    @property
    def _order(self) -> str:
        return "down" if self.descending else "up"

    @property
    def narrowed(self) -> bool:
        """Whether anything restricts."""
        return replace(self, sort="spend", descending=True, after=None) != Wanted()

    def filter(self, frame: Frame, today: date) -> Filter:
        """What the directory has to look for.

        Raises:
            BadScope: the last day of the measure comes before the first.
        """
        among: Sequence[int] | None = None
        if self.measure and self.start and self.end:
            among = insight.members_behind(frame, self.measure, Scope(self.start, self.end + timedelta(days=1)))
        if self.cohort and self.months:
            active = insight.cohort_members(frame, cohort=self.cohort, months=self.months, until=today)
            among = active if among is None else sorted(set(among) & set(active))
        return Filter(
            search=self.search, tier=self.tier, grade=self.grade, country=self.country, r=self.r, f=self.f, m=self.m,
            cohort=self.cohort, among=among,
        )  # fmt: skip


def months(frame: Frame) -> list[date]:
    """The months in which anybody can have bought for the first time, the latest first."""
    if frame.first_day is None or frame.last_day is None:
        return []
    first, last = (day.year * 12 + day.month - 1 for day in (frame.first_day, frame.last_day))
    return [date(count // 12, count % 12 + 1, 1) for count in range(last, first - 1, -1)]


def chips(visit: Visit, wanted: Wanted, tiers: Mapping[str, str]) -> list[Chip]:
    """The filters in words, each with the address without it."""
    words, _ = visit.language, visit.language.gettext
    found: list[Chip] = []

    def add(text: str, *without: str) -> None:
        found.append(Chip(text, wanted.query(**dict.fromkeys(without))))

    if wanted.tier:
        add(_("Tier: %(tier)s") % {"tier": tiers.get(wanted.tier, wanted.tier)}, "tier")
    if wanted.grade:
        add(_("Grade: %(grade)s") % {"grade": grade_name(words, wanted.grade)}, "grade")
    if wanted.country:
        add(words.country(wanted.country), "country")
    for name, text in (("r", _("Recency: %(score)s")), ("f", _("Frequency: %(score)s")), ("m", _("Money: %(score)s"))):
        if score := getattr(wanted, name):
            add(text % {"score": score}, name)
    if wanted.cohort:
        add(_cohort(words, wanted.cohort, wanted.months), "cohort", "months")
    if wanted.measure and wanted.start and wanted.end:
        title = insight.measure(wanted.measure).title.in_(words.tag)
        days = words.span(wanted.start, wanted.end)
        add(_("Behind “%(measure)s”, %(days)s") % {"measure": title, "days": days}, "measure", "from", "to")
    return found


def grade_name(words: Language, grade: str) -> str:
    """What a grade is called."""
    return {"gold": words.gettext("Gold"), "silver": words.gettext("Silver")}.get(grade, words.gettext("Bronze"))


def _cohort(words: Language, cohort: date, months: int | None) -> str:
    if not months:
        return words.gettext("First purchase in %(month)s") % {"month": words.month(cohort)}
    text = words.ngettext(
        "First purchase in %(month)s, bought again %(num)s month later",
        "First purchase in %(month)s, bought again %(num)s months later",
        months,
    )
    return text % {"month": words.month(cohort), "num": months}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
