"""The SQL of salons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regulars.storage import Transaction

State = Literal["booked", "waiting", "cancelled", "attended"]


@dataclass(frozen=True, slots=True)
class Salon:
    """One row of `programme_salons`."""

    salon_id: int
    code: str
    name_en: str
    name_zh: str
    place: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    cancel_until: datetime
    capacity: int
    taken: int
    waiting_most: int
    price: int
    reward: int
    point_type: str
    tiers: list[str]
    campaign: str
    created_at: datetime
    created_by: str
    called_off_at: datetime | None
    called_off_for: str | None
    waiting: int
    """How many wait."""


@dataclass(frozen=True, slots=True)
class Signup:
    """One row of `programme_salon_signups`."""

    signup_id: int
    salon_id: int
    member_id: int
    number: int
    state: State
    key: str
    """What is shown at the door."""
    paid: int
    rewarded: int
    signed_at: datetime
    booked_at: datetime | None
    changed_at: datetime


def insert_salon(tx: Transaction, *, salon_id: int, terms: Mapping[str, object], at: datetime, by: str) -> int:
    """Append a salon, its terms by the names of the columns; 0 when there is one of that code."""
    return tx.run(
        """
        insert into programme_salons (salon_id, code, name_en, name_zh, place, starts_at, ends_at, opens_at, closes_at, cancel_until,
            capacity, waiting_most, price, reward, point_type, tiers, campaign, created_at, created_by)
        values (%(salon_id)s, %(code)s, %(name_en)s, %(name_zh)s, %(place)s, %(starts_at)s, %(ends_at)s, %(opens_at)s, %(closes_at)s,
            %(cancel_until)s, %(capacity)s, %(waiting_most)s, %(price)s, %(reward)s, %(point_type)s, %(tiers)s, %(campaign)s, %(at)s, %(by)s)
        on conflict do nothing
        """,
        salon_id=salon_id, at=at, by=by, **terms,
    )  # fmt: skip


def lock_salon(tx: Transaction, *, salon_id: int) -> int:
    """Let nobody else change a salon's places; 0 when there is none."""
    return len(tx.values("select 1 from programme_salons where salon_id = %(salon_id)s for update", salon_id=salon_id))


def select_salon(tx: Transaction, *, salon_id: int) -> Salon | None:
    """A salon."""
    return tx.first(
        """
        select salon_id, code, name_en, name_zh, place, starts_at, ends_at, opens_at, closes_at, cancel_until, capacity, taken,
            waiting_most, price, reward, point_type, tiers, campaign, created_at, created_by, called_off_at, called_off_for,
            (select count(*) from programme_salon_signups w where w.salon_id = s.salon_id and w.state = 'waiting')::int as waiting
        from programme_salons s where salon_id = %(salon_id)s
        """,
        Salon, salon_id=salon_id,
    )  # fmt: skip


def select_salons(
    tx: Transaction, *, since: datetime | None, until: datetime | None, after: tuple[datetime, int] | None, limit: int
) -> list[Salon]:
    """Salons that end after `since` and start before `until`, the first to start first."""
    return tx.all(
        """
        select salon_id, code, name_en, name_zh, place, starts_at, ends_at, opens_at, closes_at, cancel_until, capacity, taken,
            waiting_most, price, reward, point_type, tiers, campaign, created_at, created_by, called_off_at, called_off_for,
            (select count(*) from programme_salon_signups w where w.salon_id = s.salon_id and w.state = 'waiting')::int as waiting
        from programme_salons s
        where (%(since)s::timestamptz is null or ends_at > %(since)s) and (%(until)s::timestamptz is null or starts_at < %(until)s)
          and (%(after_at)s::timestamptz is null or (starts_at, salon_id) > (%(after_at)s, %(after_id)s::bigint))
        order by starts_at, salon_id limit %(limit)s
        """,
        Salon, since=since, until=until, after_at=after and after[0], after_id=after and after[1], limit=limit,
    )  # fmt: skip


def update_taken(tx: Transaction, *, salon_id: int, more: int) -> int:
    """Take places, or free some; the salon is locked."""
    return tx.run(
        "update programme_salons set taken = taken + %(more)s where salon_id = %(salon_id)s",
        salon_id=salon_id,
        more=more,
    )


def update_capacity(tx: Transaction, *, salon_id: int, capacity: int) -> int:
    """Have so many places; 0 when more are taken."""
    return tx.run(
        "update programme_salons set capacity = %(capacity)s where salon_id = %(salon_id)s and taken <= %(capacity)s",
        salon_id=salon_id, capacity=capacity,
    )  # fmt: skip


def set_called_off(tx: Transaction, *, salon_id: int, at: datetime, reason: str) -> int:
    """Call a salon off; 0 when it is."""
    return tx.run(
        """
        update programme_salons set called_off_at = %(at)s, called_off_for = %(reason)s, taken = 0
        where salon_id = %(salon_id)s and called_off_at is null
        """,
        salon_id=salon_id, at=at, reason=reason,
    )  # fmt: skip


def insert_signup(
    tx: Transaction, *, signup_id: int, salon_id: int, member_id: int, state: State, key: str, paid: int, at: datetime
) -> int:
    """Append a sign-up, with the salon's next number; the salon is locked."""
    return tx.run(
        """
        insert into programme_salon_signups (signup_id, salon_id, member_id, number, state, key, paid, signed_at, booked_at, changed_at)
        select %(signup_id)s, %(salon_id)s, %(member_id)s, coalesce(max(s.number), 0) + 1, %(state)s, %(key)s, %(paid)s, %(at)s,
            case when %(state)s = 'booked' then %(at)s::timestamptz end, %(at)s
        from programme_salon_signups s where s.salon_id = %(salon_id)s
        """,
        signup_id=signup_id, salon_id=salon_id, member_id=member_id, state=state, key=key, paid=paid, at=at,
    )  # fmt: skip


def select_signup(tx: Transaction, *, signup_id: int) -> Signup | None:
    """A sign-up."""
    return tx.first(
        """
        select signup_id, salon_id, member_id, number, state, key, paid, rewarded, signed_at, booked_at, changed_at
        from programme_salon_signups where signup_id = %(signup_id)s
        """,
        Signup, signup_id=signup_id,
    )  # fmt: skip


def select_standing(tx: Transaction, *, salon_id: int, member_id: int) -> Signup | None:
    """A member's sign-up that was not cancelled."""
    return tx.first(
        """
        select signup_id, salon_id, member_id, number, state, key, paid, rewarded, signed_at, booked_at, changed_at
        from programme_salon_signups where salon_id = %(salon_id)s and member_id = %(member_id)s and state <> 'cancelled'
        """,
        Signup, salon_id=salon_id, member_id=member_id,
    )  # fmt: skip


def select_by_key(tx: Transaction, *, salon_id: int, key: str) -> Signup | None:
    """The sign-up of a salon with that code."""
    return tx.first(
        """
        select signup_id, salon_id, member_id, number, state, key, paid, rewarded, signed_at, booked_at, changed_at
        from programme_salon_signups where key = %(key)s and salon_id = %(salon_id)s
        """,
        Signup, salon_id=salon_id, key=key,
    )  # fmt: skip


def select_signups(tx: Transaction, *, salon_id: int, states: list[str], after: int, limit: int) -> list[Signup]:
    """Sign-ups of a salon, in the order in which they came."""
    return tx.all(
        """
        select signup_id, salon_id, member_id, number, state, key, paid, rewarded, signed_at, booked_at, changed_at
        from programme_salon_signups
        where salon_id = %(salon_id)s and number > %(after)s and (cardinality(%(states)s::text[]) = 0 or state = any(%(states)s::text[]))
        order by number limit %(limit)s
        """,
        Signup, salon_id=salon_id, states=states, after=after, limit=limit,
    )  # fmt: skip


def select_of_member(tx: Transaction, *, member_id: int, limit: int) -> list[Signup]:
    """A member's sign-ups, the latest first."""
    return tx.all(
        """
        select signup_id, salon_id, member_id, number, state, key, paid, rewarded, signed_at, booked_at, changed_at
        from programme_salon_signups where member_id = %(member_id)s order by signed_at desc, signup_id limit %(limit)s
        """,
        Signup, member_id=member_id, limit=limit,
    )  # fmt: skip


def update_signups(
    tx: Transaction,
    *,
    signup_ids: Sequence[int],
    state: State,
    paid: Sequence[int],
    rewarded: Sequence[int],
    at: datetime,
) -> int:
    """Let sign-ups be in another state; the salon is locked."""
    return tx.run(
        """
        update programme_salon_signups s set state = %(state)s, paid = v.paid, rewarded = v.rewarded, changed_at = %(at)s,
            booked_at = case when %(state)s = 'booked' then %(at)s else s.booked_at end
        from unnest(%(ids)s::bigint[], %(paid)s::bigint[], %(rewarded)s::bigint[]) v (signup_id, paid, rewarded)
        where s.signup_id = v.signup_id
        """,
        ids=list(signup_ids), state=state, paid=list(paid), rewarded=list(rewarded), at=at,
    )  # fmt: skip
