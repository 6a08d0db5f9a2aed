"""Salons: events with places, sign-ups and check-ins."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from regulars import programme
from regulars.access import Permission
from regulars.api._calls import ApiCall, Call
from regulars.api._campaigns import (
    CallingOff,
    KnownSalon,
    NewCapacity,
    NewCheckIn,
    NewSalon,
    NewSignup,
    PagingOfSalons,
    PagingOfSignups,
    SalonSignup,
)
from regulars.api._paging import Int64, Page, from_cursor, page_of
from regulars.api._routes import creating, reading
from regulars.api._shapes import ImpossibleDate, find_member, sensible
from regulars.insight import BadCursor
from regulars.ledger import AccountFrozen, InsufficientPoints, NotSpendable
from regulars.members import MemberNotFound
from regulars.programme import NoProgramme, salons
from regulars.programme.salons import (
    BadSalon,
    NotSignedUp,
    SalonExists,
    SalonFull,
    SalonNotFound,
    SalonRefused,
    SignupEnded,
    SignupNotFound,
)
from regulars.storage import Transaction
from regulars.types import MalformedId, from_public, to_public

TAG: Final = "Salons"
_TIMES: Final = ("starts_at", "ends_at", "opens_at", "closes_at", "cancel_until")


def _by(call: ApiCall) -> str:
    return to_public("key", call.key.key_id)


def _salon(one: salons.Salon) -> KnownSalon:
    return KnownSalon(
        to_public("sln", one.salon_id), one.code, one.name_en, one.name_zh, one.place, one.starts_at, one.ends_at,
        one.opens_at, one.closes_at, one.cancel_until, one.capacity, one.taken, one.waiting, one.waiting_most, one.price,
        one.reward, one.point_type, one.tiers, one.campaign or None, one.called_off_at, one.called_off_for,
    )  # fmt: skip


def _signup(one: salons.Signup, salon: str) -> SalonSignup:
    return SalonSignup(
        to_public("sgn", one.signup_id), salon, to_public("mem", one.member_id), one.number, one.state,
        salons.shown_key(one.key), one.paid, one.rewarded, one.signed_at, one.booked_at, one.changed_at,
    )  # fmt: skip


def _id_of(signup: str) -> int:
    try:
        return from_public("sgn", signup, field="signup")
    except MalformedId as error:
        raise SignupNotFound(signup=signup) from error


@creating("/salons", tag=TAG, permission=Permission.CONFIGURE, refusals=[BadSalon, SalonExists, ImpossibleDate])
def open_salon(call: Call, data: JSONBody[NewSalon]) -> Response[KnownSalon]:
    """Open a salon for signing up. The same again changes nothing."""

    def work(tx: Transaction, at: datetime) -> KnownSalon:
        for name in _TIMES:
            sensible(name, getattr(data, name))
        given: dict[str, Any] = {
            **msgspec.structs.asdict(data),
            "tiers": tuple(data.tiers),
            "campaign": data.campaign or "",
        }
        return _salon(salons.open_salon(tx, salons.NewSalon(**given), at=at, by=_by(call)))

    return call.write(work)


@reading("/salons", tag=TAG, refusals=[BadCursor, ImpossibleDate])
def list_salons(call: Call, asked: NamedDependency[PagingOfSalons]) -> Response[Page[KnownSalon]]:
    """List salons, the first to start first."""
    place = from_cursor(asked.after, tuple[datetime, Int64])
    sensible("since", asked.since)
    sensible("until", asked.until)

    def work(tx: Transaction) -> Page[KnownSalon]:
        found = salons.salons(tx, since=asked.since, until=asked.until, after=place, limit=asked.limit + 1)
        return page_of(list(found), asked.limit, _salon, lambda last: (last.starts_at, last.salon_id))

    return call.read(work)


@reading("/salons/{salon:str}", tag=TAG, refusals=[SalonNotFound])
def read_salon(call: Call, salon: FromPath[str]) -> Response[KnownSalon]:
    """Read a salon, and how many places are taken."""
    return call.read(lambda tx: _salon(salons.salon_coded(tx, salon)))


@creating(
    "/salons/{salon:str}/capacity",
    tag=TAG,
    permission=Permission.CONFIGURE,
    refusals=[SalonNotFound, SalonRefused, BadSalon],
)
def change_salon_capacity(call: Call, salon: FromPath[str], data: JSONBody[NewCapacity]) -> Response[KnownSalon]:
    """Have more places, or fewer, but not fewer than are taken. Who waits has the new ones, in order."""

    def work(tx: Transaction, at: datetime) -> KnownSalon:
        salon_id = salons.salon_coded(tx, salon).salon_id
        return _salon(salons.change_capacity(tx, salon_id, data.capacity, at=at, by=_by(call)))

    return call.write(work)


@creating(
    "/salons/{salon:str}/calling-off", tag=TAG, permission=Permission.CONFIGURE, refusals=[SalonNotFound, BadSalon]
)
def call_off_salon(call: Call, salon: FromPath[str], data: JSONBody[CallingOff]) -> Response[KnownSalon]:
    """Call a salon off: every place is given up, and the points for it come back. Again changes nothing."""

    def work(tx: Transaction, at: datetime) -> KnownSalon:
        salon_id = salons.salon_coded(tx, salon).salon_id
        return _salon(salons.call_off(tx, salon_id, reason=data.reason, at=at, by=_by(call)))

    return call.write(work)


@creating(
    "/salons/{salon:str}/signups",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[
        SalonNotFound, SalonRefused, SalonFull, MemberNotFound, NoProgramme, InsufficientPoints, AccountFrozen, NotSpendable,
    ],
)  # fmt: skip
def sign_up(call: Call, salon: FromPath[str], data: JSONBody[NewSignup]) -> Response[SalonSignup]:
    """Sign a member up: a place, paid with points, or the waiting list. Who is signed up already keeps what there is."""

    def work(tx: Transaction, at: datetime) -> SalonSignup:
        one = salons.salon_coded(tx, salon)
        holder = programme.holder(tx, find_member(tx, data.member).member_id, at=at)
        return _signup(salons.sign_up(tx, one.salon_id, holder, at=at, by=_by(call)), one.code)

    return call.write(work)


@reading("/salons/{salon:str}/signups", tag=TAG, permission=Permission.RECORD, refusals=[SalonNotFound, BadCursor])
def list_signups(
    call: Call, salon: FromPath[str], asked: NamedDependency[PagingOfSignups]
) -> Response[Page[SalonSignup]]:
    """List who signed up, in the order in which they did."""
    place = from_cursor(asked.after, tuple[int])

    def work(tx: Transaction) -> Page[SalonSignup]:
        one = salons.salon_coded(tx, salon)
        states = (asked.state,) if asked.state else ()
        after = min(max(place[0], 0), 2**31 - 1) if place else 0
        found = salons.signups(tx, one.salon_id, states=states, after=after, limit=asked.limit + 1)
        return page_of(list(found), asked.limit, lambda each: _signup(each, one.code), lambda last: (last.number,))

    return call.read(work)


@creating(
    "/salons/{salon:str}/check-ins",
    tag=TAG,
    permission=Permission.RECORD,
    refusals=[SalonNotFound, SalonRefused, NotSignedUp, SignupEnded, NoProgramme],
)
def check_in(call: Call, salon: FromPath[str], data: JSONBody[NewCheckIn]) -> Response[SalonSignup]:
    """Note that somebody is there, by the ticket; points for it are given once. Again changes nothing."""

    def work(tx: Transaction, at: datetime) -> SalonSignup:
        one = salons.salon_coded(tx, salon)
        return _signup(salons.check_in(tx, one.salon_id, data.ticket, at=at, by=_by(call)), one.code)

    return call.write(work)


@creating(
    "/signups/{signup:str}/cancellation",
    tag=TAG,
    permission=Permission.SPEND,
    refusals=[SignupNotFound, SignupEnded, SalonRefused],
)
def cancel_signup(call: Call, signup: FromPath[str]) -> Response[SalonSignup]:
    """Give a place up, or stop waiting; in time the points come back. The next who waits has the place."""

    def work(tx: Transaction, at: datetime) -> SalonSignup:
        done = salons.cancel(tx, _id_of(signup), at=at, by=_by(call))
        return _signup(done, salons.salon(tx, done.salon_id).code)

    return call.write(work)


@reading("/members/{member:str}/signups", tag=TAG, refusals=[MemberNotFound])
def list_member_signups(call: Call, member: FromPath[str]) -> Response[Page[SalonSignup]]:
    """List a member's last fifty sign-ups, the latest first."""

    def work(tx: Transaction) -> Page[SalonSignup]:
        found = salons.signups_of(tx, find_member(tx, member).member_id)
        codes = {one.salon_id: salons.salon(tx, one.salon_id).code for one in found}
        return Page([_signup(one, codes[one.salon_id]) for one in found], None)

    return call.read(work)


HANDLERS = (
    open_salon, list_salons, read_salon, change_salon_capacity, call_off_salon, sign_up, list_signups, check_in, cancel_signup,
    list_member_signups,
)  # fmt: skip
