"""Tiers in figures: how many have each, who is about to lose theirs, how many came and went.

The invariant: figures are counted from standings and from what was told of them, never kept beside.

    figures.distribution(tx, "main")           # {'bronze': 4106, 'silver': 181, 'gold': 26}
    figures.at_risk(tx, "main", limit=50)
    figures.flows(tx, "main", since=last_year, until=now, zone="Europe/London")
"""

from regulars.programme.tiers.figures._queries import AtRisk, Flow, at_risk, count_at_risk, distribution, flows, main

__all__ = ["AtRisk", "Flow", "at_risk", "count_at_risk", "distribution", "flows", "main"]
