"""What came of a campaign. It is not what the campaign caused: some of these orders would have come without it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.errors import NotFound
from regulars.programme.campaigns import _queries
from regulars.programme.campaigns._queries import Given, Result
from regulars.programme.campaigns._rules import Campaign
from regulars.storage import Transaction


class CampaignNotFound(NotFound):
    """There is no campaign {campaign}, and there was none that gave anything."""


def expect_known(tx: Transaction, campaigns: Collection[Campaign], code: str) -> Campaign | None:
    """The campaign of a code in the programme; None: it is not in it any more, and gave something when it was.

    Raises:
        CampaignNotFound: there never was one that gave anything.
    """
    found = next((one for one in campaigns if one.code == code), None)
    if found is None and not (code.isprintable() and _queries.gave(tx, campaign=code)):
        raise CampaignNotFound(campaign=code)
    return found


@dataclass(frozen=True, slots=True)
class Results:
    """What a campaign gave, to whom, and what they bought."""

    campaign: str
    points: Sequence[Result]
    """By kind of points."""
    orders: int
    members: int
    goods_minor: Sequence[tuple[str, int]]
    """What these orders' goods come to, by currency, returns not taken off."""
    days: Sequence[Given]


def results(
    tx: Transaction,
    campaign: str,
    *,
    zone: str,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 400,
) -> Results:
    """What came of a campaign, of orders placed from `since` on and before `until`; days as the programme counts them."""
    orders, members, goods = _queries.select_reach(tx, campaign=campaign, since=since, until=until)
    return Results(
        campaign,
        _queries.select_results(tx, campaign=campaign, since=since, until=until),
        orders,
        members,
        goods,
        _queries.select_days(tx, campaign=campaign, since=since, until=until, zone=zone, limit=limit),
    )
