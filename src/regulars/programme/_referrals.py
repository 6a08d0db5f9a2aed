"""What follows for referrals when members join, buy and send back; and the versions' terms for them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from regulars.programme import referrals, rewards
from regulars.programme._rewards import shelf
from regulars.programme._rules import Programme
from regulars.programme._versions import by_version, current, in_force
from regulars.programme.referrals import Terms, graph
from regulars.programme.rewards import NewGift
from regulars.storage import Transaction


def _terms(one: Programme) -> Terms:
    return Terms(one.version_id, one.referral, one.currency, one.time_zone, one.expiry)


def referral_terms(tx: Transaction, *, at: datetime) -> Terms:
    """What holds for referrals at a moment.

    Raises:
        NoProgramme: no programme holds and there is no shop to make one for.
    """
    return _terms(current(tx, at=at))


def referral_terms_of(tx: Transaction, version_ids: Collection[int]) -> dict[int, Terms]:
    """What some versions say about referrals, by their number."""
    return {number: _terms(one) for number, one in by_version(tx, version_ids).items()}


def refer(
    tx: Transaction, member_ids: Sequence[int], *, key: bytes | None, at: datetime, note: Sequence[int] = ()
) -> int:
    """Weigh who brought some members, and give what that comes to; how many were brought by another than was known.

    With a key, the addresses and numbers of those to `note` are taken into the graph first. It costs one small query where
    the programme has no referrals.
    """
    terms = _terms(in_force(tx, at=at))
    if not member_ids or terms.referral is None:
        return 0
    if key is not None and note:
        graph.note_members(tx, sorted(set(note)), key=key)
    if not referrals.any_touch(tx):
        return 0
    changed = referrals.attribute(tx, member_ids, terms, terms_of=referral_terms_of, at=at)
    counting = [one.referral_id for one in changed if one.state != "refused"]
    if counting:
        referrals.reward(tx, counting, terms_of=referral_terms_of, at=at)
    return len(changed)


def reward_referrals(tx: Transaction, order_ids: Sequence[int], *, at: datetime) -> int:
    """Give what orders of friends come to, on both sides; how many referrals were given something."""
    if not referrals.any_touch(tx):
        return 0
    found = referrals.select_referrals_of_orders(tx, order_ids=list(order_ids))
    return referrals.reward(tx, found, terms_of=referral_terms_of, at=at) if found else 0


def hand_over_referrals(tx: Transaction, *, at: datetime, limit: int = 1000) -> int:
    """Hand over the rewards for referrals whose return window is over, or note that they are owed; how many were due."""
    if not referrals.any_touch(tx):
        return 0

    def give(tx: Transaction, member_id: int, code: str, *, reference: str, at: datetime) -> object:
        new = NewGift(member_id, code, reference, "referral", "Referral")
        return rewards.give_or_owe(tx, shelf(tx, at=at), new, at=at, by="regulars")

    return referrals.hand_over_due(tx, give, at=at, limit=limit)


def undo_referrals(tx: Transaction, order_ids: Sequence[int] = (), *, returns: Sequence[int] = (), at: datetime) -> int:
    """Take back what orders gave for referrals, as far as they were cancelled or came back; how many gifts."""
    if not referrals.any_touch(tx):
        return 0
    orders = {*order_ids, *(referrals.select_orders_of_returns(tx, return_ids=list(returns)) if returns else ())}
    return referrals.settle(tx, sorted(orders), terms_of=referral_terms_of, at=at)
