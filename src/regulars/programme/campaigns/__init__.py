"""Campaigns: rules that hold for some time, for some members, out of a budget.

The invariant: what is left of a campaign's gifts is what its orders still have of it, and what is undone is undone once.

    rules, owners = campaigns.owned(programme.earning, programme.campaigns)
    campaigns.is_open(campaign, moment, "Asia/Shanghai")
    campaigns.conflicts(programme.campaigns, first, last, programme.time_zone)
    campaigns.results(tx, "member_day", since=since, until=until)
"""

from regulars.programme.campaigns._conflicts import Clash, conflicts
from regulars.programme.campaigns._queries import Gift, Given, Result, lessen_gifts, upsert_gifts
from regulars.programme.campaigns._results import CampaignNotFound, Results, expect_known, results
from regulars.programme.campaigns._rules import (
    Campaign,
    Days,
    Kind,
    check_campaigns,
    is_open,
    month_of,
    on,
    open_days,
    owned,
)

__all__ = [
    "Campaign",
    "CampaignNotFound",
    "Clash",
    "Days",
    "Gift",
    "Given",
    "Kind",
    "Result",
    "Results",
    "check_campaigns",
    "conflicts",
    "expect_known",
    "is_open",
    "lessen_gifts",
    "month_of",
    "on",
    "open_days",
    "owned",
    "results",
    "upsert_gifts",
]
