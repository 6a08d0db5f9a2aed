"""Signing up, giving a place up, and being there: each with the salon locked, so that no place is given twice."""

from collections.abc import Sequence
from datetime import datetime

from regulars import facts, ledger
from regulars.errors import Conflict, NotFound
from regulars.ledger import Posting
from regulars.programme import _activities
from regulars.programme._postings import post
from regulars.programme._rules import moments
from regulars.programme._versions import current
from regulars.programme.coupons import new_codes, normal_form
from regulars.programme.rewards import Holder
from regulars.programme.salons import _queries
from regulars.programme.salons._queries import Salon, Signup, State
from regulars.programme.salons._rules import shown_key
from regulars.storage import Transaction
from regulars.types import random_id, to_public

_CHARACTERS = 10
_AT_ONCE = 500


class SalonNotFound(NotFound):
    """There is no salon {salon}."""


class SignupNotFound(NotFound):
    """There is no sign-up {signup}."""


class NotSignedUp(NotFound):
    """Nobody who has a place at salon {salon} has the code {code!r}."""


class SalonRefused(Conflict):
    """Salon {salon} cannot be had: {why}."""


class SalonFull(Conflict):
    """Salon {salon} is full, and so is its waiting list."""


class SignupEnded(Conflict):
    """Sign-up {signup} is {state}: {remedy}."""


def locked(tx: Transaction, salon_id: int, at: datetime) -> Salon:
    """A salon that is still to come, locked.

    Raises:
        SalonNotFound: there is none.
        SalonRefused: it was called off, or is over.
    """
    _queries.lock_salon(tx, salon_id=salon_id)
    one = _queries.select_salon(tx, salon_id=salon_id)
    if one is None:
        raise SalonNotFound(salon=to_public("sln", salon_id))
    if one.called_off_at is not None:
        raise SalonRefused(salon=one.code, why="it was called off")
    if at >= one.ends_at:
        raise SalonRefused(salon=one.code, why="it is over")
    return one


def sign_up(tx: Transaction, salon_id: int, holder: Holder, *, at: datetime, by: str) -> Signup:
    """Sign a member up: a place, paid with points, or the waiting list. Who is signed up already keeps what there is.

    Facts: `signup.booked` or `signup.waiting`, and those of the points.

    Raises:
        SalonNotFound: there is none.
        SalonRefused: it was called off, is over or closed, or is not for this member.
        SalonFull: nobody may wait any more.
        InsufficientPoints, AccountFrozen, NotSpendable: the place cannot be paid; nothing was booked.
    """
    one = locked(tx, salon_id, at)
    before = _queries.select_standing(tx, salon_id=salon_id, member_id=holder.member_id)
    if before is not None:
        return before
    _may(one, holder, at)
    free = one.taken < one.capacity
    if not free and one.waiting >= one.waiting_most:
        raise SalonFull(salon=one.code)
    signup_id = random_id()
    if free and one.price:
        paying = _paying(one, signup_id, holder.member_id, at)
        ledger.spend(
            tx, holder.member_id, one.price, reference=paying.reference, at=at, reason=paying.reason, point_type=one.point_type
        )  # fmt: skip
    key = str(new_codes(1, prefix="", characters=_CHARACTERS).column("key")[0])
    state: State = "booked" if free else "waiting"
    _queries.insert_signup(
        tx, signup_id=signup_id, salon_id=salon_id, member_id=holder.member_id, state=state, key=key,
        paid=one.price if free else 0, at=at,
    )  # fmt: skip
    if free:
        _queries.update_taken(tx, salon_id=salon_id, more=1)
    new = signup(tx, signup_id)
    facts.record(tx, [_fact(state, one, new, by, at)], at=at)
    return new


def _may(one: Salon, holder: Holder, at: datetime) -> None:
    if at < one.opens_at:
        raise SalonRefused(salon=one.code, why=f"signing up begins at {one.opens_at.isoformat()}")
    if at >= one.closes_at:
        raise SalonRefused(salon=one.code, why=f"signing up ended at {one.closes_at.isoformat()}")
    if one.tiers and holder.tiers.isdisjoint(one.tiers):
        raise SalonRefused(salon=one.code, why=f"it is for {', '.join(one.tiers)}")


def _paying(one: Salon, signup_id: int, member_id: int, at: datetime) -> Posting:
    name = to_public("sgn", signup_id)
    return Posting("spend", member_id, one.price, f"{name}/1", at, reason=one.name_en, point_type=one.point_type)


def _paying_back(one: Salon, given_up: Signup, at: datetime) -> Posting:
    name = to_public("sgn", given_up.signup_id)
    return Posting(
        "reverse_spend",
        given_up.member_id,
        given_up.paid,
        f"{name}/2",
        at,
        reverses=f"{name}/1",
        point_type=one.point_type,
    )


def cancel(tx: Transaction, signup_id: int, *, at: datetime, by: str) -> Signup:
    """Give a place up, or stop waiting; in time the points come back. The next who waits has the place. Again it changes nothing.

    Facts: `signup.cancelled`, `signup.booked`, and those of the points.

    Raises:
        SignupNotFound: there is none.
        SignupEnded: the member was there.
        SalonRefused: the salon is over.
    """
    known = signup(tx, signup_id)
    if known.state == "cancelled":
        return known
    one = locked(tx, known.salon_id, at)
    known = signup(tx, signup_id)
    if known.state == "attended":
        raise SignupEnded(
            signup=to_public("sgn", signup_id), state="attended", remedy="who was there stays on the list"
        )
    if known.state == "cancelled":
        return known
    in_time = at < one.cancel_until
    if known.paid and in_time:
        _post(tx, [_paying_back(one, known, at)], at)
    _queries.update_signups(
        tx, signup_ids=[signup_id], state="cancelled", paid=[0 if in_time else known.paid], rewarded=[0], at=at
    )
    told = _fact("cancelled", one, known, by, at, returned=known.paid if in_time else 0)
    facts.record(tx, [told], at=at)
    if known.state == "booked":
        _queries.update_taken(tx, salon_id=one.salon_id, more=-1)
        promote(tx, one.salon_id, at)
    return signup(tx, signup_id)


def promote(tx: Transaction, salon_id: int, at: datetime) -> int:
    """Give free places to those who wait, in order; who cannot pay now goes on waiting. The salon is locked. Facts: `signup.booked`."""
    one = _queries.select_salon(tx, salon_id=salon_id)
    if one is None or at >= one.starts_at:
        return 0
    free, booked, after = one.capacity - one.taken, list[Signup](), 0
    while len(booked) < free:
        waiting = _queries.select_signups(
            tx, salon_id=salon_id, states=["waiting"], after=after, limit=free - len(booked)
        )
        if not waiting:
            break
        after = waiting[-1].number
        booked += _paid(tx, one, waiting, at)
    if not booked:
        return 0
    ids, prices = [each.signup_id for each in booked], [one.price] * len(booked)
    _queries.update_signups(tx, signup_ids=ids, state="booked", paid=prices, rewarded=[0] * len(ids), at=at)
    _queries.update_taken(tx, salon_id=salon_id, more=len(booked))
    facts.record(tx, [_fact("booked", one, each, "regulars", at, waited=True) for each in booked], at=at)
    return len(booked)


def _paid(tx: Transaction, one: Salon, waiting: Sequence[Signup], at: datetime) -> list[Signup]:
    """Those who could pay, and have."""
    if not one.price:
        return list(waiting)
    outcomes = _activities.post(tx, [_paying(one, each.signup_id, each.member_id, at) for each in waiting], at=at)
    return [each for each, outcome in zip(waiting, outcomes, strict=True) if outcome.status in {"posted", "replayed"}]


def cancel_all(tx: Transaction, one: Salon, at: datetime, by: str) -> None:
    """Give up every place of a salon that was called off, in lots; it is locked."""
    after = 0
    while found := _queries.select_signups(
        tx, salon_id=one.salon_id, states=["booked", "waiting"], after=after, limit=_AT_ONCE
    ):
        after = found[-1].number
        _post(tx, [_paying_back(one, each, at) for each in found if each.paid], at)
        _queries.update_signups(
            tx, signup_ids=[each.signup_id for each in found], state="cancelled", paid=[0] * len(found),
            rewarded=[0] * len(found), at=at,
        )  # fmt: skip
        facts.record(tx, [_fact("cancelled", one, each, by, at, returned=each.paid) for each in found], at=at)


def check_in(tx: Transaction, salon_id: int, code: str, *, at: datetime, by: str) -> Signup:
    """Note that somebody is there, by the code on the ticket, however it was typed; again it changes nothing.

    Facts: `signup.attended`, and those of the points.

    Raises:
        SalonNotFound: there is none.
        SalonRefused: it was called off, or is over.
        NotSignedUp: the code is no place's here.
        SignupEnded: the place was given up, or never had.
    """
    one = locked(tx, salon_id, at)
    known = _queries.select_by_key(tx, salon_id=salon_id, key=normal_form(code)[:64])
    if known is None:
        raise NotSignedUp(salon=one.code, code=code)
    if known.state == "attended":
        return known
    if known.state != "booked":
        remedy = "let the member sign up anew" if known.state == "cancelled" else "there was no place for who waits"
        raise SignupEnded(signup=to_public("sgn", known.signup_id), state=known.state, remedy=remedy)
    if one.reward:
        _post(tx, [_rewarding(tx, one, known, at)], at)
    _queries.update_signups(
        tx, signup_ids=[known.signup_id], state="attended", paid=[known.paid], rewarded=[one.reward], at=at
    )
    facts.record(tx, [_fact("attended", one, known, by, at)], at=at)
    return signup(tx, known.signup_id)


def _rewarding(tx: Transaction, one: Salon, known: Signup, at: datetime) -> Posting:
    """The points for who was there, as long as others of their kind last."""
    now = current(tx, at=at)
    matures, expires = moments(at, now.terms_of(one.point_type), now.time_zone, told_at=at)
    return Posting(
        "earn", known.member_id, one.reward, f"{to_public('sgn', known.signup_id)}/3", at, expires, matures,
        reason=one.name_en, point_type=one.point_type,
    )  # fmt: skip


def _post(tx: Transaction, postings: list[Posting], at: datetime) -> None:
    """Post what nothing can be in the way of.

    Raises:
        PostingRefused: the ledger says otherwise.
    """
    if postings:
        post(tx, postings, at)


def signup(tx: Transaction, signup_id: int) -> Signup:
    """One sign-up.

    Raises:
        SignupNotFound: there is none.
    """
    found = _queries.select_signup(tx, signup_id=signup_id)
    if found is None:
        raise SignupNotFound(signup=to_public("sgn", signup_id))
    return found


def signups(
    tx: Transaction, salon_id: int, *, states: Sequence[State] = (), after: int = 0, limit: int = 50
) -> Sequence[Signup]:
    """Sign-ups of a salon in the order in which they came; page on with the last one's number."""
    return _queries.select_signups(tx, salon_id=salon_id, states=list(states), after=after, limit=limit)


def signups_of(tx: Transaction, member_id: int, *, limit: int = 50) -> Sequence[Signup]:
    """A member's sign-ups, the latest first."""
    return _queries.select_of_member(tx, member_id=member_id, limit=limit)


def _fact(what: str, one: Salon, of: Signup, by: str, at: datetime, **more: object) -> facts.Fact:
    about = {"salon": one.code, "ticket": shown_key(of.key), "by": by, **more}
    return facts.Fact(f"signup.{what}", at, of.member_id, of.signup_id, about)
