"""Codes handed out to members, each once, however many ask at the same moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars import facts
from regulars.errors import Conflict
from regulars.programme.coupons import _queries
from regulars.programme.coupons._codes import normal_form
from regulars.programme.coupons._pools import Pool, open_pool_of, watch
from regulars.programme.coupons._queries import Claim
from regulars.programme.coupons._rules import ends_at
from regulars.programme.guesses import CodeUnknown
from regulars.storage import Transaction
from regulars.types import random_id


class PoolEmpty(Conflict):
    """Coupon pool {pool} has no code left: fill it first."""


class CouponUsed(Conflict):
    """A code that ends in {ends_with} has been used: give its use back first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code for a member. The reference is the caller's name for it: the same again is the same code."""

    member_id: int
    reference: str


def claim(tx: Transaction, pool: str, member_id: int, *, reference: str, at: datetime) -> Claim:
    """Hand out a code. See `claim_all`.

    Raises:
        PoolNotFound, PoolClosed: there is no such pool that is open.
        PoolEmpty: it has no code left.
    """
    [given] = claim_all(tx, pool, [Wanted(member_id, reference)], at=at)
    if given is None:
        raise PoolEmpty(pool=pool)
    return given


def claim_all(tx: Transaction, pool: str, wanted: Sequence[Wanted], *, at: datetime) -> list[Claim | None]:
    """Hand out codes of a pool; None for whom none is left. Of a shared pool everybody gets the same code.

    Set-based: the same few statements for one and for a hundred thousand. Facts: `coupon.claimed`, and
    `coupon_pool.ran_low` when that is so from now on.

    Raises:
        PoolNotFound, PoolClosed: there is no such pool that is open.
    """
    found = open_pool_of(tx, pool)
    known = _known(tx, found, wanted)
    new = list(dict.fromkeys(one for one in wanted if one not in known))
    if new:
        known |= _shared(tx, found, new, at) if found.shared else _unique(tx, found, new, at)
        watch(tx, at=at, pool_ids=[found.pool_id])
    return [known.get(one) for one in wanted]


def _known(tx: Transaction, found: Pool, wanted: Sequence[Wanted]) -> dict[Wanted, Claim]:
    claims = _queries.select_claims_by_reference(
        tx,
        pool_id=found.pool_id,
        member_ids=[one.member_id for one in wanted],
        references=[one.reference for one in wanted],
    )
    return {Wanted(one.member_id, one.reference): one for one in claims}


def _unique(tx: Transaction, found: Pool, new: Sequence[Wanted], at: datetime) -> dict[Wanted, Claim]:
    ids = {random_id(): one for one in new}
    taken = _queries.take_codes(tx, pool_id=found.pool_id, claim_ids=list(ids))
    return _keep(tx, found, [(ids[claim_id], claim_id, key, code) for claim_id, key, code in taken], at)


def _shared(tx: Transaction, found: Pool, new: Sequence[Wanted], at: datetime) -> dict[Wanted, Claim]:
    code = _queries.select_shared_code(tx, pool_id=found.pool_id)
    if code is None:
        return {}
    return _keep(tx, found, [(one, random_id(), *code) for one in new], at)


def _keep(
    tx: Transaction, found: Pool, taken: Sequence[tuple[Wanted, int, str, str]], at: datetime
) -> dict[Wanted, Claim]:
    """Note whose the codes are. Where somebody claimed under the same reference in the meantime, theirs counts."""
    ends = ends_at(found.terms, at)
    made = set(
        _queries.insert_claims(
            tx,
            pool_id=found.pool_id,
            claim_ids=[claim_id for _, claim_id, _, _ in taken],
            keys=[key for _, _, key, _ in taken],
            member_ids=[one.member_id for one, _, _, _ in taken],
            references=[one.reference for one, _, _, _ in taken],
            shared=found.shared,
            ends_at=ends,
            at=at,
        )
    )
    given = {
        one: Claim(claim_id, found.pool_id, code, one.member_id, one.reference, at, ends, None, 0)
        for one, claim_id, _, code in taken
        if claim_id in made
    }
    _tell(tx, found, list(given.values()), at)
    lost = [claim_id for _, claim_id, _, _ in taken if claim_id not in made]
    if lost:
        _queries.put_back(tx, claim_ids=lost)
        given |= _known(tx, found, [one for one, claim_id, _, _ in taken if claim_id not in made])
    return given


def _tell(tx: Transaction, found: Pool, given: Sequence[Claim], at: datetime) -> None:
    facts.record(
        tx,
        [
            facts.Fact(
                "coupon.claimed", at, one.member_id, one.claim_id, {"pool": found.code, "ends_with": end(one.code)}
            )
            for one in given
        ],
        at=at,
    )


def end(code: str) -> str:
    """How facts and pages name a code: by its last four characters."""
    return normal_form(code)[-4:]


def claims(
    tx: Transaction, member_id: int, *, before: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Claim]:
    """What a member was given, the latest first; page on with the last one's `(claimed_at, claim_id)` as `before`."""
    return _queries.select_claims_of(tx, member_id=member_id, before=before, limit=limit)


@dataclass(frozen=True, slots=True)
class Coupon:
    """A code, its pool, and whose it is."""

    code: str
    key: str
    pool: Pool
    uses: int
    revoked_at: datetime | None
    member_id: int | None
    claimed_at: datetime | None
    ends_at: datetime | None


def revoke(tx: Transaction, code: str, *, reason: str, by: str, at: datetime) -> None:
    """Let a code be good no more, handed out or not; again changes nothing. Facts: `coupon.revoked`.

    Raises:
        CodeUnknown: there is no such code.
        CouponUsed: it is reserved or was redeemed: that is given back first.
    """
    row = _queries.lock_coupon(tx, key=normal_form(code))
    if row is None:
        raise CodeUnknown
    if row.claim_id is not None and row.uses:
        raise CouponUsed(ends_with=end(row.code))
    if _queries.revoke_coupon(tx, key=row.key, at=at):
        if row.claim_id is not None:
            _queries.revoke_claim(tx, claim_id=row.claim_id, at=at)
        about = {"ends_with": end(row.code), "reason": reason, "by": by}
        facts.record(tx, [facts.Fact("coupon.revoked", at, row.member_id, row.claim_id, about)], at=at)
        watch(tx, at=at, pool_ids=[row.pool_id])
