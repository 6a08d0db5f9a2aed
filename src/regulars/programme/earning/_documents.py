"""Reading the rules of a document, and those a new shop starts with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from regulars.programme._refusals import BadProgramme
from regulars.programme.earning._rules import Challenge, Limit, Rule, Streak, Terms

_INSIDE: Final[Mapping[str, type[Any]]] = {"limits": Limit, "terms": Terms, "challenge": Challenge, "streak": Streak}


def refuse_unknown(documents: Sequence[Any], section: str = "earning") -> None:
    """Refuse fields that rules do not have: msgspec would pass over them, and a misspelt limit would limit nothing.

    Raises:
        BadProgramme: names the first, and what there is.
    """
    for place, document in enumerate(documents):
        _known(document, Rule, f"{section}[{place}]")
        for name, record in _INSIDE.items():
            inner: Any = document.get(name)
            if name == "limits":
                for number, one in enumerate(inner or ()):
                    _known(one, record, f"{section}[{place}].{name}[{number}]")
            elif inner is not None:
                _known(inner, record, f"{section}[{place}].{name}")


def _known(document: Mapping[str, Any], record: type[Any], path: str) -> None:
    names = [field.name for field in fields(record)]
    for name in sorted(set(document).difference(names)):
        raise BadProgramme(field=f"{path}.{name}", value=document[name], remedy=f"there is {', '.join(names)}")


def proportional(points: int = 1, per_minor: int = 10, **more: Any) -> Rule:
    """So many points for every full `per_minor` of each line of goods: the rule a new shop starts with."""
    amount = "line.amount_minor" if points == 1 else f"line.amount_minor * {points}"
    return Rule("goods", "Goods", "商品", f"{amount} / {per_minor}", **more)


_PROPORTIONAL: Final = re.compile(r"line\.amount_minor(?: \* (\d+))? / (\d+)")


def proportion(rule: Rule) -> tuple[int, int] | None:
    """How many points for every how many minor units, of a rule that says no more than that."""
    found = _PROPORTIONAL.fullmatch(rule.points)
    plain = Rule(rule.code, rule.name_en, rule.name_zh, rule.points)
    return (int(found[1] or 1), int(found[2])) if found and rule == plain else None
