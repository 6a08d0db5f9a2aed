"""Tiers that were given: by hand, as they were, and those that a programme sells, as its orders would have bought them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from regulars.insight.engine import Session
from regulars.insight.what_if._histories import History
from regulars.ledger import Span
from regulars.programme import Programme, tiers
from regulars.programme.expressions import text
from regulars.programme.tiers import Grant


def with_bought(session: Session, programme: Programme, history: History) -> Mapping[int, Sequence[Grant]]:
    """All tiers given, by member: by hand, and by products that a programme sells them with."""
    here = set(session.ask("select member_id from here_people")["member_id"].to_pylist())
    grants = defaultdict(list, {member_id: list(own) for member_id, own in history.grants.items() if member_id in here})
    sold = {
        tier.membership.sku: (one.code, tier.code, tier.membership.lasts)
        for one in programme.tier_sets
        for tier in one.tiers
        if tier.membership
    }
    if sold:
        for row in _bought(session, list(sold)):
            grants[row["member_id"]] += _given(row, sold[row["sku"]], grants[row["member_id"]], programme.time_zone)
    return grants


def _bought(session: Session, skus: Sequence[str]) -> list[dict[str, Any]]:
    """Lines with such products in order of time, and when how many pieces of each came back."""
    return session.ask(
        "select b.member_id, b.order_id, b.paid_at, l.line_no, l.sku, l.quantity,"
        " list({came_at: r.returned_at, quantity: r.quantity} order by r.step) filter (r.step is not null) as back"
        " from bought_lines l join bought b using (order_id) left join back_lines r"
        " on r.order_id = l.order_id and r.line_no = l.line_no"
        f" where l.sku in ({', '.join(map(text, skus))}) group by all"
        " order by b.member_id, b.paid_at, b.order_id, l.line_no"
    ).to_pylist()


_numbers = count(-1, -1)


def _given(row: Mapping[str, Any], sold: tuple[str, str, Span], had: Sequence[Grant], zone: str) -> list[Grant]:
    """One membership for each piece, one after the other; the last ones end when pieces come back."""
    set_code, tier, lasts = sold
    came: Sequence[Mapping[str, Any]] = row["back"] or ()
    ended: list[datetime] = [back["came_at"] for back in came for _ in range(back["quantity"])]
    begins = max(
        [row["paid_at"]]
        + [one.until for one in had if (one.set_code, one.tier, one.kind) == (set_code, tier, "membership") and one.until > row["paid_at"]]
    )  # fmt: skip
    made: list[Grant] = []
    for piece in range(row["quantity"]):
        ends = tiers.whole(lasts, begins, zone)
        ended_at = next((at for at in ended[row["quantity"] - 1 - piece :][:1] if at < ends), None)
        made.append(
            Grant(
                next(_numbers), row["member_id"], set_code, tier, "membership", begins, ends, "", row["paid_at"], "regulars",
                "approved", row["paid_at"], "regulars", None, ended_at, "regulars" if ended_at else None, None,
            )
        )  # fmt: skip
        begins = ends
    return made
