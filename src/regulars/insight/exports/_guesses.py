"""What cannot be told from headers: which column is which by what is in it, and how dates and numbers are written."""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from regulars.commerce.connectors import BadProfile
from regulars.insight.exports._headers import MAPPED, by_name
from regulars.insight.exports._records import Column, DateOrder, Dates, How, UnreadableExport

Sample = Mapping[str, Sequence[str | None]]
"""Header → the texts of the first rows."""

_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?!\d)")
_BARE: Final = re.compile(r"((?:19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:\d{6})?")
_SECONDS: Final = re.compile(r"1\d{9}(?:\d{3})?")
_SERIAL: Final = re.compile(r"[234]\d{4}(?:\.\d+)?")
_WORDED: Final = (
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%a %b %d %Y",
    "%d/%b/%Y",
)
NUMBER: Final = re.compile(r"[^\d(+-]{0,4}[-+(]?[^\d(+-]{0,4}\d[\d.,' \u00a0\u202f]*-?\)?\s*[^\d\s]{0,4}")


def columns(
    headers: Sequence[str], given: Mapping[str, str], sample: Sample, *, any_dates: bool = False
) -> tuple[Column, ...]:
    """What each column that is read means: as given, else by its header, else by its content.

    With `any_dates` a column is believed to hold dates that are not written in a way known here.

    Raises:
        BadProfile: a given field or header does not exist.
        UnreadableExport: no column has dates, or none says who bought.
    """
    for field, header in given.items():
        if field not in MAPPED:
            raise BadProfile(field="--map", value=field, remedy=f"map one of {', '.join(MAPPED)}")
        if header not in headers:
            raise BadProfile(field=f"--map {field}", value=header, remedy=f"the file has {', '.join(headers)}")
    found: dict[str, tuple[str, How]] = {field: (header, "given") for field, header in given.items()}
    found |= {field: (header, "name") for field, header in by_name(headers, given).items()}
    _drop_what_it_is_not(found, sample, any_dates=any_dates)
    for field, guess in (("date", _dated), ("customer", _identifying), ("amount", _priced)):
        taken = {header for header, _ in found.values()}
        if field not in found and not (field == "amount" and "price" in found):
            header = guess({name: texts for name, texts in sample.items() if name not in taken})
            found |= {field: (header, "content")} if header else {}
    _require(found, headers)
    return tuple(
        Column(field, found[field][0], found[field][1], next((text for text in sample[found[field][0]] if text), ""))
        for field in MAPPED
        if field in found
    )


def _drop_what_it_is_not(found: dict[str, tuple[str, How]], sample: Sample, *, any_dates: bool) -> None:
    """A header may promise what the column does not hold: days without dates, money without numbers."""
    tests: dict[str, Callable[[str], bool]] = {"amount": _is_number, "price": _is_number, "quantity": _is_number}
    tests |= {} if any_dates else {"date": _is_date}
    for field, holds in tests.items():
        if field in found and found[field][1] == "name":
            texts = [text for text in sample[found[field][0]] if text]
            if sum(map(holds, texts)) < 0.5 * len(texts):
                del found[field]


def _require(found: Mapping[str, object], headers: Sequence[str]) -> None:
    for field, what in (("date", "no column holds dates"), ("customer", "no column says who bought")):
        if field not in found:
            raise UnreadableExport(
                field=field, value="missing",
                remedy=f"{what}; if one does, say which: --map {field}=…; the file has {', '.join(headers)}",
            )  # fmt: skip


def _is_date(text: str) -> bool:
    return bool(
        _YEAR_FIRST.match(text) or _YEAR_LAST.match(text) or _BARE.fullmatch(text) or _SECONDS.fullmatch(text)
    ) or (_worded([text]) is not None or bool(_SERIAL.fullmatch(text)))


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


def _share(texts: Sequence[str | None], holds: Callable[[str], bool]) -> float:
    filled = [text for text in texts if text]
    return sum(map(holds, filled)) / len(filled) if filled else 0.0


def _dated(sample: Sample) -> str | None:
    def written_as_date(text: str) -> bool:
        return bool(_YEAR_FIRST.match(text) or _YEAR_LAST.match(text) or _BARE.fullmatch(text))

    return next((header for header, texts in sample.items() if _share(texts, written_as_date) > 0.9), None)


def _identifying(sample: Sample) -> str | None:
    """The column with the most different values among those that repeat some: an e-mail address before a number."""

    def identifies(text: str) -> bool:
        return re.fullmatch(r"[\w@.+*-]{1,64}", text) is not None and not re.fullmatch(r"-?\d+[.,]\d+", text)

    best, most = None, 1
    for header, texts in sample.items():
        filled = [text for text in texts if text]
        different = len(set(filled))
        if (
            filled
            and _share(filled, identifies) > 0.9
            and different < len(filled)
            and different > max(most, len(filled) // 100)
        ):
            best, most = header, different
    return best


def _priced(sample: Sample) -> str | None:
    """The column with the most numbers that have two decimals."""

    def has_cents(text: str) -> bool:
        return re.fullmatch(r"\D{0,3}-?[\d.,]*\d[.,]\d{2}\D{0,3}", text) is not None

    shares = {header: _share(texts, has_cents) for header, texts in sample.items()}
    best = max(shares, key=lambda header: shares[header], default=None)
    return best if best is not None and shares[best] > 0.5 else None


def decimal_of(texts: Sequence[str | None]) -> Literal[".", ","]:
    """What parts the fraction in a column's numbers: told by those that leave no doubt, or else a point."""
    votes = Counter[str]()
    for text in texts:
        marks = re.findall(r"[.,]", text or "")
        if len(set(marks)) == 2:
            votes[marks[-1]] += 2
        elif len(marks) == 1 and not re.search(r"[.,]\d{3}\D*$", text or ""):
            votes[marks[0]] += 1
        elif len(marks) > 1 or (marks and re.search(r"[1-9]\d{0,2}[.,]\d{3}\D*$", text or "")):
            votes["," if marks[0] == "." else "."] += 0 if len(marks) == 1 else 1
    return "," if votes[","] > votes["."] else "."


def _worded(texts: Sequence[str]) -> str | None:
    """The way of writing dates with the month's name that most texts follow."""
    counted = Counter(
        form for text in texts for form in _WORDED if re.search("[A-Za-z]{3}", text) and _reads(text, form)
    )
    return counted.most_common(1)[0][0] if counted else None


def _reads(text: str, form: str) -> bool:
    words = form.count(" ") + 1
    try:
        datetime.strptime(" ".join(text.split()[:words]), form)  # noqa: DTZ007 - only the day is looked at
    except ValueError:
        return False
    return True


def dates_of(
    texts: Sequence[str | None], *, native: bool, order: DateOrder | None, form: str | None, european: bool
) -> Dates:
    """How a column's dates are written.

    Raises:
        UnreadableExport: in no way that is known.
    """
    filled = [text.strip() for text in texts if text]
    if form:
        return Dates(form, None, ambiguous=False, why="given")
    if native:
        return Dates("date", None, ambiguous=False, why="unambiguous")
    tests = {
        "iso": _YEAR_FIRST.match,
        "slashed": _YEAR_LAST.match,
        "%Y%m%d": _BARE.fullmatch,
        "epoch": _SECONDS.fullmatch,
        "serial": _SERIAL.fullmatch,
    }
    counts = Counter({name: sum(1 for text in filled if test(text)) for name, test in tests.items()})
    best, count = counts.most_common(1)[0]
    worded = _worded(filled[:1000])
    if worded and count < len(filled) / 2:
        return Dates(worded, None, ambiguous=False, why="unambiguous")
    if not count:
        example = filled[0] if filled else ""
        raise UnreadableExport(
            field="date", value=example, remedy="no date is written so; say how they are: --date-format '%d.%m.%Y'"
        )
    return (
        _slashed(filled, order, european=european)
        if best == "slashed"
        else Dates(best, "ymd", ambiguous=False, why="unambiguous")
    )


def _slashed(filled: Sequence[str], order: DateOrder | None, *, european: bool) -> Dates:
    """Dates with the year last: which of the first two numbers is the day."""
    parts = [(int(m[1]), int(m[2]), m[3], text) for text in filled if (m := _YEAR_LAST.match(text))]
    form = "-%Y" if sum(len(year) == 4 for _, _, year, _ in parts) * 2 > len(parts) else "-%y"
    forms: dict[DateOrder, str] = {"dmy": f"%d-%m{form}", "mdy": f"%m-%d{form}"}
    if order == "dmy" or order == "mdy":  # noqa: PLR1714 - narrows the type
        return Dates(forms[order], order, ambiguous=False, why="given")
    firsts, seconds = sum(a > 12 for a, *_ in parts), sum(b > 12 for _, b, *_ in parts)
    if firsts != seconds:
        chosen: DateOrder = "dmy" if firsts > seconds else "mdy"
        return Dates(forms[chosen], chosen, ambiguous=False, why="file")
    falls = {"dmy": _falls([(y, b, a) for a, b, y, _ in parts]), "mdy": _falls([(y, a, b) for a, b, y, _ in parts])}
    if falls["dmy"] != falls["mdy"] and min(falls.values()) < 0.02 * len(parts):
        chosen = "dmy" if falls["dmy"] < falls["mdy"] else "mdy"
        return Dates(forms[chosen], chosen, ambiguous=True, why="sorted")
    dotted = sum("." in text.split(" ")[0] for *_, text in parts) * 2 > len(parts)
    chosen = "dmy" if dotted or european else "mdy"
    return Dates(forms[chosen], chosen, ambiguous=not dotted, why="custom")


def _falls(days: Sequence[tuple[str, int, int]]) -> int:
    """How often the order of rows goes against time; the better of reading down and up."""
    down = sum(later < earlier for earlier, later in itertools.pairwise(days))
    up = sum(later > earlier for earlier, later in itertools.pairwise(days))
    return min(down, up)
