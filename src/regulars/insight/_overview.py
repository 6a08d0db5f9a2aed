"""Everything the overview shows, in one call."""

from dataclasses import dataclass
from datetime import date

from regulars.insight._cohorts import Cohort, cohorts
from regulars.insight._figures import Figure, figures
from regulars.insight._frames import Frame
from regulars.insight._portraits import Distribution, distribution
from regulars.insight._rules import Scope, Step, fitting_step
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Overview:
    """A shop's loyalty at a glance."""

    scope: Scope
    """As asked, with its currency."""

    step: Step
    """What one point of the series covers."""

    figures: tuple[Figure, ...]
    """Every measure, in the order of `measures()`."""

    cohorts: tuple[Cohort, ...]
    """Everyone up to the end of the scope, whatever its start: a cohort's past explains its present."""

    distribution: Distribution
    """Where members stand now, in all shops, whatever the scope."""

    other_currencies: tuple[str, ...]
    """Currencies of purchases that money figures leave out."""

    first_day: date | None
    """The first day with a purchase on record, in any shop."""

    last_day: date | None

    def figure(self, name: str) -> Figure:
        """The figure of that name."""
        return next(each for each in self.figures if each.measure.name == name)


def overview(tx: Transaction, frame: Frame, scope: Scope, *, step: Step | None = None) -> Overview:
    """Everything the overview shows: figures from `frame`, where members stand from `tx`."""
    scope = frame.priced(scope)
    step = step or fitting_step(scope)
    return Overview(
        scope=scope,
        step=step,
        figures=tuple(figures(frame, scope, step=step)),
        cohorts=tuple(cohorts(frame, until=scope.end, shop_id=scope.shop_id, currency=scope.currency)),
        distribution=distribution(tx),
        other_currencies=tuple(each for each in frame.currencies(scope.shop_id) if each != scope.currency),
        first_day=frame.first_day,
        last_day=frame.last_day,
    )
