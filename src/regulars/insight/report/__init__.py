"""What an export of orders says about its customers, as frozen records; doors draw and word them.

The invariant: every figure is computed from the days of one export, and every piece of advice carries the figures it rests on.

    with read_export(Path("orders.csv")) as export:
        found = findings(export)
    print(found.base.repurchase, found.at_risk.customers, found.advice)
"""

from regulars.insight.report._findings import findings, rate
from regulars.insight.report._records import (
    Advice,
    AtRisk,
    Base,
    CohortRow,
    Estimate,
    Findings,
    Group,
    Holdout,
    Lifetime,
    Model,
    Month,
    Rate,
    Rhythm,
    Slipping,
)

__all__ = [
    "Advice",
    "AtRisk",
    "Base",
    "CohortRow",
    "Estimate",
    "Findings",
    "Group",
    "Holdout",
    "Lifetime",
    "Model",
    "Month",
    "Rate",
    "Rhythm",
    "Slipping",
    "findings",
    "rate",
]
