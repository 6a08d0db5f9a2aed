"""The programme in words: what an order earns, the tiers, how points lapse, and what was published when."""

from dataclasses import dataclass
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Response

from regulars import programme
from regulars.console import _pages, _ranks
from regulars.console._visits import Visit
from regulars.programme import Programme

_EXAMPLE_LINES: Final = ((3, 4.25), (1, 12.99))
"""Pieces, and the price of one in major units: the worked example multiplies and rounds it as an order would be."""


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """A line of the worked example, computed by the programme's own rule."""

    quantity: int
    unit_minor: int
    amount_minor: int
    points: int


@get("/programme", sync_to_thread=True)
def show_programme(visit: NamedDependency[Visit]) -> Response[str]:
    """The programme that holds, and the versions before it."""
    with visit.app.database.transaction(read_only=True) as tx:
        found = _ranks.standing_programme(tx, visit.now)
        if found is None:
            return _pages.page(visit, "programme_empty.html")
        counts, versions = programme.tier_counts(tx), programme.versions(tx)
    earlier = [
        (version, Programme.from_document(version.document, version_id=version.version_id)) for version in versions
    ]
    return _pages.page(
        visit,
        "programme.html",
        programme=found,
        names=_ranks.tier_names(found, visit.language),
        counts=counts,
        versions=earlier,
        example=_example(visit, found),
        times=programme.terms(visit.now, found, told_at=visit.now),
    )


def _example(visit: Visit, found: Programme) -> list[ExampleLine]:
    unit = 10 ** visit.language.digits(found.currency)
    lines: list[ExampleLine] = []
    for quantity, price in _EXAMPLE_LINES:
        each = round(price * unit)
        amount = quantity * each
        lines.append(ExampleLine(quantity, each, amount, programme.points_for(amount, found.earning)))
    return lines
