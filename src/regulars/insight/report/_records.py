"""What a report says, as frozen records. Money is in minor units, shares are from 0 to 1."""

from dataclasses import dataclass
from datetime import date

from regulars.insight.exports import Read


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of `of` customers with its 95 % Wilson interval."""

    share: float
    low: float
    high: float
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class Base:
    """The base as a whole."""

    customers: int
    orders: int
    purchase_days: int
    gross_minor: int
    refund_minor: int
    net_minor: int
    repurchase: Rate
    """Customers who bought on more than one day."""


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in a month; revenue is before refunds."""

    month: date
    new: int
    returning: int
    orders: int
    revenue_minor: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Days between a customer's purchases."""

    quarter: int | None
    median: int | None
    three_quarters: int | None
    most: int | None
    """Nine of ten gaps are no longer."""

    bins: tuple[tuple[int, int], ...]
    """(up to so many days, gaps)."""

    within: tuple[tuple[int, Rate], ...]
    """(days, who bought again within them), among customers known for at least as long."""


@dataclass(frozen=True, slots=True)
class CohortRow:
    """Customers of one month, and the share of them who bought in each complete month since; the first is all of them."""

    month: date
    customers: int
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the customers, and the money they brought after refunds."""

    name: str
    customers: int
    spend_minor: int


@dataclass(frozen=True, slots=True)
class Slipping:
    """A customer silent for over twice their own usual gap."""

    customer: str
    purchases: int
    last_day: date
    silent_days: int
    usual_days: float
    yearly_minor: int


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Who is slipping away, and what they spent a year while they came."""

    customers: int
    yearly_minor: int
    first: tuple[Slipping, ...]


@dataclass(frozen=True, slots=True)
class Holdout:
    """Purchase days after the calibration: those that came, those expected, and the mean error per customer."""

    actual: int
    predicted: float
    mae: float


@dataclass(frozen=True, slots=True)
class Model:
    """One fitted model; the time unit is that of the `Lifetime`, money is in whole units of the currency."""

    name: str
    parameters: dict[str, float]
    log_likelihood: float
    identified: bool
    reason: str | None
    holdout: Holdout | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What is still to come of today's customers in the next `days`, before costs; None where the data do not tell."""

    models: tuple[Model, ...]
    recency: Holdout | None
    """What one expects without a model: orders as often as until now."""

    chosen: str | None
    days: int
    expected: Estimate | None
    worth: Estimate | None
    """In minor units, discounted by ten per cent a year."""

    calibrate_until: date | None
    unit: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next, by the name of a sentence, and the figures it rests on."""

    name: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a report says."""

    data: Read
    base: Base
    months: tuple[Month, ...]
    rhythm: Rhythm
    cohorts: tuple[CohortRow, ...]
    rfm: tuple[tuple[int, int, int], ...]
    """(recency, frequency, customers) for all 25 cells."""

    grades: tuple[Group, ...]
    top: tuple[tuple[float, float], ...]
    """(share of the customers, their share of the money), the best customers first."""

    types: tuple[Group, ...]
    weekdays: tuple[int, ...]
    at_risk: AtRisk
    lifetime: Lifetime
    advice: tuple[Advice, ...]
