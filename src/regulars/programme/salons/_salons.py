"""Opening salons, giving them more places, and calling them off."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from regulars import facts
from regulars.errors import Conflict
from regulars.programme.salons import _queries, _signups
from regulars.programme.salons._queries import Salon
from regulars.programme.salons._rules import MOST_PLACES, BadSalon, NewSalon, check_salon
from regulars.programme.salons._signups import SalonNotFound
from regulars.storage import Transaction
from regulars.types import stable_id, to_public


class SalonExists(Conflict):
    """There is another salon {code} already: give this one a code of its own."""


def open_salon(tx: Transaction, new: NewSalon, *, at: datetime, by: str) -> Salon:
    """Open a salon for signing up; the same again changes nothing. Facts: `salon.opened`.

    Raises:
        BadSalon: it cannot be so.
        SalonExists: its code is another one's.
    """
    check_salon(new)
    salon_id = stable_id("salon", new.code)
    terms = asdict(new) | {
        "opens_at": new.opens_at or at,
        "closes_at": new.closes_at or new.starts_at,
        "cancel_until": new.cancel_until or new.starts_at,
        "tiers": list(new.tiers),
    }
    if not _queries.insert_salon(tx, salon_id=salon_id, terms=terms, at=at, by=by):
        return _as_before(tx, salon_id, terms, fixed=new.opens_at is not None)
    one = salon(tx, salon_id)
    facts.record(tx, [_fact("opened", one, by, at)], at=at)
    return one


def _as_before(tx: Transaction, salon_id: int, terms: Mapping[str, object], *, fixed: bool) -> Salon:
    known = salon(tx, salon_id)
    differs = [name for name, value in terms.items() if getattr(known, name) != value and (fixed or name != "opens_at")]
    if differs:
        raise SalonExists(code=known.code)
    return known


def salon(tx: Transaction, salon_id: int) -> Salon:
    """One salon.

    Raises:
        SalonNotFound: there is none.
    """
    found = _queries.select_salon(tx, salon_id=salon_id)
    if found is None:
        raise SalonNotFound(salon=to_public("sln", salon_id))
    return found


def salon_coded(tx: Transaction, code: str) -> Salon:
    """The salon of a code.

    Raises:
        SalonNotFound: there is none.
    """
    found = _queries.select_salon(tx, salon_id=stable_id("salon", code))
    if found is None:
        raise SalonNotFound(salon=code)
    return found


def salons(
    tx: Transaction,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 50,
) -> Sequence[Salon]:
    """Salons that end after `since` and start before `until`, the first to start first; page on with `(starts_at, salon_id)`."""
    return _queries.select_salons(tx, since=since, until=until, after=after, limit=limit)


def by_day(tx: Transaction, days: Sequence[date], zone: str) -> dict[date, list[Salon]]:
    """The salons of some days that follow one another, at most five hundred; those called off are left out."""
    first = datetime.combine(days[0], time(), ZoneInfo(zone))
    last = datetime.combine(days[-1] + timedelta(days=1), time(), ZoneInfo(zone))
    found: dict[date, list[Salon]] = {}
    for one in _queries.select_salons(tx, since=first, until=last, after=None, limit=500):
        begins, ends = (each.astimezone(ZoneInfo(zone)).date() for each in (one.starts_at, one.ends_at))
        for day in days:
            if begins <= day <= ends and one.called_off_at is None:
                found.setdefault(day, []).append(one)
    return found


def change_capacity(tx: Transaction, salon_id: int, capacity: int, *, at: datetime, by: str) -> Salon:
    """Have more places, or fewer, but not fewer than are taken; who waits has the new ones, in order. Facts: `salon.resized`.

    Raises:
        BadSalon: more are taken.
        SalonNotFound, SalonRefused: there is none; it was called off, or is over.
    """
    one = _signups.locked(tx, salon_id, at)
    taken = one.taken
    if not max(taken, 1) <= capacity <= MOST_PLACES:
        raise BadSalon(field="capacity", value=capacity, remedy=f"give {max(taken, 1)} to {MOST_PLACES}")
    _queries.update_capacity(tx, salon_id=salon_id, capacity=capacity)
    facts.record(tx, [_fact("resized", one, by, at, capacity=capacity)], at=at)
    _signups.promote(tx, salon_id, at)
    return salon(tx, salon_id)


def call_off(tx: Transaction, salon_id: int, *, reason: str, at: datetime, by: str) -> Salon:
    """Call a salon off: every place is given up, and what was paid for it comes back. Again it changes nothing.

    Facts: `salon.called_off`, `signup.cancelled`.

    Raises:
        BadSalon: no reason is said, or it is over.
        SalonNotFound: there is none.
    """
    if not 0 < len(reason.strip()) <= 200:
        raise BadSalon(field="reason", value=reason, remedy="say why, in 1 to 200 characters")
    if not _queries.lock_salon(tx, salon_id=salon_id):
        raise SalonNotFound(salon=to_public("sln", salon_id))
    if (ended := salon(tx, salon_id)).ends_at <= at and ended.called_off_at is None:
        raise BadSalon(field="salon", value=ended.code, remedy="it is over: give points back member by member")
    if not _queries.set_called_off(tx, salon_id=salon_id, at=at, reason=reason):
        return salon(tx, salon_id)
    one = salon(tx, salon_id)
    facts.record(tx, [_fact("called_off", one, by, at, reason=reason)], at=at)
    _signups.cancel_all(tx, one, at, by)
    return salon(tx, salon_id)


def _fact(what: str, one: Salon, by: str, at: datetime, **more: object) -> facts.Fact:
    about = {"salon": one.code, "by": by, "starts_at": one.starts_at.isoformat(), "capacity": one.capacity, **more}
    return facts.Fact(f"salon.{what}", at, None, one.salon_id, about)
