"""Points that live by activity: whoever is active keeps all they hold for longer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from regulars.ledger import _queries, joined
from regulars.ledger._postings import post
from regulars.ledger._rules import NEVER, Posting, account_id
from regulars.storage import Transaction


@dataclass(frozen=True, slots=True)
class Active:
    """A member's account was active."""

    member_id: int
    seq: int
    """The entry that was the activity, in the account where it was posted. Each extends once: name one entry once."""

    until: datetime
    """How long its points live now."""


def slide(tx: Transaction, active: Sequence[Active], *, at: datetime, point_type: str = "points") -> int:
    """Let what active accounts hold live until then, where it would expire sooner; how many accounts that moved.

    Call it in the transaction that posted the activities. Each account is named once. Of members who
    share points it is all that they share, and the longest of them holds. It costs two queries, and where lots
    move one batch of entries (13, extend), each named after its activity: `@slide:7`. Nothing is ever shortened; what is
    pending, held or expired stays as it is.

    Facts: `points.extended`.
    """
    accounts = [account_id(one.member_id, point_type) for one in active]
    homes = joined.select_homes(tx, account_ids=accounts)
    named: dict[int, Active] = {}
    for one, account in zip(active, accounts, strict=True):
        home = homes.get(account)
        where, whose = (account, one) if home is None else (home.home, replace(one, member_id=home.owner))
        if where not in named or named[where].until < one.until:
            named[where] = whose
    untils = [(account, min(one.until, NEVER)) for account, one in named.items()]
    moving = _queries.select_sooner(tx, untils=untils)
    postings = [
        Posting("slide", one.member_id, 0, f"@slide:{one.seq}", at, until, point_type=point_type)
        for one, (account, until) in zip(named.values(), untils, strict=True)
        if account in moving
    ]
    return sum(outcome.status == "posted" for outcome in post(tx, postings, at=at))
